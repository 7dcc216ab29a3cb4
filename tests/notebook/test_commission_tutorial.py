"""The tutorial of docs/commission.md, carried out word for word: files, commands, outputs."""

from __future__ import annotations

import re
from pathlib import Path

import openpyxl
import pytest
from carried_out import blocks, type_in, typed_in

pytestmark = pytest.mark.slow

PAGE = Path(__file__).resolve().parents[2] / "docs" / "commission.md"


@pytest.fixture(scope="module")
def workbook(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tutorial")
    for kind, place, text in blocks(PAGE):
        if kind == "console":
            folder = typed_in(folder, text)
        elif place.startswith("file="):
            (folder / place.removeprefix("file=")).write_text(text, encoding="utf-8")
        elif place.startswith("append="):
            with (folder / place.removeprefix("append=")).open("a", encoding="utf-8") as file:
                file.write(text)
    return folder


def statement(workbook: Path, ending: str) -> Path:
    """The file of rob's statement in the last run."""
    last = max(path for path in (workbook / "reports").iterdir() if (path / "statement").is_dir())
    (found,) = (last / "statement").glob(f"*{ending}")
    return found


def test_the_statement_says_what_the_page_says(workbook: Path) -> None:
    page = statement(workbook, ".html").read_text(encoding="utf-8")
    assert "Rob Quill" in page
    assert "$13,800.00" in page
    assert "DRAFT" in page
    assert re.search(r"Pay date</th>\s*<td>Apr 15, 2026", page)
    assert "Ana Ionescu" not in page
    assert "Max Weber" not in page


def test_every_amount_of_its_spreadsheet_is_a_formula(workbook: Path) -> None:
    sheet = openpyxl.load_workbook(statement(workbook, ".xlsx"))["Your lines"]
    head = [cell.value for cell in sheet[2]]
    credit, rate, pay = (chr(65 + head.index(name)) for name in ("Credited", "Rate", "Pay"))
    amounts = [sheet[f"{pay}{row}"].value for row in range(3, 7)]
    crossed = amounts.index("=ROUND(10000*0.12+10000*0.18,2)")
    assert amounts[:3] == [
        amounts[crossed] if row == 3 + crossed else f"=ROUND({credit}{row}*{rate}{row},2)"
        for row in (3, 4, 5)
    ]
    assert amounts[3] == "=SUBTOTAL(109,Your_lines[Pay])"
    products = [sheet.cell(row, head.index("Product") + 1).value for row in (3, 4, 5)]
    assert sorted(products) == ["Pump", "Pump", "Valve"]


def test_a_paid_statement_says_so(workbook: Path) -> None:
    type_in(workbook, "salesops run --only statement")
    page = statement(workbook, ".html").read_text(encoding="utf-8")
    assert re.search(r"Status</th>\s*<td>paid", page)
    assert "DRAFT" not in page
