"""For the plan's designer: what pay looks like over attainment, and who wins or loses by a change.

The curves are exact and touch no data; a what-if pays the same credits by the changed plan.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pandas as pd
import pyarrow as pa

from salesops_nb.commission.design.exact_pay import multiplier
from salesops_nb.commission.design.what_if import Study, WhatIf
from salesops_nb.commission.earning import rate_table
from salesops_nb.commission.earning.rate_table import derived_rate, gate_level, target_of
from salesops_nb.commission.inputs.rounding import decimal_of
from salesops_nb.commission.plans.component_terms import gate_of
from salesops_nb.commission.plans.plan import Plan
from salesops_nb.commission.plans.schema_component import Component
from salesops_nb.commission.result.payout import Payout
from salesops_nb.core.money import ROUNDING
from salesops_nb.errors import SalesopsError, problem


def pay_at(
    plan: Plan,
    attainment_pct: Decimal | int,
    quota: Decimal | int | None = None,
    target: Decimal | int | None = None,
) -> Decimal:
    """Pay of one person in one period of the plan at an attainment, all credit being of the measure.

    Components on credit count, with gate, attainment multipliers and caps; conditions on single
    deals, units, scorecards and team credit have no place on a curve. `quota` and `target`, the target
    incentive of the period, are the plan's own if not given. Raises `SalesopsError` where neither says
    a quota, or a target incentive that the pay follows from.
    """
    whole, incentive = _quota(plan, quota), _target(plan, target)
    x = whole * Fraction(attainment_pct) / 100
    on = [c for c in plan.components if on_curve(c)]
    total = sum((component_pay(plan, c, x, whole, incentive) for c in on), Fraction(0))
    return decimal_of(total, 12).quantize(Decimal(1).scaleb(-plan.places), ROUNDING[plan.file.rounding.mode])


def cost_curve(
    plan: Plan,
    points: Sequence[Decimal | int] = tuple(range(0, 201, 5)),
    quota: Decimal | int | None = None,
    target: Decimal | int | None = None,
) -> pd.DataFrame:
    """Pay, and pay in per cent of credit (cost of sales), at each attainment."""
    whole = _quota(plan, quota)
    rows = []
    for point in points:
        paid = pay_at(plan, point, quota, target)
        credit = whole * Fraction(point) / 100
        rows.append(
            {
                "attainment_pct": Decimal(point),
                "credit": decimal_of(credit, 4),
                "pay": paid,
                "cost_pct": decimal_of(Fraction(paid) / credit * 100, 4) if credit else None,
            }
        )
    money = pa.decimal128(38, 4)
    schema = pa.schema({"attainment_pct": money, "credit": money, "pay": money, "cost_pct": money})
    quantized = [
        {k: None if v is None else Decimal(v).quantize(Decimal("0.0001")) for k, v in row.items()}
        for row in rows
    ]
    frame: pd.DataFrame = pa.Table.from_pylist(quantized, schema=schema).to_pandas(types_mapper=pd.ArrowDtype)
    return frame


def landmarks(
    plan: Plan,
    threshold: Decimal | int = 50,
    excellence: Decimal | int = 150,
    quota: Decimal | int | None = None,
    target: Decimal | int | None = None,
) -> dict[str, Decimal]:
    """Pay at threshold, at target (100 %) and at excellence."""
    return {
        "threshold": pay_at(plan, threshold, quota, target),
        "target": pay_at(plan, 100, quota, target),
        "excellence": pay_at(plan, excellence, quota, target),
    }


def share_at_target(payout: Payout, plan: Plan, target_pct: Decimal | int = 100) -> tuple[int, int]:
    """How many people with a quota are at the target or above it, of how many."""
    if plan.file.quota is None:
        raise _no_quota(plan)
    best: dict[str, bool] = {}
    for row in payout.attained:
        if (
            row.plan_id == plan.id
            and row.plan_version == plan.version
            and row.measure == "credit"
            and row.quota
        ):
            reached = row.credit * 100 >= row.quota * Decimal(target_pct)
            best[row.payee_id] = best.get(row.payee_id, False) or reached
    return sum(best.values()), len(best)


def what_if(
    plan: Plan,
    changes: Mapping[str, Any],
    tables: Mapping[str, Any],
    period: Any,
    today: Payout | None = None,
) -> WhatIf:
    """Cost, winners and losers of a changed plan against the plan as it stands, on the same credits.

    For one question; a widget that asks many keeps a `Study` and calls its `what_if`.
    """
    return Study(plan, tables, period, today).what_if(changes)


def on_curve(c: Component) -> bool:
    """Whether a component's pay is a function of all credit alone, so that it stands on the curve."""
    return c.measure == "credit" and c.per_unit is None and c.where is None and climbs(c)


