"""What each rep would book in the year without any stretch, with its uncertainty.

A rep's rate is what he books in a ramped, full-time month of average season. It is learned from the
last twelve months and drawn towards the rate of all, the more the fewer months he has. The year's
bookings are drawn from log-normals whose variance adds up from four sources: the rate's own error,
its drift from year to year, the noise of single months, and a shock that all share. Few years tell
little about drift and shock, so that both start from a stated prior.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from salesops_nb.targets.history import History
from salesops_nb.targets.roster import exposure, ramped

Floats = npt.NDArray[np.float64]
WINDOW = 12
DRAWS = 4000
DRIFT_PRIOR, DRIFT_WEIGHT = 0.15, 10.0  # standard deviation of a rep's year-to-year change, log scale
SHOCK_PRIOR, SHOCK_WEIGHT = 0.06, 3.0  # the same for all reps together
NOISE_WEIGHT = 12.0


@dataclass(frozen=True)
class Outlook:
    """Expected bookings of the year: `mean` by rep, `rate` a ramped month, draws × reps in `draws`.

    `trend` is the yearly change of the rate that the history shows, shrunk by its own error.
    """

    rate: Floats
    mean: Floats
    draws: Floats
    trend: float
    noise: float
    drift: float
    shock: float


def outlook(
    booked: Floats, effort: Floats, season: Floats, coming: Floats, seed: int = 0, gap: float = 0.0
) -> Outlook:
    """The outlook of each rep.

    Parameters
    ----------
    booked : reps × months of history, in money.
    effort : the same shape: full-time, ramped share of each month.
    season : factor of each month of history, about one.
    coming : reps × 12 months of the year: effort times season factor.
    gap : months between the end of the history and the year.
    """
    norm = effort * season
    recent = slice(max(0, booked.shape[1] - WINDOW), booked.shape[1])
    months, money = norm[:, recent].sum(axis=1), booked[:, recent].sum(axis=1)
    overall = money.sum() / months.sum() if months.sum() > 0 else booked.sum() / max(norm.sum(), 1e-9)
    raw = np.divide(money, months, out=np.full(len(money), overall), where=months > 0.25)
    noise = _noise(booked[:, recent], norm[:, recent], raw)
    rate, error = _shrunk(raw, months, overall, noise)
    trend, trend_error = _trend(booked, norm)
    years = (WINDOW / 2 + gap + 6) / 12
    drift = _drift(booked, norm, noise)
    shock = _shock(booked, norm, trend)
    mean = rate * coming.sum(axis=1) * np.exp(trend * years)
    weights = np.divide(
        coming, coming.sum(axis=1, keepdims=True), out=np.zeros_like(coming), where=coming > 0
    )
    own = error + drift**2 * years + noise**2 * (weights**2).sum(axis=1)
    # The year that the rates were learned from had a shock as well.
    shared = 2 * shock**2 + (trend_error * years) ** 2
    return Outlook(rate, mean, _draw(mean, own, shared, seed), trend, float(noise.mean()), drift, shock)


def _noise(booked: Floats, norm: Floats, rate: Floats) -> Floats:
    """Relative standard deviation of single months by rep, drawn towards that of all."""
    expected = rate[:, None] * norm
    counted = norm > 0.25
    residual = np.divide(booked, expected, out=np.ones_like(booked), where=counted & (expected > 0)) - 1
    squares = np.where(counted, residual**2, 0.0).sum(axis=1)
    freedom = np.maximum(counted.sum(axis=1) - 1.0, 0.0)
    pooled = squares.sum() / freedom.sum() if freedom.sum() else 0.5**2
    variance = (squares * (freedom > 0) + NOISE_WEIGHT * pooled) / (freedom + NOISE_WEIGHT)
    result: Floats = np.sqrt(np.clip(variance, 1e-6, 9.0))
    return result


def _shrunk(raw: Floats, months: Floats, overall: float, noise: Floats) -> tuple[Floats, Floats]:
    """Rates drawn towards the rate of all by their error, and the relative variance that remains."""
    known = months > 0.25
    error = (noise * overall) ** 2 / np.maximum(months, 0.25)
    # Weighted by months, so that one lucky month of a beginner does not pass for a difference of reps.
    weights = np.where(known, months, 0.0)
    between = float((weights * ((raw - overall) ** 2 - error)).sum() / max(weights.sum(), 1e-9))
    between = max(between, (0.1 * overall) ** 2)
    weight = np.where(known, between / (between + error), 0.0)
    rate = weight * raw + (1 - weight) * overall
    left = between * (1 - weight)
    relative: Floats = left / np.maximum(rate, 0.05 * overall + 1e-12) ** 2
    return rate, relative


def _yearly(booked: Floats, norm: Floats) -> tuple[Floats, Floats]:
    """Money and ramped months of each rep in whole years counted back from the end: reps × years."""
    years = booked.shape[1] // WINDOW
    tail = slice(booked.shape[1] - years * WINDOW, booked.shape[1])
    shape = (len(booked), years, WINDOW)
    return booked[:, tail].reshape(shape).sum(axis=2), norm[:, tail].reshape(shape).sum(axis=2)


def _trend(booked: Floats, norm: Floats) -> tuple[float, float]:
    """Yearly change of the log rate, per ramped month, shrunk by its error; and that error.

    Changes of the same reps from one year to the next, so that leavers and joiners do not look
    like growth.
    """
    changes = _changes(booked, norm)
    if not changes:
        return 0.0, 0.05
    steps = np.array([float(np.average(d, weights=w)) for d, w in changes])
    own = np.mean([float(np.var(d)) / max(len(d), 1) for d, _ in changes])
    mean = float(steps.mean())
    # Shocks of the years between cancel: only those of the first and last year remain.
    error = float(np.sqrt(own / len(steps) + 2 * SHOCK_PRIOR**2 / len(steps) ** 2))
    belief = 0.10**2
    weight = belief / (belief + error**2)
    return float(np.clip(mean * weight, -0.3, 0.3)), float(np.sqrt(belief * (1 - weight)))


def _changes(booked: Floats, norm: Floats) -> list[tuple[Floats, Floats]]:
    """Log change of the rate of each rep present in two years, and its weight, for each pair of years."""
    money, months = _yearly(booked, norm)
    found = []
    for y in range(money.shape[1] - 1):
        both = (months[:, y : y + 2].min(axis=1) >= 6) & (money[:, y : y + 2].min(axis=1) > 0)
        if both.sum() >= 3:
            rate = money[both, y : y + 2] / months[both, y : y + 2]
            # Weights of the first year alone would prefer those who were lucky in it.
            found.append((np.log(rate[:, 1] / rate[:, 0]), money[both, y : y + 2].sum(axis=1)))
    return found


def _drift(booked: Floats, norm: Floats, noise: Floats) -> float:
    """Standard deviation of a rep's own change a year, beyond the noise of months."""
    squares, count = 0.0, 0
    sampling = 2 * float(np.mean(noise**2)) / WINDOW
    for change, _ in _changes(booked, norm):
        squares += float(((change - change.mean()) ** 2).sum()) - sampling * (len(change) - 1)
        count += len(change) - 1
    variance = (max(squares, 0.0) + DRIFT_WEIGHT * DRIFT_PRIOR**2) / (count + DRIFT_WEIGHT)
    return float(np.sqrt(variance))


