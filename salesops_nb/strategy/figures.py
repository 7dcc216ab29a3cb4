"""What the data say of a claim: the figure, its interval and how many deals it rests on."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
from scipy import special, stats

from salesops_nb import process
from salesops_nb.core.frames import Tables
from salesops_nb.core.periods import FiscalCalendar, months_later
from salesops_nb.core.statistics import wilson
from salesops_nb.strategy.deals import Deals
from salesops_nb.strategy.versions import RATES, Claim

CONFIDENCE = 0.9
MONTHS = 12  # up to the day, of which a claim is measured
FEWEST = 30  # deals of a mean, and ten of each outcome of a rate, below which nothing is said
OUTCOMES = 10


@dataclass(frozen=True)
class Figure:
    """A figure of the data with its 90 % interval, from `n` deals; missing (NaN) where there are none.

    `error` is its standard error; `weight` of a rate the number of trials that it is worth, which is `n`
    where none is censored.
    """

    value: float
    low: float
    high: float
    n: int
    error: float
    weight: float = 0.0

    @property
    def known(self) -> bool:
        """Whether there is one."""
        return not math.isnan(self.value)


NOTHING = Figure(math.nan, math.nan, math.nan, 0, math.nan)


def months_before(day: date, months: int) -> date:
    """The day so many months before the one after `day`: the first of a span of whole months that ends with
    it."""
    return months_later(day + timedelta(days=1), -months)


def figure(
    claim: Claim,
    deals: Deals,
    tables: Mapping[str, Any],
    calendar: FiscalCalendar,
    stages: Mapping[str, str],
    day: date | None = None,
    months: int = MONTHS,
) -> Figure:
    """The figure that a claim is about, of the deals closed in the months up to a day.

    A win rate is won ÷ (won + lost), a size the mean amount of a won deal, a cycle the mean days from
    created to won, as the performance review has them. A mix is the segment's share of bookings (the error
    of a ratio of sums by linearisation, Cochran 1977, 2.11), an ideal customer the share of the segment's
    won deals that are of ideal accounts. A stage rate is of the deals that entered the stage in those
    months, followed to their end (Aalen–Johansen), never a ratio of counts of different deals.

    Examples
    --------
    >>> from salesops_nb import open_workbook, strategy
    >>> wb = open_workbook(".")
    >>> model = strategy.load(wb.folder, wb.settings).in_force(wb.data_through).sales_model
    >>> deals = strategy.read_deals(wb.tables, model)
    >>> found = strategy.figure(model.claims[0], deals, wb.tables, wb.calendar, wb.stages)
    >>> model.claims[0].metric, round(found.value, 3), round(found.low, 3), round(found.high, 3), found.n
    ('win_rate', 0.632, 0.622, 0.641, 6711)
    """
    day = day or deals.as_of
    first, end = months_before(day, months), day + timedelta(days=1)
    if claim.metric == "stage_rate":
        return _stage_rate(claim, deals, tables, stages, first, end)
    if claim.segment and claim.segment not in deals.segments:
        return NOTHING
    closed = (deals if claim.metric == "mix" else deals.of(claim.segment)).closed_in(first, end)
    won = closed[closed["won"]]
    if claim.metric == "win_rate":
        return _share(len(won), len(closed))
    if claim.metric == "ideal_customer":
        return _share(int(won["ideal"].sum()), len(won))
    if claim.metric == "mix":
        return _mix(won[won["place"] >= 0], deals.segments.index(claim.segment))
    column = won.loc[won["priced"], "value"] if claim.metric == "average_deal" else won["days"].dropna()
    return mean_of(column.to_numpy(dtype=float))


def _share(part: int, n: int) -> Figure:
    if not n:
        return NOTHING
    rate = part / n
    low, high = wilson(part, n, CONFIDENCE)
    return Figure(rate, low, high, n, math.sqrt(rate * (1 - rate) / n), float(n))


def mean_of(values: np.ndarray[Any, Any]) -> Figure:
    """The mean of values with Student's interval; no interval of fewer than two."""
    n = len(values)
    if not n:
        return NOTHING
    mean = float(values.mean())
    if n < 2:
        return Figure(mean, math.nan, math.nan, n, math.nan)
    error = float(values.std(ddof=1)) / math.sqrt(n)
    reach = float(stats.t.ppf(0.5 + CONFIDENCE / 2, n - 1)) * error
    return Figure(mean, mean - reach, mean + reach, n, error)


def _mix(won: pd.DataFrame, place: int) -> Figure:
    values, mine = won["value"].to_numpy(dtype=float), (won["place"] == place).to_numpy()
    total = float(values.sum())
    if not total > 0:
        return NOTHING
    share = float(values[mine].sum()) / total
    error = math.sqrt(float(np.sum((values * (mine - share)) ** 2))) / total
    if not error > 0:
        return Figure(share, 0.0, 1.0, len(won), error)
    weight = share * (1 - share) / error**2
    reach = special.ndtri(0.5 + CONFIDENCE / 2) * error
    return Figure(share, max(share - reach, 0.0), min(share + reach, 1.0), len(won), error, weight)


def _stage_rate(
    claim: Claim, deals: Deals, tables: Mapping[str, Any], stages: Mapping[str, str], first: date, end: date
) -> Figure:
    from salesops_nb.process.history import seconds

    tables = Tables.of(tables)
    if "stage_history" not in tables:
        return NOTHING
    history = process.read(tables, deals.as_of, stages)
    if claim.stage not in history.stages:
        return NOTHING
    found = tables.once(("strategy", "stints", deals.as_of), lambda: process.stints(history), _of_stints)
    mine = (found.stage == history.stages.index(claim.stage)) & (found.entered >= seconds(first))
    mine &= found.entered < seconds(end)
    if claim.segment:
        if claim.segment not in deals.segments:
            return NOTHING
        inside = set(deals.of(claim.segment).frame["deal_id"])
        mine &= history.deals["deal_id"].isin(inside).to_numpy()[found.deal]
    if not mine.any():
        return NOTHING
    said: Any = process.converted(found, mine, CONFIDENCE)
    rate, low, high, n = (said[name] for name in ("conversion", "low", "high", "entered"))
    if math.isnan(rate):  # too many are undecided yet
        return Figure(math.nan, math.nan, math.nan, int(n), math.nan)
    error = (high - low) / (2 * float(special.ndtri(0.5 + CONFIDENCE / 2)))
    weight = rate * (1 - rate) / error**2 if error > 0 else float(n)
    return Figure(float(rate), float(low), float(high), int(n), error, min(weight, float(n)) or float(n))


def _of_stints(found: process.Stints) -> int:
    return len(found.deal)


def enough(claim: Claim, found: Figure) -> bool:
    """Whether a figure rests on enough deals to say anything of the claim."""
    if not found.known:
        return False
    if claim.metric not in RATES:
        return found.n >= FEWEST and found.error > 0
    return found.weight * claim.value * (1 - claim.value) >= OUTCOMES or (
        claim.value == 1 and found.n >= FEWEST
    )
