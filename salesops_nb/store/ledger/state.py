"""What holds now in the ledger, read from its entries: current lines, statuses, open or closed.

A statement is what one payee gets in one period. Its status is draft, reviewed or approved; the
period as a whole is then locked and paid, and every statement in it with it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import Connection, Row, func, select

from salesops_nb.core.periods import FiscalCalendar, Period
from salesops_nb.store.ledger.calendar import PayCalendar
from salesops_nb.store.ledger.chain import details, entries

STATUSES = ("draft", "reviewed", "approved", "locked", "paid")
CLOSED = ("locked", "paid")
MANUAL = "manual:"  # before the period of a line by hand, which no calculation speaks of


@dataclass(slots=True)
class PeriodState:
    """Statuses of one period: its own (draft, locked, paid), its statements', who reviewed and approved them.

    `approvals` hold only those since the statement was last a draft; `approved` the entry that approved it.
    """

    period: str
    own: str = "draft"
    paid_on: str | None = None
    statements: dict[str, str] = field(default_factory=dict)
    reviewers: dict[str, str] = field(default_factory=dict)
    approvals: dict[str, list[str]] = field(default_factory=dict)
    approved: dict[str, int] = field(default_factory=dict)

    def status(self, payee_id: str) -> str:
        """The status of a payee's statement."""
        return self.own if self.own in CLOSED else self.statements.get(payee_id, "draft")


def period_state(connection: Connection, period: str) -> PeriodState:
    """The statuses of a period, from its status and approval entries."""
    state = PeriodState(period)
    query = (
        select(entries)
        .where(entries.c.period == period, entries.c.entry.in_(("status", "approval")))
        .order_by(entries.c.seq)
    )
    for row in connection.execute(query):
        content = details(row)
        if row.payee_id is None:
            state.own = content["to"]
            state.paid_on = content.get("paid_on", state.paid_on)
        elif row.entry == "approval":
            state.approvals.setdefault(row.payee_id, []).append(row.author)
        else:
            state.statements[row.payee_id] = content["to"]
            state.approved.pop(row.payee_id, None)
            if content["to"] == "approved":
                state.approved[row.payee_id] = row.seq
            elif content["to"] == "reviewed":
                state.reviewers[row.payee_id] = row.author
            elif content["to"] == "draft":
                state.reviewers.pop(row.payee_id, None)
                state.approvals.pop(row.payee_id, None)
    return state


def current_lines(
    connection: Connection,
    periods: Collection[str] | None = None,
    origins: Collection[str] | None = None,
    payee_id: str | None = None,
) -> list[Row[Any]]:
    """The last word on each line that is not withdrawn, in the order of first writing.

    `periods` are those the lines are paid in, `origins` those whose calculation they come from.
    """
    among = select(func.max(entries.c.seq).label("seq")).where(entries.c.entry.in_(("line", "withdrawn")))
    if periods is not None:
        among = among.where(entries.c.period.in_(list(periods)))
    if origins is not None:
        among = among.where(entries.c.origin.in_(list(origins)))
    last = among.group_by(entries.c.line_id).subquery()  # a line keeps its period and origin for ever
    query = select(entries).join(last, entries.c.seq == last.c.seq).where(entries.c.entry == "line")
    if payee_id is not None:
        query = query.where(entries.c.payee_id == payee_id)
    return list(connection.execute(query.order_by(entries.c.seq)))


def origin_period(origin: str, calendar: FiscalCalendar) -> Period:
    """The period a line belongs to: the calculated one, or the one that a line by hand was entered in."""
    return calendar.period(origin.removeprefix(MANUAL))


def known_periods(connection: Connection) -> list[str]:
    """Every period the ledger has an entry of, in the order of their names."""
    return list(connection.execute(select(entries.c.period).distinct().order_by(entries.c.period)).scalars())


class Openness:
    """Which periods still take lines, on a given day and for given plans.

    A period is closed once it is locked. With a pay calendar it is also closed after its cut-off,
    unless it has no line of these plans yet (the first calculation may come after the cut-off) or
    `exception` says why it stays open.
    """

    def __init__(
        self,
        connection: Connection,
        on: date,
        pay_calendar: PayCalendar | None = None,
        fiscal: FiscalCalendar | None = None,
        exception: str = "",
        plans: Iterable[str] = (),
    ) -> None:
        self.connection, self.on, self.exception = connection, on, exception
        self.pay_calendar, self.fiscal = pay_calendar, fiscal or FiscalCalendar()
        self.plans = set(plans)
        self._closed: dict[str, bool] = {}

    def closed(self, key: str) -> bool:
        """Whether a period takes no more lines."""
        if key not in self._closed:
            locked = period_state(self.connection, key).own in CLOSED
            self._closed[key] = locked or self._cut_off(key)
        return self._closed[key]

    def _cut_off(self, key: str) -> bool:
        if self.pay_calendar is None or self.exception:
            return False
        if self.on <= self.pay_calendar.dates(self.fiscal.period(key)).cut_off:
            return False
        calculated = select(entries.c.plan_id).where(
            entries.c.origin == key, entries.c.period == key, entries.c.entry == "line"
        )
        return not self.plans.isdisjoint(self.connection.execute(calculated.distinct()).scalars())

    def target(self, key: str) -> str:
        """The period itself while it is open, else the first open one after it."""
        period: Period = self.fiscal.period(key)
        while self.closed(period.key):
            period = period.next()
        return period.key
