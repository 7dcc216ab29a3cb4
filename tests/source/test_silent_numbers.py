"""Exports that would add up to a wrong number without a word: each is read rightly, or says what is wrong."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from salesops_nb.errors import SalesopsError
from salesops_nb.source import open_workbook
from salesops_nb.source.opened import Workbook

COLUMNS = "deal_id: Id, owner_id: Owner, stage: Stage, amount: Amount, created_on: Created, closed_on: Closed"
MAPPING = f"""\
tables:
  deals:
    file: d.csv
    columns: {{{COLUMNS}MORE}}
    stages: {{Open: open, Won: won, Lost: lost}}
"""
HEAD = "Id,Owner,Stage,Amount,Created,Closed"


def workbook(
    folder: Path,
    rows: str,
    head: str = HEAD,
    more: str = "",
    extra: str = "",
    currency: str = "USD",
    **files: str,
) -> Workbook:
    """A workbook of these deals; `more` are further columns, `extra` further lines of the mapping."""
    (folder / "data").mkdir(exist_ok=True)
    settings = f"company: X\ncurrency: {currency}\nsource: data\ntime_zone: America/New_York\n"
    (folder / "workbook.yml").write_text(settings)
    (folder / "mapping.yml").write_text(MAPPING.replace("MORE", more) + extra)
    (folder / "data" / "d.csv").write_text(f"{head}\n{rows}\n", encoding="utf-8")
    for name, text in files.items():
        (folder / "data" / f"{name}.csv").write_text(text)
    return open_workbook(folder)


def codes(made: Workbook) -> set[str]:
    return {problem.code for problem in made.problems}


def closed(made: Workbook) -> list[date]:
    return [day.date() if isinstance(day, datetime) else day for day in sorted(frame(made)["closed_on"])]


def frame(made: Workbook, table: str = "deals") -> pd.DataFrame:
    return made.table(table).collect("pandas").to_native()


def booked(made: Workbook) -> float:
    return float(frame(made)["amount"].sum())


# --- currencies -----------------------------------------------------------------------------------------

UNMAPPED = {
    # header, values of three deals of 100, whether the sum is stopped
    "codes under their own name": ("CurrencyIsoCode", ("EUR", "USD", "JPY"), True),
    "codes under another name": ("Wrg", ("EUR", "USD", "USD"), True),
    "all in another currency": ("Currency", ("EUR", "EUR", "EUR"), True),
    "by name": ("Currency", ("US Dollar", "Euro", "US Dollar"), True),
    "German": ("Währung", ("EUR", "CHF", "EUR"), True),
    "ids of a currency table": ("transactioncurrencyid", ("a-1", "b-2", "a-1"), True),
    "all in the workbook's": ("Currency", ("USD", "USD", "usd"), False),
    "all in the workbook's, by name": ("Currency", ("US Dollar", "US Dollar", ""), False),
    "regions that are codes": ("Region", ("ALL", "TOP", "ALL"), False),
    "countries": ("Country", ("USA", "DEU", "USA"), False),
    "a few words": ("Note", ("EUR", "call again", ""), False),
}


@pytest.mark.parametrize("case", UNMAPPED)
def test_an_unmapped_currency_stops_the_sum(case: str, tmp_path: Path) -> None:
    header, values, stopped = UNMAPPED[case]
    rows = "\n".join(f"{i},A,Won,100,2024-01-13,2024-02-13,{v}" for i, v in enumerate(values, start=1))
    if not stopped:
        assert booked(workbook(tmp_path, rows, f"{HEAD},{header}")) == 300
        return
    with pytest.raises(SalesopsError) as caught:
        workbook(tmp_path, rows, f"{HEAD},{header}")
    (problem,) = caught.value.problems
    assert (problem.code, problem.column) == ("unmapped-currency", header)
    assert f"currency: {header}" in str(problem)


def test_a_constant_currency_says_that_the_column_is_none(tmp_path: Path) -> None:
    rows = "1,A,Won,100,2024-01-13,2024-02-13,EUR\n2,A,Won,100,2024-01-13,2024-02-13,USD"
    made = workbook(tmp_path, rows, f"{HEAD},Listed in", extra="    constants: {currency: USD}\n")
    assert booked(made) == 200


def test_names_of_currencies_are_their_codes(tmp_path: Path) -> None:
    rows = "\n".join(
        f"{i},A,Won,100,2024-01-13,2024-02-13,{v}" for i, v in enumerate(("US Dollar", "euro", "JPY", "usd"))
    )
    fx = "currency,valid_from,rate\nEUR,2024-01-01,1.1\nJPY,2024-01-01,0.007\n"
    made = workbook(tmp_path, rows, f"{HEAD},Cur", ", currency: Cur", "  fx_rates: {file: fx.csv}\n", fx=fx)
    assert booked(made) == pytest.approx(100 + 110 + 0.7 + 100)
    assert "currency-names" in codes(made)


# --- rows that the CRM's users do not see ---------------------------------------------------------------

HIDDEN = {
    "IsDeleted": ("TRUE", "FALSE", "FALSE"),
    "archived": ("true", "", "false"),
    "Is Archived": ("1", "0", "0"),
    "is_test": ("yes", "no", "no"),
}


@pytest.mark.parametrize("header", HIDDEN)
def test_deleted_rows_are_left_out_and_counted(header: str, tmp_path: Path) -> None:
    rows = "\n".join(
        f"{i},A,Won,{100 * i},2024-01-13,2024-02-13,{v}" for i, v in enumerate(HIDDEN[header], start=1)
    )
    made = workbook(tmp_path, rows, f"{HEAD},{header}")
    assert booked(made) == 500
    note = next(p for p in made.problems if p.code == "deleted-rows")
    assert (note.severity, note.value, note.column) == ("note", "1", header)
    assert booked(workbook(tmp_path, rows, f"{HEAD},{header}", extra="    deleted: keep\n")) == 600


def test_a_record_that_was_merged_into_another_is_left_out(tmp_path: Path) -> None:
    rows = "1,A,Won,100,2024-01-13,2024-02-13,2; 3\n2,A,Won,100,2024-01-13,2024-02-13,\n" \
        "4,A,Won,50,2024-01-13,2024-02-13,"  # fmt: skip
    made = workbook(tmp_path, rows, f"{HEAD},mergedRecordIds")
    assert booked(made) == 150


@pytest.mark.parametrize("header", ["Archived", "deleted"])
def test_a_column_of_that_name_that_is_no_yes_or_no_leaves_nothing_out(header: str, tmp_path: Path) -> None:
    made = workbook(
        tmp_path,
        "1,A,Won,100,2024-01-13,2024-02-13,true\n2,A,Won,100,2024-01-13,2024-02-13,box 7",
        f"{HEAD},{header}",
    )
    assert booked(made) == 200


# --- days that are written as moments -------------------------------------------------------------------

MIDNIGHTS = ("{}T00:00:00.000Z", "{}T00:00:00Z", "{} 00:00:00+00:00", "{}T00:00+02:00", "{} 00:00 UTC")


@pytest.mark.parametrize("written", MIDNIGHTS)
def test_a_column_of_midnights_is_a_column_of_days(written: str, tmp_path: Path) -> None:
    days = ("2024-03-01", "2024-04-01"), ("2024-03-02", "2024-04-05")
    rows = "\n".join(
        f"{i},A,Won,100,{written.format(a)},{written.format(b)}" for i, (a, b) in enumerate(days)
    )
    made = workbook(tmp_path, rows)
    assert closed(made) == [date(2024, 4, 1), date(2024, 4, 5)]
    assert "days-as-midnights" in codes(made)


def test_a_column_with_one_other_moment_is_on_the_companys_clock(tmp_path: Path) -> None:
    rows = "1,A,Won,100,2024-03-01,2024-04-01T00:00:00.000Z\n2,A,Won,100,2024-03-01,2024-04-05T15:30:00.000Z"
    made = workbook(tmp_path, rows)
    assert closed(made) == [date(2024, 3, 31), date(2024, 4, 5)]
    assert "days-as-midnights" not in codes(made)


def test_midnights_of_a_typed_column_are_days_too(tmp_path: Path) -> None:
    workbook(tmp_path, "1,A,Won,100,2024-03-01,2024-04-01")
    zoned = pa.timestamp("us", tz="UTC")
    moment = pa.array([datetime(2024, 4, 1, tzinfo=UTC), datetime(2024, 4, 5, tzinfo=UTC)], zoned)
    table = pa.table(
        {"Id": ["1", "2"], "Owner": ["A", "A"], "Stage": ["Won", "Won"], "Amount": ["1", "2"],
         "Created": moment, "Closed": moment}
    )  # fmt: skip
    pq.write_table(table, tmp_path / "data" / "d.parquet")
    mapping = tmp_path / "mapping.yml"
    mapping.write_text(mapping.read_text().replace("d.csv", "d.parquet"))
    assert closed(open_workbook(tmp_path)) == [date(2024, 4, 1), date(2024, 4, 5)]


# --- dates after the data -------------------------------------------------------------------------------

YEAR = "\n".join(
    f"{i},A,{'Won' if i % 3 else 'Lost'},100,2024-01-{i:02d},2024-02-{i:02d}" for i in range(1, 21)
)


def written(folder: Path, day: date) -> Workbook:
    """The workbook with its file written on a day."""
    moment = datetime(day.year, day.month, day.day, 17, tzinfo=UTC).timestamp()
    os.utime(folder / "data" / "d.csv", (moment, moment))
    return open_workbook(folder)


@pytest.mark.parametrize("rows", [YEAR, "1,A,Won,100,2024-01-01,2024-02-20"])
@pytest.mark.parametrize("typed", ["2024-03-13", "2027-03-13", "2042-02-13"])
def test_a_day_after_the_file_was_written_is_a_slip(typed: str, rows: str, tmp_path: Path) -> None:
    workbook(tmp_path, f"{rows}\n99,A,Won,7,2024-01-01,{typed}")
    made = written(tmp_path, date(2024, 3, 1))
    assert made.data_through == date(2024, 2, 20)
    assert "future-date" in codes(made)


def test_a_later_deal_of_a_newer_file_counts_and_is_said_after_a_year_without_any(tmp_path: Path) -> None:
    workbook(tmp_path, f"{YEAR}\n99,A,Won,7,2024-12-20,2025-01-20")
    assert not written(tmp_path, date(2025, 2, 1)).problems
    workbook(tmp_path, f"{YEAR}\n99,A,Won,7,2026-01-02,2026-01-20")
    made = written(tmp_path, date(2026, 2, 1))
    assert made.data_through == date(2026, 1, 20)
    (problem,) = made.problems
    assert (problem.code, problem.severity) == ("late-date", "warning")
    assert "2024-02-20" in problem.message
    assert "type as_of: 2024-02-20 under the report in reports.yml" in problem.fix


def test_deals_that_all_lie_after_the_file_are_taken_as_they_are(tmp_path: Path) -> None:
    workbook(tmp_path, YEAR)
    assert not written(tmp_path, date(2020, 1, 1)).problems


# --- between files --------------------------------------------------------------------------------------

JOINED = f"""\
tables:
  deals:
    file: d.csv
    columns: {{{COLUMNS.replace(", created_on: Created", "")}}}
    stages: {{Won: won}}
    joins: [{{file: more.csv, on: deal_id, columns: {{deal_id: Id, created_on: Made}}}}]