def _shock(booked: Floats, norm: Floats, trend: float) -> float:
    """Standard deviation of the change of all reps together around the trend."""
    steps = [float(np.average(d, weights=w)) - trend for d, w in _changes(booked, norm)]
    squares = sum(step**2 for step in steps) / 2  # a change between two years holds two shocks
    return float(np.sqrt((squares + SHOCK_WEIGHT * SHOCK_PRIOR**2) / (len(steps) + SHOCK_WEIGHT)))


def _draw(mean: Floats, own: Floats, shared: float, seed: int) -> Floats:
    """Log-normal years of each rep with one shock in common, draws × reps, with the means asked for."""
    rng = np.random.default_rng([seed, 6])
    spread, common = np.log1p(own), np.log1p(shared)
    z = rng.standard_normal((DRAWS, len(mean)), dtype=np.float32)
    all_of = rng.standard_normal((DRAWS, 1), dtype=np.float32)
    logs = np.sqrt(spread) * z - spread / 2 + np.sqrt(common) * all_of - common / 2
    result: Floats = mean * np.exp(logs)
    return result


def outlook_of(
    history: History,
    people: pd.DataFrame,
    chosen: pd.DataFrame,
    factors: Floats,
    coming: Floats,
    ramp: Sequence[float],
    seed: int,
    gap: int,
) -> Outlook:
    """The outlook of the chosen people; all who ever booked teach what is common to them."""
    carrying = set(chosen["person_id"])
    everyone = [*chosen["person_id"], *(rep for rep in history.reps if rep not in carrying)]
    row = {rep: i for i, rep in enumerate(history.reps)}
    booked = np.zeros((len(everyone), len(history.months)))
    for i, rep in enumerate(everyone):
        if rep in row:
            booked[i] = history.booked[row[rep]]
    listed = set(people.index)
    known = people.reindex([rep for rep in everyone if rep in listed])
    full = exposure(known, history.months) * ramped(known, history.months, ramp)
    effort = np.zeros_like(booked)
    effort[[i for i, rep in enumerate(everyone) if rep in listed]] = full
    for i, rep in enumerate(everyone):
        if rep not in listed:  # gone: counted from the first to the last month with bookings
            months = np.flatnonzero(booked[i])
            effort[i, months.min() : months.max() + 1] = 1.0
    first = int(history.months[0].key[-2:]) - 1
    past = factors[(first + np.arange(len(history.months))) % WINDOW]
    all_coming = np.vstack([coming, np.zeros((len(everyone) - len(chosen), coming.shape[1]))])
    found = outlook(booked, effort, past, all_coming, seed, gap)
    n = len(chosen)
    return Outlook(
        found.rate[:n], found.mean[:n], found.draws[:, :n], found.trend, found.noise, found.drift, found.shock
    )
