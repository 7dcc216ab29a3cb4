"""The pipeline that a quarter's target needs on its first day, by source of the deals.

Part of a quarter's bookings is open already on day one, the rest is created within the quarter. Of what was
open on
day one a part was won by the quarter's end: the target times the first, over the second, is what must be
open. Both are counted from the deals' own days, over the complete quarters that the data cover.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from salesops_nb.core.frames import Tables
from salesops_nb.core.money import from_float
from salesops_nb.core.periods import FiscalCalendar, Period
from salesops_nb.core.statistics.proportions import exact_interval
from salesops_nb.forecast.learning import reading
from salesops_nb.forecast.learning.inputs import horizon_start
from salesops_nb.hiring.headcount.flows import Quarters
from salesops_nb.hiring.planning.plan import HiringPlan

FEWEST_QUARTERS = 3
FEWEST_WON = 20  # of a source: with fewer it is among the others
SETTLED = timedelta(
    days=90
)  # after the first creation date: before, what was open on day one is not all there
OTHERS = "other sources"
COLUMNS = ["source", "open_before", "won_before", "rate", "rate_low", "rate_high", "share", "average_deal",
           "open_now"]  # fmt: skip


@dataclass(frozen=True)
class DayOne:
    """What is to be open on the first day of each quarter.

    Attributes
    ----------
    sources : a row a source: open_before and won_before (deals that were open on a day one, and those of
        them won in that quarter), rate (the second over the first) with its 80 % interval, share (of all
        bookings of the quarters), average_deal, and open_now (deals open today, where the next quarter
        begins tomorrow).
    needed : a row a quarter to come and source: quarter, source, deals, deals_low, deals_high and value
    (major
        units): target × share ÷ rate.
    quarters : how many quarters of history this rests on; with fewer than three both frames are empty.
    share, lowest, highest : of a quarter's bookings that was open on day one: over all, in the least and in
        the greatest quarter.

    Examples
    --------
    What is needed of a source is the target times its share, over the part of its open deals that is won:

    >>> from salesops_nb import hiring, open_workbook
    >>> book = open_workbook(".")
    >>> plan = hiring.plan(book.tables, 12, confidence=0.6, target=14_000_000, futures=300)
    >>> found = hiring.day_one(plan, book.calendar)
    >>> website = found.sources.iloc[0]
    >>> asked = plan.ahead.target[:3].sum() * website["share"] / website["rate"]
    >>> bool(abs(float(found.needed["value"].iloc[0]) - asked) < 0.01)
    True
    """

    sources: pd.DataFrame
    needed: pd.DataFrame
    quarters: int
    share: float
    lowest: float
    highest: float


def day_one(plan: HiringPlan, calendar: FiscalCalendar) -> DayOne | None:
    """The pipeline needed on day one of each quarter of the horizon with a target, by source.

    ``None`` where deals carry no source or no creation date.

    Examples
    --------
    >>> from salesops_nb import hiring, open_workbook
    >>> book = open_workbook(".")
    >>> plan = hiring.plan(book.tables, 12, confidence=0.6, target=14_000_000, futures=300)
    >>> found = hiring.day_one(plan, book.calendar)
    >>> found.quarters, list(found.needed["quarter"].unique())
    (3, ['2018-Q1', '2018-Q2', '2018-Q3', '2018-Q4'])
    """
    rows = _deals(plan)
    if rows is None:
        return None
    known = plan.trial.pool.learned
    start = horizon_start(known.panel)
    history = [each for each in map(partial(_quarter, rows), _quarters(rows, calendar, start)) if each[1] > 0]
    if len(history) < FEWEST_QUARTERS:
        nothing = pd.DataFrame(columns=COLUMNS), pd.DataFrame(columns=["quarter", "source"])
        return DayOne(*nothing, len(history), np.nan, np.nan, np.nan)
    booked = np.array([total for _, total in history])
    before = pd.concat([frame for frame, _ in history])
    shares = np.array([frame["amount"].sum() for frame, _ in history]) / booked
    sums = before.groupby("source")[["open", "won", "amount"]].sum()
    named = np.where(sums["won"] >= FEWEST_WON, sums.index, OTHERS)
    sums = sums.groupby(named).sum()
    sources = _sources(sums[sums["won"] > 0], float(booked.sum()), known.panel.currency)
    opened_now = rows[rows["open"] & (rows["created"] < pd.Timestamp(start))]["source"]
    label = opened_now.where(opened_now.isin(set(sources["source"])), OTHERS).value_counts()
    next_is_first = calendar.containing(start, "quarter").start == start
    sources["open_now"] = [int(label.get(name, 0)) if next_is_first else None for name in sources["source"]]
    return DayOne(
        sources, _needed(plan, sources, known.panel.currency), len(history),
        float(before["amount"].sum() / booked.sum()), float(shares.min()), float(shares.max()),
    )  # fmt: skip


def _deals(plan: HiringPlan) -> pd.DataFrame | None:
    """Deals with a creation date: source, created, closed, open, won and amount."""
    deals = Tables.of(plan.tables).get("deals")
    if deals is None or not {"source", "created_on", "closed_on"} <= set(deals.collect_schema().names()):
        return None
    rows = reading.pandas_of(
        deals.filter(~nw.col("created_on").is_null()).select(
            nw.col("source").cast(nw.String),
            nw.col("outcome").cast(nw.String),
            nw.col("amount").cast(nw.Float64),
            nw.col("created_on").cast(nw.Date).alias("created"),
            nw.col("closed_on").cast(nw.Date).alias("closed"),
        )
    )
    if rows.empty or not rows["source"].notna().any():
        return None
    for name in ("created", "closed"):
        rows[name] = pd.to_datetime(rows[name]).astype("datetime64[us]")
    outcome = rows["outcome"].astype("string")
    source = rows["source"].astype("string").fillna(OTHERS).astype(str)
    return rows.assign(
        source=source, open=outcome == "open", won=outcome == "won", amount=rows["amount"].fillna(0.0)
    )


def _quarters(rows: pd.DataFrame, calendar: FiscalCalendar, end: date) -> list[Period]:
    """The complete quarters on whose first day the data know what was open."""
    first = max(rows["created"].min().date() + SETTLED, rows["closed"].min().date())
    quarter = calendar.containing(first, "quarter")
    found = []
    while quarter.end <= end:
        if quarter.start >= first:
            found.append(quarter)
        quarter = quarter.next()
    return found


def _quarter(rows: pd.DataFrame, quarter: Period) -> tuple[pd.DataFrame, float]:
    """Deals open on day one, those of them won and their bookings, by source; and all that was booked."""
    start, end = pd.Timestamp(quarter.start), pd.Timestamp(quarter.end)
    won = rows["won"] & (rows["closed"] >= start) & (rows["closed"] < end)
    there = (rows["created"] < start) & (rows["open"] | (rows["closed"] >= start))
    both = won & there
    frame = pd.DataFrame({"source": rows["source"], "open": there, "won": both,
                          "amount": rows["amount"].where(both, 0.0)})  # fmt: skip
    return frame.groupby("source", as_index=False).sum(), float(rows["amount"][won].sum())


def _sources(sums: pd.DataFrame, booked: float, currency: str) -> pd.DataFrame:
    rows: list[tuple[Any, ...]] = []
    for name, row in sums.sort_values("amount", ascending=False).iterrows():
        opened, won = int(row["open"]), int(row["won"])
        low, high = exact_interval(won, opened, 0.8)
        rows.append((str(name), opened, won, won / opened, low, high, float(row["amount"]) / booked,
                     from_float(float(row["amount"]) / won, currency), None))  # fmt: skip
    return pd.DataFrame(rows, columns=COLUMNS)


def _needed(plan: HiringPlan, sources: pd.DataFrame, currency: str) -> pd.DataFrame:
    months = plan.ahead.months
    quarters = Quarters.touched(months)
    targets = dict(zip(quarters.keys, quarters.sums(plan.ahead.target), strict=True))
    whole = [key for key in quarters.keys if sum(quarters.of == quarters.keys.index(key)) == 3]
    rows: list[tuple[Any, ...]] = []
    for key in whole:
        for row in reading.records(sources):
            value = float(targets[key]) * row.share / row.rate
            if np.isnan(value):
                continue
            deals = value / float(row.average_deal)
            low, high = (deals * row.rate / end for end in (row.rate_high, row.rate_low))
            rows.append((key, row.source, deals, low, high, from_float(value, currency)))
    return pd.DataFrame(rows, columns=["quarter", "source", "deals", "deals_low", "deals_high", "value"])
