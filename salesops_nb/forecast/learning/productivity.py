"""What a ramped rep books in a month, by role, and how reps differ.

A rep's bookings in a month are level × season × market × ramp × own factor, with a variance in
proportion to the mean (few large deals: a large `dispersion`). Own factors have mean one over the
people hired into a role and a gamma distribution; a rep's factor given its record is gamma again
(Bühlmann–Straub credibility), so someone with a short record keeps most of the role's spread.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy import stats
from scipy.special import digamma, gammaln

from salesops_nb.core.money import from_float
from salesops_nb.forecast.learning.inputs import Floats, Ints

PRIOR_VARIANCE = 0.12  # between reps, where the data say little: a spread of 35 %
SPREADS: Floats = np.exp(np.linspace(np.log(0.06), np.log(1.5), 24))  # candidates of the spread between reps
PRIOR_LOG_SPREAD = 0.6  # how far (on the log scale) the spread may be from that of the prior
DRIFT_PRIOR = 0.12  # a rep's own change from year to year, log scale


@dataclass(frozen=True)
class Productivity:
    """By role: level (bookings a month), its relative error, variance between reps, dispersion.

    `shape` and `rate` are each spell's gamma posterior of its own factor, by spell of the panel.
    `joint` is, by role, the weight of each power by which the weak leave sooner × `SPREADS` × `means`, the
    hires' mean over the level by role; `spreads` of it the weight of each of `SPREADS`; `lean` by spell how
    far its own factor moves with the hires' mean; `dispersion_n` how many squared residuals
    the dispersion is as certain as; `drift` the standard deviation of a rep's own change in a year.
    """

    level: Floats
    error: Floats
    variance: Floats
    dispersion: Floats
    reps: Ints
    ramped_months: Floats
    shape: Floats
    rate: Floats
    origin: tuple[str, ...]
    spreads: Floats
    dispersion_n: float
    drift: float
    joint: Floats
    means: Floats
    lean: Floats
    newcomer: float | Floats = 1.0  # what those who come sell over the level, where that is varied

    @property
    def factor(self) -> Floats:
        """Each spell's expected own factor."""
        out: Floats = self.shape / self.rate
        return out

    def override(self, name: str, numbers: Floats) -> Productivity:
        """Stated level or spread by role; NaN keeps the learned one."""
        stated = ~np.isnan(numbers)
        origin = tuple("override" if s else o for s, o in zip(stated, self.origin, strict=True))
        if name == "spread":
            variance = np.where(stated, np.maximum(numbers, 0.02) ** 2, self.variance)
            spreads = np.where(stated[:, None], 0.0, self.spreads)  # none: the variance itself
            return replace(self, variance=variance, origin=origin, spreads=spreads)
        # where nothing was learned a deal a month is assumed, so the dispersion is the level itself
        ratio = np.where(self.level > 0, self.dispersion / np.maximum(self.level, 1e-12), 1.0)
        level = np.where(stated, numbers, self.level)
        error = np.where(stated, 0.0, self.error)
        return replace(self, level=level, error=error, dispersion=ratio * level, origin=origin)

    def spread_at(self, share: float) -> Floats:
        """By role, the spread between reps that the truth is below with the given probability."""
        out = np.sqrt(self.variance)
        for r, weight in enumerate(self.spreads):
            if weight.sum() > 0:
                out[r] = float(np.interp(share, np.cumsum(weight) - weight / 2, SPREADS))
        return out

    def draw(self, power: Ints, rng: np.random.Generator) -> tuple[Floats, Floats]:
        """What hires' mean over the level and the variance between reps may be, futures × roles.

        `power` is, by future, which power of the own factor people leave by.
        """
        unit, *within = rng.random((3, len(power), len(self.variance))) - [[[0.0]], [[0.5]], [[0.5]]]
        mean, variance = np.ones_like(unit), np.tile(self.variance, (len(power), 1))
        wide, far = np.log(SPREADS[1] / SPREADS[0]), np.log(self.means[0, 1] / self.means[0, 0])
        for r, weight in enumerate(self.joint):
            for k in np.unique(power):
                here = power == k
                mass = np.cumsum(weight[k].ravel())
                cell = np.searchsorted(mass, unit[here, r] * mass[-1]).clip(max=len(mass) - 1)
                s, m = np.unravel_index(cell, weight[k].shape)
                if self.spreads[r].sum() > 0:
                    variance[here, r] = SPREADS[s] ** 2 * np.exp(2 * wide * within[0][here, r])
                if self.error[r] > 0:
                    mean[here, r] = self.means[r, m] * np.exp(far * within[1][here, r])
        return mean * self.newcomer, variance

    def table(self, roles: list[str], currency: str, level: float = 0.8) -> pd.DataFrame:
        """Level with interval by role, spread between reps with interval, sample sizes."""
        z = float(stats.norm.ppf(0.5 + level / 2))
        low, middle, high = (self.spread_at(q) for q in (0.5 - level / 2, 0.5, 0.5 + level / 2))
        high = np.where(self.spreads.sum(axis=1) > 0, with_tail(high), high)
        rows = zip(self.level, self.error, strict=True)
        ends = [(m, m * max(0.0, 1 - z * e), m * (1 + z * e)) for m, e in rows]
        return pd.DataFrame(
            {
                "role": roles,
                "estimate": [from_float(m, currency) for m, _, _ in ends],
                "low": [from_float(a, currency) for _, a, _ in ends],
                "high": [from_float(b, currency) for _, _, b in ends],
                "spread": middle,
                "spread_low": low,
                "spread_high": high,
                "n": self.reps,
                "ramped_rep_months": self.ramped_months,
                "origin": self.origin,
            }
        )


