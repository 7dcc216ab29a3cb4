"""Who owns what from when: approvals, undoing them, and people who share a role.

Who owns a thing follows from the approvals in force, in the order in which they were given: each
gives it an owner from its day on, up to the day of a change that was already planned. To undo an
approval is to take it out of that order, so that an undo gives back what the others say, whatever
was approved since. `assignment_tables` says what always holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, and_, delete, insert, select, text, update

from salesops_nb.errors import Problem, SalesopsError
from salesops_nb.store.assignment_checks import checked, checked_span
from salesops_nb.store.assignment_history import (
    approvals_given,
    assignment_history,
    assignments_as_of,
    check_assignments,
    count_changes,
)
from salesops_nb.store.assignment_tables import (
    BEGINNING,
    FOREVER,
    HOUSE,
    OWNER,
    VACANT,
    Key,
    approvals,
    assignments,
    changes_log,
    replacements,
)

__all__ = [
    "BEGINNING", "FOREVER", "HOUSE", "VACANT", "approvals_given", "approve", "assignment_history",
    "assignments_as_of", "check_assignments", "count_changes", "end_share", "share", "undo",
]  # fmt: skip
PART = 400  # keys a query asks for at once


@dataclass(frozen=True)
class _Span:
    start: date
    end: date
    person: str
    number: int | None


def approve(
    engine: Engine,
    owners: Mapping[str, str | None] | Iterable[tuple[str, str | None]],
    *,
    effective_on: date,
    approved_by: str,
    approved_on: date,
    reason: str,
    role: str = OWNER,
    kind: str = "unit",
    in_flight: str = "stay",
    replace_planned: bool = False,
) -> int:
    """Writes who owns each thing from a day on, with who approved it, when and why; the approval's number.

    Parameters
    ----------
    owners : thing id to person id; None or an empty id means ``vacant``.
    effective_on : first day of the new owners. A change already planned for a later day stays, unless
        `replace_planned`. in_flight : rule for open deals: stay, split or move.

    Raises
    ------
    SalesopsError
        A thing named twice, no approver or reason, an unknown rule or kind, a day out of range, a role
        that people share.
    """
    day = effective_on.date() if isinstance(effective_on, datetime) else effective_on
    wanted = checked(owners, day, approved_by, reason, kind, in_flight)
    with engine.begin() as connection:
        _lock(connection)
        number = _record(connection, approved_by, approved_on, day, reason, in_flight, None)
        keys = [(kind, thing, role) for thing in wanted]
        _refuse_mixed(connection, kind, role, keys, shared=False)
        if replace_planned:
            connection.execute(insert(replacements).values(approval_id=number))
        before = _owners_on(connection, keys, day)
        _log(connection, number, {key: (before.get(key, VACANT), wanted[key[1]]) for key in keys})
        _rewrite(connection, keys)
    return number


def undo(engine: Engine, approval_id: int, *, approved_by: str, approved_on: date, reason: str) -> int:
    """Takes an approval back, as if it had not been given; the number under which that stands.

    What others approved before or since stays in force. An undo can itself be undone.

    Raises
    ------
    SalesopsError
        No such approval, one that is undone already, or the end of a shared role.
    """
    with engine.begin() as connection:
        _lock(connection)
        first = connection.execute(select(approvals).where(approvals.c.approval_id == approval_id)).first()
        if first is None:
            raise SalesopsError(
                Problem(
                    "unknown-approval", f"there is no approval {approval_id}.", "Look it up in the history."
                )
            )
        checked({}, first.effective_on, approved_by, reason, "unit", "stay")
        if approval_id not in _in_force(connection):
            raise SalesopsError(
                Problem("undone-already", f"approval {approval_id} is undone already.",
                        "Look up in the history who did it.", value=str(approval_id))
            )  # fmt: skip
        moved = connection.execute(select(changes_log).where(changes_log.c.approval_id == approval_id)).all()
        number = _record(
            connection, approved_by, approved_on, first.effective_on, reason, first.in_flight, approval_id
        )
        keys = [(row.kind, row.thing_id, row.role) for row in moved]
        before = _owners_on(connection, keys, first.effective_on)
        _undo_share(connection, first, moved, before)
        _rewrite(connection, [key for key in keys if key in before])
        after = _owners_on(connection, keys, first.effective_on)
        _log(connection, number, {k: (before.get(k, r.after), after.get(k, VACANT))
                                  for k, r in zip(keys, moved, strict=True)})  # fmt: skip
    return number


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
        _lock(connection)
        number = _record(connection, approved_by, approved_on, valid_from, reason, "stay", None)
        _refuse_mixed(connection, kind, role, [key], shared=True)
        overlap = connection.execute(
            select(assignments).where(
                _of(key, person_id), assignments.c.valid_from < valid_to, assignments.c.valid_to > valid_from
            )
        ).first()
        if overlap is not None:
            raise SalesopsError(
                Problem("already-shared", f"{person_id} has {role} of {thing_id} already "
                        f"from {overlap.valid_from} to {overlap.valid_to}.",
                        "Choose other days.", value=person_id)
            )  # fmt: skip
        _insert(connection, key, person_id, [_Span(valid_from, valid_to, person_id, number)])
        _log(connection, number, {key: (VACANT, person_id)})
    return number


def end_share(
    engine: Engine, thing_id: str, person_id: str, *, ends_on: date, approved_by: str, approved_on: date,
    reason: str, role: str = "specialist", kind: str = "unit",
) -> int:  # fmt: skip
    """Ends a person's part in a shared role: `ends_on` is the first day without; the approval's number."""
    checked({thing_id: person_id}, ends_on, approved_by, reason, kind, "stay")
    key = (kind, thing_id, role)
    with engine.begin() as connection:
        _lock(connection)
        number = _record(connection, approved_by, approved_on, ends_on, reason, "stay", None)
        here = and_(_of(key, person_id), assignments.c.valid_from < ends_on, assignments.c.valid_to > ends_on)
        if connection.execute(update(assignments).where(here).values(valid_to=ends_on)).rowcount == 0:
            raise SalesopsError(
                Problem("not-shared", f"{person_id} has no {role} of {thing_id} on {ends_on}.",
                        "Look up the days in assignments_as_of.", value=person_id)
            )  # fmt: skip
        _log(connection, number, {key: (person_id, VACANT)})
    return number


def _lock(connection: Connection) -> None:
    """One writer at a time; on SQLite the first row written does it."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("LOCK TABLE assignments IN SHARE ROW EXCLUSIVE MODE"))
    else:
        connection.execute(delete(approvals).where(approvals.c.approval_id < 0))


