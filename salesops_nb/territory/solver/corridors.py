"""Corridors: where load must pass from one rep to another who is not a neighbour.

Under contiguity an excess reaches a deficit two territories away only by passing through the one
between, and every unit of load counts twice. Where the receiver first takes a thin, light strip
along a border and so touches the giver, the rest moves once. How much a strip would save is
told by a linear programme of flows between territories that touch: each territory's load within its
bands, least moved. Strips are laid one by one, the best first, while they save; the local search
goes on from there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog
from scipy.sparse import csr_array, eye_array, hstack, vstack
from scipy.sparse.csgraph import dijkstra

from salesops_nb.core.stopping import check
from salesops_nb.territory.kernels.contiguity_repair import components
from salesops_nb.territory.solver.model import Model

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
MOST = 8  # corridors laid in one plan


class _Flow(NamedTuple):
    """Least that must still move from a plan, and the pairs of territories a link would help."""

    moved: float
    gain: Floats


def lay_corridors(model: Model, choice: Ints, random: np.random.Generator | None = None) -> Ints:
    """The plan with the corridors that lower the least that must move; `choice` where none does.

    The best is laid each time, or with `random` one of the four best.
    """
    today, stay, split = model.leaving()
    if split.size or not stay.any() or not model.whole.any():
        return choice
    ends = np.repeat(np.arange(model.items), np.diff(model.first))
    best, least = choice, _least(model, ends, choice, today, stay)
    for _ in range(MOST):
        tried = [
            (flow.moved, c, plan, flow)
            for c, (plan, flow) in enumerate(_strips(model, ends, best, least))
            if flow.moved < least.moved * (1 - 1e-3)
        ]
        if not tried:
            break
        tried.sort(key=lambda t: t[:2])
        _, _, best, least = tried[0 if random is None else int(random.integers(min(4, len(tried))))]
    return best


def _strips(model: Model, ends: Ints, choice: Ints, least: _Flow) -> Iterator[tuple[Ints, _Flow]]:
    """Plans with one more corridor, with what must still move in each."""
    today, stay, _ = model.leaving()
    reach: dict[tuple[int, float], tuple[Floats, Ints]] = {}
    for giver, receiver in _pairs(least):
        for longer, far in ((receiver, giver), (giver, receiver)):
            for shy in (1.0, 4.0):
                if (longer, shy) not in reach:
                    reach[longer, shy] = _reach(model, ends, choice, stay, longer, shy)
                length, before = reach[longer, shy]
                touching = np.unique(ends[(choice[ends] != longer) & (choice[model.neighbour] == far)])
                touching = touching[choice[touching] != far]
                if not len(touching) or not np.isfinite(length[touching]).any():
                    continue
                plan = _carved(model, choice, longer, before, int(touching[np.argmin(length[touching])]))
                if plan is not None:
                    yield plan, _least(model, ends, plan, today, stay)


def _least(model: Model, ends: Ints, choice: Ints, today: Ints, stay: Floats) -> _Flow:
    """Moved so far and the least to come, by flows between touching territories (linear programme).

    A unit of flow takes the giver's average mix of measures along.
    """
    check()
    k, m = model.k, model.amount.shape[1]
    load = model.base_load()
    np.add.at(load, choice, model.amount)
    held = np.bincount(choice, stay, minlength=k)
    mix = (load - model.base_load()) / np.maximum(held, 1e-12)[:, None]
    may = (
        (choice[ends] != choice[model.neighbour])
        & model.free[ends]
        & model.allowed[ends, choice[model.neighbour]]
    )
    links = np.unique(np.stack([choice[ends[may]], choice[model.neighbour[may]]], 1), axis=0)
    so_far = float(stay[(today >= 0) & (choice != today)].sum())
    if not len(links):
        return _Flow(np.inf, np.zeros((k, k)))
    count = len(links)
    rows = np.concatenate([links[:, :1] * m + np.arange(m), links[:, 1:] * m + np.arange(m)]).ravel()
    columns = np.tile(np.repeat(np.arange(count), m), 2)
    values = np.concatenate([-mix[links[:, 0]], mix[links[:, 0]]]).ravel()
    change = csr_array((values, (rows, columns)), shape=(k * m, count))
    slack = eye_array(k * m, format="csr")
    dear = 100.0 * float(held.max())
    both: Any = vstack([hstack([change, -slack]), hstack([-change, -slack])])
    answer: Any = linprog(
        np.concatenate([np.ones(count), np.full(k * m, dear)]),
        A_ub=both,
        b_ub=np.concatenate([(model.upper - load).ravel(), (load - model.lower).ravel()]),
    )
    if not answer.success:
        return _Flow(np.inf, np.zeros((k, k)))
    dual = answer.ineqlin.marginals
    price = (dual[k * m :] - dual[: k * m]).reshape(k, m)  # what one more of load costs there
    gain = (mix * price).sum(axis=1)[:, None] - mix @ price.T - 1.0
    return _Flow(so_far + float(answer.fun), gain)


def _pairs(flow: _Flow, most: int = 24) -> list[tuple[int, int]]:
    """Giver and receiver of the links that would save most."""
    order = np.argsort(-flow.gain, axis=None, kind="stable")[:most]
    return [(int(c // len(flow.gain)), int(c % len(flow.gain))) for c in order if flow.gain.flat[c] > 0.25]


def _reach(
    model: Model, ends: Ints, choice: Ints, stay: Floats, longer: int, shy: float
) -> tuple[Floats, Ints]:
    """From territory `longer` over the lightest units of others: what is taken up to each, and from where.

    `shy` makes units inside a territory dearer than those on its border, since a strip there cuts it.
    """
    inner = np.ones(model.items, dtype=bool)
    inner[ends[choice[ends] != choice[model.neighbour]]] = False
    toll = (stay + 1e-3 * stay.mean()) * np.where(inner, shy, 1.0)
    may = model.whole & model.free & model.allowed[:, longer] & (choice != longer)
    own = model.whole & (choice == longer)
    step = np.where(may[model.neighbour] & (may | own)[ends], toll[model.neighbour], 0.0)
    graph = csr_array((step, model.neighbour, model.first), (model.items, model.items), copy=True)
    graph.eliminate_zeros()
    length, before, _ = dijkstra(graph, indices=np.flatnonzero(own), min_only=True, return_predecessors=True)
    return length, before.astype(np.int64)


def _carved(model: Model, choice: Ints, longer: int, before: Ints, end: int) -> Ints | None:
    """The plan with the strip up to unit `end`, and what it cuts off; None where that is too much."""
    plan = choice.copy()
    crossed = set()
    while choice[end] != longer:
        crossed.add(int(choice[end]))
        plan[end] = longer
        end = int(before[end])
    piece, count = components(model.first, model.neighbour, plan, model.whole)
    load = model.amount.sum(axis=1)
    size = np.bincount(piece[piece >= 0], load[piece >= 0], minlength=count)
    for j in sorted(crossed):
        pieces = np.unique(piece[(plan == j) & (piece >= 0)])
        if not len(pieces):
            return None
        for p in pieces[pieces != pieces[np.argmax(size[pieces])]]:
            cut = piece == p
            if size[p] > 0.1 or not (model.free[cut].all() and model.allowed[cut, longer].all()):
                return None
            plan[cut] = longer
    return plan
