"""Whether the people there are can carry a plan, and what binds where they cannot.

What people log is their habit, not their work: two who log nothing do not do nothing. So a limit that the
sales model declares goes before the most that was ever seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from salesops_nb import facts
from salesops_nb.core.frames import Tables, collected
from salesops_nb.strategy.deals import Deals
from salesops_nb.strategy.flow import Flow
from salesops_nb.strategy.funnel import Funnel
from salesops_nb.strategy.versions import SalesModel

WEEK = 7
BACK = 12  # whole months in which the most is looked for


@dataclass(frozen=True)
class Limits:
    """The most a rep can carry: activities logged a week, deals open at once; and where each comes from.

    `origin` is ``declared`` or ``most seen``, by name; a limit is missing where neither is known.
    """

    activities_a_week: float | None
    open_deals: float | None
    origin: Mapping[str, str]


def limits(model: SalesModel, funnel: Funnel, deals: Deals, tables: Mapping[str, Any]) -> Limits:
    """The limits that a sales model declares, else the highest monthly average of the last twelve months.

    Examples
    --------
    >>> from salesops_nb import open_workbook, strategy
    >>> wb = open_workbook(".")
    >>> model = strategy.load(wb.folder, wb.settings).in_force(wb.data_through).sales_model
    >>> deals = strategy.read_deals(wb.tables, model)
    >>> found = strategy.limits(model, strategy.learn(deals, wb.tables), deals, wb.tables)
    >>> found.origin
    {'activities_a_week': 'declared', 'open_deals': 'declared'}
    """
    seen = {"activities_a_week": _activities(deals, tables, funnel.last), "open_deals": _open(deals, funnel)}
    found: dict[str, float | None] = {}
    origin = {}
    for name, most in seen.items():
        declared = getattr(model.capacity, name)
        found[name] = declared if declared is not None else most
        if found[name] is not None:
            origin[name] = "declared" if declared is not None else "most seen"
    return Limits(found["activities_a_week"], found["open_deals"], origin)


def _activities(deals: Deals, tables: Mapping[str, Any], last: pd.Period) -> float | None:
    tables = Tables.of(tables)
    if "activities" not in tables:
        return None
    made = facts.activities(tables, deals.as_of)
    rows = collected(made.group_by("owner_id", "happened_on").agg(made=nw.len()))
    if rows.empty:
        return None
    month = pd.to_datetime(rows["happened_on"]).dt.to_period("M")
    rows = rows[(month <= last) & (month > last - BACK)].assign(month=month)
    if rows.empty:
        return None
    by = rows.groupby("month").agg(made=("made", "sum"), people=("owner_id", "nunique"))
    weeks = np.array([each.days_in_month / WEEK for each in by.index])
    return float((by["made"].to_numpy(dtype=float) / by["people"].to_numpy(dtype=float) / weeks).max())


def _open(deals: Deals, funnel: Funnel) -> float | None:
    """The most deals, not older than a deal that is still won, that were open a rep at a month's end."""
    frame, found = deals.frame, []
    for back in range(BACK):
        month = funnel.last - back
        end, oldest = month.end_time, (month - funnel.months).start_time
        there = frame[(frame["created"] <= end) & (frame["created"] >= oldest) & ~(frame["closed"] <= end)]
        if len(there):
            found.append(len(there) / max(there["owner_id"].nunique(), 1))
    return max(found) if found else None


def used(flow: Flow, funnel: Funnel, most: Limits, days: list[int], ahead: int = 0) -> pd.DataFrame:
    """How much of each limit a plan takes, in the month in which it takes most.

    Parameters
    ----------
    days : of each month of the year.
    ahead : how many of the year's months are over, and can no longer be planned.

    Returns
    -------
    pandas.DataFrame
        ``what, month`` (position in the year)``, need, low, high`` (5 and 95 % of draws)``, limit, origin,
        used``, the one that binds first. Nothing where no limit is known, or nobody sells.
    """
    rows: list[dict[str, Any]] = []
    months = len(days)
    if not funnel.reps > 0 or ahead >= months:
        return pd.DataFrame(columns=["what", "month", "need", "low", "high", "limit", "origin", "used"])
    every = flow.opened.sum(axis=1)[:, flow.before :]
    open_then = np.zeros_like(every)
    for k in range(funnel.months + 1):
        left = flow.before - k
        open_then += np.einsum("s,dsm->dm", funnel.open_after[:, k], flow.opened[:, :, left : left + months])
    weeks = np.array(days) / WEEK
    needs = {
        "activities_a_week": flow.activities.sum(axis=1)[:, flow.before :] / weeks / funnel.reps,
        "open_deals": open_then / funnel.reps,
    }
    for name, need in needs.items():
        limit = getattr(most, name)
        if limit is None or np.isnan(need).any():
            continue
        mean = need.mean(axis=0)
        at = ahead + int(np.argmax(mean[ahead:]))
        low, high = np.quantile(need[:, at], [0.05, 0.95])
        rows.append(
            {
                "what": name,
                "month": at,
                "need": float(mean[at]),
                "low": float(low),
                "high": float(high),
                "limit": limit,
                "origin": most.origin[name],
                "used": float(mean[at]) / limit,
            }
        )
    found = pd.DataFrame(rows, columns=["what", "month", "need", "low", "high", "limit", "origin", "used"])
    return found.sort_values("used", ascending=False, ignore_index=True)


def months_over(first: list[date], day: date) -> int:
    """How many of the months that begin on these days are over on a day, or have begun.

    Examples
    --------
    >>> from datetime import date
    >>> from salesops_nb.strategy.capacity import months_over
    >>> months_over([date(2018, 1, 1), date(2018, 2, 1), date(2018, 3, 1)], date(2018, 1, 31))
    1
    """
    return sum(each <= day for each in first)
