"""The series that alerts are found in: a metric by whole months, of each part of a level."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import narwhals as nw
import numpy as np
from numpy.typing import NDArray

from salesops_nb.alerts.shifts import MOST
from salesops_nb.core.frames import Tables, collected
from salesops_nb.core.periods import FiscalCalendar, Period
from salesops_nb.metrics import LEVELS, Metric, sums

START = 0.2  # of the mean, added before logarithms are taken, so that a month of nothing has one
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Series:
    """A metric of one part, by whole months from the first in which it has any, with both of its sums.

    `value` is NaN in a month without a denominator; `scaled` is on a scale on which chance is alike, of which
    `start` was added before logarithms were taken, nothing where none were.
    """

    who: str
    months: Sequence[Period]
    top: Floats
    bottom: Floats
    value: Floats
    scaled: Floats
    largest: Floats
    start: float = 0.0

    def back(self, scaled: float, at: int = -1) -> float:
        """A point of the scale as the metric's own value, with the denominator of a month."""
        return float(self._unscale(scaled, at))

    def _unscale(self, scaled: float, at: int) -> float:
        raise NotImplementedError


@dataclass(frozen=True)
class _Sum(Series):
    def _unscale(self, scaled: float, at: int) -> float:
        return float(np.exp(np.clip(scaled, -700, 700)) - self.start) if self.start > 0 else scaled


@dataclass(frozen=True)
class _Share(Series):
    def _unscale(self, scaled: float, at: int) -> float:
        n = float(self.bottom[at])
        found = (np.sin(np.clip(scaled, 0, np.pi / 2)) ** 2 * (n + 0.75) - 0.375) / n if n else float("nan")
        return float(np.clip(found, 0, 1))


def whole_months(calendar: FiscalCalendar, first: date, as_of: date) -> list[Period]:
    """The fiscal months that are over by a day, the last `MOST` and a year before; no other month counts."""
    months = calendar.between(first, date.fromordinal(as_of.toordinal() + 1), "month")
    return [month for month in months if month.last <= as_of][-MOST - 12 :]


def series_of(
    facts: nw.LazyFrame[Any],
    metric: Metric,
    level: str,
    months: Sequence[Period],
    history: Mapping[tuple[str, str], Decimal] | None = None,
    who: Sequence[str] = (),
) -> list[Series]:
    """A metric of each part of a level, by month; `history` has sums of earlier months by part and key."""
    column = LEVELS[level]
    rows = sums(facts, months, [column] if column else [])
    rows = rows[rows["cut"] == column]
    parts = sorted(set(rows["part"])) if column else [""]
    found = []
    for part in parts:
        if who and part not in who:
            continue
        mine = rows[rows["part"] == part]
        columns = np.zeros((3, len(months)))
        for span, top, bottom, largest in zip(
            *(mine[n] for n in ("span", "top", "bottom", "largest")), strict=True
        ):
            columns[:, int(span)] = float(top), float(bottom), float(largest)
        for at, month in enumerate(months):
            earlier = (history or {}).get((part or "company", month.key))
            if earlier is not None and not columns[0, at]:
                columns[0, at] = float(earlier)
        seen = np.flatnonzero(columns[:2].any(axis=0))
        if len(seen):
            found.append(_made(part, metric, months[seen[0] :], *columns[:, seen[0] :]))
    return found


def _made(
    who: str, metric: Metric, months: Sequence[Period], top: Floats, bottom: Floats, largest: Floats
) -> Series:
    if metric.denominator is None:
        value, there = top, np.ones(len(top), bool)
    else:
        there = bottom != 0
        value = np.where(there, top / np.where(there, bottom, 1), np.nan)
    if metric.unit == "percent" and (top <= bottom).all() and (top >= 0).all():
        scaled = np.arcsin(np.sqrt((top + 0.375) / (bottom + 0.75)))
        return _Share(who, months, top, bottom, value, _filled(scaled, there), largest)
    mean = float(np.nanmean(value)) if there.any() else 0.0
    start = START * mean if mean > 0 and np.nanmin(value) >= 0 else 0.0
    with np.errstate(divide="ignore", invalid="ignore"):
        scaled = np.log(value + start) if start > 0 else value
    return _Sum(who, months, top, bottom, value, _filled(scaled, there), largest, start)


def _filled(scaled: Floats, there: NDArray[np.bool_]) -> Floats:
    """Months without a value at the middle of the others: they say nothing."""
    return np.where(there, scaled, np.median(scaled[there]) if there.any() else 0.0)


def booked_before(tables: Tables, metric: Metric, level: str) -> dict[tuple[str, str], Decimal]:
    """What a table of earlier bookings says of a metric, by part and month."""
    if "bookings_history" not in tables:
        return {}
    rows = collected(
        tables["bookings_history"].filter((nw.col("metric") == metric.name) & (nw.col("level") == level))
    )
    return {
        (str(who), str(month)): value
        for who, month, value in zip(rows["who"], rows["month"], rows["value"], strict=True)
    }


def first_month(history: Mapping[tuple[str, str], Decimal], calendar: FiscalCalendar, first: date) -> date:
    """The day from which months count: the data's first close, or the first month of earlier bookings."""
    keys = sorted(key for _, key in history)
    return min(first, calendar.period(keys[0]).start) if keys else first
