"""MBO: a line for each objective of a scorecard."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

from salesops_nb.commission.earning.lines import line
from salesops_nb.commission.earning.plan_at_work import Job
from salesops_nb.commission.earning.rate_table import target_of
from salesops_nb.commission.inputs.quotas import Span
from salesops_nb.commission.inputs.rounding import decimal_of, rounded_pay
from salesops_nb.commission.inputs.tables import as_decimal
from salesops_nb.commission.plans.plan import Plan
from salesops_nb.commission.plans.schema_component import Component
from salesops_nb.commission.settlement.working import Working
from salesops_nb.messages import Message, joined, message

Row = dict[str, Any]
ZERO = Decimal(0)
NO_BASE = message("the pay is a per cent of base pay, and it is missing or zero")
NO_TARGET = message("the pay follows from the target incentive, and it is missing or zero")


def scorecard(payout: Working, job: Job, c: Component) -> None:
    """A line for each objective: target × weight × achievement."""
    plan, period = job.plan, payout.period
    scores: dict[tuple[str, str], Fraction] = {}
    spans = [
        p
        for p in period.calendar.between(
            max(plan.start, period.start), min(plan.end, period.end), plan.file.plan.period
        )
        if p.end <= period.end
    ]
    for span in spans:
        for row in payout.tables.rows("scores"):
            value = as_decimal(row["achievement_pct"])
            if str(row["period"]) == span.key and value is not None:
                scores[str(row["person_id"]), str(row["objective"])] = Fraction(value)
        for payee in sorted(job.people.stays if job.people.stays is not None else {p for p, _ in scores}):
            whole = Span(span.key, span.start, span.end, (span,))
            standing = job.people.standing(payee, whole)
            target = target_of(c, standing.target, standing.base)
            for o in c.objectives or ():
                got = scores.get((payee, o.id))
                if got is None:
                    payout.withheld_rows.append(
                        _why(plan, c.id, payee, message("not scored yet"), objective=o.id)
                    )
                    continue
                if c.target in ("derived", "base_pay") and not target:
                    of_base = c.target == "base_pay"
                    job.people.tell(payee, whole, c.id, quota=False, target=not of_base, base=of_base)
                    why = NO_BASE if of_base else NO_TARGET
                    payout.withheld_rows.append(_why(plan, c.id, payee, why, objective=o.id))
                    continue
                got = min(got, Fraction(o.cap_pct)) if o.cap_pct is not None else got
                got = Fraction(0) if o.threshold_pct is not None and got < o.threshold_pct else got
                amount = rounded_pay(plan, target * Fraction(o.weight_pct) * got / 10000)
                if amount:
                    points = decimal_of(Fraction(o.weight_pct) * got / 100)
                    payout.made.append(
                        line(
                            plan,
                            c.id,
                            payee,
                            "mbo",
                            amount,
                            period.key,
                            part=f"{o.id}/{span.key}",
                            credit=points,
                            factor=decimal_of(got / 100),
                            happened_on=span.last,
                        )
                    )
                else:
                    payout.withheld_rows.append(
                        _why(plan, c.id, payee, message("the objective was not met"), objective=o.id)
                    )
        scores.clear()


def _why(plan: Plan, component: str, payee: str, reason: Message, **more: Any) -> Row:
    objective = more.get("objective")
    return {
        "payee_id": payee,
        "deal_id": None,
        "event_id": None,
        "plan_id": plan.id,
        "component_id": component,
        "reason": reason if objective is None else joined([objective, reason], ": "),
        "credit": ZERO,
        "amount": ZERO,
    }
