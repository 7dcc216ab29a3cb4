"""A statement's amounts as a spreadsheet works them out: the ledger's cents, line by line and in sum."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from commission_helpers import BANDS, D, deals, plan, table
from openpyxl.utils import get_column_letter
from reference_compare import payouts_of
from reference_worlds import world
from spreadsheet_reading import (
    Recalculated,
    by_libreoffice,
    check_tables,
    needs_libreoffice,
    round_as_spreadsheets_do,
    shown,
)

from salesops_nb import commission
from salesops_nb.batch.workers import export
from salesops_nb.commission.statements.line_formulas import PRICED
from salesops_nb.commission.statements.statement import Books, Statement, statements_of
from salesops_nb.notebook.commission_calculation import statement as displays
from salesops_nb.present import write_xlsx
from salesops_nb.present.page import tables as pages

QUOTA = {"amount": 1000, "attained_by": "booked"}


def as_excel(formula: str, cell: dict[str, Any]) -> Decimal:
    """What a spreadsheet makes of it: binary numbers of fifteen digits, ROUND half away from zero."""
    made = re.sub(r"[A-Z]+\d+", lambda m: f"cell[{m[0]!r}]", formula)
    found = eval(made, {"__builtins__": {}}, {"cell": cell, "ROUND": round_as_spreadsheets_do})
    return Decimal(f"{found:.15g}")


@pytest.mark.parametrize("seed", [20260, 20261, 20262])
def test_on_random_histories_a_formula_makes_the_cents_of_its_line(seed: int) -> None:
    made = with_formula = 0
    for payout in payouts_of(world(seed, 25), ledger=True).values():
        for one in statements_of(payout, Books()).values():
            for line in one.lines:
                made += line.kind in PRICED
                if line.formula is None:
                    continue
                with_formula += 1
                cells = {"A1": float(line.credit), "B1": float(line.rate or 0)}
                formula = line.formula.replace("[credit]", "A1").replace("[rate]", "B1")
                assert as_excel(formula, cells) == line.amount, (line, formula)
    assert made > 50
    assert with_formula > made / 4, f"{with_formula} of {made}"


def payout_of(component: dict[str, Any], *amounts: object, **parts: Any) -> Statement:
    found = commission.calculate(plan(component, **parts), {"deals": deals(*amounts)}, "2026-Q1")
    return statements_of(found, Books())["rep"]


PCT = {"unit": "pct_of_quota"}
WHOLE = {
    "mode": "whole",
    "unit": "amount",
    "rows": [{"from": 0, "rate_pct": 5}, {"from": 500, "rate_pct": 8}],
}


@pytest.mark.parametrize(
    ("component", "parts", "amounts", "wanted"),
    [
        ({"rate_pct": "7.5"}, {}, [100, 200], [("[credit]*[rate]", "0.075")] * 2),
        ({"per_unit": 250, "measure": "count"}, {}, [100], [("[credit]*250", None)]),
        (BANDS, {"quota": QUOTA}, [800, 400], [("[credit]*[rate]", "0.05"), ("200*0.05+200*0.2", None)]),
        (
            {"scope": "running_total", "table": WHOLE},
            {},
            [400, 200],
            [("[credit]*[rate]", "0.05"), ("600*0.08-400*0.05", None)],
        ),
        (
            {"rate_pct": 10, "threshold": 300, "then": "excess"},
            {},
            [400, 100],
            [("100*[rate]", "0.1"), ("[credit]*[rate]", "0.1")],
        ),
        (
            {"rates": [{"where": "amount > 300", "rate_pct": 10}, {"rate_pct": 4}]},
            {},
            [400, 100],
            [("[credit]*[rate]", "0.1"), ("[credit]*[rate]", "0.04")],
        ),
        (
            {"rate_pct": 10, "multipliers": {"combine": "multiply", "rows": [{"x": "1.2"}]}},
            {},
            [100],
            [("[credit]*[rate]*1.2", "0.1")],
        ),
        (
            {"rate_pct": "derived"},
            {"quota": QUOTA, "incentive": {"target": 400, "per": "year"}},
            [100],
            [("[credit]*[rate]", "0.1")],
        ),
        ({"rate_pct": 10}, {}, ["100.05"], [("[credit]*[rate]", "0.1")]),
        # what a cap cuts is no product
        (
            {"rate_pct": 10, "limits": {"cap": 12, "per": "period", "excess": "forfeit"}},
            {},
            [100, 100],
            [("[credit]*[rate]", "0.1"), (None, None)],
        ),
    ],
)
def test_each_kind_of_price(
    component: dict[str, Any], parts: dict[str, Any], amounts: list[Any], wanted: list[Any]
) -> None:
    one = payout_of({"id": "b", **component}, *amounts, **parts)
    found = [
        (line.formula and line.formula.removeprefix("ROUND(").removesuffix(",2)"), line.rate)
        for line in sorted(one.lines, key=lambda line: line.deal_id or "")
    ]
    assert found == [(formula, rate and D(rate)) for formula, rate in wanted]


def test_a_running_total_says_the_unit_that_it_carries() -> None:
    one = payout_of({"id": "b", "rate_pct": 10, "scope": "running_total"}, "0.14", "0.14", "0.14")
    assert [line.amount for line in one.lines] == [D("0.01"), D("0.02"), D("0.01")]
    assert [line.formula for line in one.lines] == [
        "ROUND([credit]*[rate],2)", "ROUND([credit]*[rate],2)+0.01", "ROUND([credit]*[rate],2)",
    ]  # fmt: skip


def test_a_managers_line_is_worked_from_the_teams_total() -> None:
    over = {"id": "o", "payee": "manager", "measure": "team_credit", "rate_pct": 2, "threshold": 3000,
            "then": "excess"}  # fmt: skip
    people = table({"person_id": "rep", "manager_id": "boss"}, {"person_id": "boss", "manager_id": None})
    tables = {"deals": deals(8000, "100.10"), "people": people}
    (line,) = statements_of(commission.calculate(plan(over), tables, "2026-Q1"), Books())["boss"].lines
    assert (line.count, line.credit, line.rate, line.formula) == (
        2, D("8100.10"), D("0.02"), "ROUND(5100.1*[rate],2)",
    )  # fmt: skip


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Statement, Path]:
    """The sheets of a statement, as a report writes them."""
    monkeypatch.setattr(pages, "_gathered", None)
    shown = pages.gather_sheets()
    cut = {"id": "cut", "rate_pct": "0.7", "limits": {"cap": 9, "per": "period", "excess": "forfeit"}}
    tables = {"deals": deals("800.10", "419.33", "77.77", product_id=["p1", "p2", None])}
    found = commission.calculate(plan(BANDS, cut, quota=QUOTA), tables, "2026-Q1")
    one = statements_of(found, Books(products=lambda asked: {"d1": "Pump", "d2": "=Valve"}))["rep"]
    displays._lines(one)
    path = tmp_path / "statement.xlsx"
    write_xlsx(path, export.sheets_of(shown), draft="DRAFT")
    return one, path


def test_the_file_recalculates_to_the_statement(file: tuple[Statement, Path]) -> None:
    one, path = file
    check_tables(path)
    again, stored = Recalculated(path), openpyxl.load_workbook(path, data_only=True)
    assert len(again.found) == sum(line.formula is not None for line in one.lines) + 1
    for (sheet, at), value in again.found.items():
        assert round(Decimal(str(stored[sheet][at].value)), 2) == round(Decimal(repr(value)), 2)
    total = max(again.found, key=lambda at: int(re.sub(r"\D", "", at[1])))
    assert round(Decimal(repr(again.found[total])), 2) == one.totals["USD"]
    (sheet,) = openpyxl.load_workbook(path)
    heads = [cell.value for cell in sheet[2]]
    assert {"Credited", "Rate", "Product", "Pay", "Component"} <= set(heads)
    products = [
        cell for cell in sheet[get_column_letter(heads.index("Product") + 1)] if cell.value == "=Valve"
    ]
    assert {(cell.data_type, cell.quotePrefix) for cell in products} == {("s", True)}


def test_what_is_no_formula_is_marked_as_a_value(file: tuple[Statement, Path]) -> None:
    one, path = file
    (sheet,) = openpyxl.load_workbook(path)
    at = [cell.value for cell in sheet[2]].index("Pay") + 1
    cells = [sheet.cell(row, at) for row in range(3, 3 + len(one.lines))]
    assert {cell.font.i for cell in cells if cell.data_type == "n"} == {True}
    assert {cell.font.i for cell in cells if cell.data_type == "f"} == {False}
    assert any("In italics" in str(cell.value) for row in sheet.iter_rows() for cell in row)


@needs_libreoffice
def test_libreoffice_recalculates_the_same(file: tuple[Statement, Path], tmp_path: Path) -> None:
    _, path = file
    sheets = by_libreoffice(path, tmp_path)
    for (sheet, at), value in Recalculated(path).found.items():
        assert round(shown(sheets, sheet, at), 2) == round(Decimal(repr(value)), 2)
