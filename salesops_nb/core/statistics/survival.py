"""How long things last where some have not ended yet: survival, medians and shares of ends that compete.

What has not ended is censored: it says how long at least. Leaving it out would make all look faster than it
is, and the newest most of all, of which only the fast have ended. Intervals of a survival curve are of the
log-log kind with Greenwood's variance (Kalbfleisch & Prentice 2002, 1.4.1), those of a median are the times
at which these still hold one half (Brookmeyer & Crowley 1982).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import special

from salesops_nb.core.statistics.proportions import wilson

Floats = NDArray[np.float64]


def kaplan_meier(durations: ArrayLike, event: ArrayLike, confidence: float = 0.95) -> pd.DataFrame:
    """Share still without the event after each duration (Kaplan & Meier 1958), with its interval.

    `event` is true where the duration ended with the event and false where it is censored; a
    subject censored at a time is still at risk at that time. One row per distinct event time:
    ``time``, ``survival``, ``at_risk``, ``events``, ``low``, ``high``.

    Examples
    --------
    Two deals were won, after 10 and 30 days; the third is open after 20, so one is left at risk on day 30:

    >>> from salesops_nb.core import statistics
    >>> found = statistics.kaplan_meier([10, 20, 30], [True, False, True])
    >>> found[["time", "survival", "at_risk", "events"]].round(3)
       time  survival  at_risk  events
    0  10.0     0.667        3       1
    1  30.0     0.000        1       1
    """
    time, at_risk, events = _steps(durations, event)
    survival = np.cumprod(1 - events / at_risk)
    with np.errstate(divide="ignore", invalid="ignore"):
        greenwood = np.cumsum(events / (at_risk * (at_risk - events)))
        reach = special.ndtri(0.5 + confidence / 2) * np.sqrt(greenwood) / np.abs(np.log(survival))
        low, high = survival ** np.exp(reach), survival ** np.exp(-reach)
    # where nobody is left, the curve is 0 and its interval that of the step before
    over = survival <= 0
    low = np.where(over, 0.0, low)
    high = np.where(over, np.concatenate([[1.0], high])[: len(high)], high)
    return pd.DataFrame(
        {"time": time, "survival": survival, "at_risk": at_risk, "events": events, "low": low, "high": high}
    )


def _steps(durations: ArrayLike, event: ArrayLike) -> tuple[Floats, NDArray[np.int64], NDArray[np.int64]]:
    """Distinct event times, how many were at risk then, and how many had the event."""
    given, seen = np.asarray(durations, float), np.asarray(event, bool)
    order = np.argsort(given, kind="stable")
    given, seen = given[order], seen[order]
    first = np.flatnonzero(np.append(True, given[1:] != given[:-1])) if len(given) else np.zeros(0, np.int64)
    events = np.add.reduceat(seen.astype(np.int64), first) if len(given) else np.zeros(0, np.int64)
    some = events > 0
    return given[first][some], (len(given) - first)[some].astype(np.int64), events[some]


class Quantile(NamedTuple):
    """A duration by which a share has ended; missing (NaN) where so many have not, or no end is known.

    Examples
    --------
    >>> from salesops_nb.core.statistics import Quantile
    >>> Quantile(14.0, 9.5, 21.0, n=40, ended=25).value
    14.0
    """

    value: float
    low: float
    high: float
    n: int
    ended: int


def survival_quantile(
    durations: ArrayLike, event: ArrayLike, share: float = 0.5, confidence: float = 0.9
) -> Quantile:
    """The duration by which a share has ended, with its interval; the median unless another is asked for.

    Examples
    --------
    Of nine stays in a stage, three go on; the median is known although a mean would not be:

    >>> from salesops_nb.core import statistics
    >>> days, left = [2, 4, 5, 7, 9, 12, 20, 30, 41], [1, 1, 1, 1, 1, 1, 0, 0, 0]
    >>> statistics.survival_quantile(days, left)
    Quantile(value=9.0, low=4.0, high=nan, n=9, ended=6)
    """
    return survival_quantiles(durations, event, (share,), confidence)[0]


def survival_quantiles(
    durations: ArrayLike, event: ArrayLike, shares: Sequence[float], confidence: float = 0.9
) -> list[Quantile]:
    """Several of them, of one curve.

    Examples
    --------
    >>> from salesops_nb.core import statistics
    >>> half, most = statistics.survival_quantiles([1, 2, 3, 4, 5], [1, 1, 1, 1, 1], (0.5, 0.8))
    >>> half.value, most.value
    (3.0, 4.5)
    """
    found = kaplan_meier(durations, event, confidence)
    time, survival = found["time"].to_numpy(), found["survival"].to_numpy()
    curves = survival, found["low"].to_numpy(), found["high"].to_numpy()
    n, ended = len(np.asarray(durations)), int(found["events"].sum())
    out = []
    for rest in (1 - share for share in shares):
        below = [np.flatnonzero(curve <= rest + 1e-12) for curve in curves]
        value, low, high = (float(time[at[0]]) if len(at) else float("nan") for at in below)
        # a curve that rests at the share exactly has its quantile in the middle of the rest
        at = below[0][:1]
        if len(at) and abs(survival[at[0]] - rest) < 1e-12 and at[0] + 1 < len(time):
            value = float((time[at[0]] + time[at[0] + 1]) / 2)
        out.append(Quantile(value, low, high, n, ended))
    return out


class Incidence(NamedTuple):
    """The share that ended by the first of two causes which compete, and the share not ended yet.

    Examples
    --------
    >>> from salesops_nb.core.statistics import Incidence
    >>> Incidence(0.4, 0.35, 0.45, surviving=0.05).surviving
    0.05
    """

    share: float
    low: float
    high: float
    surviving: float


def final_incidence(durations: ArrayLike, cause: ArrayLike, confidence: float = 0.9) -> Incidence:
    """The share that has ended by cause 1 at the longest duration known; 2 competes, 0 is censored.

    Aalen & Johansen's estimate with the variance of Marubini & Valsecchi (1995, 10.3.2) and a log-log
    interval. Without censoring it is the plain share.

    Examples
    --------
    Of five deals two moved on and one was lost; two are open, one of them for longer than all others took:

    >>> from salesops_nb.core import statistics
    >>> found = statistics.final_incidence([3, 5, 8, 9, 30], [1, 2, 1, 0, 0])
    >>> round(found.share, 3), round(found.surviving, 3)
    (0.4, 0.4)
    """
    why = np.asarray(cause, np.int64)
    given = np.asarray(durations, float)
    if not (why > 0).any():
        return Incidence(float("nan"), 0.0, 1.0, 1.0)
    time, at_risk, events = _steps(given, why > 0)
    slots = np.searchsorted(time, given[why == 1])
    ones = np.bincount(slots, minlength=len(time)).astype(float)
    survival = np.cumprod(1 - events / at_risk)
    before = np.concatenate([[1.0], survival[:-1]])
    rising = np.cumsum(before * ones / at_risk)
    share = float(rising[-1])
    gap = share - rising
    with np.errstate(divide="ignore", invalid="ignore"):
        hazard = np.where(at_risk > events, events / (at_risk * (at_risk - events)), 0.0)
    variance = float(
        np.sum(gap**2 * hazard)
        + np.sum(before**2 * (at_risk - ones) * ones / at_risk**3.0)
        - 2 * np.sum(gap * before * ones / at_risk**2.0)
    )
    if not 1e-9 < share < 1 - 1e-9 or variance <= 0:  # all ended alike: what so few or many can say of a rate
        low, high = wilson(int((why == 1).sum()), int((why > 0).sum()), confidence)
    else:
        other = 1 - share
        reach = special.ndtri(0.5 + confidence / 2) * np.sqrt(variance) / (other * abs(np.log(other)))
        low, high = 1 - other ** np.exp(-reach), 1 - other ** np.exp(reach)
    return Incidence(share, float(low), float(high), float(survival[-1]))


def incidence_error(
    durations: ArrayLike, cause: ArrayLike, counts: ArrayLike | None = None, share: float = 0.0
) -> Floats:
    """Standard error of the share ended by cause 1, at each event time, less `share` of the last one.

    The times are those of `aalen_johansen`, the arguments too. With a `share` of one half it is the error of
    what a median among those who end by cause 1 hangs on. The hazards of one time are multinomial, which
    gives Greenwood's formula for a single cause, and the binomial error where nothing is censored
    (delta method; Andersen, Borgan, Gill & Keiding 1993, IV.4).

    Examples
    --------
    Of four deals one was won first; one of four has a standard error of √(¼ · ¾ ÷ 4):

    >>> from salesops_nb.core.statistics import survival
    >>> survival.incidence_error([10, 20, 30, 30], cause=[1, 2, 0, 0]).round(4)
    array([0.2165, 0.2165])
    """
    time, why = np.asarray(durations, float), np.asarray(cause, np.int64)
    weight = np.ones(len(time)) if counts is None else np.asarray(counts, float)
    times = np.unique(time[why > 0])
    at = np.searchsorted(times, time, "right")  # how many of the times each was at risk at
    at_risk = np.cumsum(np.bincount(at, weight, minlength=len(times) + 1)[::-1])[::-1][1:]
    own = np.bincount(np.searchsorted(times, time[why == 1]), weight[why == 1], minlength=len(times))
    ended = np.bincount(np.searchsorted(times, time[why > 0]), weight[why > 0], minlength=len(times))
    h, any_h = own / at_risk, ended / at_risk
    before = np.concatenate([[1.0], np.cumprod(1 - any_h)])[: len(times)]
    rising = np.cumsum(before * h)
    if not len(times):
        return rising
    level = rising - share * rising[-1]
    with np.errstate(divide="ignore"):
        scale = np.where(any_h < 1, 1 / np.maximum(1 - any_h, 1e-300), 0.0)  # nobody is left: nothing follows

    def spread(first: Floats, second: Floats) -> Floats:
        """Variance of first × hazard of cause 1 + second × hazard of the others, given those at risk."""
        mean = first * h + second * (any_h - h)
        out: Floats = (first**2 * h + second**2 * (any_h - h) - mean**2) / at_risk
        return out

    # up to a time its hazards act by (a − b·level), later ones by what they do to the last share alone
    rest = (1 - share) * rising * scale
    a_own, a_other = (1 - share) * before + rest, rest
    constant = spread(a_own, a_other)
    square = spread(scale, scale)
    cross = (spread(a_own + scale, a_other + scale) - constant - square) / 2
    gap = share * (rising[-1] - rising) * scale
    after = spread(gap - share * before, gap)
    variance = (
        np.cumsum(constant) - 2 * level * np.cumsum(cross) + level**2 * np.cumsum(square)
        + after.sum() - np.cumsum(after)
    )  # fmt: skip
    found: Floats = np.sqrt(np.maximum(variance, 0.0))
    return found
