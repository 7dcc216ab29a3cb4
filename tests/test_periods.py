import itertools
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesops_nb.core.periods import FiscalCalendar
from salesops_nb.core.periods.forms import resolve_period
from salesops_nb.errors import SalesopsError

CALENDARS = {
    "calendar": FiscalCalendar(),
    "april": FiscalCalendar(start_month=4),
    "february, by start": FiscalCalendar(start_month=2, named_after="start"),
    "retail 4-5-4": FiscalCalendar(start_month=2, pattern="4-5-4", named_after="start"),
    "4-4-5 monday": FiscalCalendar(pattern="4-4-5", week_start="monday"),
    "last Saturday of September": FiscalCalendar(10, "5-4-4", year_ends="last", extra_week_in="Q1"),
    "last Saturday of July": FiscalCalendar(8, "4-4-5", year_ends="last", extra_week_in="Q3"),
}


@pytest.mark.parametrize(
    ("calendar", "key", "start", "last"),
    [
        ("calendar", "2017-Q3", date(2017, 7, 1), date(2017, 9, 30)),
        ("calendar", "2017-09", date(2017, 9, 1), date(2017, 9, 30)),
        ("calendar", "2017", date(2017, 1, 1), date(2017, 12, 31)),
        ("april", "2018-Q1", date(2017, 4, 1), date(2017, 6, 30)),
        ("april", "2018-12", date(2018, 3, 1), date(2018, 3, 31)),
        ("april", "cal:2018-Q1", date(2018, 1, 1), date(2018, 3, 31)),
        ("february, by start", "2017-12", date(2018, 1, 1), date(2018, 1, 31)),
        # the National Retail Federation's published calendar: 2017 had 53 weeks
        ("retail 4-5-4", "2017", date(2017, 1, 29), date(2018, 2, 3)),
        ("retail 4-5-4", "2018", date(2018, 2, 4), date(2019, 2, 2)),
        ("retail 4-5-4", "2018-Q1", date(2018, 2, 4), date(2018, 5, 5)),
        ("retail 4-5-4", "2017-Q4", date(2017, 10, 29), date(2018, 2, 3)),
        ("4-4-5 monday", "2018-01", date(2018, 1, 1), date(2018, 1, 28)),
        # Apple's annual reports: 2022 ended on 24 September, 2023 (53 weeks) on the 30th, 2024 on the 28th
        ("last Saturday of September", "2022", date(2021, 9, 26), date(2022, 9, 24)),
        ("last Saturday of September", "2023", date(2022, 9, 25), date(2023, 9, 30)),
        ("last Saturday of September", "2024", date(2023, 10, 1), date(2024, 9, 28)),
        # its December quarters of fourteen weeks, and the quarter after one
        ("last Saturday of September", "2017-Q1", date(2016, 9, 25), date(2016, 12, 31)),
        ("last Saturday of September", "2023-Q1", date(2022, 9, 25), date(2022, 12, 31)),
        ("last Saturday of September", "2023-Q2", date(2023, 1, 1), date(2023, 4, 1)),
        # Cisco's: fiscal 2021 had 53 weeks, of which the third quarter had fourteen; 2022 to 2024 have 52
        ("last Saturday of July", "2021", date(2020, 7, 26), date(2021, 7, 31)),
        ("last Saturday of July", "2021-Q3", date(2021, 1, 24), date(2021, 5, 1)),
        ("last Saturday of July", "2021-Q4", date(2021, 5, 2), date(2021, 7, 31)),
        ("last Saturday of July", "2022", date(2021, 8, 1), date(2022, 7, 30)),
        ("last Saturday of July", "2023", date(2022, 7, 31), date(2023, 7, 29)),
        ("last Saturday of July", "2024", date(2023, 7, 30), date(2024, 7, 27)),
    ],
)
def test_period(calendar, key, start, last):
    period = CALENDARS[calendar].period(key)
    assert (period.start, period.last) == (start, last)


