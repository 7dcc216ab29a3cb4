"""From the ground to plans: which reps, the plans from 'move least' to 'start afresh', and what is picked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import pandas as pd

from salesops_nb.errors import Problem, SalesopsError, problem
from salesops_nb.territory.plans.frontier import Frontier, balance_of, balance_today
from salesops_nb.territory.plans.plan import TerritoryPlan
from salesops_nb.territory.plans.price_sweep import first_look, sweep
from salesops_nb.territory.scope.baseline import Ground, no_families, prepare
from salesops_nb.territory.scope.named_accounts import following
from salesops_nb.territory.scope.selection import NOBODY, locks_of, reps_of, tolerances
from salesops_nb.territory.solver.request import Request

PLANS = 5  # from moving least to starting afresh


@dataclass(frozen=True)
class Proposal:
    """Plans for a ground, and the one picked.

    Parameters
    ----------
    ground : what is planned for. reps : who gets units, with what capacity.
    balance : where balance stands today, one row a rep. frontier : plans from 'move least' to 'start afresh'.
    choice : number of the plan picked, counted from 1. left_out : prices of moving that led to no plan.
    preview : whether this is a first look, with one plan only, whatever is picked.
    """

    ground: Ground
    reps: pd.DataFrame
    balance: pd.DataFrame
    frontier: Frontier
    choice: int
    tolerance: dict[str, float]
    left_out: tuple[Problem, ...] = ()
    preview: bool = False

    @property
    def units(self) -> pd.DataFrame:
        """The units planned for."""
        return self.ground.units

    @property
    def today(self) -> dict[str, str]:
        """Unit to rep on `as_of`."""
        return self.ground.today

    @property
    def as_of(self) -> date:
        """The day whose owners are today's."""
        return self.ground.as_of

    @property
    def plan(self) -> TerritoryPlan:
        """The plan that is picked."""
        return self.frontier.plans[self.choice - 1]

    @property
    def after(self) -> dict[str, str]:
        """Unit to rep under the plan that is picked."""
        found = self.plan.assignment
        return dict(zip(found["unit_id"], found["rep"], strict=True))

    @property
    def problems(self) -> list[Problem]:
        """What was set aside on the way; nothing at a first look, which is no plan to act on."""
        if self.preview:
            return []
        return [*self.ground.problems, *self.left_out, *self.plan.problems]

    def picked(self, choice: int) -> Proposal:
        """The same plans, another one picked; raises `SalesopsError` where there is none of that number."""
        if self.preview:
            return self
        if not 1 <= choice <= len(self.frontier.plans):
            raise SalesopsError(
                problem("bad-choice", value=choice, count=len(self.frontier.plans))
            )  # fmt: skip
        return replace(self, choice=choice)


def plans_for(
    ground: Ground,
    *,
    reps: int = 0,
    leave_out: Sequence[str] = (),
    tolerance: float | Mapping[str, float] = 0.05,
    disruption: float | None = None,
    whole: bool | None = None,
    families: bool = False,
    locked: Sequence[str] = (),
    ramp_months: int = 0,
    seed: int = 0,
    time_limit: float = 30,
    preview: int | None = None,
) -> Proposal:
    """Plans from 'move least' to 'start afresh', the first one picked.

    Parameters
    ----------
    reps : how many reps; 0 is those of today, more adds vacancies named ``New rep 1``, ... leave_out :
        people whose units are given to the others.
    tolerance : of every measure there is (of accounts: potential and workload), or measure to tolerance.
    disruption : a price of moving to try as one of the plans.
    whole : contiguity asked for; None: for units of a map, not for accounts. families : parents and children
        with one rep. ramp_months : months from hiring to full capacity, in a straight line (0: full at once).
    preview : number of the plan that is to be picked, for a first look at it alone, in a moment.

    Raises
    ------
    SalesopsError
        Fewer reps asked for than are there, unknown names, or what `territory.plan` raises.
    """
    units, accounts = ground.units, ground.of == "accounts"
    wanted = reps_of(ground.people, reps, leave_out, ground.as_of, ramp_months)
    limits = tolerances(units, tolerance, left_out=("accounts",) if accounts else ())
    there = set(wanted["rep"])
    kept = {unit: ground.today[unit] for unit in locks_of(units, locked, ground.today, there)}
    has = {unit: rep for unit, rep in ground.today.items() if rep not in NOBODY}
    people = set(ground.people["person_id"].astype(str))
    loads, follow = following(ground.loads, ground.named, people, there)
    asked = Request(
        units=units, edges=ground.edges, reps=wanted, tolerance=limits, current=has, locked=kept,
        measures=list(limits), contiguous=not accounts if whole is None else whole, islands="join",
        fixed_homes=False, keep_together=ground.families if families else None, seed=seed,
        overrides=loads if len(loads) else None, time_limit=time_limit,
    )  # fmt: skip
    if preview is not None:
        look = first_look(asked, choice=preview, count=PLANS)
        model = look.plans[0].model
        assert model is not None
        balance = balance_of(model)
        return Proposal(ground, wanted, balance, look, 1, limits, preview=True)
    balance = balance_today(units, has, wanted, limits, list(limits), asked.overrides)
    found, left_out = sweep(asked, memo=ground.memo, count=PLANS, extra=disruption)
    left_out += follow
    if families and ground.families is None:
        left_out.append(no_families(ground.of))
    return Proposal(ground, wanted, balance, found, 1, limits, tuple(left_out))


def propose(
    tables: Mapping[str, Any],
    *,
    as_of: date,
    scope: str = "company",
    who: str | None = None,
    owners: Mapping[str, str] | None = None,
    choice: int = 1,
    **options: Any,
) -> Proposal:
    """Plans for the units of a company, region or team: `prepare` and `plans_for` in one, one picked."""
    ground = prepare(tables, as_of=as_of, scope=scope, who=who, owners=owners)
    return plans_for(ground, **options).picked(choice)
