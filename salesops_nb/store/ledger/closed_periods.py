"""Closed periods held against today's data: where their calculation differs from what was paid, and by what.

Every locked or paid period is calculated anew in the order of time, each on the ledger of those before it as
their corrections leave it: January's change moves February's draws, totals and tiers. What differs becomes
adjustment lines of the first open period, all of them in one step; the drafts of open periods that follow are
calculated again with them, so that none of them pays a correction a second time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

import pandas as pd
import pyarrow as pa
from sqlalchemy import Connection, Engine, Row, func, select

from salesops_nb.core.money import from_minor
from salesops_nb.core.periods import FiscalCalendar, Period
from salesops_nb.errors import SalesopsError, problem
from salesops_nb.store.ledger.calendar import PayCalendar
from salesops_nb.store.ledger.chain import details, entries, writing
from salesops_nb.store.ledger.difference import Difference, base_of, difference
from salesops_nb.store.ledger.duties import ANYBODY, Duties
from salesops_nb.store.ledger.ledger import Posting, as_prior, as_row, scope, table_of, written
from salesops_nb.store.ledger.lines import entry_values
from salesops_nb.store.ledger.state import CLOSED, MANUAL, Openness, current_lines
from salesops_nb.store.ledger.verification import anchor_of

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Change:
    """What one line of a closed period was paid so far, and what it would be paid by today's calculation.

    `line_id` is the calculated line that was paid, or would be; `paid` whether anything was written for it;
    `by_hand` what adjustments by hand have added to it, which no calculation takes into account.
    """

    period: str
    line_id: str
    payee_id: str
    plan_id: str | None
    plan_versions: tuple[int | None, int | None]
    component_id: str | None
    deal_id: str | None
    event_id: str | None
    kind: str
    happened_on: date | None
    currency: str
    before: Decimal
    after: Decimal
    credit_before: Decimal | None
    credit_after: Decimal | None
    paid: bool
    due: bool
    by_hand: Decimal = ZERO

    @property
    def difference(self) -> Decimal:
        """What is to be paid on top; taken back where it is negative."""
        return self.after - self.before


class Held(NamedTuple):
    """What the ledger has of a calculated period: its plans with their versions, those that it has for a
    period that overlaps this one, by plan every kind of period it was calculated for, and what the last
    calculation went by. Lines of no plan count as one of the plan ``None``.
    """

    plans: frozenset[tuple[str | None, int | None]]
    elsewhere: frozenset[str | None]
    kinds: Mapping[str | None, frozenset[str]]
    basis: Mapping[str, Any] | None


class Recalculated(NamedTuple):
    """A period's lines by today's data, the plans they are of, and what the calculation went by."""

    lines: Any
    plans: Collection[str | None]
    basis: Mapping[str, Any] | None = None


Recalculate = Callable[[Period, Held, pd.DataFrame], Recalculated]


@dataclass(slots=True)
class Corrections:
    """What closed periods differ by, and everything that is to be written for it.

    `changes` are the findings; `lines` the adjustment lines of the open period, `drafts` what changes in the
    drafts of open periods; `anchor` is the ledger they were found in.
    """

    anchor: str
    changes: list[Change] = field(default_factory=list)
    lines: Difference = field(default_factory=Difference)
    drafts: Difference = field(default_factory=Difference)
    bases: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    then: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def targets(self) -> list[str]:
        """The open periods that take the adjustment lines."""
        return sorted({line["period"] for line in self.lines.write} | {r.period for r in self.lines.withdraw})


def state_of_lines(engine: Engine) -> str:
    """A text that changes with every line and every closing, and with no review, approval or dispute.

    Empty while no period is closed.
    """
    with engine.connect() as connection:
        if not _closed(connection):
            return ""
        whole = (entries.c.entry == "status") & entries.c.payee_id.is_(None)
        counted = entries.c.entry.in_(("line", "withdrawn")) | whole
        query = select(entries.c.seq, entries.c.hash).where(counted).order_by(entries.c.seq.desc()).limit(1)
        last = connection.execute(query).one()
        return f"{last.seq}:{last.hash}"


def open_after(
    engine: Engine, period: str, on: date, pay_calendar: PayCalendar | None, fiscal: FiscalCalendar
) -> str:
    """The open period that takes the corrections of a closed one."""
    with engine.connect() as connection:
        return Openness(connection, on, pay_calendar, fiscal).target(period)


def corrections(
    engine: Engine,
    recalculate: Recalculate,
    *,
    on: date,
    pay_calendar: PayCalendar | None = None,
    fiscal: FiscalCalendar | None = None,
) -> Corrections:
    """What all closed periods differ by from their recalculation, and the lines that correct it.

    Parameters
    ----------
    recalculate : gives a period's lines, on the prior lines that it is handed.
    on : the day of the correction; it decides which period is open.

    Raises
    ------
    SalesopsError
        Where a period cannot be calculated.
    """
    fiscal = fiscal or FiscalCalendar()
    with engine.connect() as connection:
        found = Corrections(anchor_of(connection))
        closed = _closed(connection)
        if not closed:
            return found
        book = _Book(connection, fiscal)
        for period in book.periods(closed):
            if period.key not in closed and not found.changes:
                continue
            locked = book.locked(period)
            made = recalculate(period, locked, book.prior(period))
            plans = set(made.plans)
            values = entry_values(made.lines) if plans else []
            values = [value for value in values if value["plan_id"] in plans]
            mine = [row for row in book.of(scope(period, values)) if row.plan_id in plans]
            if period.key in closed:
                changes = list(_changes(period, values, mine, book.by_hand))
                if not changes:
                    continue
                found.changes += changes
                if locked.basis is not None:
                    found.then[period.key] = locked.basis
            openness = Openness(connection, on, pay_calendar, fiscal, plans=[plan for plan in plans if plan])
            targets = {key: openness.target(key) for key in scope(period, values)}
            shut = {row.period: openness.closed(row.period) for row in mine}
            step = difference(values, mine, targets, shut)
            book.take(step)
            into = found.lines if period.key in closed else found.drafts
            into.write += step.write
            into.withdraw += step.withdraw
            if made.basis is not None:
                found.bases[period.key] = made.basis
    return found


def correct(
    engine: Engine, found: Corrections, *, author: str, on: date, duties: Duties = ANYBODY
) -> Posting:
    """Write what `corrections` found, all of it or nothing.

    Raises `SalesopsError` where the ledger has taken in something else since they were found, or the author
    may not be it by the duties.
    """
    author = duties.person("author", author, unattended=True)
    whole = Difference(
        write=[*found.lines.write, *found.drafts.write],
        withdraw=[*found.lines.withdraw, *found.drafts.withdraw],
    )
    with writing(engine) as connection:
        if anchor_of(connection) != found.anchor:
            raise SalesopsError(problem("ledger-moved", table="ledger_entries"))
        return written(connection, whole, author, on, bases=found.bases, duties=duties)


def _closed(connection: Connection) -> set[str]:
    """The keys of locked and paid periods: the last word on each is the status of the whole period."""
    last = (
        select(func.max(entries.c.seq))
        .where(entries.c.entry == "status", entries.c.payee_id.is_(None))
        .group_by(entries.c.period)
    )
    rows = connection.execute(select(entries).where(entries.c.seq.in_(last)))
    return {row.period for row in rows if details(row)["to"] in CLOSED}


class _Book:
    """The ledger's lines by the period they were calculated for, as corrections change them one by one."""

    def __init__(self, connection: Connection, fiscal: FiscalCalendar) -> None:
        self.connection, self.fiscal = connection, fiscal
        self.by_origin: dict[str, dict[str, Any]] = defaultdict(dict)
        self.by_hand: dict[str, Decimal] = defaultdict(lambda: ZERO)
        for row in current_lines(connection):
            self.by_origin[row.origin][row.line_id] = row
            if row.origin.startswith(MANUAL) and row.source_line_id:
                self.by_hand[row.source_line_id] += from_minor(row.amount_minor, row.currency)
        self.spans = {key: fiscal.period(key.removeprefix(MANUAL)) for key in self.by_origin}
        self._frames: dict[str, pa.Table] = {}

    def periods(self, closed: Iterable[str]) -> list[Period]:
        """Every calculated or closed period, each after those that it goes on from."""
        keys = {key for key in self.by_origin if not key.startswith(MANUAL)} | set(closed)
        return sorted(map(self.fiscal.period, keys), key=lambda period: (period.end, period.start))

    def of(self, origins: Iterable[str]) -> list[Any]:
        """The lines of calculated periods."""
        return [row for key in origins for row in self.by_origin.get(key, {}).values()]

    def locked(self, period: Period) -> Held:
        """What the ledger has of a period."""
        mine = {(row.plan_id, _version(row)) for row in self.of([period.key])}
        elsewhere: set[str | None] = set()
        kinds: dict[str | None, set[str]] = defaultdict(set)
        for key, other in self.spans.items():
            if key.startswith(MANUAL):
                continue
            plans = {row.plan_id for row in self.by_origin[key].values()}
            for plan in plans:
                kinds[plan].add(other.kind)
            if key != period.key and other.start < period.end and period.start < other.end:
                elsewhere |= plans
        by_plan = {plan: frozenset(each) for plan, each in kinds.items()}
        return Held(frozenset(mine), frozenset(elsewhere), by_plan, basis_of(self.connection, period.key))

    def prior(self, period: Period) -> pd.DataFrame:
        """The lines that a calculation of the period goes on from."""
        before = [key for key, span in self.spans.items() if span.end <= period.start]
        for key in before:
            if key not in self._frames:
                frame = as_prior(table_of(self.connection, self.of([key])))
                self._frames[key] = pa.Table.from_pandas(frame, preserve_index=False)
        if not before:
            return as_prior(table_of(self.connection, []))
        whole = pa.concat_tables([self._frames[key] for key in before], promote_options="permissive")
        found: pd.DataFrame = whole.to_pandas(types_mapper=pd.ArrowDtype)
        return found

    def take(self, change: Difference) -> None:
        """Go on with the lines as a correction leaves them."""
        for gone in change.withdraw:
            del self.by_origin[gone.origin][gone.line_id]
            self._frames.pop(gone.origin, None)
        for line in change.write:
            self.by_origin[line["origin"]][line["line_id"]] = as_row(line)
            self.spans[line["origin"]] = self.fiscal.period(line["origin"])
            self._frames.pop(line["origin"], None)


