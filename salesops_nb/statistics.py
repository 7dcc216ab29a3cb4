"""Statistics that several analyses share, each defined once.

Functions are named after what they return. Arrays go in, floats or small frames come out; money
enters only where an exact decomposition is asked for, and stays `Decimal` there.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, special, stats
from threadpoolctl import ThreadpoolController

from salesops_nb.stopping import check

Floats = NDArray[np.float64]


class Interval(NamedTuple):
    """A low and a high end."""

    low: float
    high: float


def wilson(successes: int, n: int, confidence: float = 0.95, continuity: bool = False) -> Interval:
    """Wilson's score interval of a proportion (Wilson 1927; with continuity, Newcombe 1998).

    Without trials nothing is known and the interval is (0, 1).
    """
    _check_counts(successes, n)
    if n == 0:
        return Interval(0.0, 1.0)
    if continuity:
        ends = stats.binomtest(successes, n).proportion_ci(confidence, method="wilsoncc")
        return Interval(float(ends.low), float(ends.high))
    # scipy's own formula, without the test around it, which takes a hundred times as long
    z = float(special.ndtri(0.5 + 0.5 * confidence))
    rate, whole = successes / n, 2 * (n + z**2)
    centre = (2 * n * rate + z**2) / whole
    reach = z / whole * math.sqrt(4 * n * rate * (1 - rate) + z**2)
    return Interval(0.0 if successes == 0 else centre - reach, 1.0 if successes == n else centre + reach)


def exact_interval(successes: int, n: int, confidence: float = 0.95) -> Interval:
    """The Clopper–Pearson interval of a proportion; (0, 1) without trials."""
    _check_counts(successes, n)
    if n == 0:
        return Interval(0.0, 1.0)
    ends = stats.binomtest(successes, n).proportion_ci(confidence, method="exact")
    return Interval(float(ends.low), float(ends.high))


def _check_counts(successes: int, n: int) -> None:
    if not 0 <= successes <= n:
        raise ValueError(f"successes must lie between 0 and n, received {successes} of {n}")


def beta_prior(successes: ArrayLike, trials: ArrayLike) -> tuple[float, float]:
    """The beta distribution (alpha, beta) that best explains many groups' counts.

    Maximum likelihood of the beta-binomial (Robinson 2015, 'Introduction to empirical Bayes').
    Where the groups differ no more than chance would make them, the prior is as firm as all
    trials together: every group is then estimated at nearly the common rate.
    """
    won, n = np.asarray(successes, float), np.asarray(trials, float)
    won, n = won[n > 0], n[n > 0]
    total = n.sum()
    if total == 0:
        return 1.0, 1.0
    mean = (won.sum() + 0.5) / (total + 1)
    if len(n) < 2:
        return mean * total, (1 - mean) * total

    def loss(point: Floats) -> float:
        rate, firmness = special.expit(point[0]), np.exp(point[1])
        a, b = rate * firmness, (1 - rate) * firmness
        return -float(np.sum(special.betaln(won + a, n - won + b) - special.betaln(a, b)))

    top = float(np.log(max(total, 4.0)))
    with _one_thread().limit(limits=1, user_api="blas"):
        found = optimize.minimize(
            loss,
            np.array([special.logit(mean), min(3.0, top)]),
            bounds=[(-12.0, 12.0), (0.0, top)],
            method="L-BFGS-B",
        )
    rate, firmness = float(special.expit(found.x[0])), float(np.exp(found.x[1]))
    return rate * firmness, (1 - rate) * firmness


@lru_cache(maxsize=1)
def _one_thread() -> ThreadpoolController:
    """Threads wait for each other fifty times as long as they reckon with matrices of two rows."""
    return ThreadpoolController()


def empirical_bayes(
    successes: ArrayLike,
    trials: ArrayLike,
    confidence: float = 0.95,
    prior: tuple[float, float] | None = None,
) -> pd.DataFrame:
    """Each group's rate drawn towards all groups', the more the fewer its trials.

    Returns a frame of one row a group: ``estimate``, ``low``, ``high`` (equal-tailed credible
    interval), from the posterior beta(successes + alpha, failures + beta).
    """
    won, n = np.asarray(successes, float), np.asarray(trials, float)
    alpha, beta = prior or beta_prior(won, n)
    a, b = won + alpha, n - won + beta
    tail = (1 - confidence) / 2
    return pd.DataFrame(
        {
            "estimate": a / (a + b),
            "low": stats.beta.ppf(tail, a, b),
            "high": stats.beta.ppf(1 - tail, a, b),
        }
    )


def kaplan_meier(durations: ArrayLike, event: ArrayLike) -> pd.DataFrame:
    """Share still without the event after each duration (Kaplan & Meier 1958).

    `event` is true where the duration ended with the event and false where it is censored; a
    subject censored at a time is still at risk at that time. One row per distinct event time:
    ``time``, ``survival``, ``at_risk``, ``events``.
    """
    time, seen = np.asarray(durations, float), np.asarray(event, bool)
    data = stats.CensoredData(uncensored=time[seen], right=time[~seen])
    found = stats.ecdf(data).sf
    times = np.unique(time[seen])
    return pd.DataFrame(
        {
            "time": times,
            "survival": found.evaluate(times),
            "at_risk": [int(np.sum(time >= t)) for t in times],
            "events": [int(np.sum(time[seen] == t)) for t in times],
        }
    )


def aalen_johansen(
    durations: ArrayLike, cause: ArrayLike, counts: ArrayLike | None = None, entry: ArrayLike | None = None
) -> pd.DataFrame:
    """Cumulative incidence of each of several causes that compete (Aalen & Johansen 1978).

    `cause` is 0 where the duration is censored, and 1, 2, … where that cause ended it; `counts` is
    how many subjects a row stands for; `entry` the age at which they came under observation (left
    truncation), before their durations begin unless given. One row per distinct event time:
    ``time``, ``surviving``, ``cause_1``, ``cause_2``, …, which sum to 1.
    """
    time, why = np.asarray(durations, float), np.asarray(cause, int)
    weight = np.ones(len(time)) if counts is None else np.asarray(counts, float)
    begin = np.full(len(time), -np.inf) if entry is None else np.asarray(entry, float)
    times = np.unique(time[why > 0])
    at_risk = _total_below(begin, weight, times) - _total_below(time, weight, times)
    ended = {}
    for number in range(1, max(2, int(why.max(initial=0))) + 1):
        of_cause = why == number
        slots = np.searchsorted(times, time[of_cause])
        ended[number] = np.bincount(slots, weight[of_cause], minlength=len(times)) / np.maximum(at_risk, 1)
    surviving = np.cumprod(1 - sum(ended.values(), np.zeros(len(times))))
    before = np.concatenate([[1.0], surviving])[: len(times)]
    incidence = {f"cause_{number}": np.cumsum(before * hazard) for number, hazard in ended.items()}
    return pd.DataFrame({"time": times, "surviving": surviving, **incidence})


def _total_below(values: Floats, weight: Floats, limits: Floats) -> Floats:
    """Sum of the weights of the values strictly below each limit."""
    order = np.argsort(values, kind="stable")
    totals = np.concatenate([[0.0], np.cumsum(weight[order])])
    below: Floats = totals[np.searchsorted(values[order], limits, side="left")]
    return below


class ProcessLimits(NamedTuple):
    """An individuals chart: its centre, its natural process limits and the points outside."""

    centre: float
    lower: float
    upper: float
    moving_ranges: Floats
    signals: NDArray[np.bool_]


def xmr(values: ArrayLike) -> ProcessLimits:
    """Limits of routine variation of a series in time (Wheeler, 'Understanding Variation').

    Centre ± 2.66 times the mean moving range. A signal is a point outside the limits or the
    eighth and later of a run on one side of the centre. The first moving range is missing (NaN);
    under two values there are no limits (infinite).
    """
    x = np.asarray(values, float)
    ranges = np.concatenate([[np.nan], np.abs(np.diff(x))])[: len(x)]
    if len(x) < 2:
        centre = float(x[0]) if len(x) else float("nan")
        return ProcessLimits(centre, -np.inf, np.inf, ranges, np.zeros(len(x), bool))
    centre, reach = float(x.mean()), 2.66 * float(np.nanmean(ranges))
    outside = (x < centre - reach) | (x > centre + reach)
    side = np.sign(x - centre)
    run, signals = 0, outside.copy()
    for i in range(len(x)):
        run = run + 1 if i and side[i] == side[i - 1] != 0 else 1
        signals[i] |= run >= 8
    return ProcessLimits(centre, centre - reach, centre + reach, ranges, signals)


def benjamini_hochberg(p_values: ArrayLike) -> Floats:
    """P-values adjusted so that rejecting those below q keeps the false discovery rate at q."""
    adjusted: Floats = stats.false_discovery_control(np.asarray(p_values, float), method="bh")
    return adjusted


def bootstrap_ratio(
    numerator: ArrayLike,
    denominator: ArrayLike,
    counts: ArrayLike | None = None,
    groups: ArrayLike | None = None,
    confidence: float = 0.95,
    seed: int = 0,
) -> pd.DataFrame:
    """Percentile intervals of Σ numerator ÷ Σ denominator, a row a group, when rows are drawn again.

    `counts` is how many equal rows a row stands for, `groups` the group it belongs to. Rows keep
    numerator and denominator together and are drawn by independent Poisson counts (Hanley &
    MacGibbon 2006), 1,000 times, down to 200 where there are very many distinct rows. Columns ``low`` and
    ``high``, indexed by group in sorted order; missing where the denominator is zero.
    """
    frame = pd.DataFrame({"top": np.asarray(numerator, float), "bottom": np.asarray(denominator, float)})
    frame["n"] = 1.0 if counts is None else np.asarray(counts, float)
    frame["group"] = 0 if groups is None else np.asarray(groups)
    # alike rows are drawn together, in an order of their own: shuffled input gives the same interval
    frame = frame.groupby(["group", "top", "bottom"], sort=True)[["n"]].sum().reset_index()
    if frame.empty:
        return pd.DataFrame({"low": [], "high": []}, dtype=float)
    draws = int(np.clip(1e7 // len(frame), 200, 1000))
    starts = np.flatnonzero(~frame["group"].duplicated())
    rng, tail = np.random.default_rng(seed), (1 - confidence) / 2
    top, bottom, n = (frame[column].to_numpy() for column in ("top", "bottom", "n"))
    ratios = np.empty((draws, len(starts)))
    block = max(1, 4_000_000 // len(frame))
    for begin in range(0, draws, block):
        check()
        drawn = rng.poisson(n, size=(min(block, draws - begin), len(frame)))
        sums = np.add.reduceat(drawn * bottom, starts, axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            ratios[begin : begin + len(drawn)] = np.add.reduceat(drawn * top, starts, axis=1) / sums
    empty = np.isnan(ratios).all(axis=0)
    ratios[:, empty] = 0.0
    ends = np.nanquantile(ratios, [tail, 1 - tail], axis=0)
    ends[:, empty] = np.nan
    index = pd.Index(frame["group"].to_numpy()[starts], name="group")
    return pd.DataFrame({"low": ends[0], "high": ends[1]}, index=index)


def mix_rate(
    size_before: ArrayLike, rate_before: ArrayLike, size_after: ArrayLike, rate_after: ArrayLike
) -> pd.DataFrame:
    """How much of a change in an overall rate each group's rate and share made (Kitagawa 1955).

    Weights are the means of before and after, so that nothing is left over: the columns
    ``rate_effect`` and ``mix_effect`` sum to the change of the overall rate.
    """
    n0, n1 = np.asarray(size_before, float), np.asarray(size_after, float)
    r0, r1 = np.asarray(rate_before, float), np.asarray(rate_after, float)
    w0, w1 = n0 / n0.sum(), n1 / n1.sum()
    return pd.DataFrame({"rate_effect": (r1 - r0) * (w0 + w1) / 2, "mix_effect": (w1 - w0) * (r0 + r1) / 2})


class PriceVolumeMix(NamedTuple):
    """What made the difference of two sums of money; the four parts add up to it exactly."""

    volume: Decimal
    mix: Decimal
    price: Decimal
    new_and_lost: Decimal


def price_volume_mix(
    before: dict[str, tuple[int, Decimal]], after: dict[str, tuple[int, Decimal]], places: int = 2
) -> PriceVolumeMix:
    """A change of revenue split into volume, mix, price, and groups that came or went.

    Each mapping goes from a group (a product) to its quantity and its money. Over the groups in
    both: volume is the change of total quantity at the old average price, mix the shift between
    groups at their old prices, price the change of prices at the new quantities (Laspeyres
    quantity and Paasche price weights). Parts are rounded to `places`; price takes the rest.
    """
    both = before.keys() & after.keys()
    both = {g for g in both if before[g][0] and after[g][0]}
    gone = sum((m for g, (_, m) in before.items() if g not in both), Decimal(0))
    come = sum((m for g, (_, m) in after.items() if g not in both), Decimal(0))
    old = sum((before[g][1] for g in both), Decimal(0))
    new = sum((after[g][1] for g in both), Decimal(0))
    if not both:
        return PriceVolumeMix(Decimal(0), Decimal(0), Decimal(0), come - gone)
    n_old, n_new = sum(before[g][0] for g in both), sum(after[g][0] for g in both)
    unit = Decimal(1).scaleb(-places)
    at_old_prices = sum((before[g][1] / before[g][0] * after[g][0] for g in sorted(both)), Decimal(0))
    volume = ((n_new - n_old) * old / n_old).quantize(unit)
    mix = (at_old_prices - old * n_new / n_old).quantize(unit)
    return PriceVolumeMix(volume, mix, new - old - volume - mix, come - gone)


def gini(values: Sequence[float] | ArrayLike) -> float:
    """Inequality of non-negative numbers: 0 where all are equal, towards 1 where one has all."""
    x = np.sort(np.asarray(values, float))
    if len(x) == 0 or x[0] < 0 or x.sum() == 0:
        raise ValueError("gini needs non-negative numbers that are not all zero")
    n = len(x)
    return float(2 * np.sum(np.arange(1, n + 1) * x) / (n * x.sum()) - (n + 1) / n)


def impact_ratios(selection_rates: dict[str, float]) -> pd.DataFrame:
    """Each group's selection rate over the highest, and whether it is under four fifths.

    Exactly four fifths is not flagged (29 CFR 1607.4 D: 'less than four-fifths').
    Columns ``ratio``, ``flagged``; indexed by group.
    """
    rates = pd.Series(selection_rates, dtype=float)
    ratio = rates / rates.max()
    return pd.DataFrame({"ratio": ratio, "flagged": ratio < 0.8 - 1e-9})


def rank_intervals(
    draw: Callable[[np.random.Generator], Floats], draws: int = 4000, confidence: float = 0.9, seed: int = 0
) -> pd.DataFrame:
    """Between which ranks each of several uncertain figures lies (1 is the highest).

    `draw` makes an array (draws × figures) of possible values from the generator it is given.
    Columns ``low`` and ``high``, ranks as whole numbers (Goldstein & Spiegelhalter 1996).
    """
    values = draw(np.random.default_rng(seed))[:draws]
    ranks = stats.rankdata(-values, axis=1, method="ordinal")
    tail = (1 - confidence) / 2
    ends = np.quantile(ranks, [tail, 1 - tail], axis=0, method="inverted_cdf")
    return pd.DataFrame({"low": ends[0].astype(int), "high": ends[1].astype(int)})
