"""Snapshots: the open deals of a day, as the data had them on that day.

One a day. The same deals again change nothing; other deals of the same day replace what was kept. What was
kept of a day from its own data is never replaced by what a log of changes gives back later.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from sqlalchemy import (
    BIGINT,
    Boolean,
    Column,
    Connection,
    Date,
    Engine,
    ForeignKey,
    Integer,
    String,
    Table,
    Text,
    delete,
    insert,
    select,
    update,
)

from salesops_nb.errors import problem
from salesops_nb.store.metadata import from_e4, in_turn, metadata, to_e4

Origin = Literal["data", "log"]
Done = Literal["new", "same", "replaced", "stays"]
_MANY = 500  # ids in one question to the database

snapshots = Table(
    "deal_snapshots",
    metadata,
    Column("as_of", Date, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("origin", String(8), nullable=False),
    Column("currency", String(3), nullable=False),
    Column("deals", Integer, nullable=False),
    Column("not_known", Text, nullable=False),
    Column("fingerprint", String(64), nullable=False),
)
deals_then = Table(
    "deal_snapshot_rows",
    metadata,
    Column("as_of", Date, ForeignKey("deal_snapshots.as_of"), primary_key=True),
    Column("deal_id", String(255), primary_key=True),
    Column("name", Text, nullable=False),
    Column("outcome", String(8), nullable=False),
    Column("stage", Text, nullable=False),
    Column("owner_id", Text, nullable=False),
    Column("team", Text, nullable=False),
    Column("amount_e4", BIGINT, nullable=False),
    Column("estimated", Boolean, nullable=False),
    Column("priced", Boolean, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("created_on", Date),
    Column("closed_on", Date),
    Column("expected_close_on", Date),
    Column("forecast_category", Text),
    Column("deal_type", Text),
)


@dataclass(frozen=True, slots=True)
class DealThen:
    """A deal in a snapshot: open on the day, or won or lost in the weeks before it.

    `amount` is what figures count: the list price where `estimated`, nothing where it is not `priced`.
    """

    deal_id: str
    name: str
    outcome: str
    stage: str
    owner_id: str
    team: str
    amount: Decimal
    estimated: bool
    priced: bool
    currency: str
    created_on: date | None = None
    closed_on: date | None = None
    expected_close_on: date | None = None
    forecast_category: str | None = None
    deal_type: str | None = None


_AS_KEPT = [each.name for each in fields(DealThen) if each.name != "amount"]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A day of which the deals are kept: from its own ``data`` or from the ``log`` of changes.

    `not_known` names the columns that are those of the day on which it was kept.
    """

    as_of: date
    version: int
    origin: Origin
    currency: str
    deals: int
    not_known: tuple[str, ...]


def keep(
    engine: Engine,
    as_of: date,
    deals: Sequence[DealThen],
    *,
    currency: str,
    origin: Origin = "data",
    not_known: Sequence[str] = (),
) -> Done:
    """Keep the deals of a day; says whether they are ``new``, the ``same`` as kept, or ``replaced`` them.

    ``stays``: what was kept of that day from its own data stays, and a log's was not written.
    """
    rows = [_row(as_of, deal) for deal in sorted(deals, key=lambda deal: deal.deal_id)]
    still = sum(deal.outcome == "open" for deal in deals)
    content = json.dumps([currency, origin, list(not_known), rows], default=str, ensure_ascii=False)
    head = {
        "as_of": as_of, "origin": origin, "currency": currency, "deals": still,
        "not_known": ", ".join(not_known), "fingerprint": hashlib.sha256(content.encode()).hexdigest(),
    }  # fmt: skip
    busy = problem("store-busy.snapshot", as_of=as_of)
    return in_turn(engine, lambda connection: _kept(connection, head, rows), busy)


def _kept(connection: Connection, head: Mapping[str, Any], rows: list[dict[str, Any]]) -> Done:
    this = snapshots.c.as_of == head["as_of"]
    # a write first takes SQLite's lock, a row lock PostgreSQL's: what is read next stays true
    connection.execute(update(snapshots).where(this).values(as_of=head["as_of"]))
    before = connection.execute(select(snapshots).where(this)).one_or_none()
    if before is None:
        connection.execute(insert(snapshots), {**head, "version": 1})
    elif before.fingerprint == head["fingerprint"]:
        return "same"
    elif before.origin == "data" and head["origin"] == "log":
        return "stays"
    else:
        connection.execute(delete(deals_then).where(deals_then.c.as_of == head["as_of"]))
        connection.execute(update(snapshots).where(this).values({**head, "version": before.version + 1}))
    if rows:
        connection.execute(insert(deals_then), rows)
    return "new" if before is None else "replaced"


def snapshots_kept(engine: Engine) -> list[Snapshot]:
    """The days of which deals are kept, in order."""
    with engine.connect() as connection:
        rows = connection.execute(select(snapshots).order_by(snapshots.c.as_of)).all()
    return [
        Snapshot(row.as_of, row.version, row.origin, row.currency, row.deals,
                 tuple(filter(None, row.not_known.split(", "))))
        for row in rows
    ]  # fmt: skip


def open_on(engine: Engine, as_of: date) -> dict[str, DealThen]:
    """The deals that were open on a day that is kept, by id."""
    query = select(deals_then).where(deals_then.c.as_of == as_of, deals_then.c.outcome == "open")
    return {deal.deal_id: deal for deal in _read(engine, query)}


def closed_by(engine: Engine, after: date, until: date) -> dict[str, DealThen]:
    """Closed deals of the snapshots after one day and up to another, as the last of these has them."""
    within = (deals_then.c.as_of > after) & (deals_then.c.as_of <= until)
    closed = (deals_then.c.outcome != "open") & (deals_then.c.closed_on <= until)
    query = select(deals_then).where(within, closed).order_by(deals_then.c.as_of)
    return {deal.deal_id: deal for deal in _read(engine, query)}


def seen_before(engine: Engine, ids: Iterable[str], by: date) -> set[str]:
    """Those of the deals that a snapshot of that day or an earlier one holds, open or closed."""
    wanted, found = sorted(ids), set()
    with engine.connect() as connection:
        for at in range(0, len(wanted), _MANY):
            some = deals_then.c.deal_id.in_(wanted[at : at + _MANY])
            query = select(deals_then.c.deal_id).where(some, deals_then.c.as_of <= by).distinct()
            found |= set(connection.execute(query).scalars())
    return found


def _read(engine: Engine, query: Any) -> list[DealThen]:
    with engine.connect() as connection:
        rows = [dict(row) for row in connection.execute(query).mappings()]
    return [
        DealThen(amount=from_e4(row["amount_e4"]), **{name: row[name] for name in _AS_KEPT}) for row in rows
    ]


def _row(as_of: date, deal: DealThen) -> dict[str, Any]:
    row = {name: getattr(deal, name) for name in _AS_KEPT}
    return {"as_of": as_of, **row, "amount_e4": to_e4(deal.amount)}
