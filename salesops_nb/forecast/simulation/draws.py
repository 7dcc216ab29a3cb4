"""One draw of everything unknown for each future: what the learned quantities may truly be."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from salesops_nb.forecast.learning.attrition import WEAKER
from salesops_nb.forecast.learning.inputs import Floats, Ints
from salesops_nb.forecast.learning.learned import Learned
from salesops_nb.forecast.learning.productivity import Productivity


@dataclass(frozen=True)
class Draws:
    """Futures on the first axis. `shared` is season × market by month; `curve` the ramp's index by role.

    `luck` are standard normals, futures × roles × months: the noise of each month's bookings,
    the same for every plan that is compared. `dispersion` is its scale over the learned one, `weaker` the
    power by which those leave sooner who sell less; `hazard` is that of an own factor of one.
    """

    hazard: Floats
    fill_centre: Floats
    curve: Ints
    newcomer: Floats
    variance: Floats
    shared: Floats
    luck: Floats
    dispersion: Floats
    weaker: Floats

    def __len__(self) -> int:
        return len(self.hazard)

    def first(self, futures: int) -> Draws:
        """The first of these futures."""
        return self.part(slice(futures))

    def part(self, which: slice) -> Draws:
        """Some of these futures."""
        return Draws(*(getattr(self, each.name)[which] for each in fields(self)))


def draw(learned: Learned, months: Ints, futures: int, rng: np.random.Generator) -> Draws:
    """Draws for horizon months given by their position in the fiscal year."""
    roles, horizon = len(learned.panel.roles), len(months)
    hazard = rng.standard_gamma(learned.hazard.shape, (futures, 4)) / learned.hazard.rate
    centre = learned.fill.centre + learned.fill.error * rng.standard_normal(futures)
    curve = np.stack([rng.choice(len(ramp.weight), futures, p=ramp.weight) for ramp in learned.ramp], axis=1)
    made = learned.productivity
    power = rng.choice(len(WEAKER), futures, p=learned.hazard.weaker)
    newcomer, variance = made.draw(power, rng)
    season = learned.season.factor + learned.season.error * rng.standard_normal((futures, 12))
    season = np.maximum(season, 0.02)
    season /= season.mean(axis=1, keepdims=True)
    shared = season[:, months] * learned.market.draw(horizon, futures, rng)
    luck = rng.standard_normal((futures, roles, horizon))
    dispersion = np.clip(made.dispersion_n / rng.chisquare(made.dispersion_n, futures), 0.2, 5.0)
    return Draws(
        hazard / learned.hazard.typical[power], centre, curve, newcomer, np.minimum(variance, 4.0), shared,
        luck, dispersion, WEAKER[power],
    )  # fmt: skip


def own_factors(
    made: Productivity, who: Ints, role: Ints, draws: Draws, horizon: int, rng: np.random.Generator
) -> Floats:
    """Own factors of people with a record, futures × people, as they drift to the middle of the horizon.

    `who` are their spells and `role` their roles; short records lean on what the hires' mean may be.
    """
    values = rng.standard_gamma(made.shape[who], (len(draws), len(who)), dtype=np.float32)
    values *= (1.0 / made.rate[who]).astype(np.float32)
    common = (draws.newcomer / made.newcomer).astype(np.float32)[:, role]
    values *= common ** made.lean[who].astype(np.float32)
    variance = made.drift**2 * horizon / 24
    walk = rng.standard_normal(values.shape, dtype=np.float32)
    out: Floats = values * np.exp(np.float32(np.sqrt(variance)) * walk - np.float32(variance / 2))
    return out


def newcomer_factors(variance: Floats, rng: np.random.Generator) -> Floats:
    """Own factors of people without a record over their mean, one for each given variance."""
    shape = 1.0 / np.maximum(variance, 1e-4)
    out: Floats = rng.standard_gamma(shape) / shape
    return out


def sooner(own: Floats, weaker: Floats) -> Floats:
    """How many times as soon as a rep with an own factor of one somebody with this one leaves."""
    out: Floats = np.clip(np.maximum(own, 0.05) ** -weaker, 0.05, 20.0)
    return out
