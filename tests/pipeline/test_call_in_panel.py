"""The call as the review's panel gives it: kept for the quarter shown, or refused beside its control."""

import copy
from datetime import date
from decimal import Decimal

import pytest
from histories import empty_store

from salesops_nb import performance
from salesops_nb.errors import SalesopsError
from salesops_nb.notebook.calls_shown import give_call, rolled_up
from salesops_nb.notebook.performance_review import PerformanceReview
from salesops_nb.store.forecast_calls import Call, calls_made

WHO = "Darcel Schlecht"


@pytest.fixture
def book(demo):
    """The demo with a store of its own, in which nothing is."""
    made = copy.copy(demo)
    made.__dict__["store"] = empty_store()
    yield made
    made.store.dispose()


def give(book, period="2017-Q4", day=date(2017, 11, 20), **call):
    review = performance.review(book.tables, period, day, calendar=book.calendar)
    give_call(book, review, PerformanceReview(**{f"call_{name}": value for name, value in call.items()}))
    return review


def test_a_named_call_is_kept_for_the_quarter_as_of_the_day(book):
    review = give(book, by=WHO, commit=350_000.25, best_case=400_000, reason="two large ones are signed")
    who = calls_made(book.store)[0].person_id
    said = Call(who, "2017-Q4", date(2017, 11, 20), Decimal("350000.25"), Decimal(400_000),
                "two large ones are signed")  # fmt: skip
    assert calls_made(book.store) == [said]
    rolled, period = rolled_up(book, review)
    assert period.key == "2017-Q4"
    assert rolled.set_index("name").at[WHO, "commit"] == Decimal("350000.25")
    give(book, by=WHO, commit=350_000.25, best_case=400_000, reason="two large ones are signed")
    assert len(calls_made(book.store)) == 1, "the same call twice is kept once"
    give(book, period="2017-12", day=date(2017, 12, 5), by=WHO, commit=1, best_case=2, reason="now less")
    assert calls_made(book.store)[-1].period == "2017-Q4", "a month is called as a part of its quarter"


def test_without_a_name_nothing_is_kept(book):
    give(book, commit=350_000, best_case=400_000, reason="who says?")
    assert calls_made(book.store) == []


@pytest.mark.parametrize(
    ("call", "wrong"),
    [
        ({}, {"call_commit", "call_best_case", "call_reason"}),
        ({"commit": 10, "best_case": 9, "reason": "less"}, {"call_best_case"}),
        ({"commit": 10, "best_case": 10, "reason": "ok", "by": "Nobody"}, {"call_by"}),
    ],
)
def test_what_is_wrong_is_said_beside_its_control_and_nothing_is_kept(book, call, wrong):
    with pytest.raises(SalesopsError) as error:
        give(book, **{"by": WHO, **call})
    assert {each.column for each in error.value.problems} == wrong
    assert wrong <= set(PerformanceReview.approval)
    assert calls_made(book.store) == []
