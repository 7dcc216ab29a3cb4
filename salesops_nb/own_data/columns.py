"""Which table a file holds, and which of its columns is which of ours, with how sure that is."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from rapidfuzz import fuzz

from salesops_nb.messages import message
from salesops_nb.own_data.layouts import Layout, known, known_tables, layout_of
from salesops_nb.own_data.looking import SeenFile
from salesops_nb.source.columns.headers import plain
from salesops_nb.source.columns.period_names import period_of
from salesops_nb.source.schema.contracts import CONTRACTS

NEAR = 84  # of 100: how alike a header must be to be proposed
_KINDS = {
    "money": {"number"}, "number": {"number"}, "ratio": {"number"}, "whole": {"number"},
    "date": {"date"}, "time": {"date"}, "flag": {"flag", "number"},
}  # fmt: skip
_OWN_FIRST = ("owner_id", "account_id", "closed_on", "stage", "amount")


@dataclass(frozen=True, slots=True)
class Found:
    """A file's column that is one of ours, how sure that is, and why."""

    header: str
    sure: Literal["sure", "likely"]
    why: str


@dataclass
class Proposed:
    """A table proposed for a file: its columns, and the other keys of its mapping."""

    table: str
    seen: SeenFile
    layout: Layout | None = None
    columns: dict[str, Found] = field(default_factory=dict)
    keys: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    more: list[SeenFile] = field(default_factory=list)
    lacking: dict[str, list[str]] = field(default_factory=dict)  # by header, the files without it

    def header(self, column: str) -> str | None:
        """The file's name of one of our columns, where it is found for sure."""
        found = self.columns.get(column)
        return found.header if found else None

    def has(self, column: str) -> bool:
        """Whether a column of the file, one value for all rows or an expression gives one of ours."""
        return column in self.columns or any(
            column in self.keys.get(key, {}) for key in ("constants", "computed")
        )

    def unused(self, *kinds: str) -> list[str]:
        """Headers that nothing is mapped to, of these kinds or any."""
        used = {found.header for found in self.columns.values()}
        return [
            column.header
            for column in self.seen.columns.values()
            if column.header not in used and column.filled and (not kinds or column.kind in kinds)
        ]


def periods_of(seen: SeenFile, year: int | None = None) -> dict[str, str]:
    """The headers of a wide sheet that name periods, with the period of each."""
    found = {header: period_of(header, year) for header in seen.columns}
    return {header: period for header, period in found.items() if period}


def table_of(seen: SeenFile) -> tuple[str | None, Layout | None]:
    """The table whose columns a file has, and the layout that it is of; ``None`` where it has none's.

    A wide sheet, a column a month or quarter, holds targets.
    """
    if len(periods_of(seen, 2000)) >= 3:
        return "targets", None
    layout = layout_of(seen.headers)
    if layout is not None:
        return layout.table, layout
    scores = {
        table: len(there)
        for table in known_tables()
        if _has_what_it_needs(table, there := set(_exact(seen, table)))
    }
    return max(scores, key=lambda table: scores[table], default=None), None


def _has_what_it_needs(table: str, there: set[str]) -> bool:
    return all(there & set(line) for line in known()[table]["needs"])


def _exact(seen: SeenFile, table: str) -> dict[str, list[str]]:
    """By our column the file's headers that are known to mean it, the likeliest first."""
    found: dict[str, list[str]] = {}
    plains = {header: _bare(header) for header in seen.headers}
    for column, names in known_tables()[table].items():
        fits = [header for header in plains if plains[header] & set(names)]
        fits = [header for header in fits if _fits(seen, table, column, header)]
        if fits:
            found[column] = sorted(fits, key=lambda h: min(names.get(p, 999) for p in plains[h]))
    return found


def _bare(header: str) -> set[str]:
    """A header compared plainly: as it is, and without the number of a doubled one or a unit behind it."""
    parts = {header, re.sub(r"\s\(\d+\)$", "", header), re.sub(r"\s*[(\[][A-Z€$£]{1,3}[)\]]$", "", header)}
    parts.add(re.sub(r"\s+(in\s+)?([A-Z]{3}|€|\$|£)$", "", header))
    return {plain(part) for part in parts}


def _fits(seen: SeenFile, table: str, column: str, header: str) -> bool:
    """Whether what stands in a column is what ours holds."""
    contract = CONTRACTS[table].by_name.get(column)
    kind = seen.columns[header].kind
    if contract is None or kind == "empty":
        return False
    return kind in _KINDS.get(contract.type, {kind})


def columns_of(seen: SeenFile, table: str, layout: Layout | None, given: dict[str, str]) -> Proposed:
    """The columns of a table that a file has: as given, by its layout, by known names, by likeness.

    What is only alike is proposed for columns that the table cannot do without, and never taken.
    """
    made = Proposed(table, seen, layout)
    for column, header in given.items():
        same = [h for h in seen.columns if plain(h) == plain(header)]
        if same:
            made.columns[column] = Found(same[0], "sure", message("as you say"))
    if layout is not None:
        _by_layout(made, layout)
    exact = _exact(seen, table)
    used = {found.header for found in made.columns.values()}
    names = CONTRACTS[table].by_name
    for column in sorted(exact, key=lambda c: (c not in _OWN_FIRST, not names[c].required)):
        free = [header for header in exact[column] if header not in used]
        if free and column not in made.columns:
            made.columns[column] = Found(free[0], "sure", message("a known name"))
            used.add(free[0])
    for column, found in made.columns.items():
        doubled = re.escape(re.sub(r"\s\(\d+\)$", "", found.header)) + r" \(\d+\)"
        again = [header for header in made.unused() if re.fullmatch(doubled, header)]
        if again and column not in given:
            why = message("stands twice in the file, as {other} too", other=again[0])
            made.columns[column] = Found(found.header, "likely", why)
    return made


def _by_layout(made: Proposed, layout: Layout) -> None:
    for column, header in layout.headers.items():
        same = [h for h in made.seen.headers if plain(header) in _bare(h)]
        if same and column not in made.columns:
            made.columns[column] = Found(same[0], "sure", layout.crm)


def likely(made: Proposed, column: str, kinds: Iterable[str]) -> str | None:
    """The header most like the known names of a column; else the only one of its kinds."""
    names = known_tables()[made.table].get(column, {})
    free = made.unused(*kinds)
    scored = [(max(fuzz.WRatio(plain(header), name) for name in names), header) for header in free]
    best = max(scored, default=(0.0, ""))
    if best[0] >= NEAR:
        return best[1]
    return free[0] if len(free) == 1 else None
