"""Plans that a person has not accepted: told always, and withheld where the plan says so.

Acceptance is the day `accepted_on` of `plan_assignments`; a table without that column says nothing of
it. What is withheld is paid by calculating the period again once the plan is accepted: the ledger
books the difference into the open period.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import narwhals as nw

from salesops_nb.commission.crediting.refund_pieces import event_of
from salesops_nb.commission.inputs.plan_assignments import Stay
from salesops_nb.commission.inputs.tables import collected
from salesops_nb.commission.plans.plan import Plan
from salesops_nb.commission.settlement.working import Working
from salesops_nb.errors import Problem, problem
from salesops_nb.messages import message

Counted = dict[tuple[str, str, str | None], date]  # by person, component and event: activities have ids too
_REASON = message("the plan was not accepted yet")
_KEPT = ("payee_id", "deal_id", "event_id", "plan_id", "component_id", "credit", "amount")


def hold_unaccepted(payout: Working, plan: Plan, frames: range) -> None:
    """Take the lines of people who have not accepted the plan out of what is paid, if the plan
    withholds them.

    `frames` are the places of the plan's own frames among the payout's.
    """
    stays = [s for each in (payout.stays.get(plan) or {}).values() for s in each if not s.accepted]
    stays = [s for s in stays if s.start < payout.period.end]
    withhold = plan.file.acceptance is not None and plan.file.acceptance.missing == "withhold"
    for stay in stays:
        if payout.period.start < stay.end:
            payout.found.append(_waits(plan, stay, withhold))
    if not withhold or not stays:
        return
    people = [{"payee_id": payee} for payee in sorted({s.payee for s in stays})]
    theirs = payout.tables.put(people, {"payee_id": nw.String})
    counted = _counted(payout, plan, theirs)
    for i in frames:
        lines = collected(payout.lazy[i].join(theirs, on="payee_id", how="inner"))
        waiting = [r for r in lines if _concerns(r, stays, counted)]
        payout.withheld_rows += [_row(r) for r in waiting if r["amount"]]
        ids = payout.tables.put([{"line_id": r["line_id"]} for r in waiting], {"line_id": nw.String})
        payout.lazy[i] = payout.lazy[i].join(ids, on="line_id", how="anti")
    mine = [
        r
        for r in payout.made
        if (r["plan_id"], r["plan_version"]) == (plan.id, plan.version) and _concerns(r, stays, counted)
    ]
    payout.withheld_rows += [_row(r) for r in mine if r["amount"]]
    payout.made = [r for r in payout.made if not any(r is other for other in mine)]


def _counted(payout: Working, plan: Plan, theirs: nw.LazyFrame[Any]) -> Counted:
    """The day of the sale for each credit of people who have not accepted: what is released, refunded or
    taken back later waits with it.
    """
    found: Counted = {}
    for part in payout.components:
        if part.plan is plan:
            rows = part.frame.select("payee_id", "event_id", "counted_on")
            for row in collected(rows.join(theirs, on="payee_id", how="inner").unique()):
                found[row["payee_id"], part.c.id, event_of(row["event_id"])] = row["counted_on"]
    return found


def _concerns(row: dict[str, Any], stays: list[Stay], counted: Counted) -> bool:
    day = counted.get((row["payee_id"], row["component_id"], row["event_id"]), row["happened_on"])
    return any(s.payee == row["payee_id"] and s.start <= day < s.end for s in stays)


def _row(line: dict[str, Any]) -> dict[str, Any]:
    return {k: line.get(k) for k in _KEPT} | {"reason": _REASON, "amount": Decimal(line["amount"])}


def _waits(plan: Plan, stay: Stay, withhold: bool) -> Problem:
    return problem(
        "plan-not-accepted.withheld" if withhold else "plan-not-accepted.paid",
        table="plan_assignments",
        row=stay.row,
        column="accepted_on",
        value=stay.payee,
        plan=plan.id,
        start=stay.start,
    )