def with_tail(spread: Floats) -> Floats:
    """The spread of own factors midway between a gamma distribution's and a log-normal's that is like it.

    How far the few best sell above the rest, records of some dozens say little about: of the two, which
    have the same mean and the same mean logarithm, the log-normal has the heavier tail.
    """
    shape = 1.0 / np.asarray(spread) ** 2
    heavier = np.sqrt(np.expm1(2.0 * (np.log(shape) - digamma(shape))))
    out: Floats = np.sqrt(spread * heavier)
    return out


def level_of(
    booked: Floats, expected: Floats, role: Ints, roles: int, variance: Floats, phi: Floats
) -> Floats:
    """Credibility-weighted mean, by role, of each spell's booked over expected (spells' sums)."""
    level = np.ones(roles)
    for r in range(roles):
        mine = (role == r) & (expected > 0)
        if not mine.any() or booked[mine].sum() <= 0:
            level[r] = 0.0
            continue
        ratio = booked[mine] / expected[mine]
        plain = booked[mine].sum() / expected[mine].sum()
        # in relative terms a spell's ratio varies by phi/(level·expected) and by the variance between reps
        weight = 1.0 / (variance[r] + phi[r] / np.maximum(plain * expected[mine], 1e-9))
        level[r] = np.average(ratio, weights=weight)
    return level


def spreads_between(booked: Floats, expected: Floats, phi: float) -> Floats:
    """The weight of each of `SPREADS`, from what reps booked and were expected to (sums, in money).

    A rep's bookings over `phi` are a gamma mixture of Poisson counts, that is negative binomial: reps
    with short records count for little by themselves. The mean of all is taken as it is.
    """
    log_weight = -0.5 * (np.log(SPREADS / np.sqrt(PRIOR_VARIANCE)) / PRIOR_LOG_SPREAD) ** 2
    seen = expected > 0
    if seen.sum() >= 2:
        count, mean = booked[seen] / phi, expected[seen] / phi
        mean = mean * max(float(count.sum() / mean.sum()), 1e-9)
        shape = 1.0 / SPREADS[:, None] ** 2
        each = gammaln(count + shape) - gammaln(shape) + shape * np.log(shape / (shape + mean))
        each += count * np.log(mean / (shape + mean))
        log_weight = log_weight + each.sum(axis=1)
    weight = np.exp(log_weight - log_weight.max())
    out: Floats = weight / weight.sum()
    return out


def remembered(phi: Floats, level: Floats, drift: float) -> Floats:
    """By role, what a record is still worth after a month, reps' own output changing by `drift` a year.

    The steady state of a level that walks at random, of which a year is seen with the variance
    phi ÷ a year's bookings (Harvey 1989, section 4.3): a gain K a year leaves 1 − K of what was known.
    """
    noise = phi / np.maximum(12.0 * level, 1e-9)
    change = drift**2
    state = (change + np.sqrt(change**2 + 4 * change * noise)) / 2
    out: Floats = (noise / (state + noise)) ** (1 / 12)
    return out


def drift_of(booked: Floats, fitted: Floats, phi: Floats) -> float:
    """Standard deviation of a rep's own change in a year (log scale) beyond the noise of its months.

    From years that follow one another: given what a rep booked in both, the split between them has a
    known variance where nothing changes, and what it has more of is change, weighed against the prior
    by how certain each is. `booked` and `fitted` are spells × months, `phi` is by spell.
    """
    years = booked.shape[1] // 12
    tail = booked.shape[1] - 12 * years
    shape = (len(booked), years, 12)
    money = booked[:, tail:].reshape(shape).sum(axis=2)
    expected = fitted[:, tail:].reshape(shape).sum(axis=2)
    change = precision = 0.0
    for y in range(years - 1):
        e, m = expected[:, y : y + 2], money[:, y : y + 2]
        both = (e.min(axis=1) > 0) & (m.sum(axis=1) > 0)
        if both.sum() < 3:
            continue
        total, first = m[both].sum(axis=1), e[both, 0] / e[both].sum(axis=1)
        first = first * (m[both, 0].sum() / (total * first).sum())  # what changes for all is the market
        spread = total * first * (1.0 - first)
        certain = spread / phi[both]  # variances of noise that a change of one would add
        more = (m[both, 0] - total * first) ** 2 / (spread * phi[both]) - 1.0
        weight = certain / (2.0 * (1.0 + DRIFT_PRIOR**2 * certain) ** 2)
        change += float((weight * more).sum())
        precision += float((weight * certain).sum())
    known = 1.0 / DRIFT_PRIOR**4  # of the prior's variance, believed to within its own size
    variance = (change + known * DRIFT_PRIOR**2) / (precision + known)
    return float(np.sqrt(np.clip(variance, 0.03**2, 0.25)))


def dispersion_of(booked: Floats, fitted: Floats, spells: int) -> float:
    """Variance over mean of a rep-month (Pearson), from spells × months with fitted means."""
    seen = fitted > 0
    squares = ((booked[seen] - fitted[seen]) ** 2 / fitted[seen]).sum()
    return float(squares / max(int(seen.sum()) - spells, 1))


def dispersion_weight(booked: Floats, fitted: Floats) -> float:
    """As many equal residuals as the dispersion is certain by: fewer where few large deals decide it."""
    seen = fitted > 0
    squares = (booked[seen] - fitted[seen]) ** 2 / fitted[seen]
    if len(squares) < 2 or squares.mean() <= 0:
        return 5.0
    return float(np.clip(2 * len(squares) * squares.mean() ** 2 / squares.var(), 5.0, 1e4))
