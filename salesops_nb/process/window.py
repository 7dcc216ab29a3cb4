"""The days that a process review looks at, and whether they have enough deals to compare teams."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from salesops_nb.core.periods import Period
from salesops_nb.facts import UNASSIGNED, UNKNOWN
from salesops_nb.process.history import DAY, Flags, History, Ints, seconds

ENOUGH = 400  # deals of a team that are compared
QUARTERS = 4  # pooled where a period has fewer
DAYS = 365.25 / 4  # of a quarter
State = Literal["teams", "company", "too little"]


@dataclass(frozen=True)
class Window:
    """The days that are looked at, and whether they have enough deals to compare teams.

    `state` is ``teams`` where at least two have `ENOUGH`, ``company`` where all together have, else
    ``too little``. `pooled` says that the quarters before were taken in. `deals` are those that entered a
    stage in the window, by team.

    Examples
    --------
    >>> from salesops_nb import open_workbook, process
    >>> wb = open_workbook(".")
    >>> history = process.read(wb.tables, stages=wb.stages)
    >>> found = process.window(history, wb.period("2017-Q4"))
    >>> found.pooled, int(found.deals["Melvin Marxen"])
    (True, 1924)
    """

    periods: tuple[Period, ...]
    state: State
    deals: pd.Series[int]

    @property
    def pooled(self) -> bool:
        """Whether periods before the one asked for are in it."""
        return len(self.periods) > 1

    @property
    def start(self) -> int:
        """Its first second."""
        return seconds(self.periods[0].start)

    @property
    def end(self) -> int:
        """The second after its last."""
        return seconds(self.periods[-1].end)

    @property
    def quarters(self) -> float:
        """How long it is."""
        return (self.end - self.start) / DAY / DAYS

    def inside(self, at: Ints) -> Flags:
        """Which moments are in it."""
        found: Flags = (at >= self.start) & (at < self.end)
        return found


def window(history: History, period: Period) -> Window:
    """The period, or the four quarters up to its end where it has too few deals for each team.

    Examples
    --------
    A quarter of the demo has 3,500 deals, no team 400 in each; four quarters have them:

    >>> from salesops_nb import open_workbook, process
    >>> wb = open_workbook(".")
    >>> found = process.window(process.read(wb.tables, stages=wb.stages), wb.period("2017-Q4"))
    >>> found.state, [each.key for each in found.periods]
    ('teams', ['2017-Q1', '2017-Q2', '2017-Q3', '2017-Q4'])
    """
    alone = _window(history, (period,))
    if _all_teams(alone):
        return alone
    quarter = period.calendar.containing(period.last, "quarter")
    if period.start < quarter.start:  # longer than a quarter: what it has is all that it is asked for
        return alone
    quarters = [quarter]
    while len(quarters) < QUARTERS:
        quarters.insert(0, quarters[0].previous())
    return _window(history, tuple(quarters))


def _all_teams(found: Window) -> bool:
    return found.state == "teams" and bool((found.deals >= ENOUGH).all())


def _window(history: History, periods: tuple[Period, ...]) -> Window:
    made, first, end = history.passes, seconds(periods[0].start), seconds(periods[-1].end)
    there = np.zeros(len(history.deals), bool)
    there[made.deal[(made.entered >= first) & (made.entered < end)]] = True
    mine = np.flatnonzero(there)
    counts = history.deals["team"].iloc[mine].value_counts()
    counts = counts[(counts > 0) & ~counts.index.isin([UNASSIGNED, UNKNOWN])].sort_index()
    counts.index = counts.index.astype(str)
    return Window(periods, state_of(counts, len(mine)), counts.astype(int))


def state_of(counts: pd.Series[int], deals: int) -> State:
    """Whether there are teams to compare, by the deals of each; else whether all deals say something.

    Examples
    --------
    >>> import pandas as pd
    >>> from salesops_nb.process.window import state_of
    >>> [state_of(pd.Series([n] * 6), 6 * n) for n in (1_000, 150, 50)]
    ['teams', 'company', 'too little']
    """
    if int((counts >= ENOUGH).sum()) >= 2:
        return "teams"
    return "company" if deals >= ENOUGH else "too little"
