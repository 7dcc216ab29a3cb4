"""Debts of draws that no pay of the period can repay, and why."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal

from salesops_nb.commission.balances.draw_spans import Versions
from salesops_nb.commission.inputs.tables import as_decimal
from salesops_nb.commission.settlement.span_pay import Pay
from salesops_nb.commission.settlement.working import Working
from salesops_nb.errors import Problem, problem

ZERO = Decimal(0)


def unrepaid(payout: Working, pay: Pay, owed: Iterable[tuple[Versions, str, Decimal]]) -> list[Problem]:
    """A problem for what is owed in a currency that the person is not paid in, and of plans not given."""
    found = []
    for family, payee, amount in owed:
        currency = family.every[0].currency
        follows = any(p.file.draw.debt == "follows_person" for p in family.recoverable if p.file.draw)
        paid_in = {p.currency for p in payout.plans if payee in pay.people(p)}
        if amount > 0 and follows and paid_in and currency not in paid_in:
            found.append(_other_currency(family.id, payee, amount, currency, sorted(paid_in)))
    return found + _of_plans_not_given(payout)


def _other_currency(plan: str, payee: str, amount: Decimal, currency: str, paid_in: list[str]) -> Problem:
    return problem(
        "draw-in-another-currency",
        table="plan_assignments",
        column="plan_id",
        value=payee,
        amount=amount,
        currency=currency,
        plan=plan,
        paid_in=", ".join(paid_in),
    )


def _of_plans_not_given(payout: Working) -> list[Problem]:
    """Draws in the ledger of plans that were not given: whether they are owed is said in the plan."""
    known = {plan.id for plan in payout.plans}
    people = {p for stays in payout.stays.values() for p in stays or {}}
    everyone = any(stays is None for stays in payout.stays.values())
    sums: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    theirs: dict[tuple[str, str], set[str]] = defaultdict(set)
    for row in payout.prior_rows():
        plan, payee = row.get("plan_id"), row["payee_id"]
        of_a_draw = row["kind"] in ("draw", "draw_recovery") and isinstance(plan, str)
        if of_a_draw and plan not in known and (everyone or payee in people):
            sums[str(plan), row["currency"]] += as_decimal(row["amount"]) or ZERO
            theirs[str(plan), row["currency"]].add(payee)
    return [
        problem(
            "draw-of-another-plan",
            table="prior_lines",
            column="plan_id",
            value=plan,
            amount=amount,
            currency=currency,
            people=", ".join(sorted(theirs[plan, currency])[:5]),
        )
        for (plan, currency), amount in sorted(sums.items())
        if amount > 0
    ]
