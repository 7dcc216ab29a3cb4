"""The proven optimum of small maps: Hess's model with contiguity by separators, solved by HiGHS.

A Lagrangian bound first closes what cannot be in a plan better than the one the search found, then
the integer programme is solved, and where a territory is broken the separators that forbid this are
added and it is solved again.
Source: Validi, Buchanan, Lykhovyd, 'Imposing contiguity constraints in political districting models',
Operations Research 2022.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import highspy
import numpy as np
from numpy.typing import NDArray

from salesops_nb.core.stopping import check
from salesops_nb.errors import SalesopsError, problem
from salesops_nb.territory.plans.plan import PlanNotFound, TerritoryPlan, finished, planned
from salesops_nb.territory.proof.hess_model import Hess, fix, hess_model, programme
from salesops_nb.territory.solver.model import Model
from salesops_nb.territory.solver.request import Request
from salesops_nb.territory.solver.solve_state import Solution

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
LIMIT = 130
STARTS = 10  # searches before the proof; small maps need fewer


def prove(
    units: Any,
    edges: Any = None,
    k: int = 2,
    tolerance: float = 0.05,
    *,
    measures: Any = None,
    contiguous: bool = True,
    islands: str = "apart",
    seed: int = 0,
    time_limit: float = 600,
) -> TerritoryPlan:
    """The most compact plan there is, around centre units, with its proof; for about 120 units or fewer.

    ``moment`` in the summary is Hess's: Σ w·d² to the best unit of each territory, in weight·km²;
    ``bound`` the proven lower bound on every balanced contiguous plan, ``gap`` what is left between,
    ``proven`` whether that is nothing (1e-6), ``cuts`` the separators needed.

    Raises
    ------
    SalesopsError
        More than 130 units, several measures, or what `plan` raises. A map on which the search finds no
        plan is proven impossible where it is (code ``proven-impossible``).
    """
    begun = time.perf_counter()
    start, model = _first_plan(units, edges, k, tolerance, measures, contiguous, islands, seed)
    if model.items > LIMIT:
        raise SalesopsError(problem("too-large-to-prove", value=model.items, limit=LIMIT))
    if len(model.measures) > 1:
        raise SalesopsError(problem("several-measures"))
    hess = hess_model(model)
    known = None if start is None else _medoids(hess.cost, start, k)[start]
    bound = fix(hess, _cost(hess.cost, known))
    centre_of, proof, cuts = _solved(model, hess, known, begun + time_limit)
    if centre_of is None:
        raise SalesopsError(
            problem(
                "proven-impossible" if proof is None else "proven-impossible.not-found",
                k=k,
                tolerance=100 * tolerance if proof is None else None,
            )
        )
    bound = max(bound, proof or 0.0)
    _, choice = np.unique(centre_of, return_inverse=True)
    result = finished(model, Solution(choice.astype(np.int64), 0.0, 0.0), begun)
    moment = _cost(hess.cost, centre_of)
    gap = max(0.0, moment / bound - 1) if bound > 0 else 0.0
    result.summary.update(
        moment=moment,
        bound=bound,
        gap=gap,
        proven=gap <= 1e-6,
        cuts=cuts,
        bound_is="proven lower bound on all plans (Hess's objective)",
        seconds=time.perf_counter() - begun,
    )
    return result


def _first_plan(
    units: Any, edges: Any, k: int, tolerance: float, measures: Any, contiguous: bool, islands: str, seed: int
) -> tuple[Ints | None, Model]:
    """The best plan of a few searches with the distance to centre units, and the model."""
    asked = Request(
        units=units, edges=edges, k=k, tolerance=tolerance, seed=seed, measures=measures,
        contiguous=contiguous, islands=islands,
    )  # fmt: skip
    try:
        first = planned(asked)
    except PlanNotFound as error:
        return None, _model_of(error.plan)
    model = first.model
    assert model is not None
    if model.items > LIMIT or len(model.item) != model.items:
        return None, model
    apart = np.sqrt(((model.points[:, None] - model.points[None]) ** 2).sum(axis=2))
    cost = model.weight[:, None] * apart**2
    number = model.reps.number
    best: Ints | None = None
    turns = min(STARTS, 1 + model.items // 10)
    for turn in range(turns + 1):
        try:
            found = first if turn == turns else planned(replace(asked, seed=seed + turn, travel=apart))
        except PlanNotFound:
            continue
        choice = np.array([number[rep] for rep in found.assignment["rep"]], dtype=np.int64)
        if best is None or _hess_cost(cost, choice, k) < _hess_cost(cost, best, k):
            best = choice
    return best, model


def _model_of(found: TerritoryPlan) -> Model:
    assert found.model is not None
    return found.model


def _medoids(cost: Floats, choice: Ints, k: int) -> Ints:
    best = np.zeros(k, dtype=np.int64)
    for j in range(k):
        inside = np.flatnonzero(choice == j)
        best[j] = inside[int(np.argmin(cost[np.ix_(inside, inside)].sum(axis=0)))]
    return best


def _hess_cost(cost: Floats, choice: Ints, k: int) -> float:
    return float(cost[np.arange(len(choice)), _medoids(cost, choice, k)[choice]].sum())


def _solved(
    model: Model, hess: Hess, best: Ints | None, deadline: float
) -> tuple[Ints | None, float | None, int]:
    """The best centre of each unit, the proven bound (None: nothing feasible), the number of cuts."""
    solver, number = programme(hess)
    value = _cost(hess.cost, best)
    if best is not None:
        _warm(solver, hess, number, best)
    cuts, proof = 0, 0.0
    while (left := deadline - time.perf_counter()) > 0:
        solver.setOptionValue("time_limit", solver.getRunTime() + left)
        solver.run()
        check()
        status = solver.getModelStatus()
        if status == highspy.HighsModelStatus.kInfeasible:
            return best, None if best is None else value, cuts
        proof = max(proof, float(solver.getInfo().mip_dual_bound) * hess.scale)
        taken = np.array(solver.getSolution().col_value) > 0.5
        if not taken.any():
            break
        centre_of = _centres(hess, number, taken)
        broken = _separators(model, centre_of) if model.whole.any() else []
        if not broken and _cost(hess.cost, centre_of) < value:
            best, value = centre_of, _cost(hess.cost, centre_of)
        if not broken or status != highspy.HighsModelStatus.kOptimal:
            break
        for units, centre, separator in broken:
            for unit in units:
                others = number[separator, centre]
                cut = np.append(number[unit, centre], others[others >= 0]).astype(np.int32)
                signs = np.append(1.0, np.full(len(cut) - 1, -1.0))
                solver.addRow(-highspy.kHighsInf, 0.0, len(cut), cut, signs)
                cuts += 1
    return best, min(proof, value), cuts


def _cost(cost: Floats, centre_of: Ints | None) -> float:
    return np.inf if centre_of is None else float(cost[np.arange(len(cost)), centre_of].sum())


def _centres(hess: Hess, number: Ints, taken: Bools) -> Ints:
    """Centre of each unit in a solution of the programme."""
    rows, columns = np.nonzero(number >= 0)
    pairs = taken[: len(rows)]
    centre_of = np.full(len(hess.amount), -1)
    centre_of[rows[pairs]] = columns[pairs]
    for number_of_set in np.flatnonzero(taken[len(rows) :]).tolist():
        centre_of[hess.sets[number_of_set]] = hess.middle[number_of_set]
    return centre_of


def _warm(solver: highspy.Highs, hess: Hess, number: Ints, centre_of: Ints) -> None:
    """Start HiGHS from this plan, if the variables it needs are open."""
    values = np.zeros(int((number >= 0).sum()) + len(hess.sets))
    listed = {tuple(units.tolist()): place for place, units in enumerate(hess.sets)}
    for centre in np.unique(centre_of):
        inside = np.flatnonzero(centre_of == centre)
        own = number[inside, centre]
        if (own >= 0).all():
            values[own] = 1.0
        elif tuple(inside.tolist()) in listed:
            values[int((number >= 0).sum()) + listed[tuple(inside.tolist())]] = 1.0
        else:
            return
    solution = highspy.HighsSolution()
    solution.col_value = values.tolist()
    solver.setSolution(solution)


def _separators(model: Model, centre_of: Ints) -> list[tuple[list[int], int, Ints]]:
    """For each piece that broke off its centre: its units, the centre, and the units that cut it off."""
    found = []
    for centre in np.unique(centre_of):
        inside = set(np.flatnonzero(centre_of == centre).tolist())
        main = _reach(model, int(centre), inside)
        left = inside - main
        while left:
            piece = _reach(model, min(left), left)
            left -= piece
            border = {v for u in piece for v in model.near(u)} - piece
            outside = _reach(model, int(centre), set(range(model.items)) - piece - border | {int(centre)})
            separator = sorted(b for b in border if any(v in outside for v in model.near(b)) or b in outside)
            found.append((sorted(piece), int(centre), np.array(separator, dtype=np.int64)))
    return found


def _reach(model: Model, start: int, inside: set[int]) -> set[int]:
    seen, stack = {start}, [start]
    while stack:
        for v in model.near(stack.pop()):
            if v in inside and v not in seen:
                seen.add(v)
                stack.append(v)
    return seen
