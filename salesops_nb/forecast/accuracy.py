"""How good a forecast was, and what open deals are worth.

All figures are exact within: numbers are taken as decimals, not as floats, before they are summed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pandas as pd

from salesops_nb.errors import SalesopsError, problem


def ape(actual: Sequence[Any], forecast: Sequence[Any]) -> list[float]:
    """Absolute percentage error of each forecast, as a share of the actual: 0.1 is 10 % off.

    Raises `SalesopsError` where an actual is 0, or there is not one forecast for each actual.

    Examples
    --------
    >>> from salesops_nb import forecast
    >>> forecast.ape(actual=[100, 200], forecast=[110, 150])
    [0.1, 0.25]
    """
    a, f = _paired(actual, forecast)
    if any(value == 0 for value in a):
        raise SalesopsError(problem("zero-actual.one"))
    return [float(abs(x - y) / abs(x)) for x, y in zip(a, f, strict=True)]


def mape(actual: Sequence[Any], forecast: Sequence[Any]) -> float:
    """Mean absolute percentage error: each item weighs the same, however small. Raises as `ape` does.

    Examples
    --------
    >>> from salesops_nb import forecast
    >>> forecast.mape(actual=[100, 200], forecast=[110, 150])
    0.175
    """
    errors = ape(actual, forecast)
    return float(sum(errors) / len(errors))


def wape(actual: Sequence[Any], forecast: Sequence[Any]) -> float:
    """Weighted absolute percentage error: Σ |actual − forecast| ÷ Σ |actual|.

    A large item weighs more than a small one, and single actuals may be 0. Raises `SalesopsError` where all
    are, or there is not one forecast for each actual.

    Examples
    --------
    Off by 10 and 50, on actuals of 300:

    >>> from salesops_nb import forecast
    >>> forecast.wape(actual=[100, 200], forecast=[110, 150])
    0.2
    """
    a, f = _paired(actual, forecast)
    return float(sum(abs(x - y) for x, y in zip(a, f, strict=True)) / _total(a))


def bias(actual: Sequence[Any], forecast: Sequence[Any]) -> float:
    """Σ (forecast − actual) ÷ Σ |actual|: above zero the forecast was too high. Raises as `wape` does.

    Examples
    --------
    10 too high and 50 too low, on actuals of 300:

    >>> from salesops_nb import forecast
    >>> round(forecast.bias(actual=[100, 200], forecast=[110, 150]), 3)
    -0.133
    """
    a, f = _paired(actual, forecast)
    return float(sum(y - x for x, y in zip(a, f, strict=True)) / _total(a))


def mad(actual: Sequence[Any], forecast: Sequence[Any]) -> float:
    """Mean absolute deviation of the forecasts: Σ |actual − forecast| ÷ n, in the unit of the actuals.

    Raises `SalesopsError` where there is not one forecast for each actual.

    Examples
    --------
    >>> from salesops_nb import forecast
    >>> forecast.mad(actual=[100, 200], forecast=[110, 150])
    30.0
    """
    a, f = _paired(actual, forecast)
    return float(sum(abs(x - y) for x, y in zip(a, f, strict=True)) / len(a))


def rmse(actual: Sequence[Any], forecast: Sequence[Any]) -> float:
    """Root of the mean squared error, in the unit of the actuals: a large miss weighs more than in `mad`.

    Raises as `mad` does.

    Examples
    --------
    >>> from salesops_nb import forecast
    >>> forecast.rmse(actual=[100, 200], forecast=[101, 193])
    5.0
    """
    a, f = _paired(actual, forecast)
    return math.sqrt(sum((x - y) ** 2 for x, y in zip(a, f, strict=True)) / len(a))


def tracking_signal(actual: Sequence[Any], forecast: Sequence[Any]) -> float:
    """Σ (actual − forecast) ÷ `mad`: from −n to n, beyond ±4 the forecast is taken to drift.

    Above zero the forecast was too low, the opposite sign of `bias`; 0 where every forecast was right.
    Raises as `mad` does. After Heizer and Render, *Operations Management*, chapter Forecasting.

    Examples
    --------
    >>> from salesops_nb import forecast
    >>> forecast.tracking_signal(actual=[110, 120, 130], forecast=[100, 100, 100])
    3.0
    """
    a, f = _paired(actual, forecast)
    errors = [x - y for x, y in zip(a, f, strict=True)]
    deviation = sum((abs(error) for error in errors), Fraction(0)) / len(errors)
    return float(sum(errors, Fraction(0)) / deviation) if deviation else 0.0


def weighted_forecast(deals: Iterable[Mapping[str, Any]] | pd.DataFrame) -> dict[str, Decimal]:
    """Value times probability, summed by month in the order of the rows; exact.

    Each deal has ``value`` (or ``amount``), ``probability`` from 0 to 1 and ``month`` (or
    ``period``). Raises `SalesopsError` for a probability outside 0 to 1 or a missing field.

    Examples
    --------
    >>> from salesops_nb import forecast
    >>> forecast.weighted_forecast([
    ...     {"value": "1000.50", "probability": 0.5, "month": "2026-01"},
    ...     {"value": 2000, "probability": 0.25, "month": "2026-01"},
    ...     {"value": 300, "probability": 1, "month": "2026-02"},
    ... ])
    {'2026-01': Decimal('1000.250'), '2026-02': Decimal('300')}
    """
    rows: list[Mapping[Any, Any]] = (
        [dict(row) for row in deals.to_dict("records")] if isinstance(deals, pd.DataFrame) else list(deals)
    )
    found: dict[str, Decimal] = {}
    for i, row in enumerate(rows, start=1):
        value, chance = _field(row, i, "value", "amount"), _field(row, i, "probability")
        month = str(_field(row, i, "month", "period"))
        share = _decimal(chance)
        if not 0 <= share <= 1:
            raise SalesopsError(problem("bad-probability", deal=i, chance=chance))
        found[month] = found.get(month, Decimal(0)) + _decimal(value) * share
    return found


def _field(row: Mapping[Any, Any], number: int, *names: str) -> Any:
    for name in names:
        if row.get(name) is not None:
            return row[name]
    raise SalesopsError(problem("missing-field", number=number, names=" or ".join(names)))


def _decimal(value: Any) -> Decimal:
    try:
        number = value if isinstance(value, Decimal) else Decimal(str(value))
    except ArithmeticError:
        number = Decimal("nan")
    if not number.is_finite():
        raise SalesopsError(problem("bad-number.plain", given=value))
    return number


def _paired(actual: Sequence[Any], forecast: Sequence[Any]) -> tuple[list[Fraction], list[Fraction]]:
    a, f = ([Fraction(_decimal(value)) for value in values] for values in (actual, forecast))
    if len(a) != len(f) or not a:
        raise SalesopsError(problem("unpaired-forecast", count=len(a), forecasts=len(f)))
    return a, f


def _total(actual: list[Fraction]) -> Fraction:
    total = sum((abs(value) for value in actual), Fraction(0))
    if not total:
        raise SalesopsError(problem("zero-actual.sum"))
    return total
