"""The plan beside hiring nobody, replacing leavers only, and the naive gap ÷ quota."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pandas as pd

from salesops_nb.hiring.arithmetic import naive_hires
from salesops_nb.hiring.inputs import Ints
from salesops_nb.hiring.learned import money
from salesops_nb.hiring.optimise import Search
from salesops_nb.hiring.requisitions import Trial
from salesops_nb.hiring.simulate import Team


def compared(
    judge: Trial, both: tuple[Team, Team], counts: Ints, search: Search, replaced: bool, roles: list[int]
) -> pd.DataFrame:
    """Four policies on the same futures; bookings are those of the goal's months.

    Costs are on top of hiring nobody; a plan made with leavers replaced includes replacing them.
    """
    pool, goals, nothing = judge.pool, judge.goals, np.zeros_like(counts)
    known, currency = pool.learned, pool.learned.panel.currency
    months = sorted({int(m) for goal in goals for m in goal.months})
    naive = _naive(judge, counts, roles, len(months))
    policies = [
        ("hire nobody", False, nothing),
        ("replace leavers only", True, nothing),
        ("naive: gap ÷ quota", False, naive),
        ("plan", replaced, counts),
    ]
    rows = []
    for name, flag, some in policies:
        trial = Trial(pool, both[int(flag)], goals)
        all_months = trial.made(some)
        chance = judge.chance(all_months)
        made = all_months[:, months].sum(axis=1)
        extra = (both[int(flag)].heads - both[0].heads).sum(axis=2).mean(axis=0) @ known.economics.pay
        joins = (both[int(flag)].joined - both[0].joined).mean(axis=0)
        cost = search.total(some) + float(extra + joins @ known.economics.hiring_cost)
        quantiles = (money(v, currency) for v in np.quantile(made, (0.1, 0.5, 0.9)))
        hires = float(some.sum()) + float(joins.sum())
        rows.append((name, hires, chance, *quantiles, money(cost, currency)))
    columns = ["policy", "hires", "probability", "p10", "p50", "p90", "cost"]
    return pd.DataFrame(rows, columns=columns)


def _naive(judge: Trial, counts: Ints, roles: list[int], months: int) -> Ints:
    """Gap between the target and today's heads at full output, over a rep's, all opened at once."""
    known, goals = judge.pool.learned, judge.goals
    long = [goal for goal in goals if goal.kind != "quarter"] or goals
    target = sum(float(goal.target or 0.0) - goal.booked for goal in long)
    roster, level = known.panel.roster, known.productivity.level
    here = roster["present"].to_numpy(dtype=bool)
    main = max(roles, key=lambda r: int((known.panel.role[here] == r).sum())) if roles else 0
    fte = roster["fte"].to_numpy(dtype=float)
    today = float((level[known.panel.role] * fte)[here].sum()) * months
    quota = float(level[main]) * months
    out = np.zeros_like(counts)
    if quota > 0:
        out[main, 0] = naive_hires(Decimal(repr(max(target - today, 0.0))), Decimal(repr(quota)))[1]
    return out
