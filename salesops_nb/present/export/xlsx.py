"""A report's tables as an Excel workbook: real numbers and dates, filters, heads that stay in view.

Text is always written as text, so that a name beginning with ``=`` is a name and no formula. The same
tables give the same bytes.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from salesops_nb.core.columns import columns_of
from salesops_nb.core.money import places
from salesops_nb.core.spreadsheet import formula_like
from salesops_nb.errors import SalesopsError, problem
from salesops_nb.present.export.html import write_beside
from salesops_nb.present.language import formats as written
from salesops_nb.present.language.column_labels import translated
from salesops_nb.present.language.translation import gettext, setting
from salesops_nb.present.page.render import words_of
from salesops_nb.present.page.tables import fits, guess_unit, to_pandas

MOST_ROWS = 1_048_575
MOST_LETTERS = 32_767
_FORBIDDEN = re.compile(r"[\[\]:*?/\\\x00-\x1f]")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


def write_xlsx(
    out: str | Path,
    sheets: Mapping[str, Any],
    *,
    formats: Mapping[str, str] | None = None,
    labels: Mapping[str, str] | None = None,
    currency: str | Mapping[str, str] | None = None,
    title: str = "",
    as_of: date | None = None,
    draft: str = "",
    formulas: Mapping[str, Mapping[int, Sequence[str | None]]] | None = None,
) -> Path:
    """Write frames as the sheets of one workbook; written beside and moved in.

    Parameters
    ----------
    sheets : name → frame of any kind narwhals reads; names are cut to what Excel allows.
    formats, labels : unit and head by column, as for `show_table`, for every sheet that has it; else those
        of ``columns.toml``.
    currency : of the money, or by sheet the code or the column that holds each row's; the locale's
        in force by default.
    as_of : the date in the file's properties.
    draft : words that stand over every sheet and at the head of its printed pages while it is a draft.
    formulas : by sheet and place of a column its cells' formulas, one a row, in which ``{3}`` is the row's
        cell of column 3; ``None`` for a value, which is then in italics. Such columns have a total.

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

    if not sheets:
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
    by_sheet = currency if isinstance(currency, Mapping) else {}
    usual = currency if isinstance(currency, str) else setting().currency
    writer = _Writer(book, usual, formats or {}, labels or {}, draft)
    used: set[str] = set()
    for name, frame in sheets.items():
        shown = sheet_name(name, used)
        writer.sheet(shown, to_pandas(frame), by_sheet.get(name, usual), (formulas or {}).get(name, {}))
    book.close()
    return write_beside(out, buffer.getvalue())


def sheet_name(name: str, used: set[str]) -> str:
    """A name that Excel takes: at most 31 letters, none of ``[]:*?/\\``, none twice."""
    base = _FORBIDDEN.sub(" ", str(name)).strip().strip("'")[:31].strip() or "Sheet"
    made, n = base, 2
    while made.lower() in used or made.lower() == "history":
        ending = f" {n}"
        made, n = base[: 31 - len(ending)] + ending, n + 1
    used.add(made.lower())
    return made


