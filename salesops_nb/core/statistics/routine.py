"""What months of a series vary by routine, after season and trend, and which of them do not.

The logarithms of the months are a straight trend, a season by the month of the quarter and one by the month
of the year, and noise that may hang on the month before (an AR(1) process): a mixed model, whose restricted
likelihood (Patterson & Thompson 1971) weighs a grid of how strong each season is beside the noise and how
far the noise carries over. Nothing of it is taken at its maximum, so that limits are as wide as what is
unknown makes them. Each month, and each of the last blocks of three, is held against what the others let
expect (a mean shift, Cook & Weisberg 1982, 2.2), so that a fall does not widen the limits it is seen by;
the clearest signal is set aside first, and the rest judged without it.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, special

Floats = NDArray[np.float64]

FEWEST = 8  # months: a trend, its noise and what is left to judge by
CARRIED = np.arange(0, 0.9, 0.1)  # correlation of a month's noise with the month before
SEASONS = (0.0, 1.0, 4.0, 16.0, 64.0)  # variance of a season beside that of the noise
START = 0.2  # of the mean month, added before taking logarithms, so that a month of nothing has one
# Chances of a false signal, which sum to 4 %: of all months, of the last three together, of those before.
MONTHS, LAST_THREE, EARLIER = 0.015, 0.02, 0.005


class Routine(NamedTuple):
    """What each month was to be expected at, from the others, and whether it is more than routine.

    ``one_deal`` says that a month stands above its limit, or a block above what is routine, only by its
    largest deal: that is no signal.

    Examples
    --------
    >>> from salesops_nb.core.statistics.routine import routine
    >>> found = routine([10, 11, 14, 10, 11, 14, 10, 11, 30, 10, 11, 14])
    >>> found.signals.nonzero()
    (array([8]),)
    """

    expected: Floats
    lower: Floats
    upper: Floats
    signals: NDArray[np.bool_]
    one_deal: NDArray[np.bool_]


def routine(
    values: ArrayLike, first_month: int = 0, largest: ArrayLike | None = None, typical: float = 0.0
) -> Routine | None:
    """Limits of routine variation of consecutive months; None under `FEWEST` months or without any value.

    Parameters
    ----------
    values : sums of months, none negative.
    first_month : place of the first in its (fiscal) year, from 0.
    largest : the largest deal of each month; a month that without it (a `typical` deal in its place) lies
        within its limits is no signal.

    Examples
    --------
    A season of the quarter is routine, and a last quarter a third lower is not:

    >>> from salesops_nb.core.statistics.routine import routine
    >>> months = [78, 99, 125, 74, 103, 122, 75, 98, 127, 73, 101, 126]
    >>> routine(months).signals.any()
    False
    >>> routine(months[:-3] + [49, 67, 84]).signals.nonzero()
    (array([ 9, 10, 11]),)
    """
    x = np.asarray(values, float)
    n = len(x)
    if n < FEWEST or not x.any():
        return None
    start = START * float(x.mean())
    most = np.zeros(n) if largest is None else np.asarray(largest, float)
    y, spared = (
        np.log(each + start) for each in (x, np.where(most > 0, np.maximum(x - most + typical, 0.0), x))
    )
    blocks, limits = _blocks(n)
    signals, one_deal, used = np.zeros(n, bool), np.zeros(n, bool), y.copy()
    while (~signals).sum() >= FEWEST:
        calm = np.flatnonzero(~signals)
        whole = np.flatnonzero(~(blocks[:, signals] > 0).any(axis=1))
        grid = _grid(tuple(calm), tuple(whole), n, first_month % 12)
        shift, scale, weight = _shifts(used[calm], grid)
        ratio = _chance(shift, scale, weight, grid.free) / limits[whole]
        k = int(np.argmin(ratio))
        if ratio[k] >= 1:
            break
        inside = blocks[whole[k]] > 0
        if (weight[:, k] @ shift[:, k]) > 0 and (used != spared)[inside].any():
            other = np.where(inside, spared, used)
            again, width, share = _shifts(other[calm], grid)
            still = _chance(again, width, share, grid.free)[k] < limits[whole[k]]
            if not (still and share[:, k] @ again[:, k] > 0):
                used, one_deal = other, one_deal | inside
                continue
        signals |= inside
    one_deal &= ~signals
    ends = np.array([_ends(k, y, used, ~signals, n, first_month % 12, limits[0]) for k in range(n)]).T
    expected, lower, upper = (np.maximum(np.exp(end) - start, 0.0) for end in ends)
    return Routine(expected, lower, upper, signals, one_deal)


def _ends(
    k: int, y: Floats, used: Floats, routine_months: NDArray[np.bool_], n: int, first_month: int, limit: float
) -> tuple[float, float, float]:
    """Where a month is to be expected from the others that are routine, and its lower and upper limit."""
    among = routine_months.copy()
    among[k] = True
    known = np.flatnonzero(among)
    grid = _grid(tuple(known), tuple(known), n, first_month)
    own = int(np.searchsorted(known, k))
    shift, scale, weight = (
        part[:, own] for part in _shifts(np.where(np.arange(n) == k, y, used)[known], grid)
    )
    middle = float(weight @ shift)

    def beyond(move: float) -> float:
        far = np.abs(shift + move) / scale
        return float(weight @ (2 * special.stdtr(grid.free, -far))) - limit

    far = 50 * float(scale.max()) + float(np.ptp(shift))
    low, high = (optimize.brentq(beyond, -middle, -middle + sign * far, xtol=1e-6) for sign in (-1, 1))
    return y[k] - middle, y[k] + low, y[k] + high


class _Grid(NamedTuple):
    """All that does not hang on the values: projections, weights, and the blocks that are judged."""

    projections: Floats  # grid × months × months
    base: Floats  # logarithm of each grid point's weight before the values are seen
    through: Floats  # projections of the blocks: grid × months × blocks
    firmness: Floats  # grid × blocks
    free: int  # degrees of freedom of a block's shift


def _blocks(n: int) -> tuple[Floats, Floats]:
    """The months one by one and the last blocks of three, as ones in a row each, and their chances."""
    threes = [np.where((np.arange(n) >= end - 3) & (np.arange(n) < end), 1.0, 0.0) for end in range(n, 2, -3)]
    earlier = [EARLIER / max(len(threes) - 1, 1)] * (len(threes) - 1)
    return np.array([*np.eye(n), *threes]), np.array([*[MONTHS / n] * n, LAST_THREE, *earlier])


@lru_cache(maxsize=256)
def _grid(known: tuple[int, ...], judged: tuple[int, ...], n: int, first_month: int) -> _Grid:
    at = np.array(known)
    months = at + first_month
    fixed = np.column_stack([np.ones(len(at)), (at - (n - 1) / 2) / 12])
    apart = np.abs(np.subtract.outer(months, months))
    of_quarter, of_year = (np.equal.outer(months % k, months % k).astype(float) for k in (3, 12))
    points = list(product(CARRIED, SEASONS, SEASONS))
    spread = np.array([np.power(carried, apart) + q * of_quarter + y * of_year for carried, q, y in points])
    inverse = np.linalg.inv(spread)
    inside = fixed.T @ inverse @ fixed
    projections = inverse - inverse @ fixed @ np.linalg.inv(inside) @ fixed.T @ inverse
    prior = np.log([1 - carried for carried, _, _ in points])  # noise that carries far is rarer
    base = prior - (np.linalg.slogdet(spread)[1] + np.linalg.slogdet(inside)[1]) / 2
    blocks = _blocks(n)[0][np.ix_(judged, known)]
    through = projections @ blocks.T
    return _Grid(projections, base, through, np.einsum("kn,gnk->gk", blocks, through), len(at) - 3)


def _shifts(y: Floats, grid: _Grid) -> tuple[Floats, Floats, Floats]:
    """Each block's shift from what the others let expect, its scale, and each grid point's weight."""
    whole = np.einsum("n,gnm,m->g", y, grid.projections, y)
    shift = np.einsum("n,gnk->gk", y, grid.through) / grid.firmness
    left = np.maximum(whole[:, None] - shift**2 * grid.firmness, 1e-12)
    weight = grid.base[:, None] - np.log(grid.firmness) / 2 - grid.free / 2 * np.log(left)
    weight = np.exp(weight - weight.max(axis=0))
    return shift, np.sqrt(left / grid.free / grid.firmness), weight / weight.sum(axis=0)


def _chance(shift: Floats, scale: Floats, weight: Floats, free: int) -> Floats:
    """How often a block of routine would stray so far, on either side."""
    chance: Floats = np.sum(weight * 2 * special.stdtr(free, -np.abs(shift) / scale), axis=0)
    return chance
