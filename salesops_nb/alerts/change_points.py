"""Since when a series is another: change points found looking back only.

At each new point the stretch since the last change is read as a level with noise that carries over, and
held against the same with a step in it (an F test of the step, the largest over all places; Quandt 1960,
Andrews 1993). Where the step gains more than `PENALTY` times the logarithm of the stretch's length, a change
is declared and the next stretch begins there. Nothing declared is ever taken back, and no later point is
asked. One setting for every series: ``bench/alerts.py`` says how good it is.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

PENALTY = 10.0  # times ln(length): what the F of a step must exceed to be declared
FEWEST = 3  # points on either side of a change
FIRST = 8  # points before anything is declared
Floats = NDArray[np.float64]


def change_points(values: ArrayLike) -> list[int]:
    """The places at which a level changed, from 0, each as it was declared at the time.

    Missing values are drawn as a line between their neighbours.

    Examples
    --------
    >>> from salesops_nb.alerts.change_points import change_points
    >>> change_points([5, 6, 5, 6, 5, 6, 5, 6, 5, 6, 9, 10, 9, 10, 9, 10])
    [10]
    """
    y = _filled(np.asarray(values, float))
    found: list[int] = []
    start, now = 0, FIRST
    while now < len(y):
        gain, place = _step(y[start : now + 1])
        if gain > PENALTY * np.log(max(now - start + 1, 10)):
            found.append(start + place)
            start = found[-1]
            now = max(now, start + FIRST)
        now += 1
    return found


def likeliest(values: ArrayLike, since: int = 0) -> int:
    """Where in a series that has left its routine the step most likely stands, from `since` on.

    For an alert that is known by another test: the place is asked, not whether there is one.

    Examples
    --------
    >>> from salesops_nb.alerts.change_points import likeliest
    >>> likeliest([5, 6, 5, 6, 5, 6, 5, 6, 5, 6, 2, 1])
    10
    """
    y = _filled(np.asarray(values, float))[since:]
    n = len(y)
    if n < 3:
        return since + max(n - 1, 0)
    counts = np.arange(1, n)
    sums = np.cumsum(y)[:-1]
    gains = (sums - counts * y.mean()) ** 2 * n / (counts * (n - counts))
    return since + int(np.argmax(gains)) + 1


def _filled(y: Floats) -> Floats:
    known = np.isfinite(y)
    if known.all() or not known.any():
        return y if known.all() else np.zeros(len(y))
    at = np.arange(len(y))
    return np.interp(at, at[known], y[known])


def _step(y: Floats) -> tuple[float, int]:
    """The largest F of a step in a level whose noise hangs on the point before, and its place."""
    n = len(y)
    places = np.arange(FEWEST, n - FEWEST + 1)
    free = n - 1 - 3
    if not len(places) or free < 2:
        return 0.0, 0
    basis, _ = np.linalg.qr(np.column_stack([np.ones(n - 1), y[:-1]]))
    rest = y[1:] - basis @ (basis.T @ y[1:])
    steps = (np.arange(1, n)[:, None] >= places).astype(float)
    steps -= basis @ (basis.T @ steps)
    size = (steps**2).sum(axis=0)
    told = size > 1e-9
    gain = np.where(told, (rest @ steps) ** 2 / np.where(told, size, 1.0), 0.0)
    whole = float(rest @ rest)
    f = gain / np.maximum((whole - gain) / free, 1e-12 * whole + 1e-300)
    best = int(np.argmax(f))
    return float(f[best]), int(places[best])
