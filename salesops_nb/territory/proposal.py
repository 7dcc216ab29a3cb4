"""From the workbook's tables to plans: whose units, which reps, the frontier, and what is picked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd

from salesops_nb.errors import Problem, SalesopsError
from salesops_nb.territory.planning import TerritoryPlan
from salesops_nb.territory.reading import to_pandas
from salesops_nb.territory.rebalancing import Frontier, balance_today, frontier
from salesops_nb.territory.scope import (
    NOBODY,
    assigned,
    edges_of,
    locks_of,
    people_of,
    reps_of,
    table,
    tolerances,
    units_of,
)


@dataclass(frozen=True)
class Proposal:
    """Plans for a scope, and the one picked.

    Parameters
    ----------
    units, edges, reps : what was planned for. today : unit to rep on `as_of`.
    balance : where balance stands today, one row a rep. frontier : plans from 'move least' to 'start afresh'.
    choice : number of the plan picked, counted from 1. problems : what was set aside on the way.
    """

    units: pd.DataFrame
    edges: pd.DataFrame | None
    reps: pd.DataFrame
    today: dict[str, str]
    balance: pd.DataFrame
    frontier: Frontier
    choice: int
    tolerance: dict[str, float]
    as_of: date
    problems: list[Problem]

    @property
    def plan(self) -> TerritoryPlan:
        """The plan that is picked."""
        return self.frontier.plans[self.choice - 1]

    @property
    def after(self) -> dict[str, str]:
        """Unit to rep under the plan that is picked."""
        found = self.plan.assignment
        return dict(zip(found["unit_id"], found["rep"], strict=True))


def propose(
    tables: Mapping[str, Any],
    *,
    as_of: date,
    scope: str = "company",
    who: str | None = None,
    reps: int = 0,
    leave_out: Sequence[str] = (),
    tolerance: float | Mapping[str, float] = 0.05,
    disruptions: Sequence[float] = (100.0, 3.0, 0.3, 0.0),
    choice: int = 1,
    whole: bool = True,
    locked: Sequence[str] = (),
    owners: Mapping[str, str] | None = None,
    ramp_months: int = 0,
    seed: int = 0,
    time_limit: float = 30,
) -> Proposal:
    """Plans from 'move least' to 'start afresh' for the units of a company, region or team.

    Parameters
    ----------
    tables : units, people and, where given, unit_edges and assignments.
    scope, who : company, region or team, and its name. reps : how many reps; 0 is those of today, more
        adds vacancies named ``New rep 1``, ... leave_out : people whose units are given to the others.
    tolerance : of every measure there is in units, or measure to tolerance. whole : contiguity asked for.
    owners : unit to person where the store knows better than the table of assignments.
    ramp_months : months from hiring to full capacity, in a straight line (0: full at once).

    Raises
    ------
    SalesopsError
        A scope nobody is in, no units, fewer reps asked for than are there, or what `plan` raises.
    """
    people = people_of(tables, as_of, scope, who)
    known = to_pandas(table(tables, "units"), "units")
    held = {**assigned(tables, as_of), **(owners or {})}
    units, today = units_of(known, held, people, scope)
    wanted = reps_of(people, reps, leave_out, as_of, ramp_months)
    limits = tolerances(units, tolerance)
    edges, strange = edges_of(tables, units)
    kept = {unit: today[unit] for unit in locks_of(units, locked) if today.get(unit) in set(wanted["rep"])}
    has = {unit: rep for unit, rep in today.items() if rep not in NOBODY}
    balance = balance_today(units, has, wanted, limits, list(limits))
    found = frontier(
        units, edges, disruptions=tuple(disruptions), reps=wanted, tolerance=limits, current=has, locked=kept,
        measures=list(limits), contiguous=whole, islands="join", fixed_homes=False, seed=seed,
        time_limit=time_limit,
    )  # fmt: skip
    if not 1 <= choice <= len(found.plans):
        raise SalesopsError(
            Problem("bad-choice", f"there is no plan {choice}.", f"Choose 1 to {len(found.plans)}.",
                    value=str(choice))
        )  # fmt: skip
    problems = [*strange, *found.plans[choice - 1].problems]
    return Proposal(
        units, edges, wanted, today, balance, found, choice, limits, as_of, problems
    )  # fmt: skip
