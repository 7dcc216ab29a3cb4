"""The path from quota to pay: what the quota alone would pay, and each step from there to the
statement's total.

Where a person's pay on credit follows a curve over one quota (`design.pay_at`), the path begins at
the pay of 100 % and says what each tier beyond it added, or what the shortfall cost. Whatever else
stands on the statement follows by component, then by kind. The steps add up to the cent.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from salesops_nb.commission.design.pay_curves import needs_target, on_curve, pay_at
from salesops_nb.commission.plans.plan import Plan
from salesops_nb.commission.result.attainment import Attained
from salesops_nb.commission.result.payout import Payout
from salesops_nb.messages import Figure, Message, message

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the path; `along` where it lies on the curve over attainment."""

    name: str | Message
    amount: Decimal
    along: bool = False


def path(
    payout: Payout, payee: str, lines: Sequence[Mapping[str, Any]], places: Sequence[Attained]
) -> tuple[Step, list[Step]]:
    """The opening and the steps to the sum of the lines (of the first currency, where there are several)."""
    currency = min((str(line["currency"]) for line in lines), default="")
    mine = [line for line in lines if line["currency"] == currency]
    names: dict[tuple[str | None, str | None], str]
    names = {(p.id, c.id): c.name or c.id for p in payout.plans for c in p.components}
    sums: dict[tuple[str | None, str | None, str], Decimal] = defaultdict(Decimal)
    for line in mine:
        sums[line["plan_id"], line["component_id"], line["kind"]] += line["amount"]
    opening = Step(message("Nothing"), ZERO)
    steps: list[Step] = []
    plan, place = _curve_of(payout, places)
    if plan is not None and place is not None:
        curve_ids = {c.id for c in plan.components if on_curve(c)}
        held = [
            key
            for key in sums
            if key[0] == plan.id and key[1] in curve_ids and key[2] in ("commission", "bonus")
        ]
        earned = sum((sums[key] for key in held), ZERO)
        made = _along(plan, place, earned)
        if made is not None:
            opening, steps = made
            for key in held:
                del sums[key]
    others: dict[str, Step] = {}
    plain = ("commission", "bonus", "override", "spiff", "mbo")
    for (plan_id, component, kind), amount in sums.items():
        named = names.get((plan_id, component), str(component or kind)) if kind in plain else _kind(kind)
        before = others.get(str(named), Step(named, ZERO)).amount
        others[str(named)] = Step(named, before + amount)
    return opening, [*steps, *(step for step in others.values() if step.amount)]


def _curve_of(payout: Payout, places: Sequence[Attained]) -> tuple[Plan | None, Attained | None]:
    """The plan and place that a curve over one quota describes: one plan, one span, credit of its own."""
    found = [p for p in places if p.quota and p.measure == "credit"]
    plans = {(p.plan_id, p.plan_version) for p in found}
    if len(plans) != 1:
        return None, None
    key = plans.pop()
    plan = next((p for p in payout.plans if (p.id, p.version) == key), None)
    settled = plan is not None and (plan.file.release or plan.file.fx or plan.file.guarantee)
    return (None, None) if settled else (plan, found[0])


def _along(plan: Plan, place: Attained, earned: Decimal) -> tuple[Step, list[Step]] | None:
    """Steps along the curve from 100 % to the attainment; none where the curve does not lead to what
    was earned.
    """
    assert place.quota
    if place.target is None and needs_target(plan):
        return None
    here = place.credit / place.quota * 100
    if abs(pay_at(plan, here, place.quota, place.target) - earned) >= 1:
        return None
    whole = pay_at(plan, 100, place.quota, place.target)
    opening = Step(message("Pay at quota"), whole, along=True)
    if here < 100:
        short = message("Short of quota ({share} %)", share=_tenth(here))
        return opening, [Step(short, earned - whole, along=True)]
    marks = sorted(
        {
            row.from_
            for c in plan.components
            if on_curve(c) and c.table is not None and c.table.unit == "pct_of_quota"
            for row in c.table.rows
            if 100 < row.from_ < here
        }
    )
    steps: list[Step] = []
    low, paid = Decimal(100), whole
    for high in [*marks, here]:
        upto = earned if high == here else pay_at(plan, high, place.quota, place.target)
        name = message("{low} to {high} % of quota", low=_tenth(low), high=_tenth(high))
        if upto != paid:
            steps.append(Step(name, upto - paid, along=True))
        low, paid = high, upto
    return opening, steps


def _tenth(pct: Decimal) -> Figure:
    return Figure(pct.quantize(Decimal("0.1")))


def _kind(kind: str) -> Message:
    """A kind of line in words."""
    return {
        "draw": message("Draw"), "draw_recovery": message("Draw repaid"), "holdback": message("Held back"),
        "release": message("Released"), "clawback": message("Clawback"), "refund": message("Refund"),
        "adjustment": message("Adjustment"), "carry": message("Carried"), "guarantee": message("Guarantee"),
        "commission": message("Commission"), "bonus": message("Bonus"), "override": message("Override"),
        "spiff": message("Spiff"), "mbo": message("Objectives"),
        "negative_pay": message("Negative pay carried"),
    }.get(kind) or message("Other")  # fmt: skip
