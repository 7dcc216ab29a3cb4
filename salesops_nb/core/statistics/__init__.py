"""Statistics that several analyses share, each defined once.

Functions are named after what they return. Arrays go in, floats or small frames come out; money
enters only where an exact decomposition is asked for, and stays `Decimal` there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from salesops_nb.core.statistics.price_volume_mix import PriceVolumeMix as PriceVolumeMix
from salesops_nb.core.statistics.price_volume_mix import price_volume_mix as price_volume_mix
from salesops_nb.core.statistics.price_volume_mix import (
    price_volume_mix_by_line as price_volume_mix_by_line,
)
from salesops_nb.core.statistics.proportions import Interval as Interval
from salesops_nb.core.statistics.proportions import exact_interval as exact_interval
from salesops_nb.core.statistics.proportions import wilson as wilson
from salesops_nb.core.statistics.shrinkage import shared_rate
from salesops_nb.core.statistics.survival import Incidence as Incidence
from salesops_nb.core.statistics.survival import Quantile as Quantile
from salesops_nb.core.statistics.survival import final_incidence as final_incidence
from salesops_nb.core.statistics.survival import kaplan_meier as kaplan_meier
from salesops_nb.core.statistics.survival import survival_quantile as survival_quantile
from salesops_nb.core.statistics.survival import survival_quantiles as survival_quantiles
from salesops_nb.core.stopping import check

Floats = NDArray[np.float64]


def empirical_bayes(
    successes: ArrayLike,
    trials: ArrayLike,
    confidence: float = 0.95,
    prior: tuple[float, float] | None = None,
) -> pd.DataFrame:
    """Each group's rate shrunk towards the rate of all groups: the fewer its trials, the further.

    Returns a frame with one row per group: ``estimate``, ``low``, ``high``. `prior` is (alpha, beta) of a
    beta distribution that is known, with the equal-tailed interval of its posterior; without one it is
    learned from these counts (`shrinkage.shared_rate`), and intervals hold the best and worst groups too.

    Examples
    --------
    With a prior worth 10 deals at 50 %, the one win of a single deal says little, 90 wins in 100 say much:

    >>> from salesops_nb.core import statistics
    >>> statistics.empirical_bayes([1, 90], [1, 100], prior=(5, 5)).round(3)
       estimate    low   high
    0     0.545  0.262  0.813
    1     0.864  0.794  0.921
    """
    if prior is None:
        found = shared_rate(successes, trials)
        low, high = found.interval(confidence)
        return pd.DataFrame({"estimate": found.estimate, "low": low, "high": high})
    won, n = np.asarray(successes, float), np.asarray(trials, float)
    a, b = won + prior[0], n - won + prior[1]
    tail = (1 - confidence) / 2
    return pd.DataFrame(
        {
            "estimate": a / (a + b),
            "low": stats.beta.ppf(tail, a, b),
            "high": stats.beta.ppf(1 - tail, a, b),
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

    Examples
    --------
    Of four deals one was won (cause 1) after 10 days and one lost (cause 2) after 20; two are open after 30:

    >>> from salesops_nb.core import statistics
    >>> statistics.aalen_johansen([10, 20, 30, 30], cause=[1, 2, 0, 0])
       time  surviving  cause_1  cause_2
    0  10.0       0.75     0.25     0.00
    1  20.0       0.50     0.25     0.25
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
    """An individuals chart: its centre, its natural process limits and the points outside.

    Examples
    --------
    >>> from salesops_nb.core import statistics
    >>> limits = statistics.xmr([10, 12, 10, 12])
    >>> limits.centre, round(limits.lower, 2), round(limits.upper, 2)
    (11.0, 5.68, 16.32)
    >>> limits.moving_ranges
    array([nan,  2.,  2.,  2.])
    """

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

    Examples
    --------
    The 30 lies above the upper limit; the month before it is the eighth in a row below the centre:

    >>> from salesops_nb.core import statistics
    >>> limits = statistics.xmr([10, 12, 10, 12, 10, 12, 10, 12, 30])
    >>> round(limits.lower, 1), round(limits.upper, 1)
    (2.5, 23.8)
    >>> limits.signals
    array([False, False, False, False, False, False, False,  True,  True])
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
    """P-values adjusted so that rejecting those below q keeps the false discovery rate at q.

    Examples
    --------
    Of three tests only the first stays under 5 % once all three are counted:

    >>> from salesops_nb.core import statistics
    >>> statistics.benjamini_hochberg([0.01, 0.04, 0.30]).round(3)
    array([0.03, 0.06, 0.3 ])
    """
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
    """Bootstrap intervals (percentile) of Σ numerator ÷ Σ denominator, one row per group.

    `counts` is how many equal rows a row stands for, `groups` the group it belongs to. Rows keep
    numerator and denominator together and are drawn by independent Poisson counts (Hanley &
    MacGibbon 2006), 1,000 times, down to 200 where there are very many distinct rows. Columns ``low`` and
    ``high``, indexed by group in sorted order; missing where the denominator is zero.

    Examples
    --------
    Discounts of 40 deals, 10 or 30 off 100, average 20 % give or take; of 20 deals with 20 off each, exactly:

    >>> from salesops_nb.core import statistics
    >>> statistics.bootstrap_ratio(
    ...     [10, 30, 20], [100, 100, 100], counts=[20, 20, 20], groups=["mixed", "mixed", "same"]
    ... ).round(2)
            low  high
    group
    mixed  0.16  0.23
    same   0.20  0.20
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
    """A change of an overall rate, split into what each group's rate and each group's share contributed.

    Weights are the means of before and after (Kitagawa 1955), so that nothing is left over: the columns
    ``rate_effect`` and ``mix_effect``, one row per group, sum to the change of the overall rate.

    Examples
    --------
    Enterprise deals, won at 20 %, went from 50 to 80 of 100, the others, won at 60 %, from 50 to 20:

    >>> from salesops_nb.core import statistics
    >>> effects = statistics.mix_rate([50, 50], [0.2, 0.6], [80, 20], [0.2, 0.6])
    >>> effects.round(3)
       rate_effect  mix_effect
    0          0.0        0.06
    1          0.0       -0.18

    The overall rate fell from 40 % to 28 %, all of it by the mix:

    >>> round(float(effects.to_numpy().sum()), 2)
    -0.12
    """
    n0, n1 = np.asarray(size_before, float), np.asarray(size_after, float)
    r0, r1 = np.asarray(rate_before, float), np.asarray(rate_after, float)
    w0, w1 = n0 / n0.sum(), n1 / n1.sum()
    return pd.DataFrame({"rate_effect": (r1 - r0) * (w0 + w1) / 2, "mix_effect": (w1 - w0) * (r0 + r1) / 2})


