"""From draft to paid: who may take a statement, and then its period, one step further.

Review and approval are per statement. Who may do which is said by the duties; somebody who
is paid an override on the statement may approve it, but not alone: at least one approver must be
independent of it. Lock and pay are per period, when every statement in it is approved.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd
import pyarrow as pa
from sqlalchemy import Connection, Engine, Row, select

from salesops_nb.core.frames import arrow_frame
from salesops_nb.core.money import from_minor, places
from salesops_nb.core.periods import FiscalCalendar, Period
from salesops_nb.errors import Problem, SalesopsError, problem
from salesops_nb.messages import message
from salesops_nb.store.ledger.calendar import PayCalendar
from salesops_nb.store.ledger.chain import append, details, entries, writing
from salesops_nb.store.ledger.duties import ANYBODY, Duties, same_person
from salesops_nb.store.ledger.state import (
    CLOSED,
    STATUSES,
    PeriodState,
    current_lines,
    known_periods,
    period_state,
)
from salesops_nb.store.ledger.verification import anchor_of


@dataclass(frozen=True, slots=True)
class Step:
    """What a step did: the payees whose statements moved, those that wait and why, the anchor."""

    moved: list[str]
    waiting: list[Problem]
    anchor: str


def review(
    engine: Engine,
    period: Period | str,
    *,
    by: str,
    on: date,
    payees: Collection[str] | None = None,
    duties: Duties = ANYBODY,
) -> Step:
    """Mark draft statements as reviewed; all of the period's, or those of the payees named.

    Raises `SalesopsError` where nobody, or no person of `duties`, is named, the period is closed, has no
    line, or a named payee has none. Whom the duties bar from a statement, its payee as a rule, does not
    review it.
    """
    by = duties.person("reviewer", by)

    def may(state: PeriodState, payee: str, lines: Lines) -> Problem | None:
        others = [*_authors(lines), ("payee", payee)]
        if why := duties.clash("reviewer", by, others):
            may = duties.who_may("reviewer", others)
            return problem("ledger-step.duties", column="payee_id", value=payee, why=why, who_may=may)
        status = state.status(payee)
        if status != "draft":
            return problem("ledger-step.not-draft", column="payee_id", value=payee, status=message(status))
        return None

    return _each(engine, str(period), by, on, payees, "reviewed", may)


def approve(
    engine: Engine,
    period: Period | str,
    *,
    by: str,
    on: date,
    payees: Collection[str] | None = None,
    duties: Duties = ANYBODY,
) -> Step:
    """Approve reviewed statements; all of the period's that `by` may approve, or those of the payees named.

    The approver is a person of `duties`, not the payee, and by their default not the author of any of its
    lines. A person paid an override on a statement is recorded as an approver, and the statement waits
    for an independent one. Raises `SalesopsError` where nothing at all can be approved by this person, or a
    named statement not.
    """
    by = duties.person("approver", by)

    def may(state: PeriodState, payee: str, lines: Lines) -> Problem | None:
        others = [("payee", payee), *_authors(lines), ("reviewer", state.reviewers.get(payee))]
        if why := duties.clash("approver", by, others):
            may = duties.who_may("approver", others)
            return problem("ledger-step.duties", column="payee_id", value=payee, why=why, who_may=may)
        if any(same_person(by, earlier) for earlier in state.approvals.get(payee, [])):
            return problem("ledger-step.approved-by", column="payee_id", value=payee, by=by)
        status = state.status(payee)
        if status != "reviewed":
            return problem("ledger-step.not-reviewed", column="payee_id", value=payee, status=message(status))
        return None

    return _each(engine, str(period), by, on, payees, "approved", may)


def lock(
    engine: Engine,
    period: Period | str,
    *,
    by: str,
    on: date,
    pay_calendar: PayCalendar | None = None,
    fiscal: FiscalCalendar | None = None,
    duties: Duties = ANYBODY,
) -> str:
    """Lock a period whose statements are all approved; returns the anchor to keep elsewhere.

    Raises `SalesopsError` where a statement is not approved, an earlier period of one of its plans is not
    locked, or the cut-off has not passed yet.
    """
    key, by = str(period), duties.person("person who locks", by, column="by")
    with writing(engine) as connection:
        state, lines = period_state(connection, key), current_lines(connection, periods=[key])
        if state.own in CLOSED:
            status = message(state.own)
            raise SalesopsError(problem("ledger-step.lock-closed", column="period", value=key, status=status))
        _some(lines, key)
        _in_order(connection, key, lines, fiscal or FiscalCalendar())
        open_ones = sorted({r.payee_id for r in lines if state.status(r.payee_id) != "approved"})
        if open_ones:
            raise SalesopsError(
                problem(
                    "ledger-step.not-approved",
                    column="payee_id",
                    value=payee,
                    period=key,
                    status=message(state.status(payee)),
                )
                for payee in open_ones
            )
        if pay_calendar is not None:
            cut_off = pay_calendar.dates((fiscal or FiscalCalendar()).period(key)).cut_off
            if on <= cut_off:
                place: dict[str, Any] = {"column": "on", "value": str(on)}
                raise SalesopsError(problem("ledger-step.cut-off", **place, period=key, cut_off=cut_off))
        return _period_step(connection, key, by, on, {"to": "locked"})


def _in_order(connection: Connection, key: str, lines: Lines, fiscal: FiscalCalendar) -> None:
    """A period closes after the earlier ones of its plans: what it pays goes on from what they paid."""
    plans, start = {row.plan_id for row in lines} - {None}, fiscal.period(key).start
    waiting = []
    for earlier in known_periods(connection):
        if fiscal.period(earlier).end > start or period_state(connection, earlier).own in CLOSED:
            continue
        same = plans & {row.plan_id for row in current_lines(connection, periods=[earlier])}
        if same:
            plans_of = ", ".join(sorted(same))
            place: dict[str, Any] = {"column": "period", "value": earlier}
            waiting.append(problem("ledger-step.earlier", **place, period=key, n=len(same), plans=plans_of))
    if waiting:
        raise SalesopsError(waiting)


def pay(
    engine: Engine,
    period: Period | str,
    *,
    by: str,
    on: date,
    pay_calendar: PayCalendar | None = None,
    fiscal: FiscalCalendar | None = None,
    duties: Duties = ANYBODY,
) -> str:
    """Mark a locked period as paid on a day; returns the anchor to keep elsewhere.

    Raises `SalesopsError` where the period is not locked, or its pay date has not come yet.
    """
    key, by = str(period), duties.person("person who pays", by, column="by")
    with writing(engine) as connection:
        state = period_state(connection, key)
        if state.own != "locked":
            which = "ledger-step.paid" if state.own == "paid" else "ledger-step.not-locked"
            raise SalesopsError(problem(which, column="period", value=key))
        if pay_calendar is not None:
            pay_date = pay_calendar.dates((fiscal or FiscalCalendar()).period(key)).pay_date
            if on < pay_date:
                place: dict[str, Any] = {"column": "on", "value": str(on)}
                raise SalesopsError(problem("ledger-step.pay-date", **place, period=key, pay_date=pay_date))
        content = {"to": "paid", "paid_on": on.isoformat()}
        return _period_step(connection, key, by, on, content)


def statements(engine: Engine, period: Period | str | None = None) -> pd.DataFrame:
    """Every statement: period, payee_id, currency, amount, lines, status, approvers, paid_on.

    One row for each currency a payee is paid in; amounts are decimals.
    """
    with engine.connect() as connection:
        keys = known_periods(connection) if period is None else [str(period)]
        rows: list[tuple[Any, ...]] = []
        for key in keys:
            state, sums = period_state(connection, key), _sums(current_lines(connection, periods=[key]))
            for (payee, currency), (minor, count) in sorted(sums.items()):
                approvers = ", ".join(state.approvals.get(payee, []))
                paid_on = date.fromisoformat(state.paid_on) if state.paid_on else None
                amount = from_minor(minor, currency)
                rows.append((key, payee, currency, amount, count, state.status(payee), approvers, paid_on))
    scale = max((places(row[2]) for row in rows), default=2)
    text = pa.string()
    types = (text, text, text, pa.decimal128(38, scale), pa.int64(), text, text, pa.date32())
    names = ("period", "payee_id", "currency", "amount", "lines", "status", "approvers", "paid_on")
    columns = {name: pa.array([r[i] for r in rows], types[i]) for i, name in enumerate(names)}
    return arrow_frame(columns)


Lines = list[Row[Any]]


def _each(
    engine: Engine,
    period: str,
    by: str,
    on: date,
    payees: Collection[str] | None,
    to: str,
    may: Callable[[PeriodState, str, Lines], Problem | None],
) -> Step:
    with writing(engine) as connection:
        state, lines = period_state(connection, period), current_lines(connection, periods=[period])
        if state.own in CLOSED:
            status = message(state.own)
            raise SalesopsError(problem("ledger-step.closed", column="period", value=period, status=status))
        _some(lines, period)
        by_payee: dict[str, Lines] = {}
        for row in lines:
            by_payee.setdefault(row.payee_id, []).append(row)
        unknown = sorted(set(payees or ()) - by_payee.keys())
        waiting = [
            problem("ledger-step.no-line", column="payee_id", value=who, period=period) for who in unknown
        ]
        moved, rows, done = [], [], 0
        paid_on = _overrides(connection, period, by)
        for payee in sorted(by_payee if payees is None else by_payee.keys() & set(payees)):
            if payees is None and STATUSES.index(state.status(payee)) >= STATUSES.index(to):
                done += 1  # whoever asks for all does not ask for those again
                continue
            refusal = may(state, payee, by_payee[payee])
            if refusal:
                waiting.append(refusal)
                continue
            entries, alone = _entries(state, payee, period, by, on, to, paid_on(by_payee[payee]))
            rows += entries
            if alone:
                waiting.append(problem("ledger-step.override", column="payee_id", value=payee, by=by))
            else:
                moved.append(payee)
        if waiting and (not rows or (payees is not None and any(p.severity == "error" for p in waiting))):
            raise SalesopsError(waiting)
        if done and not rows:
            status = message(to)
            raise SalesopsError(problem("ledger-step.done", column="period", value=period, status=status))
        append(connection, rows)
        return Step(moved, waiting, anchor_of(connection))


def _entries(
    state: PeriodState, payee: str, period: str, by: str, on: date, to: str, interested: bool
) -> tuple[list[dict[str, Any]], bool]:
    """The entries of one statement's step, and whether it still waits for an independent approver."""
    common = {"period": period, "payee_id": payee, "author": by, "made_on": on.isoformat()}
    status = {"entry": "status", "details": {"to": to}, **common}
    if to != "approved":
        return [status], False
    approval = {"entry": "approval", "details": {"override": interested}, **common}
    return ([approval], True) if interested else ([approval, status], False)


