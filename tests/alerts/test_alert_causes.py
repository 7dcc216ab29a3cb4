"""Decompositions: exact on any data, the cause first where one was planted, none where all moved alike."""

import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from salesops_nb.alerts.why import explained_sums, rounded_parts
from salesops_nb.metrics import Metric

sys.path.insert(0, str(Path(__file__).parents[2] / "bench"))
from alerts import BOOKINGS, WIN_RATE, causes, company, sums_of

ROW = some.tuples(
    some.sampled_from([0, 1]), some.sampled_from("abc"), some.integers(-500, 5000), some.integers(0, 30)
)


def _sums(rows):
    frame = pd.DataFrame(rows, columns=["span", "part", "top", "bottom"])
    frame["cut"] = "team"
    names = ["top", "bottom"]
    parts = frame.groupby(["span", "cut", "part"])[names].sum().reset_index()
    whole = frame.groupby("span")[names].sum().reset_index().assign(cut="", part="")
    found = pd.concat([whole, parts], ignore_index=True)
    return found.assign(squares=found["top"] ** 2, crossed=found["top"] * found["bottom"],
                        bottom_squares=found["bottom"] ** 2)  # fmt: skip


@settings(max_examples=30, deadline=None)
@given(some.lists(ROW, min_size=1, max_size=12), some.booleans())
def test_parts_add_up_to_the_change_exactly(rows, rate):
    metric = WIN_RATE if rate else BOOKINGS
    why = explained_sums(_sums(rows), metric)
    if why is None:
        assert rate
        return
    assert why.residual == 0
    assert sum(why.of("team")["contribution"], Fraction(0)) == why.change


def test_a_part_that_comes_or_goes_is_counted():
    why = explained_sums(
        _sums([(0, "a", 100, 1), (0, "b", 50, 1), (1, "a", 100, 1), (1, "c", 20, 1)]), BOOKINGS
    )
    assert why.change == -30
    assert dict(zip(why.parts["part"], why.parts["contribution"], strict=True)) == {"b": -50, "c": 20, "a": 0}


def test_the_largest_part_is_not_blamed_for_a_fall_of_all():
    rng = np.random.default_rng(1)
    named = 0
    for _ in range(10):
        frame = company(rng)
        frame = frame.assign(won=frame["won"] & ~((frame["span"] == 1) & (rng.random(len(frame)) < 0.3)))
        named += explained_sums(sums_of(frame, False), BOOKINGS).cause is not None
    assert named <= 2


@pytest.mark.parametrize("rate", [False, True])
def test_a_planted_cause_is_named_first(rate):
    share, residual, _ = causes(np.random.default_rng(5), 6, rate)
    assert share >= 0.6
    assert residual == 0


def test_nothing_before_and_one_part_alone():
    assert explained_sums(_sums([(1, "a", 5, 1)]), WIN_RATE) is None
    why = explained_sums(_sums([(0, "a", 5, 1), (1, "a", 3, 1)]), BOOKINGS)
    assert why.first is None
    assert why.cause is None


def test_rounded_parts_keep_their_sum():
    parts = [Fraction(n, 7) for n in (5, -3, 11, 2)]
    assert sum(rounded_parts(parts, Fraction(1, 100))) == round(sum(parts) * 100) / Fraction(100)


def test_units_of_metrics():
    assert Metric(name="a", numerator="sum value", denominator="count").unit == "money"
    assert Metric(name="a", numerator="count", denominator="count").unit == "percent"
    assert Metric(name="a", numerator="sum days", denominator="count").unit == "days"