def _record(
    connection: Connection, by: str, on: date, effective: date, reason: str, rule: str, undoes: int | None
) -> int:
    values = {"approved_by": by, "approved_on": on, "effective_on": effective, "reason": reason,
              "in_flight": rule, "undoes": undoes}  # fmt: skip
    number = connection.execute(insert(approvals).values(**values)).inserted_primary_key
    assert number is not None
    return int(number[0])


def _in_force(connection: Connection) -> set[int]:
    """Approvals that no approval in force undoes."""
    rows = connection.execute(
        select(approvals.c.approval_id, approvals.c.undoes).order_by(approvals.c.approval_id.desc())
    )
    undone: set[int] = set()
    found: set[int] = set()
    for number, undoes in rows:
        if number not in undone:
            found.add(number)
            if undoes is not None:
                undone.add(undoes)
    return found


def _rewrite(connection: Connection, keys: list[Key]) -> None:
    """The rows of exclusive roles, as the approvals in force say, in the order in which they were given."""
    force = _in_force(connection)
    replacing = {row[0] for row in connection.execute(select(replacements.c.approval_id))}
    said: dict[Key, list[Row[Any]]] = {key: [] for key in keys}
    query = select(changes_log, approvals.c.effective_on, approvals.c.undoes).join(approvals)
    for part in _parts(changes_log, keys):
        for row in connection.execute(query.where(part).order_by(changes_log.c.approval_id)):
            if row.approval_id in force and row.undoes is None:
                said[(row.kind, row.thing_id, row.role)].append(row)
    for part in _parts(assignments, keys):
        connection.execute(delete(assignments).where(part, assignments.c.slot == ""))
    for key, rows in said.items():
        spans = [_Span(BEGINNING, FOREVER, VACANT, None)]
        for row in rows:
            spans = _given(spans, row.effective_on, row.after, row.approval_id, row.approval_id in replacing)
        _insert(connection, key, "", spans)


