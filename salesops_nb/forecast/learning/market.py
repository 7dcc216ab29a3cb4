"""What all reps share: the season, and the market's level with its trend, as it moves from month to month.

The logarithm of the level is a line (the trend of a ramped head's output, believed to be small) plus a
stationary process whose spread and memory are not known but weighed over a grid by how well they explain
the company's monthly totals. Months to come are drawn given the months seen: a trend goes on as far as it
is certain, and a recent bad patch fades as slowly as such patches did before.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from salesops_nb.forecast.learning.inputs import Floats, Ints

FEWEST_MONTHS = 24
_SPREADS = (0.0, 0.03, 0.06, 0.1, 0.15, 0.22, 0.32)
_MEMORIES = (0.0, 0.5, 0.8, 0.92, 0.98)
_PROCESSES = [(s, m) for s in _SPREADS for m in _MEMORIES if s > 0 or m == 0]
_PRIOR_SPREAD = 0.2  # an exponential prior on the spread: most companies move together by some percent
_LEVEL_SPREAD = 0.3  # how far the mean level may lie from the one the reps' own averages imply
_TREND_SPREAD = 0.2  # belief about the trend of a head's output, a year, on the log scale


@dataclass(frozen=True)
class Season:
    """Factor of each month of the fiscal year, with a standard error; mean one."""

    factor: Floats
    error: Floats
    months: int
    origin: str


def flat_season(months: int) -> Season:
    """No season: declared where the data are too short to estimate one."""
    return Season(np.ones(12), np.zeros(12), months, "declared")


def stated_season(factor: Floats) -> Season:
    """A stated season, scaled to mean one."""
    values = np.asarray(factor, dtype=float)
    return Season(values / values.mean(), np.zeros(12), 0, "override")


def learn_season(ratio: Floats, noise: Floats, month_of_year: Ints) -> Season:
    """The season from monthly actual over expected, shrunk to one as far as noise explains it.

    `noise` is the variance of each month's ratio apart from the season.
    """
    if len(ratio) < FEWEST_MONTHS:
        return flat_season(len(ratio))
    weight = np.bincount(month_of_year, weights=1.0 / noise, minlength=12)
    mean = np.bincount(month_of_year, weights=ratio / noise, minlength=12) / np.maximum(weight, 1e-12)
    variance = 1.0 / np.maximum(weight, 1e-12)
    centre = float(np.average(mean, weights=weight))
    spread = max(float(np.mean((mean - centre) ** 2 - variance)), 0.02**2)
    keep = spread / (spread + variance)
    factor = 1.0 + keep * (mean / centre - 1.0)
    factor = np.maximum(factor, 0.05)
    return Season(factor / factor.mean(), np.sqrt(keep * variance), len(ratio), "learned")


@dataclass(frozen=True)
class Market:
    """Weighted processes of the common level (its logarithm), with what was seen of it.

    `seen` is the level of each month of the data, `line` the part of it that is level and trend, `trend`
    the change of its logarithm a year, with the error of that.
    """

    weight: Floats
    spread: Floats
    memory: Floats
    deviation: Floats
    noise: Floats
    seen: Floats
    line: Floats
    trend: tuple[float, float]

    @property
    def typical_spread(self) -> float:
        """Expected standard deviation of the common level around its trend."""
        return float(self.weight @ self.spread)

    def draw(self, months: int, futures: int, rng: np.random.Generator) -> Floats:
        """Futures × months of the common factor, given the months seen."""
        count = rng.multinomial(futures, self.weight)
        out = np.empty((futures, months))
        at = 0
        for k in np.flatnonzero(count):
            mean, root = self._ahead(float(self.spread[k]), float(self.memory[k]), months)
            normal = rng.standard_normal((count[k], months))
            out[at : at + count[k]] = mean + normal @ root.T
            at += count[k]
        shuffled: Floats = np.exp(np.clip(rng.permutation(out), -2.5, 2.5))
        return shuffled

    def _ahead(self, spread: float, memory: float, months: int) -> tuple[Floats, Floats]:
        n = len(self.deviation)
        full = _process(n + months, spread, memory) + _line(n + months, n)
        seen = full[:n, :n] + np.diag(self.noise)
        gain = np.linalg.solve(seen, full[:n, n:]).T
        mean = gain @ self.deviation
        rest = full[n:, n:] - gain @ full[:n, n:]
        values, vectors = np.linalg.eigh((rest + rest.T) / 2)
        return mean, vectors * np.sqrt(np.maximum(values, 0.0))


def flat_market(months: int) -> Market:
    """A level of one, as it is before anything is learned."""
    nought, one = np.zeros(months), np.ones(months)
    return Market(np.ones(1), np.zeros(1), np.zeros(1), nought, one, one, one, (0.0, _TREND_SPREAD))


def learn_market(deviation: Floats, noise: Floats) -> Market:
    """The processes' weights from each month's deviation: log of actual over expected, and its variance."""
    spreads, memories = np.array(_PROCESSES).T
    n = len(deviation)
    line, per_year = _line(n, n), _TREND_SPREAD**2 * _years(n, n)
    common = _processes(n) + line
    lower = np.linalg.cholesky(common + np.diag(noise))
    # all processes at once: what each makes of the deviations, of the line and of the trend
    whole = np.linalg.inv(lower)
    z = whole @ deviation
    log_weight = -spreads / _PRIOR_SPREAD - np.where(spreads > 0, 0.0, -np.log(len(_MEMORIES)))
    log_weight -= 0.5 * (z**2).sum(axis=1)
    log_weight -= np.log(np.diagonal(lower, axis1=1, axis2=2)).sum(axis=1)
    part = (whole.transpose(0, 2, 1) @ z[:, :, None])[:, :, 0]
    levels, lines = (common @ part[:, :, None])[:, :, 0], part @ line
    spent = ((whole @ per_year) ** 2).sum(axis=1)
    trends = np.stack([part @ per_year, _TREND_SPREAD**2 - spent], axis=1)
    weight = np.exp(log_weight - log_weight.max())
    weight /= weight.sum()
    mean = float(weight @ trends[:, 0])
    error = float(np.sqrt(weight @ (trends[:, 1] + (trends[:, 0] - mean) ** 2)))
    seen, straight = np.exp(weight @ levels), np.exp(weight @ lines)
    return Market(weight, spreads, memories, deviation, noise, seen, straight, (mean, error))


def _years(n: int, seen: int) -> Floats:
    """Years of each month from the middle of the months seen."""
    out: Floats = (np.arange(n) - (seen - 1) / 2) / 12
    return out


def _line(n: int, seen: int) -> Floats:
    """Covariance of a level and a trend that are believed to be small."""
    years = _years(n, seen)
    out: Floats = _LEVEL_SPREAD**2 + _TREND_SPREAD**2 * np.outer(years, years)
    return out


@lru_cache(maxsize=4)
def _processes(n: int) -> Floats:
    return np.stack([_process(n, *each) for each in _PROCESSES])


def _process(n: int, spread: float, memory: float) -> Floats:
    lag = np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
    power = np.where(lag == 0, 1.0, memory ** np.maximum(lag, 1))
    out: Floats = spread**2 * power
    return out
