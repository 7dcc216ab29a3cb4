"""Rates that a plan seldom means: below nothing, above the sale itself, lower for selling more."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise

from salesops_nb.commission.plans.plan import Plan
from salesops_nb.commission.plans.schema_component import Component
from salesops_nb.errors import Problem, problem

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
        for place, slip in _of_component(c, plan.label):
            found.append(replace(slip, file=plan.source, column=f"components[{number}].{place}"))
    return found


def _of_component(c: Component, plan: str) -> Iterator[tuple[str, Problem]]:
    """What is unusual, with where it stands in the component."""
    if isinstance(c.rate_pct, Decimal | int):
        yield from _rate("rate_pct", Decimal(c.rate_pct), c, plan)
    for i, row in enumerate(c.rates or ()):
        if row.rate_pct is not None:
            yield from _rate(f"rates[{i}].rate_pct", row.rate_pct, c, plan)
        if row.amount is not None and row.amount < 0:
            slip = problem("unusual-rate.of-a-sale", value=c.id, plan=plan, taken=-row.amount)
            yield f"rates[{i}].amount", slip
    if c.per_unit is not None and c.per_unit < 0:
        yield "per_unit", problem("unusual-rate.of-a-unit", value=c.id, plan=plan, taken=-c.per_unit)
    for i, factor in enumerate(c.multipliers.rows if c.multipliers else ()):
        if factor.x < 0:
            slip = problem("unusual-rate.factor", value=c.id, plan=plan, factor=factor.x)
            yield f"multipliers.rows[{i}].x", slip
    if c.table is not None:
        yield from _of_table(c, plan)


def _of_table(c: Component, plan: str) -> Iterator[tuple[str, Problem]]:
    assert c.table is not None
    rows = c.table.rows
    for i, row in enumerate(rows):
        given = row.rate_pct if isinstance(row.rate_pct, tuple) else (row.rate_pct,)
        for rate in given:
            if rate is not None:
                yield from _rate(f"table.rows[{i}].rate_pct", rate, c, plan)
        payouts = row.payout_pct if isinstance(row.payout_pct, tuple) else (row.payout_pct,)
        others = [("x", row.x), ("amount", row.amount), *(("payout_pct", payout) for payout in payouts)]
        for name, value in others:
            if value is not None and value < 0:
                slip = problem("unusual-rate.band", value=c.id, plan=plan, name=name, given=value)
                yield f"table.rows[{i}].{name}", slip
    for name in ("rate_pct", "x", "amount", "payout_pct"):
        for i, (low, high) in enumerate(pairwise(rows), start=1):
            before, after = getattr(low, name), getattr(high, name)
            if isinstance(before, Decimal) and isinstance(after, Decimal) and after < before:
                slip = problem(
                    "unusual-rate.falls",
                    value=c.id,
                    plan=plan,
                    start=high.from_,
                    name=name,
                    after=after,
                    before=before,
                )
                yield f"table.rows[{i}].{name}", slip


def _rate(place: str, rate: Decimal, c: Component, plan: str) -> Iterator[tuple[str, Problem]]:
    if 0 <= rate <= _MOST:
        return
    key = "unusual-rate.negative" if rate < 0 else "unusual-rate.above-the-sale"
    yield place, problem(key, value=c.id, plan=plan, rate=rate)
