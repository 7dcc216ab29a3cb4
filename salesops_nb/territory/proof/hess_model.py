"""Hess's model of compact territories around centre units, as an integer programme for HiGHS.

x_ij says that unit i belongs to the territory whose centre is unit j; the cost is weight · squared
chord to that unit. A unit so heavy that only few territories can hold it has these listed, each as
one variable of its own: what is left of the model is then small and its relaxation tight.
Sources: Hess et al., 'Nonpartisan political redistricting by computer', Operations Research 1965;
Garfinkel, Nemhauser, 'Optimal political districting by implicit enumeration techniques', Management
Science 1970 (listing).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import highspy
import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from salesops_nb.core import stopping
from salesops_nb.territory.solver.model import Model

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
LISTED = 5_000  # territories of one unit that are listed at most; more make the programme slower, not faster
EXACT = 1e-7


@dataclass
class Hess:
    """The model, and which of its variables are still open.

    cost : (n, n) of a unit to a centre; open_ : (n, n) pairs (unit, centre) a better plan may use.
    heavy : units whose territories are listed; sets : each territory as its units; of : the place in
    `heavy` of the unit it holds; worth : its cost; middle : its best centre.
    """

    cost: Floats
    amount: Floats
    low: float
    high: float
    k: int
    open_: Bools
    heavy: list[int] = field(default_factory=list)
    sets: list[Ints] = field(default_factory=list)
    of: Ints = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    worth: Floats = field(default_factory=lambda: np.empty(0))
    middle: Ints = field(default_factory=lambda: np.empty(0, dtype=np.int64))

    @property
    def scale(self) -> float:
        """A typical cost, by which the programme's costs are divided."""
        positive = self.cost[self.cost > 0]
        return float(np.median(positive)) if len(positive) else 1.0

    def members(self) -> sparse.csc_array:
        """(n, sets) 1 where the unit is in the listed territory."""
        rows = np.concatenate(self.sets) if self.sets else np.empty(0, dtype=np.int64)
        columns = np.repeat(np.arange(len(self.sets)), [len(units) for units in self.sets])
        shape = (len(self.amount), len(self.sets))
        return sparse.csc_array((np.ones(len(rows)), (rows, columns)), shape=shape)

    def keep(self, which: Bools) -> None:
        """Leave only these of the listed territories."""
        self.sets = [units for units, kept in zip(self.sets, which, strict=True) if kept]
        self.of, self.worth, self.middle = self.of[which], self.worth[which], self.middle[which]


def hess_model(model: Model) -> Hess:
    """The model of a map with one measure; territories of heavy units are listed where all must be whole."""
    cost = model.weight[:, None] * ((model.points[:, None] - model.points[None]) ** 2).sum(axis=2)
    n = len(cost)
    hess = Hess(
        cost, model.amount[:, 0], float(model.lower[0, 0]), float(model.upper[0, 0]), model.k,
        np.ones((n, n), dtype=bool),
    )  # fmt: skip
    if model.whole.all():
        _list_heavy(hess, model)
    return hess


def _list_heavy(hess: Hess, model: Model) -> None:
    of: list[int] = []
    for unit in np.argsort(-hess.amount, kind="stable")[: hess.k].tolist():
        if 2 * hess.amount[unit] <= hess.high:  # two such could share a territory
            break
        listed = whole_territories(model, unit, hess.amount, hess.low, hess.high, LISTED)
        if listed is None:
            break
        of += [len(hess.heavy)] * len(listed)
        hess.heavy.append(unit)
        hess.sets += listed
    hess.of = np.array(of, dtype=np.int64)
    inner = [hess.cost[np.ix_(units, units)].sum(axis=0) for units in hess.sets]
    hess.worth = np.array([costs.min() for costs in inner])
    hess.middle = np.array(
        [units[costs.argmin()] for units, costs in zip(hess.sets, inner, strict=True)], int
    )
    hess.open_[hess.heavy, :] = False
    hess.open_[:, hess.heavy] = False


def whole_territories(
    model: Model, unit: int, amount: Floats, low: float, high: float, most: int
) -> list[Ints] | None:
    """Every connected set of units that holds `unit` and weighs within the band, or None if over `most`.

    A unit at the edge of the set is taken or, from then on, banned, so that each set comes up once.
    """
    found: list[Ints] = []
    stack = [(frozenset([unit]), float(amount[unit]), tuple(model.near(unit)), frozenset([unit]))]
    seen = 0
    while stack:
        inside, weight, edge, banned = stack.pop()
        seen += 1
        if low <= weight <= high:
            found.append(np.array(sorted(inside), dtype=np.int64))
        if len(found) > most or seen > 20 * most:
            return None
        for place, v in enumerate(edge):
            banned |= {v}
            if weight + amount[v] <= high:
                rest = edge[place + 1 :]
                more = tuple(w for w in model.near(v) if w not in banned and w not in rest)
                stack.append((inside | {v}, weight + float(amount[v]), rest + more, banned))
    return found


