"""Periods as people ask for them: keys, spans of days, and words that the last day known gives their meaning.

=============================== =====================================================================
``2017``, ``2017-Q3``,          fiscal year, quarter, month
``2017-09``
``2013-05-30..2014-05-30``      a span; both days belong to it
``2017-Q3..2018-02``            a span from the first day of one period to the last of another
``this-quarter``                the one of the last day known; ``previous-`` is the one before it
``this-week``                   likewise of weeks: from Monday, or the `week_start` of a weekly calendar
``last-complete-quarter``       the last that is over; ``same-last-year-`` is that one a year before
``last-3-months``,              the last so many that are over
``last-4-quarters``
``year-to-date``                from the fiscal year's first day to the last day known
=============================== =====================================================================

``cal:`` before any of them means the calendar's years, quarters and months, whatever the fiscal ones.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import cast

from salesops_nb.core.periods.calendar import CALENDAR, FORM, WEEKDAYS, FiscalCalendar, Kind, Period
from salesops_nb.errors import SalesopsError, problem
from salesops_nb.messages import Message

_WORD = re.compile(r"(?P<which>last-complete|this|previous|same-last-year)-(?P<kind>week|month|quarter|year)")
_LAST = re.compile(r"last-(?P<number>[1-9]\d{0,2})-(?P<kind>week|month|quarter|year)s?")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
TO_DATE = "year-to-date"


def resolve_period(text: str, calendar: FiscalCalendar, known: date | None) -> Period:
    """The period that a key, a span or a word names.

    Parameters
    ----------
    text : as the table of this module has it.
    calendar : the workbook's.
    known : the last day known, from which words are counted; never the clock's.

    Raises
    ------
    SalesopsError
        where it is none of these, with all of them; where a span's last day comes before its first; and
        where a word is given and no day is known.

    Examples
    --------
    >>> from datetime import date
    >>> from salesops_nb.core.periods.forms import resolve_period
    >>> from salesops_nb.core.periods import FiscalCalendar
    >>> asked = ("last-2-months", "year-to-date", "2016-Q4..2017-01", "2013-05-30..2014-05-30")
    >>> for text in asked:
    ...     print(resolve_period(text, FiscalCalendar(), date(2017, 9, 15)).words)
    1 Jul 2017 to 31 Aug 2017
    1 Jan 2017 to 15 Sep 2017
    1 Oct 2016 to 31 Jan 2017
    30 May 2013 to 30 May 2014
    """
    plain = str(text).strip()
    bare = plain.removeprefix("cal:")
    days = CALENDAR if bare != plain else calendar
    if ".." in bare:
        return _span(plain, bare, days)
    by_word = _by_word(bare, days)
    if by_word is None:
        return _key(plain, calendar, plain)
    if known is None:
        raise SalesopsError(problem("no-data-date", column="period", value=text))
    return by_word(known)


def length_of(key: str) -> str:
    """What kind of period a key names, such as ``quarter``; of a span, how many months or days it has.

    Figures of two periods stand beside each other where these are the same.

    Examples
    --------
    >>> from salesops_nb.core.periods.forms import length_of
    >>> [length_of(key) for key in ("2017-Q3", "2017-01-01..2017-03-31", "2017-01-05..2017-01-18")]
    ['quarter', '3 months', '14 days']
    """
    try:
        period = resolve_period(key, FiscalCalendar(), None)
    except SalesopsError:  # of a notebook of one's own that has no period
        return key
    if period.kind != "span":
        return f"{'cal:' if key.startswith('cal:') else ''}{period.kind}"
    months = period.whole_months
    return f"{len(months)} months" if months else f"{period.days} days"


def named(key: str) -> Message:
    """What a sentence calls the period of a key: its key, of a span its days; any other text as it is.

    Examples
    --------
    >>> from salesops_nb.core.periods.forms import named
    >>> named("2017-Q3"), named("2013-05-30..2014-05-30"), named("")
    ('2017-Q3', '2013-05-30 to 2014-05-30', '')
    """
    try:
        return resolve_period(key, FiscalCalendar(), None).named
    except SalesopsError:  # of a notebook of one's own that has no period
        return Message("{period}", {"period": key})


def _by_word(word: str, days: FiscalCalendar) -> Callable[[date], Period] | None:
    """What the word names, given the last day known; None where it is no such word."""
    named, last = _WORD.fullmatch(word), _LAST.fullmatch(word)
    if word == TO_DATE:
        return lambda known: days.span(days.containing(known, "year").start, known)
    if last is not None and last["kind"] == "week":
        return lambda known: _weeks(days, known + timedelta(days=1), -int(last["number"]), -1)
    if named is not None and named["kind"] == "week":
        return lambda known: _week(named["which"], days, known)
    if last is not None:
        return lambda known: _last(int(last["number"]), cast(Kind, last["kind"]), days, known)
    if named is not None:
        return lambda known: _one(named["which"], cast(Kind, named["kind"]), days, known)
    return None


def _complete(kind: Kind, days: FiscalCalendar, known: date) -> Period:
    """The last one whose last day is known: that before the one which holds the next day."""
    return days.containing(known + timedelta(days=1), kind).previous()


def _last(number: int, kind: Kind, days: FiscalCalendar, known: date) -> Period:
    last = first = _complete(kind, days, known)
    for _ in range(number - 1):
        first = first.previous()
    return last if number == 1 else days.span(first.start, last.last)


def _one(which: str, kind: Kind, days: FiscalCalendar, known: date) -> Period:
    if which == "this":
        return days.containing(known, kind)
    if which == "previous":
        return days.containing(known, kind).previous()
    complete = _complete(kind, days, known)
    return complete if which == "last-complete" else complete.last_year()


def _week(which: str, days: FiscalCalendar, known: date) -> Period:
    if which in ("this", "previous"):
        ago = 0 if which == "this" else -1
        return _weeks(days, known, ago, ago)
    ago = -1 if which == "last-complete" else -53
    return _weeks(days, known + timedelta(days=1), ago, ago)


def _weeks(days: FiscalCalendar, day: date, first: int, last: int) -> Period:
    """The weeks from the `first` to the `last`, counted from the one that holds the day."""
    begins = 0 if days.pattern == "months" else WEEKDAYS.index(days.week_start)
    start = day - timedelta(days=(day.weekday() - begins) % 7)
    return days.span(start + timedelta(weeks=first), start + timedelta(weeks=last, days=6))


def _span(whole: str, text: str, days: FiscalCalendar) -> Period:
    """The days from one end to the other; each is a day, or a period whose first or last day it is."""
    ends = [end.strip() for end in text.split("..")]
    if len(ends) != 2:
        raise SalesopsError(problem("bad-period.form", column="period", value=whole))
    first, last = (_end(end, days, whole) for end in ends)
    start, until = _day_of(first, 0), _day_of(last, 1)
    if until < start:
        raise SalesopsError(
            problem("bad-period.backwards", column="period", value=whole, first=start, last=until)
        )
    return days.span(start, until)


def _end(text: str, days: FiscalCalendar, whole: str) -> date | Period:
    if not _DAY.fullmatch(text):
        return _key(text if text.startswith("cal:") else f"{days.prefix}{text}", days, whole)
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise SalesopsError(
            problem("bad-period.no-such-day", column="period", value=whole, day=text)
        ) from None
    if not 1900 <= day.year <= 2199:
        raise SalesopsError(problem("bad-period.out-of-range", column="period", value=whole))
    return day


def _day_of(end: date | Period, which: int) -> date:
    return (end.start, end.last)[which] if isinstance(end, Period) else end


def _key(text: str, calendar: FiscalCalendar, whole: str) -> Period:
    """The period of a key; what is wrong is said with every form that there is."""
    try:
        return calendar.period(text)
    except SalesopsError:
        far = FORM.fullmatch(text)
        raise SalesopsError(
            problem("bad-period.out-of-range" if far else "bad-period.form", column="period", value=whole)
        ) from None
