"""`where` of a mapping: the rows it keeps from every kind of source, and what it refuses under check."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner
from sqlalchemy import create_engine, text

from salesops_nb.cli import main
from salesops_nb.errors import SalesopsError
from salesops_nb.source import Workbook, open_workbook

sys.path.insert(0, str(Path(__file__).parents[1] / "bad_input"))

from small import WORKBOOK, write

HEADERS = ("id", "Rep", "Deal Stage", "Value", "Close Date", "IsDeleted")
ROWS = [
    ("D1", "Ann", "Won", "1,100.50", "2017-03-01", "FALSE"),
    ("D2", "Bob", "Lost", "0", "2017-03-02", "FALSE"),
    ("D3", "Ann", "Open", "", "", "TRUE"),
    ("D4", "Bob", "Won", "250.5", "2017-04-13", "false"),
    ("D5", "Bob", "", "(3)", "2017-04-14", ""),
]
MAPPING = """\
tables:
  deals:
    file: deals.csv
    where: WHERE
    deleted: keep
    columns: {deal_id: id, owner_id: Rep, stage: Deal Stage, amount: Value, closed_on: Close Date}
    stages: {Open: open, Won: won, Lost: lost}
  people:
    file: people.csv
    columns: {person_id: id, name: name, role: role, manager_id: manager}
