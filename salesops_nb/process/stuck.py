"""Deals that stay longer in their stage than nine in ten did, and what became of such deals before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from salesops_nb.core import statistics
from salesops_nb.core.frames import Tables, collected, with_columns_or_null
from salesops_nb.process.history import DAY, OPEN, STAYS, WON, Flags, History
from salesops_nb.process.paths import amounts

LONG = 0.9  # of the stays: beyond this quantile a deal is stuck
CONFIDENCE = 0.9
COLUMNS = ["deal_id", "owner_id", "team", "stage", "days", "limit", "value", "next_step", "next_step_on"]


def limits(history: History) -> pd.DataFrame:
    """From which age deals are stuck in each stage, and how those ended that were before.

    Columns ``stage, limit`` (days; missing where fewer than nine in ten have ever left), ``before`` (closed
    deals that once stayed longer), ``won, win_rate, low, high, usual`` (win rate of the other closed deals
    that were in the stage). Stays of bulk updates count for nothing.

    Examples
    --------
    >>> from salesops_nb import open_workbook, process
    >>> wb = open_workbook(".")
    >>> history = process.read(wb.tables, stages=wb.stages)
    >>> process.limits(history)[["stage", "limit", "before"]].head(2)
             stage  limit  before
    0  Prospecting   32.0     390
    1      Qualify   76.0     163
    """
    made = history.passes
    outcome = np.array(history.deals["outcome"].astype(str))
    days = made.days
    rows = []
    for stage, name in enumerate(history.stages):
        here = (made.stage == stage) & ~made.bulk
        limit = statistics.survival_quantile(days[here], made.to[here] != STAYS, LONG).value
        over = np.unique(made.deal[here & (days > limit)]) if not np.isnan(limit) else np.zeros(0, np.int64)
        rest = np.setdiff1d(np.unique(made.deal[here]), over)
        over, rest = (deals[outcome[deals] != OPEN] for deals in (over, rest))
        won, n = int((outcome[over] == WON).sum()), len(over)
        low, high = statistics.wilson(won, n, CONFIDENCE)
        rows.append({
            "stage": name, "limit": limit, "before": n, "won": won, "win_rate": won / n if n else np.nan,
            "low": low, "high": high, "usual": float((outcome[rest] == WON).mean()) if len(rest) else np.nan,
        })  # fmt: skip
    columns = ["stage", "limit", "before", "won", "win_rate", "low", "high", "usual"]
    return pd.DataFrame(rows, columns=columns)


def stuck(history: History, tables: Mapping[str, Any], which: Flags) -> pd.DataFrame:
    """Open deals of some that have been in their stage for longer than the limit, most valuable first.

    Columns of `COLUMNS`. Without a history of stages, the age since creation stands for the time in the
    stage, and its limit is the 90th percentile of the age at which deals closed.

    Examples
    --------
    >>> import numpy as np
    >>> from salesops_nb import open_workbook, process
    >>> wb = open_workbook(".")
    >>> history = process.read(wb.tables, stages=wb.stages)
    >>> found = process.stuck(history, wb.tables, np.ones(len(history.deals), bool))
    >>> found[["deal_id", "stage", "days"]].head(1).round(1)
        deal_id stage   days
    0  AKMV6WN5  Demo  152.6
    """
    deals = history.deals
    is_open = which & (deals["outcome"] == OPEN).to_numpy()
    if len(history.passes):
        made = history.passes
        now = made.where((made.to == STAYS) & is_open[made.deal])
        limit = limits(history)["limit"].to_numpy(float)[now.stage]
        at, days = now.deal, now.days
        stage = np.array(history.stages, object)[now.stage]
    else:
        created, closed = deals["created"].to_numpy(), deals["closed"].to_numpy()
        done = (created > 0) & (closed >= created) & (deals["outcome"] != OPEN).to_numpy()
        usual = float(np.quantile((closed - created)[done] / DAY, LONG)) if done.any() else np.nan
        at = np.flatnonzero(is_open & (created > 0))
        days = (history.now - created[at]) / DAY
        limit, stage = np.full(len(at), usual), deals["stage"].astype(object).to_numpy()[at]
    late = days > limit
    at = at[late]
    found = pd.DataFrame(
        {
            "deal_id": deals["deal_id"].to_numpy()[at],
            "owner_id": deals["owner_id"].astype(object).to_numpy()[at],
            "team": deals["team"].astype(object).to_numpy()[at],
            "stage": stage[late],
            "days": days[late],
            "limit": limit[late],
            "value": amounts(deals["value"].to_numpy()[at]),
        }
    )
    steps = {"next_step": nw.String(), "next_step_on": nw.Date()}
    raw = with_columns_or_null(Tables.of(tables)["deals"], steps).filter(nw.col("outcome") == OPEN)
    known = collected(raw.select("deal_id", *steps)).drop_duplicates("deal_id").set_index("deal_id")
    for column in steps:
        found[column] = known[column].reindex(found["deal_id"]).to_numpy()
    order = ["value", "days", "deal_id"]
    return found.sort_values(order, ascending=[False, False, True], ignore_index=True)[COLUMNS]