"""


def test_a_closing_before_a_creation_of_a_joined_file_is_said(tmp_path: Path) -> None:
    workbook(tmp_path, "1,A,Won,100,2024-01-13,2024-02-13\n2,B,Won,200,2024-01-13,2024-02-20")
    (tmp_path / "data" / "more.csv").write_text("Id,Made\n1,2024-03-13\n2,2024-01-20\n")
    (tmp_path / "mapping.yml").write_text(JOINED)
    made = open_workbook(tmp_path)
    (problem,) = made.problems
    assert (problem.code, problem.row) == ("closed-before-created", 2)
    assert "2024-02-13, before it was created on 2024-03-13" in problem.message
    assert [(s.left_out_of, s.count) for s in made.set_aside] == [("cycle time", 1)]


PEOPLE = "  people: {file: people.csv, columns: {person_id: id, name: name, role: role}}\n"
LONG = "005bm00000NCJmQAAX", "005bm00000NCJmqAAH"  # two people whose ids differ by a capital alone


@pytest.mark.parametrize(("here", "there"), [(15, 18), (18, 15), (15, 15), (18, 18)])
def test_short_and_long_ids_are_one_record_and_capitals_count(here: int, there: int, tmp_path: Path) -> None:
    rows = "\n".join(f"{i},{who[:here]},Won,{i}00,2024-01-13,2024-02-13" for i, who in enumerate(LONG, 1))
    people = "id,name,role\n" + "".join(f"{who[:there]},P{i},rep\n" for i, who in enumerate(LONG, 1))
    made = workbook(tmp_path, rows, extra=PEOPLE, people=people)
    assert dict(zip(frame(made)["owner_id"], frame(made)["amount"].astype(int), strict=True)) == {
        LONG[0][:there]: 100, LONG[1][:there]: 200
    }  # fmt: skip
    assert ("id-length" in codes(made)) == (here != there)


def test_an_id_of_which_the_last_letters_are_wrong_stays_unknown(tmp_path: Path) -> None:
    people = f"id,name,role\n{LONG[0][:15]}ZZZ,P,rep\n"
    made = workbook(tmp_path, f"1,{LONG[0][:15]},Won,1,2024-01-13,2024-02-13", extra=PEOPLE, people=people)
    assert codes(made) == {"unknown-rep"}


def test_a_fault_of_a_text_file_is_said_where_a_sheet_is_read_after_it(tmp_path: Path) -> None:
    workbook(tmp_path, YEAR)
    pd.read_csv(tmp_path / "data" / "d.csv").to_excel(tmp_path / "data" / "d.xlsx", index=False)
    mapping = (tmp_path / "mapping.yml").read_text().replace("d.csv", "d.xlsx")
    (tmp_path / "mapping.yml").write_text(mapping + PEOPLE.replace("id,", "Nope,").replace(": id", ": Nope"))
    (tmp_path / "data" / "people.csv").write_text("a\tb\n1\t2\n")
    with pytest.raises(SalesopsError, match="None of the 3 mapped columns of people"):
        open_workbook(tmp_path)


# --- exports that cannot hold losses --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("won", "lost", "warned"), [(10, 0, True), (9, 0, False), (10, 1, False), (0, 3, False)]
)
def test_wins_without_a_loss_are_said(won: int, lost: int, warned: bool, tmp_path: Path) -> None:
    outcomes = ["Won"] * won + ["Lost"] * lost
    rows = "\n".join(f"{i},A,{each},100,2024-01-13,2024-02-13" for i, each in enumerate(outcomes))
    assert codes(workbook(tmp_path, rows)) == ({"no-losses"} if warned else set())


# --- one fault in many rows ------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["NULL", "n/a", "#N/A", "-", "None", "(blank)"])
def test_a_word_for_an_empty_cell_is_one_finding_that_names_the_line_to_write(
    word: str, tmp_path: Path
) -> None:
    rows = "\n".join(f"{i},A,Open,{word},2024-01-{i:02d}," for i in range(1, 21))
    (problem,) = workbook(tmp_path, rows).problems
    assert (problem.code, problem.value) == ("empty-word", word)
    assert "It stands in 20 rows" in problem.message
    assert "blanks:" in problem.fix
    blanks = f"    blanks: ['{word}']\n"
    assert not workbook(tmp_path, rows, extra=blanks).problems


# --- names ----------------------------------------------------------------------------------------------

SPELT = ("Ana Pop", "ANA POP", "ana  pop", "Ana\u00a0Pop", "Ana Pop")
ACCENT = ("Zoë Ek", "Zoe\u0308 Ek")


@pytest.mark.parametrize("there", [True, False])
@pytest.mark.parametrize("names", [SPELT, ACCENT])
def test_one_name_in_several_spellings_is_one_rep_and_said(
    names: tuple[str, ...], there: bool, tmp_path: Path
) -> None:
    rows = "\n".join(f"{i},{name},Won,100,2024-01-13,2024-02-13" for i, name in enumerate(names))
    people = f"id,name,role\n{names[0]},{names[0]},rep\n"
    made = workbook(tmp_path, rows, extra=PEOPLE if there else "", people=people)
    assert set(frame(made)["owner_id"]) == {names[0]}
    assert codes(made) == {"spelling"}


def test_ids_that_differ_by_a_capital_and_people_who_do_stay_apart(tmp_path: Path) -> None:
    rows = "\n".join(
        f"{i},{who},Won,100,2024-01-13,2024-02-13" for i, who in enumerate(("a1", "A1", "mo", "Mo"))
    )
    assert set(frame(workbook(tmp_path, rows))["owner_id"]) == {"a1", "A1", "Mo"}
    people = "id,name,role\na1,P,rep\nA1,Q,rep\nmo,R,rep\nMo,S,rep\n"
    made = workbook(tmp_path, rows, extra=PEOPLE, people=people)
    assert set(frame(made)["owner_id"]) == {"a1", "A1", "mo", "Mo"}
    assert not made.problems


# --- numbers and targets --------------------------------------------------------------------------------

LAKHS = {"1,23,456.50": 123456.5, "12,34,567": 1234567, "1,00,00,000": 10_000_000, "5,000": 5000}


def test_lakhs_and_crores_are_read(tmp_path: Path) -> None:
    rows = "\n".join(f'{i},A,Won,"{text}",2024-01-13,2024-02-13' for i, text in enumerate(LAKHS))
    made = workbook(tmp_path, rows, currency="INR")
    assert sorted(frame(made)["amount"].astype(float)) == sorted(LAKHS.values())
    assert not made.problems


SHARES = {
    ("10%", "45 %", "100"): (0.1, 0.45, 1),
    ("10", "45", "0"): (0.1, 0.45, 0),
    ("0.1", "0.45", "1"): (0.1, 0.45, 1),
    ("10%", "0.45", ""): (0.1, 0.45),
    ("10", "0.5", "45"): (0.1, 0.005, 0.45),
}


@pytest.mark.parametrize("written", SHARES)
def test_a_probability_is_the_same_share_however_it_is_written(
    written: tuple[str, ...], tmp_path: Path
) -> None:
    rows = "\n".join(f"{i},A,Won,1,2024-01-13,2024-02-13,{text}" for i, text in enumerate(written))
    made = workbook(tmp_path, rows, head=f"{HEAD},P", more=", probability: P")
    found = frame(made).sort_values("deal_id")["probability"].dropna().astype(float)
    assert tuple(found) == SHARES[written]
    assert codes(made) == ({"mixed-shares"} if "0.5" in written else set())


TARGETS = "  targets: {file: t.csv, columns: {level: level, who: who, period: period, value: value}, " \
    "constants: {metric: bookings}}\n"  # fmt: skip
BAD = {
    "rep,A,2024-01-01 00:00:00": ("unreadable-period", "the quarter or year that begins then"),
    "rep,A,2024-01-01": ("unreadable-period", "the quarter or year that begins then"),
    "rep,A,next year": ("unreadable-period", "such as 2017-04"),
    "rep,Ghost,2024-Q1": ("unknown-target", "Add it to people"),
    "rep,AnnLee,2024-Q1": ("unknown-target", "'Ann Lee' is meant"),
    "team,Northh,2024-Q1": ("unknown-target", "'North' is meant"),
    "rep,Total,2024-Q1": ("total-row", "Remove the row"),
    "team,Grand Total,2024-Q1": ("total-row", "Remove the row"),
}
TEAM = PEOPLE.replace("role: role", "role: role, team: team")


@pytest.mark.parametrize("row", BAD)
def test_a_target_of_no_period_and_of_nobody_is_set_aside(row: str, tmp_path: Path) -> None:
    code, fix = BAD[row]
    made = workbook(
        tmp_path, "1,A,Won,100,2024-01-13,2024-02-13", extra=TEAM + TARGETS,
        people="id,name,role,team\nA,A,rep,North\nAnn Lee,Ann Lee,rep,North\n",
        t=f"level,who,period,value\nrep,A,2024-Q1,200\ncompany,Total,2024,900\n{row},50\n",
    )  # fmt: skip
    (problem,) = [p for p in made.problems if p.severity == "error"]
    assert (problem.code, problem.severity, problem.row, problem.amount) == (code, "error", 4, 50)
    assert fix in problem.fix
    targets = frame(made, "targets")
    given = targets[targets["level"].isin(["rep", "company"])]  # teams have the sum of their reps
    assert sorted(given["value"].astype(int)) == [200, 900]


PERIODS = {
    # written, fiscal year's first month: the key, or None where it is an error
    ("2024Q2", 1): "2024-Q2", ("Q3 2024", 1): "2024-Q3", ("Q3/24", 1): "2024-Q3", ("FY24", 1): "2024",
    ("Feb 2024", 1): "2024-02", ("Februarie 2024", 1): "2024-02", ("02/2024", 1): "2024-02",
    ("Feb 2024", 2): "2025-01", ("02/2024", 2): None, ("2024Q5", 1): None, ("2024-02-01", 1): None,
}  # fmt: skip


@pytest.mark.parametrize(("text", "month"), PERIODS)
def test_a_period_in_another_form_is_its_key_where_that_is_certain_and_said(
    text: str, month: int, tmp_path: Path
) -> None:
    key = PERIODS[text, month]
    workbook(tmp_path, "1,A,Won,100,2024-01-13,2024-02-13", extra=TARGETS, t="level,who,period,value\n")
    with (tmp_path / "workbook.yml").open("a") as settings:
        settings.write(f"fiscal_year: {{start_month: {month}}}\n")
    (tmp_path / "data" / "t.csv").write_text(f"level,who,period,value\ncompany,company,{text},50\n")
    made = open_workbook(tmp_path)
    assert list(frame(made, "targets")["period"]) == ([key] if key else [])
    (found,) = [p for p in made.problems if p.table == "targets"]
    assert (found.code, found.row) == (("period-read", None) if key else ("unreadable-period", 2))
    assert key is None or f"'{text}' as {key}" in found.message


def test_two_forms_of_one_period_are_one_target_twice(tmp_path: Path) -> None:
    rows = "level,who,period,value\ncompany,company,2024Q1,50\ncompany,company,2024-Q1,60\n"
    made = workbook(tmp_path, "1,A,Won,100,2024-01-13,2024-02-13", extra=TARGETS, t=rows)
    assert "duplicate-id" in codes(made)


# --- the small workbooks on which it went wrong ---------------------------------------------------------

CASES = Path(__file__).parents[2].parent / "shared" / "cases" / "own_data"
RIGHT = {
    "currency-column-unmapped": "unmapped-currency", "excel-after-bad-csv": "missing-column",
    "join-closed-before-created": "closed-before-created", "targets-never-checked": "unknown-target",
    "future-date-data-through": "future-date", "salesforce-mixed-currency": "no-rate",
    "salesforce-15-char-owner": "id-length", "utc-midnight": "days-as-midnights",
}  # fmt: skip


@pytest.mark.skipif(not CASES.is_dir(), reason="the small workbooks are not here")
@pytest.mark.parametrize("case", RIGHT)
def test_the_small_workbooks_say_what_is_wrong(case: str) -> None:
    made = open_workbook(CASES / case, strict=False)
    assert RIGHT[case] in codes(made)


@pytest.mark.skipif(not CASES.is_dir(), reason="the small workbooks are not here")
def test_the_small_workbooks_give_the_right_sums() -> None:
    salesforce = open_workbook(CASES / "salesforce-mixed-currency")
    rows = pd.read_csv(CASES / "salesforce-mixed-currency" / "data" / "Opportunity.csv")
    rows = rows[(rows["IsDeleted"].astype(str).str.upper() != "TRUE") & (rows["CurrencyIsoCode"] == "USD")]
    won = frame(salesforce)
    assert float(won.loc[won["outcome"] == "won", "amount"].sum()) == pytest.approx(
        rows.loc[rows["IsWon"].astype(str).str.upper() == "TRUE", "Amount"].sum()
    )
    assert sorted(frame(open_workbook(CASES / "indian-grouping"))["amount"].astype(float)) == [
        5000, 123456.5, 1234567
    ]  # fmt: skip