@given(st.sampled_from(sorted(CALENDARS)), st.integers(1950, 2150), st.sampled_from(["quarter", "month"]))
def test_parts_fill_the_year_without_gap_or_overlap(name, year, kind):
    calendar = CALENDARS[name]
    whole = calendar.period(f"{year}")
    parts = list(calendar.between(whole.start, whole.end, kind))
    assert len(parts) == {"quarter": 4, "month": 12}[kind]
    assert parts[0].start == whole.start
    assert parts[-1].end == whole.end
    assert all(a.end == b.start for a, b in itertools.pairwise(parts))
    assert all(calendar.period(part.key) == part for part in parts)


@pytest.mark.parametrize(
    ("calendar", "key", "other", "weeks"),
    [
        ("retail 4-5-4", "2017", "2016", ["2018-01-28..2018-02-03"]),
        ("retail 4-5-4", "2017-Q4", "2017-Q3", ["2018-01-28..2018-02-03"]),
        ("retail 4-5-4", "2017", "2018", ["2018-01-28..2018-02-03"]),
        ("retail 4-5-4", "2018", "2017", []),
        ("retail 4-5-4", "2018-Q2", "2018-Q1", []),
        ("retail 4-5-4", "2017-02", "2017-01", ["2017-03-26..2017-04-01"]),
        ("retail 4-5-4", "2017-02", "2016-02", []),
        ("last Saturday of September", "2017", "2016", ["2016-12-25..2016-12-31"]),
        ("last Saturday of September", "2023", "2022", ["2022-12-25..2022-12-31"]),
        ("last Saturday of September", "2023-Q1", "2022-Q1", ["2022-12-25..2022-12-31"]),
        ("last Saturday of July", "2021", "2020", ["2021-04-25..2021-05-01"]),
        # months of 4 and 6 weeks against 4 and 4; days that are no months against fewer
        ("last Saturday of September", "2023-02..2023-03", "2022-02..2022-03", ["2022-12-25..2022-12-31"]),
        ("4-4-5 monday", "2018-01-03..2018-01-16", "2018-01-20..2018-01-26", ["2018-01-10..2018-01-16"]),
        ("calendar", "2018-02", "2017-12", []),
    ],
)
def test_the_weeks_that_a_period_has_more_than_another(calendar, key, other, weeks):
    one, two = (resolve_period(text, CALENDARS[calendar], None) for text in (key, other))
    assert [week.key for week in one.weeks_more_than(two)] == weeks


@given(
    st.sampled_from(sorted(CALENDARS)),
    st.integers(1950, 2150),
    st.sampled_from(["", "-Q1", "-Q2", "-Q3", "-Q4", "-02", "-12"]),
)
def test_one_of_two_periods_has_the_weeks_that_the_other_lacks(name, year, part):
    here = CALENDARS[name].period(f"{year}{part}")
    for other in (here.previous(), here.last_year()):
        more, fewer = here.weeks_more_than(other), other.weeks_more_than(here)
        assert not (more and fewer)
        assert all(week.start in here and week.last in here for week in more)
        if CALENDARS[name].pattern != "months":
            assert 7 * (len(more) - len(fewer)) == here.days - other.days


@given(st.sampled_from(sorted(CALENDARS)), st.dates(date(1950, 1, 1), date(2150, 1, 1)))
def test_every_day_lies_in_one_period_of_each_kind(name, day):
    for kind in ("year", "quarter", "month"):
        period = CALENDARS[name].containing(day, kind)
        assert day in period
        assert period.previous().end == period.start
        assert period.next().start == period.end
        assert period.last_year().next().kind == kind


@pytest.mark.parametrize("key", ["2017-Q5", "2017-13", "Q3 2017", "17-Q3", "2017-q3", "", "last quarter"])
def test_a_key_that_names_no_period_is_refused_with_the_forms_allowed(key):
    with pytest.raises(SalesopsError, match=r"does not name a period.*2017-Q3"):
        FiscalCalendar().period(key)
