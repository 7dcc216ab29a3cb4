"""Adjustments by hand: a line with a reason, an author and an approver, on the payee's statement."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Engine, select

from salesops_nb.core.money import to_minor
from salesops_nb.core.periods import FiscalCalendar
from salesops_nb.errors import SalesopsError, problem
from salesops_nb.store.ledger.chain import append, entries, named, same_person, writing
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
) -> str:
    """Add a line by hand to an open period; returns its id.

    `corrects` names the line it corrects, if any. Raises `SalesopsError` where the reason, the
    author or the approver is missing, the approver is the author or the payee, the period is
    locked, the amount is zero or finer than its currency, or the corrected line is unknown.
    """
    author, approver = named(author, "author"), named(approver, "approver")
    payee_id = named(payee_id, "payee_id")
    period = FiscalCalendar().period(period).key
    minor = _checked_adjustment(amount, currency, reason, author, approver, payee_id)
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


def _checked_adjustment(
    amount: Decimal, currency: str, reason: str, author: str, approver: str, payee_id: str
) -> int:
    if not reason.strip():
        raise SalesopsError(problem("bad-adjustment.no-reason", column="reason", value=reason))
    if same_person(approver, author):
        raise SalesopsError(problem("bad-adjustment.by-its-author", column="approver", value=approver))
    if same_person(approver, payee_id):
        raise SalesopsError(problem("bad-adjustment.by-its-payee", column="approver", value=approver))
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
