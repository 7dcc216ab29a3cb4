"""Where a search starts: centres from homes, locks, today or k-means++, after balanced Lloyd steps."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from salesops_nb.territory.kernels.balancing_prices import lloyd
from salesops_nb.territory.solver.solve_state import Work

Floats = NDArray[np.float64]
INNER = 0.8  # share of a band used by divisible units; the rest is left for rounding to whole ones


def ranked_centres(work: Work) -> list[tuple[Floats, Floats]]:
    """Centres with prices after balanced Lloyd steps from several starts, most compact first."""
    model = work.model
    size = model.items * model.k
    count = int(np.clip(2_500_000 // size, 2, 24 if model.items > 400 else 48))
    starts = [anchored(work)] if (model.today >= 0).any() or not np.isnan(model.homes).all() else []
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


def first_centres(work: Work) -> tuple[Floats, Floats]:
    """Centres with prices after balanced Lloyd steps from the anchors alone."""
    _, centre, prices = _lloyd(work, anchored(work), 30)
    return centre, prices


def _lloyd(work: Work, centre: Floats, rounds: int) -> tuple[float, Floats, Floats]:
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


def _spread_centres(work: Work) -> Floats:
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


def _anchors(work: Work) -> Floats:
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


def anchored(work: Work) -> Floats:
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


def _labelled(work: Work, centre: Floats) -> Floats:
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
