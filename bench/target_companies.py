"""Invented companies whose truth is known: monthly bookings of reps, with a year kept back."""

import numpy as np

SHAPE = np.tile([0.78, 1.02, 1.2], 4) * np.linspace(0.95, 1.05, 12)
SHAPE = SHAPE / SHAPE.mean()


def company(seed, reps=25, years=4):
    """Bookings and effort, reps × months, of a company with drift, common shocks, growth and noise."""
    rng = np.random.default_rng([seed, 44])
    months = 12 * years
    noise = rng.uniform(0.25, 0.6)
    drift = rng.uniform(0.05, 0.2)
    growth = rng.normal(0.03, 0.05)
    shock = rng.normal(0, 0.05, years)
    rate = 40_000 * rng.lognormal(0, rng.uniform(0.25, 0.5), (reps, 1))
    rate = rate * np.exp(
        np.cumsum(rng.normal(0, drift, (reps, years)), axis=1) + growth * np.arange(years) + shock
    )
    monthly = np.repeat(rate, 12, axis=1)
    hired = np.where(rng.random(reps) < 0.4, rng.integers(0, 34, reps), -12)
    tenure = np.arange(months)[None, :] - hired[:, None]
    effort = np.clip(tenure / 6, 0, 1)
    spread = np.log1p(noise**2)
    bookings = (
        monthly * effort * np.tile(SHAPE, years) * rng.lognormal(-spread / 2, np.sqrt(spread), (reps, months))
    )
    return bookings, effort, np.tile(SHAPE, years)
