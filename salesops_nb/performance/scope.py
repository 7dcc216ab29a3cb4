"""Whose figures, of when, against what: the choices of a review, checked before anything is counted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal, get_args

from salesops_nb.core.periods import Period
from salesops_nb.errors import SalesopsError, problem
from salesops_nb.messages import Message, message
from salesops_nb.performance.expectation import covered

CompareTo = Literal["previous", "last-year", "target"]


@dataclass(frozen=True)
class Comparison:
    """The period compared with, and the days of it that count; `why_not` where there is none."""

    period: Period | None
    upto: date | None
    why_not: Message | None = None

    @property
    def said(self) -> Message:
        """What it is called, such as ``2017-Q2 to the same day``."""
        if self.period is None or self.upto == self.period.end:
            return self.period.named if self.period else Message("")
        return message("{period} to the same day", period=self.period.named)


def compared(period: Period, to: CompareTo, as_of: date, data_from: date, partial: bool) -> Comparison:
    """The earlier period to set beside this one, to the same day where this one is not over.

    There is none where the data cover it, or this period's beginning, only in part: a month of
    closes beside a whole quarter is no comparison.
    """
    if to not in get_args(CompareTo):
        words = ", ".join(get_args(CompareTo))
        raise SalesopsError(problem("bad-compare_to", column="compare_to", value=to, words=words))
    if to == "target":
        return Comparison(None, None)
    other = period.previous() if to == "previous" else period.last_year()
    days, whole = covered(other, data_from, as_of)
    if days < whole:
        return Comparison(None, None, _uncovered(other, days, whole))
    if partial:
        return Comparison(None, None, message("the data begin after {period} does", period=period.named))
    if as_of >= period.last:
        return Comparison(other, other.end)
    elapsed = (as_of - period.start).days + 1
    upto = date.fromordinal(other.start.toordinal() + round(elapsed * other.days / period.days))
    return Comparison(other, upto)


def _uncovered(period: Period, days: int, whole: int) -> Message:
    return message(
        "{period}: the data cover {days} of its {whole} days", period=period.named, days=days, whole=whole
    )


def not_in_the_future(period: Period, as_of: date) -> None:
    """Raises `SalesopsError` where the period begins after the last day known."""
    if period.start > as_of:
        raise SalesopsError(
            problem("period-in-future", column="period", value=period.key, period=period.words, as_of=as_of)
        )
