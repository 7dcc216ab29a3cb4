"""From a model to a plan: starts, balanced Lloyd steps, wholeness, local search, best of several.

Everything is counted in steps; the clock is only a guard, and a plan that it cut short says so.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from salesops_nb.territory.compiling import ready
from salesops_nb.territory.corridors import lay_corridors
from salesops_nb.territory.model import Model
from salesops_nb.territory.prices import balance_prices, cheapest, distance_cost, dual_value, lloyd
from salesops_nb.territory.screening import item_pieces, piece_reps
from salesops_nb.territory.search import EXPONENTIAL, anneal
from salesops_nb.territory.whole import keep_whole

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
DEAR = 2.0  # from this disruption on the search starts from today's plan alone
INNER = 0.8  # share of a band used by divisible units; the rest is left for rounding to whole ones


@dataclass
class Solution:
    """A plan by item: territory of each, cost, how far out of its bands, whether time cut it short."""

    choice: Ints
    cost: float
    excess: float
    cut_short: bool = False


@dataclass
class _Work:
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
        if time.thread_time() > self.deadline:
            self.cut_short = True
        return self.cut_short


def move_price(model: Model) -> float:
    """Cost of moving one of the disruption measure: at disruption 1, moving all costs today's moment."""
    total = model.stay[model.today >= 0].sum()
    if model.disruption == 0 or total == 0:
        return 0.0
    return float(model.disruption * _today_moment(model) / total)


def _today_moment(model: Model) -> float:
    known = model.today >= 0
    if not known.any():
        return 0.0
    w, x = model.weight * known, model.points
    label = np.where(known, model.today, 0)
    mass = np.maximum(np.bincount(label, w, minlength=model.k), 1e-300)
    centre = np.stack([np.bincount(label, w * x[:, a], minlength=model.k) / mass for a in range(3)], axis=1)
    centre = np.where(model.reps.fixed[:, None], model.homes, centre)
    moment = float((w * ((x - centre[label]) ** 2).sum(axis=1)).sum())
    return moment or float((model.weight * (x**2).sum(axis=1)).sum()) / model.k


def solve(model: Model, seed: int, time_limit: float) -> Solution:
    """The best plan found; `excess` above zero means that none within the bands was."""
    model = _by_pieces(model)
    ready()
    price = move_price(model)
    mass, pull, _ = model.sums()
    today, leave, split = model.leaving()
    extra = np.zeros((model.items, model.k)) if price > 0 or not model.allowed.all() else np.empty((0, 0))
    if price > 0:
        extra += price * leave[:, None] * (np.arange(model.k) != today[:, None])
        extra += price * split if split.size else 0.0
    if not model.allowed.all():
        extra[~model.allowed] = np.inf
    work = _Work(
        model,
        seed,
        time.thread_time() + time_limit,
        pull / mass[:, None],
        mass,
        extra,
        price,
        np.empty((model.items, model.k)),
        random=np.random.default_rng(seed),
    )
    if model.travel is not None:
        best = _travelled(work)
    else:
        best = _moved_least(work) if model.disruption > DEAR and price > 0 else _searched(work)
    best.cut_short = work.cut_short
    return best


def _by_pieces(model: Model) -> Model:
    """The model with each rep bound to a piece of the map, where it is in several."""
    piece_of = piece_reps(model)
    if (piece_of < 0).all():
        return model
    allowed = model.allowed & (item_pieces(model)[:, None] == piece_of[None, :])
    return replace(model, allowed=allowed, free=allowed.sum(axis=1) > 1)


