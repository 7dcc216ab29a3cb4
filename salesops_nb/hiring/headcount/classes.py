"""Start classes: the plan's hires by the days of the month on which people may start."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from salesops_nb.forecast.learning.inputs import Floats
from salesops_nb.hiring.headcount.flows import steps
from salesops_nb.hiring.planning.plan import HiringPlan

COLUMNS = ["starts_on", "role", "hires"]


def start_classes(plan: HiringPlan, days: Sequence[int] = (1,)) -> pd.DataFrame:
    """How many of the plan's hires to expect in each class.

    Time to fill ends with the first day of work, so that the wait for a class is in it: a start is counted in
    the class that is nearest.

    Parameters
    ----------
    days : of the month, 1 to 28, on which people may start.

    Returns
    -------
    pandas.DataFrame
        starts_on, role and hires in tenths; the last row of a role, without starts_on, is who starts after
        the horizon. The hires of a role sum to its requisitions.

    Examples
    --------
    >>> from salesops_nb import hiring, open_workbook
    >>> plan = hiring.plan(open_workbook(".").tables, 12, confidence=0.6, target=14_000_000, futures=300)
    >>> found = hiring.start_classes(plan, [1])
    >>> sum(found["hires"]) == int(plan.counts.sum()), found["starts_on"].iloc[0].day
    (True, 1)
    """
    known, months = plan.trial.pool.learned, plan.ahead.months
    starts = _allowed(months[0].start, months[-1].end, days)
    edges = [first + (second - first) / 2 for first, second in pairwise(starts)]
    rows: list[tuple[Any, ...]] = []
    for role, row in enumerate(plan.counts):
        if not row.any():
            continue
        expected = np.zeros(len(starts))
        for month, n in zip(months, row, strict=True):
            if n:
                expected += n * _shares(
                    month.start, edges, known.fill.centre, known.fill.spread, known.fill.error
                )
        for day, count in zip([*starts[:-1], None], steps(expected), strict=True):
            if count:
                rows.append((day, known.panel.roles[role], count))
    frame = pd.DataFrame(rows, columns=COLUMNS)
    return frame.sort_values("starts_on", kind="stable", na_position="last", ignore_index=True)


def _allowed(first: date, end: date, days: Sequence[int]) -> list[date]:
    """Start days of the span, and the next one after it, which stands for all later ones."""
    out: list[date] = []
    at = first.replace(day=1)
    while not out or out[-1] < end:
        out += [day for n in sorted(set(days)) if (day := at.replace(day=n)) >= first]
        at = (at + timedelta(days=32)).replace(day=1)
    return out[: next(i for i, day in enumerate(out) if day >= end) + 1]


def _shares(opened: date, edges: list[date], centre: float, spread: float, error: float) -> Floats:
    """The chance that a requisition starts in each class: log-normal days to fill between the edges."""
    passed = np.array([max((edge - opened).days, 0) for edge in edges], dtype=float)
    z = (np.log(np.maximum(passed, 1e-9)) - centre) / max(float(np.hypot(spread, error)), 1e-9)
    below = np.where(passed > 0, stats.norm.cdf(z), 0.0)
    out: Floats = np.diff(below, prepend=0.0, append=1.0)
    return out
