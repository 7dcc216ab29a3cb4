"""Opening holdbacks released, and opening clawback exposure taken back: pay of before the plan's own
events.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from salesops_nb.commission.earning.lines import line
from salesops_nb.commission.inputs.opening_balances import Opening, openings
from salesops_nb.commission.inputs.rounding import decimal_of, rounded_pay
from salesops_nb.commission.inputs.tables import as_day, as_decimal
from salesops_nb.commission.plans.plan import Plan
from salesops_nb.commission.settlement.clawback import in_instalments, share_back
from salesops_nb.commission.settlement.collected_share import moves, settled
from salesops_nb.commission.settlement.release import NOT_YET
from salesops_nb.commission.settlement.working import Working
from salesops_nb.core.periods import months_later
from salesops_nb.errors import problem
from salesops_nb.messages import Message, message

Row = dict[str, Any]
ZERO = Decimal(0)


def opening_lines(payout: Working, plan: Plan) -> list[Row]:
    """Lines of the period for what was held back, or may be taken back, of pay from before."""
    found = []
    for o in openings(payout.tables, plan, "holdback"):
        if _mine(payout, plan, o):
            found += _holdback(payout, plan, o)
    if plan.file.clawback is not None:
        for o in openings(payout.tables, plan, "clawback"):
            if _mine(payout, plan, o):
                found += _taken_back(payout, plan, o)
    return found


def _mine(payout: Working, plan: Plan, o: Opening) -> bool:
    """Whether this version of the plan settles the balance: the one in force on `as_of`, else the first."""
    versions = sorted((p for p in payout.plans if p.id == plan.id), key=lambda p: p.start)
    in_force = (p for p in versions if o.as_of is not None and p.start <= o.as_of < p.end)
    return next(in_force, versions[0]) is plan


def _holdback(payout: Working, plan: Plan, o: Opening) -> list[Row]:
    """A release line for each part that falls due in the period; what is due by then is rounded."""
    parts, waits = _due(payout, plan, o)
    found, share_so_far, out = [], Fraction(0), ZERO
    for number, (day, share) in enumerate(parts, start=1):
        share_so_far += share
        amount = (
            o.amount if share_so_far >= 1 else rounded_pay(plan, Fraction(o.amount) * share_so_far)
        ) - out
        out += amount
        if not payout.period.start <= day < payout.period.end:
            continue
        made = line(
            plan, o.component or "holdback", o.payee, "release", amount, payout.period.key,
            part=f"opening-{o.row}" + (f"-{number}" if number > 1 else ""), happened_on=day, deal_id=o.deal,
        )  # fmt: skip
        payout.reasons[made["line_id"]] = message("held back before the plan began, released now")
        found.append(made)
    if o.amount - out and (o.as_of or plan.start) < payout.period.end:
        payout.withheld_rows.append(_waiting(plan, o, o.amount - out, waits))
    return found


def _waiting(plan: Plan, o: Opening, amount: Decimal, why: Message) -> Row:
    return {
        "payee_id": o.payee, "deal_id": o.deal, "event_id": None, "plan_id": plan.id,
        "component_id": o.component or "holdback", "reason": why, "credit": ZERO, "amount": amount,
    }  # fmt: skip


def _due(payout: Working, plan: Plan, o: Opening) -> tuple[list[tuple[date, Fraction]], Message]:
    """Days on which parts of a holdback fall due, up to the period's end, and what the rest waits for."""
    start = o.as_of or plan.start
    rules = plan.file.release or ()
    ends = [r for r in rules if r.event.endswith("_end")]
    by_deal = [r for r in rules if r.event in ("invoiced", "collected")]
    if o.due_on is None and o.deal is not None and by_deal:
        parts, why = _by_deal(payout, o, by_deal[-1].event, by_deal[-1].as_, start)
        later = [(months_later(day, by_deal[-1].after_months), share) for day, share in parts]
        return [(day, share) for day, share in later if day < payout.period.end], why
    if o.due_on is not None:
        due = o.due_on
    elif ends:
        kind = {"quarter_end": "quarter", "year_end": "year"}.get(ends[-1].event, plan.file.plan.period)
        due = payout.period.calendar.containing(start, kind).last  # type: ignore[arg-type]
        due = months_later(due, ends[-1].after_months)
    else:
        payout.found.append(
            problem(
                "holdback-without-day",
                table="opening_balances",
                row=o.row,
                column="due_on",
                value=o.payee,
                amount=o.amount,
                held=rounded_pay(plan, o.amount),
            )
        )
        return [], message("held back before the plan began; no day of release is said")
    known = [(due, Fraction(1))] if due < payout.period.end else []
    return known, message("held back before the plan began, until {day}", day=due)


def _by_deal(
    payout: Working, o: Opening, event: str, as_: str, start: date
) -> tuple[list[tuple[date, Fraction]], Message]:
    """As the deal is invoiced or paid: whole with the first event, or in proportion to what was still
    open, less what is refunded of it.
    """
    events = [e for e in payout.deal_events().get(str(o.deal), []) if e["kind"] == event]
    after = [e for e in events if e["happened_on"] >= start]
    why = message("held back before the plan began, {reason}", reason=NOT_YET[event])
    if as_ == "whole":
        return [(e["happened_on"], Fraction(1)) for e in after[:1]], why
    every = [e for e in payout.deal_events().get(str(o.deal), []) if e["kind"] in (event, "refunded")]
    before = sum((Fraction(e["amount"] or 0) for e in every if e["happened_on"] < start), Fraction(0))
    still_open = Fraction(payout.deal_amounts().get(str(o.deal)) or 0) - before
    if still_open <= 0:
        return [(e["happened_on"], Fraction(1)) for e in after[:1]], why
    sale = {"kind": "open", "happened_on": date.min, "event_id": "", "amount": still_open}
    shares = settled([sale, *(e for e in every if e["happened_on"] >= start)], event, "open")
    return [(day, share) for day, share, _ in moves(shares, date.min)], why


def _taken_back(payout: Working, plan: Plan, o: Opening) -> list[Row]:
    """What a cancellation in the period takes back of pay from before; by the plan's own rule."""
    rule, deal = plan.file.clawback, str(o.deal)
    assert rule is not None
    if o.deal is None or (plan, o.payee, deal) in payout.credited:
        return []  # told by the checks, or the plan itself has paid the deal
    events = payout.deal_events().get(deal, [])
    start = o.as_of or plan.start
    gone = next((e for e in events if e["kind"] == "cancelled" and e["happened_on"] >= start), None)
    if gone is None or gone["happened_on"] >= payout.period.end:
        return []
    first = next((e["happened_on"] for e in events if e["kind"] == plan.file.credit.event), None)
    sold = first or as_day(payout.deal_days().get(deal)) or start
    if gone["happened_on"] >= rule.ends(sold):
        return []
    share = share_back(payout, plan, {"deal_id": deal, "counted_on": sold}, gone["happened_on"])
    amount = -rounded_pay(plan, Fraction(as_decimal(o.amount) or 0) * share)
    found = []
    for number, day, piece in in_instalments(plan, amount, gone["happened_on"]):
        if piece and day in payout.period:
            found.append(
                line(
                    plan, o.component or "clawback", o.payee, "clawback", piece, payout.period.key,
                    part=f"opening-{o.row}" + (f"-{number}" if number > 1 else ""), deal_id=deal,
                    event_id=gone["event_id"], factor=decimal_of(share), happened_on=day,
                )
            )  # fmt: skip
    return found
