"""Periods as people ask for them: spans, last so many, year to date, and what each is compared with."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesops_nb.batch.jobs.paths import path_facts
from salesops_nb.core.periods import FiscalCalendar, Period
from salesops_nb.core.periods.forms import length_of, resolve_period
from salesops_nb.errors import SalesopsError

CALENDARS = {
    "calendar": FiscalCalendar(),
    "february": FiscalCalendar(start_month=2),
    "4-4-5": FiscalCalendar(pattern="4-4-5", week_start="monday"),
    "last Saturday of September": FiscalCalendar(10, "5-4-4", year_ends="last"),
}
KNOWN = date(2017, 11, 20)


def asked(text: str, calendar: str = "calendar", known: date | None = KNOWN) -> Period:
    return resolve_period(text, CALENDARS[calendar], known)


@pytest.mark.parametrize(
    ("calendar", "text", "first", "last"),
    [
        ("calendar", "2013-05-30..2014-05-30", date(2013, 5, 30), date(2014, 5, 30)),
        ("calendar", " 2013-05-30 .. 2014-05-30 ", date(2013, 5, 30), date(2014, 5, 30)),
        ("calendar", "2016-Q4..2017-02", date(2016, 10, 1), date(2017, 2, 28)),
        ("calendar", "2015..2016", date(2015, 1, 1), date(2016, 12, 31)),
        ("calendar", "2016-12-15..2017-Q1", date(2016, 12, 15), date(2017, 3, 31)),
        ("calendar", "last-3-months", date(2017, 8, 1), date(2017, 10, 31)),
        ("calendar", "this-week", date(2017, 11, 20), date(2017, 11, 26)),
        ("calendar", "previous-week", date(2017, 11, 13), date(2017, 11, 19)),
        ("calendar", "last-complete-week", date(2017, 11, 13), date(2017, 11, 19)),
        ("calendar", "same-last-year-week", date(2016, 11, 14), date(2016, 11, 20)),
        ("calendar", "last-4-weeks", date(2017, 10, 23), date(2017, 11, 19)),
        ("last Saturday of September", "this-week", date(2017, 11, 19), date(2017, 11, 25)),
        ("last Saturday of September", "cal:this-week", date(2017, 11, 20), date(2017, 11, 26)),
        ("calendar", "last-1-month", date(2017, 10, 1), date(2017, 10, 31)),
        ("calendar", "last-4-quarters", date(2016, 10, 1), date(2017, 9, 30)),
        ("calendar", "last-2-years", date(2015, 1, 1), date(2016, 12, 31)),
        ("calendar", "year-to-date", date(2017, 1, 1), KNOWN),
        ("february", "year-to-date", date(2017, 2, 1), KNOWN),
        ("february", "cal:year-to-date", date(2017, 1, 1), KNOWN),
        ("february", "2018-Q1..2018-Q2", date(2017, 2, 1), date(2017, 7, 31)),
        ("february", "cal:2017-Q1..2017-Q2", date(2017, 1, 1), date(2017, 6, 30)),
        ("february", "cal:2017-Q1..cal:2017-Q2", date(2017, 1, 1), date(2017, 6, 30)),
        # 2017 begins on Monday 2 January; its months have 4, 4 and 5 weeks
        ("4-4-5", "last-2-months", date(2017, 8, 28), date(2017, 10, 29)),
        ("4-4-5", "last-4-quarters", date(2016, 10, 3), date(2017, 10, 1)),
        ("4-4-5", "year-to-date", date(2017, 1, 2), KNOWN),
        # Apple's 2017 was from 25 September 2016 to 30 September 2017
        ("last Saturday of September", "last-4-quarters", date(2016, 9, 25), date(2017, 9, 30)),
    ],
)
def test_a_form_names_its_days(calendar: str, text: str, first: date, last: date) -> None:
    period = asked(text, calendar)
    assert (period.start, period.last) == (first, last)
    assert resolve_period(period.key, CALENDARS[calendar], None) == period


@pytest.mark.parametrize(
    ("calendar", "text", "previous", "last_year"),
    [
        ("calendar", "2017-08..2017-10", "2017-05-01..2017-07-31", "2016-08-01..2016-10-31"),
        ("calendar", "2016-12..2017-02", "2016-09-01..2016-11-30", "2015-12-01..2016-02-29"),
        ("calendar", "2017-01-10..2017-01-19", "2016-12-31..2017-01-09", "2016-01-10..2016-01-19"),
        ("calendar", "2016-02-29..2016-03-05", "2016-02-23..2016-02-28", "2015-02-28..2015-03-05"),
        # the example of a year and a day: the year before shares its last day with it
        ("calendar", "2013-05-30..2014-05-30", "2012-05-29..2013-05-29", "2012-05-30..2013-05-30"),
        ("february", "2018-01..2018-02", "2016-12-01..2017-01-31", "2016-02-01..2016-03-31"),
        ("february", "cal:2017-Q1..2017-Q2", "cal:2016-07-01..2016-12-31", "cal:2016-01-01..2016-06-30"),
        # whole fiscal months go by months, other days by as far into the year, on the same weekdays
        ("4-4-5", "2017-09..2017-10", "2017-07-03..2017-08-27", "2016-08-29..2016-10-30"),
        ("4-4-5", "2017-01-04..2017-01-10", "2016-12-28..2017-01-03", "2016-01-06..2016-01-12"),
        # Apple's 2023 had 53 weeks, so that 2024 stands beside 53
        (
            "last Saturday of September", "2024-Q1..2024-Q4",
            "2022-09-25..2023-09-30", "2022-09-25..2023-09-30",
        ),
    ],
)  # fmt: skip
def test_what_a_span_is_compared_with(calendar: str, text: str, previous: str, last_year: str) -> None:
    period = asked(text, calendar)
    assert (period.previous().key, period.last_year().key) == (previous, last_year)


@given(st.sampled_from(sorted(CALENDARS)), st.dates(date(2000, 1, 1), date(2030, 1, 1)), st.integers(0, 900))
def test_every_span_follows_the_one_before_it_and_reads_itself(name: str, first: date, days: int) -> None:
    span = CALENDARS[name].span(first, first + timedelta(days=days))
    before, year_ago = span.previous(), span.last_year()
    assert before.last + timedelta(days=1) == span.start
    assert resolve_period(span.key, CALENDARS[name], None) == span
    assert 350 <= (span.start - year_ago.start).days <= 378
    if span.whole_months:
        assert len(before.whole_months) == len(year_ago.whole_months) == len(span.whole_months)
    else:
        assert before.days == span.days


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("last quarter", "does not name a period"),
        ("last-0-months", "does not name a period"),
        ("last-3-days", "does not name a period"),
        ("ytd", "does not name a period"),
        ("2013-05-30...2014-05-30", "does not name a period"),
        ("2013-05-30..", "does not name a period"),
        ("..2014-05-30", "does not name a period"),
        ("2013-05-30..2014-05-30..2015-05-30", "does not name a period"),
        ("2013-05-30 to 2014-05-30", "does not name a period"),
        ("30.05.2013..30.05.2014", "does not name a period"),
        ("2017-02-01..2017-02-29", "there is no day 2017-02-29"),
        ("2014-05-30..2013-05-30", "ends on 2013-05-30, before it begins on 2014-05-30"),
        ("2017-Q3..2017-Q2", "ends on 2017-06-30, before it begins on 2017-07-01"),
        ("1500-01-01..2014-05-30", "outside the years 1900 to 2199"),
        ("2500", "outside the years 1900 to 2199"),
    ],
)
def test_what_is_no_period_is_refused(text: str, said: str) -> None:
    with pytest.raises(SalesopsError) as refused:
        asked(text)
    (found,) = refused.value.problems
    assert said in found.message
    assert text.strip() in found.message
    if "does not name a period." in found.message:
        forms = ("2017", "2017-Q3", "2017-09", "cal:2017-Q3", "2013-05-30..2014-05-30", "2016-Q4..2017-Q3",
                 "last-3-months", "last-4-quarters", "year-to-date", "last-complete-", "this-", "previous-",
                 "same-last-year-")  # fmt: skip
        assert all(form in found.fix for form in forms)


def test_a_word_needs_a_last_day_and_a_span_none() -> None:
    assert asked("2017-01-01..2017-01-31", known=None).days == 31
    for word in ("year-to-date", "last-3-months", "this-month"):
        with pytest.raises(SalesopsError, match="the data have none"):
            asked(word, known=None)


def test_figures_stand_beside_those_of_periods_alike_only() -> None:
    kinds = ["2017", "2017-Q3", "cal:2017-Q3", "2017-09", "2017-07-01..2017-09-30", "2017-07-02..2017-09-30"]
    assert len({length_of(key) for key in kinds}) == len(kinds)
    assert length_of("2017-07-01..2017-09-30") == length_of("2017-04-01..2017-06-30")  # 92 and 91 days


def test_a_span_names_a_folder_that_every_system_takes() -> None:
    assert path_facts({"period": "2013-05-30..2014-05-30"})["period"] == "2013-05-30_2014-05-30"
