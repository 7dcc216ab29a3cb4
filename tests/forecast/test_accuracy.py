"""Forecast accuracy and weighted forecasts against published and hand-worked examples."""

from decimal import Decimal

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesops_nb.errors import SalesopsError
from salesops_nb.forecast import ape, bias, mad, mape, rmse, tracking_signal, wape, weighted_forecast


def test_mape_and_wape_differ_on_a_small_item():
    assert ape([1000, 10], [950, 25]) == [0.05, 1.5]
    assert mape([1000, 10], [950, 25]) == pytest.approx(0.775, abs=1e-12)
    assert wape([1000, 10], [950, 25]) == pytest.approx(65 / 1010, abs=1e-12)


@pytest.mark.parametrize(
    ("actual", "forecast", "expected"),
    [([100, 100], [110, 90], 0.0), ([100, 100], [110, 110], 0.1), ([50], ["40"], -0.2)],
)
def test_bias_is_above_zero_when_too_high(actual, forecast, expected):
    assert bias(actual, forecast) == pytest.approx(expected)


@given(st.lists(st.tuples(st.integers(1, 10**9), st.integers(0, 10**9)), min_size=1, max_size=20))
def test_bias_never_exceeds_wape_and_mape_is_the_mean(pairs):
    actual, forecast = zip(*pairs, strict=True)
    assert abs(bias(actual, forecast)) <= wape(actual, forecast) + 1e-12
    assert mape(actual, forecast) == pytest.approx(sum(ape(actual, forecast)) / len(pairs))


@pytest.mark.parametrize(
    ("actual", "forecast", "deviation", "root", "signal"),
    [
        # Heizer and Render's bakery: MAD 14.2, signal 2.5
        (
            [90, 95, 115, 100, 125, 140],
            [100, 100, 100, 110, 110, 110],
            85 / 6,
            (1575 / 6) ** 0.5,
            35 * 6 / 85,
        ),
        ([0, 0], [3, 4], 3.5, 12.5**0.5, -2.0),
        ([5, 5], [5, 5], 0.0, 0.0, 0.0),
        (["0.3", Decimal("0.1")], [0.1, "0.3"], 0.2, 0.2, 0.0),
    ],
)
def test_mad_rmse_and_tracking_signal(actual, forecast, deviation, root, signal):
    assert mad(actual, forecast) == pytest.approx(deviation)
    assert rmse(actual, forecast) == pytest.approx(root)
    assert tracking_signal(actual, forecast) == pytest.approx(signal)


@given(st.lists(st.tuples(st.integers(0, 10**9), st.integers(0, 10**9)), min_size=1, max_size=20))
def test_rmse_is_at_least_mad_and_the_signal_at_most_n(pairs):
    actual, forecast = zip(*pairs, strict=True)
    assert rmse(actual, forecast) >= mad(actual, forecast) * (1 - 1e-12)
    assert abs(tracking_signal(actual, forecast)) <= len(pairs) + 1e-12


DEALS = [
    {"value": 100000, "probability": 0.5, "month": "June"},
    {"value": 100000, "probability": 0.5, "month": "July"},
    {"value": 100000, "probability": 1.0, "month": "August"},
]


@pytest.mark.parametrize("deals", [DEALS, pd.DataFrame(DEALS)])
def test_weighted_forecast_by_month(deals):
    assert weighted_forecast(deals) == {"June": 50000, "July": 50000, "August": 100000}


def test_weighted_forecast_is_exact():
    deals = [{"amount": "0.1", "probability": "0.1", "period": "2018-01"}] * 3
    assert weighted_forecast(deals) == {"2018-01": Decimal("0.03")}


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: mape([0, 1], [1, 1]), "An actual of 0 has no percentage error"),
        (lambda: wape([0, 0], [1, 1]), "The actuals sum to 0"),
        (lambda: wape([], []), "There are 0 actuals and 0 forecasts"),
        (lambda: wape([1], [1, 2]), "There are 1 actuals and 2 forecasts"),
        (lambda: bias(["x"], [1]), "'x' is not a number"),
        (lambda: wape([float("nan")], [1]), "nan is not a number"),
        (lambda: weighted_forecast([{**DEALS[0], "probability": 50}]), "Deal 1 has the probability 50"),
        (lambda: weighted_forecast([{**DEALS[0], "probability": -0.1}]), "not between 0 and 1"),
        (lambda: weighted_forecast([{"probability": 0.5, "month": "May"}]), "Deal 1 has no value or amount"),
        (lambda: weighted_forecast([{"value": 1, "probability": 0.5}]), "Deal 1 has no month or period"),
    ],
)
def test_bad_input(call, words):
    with pytest.raises(SalesopsError, match=words):
        call()
