"""Weekly calendars: a period with a week more than the one beside it says so, and what changed a week."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest

from salesops_nb import performance
from salesops_nb.core.periods import FiscalCalendar, months_later
from salesops_nb.core.periods.forms import resolve_period
from salesops_nb.performance.scope import change_a_week, compared
from salesops_nb.present.language.sentences import translate
from salesops_nb.present.language.translation import use_locale

NRF = FiscalCalendar(2, "4-5-4", named_after="start")  # 2017 has 53 weeks, 2018 has 52

FIFTY_THIRD = "2018-01-28 to 2018-02-03"


def tables(growth: dict[int, int]) -> dict[str, pd.DataFrame]:
    """A deal won each Sunday of three years, its amount by the fiscal year it lies in."""
    rows = []
    day = NRF.period("2016").start
    while day < NRF.period("2018").end:
        year = int(NRF.containing(day, "year").key)
        rows.append((f"D{len(rows)}", "A", "Won", "won", Decimal(growth[year]), day, day))
        day += timedelta(weeks=1)
    columns = ["deal_id", "owner_id", "stage", "outcome", "amount", "created_on", "closed_on"]
    return {"deals": pd.DataFrame(rows, columns=columns)}


@pytest.mark.parametrize(
    ("period", "growth", "words"),
    [
        ("2017", {2016: 10, 2017: 10, 2018: 10}, "It has 53 weeks against 52: as much a week."),
        ("2018", {2016: 10, 2017: 10, 2018: 10}, "It has 52 weeks against 53: as much a week."),
        ("2017", {2016: 10, 2017: 11, 2018: 10}, "53 weeks against 52: {percent:0.1} more a week."),
        ("2018", {2016: 10, 2017: 10, 2018: 9}, "52 weeks against 53: {percent:0.1} less a week."),
        ("2017-02", {2016: 10, 2017: 10, 2018: 10}, "It has 5 weeks against 4: as much a week."),
        ("2017", {2016: 10, 2017: 11, 2018: 10}, f"The week of {FIFTY_THIRD} is extra."),
        ("2018", {2016: 10, 2017: 11, 2018: 10}, f"The week of {FIFTY_THIRD} is extra."),
        ("2017-02", {2016: 10, 2017: 10, 2018: 10}, "The week of 2017-03-26 to 2017-04-01 is extra."),
        ("2018-Q2", {2016: 10, 2017: 10, 2018: 10}, None),
    ],
)
def test_an_extra_week_is_named(period: str, growth: dict[int, int], words: str | None) -> None:
    end = NRF.period(period).last
    review = performance.review(tables(growth), NRF.period(period), as_of=end)
    sentence = review.headlines.set_index("key").at["bookings", "sentence"]
    assert (words in sentence) if words else ("weeks" not in sentence), sentence


def test_the_extra_week_is_written_in_the_language_of_the_reader() -> None:
    year = NRF.period("2017")
    review = performance.review(tables({2016: 10, 2017: 10, 2018: 10}), year, as_of=year.last)
    extra = review.headlines.set_index("key").at["bookings", "said"][0][-1]
    use_locale("ro_RO")
    try:
        assert translate(extra) == "Săptămâna 28 ian. 2018 – 3 feb. 2018 este în plus."
    finally:
        use_locale("en_US")


def test_half_a_period_is_compared_with_as_many_weeks_and_names_none_as_extra() -> None:
    review = performance.review(
        tables({2016: 10, 2017: 11, 2018: 10}), NRF.period("2017"), as_of=date(2017, 9, 2)
    )
    said = review.headlines.set_index("key").at["bookings", "sentence"]
    assert said.endswith("That is {percent:0.1} more than in the first 31 weeks of 2016.")


def test_in_the_midst_of_the_extra_week_its_days_are_named() -> None:
    review = performance.review(
        tables({2016: 10, 2017: 10, 2018: 10}), NRF.period("2017"), as_of=date(2018, 1, 31)
    )
    said = review.headlines.set_index("key").at["bookings", "sentence"]
    assert "It has 368 days so far against 364" in said
    assert said.endswith("2018-01-28 to 2018-01-31 are of an extra week.")


PLAIN = FiscalCalendar()
FIRST_QUARTER = FiscalCalendar(2, "4-5-4", named_after="start", extra_week_in="Q1")
LAST = FiscalCalendar(10, "4-4-5", year_ends="last")
FORMS = (
    "{year}", "{year}-Q1", "{year}-Q4", "{year}-02", "{year}-12", "{year}-01..{year}-05",
    "{year}-Q1..{year}-Q3", "this-week", "this-month", "this-quarter", "this-year",
    "last-complete-week", "last-complete-quarter",
    "last-3-months", "last-2-quarters", "last-6-weeks", "year-to-date", "2017-03-08..2017-10-19",
)  # fmt: skip


@pytest.mark.parametrize("to", ["previous", "last-year"])
@pytest.mark.parametrize("calendar", [PLAIN, NRF, FIRST_QUARTER, LAST], ids=["plain", "nrf", "first", "last"])
@pytest.mark.parametrize("day", [date(2017, 7, 1), date(2018, 1, 31), date(2018, 2, 3)], ids=str)
def test_a_period_in_progress_stands_beside_as_much_of_the_other(
    calendar: FiscalCalendar, to: Any, day: date
) -> None:
    """Each day sold 1, so that sums are days and nothing changed a week, whatever is asked for."""
    year = calendar.containing(day, "year").key
    for form in FORMS:
        period = resolve_period(form.format(year=year), calendar, day)
        if period.start > day:
            continue
        comparison = compared(period, to, day, date(2010, 1, 1), partial=False)
        other, beside = period.previous() if to == "previous" else period.last_year(), comparison.days
        elapsed = (min(day, period.last) - period.start).days + 1
        assert beside is not None
        assert beside.start == other.start, form
        if period.last <= day:
            assert beside.end == other.end, form  # whole beside whole
        elif to == "last-year" and calendar is PLAIN:
            assert beside.last == months_later(day, -12), form  # the same date
        else:
            ends = calendar.containing(day, "month")
            month = ends.last_year().last if to == "last-year" and ends.last == day else None
            # as many days, or as many months
            assert beside.days == min(elapsed, other.days) or beside.last == month, form
        said = " ".join(change_a_week(period, comparison, day, Decimal(elapsed), Decimal(beside.days)))
        differs = calendar is not PLAIN and beside.days != elapsed
        assert ("as much a week" in said) == differs, (form, said)
        assert ("extra" in said) == differs, (form, said)
