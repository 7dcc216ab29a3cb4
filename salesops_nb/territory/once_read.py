"""Tables read once for many grounds: another scope, day or norm meets frames that are known.

Tables of a workbook do not change while it is open, so that what hangs on them alone, or on them and a
day, is worked out the first time it is asked for. Owners that the store knows are no table: they do.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from typing import Any, TypeVar

from salesops_nb.frames import once
from salesops_nb.territory.reading import to_pandas

T = TypeVar("T")
LONG = ("deals", "activities")  # tables that are left where they are, and asked for a span of days


class OnceRead(Mapping[str, Any]):
    """Tables of any kind as pandas, each read the first time that it is asked for; long ones as given.

    Whoever takes what is kept must not change it.
    """

    def __init__(self, tables: Mapping[str, Any]) -> None:
        self.given = dict(tables)
        self._known: dict[tuple[Hashable, ...], tuple[Any, int]] = {}

    def __getitem__(self, name: str) -> Any:
        table = self.given[name]
        return table if name in LONG else self.once((name,), lambda: to_pandas(table, name))

    def __contains__(self, name: object) -> bool:
        return name in self.given

    def __iter__(self) -> Iterator[str]:
        return iter(self.given)

    def __len__(self) -> int:
        return len(self.given)

    def once(self, key: tuple[Hashable, ...], make: Callable[[], T], rows: int = 0) -> T:
        """What `make` gives, worked out the first time that `key` is asked for; see `frames.once`."""
        return once(self._known, key, make, rows)

    def beside(self, **tables: Any) -> OnceRead:
        """The same tables with others of those names; nothing that was worked out is shared."""
        return OnceRead({**self.given, **tables})

    def holds(self, tables: Mapping[str, Any]) -> bool:
        """Whether these are the very tables it was made of."""
        return self.given.keys() == tables.keys() and all(self.given[n] is tables[n] for n in tables)


def once_read(tables: Mapping[str, Any]) -> OnceRead:
    """The tables as they are where they are read once already, else to be read once from now on."""
    return tables if isinstance(tables, OnceRead) else OnceRead(tables)
