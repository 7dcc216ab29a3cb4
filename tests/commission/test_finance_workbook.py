"""The spreadsheet of the commission report: named tables, formulas that make the cents, harmless text."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from click.testing import CliRunner
from spreadsheet_reading import Recalculated, by_libreoffice, check_tables, needs_libreoffice, shown

from salesops_nb import open_workbook, present
from salesops_nb.batch.workers.export import sheets_of
from salesops_nb.cli import main
from salesops_nb.commission.finance.ledger_rows import plain_rows
from salesops_nb.notebook.commission_calculation import close, finance_sheets
from salesops_nb.notebook.commission_calculation import ledger as ledger_shows
from salesops_nb.notebook.commission_calculation import overview as show
from salesops_nb.present.export.xlsx_cover import Cover
from salesops_nb.present.page import tables

ROOT = Path(__file__).parents[2]
NAMES = {"p1": "Ileana Vrabie", "p2": "=Osric+1", "p3": "ana pop", "p4": "Ana Pop", "m1": "Hedda*"}
PEOPLE = "person_id,name,role,manager_id,team,hired_on\n" + "".join(
    f"{who},{name},{'manager' if who == 'm1' else 'rep'},{'' if who == 'm1' else 'm1'},North,2015-01-01\n"
    for who, name in NAMES.items()
)
DEALS = """deal_id,owner_id,account_id,product_id,stage,amount,created_on,closed_on,term_months
D-1,p1,@SUM(A1),-2+3,Won,61234.50,2017-10-02,2017-11-20,12
D-2,p1,a1,p,Won,48111.25,2017-10-03,2017-12-10,36
=D-3,p2,a2,p,Won,99000.10,2017-10-03,2017-12-12,24
D-4,p3,a2,p,Won,0.10,2017-10-04,2017-12-15,12
D-5,p4,a2,p,Won,333.33,2017-10-04,2017-12-15,12
"""
ASSIGNED = "person_id,plan_id,valid_from\n" + "".join(
    f"{who},{'sales-manager' if who == 'm1' else 'account-executive'},2017-01-01\n" for who in NAMES
)
SPLITS = "deal_id,person_id,share,type\nD-2,p1,60,revenue\nD-2,p2,40,revenue\n"
MAPPING = (
    "tables:\n  deals:\n    file: deals.csv\n    stages: {Open: open, Won: won, Lost: lost}\n"
    + "".join(f"  {name}: {{file: {name}.csv}}\n" for name in ("people", "splits", "plan_assignments"))
)


def made(folder: Path, period: str = "2017-Q4") -> tuple[Any, Path]:
    """The report's tables as its spreadsheet, without the page."""
    book = show.dated(show.open_book(open_workbook(folder), period, ()), None, None)
    before = tables._gathered
    try:
        gathered = tables.gather_sheets()
        ledger_shows.record(book, None, "calculation")
        show.totals(book, None)
        show.people(book, None, "any")
        show.lines(book, None)
        posted = close.entries(book, None)
        close.journal(book, None, posted)
        close.reconciliation(book, None, "any", posted)
        ledger_shows.finance(book, None)
    finally:
        tables._gathered = before
    facts = {"title": "Commission", "company": "=A", "period": period, "parameters": {"who": "+1"}}
    cards = [{"label": "=x", "value": "@y", "sentence": "-z"}, {"label": "n", "value": "1", "raw": "1.5",
              "unit": "decimal", "sentence": "s"}]  # fmt: skip
    out = folder / "commission.xlsx"
    return book, present.write_xlsx(out, sheets_of(gathered), draft="DRAFT", cover=Cover(facts, cards))


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Any, Path]]:
    """A quarter of five people, two of one name, in which text looks like formulas."""
    folder = tmp_path_factory.mktemp("pay")
    shutil.copytree(ROOT / "plans", folder / "plans")
    (folder / "workbook.yml").write_text("company: A\ncurrency: USD\nsource: data\nmapping: mapping.yml\n")
    (folder / "mapping.yml").write_text(MAPPING)
    (folder / "data").mkdir()
    for name, text in (
        ("people", PEOPLE),
        ("deals", DEALS),
        ("plan_assignments", ASSIGNED),
        ("splits", SPLITS),
    ):
        (folder / "data" / f"{name}.csv").write_text(text)
    yield made(folder)
    present.use_locale("en_US", "USD")


def column(path: Path, sheet: str, head: str) -> list[Any]:
    """The cells of a column of a sheet's table, without heads and total."""
    found = openpyxl.load_workbook(path)[sheet]
    (table,) = found.tables.values()
    rows = list(found[table.ref])
    at = [cell.value for cell in rows[0]].index(head)
    end = len(rows) - (table.totalsRowCount or 0)
    return [row[at] for row in rows[1:end]]


def test_it_holds_what_finance_keeps_in_named_tables(small: tuple[Any, Path]) -> None:
    _book, path = small
    named = check_tables(path)
    assert {"Lines", "Statements", "Journal", "Reconciliation", "Credit_reconciliation"} <= set(named)
    book = openpyxl.load_workbook(path)
    assert book.sheetnames[0] == "Cover"
    listed = [cell.value for cell in book["Cover"]["A"]]
    assert set(book.sheetnames[1:]) <= set(listed)
    linked = {c.hyperlink.location.split("'")[1] for c in book["Cover"]["A"] if c.hyperlink}
    assert linked == set(book.sheetnames[1:])


