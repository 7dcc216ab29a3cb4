"""Pushed close dates: how often, by whom, and how deals end that were pushed.

What is known of a push is that the expected close was put to a later day: from the log of changes, or, where
there is none, from snapshots of open deals that were kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from salesops_nb.core import statistics
from salesops_nb.core.frames import Tables
from salesops_nb.process.history import DAY, OPEN, WON, Flags, History, Ints

CONFIDENCE = 0.9
MOST = 2  # pushes that are told apart; more are together


@dataclass(frozen=True)
class Pushes:
    """How often each deal's expected close was put off, and by how many days in all.

    `source` is the table that says so, empty where none does; `unread` counts changes that are no days.

    Examples
    --------
    >>> from salesops_nb import open_workbook, process
    >>> wb = open_workbook(".")
    >>> history = process.read(wb.tables, stages=wb.stages)
    >>> found = process.pushes(history, wb.tables)
    >>> int(found.times.sum()), found.source, found.unread
    (2977, 'deal_changes', 0)
    """

    times: Ints
    days: Ints
    source: str
    unread: int = 0


def pushes(history: History, tables: Mapping[str, Any]) -> Pushes:
    """The pushes by the day of the history, from ``deal_changes``, else from ``deal_snapshots``.

    Examples
    --------
    A third of the demo's lost deals had been pushed:

    >>> from salesops_nb import open_workbook, process
    >>> wb = open_workbook(".")
    >>> history = process.read(wb.tables, stages=wb.stages)
    >>> found = process.pushes(history, wb.tables)
    >>> lost = (history.deals["outcome"] == "lost").to_numpy()
    >>> found.source, round(float((found.times[lost] > 0).mean()), 2)
    ('deal_changes', 0.35)
    """
    tables = Tables.of(tables)
    day = f"DATE '{history.as_of.isoformat()}'"
    if "deal_changes" in tables:
        source = "deal_changes"
        sql = f"""SELECT deal_id, try_cast(substr(CAST(old AS VARCHAR), 1, 10) AS DATE) AS before,
            try_cast(substr(CAST(new AS VARCHAR), 1, 10) AS DATE) AS after, old IS NOT NULL AND new IS NOT
            NULL AS given FROM log WHERE field = 'expected_close_on' AND CAST(changed_at AS DATE) <= {day}"""
    elif "deal_snapshots" in tables:
        source = "deal_snapshots"
        sql = f"""SELECT deal_id, lag(expected_close_on) OVER kept AS before, expected_close_on AS after,
            false AS given FROM log WHERE CAST(as_of AS DATE) <= {day}
            WINDOW kept AS (PARTITION BY deal_id ORDER BY as_of)"""
    else:
        none = np.zeros(len(history.deals), np.int64)
        return Pushes(none, none, "")
    native = nw.to_native(tables[source])
    found = native.query("log", f"""SELECT deal_id, count(*) FILTER (after > before) AS times,
        coalesce(sum(after - before) FILTER (after > before), 0)::BIGINT AS days,
        count(*) FILTER (given AND (before IS NULL OR after IS NULL)) AS unread
        FROM ({sql}) GROUP BY 1""").df().set_index("deal_id")  # fmt: skip
    mine = found.reindex(history.deals["deal_id"]).fillna(0)
    return Pushes(mine["times"].to_numpy(np.int64), mine["days"].to_numpy(np.int64), source,
                  int(found["unread"].sum()))  # fmt: skip


def push_costs(history: History, found: Pushes, which: Flags) -> pd.DataFrame:
    """How closed deals ended by how often they were pushed: ``pushes`` (0, 1, `MOST` or more), ``deals, won,
    lost, win_rate, low, high, days`` (median from the first stage to the close), ``days_low, days_high,
    put_off`` (median of the days put off in all).

    A push is a sign more than a cause: what goes badly is pushed, and what takes long has time to be.

    Examples
    --------
    >>> import numpy as np
    >>> from salesops_nb import open_workbook, process
    >>> wb = open_workbook(".")
    >>> history = process.read(wb.tables, stages=wb.stages)
    >>> found = process.pushes(history, wb.tables)
    >>> everyone = np.ones(len(history.deals), bool)
    >>> process.push_costs(history, found, everyone)[["pushes", "deals", "won", "win_rate"]].round(2)
      pushes  deals   won  win_rate
    0      0   5209  3602      0.69
    1      1    825   354      0.43
    2     2+    677   282      0.42
    """
    deals = history.deals
    outcome = np.array(deals["outcome"].astype(str))
    closed = which & (outcome != OPEN)
    days = (deals["closed"].to_numpy() - deals["began"].to_numpy()) / DAY
    rows = []
    for times in range(MOST + 1):
        mine = closed & (np.minimum(found.times, MOST) == times)
        won, n = int((mine & (outcome == WON)).sum()), int(mine.sum())
        low, high = statistics.wilson(won, n, CONFIDENCE)
        usual = statistics.survival_quantile(days[mine], np.ones(n, bool), 0.5, CONFIDENCE)
        rows.append({
            "pushes": str(times) if times < MOST else f"{MOST}+", "deals": n, "won": won, "lost": n - won,
            "win_rate": won / n if n else np.nan, "low": low, "high": high, "days": usual.value,
            "days_low": usual.low, "days_high": usual.high,
            "put_off": float(np.median(found.days[mine])) if n and times else np.nan,
        })  # fmt: skip
    return pd.DataFrame(rows)


def pushed_by(history: History, found: Pushes, which: Flags, by: str = "team") -> pd.DataFrame:
    """How often deals are pushed by team, or another column of the deals: ``[by], deals, pushed, share``
    (drawn towards that of all, with ``low`` and ``high``), ``times`` (pushes a pushed deal), most first.

    Examples
    --------
    >>> import numpy as np
    >>> from salesops_nb import open_workbook, process
    >>> wb = open_workbook(".")
    >>> history = process.read(wb.tables, stages=wb.stages)
    >>> found = process.pushes(history, wb.tables)
    >>> everyone = np.ones(len(history.deals), bool)
    >>> process.pushed_by(history, found, everyone)[["team", "deals", "pushed"]].head(1)
                team  deals  pushed
    0  Rocco Neubert   1327     302
    """
    frame = pd.DataFrame({
        by: history.deals.loc[which, by].astype(str), "deals": 1, "pushed": found.times[which] > 0,
        "times": found.times[which],
    })  # fmt: skip
    groups = frame.groupby(by, as_index=False).sum()
    if groups.empty:
        return pd.DataFrame(columns=[by, "deals", "pushed", "share", "low", "high", "times"])
    share = statistics.empirical_bayes(groups["pushed"], groups["deals"], CONFIDENCE)
    groups["share"], groups["low"], groups["high"] = share["estimate"], share["low"], share["high"]
    groups["times"] = groups["times"] / np.maximum(groups["pushed"], 1)
    return groups.sort_values("share", ascending=False, ignore_index=True)
