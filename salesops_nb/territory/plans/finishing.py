"""From a solution to a finished plan: names, the independent check, figures, territories."""

from __future__ import annotations

import time
from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from salesops_nb.errors import Problem, problem
from salesops_nb.territory.inputs.geography import latitude_longitude
from salesops_nb.territory.plans.independent_check import check_plan, territory_pieces
from salesops_nb.territory.plans.lower_bound import centre_bound
from salesops_nb.territory.plans.result import PlanNotFound, Summary, TerritoryPlan
from salesops_nb.territory.solver.feasibility import percent
from salesops_nb.territory.solver.model import Model
from salesops_nb.territory.solver.solve_state import Solution

Ints = NDArray[np.int64]
BOUND_IS = "linear programme's dual for the final centres, units divisible, contiguity left out"


def finished(model: Model, solution: Solution, begun: float, strict: bool = True) -> TerritoryPlan:
    """The plan with its figures, after the independent check."""
    choice = relabelled(model, solution.choice)[model.item]
    names = np.array(model.reps.names, dtype=object)
    assignment = dict(zip(model.units.ids, names[choice].tolist(), strict=True))
    ids = model.units.ids
    edges = [(ids[a], ids[b]) for a, b in model.edges.tolist()]
    broken = _checked(model, assignment, edges)
    problems = list(model.problems)
    if solution.cut_short:
        problems.append(problem("cut-short"))
    result = TerritoryPlan(
        _assignment(model, choice),
        _summary(model, choice, territory_pieces(assignment, edges), broken, solution.cut_short, begun),
        _territories(model, choice),
        [*problems, *broken],
        model,
    )
    if broken and strict:
        raise PlanNotFound([_reason(model, result), *broken], result)
    return result


def _reason(model: Model, result: TerritoryPlan) -> Problem:
    worst = max(model.measures, key=lambda name: result.summary["balance"][name] - model.tolerance[name])
    found = result.summary["balance"][worst]
    return problem(
        ("no-plan-found.widen-contiguity" if model.bound.any() else "no-plan-found.widen")
        if model.tolerance[worst] < found < 1
        else "no-plan-found.contiguity"
        if model.bound.any()
        else "no-plan-found",
        tolerance=100 * model.tolerance[worst],
        worst=worst,
        found=percent(found),
    )


def relabelled(model: Model, choice: Ints) -> Ints:
    """The same territories under the names that leave most with their owner.

    A name is changed only for one of the same capacity who may have every unit of the territory, and not at
    all where names stand for homes or carry accounts of their own.
    """
    if model.reps.fixed.any() or model.base.any() or model.travel_to_homes or not (model.today >= 0).any():
        return choice
    from scipy.optimize import linear_sum_assignment

    known = model.today >= 0
    kept = np.zeros((model.k, model.k))
    np.add.at(kept, (choice[model.item][known], model.today[known]), model.stay[known] + 1e-9)
    barred = np.zeros((model.k, model.k))
    np.add.at(barred, choice, ~model.allowed)
    barred += model.reps.capacity[:, None] != model.reps.capacity
    territory, rep = linear_sum_assignment(np.where(barred > 0, 1.0, -kept / (kept.sum() + 1.0)) * 1e6)
    name = np.empty(model.k, dtype=np.int64)
    name[territory] = rep
    return choice if (barred[territory, rep] > 0).any() else np.asarray(name[choice])


def _checked(model: Model, assignment: Mapping[str, str], edges: list[tuple[str, str]]) -> list[Problem]:
    ids, share = model.units.ids, model.reps.capacity / model.reps.capacity.sum()
    members: dict[int, list[str]] = {}
    for unit, c in zip(ids, model.item.tolist(), strict=True):
        members.setdefault(c, []).append(unit)
    forbidden = [
        (unit, model.reps.names[j])
        for c, j in np.argwhere(~model.allowed).tolist()
        for unit in members[c]
        if unit not in model.locked
    ]
    return check_plan(
        ids,
        assignment,
        {m: dict(zip(ids, model.values[:, f].tolist(), strict=True)) for f, m in enumerate(model.measures)},
        dict(zip(model.reps.names, share.tolist(), strict=True)),
        model.tolerance,
        base={
            m: dict(zip(model.reps.names, model.base[:, f].tolist(), strict=True))
            for f, m in enumerate(model.measures)
        },
        edges=edges,
        bound=[unit for unit, binds in zip(ids, model.bound.tolist(), strict=True) if binds],
        locked=model.locked,
        forbidden=forbidden,
        groups=[group for group in members.values() if len(group) > 1],
    )


