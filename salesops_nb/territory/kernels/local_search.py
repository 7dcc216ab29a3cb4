"""Local search on whole territories: boundary moves, swaps and ejection chains under annealing.

What is minimised: weighted compactness + what moving costs + a penalty for leaving the bands, whose
price rises while the plan is out of balance and falls while it is in. A move's effect comes from
each territory's sums in a few operations; a territory stays whole by a local test around the unit
that leaves (its neighbours there must still reach each other). The best balanced plan is kept.

It stops on steps, draws from its own generator and uses no library function whose last digit
differs between machines, so that a seed gives the same plan everywhere.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit

# Quantiles of the exponential distribution: Metropolis' test without a logarithm at run time.
EXPONENTIAL = np.round(-np.log((np.arange(4096) + 0.5) / 4096), 9)
CHAIN = 4  # longest ejection chain


class Field(NamedTuple):
    """What does not change while the search runs; n units, k territories, m measures.

    first, neighbour : adjacency in compressed rows; only links that a territory is held together by
    or, for loose units, over which they may move.
    whole : (n,) whether contiguity binds the unit; free : (n,) whether it may move at all.
    allowed : (n, k); amount : (n, m); lower, upper : (k, m) bands.
    weight, pull, square : (n,), (n, 3), (n,) sums w, w·x, w·|x|²; moment : whether they are used.
    held, home : (k,), (k, 3) territories whose centre is fixed, and where.
    linear : (n, k) further cost, or (0, 0); today : (n,) present territory or -1;
    stay : (n,) cost of leaving it.
    """

    first: Any
    neighbour: Any
    whole: Any
    free: Any
    allowed: Any
    amount: Any
    lower: Any
    upper: Any
    weight: Any
    pull: Any
    square: Any
    moment: bool
    held: Any
    home: Any
    linear: Any
    today: Any
    stay: Any


class State(NamedTuple):
    """Sums by territory that follow every move."""

    choice: Any
    load: Any
    mass: Any
    pull: Any
    square: Any
    count: Any
    wholes: Any
    member: Any
    place: Any


@njit(cache=True)
def _draw(seed: Any) -> Any:
    """Next 32 random bits (xorshift64*)."""
    x = seed[0]
    x ^= x >> np.uint64(12)
    x ^= x << np.uint64(25)
    x ^= x >> np.uint64(27)
    seed[0] = x
    return np.int64((x * np.uint64(2685821657736338717)) >> np.uint64(33))


@njit(cache=True)
def _sums(field: Any, choice: Any, base: Any, state: Any) -> None:
    """Recounts every sum from the assignment."""
    state.load[:] = base
    state.mass[:] = 0.0
    state.pull[:] = 0.0
    state.square[:] = 0.0
    state.count[:] = 0
    state.wholes[:] = 0
    for i in range(choice.shape[0]):
        j = choice[i]
        state.choice[i] = j
        state.place[i] = state.count[j]
        state.member[j, state.count[j]] = i
        state.count[j] += 1
        if field.whole[i]:
            state.wholes[j] += 1
        for f in range(field.amount.shape[1]):
            state.load[j, f] += field.amount[i, f]
        state.mass[j] += field.weight[i]
        state.square[j] += field.square[i]
        for axis in range(3):
            state.pull[j, axis] += field.pull[i, axis]


@njit(cache=True)
def _spread(field: Any, j: int, mass: float, px: float, py: float, pz: float, square: float) -> float:
    """Moment of a territory with these sums, around its home or its centroid."""
    if field.held[j]:
        hx, hy, hz = field.home[j, 0], field.home[j, 1], field.home[j, 2]
        around = square - 2 * (hx * px + hy * py + hz * pz) + (hx * hx + hy * hy + hz * hz) * mass
        return float(around)
    if mass <= 0:
        return 0.0
    return float(square - (px * px + py * py + pz * pz) / mass)


@njit(cache=True)
def _spread_of(field: Any, state: Any, j: int, i: int, sign: float) -> float:
    """Moment of territory j with unit i added (sign 1), taken away (-1) or as it is (0)."""
    return _spread(
        field,
        j,
        state.mass[j] + sign * field.weight[i],
        state.pull[j, 0] + sign * field.pull[i, 0],
        state.pull[j, 1] + sign * field.pull[i, 1],
        state.pull[j, 2] + sign * field.pull[i, 2],
        state.square[j] + sign * field.square[i],
    )


@njit(cache=True)
def _excess(field: Any, state: Any, j: int, i: int, sign: float) -> float:
    """How far territory j is outside its bands, with unit i added or taken away."""
    total = 0.0
    for f in range(field.amount.shape[1]):
        load = state.load[j, f] + sign * field.amount[i, f]
        over = max(load - field.upper[j, f], field.lower[j, f] - load)
        if over > 0:
            total += over + 4.0 * over * over
    return total


@njit(cache=True)
def _change(field: Any, state: Any, i: int, b: int) -> Any:
    """Changes of cost and of excess if unit i goes to b."""
    a = state.choice[i]
    cost = 0.0
    if field.moment:
        cost += _spread_of(field, state, a, i, -1.0) - _spread_of(field, state, a, i, 0.0)
        cost += _spread_of(field, state, b, i, 1.0) - _spread_of(field, state, b, i, 0.0)
    if field.linear.shape[0] > 0:
        cost += field.linear[i, b] - field.linear[i, a]
    if field.today[i] == a:
        cost += field.stay[i]
    elif field.today[i] == b:
        cost -= field.stay[i]
    excess = _excess(field, state, a, i, -1.0) - _excess(field, state, a, i, 0.0)
    excess += _excess(field, state, b, i, 1.0) - _excess(field, state, b, i, 0.0)
    return cost, excess


@njit(cache=True)
def _apply(field: Any, state: Any, i: int, b: int) -> None:
    a = state.choice[i]
    last = state.member[a, state.count[a] - 1]
    state.member[a, state.place[i]] = last
    state.place[last] = state.place[i]
    state.count[a] -= 1
    state.member[b, state.count[b]] = i
    state.place[i] = state.count[b]
    state.count[b] += 1
    state.choice[i] = b
    if field.whole[i]:
        state.wholes[a] -= 1
        state.wholes[b] += 1
    for f in range(field.amount.shape[1]):
        state.load[a, f] -= field.amount[i, f]
        state.load[b, f] += field.amount[i, f]
    state.mass[a] -= field.weight[i]
    state.mass[b] += field.weight[i]
    state.square[a] -= field.square[i]
    state.square[b] += field.square[i]
    for axis in range(3):
        state.pull[a, axis] -= field.pull[i, axis]
        state.pull[b, axis] += field.pull[i, axis]


@njit(cache=True)
def _may_leave(field: Any, state: Any, i: int, mark: Any, queue: Any, stamp: Any) -> bool:
    """Whether i's territory stays whole and inhabited without it.

    First around the unit: its neighbours there, linked among themselves or over one unit; only
    then by a walk through the territory, which ends when all of them are met.
    """
    a = state.choice[i]
    if state.count[a] <= 1:
        return False
    if not field.whole[i]:
        return True
    stamp[0] += 2
    want, seen = stamp[0], stamp[0] + 1
    missing = 0
    start = -1
    for c in range(field.first[i], field.first[i + 1]):
        v = field.neighbour[c]
        if state.choice[v] == a and field.whole[v]:
            missing += 1
            mark[v] = want
            start = v
    if missing == 0:
        return bool(state.wholes[a] == 1)
    if missing == 1:
        return True
    mark[i] = seen
    mark[start] = seen
    missing -= 1
    queue[0] = start
    head, tail = 0, 1
    while head < tail:
        u = queue[head]
        head += 1
        for c in range(field.first[u], field.first[u + 1]):
            v = field.neighbour[c]
            if mark[v] == seen or state.choice[v] != a or not field.whole[v]:
                continue
            if mark[v] == want:
                missing -= 1
                if missing == 0:
                    return True
                # a neighbour of i is looked at next: the ring closes before the walk goes far
                mark[v] = seen
                head -= 1
                queue[head] = v
                continue
            mark[v] = seen
            queue[tail] = v
            tail += 1
    return False


@njit(cache=True)
def _offer(field: Any, state: Any, i: int, seed: Any) -> int:
    """A territory that unit i might go to: that of a random neighbour, or any one for a loose unit."""
    degree = field.first[i + 1] - field.first[i]
    if not field.whole[i] and (degree == 0 or _draw(seed) % 4 == 0):
        return int(_draw(seed) % state.count.shape[0])
    if degree == 0:
        return -1
    v = field.neighbour[field.first[i] + _draw(seed) % degree]
    if field.whole[i] and not field.whole[v]:
        return -1
    return int(state.choice[v])


@njit(cache=True, nogil=True)
def anneal(
    field: Any,
    choice: Any,
    base: Any,
    steps: int,
    hot: float,
    cold: float,
    penalty: float,
    seed_value: int,
    exponential: Any,
    stop: Any,
) -> Any:
    """Searches from `choice`, which must be whole; the best plan, its cost, whether it is balanced, penalty.

    Parameters
    ----------
    base : (k, m) load that is there before any unit. steps : moves tried.
    hot, cold : first and last temperature, in the cost's unit; 0 takes improvements only.
    penalty : first price of a territory's worth of load outside a band.
    stop : flag that another thread may raise; then it ends at once with what it has.
    """
    n, k, m = choice.shape[0], base.shape[0], base.shape[1]
    state = State(
        choice.copy(),
        np.zeros((k, m)),
        np.zeros(k),
        np.zeros((k, 3)),
        np.zeros(k),
        np.zeros(k, np.int64),
        np.zeros(k, np.int64),
        np.zeros((k, n), np.int32),
        np.zeros(n, np.int64),
    )
    mark = np.zeros(n, np.int64)
    queue = np.zeros(n + 1, np.int64)
    stamp = np.zeros(1, np.int64)
    seed = np.array([np.uint64(seed_value) * np.uint64(2654435769) + np.uint64(88172645463325252)])
    unit = np.zeros(CHAIN, np.int64)
    source = np.zeros(CHAIN, np.int64)
    _sums(field, choice, base, state)
    best = choice.copy()
    best_cost, best_excess = np.inf, np.inf
    block = max(2000, 4 * n)
    blocks = max(1, steps // block)
    cost, excess = 0.0, 0.0
    changed = True
    for turn in range(blocks):
        if stop[0] != 0:
            break
        if changed:  # recounted, so that rounding does not pile up
            _sums(field, state.choice.copy(), base, state)
            cost, excess = total_cost(field, state)
            if (excess < best_excess - 1e-12 and best_excess > 1e-9) or (excess <= 1e-9 and cost < best_cost):
                best[:] = state.choice
                best_cost, best_excess = cost, excess
        fraction = turn / max(1, blocks - 1)
        heat = 0.0 if hot <= 0 else hot * (1 - fraction) * (1 - fraction) + cold
        inside = 0
        changed = False
        for _step in range(block):
            i = _draw(seed) % n
            gain, relief, links = 0.0, 0.0, 0
            first_unit = i
            luck = _draw(seed) & 4095
            longest = 1 + (_draw(seed) & 7) // 3
            refused = False
            b = -1
            while links < longest:
                if links > 0:  # the receiver passes a unit on: near the first half of the time, else anywhere
                    found = False
                    for _look in range(6):
                        v = state.member[b, _draw(seed) % state.count[b]]
                        if v == first_unit or not field.free[v]:
                            continue
                        t = _offer(field, state, v, seed)
                        if t >= 0 and t != b and field.allowed[v, t]:
                            found = True
                            i = v
                            break
                    if not found:
                        break
                elif not field.free[i]:
                    refused = True
                    break
                else:
                    t = _offer(field, state, i, seed)
                    if t < 0 or t == state.choice[i] or not field.allowed[i, t]:
                        refused = True
                        break
                cost_change, excess_change = _change(field, state, i, t)
                after = gain + cost_change + penalty * (relief + excess_change)
                last = links + 1 == longest and after > heat * exponential[luck]
                if last or not _may_leave(field, state, i, mark, queue, stamp):
                    refused = links == 0
                    break
                unit[links] = i
                source[links] = state.choice[i]
                gain += cost_change
                relief += excess_change
                _apply(field, state, i, t)
                b = t
                links += 1
                if gain + penalty * relief <= heat * exponential[luck]:
                    break
            if refused or links == 0:
                inside += 1 if excess <= 1e-9 else 0
                continue
            if gain + penalty * relief < -1e-12 or (
                heat > 0 and gain + penalty * relief <= heat * exponential[luck]
            ):
                cost += gain
                excess += relief
                changed = True
                if (excess <= 1e-9 and cost < best_cost - 1e-9 * abs(best_cost)) or (
                    best_excess > 1e-9 and excess < best_excess - 1e-9
                ):
                    best_cost, best_excess = cost, max(excess, 0.0)
                    best[:] = state.choice
            else:
                for c in range(links - 1, -1, -1):
                    _apply(field, state, unit[c], source[c])
            inside += 1 if excess <= 1e-9 else 0
        if inside < block // 4:
            penalty *= 1.3
        elif inside > block // 2:
            penalty *= 0.85
    return best, best_cost, best_excess, penalty


@njit(cache=True)
def total_cost(field: Any, state: Any) -> Any:
    """Cost and excess of the whole plan."""
    cost, excess = 0.0, 0.0
    for j in range(state.count.shape[0]):
        if field.moment:
            cost += _spread_of(field, state, j, 0, 0.0)
        excess += _excess(field, state, j, 0, 0.0)
    for i in range(state.choice.shape[0]):
        if field.linear.shape[0] > 0:
            cost += field.linear[i, state.choice[i]]
        if field.today[i] >= 0 and field.today[i] != state.choice[i]:
            cost += field.stay[i]
    return cost, excess
