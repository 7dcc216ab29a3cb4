"""Rounding: inside the engine to the same cent on every engine, and of single amounts."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import narwhals as nw

from salesops_nb.commission.inputs.tables import AMOUNT, number
from salesops_nb.commission.plans.plan import Plan
from salesops_nb.core import money


def rounded(amount: nw.Expr, places: int, mode: str) -> nw.Expr:
    """The amount to so many places as decimal(38,10); a cast of decimals rounds half away from zero."""
    near = amount.cast(nw.Decimal(38, places)).cast(AMOUNT)
    if mode == "half_up":
        return near
    unit = Decimal(1).scaleb(-places)
    step = number(unit)
    zero = number(0)
    sign = nw.when(amount < zero).then(number(-unit)).otherwise(step)
    miss = (near - amount).cast(AMOUNT)
    size = nw.when(miss < zero).then(zero - miss).otherwise(miss).cast(AMOUNT)
    away = nw.when(amount < zero).then(near < amount).otherwise(near > amount)
    if mode == "down":
        return nw.when(away).then((near - sign).cast(AMOUNT)).otherwise(near).cast(AMOUNT)
    if mode == "up":
        return nw.when(~away & (miss != zero)).then((near + sign).cast(AMOUNT)).otherwise(near).cast(AMOUNT)
    tie = size == number(unit / 2)
    if mode == "half_even":
        whole = (near.cast(nw.Decimal(28, places)) * nw.lit(str(10**places)).cast(nw.Decimal(10, 0))).cast(
            nw.Int64
        )
        tie = tie & (whole % 2 != 0)
    return nw.when(tie).then((near - sign).cast(AMOUNT)).otherwise(near).cast(AMOUNT)


def decimal_of(value: Fraction, places: int = 10) -> Decimal:
    """A fraction as a decimal of so many places, half up."""
    scaled = value * 10**places
    whole, rest = divmod(abs(scaled.numerator), scaled.denominator)
    whole += 2 * rest >= scaled.denominator
    return Decimal(whole if scaled >= 0 else -whole).scaleb(-places)


def rounded_pay(plan: Plan, amount: Decimal | Fraction, currency: str | None = None) -> Decimal:
    """An amount as the plan rounds it, in its own currency or in another's minor unit."""
    exact = decimal_of(amount) if isinstance(amount, Fraction) else amount
    mode = plan.file.rounding.mode
    if currency is not None and currency != plan.currency:
        return money.rounded(exact, currency, mode)
    return exact.quantize(Decimal(1).scaleb(-plan.places), money.ROUNDING[mode])
