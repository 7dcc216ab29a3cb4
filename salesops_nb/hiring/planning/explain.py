"""Why the answer is what it is: a tornado, and the latest openings."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from salesops_nb.forecast.learning.attrition import PRIOR_LEAVERS
from salesops_nb.forecast.learning.learned import Learned
from salesops_nb.forecast.simulation.futures import Futures
from salesops_nb.hiring.planning.plan import HiringPlan
from salesops_nb.hiring.planning.requisitions import Trial

TORNADO_FUTURES = 3_000


def tornado(plan: HiringPlan, level: float = 0.8) -> pd.DataFrame:
    """The plan's probability with each learned input at the ends of its interval, others as learned.

    What is stated, and what today's reps sell, is known and not moved: `productivity` is that of
    newcomers. `room`, which no data teach, is halved and doubled unless stated. Rows are sorted by
    swing, the widest first; columns input, low, high, probability_low, probability_high, swing. The
    same futures are used throughout.

    Examples
    --------
    >>> from salesops_nb import hiring, open_workbook
    >>> plan = hiring.plan(open_workbook(".").tables, 12, confidence=0.6, target=14_000_000, futures=300)
    >>> hiring.tornado(plan)["input"].iloc[0]  # what the answer hangs on most
    'attrition'
    """
    learned = plan.capacity.learned
    ends = _ends(learned, level)
    futures = min(TORNADO_FUTURES, plan.capacity.futures)
    rows, months, seed = [], plan.ahead.month_of_year, plan.searched.pool.seed
    for name, (low, high) in ends.items():
        chances, drawn = [], plan.searched
        for value in (low, high):  # from the same futures where only what they are worth is moved
            moved = (
                _newcomers(learned, value) if name == "productivity" else learned.override(**{name: value})
            )
            drawn = drawn.known(moved, months, futures, seed)
            chances.append(_chance(plan, drawn))
        shown = [next(iter(v.values())) if isinstance(v, dict) else v for v in (low, high)]
        rows.append((name, *(float(v) for v in shown), *chances, abs(chances[1] - chances[0])))
    names = ["input", "low", "high", "probability_low", "probability_high", "swing"]
    frame = pd.DataFrame(rows, columns=names)
    return frame.sort_values("swing", ascending=False, ignore_index=True)


def _ends(learned: Learned, level: float) -> dict[str, tuple[Any, ...]]:
    """The ends of each learned input's interval; what is stated is certain, and not among them."""
    tables, roles, made = learned.tables(level), learned.panel.roles, learned.productivity
    out: dict[str, tuple[Any, ...]] = {}
    if learned.hazard.origin != "override":
        leavers = float(learned.hazard.leavers.sum()) + PRIOR_LEAVERS
        away = float(stats.norm.ppf(0.5 + level / 2)) / np.sqrt(leavers)
        overall = learned.hazard.overall
        out["attrition"] = max(overall * (1 - away), 0.05 * overall), min(overall * (1 + away), 0.5)
    ramps = [_ramp_ends(learned, r) for r in range(len(roles))]
    if any(high > low for low, high in ramps):
        out["ramp_months"] = tuple(dict(zip(roles, ends, strict=True)) for ends in zip(*ramps, strict=True))
    if learned.fill.error > 0:
        fill = tables["time_to_fill"].iloc[0]
        out["time_to_fill"] = fill["low"], fill["high"]
    if (made.error > 0).any():
        z = float(stats.norm.ppf(0.5 + level / 2)) * made.error
        out["productivity"] = tuple(
            dict(zip(roles, made.level * np.maximum(1 + sign * z, 0.05), strict=True)) for sign in (-1, 1)
        )
    if (made.spreads.sum(axis=1) > 0).any():
        out["spread"] = tuple(
            {role: min(float(v), 2.0) for role, v in zip(roles, tables["productivity"][column], strict=True)}
            for column in ("spread_low", "spread_high")
        )
    if "override" not in learned.returns.origin:
        room = float(learned.returns.room.mean())
        out["room"] = 0.5 * room, 2.0 * room
    return out


def _ramp_ends(learned: Learned, role: int) -> tuple[float, float]:
    ramp = learned.ramp[role]
    order = np.argsort(ramp.length)
    mass = np.cumsum(ramp.weight[order])
    low, high = (float(ramp.length[order][np.argmax(mass >= tail - 1e-12)]) for tail in (0.1, 0.9))
    return low, high


def _newcomers(learned: Learned, level: dict[str, float]) -> Learned:
    """The same with newcomers of another output: today's reps sell what they sell."""
    made, roles = learned.productivity, learned.panel.roles
    ratio = np.array([level[role] for role in roles]) / np.maximum(made.level, 1e-12)
    return replace(learned, productivity=replace(made, newcomer=ratio, error=np.zeros(len(roles))))


def _chance(plan: HiringPlan, drawn: Futures) -> float:
    trial = Trial(drawn.pool, drawn.team(plan.replace_leavers), plan.trial.goals)
    return trial.probability(plan.counts)


def latest_openings(plan: HiringPlan) -> pd.DataFrame:
    """The last month to which each opening can slip, the others as planned, without losing the goal.

    The goal is the asked confidence; where the plan itself does not reach it, the plan's own probability.
    Columns role, month, hires, open_on, latest_month, latest_open_on, half_ramped_on (when half of such
    hires are there and at full output), probability_if_later.

    Examples
    --------
    >>> from salesops_nb import hiring, open_workbook
    >>> plan = hiring.plan(open_workbook(".").tables, 12, confidence=0.6, target=14_000_000, futures=300)
    >>> latest = hiring.latest_openings(plan)
    >>> bool((latest["latest_open_on"] >= latest["open_on"]).all())
    True
    """
    floor = plan.confidence if plan.feasible else plan.probability
    known, months = plan.capacity.learned, plan.ahead.months
    rows = []
    for role, month in zip(*np.nonzero(plan.counts), strict=True):
        latest, after = int(month), plan.probability
        while latest + 1 < len(months):
            moved = plan.counts.copy()
            moved[role, latest + 1] += moved[role, month] if latest + 1 != month else 0
            moved[role, month] = 0
            after = plan.trial.probability(moved)
            if after < floor:
                break
            latest += 1
        ready = months[latest].start + pd.Timedelta(
            days=known.fill.median_days + _ramp_days(known, int(role))
        )
        rows.append(
            (
                known.panel.roles[role],
                months[month].key,
                int(plan.counts[role, month]),
                months[month].start,
                months[latest].key,
                months[latest].start,
                ready.date() if hasattr(ready, "date") else ready,
                after,
            )
        )
    names = ["role", "month", "hires", "open_on", "latest_month", "latest_open_on", "half_ramped_on"]
    return pd.DataFrame(rows, columns=[*names, "probability_if_later"])


def _ramp_days(learned: Learned, role: int) -> float:
    ramp = learned.ramp[role]
    order = np.argsort(ramp.length)
    middle = ramp.length[order][np.argmax(np.cumsum(ramp.weight[order]) >= 0.5)]
    return float(middle) * 30.4375
