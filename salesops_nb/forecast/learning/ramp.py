"""How fast a new rep gets to full output, learned within reps so that survivors do not bend it.

Averaging output by tenure over whoever is still there mixes growth with selection: weak reps
leave, so the long-tenured look better than they ever were when new. Here every rep is compared
only with itself: given what a rep booked in all, the split over its months has a likelihood in
which the rep's own level cancels (the conditional likelihood of a Poisson model with fixed
effects; Hausman, Hall and Griliches 1984), tempered by the observed dispersion.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from salesops_nb.forecast.learning.inputs import Floats, Ints

LONGEST = 18  # months; from here on everybody counts as ramped
PRIOR_LENGTH, PRIOR_SPREAD = 6.0, 4.0  # months to full output, where the data say little
# power of the rise and of its end: straight, early, late, levelling off, and S-shaped
_SHAPES = ((1.0, 1.0), (0.6, 1.0), (1.6, 1.0), (2.5, 1.0), (1.0, 2.0), (1.6, 1.6), (2.0, 2.5), (3.0, 3.0))
_TENTHS = np.round(np.arange(0.5, LONGEST + 24, 1.0), 1)


def grid() -> tuple[Floats, Floats, Floats, Floats]:
    """All candidate curves: (months to full output, output at the start, powers of the rise and its end)."""
    months, begin, shape = np.arange(1.0, LONGEST + 1.0), [0.0, 0.1, 0.2, 0.35, 0.5], np.arange(len(_SHAPES))
    length, start, which = np.meshgrid(months, begin, shape, indexing="ij")
    rise, end = np.array(_SHAPES)[which.ravel()].T
    return length.ravel(), start.ravel(), rise, end


def curve(tenure: Floats, length: Floats, start: Floats, power: Floats, end: Floats) -> Floats:
    """Share of full output at a tenure: start + (1 − start)·(1 − (1 − x^power)^end), x = tenure ÷ length.

    A power above one begins slowly, an end above one levels off: with both the rise is S-shaped. The
    rise is the distribution function of Kumaraswamy (1980).
    """
    share = np.minimum(1.0, np.maximum(tenure, 0.0) / np.maximum(length, 1e-9))
    out: Floats = np.maximum(start + (1.0 - start) * (1.0 - (1.0 - share**power) ** end), 0.01)
    return out


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
    weight, months, begin, rise, end = (np.array([v]) for v in (1.0, float(length), start, power, 1.0))
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
    worked = expected > 0
    ramping = (worked & (tenure < LONGEST)).any(axis=1) & (booked.sum(axis=1) > 0)
    seen = int((worked & (tenure < 3.0)).any(axis=1).sum())
    rows: Ints = np.flatnonzero(ramping)
    if len(rows):
        y, e, t = booked[rows], expected[rows], tenure[rows]
        # a curve is looked up by tenure to a quarter of a month, not computed for every rep-month
        steps = np.arange(0.0, LONGEST + 0.5, 0.25)
        table = curve(steps[None, :], length[:, None], start[:, None], power[:, None], end[:, None])
        at = np.minimum(np.rint(t * 4), len(steps) - 1).astype(np.int64)
        weight_y, total = y / dispersion[rows, None], y.sum(axis=1) / dispersion[rows]
        by_step = np.bincount(at.ravel(), weights=weight_y.ravel(), minlength=len(steps))
        exposure = np.zeros((len(rows), len(steps)))
        np.add.at(exposure, (np.arange(len(rows))[:, None], at), e)
        log_weight = log_weight + np.log(table) @ by_step - np.log(table @ exposure.T + 1e-12) @ total
    weight = np.exp(log_weight - log_weight.max())
    weight /= weight.sum()
    return Ramp(weight, length, start, power, end, seen, "learned" if seen >= 3 else "prior")
