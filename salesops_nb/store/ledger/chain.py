"""The ledger's one table: append-only entries, each bound to the one before by a hash.

Every fact of the pay ledger is an entry: a pay line, its withdrawal while the period is still
open, a change of status, an approval, a dispute. Nothing is updated or deleted; what holds now is
the last word on each subject. `hash` is SHA-256 over the previous hash and every other column of
the row, so that an edited, missing, moved or inserted row breaks the chain from there on. The
head (count and last hash) is kept apart, so that missing last rows are noticed too.

Whoever can write the whole database can also recompute every hash and the head. Against that only
an anchor kept elsewhere helps: see `salesops_nb.store.ledger.verification`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Engine,
    Integer,
    Row,
    Table,
    Text,
    insert,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import OperationalError

from salesops_nb.errors import SalesopsError, problem
from salesops_nb.store.metadata import metadata

GENESIS = "0" * 64

entries = Table(
    "ledger_entries",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("entry", Text, nullable=False),
    Column("period", Text, nullable=False, index=True),
    Column("payee_id", Text),
    Column("line_id", Text, index=True),
    Column("plan_id", Text),
    Column("plan_version", Text),
    Column("component_id", Text),
    Column("deal_id", Text),
    Column("event_id", Text),
    Column("kind", Text),
    Column("credit", Text),
    Column("amount_minor", BigInteger),
    Column("currency", Text),
    Column("source_line_id", Text),
    Column("happened_on", Text),
    Column("origin", Text, index=True),
    Column("author", Text, nullable=False),
    Column("made_on", Text, nullable=False),
    Column("details", Text, nullable=False),
    Column("recorded_at", Text, nullable=False),
    Column("previous_hash", Text, nullable=False, unique=True),
    Column("hash", Text, nullable=False, unique=True),
)
head = Table(
    "ledger_head",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("length", BigInteger, nullable=False),
    Column("hash", Text, nullable=False),
)

_HASHED = [column.name for column in entries.columns if column.name not in ("previous_hash", "hash")]


def entry_hash(previous: str, entry: Mapping[str, Any]) -> str:
    """SHA-256 (64 hex digits) over the previous hash and every column of an entry, in fixed order."""
    body = json.dumps([previous, *(entry[name] for name in _HASHED)], separators=(",", ":"), default=repr)
    return hashlib.sha256(body.encode()).hexdigest()


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that is the ledger's only writer from its first statement to its commit.

    The head row is touched first: SQLite then holds its write lock, PostgreSQL the row's, and the
    second writer waits and afterwards sees what the first one wrote. Raises `SalesopsError` where
    another writer keeps the ledger for longer than the store waits.
    """
    dialect = postgresql if engine.dialect.name == "postgresql" else sqlite
    first = dialect.insert(head).values(id=1, length=0, hash=GENESIS).on_conflict_do_nothing()
    try:
        with engine.begin() as connection:
            locked = connection.execute(update(head).where(head.c.id == 1).values(id=1)).rowcount
            if not locked:
                if connection.execute(select(entries.c.seq).limit(1)).first() is not None:
                    raise SalesopsError(problem("ledger-broken.no-head", table="ledger_entries"))
                connection.execute(first)
                connection.execute(update(head).where(head.c.id == 1).values(id=1))
            yield connection
    except OperationalError as error:
        if "locked" not in str(error):
            raise
        raise SalesopsError(problem("ledger-busy", table="ledger_entries")) from error


def append(connection: Connection, rows: Iterable[Mapping[str, Any]]) -> list[int]:
    """Write entries after the last one; returns their numbers.

    Only inside `writing`. A row gives the columns it needs, `details` as a mapping. Raises
    `SalesopsError` where the head does not fit the last entry: nothing is added to a broken chain.
    """
    count, last = connection.execute(select(head.c.length, head.c.hash).where(head.c.id == 1)).one()
    found = connection.execute(
        select(entries.c.seq, entries.c.hash).order_by(entries.c.seq.desc()).limit(1)
    ).first()
    if (found.seq, found.hash) != (count, last) if found else count != 0:
        raise SalesopsError(
            problem(
                "ledger-broken.head-differs",
                table="ledger_entries",
                entry=count,
                last=found.seq if found else 0,
            )
        )
    now = datetime.now(UTC).isoformat(timespec="seconds")
    written = []
    for seq, row in enumerate(rows, start=count + 1):
        entry = _complete(row, seq, now)
        entry |= {"previous_hash": last, "hash": entry_hash(last, entry)}
        last = entry["hash"]
        written.append(entry)
    if written:
        connection.execute(insert(entries), written)
        connection.execute(update(head).where(head.c.id == 1).values(length=count + len(written), hash=last))
    return [entry["seq"] for entry in written]


def _complete(row: Mapping[str, Any], seq: int, now: str) -> dict[str, Any]:
    entry: dict[str, Any] = dict.fromkeys(_HASHED) | dict(row)
    entry |= {"seq": seq, "recorded_at": now}
    entry["details"] = json.dumps(row.get("details") or {}, sort_keys=True, ensure_ascii=False)
    for name, value in entry.items():
        if isinstance(value, str) and "\x00" in value:
            raise SalesopsError(problem("bad-text", table="ledger_entries", column=name, value=value))
    return entry


def details(row: Row[Any]) -> dict[str, Any]:
    """The free part of an entry, as a mapping."""
    content: dict[str, Any] = json.loads(row.details)
    return content