def gini(values: Sequence[float] | ArrayLike) -> float:
    """Inequality of non-negative numbers: 0 where all are equal, towards 1 where one has all.

    Raises `ValueError` for a negative number, or where all are zero or there is none.

    Examples
    --------
    >>> from salesops_nb.core import statistics
    >>> statistics.gini([100, 100, 100, 100])
    0.0
    >>> statistics.gini([0, 0, 0, 400])
    0.75
    """
    x = np.sort(np.asarray(values, float))
    if len(x) == 0 or x[0] < 0 or x.sum() == 0:
        raise ValueError("gini needs non-negative numbers that are not all zero")
    n = len(x)
    return float(2 * np.sum(np.arange(1, n + 1) * x) / (n * x.sum()) - (n + 1) / n)


def impact_ratios(selection_rates: dict[str, float]) -> pd.DataFrame:
    """Each group's selection rate over the highest, and whether it is under four fifths.

    Exactly four fifths is not flagged (29 CFR 1607.4 D: 'less than four-fifths').
    Columns ``ratio``, ``flagged``; indexed by group.

    Examples
    --------
    >>> from salesops_nb.core import statistics
    >>> statistics.impact_ratios({"A": 0.50, "B": 0.40, "C": 0.30})
       ratio  flagged
    A    1.0    False
    B    0.8    False
    C    0.6     True
    """
    rates = pd.Series(selection_rates, dtype=float)
    ratio = rates / rates.max()
    return pd.DataFrame({"ratio": ratio, "flagged": ratio < 0.8 - 1e-9})


def rank_intervals(
    draw: Callable[[np.random.Generator], Floats], draws: int = 4000, confidence: float = 0.9, seed: int = 0
) -> pd.DataFrame:
    """The ranks between which each of several uncertain figures lies; 1 is the highest.

    `draw` makes an array (draws × figures) of possible values from the generator it is given.
    Columns ``low`` and ``high``, ranks as whole numbers (Goldstein & Spiegelhalter 1996).

    Examples
    --------
    The first figure is surely the highest; the other two cannot be distinguished:

    >>> from salesops_nb.core import statistics
    >>> statistics.rank_intervals(lambda rng: rng.normal([100, 50, 50], 1, size=(4000, 3)))
       low  high
    0    1     1
    1    2     3
    2    2     3
    """
    values = draw(np.random.default_rng(seed))[:draws]
    tail = (1 - confidence) / 2
    # figures that are equal in a draw share its ranks: any of them may be the better one
    first, last = (
        stats.rankdata(-values, axis=1, method="min"),
        stats.rankdata(-values, axis=1, method="max"),
    )
    low = np.quantile(first, tail, axis=0, method="inverted_cdf")
    high = np.quantile(last, 1 - tail, axis=0, method="inverted_cdf")
    return pd.DataFrame({"low": low.astype(int), "high": high.astype(int)})
