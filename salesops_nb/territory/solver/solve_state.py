"""What the phases of one solve share: its state, the search from a plan, wholeness, ranking.

Everything is counted in steps; the clock is only a guard, and a plan that it cut short says so.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from salesops_nb.core import stopping
from salesops_nb.territory.kernels.balancing_prices import cheapest, distance_cost
from salesops_nb.territory.kernels.contiguity_repair import keep_whole
from salesops_nb.territory.kernels.local_search import EXPONENTIAL, anneal
from salesops_nb.territory.solver.model import Model

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass
class Solution:
    """A plan by item: territory of each, cost, how far out of its bands, whether time cut it short."""

    choice: Ints
    cost: float
    excess: float
    cut_short: bool = False


@dataclass
class Work:
    """What the phases of one solve share."""

    model: Model
    seed: int
    deadline: float
    place: Floats
    mass: Floats
    extra: Floats
    price: float
    cost: Floats
    cut_short: bool = False
    rate: float = 0.0
    random: np.random.Generator = field(default_factory=lambda: np.random.default_rng(0))

    @property
    def late(self) -> bool:
        """Whether the guard of time has struck; from then on the plan counts as cut short."""
        if time.thread_time() > self.deadline:
            self.cut_short = True
        return self.cut_short


def rank(plan: Solution) -> tuple[float, float]:
    """Balanced plans first, then by cost."""
    return (plan.excess if plan.excess > 1e-9 else 0.0, plan.cost)


def improved(
    work: Work, choice: Ints, steps: int, hot: float, turn: int = 0, linear: Any = None, inner: float = 1.0
) -> Solution:
    """The best plan of an annealed search from `choice`; `hot` in costs of an average item's stay.

    `inner` is the share of each band that is aimed at; excess is counted outside it.
    """
    model = work.model
    stopping.check()
    if work.rate > 0:  # the guard: fewer steps where the clock would run out
        left = max(0.0, work.deadline - time.thread_time()) / work.rate
        if left < steps:
            work.cut_short, steps = True, max(2 * model.items, int(left))
    field_ = model.field(work.price, linear, moment=linear is None)
    if inner < 1:
        middle, half = (model.lower + model.upper) / 2, (model.upper - model.lower) / 2
        field_ = field_._replace(lower=middle - inner * half, upper=middle + inner * half)
    typical = _cost_of(work, choice, linear) * (1 + model.disruption) / model.items
    begun = time.thread_time()
    best, cost, excess, _ = anneal(
        field_,
        choice,
        model.base_load(),
        steps,
        hot * typical,
        0.003 * hot * typical,
        2.0 * typical * model.items / model.k,
        work.seed * 31 + turn,
        EXPONENTIAL,
        stopping.flag(),
    )
    stopping.check()
    if steps >= 100_000:
        work.rate = (time.thread_time() - begun) / steps
    return Solution(best, float(cost), float(excess))


def until_balanced(work: Work, best: Solution, plans: list[Solution], steps: int) -> Solution:
    """Further searches while the best plan is outside its bands.

    Where one territory is out, those around it are mostly full to the edge of theirs, and load would
    have to pass through many at once: a search within half the bands makes room first. What the room
    has cost is won back afterwards.
    """
    if best.excess <= 1e-9:
        return best
    for turn in range(6):
        if work.late:
            break
        start = best if turn % 2 == 0 else plans[min(turn // 2, len(plans) - 1)]
        room = improved(work, start.choice, steps // 2, 0.5, 20 + turn, inner=0.5)
        best = min(best, improved(work, room.choice, steps // 2, 0.1, 30 + turn), key=rank)
        if best.excess <= 1e-9:
            return min(best, improved(work, best.choice, steps, 0.5, 40), key=rank)
    return best


def _cost_of(work: Work, choice: Ints, linear: Any) -> float:
    """Compactness of a plan by item, never zero."""
    model = work.model
    if linear is not None:
        return float(linear[np.arange(model.items), choice].sum()) + 1e-9
    mass = np.maximum(np.bincount(choice, work.mass, minlength=model.k), 1e-300)
    centre = np.stack(
        [np.bincount(choice, work.mass * work.place[:, a], minlength=model.k) / mass for a in range(3)],
        axis=1,
    )
    centre = np.where(model.reps.fixed[:, None], model.homes, centre)
    return float((work.mass * ((work.place - centre[choice]) ** 2).sum(axis=1)).sum()) + 1e-9


def whole(work: Work, choice: Ints, cost: Floats) -> Ints:
    """The plan with every territory whole, pieces going where `cost` (items, k) is least."""
    model = work.model
    stopping.check()
    result, _ = keep_whole(
        model.first,
        model.neighbour,
        choice,
        model.whole,
        model.free,
        model.amount.sum(axis=1),
        cost,
        model.allowed,
    )
    return result


def rounded(work: Work, centre: Floats, prices: Floats) -> Ints:
    """Whole territories from centres and prices."""
    distance_cost(work.place, work.mass, centre, work.extra, work.cost)
    priced = work.cost + work.model.amount @ prices.T
    return whole(work, cheapest(work.cost, work.model.amount, prices), priced)
