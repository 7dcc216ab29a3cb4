"""Money is a `Decimal` with a currency, never a float.

Amounts are rounded once, half up, to the currency's minor unit, where a line becomes payable;
before that they keep ten places. What lasts in the store is a whole number of minor units.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import (
    ROUND_DOWN,
    ROUND_HALF_DOWN,
    ROUND_HALF_EVEN,
    ROUND_HALF_UP,
    ROUND_UP,
    Decimal,
)
from functools import lru_cache

ROUNDING = {
    "half_up": ROUND_HALF_UP,
    "half_even": ROUND_HALF_EVEN,
    "half_down": ROUND_HALF_DOWN,
    "up": ROUND_UP,
    "down": ROUND_DOWN,
}


@lru_cache(maxsize=64)
def places(currency: str) -> int:
    """Decimal places of the currency's minor unit (CLDR): 2 for USD, 0 for JPY, 3 for KWD.

    Raises `SalesopsError` where the code is not one of ISO 4217.

    Examples
    --------
    >>> from salesops_nb.core import money
    >>> money.places("USD"), money.places("JPY"), money.places("KWD")
    (2, 0, 3)
    """
    from babel.core import get_global
    from babel.numbers import get_currency_precision

    if currency not in get_global("all_currencies"):
        from salesops_nb.errors import SalesopsError, problem

        raise SalesopsError(problem("unknown-currency", value=currency))
    return get_currency_precision(currency)


def rounded(amount: Decimal, currency: str, mode: str = "half_up") -> Decimal:
    """The amount in the currency's minor unit; ties go away from zero unless `mode` says otherwise.

    Examples
    --------
    >>> from decimal import Decimal
    >>> from salesops_nb.core import money
    >>> money.rounded(Decimal("2.345"), "USD"), money.rounded(Decimal("-2.345"), "USD")
    (Decimal('2.35'), Decimal('-2.35'))
    >>> money.rounded(Decimal("2.345"), "USD", "half_even")
    Decimal('2.34')
    """
    return amount.quantize(Decimal(1).scaleb(-places(currency)), ROUNDING[mode])


def from_float(value: float, currency: str) -> Decimal:
    """A computed estimate as an amount in the currency's minor unit; what is paid is never a float.

    Examples
    --------
    >>> from salesops_nb.core import money
    >>> money.from_float(1234.5678, "USD")
    Decimal('1234.57')
    """
    return rounded(Decimal(repr(float(value))), currency)


def significant(value: float | Decimal, figures: int = 3) -> Decimal:
    """An estimate in a few significant figures: more would say more than is known.

    Examples
    --------
    >>> from salesops_nb.core import money
    >>> money.significant(13_086_201.4), money.significant(-0.0)
    (Decimal('13100000'), Decimal('0'))
    """
    exact = Decimal(repr(float(value)))
    if not exact:
        return Decimal(0)
    step = Decimal(1).scaleb(exact.adjusted() - figures + 1)
    whole = (exact / step).quantize(Decimal(1), ROUND_HALF_UP) * step
    return whole.quantize(Decimal(1)) if step >= 1 else whole


def to_minor(amount: Decimal, currency: str) -> int:
    """The amount in whole minor units (cents); `ValueError` where it has more places than its currency.

    Examples
    --------
    >>> from decimal import Decimal
    >>> from salesops_nb.core import money
    >>> money.to_minor(Decimal("12.50"), "USD")
    1250
    >>> money.to_minor(Decimal("12.505"), "USD")
    Traceback (most recent call last):
        ...
    ValueError: 12.505 has more places than USD allows; round it first
    """
    minor = amount.scaleb(places(currency))
    if minor != minor.to_integral_value():
        raise ValueError(f"{amount} has more places than {currency} allows; round it first")
    return int(minor)


def from_minor(minor: int, currency: str) -> Decimal:
    """The amount of a whole number of minor units (cents): the inverse of `to_minor`.

    Examples
    --------
    >>> from salesops_nb.core import money
    >>> money.from_minor(1250, "USD"), money.from_minor(1250, "JPY")
    (Decimal('12.50'), Decimal('1250'))
    """
    return Decimal(minor).scaleb(-places(currency))


def shares(amount: Decimal, weights: Sequence[Decimal], currency: str) -> list[Decimal]:
    """Parts of a rounded amount in proportion to the weights; the residual falls on the last part.

    The parts always sum to the amount. Weights must not all be zero.

    Examples
    --------
    >>> from decimal import Decimal
    >>> from salesops_nb.core import money
    >>> money.shares(Decimal("100.00"), [Decimal(1)] * 3, "USD")
    [Decimal('33.33'), Decimal('33.33'), Decimal('33.34')]
    """
    total = sum(weights, Decimal(0))
    if not total:
        raise ValueError("weights sum to zero: there is nothing to share by")
    parts = [rounded(amount * weight / total, currency) for weight in weights[:-1]]
    return [*parts, amount - sum(parts, Decimal(0))]


def spoken(amount: Decimal | None, currency: str, locale: str = "en_US") -> str:
    """The amount as the locale writes it, such as ``$1,234.56`` or ``1.234,56 €``; ``–`` for none.

    Examples
    --------
    >>> from decimal import Decimal
    >>> from salesops_nb.core import money
    >>> money.spoken(Decimal("1234.56"), "USD")
    '$1,234.56'
    >>> money.spoken(None, "USD")
    '–'
    """
    from babel.numbers import format_currency

    if amount is None:
        return "–"
    return format_currency(amount, currency, locale=locale)
