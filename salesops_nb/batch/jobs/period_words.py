"""Period words, such as ``last-complete-month``: resolved against the data, never against the clock."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import cast

from salesops_nb.core.periods import CALENDAR, FiscalCalendar, Kind, Period
from salesops_nb.errors import SalesopsError, problem

_WORD = re.compile(
    r"(?P<cal>cal:)?(?P<which>last-complete|this|previous|same-last-year)-(?P<kind>month|quarter|year)"
)


def resolve_period(text: str, calendar: FiscalCalendar, data_through: date | None) -> Period:
    """The period that a word or a key names.

    With the data through day D: ``this-quarter`` holds D, ``previous-quarter`` is the one before it,
    ``last-complete-quarter`` the last one whose last day is D or earlier, ``same-last-year-quarter``
    the one a year before ``last-complete-quarter``; so for ``month`` and ``year``, and for the plain
    calendar with ``cal:`` before the word. Any other text is a key, such as ``2017-Q3``.
    Raises `SalesopsError` where it is neither.
    """
    match = _WORD.fullmatch(text.strip())
    if match is None:
        return _key(text, calendar)
    if data_through is None:
        raise SalesopsError(problem("no-data-date", column="period", value=text))
    kind = cast(Kind, match["kind"])
    days = CALENDAR if match["cal"] else calendar
    this = days.containing(data_through, kind)
    if match["which"] == "this":
        return this
    if match["which"] == "previous":
        return this.previous()
    # The period that holds the day after the data's last one is the first that is not complete.
    complete = days.containing(data_through + timedelta(days=1), kind).previous()
    return complete if match["which"] == "last-complete" else complete.last_year()


def resolve_as_of(text: str | None, period: Period, data_through: date | None) -> date | None:
    """The day as of which a report speaks: the data's last by default.

    ``period-end`` is the period's last day, or the data's last where that is earlier; otherwise a date.
    """
    if text is None or text == "data":
        return data_through
    if text == "period-end":
        return min(period.last, data_through) if data_through else period.last
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise SalesopsError(problem("bad-as-of", column="as_of", value=text)) from None


def _key(text: str, calendar: FiscalCalendar) -> Period:
    try:
        return calendar.period(text)
    except SalesopsError as error:
        if error.problems[0].message.startswith(repr(text) + " lies"):
            raise SalesopsError(
                problem("bad-period.word-out-of-range", column="period", value=text)
            ) from None
        raise SalesopsError(problem("bad-period.or-word", column="period", value=text)) from None
