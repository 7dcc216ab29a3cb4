"""Adjustments by hand: a line with a reason, an author and an approver, on the payee's statement."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Engine, select

from salesops_nb.core.money import to_minor
from salesops_nb.core.periods import FiscalCalendar
from salesops_nb.errors import SalesopsError, problem
from salesops_nb.messages import message
from salesops_nb.store.ledger.chain import append, entries, writing
from salesops_nb.store.ledger.duties import ANYBODY, Duties, same_person
from salesops_nb.store.ledger.lines import LIMIT
from salesops_nb.store.ledger.state import CLOSED, MANUAL, period_state


def adjust(
    engine: Engine,
    period: str,
    payee_id: str,
    amount: Decimal,
    currency: str,
    *,
    reason: str,
    author: str,
    approver: str,
    on: date,
    corrects: str | None = None,
    duties: Duties = ANYBODY,
) -> str:
    """Add a line by hand to an open period; returns its id.

    `corrects` names the line it corrects, if any. Raises `SalesopsError` where the reason, the
    author or the approver is missing or no person of `duties`, two of author, approver and payee are one
    whom the duties keep apart, the period is locked, the amount is zero or finer than its currency, or the
    corrected line is unknown.
    """
    author, approver = duties.person("author", author), duties.person("approver", approver)
    payee_id = duties.person("payee", payee_id)
    duties.refuse("approver", approver, [("payee", payee_id), ("author", author)], _REFUSED)
    duties.refuse("author", author, [("payee", payee_id)], _REFUSED)
    period = FiscalCalendar().period(period).key
    minor = _checked_adjustment(amount, currency, reason)
    with writing(engine) as connection:
        state = period_state(connection, period)
        if state.own in CLOSED:
            raise SalesopsError(
                problem("bad-adjustment.closed-period", column="period", value=period, status=state.own)
            )
        line_id = f"manual~{period}~{_manual_count(connection) + 1}"
        corrected = _corrected(connection, corrects, payee_id) if corrects else {}
        common = {"author": author, "made_on": on.isoformat(), "period": period, "payee_id": payee_id}
        line = {
            **corrected,
            "entry": "line",
            "line_id": line_id,
            "kind": "adjustment",
            "amount_minor": minor,
            "currency": currency,
            "source_line_id": corrects,
            "happened_on": on.isoformat(),
            "origin": f"{MANUAL}{period}",
            "details": {"reason": reason.strip(), "approver": approver},
        }
        rows = [line | common]
        if state.statements.get(payee_id, "draft") != "draft":
            rows.append(
                {"entry": "status", "details": {"to": "draft", "reason": "a line was added"}, **common}
            )
        append(connection, rows)
    return line_id


_REFUSED = message("Adjustment refused")


def _checked_adjustment(amount: Decimal, currency: str, reason: str) -> int:
    if not reason.strip():
        raise SalesopsError(problem("bad-adjustment.no-reason", column="reason", value=reason))
    if not isinstance(amount, Decimal) or not amount.is_finite() or not amount:
        raise SalesopsError(problem("bad-adjustment.no-amount", column="amount", value=str(amount)))
    try:
        minor = to_minor(amount, currency)
    except ValueError:
        raise SalesopsError(
            problem("bad-adjustment.too-many-places", column="amount", value=amount, currency=currency)
        ) from None
    if abs(minor) >= LIMIT:
        raise SalesopsError(problem("bad-adjustment.too-large", column="amount", value=str(amount)))
    return minor


def _manual_count(connection: Connection) -> int:
    made = select(entries.c.line_id).where(
        entries.c.entry == "line", entries.c.line_id.like("manual~%"), entries.c.origin.like(f"{MANUAL}%")
    )
    return len(set(connection.execute(made).scalars()))


def _corrected(connection: Connection, line_id: str, payee_id: str) -> dict[str, Any]:
    """Plan, component and deal of the line that is corrected."""
    query = select(entries).where(entries.c.line_id == line_id, entries.c.entry == "line")
    row = connection.execute(query.order_by(entries.c.seq.desc()).limit(1)).first()
    if row is None:
        raise SalesopsError(problem("bad-adjustment.unknown-line", column="corrects", value=line_id))
    if not same_person(row.payee_id, payee_id):
        raise SalesopsError(
            problem("bad-adjustment.of-another-payee", column="corrects", value=line_id, payee=row.payee_id)
        )
    names = ("plan_id", "plan_version", "component_id", "deal_id", "event_id")
    return {name: getattr(row, name) for name in names}
