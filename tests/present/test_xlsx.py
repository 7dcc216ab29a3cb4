"""The Excel workbook: real numbers and dates, filters, heads in view, and no formula from data."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salesops_nb.errors import SalesopsError
from salesops_nb.present import write_xlsx
from salesops_nb.present.export.xlsx import Sheet
from salesops_nb.present.export.xlsx_names import sheet_name
from salesops_nb.present.language.translation import use_locale

D = Decimal
FRAME = pd.DataFrame(
    {
        "rep": ["Ana", "=1+1", None],
        "bookings": [Decimal("1234.56"), Decimal("-0.01"), None],
        "win_rate": [0.5, float("nan"), 0.25],
        "closed_on": [date(2017, 1, 2), None, date(2017, 3, 4)],
        "seen_at": pd.to_datetime(["2017-01-02 10:30", "2017-01-02 00:00", None]),
        "won": [3, 4, 5],
        "key": [True, False, True],
    }
)


def test_cells_keep_their_types_and_formats(tmp_path: Path) -> None:
    out = write_xlsx(tmp_path / "x.xlsx", {"Reps": FRAME}, formats={"win_rate": "percent"}, currency="EUR")
    sheet = openpyxl.load_workbook(out)["Reps"]
    assert [cell.value for cell in sheet[1]] == [
        "Rep",
        "Bookings",
        "Win rate",
        "Closed on",
        "Seen at",
        "Won",
        "Key",
    ]
    assert [cell.value for cell in sheet[2]] == [
        "Ana",
        1234.56,
        0.5,
        pd.Timestamp("2017-01-02"),
        pd.Timestamp("2017-01-02 10:30"),
        3,
        True,
    ]
    assert [cell.value for cell in sheet[4]] == [None, None, 0.25, pd.Timestamp("2017-03-04"), None, 5, True]
    assert sheet["B2"].number_format == '#,##0.00\\ "EUR"'
    assert sheet["C2"].number_format == "0.0%"
    assert sheet["D2"].number_format == "yyyy-mm-dd"
    assert sheet["B2"].data_type == "n"
    assert sheet.freeze_panes == "B2"
    assert sheet.tables["Reps"].ref == sheet.tables["Reps"].autoFilter.ref == "A1:G4"


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-a", "@SUM(A1)", '"=1', "＝1", "\tx", "=cmd|' /C calc'!A0", "https://a.b"]
)
def test_a_text_that_looks_like_a_formula_is_text(tmp_path: Path, text: str) -> None:
    out = write_xlsx(tmp_path / "x.xlsx", {text: pd.DataFrame({text: [text]})})
    sheet = openpyxl.load_workbook(out).worksheets[0]
    assert sheet["A2"].data_type == "s"
    assert sheet["A2"].value.strip() == text.strip()
    assert sheet["A2"].quotePrefix == (text[0] != "h")
    assert sheet["A1"].data_type == "s"
    assert sheet["A2"].hyperlink is None


@given(st.lists(st.text(max_size=40), min_size=1, max_size=6))
@settings(max_examples=40)
def test_sheet_names_are_such_as_excel_takes(names: list[str]) -> None:
    used: set[str] = set()
    made = [sheet_name(name, used) for name in names]
    assert len({name.lower() for name in made}) == len(names)
    for name in made:
        assert 1 <= len(name) <= 31
        assert not set(name) & set("[]:*?/\\")
        assert name[0] != "'"


def test_the_same_tables_give_the_same_bytes(tmp_path: Path) -> None:
    one = write_xlsx(tmp_path / "1.xlsx", {"A": FRAME}, as_of=date(2017, 12, 31))
    two = write_xlsx(tmp_path / "2.xlsx", {"A": FRAME}, as_of=date(2017, 12, 31))
    assert one.read_bytes() == two.read_bytes()


def test_heads_follow_the_locale(tmp_path: Path) -> None:
    use_locale("ro_RO", "RON")
    sheet = openpyxl.load_workbook(write_xlsx(tmp_path / "x.xlsx", {"A": FRAME}))["A"]
    assert sheet["B1"].value == "Comenzi"
    assert sheet["B2"].number_format == '#,##0.00\\ "RON"'


def test_yen_have_no_decimals(tmp_path: Path) -> None:
    sheet = openpyxl.load_workbook(write_xlsx(tmp_path / "x.xlsx", {"A": FRAME}, currency="JPY"))["A"]
    assert sheet["B2"].number_format == '#,##0\\ "JPY"'


def test_nothing_to_write_is_said(tmp_path: Path) -> None:
    with pytest.raises(SalesopsError, match="no table to write"):
        write_xlsx(tmp_path / "x.xlsx", {})
    assert not list(tmp_path.iterdir())


def test_a_total_is_what_its_formula_makes_of_the_cells(tmp_path: Path) -> None:
    """Estimates are written in three figures: their total adds those. What is no sum stays a value."""
    frame = pd.DataFrame(
        {
            "team": ["A", "B"],
            "capacity": [D("1234567"), D("7654.4")],
            "pay": [D("0.10"), D("0.20")],
            "n": [1, 2],
        }
    )
    total = {"capacity": D("1242221.4"), "pay": D("0.30"), "n": 9}
    sheet = Sheet(frame, formats={"capacity": "about", "pay": "cents"}, total=total)
    path = write_xlsx(tmp_path / "x.xlsx", {"A": sheet})
    made, stored = openpyxl.load_workbook(path)["A"], openpyxl.load_workbook(path, data_only=True)["A"]
    assert made.tables["A"].totalsRowCount == 1
    assert [cell.value for cell in made[4]][1:3] == ["=SUBTOTAL(109,A[Capacity])", "=SUBTOTAL(109,A[Pay])"]
    assert [cell.value for cell in stored[4]] == ["Total", 1_230_000 + 7_650, 0.3, 9]
    assert [cell.value for cell in stored["B"]] == ["Capacity", 1_230_000, 7_650, 1_237_650]


def test_a_sheet_has_a_total_and_notes_only_where_there_are_rows(tmp_path: Path) -> None:
    empty = Sheet(pd.DataFrame({"a": []}), total={"a": 0}, notes=["=one", "two"])
    sheet = openpyxl.load_workbook(write_xlsx(tmp_path / "x.xlsx", {"A": empty}))["A"]
    assert sheet.tables["A"].ref == "A1:A2"
    assert not sheet.tables["A"].totalsRowCount
    assert [(cell.value, cell.data_type) for cell in sheet["A"] if cell.value] == [
        ("A", "s"), ("=one", "s"), ("two", "s"),
    ]  # fmt: skip
