"""What a leaver costs, and how much capacity attrition puts at risk.

The parts are those of the standard costing of turnover (Cascio and Boudreau, *Investing in People*, chapter
4): the seat while it is empty, replacement, and the newcomer's lower output until ramped. Costs of parting,
such as severance and accrued leave, are not known to a workbook and not in it.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

from salesops_nb.core.money import from_float
from salesops_nb.forecast.learning.inputs import DAYS_PER_MONTH
from salesops_nb.forecast.learning.ramp import LONGEST
from salesops_nb.forecast.period import at_risk
from salesops_nb.hiring.headcount.leavers import reasons
from salesops_nb.hiring.planning.plan import HiringPlan

COLUMNS = ["role", "days_to_fill", "vacancy_bookings", "ramp_bookings", "margin_lost", "pay_saved",
           "hiring_cost", "cost", "leavers", "total"]  # fmt: skip


def turnover(plan: HiringPlan) -> pd.DataFrame:
    """What a leaver of each role costs, from the last day to the replacement's full output.

    Money is in major units, months are of 30.4375 days:

    - vacancy_bookings = mean days to fill × bookings of a ramped rep a month in the horizon
    - ramp_bookings = months of output a newcomer lacks until ramped × the same
    - margin_lost = margin × (vacancy_bookings + ramp_bookings)
    - pay_saved = mean days to fill × loaded pay
    - cost = margin_lost − pay_saved + hiring_cost

    margin_lost and cost are missing where margin is neither learned nor stated, and pay_saved where pay is
    not.

    Returns
    -------
    pandas.DataFrame
        role, days_to_fill (the mean, which is above the median), vacancy_bookings, ramp_bookings,
        margin_lost,
        pay_saved, hiring_cost, cost (of a leaver), leavers (expected to the horizon's end, each replaced;
        transfers are none) and total (cost × leavers).

    Examples
    --------
    >>> from salesops_nb import hiring, open_workbook
    >>> plan = hiring.plan(open_workbook(".").tables, 12, confidence=0.6, target=14_000_000, futures=300)
    >>> rep = hiring.turnover(plan).iloc[0]
    >>> rep["cost"] == rep["margin_lost"] - rep["pay_saved"] + rep["hiring_cost"]
    True
    """
    known = plan.trial.pool.learned
    economics, currency = known.economics, known.panel.currency
    # exp(centre + variance ÷ 2): what is lost goes by the mean
    days = float(np.exp(known.fill.centre + (known.fill.spread**2 + known.fill.error**2) / 2))
    market = market_ahead(plan)
    gone = plan.judged.team(True).gone.sum(axis=2).mean(axis=0)
    stay = 1.0 - (reasons(plan.tables, known.panel).transfer or 0.0)
    stated = {name: economics.origin[name] != "assumed" for name in ("margin", "pay")}
    rows: list[tuple[Any, ...]] = []
    for r, role in enumerate(known.panel.roles):
        each = float(known.productivity.level[r]) * market
        lacking = float((1.0 - known.ramp[r].mean(np.arange(LONGEST) + 0.5)).sum())
        empty, ramping = (from_float(months * each, currency) for months in (days / DAYS_PER_MONTH, lacking))
        saved = from_float(days / DAYS_PER_MONTH * float(economics.pay[r]), currency)
        hiring = from_float(float(economics.hiring_cost[r]), currency)
        margin = from_float(economics.margin * float(empty + ramping), currency)
        cost = margin - saved + hiring if all(stated.values()) else None
        left = round(float(gone[r]) * stay, 1)
        rows.append((
            role, days, empty, ramping,
            margin if stated["margin"] else None, saved if stated["pay"] else None, hiring,
            cost, left, None if cost is None else cost * Decimal(repr(left)),
        ))  # fmt: skip
    return pd.DataFrame(rows, columns=COLUMNS)


def market_ahead(plan: HiringPlan) -> float:
    """The expected level of the market in the horizon, over its mean in the months seen; without season."""
    known = plan.trial.pool.learned
    season = known.season.factor[plan.ahead.month_of_year]
    return float((plan.trial.pool.draws.shared / season).mean())


def capacity_at_risk(plan: HiringPlan) -> pd.DataFrame:
    """What today's people would book at full output if all stayed, and what leavers take of it.

    Expected lost output of the months after people leave, nobody replaced: the step of attrition between
    the target and what is expected, by team.

    Returns
    -------
    pandas.DataFrame
        team, capacity, lost (major units) and share (lost over capacity).

    Examples
    --------
    >>> from salesops_nb import hiring, open_workbook
    >>> plan = hiring.plan(open_workbook(".").tables, 12, confidence=0.6, target=14_000_000, futures=300)
    >>> found = hiring.capacity_at_risk(plan)
    >>> bool(found["share"].between(0.03, 0.1).all())
    True
    """
    known = plan.trial.pool.learned
    months = np.arange(plan.trial.pool.horizon)
    found = at_risk(plan.judged, months)
    share = found["lost"] / found["capacity"]
    for name in ("capacity", "lost"):
        money = [from_float(value, known.panel.currency) for value in found[name]]
        found[name] = pd.Series(money, dtype=object)
    return found.assign(share=share)