def basis_of(connection: Connection, period: str) -> Mapping[str, Any] | None:
    """What the last calculation of a period went by; ``None`` where nothing was kept of it."""
    query = select(entries).where(entries.c.entry == "basis", entries.c.period == period)
    row = connection.execute(query.order_by(entries.c.seq.desc()).limit(1)).first()
    return None if row is None else details(row)


def _changes(
    period: Period, values: Iterable[dict[str, Any]], rows: Iterable[Row[Any]], by_hand: Mapping[str, Decimal]
) -> Iterator[Change]:
    """Each line whose pay or credit differs from all that was written for it."""
    now = {(value["line_id"], value["payee_id"], value["currency"]): value for value in values}
    was: dict[tuple[str, str, str], list[Row[Any]]] = defaultdict(list)
    for row in rows:
        was[base_of(row), row.payee_id, row.currency].append(row)
    for key in sorted(now.keys() | was.keys()):
        value, paid = now.get(key), was.get(key, [])
        before = sum(row.amount_minor for row in paid)
        credit = sum((Decimal(row.credit or 0) for row in paid), ZERO)
        after = value["amount_minor"] if value else 0
        after_credit = Decimal(value["credit"] or 0) if value else ZERO
        if before == after and credit == after_credit:
            continue
        like: Any = as_row({**value, "origin": period.key}) if value else paid[0]
        yield Change(
            period=period.key,
            line_id=key[0],
            payee_id=key[1],
            plan_id=like.plan_id,
            plan_versions=(_version(paid[-1]) if paid else None, _version(like) if value else None),
            component_id=like.component_id,
            deal_id=like.deal_id,
            event_id=like.event_id,
            kind=like.kind if value else details(paid[0]).get("calculated_kind", paid[0].kind),
            happened_on=date.fromisoformat(like.happened_on) if like.happened_on else None,
            currency=key[2],
            before=from_minor(before, key[2]),
            after=from_minor(after, key[2]),
            credit_before=credit if paid else None,
            credit_after=after_credit if value else None,
            paid=bool(paid),
            due=value is not None,
            by_hand=sum((by_hand.get(row.line_id, ZERO) for row in paid), ZERO),
        )


def _version(row: Any) -> int | None:
    return None if row.plan_version is None else int(row.plan_version)
