"""What was sent to whom, and what was released: so that nothing goes out twice, or before its time.

A delivery is one report, as one key of its contents has it, to one address. It is *sending* from right
before the server is handed the mail, *sent* when the server has taken it, and *unclear* when no answer
came. A row that stays *sending* after its process has ended is unclear as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from sqlalchemy import Column, Connection, Engine, String, Table, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from salesops_nb.store.metadata import metadata

deliveries = Table(
    "deliveries",
    metadata,
    Column("address", String, primary_key=True),
    Column("report", String, primary_key=True),
    Column("key", String, primary_key=True),
    Column("run", String, nullable=False),
    Column("status", String, nullable=False),  # sending, sent, unclear
    Column("message_id", String, nullable=False),
    Column("at", String, nullable=False),
)
# A table `releases` of earlier versions released a run whatever its files and addresses; it counts no more.
release_items = Table(
    "release_items",
    metadata,
    Column("run", String, primary_key=True),
    Column("report", String, primary_key=True),
    Column("files", String, primary_key=True),
    Column("address", String, primary_key=True),
    Column("by", String, nullable=False),
    Column("at", String, nullable=False),
)


class Delivery(NamedTuple):
    """A report on its way to an address, or there."""

    address: str
    report: str
    key: str
    run: str
    status: str
    message_id: str
    at: str


class Item(NamedTuple):
    """What a person releases: a report's files, by their hash, to an address."""

    report: str
    files: str
    address: str


def all_deliveries(engine: Engine) -> list[Delivery]:
    """Every delivery, in the order of addresses and reports."""
    columns = [deliveries.c[name] for name in Delivery._fields]
    query = select(*columns).order_by(deliveries.c.address, deliveries.c.report, deliveries.c.at)
    with engine.connect() as connection:
        return [Delivery(*row) for row in connection.execute(query)]


def is_unclear(delivery: Delivery, working: bool) -> bool:
    """Whether nobody knows if it arrived; `working` says whether a process works on its run now."""
    return delivery.status == "unclear" or (delivery.status == "sending" and not working)


def claim(
    engine: Engine, address: str, reports: Iterable[tuple[str, str]], run: str, message_id: str, at: str
) -> bool:
    """Write down that these reports (id and key) are about to be sent; false where one of them is already.

    All or none: of two processes that send the same, one gets them.
    """
    common = {"address": address, "run": run, "status": "sending", "message_id": message_id, "at": at}
    rows = [{**common, "report": report, "key": key} for report, key in reports]
    try:
        with engine.begin() as connection:
            connection.execute(insert(deliveries), rows)
    except IntegrityError:
        return False
    return True


def settle(engine: Engine, message_id: str, status: str | None) -> None:
    """Mark what a mail carried as ``sent`` or ``unclear``, or with None give it up for another try.

    What is sent already stays so.
    """
    here = (deliveries.c.message_id == message_id) & (deliveries.c.status != "sent")
    with engine.begin() as connection:
        if status is None:
            connection.execute(delete(deliveries).where(here))
        else:
            connection.execute(update(deliveries).where(here).values(status=status))


def release(engine: Engine, run: str, items: Iterable[Item], by: str, at: str) -> None:
    """Record that a person released these of a run; what is released already stays as it is."""
    with engine.begin() as connection:
        known = _released(connection, run)
        rows = [{**item._asdict(), "run": run, "by": by, "at": at} for item in items if item not in known]
        if rows:
            connection.execute(insert(release_items), rows)


def released(engine: Engine, run: str) -> Mapping[Item, str]:
    """What of a run was released, and by whom."""
    with engine.connect() as connection:
        return _released(connection, run)


def _released(connection: Connection, run: str) -> dict[Item, str]:
    query = select(*(release_items.c[name] for name in (*Item._fields, "by")))
    rows = connection.execute(query.where(release_items.c.run == run))
    return {Item(row.report, row.files, row.address): row.by for row in rows}
