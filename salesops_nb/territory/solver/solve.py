"""From a model to a plan: starts, balanced Lloyd steps, wholeness, local search, best of several."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np

from salesops_nb.territory.kernels.compiling import ready
from salesops_nb.territory.solver.feasibility import item_pieces, piece_reps
from salesops_nb.territory.solver.least_moves import move_price, moved_least, today_whole
from salesops_nb.territory.solver.model import Model
from salesops_nb.territory.solver.solve_state import Solution, Work, improved, rank, rounded, until_balanced
from salesops_nb.territory.solver.start_centres import first_centres, ranked_centres
from salesops_nb.territory.solver.travel_time_plans import travelled

LOOK, FEW = 80, 1_000  # steps an item of a first look, some 25 ms for so few items
DEAR = 2.0  # from this disruption on the search starts from today's plan alone


def solve(model: Model, seed: int, time_limit: float, preview: bool = False) -> Solution:
    """The best plan found, or with `preview` a first one; `excess` above zero: none within the bands was."""
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
    work = Work(
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
        best = travelled(work)
    elif preview:
        best = _first_look(work)
    else:
        best = moved_least(work) if model.disruption > DEAR and price > 0 else _searched(work)
    best.cut_short = work.cut_short
    return best


def _first_look(work: Work) -> Solution:
    """One short search: from today's plan where moving has a price, else from balanced Lloyd steps.

    Where it ends outside the bands, one within half of them makes room first.
    """
    steps = LOOK * max(work.model.items, FEW)
    start = today_whole(work) if work.price > 0 else rounded(work, *first_centres(work))
    found = improved(work, start, steps, 0.3)
    if found.excess > 1e-9:
        room = improved(work, found.choice, steps // 2, 0.5, 1, inner=0.5)
        found = min(found, improved(work, room.choice, steps // 2, 0.1, 2), key=rank)
    return found


def _by_pieces(model: Model) -> Model:
    """The model with each rep bound to a piece of the map, where it is in several."""
    piece_of = piece_reps(model)
    if (piece_of < 0).all():
        return model
    allowed = model.allowed & (item_pieces(model)[:, None] == piece_of[None, :])
    return replace(model, allowed=allowed, free=allowed.sum(axis=1) > 1)


def _searched(work: Work) -> Solution:
    """Starts ranked by their bound, the first few made whole and searched, the best searched longer."""
    model = work.model
    steps = int(np.clip(600 * model.items, 200_000, 4_000_000))
    few = 2 if model.items > 10_000 else 4 if model.items > 400 else 8
    plans: list[Solution] = []
    if work.price > 0:
        plans.append(improved(work, today_whole(work), steps // 3, 1.0))
    ranked = ranked_centres(work)
    for centre, prices in ranked[:few]:
        if plans and work.late:
            break
        plans.append(
            improved(work, rounded(work, centre, prices), steps // 4, 1.0 if work.price > 0 else 0.5)
        )
    plans.sort(key=rank)
    best = plans[0]
    for turn, hot in enumerate((1.0, 0.2)):
        if work.late:
            break
        best = min(best, improved(work, best.choice, steps, hot, turn + 1), key=rank)
    return until_balanced(work, best, plans, steps)
