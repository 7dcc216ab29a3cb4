"""The one memo: what was worked out before, found again while an analyst goes to and fro."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

T = TypeVar("T")
Key = tuple[Hashable, ...]
MOST_ROWS = 5_000_000  # of the results in a memo
LEAST = 1_000  # rows that a result counts for at least: what has none takes memory too


class Memo:
    """What was worked out before, by all that it follows from; the results used longest ago go first.

    Nothing stays of work that raises, or is stopped. Threads may share it: at worst two work out the same.
    Whoever takes a result must not change it.
    """

    def __init__(self) -> None:
        self._known: dict[Key, tuple[Any, int]] = {}
        self._rows = 0
        self._lock = threading.Lock()

    def __reduce__(self) -> tuple[type[Memo], tuple[()]]:
        return Memo, ()  # what travels to another process, or is hashed, goes without results

    def once(self, key: Key, make: Callable[[], T], rows: int | Callable[[T], int] = 0) -> T:
        """What `make` gives, worked out the first time that `key` is asked for.

        The key begins with the room that asks and names everything that the result follows from. `rows` is
        about how many rows it holds, or gives that of the result; `MOST_ROWS` is most of all of them.
        """
        found = self.get(key)
        return self.put(key, make(), rows) if found is None else found[0]

    def get(self, key: Key) -> tuple[Any] | None:
        """The result of that key in a tuple, ``None`` where there is none."""
        with self._lock:
            if key not in self._known:
                return None
            self._known[key] = found = self._known.pop(key)  # the last that goes
            return (found[0],)

    def put(self, key: Key, value: T, rows: int | Callable[[T], int] = 0) -> T:
        """Take a result in, and give it back."""
        size = max(rows(value) if callable(rows) else rows, LEAST)
        with self._lock:
            self._rows += size - self._known.pop(key, (None, 0))[1]
            while self._known and self._rows > MOST_ROWS:
                self._rows -= self._known.pop(next(iter(self._known)))[1]
            self._known[key] = value, size
        return value

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._known.clear()
            self._rows = 0
