"""What cannot be, said before the search starts, with the nearest tolerance that could."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from salesops_nb.errors import Problem, SalesopsError, problem
from salesops_nb.messages import message
from salesops_nb.territory.inputs.findings import some
from salesops_nb.territory.inputs.geography import map_pieces
from salesops_nb.territory.solver.model import Model

Ints = NDArray[np.int64]


def percent(share: float) -> str:
    """A tolerance in words, rounded up so that it suffices."""
    return f"{np.ceil(share * 1000 - 1e-9) / 10:g} %"


def nearest(needed: float) -> str:
    """The nearest feasible tolerance in words; beyond 100 % there is none to give."""
    if needed < 0.999:
        return f"The nearest feasible tolerance is at least {percent(needed)}."
    return f"It would take a tolerance of {percent(needed)}, and none of 100 % or more can be given."


def screen(model: Model) -> list[Problem]:
    """Every reason why no plan can meet the model; empty when none was found."""
    problems = [*_counts(model)]
    if not problems:
        problems = [*_heavy_items(model), *_light_reps(model), *_locked_loads(model), *_reachable(model)]
    return problems


def piece_reps(model: Model) -> Ints:
    """Number of the map's piece for each rep, or -1 where the map is whole or loose.

    Raises `SalesopsError` where the pieces cannot each hold a whole number of territories.
    """
    inside = np.flatnonzero(model.whole)
    none = np.full(model.k, -1, dtype=np.int64)
    pieces = item_pieces(model)
    if not len(inside) or pieces[inside].max() == 0:
        return none
    if not model.whole.all():
        return none  # loose units may go anywhere: only the search can tell
    load = np.stack([np.bincount(pieces, column) for column in model.amount.T], axis=1).astype(float)
    found = _share_out(model, pieces, load)
    if found is None:
        needed = _needed_for_pieces(model, load)
        smallest = np.argsort(np.bincount(pieces))[: max(1, pieces.max())]
        examples = [
            model.units.ids[int(np.flatnonzero(model.item == np.flatnonzero(pieces == p)[0])[0])]
            for p in smallest
        ]
        raise SalesopsError(
            problem(
                "map-in-pieces.apart" if needed < 1 else "map-in-pieces.apart-at-any-tolerance",
                table="unit_edges",
                pieces=pieces.max() + 1,
                examples=some(examples),
                needed=percent(needed) if needed < 1 else None,
            )
        )
    return found


def item_pieces(model: Model) -> Ints:
    """Piece of the map (over links between contiguity-bound items) of each item."""
    rows = np.repeat(np.arange(model.items), np.diff(model.first))
    both = model.whole[rows] & model.whole[model.neighbour]
    label = map_pieces(model.items, np.stack([rows[both], model.neighbour[both]], axis=1))
    inside = np.unique(label[model.whole])
    rank = np.zeros(label.max() + 1, dtype=np.int64)
    rank[inside] = np.arange(len(inside))
    return np.where(model.whole, rank[label], 0)


def _counts(model: Model) -> list[Problem]:
    if model.k > model.items:
        return [
            problem(
                "too-many-territories.groups" if model.items < len(model.item) else "too-many-territories",
                table="units",
                value=model.k,
                counted=message("{n} unit", "{n} units", n=model.items),
                most=model.items,
            )
        ]
    return []


def _heavy_items(model: Model) -> list[Problem]:
    """Items heavier than any territory that may have them."""
    problems = []
    base = model.base_load()
    for f, name in enumerate(model.measures):
        room = np.where(model.allowed, model.upper[:, f] - base[:, f], -np.inf).max(axis=1)
        heavy = np.flatnonzero(model.amount[:, f] > room + 1e-9)
        if not len(heavy):
            continue
        c = heavy[np.argmax(model.amount[heavy, f])]
        share = np.where(model.allowed[c], (model.amount[c, f] + base[:, f]) / model.target[:, f] - 1, np.inf)
        rest = (model.k - model.amount[c, f]) / max(model.k - 1, 1e-9)
        needed = max(float(share.min()), 1 - rest if model.k > 1 else 0.0)
        units = [model.units.ids[i] for i in np.flatnonzero(model.item == c)]
        value = model.values[model.item == c, f].sum()
        problems.append(
            problem(
                ("unit-too-heavy.several-widen" if needed < 0.999 else "unit-too-heavy.several")
                if len(heavy) > 1
                else "unit-too-heavy.widen"
                if needed < 0.999
                else "unit-too-heavy",
                table="units",
                column=name,
                value=units[0],
                units=some(units),
                load=value,
                room=max(room[c], 0) * model.scale[f],
                count=len(heavy) if len(heavy) > 1 else None,
                nearest=nearest(needed),
            )
        )
    return problems


def _light_reps(model: Model) -> list[Problem]:
    """Reps for whom even the lightest unit is too much."""
    problems = []
    base = model.base_load()
    for f, name in enumerate(model.measures):
        for j, rep in enumerate(model.reps.names):
            least = float(model.amount[model.allowed[:, j], f].min(initial=np.inf))
            if np.isfinite(least) and base[j, f] <= model.upper[j, f] < base[j, f] + least - 1e-9:
                needed = (base[j, f] + least) / model.target[j, f] - 1
                problems.append(
                    problem(
                        "rep-too-small",
                        table="reps",
                        value=rep,
                        load=least * model.scale[f],
                        measure=name,
                        upper=model.upper[j, f] * model.scale[f],
                        capacity=model.reps.capacity[j],
                        nearest=nearest(needed),
                    )
                )
    return problems


def _locked_loads(model: Model) -> list[Problem]:
    """Reps whose locked units (and overrides) alone exceed their band, or who may have too little."""
    problems = []
    only = model.allowed.sum(axis=1) == 1
    base = model.base_load()
    for f, name in enumerate(model.measures):
        fixed = base[:, f] + model.allowed[only].T.astype(float) @ model.amount[only, f]
        most = base[:, f] + model.allowed.T.astype(float) @ model.amount[:, f]
        for j, rep in enumerate(model.reps.names):
            if fixed[j] > model.upper[j, f] + 1e-9:
                needed = fixed[j] / model.target[j, f] - 1
                problems.append(
                    problem(
                        "locks-exceed",
                        table="locked",
                        value=rep,
                        load=fixed[j] * model.scale[f],
                        measure=name,
                        upper=model.upper[j, f] * model.scale[f],
                        nearest=nearest(needed),
                    )
                )
            if most[j] < model.lower[j, f] - 1e-9:
                needed = 1 - most[j] / model.target[j, f]
                problems.append(
                    problem(
                        "too-little-allowed",
                        table="forbidden",
                        value=rep,
                        load=most[j] * model.scale[f],
                        measure=name,
                        lower=model.lower[j, f] * model.scale[f],
                        nearest=nearest(needed),
                    )
                )
    return problems


def _reachable(model: Model) -> list[Problem]:
    """Locks of one rep that lie in pieces which no allowed path joins."""
    problems = []
    only = (model.allowed.sum(axis=1) == 1) & model.whole
    rows = np.repeat(np.arange(model.items), np.diff(model.first))
    for j, rep in enumerate(model.reps.names):
        mine = only & model.allowed[:, j]
        if mine.sum() < 2:
            continue
        may = model.allowed[:, j] & model.whole
        both = may[rows] & may[model.neighbour]
        label = map_pieces(model.items, np.stack([rows[both], model.neighbour[both]], axis=1))
        if len(np.unique(label[mine])) > 1:
            apart = [np.flatnonzero(mine & (label == p))[0] for p in np.unique(label[mine])]
            units = [model.units.ids[int(np.flatnonzero(model.item == c)[0])] for c in apart]
            problems.append(problem("locks-apart", table="locked", value=rep, units=some(units)))
    return problems


def _share_out(model: Model, pieces: Ints, load: NDArray[np.float64]) -> Ints | None:
    """A piece for each rep so that every piece's load lies within its reps' bands (integer programme)."""
    from scipy.optimize import Bounds, LinearConstraint, milp

    count, k = load.shape[0], model.k
    variables = count * k
    base = model.base_load()
    rows, low, high = [], [], []
    for j in range(k):
        row = np.zeros((count, k))
        row[:, j] = 1
        rows.append(row.ravel())
        low.append(1.0)
        high.append(1.0)
    for p in range(count):
        for f in range(load.shape[1]):
            for bound, sense in ((model.upper, 1), (model.lower, -1)):
                row = np.zeros((count, k))
                row[p] = bound[:, f] - base[:, f]
                rows.append(row.ravel())
                low.append(load[p, f] - 1e-9 if sense > 0 else -np.inf)
                high.append(np.inf if sense > 0 else load[p, f] + 1e-9)
    top = np.ones((count, k))
    for j in range(k):  # a rep goes where the locks are
        locked = (model.allowed.sum(axis=1) == 1) & model.allowed[:, j]
        for p in np.unique(pieces[locked]):
            top[np.arange(count) != p, j] = 0
        for p in range(count):
            if not model.allowed[pieces == p, j].any():
                top[p, j] = 0
    centre = np.stack([model.points[model.item == np.flatnonzero(pieces == p)[0]][0] for p in range(count)])
    wish = np.zeros((count, k))
    known = ~np.isnan(model.homes[:, 0])
    if known.any():
        wish[:, known] = ((centre[:, None] - model.homes[known][None]) ** 2).sum(axis=2) / 1e6
    at_home = model.today >= 0
    for p, j in zip(pieces[model.item[at_home]], model.today[at_home], strict=True):
        wish[p, j] -= 1
    answer = milp(
        wish.ravel(),
        constraints=LinearConstraint(np.array(rows), np.array(low), np.array(high)),
        integrality=np.ones(variables),
        bounds=Bounds(np.zeros(variables), top.ravel()),
    )
    if not answer.success:
        return None
    return np.asarray(np.argmax(answer.x.reshape(count, k), axis=0), dtype=np.int64)


def _needed_for_pieces(model: Model, load: NDArray[np.float64]) -> float:
    """Least tolerance at which every piece could hold a whole number of average territories."""
    worst = 0.0
    for p in range(len(load)):
        for f in range(load.shape[1]):
            count = max(1, round(float(load[p, f])))
            options = [abs(load[p, f] / c - 1) for c in (count - 1, count, count + 1) if c >= 1]
            worst = max(worst, min(options))
    return worst
