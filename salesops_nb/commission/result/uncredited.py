"""Deals of which nothing that the plan credits has happened yet: booked, say, and not collected."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import narwhals as nw

from salesops_nb.commission.checks.refunds_and_cancellations import in_period
from salesops_nb.commission.crediting.credits import credits
from salesops_nb.commission.inputs.events import CREDIT_KINDS, takes_back
from salesops_nb.commission.inputs.exchange_rates import NO_RATE
from salesops_nb.commission.inputs.tables import collected, number
from salesops_nb.commission.plans.plan import Plan
from salesops_nb.commission.result.reconciliation import SEEN, by_plan, why_excluded
from salesops_nb.commission.settlement.release import NOT_YET
from salesops_nb.commission.settlement.working import Working
from salesops_nb.messages import Message, message

Row = dict[str, Any]


def uncredited(payout: Working) -> list[Row]:
    """What waits for the event that its plan credits, a row a person and deal, with the reason.

    A deal waits until the plan has credited something of it; more that was sold of it is told in the
    period of that event. A deal that was cancelled or refunded in the meantime waits no more; what the
    plan would not credit is told once, in the period of the event.
    """
    found: list[Row] = []
    for plan in payout.plans:
        # without events there is nothing but bookings
        if plan.file.credit.event != "booked" or not payout.facts.bookings_made:
            found += _of_plan(payout, plan)
    return found


def _of_plan(payout: Working, plan: Plan) -> list[Row]:
    kind = plan.file.credit.event
    if plan not in payout.full or all(c.payee == "manager" for c in plan.components):
        return []
    waiting = {row["deal_id"]: row for row in _deals(payout, kind)}
    if not waiting:
        return []
    names = payout.tables.put([{"deal_id": name} for name in sorted(waiting)], {"deal_id": nw.String})
    found: dict[tuple[str, str], Row] = {}
    for other in CREDIT_KINDS:
        if other == kind:
            continue
        for row in _credits(payout, plan, other, names):
            deal, new = waiting[row["deal_id"]], row["new"]
            gone = deal["gone"] is not None and deal["gone"] >= deal["last"]
            if gone:
                if deal["gone"] not in payout.period:
                    continue
                reason = _nothing(kind, deal["gone"])
            elif row["on_plan"] and row["in_dates"] and row["counts"]:
                reason = NOT_YET[kind]
            elif new or (row["on_plan"] and row["in_dates"] and str(row["fault"]).startswith(NO_RATE)):
                # what cannot be converted is told until it can, as what waits is
                reason = why_excluded(row, payout.stays.get(plan), plan)
            else:
                continue
            keys = {"payee_id": row["payee_id"], "deal_id": row["deal_id"], "event_id": None}
            why = {"plan_id": plan.id if row["on_plan"] else None, "reason": reason}
            found.setdefault((row["payee_id"] or "", row["deal_id"]), keys | why)
    return list(found.values())


def _nothing(kind: str, day: date) -> Message:
    return {
        "booked": message("the deal was cancelled on {day}: nothing had been booked", day=day),
        "invoiced": message("the deal was cancelled on {day}: nothing had been invoiced", day=day),
        "collected": message("the deal was cancelled on {day}: nothing had been collected", day=day),
    }[kind]


def _deals(payout: Working, kind: str) -> list[Row]:
    """Deals with sales of other kinds, of which more waits than the plan's event has credited."""
    if ("uncredited", kind) not in payout.cache:
        zero, day = number(0), nw.col("happened_on")
        events = payout.facts.events.filter(day < nw.lit(payout.period.end))
        sale = nw.col("kind").is_in(list(CREDIT_KINDS)) & ~takes_back()
        other = sale & (nw.col("kind") != kind)
        sums = {
            name: nw.when(nw.col("kind") == name).then(nw.col("amount")).otherwise(zero).sum()
            for name in CREDIT_KINDS
        }
        deals = events.group_by("deal_id").agg(
            others=_count(other),
            own=_count(sale & (nw.col("kind") == kind)),
            new=_count(other & in_period(payout)),
            last=nw.when(other).then(day).max(),
            gone=nw.when(nw.col("kind") == "cancelled").then(day).max(),
            back=nw.when(nw.col("kind") == "refunded").then(nw.col("amount")).otherwise(zero).sum(),
            **sums,
        )
        deals = deals.filter((nw.col("others") > 0) & ((nw.col("own") == 0) | (nw.col("new") > 0)))
        payout.cache["uncredited", kind] = [row for row in collected(deals) if _waits(row, kind)]
    found: list[Row] = payout.cache["uncredited", kind]
    return found


def _count(what: nw.Expr) -> nw.Expr:
    return nw.when(what).then(nw.lit(1)).otherwise(nw.lit(0)).sum()


def _waits(row: Row, kind: str) -> bool:
    """Whether something of the deal is still to be credited, by the amounts of the event that comes first."""
    first = next((name for name in CREDIT_KINDS if name != kind and row[name]), kind)
    sold = row[first] - abs(row["back"] or Decimal(0))
    if not row["own"]:
        return bool(sold > 0)
    return CREDIT_KINDS.index(first) < CREDIT_KINDS.index(kind) and bool(sold > row[kind])


def _credits(payout: Working, plan: Plan, kind: str, names: nw.LazyFrame[Any]) -> list[Row]:
    """The deals' sales of a kind as credits: of the period by their own day, earlier ones by its last."""
    full = credits(plan, payout.facts, kind, payout.period.end, [])
    full = full.filter(~nw.col("negative") & (nw.col("part") == "revenue"))
    full = full.join(names, on="deal_id", how="inner").select(*SEEN)
    today = nw.when(in_period(payout)).then(nw.col("counted_on")).otherwise(nw.lit(payout.period.last))
    mine = by_plan(payout, plan, full.with_columns(counted_on=today), team=False)
    rows = collected(mine.filter(nw.col("happened_on") < nw.lit(payout.period.end)))
    start = payout.period.start
    return sorted(
        (row | {"new": row["happened_on"] >= start} for row in rows),
        key=lambda row: (not row["new"], str(row["event_id"]), str(row["payee_id"])),
    )
