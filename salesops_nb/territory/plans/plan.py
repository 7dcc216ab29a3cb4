"""`plan`: balanced, whole, compact territories with little moved, and the gap stated."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from salesops_nb.errors import SalesopsError, problem
from salesops_nb.territory.plans.finishing import BOUND_IS, finished, moved_bound, relabelled
from salesops_nb.territory.plans.result import PlanNotFound, Summary, TerritoryPlan
from salesops_nb.territory.solver.feasibility import screen
from salesops_nb.territory.solver.model import Model
from salesops_nb.territory.solver.model_builder import build, repriced
from salesops_nb.territory.solver.request import Request
from salesops_nb.territory.solver.solve import solve

__all__ = [
    "BOUND_IS",
    "PlanNotFound",
    "Summary",
    "TerritoryPlan",
    "finished",
    "moved_bound",
    "plan",
    "relabelled",
]


def plan(
    units: Any,
    edges: Any = None,
    k: int | None = None,
    reps: Any = None,
    tolerance: float | Mapping[str, float] = 0.05,
    current: Any = None,
    homes: Any = None,
    locked: Any = None,
    disruption: float = 0.0,
    seed: int = 0,
    time_limit: float = 15,
    *,
    measures: Iterable[str] | None = None,
    weight: str | None = None,
    forbidden: Any = None,
    contiguous: Any = True,
    islands: str = "apart",
    travel: Any = None,
    keep_together: Any = None,
    overrides: Any = None,
    disruption_measure: str | None = None,
    fixed_homes: bool = True,
    strict: bool = True,
    preview: bool = False,
) -> TerritoryPlan:
    """Territories within the tolerance, whole, as compact as found, with little moved.

    Parameters
    ----------
    units : table with unit_id, latitude, longitude (degrees) and measures.
    edges : table of unit_a, unit_b (or pairs); None makes neighbours by Delaunay on the sphere.
    k, reps : number of territories; or the reps: names, a mapping to capacity (1 is a full rep), or a
        table (rep, capacity or fte and ramp, latitude, longitude, fixed). Default: today's reps.
    tolerance : largest |load / fair share − 1|, one number or by measure.
    current : today's rep of each unit: mapping, table (unit_id, rep) or column of units.
    homes : rep to (latitude, longitude); `fixed_homes` whether distance counts from there (True) or
        they are only where the search starts (False).
    locked : units that keep today's rep, or unit to rep. forbidden : pairs (unit, rep).
    disruption : 0 starts afresh; at 1, moving everything costs as much as today's moment; 100 moves least.
    disruption_measure : column that is counted when a unit moves (potential, accounts, relationships).
    measures, weight : columns to balance, and the one that weighs distances (default: the first).
    contiguous : True, False, or the column of units that says where (area by area).
    islands : ``apart`` (no territory crosses between pieces of the map) or ``join`` (nearest links added).
    travel : times units × units or units × reps used in place of distance.
    keep_together : column with the parent, mapping to a group, or lists of units.
    overrides : accounts that keep a rep against their unit's: unit_id, rep and their measures.
    seed : the same seed gives the same plan. time_limit : seconds, only a guard; see ``cut_short``.
    strict : raise `PlanNotFound` where no plan within tolerance was found, else return the nearest.
    preview : one short search only, for a first look (not with `travel`): it moves more or is less compact.

    Returns
    -------
    TerritoryPlan
        with `assignment` (unit_id, rep) and `summary`; loads in the measures' units, distances in km.

    Raises
    ------
    SalesopsError
        Bad input, or a plan that cannot be, with the reason and the nearest feasible tolerance.

    Examples
    --------
    Bo has three of four equal units in a row. At disruption 100 the least is moved that evens it out:

    >>> import pandas as pd
    >>> from salesops_nb import territory
    >>> units = pd.DataFrame({
    ...     "unit_id": ["A", "B", "C", "D"], "latitude": 40.0,
    ...     "longitude": [-100.0, -99.5, -99.0, -98.5], "potential": 10.0,
    ... })
    >>> today = {"A": "Ada", "B": "Bo", "C": "Bo", "D": "Bo"}
    >>> edges = [("A", "B"), ("B", "C"), ("C", "D")]
    >>> plan = territory.plan(units, edges, reps=["Ada", "Bo"], current=today, disruption=100)
    >>> plan.assignment
      unit_id  rep  was  moved
    0       A  Ada  Ada  False
    1       B  Ada   Bo   True
    2       C   Bo   Bo  False
    3       D   Bo   Bo  False
    """
    return planned(
        Request(
            units=units,
            edges=edges,
            k=k,
            reps=reps,
            tolerance=tolerance,
            current=current,
            homes=homes,
            locked=locked,
            disruption=disruption,
            seed=seed,
            time_limit=time_limit,
            measures=measures,
            weight=weight,
            forbidden=forbidden,
            contiguous=contiguous,
            islands=islands,
            travel=travel,
            keep_together=keep_together,
            overrides=overrides,
            disruption_measure=disruption_measure,
            fixed_homes=fixed_homes,
            strict=strict,
            preview=preview,
        )
    )


def planned(asked: Request, model: Model | None = None) -> TerritoryPlan:
    """As `plan`; `model` is what was built of the same request, at whatever price of moving."""
    begun = time.perf_counter()
    _check_run(asked.seed, asked.time_limit)
    model = build(asked) if model is None else repriced(model, asked)
    impossible = screen(model)
    if impossible:
        raise SalesopsError([*impossible, *model.problems])
    try:
        solution = solve(model, asked.seed, asked.time_limit, asked.preview)
    except SalesopsError as error:  # what was set aside is often why
        raise SalesopsError([*error.problems, *model.problems]) from None
    return finished(model, solution, begun, asked.strict)


def _check_run(seed: Any, time_limit: Any) -> None:
    """Refuses a seed that is no whole number and a time limit that is no positive one."""
    if not isinstance(seed, (int, np.integer)) or isinstance(seed, bool) or not 0 <= seed < 2**31:
        raise SalesopsError(problem("bad-seed", table="parameters", seed=seed))
    if not isinstance(time_limit, (int, float, np.number)) or not time_limit > 0:
        raise SalesopsError(problem("bad-time-limit", table="parameters", time_limit=time_limit))
