"""What a component pays in exact fractions, by hand: for what-ifs and for curves over attainment."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from salesops_nb.commission.earning import rate_table
from salesops_nb.commission.earning.rate_table import (
    attainment_pct,
    derived_rate,
    gate_level,
    refuses,
    target_of,
)
from salesops_nb.commission.inputs.quotas import People
from salesops_nb.commission.inputs.rounding import decimal_of
from salesops_nb.commission.plans.component_terms import gate_of, scope_of
from salesops_nb.commission.plans.plan import Plan
from salesops_nb.commission.plans.schema_component import Component
from salesops_nb.commission.settlement.working import ComponentRows
from salesops_nb.core.money import ROUNDING
from salesops_nb.expression import columns_of, holds


def pay(
    plan: Plan,
    c: Component,
    part: ComponentRows,
    people: People,
    payee: str,
    span: int,
    credits: list[Fraction],
    attained: Fraction,
) -> Decimal:
    """What a component pays a person in a span for the credits, by a plan that may be changed."""
    standing = people.standing(payee, part.spans[span])
    if refuses(plan, c, standing.quota):
        return Decimal(0)
    if_zero = plan.file.quota.if_zero if plan.file.quota else None
    rate = derived_rate(plan, c, standing.target, standing.quota) if c.rate_pct == "derived" else None
    bounds = rate_table.bounds(c, standing.quota, if_zero) if c.table is not None else ()
    numbers = rate_table.Numbers(bounds, (), rate, target_of(c, standing.target, standing.base))
    level = gate_level(plan, c, standing.quota)
    alone = scope_of(c) == "each_transaction"
    by_quota = c.gate is not None and c.gate.attainment_pct is not None
    total = sum(credits, Fraction(0))
    then, inclusive = gate_of(c)
    factor = multiplier(c, attainment_pct(attained, standing.quota, if_zero))
    if then == "first_dollar" and level is not None and not (alone and not by_quota):
        reached = attained if by_quota else total
        if reached < level or (reached == level and not inclusive):
            return Decimal(0)
        level = None
    unit = Decimal(1).scaleb(-plan.places)
    mode = ROUNDING[plan.file.rounding.mode]
    if alone:
        made = sum(
            (
                decimal_of(_one(c, numbers, x, level, then, inclusive) * factor).quantize(unit, mode)
                for x in credits
            ),
            Decimal(0),
        )
    else:
        made = decimal_of(_one(c, numbers, total, level, then, inclusive) * factor)
    cap = next((limit.cap for limit in c.limit_list if limit.cap is not None), None)
    return (min(made, cap) if cap is not None else made).quantize(unit, mode)


def _one(
    c: Component,
    numbers: rate_table.Numbers,
    x: Fraction,
    level: Fraction | None,
    then: str | None,
    inclusive: bool,
) -> Fraction:
    """F(x), with a gate of this credit or total in it."""
    if level is None or then is None:
        return rate_table.pay(c, numbers, x)
    if then == "first_dollar":
        return rate_table.pay(c, numbers, x) if x > level or (inclusive and x == level) else Fraction(0)
    if x <= level:
        return Fraction(0)
    if c.table is not None and c.table.mode == "whole":
        return rate_table.pay(c, numbers, x - level, key=x)
    return rate_table.pay(c, numbers, x) - rate_table.pay(c, numbers, level)


def multiplier(c: Component, attainment: Fraction) -> Fraction:
    """Multipliers whose condition is on attainment alone."""
    rows = c.multipliers.rows if c.multipliers is not None else ()
    picked = [
        Fraction(m.x)
        for m in rows
        if m.where is None
        or (columns_of(m.where) <= {"attainment_pct"} and holds(m.where, {"attainment_pct": attainment}))
    ]
    if c.multipliers is None or not picked:
        return Fraction(1)
    if c.multipliers.combine == "highest":
        return max(picked)
    if c.multipliers.combine == "add":
        return 1 + sum((x - 1 for x in picked), Fraction(0))
    made = Fraction(1)
    for x in picked:
        made *= x
    return made