"""
# a condition and the deals it keeps; the first are those of docs/source.md and docs/expressions.md
KEPT: list[tuple[str, str]] = [
    ("IsDeleted = 'FALSE'", "D1 D2"),
    ("isdeleted = false", "D1 D2 D4"),
    ("not IsDeleted", "D1 D2 D4 D5"),
    ("IsDeleted", "D3"),
    ("\"Deal Stage\" <> 'Lost'", "D1 D3 D4 D5"),
    ("`deal stage` in ('Won', 'Lost')", "D1 D2 D4"),
    ("`Deal Stage` is not null and Rep == \"Bob\"", "D2 D4"),
    ("Value > 250", "D1 D4"),
    ("Value >= 250.50 and Value < 1100.5", "D4"),
    ("Value < 0", "D5"),
    ("Value is null", "D3"),
    ("`Close Date` >= '2017-03-02'", "D2 D4 D5"),
    ("`Close Date` > '2017-03-02 00:00'", "D4 D5"),
    ("Rep >= 'B'", "D2 D4 D5"),
    ("starts_with(id, 'D') and contains(Rep, 'nn')", "D1 D3"),
    ("id = 'x''; DROP TABLE raw.deals; --' or id = 'D1'", "D1"),
]  # fmt: skip


def as_csv(folder: Path) -> None:
    lines = [",".join(f'"{cell}"' for cell in row) for row in (HEADERS, *ROWS)]
    (folder / "data" / "deals.csv").write_text("\n".join(lines) + "\n")


def as_parquet(folder: Path) -> None:
    as_csv(folder)
    with duckdb.connect() as database:
        read = f"read_csv('{folder}/data/deals.csv', header = true, all_varchar = true)"
        database.execute(f"COPY (SELECT * FROM {read}) TO '{folder}/data/deals.parquet'")
    _instead(folder, "deals.parquet")


def as_duckdb(folder: Path) -> None:
    as_csv(folder)
    with duckdb.connect(str(folder / "crm.duckdb")) as database:
        read = f"read_csv('{folder}/data/deals.csv', header = true, all_varchar = true)"
        database.execute(f"CREATE TABLE deals AS SELECT * FROM {read}")
    _instead(folder, "deals.csv\n    source: crm.duckdb")


def as_sheet(folder: Path) -> None:
    import xlsxwriter

    book = xlsxwriter.Workbook(folder / "data" / "deals.xlsx")
    sheet = book.add_worksheet("deals")
    for number, row in enumerate((HEADERS, *ROWS)):
        for column, cell in enumerate(row):
            sheet.write_string(number, column, cell)
    book.close()
    _instead(folder, "deals.xlsx")


def _instead(folder: Path, file: str) -> None:
    mapping = folder / "mapping.yml"
    mapping.write_text(mapping.read_text().replace("file: deals.csv", f"file: {file}"))


SOURCES: list[Callable[[Path], None]] = [as_csv, as_parquet, as_duckdb, as_sheet]


def workbook_with(folder: Path, condition: str, make: Callable[[Path], None] = as_csv) -> Path:
    folded = ">-\n      " + condition if "\n" not in condition else repr(condition)
    write(folder, {"mapping.yml": MAPPING.replace("WHERE", folded), "workbook.yml": WORKBOOK})
    make(folder)
    return folder


def ids(workbook: Workbook) -> str:
    return " ".join(
        row[0] for row in workbook.connection.execute("SELECT deal_id FROM typed.deals ORDER BY 1").fetchall()
    )


@pytest.mark.parametrize("make", SOURCES, ids=lambda make: make.__name__)
@pytest.mark.parametrize(("condition", "kept"), KEPT)
def test_every_source_keeps_the_same_rows(
    condition: str, kept: str, make: Callable[[Path], None], tmp_path: Path
) -> None:
    workbook = open_workbook(workbook_with(tmp_path, condition, make), strict=False)
    assert not workbook.fatal
    assert ids(workbook) == kept
    said = [problem for problem in workbook.problems if problem.code == "filtered"]
    assert [problem.message.split()[0] for problem in said] == [str(len(ROWS) - len(kept.split()))]


def test_a_bad_row_still_shows_its_own_row_and_value(tmp_path: Path) -> None:
    folder = workbook_with(tmp_path, "Rep = 'Ann'")
    path = folder / "data" / "deals.csv"
    path.write_text(path.read_text() + '"D6","Ann","Won","much","2017-05-01",""\n')
    (problem,) = [p for p in open_workbook(folder).problems if p.severity == "error"]
    assert (problem.row, problem.value) == (7, "much")


def test_a_database_narrows_its_own_rows_and_is_only_read(tmp_path: Path) -> None:
    folder = workbook_with(tmp_path, "Deleted = 0 and Amount > 100 and \"Deal Stage\" in ('Won', 'Lost')")
    engine = create_engine(f"sqlite:///{folder}/crm.sqlite")
    with engine.begin() as database:
        database.execute(
            text('CREATE TABLE deals (id TEXT, Rep TEXT, "Deal Stage" TEXT, Amount INTEGER, Deleted INTEGER)')
        )
        for row in (("D1", 150, 0), ("D2", 90, 0), ("D3", 500, 1)):
            database.execute(
                text("INSERT INTO deals VALUES (:a, 'Ann', 'Won', :b, :c)"),
                dict(zip("abc", row, strict=True)),
            )
    engine.dispose()
    (folder / "crm.sqlite").chmod(0o444)
    mapping = (folder / "mapping.yml").read_text().replace(", amount: Value, closed_on: Close Date", "")
    (folder / "mapping.yml").write_text(mapping)
    _instead(folder, "deals.csv\n    source: sqlite:///crm.sqlite")
    assert ids(open_workbook(folder, strict=False)) == "D1"


REFUSED = [
    "COPY (SELECT 1) TO 'written.csv'",
    "1 = 1); COPY (SELECT 1) TO 'written.csv'; --",
    "id IN (SELECT column0 FROM read_csv('/etc/passwd'))",
    "exists (FROM read_csv('/etc/passwd'))",
    "id = (SELECT content FROM read_text('/etc/passwd'))",
    "id = getenv('HOME')",
    "DELETE FROM raw.deals",
    "true; DELETE FROM raw.deals",
    "ATTACH 'written.duckdb' AS other",
    "INSTALL httpfs",
    "LOAD httpfs",
    "PRAGMA database_list",
    "SET enable_external_access = true",
    "id = 'D1' -- and more",
    "id = 'D1' /* and more */",
    "lower(Rep) = 'ann'",
    "Rep = ‘Ann’",
    "Rep = 'Ann",
    "Rep like 'A%'",
    "(" * 5000 + "IsDeleted" + ")" * 5000,
    "Rep = '" + "x" * 50_000 + "'",
]


@pytest.mark.parametrize("condition", REFUSED, ids=lambda text: text[:40])
@pytest.mark.parametrize("make", [as_csv, as_parquet], ids=lambda make: make.__name__)
def test_check_refuses_anything_else_and_nothing_is_written(
    condition: str, make: Callable[[Path], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = workbook_with(tmp_path, condition, make)
    before = set(folder.rglob("*"))
    monkeypatch.chdir(folder)
    result = CliRunner().invoke(main, ["check", str(folder)])
    assert result.exit_code == 1, result.output
    assert result.exception is None or isinstance(result.exception, SystemExit)
    (line,) = [line for line in result.output.splitlines() if line.startswith("error")]
    assert line.startswith("error: [deals] mapping.yml, line 4, field tables.deals.where: The condition ")
    assert "root:" not in result.output
    assert {path for path in folder.rglob("*") if ".cache" not in path.parts} == {
        path for path in before if ".cache" not in path.parts
    }


MISNAMED = [
    ("isdeletd = 'FALSE'", "mapping.yml, line 4", "did you mean 'IsDeleted'?"),
    ("stage = 'Won'", "mapping.yml, line 4", "write 'Deal Stage' for 'stage'"),
    ("Rep = Ann", "mapping.yml, line 4", "a text stands in quotes: 'Ann'"),
    ("Value > '250'", "mapping.yml, line 4", "orders by the letters of '250'"),
    ("'1.000,50' < Value", "mapping.yml, line 4", "orders by the letters of '1.000,50'"),
    ("not (Rep = 'Ann' or `Close Date` <= '2.3.2017')", "mapping.yml, line 4", "letters of '2.3.2017'"),
    ("`Close Date` > '03/01/2017'", "mapping.yml, line 4", "letters of '03/01/2017'"),
    ("nope = 1 and neither = 2", "mapping.yml, line 4", "'neither' at character 14, 'nope' at character 1"),
    ('Rep = "Close Date"', "mapping.yml, line 4", "'Close Date' for the text or `Close Date` for the column"),
    ("Rep > 5", "deals.csv, row 2, column Rep", "takes Rep for a number, and 'Ann' is none (nor are 4 more"),
    ("Rep >= '2017-01-01'", "deals.csv, row 2, column Rep", "takes Rep for a date"),
    ("Rep = true", "deals.csv, row 2, column Rep", "takes Rep for true or false"),
]  # fmt: skip


@pytest.mark.parametrize(("condition", "place", "words"), MISNAMED)
def test_what_the_file_does_not_hold_is_said_with_its_place(
    condition: str, place: str, words: str, tmp_path: Path
) -> None:
    with pytest.raises(SalesopsError) as caught:
        open_workbook(workbook_with(tmp_path, condition))
    (problem,) = caught.value.problems
    assert problem.place.startswith(place)
    assert problem.table == "deals"
    assert words in str(problem)


@pytest.mark.parametrize("make", SOURCES, ids=lambda make: make.__name__)
def test_a_condition_that_keeps_nothing_is_a_warning(make: Callable[[Path], None], tmp_path: Path) -> None:
    workbook = open_workbook(workbook_with(tmp_path, "`Deal Stage` = 'won'", make), strict=False)
    (problem,) = [problem for problem in workbook.problems if problem.code == "filtered"]
    assert problem.severity == "warning"
    assert "leaves no row: all 5 are left out" in problem.message


@pytest.mark.parametrize(
    ("value", "hinted"),
    [
        ("\"Deal Stage\" = 'Won'", True),
        ("`Deal Stage` = 'Won'", True),
        ("'Won' = stage", True),
        ("[Won", False),
    ],
)
def test_a_condition_that_yaml_cannot_read_says_how_to_write_it(
    value: str, hinted: bool, tmp_path: Path
) -> None:
    write(tmp_path, {"mapping.yml": MAPPING.replace("WHERE", value), "workbook.yml": WORKBOOK})
    with pytest.raises(SalesopsError) as caught:
        open_workbook(tmp_path)
    assert "not valid YAML" in str(caught.value)
    assert ("stands below 'where: >-', indented" in str(caught.value)) is hinted


def test_the_where_of_a_joined_file_has_its_own_place(tmp_path: Path) -> None:
    folder = workbook_with(tmp_path, "IsDeleted = 'FALSE'")
    more = "    joins:\n      - {file: more.csv, on: deal_id, where: nope = 1}\n  people:"
    mapping = folder / "mapping.yml"
    mapping.write_text(mapping.read_text().replace("  people:", more, 1))
    (folder / "data" / "more.csv").write_text("deal_id,cost\nD1,5\n")
    (problem,) = open_workbook(folder, strict=False).fatal
    assert problem.place == "mapping.yml, line 10, field tables.deals.joins[0].where"
