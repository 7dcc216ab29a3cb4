"""What a cancelled deal takes back of what was paid: all of it, the unserved share, or a declining one."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

from salesops_nb.commission.crediting.refund_pieces import event_of, sale_of
from salesops_nb.commission.earning.lines import line, of_version
from salesops_nb.commission.inputs.rounding import decimal_of, rounded_pay
from salesops_nb.commission.inputs.tables import as_day
from salesops_nb.commission.plans.component_terms import scope_of
from salesops_nb.commission.plans.plan import Plan
from salesops_nb.commission.settlement.working import ComponentRows, Working
from salesops_nb.core.periods import months_between, months_later
from salesops_nb.errors import problem
from salesops_nb.messages import message

Row = dict[str, Any]
ZERO = Decimal(0)


class Cancelled(NamedTuple):
    """The cancellation that concerns a credit, and the share of its pay that comes back with it."""

    day: date
    event: str
    share: Fraction


def cancelled(payout: Working, plan: Plan, row: Row, events: list[Row]) -> Cancelled | None:
    """What a cancellation takes back of a credit; for a refund, of the sale that it takes back itself."""
    gone = cancelled_on(plan, row, events)
    return Cancelled(*gone, share_back(payout, plan, row, gone[0])) if gone else None


def cancelled_on(plan: Plan, row: Row, events: list[Row]) -> tuple[date, str] | None:
    """The first cancellation after the credit, if the plan's window still holds it."""
    if plan.file.clawback is None:
        return None
    first = next(
        (e for e in events if e["kind"] == "cancelled" and e["happened_on"] >= row["counted_on"]), None
    )
    if first is None:
        return None
    if first["happened_on"] >= plan.file.clawback.ends(row["counted_on"]):
        return None
    return first["happened_on"], first["event_id"]


def earned_id(part: ComponentRows, row: Row) -> str:
    """What the lines of a credit name as their source: the pay that was earned with it."""
    plan = part.plan
    event, sale = event_of(row["event_id"]), sale_of(row["event_id"])
    name = f"{plan.id}.{plan.version}/{part.c.id}/{row['payee_id']}/{event}/earned"
    return f"{name}/{sale}" if sale else name


def clawed_back(
    payout: Working, part: ComponentRows, row: Row, gone: Cancelled, paid: Decimal, now: Decimal
) -> list[Row]:
    """The lines of the period that take back what was paid of a credit; later instalments wait.

    `paid` is what the calculation says was paid before the cancellation, `now` the part of that in this
    very period; of earlier periods the ledger counts, where it was handed in.
    """
    plan, (day, event, share) = part.plan, gone
    assert plan.file.clawback is not None
    parts = plan.file.clawback.instalments
    if not day < payout.period.end or months_later(day, parts - 1) < payout.period.start:
        return []
    ledger = [
        payout.in_plan(plan, r)
        for r in payout.prior(plan)
        if r.get("payee_id") == row["payee_id"]
        and r.get("component_id") == part.c.id
        and r.get("event_id") == row["event_id"]
        and of_version(plan, r.get("plan_version"))
        and r["kind"] != "clawback"
        and (as_day(r.get("happened_on")) or day) <= day
    ]
    # the ledger does not tell a refund's pieces apart; the year to date evens out what it says otherwise
    if ledger and not sale_of(row["event_id"]) and scope_of(part.c) != "ytd_less_paid":
        paid = sum(ledger, now if day in payout.period else ZERO)
    found, rest = [], ZERO
    for number, when, amount in in_instalments(plan, -rounded_pay(plan, Fraction(paid) * share), day):
        if not amount or when < payout.period.start:
            continue
        if when >= payout.period.end:
            rest += amount
            continue
        again = f"{event}#{number}" if number > 1 else event
        made = line(
            plan, part.c.id, row["payee_id"], "clawback", amount, payout.period.key,
            part="/".join(name for name in (again, sale_of(row["event_id"])) if name),
            deal_id=row["deal_id"], event_id=event_of(row["event_id"]), credit=-row["x"],
            factor=decimal_of(share), source_line_id=earned_id(part, row), happened_on=when,
        )  # fmt: skip
        made["line_id"] += "/overlay" if row["part"] == "overlay" else ""
        found.append(made)
    if rest:
        why = message("the deal was cancelled on {day}: taken back in {n} instalments", day=day, n=parts)
        payout.hold(row, part, rest, why)
    return found


def in_instalments(plan: Plan, amount: Decimal, day: date) -> list[tuple[int, date, Decimal]]:
    """What comes back, a part a month from a day on; what came back by then is rounded, not the part."""
    assert plan.file.clawback is not None
    parts = plan.file.clawback.instalments
    found, so_far = [], ZERO
    for number in range(1, parts + 1):
        by_then = amount if number == parts else rounded_pay(plan, Fraction(amount) * number / parts)
        found.append((number, months_later(day, number - 1), by_then - so_far))
        so_far = by_then
    return found


def share_back(payout: Working, plan: Plan, row: Row, day: date) -> Fraction:
    """The share of what was paid that comes back when a deal is cancelled on a day."""
    rule = plan.file.clawback
    assert rule is not None
    served = months_between(row["counted_on"], day)
    if rule.method == "full":
        return Fraction(1)
    if rule.method == "share":
        return Fraction(rule.pct or 0) / 100
    if rule.method == "declining":
        assert rule.window is not None
        length, unit = rule.window
        served = served if unit == "months" else (day - row["counted_on"]).days
        return max(Fraction(0), Fraction(length - served, length))
    term = payout.terms().get(row["deal_id"])
    if not term:
        warning = problem(
            "missing-term",
            table="deals",
            row=payout.tables.row_of("deals", "deal_id", row["deal_id"]),
            column="term_months",
            value=row["deal_id"],
        )
        if payout.period.start <= day < payout.period.end and warning not in payout.found:
            payout.found.append(warning)
        return Fraction(1)
    return max(Fraction(0), Fraction(term - served, term))
