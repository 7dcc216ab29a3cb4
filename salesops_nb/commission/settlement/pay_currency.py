"""Pay in each person's own currency, where the plan says by which rates."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from salesops_nb.commission.earning.plan_at_work import Job
from salesops_nb.commission.inputs.exchange_rates import Rates, no_rate_between
from salesops_nb.commission.inputs.rounding import rounded_pay
from salesops_nb.commission.plans.plan import Plan
from salesops_nb.commission.settlement.working import Working
from salesops_nb.errors import Problem, problem
from salesops_nb.messages import Figure, listed

Row = dict[str, Any]
ZERO = Decimal(0)


def in_own_currency(payout: Working, job: Job, rows: list[Row], pay_date: date) -> list[Row]:
    """Pay in each person's own currency, where the plan says by which rates."""
    plan = job.plan
    if plan.file.fx is None or plan.file.fx.pay is None:
        return rows
    rates = Rates(payout.tables, plan.file.fx.pay.rates)
    per_step = plan.file.rounding.at == "each_step"
    found = []
    missing: dict[tuple[str, date], list[Row]] = defaultdict(list)
    for row in rows:
        stays = job.people.stays_of(row["payee_id"])
        begun = [stay for stay in stays if stay.start <= row["happened_on"]] or stays[:1]
        target = (begun[-1].currency if begun else None) or plan.currency
        day = pay_date if plan.file.fx.pay.at == "pay_date" else row["happened_on"]
        rate = rates.on(day, plan.currency, target)
        if rate is None:
            missing[target, day].append(row)
            payout.withheld_rows.append(
                {
                    k: row.get(k)
                    for k in (
                        "payee_id",
                        "deal_id",
                        "event_id",
                        "plan_id",
                        "component_id",
                        "credit",
                        "amount",
                    )
                }
                | {"reason": no_rate_between(plan.currency, target)}
            )
            continue
        single = (
            row["kind"] not in ("draw", "draw_recovery")
            and not per_step
            and not plan.file.release
            and row["raw"]
        )
        exact = (
            row["raw"]
            if single and abs(row["raw"] - row["amount"]) < Decimal(1).scaleb(-plan.places)
            else row["amount"]
        )
        found.append(row | {"amount": rounded_pay(plan, Fraction(exact) * rate, target), "currency": target})
    payout.found += [_no_rate(plan, rates.kind, *key, lines) for key, lines in missing.items()]
    return found


def _no_rate(plan: Plan, kind: str, target: str, day: date, lines: list[Row]) -> Problem:
    total = sum(row["amount"] for row in lines)
    people = sorted({row["payee_id"] for row in lines})
    return problem(
        "missing-rate.pay",
        table="fx_rates",
        column="rate",
        value=target,
        amount=total,
        kind=kind,
        currency=plan.currency,
        day=day,
        total=Figure(total, plan.places),
        people=listed(people, 5),
    )
