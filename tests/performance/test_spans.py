"""Reviews of spans, beside sums that are made here; targets that cover a span, a part of it, or none."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest

from salesops_nb import performance
from salesops_nb.core.periods import FiscalCalendar
from salesops_nb.notebook import performance_review
from salesops_nb.present.language.sentences import translate
from salesops_nb.present.language.translation import use_locale

PLAIN = FiscalCalendar()
WEEKS = FiscalCalendar(10, "4-4-5", year_ends="last")
FIRST, LAST = date(2014, 1, 1), date(2017, 11, 20)


def deals() -> pd.DataFrame:
    """A deal won every third day, each of another amount."""
    days = [FIRST + timedelta(days=at) for at in range(0, (LAST - FIRST).days + 1, 3)]
    rows = [
        (f"D{at}", "A", "Won", "won", Decimal(100 + at), day - timedelta(days=9), day)
        for at, day in enumerate(days)
    ]
    rows.append(("D", "A", "Open", "open", Decimal(1), LAST, None))
    columns = ["deal_id", "owner_id", "stage", "outcome", "amount", "created_on", "closed_on"]
    return pd.DataFrame(rows, columns=columns)


def booked(first: str, last: str) -> Decimal:
    return sum(
        (
            deal.amount
            for deal in deals().itertuples()
            if deal.outcome == "won" and first <= str(deal.closed_on) <= last
        ),
        Decimal(0),
    )


def targets(**values: int) -> pd.DataFrame:
    rows = [("company", "all", "bookings", key, Decimal(value)) for key, value in values.items()]
    return pd.DataFrame(rows, columns=["level", "who", "metric", "period", "value"])


def reviewed(period: str, calendar: FiscalCalendar = PLAIN, **more: Any) -> performance.Review:
    given = more.pop("targets", None)
    tables = {"deals": deals(), **({} if given is None else {"targets": given})}
    return performance.review(tables, period, LAST, calendar=calendar, **more)


@pytest.mark.parametrize(
    ("calendar", "period", "to", "days", "other"),
    [
        (PLAIN, "last-3-months", "previous", ("2017-08-01", "2017-10-31"), ("2017-05-01", "2017-07-31")),
        (PLAIN, "last-3-months", "last-year", ("2017-08-01", "2017-10-31"), ("2016-08-01", "2016-10-31")),
        (PLAIN, "last-4-quarters", "previous", ("2016-10-01", "2017-09-30"), ("2015-10-01", "2016-09-30")),
        (PLAIN, "year-to-date", "last-year", ("2017-01-01", "2017-11-20"), ("2016-01-01", "2016-11-20")),
        (PLAIN, "year-to-date", "previous", ("2017-01-01", "2017-11-20"), ("2016-02-12", "2016-12-31")),
        # a span of more than a year shares its first day with the year before: both count it
        (PLAIN, "2015-05-30..2016-05-30", "last-year", ("2015-05-30", "2016-05-30"),
         ("2014-05-30", "2015-05-30")),
        (PLAIN, "2015-01..2016-12", "last-year", ("2015-01-01", "2016-12-31"), ("2014-01-01", "2015-12-31")),
        (WEEKS, "last-4-quarters", "last-year", ("2016-09-25", "2017-09-30"), ("2015-09-27", "2016-09-24")),
        (WEEKS, "year-to-date", "last-year", ("2017-10-01", "2017-11-20"), ("2016-09-25", "2016-11-14")),
    ],
)  # fmt: skip
def test_both_sums_are_those_of_the_days_that_are_named(
    calendar: FiscalCalendar, period: str, to: Any, days: tuple[str, str], other: tuple[str, str]
) -> None:
    review = reviewed(period, calendar, compare_to=to)
    assert (str(review.period.start), str(review.period.last)) == days
    assert review.company["bookings"] == booked(*days)
    assert review.company["compared_bookings"] == booked(*other)
    said = translate(review.headlines.set_index("key").at["bookings", "said"][0][0])
    for day in other:
        assert f"{date.fromisoformat(day):%b} {int(day[-2:])}, {day[:4]}" in said
    assert review.bridge["amount"].iloc[0] == booked(*other)
    assert review.bridge["amount"].iloc[-1] == booked(*days)


@pytest.mark.parametrize(
    ("calendar", "period", "given", "target", "said"),
    [
        (PLAIN, "last-3-months", {"2017-08": 1, "2017-09": 2, "2017-10": 4}, 7, None),
        (PLAIN, "last-3-months", {"2017-08": 1, "2017-10": 4}, None, "a part of"),
        (PLAIN, "last-3-months", {"2017-Q3": 9, "2017-10": 4}, None, "a part of"),
        (PLAIN, "last-4-months", {"2017-Q3": 9, "2017-10": 4}, 13, None),
        (PLAIN, "last-4-quarters", {"2016-Q4": 1, "2017-Q1": 2, "2017-Q2": 4, "2017-Q3": 8}, 15, None),
        (PLAIN, "last-4-quarters", {"2016": 100, "2017": 200}, None, "a part of"),
        (PLAIN, "2015..2016", {"2015": 100, "2016": 200}, 300, None),
        (PLAIN, "2015..2016", {"2014": 100, "2017": 200}, None, "No target is set"),
        # months before quarters before years, each day once
        (PLAIN, "2016-Q1..2016-Q2", {"2016-01": 1, "2016-02": 1, "2016-03": 1, "2016-Q1": 9, "2016-Q2": 5,
                                     "2016": 50}, 8, None),
        (PLAIN, "year-to-date", {f"2017-{month:02d}": month for month in range(1, 13)}, None, "a part of"),
        (PLAIN, "2017", {"2017-Q1": 1, "2017-Q2": 2}, None, "a part of"),
        (WEEKS, "2017-Q1..2017-Q4", {"2017-Q1": 1, "2017-Q2": 2, "2017-Q3": 4, "2017-Q4": 8}, 15, None),
        (WEEKS, "2016-10-01..2016-12-31", {"2017-Q1": 1}, None, "a part of"),
        (WEEKS, "cal:2016-10..2016-12", {"cal:2016-Q4": 6, "2017-Q1": 1}, 6, None),
        (PLAIN, "last-3-months", {}, None, "No target is set"),
    ],
)  # fmt: skip
def test_targets_count_where_they_are_the_whole_span(
    calendar: FiscalCalendar, period: str, given: dict[str, int], target: int | None, said: str | None
) -> None:
    review = reviewed(period, calendar, targets=targets(**given))
    attainment = review.headlines.set_index("key").loc["attainment"]
    if target is None:
        assert review.company["target"] is None
        assert pd.isna(attainment["value"])
        assert said in attainment["sentence"]
    else:
        assert review.company["target"] == target
        assert attainment["value"] == pytest.approx(float(review.company["bookings"]) / target)


def test_words_count_from_the_day_asked_for() -> None:
    tables = {"deals": deals()}
    review = performance.review(tables, "last-2-months", date(2016, 3, 31))
    assert review.period.key == "2016-02-01..2016-03-31"
    assert performance.review(tables, "last-2-months").period.key == "2017-09-01..2017-10-31"


@pytest.mark.parametrize(
    ("locale", "words"),
    [
        ("en_US", ["Jan 5, 2017 to Mar 18, 2017", "Jan 5, 2016 to Mar 18, 2016"]),
        ("ro_RO", ["5 ian. 2017 – 18 mar. 2017", "5 ian. 2016 – 18 mar. 2016"]),
    ],
)
def test_the_bridge_says_the_days_of_a_span_as_the_reader_writes_them(
    locale: str, words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: dict[str, Any] = {}
    monkeypatch.setattr(performance_review.present, "waterfall", lambda steps, **given: drawn.update(given))
    use_locale(locale)
    try:
        performance_review.bridge(reviewed("2017-01-05..2017-03-18", compare_to="last-year"))
    finally:
        use_locale("en_US")
    assert [drawn["closing"], drawn["opening"]] == words
    assert all(each in drawn["subtitle"] for each in words)


def test_the_bridge_of_a_quarter_and_to_the_target_are_called_as_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drawn: list[tuple[str, str]] = []
    monkeypatch.setattr(
        performance_review.present,
        "waterfall",
        lambda steps, opening, closing, **given: drawn.append((opening, closing)),
    )
    performance_review.bridge(reviewed("2017-Q3"))
    aims = targets(**{"2017-Q3": 5000})
    performance_review.bridge(reviewed("2017-Q3", compare_to="target", targets=aims))
    assert drawn == [("2017-Q2", "2017-Q3"), ("Target", "2017-Q3")]


def test_as_much_as_before_is_not_more() -> None:
    """Three deals of 100 in each quarter."""
    days = [date(2017, m, 5) for m in range(1, 7)]
    rows = [(f"D{i}", "A", "Won", "won", Decimal(100), day, day) for i, day in enumerate(days)]
    columns = ["deal_id", "owner_id", "stage", "outcome", "amount", "created_on", "closed_on"]
    found = performance.review({"deals": pd.DataFrame(rows, columns=columns)}, "2017-Q2", date(2017, 6, 30))
    said = found.headlines.set_index("key").at["bookings", "sentence"]
    assert said == "That is about as much as in 2017-Q1."
