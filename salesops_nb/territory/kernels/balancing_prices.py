"""Prices that balance territories, and Lloyd steps that move their centres under them.

A price λ per territory (and measure) is added to the cost of every unit of load it takes; at the
right prices each unit, going where it is cheapest, leaves every territory within its band. These
are the multipliers of the capacitated assignment's linear programme, a semi-discrete transport
problem: the dual is maximised here by Newton steps on a quadratically smoothed form (each unit
split over nearly equal offers by projection on the simplex). Any prices give a valid lower bound.

Only sums, products, comparisons and square roots are used, in a fixed order: the same on every machine.
Sources: Aurenhammer, Hoffmann, Aronov, 'Minkowski-type theorems and least-squares clustering',
Algorithmica 1998; Blondel, Seguy, Rolet, 'Smooth and sparse optimal transport', AISTATS 2018.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from salesops_nb.core.stopping import check

Floats = NDArray[np.float64]


@njit(cache=True)
def _response(
    cost: Any, size: Any, amount: Any, prices: Any, smoothing: float, gradient: Any, hessian: Any
) -> float:
    """Value of the smoothed units' part; fills the loads it makes and, if sized, the curvature."""
    n, k = cost.shape
    m = amount.shape[1]
    curved = hessian.shape[0] > 0
    offers = np.empty(k)
    near = np.empty(k, np.int64)
    gradient[:] = 0.0
    hessian[:] = 0.0
    value = 0.0
    for i in range(n):
        least = np.inf
        for j in range(k):
            offer = cost[i, j]
            for f in range(m):
                offer += prices[j, f] * amount[i, f]
            offers[j] = offer
            if offer < least:
                least = offer
        width = smoothing * size[i]
        count = 0
        for j in range(k):  # only offers within one width of the best can take a part
            if offers[j] < least + width:
                place = count
                while place > 0 and offers[near[place - 1]] > offers[j]:
                    near[place] = near[place - 1]
                    place -= 1
                near[place] = j
                count += 1
        total = 0.0
        level = 0.0
        used = 0
        for c in range(count):
            candidate = (total + offers[near[c]] + width) / (c + 1)
            if offers[near[c]] >= candidate:
                break
            total += offers[near[c]]
            used = c + 1
            level = candidate
        if used <= 1:
            value += least + 0.5 * width
            for f in range(m):
                gradient[near[0], f] += amount[i, f]
            continue
        for c in range(used):
            part = (level - offers[near[c]]) / width
            value += part * offers[near[c]] + 0.5 * width * part * part
            for f in range(m):
                gradient[near[c], f] += part * amount[i, f]
        if curved:
            for c in range(used):
                for d in range(used):
                    share = ((1.0 if c == d else 0.0) - 1.0 / used) / width
                    for f in range(m):
                        for g in range(m):
                            hessian[near[c] * m + f, near[d] * m + g] += share * amount[i, f] * amount[i, g]
    return value


@njit(cache=True)
def _band(prices: Any, target: Any, slack: Any, corner: float, gradient: Any, hessian: Any) -> float:
    """Subtracts what the bands pay for: target·λ + slack·|λ|, rounded within `corner` of zero."""
    k, m = prices.shape
    value = 0.0
    for j in range(k):
        for f in range(m):
            price = prices[j, f]
            size = abs(price)
            value += target[j, f] * price
            gradient[j, f] -= target[j, f]
            if size < corner:
                value += slack[j, f] * 0.5 * (price * price / corner + corner)
                gradient[j, f] -= slack[j, f] * price / corner
                if hessian.shape[0] > 0:
                    hessian[j * m + f, j * m + f] += slack[j, f] / corner
            else:
                value += slack[j, f] * size
                gradient[j, f] -= slack[j, f] if price > 0 else -slack[j, f]
    return value


@njit(cache=True)
def _solve(matrix: Any, right: Any) -> Any:
    """Solution of a symmetric positive definite system (Cholesky, in place)."""
    n = right.shape[0]
    for j in range(n):
        for i in range(j, n):
            total = matrix[i, j]
            for c in range(j):
                total -= matrix[i, c] * matrix[j, c]
            if i == j:
                matrix[j, j] = np.sqrt(max(total, 1e-300))
            else:
                matrix[i, j] = total / matrix[j, j]
    answer = right.copy()
    for i in range(n):
        for c in range(i):
            answer[i] -= matrix[i, c] * answer[c]
        answer[i] /= matrix[i, i]
    for i in range(n - 1, -1, -1):
        for c in range(i + 1, n):
            answer[i] -= matrix[c, i] * answer[c]
        answer[i] /= matrix[i, i]
    return answer


