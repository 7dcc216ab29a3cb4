"""How fast a new rep gets to full output, learned within reps so that survivors do not bend it.

Averaging output by tenure over whoever is still there mixes growth with selection: weak reps
leave, so the long-tenured look better than they ever were when new. Here every rep is compared
only with itself: given what a rep booked in all, the split over its months has a likelihood in
which the rep's own level cancels (the conditional likelihood of a Poisson model with fixed
effects; Hausman, Hall and Griliches 1984), tempered by the observed dispersion.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from salesops_nb.forecast.learning.inputs import Floats, Ints

LONGEST = 18  # months; from here on everybody counts as ramped
PRIOR_LENGTH, PRIOR_SPREAD = 7.0, 5.0  # months to full output, where the data say little
# power of the rise, and whether it levels off (1) or ends at full output (0): early, straight, late, S-shaped
_SHAPES = tuple((p, 0.0) for p in (0.6, 0.8, 1.0, 1.3, 1.7, 2.3)) + tuple(
    (p, 1.0) for p in (0.8, 1.1, 1.5, 2.0, 2.6, 3.4)
)
_STARTS = {0.0: 0.4, 0.1: 0.2, 0.2: 0.2, 0.35: 0.1, 0.5: 0.1}  # output at the start, and belief in it
_LEFT = 3.0  # of a rise that levels off, exp(-3) or 5 % is left after its length
_TENTHS = np.round(np.arange(0.5, LONGEST + 24, 1.0), 1)


@lru_cache(maxsize=1)
def grid() -> tuple[Floats, Floats, Floats, Floats]:
    """All candidate curves: (months to full output, output at the start, power of the rise, how it ends)."""
    months, shape = np.arange(1.0, LONGEST + 1.0), np.arange(len(_SHAPES))
    length, start, which = np.meshgrid(months, list(_STARTS), shape, indexing="ij")
    rise, end = np.array(_SHAPES)[which.ravel()].T
    return length.ravel(), start.ravel(), rise, end


def curve(tenure: Floats, length: Floats, start: Floats, power: Floats, end: Floats) -> Floats:
    """Share of full output at a tenure: start + (1 − start)·F(x), x = tenure ÷ length.

    F is x^power up to one where `end` is 0, and 1 − exp(−3·x^power) (Weibull's) where it is 1: then 5 % is
    left at the length. A power above one begins slowly: with an end that levels off the rise is S-shaped.
    """
    share = (np.maximum(tenure, 0.0) / np.maximum(length, 1e-9)) ** power
    rise = np.where(end > 0, -np.expm1(-_LEFT * share), np.minimum(share, 1.0))
    out: Floats = np.maximum(start + (1.0 - start) * rise, 0.01)
    return out


@lru_cache(maxsize=1)
def _looked_up() -> tuple[Floats, Floats]:
    """Tenures to a quarter of a month, and each candidate's share of full output at them."""
    steps = np.arange(0.0, LONGEST + 0.5, 0.25)
    return steps, _candidates(tuple(steps))


@lru_cache(maxsize=8)
def _candidates(tenure: tuple[float, ...]) -> Floats:
    """Candidates × tenures, computed once: every company is held against the same."""
    return curve(np.array(tenure)[None, :], *(values[:, None] for values in grid()))


@dataclass(frozen=True)
class Ramp:
    """Weighted candidate curves; `hires` is how many reps were seen ramping."""

    weight: Floats
    length: Floats
    start: Floats
    power: Floats
    end: Floats
    hires: int
    origin: str = "learned"

    def table(self, months: int) -> Floats:
        """Curves × months: the share of full output in the middle of each month since joining."""
        tenure = np.arange(months) + 0.5
        return self._at(tenure)

    def mean(self, tenure: Floats) -> Floats:
        """Expected share of full output at each tenure (any shape)."""
        out: Floats = np.interp(tenure, _TENTHS, self.weight @ self._at(_TENTHS))
        return out

    def _at(self, tenure: Floats) -> Floats:
        if self.length is grid()[0]:
            return _candidates(tuple(tenure.tolist()))
        each = (values[:, None] for values in (self.length, self.start, self.power, self.end))
        return curve(tenure[None, :], *each)

    def interval(self, months: int, level: float = 0.8) -> tuple[Floats, Floats, Floats]:
        """Low, middle and high of the curve by month since joining."""
        table, tails = self.table(months), (0.5 - level / 2, 0.5, 0.5 + level / 2)
        order = np.argsort(table, axis=0)
        values = np.take_along_axis(table, order, axis=0)
        mass = np.cumsum(self.weight[order], axis=0)
        picks = [np.argmax(mass >= tail - 1e-12, axis=0) for tail in tails]
        low, middle, high = (values[pick, np.arange(months)] for pick in picks)
        return low, middle, high


def given(length: float, start: float = 0.0, power: float = 1.0) -> Ramp:
    """A stated curve: linear to full output in `length` months unless told otherwise."""
    weight, months, begin, rise, end = (np.array([v]) for v in (1.0, float(length), start, power, 0.0))
    return Ramp(weight, months, begin, rise, end, hires=0, origin="override")


def learn(booked: Floats, expected: Floats, tenure: Floats, dispersion: Floats) -> Ramp:
    """The ramp's weights from spells × months of bookings.

    Parameters
    ----------
    booked : amounts.
    expected : what a fully ramped rep of the role would have booked (exposure, season, market).
    tenure : months since the hire date.
    dispersion : variance over mean of a rep-month's bookings, per spell.
    """
    length, start, power, end = grid()
    log_weight = -0.5 * ((length - PRIOR_LENGTH) / PRIOR_SPREAD) ** 2
    log_weight += np.log([_STARTS[value] for value in start.tolist()])
    worked = expected > 0
    ramping = (worked & (tenure < LONGEST)).any(axis=1) & (booked.sum(axis=1) > 0)
    seen = int((worked & (tenure < 3.0)).any(axis=1).sum())
    rows: Ints = np.flatnonzero(ramping)
    if len(rows):
        y, e, t = booked[rows], expected[rows], tenure[rows]
        steps, table = _looked_up()
        at = np.minimum(np.rint(t * 4), len(steps) - 1).astype(np.int64)
        weight_y, total = y / dispersion[rows, None], y.sum(axis=1) / dispersion[rows]
        by_step = np.bincount(at.ravel(), weights=weight_y.ravel(), minlength=len(steps))
        exposure = np.zeros((len(rows), len(steps)))
        np.add.at(exposure, (np.arange(len(rows))[:, None], at), e)
        log_weight = log_weight + np.log(table) @ by_step - np.log(table @ exposure.T + 1e-12) @ total
    weight = np.exp(log_weight - log_weight.max())
    weight /= weight.sum()
    return Ramp(weight, length, start, power, end, seen, "learned" if seen >= 3 else "prior")
