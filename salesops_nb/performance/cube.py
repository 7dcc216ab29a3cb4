"""The review's sums, each one scan of the facts: what leaves the engine is small."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import narwhals as nw
import pandas as pd

from salesops_nb.frames import collected
from salesops_nb.periods import Period


def closed(facts: nw.LazyFrame[Any], start: date, end: date, *by: str) -> pd.DataFrame:
    """Deals closed in [start, end): per group and outcome, their number and sums.

    ``deals`` counts, ``value`` and ``list_value`` sum the money, ``estimated`` is the part
    of it valued at list price.
    """
    inside = facts.filter(
        nw.col("outcome") != "open", nw.col("closed_on") >= start, nw.col("closed_on") < end
    )
    return collected(_summed(inside, *by, "outcome"))


def opened(facts: nw.LazyFrame[Any], period: Period, stale_before: date | None, *by: str) -> pd.DataFrame:
    """Open deals: sums per group, and whether ``stale`` (created before that day) and ``due``."""
    due = (nw.col("expected_close_on") >= period.start) & (nw.col("expected_close_on") < period.end)
    stale = nw.lit(False) if stale_before is None else nw.col("created_on") < stale_before
    still = facts.filter(nw.col("outcome") == "open").with_columns(
        due=due.fill_null(False), stale=stale.fill_null(False)
    )
    return collected(_summed(still, *by, "stale", "due"))


def _summed(frame: nw.LazyFrame[Any], *by: str) -> nw.LazyFrame[Any]:
    return frame.group_by(*by).agg(
        deals=nw.len(),
        priced=nw.col("priced").cast(nw.Int64()).sum(),
        value=nw.col("value").sum(),
        list_value=nw.col("list_value").sum(),
        estimated=nw.when(nw.col("estimated")).then(nw.col("value")).otherwise(nw.lit(0)).sum(),
    )


def daily_bookings(facts: nw.LazyFrame[Any]) -> pd.DataFrame:
    """Won value by ``closed_on``, in order of days."""
    won = facts.filter(nw.col("outcome") == "won")
    return collected(won.group_by("closed_on").agg(value=nw.col("value").sum()).sort("closed_on"))


def ages(facts: nw.LazyFrame[Any], as_of: date, *by: str) -> pd.DataFrame:
    """Days from creation to closing, or to `as_of` where still open: ``days``, ``outcome``, ``deals``.

    Deals without a creation date, and those whose dates contradict each other, are left out.
    """
    known = facts.filter(~nw.col("created_on").is_null(), nw.col("ok_cycle_time").fill_null(True))
    # a difference of dates is a number on one engine and a duration on another; of moments, always a duration
    last = nw.when(nw.col("outcome") == "open").then(nw.lit(as_of)).otherwise(nw.col("closed_on"))
    ended = last.fill_null(nw.lit(as_of)).cast(nw.Datetime())
    lasted = (ended - nw.col("created_on").cast(nw.Datetime())).dt.total_minutes() // 1440
    known = known.with_columns(days=lasted.cast(nw.Int64()))
    return collected(known.group_by(*by, "days", "outcome").agg(deals=nw.len()))


def decided_values(
    facts: nw.LazyFrame[Any], period: Period, upto: date, measure: str, fine: bool, *by: str
) -> pd.DataFrame:
    """How many deals were decided at each amount of `measure`: per group, ``outcome``, ``amount``, ``deals``.

    Where not `fine`, amounts keep two significant digits: enough for an interval, and far fewer rows.
    """
    inside = facts.filter(
        nw.col("outcome") != "open", nw.col("closed_on") >= period.start, nw.col("closed_on") < upto
    )
    amount = nw.col(measure).cast(nw.Float64())
    if not fine:
        step = nw.lit(10.0) ** ((amount.abs() + 1).log(10).floor() - 1)
        amount = (amount / step).round(0) * step
    return collected(
        inside.with_columns(amount=amount).group_by(*by, "outcome", "amount").agg(deals=nw.len())
    )


def span(facts: nw.LazyFrame[Any]) -> tuple[date | None, date | None, int]:
    """First and last day a deal closed, and how many deals there are."""
    found = collected(
        facts.select(first=nw.col("closed_on").min(), last=nw.col("closed_on").max(), deals=nw.len())
    ).iloc[0]
    return found["first"], found["last"], int(found["deals"])


def stale_limit(durations: pd.DataFrame, as_of: date, share: float = 0.99) -> tuple[int, date] | None:
    """The age in days under which that share of all closed deals closed, and the creation day it means.

    None where nothing ever closed. `durations` is what `ages` gives.
    """
    done = durations[durations["outcome"] != "open"].groupby("days")["deals"].sum().sort_index()
    if done.empty:
        return None
    reached = done.cumsum() >= share * done.sum()
    days = int(done.index.to_numpy()[reached.to_numpy().argmax()])
    return days, as_of - timedelta(days=days)
