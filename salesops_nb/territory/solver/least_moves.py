"""Rebalancing: what a move costs, and the search that starts from today and moves least."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from salesops_nb.territory.kernels.balancing_prices import distance_cost
from salesops_nb.territory.solver.corridors import lay_corridors
from salesops_nb.territory.solver.model import Model
from salesops_nb.territory.solver.solve_state import (
    Solution,
    Work,
    improved,
    rank,
    rounded,
    until_balanced,
    whole,
)
from salesops_nb.territory.solver.start_centres import anchored, ranked_centres

Ints = NDArray[np.int64]


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


def today_whole(work: Work) -> Ints:
    """Today's plan, with units without a rep given to the nearest and every territory made whole."""
    model = work.model
    today, _, _ = model.leaving()
    centre = anchored(work)
    gap = ((work.place[:, None] - centre[None]) ** 2).sum(axis=2)
    near = np.argmin(np.where(model.allowed, gap, np.inf), axis=1)
    fits = (today >= 0) & model.allowed[np.arange(model.items), np.maximum(today, 0)]
    choice = np.where(fits, today, near).astype(np.int64)
    return whole(work, choice, work.mass[:, None] * gap)


def moved_least(work: Work) -> Solution:
    """From today's plan, as it is and with corridors laid several ways; then the best one undone in part.

    In each turn all that one territory gained or lost goes home and is searched for anew (large
    neighbourhood search), since what holds a plan from moving less is seldom one unit.
    """
    model = work.model
    short = int(np.clip(600 * model.items, 200_000, 1_000_000))
    today = today_whole(work)
    starts = [today]
    for turn in range(5 if model.items < 10_000 else 1):
        if work.late:
            break
        starts.append(lay_corridors(model, today, work.random if turn else None))
    starts += [rounded(work, *ranked_centres(work)[0])] if not work.late else []
    plans: list[Solution] = []
    for turn, start in enumerate(starts):
        if (plans and work.late) or any(np.array_equal(start, other) for other in starts[:turn]):
            continue
        plans.append(improved(work, start, short, 0.3, turn))
    plans.sort(key=rank)
    tops = plans[:2]
    turns = int(np.clip(40_000 // model.items, 20, 40))
    for turn in range(turns):
        if work.late:
            break
        c = turn % len(tops) if turn < turns // 2 else int(rank(tops[-1]) < rank(tops[0]))
        found = improved(work, _sent_home(work, tops[c].choice), short * 2 // 5, 0.3, 10 + turn)
        tops[c] = min(tops[c], found, key=rank)
    return until_balanced(work, min([*tops, *plans], key=rank), plans, 2 * short)


def _sent_home(work: Work, choice: Ints) -> Ints:
    """The plan with all that a random territory gained or lost back where it is today, made whole."""
    model = work.model
    today, _, _ = model.leaving()
    one = int(work.random.integers(model.k))
    back = ((choice == one) | (today == one)) & (today >= 0)
    back &= model.allowed[np.arange(model.items), np.maximum(today, 0)]
    distance_cost(work.place, work.mass, anchored(work), np.empty((0, 0)), work.cost)
    return whole(work, np.where(back, today, choice), work.cost)
