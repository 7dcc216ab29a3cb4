"""Names in a spreadsheet: of sheets, which hold 31 letters, and of tables, as Excel takes them."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from functools import lru_cache
from pathlib import Path

from salesops_nb.present.language.column_labels import translated

MOST = 31
FILE = Path(__file__).with_name("sheet_names.toml")
_FORBIDDEN = re.compile(r"[\[\]:*?/\\\x00-\x1f]")


@lru_cache(maxsize=1)
def declared() -> dict[str, str]:
    """The short name of each title that is longer than a sheet's name may be."""
    names: dict[str, str] = tomllib.loads(FILE.read_text(encoding="utf-8"))["names"]
    return names


def short(title: str) -> str:
    """A table's title as the name of its sheet: as it is, its declared short name, or its first whole words.

    Examples
    --------
    >>> from salesops_nb.present.export.xlsx_names import short
    >>> short("Statements"), short("Credited = paid + withheld + excluded")
    ('Statements', 'Credit reconciliation')
    >>> short("What an analyst of ours has called something of theirs")
    'What an analyst of ours has'
    """
    made = title
    for known, name in declared().items():
        # values stand in the title by now
        pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>.*)", re.escape(translated(known)))
        if found := re.fullmatch(pattern, title):
            values = found.groupdict()
            made = translated(name).format(**values)
            made = made if len(made) <= MOST else translated(name).format(**dict.fromkeys(values, "")).strip()
    if len(made) <= MOST:
        return made
    words = made.split()
    while len(words) > 1 and len(" ".join(words)) > MOST:
        words.pop()
    return " ".join(words).rstrip(",;:–-")


def sheet_name(name: str, used: set[str]) -> str:
    """A name that Excel takes: at most 31 letters, none of ``[]:*?/\\``, none twice."""
    plain = _FORBIDDEN.sub(" ", re.sub(r"\s*:\s+", " – ", str(name)))
    base = " ".join(plain.split()).strip("' ")[:MOST].strip("' ") or "Sheet"
    made, n = base, 2
    while made.lower() in used or made.lower() == "history":
        ending = f" {n}"
        made, n = base[: MOST - len(ending)] + ending, n + 1
    used.add(made.lower())
    return made


def table_name(name: str, used: set[str]) -> str:
    """A table's name from its sheet's: ASCII letters, digits and ``_``, like no cell, none twice."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    base = re.sub(r"\W+", "_", plain).strip("_") or "Table"
    if re.match(r"\d", base) or re.fullmatch(r"(?i)[a-z]{1,3}\d+|r|c|r\d*c\d*", base):
        base = f"Table_{base}"
    return unlike(base, used, "_")


def unlike(head: str, taken: set[str], gap: str = " ") -> str:
    """A name that is not among those `taken`, as of a table's columns: a number after it where it is."""
    made, n = head, 2
    while made.lower() in taken:
        made, n = f"{head}{gap}{n}", n + 1
    taken.add(made.lower())
    return made
