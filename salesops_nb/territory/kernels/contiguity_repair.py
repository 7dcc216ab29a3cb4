"""Making territories whole: pieces that broke off go to their neighbours, locked parts stay joined."""

from __future__ import annotations

import heapq
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

Ints = NDArray[np.int64]


@njit(cache=True)
def components(first: Any, neighbour: Any, choice: Any, whole: Any) -> Any:
    """Number of the connected piece each unit lies in, within its own territory; -1 where not bound."""
    n = choice.shape[0]
    piece = np.full(n, -1, np.int64)
    queue = np.empty(n, np.int64)
    count = 0
    for start in range(n):
        if piece[start] >= 0 or not whole[start]:
            continue
        piece[start] = count
        queue[0] = start
        head, tail = 0, 1
        while head < tail:
            u = queue[head]
            head += 1
            for c in range(first[u], first[u + 1]):
                v = neighbour[c]
                if piece[v] < 0 and whole[v] and choice[v] == choice[u]:
                    piece[v] = count
                    queue[tail] = v
                    tail += 1
        count += 1
    return piece, count


@njit(cache=True)
def _regrow(first: Any, neighbour: Any, choice: Any, whole: Any, cost: Any, allowed: Any) -> int:
    """Gives units without a territory to the cheapest that touches them, by layers; how many stay out."""
    n = choice.shape[0]
    left = np.zeros(n, np.int64)
    while True:
        count = 0
        for i in range(n):
            if choice[i] < 0:
                best = np.inf
                target = -1
                for c in range(first[i], first[i + 1]):
                    v = neighbour[c]
                    j = choice[v]
                    if j >= 0 and whole[v] and allowed[i, j] and cost[i, j] < best:
                        best = cost[i, j]
                        target = j
                if target >= 0:
                    left[i] = target + 1
                    count += 1
        if count == 0:
            break
        for i in range(n):
            if left[i] > 0:
                choice[i] = left[i] - 1
                left[i] = 0
    missing = 0
    for i in range(n):
        if choice[i] < 0:
            missing += 1
    return missing


def keep_whole(
    first: Ints,
    neighbour: Ints,
    choice: Ints,
    whole: NDArray[np.bool_],
    free: NDArray[np.bool_],
    size: NDArray[np.float64],
    cost: NDArray[np.float64],
    allowed: NDArray[np.bool_],
) -> tuple[Ints, int]:
    """A plan of whole territories close to `choice`, and how many pieces could not be placed.

    The piece kept is the one with locked units, else the heaviest by `size`; locked units lying
    apart are first joined through units that are not locked to another.
    """
    choice = choice.copy()
    _fill_empty(choice, whole, free, cost, allowed)
    if not whole.any():
        return choice, 0
    joined = np.zeros(len(choice), dtype=bool)
    for turn in range(6):
        piece, count = components(first, neighbour, choice, whole)
        kept = _kept_pieces(piece, count, choice, free | ~whole, size, joined)
        apart = [j for j, pieces in kept.items() if len(pieces) > 1]
        if apart and turn < 5:
            for j in apart:
                _join(first, neighbour, choice, whole, free, cost, allowed, piece, kept[j], j, joined)
            continue
        stay = np.zeros(count, dtype=bool)
        stay[[pieces[0] for pieces in kept.values()]] = True
        choice[whole & ~stay[piece]] = -1
        missing = _regrow(first, neighbour, choice, whole, cost, allowed)
        piece, count = components(first, neighbour, choice, whole & (choice >= 0))
        if missing == 0:
            break
        orphan = choice < 0
        choice[orphan] = np.argmin(np.where(allowed[orphan], cost[orphan], np.inf), axis=1)
    piece, count = components(first, neighbour, choice, whole)
    return choice, count - len(np.unique(choice[whole]))


def _fill_empty(choice: Ints, whole: Any, free: Any, cost: Any, allowed: Any) -> None:
    """Gives a territory without units the free unit that suits it best from one with several."""
    counts = np.bincount(choice, minlength=cost.shape[1])
    for j in np.flatnonzero(counts == 0):
        own = cost[np.arange(len(choice)), choice]
        loss = np.where(free & allowed[:, j] & (counts[choice] > 1), cost[:, j] - own, np.inf)
        i = int(np.argmin(loss))
        if np.isfinite(loss[i]):
            counts[choice[i]] -= 1
            choice[i] = j
            counts[j] += 1


def _kept_pieces(
    piece: Ints, count: int, choice: Ints, free: Any, size: Any, joined: Any
) -> dict[int, list[int]]:
    """Of each territory the pieces with locked units, heaviest first, or its heaviest piece."""
    bound = piece >= 0
    mass = np.bincount(piece[bound], size[bound], minlength=count)
    fixed = np.bincount(piece[bound], (~free | joined)[bound], minlength=count)
    owner = np.zeros(count, dtype=np.int64)
    owner[piece[bound]] = choice[bound]
    kept: dict[int, list[int]] = {}
    for c in np.lexsort((-mass, owner)):
        pieces = kept.setdefault(int(owner[c]), [])
        if fixed[c] or not pieces:
            pieces.append(int(c))
    for j, pieces in kept.items():
        with_locks = [c for c in pieces if fixed[c]]
        kept[j] = with_locks or pieces[:1]
    return kept


def _join(
    first: Ints,
    neighbour: Ints,
    choice: Ints,
    whole: Any,
    free: Any,
    cost: Any,
    allowed: Any,
    piece: Ints,
    pieces: list[int],
    j: int,
    joined: Any,
) -> None:
    """Links the locked pieces of territory j by cheapest paths (Dijkstra over the units crossed)."""
    main, wanted = {pieces[0]}, set(pieces[1:])
    usable = np.isfinite(cost[:, j]) & np.isfinite(cost[np.arange(len(choice)), choice])
    extra = np.where(usable, cost[:, j], 0.0) - np.where(usable, cost[np.arange(len(choice)), choice], 0.0)
    extra = np.maximum(extra, 0.0)
    step = extra / (extra.mean() + 1e-300) + 1e-3
    while wanted:
        start = [int(i) for i in np.flatnonzero(np.isin(piece, list(main)) & (choice == j))]
        reach = dict.fromkeys(start, 0.0)
        before: dict[int, int] = {}
        heap = [(0.0, i) for i in start]
        end = -1
        while heap:
            far, u = heapq.heappop(heap)
            if far > reach[u]:
                continue
            if int(piece[u]) in wanted and choice[u] == j:
                end = u
                break
            for v in map(int, neighbour[first[u] : first[u + 1]]):
                if not whole[v] or (choice[v] != j and not (free[v] and allowed[v, j])):
                    continue
                toll = 0.0 if choice[v] == j else float(step[v]) * (50.0 if joined[v] else 1.0)
                if far + toll < reach.get(v, np.inf):
                    reach[v], before[v] = far + toll, u
                    heapq.heappush(heap, (far + toll, v))
        if end < 0:
            return
        main.add(int(piece[end]))
        wanted.discard(int(piece[end]))
        while end in before:
            choice[end] = j
            joined[end] = True
            piece[end] = pieces[0]
            end = before[end]
        joined[end] = True