def _authors(lines: Lines) -> list[tuple[str, str | None]]:
    """Who wrote the lines of a statement."""
    return [("author", author) for author in sorted({row.author for row in lines})]


def _overrides(connection: Connection, period: str, by: str) -> Callable[[Lines], bool]:
    """Whether a person is paid an override on a statement: by its line, its event or its deal.

    An override line that names none of them counts as one on every statement of its period.
    """
    query = select(entries).where(entries.c.entry == "line", entries.c.kind.in_(("override", "adjustment")))
    mine = [
        row
        for row in connection.execute(query)
        if same_person(row.payee_id, by) and details(row).get("calculated_kind", row.kind) == "override"
    ]
    things = ("source_line_id", "event_id", "deal_id")
    named_things = {name: {getattr(row, name) for row in mine} - {None} for name in things}
    general = any(
        not (row.source_line_id or row.event_id or row.deal_id) for row in mine if row.period == period
    )

    def paid_on(statement: Iterable[Row[Any]]) -> bool:
        return general or any(
            row.line_id in named_things["source_line_id"]
            or row.event_id in named_things["event_id"]
            or row.deal_id in named_things["deal_id"]
            for row in statement
        )

    return paid_on


def _period_step(connection: Connection, key: str, by: str, on: date, content: dict[str, str]) -> str:
    row = {"entry": "status", "period": key, "author": by, "made_on": on.isoformat(), "details": content}
    append(connection, [row])
    return anchor_of(connection)


def _sums(lines: Lines) -> dict[tuple[str, str], tuple[int, int]]:
    sums: dict[tuple[str, str], tuple[int, int]] = {}
    for row in lines:
        minor, count = sums.get((row.payee_id, row.currency), (0, 0))
        sums[row.payee_id, row.currency] = (minor + row.amount_minor, count + 1)
    return sums


def _some(lines: Lines, period: str) -> None:
    if not lines:
        raise SalesopsError(problem("ledger-step.empty", column="period", value=period))
