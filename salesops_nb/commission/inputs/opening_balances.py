"""Opening balances: what a person brings into a plan that starts in mid-year.

Kinds: ``credit`` (year-to-date credit, so that tables go on where they stood), ``draw`` (advances to
repay), ``carry`` (pay carried over a cap), ``negative_pay`` (pay below zero, carried), ``holdback`` (pay
earned before and not yet released) and ``clawback`` (pay of a deal that a cancellation may still take back).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from salesops_nb.commission.inputs.tables import Tables, as_day, as_decimal
from salesops_nb.commission.plans.plan import Plan
from salesops_nb.errors import Problem, problem

KINDS = ("credit", "draw", "holdback", "clawback", "carry", "negative_pay")


@dataclass(frozen=True)
class Opening:
    """One row of `opening_balances`; `as_of` is the first day on which the plan's own events count."""

    row: int
    payee: str
    component: str | None
    kind: str
    amount: Decimal
    as_of: date | None = None
    deal: str | None = None
    due_on: date | None = None
    plan_id: str | None = None


def openings(tables: Tables, plan: Plan, *kinds: str) -> list[Opening]:
    """The plan's opening balances of the given kinds."""
    found = []
    for number, row in enumerate(tables.rows("opening_balances"), start=2):
        amount = as_decimal(row.get("amount"))
        if row.get("kind") in kinds and (row.get("plan_id") or plan.id) == plan.id and amount is not None:
            day, due = as_day(row.get("as_of")), as_day(row.get("due_on"))
            component, deal = row.get("component_id") or None, row.get("deal_id") or None
            payee, kind = str(row["person_id"]), str(row["kind"])
            own = row.get("plan_id") or None
            found.append(Opening(number, payee, component, kind, amount, day, deal and str(deal), due, own))
    return found


def balances(tables: Tables, plan: Plan, kind: str, component: str | None = None) -> dict[str, Decimal]:
    """Sums of a kind by person; of one component, rows that name none included."""
    found: dict[str, Decimal] = defaultdict(Decimal)
    for o in openings(tables, plan, kind):
        if component is None or o.component in (None, component):
            found[o.payee] += o.amount
    return found


def faults(tables: Tables, plans: tuple[Plan, ...]) -> list[Problem]:
    """Rows of `opening_balances` that no plan can use."""
    found = []
    ids = {plan.id for plan in plans}
    for number, row in enumerate(tables.rows("opening_balances"), start=2):
        which, column, values = "", "kind", dict[str, Any]()
        meant = [plan for plan in plans if (row.get("plan_id") or plan.id) == plan.id]
        if row.get("kind") not in KINDS:
            which, values = "bad-opening.kind", {"kind": row.get("kind"), "kinds": ", ".join(KINDS)}
        elif as_decimal(row.get("amount")) is None:
            which, column = "bad-opening.no-amount", "amount"
        elif row.get("plan_id") and row["plan_id"] not in ids:
            continue
        elif row["kind"] == "clawback" and not row.get("deal_id"):
            which, column = "bad-opening.no-deal", "deal_id"
        elif (component := row.get("component_id")) and component not in {
            c.id for plan in meant for c in plan.components
        }:
            which, column, values = "bad-opening.component", "component_id", {"component": component}
        elif not any(_has_use(plan, str(row["kind"]), component) for plan in meant):
            which = {
                "draw": "bad-opening.draw",
                "carry": "bad-opening.carry",
                "clawback": "bad-opening.clawback",
            }[str(row["kind"])]
        if which:
            found.append(
                problem(
                    which,
                    table="opening_balances",
                    row=number,
                    column=column,
                    value=str(row.get("person_id")),
                    amount=as_decimal(row.get("amount")),
                    **values,
                )
            )
    return found


def _has_use(plan: Plan, kind: str, component: str | None) -> bool:
    """Whether the plan does anything with an opening balance of the kind."""
    if kind == "draw":
        return plan.file.draw is not None and plan.file.draw.recoverable
    if kind == "clawback":
        return plan.file.clawback is not None
    if kind == "carry":
        return any(
            limit.excess == "carry"
            for c in plan.components
            if component in (None, c.id)
            for limit in c.limit_list
        )
    return True
