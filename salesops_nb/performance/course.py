"""The latest periods of each team or rep, as a small line beside a name needs them."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import narwhals as nw

from salesops_nb.core.frames import collected
from salesops_nb.core.periods import Period

LATEST = 6  # periods


def latest(period: Period) -> list[Period]:
    """The period and those of its kind before it, the earliest first; of a span, months up to its end."""
    last = period if period.kind != "span" else period.calendar.containing(period.last, "month")
    found = [last]
    while len(found) < LATEST:
        found.insert(0, found[0].previous())
    return found


def courses(facts: nw.LazyFrame[Any], key: str, periods: Sequence[Period]) -> dict[str, list[Decimal]]:
    """Bookings of each group of the column `key`, one a period; nought where nothing was won.

    Examples
    --------
    >>> from salesops_nb import facts, open_workbook
    >>> from salesops_nb.performance.course import courses, latest
    >>> wb = open_workbook(".")
    >>> periods = latest(wb.calendar.period("2017-Q4"))[-2:]
    >>> found = courses(facts.closed_deals(wb.tables), "team", periods)
    >>> [int(amount) for amount in found["Cara Losch"]]
    [330820, 311148]
    """
    won = facts.filter(nw.col("outcome") == "won", nw.col("closed_on") >= periods[0].start)
    rows = collected(won.group_by(key, "closed_on").agg(value=nw.col("value").sum()))
    found: dict[str, list[Decimal]] = {}
    for group, day, value in zip(rows[key], rows["closed_on"], rows["value"], strict=True):
        for at, period in enumerate(periods):
            if day in period:
                found.setdefault(group, [Decimal(0)] * len(periods))[at] += value
    return found
