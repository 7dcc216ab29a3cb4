"""The proven optimum of small maps: Hess's model with contiguity by separators, solved by HiGHS.

x_ij says that unit i belongs to the territory whose centre is unit j; the cost is weight · squared
chord to that unit. A Lagrangian bound first fixes what cannot be in a plan better than the one the
search found, then the integer programme is solved, and where a territory is broken the separators
that forbid this are added and it is solved again.
Sources: Hess et al., 'Nonpartisan political redistricting by computer', Operations Research 1965;
Validi, Buchanan, Lykhovyd, 'Imposing contiguity constraints in political districting models',
Operations Research 2022 (fixing and separators).
"""

from __future__ import annotations

import time
from typing import Any

import highspy
import numpy as np
from numpy.typing import NDArray

from salesops_nb.errors import Problem, SalesopsError
from salesops_nb.territory.model import Model
from salesops_nb.territory.planning import PlanNotFound, TerritoryPlan, finished, plan
from salesops_nb.territory.work import Solution

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
LIMIT = 130
STARTS = 10


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
        raise SalesopsError(
            Problem(
                "too-large-to-prove",
                f"{model.items} units are too many for a proof; it takes up to {LIMIT}.",
                "Use territory.plan, which states its gap.",
                value=str(model.items),
            )
        )
    if len(model.measures) > 1:
        raise SalesopsError("A proof balances one measure.", "Name one in measures.")
    cost = model.weight[:, None] * ((model.points[:, None] - model.points[None]) ** 2).sum(axis=2)
    low, high = float(model.lower[0, 0]), float(model.upper[0, 0])
    amount = model.amount[:, 0]
    value = np.inf if start is None else _hess_cost(cost, start, k)
    bound, open_ = lagrangian_fixing(cost, amount, low, high, k, value)
    centre_of, proof, cuts = _solved(
        model, cost, amount, low, high, k, open_, start, value, begun + time_limit
    )
    if centre_of is None:
        if start is None or proof is None:
            raise SalesopsError(
                Problem(
                    "proven-impossible",
                    f"no plan of {k} territories within ±{100 * tolerance:g} % exists on this map."
                    if proof is None
                    else "neither a plan nor a proof that there is none was found in the time given.",
                    "Widen the tolerance or raise time_limit.",
                )
            )
        centre_of = _medoids(cost, start, k)[start]
        bound = max(bound, proof)
    else:
        bound = proof if proof is not None else bound
    _, choice = np.unique(centre_of, return_inverse=True)
    result = finished(model, Solution(choice.astype(np.int64), 0.0, 0.0), begun)
    moment = float(cost[np.arange(len(cost)), centre_of].sum())
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
    options = {"measures": measures, "contiguous": contiguous, "islands": islands}
    try:
        first = plan(units, edges, k, tolerance=tolerance, seed=seed, **options)
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
    for turn in range(STARTS + 1):
        try:
            found = first if turn == STARTS else plan(
                units, edges, k, tolerance=tolerance, seed=seed + turn, travel=apart, **options
            )  # fmt: skip
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


def lagrangian_fixing(
    cost: Floats, amount: Floats, low: float, high: float, k: int, value: float
) -> tuple[float, Bools]:
    """A lower bound on Hess's objective, and which pairs (unit, centre) a plan as good as `value` may use.

    The multipliers of 'each unit once' and 'within the band' come from the linear relaxation
    (interior point; any multipliers are valid). With them each centre's part is solved by inspection,
    the k cheapest are taken, and what a pair would add to their sum is what it costs at least.
    """
    n = len(amount)
    rows, columns = np.nonzero(np.ones((n, n), dtype=bool))
    scale = max(float(np.median(cost[cost > 0])), 1e-300)
    number = np.arange(n * n).reshape(n, n)
    solver = _programme(cost / scale, amount, low, high, k, rows, columns, number, integer=False)
    solver.setOptionValue("solver", "ipm")
    solver.setOptionValue("run_crossover", "off")
    solver.run()
    duals = np.array(solver.getSolution().row_dual) * scale
    unit_price = duals[:n]
    load_price = -(duals[n + 1 : n + 1 + 2 * n : 2] + duals[n + 2 : n + 2 + 2 * n : 2])
    reduced, worth, chosen = _relaxed(cost, amount, low, high, k, unit_price, load_price)
    best = float(unit_price.sum() + worth[chosen].sum())
    limit = value * (1 + 1e-9) if np.isfinite(value) else np.inf
    extra = np.where(np.isin(np.arange(n), chosen), 0.0, worth - worth[chosen].max())
    open_ = np.asarray(best + extra[None, :] + np.maximum(reduced, 0.0) <= limit)
    open_[np.diag_indices(n)] = best + extra <= limit
    open_ &= open_[np.diag_indices(n)][None, :]
    return best, open_


