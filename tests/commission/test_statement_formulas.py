"""A statement's amounts as a spreadsheet works them out: the ledger's cents, line by line and in sum."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from commission_helpers import BANDS, D, deals, plan, table
from reference_compare import payouts_of
from reference_worlds import world

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
    made = re.sub(r"[A-Z]+\d+", lambda m: f"cell[{m[0]!r}]", formula.removeprefix("="))
    made = re.sub(r"SUM\(cell\['([A-Z]+)(\d+)'\]:cell\['[A-Z]+(\d+)'\]\)", r"total('\1', \2, \3)", made)

    def rounded(value: float, digits: int) -> float:
        near = Decimal(f"{value:.15g}").quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
        return float(near)

    def total(column: str, first: int, last: int) -> float:
        return sum(cell[f"{column}{row}"] for row in range(first, last + 1))

    found = eval(made, {"__builtins__": {}}, {"cell": cell, "ROUND": rounded, "total": total})
    return Decimal(f"{found:.15g}")


def recalculated(sheet: Any) -> Iterator[tuple[str, Decimal]]:
    """Each formula of a sheet by its cell, worked out anew; sums after what they add up."""
    cell = {c.coordinate: c.value for row in sheet.iter_rows() for c in row}
    kinds = {c.coordinate: c.data_type for row in sheet.iter_rows() for c in row}
    formulas = {at: text for at, text in cell.items() if kinds[at] == "f"}
    for at, text in sorted(formulas.items(), key=lambda item: "SUM" in item[1]):
        value = as_excel(text, {k: v for k, v in cell.items() if not isinstance(v, str)})
        cell[at] = float(value)
        yield at, value


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
    shown: list[dict[str, Any]] = []
    original = pages.table_facts
    monkeypatch.setattr(
        pages,
        "table_facts",
        lambda frame, **said: shown.append({"frame": frame, **said}) or original(frame, **said),
    )
    cut = {"id": "cut", "rate_pct": "0.7", "limits": {"cap": 9, "per": "period", "excess": "forfeit"}}
    tables = {"deals": deals("800.10", "419.33", "77.77", product_id=["p1", "p2", None])}
    found = commission.calculate(plan(BANDS, cut, quota=QUOTA), tables, "2026-Q1")
    one = statements_of(found, Books(products=lambda asked: {"d1": "Pump", "d2": "=Valve"}))["rep"]
    displays._lines(one)
    sheets, units, currencies, formulas = export._sheets(shown)
    path = tmp_path / "statement.xlsx"
    write_xlsx(path, sheets, formats=units, currency=currencies, formulas=formulas, draft="DRAFT")
    return one, path


def test_the_file_recalculates_to_the_statement(file: tuple[Statement, Path]) -> None:
    one, path = file
    book, stored = openpyxl.load_workbook(path), openpyxl.load_workbook(path, data_only=True)
    made = {sheet.title: dict(recalculated(sheet)) for sheet in book}
    totals = 0
    for title, cells in made.items():
        lines = [line for line in one.lines if line.component == title]
        assert len(cells) == sum(line.formula is not None for line in lines) + 1
        for at, value in cells.items():
            assert Decimal(str(stored[title][at].value)).quantize(D("0.01")) == value
        totals += max(cells.items(), key=lambda item: int(re.sub(r"\D", "", item[0])))[1]
    assert totals == one.totals["USD"]
    heads = [cell.value for cell in book["b"][2]]
    assert {"Credit", "Rate", "Product", "Amount"} <= set(heads)
    products = [row[heads.index("Product")].value for row in book["b"].iter_rows(min_row=3, max_row=5)]
    assert products == ["Pump", "=Valve", None]
    assert book["b"].cell(4, heads.index("Product") + 1).data_type == "s"


def test_what_is_no_formula_is_marked_as_a_value(file: tuple[Statement, Path]) -> None:
    one, path = file
    sheet = openpyxl.load_workbook(path)["cut"]
    column = [cell.value for cell in sheet[2]].index("Amount") + 1
    amounts = [
        sheet.cell(row, column) for row in range(3, 3 + len([x for x in one.lines if x.component == "cut"]))
    ]
    assert {cell.font.i for cell in amounts if cell.data_type == "n"} == {True}
    assert {cell.font.i for cell in amounts if cell.data_type == "f"} == {False}
    assert any("In italics" in str(cell.value) for row in sheet.iter_rows() for cell in row)


@pytest.mark.skipif(not shutil.which("soffice"), reason="LibreOffice is not installed")
def test_libreoffice_recalculates_the_same(file: tuple[Statement, Path], tmp_path: Path) -> None:
    _, path = file
    command = ["soffice", "--headless", "--convert-to", "ods", "--outdir", str(tmp_path / "out"), str(path)]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    subprocess.run(
        ["soffice", "--headless", "--convert-to", "xlsx", "--outdir", str(tmp_path / "out"),
         str(tmp_path / "out" / "statement.ods")], check=True, capture_output=True, timeout=300,
    )  # fmt: skip
    again = openpyxl.load_workbook(tmp_path / "out" / "statement.xlsx", data_only=True)
    for sheet in openpyxl.load_workbook(path):
        for at, value in recalculated(sheet):
            assert Decimal(str(again[sheet.title][at].value)).quantize(D("0.01")) == value