@njit(cache=True)
def balance_prices(
    cost: Any, size: Any, amount: Any, target: Any, slack: Any, prices: Any, widths: Any, steps: int
) -> float:
    """Improves `prices` in place by Newton steps at each smoothing width; the largest excess left.

    Parameters
    ----------
    cost : (units, territories) cost of each pair; a forbidden pair is very dear.
    size : (units,) scale of a unit's cost, positive.
    amount : (units, measures) load of each unit; target, slack : (territories, measures) band.
    widths : smoothing, in cost per size, from coarse to fine; steps : Newton steps at each.
    """
    k, m = prices.shape
    gradient = np.empty((k, m))
    trial_gradient = np.empty((k, m))
    hessian = np.empty((k * m, k * m))
    none = np.empty((0, 0))
    worst = np.inf
    load = 0.0  # a price is per territory's worth of load: the width in those units
    for i in range(size.shape[0]):
        load += size[i] / k
    for width in widths:
        corner = width * load
        for _ in range(steps):
            value = _response(cost, size, amount, prices, width, gradient, hessian)
            value -= _band(prices, target, slack, corner, gradient, hessian)
            worst = 0.0
            for j in range(k):
                for f in range(m):
                    worst = max(worst, abs(gradient[j, f]) / max(target[j, f], 1e-12))
            if worst < 1e-3:
                break
            for c in range(k * m):  # where no offers overlap the curvature vanishes: step carefully
                hessian[c, c] += 0.01 / corner + 1e-4 * hessian[c, c]
            step = _solve(hessian, gradient.reshape(k * m)).reshape((k, m))
            slope = 0.0
            for j in range(k):
                for f in range(m):
                    slope += step[j, f] * gradient[j, f]
            length = 1.0
            moved = False
            for _try in range(12):
                trial = prices + length * step
                reached = _response(cost, size, amount, trial, width, trial_gradient, none)
                reached -= _band(trial, target, slack, corner, trial_gradient, none)
                if reached >= value + 1e-4 * length * slope:
                    prices[:] = trial
                    moved = True
                    break
                length *= 0.4
            if not moved:
                break
    return worst


@njit(cache=True)
def dual_value(cost: Any, amount: Any, lower: Any, upper: Any, prices: Any) -> float:
    """Lower bound that the prices prove on the cost of any split within the bands (exact, no smoothing)."""
    n, k = cost.shape
    m = amount.shape[1]
    value = 0.0
    for i in range(n):
        least = np.inf
        for j in range(k):
            offer = cost[i, j]
            for f in range(m):
                offer += prices[j, f] * amount[i, f]
            least = min(least, offer)
        value += least
    for j in range(k):
        for f in range(m):
            value -= max(prices[j, f] * lower[j, f], prices[j, f] * upper[j, f])
    return value


@njit(cache=True)
def cheapest(cost: Any, amount: Any, prices: Any) -> Any:
    """The territory where each unit is cheapest at these prices; ties go to the first."""
    n, k = cost.shape
    m = amount.shape[1]
    choice = np.empty(n, np.int64)
    for i in range(n):
        least = np.inf
        choice[i] = 0
        for j in range(k):
            offer = cost[i, j]
            for f in range(m):
                offer += prices[j, f] * amount[i, f]
            if offer < least:
                least = offer
                choice[i] = j
    return choice


@njit(cache=True)
def distance_cost(place: Any, weight: Any, centre: Any, extra: Any, cost: Any) -> None:
    """Fills `cost` with weight · squared distance to each centre, plus `extra` where it is given."""
    n, k = cost.shape
    for i in range(n):
        for j in range(k):
            total = 0.0
            for axis in range(3):
                gap = place[i, axis] - centre[j, axis]
                total += gap * gap
            cost[i, j] = weight[i] * total
    if extra.shape[0] == n:
        for i in range(n):
            for j in range(k):
                cost[i, j] += extra[i, j]


@njit(cache=True)
def centroids(place: Any, weight: Any, choice: Any, centre: Any, held: Any) -> float:
    """Moves each centre not `held` to its weighted centroid; the largest squared shift."""
    k = centre.shape[0]
    mass = np.zeros(k)
    pull = np.zeros((k, 3))
    for i in range(choice.shape[0]):
        mass[choice[i]] += weight[i]
        for axis in range(3):
            pull[choice[i], axis] += weight[i] * place[i, axis]
    shift = 0.0
    for j in range(k):
        if held[j] or mass[j] <= 0:
            continue
        moved = 0.0
        for axis in range(3):
            gap = pull[j, axis] / mass[j] - centre[j, axis]
            centre[j, axis] += gap
            moved += gap * gap
        shift = max(shift, moved)
    return shift


def lloyd(
    place: Floats,
    weight: Floats,
    amount: Floats,
    target: Floats,
    slack: Floats,
    extra: Floats,
    centre: Floats,
    held: Any,
    prices: Floats,
    rounds: int,
    cost: Floats,
) -> float:
    """Balanced Lloyd steps with warm prices, in place on `centre` and `prices`; the final dual value.

    `cost` is scratch of shape (units, territories) and ends holding the final costs.
    """
    distance_cost(place, weight, centre, extra, cost)
    scale = max(float(cost.min(axis=1).sum() / weight.sum()), 1e-6)
    cold = np.array([30.0, 10.0, 3.0, 1.0, 0.3, 0.1, 0.03]) * scale
    warm = np.array([0.1, 0.03]) * scale
    for turn in range(rounds):
        check()
        if turn > 0:
            distance_cost(place, weight, centre, extra, cost)
        balance_prices(cost, weight, amount, target, slack, prices, *((warm, 2) if turn else (cold, 8)))
        shift = centroids(place, weight, cheapest(cost, amount, prices), centre, held)
        if shift < 1e-6 * scale:
            break
    distance_cost(place, weight, centre, extra, cost)
    balance_prices(cost, weight, amount, target, slack, prices, warm, 3)
    return float(dual_value(cost, amount, target - slack, target + slack, prices))
