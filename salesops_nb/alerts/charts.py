"""Signals of a control chart with known limits, and how long a process runs before one comes.

A rule is ``k of m points beyond c sigma on one side``: limits are 1 of 1 beyond 3, a run of eight is 8 of 8
beyond 0. Run lengths are exact, by a Markov chain over the last points of each rule (Champ & Woodall,
*Technometrics* 29, 1987).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse, special
from scipy.sparse import linalg

Flags = NDArray[np.bool_]


class Rule(NamedTuple):
    """`k` of the last `m` points further than `beyond` standard deviations from the centre, on one side."""

    k: int
    m: int
    beyond: float


LIMITS = Rule(1, 1, 3.0)
RUN_OF_EIGHT = Rule(8, 8, 0.0)


def signals(scores: ArrayLike, rules: Sequence[Rule]) -> Flags:
    """Which points complete a rule; `scores` are standard deviations from the centre, of one or many series.

    The last axis is time.

    Examples
    --------
    >>> from salesops_nb.alerts.charts import LIMITS, RUN_OF_EIGHT, signals
    >>> signals([0.5] * 8 + [-3.5], [LIMITS, RUN_OF_EIGHT]).nonzero()[0].tolist()
    [7, 8]
    """
    z = np.asarray(scores, float)
    found = np.zeros(z.shape, bool)
    for k, m, beyond in rules:
        for side in (z, -z):
            counted = np.cumsum(side > beyond, axis=-1)
            before = np.zeros_like(counted)
            before[..., m:] = counted[..., :-m]
            found |= (side > beyond) & (counted - before >= k)
    return found


def average_run_length(rules: Sequence[Rule], shift: float = 0.0) -> float:
    """How many points come, on average, up to the first signal of a process that is `shift` sigma off.

    Examples
    --------
    >>> from salesops_nb.alerts.charts import LIMITS, RUN_OF_EIGHT, average_run_length
    >>> round(average_run_length([LIMITS]), 1), round(average_run_length([LIMITS, RUN_OF_EIGHT]), 1)
    (370.4, 152.7)
    """
    cuts = sorted({side * rule.beyond for rule in rules for side in (-1, 1)})
    ends = np.array([-np.inf, *cuts, np.inf])
    chances = np.diff(special.ndtr(ends - shift))
    middles = [
        (low + high) / 2 for low, high in zip([ends[1] - 2, *cuts], [*cuts, ends[-2] + 2], strict=True)
    ]
    beyond = [[[side * at > rule.beyond for side in (1, -1)] for rule in rules] for at in middles]
    start = tuple(((False,) * (rule.m - 1),) * 2 for rule in rules)
    places, moves, queue = {start: 0}, [], [start]
    while queue:
        state = queue.pop()
        for chance, marks in zip(chances, beyond, strict=True):
            after, signal = _after(state, marks, rules)
            if signal:
                continue
            if after not in places:
                places[after] = len(places)
                queue.append(after)
            moves.append((places[state], places[after], chance))
    rows, columns, values = (np.array(each) for each in zip(*moves, strict=True))
    stays = sparse.csc_matrix((values, (rows, columns)), shape=(len(places),) * 2)
    return float(linalg.spsolve(sparse.identity(len(places), format="csc") - stays, np.ones(len(places)))[0])


def _after(state: tuple, marks: list[list[bool]], rules: Sequence[Rule]) -> tuple[tuple, bool]:  # type: ignore[type-arg]
    """The points that count after one more, for each rule and side, and whether that is a signal."""
    after, signal = [], False
    for rule, sides, mark in zip(rules, state, marks, strict=True):
        own = []
        for past, new in zip(sides, mark, strict=True):
            signal |= new and sum(past) + new >= rule.k
            kept = (*past, new)[1:] if rule.m > 1 else ()
            # marks too old and too few to ever complete the rule are as none: fewer states
            own.append(_useful(kept, rule))
        after.append(tuple(own))
    return tuple(after), bool(signal)


def _useful(past: tuple[bool, ...], rule: Rule) -> tuple[bool, ...]:
    """The past without marks that cannot take part in a signal any more."""
    found = list(past)
    for at in range(len(found)):
        if found[at] and sum(found[at:]) + at + 1 < rule.k:  # `at + 1` points come before it falls out
            found[at] = False
    return tuple(found)
