"""How approvals become spans of ownership: the rows of a thing, as the approvals in force say.

Every act runs in one transaction: it locks, records the approval, rewrites the rows and logs what changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, Row, and_, delete, insert, select, text

from salesops_nb.store.assignments.tables import (
    BEGINNING,
    FOREVER,
    VACANT,
    Key,
    approvals,
    assignments,
    changes_log,
    holds,
    replacements,
)

PART = 400  # keys a query asks for at once


@dataclass(frozen=True)
class Span:
    """Days on which a thing has one owner, and the approval that says so."""

    start: date
    end: date
    person: str
    number: int | None


def lock(connection: Connection) -> None:
    """One writer at a time; on SQLite the first row written does it."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("LOCK TABLE assignments IN SHARE ROW EXCLUSIVE MODE"))
    else:
        connection.execute(delete(approvals).where(approvals.c.approval_id < 0))


def record(
    connection: Connection, by: str, on: date, effective: date, reason: str, rule: str, undoes: int | None
) -> int:
    """Writes an approval; its number."""
    values = {"approved_by": by, "approved_on": on, "effective_on": effective, "reason": reason,
              "in_flight": rule, "undoes": undoes}  # fmt: skip
    number = connection.execute(insert(approvals).values(**values)).inserted_primary_key
    assert number is not None
    return int(number[0])


def in_force(connection: Connection, without: int | None = None) -> set[int]:
    """Approvals that no approval in force undoes; `without` one, as if it had not been given."""
    rows = connection.execute(
        select(approvals.c.approval_id, approvals.c.undoes).order_by(approvals.c.approval_id.desc())
    )
    undone = set() if without is None else {without}
    found: set[int] = set()
    for number, undoes in rows:
        if number not in undone:
            found.add(number)
            if undoes is not None:
                undone.add(undoes)
    return found


def rewrite(connection: Connection, keys: list[Key]) -> None:
    """The rows of exclusive roles anew, as the approvals in force say."""
    spans = _spans(connection, keys)
    for part in parts_of(assignments, keys):
        connection.execute(delete(assignments).where(part, assignments.c.slot == ""))
    for key, found in spans.items():
        insert_spans(connection, key, "", found)


def owners_without(connection: Connection, keys: list[Key], day: date, number: int) -> dict[Key, str]:
    """Who would own each thing on a day if an approval had not been given."""
    return {
        key: next(span.person for span in spans if span.start <= day < span.end)
        for key, spans in _spans(connection, keys, number).items()
    }


def _spans(connection: Connection, keys: list[Key], without: int | None = None) -> dict[Key, list[Span]]:
    """What the approvals in force say of each thing, in the order in which they were given."""
    force = in_force(connection, without)
    replacing = {row[0] for row in connection.execute(select(replacements.c.approval_id))}
    stays: dict[Key, list[Row[Any]]] = {key: [] for key in keys}
    query = select(changes_log, approvals.c.effective_on, approvals.c.undoes).join(approvals)
    for part in parts_of(changes_log, keys):
        for row in connection.execute(query.where(part).order_by(changes_log.c.approval_id)):
            if row.approval_id in force and row.undoes is None:
                stays[(row.kind, row.thing_id, row.role)].append(row)
    found = {}
    for key, rows in stays.items():
        spans = [Span(BEGINNING, FOREVER, VACANT, None)]
        for row in rows:
            spans = _given(spans, row.effective_on, row.after, row.approval_id, row.approval_id in replacing)
        found[key] = spans
    return found


def _given(spans: list[Span], day: date, person: str, number: int, replaces: bool) -> list[Span]:
    """One owner from a day on: what holds then ends there, and the new one takes over its end."""
    before = [span for span in spans if span.end <= day]
    later = [span for span in spans if span.start > day]
    (here,) = [span for span in spans if span.start <= day < span.end]
    if here.start < day:
        before.append(Span(here.start, day, here.person, here.number))
    end = FOREVER if replaces else here.end
    return [*before, Span(day, end, person, number), *([] if replaces else later)]


def owners_on(connection: Connection, keys: list[Key], day: date) -> dict[Key, str]:
    """Who owns each thing on a day, as far as it has an owner in an exclusive role."""
    found: dict[Key, str] = {}
    for part in parts_of(assignments, keys):
        rows = connection.execute(select(assignments).where(part, assignments.c.slot == "", holds(day)))
        found |= {(row.kind, row.thing_id, row.role): str(row.person_id) for row in rows}
    return found


def parts_of(table: Any, keys: list[Key]) -> Iterable[Any]:
    """Conditions that cover all keys, a few hundred each; keys of one approval share kind and role."""
    groups: dict[tuple[str, str], list[str]] = {}
    for kind, thing, role in keys:
        groups.setdefault((kind, role), []).append(thing)
    for (kind, role), things in groups.items():
        for start in range(0, len(things), PART):
            yield and_(table.c.kind == kind, table.c.role == role,
                       table.c.thing_id.in_(things[start : start + PART]))  # fmt: skip


def of_key(key: Key, slot: str) -> Any:
    """Condition that covers the rows of one key and slot."""
    return and_(
        assignments.c.kind == key[0],
        assignments.c.thing_id == key[1],
        assignments.c.role == key[2],
        assignments.c.slot == slot,
    )


def insert_spans(connection: Connection, key: Key, slot: str, spans: list[Span]) -> None:
    """Writes rows of assignments."""
    rows = [
        {"kind": key[0], "thing_id": key[1], "role": key[2], "slot": slot, "valid_from": span.start,
         "valid_to": span.end, "person_id": span.person, "approval_id": span.number}
        for span in spans
    ]  # fmt: skip
    connection.execute(insert(assignments), rows)


def log_changes(connection: Connection, number: int, changes: Mapping[Key, tuple[str, str]]) -> None:
    """Keeps what an approval changed: owner before and after."""
    rows = [
        {"approval_id": number, "kind": kind, "thing_id": thing, "role": role, "before": b, "after": a}
        for (kind, thing, role), (b, a) in changes.items()
    ]
    if rows:
        connection.execute(insert(changes_log), rows)
