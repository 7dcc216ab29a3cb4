"""The plan beside hiring nobody, replacing leavers only, and the naive gap ÷ quota."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

from salesops_nb.core.money import from_float
from salesops_nb.forecast.learning.inputs import Ints
from salesops_nb.forecast.simulation.futures import Futures
from salesops_nb.forecast.simulation.pool import Pool
from salesops_nb.forecast.simulation.simulate import Team
from salesops_nb.hiring.planning.arithmetic import naive_hires
from salesops_nb.hiring.planning.optimise import Search
from salesops_nb.hiring.planning.requisitions import Trial

NOBODY = "hire nobody"
COLUMNS = ["policy", "hires", "probability", "p10", "p50", "p90", "cost"]


def compared(judged: Futures, judge: Trial, counts: Ints, search: Search, replaced: bool) -> pd.DataFrame:
    """Four policies on the same futures; bookings are those of the goal's months.

    Costs are on top of hiring nobody; a plan made with leavers replaced includes replacing them. Every
    policy also fills the seats that are open already: see `open_seats`.
    """
    nothing = np.zeros_like(counts)
    months = len(_months(judge))
    policies = [
        (NOBODY, False, nothing),
        ("replace leavers only", True, nothing),
        ("naive: gap ÷ quota", False, _naive(judge, counts, search.roles, months)),
        ("plan", replaced, counts),
    ]
    judged.team(True)  # the team with leavers replaced is simulated together with the one without
    rows = [policy(judged, judge, search, *each) for each in policies]
    return pd.DataFrame(rows, columns=COLUMNS)


def policy(
    judged: Futures, judge: Trial, search: Search, name: str, replaced: bool, counts: Ints
) -> tuple[Any, ...]:
    """What a policy brings, as a row of `COLUMNS`: requisitions, with leavers replaced or not."""
    economics, currency = judge.pool.learned.economics, judge.pool.learned.panel.currency
    alone, team = judged.team(False), judged.team(replaced)
    trial = judge if team is judge.team else Trial(judge.pool, team, judge.goals)
    all_months = trial.made(counts)
    made = all_months[:, _months(judge)].sum(axis=1)
    extra = (team.heads - alone.heads).sum(axis=2).mean(axis=0) @ economics.pay
    joins = (team.joined - alone.joined).mean(axis=0)
    cost = search.total(counts) + float(extra + joins @ economics.hiring_cost)
    quantiles = (from_float(v, currency) for v in np.quantile(made, (0.1, 0.5, 0.9)))
    hires = float(counts.sum()) + float(joins.sum())
    return name, hires, trial.chance(all_months), *quantiles, from_float(cost, currency)


def open_seats(pool: Pool, alone: Team) -> tuple[float, float]:
    """How many of the seats that are open are filled by the horizon's end, and what that costs by then.

    The cost is that of seats opened in the first month: how long they have waited is left out.
    """
    known, joined = pool.learned, alone.joined.mean(axis=0)
    seats = np.array([float((known.vacancies["role"] == role).sum()) for role in known.panel.roles])
    cost = np.array([pool.costs(role)[0] for role in range(len(seats))])
    return float(joined.sum()), float(seats @ cost)


def _months(judge: Trial) -> list[int]:
    """Months of the horizon that count for a goal."""
    return sorted({int(month) for goal in judge.goals for month in goal.months})


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