def _relaxed(
    cost: Floats, amount: Floats, low: float, high: float, k: int, unit_price: Floats, load_price: Floats
) -> tuple[Floats, Floats, Ints]:
    reduced = cost - unit_price[:, None] + amount[:, None] * load_price[None, :]
    worth = np.minimum(reduced, 0.0).sum(axis=0) + np.maximum(np.diag(reduced), 0.0)
    worth -= np.maximum(load_price * low, load_price * high)
    return reduced, worth, np.argsort(worth, kind="stable")[:k]


def _solved(
    model: Model, cost: Floats, amount: Floats, low: float, high: float, k: int, open_: Bools,
    start: Ints | None, value: float, deadline: float,
) -> tuple[Ints | None, float | None, int]:  # fmt: skip
    """Centre of each unit, the proven bound (None: nothing feasible) and the number of cuts."""
    rows, columns = np.nonzero(open_)
    number = np.full(cost.shape, -1)
    number[rows, columns] = np.arange(len(rows))
    scale = max(float(np.median(cost[cost > 0])), 1e-300)
    solver = _programme(cost / scale, amount, low, high, k, rows, columns, number)
    if start is not None:
        _warm(solver, number, _medoids(cost, start, k)[start])
    cuts, proof = 0, 0.0
    while True:
        left = deadline - time.perf_counter()
        if left <= 0:
            return None, proof, cuts
        solver.setOptionValue("time_limit", solver.getRunTime() + left)
        solver.run()
        status = solver.getModelStatus()
        if status == highspy.HighsModelStatus.kInfeasible:
            return None, None if start is None else value, cuts
        bound = float(solver.getInfo().mip_dual_bound) * scale
        proof = max(proof, bound)
        if status != highspy.HighsModelStatus.kOptimal:
            return None, proof, cuts
        taken = np.array(solver.getSolution().col_value) > 0.5
        centre_of = np.full(len(amount), -1)
        centre_of[rows[taken]] = columns[taken]
        broken = _separators(model, centre_of) if model.whole.any() else []
        if not broken:
            return centre_of, bound, cuts
        for units, centre, separator in broken:
            for unit in units:
                own = number[unit, centre]
                others = [int(c) for c in number[separator, centre] if c >= 0]
                solver.addRow(
                    -highspy.kHighsInf, 0.0, len(others) + 1, np.array([own, *others], dtype=np.int32),
                    np.array([1.0, *[-1.0] * len(others)]),
                )  # fmt: skip
                cuts += 1


def _programme(
    cost: Floats,
    amount: Floats,
    low: float,
    high: float,
    k: int,
    rows: Ints,
    columns: Ints,
    number: Ints,
    integer: bool = True,
) -> Any:
    solver: Any = highspy.Highs()  # type: ignore[no-untyped-call]
    solver.silent()
    solver.setOptionValue("mip_rel_gap", 1e-7)
    solver.setOptionValue("threads", 1)
    count = len(rows)
    for c in range(count):
        solver.addVar(0.0, 1.0)
        solver.changeColCost(c, float(cost[rows[c], columns[c]]))
        if integer:
            solver.changeColIntegrality(c, highspy.HighsVarType.kInteger)
    infinite = highspy.kHighsInf

    def add(lower: float, upper: float, where: Any, values: Any) -> None:
        solver.addRow(lower, upper, len(where), np.asarray(where, np.int32), np.asarray(values, float))

    for i in range(len(amount)):
        where = np.flatnonzero(rows == i)
        add(1.0, 1.0, where, np.ones(len(where)))
    centres = [int(j) for j in np.unique(columns)]
    own = [int(number[j, j]) for j in centres]
    add(float(k), float(k), own, np.ones(len(own)))
    for j in centres:
        where = np.flatnonzero(columns == j)
        load = amount[rows[where]]
        itself = int(number[j, j])
        add(-infinite, 0.0, where, np.where(where == itself, load - high, load))
        add(0.0, infinite, where, np.where(where == itself, load - low, load))
    for c in range(count):
        if rows[c] != columns[c]:
            add(-infinite, 0.0, [c, int(number[columns[c], columns[c]])], [1.0, -1.0])
    return solver


def _warm(solver: highspy.Highs, number: Ints, centre_of: Ints) -> None:
    own = number[np.arange(len(centre_of)), centre_of]
    if (own >= 0).all():
        solution = highspy.HighsSolution()
        values = np.zeros(int(number.max()) + 1)
        values[own] = 1.0
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
            border = {v for u in piece for v in _near(model, u)} - piece
            outside = _reach(model, int(centre), set(range(model.items)) - piece - border | {int(centre)})
            separator = sorted(
                b for b in border if any(v in outside for v in _near(model, b)) or b in outside
            )
            found.append((sorted(piece), int(centre), np.array(separator, dtype=np.int64)))
    return found


def _near(model: Model, unit: int) -> list[int]:
    return [int(v) for v in model.neighbour[model.first[unit] : model.first[unit + 1]]]


def _reach(model: Model, start: int, inside: set[int]) -> set[int]:
    seen, stack = {start}, [start]
    while stack:
        for v in _near(model, stack.pop()):
            if v in inside and v not in seen:
                seen.add(v)
                stack.append(v)
    return seen
