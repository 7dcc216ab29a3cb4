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

from salesops_nb.core.money import from_float
from salesops_nb.hiring.learning.inputs import Floats, Ints

PRIOR_VARIANCE = 0.12  # between reps, where the data say little: a spread of 35 %
PRIOR_REPS = 4.0  # the prior weighs as much as so many reps


@dataclass(frozen=True)
class Productivity:
    """By role: level (bookings a month), its relative error, variance between reps, dispersion.

    `shape` and `rate` are each spell's gamma posterior of its own factor, by spell of the panel.
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
            return replace(self, variance=variance, origin=origin)
        # where nothing was learned a deal a month is assumed, so the dispersion is the level itself
        ratio = np.where(self.level > 0, self.dispersion / np.maximum(self.level, 1e-12), 1.0)
        level = np.where(stated, numbers, self.level)
        error = np.where(stated, 0.0, self.error)
        return replace(self, level=level, error=error, dispersion=ratio * level, origin=origin)

    def table(self, roles: list[str], currency: str, level: float = 0.8) -> pd.DataFrame:
        """Level with interval by role, spread between reps with interval, sample sizes."""
        z = float(stats.norm.ppf(0.5 + level / 2))
        degrees = self.reps + PRIOR_REPS
        low = self.variance * degrees / stats.chi2.ppf(0.5 + level / 2, degrees)
        high = self.variance * degrees / stats.chi2.ppf(0.5 - level / 2, degrees)
        rows = zip(self.level, self.error, strict=True)
        ends = [(m, m * max(0.0, 1 - z * e), m * (1 + z * e)) for m, e in rows]
        return pd.DataFrame(
            {
                "role": roles,
                "estimate": [from_float(m, currency) for m, _, _ in ends],
                "low": [from_float(a, currency) for _, a, _ in ends],
                "high": [from_float(b, currency) for _, _, b in ends],
                "spread": np.sqrt(self.variance),
                "spread_low": np.sqrt(low),
                "spread_high": np.sqrt(high),
                "n": self.reps,
                "ramped_rep_months": self.ramped_months,
                "origin": self.origin,
            }
        )


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


def variance_between(booked: Floats, expected: Floats, phi: float) -> float:
    """Variance of own factors by moments, with the prior as `PRIOR_REPS` more reps.

    `expected` is in money, so booked over expected has mean one.
    """
    seen = expected > 0
    y, e = booked[seen], expected[seen]
    if len(y) < 2:
        return PRIOR_VARIANCE
    # weights flat in the rep once the record is long, so that no giant decides alone
    weight = 1.0 / (PRIOR_VARIANCE + phi / e) ** 2
    moment = float((weight * ((y / e - 1.0) ** 2 - phi / e)).sum() / weight.sum())
    moment *= len(y) / (len(y) - 1)
    # reps with short records tell less about the variance than their number says
    n = float((weight * PRIOR_VARIANCE**2).sum())
    return max((PRIOR_REPS * PRIOR_VARIANCE + n * max(moment, 0.0)) / (PRIOR_REPS + n), 0.002)


def dispersion_of(booked: Floats, fitted: Floats, spells: int) -> float:
    """Variance over mean of a rep-month (Pearson), from spells × months with fitted means."""
    seen = fitted > 0
    squares = ((booked[seen] - fitted[seen]) ** 2 / fitted[seen]).sum()
    return float(squares / max(int(seen.sum()) - spells, 1))
