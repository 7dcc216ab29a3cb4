"""Largest remainder: sums are exact, nobody is more than a unit off, the larger gets no less."""

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesops_nb.errors import SalesopsError
from salesops_nb.targets import (
    attainment,
    attainment_factor,
    largest_remainder,
    over_assignment,
    share_at_quota,
)
from salesops_nb.targets.rounding import spread


@pytest.mark.parametrize(
    ("total", "weights", "unit", "expected"),
    [
        ("100", [1, 1, 1], "1", ["34", "33", "33"]),
        ("10", [1, 2, 3.5], "1", ["2", "3", "5"]),  # 1.54, 3.08, 5.38
        ("1000", [1, 1], "300", ["700", "300"]),  # three units, and a rest of 100
        ("0.05", [1, 1], "0.01", ["0.03", "0.02"]),
        ("7", [0, 1], "1", ["0", "7"]),
        ("0", [1, 2], "1", ["0", "0"]),
    ],
)
def test_examples(total, weights, unit, expected):
    assert largest_remainder(Decimal(total), weights, Decimal(unit)) == [Decimal(e) for e in expected]


WEIGHTS = st.lists(st.integers(0, 10**6), min_size=1, max_size=30).filter(any)


@given(st.integers(0, 10**12), WEIGHTS)
def test_sum_and_quota_rule(cents, weights):
    total = Decimal(cents).scaleb(-2)
    parts = largest_remainder(total, weights)
    assert sum(parts) == total
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part - total * weight / sum(weights)) < Decimal("0.0101")


@given(
    st.lists(
        st.tuples(st.integers(0, 10**9), st.lists(st.floats(0, 1e6), min_size=12, max_size=12)),
        min_size=1,
        max_size=20,
    )
)
def test_many_rows_at_once(rows):
    units = np.array([row[0] for row in rows])
    weights = np.array([row[1] for row in rows])
    made = spread(units, weights)
    assert (made.sum(axis=1) == units).all()
    assert (made >= 0).all()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: largest_remainder(Decimal(-1), [1]), "cannot be shared"),
        (lambda: largest_remainder(Decimal(1), [1, -1]), "cannot be shared"),
        (lambda: largest_remainder(Decimal(1), [0, 0]), "All weights are zero"),
        (lambda: largest_remainder(Decimal(1), [1], Decimal(0)), "The rounding unit is 0"),
        (lambda: attainment(1, 0), "The target is 0"),
        (lambda: attainment(1, -5), "The target is -5"),
        (lambda: attainment("a lot", 5), "'a lot', which is not a number"),
        (lambda: over_assignment(0, 5), "sum of assigned targets is 0"),
        (lambda: share_at_quota([]), "no rep to take a share of"),
    ],
)
def test_bad_input(call, words):
    with pytest.raises(SalesopsError, match=words):
        call()


def test_ratios():
    assert attainment(75000, 100000) == 0.75
    assert attainment_factor(800_000, 1_000_000) == 0.8
    assert over_assignment(1_000_000, 800_000) == 1.25
    assert share_at_quota([1, 0.99, 1.2, Decimal("1.0")]) == 0.75
    assert share_at_quota([0.1 + 0.2 + 0.7, 0.5]) == 0.5  # 0.9999999999999999 is not 1
