"""Intervals of a proportion, from how often something happened of how many times."""

from __future__ import annotations

import math
from typing import NamedTuple

from scipy import special, stats


class Interval(NamedTuple):
    """A low and a high end.

    Examples
    --------
    >>> from salesops_nb.core import statistics
    >>> interval = statistics.Interval(0.25, 0.75)
    >>> interval.high - interval.low
    0.5
    >>> low, high = interval  # it unpacks as any pair does
    """

    low: float
    high: float


def wilson(successes: int, n: int, confidence: float = 0.95, continuity: bool = False) -> Interval:
    """Wilson's score interval of a proportion (Wilson 1927; with continuity, Newcombe 1998).

    Without trials nothing is known and the interval is (0, 1).

    Examples
    --------
    A rep who won 9 of 10 deals may be one who wins 60 % in the long run:

    >>> from salesops_nb.core import statistics
    >>> low, high = statistics.wilson(9, 10)
    >>> round(low, 3), round(high, 3)
    (0.596, 0.982)
    >>> statistics.wilson(0, 0)
    Interval(low=0.0, high=1.0)
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
    """The Clopper–Pearson interval of a proportion, which covers it with at least the asked confidence.

    Wider than `wilson`'s, which covers it on average; (0, 1) without trials.

    Examples
    --------
    >>> from salesops_nb.core import statistics
    >>> low, high = statistics.exact_interval(9, 10)
    >>> round(low, 3), round(high, 3)
    (0.555, 0.997)
    """
    _check_counts(successes, n)
    if n == 0:
        return Interval(0.0, 1.0)
    ends = stats.binomtest(successes, n).proportion_ci(confidence, method="exact")
    return Interval(float(ends.low), float(ends.high))


def _check_counts(successes: int, n: int) -> None:
    if not 0 <= successes <= n:
        raise ValueError(f"successes must lie between 0 and n, received {successes} of {n}")
