"""Fiscal periods: half-open spans of the company's own days.

``2017`` is a fiscal year, ``2017-Q3`` a fiscal quarter, ``2017-09`` the ninth fiscal month. With
``cal:`` before them they mean the calendar year, quarter and month whatever the fiscal calendar.
Any other days in a row are a span, such as ``2013-05-30..2014-05-30``; both days belong to it.
A fiscal year is named after the calendar year it ends in, unless the workbook says ``start``.

Two calendars: ``months`` (a year of twelve calendar months from `start_month`) and the weekly
ones ``4-4-5``, ``4-5-4``, ``5-4-4`` (quarters of thirteen weeks; the year begins on the
`week_start` nearest to the first of `start_month`, or just after the last such week's end before it,
and a 53rd week belongs to the last month of the quarter `extra_week_in`).
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Literal

from salesops_nb.errors import SalesopsError, problem
from salesops_nb.messages import Message, message

Kind = Literal["year", "quarter", "month", "span"]
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
FORM = re.compile(r"(?P<cal>cal:)?(?P<year>\d{4})(?:-(?:Q(?P<quarter>[1-4])|(?P<month>0[1-9]|1[0-2])))?")


@dataclass(frozen=True, slots=True)
class Period:
    """A span of days: `start` is its first day, `end` the day after its last.

    `key` is the text that names it (``2017-Q3``); `kind` year, quarter, month, or span for any other days.

    Examples
    --------
    >>> from datetime import date
    >>> from salesops_nb.core.periods import FiscalCalendar
    >>> quarter = FiscalCalendar().period("2017-Q3")
    >>> quarter.words
    '2017-Q3 (1 Jul 2017 to 30 Sep 2017)'
    >>> date(2017, 9, 30) in quarter, quarter.days
    (True, 92)
    >>> quarter.previous().key, quarter.last_year().key
    ('2017-Q2', '2016-Q3')
    >>> [month.key for month in quarter.months()]
    ['2017-07', '2017-08', '2017-09']
    >>> span = FiscalCalendar().span(date(2017, 7, 1), date(2017, 8, 31))
    >>> span.key, span.previous().key, span.last_year().key
    ('2017-07-01..2017-08-31', '2017-05-01..2017-06-30', '2016-07-01..2016-08-31')
    """

    key: str
    start: date
    end: date
    kind: Kind
    calendar: FiscalCalendar

    def __contains__(self, day: date) -> bool:
        return self.start <= day < self.end

    def __str__(self) -> str:
        return self.key

    @property
    def days(self) -> int:
        """Number of days."""
        return (self.end - self.start).days

    @property
    def last(self) -> date:
        """The last day."""
        return self.end - timedelta(days=1)

    @property
    def words(self) -> str:
        """The key with its dates, such as ``2017-Q3 (1 Jul 2017 to 30 Sep 2017)``."""
        first, last = self.start, self.last
        days = f"{first.day} {first:%b %Y} to {last.day} {last:%b %Y}"
        return days if self.kind == "span" else f"{self.key} ({days})"

    @property
    def named(self) -> Message:
        """What a sentence calls it: its key, of a span its days."""
        if self.kind == "span":
            return message("{first} to {last}", first=self.start, last=self.last)
        return Message("{period}", {"period": self.key})

    def previous(self) -> Period:
        """The period of the same kind just before; of a span of whole months as many months, else days."""
        if self.kind != "span":
            return self.calendar.containing(self.start - timedelta(days=1), self.kind)
        months = self.whole_months
        if not months:
            return self.calendar.span(self.start - timedelta(days=self.days), self.start - timedelta(days=1))
        first = months[0]
        for _ in months:
            first = first.previous()
        return self.calendar.span(first.start, self.start - timedelta(days=1))

    def next(self) -> Period:
        """The period of the same kind just after; not of a span."""
        return self.calendar.containing(self.end, self.kind)

    def last_year(self) -> Period:
        """The same quarter or month one fiscal year before.

        A span of whole months is the same months; another has the same dates, and where a year is made
        of weeks it is as many days that begin as far into their fiscal year.
        """
        if self.kind != "span":
            prefix, year, rest = _split(self.key)
            return self.calendar.period(f"{prefix}{year - 1:04d}{rest}")
        months = self.whole_months
        if months:
            return self.calendar.span(months[0].last_year().start, months[-1].last_year().last)
        if self.calendar.pattern == "months":
            return self.calendar.span(months_later(self.start, -12), months_later(self.last, -12))
        year_of = self.calendar.containing(self.start, "year")
        first = year_of.previous().start + (self.start - year_of.start)
        return self.calendar.span(first, first + timedelta(days=self.days - 1))

    @property
    def whole_months(self) -> list[Period]:
        """The months that make it up exactly; none where it begins or ends inside one."""
        months = self.months()
        return months if (months[0].start, months[-1].end) == (self.start, self.end) else []

    def months(self) -> list[Period]:
        """The months it is made of, in order."""
        return list(self.calendar.between(self.start, self.end, "month"))

    def weeks_more_than(self, other: Period) -> list[Period]:
        """The weeks that it has more than the other, in order; none where either is not made of whole weeks.

        Of the weeks at the end of a month that is longer than its counterpart they are the last; of periods
        that are not as many whole months each, the last of all.

        Examples
        --------
        >>> from salesops_nb.core.periods import FiscalCalendar
        >>> retail = FiscalCalendar(start_month=2, pattern="4-5-4", named_after="start")
        >>> [week.words for week in retail.period("2017").weeks_more_than(retail.period("2016"))]
        ['28 Jan 2018 to 3 Feb 2018']
        """
        (weeks, rest), (others, left) = divmod(self.days, 7), divmod(other.days, 7)
        if self.calendar.pattern == "months" or rest or left or weeks <= others:
            return []
        mine, theirs = self.whole_months, other.whole_months
        pairs = list(zip(mine, theirs, strict=True)) if len(mine) == len(theirs) else []
        ends = [(month.end, (month.days - its.days) // 7) for month, its in pairs] or [(self.end, weeks)]
        starts = [end - timedelta(weeks=back) for end, more in ends for back in range(more, 0, -1)]
        return [self.calendar.span(start, start + timedelta(days=6)) for start in starts[others - weeks :]]


@dataclass(frozen=True, slots=True)
class FiscalCalendar:
    """How a company cuts its years.

    Parameters
    ----------
    start_month : calendar month in which the fiscal year begins, 1 to 12.
    pattern : ``months``, ``4-4-5``, ``4-5-4`` or ``5-4-4``.
    week_start : first weekday of a fiscal week, lower-case English; weekly patterns only.
    year_ends : weekly patterns only: the year's last week is the one that ends ``nearest`` to the end of
        the month before `start_month`, or the ``last`` that ends in that month (Apple, Cisco).
    extra_week_in : weekly patterns only: which quarter has the 53rd week, ``Q1`` to ``Q4``.
    named_after : whether a fiscal year bears the calendar year of its ``end`` or its ``start``.
    prefix : ``cal:`` for the plain calendar behind a fiscal one; not set by hand.

    Examples
    --------
    A fiscal year that begins in February bears the calendar year in which it ends:

    >>> from datetime import date
    >>> from salesops_nb.core.periods import FiscalCalendar
    >>> calendar = FiscalCalendar(start_month=2)
    >>> calendar.period("2018-Q1").words
    '2018-Q1 (1 Feb 2017 to 30 Apr 2017)'
    >>> calendar.period("cal:2018-Q1").words  # the calendar year, whatever the fiscal one
    'cal:2018-Q1 (1 Jan 2018 to 31 Mar 2018)'
    >>> calendar.containing(date(2018, 1, 31), "year").key
    '2018'
    """

    start_month: int = 1
    pattern: str = "months"
    week_start: str = "sunday"
    named_after: Literal["end", "start"] = "end"
    year_ends: Literal["nearest", "last"] = "nearest"
    extra_week_in: Literal["Q1", "Q2", "Q3", "Q4"] = "Q4"
    prefix: str = ""

    def period(self, key: str) -> Period:
        """The year, quarter or month that a key names; raises `SalesopsError` with these forms otherwise.

        Spans and words are read by `salesops_nb.core.periods.forms.resolve_period`.
        """
        match = FORM.fullmatch(str(key).strip())
        if match is None:
            raise SalesopsError(problem("bad-period", column="period", value=key))
        calendar = CALENDAR if match["cal"] else self
        year = int(match["year"])
        if not 1900 <= year <= 2199:
            raise SalesopsError(problem("bad-period.out-of-range", column="period", value=key))
        if match["quarter"]:
            return calendar._part(year, 3 * (int(match["quarter"]) - 1), "quarter")
        if match["month"]:
            return calendar._part(year, int(match["month"]) - 1, "month")
        return calendar._part(year, 0, "year")

    def span(self, first: date, last: date) -> Period:
        """The days from `first` to `last`, both of them in it, as one period."""
        key = f"{self.prefix}{first.isoformat()}..{last.isoformat()}"
        return Period(key, first, last + timedelta(days=1), "span", self)

    def containing(self, day: date, kind: Kind) -> Period:
        """The year, quarter or month in which a day falls."""
        for year in (day.year - 1, day.year, day.year + 1):
            starts = self._starts(year)
            if starts[0] <= day < starts[-1]:
                month = max(i for i in range(12) if starts[i] <= day)
                first = {"month": month, "quarter": month - month % 3, "year": 0}[kind]
                return self._part(year, first, kind)
        raise AssertionError(f"no fiscal year holds {day}")

    def between(self, start: date, end: date, kind: Kind) -> Iterator[Period]:
        """The years, quarters or months that touch the half-open span, in order."""
        day = start
        while day < end:
            period = self.containing(day, kind)
            yield period
            day = period.end

    def _part(self, year: int, first: int, kind: Kind) -> Period:
        starts = self._starts(year)
        length = {"month": 1, "quarter": 3, "year": 12}[kind]
        suffix = {"month": f"-{first + 1:02d}", "quarter": f"-Q{first // 3 + 1}", "year": ""}[kind]
        key = f"{self.prefix}{year:04d}{suffix}"
        return Period(key, starts[first], starts[first + length], kind, self)

    def _starts(self, year: int) -> tuple[date, ...]:
        return _month_starts(self, year)


CALENDAR = FiscalCalendar(prefix="cal:")


@lru_cache(maxsize=512)
def _month_starts(calendar: FiscalCalendar, year: int) -> tuple[date, ...]:
    """First days of a fiscal year's twelve months, and of the year that follows."""
    begins = year
    if calendar.named_after == "end" and calendar.start_month > 1:
        begins -= 1
    if calendar.pattern == "months":
        offsets = [calendar.start_month - 1 + i for i in range(13)]
        return tuple(date(begins + o // 12, o % 12 + 1, 1) for o in offsets)
    first = _first_week(calendar, begins)
    following = _first_week(calendar, begins + 1)
    lengths = [int(weeks) for weeks in calendar.pattern.split("-")] * 4
    lengths[3 * int(calendar.extra_week_in[1]) - 1] += (following - first).days // 7 - 52
    return tuple(first + timedelta(weeks=sum(lengths[:month])) for month in range(13))


def _first_week(calendar: FiscalCalendar, year: int) -> date:
    """The first day of the weekly year that begins about the first of `start_month`."""
    first = date(year, calendar.start_month, 1)
    ahead = (WEEKDAYS.index(calendar.week_start) - first.weekday()) % 7
    latest = 3 if calendar.year_ends == "nearest" else 0
    return first + timedelta(days=ahead if ahead <= latest else ahead - 7)


def _split(key: str) -> tuple[str, int, str]:
    prefix, bare = ("cal:", key[4:]) if key.startswith("cal:") else ("", key)
    return prefix, int(bare[:4]), bare[4:]


def months_later(day: date, months: int) -> date:
    """The same day so many months later, or the month's last where it has no such day.

    Examples
    --------
    >>> from datetime import date
    >>> from salesops_nb.core import periods
    >>> periods.months_later(date(2026, 1, 31), 1).isoformat()
    '2026-02-28'
    """
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def months_between(start: date, end: date) -> int:
    """Complete months from one day to another.

    Examples
    --------
    >>> from datetime import date
    >>> from salesops_nb.core import periods
    >>> periods.months_between(date(2026, 1, 31), date(2026, 3, 30))
    1
    """
    months = (end.year - start.year) * 12 + end.month - start.month
    while months > 0 and months_later(start, months) > end:
        months -= 1
    return max(0, months)
