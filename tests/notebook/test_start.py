"""The notebook that comes first: what each of the others answers, and how the data stand."""

from datetime import date
from pathlib import Path

import pytest

from salesops_nb import open_workbook
from salesops_nb.notebook import start
from salesops_nb.present.page import parts, tables

ROOT = Path(__file__).parents[2]


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is displayed, as plain text."""
    said: list[str] = []
    for module in (parts, tables):
        monkeypatch.setattr(module, "emit", lambda kind, facts, text: said.append(text))
    return said


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (start.State(None, {}, 0, 0, ()), "no rows yet"),
        (start.State(None, {"deals": 0}, 0, 0, ()), "no rows yet"),
        (start.State(date(2017, 12, 31), {"deals": 9}, 0, 0, ()), "Every row counts"),
        (start.State(date(2017, 12, 31), {"deals": 9}, 1, 1, ()), "1 row is left out"),
        (start.State(date(2017, 12, 31), {"deals": 9}, 4, 2, ("leave",)), "1 table is simulated"),
    ],
)
def test_the_lead_says_whether_the_data_can_be_worked_with(found: start.State, expected: str) -> None:
    said = start.lead(found)
    assert expected in said
    assert len(said.split()) <= 45


def test_every_notebook_of_the_workbook_stands_with_its_question(shown: list[str]) -> None:
    workbook = open_workbook(ROOT)
    try:
        start.notebooks(workbook)
        found = start.state(workbook)
    finally:
        workbook.close()
    lines = shown[0].splitlines()[2:]
    assert len(lines) == len(list((ROOT / "notebooks").glob("*.ipynb"))) - 1
    assert all("?" in line for line in lines)
    assert found.rows["deals"] == 8800
    start.tables(found)
    assert "deals | 8,800" in shown[1]


def test_the_cards_of_a_workbook_without_a_day_are_no_failure(shown: list[str]) -> None:
    start.headlines(start.State(None, {}, 0, 0, ()))
    assert "Data through: –" in shown[0]
