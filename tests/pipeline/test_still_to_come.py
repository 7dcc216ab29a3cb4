"""A review of a period in progress says where it will end, and by what."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from salesops_nb import facts, open_workbook, performance, process
from salesops_nb.core.frames import collected
from salesops_nb.forecast.deal_lives import NEVER
from salesops_nb.forecast.rolling_origin import OURS, day_number, judged
from salesops_nb.notebook import still_to_come
from salesops_nb.pipeline.lives import lives_of

DAY = date(2017, 11, 15)


@pytest.fixture(scope="module")
def workbook():
    return open_workbook(".")


def test_lives_are_the_deals_that_facts_tell_of(workbook):
    lives = lives_of(workbook.tables, DAY)
    there = collected(facts.open_deals(workbook.tables, DAY).select("deal_id", "value"))
    assert (lives.closed == NEVER).sum() == len(there)
    assert lives.value[lives.closed == NEVER].sum() == pytest.approx(float(there["value"].sum()))
    won = collected(facts.closed_deals(workbook.tables, DAY).select("outcome", "value"))
    assert lives.value[lives.won].sum() == float(won.loc[won["outcome"] == "won", "value"].sum())
    assert lives.closed[lives.closed < NEVER].max() <= day_number(DAY)
    team = lives_of(workbook.tables, DAY, "team", "Cara Losch")
    mine = facts.in_scope(facts.open_deals(workbook.tables, DAY), workbook.tables, "team", "Cara Losch")
    assert (team.mine & (team.closed == NEVER)).sum() == len(collected(mine.select("deal_id")))


@pytest.mark.parametrize(
    ("level", "who"), [("company", None), ("team", "Cara Losch"), ("rep", "Corliss Cosme")]
)
def test_it_begins_with_what_is_booked_and_says_what_it_is_made_of(workbook, level, who):
    review = performance.review(workbook.tables, "2017-Q4", DAY, level, who, calendar=workbook.calendar)
    found = still_to_come.outlook(workbook, review)
    assert found.made.booked == float(review.company["bookings"])
    assert found.made.made.min() >= found.made.booked
    parts = found.made.booked + found.made.from_open + found.made.from_new
    assert found.made.made.mean() == pytest.approx(parts)
    said = str(still_to_come.said(found, review))
    assert said.startswith("2017-Q4 is likely to end at about $")
    assert "The chance of the target of " in said


@pytest.fixture(scope="module")
def otherwise_ordered(workbook):
    """The same data with every table's rows in another order, as a parallel query may give them."""
    frames = {name: collected(frame) for name, frame in workbook.tables.items()}
    return {name: frame.sample(frac=1, random_state=3) for name, frame in frames.items()}