def _given(spans: list[_Span], day: date, person: str, number: int, replaces: bool) -> list[_Span]:
    """One owner from a day on: what holds then ends there, and the new one takes over its end."""
    before = [span for span in spans if span.end <= day]
    later = [span for span in spans if span.start > day]
    (here,) = [span for span in spans if span.start <= day < span.end]
    if here.start < day:
        before.append(_Span(here.start, day, here.person, here.number))
    end = FOREVER if replaces else here.end
    return [*before, _Span(day, end, person, number), *([] if replaces else later)]


def _owners_on(connection: Connection, keys: list[Key], day: date) -> dict[Key, str]:
    found: dict[Key, str] = {}
    for part in _parts(assignments, keys):
        rows = connection.execute(
            select(assignments).where(
                part, assignments.c.slot == "", assignments.c.valid_from <= day, assignments.c.valid_to > day
            )
        )
        found |= {(row.kind, row.thing_id, row.role): str(row.person_id) for row in rows}
    return found


def _undo_share(
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
                Problem("end-of-share", f"approval {first.approval_id} ended a shared role of {thing}.",
                        "Share it again for the days that are meant.", value=thing)
            )  # fmt: skip
        here = and_(_of(key, row.after), assignments.c.approval_id == first.approval_id)
        connection.execute(delete(assignments).where(here))


def _refuse_mixed(connection: Connection, kind: str, role: str, keys: list[Key], shared: bool) -> None:
    """A role has one owner for a thing, or people who share it, never both."""
    other = assignments.c.slot == "" if shared else assignments.c.slot != ""
    for part in _parts(assignments, keys):
        row = connection.execute(select(assignments).where(part, other)).first()
        if row is not None or (shared and role == OWNER):
            word = "has one owner at a time" if shared else "is shared by several people"
            thing = row.thing_id if row is not None else keys[0][1]
            raise SalesopsError(
                Problem("mixed-role", f"the role {role} of {kind} {thing} {word}.",
                        "Name another role.", value=role)
            )  # fmt: skip


def _parts(table: Any, keys: list[Key]) -> Iterable[Any]:
    """Conditions that cover all keys, a few hundred each; keys of one approval share kind and role."""
    groups: dict[tuple[str, str], list[str]] = {}
    for kind, thing, role in keys:
        groups.setdefault((kind, role), []).append(thing)
    for (kind, role), things in groups.items():
        for start in range(0, len(things), PART):
            yield and_(table.c.kind == kind, table.c.role == role,
                       table.c.thing_id.in_(things[start : start + PART]))  # fmt: skip


def _of(key: Key, slot: str) -> Any:
    return and_(
        assignments.c.kind == key[0],
        assignments.c.thing_id == key[1],
        assignments.c.role == key[2],
        assignments.c.slot == slot,
    )


def _insert(connection: Connection, key: Key, slot: str, spans: list[_Span]) -> None:
    rows = [
        {"kind": key[0], "thing_id": key[1], "role": key[2], "slot": slot, "valid_from": span.start,
         "valid_to": span.end, "person_id": span.person, "approval_id": span.number}
        for span in spans
    ]  # fmt: skip
    connection.execute(insert(assignments), rows)


def _log(connection: Connection, number: int, changes: Mapping[Key, tuple[str, str]]) -> None:
    rows = [
        {"approval_id": number, "kind": kind, "thing_id": thing, "role": role, "before": b, "after": a}
        for (kind, thing, role), (b, a) in changes.items()
    ]
    if rows:
        connection.execute(insert(changes_log), rows)
