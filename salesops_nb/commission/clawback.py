"""What a cancelled deal takes back of what was paid: all of it, the unserved share, or a declining one."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from salesops_nb.commission.frames import as_decimal
from salesops_nb.commission.lines import line
from salesops_nb.commission.months import months_between, months_later
from salesops_nb.commission.plan import Plan
from salesops_nb.commission.rounding import decimal_of, rounded_pay
from salesops_nb.errors import Problem

if TYPE_CHECKING:
    from salesops_nb.commission.payout import ComponentRows, Payout

Row = dict[str, Any]
ZERO = Decimal(0)


def cancelled_on(plan: Plan, row: Row, events: list[Row]) -> tuple[date, str] | None:
    """The first cancellation after the credit, if the plan's window still holds it."""
    if plan.file.clawback is None:
        return None
    first = next(
        (e for e in events if e["kind"] == "cancelled" and e["happened_on"] >= row["counted_on"]), None
    )
    if first is None:
        return None
    window = plan.file.clawback.months
    if window is not None and first["happened_on"] >= months_later(row["counted_on"], window):
        return None
    return first["happened_on"], first["event_id"]


def clawed_back(
    payout: Payout,
    plan: Plan,
    part: ComponentRows,
    row: Row,
    cancelled: tuple[date, str],
    paid: Decimal,
    source: str,
) -> list[Row]:
    """The line that takes back, in the period of the cancellation, what was paid of a credit."""
    rule, (day, event) = plan.file.clawback, cancelled
    assert rule is not None
    if not payout.period.start <= day < payout.period.end:
        return []
    ledger = [
        r["amount"]
        for r in payout.prior(plan)
        if r.get("payee_id") == row["payee_id"]
        and r.get("component_id") == part.c.id
        and r.get("event_id") == row["event_id"]
    ]
    if ledger:
        inside = payout.period.start <= row["happened_on"] < payout.period.end
        paid = sum((as_decimal(a) or ZERO for a in ledger), paid if inside else ZERO)
    share = share_back(payout, plan, row, day)
    amount = -rounded_pay(plan, Fraction(paid) * share)
    if not amount:
        return []
    made = line(plan, part.c.id, row["payee_id"], "clawback", amount, payout.period.key)
    made |= {
        "deal_id": row["deal_id"],
        "event_id": event,
        "credit": -row["x"],
        "factor": decimal_of(share),
        "source_line_id": source,
        "happened_on": day,
    }
    made["line_id"] += f"/{row['event_id']}" + ("/overlay" if row["part"] == "overlay" else "")
    return [made]


def share_back(payout: Payout, plan: Plan, row: Row, day: date) -> Fraction:
    """The share of what was paid that comes back when a deal is cancelled on a day."""
    rule = plan.file.clawback
    assert rule is not None
    served = months_between(row["counted_on"], day)
    if rule.method == "full":
        return Fraction(1)
    if rule.method == "share":
        return Fraction(rule.pct or 0) / 100
    if rule.method == "declining":
        assert rule.months is not None
        return max(Fraction(0), Fraction(rule.months - served, rule.months))
    term = payout.terms().get(row["deal_id"])
    if not term:
        payout.found.append(
            Problem(
                "missing-term",
                f"Deal {row['deal_id']} was cancelled and has no term_months, so its unserved share is "
                "not known; all of it is taken back.",
                "Add term_months to deals.",
                table="deals",
                column="term_months",
                value=row["deal_id"],
            )
        )
        return Fraction(1)
    return max(Fraction(0), Fraction(term - served, term))