class _Writer:
    """Writes frames into one workbook with its shared cell formats."""

    def __init__(
        self,
        book: Any,
        currency: str,
        formats: Mapping[str, str],
        labels: Mapping[str, str],
        draft: str = "",
    ) -> None:
        self.book, self.formats, self.labels, self.draft = book, formats, labels, draft
        self.banner = book.add_format({"bold": True, "font_color": "#9C2A00", "font_size": 14})
        self.money: dict[tuple[Any, ...], Any] = {}
        patterns = {
            "percent": "0.0%",
            "tenths": "#,##0.0",
            "whole_percent": "0%",
            "integer": "#,##0",
            "decimal": "#,##0.00",
            "number": "#,##0.##",
            "date": "yyyy-mm-dd",
            "datetime": "yyyy-mm-dd hh:mm",
        }
        self.looks = {unit: book.add_format({"num_format": pattern}) for unit, pattern in patterns.items()}
        self.whole = book.add_format({"num_format": "#,##0"})
        head = {"bold": True, "bottom": 1, "text_wrap": True, "valign": "bottom"}
        self.head, self.quoted_head = book.add_format(head), book.add_format({**head, "quote_prefix": True})
        self.strong = book.add_format({"bold": True})
        self.plain, self.quoted = book.add_format({}), book.add_format({"quote_prefix": True})

    def look(self, unit: str, currency: str, **more: bool) -> Any:
        """The cell format of a unit; money's by its currency."""
        if unit not in ("money", "cents", "about"):
            return self.looks.get(unit)
        key = currency, unit == "about", *more
        if key not in self.money:
            decimals = 0 if unit == "about" else places(currency)
            exact = "#,##0" + ("." + "0" * decimals if decimals else "")
            self.money[key] = self.book.add_format({"num_format": f'{exact}\\ "{currency}"', **more})
        return self.money[key]

    def sheet(
        self, name: str, frame: Any, currency: str, formulas: Mapping[int, Sequence[str | None]]
    ) -> None:
        """One frame as one sheet; `currency` is a code, or the column that holds each row's."""
        if len(frame) > MOST_ROWS:
            raise SalesopsError(problem("too-many-rows", name=name, count=len(frame), most=MOST_ROWS))
        sheet = self.book.add_worksheet(name)
        top = 1 if self.draft else 0
        if self.draft:
            sheet.write_string(0, 0, self.draft, self.banner)
            sheet.set_header(f"&C&14&B{self.draft.replace('&', '&&')}")
        columns = list(frame.columns)
        codes = list(frame[currency]) if currency in columns else [currency] * len(frame)
        for at, column in enumerate(columns):
            known = columns_of().get(str(column), {})
            label = translated(self.labels.get(str(column)) or known.get("label", "")) or words_of(
                str(column)
            )
            declared = known["unit"] if fits(frame[column], known.get("unit")) else None
            unit = self.formats.get(str(column)) or declared or guess_unit(frame[column])
            written.by_unit(unit)
            self.text(sheet, top, at, label, self.head, self.quoted_head)
            width = len(label)
            for row, (value, code) in enumerate(zip(frame[column], codes, strict=True), start=top + 1):
                width = max(width, self.cell(sheet, row, at, value, unit, code))
            if at in formulas:
                self.worked(sheet, top + 1, at, list(zip(frame[column], codes, formulas[at], strict=True)))
            sheet.set_column(at, at, min(max(width, 8), 48) + 2)
        sheet.freeze_panes(top + 1, 1 if len(frame.columns) > 1 else 0)
        if len(frame.columns):
            sheet.autofilter(top, 0, top + max(len(frame), 1), len(frame.columns) - 1)
        sheet.set_landscape()
        sheet.repeat_rows(0, top)
        sheet.fit_to_pages(1, 0)

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
            sheet.write_datetime(row, at, naive, look or self.looks["date"])
            return 16 if unit == "datetime" else 10
        if isinstance(value, date):
            sheet.write_datetime(row, at, value, self.looks["date"])
            return 10
        if not isinstance(value, str) and _is_number(value):
            if unit == "number" and float(value) == int(value):
                look = self.whole
            sheet.write_number(row, at, value, look)
            return len(f"{value:,.2f}") + (5 if unit in ("money", "cents", "about") else 0)
        return self.text(sheet, row, at, value)

    def worked(self, sheet: Any, first: int, at: int, cells: Sequence[tuple[Any, str, str | None]]) -> None:
        """A column's values with their currencies and formulas, what has none in italics; then their sum."""
        from xlsxwriter.utility import xl_rowcol_to_cell as cell

        for row, (value, code, formula) in enumerate(cells, start=first):
            if formula is None:
                sheet.write_number(row, at, value, self.look("cents", code, italic=True))
                continue
            parts = re.split(r"\{(\d+)\}", formula)  # every other one is the place of a column
            made = "".join(cell(row, int(part)) if i % 2 else part for i, part in enumerate(parts))
            sheet.write_formula(row, at, f"={made}", self.look("cents", code), value)
        last, codes = first + len(cells), {code for _, code, _ in cells}
        if len(codes) == 1:
            look = self.look("cents", codes.pop(), bold=True)
            total = sum(value for value, *_ in cells)
            sheet.write_formula(last, at, f"=SUM({cell(first, at)}:{cell(last - 1, at)})", look, total)
            if at:
                sheet.write_string(last, 0, gettext("Total"), self.strong)
        if any(formula is None for *_, formula in cells):
            words = gettext("In italics: a value that is no plain product of credit and rate.")
            sheet.write_string(last + 2, 0, words, self.plain)

    def text(self, sheet: Any, row: int, at: int, value: Any, look: Any = None, quoted: Any = None) -> int:
        """Text as text: quoted where Excel would read a formula when the cell is edited."""
        said = _CONTROL.sub("", str(value))[:MOST_LETTERS]
        chosen = (quoted or self.quoted) if formula_like(said) else (look or self.plain)
        sheet.write_string(row, at, said, chosen)
        return max((len(line) for line in said.splitlines()), default=0)


def _is_number(value: Any) -> bool:
    try:
        return isinstance(value, Decimal) or math.isfinite(float(value))
    except (TypeError, ValueError):
        return False
