"""Weekly calendars: a period with a week more than the one beside it says so, and what changed a week."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pandas as pd
import pytest

from salesops_nb import performance
from salesops_nb.core.periods import FiscalCalendar
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


def test_half_a_period_is_compared_by_days_and_names_no_weeks() -> None:
    review = performance.review(
        tables({2016: 10, 2017: 10, 2018: 10}), NRF.period("2017"), as_of=date(2017, 9, 2)
    )
    assert "weeks" not in review.headlines.set_index("key").at["bookings", "sentence"]
