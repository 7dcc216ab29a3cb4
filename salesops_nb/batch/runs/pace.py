"""How long the rest of a run takes, by what has been done of it."""

from __future__ import annotations

import time
from collections.abc import Callable

from salesops_nb.batch.runs.folder import Record


class Pace:
    """Counts the reports that had to be made: those taken over from an earlier run take no time.

    Examples
    --------
    >>> from salesops_nb.batch.runs.pace import Pace
    >>> now = iter([0.0, 10.0])
    >>> pace = Pace(21, clock=lambda: next(now))
    >>> pace.begin(); pace.end({"status": "ok", "tries": 1}); pace.words()
    'about 3 min left'
    """

    def __init__(self, total: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._left, self._made, self._clock = total, 0, clock
        self._begun: float | None = None

    def begin(self) -> None:
        """A report begins to be made."""
        if self._begun is None:
            self._begun = self._clock()

    def end(self, record: Record) -> None:
        """A report is there, made or taken over."""
        self._left -= 1
        self._made += bool(record.get("tries"))

    def words(self) -> str:
        """The time left in words; empty before the first report is made, and after the last."""
        if not (self._made and self._left and self._begun is not None):
            return ""
        seconds = (self._clock() - self._begun) / self._made * self._left
        if seconds < 50:
            return f"about {max(10, round(seconds / 10) * 10)} s left"
        return f"about {max(1, round(seconds / 60))} min left"
