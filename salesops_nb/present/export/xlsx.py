"""A report's tables as an Excel workbook: a cover, named tables, real numbers and dates, totals as formulas.

Text is always written as text, so that a name beginning with ``=`` is a name and no formula. Each formula
carries the value that the report shows, for whoever reads the file without working it out. The same tables
give the same bytes.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from salesops_nb.core.columns import columns_of
from salesops_nb.core.money import places, significant
from salesops_nb.core.spreadsheet import formula_like
from salesops_nb.errors import SalesopsError, problem
from salesops_nb.present.export.html import write_beside
from salesops_nb.present.export.xlsx_names import sheet_name, table_name, unlike
from salesops_nb.present.language import formats as written
from salesops_nb.present.language.column_labels import translated
from salesops_nb.present.language.sentences import translate
from salesops_nb.present.language.translation import _, setting
from salesops_nb.present.page.render import words_of
from salesops_nb.present.page.tables import fits, guess_unit, to_pandas

if TYPE_CHECKING:
    from salesops_nb.present.export.xlsx_cover import Cover

MOST_ROWS = 1_048_575
MOST_LETTERS = 32_767
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_OWN, _WHOLE = re.compile(r"\[(\w+)\]"), re.compile(r"<(\w+)\.(\w+)>")


@dataclass(frozen=True, slots=True)
class Sheet:
    """A frame with what its sheet says beside the values; the words are those of `show_table`.

    Attributes
    ----------
    currency : the code of its money, or the column that holds each row's; the locale's by default.
    formulas : by column its cells' formulas, one a row, ``None`` for a value, which is then in italics.
        ``[credit]`` is that column in the same row, ``<lines.amount>`` the whole column of the sheet whose
        `key` is ``lines``.
    total : by column what its total is, which is a formula where it is the column's sum.
    title : what the cover's list says of the sheet; its name by default.
    """

    frame: Any
    labels: Mapping[str, str] = field(default_factory=dict)
    formats: Mapping[str, str] = field(default_factory=dict)
    currency: str | None = None
    formulas: Mapping[str, Sequence[str | None]] = field(default_factory=dict)
    total: Mapping[str, Any] = field(default_factory=dict)
    notes: Sequence[str] = ()
    title: str = ""
    key: str = ""


def write_xlsx(
    out: str | Path,
    sheets: Mapping[str, Any],
    *,
    formats: Mapping[str, str] | None = None,
    labels: Mapping[str, str] | None = None,
    currency: str | None = None,
    title: str = "",
    as_of: date | None = None,
    draft: str = "",
    cover: Cover | None = None,
) -> Path:
    """Write frames as the sheets of one workbook, each a named table; written beside and moved in.

    Parameters
    ----------
    sheets : name → frame of any kind narwhals reads, or a `Sheet`; a name is one that Excel takes.
    formats, labels : unit and head by column, as for `show_table`, for every frame that has it; else those
        of ``columns.toml``.
    currency : of the frames' money; the locale's in force by default.
    as_of : the date in the file's properties.
    draft : words that stand over every sheet and at the head of its printed pages while it is a draft.
    cover : what the first sheet says; none where there is none.

    Raises
    ------
    SalesopsError
        If there is no sheet, or one has more rows than Excel holds.

    Examples
    --------
    >>> import tempfile
    >>> import pandas as pd
    >>> from salesops_nb import present
    >>> reps = pd.DataFrame({"rep": ["Ada", "Bo"], "bookings": [90_000, 60_000]})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = present.write_xlsx(f"{folder}/reps.xlsx", {"Ranking": reps}, formats={"bookings": "money"})
    ...     pd.read_excel(file, sheet_name="Ranking", engine="calamine")
       Rep  Bookings
    0  Ada     90000
    1   Bo     60000
    """
    import xlsxwriter

    if not sheets and cover is None:
        raise SalesopsError(problem("no-sheet"))
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(
        buffer,
        {
            "in_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        },
    )
    day = as_of or date(2000, 1, 1)
    book.set_properties({"title": title, "created": datetime(day.year, day.month, day.day)})  # noqa: DTZ001
    used: set[str] = set()
    front = sheet_name(_("Cover"), used) if cover is not None else ""
    tables: set[str] = set()
    placed = [
        _Placed(given, sheet_name(name, used), tables, 1 if draft else 0)
        for name, each in sheets.items()
        for given in [each if isinstance(each, Sheet) else Sheet(each, labels or {}, formats or {}, currency)]
    ]
    writer = _Writer(book, {each.given.key: each for each in placed}, draft)
    if cover is not None:
        cover.write(writer, book.add_worksheet(front), [(p.name, p.given, len(p.data)) for p in placed])
    for each in placed:
        writer.sheet(each)
    book.close()
    return write_beside(out, buffer.getvalue())


class _Placed:
    """A sheet with its names, heads and units, before anything is written."""

    def __init__(self, given: Sheet, name: str, tables: set[str], top: int) -> None:
        self.given, self.name, self.top = given, name, top
        self.data = data = to_pandas(given.frame)
        if len(data) > MOST_ROWS - 2:
            raise SalesopsError(problem("too-many-rows", name=name, count=len(data), most=MOST_ROWS - 2))
        self.columns = [str(column) for column in data.columns]
        self.table = table_name(name, tables)
        self.heads: list[str] = []
        self.units: list[str] = []
        taken: set[str] = set()
        for at, column in enumerate(self.columns):
            known = columns_of().get(column, {})
            label = translated(given.labels.get(column) or known.get("label", "")) or words_of(column)
            self.heads.append(unlike(" ".join(_CONTROL.sub("", label).split()) or f"{at + 1}", taken))
            values = data.iloc[:, at]
            declared = known["unit"] if fits(values, known.get("unit")) else None
            unit = given.formats.get(column) or declared or guess_unit(values)
            written.by_unit(unit)
            self.units.append(unit)
        code = given.currency or setting().currency
        by_row = code in self.columns
        self.codes = [str(each) for each in data[code]] if by_row else [code] * len(data)
        self.first, self.last = top + 1, top + max(len(data), 1)

    def whole(self, column: str) -> str:
        """The column as a formula names it."""
        head = re.sub(r"([\[\]#'@])", r"'\1", self.heads[self.columns.index(column)])
        return f"{self.table}[{head}]"

    @property
    def totals(self) -> Mapping[str, Any]:
        """What the total of each column is; none of a frame without rows."""
        return self.given.total if len(self.data) else {}


class _Writer:
    """Writes frames into one workbook with its shared cell formats."""

    def __init__(self, book: Any, by_key: Mapping[str, _Placed], draft: str = "") -> None:
        self.book, self.by_key, self.draft = book, by_key, draft
        self.banner = book.add_format({"bold": True, "font_color": "#9C2A00", "font_size": 14})
        self.money: dict[tuple[Any, ...], Any] = {}
        self.patterns = {
            "percent": "0.0%",
            "rate": "0.0###%",
            "tenths": "#,##0.0",
            "whole_percent": "0%",
            "integer": "#,##0",
            "decimal": "#,##0.00",
            "number": "#,##0.##",
            "date": "yyyy-mm-dd",
            "datetime": "yyyy-mm-dd hh:mm",
        }
        self.looks: dict[tuple[str, bool, bool], Any] = {}
        self.whole = book.add_format({"num_format": "#,##0"})
        head = {"bold": True, "bottom": 1, "text_wrap": True, "valign": "bottom"}
        self.head, self.quoted_head = book.add_format(head), book.add_format({**head, "quote_prefix": True})
        self.strong = book.add_format({"bold": True})
        self.plain, self.quoted = book.add_format({}), book.add_format({"quote_prefix": True})

    def look(self, unit: str, currency: str, *, bold: bool = False, italic: bool = False) -> Any:
        """The cell format of a unit; money's by its currency."""
        more = {"bold": bold, "italic": italic}
        if unit not in ("money", "cents", "about"):
            plain = unit, bold, italic
            if unit in self.patterns and plain not in self.looks:
                self.looks[plain] = self.book.add_format({"num_format": self.patterns[unit], **more})
            return self.looks.get(plain) or (self.strong if bold else None)
        key = currency, unit == "about", bold, italic
        if key not in self.money:
            decimals = 0 if unit == "about" else places(currency)
            exact = "#,##0" + ("." + "0" * decimals if decimals else "")
            self.money[key] = self.book.add_format({"num_format": f'{exact}\\ "{currency}"', **more})
        return self.money[key]

    def sheet(self, placed: _Placed) -> None:
        """One frame as one sheet: its heads, its rows, its total, and the notes below."""
        sheet = self.book.add_worksheet(placed.name)
        if self.draft:
            sheet.write_string(0, 0, self.draft, self.banner)
            sheet.set_header(f"&C&14&B{self.draft.replace('&', '&&')}")
        totals = placed.totals
        end = placed.last + (1 if totals else 0)
        if placed.columns:
            self._table(sheet, placed, end, totals)
        for at, column in enumerate(placed.columns):
            self.text(sheet, placed.top, at, placed.heads[at], self.head, self.quoted_head)
            widest = max(len(placed.heads[at]), self._column(sheet, placed, at, column))
            sheet.set_column(at, at, min(max(widest, 8), 48) + 2)
            if column in totals:
                self._total(sheet, placed, at, totals[column])
        if totals and placed.columns[0] not in totals:
            sheet.write_string(end, 0, _("Total"), self.strong)
        notes = [translate(note) for note in _listed(placed.given.notes)]
        if any(formula is None for cells in placed.given.formulas.values() for formula in cells):
            notes.append(_("In italics: a value that no formula makes."))
        for row, note in enumerate(notes, start=end + 2):
            self.text(sheet, row, 0, note)
        sheet.freeze_panes(placed.top + 1, 1 if len(placed.columns) > 1 else 0)
        sheet.set_landscape()
        sheet.repeat_rows(0, placed.top)
        sheet.fit_to_pages(1, 0)

    def _table(self, sheet: Any, placed: _Placed, end: int, totals: Mapping[str, Any]) -> None:
        """The named table that the rows are, with filters."""
        columns: list[dict[str, Any]] = [{"header": head} for head in placed.heads]
        for at, column in enumerate(placed.columns):
            if column in totals and _sums(placed.data[column], totals[column]):
                columns[at]["total_function"] = "sum"
        if totals and placed.columns[0] not in totals:
            columns[0]["total_string"] = _("Total")
        options = {"name": placed.table, "style": "Table Style Light 1", "columns": columns}
        sheet.add_table(placed.top, 0, end, len(columns) - 1, {**options, "total_row": bool(totals)})
        # an id of digits is text, and no mistake
        sheet.ignore_errors({"number_stored_as_text": _area(placed.top, 0, end, len(columns) - 1)})

    def _column(self, sheet: Any, placed: _Placed, at: int, column: str) -> int:
        """A column's cells; returns about how many letters the widest takes."""
        unit, widest = placed.units[at], 0
        formulas = placed.given.formulas.get(column)
        for row, (value, code) in enumerate(
            zip(placed.data.iloc[:, at], placed.codes, strict=True), start=placed.first
        ):
            formula = formulas[row - placed.first] if formulas is not None else None
            if formula is not None and not written.missing(value):
                look = self.look(unit, code)
                sheet.write_formula(row, at, self._formula(formula, placed, row), look, float(value))
            elif formulas is not None and not written.missing(value):
                sheet.write_number(row, at, value, self.look(unit, code, italic=True))
            else:
                widest = max(widest, self.cell(sheet, row, at, value, unit, code))
                continue
            widest = max(widest, len(f"{value:,.2f}") + 5)
        return widest

    def _formula(self, formula: str, placed: _Placed, row: int) -> str:
        from xlsxwriter.utility import xl_rowcol_to_cell as cell

        whole = _WHOLE.sub(lambda m: f"\0{m[1]}.{m[2]}\0", formula)
        own = _OWN.sub(lambda m: cell(row, placed.columns.index(m[1])), whole)
        return "=" + re.sub(r"\0(\w+)\.(\w+)\0", lambda m: self.by_key[m[1]].whole(m[2]), own)

    def _total(self, sheet: Any, placed: _Placed, at: int, total: Any) -> None:
        """A column's total: the sum of the rows in view where it is their sum, else the value."""
        row, column = placed.last + 1, placed.columns[at]
        code = placed.codes[0]
        if not _sums(placed.data[column], total):
            if _is_number(total):
                sheet.write_number(row, at, total, self.look(placed.units[at], code, bold=True))
            else:
                self.text(sheet, row, at, total, self.strong)
            return
        if placed.units[at] == "about":  # the rows are written in three figures, and the formula adds those
            total = sum(significant(each) for each in placed.data[column] if not written.missing(each))
        look = self.look(placed.units[at], code, bold=True)
        sheet.write_formula(row, at, f"=SUBTOTAL(109,{placed.whole(column)})", look, float(total))

    def cell(self, sheet: Any, row: int, at: int, value: Any, unit: str, currency: str) -> int:
        """One value in its own type; returns about how many letters it takes."""
        if written.missing(value):
            return 0
        look = self.look(unit, currency)
        if isinstance(value, bool) or type(value).__name__ == "bool_":
            sheet.write_boolean(row, at, bool(value))
            return 5
        if isinstance(value, datetime) or (isinstance(value, date) and unit in ("date", "datetime")):
            moment = value.to_pydatetime() if hasattr(value, "to_pydatetime") else value
            naive = moment.replace(tzinfo=None) if isinstance(moment, datetime) else moment
            sheet.write_datetime(row, at, naive, look or self.look("date", ""))
            return 16 if unit == "datetime" else 10
        if isinstance(value, date):
            sheet.write_datetime(row, at, value, self.look("date", ""))
            return 10
        if not isinstance(value, str) and _is_number(value):
            value = significant(value) if unit == "about" else value
            if unit == "number" and float(value) == int(value):
                look = self.whole
            sheet.write_number(row, at, value, look)
            return len(f"{value:,.2f}") + (5 if unit in ("money", "cents", "about") else 0)
        return self.text(sheet, row, at, value)

    def text(self, sheet: Any, row: int, at: int, value: Any, look: Any = None, quoted: Any = None) -> int:
        """Text as text: quoted where Excel would read a formula when the cell is edited."""
        said = _CONTROL.sub("", str(value))[:MOST_LETTERS]
        chosen = (quoted or self.quoted) if formula_like(said) else (look or self.plain)
        sheet.write_string(row, at, said, chosen)
        return max((len(line) for line in said.splitlines()), default=0)


def _sums(values: Any, total: Any) -> bool:
    """Whether the total is the sum of the values, exactly where they are exact."""
    found = [value for value in values if not written.missing(value)]
    if not found or not _is_number(total) or not all(_is_number(value) for value in found):
        return False
    if all(isinstance(value, Decimal | int) for value in (*found, total)):
        return bool(sum(found) == total)
    return math.isclose(math.fsum(float(value) for value in found), float(total), rel_tol=1e-12, abs_tol=1e-9)


def _is_number(value: Any) -> bool:
    if isinstance(value, str | bool) or value is None:
        return False
    try:
        return isinstance(value, Decimal) or math.isfinite(float(value))
    except (TypeError, ValueError):
        return False


def _listed(notes: Sequence[str]) -> Sequence[str]:
    return [notes] if isinstance(notes, str) else notes


def _area(top: int, left: int, bottom: int, right: int) -> str:
    from xlsxwriter.utility import xl_range

    return str(xl_range(top, left, bottom, right))
