"""The lower bound for a plan's own centres."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from salesops_nb.territory.kernels.balancing_prices import balance_prices, distance_cost, dual_value
from salesops_nb.territory.solver.model import Model

Ints = NDArray[np.int64]


def centre_bound(model: Model, choice: Ints) -> float:
    """Lower bound on the moment of any plan within the bands around this plan's centres.

    The linear programme's dual: units may be split and contiguity is left out; a bound for these
    centres only, not for all plans. In weight·km² (weight·time² under a travel matrix).
    """
    if model.travel is not None:
        by_unit = model.travel_cost(model.medoids(choice))
        weight = model.weight
    else:
        weight = model.weight
        by_unit = np.empty((len(choice), model.k))
        distance_cost(model.points, weight, model.centres(choice), np.empty((0, 0)), by_unit)
    cost = np.stack([np.bincount(model.item, each, model.items) for each in by_unit.T], axis=1)
    cost[~model.allowed] = np.inf
    mass, _, _ = model.sums()
    base = model.base_load()
    lower, upper = model.lower - base, model.upper - base
    prices = np.zeros((model.k, model.amount.shape[1]))
    scale = max(float(cost.min(axis=1).sum() / mass.sum()), 1e-9)
    widths = scale * np.array([30.0, 10.0, 3.0, 1.0, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001])
    best = -np.inf
    for c, width in enumerate(widths):
        balance_prices(
            cost, mass, model.amount, (lower + upper) / 2, (upper - lower) / 2, prices, widths[c : c + 1], 10
        )
        if width <= 0.1 * scale:
            best = max(best, float(dual_value(cost, model.amount, lower, upper, prices)))
    return best