def climbs(c: Component) -> bool:
    """Whether a component's pay of a period is a function of the total of its measure."""
    units = {c.table.unit} if c.table is not None else set()
    return (
        c.rates is None
        and c.measure != "mbo"
        and c.target != "base_pay"
        and c.position is None
        and units <= {"amount", "pct_of_quota"}
        and (c.table is None or c.table.mode != "matrix")
    )


def needs_target(plan: Plan) -> bool:
    """Whether pay on the curve follows from a target incentive that the plan does not say itself."""
    own = plan.file.incentive is not None and plan.file.incentive.target is not None
    return not own and any("derived" in (c.rate_pct, c.target) for c in plan.components if on_curve(c))


def _target(plan: Plan, target: Decimal | int | None) -> Fraction | None:
    """The target incentive of one period of the plan."""
    if target is not None:
        return Fraction(target)
    incentive = plan.file.incentive
    if incentive is not None and incentive.target is not None:
        parts = {"month": 12, "quarter": 4, "year": 1}[plan.file.plan.period]
        return Fraction(incentive.target) / (parts if incentive.per == "year" else 1)
    if needs_target(plan):
        raise SalesopsError(problem("no-target.of-plan", plan=plan.label))
    return None


def component_pay(
    plan: Plan, c: Component, x: Fraction, quota: Fraction, target: Fraction | None
) -> Fraction:
    """What a component pays in a period for a total of its measure, at a person's quota and target
    incentive.
    """
    if_zero = plan.file.quota.if_zero if plan.file.quota else None
    numbers = rate_table.Numbers(
        rate_table.bounds(c, quota, if_zero) if c.table is not None else (),
        (),
        derived_rate(plan, c, target, quota) if c.rate_pct == "derived" else None,
        target_of(c, target),
    )
    level = gate_level(plan, c, quota)
    then, inclusive = gate_of(c)
    if level is not None and (x < level or (x == level and not inclusive)):
        return Fraction(0)
    paid = rate_table.pay(c, numbers, x)
    if level is not None and then == "excess":
        whole = c.table is not None and c.table.mode == "whole"
        paid = paid * (x - level) / x if whole and x else paid - rate_table.pay(c, numbers, level)
    paid *= multiplier(c, x * 100 / quota if quota else Fraction(0))
    cap = next((limit.cap for limit in c.limit_list if limit.per == "period" and limit.cap is not None), None)
    floor = next(
        (limit.floor for limit in c.limit_list if limit.per == "period" and limit.floor is not None), None
    )
    paid = min(paid, Fraction(cap)) if cap is not None else paid
    return max(paid, Fraction(floor)) if floor is not None else paid


def _quota(plan: Plan, quota: Decimal | int | None) -> Fraction:
    if quota is not None:
        return Fraction(quota)
    if plan.file.quota is not None and plan.file.quota.amount is not None:
        return Fraction(plan.file.quota.amount)
    raise _no_quota(plan)


def _no_quota(plan: Plan) -> SalesopsError:
    return SalesopsError(problem("no-quota", plan=plan.label))
