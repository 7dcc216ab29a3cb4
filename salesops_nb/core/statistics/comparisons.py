"""Whether groups differ by more than chance: rates, and times until something happens."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from salesops_nb.messages import Message, joined, message, percent

FEW = 10_000  # cases up to which Fisher's exact test takes no time worth mentioning


class Difference(NamedTuple):
    """How likely groups would differ as much, or more, by chance alone; of `n` cases, and by which test."""

    p: float
    n: int
    test: Literal["fisher", "chi-square", "log-rank"]

    @property
    def cases(self) -> Message:
        """In how many cases chance alone makes such a difference, as a page says it."""
        if self.p < 0.01:
            return message("less than {limit}", limit=percent(0.01, 0))
        return joined([percent(self.p, 0)])


def rates_differ(successes: ArrayLike, cases: ArrayLike) -> Difference | None:
    """Whether shares of groups differ; None where a group or an outcome has no case.

    Two groups of few cases by Fisher's exact test (R. A. Fisher, *Statistical Methods for Research Workers*,
    1934), others by Pearson's chi-square, without a correction for continuity.

    Examples
    --------
    Of 20 deals 12 were won and of 25 others 9: that may well be chance.

    >>> from salesops_nb.core.statistics import comparisons
    >>> found = comparisons.rates_differ([12, 9], [20, 25])
    >>> round(found.p, 3), found.n, found.test
    (0.14, 45, 'fisher')
    """
    won, all_of = np.asarray(successes, np.int64), np.asarray(cases, np.int64)
    table = np.array([won, all_of - won])
    if len(won) < 2 or (all_of == 0).any() or (table.sum(axis=1) == 0).any():
        return None
    n = int(all_of.sum())
    if len(won) == 2 and n <= FEW:
        return Difference(float(stats.fisher_exact(table).pvalue), n, "fisher")
    return Difference(float(stats.chi2_contingency(table, correction=False).pvalue), n, "chi-square")


def times_differ(
    durations: ArrayLike, event: ArrayLike, group: ArrayLike, counts: ArrayLike
) -> Difference | None:
    """Whether the event comes sooner in some groups, by the log-rank test; None without groups or event.

    Durations without the event are censored: still going on, or ended otherwise. `counts` is how many cases
    a row stands for. N. Mantel, *Cancer Chemotherapy Reports* 50 (1966); SciPy has it for two samples, one
    case an item, statsmodels without counts.

    Examples
    --------
    >>> from salesops_nb.core.statistics import comparisons
    >>> found = comparisons.times_differ(
    ...     [5, 8, 12, 20, 25, 30], [1, 1, 1, 1, 1, 0], ["a", "a", "a", "b", "b", "b"], [4] * 6
    ... )
    >>> round(found.p, 6), found.n, found.test
    (2e-06, 24, 'log-rank')
    """
    time, weight = np.asarray(durations, float), np.asarray(counts, float)
    seen = np.asarray(event, bool) & (weight > 0)
    names, code = np.unique(np.asarray(group), return_inverse=True)
    times = np.unique(time[seen])
    if len(names) < 2 or not len(times):
        return None
    shape = len(times), len(names)
    at = np.searchsorted(times, time[seen])
    events = np.bincount(at * len(names) + code[seen], weight[seen], minlength=shape[0] * shape[1]).reshape(
        shape
    )
    left = np.searchsorted(times, time, side="right")  # at risk at every event time up to its own
    gone = np.bincount(left * len(names) + code, weight, minlength=(len(times) + 1) * len(names))
    at_risk = np.cumsum(gone.reshape(-1, len(names))[::-1], axis=0)[::-1][1:]
    whole, happened = at_risk.sum(axis=1), events.sum(axis=1)
    share = at_risk / whole[:, None]
    excess = (events - happened[:, None] * share).sum(axis=0)[:-1]
    spread = happened * (whole - happened) / np.maximum(whole - 1, 1)
    covariance = -(spread[:, None, None] * share[:, :, None] * share[:, None, :]).sum(axis=0)
    covariance[np.diag_indices(len(names))] += (spread[:, None] * share).sum(axis=0)
    found = covariance[:-1, :-1]
    if np.linalg.matrix_rank(found) < len(names) - 1:
        return None
    value = float(excess @ np.linalg.solve(found, excess))
    return Difference(float(stats.chi2.sf(value, len(names) - 1)), int(weight.sum()), "log-rank")