def _assignment(model: Model, choice: Ints) -> pd.DataFrame:
    names = [model.reps.names[j] for j in choice]
    moved = [was is not None and was != now for was, now in zip(model.had, names, strict=True)]
    return pd.DataFrame({"unit_id": model.units.ids, "rep": names, "was": model.had, "moved": moved})


def moved_bound(model: Model) -> float:
    """The least of the disruption measure that any plan within the bands must move.

    Per measure: the larger of the total excess above the bands and the total deficit below them,
    and all that belongs to reps who are no longer there; in the disruption measure's own unit, so
    exact where that is the measure balanced, else 0 where no ratio links them.
    """
    gone = np.array([was is not None for was in model.had]) & (model.today < 0)
    least = float(model.stay[gone].sum())
    for f in range(len(model.measures)):
        if not np.array_equal(model.stay, model.values[:, f]):
            continue
        known = model.today >= 0
        load = np.bincount(model.today[known], model.values[known, f], minlength=model.k) / model.scale[f]
        load = load + model.base_load()[:, f]
        over = np.maximum(load - model.upper[:, f], 0).sum()
        fresh = sum(model.values[i, f] for i, was in enumerate(model.had) if was is None) / model.scale[f]
        under = np.maximum(model.lower[:, f] - load, 0).sum() - fresh
        least = max(least, float(max(over, under) * model.scale[f]))
    return least


def _summary(
    model: Model, choice: Ints, pieces: Mapping[str, int], broken: list[Problem], cut: bool, begun: float
) -> Summary:
    balance = dict(zip(model.measures, model.imbalance(choice).tolist(), strict=True))
    moment, bound = model.moment(choice), centre_bound(model, choice)
    names = np.array(model.reps.names, dtype=object)
    had = np.array(model.had, dtype=object)
    moved = (had != names[choice]) & np.array([was is not None for was in model.had])
    amount = float(model.stay[moved].sum())
    total = float(model.stay.sum())
    return Summary(
        imbalance=max(balance.values()),
        balance=balance,
        moment=moment,
        bound=bound,
        gap=moment / bound - 1 if bound > 0 else 0.0 if moment <= 1e-9 else float("inf"),
        bound_is=BOUND_IS,
        contiguous=all(count == 1 for count in pieces.values()),
        moved=amount,
        moved_share=amount / total if total else 0.0,
        moved_units=int(moved.sum()),
        moved_bound=moved_bound(model),
        feasible=not broken,
        cut_short=cut,
        seconds=time.perf_counter() - begun,
    )


def _territories(model: Model, choice: Ints) -> pd.DataFrame:
    centre = model.centres(choice) + model.origin
    latitude, longitude = latitude_longitude(np.nan_to_num(centre))
    loads, fair = model.loads(choice), model.target * model.scale
    columns = {
        "rep": model.reps.names,
        "capacity": model.reps.capacity,
        "units": np.bincount(choice, minlength=model.k),
    }
    for f, name in enumerate(model.measures):
        columns[name] = loads[:, f]
        columns[f"{name}_fair"] = fair[:, f]
        columns[f"{name}_imbalance"] = loads[:, f] / fair[:, f] - 1
    cost = model.weight * ((model.points - model.centres(choice)[choice]) ** 2).sum(axis=1)
    columns["moment"] = np.bincount(choice, cost, minlength=model.k)
    return pd.DataFrame({**columns, "latitude": latitude, "longitude": longitude})
