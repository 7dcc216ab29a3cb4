"""The pipeline's movement reconciles exactly, whatever happened, and says what is behind each step."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from histories import FIRST, LAST, PEOPLE, Deal, State, days, deals, empty_store, exported
from hypothesis import given, settings
from hypothesis import strategies as st

from salesops_nb import pipeline
from salesops_nb.core.periods import FiscalCalendar
from salesops_nb.errors import SalesopsError

CALENDAR = FiscalCalendar()
DAY_1, DAY_2 = date(2026, 2, 2), date(2026, 2, 9)


def kept(store, found, *when):
    """Keep each day from the data of that very day."""
    for day in when:
        assert pipeline.keep_day(store, exported(found, day), day, currency="EUR").origin == "data"


def movement(store, tables, first, second, *scope):
    return pipeline.between(store, tables, first, second).moved(*scope)


def worth(found, day, period, level, who):
    """What was open on the day, by the definition."""
    total, count = Decimal(0), 0
    for deal in found:
        state = deal.on(day)
        if state is None or state.outcome != "open":
            continue
        close = state.expected_close_on
        due = period is None or (close is not None and period.start <= close < period.end)
        own = {"company": True, "team": PEOPLE[state.owner_id] == who, "rep": state.owner_id == who}[level]
        if due and own:
            total, count = total + (state.amount or 0), count + 1
    return total, count


scopes = st.sampled_from([("company", None), ("team", "North"), ("team", "South"), ("rep", "ana")])
periods = st.sampled_from([None, "2026-Q1", "2026-Q2", "2026-02", "2025-Q4"])


@settings(max_examples=40)
@given(
    deals(reopened=True, vanishing=True), st.sets(days, min_size=2, max_size=4), periods, scopes, st.data()
)
def test_any_two_days_reconcile_exactly(found, when, key, scope, data):
    when = sorted({max(day, found[0].created_on) for day in when} | {LAST})
    here = [day for day in when if len(exported(found, day)["deals"])]
    if len(here) < 2:
        return
    store = empty_store()
    kept(store, found, *here)
    first, second = sorted(data.draw(st.permutations(here))[:2])
    period = CALENDAR.period(key) if key else None
    moved = movement(store, exported(found, LAST), first, second, period, *scope)
    assert (moved.opening, moved.deals_before) == worth(found, first, period, *scope)
    assert (moved.closing, moved.deals_after) == worth(found, second, period, *scope)
    assert moved.opening + sum(moved.steps["amount"], Decimal(0)) == moved.closing
    for step, count, amount in moved.steps.itertuples(index=False):
        behind = moved.deals[moved.deals["step"] == step]
        assert (len(behind), sum(behind["amount"], Decimal(0))) == (count, amount)
    gone = set(moved.deals.loc[moved.deals["step"] == "Gone from the data", "deal_id"])
    assert gone <= {deal.deal_id for deal in found if deal.on(LAST) is None or len(deal.states) > 2}
    store.dispose()


@settings(max_examples=15)
@given(deals(), days, days)
def test_what_was_won_is_what_was_booked_in_between(found, one, two):
    first, second = min(one, two), max(one, two)
    if first == second or not all(len(exported(found, day)["deals"]) for day in (first, second)):
        return
    store = empty_store()
    kept(store, found, first, second)
    moved = movement(store, exported(found, LAST), first, second)
    booked = [
        state.amount
        for deal in found
        if (state := deal.on(second)) is not None and state.outcome == "won" and state.closed_on > first
    ]
    told = moved.deals.loc[moved.deals["step"] == "Won", "amount"]
    assert sum(told, Decimal(0)) == -sum(booked, Decimal(0))
    store.dispose()


def deal(key, *states):
    """A deal with a state from each day on, the first its creation."""
    return Deal(key, states[0][0], dict(states))


OPEN = State("Talk", "ana", Decimal(100), date(2026, 3, 10))
BEFORE, WITHIN = date(2026, 1, 10), date(2026, 2, 5)
END = deal("last", (LAST, State("Talk", "ana", None, None)))
Q1 = CALENDAR.period("2026-Q1")


@pytest.mark.parametrize(
    ("step", "amount", "then", "now"),
    [
        ("Created", 100, None, OPEN),
        ("Pulled in", 100, replace(OPEN, expected_close_on=date(2026, 5, 1)), OPEN),
        ("Pulled in", 100, replace(OPEN, expected_close_on=None), OPEN),
        ("Slipped in", 100, replace(OPEN, expected_close_on=date(2025, 12, 31)), OPEN),
        ("Pushed out", -100, OPEN, replace(OPEN, expected_close_on=date(2026, 4, 1))),
        ("Pushed out", -100, OPEN, replace(OPEN, expected_close_on=None)),
        ("Brought forward", -100, OPEN, replace(OPEN, expected_close_on=date(2025, 12, 31))),
        ("Amount changed", 20, OPEN, replace(OPEN, amount=Decimal(120))),
        ("Taken over", 100, replace(OPEN, owner_id="cho"), OPEN),
        ("Handed over", -100, OPEN, replace(OPEN, owner_id="cho")),
        ("Lost", -100, OPEN, replace(OPEN, outcome="lost", closed_on=WITHIN, amount=Decimal(0))),
    ],
)
def test_each_step_in_a_period_of_a_team(step, amount, then, now):
    states = [(BEFORE, then), (WITHIN, now)] if then else [(WITHIN, now)]
    found = [deal("D1", *states), deal("D2", (BEFORE, OPEN))]
    store = empty_store()
    kept(store, found, DAY_1, DAY_2)
    moved = movement(store, exported([*found, END], LAST), DAY_1, DAY_2, Q1, "team", "North")
    assert moved.steps[["step", "deals", "amount"]].values.tolist() == [[step, 1, Decimal(amount)]]
    assert moved.deals["name"].tolist() == ["Deal D1"]
    store.dispose()


def test_won_at_another_amount_and_owner_changes():
    won = replace(OPEN, outcome="won", closed_on=WITHIN, amount=Decimal(90))
    found = [deal("D1", (BEFORE, OPEN), (WITHIN, won)),
             deal("D2", (BEFORE, OPEN), (WITHIN, replace(OPEN, owner_id="cho")))]  # fmt: skip
    store = empty_store()
    kept(store, found, DAY_1, DAY_2)
    moved = movement(store, exported([*found, END], LAST), DAY_1, DAY_2)
    assert dict(zip(moved.steps["step"], moved.steps["amount"], strict=True)) == {
        "Amount changed": Decimal(-10),
        "Won": Decimal(-90),
    }
    assert moved.owners[["name", "owner_before", "owner_after", "team_after"]].values.tolist() == [
        ["Deal D2", "Ana", "Cho", "South"]
    ]
    store.dispose()


def test_a_closing_that_was_dated_back_is_a_closing():
    back = replace(OPEN, outcome="won", closed_on=date(2026, 1, 30))
    found = [deal("D1", (BEFORE, OPEN), (WITHIN, back)), deal("D2", (BEFORE, OPEN))]
    store = empty_store()
    kept(store, found, DAY_1, DAY_2)
    assert movement(store, exported(found, DAY_2), DAY_1, DAY_2).steps["step"].tolist() == ["Won"]
    store.dispose()


def test_reopened_late_and_vanished_deals_are_said():
    lost = replace(OPEN, outcome="lost", closed_on=date(2026, 1, 20))
    again = deal("again", (BEFORE, OPEN), (date(2026, 1, 20), lost), (WITHIN, OPEN))
    late = deal("late", (WITHIN, OPEN))
    gone = deal("gone", (BEFORE, OPEN))
    gone.gone_on, late.created_on = WITHIN, BEFORE
    found = [again, late, gone, deal("D2", (BEFORE, OPEN))]
    store = empty_store()
    kept(store, found, DAY_1, DAY_2)
    moved = movement(store, exported([*found, END], LAST), DAY_1, DAY_2)
    steps = dict(zip(moved.deals["step"], moved.deals["deal_id"], strict=True))
    assert steps == {"Open again": "again", "Entered late": "late", "Gone from the data": "gone"}
    assert [note.message for note in moved.notes] == [
        "1 deal open on 2026-02-02 is no longer in the data, or closed on a day that they no longer tell."
    ]
    store.dispose()


def test_a_deal_that_was_won_and_opened_again_later_stays_won_in_the_week_it_was_won():
    won = replace(OPEN, outcome="won", closed_on=WITHIN)
    found = [deal("D1", (BEFORE, OPEN), (WITHIN, won), (date(2026, 3, 1), OPEN)), deal("D2", (BEFORE, OPEN))]
    store = empty_store()
    kept(store, found, DAY_1, DAY_2)
    moved = movement(store, exported([*found, END], LAST), DAY_1, DAY_2)
    assert moved.steps["step"].tolist() == ["Won"]
    store.dispose()


def test_days_that_cannot_be_compared_are_said():
    store, found = empty_store(), [deal("D1", (FIRST, OPEN))]
    tables = exported(found, DAY_2)
    kept(store, found, DAY_1)
    with pytest.raises(SalesopsError, match="No deals are kept of 2026-02-09; kept are: 2026-02-02"):
        movement(store, tables, DAY_1, DAY_2)
    with pytest.raises(SalesopsError, match="does not come before"):
        movement(store, tables, DAY_2, DAY_1)
    pipeline.keep_day(store, tables, DAY_2, currency="USD")
    with pytest.raises(SalesopsError, match="kept in EUR, those of 2026-02-09 in USD"):
        movement(store, tables, DAY_1, DAY_2)
    store.dispose()
