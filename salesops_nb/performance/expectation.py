"""What was expected: targets of a period, and the share of them due by a day of it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

import narwhals as nw
import numpy as np
import pandas as pd
from scipy import special

from salesops_nb.core.frames import Tables, collected
from salesops_nb.core.periods import FORM, FiscalCalendar, Period
from salesops_nb.core.statistics import Interval
from salesops_nb.messages import Message, message

METRIC = "bookings"
SO_FEW = 0.3  # variance of a share beside its square, as three deals of a size give it


def target_rows(tables: Tables) -> pd.DataFrame:
    """The bookings targets there are: ``level, who, period, value``, several for the same added up."""
    if "targets" not in tables:
        return pd.DataFrame(columns=["level", "who", "period", "value"])
    chosen = tables["targets"].filter(nw.col("metric") == METRIC)
    return collected(chosen.group_by("level", "who", "period").agg(value=nw.col("value").sum()))


def targets(rows: pd.DataFrame, period: Period, level: str) -> dict[str, Decimal]:
    """Bookings targets of a period by who, at one level; empty where there are none.

    A target set for the very period counts; otherwise those of months, else quarters, else years that lie
    wholly within it are added up, where together they are the whole period. `rows` are those of
    `target_rows`.
    """
    by_who = _by_who(rows, level)
    parts = _parts(by_who, period)
    found = {who: _of_period(values, period, parts) for who, values in by_who.items()}
    return {who: value for who, value in sorted(found.items()) if value is not None}


def partly_targeted(rows: pd.DataFrame, period: Period, level: str, who: str | None) -> bool:
    """Whether bookings targets of whoever this is touch the period and do not make up the whole of it."""
    by_who = {name: values for name, values in _by_who(rows, level).items() if who in (None, name)}
    parts = _parts(by_who, period)
    touching = {part.key for part in parts if part.start < period.end and period.start < part.end}
    touched = [values for values in by_who.values() if touching & set(values)]
    return bool(touched) and all(_of_period(values, period, parts) is None for values in touched)


def _by_who(rows: pd.DataFrame, level: str) -> dict[str, dict[str, Decimal]]:
    rows = rows[rows["level"] == level]
    by_who: dict[str, dict[str, Decimal]] = {}
    for who, key, value in zip(rows["who"], rows["period"], rows["value"], strict=True):
        by_who.setdefault(who, {})[key] = value
    return by_who


def _parts(by_who: Mapping[str, Mapping[str, Decimal]], period: Period) -> list[Period]:
    """The years, quarters and months of the period's own calendar that have targets, the last first."""
    keys = {key for values in by_who.values() for key in values if FORM.fullmatch(key)}
    own = [key for key in keys if key.startswith("cal:") == bool(period.calendar.prefix)]
    return sorted(map(period.calendar.period, own), key=lambda part: (part.start, part.days), reverse=True)


def _of_period(values: Mapping[str, Decimal], period: Period, parts: Sequence[Period]) -> Decimal | None:
    if period.key in values:
        return values[period.key]
    # what follows from each first day to the period's end; of parts that begin on a day the shortest counts
    sums = {period.end: Decimal(0)}
    for part in parts:
        if part.key in values and part.end in sums and part.start >= period.start:
            sums[part.start] = values[part.key] + sums[part.end]
    return sums.get(period.start)


class Pace(NamedTuple):
    """The share of a period's bookings expected by a day, and the earlier periods it was learned from.

    A period that ends on its target is, by that day, at `low` to `high` of what is expected in nine of ten
    cases; NaN where nothing tells how far.
    """

    share: float
    learned_from: tuple[str, ...]
    low: float = float("nan")
    high: float = float("nan")

    @property
    def said(self) -> Message:
        """How it was found, in a few words."""
        if self.learned_from:
            return message("from the shape of {periods}", periods=", ".join(self.learned_from))
        return message("by days elapsed, as there is no earlier whole period")


def pace(daily: pd.DataFrame, period: Period, as_of: date, data_from: date) -> Pace:
    """How much of a period's bookings is usual by the end of `as_of`.

    The mean, over up to eight earlier whole periods of its kind, of the share booked by the same
    fraction of the period's days; by days elapsed where there is none. How far a period strays from it is
    learned from how far these differ (a t interval of their logarithms), where they are three or more; of
    fewer, from the number and sizes of deals alone. `daily` is what `cube.daily_bookings` gives.
    """
    elapsed = min((as_of - period.start).days + 1, period.days)
    if elapsed >= period.days:
        return Pace(1.0, ())
    if elapsed <= 0:
        return Pace(0.0, ())
    shares, lumps = [], []
    keys: list[str] = []
    earlier = period.previous()
    while earlier.start >= _first_of(period.calendar, data_from) and len(keys) < 8:
        cut = earlier.start + timedelta(days=round(elapsed * earlier.days / period.days))
        inside = daily[(daily["closed_on"] >= earlier.start) & (daily["closed_on"] < earlier.end)]
        whole = sum(inside["value"], Decimal(0))
        if whole > 0:
            shares.append(float(sum(inside.loc[inside["closed_on"] < cut, "value"], Decimal(0)) / whole))
            keys.append(earlier.key)
            lumps.append(float(inside["squares"].sum()) / float(whole) ** 2)
        earlier = earlier.previous()
    share = float(np.mean(shares)) if shares else elapsed / period.days
    return Pace(share, tuple(keys), *_usual(shares, share, _lumps(daily, period, as_of, share, lumps)))


def _lumps(daily: pd.DataFrame, period: Period, as_of: date, share: float, earlier: list[float]) -> float:
    """The variance that deals of their sizes, coming by chance, give a share, beside its square."""
    if earlier:
        return float(np.mean(earlier)) * (1 - share) / share if share > 0 else float("nan")
    so_far = daily[(daily["closed_on"] >= period.start) & (daily["closed_on"] <= as_of)]
    value = float(sum(so_far["value"], Decimal(0)))
    return float(so_far["squares"].sum()) / value**2 if value > 0 else float("nan")


def _usual(shares: list[float], share: float, lumps: float, confidence: float = 0.9) -> Interval:
    """What share of the expected is usual on the way to a target that is met."""
    n, tail = len(shares), (1 - confidence) / 2
    if n >= 3 and min(shares) > 0:
        logs = np.log(shares)
        spread = max(float(logs.var(ddof=1)), 1e-9)
        middle, reach = float(logs.mean()) - math.log(share), float(special.stdtrit(n - 1, 1 - tail))
    else:
        spread, middle, reach = float(np.log1p(lumps)), 0.0, float(special.ndtri(1 - tail))
    far = reach * math.sqrt(spread * (1 + 1 / n)) if n else reach * math.sqrt(spread)
    low = 0.0 if lumps > SO_FEW else math.exp(middle - far)  # of a deal or three there may be none yet
    return Interval(low, math.exp(middle + far))


def _first_of(calendar: FiscalCalendar, data_from: date) -> date:
    """The first day of the month in which the data begin: closes on its first days may be missing."""
    return calendar.containing(data_from, "month").start


def covered(period: Period, data_from: date, as_of: date) -> tuple[int, int]:
    """Days of the period that the data cover, and all its days.

    The data are taken to begin with the month of the first close.
    """
    first = max(period.start, _first_of(period.calendar, data_from))
    last = min(period.last, as_of)
    return max(0, (last - first).days + 1), period.days
