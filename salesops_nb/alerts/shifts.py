"""Whether the last points of many series are another level than what came before, few and true.

Each series is a level, a trend, a season of the quarter and one of the year, and noise that may hang on the
point before (a mixed model whose restricted likelihood, Patterson & Thompson 1971, weighs a grid of how
strong each of these is beside the noise). The last one to `BLOCKS` points are held against what the others
let expect (a mean shift, Cook & Weisberg 1982): that the level is not known, nor the noise, nor whether it
carries over, widens what counts as routine, so that few points do not cry wolf. Series of one rule share
how likely each place of the grid is (empirical Bayes): forty-eight series know better than one whether noise
carries over, and no series lends another its level or its noise.

``bench/alerts.py`` states how often this is wrong: at `CHANCE`, no more than one alert a year over 48 series
where nothing has changed.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

Floats = NDArray[np.float64]

FEWEST = 12  # points without which nothing is judged
MOST = 84  # points that are looked back upon
BLOCKS = 6  # the last one, two, … points together
CHANCE = 0.0005  # of a series by a look, of the least likely of its blocks
AWAY = 0.3  # chance of the last point alone, on its side, beyond which it is back
CARRIED = (0.0, 0.2, 0.4, 0.6, 0.8)  # correlation of noise with that of the point before
SEASONS = (0.0, 1.0, 8.0)  # variance of a season beside that of the noise
TRENDS = (0.0, 0.1, 1.0)  # variance of a year's trend beside that of the noise
SHARED = 2.0  # series that the prior stands for where there are few
POINTS = tuple(product(CARRIED, SEASONS, SEASONS, TRENDS))
PRIOR = np.log([1 - carried for carried, *_ in POINTS])  # noise that carries far is rarer


class Shifts(NamedTuple):
    """Of each series: how likely its last points are by routine alone, and what they were expected at.

    `chance` is that of the least likely block on the side asked for, `points` how many points that block has,
    `shift` by how much it differs; `expected`, `lower` and `upper` are of the last point alone, at the chance
    that counts.

    Examples
    --------
    >>> import numpy as np
    >>> from salesops_nb.alerts.shifts import shifts
    >>> noise = np.random.default_rng(1).normal(size=(2, 36))
    >>> noise[1, -4:] -= 4
    >>> found = shifts(noise, side=-1)
    >>> (found.chance < 0.0005).tolist(), int(found.points[1])
    ([False, True], 4)
    """

    chance: Floats
    points: NDArray[np.int64]
    shift: Floats
    expected: Floats
    lower: Floats
    upper: Floats


class _Grid(NamedTuple):
    projections: Floats  # grid × points × points
    base: Floats  # logarithm of each place's likelihood that does not hang on the values
    through: Floats  # grid × points × blocks
    firmness: Floats  # grid × blocks
    free: int


def shifts(
    values: ArrayLike, first: int = 0, side: int = 0, blocks: tuple[int, ...] = tuple(range(1, BLOCKS + 1))
) -> Shifts:
    """How likely the last points of each series are by routine alone.

    Parameters
    ----------
    values : series × points (months), without gaps, on a scale on which noise is alike (logarithms of money).
    first : place of the first point in its year, from 0.
    side : -1 where only a fall counts, 1 a rise, 0 both.
    blocks : of how many last points each block is.

    Returns
    -------
    Shifts
        one entry a series. Fewer than `FEWEST` points are never unlikely: their chance is 1. A series
        without any variation that leaves its one value is as unlikely as can be.
    """
    y = np.atleast_2d(np.asarray(values, float))
    dropped = max(y.shape[1] - MOST, 0)
    y, first = y[:, dropped:], (first + dropped) % 12
    count, n = y.shape
    if n < FEWEST:
        nothing = np.full(count, np.nan)
        return Shifts(np.ones(count), np.ones(count, np.int64), nothing, nothing, -np.inf + np.zeros(count),
                      np.inf + np.zeros(count))  # fmt: skip
    grid = _grid(n, first, blocks)
    y, middle, spread = _scaled(y)
    shift, left, weight = _weighed(y, grid)
    score = shift / np.sqrt(left / grid.free / grid.firmness)
    below, above = special.stdtr(grid.free, score), special.stdtr(grid.free, -score)
    low, high = (weight * below).sum(axis=1), (weight * above).sum(axis=1)
    each = low if side < 0 else high if side > 0 else 2 * np.minimum(low, high)
    block = each.argmin(axis=1)
    rows = np.arange(count)
    if blocks[0] == 1:  # a block whose last point is back is no alert any more
        alone = np.minimum(low, high)[:, 0] if not side else each[:, 0]
        away = (weight * np.sign(shift)).sum(axis=1)
        same = np.sign(away[:, 0]) == np.sign(away[rows, block])
        each = np.where((same & (alone < AWAY))[:, None], each, np.maximum(each, 0.5))
    moved = (weight * shift).sum(axis=1)
    scale = np.sqrt((weight * left).sum(axis=1) / grid.free / (weight * grid.firmness).sum(axis=1))[:, 0]
    reach = -float(special.stdtrit(grid.free, chance_of(n) / (1 if side else 2))) * scale
    expected = y[:, -1] - moved[:, 0]
    ends = (expected, expected - reach, expected + reach)
    return Shifts(
        each[rows, block],
        np.array(blocks)[block],
        moved[rows, block] * spread,
        *(middle + end * spread for end in ends),
    )


def chance_of(points: int) -> float:
    """The chance under which a series of so many points is an alert: fewer points, less."""
    return CHANCE * min(1.0, points / 36)


def _scaled(y: Floats) -> tuple[Floats, Floats, Floats]:
    """Each series with its middle at 0 and its spread at 1, and both."""
    middle = np.median(y, axis=1)
    spread = y.std(axis=1)
    spread = np.where(spread > 1e-12 * np.maximum(np.abs(middle), 1e-300), spread, 1.0)
    scaled = (y - middle[:, None]) / spread[:, None]
    return np.where(np.abs(scaled) < 1e-9, 0.0, scaled), middle, spread


@lru_cache(maxsize=64)
def _grid(n: int, first: int, blocks_of: tuple[int, ...]) -> _Grid:
    at = np.arange(n)
    apart = np.abs(np.subtract.outer(at, at))
    quarter, year = (np.equal.outer((at + first) % k, (at + first) % k).astype(float) for k in (3, 12))
    slope = np.outer(at - (n - 1) / 2, at - (n - 1) / 2) / 144
    spread = np.array([np.power(c, apart) + q * quarter + a * year + t * slope for c, q, a, t in POINTS])
    inverse = np.linalg.inv(spread)
    ones = np.ones((n, 1))
    inside = ones.T @ inverse @ ones
    projections = inverse - inverse @ ones @ ones.T @ inverse / inside
    base = -(np.linalg.slogdet(spread)[1] + np.log(inside[:, 0, 0])) / 2
    blocks = np.array([np.where(at >= n - k, 1.0, 0.0) for k in blocks_of])
    through = projections @ blocks.T
    return _Grid(projections, base, through, np.einsum("kn,gnk->gk", blocks, through), n - 2)


def _weighed(y: Floats, grid: _Grid) -> tuple[Floats, Floats, Floats]:
    """Shift, what is left of the squares and the weight of each place of the grid: series × grid × blocks."""
    count, size = len(y), len(grid.base)
    whole = np.empty((count, size))
    for at in range(size):
        whole[:, at] = ((y @ grid.projections[at]) * y).sum(axis=1)
    shift = np.einsum("sn,gnk->sgk", y, grid.through, optimize=True) / grid.firmness
    left = np.maximum(whole[:, :, None] - shift**2 * grid.firmness, 1e-9)
    likely = grid.base[None, :, None] - np.log(grid.firmness) / 2 - grid.free / 2 * np.log(left)
    prior = PRIOR
    start = np.exp(PRIOR - PRIOR.max())
    start /= start.sum()
    for _ in range(3):
        middle = likely.shape[2] // 2
        usual = _normed(likely[:, :, middle : middle + 1] + prior[None, :, None])[:, :, 0]
        prior = np.log((usual.sum(axis=0) + SHARED * start) / (count + SHARED))
    return shift, left, _normed(likely + prior[None, :, None])


def _normed(logs: Floats) -> Floats:
    weight = np.exp(logs - logs.max(axis=1, keepdims=True))
    normed: Floats = weight / weight.sum(axis=1, keepdims=True)
    return normed
