"""Who leaves when, and how long a seat stays empty: both from incomplete observation.

A rep present when the data begin is at risk only from that tenure on (left truncation), and one
still there at the end has not left yet (right censoring): the hazard of a tenure band is leavers
over person-months at risk in the band. With a gamma prior the posterior is gamma, so intervals
are exact. Time to fill is lognormal, with vacancies still open or called off taken as censored.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from scipy import stats

from salesops_nb.forecast.learning.inputs import DAYS_PER_MONTH, Floats
from salesops_nb.forecast.learning.kernels import exits

BANDS: Floats = np.array([0.0, 6.0, 12.0, 24.0])  # months of tenure at which a band begins
PRIOR_HAZARD = 0.025  # leavers per person-month, about 26 % a year; stated, used when leavers are few
PRIOR_LEAVERS = 3.0  # the prior weighs as much as so many leavers
FEWEST = 5
WEAKER: Floats = np.array([0.0, 0.4, 0.8, 1.2, 1.6, 2.0])  # candidates: hazard ∝ own factor to the power −w
PRIOR_WEAKER = 0.8
PRIOR_FILL_DAYS, PRIOR_FILL_SPREAD, PRIOR_FILLED = 60.0, 0.5, 3.0


@dataclass(frozen=True)
class Hazard:
    """Gamma posterior of the monthly hazard in each tenure band.

    `weaker` is the weight of each of `WEAKER`: how much sooner those leave who sell less; `typical`, powers
    × bands, the mean of own factors to that power over the months at risk.
    """

    shape: Floats
    rate: Floats
    leavers: Floats
    at_risk: Floats
    origin: str
    weaker: Floats = field(default_factory=lambda: np.eye(len(WEAKER))[0])
    typical: Floats = field(default_factory=lambda: np.ones((len(WEAKER), len(BANDS))))

    @property
    def mean(self) -> Floats:
        """Expected monthly hazard by band."""
        out: Floats = self.shape / self.rate
        return out

    @property
    def overall(self) -> float:
        """Monthly hazard over all bands, weighted by the person-months seen (equally when none were)."""
        weight = self.at_risk if self.at_risk.sum() > 0 else np.ones(len(BANDS))
        return float(np.average(self.mean, weights=weight))

    @staticmethod
    def yearly(monthly: Floats) -> Floats:
        """The share that a hazard a month takes in a year."""
        out: Floats = -np.expm1(-12 * np.asarray(monthly, dtype=float))
        return out

    def scaled(self, monthly: float) -> Hazard:
        """The same shape over tenure at a stated overall monthly hazard, without uncertainty."""
        mean = self.mean * (monthly / self.overall)
        return replace(self, shape=np.full(4, 1e6), rate=1e6 / np.maximum(mean, 1e-9), origin="override")

    def interval(self, level: float = 0.8) -> tuple[Floats, Floats]:
        """Low and high of each band."""
        tails = 0.5 - level / 2, 0.5 + level / 2
        low, high = (stats.gamma.ppf(tail, self.shape) / self.rate for tail in tails)
        return low, high


def learn_hazard(entry: Floats, leave: Floats, left: Floats) -> Hazard:
    """The hazard from one row a person.

    Parameters
    ----------
    entry : months of tenure when observation begins (0 for people hired within the data).
    leave : months of tenure when observation ends.
    left : 1 where it ended because the person left, 0 where still there.
    """
    upper = np.append(BANDS[1:], np.inf)
    time = np.minimum(leave[:, None], upper) - np.maximum(entry[:, None], BANDS)
    at_risk = np.maximum(time, 0.0).sum(axis=0)
    band = np.searchsorted(BANDS, leave, side="right") - 1
    leavers = np.bincount(np.maximum(band, 0), weights=left, minlength=len(BANDS))
    total = leavers.sum()
    few = total < FEWEST
    centre = (total + PRIOR_LEAVERS) / (at_risk.sum() + PRIOR_LEAVERS / PRIOR_HAZARD)
    shape = PRIOR_LEAVERS + leavers
    rate = PRIOR_LEAVERS / centre + at_risk
    return Hazard(shape, rate, leavers, at_risk, "prior" if few else "learned")


def tenure_at_exit(tenure: Floats, hazard: Floats, unit: Floats) -> Floats:
    """Tenure when each person leaves, by inverting the cumulative hazard.

    Parameters
    ----------
    tenure : tenure now, by person.
    hazard : futures × bands.
    unit : exponential draws of mean one, futures × people.
    """
    out: Floats = exits(tenure, hazard, unit, BANDS)
    return out


@dataclass(frozen=True)
class Fill:
    """Log-days to fill a vacancy: normal with mean `centre` (known to ± `error`) and `spread`."""

    centre: float
    spread: float
    error: float
    filled: int
    origin: str

    @property
    def median_days(self) -> float:
        """Days in which half the vacancies are filled."""
        return float(np.exp(self.centre))

    def days(self, share: float) -> float:
        """Days in which the given share of vacancies is filled."""
        return float(np.exp(self.centre + self.spread * stats.norm.ppf(share)))


def stated_fill(days: float) -> Fill:
    """A stated median, with the prior's spread from one vacancy to the next."""
    return Fill(float(np.log(days)), PRIOR_FILL_SPREAD, 0.0, 0, "override")


def learn_fill(vacancies: pd.DataFrame, until: pd.Timestamp) -> Fill:
    """Time to fill from opened_on, filled_on and closed_on; censored at `until` or when called off."""
    n0 = PRIOR_FILLED
    prior = Fill(
        float(np.log(PRIOR_FILL_DAYS)), PRIOR_FILL_SPREAD, PRIOR_FILL_SPREAD / np.sqrt(n0), 0, "prior"
    )
    rows = vacancies[vacancies["opened_on"] < until] if len(vacancies) else vacancies
    if rows.empty:
        return prior
    done = rows["filled_on"].notna() & (rows["filled_on"] <= until)
    end = rows["filled_on"].where(
        done, rows["closed_on"].fillna(until).where(lambda days: days < until, until)
    )
    log_days = np.log(np.maximum((end - rows["opened_on"]).dt.days.to_numpy(dtype=float), 1.0))
    seen = done.to_numpy()
    centre, spread = prior.centre, prior.spread
    for _ in range(50):  # expectation–maximisation over the censored, with the prior as n0 vacancies
        z = (log_days - centre) / spread
        mills = np.exp(stats.norm.logpdf(z) - stats.norm.logsf(z))
        first = np.where(seen, log_days, centre + spread * mills)
        second = np.where(seen, log_days**2, centre**2 + spread**2 + spread * (log_days + centre) * mills)
        n = n0 + len(rows)
        new = (n0 * prior.centre + first.sum()) / n
        square = (n0 * (prior.spread**2 + prior.centre**2) + second.sum()) / n
        old, centre, spread = centre, new, float(np.sqrt(max(square - new**2, 1e-4)))
        if abs(new - old) < 1e-7:
            break
    error = spread / np.sqrt(n0 + seen.sum())
    count = int(seen.sum())
    return Fill(float(centre), spread, float(error), count, "learned" if count >= FEWEST else "prior")


def months_of(days: Floats) -> Floats:
    """Days as months of 30.4375 days."""
    out: Floats = days / DAYS_PER_MONTH
    return out
