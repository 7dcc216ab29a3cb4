"""What was sent to whom, and who released a run: so that nothing goes out twice, or before its time."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Column, Engine, String, Table, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from salesops_nb.store.database import metadata

deliveries = Table(
    "deliveries",
    metadata,
    Column("address", String, primary_key=True),
    Column("report", String, primary_key=True),
    Column("key", String, primary_key=True),
    Column("run", String, nullable=False),
    Column("status", String, nullable=False),  # sending, sent
    Column("message_id", String, nullable=False),
    Column("at", String, nullable=False),
)
releases = Table(
    "releases",
    metadata,
    Column("digest", String, primary_key=True),
    Column("run", String, nullable=False),
    Column("by", String, nullable=False),
    Column("at", String, nullable=False),
)


def delivered(engine: Engine) -> dict[tuple[str, str, str], str]:
    """Status (sending, sent) by address, report and the key of its contents."""
    with engine.connect() as connection:
        rows = connection.execute(
            select(deliveries.c.address, deliveries.c.report, deliveries.c.key, deliveries.c.status)
        )
        return {(row.address, row.report, row.key): row.status for row in rows}


def claim(engine: Engine, address: str, report: str, key: str, run: str, message_id: str, at: str) -> bool:
    """Take it upon this process to send a report to an address; false where it is sent or being sent."""
    row = {
        "address": address,
        "report": report,
        "key": key,
        "run": run,
        "status": "sending",
        "message_id": message_id,
        "at": at,
    }
    try:
        with engine.begin() as connection:
            connection.execute(insert(deliveries).values(row))
    except IntegrityError:
        return False
    return True


def settle(engine: Engine, address: str, reports: Iterable[tuple[str, str]], sent: bool) -> None:
    """Mark the claimed reports (id and key) as sent, or give the claims up for another try."""
    with engine.begin() as connection:
        for report, key in reports:
            here = (
                (deliveries.c.address == address)
                & (deliveries.c.report == report)
                & (deliveries.c.key == key)
            )
            if sent:
                connection.execute(update(deliveries).where(here).values(status="sent"))
            else:
                connection.execute(delete(deliveries).where(here))


def release(engine: Engine, digest: str, run: str, by: str, at: str) -> None:
    """Record that a person released a run; a second release changes nothing."""
    row = {"digest": digest, "run": run, "by": by, "at": at}
    try:
        with engine.begin() as connection:
            connection.execute(insert(releases).values(row))
    except IntegrityError:
        return


def released_by(engine: Engine, digest: str) -> str | None:
    """Who released the run whose contents have this digest, if anybody did."""
    with engine.connect() as connection:
        return connection.execute(select(releases.c.by).where(releases.c.digest == digest)).scalar()
