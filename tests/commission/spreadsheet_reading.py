"""Workbooks as a spreadsheet program reads them: their formulas worked out anew, and the XML that holds them.

Two ways of the same: by the few functions that we write, here, and by LibreOffice where it is installed.
"""

from __future__ import annotations

import csv
import re
import shutil
import subprocess
import zipfile
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import openpyxl
import pytest
from openpyxl.utils import column_index_from_string, get_column_letter, range_boundaries

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
needs_libreoffice = pytest.mark.skipif(
    shutil.which("soffice") is None,
    reason="LibreOffice is not installed: apt-get install --no-install-recommends libreoffice-calc",
)
# else it shows what the file says, and works out nothing
ALWAYS = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">
<item oor:path="/org.openoffice.Office.Calc/Formula/Load"><prop oor:name="OOXMLRecalcMode" oor:op="fuse">
<value>0</value></prop></item></oor:items>
"""
Cells = dict[tuple[str, str], Any]


class Recalculated:
    """Every formula of a workbook worked out anew, from the values that no formula makes."""

    def __init__(self, path: Path) -> None:
        book = openpyxl.load_workbook(path)
        self.cells: Cells = {}
        self.formulas: dict[tuple[str, str], str] = {}
        self.columns: dict[str, list[tuple[str, str]]] = {}
        for sheet in book:
            for row in sheet.iter_rows():
                for cell in row:
                    at = (sheet.title, cell.coordinate)
                    if cell.data_type == "f":
                        self.formulas[at] = str(cell.value).removeprefix("=")
                    elif cell.value is not None:
                        self.cells[at] = cell.value
            for table in sheet.tables.values():
                left, top, _right, bottom = range_boundaries(table.ref)
                end = bottom - (table.totalsRowCount or 0)
                for offset, column in enumerate(table.tableColumns):
                    letter = get_column_letter(left + offset)
                    span = [(sheet.title, f"{letter}{row}") for row in range(top + 1, end + 1)]
                    self.columns[f"{table.name}[{column.name}]"] = span
        self.found = {at: self.value(at) for at in self.formulas}

    def value(self, at: tuple[str, str]) -> Any:
        """A cell's value: worked out where a formula makes it."""
        if at in self.formulas and at not in self.cells:
            self.cells[at] = self._worked(self.formulas[at], at[0])
        return self.cells.get(at)

    def _worked(self, formula: str, sheet: str) -> float:
        def whole(name: str) -> list[Any]:
            return [self.value(at) for at in self.columns[re.sub(r"'([\[\]#'@])", r"\1", name)]]

        def one(coordinate: str) -> Any:
            return self.value((sheet, coordinate)) or 0

        def span(first: str, last: str) -> list[Any]:
            (c1, r1), (c2, r2) = (re.fullmatch(r"([A-Z]+)(\d+)", x).groups() for x in (first, last))
            assert c1 == c2
            return [self.value((sheet, f"{c1}{row}")) for row in range(int(r1), int(r2) + 1)]

        names: list[str] = []

        def keep(code: str) -> str:
            names.append(code)
            return f"\0{len(names) - 1}\0"

        made = re.sub(r'"[^"]*"', lambda m: keep(repr(m[0][1:-1])), formula)
        made = re.sub(r"\w+\[(?:'.|[^\]'])*\]", lambda m: keep(f"whole({m[0]!r})"), made)
        made = re.sub(
            r"\b([A-Z]{1,3}\d+):([A-Z]{1,3}\d+)\b", lambda m: keep(f"span({m[1]!r}, {m[2]!r})"), made
        )
        made = re.sub(r"\b[A-Z]{1,3}\d+\b", lambda m: keep(f"one({m[0]!r})"), made)
        made = re.sub(r"\0(\d+)\0", lambda m: names[int(m[1])], made)
        known = {
            "whole": whole,
            "one": one,
            "span": span,
            "ROUND": round_as_spreadsheets_do,
            "SUM": _sum,
            "SUMIFS": _sumifs,
            "SUBTOTAL": lambda kind, cells: {109: _sum}[kind](cells),
        }
        return eval(made, {"__builtins__": {}}, known)  # type: ignore[no-any-return]