def programme(hess: Hess, integer: bool = True) -> tuple[Any, Ints]:
    """A HiGHS programme of the open pairs and then the listed territories; the number of each pair, or -1.

    Rows: each unit once, the count of centres, per centre its load at most and at least the
    band's, and each pair only with its centre.
    """
    rows, columns = np.nonzero(hess.open_)
    pairs, listed, n = len(rows), len(hess.sets), len(hess.amount)
    number = np.full(hess.cost.shape, -1)
    number[rows, columns] = np.arange(pairs)
    centres, place = np.unique(columns, return_inverse=True)
    own = rows == columns
    each = np.arange(pairs)
    load = hess.amount[rows]

    def pairs_matrix(row: Ints, column: Ints, value: Floats, height: int) -> sparse.csr_array:
        return sparse.csr_array((value, (row, column)), shape=(height, pairs))

    others = each[~own]
    linked = np.tile(np.arange(len(others)), 2)
    to_centre = number[columns[others], columns[others]]
    signs = np.repeat([1.0, -1.0], len(others))
    infinite, c, m = highspy.kHighsInf, len(centres), len(others)
    left = [
        pairs_matrix(rows, each, np.ones(pairs), n),
        pairs_matrix(np.zeros(own.sum(), dtype=np.int64), each[own], np.ones(own.sum()), 1),
        pairs_matrix(place, each, load - np.where(own, hess.high, 0.0), c),
        pairs_matrix(place, each, load - np.where(own, hess.low, 0.0), c),
        pairs_matrix(linked, np.concatenate([others, to_centre]), signs, m),
    ]
    right = sparse.vstack([hess.members(), sparse.csr_array((1 + 2 * c + m, listed))])
    matrix = sparse.csr_array(sparse.hstack([sparse.vstack(left), right]))
    free = float(hess.k - len(hess.heavy))
    lower = np.concatenate([np.ones(n), [free], np.full(c, -infinite), np.zeros(c), np.full(m, -infinite)])
    upper = np.concatenate([np.ones(n), [free], np.zeros(c), np.full(c, infinite), np.zeros(m)])
    costs = np.concatenate([hess.cost[rows, columns], hess.worth]) / hess.scale
    return _highs(costs, matrix, lower, upper, integer), number


def _highs(costs: Floats, matrix: sparse.csr_array, lower: Floats, upper: Floats, integer: bool) -> Any:
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = len(costs), len(lower)
    lp.col_cost_, lp.col_lower_, lp.col_upper_ = costs, np.zeros(len(costs)), np.ones(len(costs))
    lp.row_lower_, lp.row_upper_ = lower, upper
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_, lp.a_matrix_.index_ = matrix.indptr, matrix.indices
    lp.a_matrix_.value_ = matrix.data
    if integer:
        lp.integrality_ = [highspy.HighsVarType.kInteger] * len(costs)
    solver: Any = highspy.Highs()  # type: ignore[no-untyped-call]
    solver.silent()
    solver.setOptionValue("mip_rel_gap", EXACT)
    solver.setOptionValue("threads", 1)
    flag = stopping.flag()

    def look(event: Any) -> None:
        if flag[0]:
            event.interrupt()

    for interrupt in (solver.cbSimplexInterrupt, solver.cbIpmInterrupt, solver.cbMipInterrupt):
        interrupt.subscribe(look)
    solver.passModel(lp)
    return solver


def fix(hess: Hess, value: float) -> float:
    """A lower bound on the model; closes what a plan as good as `value` cannot use.

    The multipliers of 'each unit once' and 'within the band' come from the linear relaxation
    (interior point; any multipliers are valid). With them each centre's part and each listed
    territory is valued by itself, the cheapest are taken, and what a variable adds to their sum
    is the least it costs.
    Source: Validi, Buchanan, Lykhovyd, 'Imposing contiguity constraints in political districting
    models', Operations Research 2022 (Lagrangian fixing).
    """
    n, free = len(hess.amount), hess.k - len(hess.heavy)
    solver, _ = programme(hess, integer=False)
    solver.setOptionValue("solver", "ipm")
    solver.setOptionValue("run_crossover", "off")
    solver.run()
    stopping.check()
    dual = np.array(solver.getSolution().row_dual) * hess.scale
    unit_price = dual[:n]
    centres = np.flatnonzero(np.diag(hess.open_))
    load_price = np.zeros(n)
    load_price[centres] = -(dual[n + 1 :][: len(centres)] + dual[n + 1 + len(centres) :][: len(centres)])
    reduced = hess.cost - unit_price[:, None] + hess.amount[:, None] * load_price[None, :]
    part = np.where(hess.open_, np.minimum(reduced, 0.0), 0.0).sum(axis=0) + np.maximum(np.diag(reduced), 0.0)
    part -= np.maximum(load_price * hess.low, load_price * hess.high)
    part[~np.diag(hess.open_)] = np.inf
    chosen = np.argsort(part, kind="stable")[:free]
    dear = hess.worth - hess.members().T @ unit_price
    cheapest = np.array([dear[hess.of == h].min(initial=np.inf) for h in range(len(hess.heavy))])
    best = float(unit_price.sum() + part[chosen].sum() + cheapest.sum())
    limit = value * (1 + 1e-9) if np.isfinite(value) else np.inf
    if not np.isfinite(best):
        return best
    last = part[chosen].max(initial=-np.inf)
    extra = np.where(np.isin(np.arange(n), chosen), 0.0, np.maximum(part - last, 0.0))
    stays = best + extra <= limit
    fits = np.asarray(best + extra[None, :] + np.maximum(reduced, 0.0) <= limit)
    fits[np.diag_indices(n)] = stays
    hess.open_ &= fits & stays[None, :]
    hess.keep(best + dear - cheapest[hess.of] <= limit)
    return best
