"""Plans under given travel times: centres at the best units, prices and search on the times."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from salesops_nb.territory.kernels.balancing_prices import balance_prices, cheapest, distance_cost
from salesops_nb.territory.solver.solve_state import Solution, Work, improved, rank, whole
from salesops_nb.territory.solver.start_centres import INNER, ranked_centres

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def travelled(work: Work) -> Solution:
    """Under a travel matrix: prices and search on the given times, centres moved to the best unit."""
    model = work.model
    steps = int(np.clip(600 * model.items, 200_000, 4_000_000))
    starts = [np.zeros(model.items, dtype=np.int64)]
    if not model.travel_to_homes:
        starts = _ranked_medoids(work)[:3]
    best: Solution | None = None
    for choice in starts:
        if best is not None and work.late:
            break
        choice = _priced(work, _linear(work, choice))
        for turn in range(3):
            linear = _linear(work, choice)
            found = improved(work, choice, steps // 3, 0.5 if turn == 0 else 0.1, turn, linear)
            choice = found.choice
            found.cost = float(_linear(work, choice)[np.arange(model.items), choice].sum()) + _moves(
                work, choice
            )
            best = found if best is None else min(best, found, key=rank)
            if model.travel_to_homes and found.excess <= 1e-9:
                break
    assert best is not None
    return best


def _ranked_medoids(work: Work) -> list[Ints]:
    """Plans of whole territories after steps between best units and balanced prices, from several starts."""
    model = work.model
    assert model.travel is not None
    flat = np.zeros((model.k, model.amount.shape[1]))
    starts: list[Ints] = []
    for centre, _ in ranked_centres(work)[:3]:
        distance_cost(work.place, work.mass, centre, work.extra, work.cost)
        starts.append(cheapest(work.cost, model.amount, flat))
    while len(starts) < int(np.clip(3000 // model.items, 3, 12)):
        centres = [int(work.random.integers(len(model.item)))]
        while len(centres) < model.k:  # k-means++ by travel time
            chance = (model.weight + 1e-12) * model.travel[:, centres].min(axis=1) ** 2 + 1e-12
            centres.append(int(work.random.choice(len(chance), p=chance / chance.sum())))
        cost = model.travel_cost(np.array(centres))
        by_item = np.zeros((model.items, model.k))
        np.add.at(by_item, model.item, cost)
        starts.append(_priced(work, by_item))
    found: list[tuple[float, Ints]] = []
    for choice in starts:
        last = np.inf
        for _ in range(10):
            choice = _priced(work, _linear(work, choice))
            value = float(_linear(work, choice)[np.arange(model.items), choice].sum())
            if value >= last * (1 - 1e-9):
                break
            last = value
        found.append((last, choice))
        if work.late:
            break
    found.sort(key=lambda f: f[0])
    return [choice for _, choice in found]


def _linear(work: Work, choice: Ints) -> Floats:
    """(items, k) travel cost with each territory's centre at its best unit."""
    model = work.model
    by_unit = model.travel_cost(model.medoids(choice[model.item]))
    cost = np.zeros((model.items, model.k))
    np.add.at(cost, model.item, by_unit)
    return cost


def _moves(work: Work, choice: Ints) -> float:
    model = work.model
    moved = (model.today >= 0) & (choice[model.item] != model.today)
    return work.price * float(model.stay[moved].sum())


def _priced(work: Work, linear: Floats) -> Ints:
    """Whole territories from balanced prices on given costs."""
    model = work.model
    cost = linear + work.extra if work.extra.size else linear.copy()
    prices = np.zeros((model.k, model.amount.shape[1]))
    scale = max(float(cost.min(axis=1).sum() / work.mass.sum()), 1e-9)
    target = (model.lower + model.upper) / 2 - model.base_load()
    slack = (model.upper - model.lower) / 2 * INNER
    widths = scale * np.array([30.0, 10.0, 3.0, 1.0, 0.3, 0.1, 0.03])
    balance_prices(cost, work.mass, model.amount, target, slack, prices, widths, 8)
    return whole(work, cheapest(cost, model.amount, prices), cost + model.amount @ prices.T)
