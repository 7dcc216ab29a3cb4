"""Whether an action worked: before and after, against those without it, and what it would have done anyway.

An action follows an alert, and an alert follows a low: the months after would be better though nothing was
done (regression to the mean; Galton 1886). So the months after the action are held against what the months
before the alert's change, and those after it, let expect, and not against the low alone; and against teams
without the action over the same months where there are some (difference in differences, on logarithms), so
that what moved everywhere is nobody's effect.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from salesops_nb.alerts.series import Series

CONFIDENCE = 0.80
FEWEST_AFTER = 2  # months after the action, without which nothing is said
FEWEST_BEFORE = 6
Verdict = Literal["worked", "did not work", "unclear", "too early"]
Floats = NDArray[np.float64]


class Judged(NamedTuple):
    """The relative effect of an action with its 80 % interval, how many months and peers it rests on."""

    verdict: Verdict
    effect: float = float("nan")
    low: float = float("nan")
    high: float = float("nan")
    months: int = 0
    peers: int = 0


def judged(
    own: Series, others: Sequence[Series], started_on: date, expected: float, worse: int = -1,
    change_on: date | None = None,
) -> Judged:  # fmt: skip
    """What an action brought.

    Parameters
    ----------
    own : the series of whoever acted; `others` those without the action.
    started_on : months that begin on it or later are after it.
    expected : the relative effect that was expected, as 0.1.
    worse : the side on which the metric is worse.
    change_on : the first day of the change that the alert was about: its low months up to the action were
        picked for being low, and count neither as before nor as after.

    Returns
    -------
    Judged
        ``worked`` where the interval lies beyond nothing on the good side; ``did not work`` where it
        does not reach what was expected; ``unclear`` else; ``too early`` under two months.

    Examples
    --------
    Twelve months of about 100, then, from the first of the year, of about 150:

    >>> from datetime import date
    >>> import numpy as np
    >>> from salesops_nb.alerts.judging import judged
    >>> from salesops_nb.alerts.series import Series
    >>> from salesops_nb.core.periods import FiscalCalendar
    >>> months = list(FiscalCalendar().between(date(2016, 1, 1), date(2017, 7, 1), "month"))
    >>> value = np.array([95, 105, 100] * 4 + [148, 152, 150] * 2, float)
    >>> own = Series("A", months, value, 0 * value, value, np.log(value), value)
    >>> found = judged(own, [], date(2017, 1, 1), expected=0.1)
    >>> found.verdict, round(found.effect, 1)
    ('worked', 0.5)
    """
    after = np.array([month.start >= started_on for month in own.months])
    before = np.array([month.end <= (change_on or started_on) for month in own.months]) & ~after
    if after.sum() < FEWEST_AFTER or before.sum() < FEWEST_BEFORE:
        return Judged("too early", months=int(after.sum()))
    gaps = _beside(own, others)
    peers = 0 if gaps is None else len(_alike(own, others))
    y = own.scaled if gaps is None else gaps
    difference = float(y[after].mean() - y[before].mean())
    rest = np.concatenate([y[after] - y[after].mean(), y[before] - y[before].mean()])
    free = int(after.sum() + before.sum() - 2)
    carried = float(np.clip(_carried(y[before]), 0, 0.8))
    wider = (1 + carried) / (1 - carried)  # noise that carries over: fewer months than there are
    error = np.sqrt(rest @ rest / free * wider * (1 / after.sum() + 1 / before.sum()))
    reach = float(stats.t.ppf((1 + CONFIDENCE) / 2, free)) * error
    effect, low, high = (
        float(np.expm1(each)) for each in (difference, difference - reach, difference + reach)
    )
    good = (low > 0) if worse < 0 else (high < 0)
    short = (high < expected) if worse < 0 else (low > -abs(expected))
    verdict: Verdict = "worked" if good else "did not work" if short else "unclear"
    return Judged(verdict, effect, low, high, int(after.sum()), peers)


def _alike(own: Series, others: Sequence[Series]) -> list[Series]:
    """Those that have all the months of the one who acted."""
    mine = [month.key for month in own.months]
    return [each for each in others if [month.key for month in each.months][-len(mine) :] == mine]


def _beside(own: Series, others: Sequence[Series]) -> Floats | None:
    """Each month's distance from the others' mean; None without others."""
    alike = _alike(own, others)
    if not alike:
        return None
    n = len(own.months)
    beside: Floats = own.scaled - np.mean([each.scaled[-n:] for each in alike], axis=0)
    return beside


def _carried(y: Floats) -> float:
    """The correlation of a month with the one before."""
    centred = y - y.mean()
    whole = float(centred @ centred)
    return float(centred[1:] @ centred[:-1]) / whole if whole > 0 else 0.0
