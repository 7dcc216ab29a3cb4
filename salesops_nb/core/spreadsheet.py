"""Text that a spreadsheet would take for a formula, and how it is kept from being one.

One rule for every file that a spreadsheet may open: CSV cells get an apostrophe before them, cells of an
Excel workbook are written as quoted text.

A spreadsheet of a country where lists have semicolons (Romania, Germany, …) reads a CSV file by those, so
that what follows one, a tab or a new line within a cell begins a cell of its own: a sign there is parted too.
"""

from __future__ import annotations

import re
from typing import Any

# what stands before a formula and is passed over: control characters, blanks, marks of no width, quotes
_BEFORE = (
    r"\x00-\x20\x7f-\xa0\xad"
    "\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u2064\u3000\ufeff"
    "\"'`\u00b4\u2018-\u201f\u00ab\u00bb\u2039\u203a\uff02\uff07"
)
# OWASP's list of what begins a formula, and the full-width and small forms that some take too
_SIGNS = "=+@\uff1d\uff0b\uff0d\uff20\ufe62\ufe63\ufe66\ufe6b\\-"
# one pattern for Python and for DuckDB, which read it alike
_FORMULA = rf"^(?:[\t\r\n]|[{_BEFORE}]*[{_SIGNS}])"
_WITHIN = rf"([;\t\r\n][{_BEFORE}]*)([{_SIGNS}])"
_NUMBER = r"^-[0-9]+(?:\.[0-9]+)?$"
_within = re.compile(_WITHIN)
_is_formula, _is_number = re.compile(_FORMULA), re.compile(_NUMBER.replace("$", r"\Z"))


def formula_like(text: str) -> bool:
    """Whether a spreadsheet may take the text for a formula; a negative number is none."""
    return _is_formula.search(text) is not None and _is_number.search(text) is None


def neutral(value: Any) -> Any:
    """A cell that no spreadsheet takes for a formula; numbers, dates and empty cells are as they were."""
    if not isinstance(value, str):
        return value
    parted = _within.sub(r"\1'\2", value)
    return f"'{parted}" if formula_like(value) else parted


def neutral_sql(column: str) -> str:
    """What `neutral` does, as DuckDB's SQL for a column of text."""
    formula, number, within = (pattern.replace("'", "''") for pattern in (_FORMULA, _NUMBER, _WITHIN))
    parted = rf"regexp_replace({column}, '{within}', '\1''\2', 'g')"
    return (
        f"CASE WHEN regexp_matches({column}, '{formula}') AND NOT regexp_matches({column}, '{number}') "
        f"THEN '''' || {parted} ELSE {parted} END"
    )
