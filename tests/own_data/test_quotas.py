"""Quota sheets and rosters as people keep them: whose each quota is, of which period, and what is refused."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
from click.testing import CliRunner

from salesops_nb.cli import main
from salesops_nb.source import open_workbook
from salesops_nb.source.opened import Workbook

pytestmark = pytest.mark.slow
KNOWN = ["--amount-is", "acv", "--currency", "EUR"]
DEALS = """\
Deal ID,Owner,Stage,Amount,Created,Close Date
1,Ana Pop,Won,10.50,2026-01-05,2026-02-03
2,Ben Ode,Lost,20.25,2026-01-07,2026-02-09
3,José Núñez,Won,5,2026-01-07,2026-03-09
"""
ROSTER = """\
Employee,Email,Title,Team,Manager
Ana Pop,ANA@x.io,AE,North,max@x.io
"Ode, Ben",ben@x.io,AE,South,Max Weber
Jose Nunez,jose@x.io,AE,South,Max Weber
Max Weber,max@x.io,Sales Manager,North,
"""


def init(folder: Path, quota: str, *options: str, month: str = "1", roster: str = ROSTER) -> tuple[int, str]:
    words = []
    for name, text in (("deals.csv", DEALS), ("people.csv", roster), ("quota.csv", quota)):
        if text:
            (folder / name).write_text(text, encoding="utf-8")
            words += ["--from", str(folder / name)]
    command = ["init", str(folder / "book"), "--no-review", "--yes", "--fiscal-year", month, *words, *KNOWN]
    result = CliRunner().invoke(main, [*command, *options])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, " ".join(result.output.split())


def begun(folder: Path, quota: str, **more: str) -> Workbook:
    code, printed = init(folder, quota, **more)
    assert code == 0, printed
    return open_workbook(folder / "book")


def quotas(made: Workbook, level: str = "rep") -> set[tuple[str, str, Decimal]]:
    rows = made.connection.execute(f"SELECT who, period, value FROM targets WHERE level = '{level}'")
    return set(rows.fetchall())


def errors(made: Workbook) -> list[tuple[str, int | None, str | None]]:
    return [(p.code, p.row, p.column) for p in made.problems if p.severity == "error"]


@pytest.mark.parametrize(
    ("header", "days", "month", "periods"),
    [
        ("Quarter", ("2026-01-01", "2026-04-01"), "1", ("2026-Q1", "2026-Q2")),
        ("Quarter", ("2026-01-01 00:00:00", "2026-01-01 00:00:00"), "1", ("2026-Q1", "2026-Q1")),
        ("Period", ("2026-01-01", "2026-04-01"), "1", ("2026-Q1", "2026-Q2")),
        ("Period", ("2026-02-01", "2026-05-01"), "2", ("2027-Q1", "2027-Q2")),  # quarters begin in February
        ("Period", ("2026-01-01", "2026-02-01"), "1", ("2026-01", "2026-02")),
        ("Month", ("2026-01-01", "2026-04-01"), "1", ("2026-01", "2026-04")),
        ("Month", ("2026-01-01", "2026-04-01"), "4", ("2026-10", "2027-01")),
        ("Period", ("FY2026", "FY 27"), "1", ("2026", "2027")),
    ],
)  # fmt: skip
def test_a_first_day_is_the_period_that_its_header_or_its_neighbours_tell(
    header, days, month, periods, tmp_path
):
    rows = f"Rep,{header},Quota\nAna Pop,{days[0]},100\nben@x.io,{days[1]},200\n"
    made = begun(tmp_path, rows, month=month)
    assert quotas(made) == {("Ana Pop", periods[0], 100), ("Ode, Ben", periods[1], 200)}
    assert errors(made) == []


@pytest.mark.parametrize(
    "text", ["2026-01-01", "2026-01-01 00:00:00", "2026-13", "2026-13-01", "26.2026", "H1 2026", "soon"]
)
def test_a_period_that_may_be_several_or_none_is_asked_for_and_never_a_month_by_chance(text, tmp_path):
    made = begun(tmp_path, f"Rep,Period,Quota\nAna Pop,{text},100\nBen Ode,2026-Q1,200\n")
    assert quotas(made) == {("Ode, Ben", "2026-Q1", 200)}
    assert errors(made) == [("unreadable-period", 2, "Period")]


def test_one_unreadable_cell_of_a_wide_sheet_costs_that_cell_and_is_named_by_its_column(tmp_path):
    wide = "Rep,Jan 2026,Feb 2026,Mar 2026\nAna Pop,30k,$30000,31 000\nben@x.io,1,2,-\nGhost,7,8,9\n"
    made = begun(tmp_path, wide)
    assert quotas(made) == {
        ("Ana Pop", "2026-02", 30000), ("Ana Pop", "2026-03", 31000), ("Ode, Ben", "2026-01", 1),
        ("Ode, Ben", "2026-02", 2),
    }  # fmt: skip
    assert errors(made) == [("bad-number", 2, "Jan 2026"), ("unknown-target", 4, "Rep")]
    assert not any("rows" in problem.message for problem in made.problems if problem.severity == "error")


def test_two_rows_of_one_rep_in_a_wide_sheet_are_named_by_their_rows(tmp_path):
    wide = "Rep,Jan 2026,Feb 2026,Mar 2026\nAna Pop,1,2,3\nBen Ode,1,2,3\nAna Pop,4,2,3\n"
    made = begun(tmp_path, wide)
    found = [p for p in made.problems if p.code == "duplicate-id"]
    assert {p.row for p in found} == {2, 4}
    assert all("rows 2, 4" in str(p) for p in found)
    assert {who for who, _, _ in quotas(made)} == {"Ana Pop", "Ode, Ben"}  # February and March are alike


def test_amounts_of_a_wide_sheet_that_may_be_thousands_are_asked_about(tmp_path):
    wide = 'Rep,Jan 2026,Feb 2026,Mar 2026\nAna Pop,"1,000","2,000","3,000"\n'
    code, printed = init(tmp_path, wide)
    assert code == 1
    assert "--decimal-mark, one of: ',', '.'" in printed
    code, printed = init(tmp_path, wide, "--decimal-mark", ".")
    assert code == 0, printed
    assert sum(value for *_, value in quotas(open_workbook(tmp_path / "book"))) == 6000


def test_reps_beside_teams_and_the_company_in_one_column_join_by_e_mail(tmp_path):
    rows = "company,company,2026-Q1,500\nteam,North,2026-Q1,300\nrep,ana@x.io,2026-Q1,100\n"
    made = begun(tmp_path, f"Level,Who,Period,Target\n{rows}")
    assert quotas(made) == {("Ana Pop", "2026-Q1", 100)}
    assert quotas(made, "team") == {("North", "2026-Q1", 300)}
    assert quotas(made, "company") == {("company", "2026-Q1", 500)}
    assert errors(made) == []


def test_a_roster_of_rows_over_time_has_a_person_twice(tmp_path):
    roster = ROSTER.replace("Manager\n", "Manager,Valid From\n", 1)
    roster = "\n".join(line + ("" if i == 0 else ",2020-01-01") for i, line in enumerate(roster.splitlines()))
    made = begun(tmp_path, "", roster=f"{roster}\nAna Pop,ANA@x.io,AE,South,Max Weber,2026-02-01\n")
    rows = made.connection.execute("SELECT team FROM people WHERE person_id = 'Ana Pop' ORDER BY valid_from")
    assert rows.fetchall() == [("North",), ("South",)]
    assert errors(made) == []


def test_owners_whom_the_roster_lacks_are_said_to_stand_where_they_do(tmp_path):
    roster = "\n".join(line for line in ROSTER.splitlines() if "Jose" not in line)
    _, printed = init(tmp_path, "", roster=f"{roster}\n")
    assert "stand under 'unassigned'): José Núñez" in printed
    made = open_workbook(tmp_path / "book")
    owners = made.connection.execute("SELECT owner_id FROM deals WHERE deal_id = '3'").fetchall()
    assert owners == [("unassigned",)]


def test_the_year_of_a_quota_sheet_is_that_of_its_only_sheet(tmp_path):
    book = openpyxl.Workbook()
    book.active.title = "Quota 2026"
    for row in (["Email", "Jan", "Feb", "Mar"], ["ana@x.io", 1, 2, 3], ["ben@x.io", 4, 5, 6]):
        book.active.append(row)
    book.save(tmp_path / "q.xlsx")
    code, printed = init(tmp_path, "", "--from", str(tmp_path / "q.xlsx"))
    assert code == 0, printed
    assert ("Ana Pop", "2026-01", 1) in quotas(open_workbook(tmp_path / "book"))
