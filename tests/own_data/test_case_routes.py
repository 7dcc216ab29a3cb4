"""Files that were read wrong once give the right sum or the right refusal, by `init --from` and by `map`.

The sums are those of plain arithmetic on the rows that are made here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import pytest
from click.testing import CliRunner

from salesops_nb.cli import main
from salesops_nb.source import open_workbook
from salesops_nb.source.checks.short_ids import other_length

HEAD = "Id,Owner,Stage,Amount,Created,Closed"
FORCE = "Id,IsDeleted,AccountId,Name,StageName,Amount,CloseDate,CreatedDate,IsClosed,IsWon,OwnerId,"
FORCE += "CurrencyIsoCode"
ODOO = "External ID,Opportunity,Type,Customer,Salesperson,Stage,Expected Revenue,Probability,Created on,"
ODOO += "Expected Closing,Closed Date,Active,Lost Reason"
MISTYPED = {41: "2042-02-13", 42: "2027-02-13"}
SHORT = [f"005bm00000NCJm{letter}" for letter in "Qq"]
SHORTS = list(enumerate(SHORT, 1))


class Case(NamedTuple):
    files: dict[str, list[str]]
    won: str  # the sum of what is won
    outcomes: dict[str, int]
    said: tuple[str, ...] = ()
    currency: str = "USD"
    owners: tuple[str, ...] = ()


def deals_on(days: dict[int, str]) -> list[str]:
    return [f"{at},A,Won,10,2024-01-13,{day}" for at, day in days.items()]


def deals(*amounts: str, more: str = "", head: str = HEAD) -> list[str]:
    return [head, *(f"{at},A,Won,{each},2024-01-13,2024-02-13{more}" for at, each in enumerate(amounts, 1))]


CASES = {
    "an unmapped currency": Case(
        {"d.csv": [
            "Id,Owner,Stage,Amount,CurrencyIsoCode,Created,Closed",
            *(f"{at},A,Won,{amount},2024-01-13,2024-02-13"
              for at, amount in enumerate(("100,EUR", "100,USD", "1000000,JPY"))),
        ]},
        "100", {"won": 3}, ("no rate from EUR to USD", "no rate from JPY to USD"),
    ),
    "a mistyped year": Case(
        {"d.csv": [*deals(*["10"] * 40), *deals_on(MISTYPED)]},
        "420", {"won": 42}, ("2042-02-13 lies in the future: the data reach to 2024-02-13", "2027-02-13"),
    ),
    "a grouped report": Case(
        {"d.csv": [
            "Opportunity Owner,Stage,Amount,Created Date,Close Date,Opportunity ID",
            'Ana Pop,Won,"$1,000.00",1/13/2024,2/13/2024,006A1', ',Won,"$2,000.00",1/14/2024,2/14/2024,006A2',
            'Subtotal,,"$3,000.00",,,', ",Count,2,,,",
            "Ben Ode,Lost,$500.00,1/15/2024,2/15/2024,006A3", ",Won,$700.00,1/16/2024,2/16/2024,006A4",
            'Subtotal,,"$1,200.00",,,', 'Total,,"$4,200.00",,,', ",,,,,",
        ]},
        "3700", {"won": 3, "lost": 1}, ("subtotals of a grouped report",), owners=("Ana Pop", "Ben Ode"),
    ),
    "lakhs": Case({"d.csv": deals('"1,23,456.50"', '"12,34,567"', '"5,000"')}, "1363023.50", {"won": 3},
                  currency="INR"),
    "lost is inactive": Case(
        {"crm.lead.csv": [
            ODOO,
            "_1,D,Opportunity,Acme,Ana,Won,100,100,2024-01-01 09:00:00,2024-02-01,2024-02-01 10:00:00,True,",
            "_2,D,Opportunity,Acme,Ana,Won,50,100,2024-01-01 09:00:00,2024-02-01,2024-02-02 10:00:00,True,",
            "_3,D,Opportunity,Acme,Ana,New,70,0,2024-01-01 09:00:00,2024-02-01,2024-02-01 10:00:00,False,No",
            "_4,D,Opportunity,Acme,Ana,New,20,10,2024-01-01 09:00:00,2024-09-01,,True,",
            "_5,D,Lead,Acme,Ana,New,999,10,2024-01-01 09:00:00,2024-09-01,,True,",
        ]},
        "150", {"won": 2, "lost": 1, "open": 1}, ("1 row is a lead",), currency="EUR",
    ),
    "ids of two lengths": Case(
        {"d.csv": [HEAD, *(f"{at},{each},Won,{at}00,2024-01-13,2024-02-13" for at, each in SHORTS)],
         "p.csv": ["id,name,role", *(f"{other_length(each)},{each[-1]},rep" for each in SHORT)]},
        "300", {"won": 2}, ("taken for the same record",),
        owners=tuple(str(other_length(each)) for each in SHORT),
    ),
    "deleted and of another currency": Case(
        {"Opportunity.csv": [
            FORCE,
            "006A1,FALSE,001A,D,Closed Won,100,2024-02-01,2024-01-01,TRUE,TRUE,005A,USD",
            "006A2,FALSE,001A,D,Closed Won,200,2024-02-01,2024-01-01,TRUE,TRUE,005A,EUR",
            "006A3,TRUE,001A,D,Closed Won,400,2024-02-01,2024-01-01,TRUE,TRUE,005A,USD",
            "006A4,FALSE,001A,D,Closed Lost,800,2024-02-01,2024-01-01,TRUE,FALSE,005A,USD",
        ], "User.csv": ["Id,Name,UserRoleId,ManagerId,Email", "005A,Ana Pop,00E,,a@x.com"]},
        "100", {"won": 2, "lost": 1}, ("no rate from EUR to USD", "1 row is deleted (IsDeleted)"),
    ),
    "targets of nobody": Case(
        {"d.csv": deals("100"), "p.csv": ["id,name,role", "A,Ann,rep"],
         "t.csv": ["who,period,value", "A,2024-Q1,200", "A,2024Q2,100", "Ghost,2024-Q1,50"]},
        "100", {"won": 1}, ("The rep 'Ghost' is not in people", "sum of the targets by rep stands for it"),
    ),
    "midnights": Case(
        {"d.csv": [HEAD, "1,A,Won,100,2024-03-01T00:00:00.000Z,2024-04-01T00:00:00.000Z",
                   "2,A,Won,200,2024-03-02T00:00:00.000Z,2024-04-05T00:00:00.000Z"]},
        "300", {"won": 2}, ("is a midnight, so it is read as days",),
    ),
}  # fmt: skip


def ran(*words: str) -> str:
    result = CliRunner().invoke(main, words)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.output


def by_init(folder: Path, files: list[str], case: Case, _: pytest.MonkeyPatch) -> str:
    exports = [word for file in files for word in ("--from", file)]
    known = ["--currency", case.currency, "--rates", "none", "--amount-is", "one-off", "--fiscal-year", "1"]
    return ran(
        "init", str(folder), "--no-review", "--yes", "--time-zone", "America/New_York", *known, *exports
    )


def by_map(folder: Path, files: list[str], case: Case, monkeypatch: pytest.MonkeyPatch) -> str:
    ran("init", str(folder))
    settings = (folder / "workbook.yml").read_text()
    settings = re.sub(r"(?m)^currency: \w+", f"currency: {case.currency}", settings)
    settings = settings.replace("time_zone: UTC", "time_zone: America/New_York")
    (folder / "workbook.yml").write_text(settings)
    monkeypatch.chdir(folder)
    return ran("map", "--yes", *files) + ran("check", ".")


@pytest.mark.parametrize("route", [by_init, by_map])
@pytest.mark.parametrize("name", CASES)
def test_it_comes_out_right_on_every_way_in(
    name: str,
    route: Callable[[Path, list[str], Case, pytest.MonkeyPatch], str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    case, files = CASES[name], []
    for file, lines in case.files.items():
        (tmp_path / file).write_text("\n".join(lines) + "\n")
        files.append(str(tmp_path / file))
    printed = route(tmp_path / "book", files, case, monkeypatch)
    for words in case.said:
        assert words in printed, printed
    workbook = open_workbook(tmp_path / "book")
    found = workbook.table("deals").collect("pandas").to_native()
    workbook.close()
    won = found[found["outcome"] == "won"]
    assert sum((Decimal(str(each)) for each in won["amount"].dropna()), Decimal(0)) == Decimal(case.won)
    assert found["outcome"].value_counts().to_dict() == case.outcomes
    if case.owners:
        assert set(found["owner_id"]) == set(case.owners)
    if name == "midnights":
        assert [str(day)[:10] for day in sorted(found["closed_on"])] == ["2024-04-01", "2024-04-05"]
    if name == "a mistyped year":
        assert str(workbook.data_through) == "2024-02-13"
