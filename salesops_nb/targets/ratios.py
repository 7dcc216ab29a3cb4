"""Attainment, and what targets add up to beside the company's: the trade's plain ratios."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from typing import Any

from salesops_nb.errors import SalesopsError, problem


def attainment(actual: Any, target: Any) -> float:
    """Bookings over target as a fraction: 0.75 is three quarters of it.

    Raises `SalesopsError` for a target that is not above zero.

    Examples
    --------
    >>> from salesops_nb import targets
    >>> targets.attainment(actual=90_000, target=120_000)
    0.75
    """
    return float(exact(actual, "actual") / _positive(target, "target"))


def attainment_factor(company_target: Any, assigned: Any) -> float:
    """The share of the assigned targets that must come in for the company to make its own.

    The inverse of `over_assignment`. Raises `SalesopsError` where either is not above zero.

    Examples
    --------
    >>> from salesops_nb import targets
    >>> targets.attainment_factor(company_target=1_000_000, assigned=1_250_000)
    0.8
    """
    return float(_positive(company_target, "company target") / _positive(assigned, "sum of assigned targets"))


def over_assignment(assigned: Any, company_target: Any) -> float:
    """Assigned targets over the company's: 1.25 means that a quarter more is assigned.

    The inverse of `attainment_factor`. Raises `SalesopsError` where either is not above zero.

    Examples
    --------
    >>> from salesops_nb import targets
    >>> targets.over_assignment(assigned=1_250_000, company_target=1_000_000)
    1.25
    """
    return float(_positive(assigned, "sum of assigned targets") / _positive(company_target, "company target"))


def share_at_quota(attained: Iterable[Any]) -> float:
    """The share of reps whose attainment is at least 1; raises `SalesopsError` where there is no rep.

    Examples
    --------
    >>> from salesops_nb import targets
    >>> targets.share_at_quota([0.8, 1.0, 1.2, 0.95])
    0.5
    """
    values = [exact(value, "attainment") for value in attained]
    if not values:
        raise SalesopsError(problem("nobody.shares"))
    return sum(value >= 1 for value in values) / len(values)


def exact(value: Any, name: str) -> Fraction:
    """The number without float error; raises `SalesopsError` where it is none."""
    try:
        number = value if isinstance(value, Decimal) else Decimal(str(value))
    except ArithmeticError:
        number = Decimal("nan")
    if not number.is_finite():
        raise SalesopsError(problem("bad-number.named", name=name, given=value))
    return Fraction(number)


def _positive(value: Any, name: str) -> Fraction:
    number = exact(value, name)
    if number <= 0:
        key = "negative-target.named" if number < 0 else "zero-target.named"
        raise SalesopsError(problem(key, name=name, given=value))
    return number