def round_as_spreadsheets_do(value: float, digits: int) -> float:
    """As spreadsheets do: binary numbers of fifteen digits, half away from zero."""
    return float(Decimal(f"{value:.15g}").quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP))


def _sum(cells: list[Any]) -> float:
    return sum(value for value in cells if isinstance(value, int | float))


def _sumifs(cells: list[Any], *pairs: Any) -> float:
    fits = [True] * len(cells)
    for column, wanted in zip(pairs[::2], pairs[1::2], strict=True):
        fits = [
            fit and str(v).casefold() == str(wanted).casefold() for fit, v in zip(fits, column, strict=True)
        ]
    return _sum([value for fit, value in zip(fits, cells, strict=True) if fit])


def by_libreoffice(path: Path, folder: Path) -> dict[str, list[list[str]]]:
    """Each sheet's cells as LibreOffice shows them after working out every formula; it must not complain."""
    profile, out = folder / "profile", folder / "csv"
    (profile / "user").mkdir(parents=True, exist_ok=True)
    (profile / "user" / "registrymodifications.xcu").write_text(ALWAYS)
    # comma, quotes, UTF-8, all cells as they are stored, every sheet
    kind = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,false,false,false,false,-1"
    command = ["soffice", f"-env:UserInstallation={profile.as_uri()}", "--headless", "--convert-to", kind,
               "--outdir", str(out), str(path)]  # fmt: skip
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=300)
    told = [line for line in done.stderr.splitlines() if line and "javaldx" not in line]
    assert not told, told
    found = {}
    for file in out.glob("*.csv"):
        with file.open(encoding="utf-8", newline="") as lines:
            found[file.stem.removeprefix(f"{path.stem}-")] = list(csv.reader(lines))
    return found


def shown(sheets: dict[str, list[list[str]]], sheet: str, coordinate: str) -> Decimal:
    """A cell of what LibreOffice shows, as a number."""
    letters, row = re.fullmatch(r"([A-Z]+)(\d+)", coordinate).groups()
    return Decimal(sheets[sheet][int(row) - 1][column_index_from_string(letters) - 1])


def check_tables(path: Path) -> dict[str, str]:
    """The named tables of a workbook by name, with their ranges; what Excel would repair is an error.

    A table's columns are its heads, word for word and none twice; its filter ends before its totals;
    names are none twice and like no cell.
    """
    found: dict[str, str] = {}
    book = openpyxl.load_workbook(path)
    heads = {}
    for sheet in book:
        assert sheet.auto_filter.ref is None, "the table has its filter"
        for table in sheet.tables.values():
            left, top, right, _bottom = range_boundaries(table.ref)
            heads[table.name] = [sheet.cell(top, at).value for at in range(left, right + 1)]
    with zipfile.ZipFile(path) as file:
        for name in file.namelist():
            root = ElementTree.fromstring(file.read(name)) if name.endswith((".xml", ".rels")) else None
            if root is None or root.tag != f"{MAIN}table":
                continue
            table, ref = root.attrib["name"], root.attrib["ref"]
            columns = [each.attrib["name"] for each in root.iter(f"{MAIN}tableColumn")]
            assert columns == heads[table]
            assert len({each.casefold() for each in columns}) == len(columns)
            assert re.fullmatch(r"[A-Za-z_]\w*", table)
            assert not re.fullmatch(r"(?i)[a-z]{1,3}\d+|r|c|r\d+c\d+", table)
            assert table.casefold() not in {each.casefold() for each in found}
            totals = int(root.attrib.get("totalsRowCount", 0))
            top, bottom = (int(re.sub(r"\D", "", part)) for part in ref.split(":"))
            assert bottom - totals > top, "a table has a row"
            filtered = root.find(f"{MAIN}autoFilter").attrib["ref"]
            assert int(re.sub(r"\D", "", filtered.split(":")[1])) == bottom - totals
            found[table] = ref
    return found
