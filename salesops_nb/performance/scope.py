"""Whose figures, of when, against what: the choices of a review, checked before anything is counted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal, get_args

from salesops_nb.core.periods import Period
from salesops_nb.errors import SalesopsError, problem
from salesops_nb.messages import Message, message, percent
from salesops_nb.performance.expectation import covered

CompareTo = Literal["previous", "last-year", "target"]


@dataclass(frozen=True)
class Comparison:
    """The period compared with, and the days of it that count; `why_not` where there is none.

    They end before `upto`; `same_date` where that is the date of the last day known, a year before.
    """

    period: Period | None
    upto: date | None
    why_not: Message | None = None
    same_date: bool = False

    @property
    def days(self) -> Period | None:
        """The days that count, as a span; None where there are none."""
        if self.period is None or self.upto is None:
            return None
        return self.period.calendar.span(self.period.start, self.upto - timedelta(days=1))

    @property
    def said(self) -> Message:
        """What it is called, such as ``the first 45 days of 2017-Q2``."""
        if self.period is None or self.days is None or self.upto == self.period.end:
            return self.period.named if self.period else Message("")
        named = self.period.named
        if self.same_date:
            return message("{period} to the same day", period=named)
        weeks, rest = divmod(self.days.days, 7)
        if self.period.calendar.pattern != "months" and not rest:
            return message(
                "the first week of {period}", "the first {n} weeks of {period}", n=weeks, period=named
            )
        return message(
            "the first day of {period}", "the first {n} days of {period}", n=self.days.days, period=named
        )


def compared(period: Period, to: CompareTo, as_of: date, data_from: date, partial: bool) -> Comparison:
    """The earlier period to set beside this one, as far into it where this one is not over.

    As far is as many days, and at most all of them; of a year before, where a year is made of months, up to
    the same date. There is none where the data cover it, or this period's beginning, only in part: a month of
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
    so_far = period.calendar.span(period.start, as_of)
    as_many = other.start + timedelta(days=so_far.days)
    before = so_far.last_year() if to == "last-year" else None
    if before is None or before.start != other.start:
        return Comparison(other, min(as_many, other.end))
    same_date = period.calendar.pattern == "months"
    return Comparison(other, min(before.end, other.end), same_date=same_date)


def change_a_week(
    period: Period, comparison: Comparison, as_of: date, bookings: Any, before: Any
) -> list[Message]:
    """The extra weeks and the change a week, where a period of weeks has more days than the one beside it."""
    other = comparison.days
    if other is None or period.calendar.pattern == "months":
        return []
    mine = period.calendar.span(period.start, min(period.last, as_of))
    if mine.days % 7 or other.days % 7:
        return _days_more(mine, other, bookings, before)
    # whole periods know which months of theirs are the longer
    mine, other = (whole if whole.days == part.days else part for whole, part in
                   ((period, mine), (comparison.period or other, other)))  # fmt: skip
    extra = mine.weeks_more_than(other) or other.weeks_more_than(mine)
    if not extra:
        return []
    weeks, others = mine.days // 7, other.days // 7
    change = round(float(bookings / weeks / (before / others) - 1), 4)
    given = {"weeks": weeks, "others": others, "share": percent(abs(change))}
    if change == 0:
        said = message("It has {weeks} weeks against {others}: as much a week.", weeks=weeks, others=others)
    elif change > 0:
        said = message("It has {weeks} weeks against {others}: {share} more a week.", **given)
    else:
        said = message("It has {weeks} weeks against {others}: {share} less a week.", **given)
    return [said, *(message("The week of {days} is extra.", days=week.named) for week in extra)]


def _days_more(mine: Period, other: Period, bookings: Any, before: Any) -> list[Message]:
    """Likewise in the midst of the extra week, which the other has not."""
    if mine.days == other.days:
        return []
    change = round(float(bookings / mine.days / (before / other.days) - 1), 4)
    given = {"days": mine.days, "others": other.days, "share": percent(abs(change))}
    if change == 0:
        said = message("It has {days} days so far against {others}: as much a week.",
                       days=mine.days, others=other.days)  # fmt: skip
    elif change > 0:
        said = message("It has {days} days so far against {others}: {share} more a week.", **given)
    else:
        said = message("It has {days} days so far against {others}: {share} less a week.", **given)
    extra = mine.calendar.span(mine.start + timedelta(days=other.days), mine.last)
    return [said, message("{days} are of an extra week.", days=extra.named)]


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
