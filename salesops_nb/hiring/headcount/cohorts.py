"""Capacity by quarter and cohort: today's people, who has accepted, open seats, replacements, hires by start.

A cohort keeps its people from their first day to their last. Capacity is the expected bookings of its people:
the role's bookings, shared out in each future by what each cohort puts out.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

from salesops_nb.core.money import from_float
from salesops_nb.forecast.learning.inputs import Floats, Ints
from salesops_nb.forecast.simulation.pool import Pool
from salesops_nb.forecast.simulation.simulate import Seats, Team, role_bookings, teams
from salesops_nb.hiring.headcount.flows import Quarters, running, steps, tenths
from salesops_nb.hiring.planning.plan import HiringPlan

TODAY, ACCEPTED, SEATS, REPLACEMENTS, ALL = "today", "accepted", "open seats", "replacements", "all"
COLUMNS = ["quarter", "cohort", "starting", "hires", "leavers", "ending", "ramped", "productivity",
           "capacity", "target"]  # fmt: skip


@dataclass
class _Cohort:
    """Heads by month (means over futures) and, by role, output in each future."""

    heads: Floats
    ramped: Floats
    gone: Floats
    output: dict[int, Floats]

    def add(self, role: int, output: Floats, heads: Floats, ramped: Floats, gone: Floats) -> None:
        """Adds people of a role, futures × months."""
        self.heads = self.heads + heads.mean(axis=0)
        self.ramped = self.ramped + ramped.mean(axis=0)
        self.gone = self.gone + gone.mean(axis=0)
        self.output[role] = self.output.get(role, 0.0) + output


def cohorts(plan: HiringPlan, nobody: bool = False) -> pd.DataFrame:
    """Heads, output and capacity of each cohort in each quarter of the horizon.

    Parameters
    ----------
    nobody : for hiring nobody and replacing nobody, in place of the plan.

    Returns
    -------
    pandas.DataFrame
        quarter, cohort (``today``, ``accepted``, ``open seats``, ``replacements``, the key of the quarter
        in which
        hires of the plan start, and ``all``), starting, hires, leavers and ending in tenths of a head,
        ramped (full-time heads by their share of full output, the mean of the quarter's months), productivity
        (bookings of a ramped head in the quarter), capacity (expected bookings) and, of ``all``, target.
        starting + hires − leavers = ending, and the cohorts' heads and capacity sum to those of ``all``.

    Examples
    --------
    >>> from salesops_nb import hiring, open_workbook
    >>> plan = hiring.plan(open_workbook(".").tables, 6, confidence=0.6, target=7_000_000, futures=300)
    >>> found = hiring.cohorts(plan)
    >>> bool((found["starting"] + found["hires"] - found["leavers"] == found["ending"]).all())
    True
    >>> found.loc[found["quarter"] == "2018-Q1", "cohort"].tolist()[:3]
    ['today', 'open seats', '2018-Q1']
    """
    quarters = Quarters.touched(plan.ahead.months)
    made = _there(plan, plan.replace_leavers and not nobody)
    if not nobody:
        made |= _hired(plan.trial.pool, plan.counts, quarters)
    money = _capacity(plan.trial.pool, made)
    roster = plan.trial.pool.learned.panel.roster
    today = float(roster.loc[roster["present"], "fte"].sum())
    rows: list[tuple[Any, ...]] = []
    for name, cohort in made.items():
        start = today if name == TODAY else 0.0
        rows += _rows(name, start, cohort, money[name], quarters, plan.trial.pool.learned.panel.currency)
    frame = pd.DataFrame(rows, columns=COLUMNS[:-1])
    moved = (frame[["starting", "hires", "leavers", "ending", "ramped", "capacity"]] != Decimal(0)).any(
        axis=1
    )
    return _with_all(frame[moved], quarters.keys, _targets(plan, quarters))


def _there(plan: HiringPlan, replaced: bool) -> dict[str, _Cohort]:
    """Whoever is there without the plan's hires, from the futures on which the plan is judged."""
    pool = plan.trial.pool
    panel, roles = pool.learned.panel, len(pool.learned.panel.roles)
    names = [TODAY, ACCEPTED, SEATS]
    joining = panel.roster["joining"].to_numpy(dtype=bool)
    waiting = np.array([panel.roles.index(role) for role in pool.learned.vacancies["role"]], dtype=np.int64)
    seats = Seats(panel.role * 3 + joining, waiting * 3 + 2, roles * 3)
    alone, both = teams(pool.learned, pool.draws, pool.seed, replaced, seats)
    out = {name: _empty(pool) for name in [*names, *([REPLACEMENTS] if replaced else [])]}
    for role in range(roles):
        for at, name in enumerate(names):
            out[name].add(role, *_of(alone, role * 3 + at))
            if replaced:  # who replaces is counted beside whoever is there without
                more = zip(_of(both, role * 3 + at), _of(alone, role * 3 + at), strict=True)
                out[REPLACEMENTS].add(role, *(whole - part for whole, part in more))
    return out


def _empty(pool: Pool) -> _Cohort:
    heads, ramped, gone = np.zeros((3, pool.horizon))
    return _Cohort(heads, ramped, gone, {})


def _of(team: Team, group: int) -> tuple[Floats, Floats, Floats, Floats]:
    return team.output[:, group], team.heads[:, group], team.ramped[:, group], team.gone[:, group]


def _hired(pool: Pool, counts: Ints, quarters: Quarters) -> dict[str, _Cohort]:
    """The plan's hires by the quarter in which they start."""
    out = {key: _empty(pool) for key in quarters.keys}
    month = np.arange(pool.horizon)
    for role, row in enumerate(counts):
        for n, opened in enumerate(np.repeat(month, row).tolist()):
            person, path = pool.person(role, n), pool.path(role, n, opened)
            start = opened + person.wait.astype(np.int64)
            gone = (start + person.stay.astype(np.int64))[:, None] == month
            for q, key in enumerate(quarters.keys):
                mine = np.isin(start, month[quarters.of == q])[:, None]
                out[key].add(role, path.output * mine, path.heads * mine, path.ramped * mine, gone * mine)
    return out


def _capacity(pool: Pool, made: dict[str, _Cohort]) -> dict[str, Floats]:
    """Expected bookings of each cohort by month: a role's bookings, shared by output in each future."""
    money = {name: np.zeros(pool.horizon) for name in made}
    for role in range(len(pool.learned.panel.roles)):
        parts = {name: cohort.output[role] for name, cohort in made.items() if role in cohort.output}
        whole: Floats = sum(parts.values(), np.zeros(pool.draws.shared.shape))
        each = role_bookings(pool.learned, pool.draws, whole, role) / np.maximum(whole, 1e-12)
        for name, part in parts.items():
            money[name] += (each * part).mean(axis=0)
    return money


def _rows(
    name: str, start: float, cohort: _Cohort, money: Floats, quarters: Quarters, currency: str
) -> list[tuple[Any, ...]]:
    begin = np.diff(cohort.heads, prepend=start) + cohort.gone
    hires, leavers = steps(quarters.sums(begin)), steps(quarters.sums(cohort.gone))
    ramped, made = quarters.means(cohort.ramped), quarters.sums(money)
    ends = running(start, (1, hires), (-1, leavers))
    return [
        (key, name, before, hires[q], leavers[q], after, tenths(ramped[q]),
         from_float(made[q] / ramped[q], currency) if ramped[q] > 1e-9 else None, from_float(made[q],
         currency))
        for q, (key, (before, after)) in enumerate(zip(quarters.keys, ends, strict=True))
    ]  # fmt: skip


def _targets(plan: HiringPlan, quarters: Quarters) -> dict[str, Decimal | None]:
    """What is to be booked in the months of each quarter; none where a month has no target."""
    sums, currency = quarters.sums(plan.ahead.target), plan.trial.pool.learned.panel.currency
    return {
        key: None if np.isnan(value) else from_float(value, currency)
        for key, value in zip(quarters.keys, sums, strict=True)
    }


def _with_all(frame: pd.DataFrame, keys: list[str], targets: dict[str, Decimal | None]) -> pd.DataFrame:
    """Each quarter's cohorts, then their sum beside the target."""
    parts = []
    for key in keys:
        mine = frame[frame["quarter"] == key]
        sums = {
            name: sum(mine[name], Decimal(0))
            for name in ("starting", "hires", "leavers", "ending", "ramped", "capacity")
        }
        each = sums["capacity"] / sums["ramped"] if sums["ramped"] else None
        last = {"quarter": key, "cohort": ALL, **sums, "productivity": each, "target": targets[key]}
        parts.append(pd.concat([mine, pd.DataFrame([last])], ignore_index=True))
    out = pd.concat(parts, ignore_index=True)[COLUMNS].astype(object)
    return out.where(out.notna(), None)
