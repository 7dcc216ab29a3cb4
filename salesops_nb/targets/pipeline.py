"""What live open deals are expected to bring in the year, and what they leave to deals not yet begun.

Ages and sums are worked out where the data are; only a row a length of cycle and a row an owner
come back, however many deals there are.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import narwhals as nw
import numpy as np
import numpy.typing as npt
import pandas as pd

from salesops_nb.core.frames import Tables, collected
from salesops_nb.core.periods import Period
from salesops_nb.messages import message

Floats = npt.NDArray[np.float64]
STALE_SHARE = 0.99
NEEDED = {"owner_id", "outcome", "amount", "created_on", "closed_on"}


@dataclass(frozen=True)
class Pipeline:
    """Expected value of live open deals by owner, and the share of each month they already hold.

    `carry` is, for the months of the year, the share of bookings that comes from deals which are
    open when the data end; the rest comes from deals not yet begun.
    """

    expected: pd.Series
    carry: Floats
    note: str


def pipeline(tables: Tables, year: Period, as_of: date) -> Pipeline:
    """Open deals at the rate by which closed ones were won.

    Left out, and counted in the note: deals older than nearly all that ever closed, those expected
    after the year, and those without a date of creation.
    """
    if "deals" not in tables or not set(tables["deals"].collect_schema().names()) >= NEEDED:
        return _none(year, message("No pipeline: deals have no created_on to age them by."))
    deals = _dated(tables, as_of)
    done = collected(
        deals.filter(~nw.col("is_open"), ~nw.col("age").is_null())
        .group_by("outcome", "age")
        .agg(n=nw.len(), amount=nw.col("amount").sum())
    )
    for name in ("age", "n", "amount"):
        done[name] = pd.to_numeric(done[name]).astype(float)
    won = done[(done["outcome"] == "won") & (done["amount"] > 0)]
    if won.empty:
        return _none(year, message("No pipeline: no won deal has created_on and closed_on."))
    limit = _quantile(done["age"].to_numpy(), done["n"].to_numpy(), STALE_SHARE)
    rate = float(won["n"].sum() / done["n"].sum())
    expected, live, stale, undated = _open(deals, year, limit, rate)
    middles = [(m.start + timedelta(days=m.days // 2) - as_of).days for m in year.months()]
    carry = np.array([won.loc[won["age"] > ahead, "amount"].sum() for ahead in middles]) / won["amount"].sum()
    note = message(
        "Pipeline: {live} live open deals at the win rate of {rate:.1%}; {stale} left out as older than "
        "{limit} days or due after the year, {undated} as undated.",
        live=int(live), rate=rate, stale=int(stale), limit=round(float(limit)), undated=int(undated),
    )  # fmt: skip
    return Pipeline(expected, carry, note)


def _none(year: Period, note: str) -> Pipeline:
    return Pipeline(pd.Series(dtype=float), np.zeros(len(year.months())), note)


def _dated(tables: Tables, as_of: date) -> nw.LazyFrame[Any]:
    """Deals begun by the day or undated, with `is_open` then and `age` in days at closing or the day."""
    deals = tables["deals"]
    names = deals.collect_schema().names()
    products = tables.get("products")
    if products is not None and "product_id" in names and "list_price" in products.collect_schema().names():
        # An open deal without an amount counts at its product's list price.
        prices = products.select("product_id", nw.col("list_price").alias("_listed"))
        deals = deals.join(prices, on="product_id", how="left")
        priced = nw.when(nw.col("outcome") == "open").then(nw.coalesce("amount", "_listed"))
        deals = deals.with_columns(amount=priced.otherwise(nw.col("amount")))
    created, closed = nw.col("created_on").cast(nw.Date), nw.col("closed_on").cast(nw.Date)
    is_open = closed.is_null() | (closed > as_of)
    until = nw.when(is_open).then(nw.lit(as_of)).otherwise(closed)
    day = nw.Datetime("us")
    due = nw.col("expected_close_on").cast(nw.Date)
    aged = deals.with_columns(
        is_open=is_open,
        _due=due if "expected_close_on" in names else nw.lit(None, nw.Date),
        age=(until.cast(day) - created.cast(day)).dt.total_minutes() // 1440,
    )
    return aged.filter(created.is_null() | (created <= as_of))


def _open(
    deals: nw.LazyFrame[Any], year: Period, limit: float, rate: float
) -> tuple[pd.Series, int, int, int]:
    """Expected value by owner; how many deals are live, stale or late, and undated."""
    still = deals.filter(nw.col("is_open"))
    dated = still.filter(~nw.col("age").is_null())
    due = nw.col("_due").is_null() | (nw.col("_due") < year.end)
    live = dated.filter(nw.col("age") <= limit, due)
    sums = collected(live.group_by("owner_id").agg(n=nw.len(), amount=nw.col("amount").sum()))
    counts = collected(still.select(all=nw.len(), dated=nw.col("age").count())).iloc[0].astype(int)
    expected = pd.to_numeric(sums["amount"]).astype(float).fillna(0.0) * rate
    owners = sums["owner_id"].astype(str).to_numpy()
    n = int(sums["n"].sum())
    return (
        pd.Series(expected.to_numpy(), index=owners),
        n,
        counts["dated"] - n,
        counts["all"] - counts["dated"],
    )


def _quantile(values: Floats, counts: Floats, share: float) -> float:
    """The smallest value that so large a share of the counted ones does not exceed."""
    order = np.argsort(values)
    reached = np.cumsum(counts[order]) / counts.sum()
    return float(values[order][int(np.searchsorted(reached, share - 1e-12))])
