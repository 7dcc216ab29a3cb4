"""One draw of everything unknown for each future: what the learned quantities may truly be."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from salesops_nb.hiring.learning.inputs import Floats, Ints
from salesops_nb.hiring.learning.learned import Learned
from salesops_nb.hiring.learning.productivity import PRIOR_REPS


@dataclass(frozen=True)
class Draws:
    """Futures on the first axis. `shared` is season × market by month; `curve` the ramp's index by role.

    `luck` are standard normals, futures × roles × months: the noise of each month's bookings,
    the same for every plan that is compared.
    """

    hazard: Floats
    fill_centre: Floats
    curve: Ints
    newcomer: Floats
    variance: Floats
    shared: Floats
    luck: Floats

    def __len__(self) -> int:
        return len(self.hazard)


def draw(learned: Learned, months: Ints, futures: int, rng: np.random.Generator) -> Draws:
    """Draws for horizon months given by their position in the fiscal year."""
    roles, horizon = len(learned.panel.roles), len(months)
    hazard = rng.standard_gamma(learned.hazard.shape, (futures, 4)) / learned.hazard.rate
    centre = learned.fill.centre + learned.fill.error * rng.standard_normal(futures)
    curve = np.stack([rng.choice(len(ramp.weight), futures, p=ramp.weight) for ramp in learned.ramp], axis=1)
    made = learned.productivity
    error = made.error * rng.standard_normal((futures, roles))
    degrees = made.reps + PRIOR_REPS
    variance = made.variance * degrees / rng.chisquare(degrees, (futures, roles))
    season = learned.season.factor + learned.season.error * rng.standard_normal((futures, 12))
    season = np.maximum(season, 0.02)
    season /= season.mean(axis=1, keepdims=True)
    shared = season[:, months] * learned.market.draw(horizon, futures, rng)
    luck = rng.standard_normal((futures, roles, horizon))
    newcomer = np.maximum(1.0 + error, 0.1)
    return Draws(hazard, centre, curve, newcomer, np.minimum(variance, 4.0), shared, luck)


def own_factors(shape: Floats, rate: Floats, futures: int, rng: np.random.Generator) -> Floats:
    """Own factors of people with a record, futures × people."""
    values = rng.standard_gamma(shape, (futures, len(shape)), dtype=np.float32)
    out: Floats = values / rate.astype(np.float32)
    return out


def newcomer_factors(variance: Floats, rng: np.random.Generator) -> Floats:
    """Own factors of people without a record over their mean, one for each given variance."""
    shape = 1.0 / np.maximum(variance, 1e-4)
    out: Floats = rng.standard_gamma(shape) / shape
    return out
