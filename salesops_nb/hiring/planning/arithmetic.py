"""The trade's plain capacity arithmetic, exact: what the simulation is compared with.

Inputs are decimals (or what `Decimal` reads without loss); nothing is a float, so that 70 ÷ 0.35
is 200 and not 200.00000000000003 rounded up to 201.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_CEILING, Decimal
from fractions import Fraction

from salesops_nb.errors import SalesopsError, problem

Number = Decimal | int | str


def _exact(value: Number) -> Fraction:
    return Fraction(Decimal(value))


def _decimal(value: Fraction) -> Decimal:
    return Decimal(value.numerator) / Decimal(value.denominator)


def _positive(name: str, value: Number) -> Fraction:
    number = _exact(value)
    if number <= 0:
        raise SalesopsError(problem("not-positive", column=name, given=value))
    return number


def effective_heads(groups: Sequence[tuple[Number, Number, Number]]) -> tuple[list[Decimal], Decimal]:
    """Ramped-rep equivalents of groups of (heads, ramp, attainment), and their sum."""
    parts = [_exact(heads) * _exact(ramp) * _exact(attainment) for heads, ramp, attainment in groups]
    return [_decimal(part) for part in parts], _decimal(sum(parts, Fraction(0)))


def team_capacity(groups: Sequence[tuple[Number, Number, Number]], quota: Number) -> Decimal:
    """What groups of (heads, ramp, attainment) book at a quota per rep."""
    return _decimal(_exact(effective_heads(groups)[1]) * _exact(quota))


def linear_ramp(tenure_months: Number, months_to_full: Number) -> Decimal:
    """Share of full output at a tenure, rising in a straight line to one."""
    share = _exact(tenure_months) / _positive("months_to_full", months_to_full)
    return _decimal(min(Fraction(1), max(Fraction(0), share)))


def ramp_contribution(monthly: Number, ramp: Sequence[Number]) -> list[Decimal]:
    """What a new hire books in each month of the ramp."""
    return [_decimal(_exact(monthly) * _exact(share)) for share in ramp]


def naive_hires(gap: Number, quota: Number) -> tuple[Decimal, int]:
    """Gap over quota, as it is and rounded up: no ramp, no attrition, no luck."""
    reps = _exact(gap) / _positive("quota", quota)
    return _decimal(reps), -((-reps.numerator) // reps.denominator)


def loaded_cost(pay: Number, overhead_share: Number, *others: Number) -> tuple[Decimal, Decimal]:
    """Overhead on on-target earnings, and the full cost of a rep with travel, training and the like."""
    overhead = _exact(pay) * _exact(overhead_share)
    total = _exact(pay) + overhead + sum((_exact(other) for other in others), Fraction(0))
    return _decimal(overhead), _decimal(total)


def break_even_bookings(cost: Number, margin: Number) -> Decimal:
    """Bookings at which the margin pays the cost."""
    return _decimal(_exact(cost) / _positive("margin", margin))


def backsolve(deals: Number, *rates: Number) -> list[Decimal]:
    """How many of each earlier step the deals need, from the last step backwards."""
    out, need = [], _exact(deals)
    for rate in rates:
        need = need / _positive("rate", rate)
        out.append(_decimal(need))
    return out


def whole(steps: Sequence[Decimal]) -> list[int]:
    """Steps rounded up to whole calls, meetings or proposals."""
    return [int(step.to_integral_value(ROUND_CEILING)) for step in steps]


def average_value(amounts: Sequence[Number]) -> Decimal:
    """Mean contract value."""
    if not amounts:
        raise SalesopsError(problem("no-amounts"))
    return _decimal(sum((_exact(amount) for amount in amounts), Fraction(0)) / len(amounts))


def coverage(pipeline: Number, remaining: Number) -> Decimal:
    """Open pipeline over what is left to reach."""
    return _decimal(_exact(pipeline) / _positive("remaining", remaining))


def required_coverage(win_rate: Number) -> Decimal:
    """Coverage at which the expected wins are just what is left: one over the win rate."""
    return _decimal(1 / _positive("win_rate", win_rate))


def expected_wins(pipeline: Number, win_rate: Number) -> Decimal:
    """Open pipeline times the win rate."""
    return _decimal(_exact(pipeline) * _exact(win_rate))


def velocity(opportunities: Number, value: Number, win_rate: Number, cycle_days: Number) -> Decimal:
    """Bookings a day: opportunities × average deal × win rate ÷ cycle in days."""
    money_in = _exact(opportunities) * _exact(value) * _exact(win_rate)
    return _decimal(money_in / _positive("cycle_days", cycle_days))
