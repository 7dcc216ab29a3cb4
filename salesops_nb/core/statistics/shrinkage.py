"""Rates of many groups, each drawn towards the rate of all: the fewer its trials, the further.

The groups' rates are taken to come from a beta distribution, whose mean and firmness (how alike the groups
are) the counts do not settle: both are weighed over a grid by how well they explain all counts (a full
Bayes view of the beta-binomial, Gelman et al. 2013, 5.3), where a maximum would be falsely certain that
groups are alike. A share `LOOSE` of the groups may differ far more than the rest, so that a group which
truly stands out is not drawn in (Efron & Morris 1972).

The best and the worst of many groups are looked at most, and drawn in too far by construction. Intervals
are therefore wider than 'the truth of a group picked blindly': `PICKED` says by how much.
docs/calibration.md has what they hold, of all groups and of the truly best and worst.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

Floats = NDArray[np.float64]

FIRMNESS = np.exp(np.linspace(0, np.log(3000), 17))  # in trials: what the prior is worth
LOOSE, LOOSER = 0.15, 8  # share of groups whose prior is worth that many times less
PICKED = 0.4  # of the usual chance that an interval misses a group


class SharedRate(NamedTuple):
    """Where the rates of groups come from, as a mixture: each group's posterior is one of betas.

    `weight`, `alpha` and `beta` are groups × parts; each group's weights sum to 1. Parts of one point of the
    grid stand `half` apart (the firm and the loose one), so that draws of all groups share the point.

    Examples
    --------
    >>> from salesops_nb.core.statistics.shrinkage import shared_rate
    >>> found = shared_rate([12, 30, 9], [20, 40, 20])
    >>> found.estimate.round(2)
    array([0.63, 0.71, 0.54])
    """

    weight: Floats
    alpha: Floats
    beta: Floats
    point: Floats  # weight of each point of the grid

    @property
    def estimate(self) -> Floats:
        """Mean of each group's posterior."""
        mean: Floats = np.sum(self.weight * self.alpha / (self.alpha + self.beta), axis=1)
        return mean

    def interval(self, confidence: float) -> tuple[Floats, Floats]:
        """Low and high end of each group's rate."""
        tail = PICKED * (1 - confidence) / 2
        return self._quantile(tail), self._quantile(1 - tail)

    def draws(self, rng: np.random.Generator, n: int) -> Floats:
        """`n` draws of the rates of all groups together: draws × groups."""
        groups, half = len(self.weight), len(self.point)
        at = rng.choice(half, size=n, p=self.point)
        loose = self.weight[:, half:].T[at] / self.point[at][:, None]
        part = at[:, None] + half * (rng.random((n, groups)) < loose)
        group = np.arange(groups)
        drawn: Floats = rng.beta(self.alpha[group, part], self.beta[group, part])
        return drawn

    def _quantile(self, share: float) -> Floats:
        low, high = np.zeros(len(self.weight)), np.ones(len(self.weight))
        for _ in range(20):  # to a millionth
            middle = (low + high) / 2
            below = np.sum(self.weight * special.betainc(self.alpha, self.beta, middle[:, None]), axis=1)
            low, high = np.where(below < share, middle, low), np.where(below < share, high, middle)
        return (low + high) / 2


def shared_rate(successes: ArrayLike, trials: ArrayLike) -> SharedRate:
    """What is known of each group's rate, from its own counts and those of all groups.

    Examples
    --------
    One win of one deal says little; one of ten more:

    >>> from salesops_nb.core.statistics import shared_rate
    >>> shared_rate([1, 1, 6, 5], [1, 10, 10, 10]).estimate.round(2)
    array([0.66, 0.18, 0.57, 0.49])
    """
    won, n = np.asarray(successes, float), np.asarray(trials, float)
    mean = (won.sum() + 0.5) / (n.sum() + 1)
    spread = mean * (1 - mean)
    steps = np.array([-2.0, -1.0, 0.0, 1.0, 2.0])  # of the mean's own uncertainty, on the logistic scale
    information = (n / (1 + (np.maximum(n, 1) - 1) / (FIRMNESS[:, None] + 1))).sum(axis=1)
    step = np.repeat(np.minimum(1 / np.sqrt(np.maximum(information, 1) * spread), 1.0), len(steps))
    firmness = np.repeat(FIRMNESS, len(steps))
    centre = special.expit(special.logit(mean) + np.tile(steps, len(FIRMNESS)) * step)
    firm = np.stack([firmness, firmness / LOOSER])
    alpha, beta = centre * firm, (1 - centre) * firm
    likely = special.betaln(won[:, None, None] + alpha, (n - won)[:, None, None] + beta)
    likely += np.log([[1 - LOOSE], [LOOSE]]) - special.betaln(alpha, beta)
    of_group = np.logaddexp(likely[:, 0], likely[:, 1])
    # a mean stands for a step's width of the logistic scale and is as likely as any other; a firmness for its
    # logarithm's, and is the less likely the firmer it is, so that groups are not taken to be alike
    point = of_group.sum(axis=0) + np.log(step * centre * (1 - centre)) - np.log(firmness)
    point = np.exp(point - point.max())
    likely_points = point > 3e-3
    point = point[likely_points] / point[likely_points].sum()
    share = np.exp(likely - of_group[:, None])[:, :, likely_points] * point
    own = np.stack([alpha, beta])[:, :, likely_points].reshape(2, -1)
    return SharedRate(
        share.reshape(len(won), own.shape[1]), won[:, None] + own[0], (n - won)[:, None] + own[1], point
    )
