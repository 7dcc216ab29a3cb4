"""Pay in each person's own currency, where the plan says by which rates."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from salesops_nb.commission.job import Job
from salesops_nb.commission.rates import Rates
from salesops_nb.commission.rounding import rounded_pay
from salesops_nb.commission.working import Working
from salesops_nb.errors import Problem

Row = dict[str, Any]
ZERO = Decimal(0)


def in_own_currency(payout: Working, job: Job, rows: list[Row], pay_date: date) -> list[Row]:
    """Pay in each person's own currency, where the plan says by which rates."""
    plan = job.plan
    if plan.file.fx is None or plan.file.fx.pay is None:
        return rows
    rates = Rates(payout.tables, plan.file.fx.pay.rates)
    per_step = plan.file.rounding.at == "each_step"
    found, missing = [], set()
    for row in rows:
        stay = next((s for s in job.people.stays_of(row["payee_id"]) if s.currency), None)
        target = (stay.currency if stay else None) or plan.currency
        day = pay_date if plan.file.fx.pay.at == "pay_date" else row["happened_on"]
        rate = rates.on(day, plan.currency, target)
        if rate is None:
            if target not in missing:
                missing.add(target)
                payout.found.append(
                    Problem(
                        "missing-rate",
                        f"There is no {rates.kind} rate from {plan.currency} to {target} on {day}; lines "
                        f"of {row['payee_id']} wait for it.",
                        f"Add {target} to fx_rates (kind {rates.kind}).",
                        table="fx_rates",
                        column="rate",
                        value=target,
                        amount=row["amount"],
                    )
                )
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
                | {"reason": f"no rate from {plan.currency} to {target}"}
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
    return found
