"""The forecast of a period in progress: blind to what is later, adding up, silent where it cannot know."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from salesops_nb.core.periods import FiscalCalendar
from salesops_nb.forecast.deal_lives import NEVER, Changes, Lives
from salesops_nb.forecast.in_progress import forecast
from salesops_nb.forecast.rolling_origin import OURS, Backtest, backtest, day_number, months_of, peers

CALENDAR = FiscalCalendar()
FIRST, LAST = date(2015, 1, 1), date(2017, 12, 31)


def steady(monthly: int = 40, won_of: int = 4, worth: float = 1000.0, days: int = 45) -> Lives:
    """Every month as many deals on its first day, of which one in `won_of` is won after as many days."""
    months = [m.start for m in CALENDAR.between(FIRST, LAST, "month")]
    created = np.repeat([day_number(day) for day in months], monthly)
    won = np.tile(np.arange(monthly) % won_of == 0, len(months))
    closed = created + days
    known = closed <= day_number(LAST)
    return Lives(
        created.astype(np.int64), np.where(known, closed, NEVER).astype(np.int64), won & known,
        np.full(len(created), worth), stood=np.full(len(created), worth),
    )  # fmt: skip


def asked(lives: Lives, day: date, period: str, **more):
    months, _ = months_of(CALENDAR, FIRST, CALENDAR.period(period).last)
    whole = CALENDAR.period(period)
    return forecast(lives, months, day_number(day), day_number(whole.end), day_number(whole.start), **more)


def test_a_company_that_does_the_same_each_month_is_expected_to_do_it_again():
    found = asked(steady(), date(2017, 11, 1), "2017-Q4", today=False)
    # 10 wins of 1,000 a month: those of October are booked in part, and deals of 45 days are won in mid-month
    assert found.booked == 10_000
    low, middle, high = found.quantiles()
    assert middle == pytest.approx(30_000, rel=0.1)
    assert low < middle < high
    # what is won in November was made in October, what is won in December in November: open, and not made yet
    assert found.from_open == pytest.approx(10_000, rel=0.15)
    assert found.from_new == pytest.approx(10_000, rel=0.15)


def test_what_comes_later_changes_nothing():
    lives, day = steady(), date(2017, 5, 1)
    at = day_number(day)
    rng = np.random.default_rng(3)
    later = lives.closed >= at
    other = replace(
        lives,
        closed=np.where(later, np.where(rng.random(len(later)) < 0.5, NEVER, at + 400), lives.closed),
        won=np.where(later, rng.random(len(later)) < 0.9, lives.won),
        value=np.where(later, 77.0, lives.value),
    )
    first, second = (asked(each, day, "2017-Q2", today=False) for each in (lives, other))
    assert np.array_equal(first.made, second.made)
    assert (first.booked, first.open_deals) == (second.booked, second.open_deals)


def test_what_teams_are_expected_to_bring_adds_up_to_what_the_company_is():
    lives, day = steady(), date(2017, 11, 10)
    half = np.arange(len(lives.created)) % 3 == 0
    whole, one, other = (asked(replace(lives, mine=mine), day, "2017-Q4") for mine in (None, half, ~half))
    assert whole.booked == one.booked + other.booked
    assert whole.open_deals == one.open_deals + other.open_deals
    assert whole.from_open == pytest.approx(one.from_open + other.from_open, rel=0.05)
    assert whole.from_new == pytest.approx(one.from_new + other.from_new, rel=0.1)


def test_a_history_that_is_too_short_says_nothing():
    lives = steady()
    assert asked(lives, date(2015, 6, 1), "2015-Q2", today=False) is None
    assert (
        asked(lives, date(2015, 9, 1), "2015", today=False) is None
    )  # so far ahead nothing was followed yet
    assert asked(lives, date(2016, 9, 1), "2016", today=False) is not None


def test_each_month_of_the_quarter_has_its_own_rate():
    lives = steady(monthly=120)
    month = (lives.closed.astype("datetime64[D]").astype("datetime64[M]").astype(int)) % 3
    rush = replace(
        lives, won=lives.won | ((month == 2) & (np.arange(len(month)) % 4 == 1) & (lives.closed < NEVER))
    )
    october = asked(rush, date(2017, 10, 1), "2017-10", today=False)
    december = asked(rush, date(2017, 12, 1), "2017-12", today=False)
    assert december.from_open > 1.5 * october.from_open


def test_a_deal_has_the_stage_and_the_amount_of_the_day():
    stages = Changes.of(np.array([0, 1, 0]), np.array([10, 12, 20]), np.array([0, 1, 2]))
    amounts = Changes.of(np.array([0, 0]), np.array([15, 25]), np.array([100.0, 200.0]))
    deals = np.arange(3)
    closed, won = np.array([30, NEVER, NEVER]), np.array([True, False, False])
    value = np.array([300.0, 50.0, 60.0])
    lives = Lives(np.array([10, 12, 13]), closed, won, value,
                  stages, np.array([300.0, 50.0, np.nan]), amounts)  # fmt: skip
    assert lives.stage_at(deals, 15).tolist() == [0, 1, -1]
    assert lives.stage_at(deals, 21).tolist() == [2, 1, -1]
    # changed on day 15 from 100 to 200: at the start of that day it stood for 100
    assert lives.value_at(deals, 15, today=False)[:2].tolist() == [100.0, 50.0]
    assert lives.value_at(deals, 16, today=False)[0] == 200.0
    assert lives.value_at(deals, 26, today=False)[0] == 300.0
    assert np.isnan(lives.value_at(deals, 26, today=False)[2])
    assert lives.value_at(deals, 26, today=True).tolist() == [300.0, 50.0, 60.0]
    assert lives.open_at(13).tolist() == [0, 1]
    assert not lives.known(30).won[0]


def test_simple_methods_by_hand():
    wins = {date(2017, 7, 10): 7.0, date(2017, 8, 10): 8.0, date(2017, 9, 10): 9.0, date(2017, 10, 5): 1.0}
    days = np.array([day_number(d) for d in wins])
    lives = Lives(days - 30, days, np.ones(4, bool), np.array(list(wins.values())), stood=np.ones(4))
    origin, end = day_number(date(2017, 10, 1)), day_number(date(2018, 1, 1))
    began = day_number(date(2017, 7, 1))
    found = peers(lives.known(origin), CALENDAR, began, origin, end)
    assert found["same month of last quarter"] == 24.0
    assert found["same period last year"] is None
    assert found["run rate"] == pytest.approx((8 + 9 + 7) / 91 * 92)
    # in mid-month only what the same month of last quarter brought from then on
    inside = peers(lives, CALENDAR, began, day_number(date(2017, 10, 21)), end)
    assert inside["same month of last quarter"] == 17.0


def test_a_simple_method_stands_first_where_it_was_nearer_often_enough():
    def judged(n: int, error: float, ours: float) -> str:
        columns = ["method", "n", "wape", "bias", "model_wape", "coverage"]
        rows = [(OURS, n, ours, 0.0, ours, 0.8), ("run rate", n, error, 0.0, ours, None)]
        return Backtest(pd.DataFrame(), pd.DataFrame(rows, columns=columns)).best

    assert judged(6, 0.1, 0.2) == "run rate"
    assert judged(5, 0.1, 0.2) == OURS
    assert judged(6, 0.2, 0.1) == OURS


def test_the_backtest_asks_at_every_month_end_that_is_followed_to_its_end():
    found = backtest(steady(), CALENDAR, "quarter", FIRST + timedelta(days=45), LAST)
    days = found.rows["day"].tolist()
    assert days[-1] == date(2017, 11, 30)
    assert all((day + timedelta(days=1)).day == 1 for day in days)
    assert found.rows["came"].iloc[-1] == 10_000
    table = found.methods.set_index("method")
    assert table.loc[OURS, "wape"] < 0.05
    assert table.loc[OURS, "coverage"] == 1.0


def of_two_kinds(one: Lives, other: Lives) -> Lives:
    """Deals of both as one company."""
    both = {
        name: np.concatenate([getattr(one, name), getattr(other, name)])
        for name in ("created", "closed", "won", "value", "stood")
    }
    kind = np.repeat([0, 1], [len(one.created), len(other.created)])
    return Lives(**both, kind=kind, kinds=("new", "renewal"))


def test_types_of_deals_are_not_pooled_and_add_up():
    """Renewals of 5,000 are all won, of the new deals one in four, of 1,000: each as if it were alone."""
    new, renewal = steady(), steady(monthly=8, won_of=1, worth=5000.0)
    day = date(2017, 11, 1)
    found = asked(of_two_kinds(new, renewal), day, "2017-Q4", today=False)
    parts = {part.kind: part for part in found.parts}
    # of October 10 new deals and 8 renewals are booked, as many of each are open, as many are to be made
    for kind, month in (("new", 10_000), ("renewal", 40_000)):
        assert parts[kind].booked == month
        assert parts[kind].from_open == pytest.approx(month, rel=0.15)
        assert parts[kind].from_new == pytest.approx(month, rel=0.15)
        assert parts[kind].alone
    for name in ("booked", "from_open", "from_new", "open_deals"):
        assert sum(getattr(part, name) for part in found.parts) == getattr(found, name)
    assert found.made.mean() == pytest.approx(found.booked + found.from_open + found.from_new)
    pooled = asked(replace(of_two_kinds(new, renewal), kind=None), day, "2017-Q4", today=False)
    assert len(pooled.parts) == 1  # which would have a renewal won as seldom as the others
    assert pooled.from_open < 0.6 * found.from_open


def test_a_type_of_too_few_months_is_learned_from_all_deals_and_says_so():
    new, young = steady(), steady(monthly=8)
    late = young.created >= day_number(date(2017, 7, 1))
    young = Lives(*(getattr(young, name)[late] for name in ("created", "closed", "won", "value")),
                  stood=young.stood[late])  # fmt: skip
    found = asked(of_two_kinds(new, young), date(2017, 11, 1), "2017-Q4", today=False)
    assert {part.kind: part.alone for part in found.parts} == {"new": True, "renewal": False}
    renewal = found.parts[1]
    assert renewal.booked == 2_000
    # won like the others, one in four: 2 of 8 a month, of those open and of those to be made
    assert renewal.from_open == pytest.approx(2_000, rel=0.25)
    assert renewal.from_new == pytest.approx(2_000, rel=0.25)


def test_a_type_nobody_knew_of_on_the_day_has_no_part():
    new, later = steady(), steady(monthly=8)
    late = later.created >= day_number(date(2017, 11, 1))
    later = Lives(*(getattr(later, name)[late] for name in ("created", "closed", "won", "value")),
                  stood=later.stood[late])  # fmt: skip
    found = asked(of_two_kinds(new, later), date(2017, 11, 1), "2017-Q4", today=False)
    assert [part.kind for part in found.parts] == ["new"]
    assert np.array_equal(found.made, asked(new, date(2017, 11, 1), "2017-Q4", today=False).made)
