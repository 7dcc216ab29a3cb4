"""Roles that people share, such as specialists: who has a part in a thing, from when to when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from sqlalchemy import Connection, Engine, Row, and_, delete, select, update

from salesops_nb.errors import SalesopsError, problem
from salesops_nb.store.assignments.checks import checked, checked_span
from salesops_nb.store.assignments.spans import (
    Span,
    insert_spans,
    lock,
    log_changes,
    of_key,
    parts_of,
    record,
)
from salesops_nb.store.assignments.tables import FOREVER, OWNER, VACANT, Key, assignments


def share(
    engine: Engine, thing_id: str, person_id: str, *, valid_from: date, valid_to: date = FOREVER,
    approved_by: str, approved_on: date, reason: str, role: str = "specialist", kind: str = "unit",
) -> int:  # fmt: skip
    """Adds a person to a shared role of a thing for a span of days; the approval's number.

    Raises `SalesopsError` where the person has it already on one of the days, or the role has one owner.
    """
    checked({thing_id: person_id}, valid_from, approved_by, reason, kind, "stay")
    checked_span(valid_from, valid_to)
    key = (kind, thing_id, role)
    with engine.begin() as connection:
        lock(connection)
        number = record(connection, approved_by, approved_on, valid_from, reason, "stay", None)
        refuse_mixed(connection, kind, role, [key], shared=True)
        overlap = connection.execute(
            select(assignments).where(
                of_key(key, person_id),
                assignments.c.valid_from < valid_to,
                assignments.c.valid_to > valid_from,
            )
        ).first()
        if overlap is not None:
            raise SalesopsError(
                problem(
                    "already-shared",
                    value=person_id,
                    role=role,
                    thing=thing_id,
                    first=overlap.valid_from,
                    last=overlap.valid_to,
                )
            )
        insert_spans(connection, key, person_id, [Span(valid_from, valid_to, person_id, number)])
        log_changes(connection, number, {key: (VACANT, person_id)})
    return number


def end_share(
    engine: Engine, thing_id: str, person_id: str, *, ends_on: date, approved_by: str, approved_on: date,
    reason: str, role: str = "specialist", kind: str = "unit",
) -> int:  # fmt: skip
    """Ends a person's part in a shared role: `ends_on` is the first day without; the approval's number."""
    checked({thing_id: person_id}, ends_on, approved_by, reason, kind, "stay")
    key = (kind, thing_id, role)
    with engine.begin() as connection:
        lock(connection)
        number = record(connection, approved_by, approved_on, ends_on, reason, "stay", None)
        here = and_(
            of_key(key, person_id), assignments.c.valid_from < ends_on, assignments.c.valid_to > ends_on
        )
        if connection.execute(update(assignments).where(here).values(valid_to=ends_on)).rowcount == 0:
            raise SalesopsError(
                problem("not-shared", value=person_id, role=role, thing=thing_id, day=ends_on)
            )  # fmt: skip
        log_changes(connection, number, {key: (person_id, VACANT)})
    return number


def undo_share(
    connection: Connection, first: Row[Any], moved: Iterable[Row[Any]], owned: Mapping[Key, str]
) -> None:
    """A shared role's span goes with its approval; where one ended, it is not undone but shared again."""
    for row in moved:
        key = (row.kind, row.thing_id, row.role)
        if key in owned:
            continue
        if row.after == VACANT:
            thing = row.thing_id
            raise SalesopsError(
                problem("end-of-share", value=thing, approval=first.approval_id)
            )  # fmt: skip
        here = and_(of_key(key, row.after), assignments.c.approval_id == first.approval_id)
        connection.execute(delete(assignments).where(here))


def refuse_mixed(connection: Connection, kind: str, role: str, keys: list[Key], shared: bool) -> None:
    """A role has one owner for a thing, or people who share it, never both."""
    other = assignments.c.slot == "" if shared else assignments.c.slot != ""
    for part in parts_of(assignments, keys):
        row = connection.execute(select(assignments).where(part, other)).first()
        if row is not None or (shared and role == OWNER):
            thing = row.thing_id if row is not None else keys[0][1]
            raise SalesopsError(
                problem(
                    "mixed-role.of-one" if shared else "mixed-role.of-several",
                    value=role,
                    kind=kind,
                    thing=thing,
                )
            )
