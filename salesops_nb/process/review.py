"""The process review of a period: everything its page shows, for the company or a team, a segment or all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from salesops_nb import facts
from salesops_nb.core.periods import Period
from salesops_nb.errors import SalesopsError, problem
from salesops_nb.process import conversion, losses, paths
from salesops_nb.process.bottleneck import bottlenecks
from salesops_nb.process.history import OPEN, Flags, History, read
from salesops_nb.process.pushes import Pushes
from salesops_nb.process.pushes import pushes as pushes_of
from salesops_nb.process.stuck import stuck as stuck_deals
from salesops_nb.process.window import Window, window


@dataclass(frozen=True)
class ProcessReview:
    """What is known of the process in a window that ends with a period.

    Parts are worked out when they are first asked for. `team` is the only one that is shown, ``None`` all;
    teams are compared with each other in either case. `working`, where given, are the days of a stay that
    count.

    Examples
    --------
    >>> from salesops_nb import open_workbook, process
    >>> wb = open_workbook(".")
    >>> found = process.review(wb.tables, wb.period("2017-Q4"), stages=wb.stages)
    >>> found.within.state, found.claims["stage"].iloc[0], len(found.stuck)
    ('teams', 'Proposal', 1082)
    """

    history: History
    tables: Mapping[str, Any]
    period: Period
    within: Window
    team: str | None = None
    segment: str | None = None
    working: np.busdaycalendar | None = None

    @cached_property
    def mine(self) -> Flags:
        """The deals that are shown."""
        if self.team is None:
            return np.ones(len(self.history.deals), bool)
        return (self.history.deals["team"] == self.team).to_numpy()

    @cached_property
    def lately(self) -> Flags:
        """The deals that are shown and closed in the window."""
        closed = self.history.deals["closed"].to_numpy()
        done = (self.history.deals["outcome"] != OPEN).to_numpy()
        return self.mine & done & self.within.inside(closed)

    @cached_property
    def passes(self) -> Flags:
        """The stays that are shown: those that began in the window."""
        made = self.history.passes
        return self.within.inside(made.entered) & self.mine[made.deal]

    @cached_property
    def stints(self) -> conversion.Stints:
        """What became of each deal from its first entry into each stage."""
        return conversion.stints(self.history)

    @cached_property
    def bottlenecks(self) -> pd.DataFrame:
        """`bottlenecks` of the teams that are shown."""
        found = bottlenecks(self.history, self.stints, self.within)
        return found if self.team is None else found[found["team"] == self.team].reset_index(drop=True)

    @property
    def claims(self) -> pd.DataFrame:
        """Those that are claimed."""
        return self.bottlenecks[self.bottlenecks["claimed"].astype(bool)].reset_index(drop=True)

    @cached_property
    def cohorts(self) -> pd.DataFrame:
        """`by_cohort` of the deals that are shown, by quarter of entry."""
        mine = self.stints.where(self.mine[self.stints.deal] & ~self.stints.bulk)
        return conversion.by_cohort(self.history, mine, self.period.calendar)

    @cached_property
    def conversions(self) -> pd.DataFrame:
        """Conversion of each stage in the window: ``stage`` and what `converted` gives."""
        mine = self.mine[self.stints.deal] & ~self.stints.bulk & self.within.inside(self.stints.entered)
        rows = [
            {"stage": name, **conversion.converted(self.stints, mine & (self.stints.stage == at))}
            for at, name in enumerate(self.history.stages)
        ]
        return pd.DataFrame(rows)

    @cached_property
    def times(self) -> pd.DataFrame:
        """`time_in_stage` of the stays that are shown."""
        return conversion.time_in_stage(self.history, self.passes, working=self.working)

    @cached_property
    def staying(self) -> pd.DataFrame:
        """`staying` of the stays that are shown."""
        return conversion.staying(self.history, self.passes, self.working)

    @cached_property
    def flow(self) -> pd.DataFrame:
        """`flow` of the stays that are shown."""
        return paths.flow(self.history, self.passes)

    @cached_property
    def ways(self) -> pd.DataFrame:
        """`commonest` ways of the deals closed in the window."""
        return paths.commonest(self.history, self.lately)

    @cached_property
    def kinds(self) -> pd.DataFrame:
        """`kinds` of ways of the deals closed in the window."""
        return paths.kinds(self.history, self.lately)

    @cached_property
    def pushes(self) -> Pushes:
        """How often each deal was pushed."""
        return pushes_of(self.history, self.tables)

    @cached_property
    def lost(self) -> pd.DataFrame:
        """The deals lost in the window, with their reasons."""
        return losses.lost_deals(self.history, self.tables, self.lately)

    @cached_property
    def stuck(self) -> pd.DataFrame:
        """Open deals beyond the limit of their stage."""
        return stuck_deals(self.history, self.tables, self.mine)


def review(
    tables: Mapping[str, Any],
    period: Period,
    as_of: date | None = None,
    team: str | None = None,
    segment: str | None = None,
    stages: Mapping[str, str] | None = None,
    working: np.busdaycalendar | None = None,
) -> ProcessReview:
    """Review the process as it was known on a day.

    Parameters
    ----------
    tables : with ``deals``; ``stage_history``, ``deal_changes`` (or ``deal_snapshots``), ``people``,
        ``accounts`` where there are any.
    period : the period asked for; the window may reach further back (`window`).
    team, segment : the only ones that are shown; of a segment, teams are compared in it alone.
    stages : the outcome of each stage in the mapping's order.
    working : counts stays in these working days (`Settings.working_days`); calendar days without.

    Raises
    ------
    SalesopsError
        where no deal has a date, or there is no such team or segment.

    Examples
    --------
    >>> from salesops_nb import open_workbook, process
    >>> wb = open_workbook(".")
    >>> found = process.review(wb.tables, wb.period("2017-Q4"), team="Cara Losch", stages=wb.stages)
    >>> int(found.lately.sum()), found.kinds.set_index("kind").loc["went back", "deals"]
    (745, np.int64(44))
    """
    history = read(tables, as_of, stages)
    if segment is not None:
        known = [str(name) for name in history.deals["segment"].cat.categories]
        if segment not in known:
            raise SalesopsError(
                problem("bad-segment", column="segment", value=segment, names=", ".join(sorted(known)))
            )
        history = history.only((history.deals["segment"] == segment).to_numpy())
    if team is not None:
        facts.in_scope(facts.closed_deals(tables, as_of), tables, "team", team)
    return ProcessReview(history, tables, period, window(history, period), team, segment, working)
