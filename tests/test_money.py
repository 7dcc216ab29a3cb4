from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesops_nb.core import money
from salesops_nb.errors import SalesopsError

AMOUNTS = st.decimals(-(10**9), 10**9, places=2)


@pytest.mark.parametrize(
    ("amount", "currency", "mode", "expected"),
    [
        ("2.345", "USD", "half_up", "2.35"),
        ("-2.345", "USD", "half_up", "-2.35"),
        ("2.345", "USD", "half_even", "2.34"),
        ("1234.5", "JPY", "half_up", "1235"),
        ("1.2345", "KWD", "half_up", "1.235"),
        ("2.349", "USD", "down", "2.34"),
    ],
)
def test_rounded(amount, currency, mode, expected):
    assert money.rounded(Decimal(amount), currency, mode) == Decimal(expected)


@given(AMOUNTS, st.lists(st.integers(1, 1000), min_size=1, max_size=9))
def test_shares_add_up(amount, weights):
    parts = money.shares(amount, [Decimal(w) for w in weights], "USD")
    assert sum(parts) == amount
    assert all(part == money.rounded(part, "USD") for part in parts)


@given(AMOUNTS)
def test_minor_units_and_back(amount):
    assert money.from_minor(money.to_minor(amount, "USD"), "USD") == amount


def test_minor_units_refuse_what_was_not_rounded():
    with pytest.raises(ValueError, match="round it first"):
        money.to_minor(Decimal("0.001"), "USD")


def test_unknown_currency():
    with pytest.raises(SalesopsError, match="'XXQ' is not an ISO 4217 currency code"):
        money.places("XXQ")


@pytest.mark.parametrize(
    ("amount", "currency", "locale", "expected"),
    [
        ("1234.5", "USD", "en_US", "$1,234.50"),
        ("1234.5", "EUR", "ro_RO", "1.234,50\xa0EUR"),
        (None, "USD", "en_US", "–"),
    ],
)
def test_spoken(amount, currency, locale, expected):
    assert money.spoken(None if amount is None else Decimal(amount), currency, locale) == expected