def test_equal_rows_in_another_order_give_equal_draws(workbook, otherwise_ordered):
    day = date(2017, 11, 30)  # with drawn deals: a draw by the order of rows would show in the last digits
    one, other = (lives_of(tables, day) for tables in (workbook.tables, otherwise_ordered))
    for name in ("created", "closed", "won", "value"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    for of in ("deal", "day", "value"):
        np.testing.assert_array_equal(getattr(one.stages, of), getattr(other.stages, of))


def test_a_process_review_does_not_hang_on_the_order_of_rows(workbook, otherwise_ordered):
    one, other = (
        process.review(tables, workbook.period("2017-Q3"), stages=workbook.stages)
        for tables in (workbook.tables, otherwise_ordered)
    )
    pd.testing.assert_frame_equal(one.bottlenecks, other.bottlenecks)


def test_a_method_that_was_nearer_is_shown_first(workbook):
    review = performance.review(workbook.tables, "2017-12", date(2017, 12, 10), calendar=workbook.calendar)
    found = still_to_come.outlook(workbook, review)
    table = found.tested.methods.set_index("method")
    assert found.tested.best == "same month of last quarter"
    assert table.loc[found.tested.best, "wape"] < table.loc[OURS, "wape"]
    said = str(still_to_come.said(found, review))
    assert "a simple method (Same month of last quarter)" in said
    assert "The chance of the target" not in said


def test_a_period_that_is_over_has_no_forecast(workbook):
    review = performance.review(workbook.tables, "2017-Q3", calendar=workbook.calendar)
    assert still_to_come.outlook(workbook, review) is None


def test_amounts_of_the_day_come_from_the_log_and_are_else_unknown():
    day = pd.Timestamp("2017-01-02")
    deals = pd.DataFrame({
        "deal_id": ["a", "b", "c"], "owner_id": "p", "stage": ["Won", "Open", "Lost"],
        "outcome": ["won", "open", "lost"], "amount": [300.0, 50.0, 20.0],
        "created_on": [day.date()] * 3, "closed_on": [date(2017, 3, 1), None, date(2017, 2, 1)],
    })  # fmt: skip
    changes = pd.DataFrame({
        "deal_id": ["a", "a", "b", "b"],
        "changed_at": pd.to_datetime(["2017-02-01", "2017-03-01", "2017-02-01", "2017-04-01"]),
        "field": "amount", "old": ["100", "200", "n/a", "40"], "new": ["200", "300", "40", "50"],
    })  # fmt: skip
    logged = lives_of({"deals": deals, "deal_changes": changes}, date(2017, 3, 31))
    order = np.argsort(-logged.value)  # 300, 50 (the change of April is not known yet: 40), 20
    at = day_number(date(2017, 2, 15))
    stood = logged.value_at(order, at, today=False)
    assert stood[0] == 200.0
    assert logged.value_at(order, day_number(date(2017, 1, 15)), today=False)[0] == 100.0
    assert np.isnan(logged.value_at(order, day_number(date(2017, 1, 15)), today=False)[1])
    unlogged = lives_of({"deals": deals}, date(2017, 3, 31))
    assert np.isnan(unlogged.value_at(np.arange(3), at, today=False)).all()


def test_the_backtest_tells_how_far_each_method_missed():
    """Off by 10 up, 20 down and 20 up of 400 that came; the other, asked twice, by 30 up and 40 down."""
    rows = pd.DataFrame(
        {"day": [1, 2, 3], "period": "Q", "came": [100.0, 200.0, 100.0], "p10": [90.0, 190.0, 100.0],
         "p90": [110.0, 195.0, 130.0], OURS: [110.0, 180.0, 120.0], "run rate": [130.0, 160.0, None]}
    )  # fmt: skip
    table = judged(rows).set_index("method")
    ours, other = table.loc[OURS], table.loc["run rate"]
    assert (ours["n"], other["n"]) == (3, 2)
    assert ours["mad"] == pytest.approx(50 / 3)
    assert ours["rmse"] == pytest.approx(np.sqrt(900 / 3))
    assert ours["signal"] == pytest.approx(-10 / (50 / 3))  # 10 too high in all
    assert ours["bias"] == pytest.approx(10 / 400)
    assert ours["coverage"] == pytest.approx(2 / 3)
    assert (other["mad"], other["rmse"], other["signal"]) == pytest.approx((35, np.sqrt(1250), 10 / 35))
    assert other["model_wape"] == pytest.approx(30 / 300)


def test_types_of_deals_stand_apart_and_sum_to_the_forecast(workbook, capsys):
    review = performance.review(workbook.tables, "2017-Q4", DAY, calendar=workbook.calendar)
    made = still_to_come.outlook(workbook, review).made
    assert [part.kind for part in made.parts] == ["expansion", "new", "renewal"]
    assert sum(part.booked for part in made.parts) == float(review.company["bookings"])
    booked = review.types["bookings"].astype(float).to_dict()
    assert {part.kind: part.booked for part in made.parts} == pytest.approx(booked)
    assert sum(part.from_open + part.from_new for part in made.parts) == pytest.approx(
        made.from_open + made.from_new
    )
    still_to_come.still_to_come(workbook, review, still_to_come.outlook(workbook, review))
    said = capsys.readouterr().out
    assert "What each type of deal may bring" in said
    assert "learned from deals of all types" in said  # renewals are made since April alone