def _searched(work: _Work) -> Solution:
    """Starts ranked by their bound, the first few made whole and searched, the best searched longer."""
    model = work.model
    steps = int(np.clip(600 * model.items, 200_000, 4_000_000))
    few = 2 if model.items > 10_000 else 4 if model.items > 400 else 8
    plans: list[Solution] = []
    if work.price > 0:
        plans.append(_improved(work, _today_whole(work), steps // 3, 1.0))
    ranked = _ranked_centres(work)
    for centre, prices in ranked[:few]:
        if plans and work.late:
            break
        plans.append(
            _improved(work, _rounded(work, centre, prices), steps // 4, 1.0 if work.price > 0 else 0.5)
        )
    plans.sort(key=_rank)
    best = plans[0]
    for turn, hot in enumerate((1.0, 0.2)):
        if work.late:
            break
        best = min(best, _improved(work, best.choice, steps, hot, turn + 1), key=_rank)
    return _until_balanced(work, best, plans, steps)


def _moved_least(work: _Work) -> Solution:
    """From today's plan, as it is and with corridors laid several ways; then the best one undone in part.

    In each turn all that one territory gained or lost goes home and is searched for anew (large
    neighbourhood search), since what holds a plan from moving less is seldom one unit.
    """
    model = work.model
    short = int(np.clip(600 * model.items, 200_000, 1_000_000))
    today = _today_whole(work)
    starts = [today]
    for turn in range(5 if model.items < 10_000 else 1):
        if work.late:
            break
        starts.append(lay_corridors(model, today, work.random if turn else None))
    starts += [_rounded(work, *_ranked_centres(work)[0])] if not work.late else []
    plans: list[Solution] = []
    for turn, start in enumerate(starts):
        if (plans and work.late) or any(np.array_equal(start, other) for other in starts[:turn]):
            continue
        plans.append(_improved(work, start, short, 0.3, turn))
    plans.sort(key=_rank)
    tops = plans[:2]
    turns = int(np.clip(40_000 // model.items, 8, 40))
    for turn in range(turns):
        if work.late:
            break
        c = turn % len(tops) if turn < turns // 2 else int(_rank(tops[-1]) < _rank(tops[0]))
        found = _improved(work, _sent_home(work, tops[c].choice), short * 2 // 5, 0.3, 10 + turn)
        tops[c] = min(tops[c], found, key=_rank)
    return _until_balanced(work, min([*tops, *plans], key=_rank), plans, 2 * short)


def _sent_home(work: _Work, choice: Ints) -> Ints:
    """The plan with all that a random territory gained or lost back where it is today, made whole."""
    model = work.model
    today, _, _ = model.leaving()
    one = int(work.random.integers(model.k))
    back = ((choice == one) | (today == one)) & (today >= 0)
    back &= model.allowed[np.arange(model.items), np.maximum(today, 0)]
    distance_cost(work.place, work.mass, _anchored(work), np.empty((0, 0)), work.cost)
    return _whole(work, np.where(back, today, choice), work.cost)


def _until_balanced(work: _Work, best: Solution, plans: list[Solution], steps: int) -> Solution:
    """Further searches while the best plan is outside its bands."""
    for turn in range(6):
        if work.late or best.excess <= 1e-9:
            break
        start = best if turn % 2 == 0 else plans[min(turn // 2, len(plans) - 1)]
        best = min(best, _improved(work, start.choice, steps, 0.5, 20 + turn), key=_rank)
    return best


def _rank(plan: Solution) -> tuple[float, float]:
    return (plan.excess if plan.excess > 1e-9 else 0.0, plan.cost)


def _improved(
    work: _Work, choice: Ints, steps: int, hot: float, turn: int = 0, linear: Any = None
) -> Solution:
    model = work.model
    if work.rate > 0:  # the guard: fewer steps where the clock would run out
        left = max(0.0, work.deadline - time.thread_time()) / work.rate
        if left < steps:
            work.cut_short, steps = True, max(2 * model.items, int(left))
    field_ = model.field(work.price, linear, moment=linear is None)
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
    )
    if steps >= 100_000:
        work.rate = (time.thread_time() - begun) / steps
    return Solution(best, float(cost), float(excess))


def _cost_of(work: _Work, choice: Ints, linear: Any) -> float:
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


def _today_whole(work: _Work) -> Ints:
    """Today's plan, with units without a rep given to the nearest and every territory made whole."""
    model = work.model
    today, _, _ = model.leaving()
    centre = _anchored(work)
    gap = ((work.place[:, None] - centre[None]) ** 2).sum(axis=2)
    near = np.argmin(np.where(model.allowed, gap, np.inf), axis=1)
    fits = (today >= 0) & model.allowed[np.arange(model.items), np.maximum(today, 0)]
    choice = np.where(fits, today, near).astype(np.int64)
    return _whole(work, choice, work.mass[:, None] * gap)


def _whole(work: _Work, choice: Ints, cost: Floats) -> Ints:
    model = work.model
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


def _rounded(work: _Work, centre: Floats, prices: Floats) -> Ints:
    """Whole territories from centres and prices."""
    distance_cost(work.place, work.mass, centre, work.extra, work.cost)
    priced = work.cost + work.model.amount @ prices.T
    return _whole(work, cheapest(work.cost, work.model.amount, prices), priced)


def _ranked_centres(work: _Work) -> list[tuple[Floats, Floats]]:
    """Centres with prices after balanced Lloyd steps from several starts, most compact first."""
    model = work.model
    size = model.items * model.k
    count = int(np.clip(2_500_000 // size, 2, 24 if model.items > 400 else 48))
    starts = [_anchored(work)] if (model.today >= 0).any() or not np.isnan(model.homes).all() else []
    if work.price > 0:
        count = 1 if model.disruption > 2 else max(2, count // 4)
    if model.reps.fixed.all():
        count = 1
    while len(starts) < count:
        starts.append(_labelled(work, _spread_centres(work)))
    found: list[tuple[float, Floats, Floats]] = []
    for centre in starts:
        if found and work.late:
            break
        found.append(_lloyd(work, centre, 30 if model.items < 10_000 else 20))
    found.sort(key=lambda f: f[0])
    free = np.flatnonzero(~model.reps.fixed)
    for _ in range(count // 2 if work.price == 0 and len(free) > 1 and model.items < 10_000 else 0):
        if work.late:
            break
        centre = found[0][1].copy()  # one centre is taken out and put where the plan is widest
        gap = work.mass * ((work.place[:, None] - centre[None]) ** 2).sum(axis=2).min(axis=1)
        out = int(free[int(work.random.integers(len(free)))])
        centre[out] = work.place[
            int(work.random.choice(model.items, p=gap / gap.sum() if gap.sum() > 0 else None))
        ]
        found.append(_lloyd(work, centre, 30))
        found.sort(key=lambda f: f[0])
    distinct = [f for c, f in enumerate(found) if c == 0 or f[0] > found[c - 1][0] * (1 + 1e-7)]
    return [(centre, prices) for _, centre, prices in distinct]


def _lloyd(work: _Work, centre: Floats, rounds: int) -> tuple[float, Floats, Floats]:
    model = work.model
    centre = np.where(model.reps.fixed[:, None], model.homes, centre)
    prices = np.zeros((model.k, model.amount.shape[1]))
    target = (model.lower + model.upper) / 2 - model.base_load()
    slack = (model.upper - model.lower) / 2 * INNER
    value = lloyd(
        work.place,
        work.mass,
        model.amount,
        target,
        slack,
        work.extra,
        centre,
        model.reps.fixed,
        prices,
        rounds,
        work.cost,
    )
    return float(value), centre, prices


def _spread_centres(work: _Work) -> Floats:
    """k-means++: each further centre drawn in proportion to weight times squared distance to the nearest."""
    model = work.model
    chance = work.mass.copy()
    centre = np.empty((model.k, 3))
    nearest = np.full(model.items, np.inf)
    for j in range(model.k):
        centre[j] = work.place[int(work.random.choice(model.items, p=chance / chance.sum()))]
        nearest = np.minimum(nearest, ((work.place - centre[j]) ** 2).sum(axis=1))
        chance = work.mass * nearest
        if not chance.sum() > 0:
            chance = work.mass
    return centre


def _anchors(work: _Work) -> Floats:
    """(k, 3) where each rep belongs: home, else its locked units, else its units today; NaN if none."""
    model = work.model
    anchor = model.homes.copy()
    only = model.allowed.sum(axis=1) == 1
    today, _, _ = model.leaving()
    for j in range(model.k):
        for members in (only & model.allowed[:, j], today == j):
            if np.isnan(anchor[j, 0]) and members.any():
                anchor[j] = np.average(work.place[members], axis=0, weights=work.mass[members])
    return anchor


def _anchored(work: _Work) -> Floats:
    """Centres at the anchors, the rest spread."""
    model = work.model
    today, _, _ = model.leaving()
    anchor = _anchors(work)
    for rep in range(model.k):
        members = today == rep
        if not model.reps.fixed[rep] and members.any():
            anchor[rep] = np.average(work.place[members], axis=0, weights=work.mass[members])
    missing = np.flatnonzero(np.isnan(anchor[:, 0]))
    for j in missing.tolist():
        known = anchor[~np.isnan(anchor[:, 0])]
        gap = ((work.place[:, None] - known[None]) ** 2).sum(axis=2).min(axis=1) if len(known) else 1.0
        chance = work.mass * gap
        anchor[j] = work.place[int(work.random.choice(model.items, p=chance / chance.sum()))]
    return anchor


def _labelled(work: _Work, centre: Floats) -> Floats:
    """The centres given to the reps whose anchors are nearest (assignment problem)."""
    anchor = _anchors(work)
    known = ~np.isnan(anchor[:, 0])
    if not known.any():
        return centre
    gap = np.where(known[:, None], ((anchor[:, None] - centre[None]) ** 2).sum(axis=2), 0.0)
    gap[~known] = 0.0
    rep, of = linear_sum_assignment(gap)
    result = np.empty_like(centre)
    result[rep] = centre[of]
    return result


def _travelled(work: _Work) -> Solution:
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
            found = _improved(work, choice, steps // 3, 0.5 if turn == 0 else 0.1, turn, linear)
            choice = found.choice
            found.cost = float(_linear(work, choice)[np.arange(model.items), choice].sum()) + _moves(
                work, choice
            )
            best = found if best is None else min(best, found, key=_rank)
            if model.travel_to_homes and found.excess <= 1e-9:
                break
    assert best is not None
    return best


def _ranked_medoids(work: _Work) -> list[Ints]:
    """Plans of whole territories after steps between best units and balanced prices, from several starts."""
    model = work.model
    assert model.travel is not None
    flat = np.zeros((model.k, model.amount.shape[1]))
    starts: list[Ints] = []
    for centre, _ in _ranked_centres(work)[:3]:
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


def _linear(work: _Work, choice: Ints) -> Floats:
    """(items, k) travel cost with each territory's centre at its best unit."""
    model = work.model
    by_unit = model.travel_cost(model.medoids(choice[model.item]))
    cost = np.zeros((model.items, model.k))
    np.add.at(cost, model.item, by_unit)
    return cost


def _moves(work: _Work, choice: Ints) -> float:
    model = work.model
    moved = (model.today >= 0) & (choice[model.item] != model.today)
    return work.price * float(model.stay[moved].sum())


def _priced(work: _Work, linear: Floats) -> Ints:
    """Whole territories from balanced prices on given costs."""
    model = work.model
    cost = linear + work.extra if work.extra.size else linear.copy()
    prices = np.zeros((model.k, model.amount.shape[1]))
    scale = max(float(cost.min(axis=1).sum() / work.mass.sum()), 1e-9)
    target = (model.lower + model.upper) / 2 - model.base_load()
    slack = (model.upper - model.lower) / 2 * INNER
    widths = scale * np.array([30.0, 10.0, 3.0, 1.0, 0.3, 0.1, 0.03])
    balance_prices(cost, work.mass, model.amount, target, slack, prices, widths, 8)
    return _whole(work, cheapest(cost, model.amount, prices), cost + model.amount @ prices.T)


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
    cost = np.zeros((model.items, model.k))
    np.add.at(cost, model.item, by_unit)
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
