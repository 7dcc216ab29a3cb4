"""What was earned, as it becomes payable by the plan's events: holdbacks, instalments, pay as
customers pay.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from salesops_nb.commission.clawback import cancelled_on, clawed_back
from salesops_nb.commission.frames import collected
from salesops_nb.commission.job import Job
from salesops_nb.commission.lines import kind_of, line
from salesops_nb.commission.months import months_later
from salesops_nb.commission.plan import Plan
from salesops_nb.commission.rounding import rounded_pay

if TYPE_CHECKING:
    from salesops_nb.commission.payout import ComponentRows, Payout

Row = dict[str, Any]
ZERO = Decimal(0)


def released(payout: Payout, job: Job, part: ComponentRows) -> list[Row]:
    """What was earned, as it becomes payable by the plan's events, less what a cancelled deal takes back."""
    plan, period = job.plan, payout.period
    names = part.frame.collect_schema().names()
    columns = [
        "payee_id",
        "deal_id",
        "event_id",
        "part",
        "happened_on",
        "counted_on",
        "x",
        "raw",
        "amount_now",
        "factor_now",
    ]
    columns += [n for n in ("negative", "x_before") if n in names]
    events = payout.deal_events()
    found: list[Row] = []
    for row in collected(part.frame.select(*columns)):
        payout.credited.add((plan, row["payee_id"], row["deal_id"]))
        steps = _steps(payout, plan, row, events.get(row["deal_id"], []))
        cancelled = cancelled_on(plan, row, events.get(row["deal_id"], []))
        paid_before_cancel = ZERO
        total = row["amount_now"]
        told, out, number = Fraction(0), ZERO, 0
        source = f"{plan.id}.{plan.version}/{part.c.id}/{row['payee_id']}/{row['event_id']}/earned"
        for due, share, _cause, event in steps:
            number += 1
            told += share
            amount = total - out if told >= 1 else rounded_pay(plan, Fraction(total) * share)
            out += amount
            if (
                cancelled
                and due >= cancelled[0]
                and plan.file.clawback
                and plan.file.clawback.unpaid == "cancel"
                and due > row["happened_on"]
            ):
                payout.hold(row, part, amount, "the deal was cancelled before this part was due")
                continue
            if cancelled and due <= cancelled[0]:
                paid_before_cancel += amount
            if period.start <= due < period.end:
                kind = kind_of(part.c) if event == row["event_id"] else "release"
                if row.get("negative"):
                    kind = "refund"
                made = line(
                    plan,
                    part.c.id,
                    row["payee_id"],
                    kind,
                    amount,
                    period.key,
                    part=None if number == 1 else number,
                )
                made |= {
                    "deal_id": row["deal_id"],
                    "event_id": row["event_id"],
                    "credit": row["x"],
                    "before": row.get("x_before") or ZERO,
                    "factor": row["factor_now"],
                    "source_line_id": None if kind == kind_of(part.c) else source,
                    "happened_on": due,
                }
                made["line_id"] += "/overlay" if row["part"] == "overlay" else ""
                (found if amount else payout.zeros).append(made)
        rest = total - out
        if rest:
            payout.hold(row, part, rest, _waiting(plan))
        if cancelled:
            found += clawed_back(payout, plan, part, row, cancelled, paid_before_cancel, source)
    return found


def _waiting(plan: Plan) -> str:
    words = {"collected": "not collected yet", "invoiced": "not invoiced yet", "booked": "not booked yet"}
    names = [words.get(r.event, f"held until {r.event.replace('_', ' ')}") for r in plan.file.release or ()]
    later = [n for n in names if n != words.get(plan.file.credit.event)]
    return (later or ["an instalment is not due yet"])[-1]


def _steps(payout: Payout, plan: Plan, row: Row, events: list[Row]) -> list[tuple[date, Fraction, str, str]]:
    """Parts of a credit's pay known so far: day due, share of the whole, cause and event; in order."""
    start: date = row["happened_on"]
    if plan.file.release is None:
        return [(start, Fraction(1), "credit", row["event_id"])]
    whole = sum(
        (Fraction(e["amount"] or 0) for e in events if e["kind"] == plan.file.credit.event), Fraction(0)
    )
    found: list[tuple[date, Fraction, str, str]] = []
    for r in plan.file.release:
        share = Fraction(r.pct) / 100
        if r.as_ != "whole":
            kind = r.as_.removeprefix("share_")
            left = Fraction(1)
            for event in [e for e in events if e["kind"] == kind]:
                piece = min(left, Fraction(event["amount"] or 0) / whole) if whole else Fraction(0)
                left -= piece
                if piece:
                    found.append((max(start, event["happened_on"]), share * piece, kind, event["event_id"]))
            continue
        due = _due(payout, plan, r.event, row, events)
        if due is not None:
            when, event_id = due
            when = months_later(when, r.after_months) if r.after_months else when
            found.append(
                (when, share, r.event, event_id if not r.after_months else f"{event_id}+{r.after_months}")
            )
    found.sort(key=lambda step: (step[0], step[3] != row["event_id"], step[3]))
    return [step for step in found if step[0] < payout.period.end]


def _due(payout: Payout, plan: Plan, event: str, row: Row, events: list[Row]) -> tuple[date, str] | None:
    start: date = row["happened_on"]
    if event == plan.file.credit.event:
        return start, row["event_id"]
    if event.endswith("_end"):
        kind = {"quarter_end": "quarter", "year_end": "year"}.get(event, plan.file.plan.period)
        return payout.period.calendar.containing(start, kind).last, event  # type: ignore[arg-type]
    first = next((e for e in events if e["kind"] == event), None)
    return (max(start, first["happened_on"]), first["event_id"]) if first else None
