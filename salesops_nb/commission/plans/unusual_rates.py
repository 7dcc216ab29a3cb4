"""Rates that a plan seldom means: below nothing, above the sale itself, lower for selling more."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise

from salesops_nb.commission.plans.plan import Plan
from salesops_nb.commission.plans.schema_component import Component
from salesops_nb.errors import Problem

_MOST = Decimal(100)  # per cent of the sale


def unusual_rates(plan: Plan) -> list[Problem]:
    """A warning for each rate, factor or amount of the plan that is likely a slip of the pen.

    They are paid as they stand: a plan may mean them.

    Examples
    --------
    >>> from salesops_nb import commission
    >>> from salesops_nb.commission.plans.unusual_rates import unusual_rates
    >>> plan = commission.load_plan("plans/account-executive.yml")
    >>> unusual_rates(plan)
    []
    >>> print(unusual_rates(plan.changed(components=[{"id": "base", "rate_pct": 101}]))[0].message)
    The plan account-executive version 1 pays 101 % of the sale (base): more than the sale itself.
    """
    found = []
    for number, c in enumerate(plan.components):
        for place, text in _of_component(c):
            found.append(
                Problem(
                    "unusual-rate",
                    f"The plan {plan.label} {text}.",
                    "Correct it, or leave it where it is meant: it is paid as it stands.",
                    file=plan.source,
                    column=f"components[{number}].{place}",
                    value=c.id,
                    severity="warning",
                )
            )
    return found


def _of_component(c: Component) -> Iterator[tuple[str, str]]:
    """Where it stands in the component, and what is unusual in words."""
    if isinstance(c.rate_pct, Decimal | int):
        yield from _rate("rate_pct", Decimal(c.rate_pct), c.id)
    for i, row in enumerate(c.rates or ()):
        if row.rate_pct is not None:
            yield from _rate(f"rates[{i}].rate_pct", row.rate_pct, c.id)
        if row.amount is not None and row.amount < 0:
            yield f"rates[{i}].amount", f"takes {-row.amount} from the pay for a sale ({c.id})"
    if c.per_unit is not None and c.per_unit < 0:
        yield "per_unit", f"takes {-c.per_unit} from the pay for a unit ({c.id})"
    for i, factor in enumerate(c.multipliers.rows if c.multipliers else ()):
        if factor.x < 0:
            yield f"multipliers.rows[{i}].x", f"turns pay into a debt by the factor {factor.x} ({c.id})"
    if c.table is not None:
        yield from _of_table(c)


def _of_table(c: Component) -> Iterator[tuple[str, str]]:
    assert c.table is not None
    rows = c.table.rows
    for i, row in enumerate(rows):
        given = row.rate_pct if isinstance(row.rate_pct, tuple) else (row.rate_pct,)
        for rate in given:
            if rate is not None:
                yield from _rate(f"table.rows[{i}].rate_pct", rate, c.id)
        for name, value in (("x", row.x), ("amount", row.amount)):
            if value is not None and value < 0:
                yield f"table.rows[{i}].{name}", f"has {name} {value} in a band ({c.id}): below nothing"
    for name in ("rate_pct", "x", "amount", "payout_pct"):
        for i, (low, high) in enumerate(pairwise(rows), start=1):
            before, after = getattr(low, name), getattr(high, name)
            if isinstance(before, Decimal) and isinstance(after, Decimal) and after < before:
                yield (
                    f"table.rows[{i}].{name}",
                    f"pays less from {high.from_} on ({name} {after} after {before}, {c.id})",
                )


def _rate(place: str, rate: Decimal, component: str) -> Iterator[tuple[str, str]]:
    if rate < 0:
        yield place, f"pays {rate} % of the sale ({component}): selling costs the person money"
    elif rate > _MOST:
        yield place, f"pays {rate} % of the sale ({component}): more than the sale itself"
