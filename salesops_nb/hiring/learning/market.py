"""What all reps share: the season, and the market's level as it drifts from month to month.

The level is one plus a stationary process whose spread and memory are not known but weighed over
a grid by how well they explain the company's monthly totals; months to come are drawn given the
months seen, so a recent bad patch fades as slowly as such patches did before.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from salesops_nb.hiring.learning.inputs import Floats, Ints

FEWEST_MONTHS = 24
_SPREADS = (0.0, 0.03, 0.06, 0.1, 0.15, 0.22, 0.32)
_MEMORIES = (0.0, 0.5, 0.8, 0.92, 0.98)
_PRIOR_SPREAD = 0.1  # an exponential prior on the spread: most companies move together by some percent
_LEVEL_SPREAD = 0.3  # how far the mean level may lie from the one the reps' own averages imply


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
    """Weighted processes of the common level, with what was seen."""

    weight: Floats
    spread: Floats
    memory: Floats
    deviation: Floats
    noise: Floats

    @property
    def typical_spread(self) -> float:
        """Expected standard deviation of the common level."""
        return float(self.weight @ self.spread)

    def draw(self, months: int, futures: int, rng: np.random.Generator) -> Floats:
        """Futures × months of the common factor, given the months seen."""
        count = rng.multinomial(futures, self.weight)
        out = np.empty((futures, months))
        at = 0
        for k in np.flatnonzero(count):
            mean, root = self._ahead(float(self.spread[k]), float(self.memory[k]), months)
            normal = rng.standard_normal((count[k], months))
            out[at : at + count[k]] = 1.0 + mean + normal @ root.T
            at += count[k]
        shuffled: Floats = np.maximum(rng.permutation(out), 0.1)
        return shuffled

    def _ahead(self, spread: float, memory: float, months: int) -> tuple[Floats, Floats]:
        n = len(self.deviation)
        full = _covariance(n + months, spread, memory)
        seen = full[:n, :n] + np.diag(self.noise)
        gain = np.linalg.solve(seen, full[:n, n:]).T
        mean = gain @ self.deviation
        rest = full[n:, n:] - gain @ full[:n, n:]
        values, vectors = np.linalg.eigh((rest + rest.T) / 2)
        return mean, vectors * np.sqrt(np.maximum(values, 0.0))


def learn_market(deviation: Floats, noise: Floats) -> Market:
    """The processes' weights from each month's deviation (actual over expected, less one)."""
    pairs = [(s, m) for s in _SPREADS for m in _MEMORIES if s > 0 or m == 0]
    log_weight = np.empty(len(pairs))
    for k, (spread, memory) in enumerate(pairs):
        matrix = _covariance(len(deviation), spread, memory) + np.diag(noise)
        lower = np.linalg.cholesky(matrix)
        z = np.linalg.solve(lower, deviation)
        prior = -spread / _PRIOR_SPREAD - (0.0 if spread else -np.log(len(_MEMORIES)))
        log_weight[k] = prior - 0.5 * z @ z - np.log(np.diag(lower)).sum()
    weight = np.exp(log_weight - log_weight.max())
    spreads, memories = (np.array(values) for values in zip(*pairs, strict=True))
    return Market(weight / weight.sum(), spreads, memories, deviation, noise)


def _covariance(n: int, spread: float, memory: float) -> Floats:
    lag = np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
    power = np.where(lag == 0, 1.0, memory ** np.maximum(lag, 1))
    out: Floats = spread**2 * power + _LEVEL_SPREAD**2
    return out
