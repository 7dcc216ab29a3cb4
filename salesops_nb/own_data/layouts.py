"""The layouts that are known: the built-in mappings' headers, and others that stand in ``names.yml``."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from salesops_nb.core.yaml_file import read_yaml
from salesops_nb.source.columns.headers import plain
from salesops_nb.source.schema.contracts import CONTRACTS
from salesops_nb.source.schema.mapping import BUILT_IN, built_in_names

OUTCOMES = ("open", "won", "lost")


@dataclass(frozen=True, slots=True)
class Layout:
    """One table as one CRM exports it: its headers by our columns, and its mapping's other keys."""

    crm: str
    table: str
    needed: dict[str, str]
    headers: dict[str, str]
    rest: dict[str, Any]

    def found(self, headers: set[str]) -> int:
        """How many of its headers, compared plainly, are among these."""
        return len({plain(header) for header in self.headers.values()} & headers)


@lru_cache(maxsize=1)
def known() -> dict[str, Any]:
    """The contents of ``names.yml``."""
    contents: dict[str, Any] = read_yaml(Path(__file__).with_name("names.yml"))
    return contents


@lru_cache(maxsize=1)
def layouts() -> tuple[Layout, ...]:
    """Every table of every built-in mapping."""
    found = []
    for crm in built_in_names():
        for table, mapping in read_yaml(BUILT_IN / f"{crm}.yml")["tables"].items():
            needed = mapping.get("columns", {})
            rest = {
                key: value
                for key, value in mapping.items()
                if key not in ("file", "optional", "columns", "if_present")
            }
            headers = {**mapping.get("if_present", {}), **needed}
            found.append(Layout(crm, table, needed, headers, rest))
    return tuple(found)


def layout_of(headers: list[str]) -> Layout | None:
    """The layout that the headers are of: nearly all that it needs is there, and more than of any other.

    Examples
    --------
    >>> from salesops_nb.own_data.layouts import layout_of
    >>> layout_of(["Deal - ID", "Deal - Owner", "Deal - Stage", "Deal - Status", "Deal - Value"]) is None
    True
    """
    there = {plain(header) for header in headers}

    def missing(layout: Layout) -> int:
        return len({plain(header) for header in layout.needed.values()} - there)

    fits = [layout for layout in layouts() if missing(layout) <= 1 and layout.found(there) >= 4]
    return max(fits, key=lambda layout: (layout.found(there), -missing(layout)), default=None)


@lru_cache(maxsize=1)
def known_tables() -> dict[str, dict[str, dict[str, int]]]:
    """By table and our column, the plain headers that mean it, the likeliest first."""
    found: dict[str, dict[str, dict[str, int]]] = {}
    for table, entry in known().items():
        if table not in CONTRACTS:
            continue
        columns = {
            column: {plain(header): 0 for header in [*headers, column]}
            for column, headers in entry["columns"].items()
        }
        for layout in layouts():
            if layout.table == table:
                for column, header in layout.headers.items():
                    columns.setdefault(column, {}).setdefault(plain(header), 0)
        found[table] = {
            column: {header: at for at, header in enumerate(headers)} for column, headers in columns.items()
        }
    return found


@lru_cache(maxsize=1)
def every_header() -> tuple[str, ...]:
    """Every header that is known, by which the row of headers is found in a file."""
    named = [header for layout in layouts() for header in layout.headers.values()]
    for table, entry in known().items():
        if table in CONTRACTS:
            named += [header for headers in entry["columns"].values() for header in headers]
    return tuple(dict.fromkeys([*named, *known()["converted"]]))


@lru_cache(maxsize=1)
def _outcomes() -> dict[str, str]:
    stock = {plain(s): o for each in layouts() for s, o in each.rest.get("stages", {}).items()}
    own = {plain(str(word)): outcome for outcome, words in known()["outcomes"].items() for word in words}
    return stock | own


def outcome_of(stage: str) -> str | None:
    """What became of a deal in a stage of that name; ``None`` where the name does not say.

    Examples
    --------
    >>> from salesops_nb.own_data.layouts import outcome_of
    >>> outcome_of("Closed Won"), outcome_of("verloren"), outcome_of("Phase 3")
    ('won', 'lost', None)
    """
    return _outcomes().get(plain(stage))


def kind_of_amount(header: str) -> str | None:
    """acv, tcv or arr where an amount's header says so."""
    for kind, names in known()["amounts"].items():
        if plain(header) in {plain(name) for name in names}:
            return str(kind)
    return None


def is_converted(header: str) -> bool:
    """Whether a column of that header has amounts in the company's one currency."""
    return plain(header) in {plain(name) for name in known()["converted"]}