def test_every_formula_makes_the_value_that_stands_in_its_cell(small: tuple[Any, Path]) -> None:
    """The twin, without a spreadsheet program, of the test by LibreOffice below."""
    book, path = small
    again, stored = Recalculated(path), openpyxl.load_workbook(path, data_only=True)
    assert len(again.found) > 20
    for (sheet, at), value in again.found.items():
        assert round(Decimal(value), 6) == round(Decimal(stored[sheet][at].value), 6), (sheet, at)
    check_sums(book, path, {at: Decimal(repr(value)) for at, value in again.found.items()})


def check_sums(book: Any, path: Path, found: dict[tuple[str, str], Decimal]) -> None:
    """The lines make the payout to the cent, each of them and in all, and nothing differs."""
    amounts = column(path, "Lines", "Amount")
    wanted = {row["line_id"]: row["amount"] for row in plain_rows(book.payout.lines)}
    lines = [cell.value for cell in column(path, "Lines", "Line")]

    def value(sheet: str, cell: Any) -> Decimal:
        made = found[sheet, cell.coordinate] if cell.data_type == "f" else Decimal(str(cell.value))
        return round(made, 2)

    worked = [value("Lines", cell) for cell in amounts]
    assert dict(zip(lines, worked, strict=True)) == wanted
    total = sum(wanted.values())
    (below,) = [c for c in openpyxl.load_workbook(path)["Lines"][amounts[-1].row + 1] if c.data_type == "f"]
    assert round(found["Lines", below.coordinate], 2) == total
    assert sum(value("Statements", cell) for cell in column(path, "Statements", "Pay")) == total
    differences = [
        found["Reconciliation", c.coordinate] for c in column(path, "Reconciliation", "Difference")
    ]
    assert len(differences) >= 7
    assert not any(differences)


def test_a_name_that_a_search_would_read_otherwise_has_its_value(small: tuple[Any, Path]) -> None:
    _book, path = small
    names, pay = column(path, "Statements", "Name"), column(path, "Statements", "Pay")
    kinds = {name.value: cell.data_type for name, cell in zip(names, pay, strict=True)}
    assert kinds == {"Ileana Vrabie": "f", "=Osric+1": "n", "ana pop (p3)": "f", "Ana Pop (p4)": "f",
                     "Hedda*": "n"}  # fmt: skip


def test_no_text_of_the_data_is_a_formula(small: tuple[Any, Path]) -> None:
    _book, path = small
    hostile = {"=A", "+1", "=x", "@y", "-z", "=Osric+1", "@SUM(A1)", "-2+3", "=D-3"}
    found = set()
    for sheet in openpyxl.load_workbook(path):
        for row in sheet.iter_rows():
            for cell in row:
                if cell.value in hostile:
                    assert (cell.data_type, cell.quotePrefix) == ("s", True), cell
                    found.add(cell.value)
    assert found == hostile


@needs_libreoffice
def test_libreoffice_works_out_the_same(small: tuple[Any, Path], tmp_path: Path) -> None:
    book, path = small
    sheets = by_libreoffice(path, tmp_path)
    assert set(sheets) == set(openpyxl.load_workbook(path).sheetnames)
    found = {(sheet, at): shown(sheets, sheet, at) for sheet, at in Recalculated(path).found}
    check_sums(book, path, found)


def test_too_many_lines_are_left_out_and_said(small: tuple[Any, Path], monkeypatch: pytest.MonkeyPatch,
                                              capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    book, _path = small
    monkeypatch.setattr(finance_sheets, "MOST_LINES", 2)
    monkeypatch.setattr(tables, "_gathered", [])
    show.people(book, None, "any")
    show.lines(book, None)
    close.reconciliation(book, None, "any", None)
    assert "leaves out the list of" in capsys.readouterr().out
    path = present.write_xlsx(book.workbook.folder / "few.xlsx", sheets_of(tables._gathered or []))
    assert {"Lines", "Reconciliation"} - set(openpyxl.load_workbook(path).sheetnames) == {"Lines"}
    assert set(Recalculated(path).columns) & {"Statements[Pay]"}


@pytest.mark.slow
def test_the_demos_lines_are_all_there(tmp_path: Path) -> None:
    folder = tmp_path / "workbook"
    assert CliRunner().invoke(main, ["init", "--demo", str(folder)]).exit_code == 0
    book, path = made(folder)
    assert len(column(path, "Lines", "Line")) == len(book.payout.lines) == 1924
    assert all(cell.data_type == "f" for cell in column(path, "Statements", "Pay"))
    check_tables(path)
    again = Recalculated(path).found
    check_sums(book, path, {at: Decimal(repr(value)) for at, value in again.items()})
    if shutil.which("soffice"):
        sheets = by_libreoffice(path, tmp_path)
        check_sums(book, path, {at: shown(sheets, *at) for at in again})
