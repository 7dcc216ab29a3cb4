"""Who owns what from when: effective-dated assignments of units and accounts, never a gap, never two.

A *thing* (a unit or an account) has in each exclusive role exactly one owner on every day from
`BEGINNING` on; ``vacant`` and ``house`` are owners, and the days before the first approval belong
to ``vacant``. Shared roles (specialists) may have any number of people. Rows are half-open,
[valid_from, valid_to), and an open end is `FOREVER`, so that the database itself refuses a second
row that begins or ends on the same day. What was approved stays in the log even when undone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

import pandas as pd
from sqlalchemy import (
    Column,
    Connection,
    Date,
    Engine,
    ForeignKey,
    Integer,
    Row,
    String,
    Table,
    UniqueConstraint,
    and_,
    func,
    insert,
    select,
    update,
)

from salesops_nb.errors import Problem, SalesopsError
from salesops_nb.store.database import metadata

BEGINNING = date(1900, 1, 1)
FOREVER = date(9999, 12, 31)
VACANT = "vacant"
HOUSE = "house"
RULES = ("stay", "split", "move")

approvals = Table(
    "assignment_approvals",
    metadata,
    Column("approval_id", Integer, primary_key=True, autoincrement=True),
    Column("approved_by", String(200), nullable=False),
    Column("approved_on", Date, nullable=False),
    Column("effective_on", Date, nullable=False),
    Column("reason", String(1000), nullable=False),
    Column("in_flight", String(10), nullable=False),
    Column("undoes", Integer, nullable=True),
)
assignments = Table(
    "assignments",
    metadata,
    Column("kind", String(10), primary_key=True),
    Column("thing_id", String(200), primary_key=True),
    Column("role", String(100), primary_key=True),
    Column("slot", String(200), primary_key=True),  # "" in an exclusive role, the person in a shared one
    Column("valid_from", Date, primary_key=True),
    Column("valid_to", Date, nullable=False),
    Column("person_id", String(200), nullable=False),
    Column("approval_id", Integer, ForeignKey("assignment_approvals.approval_id"), nullable=True),
    UniqueConstraint("kind", "thing_id", "role", "slot", "valid_to", name="assignments_end"),
)
changes_log = Table(
    "assignment_changes",
    metadata,
    Column("approval_id", Integer, ForeignKey("assignment_approvals.approval_id"), primary_key=True),
    Column("kind", String(10), primary_key=True),
    Column("thing_id", String(200), primary_key=True),
    Column("role", String(100), primary_key=True),
    Column("before", String(200), nullable=False),
    Column("after", String(200), nullable=False),
)


def approve(
    engine: Engine,
    owners: Mapping[str, str | None] | Iterable[tuple[str, str | None]],
    *,
    effective_on: date,
    approved_by: str,
    approved_on: date,
    reason: str,
    role: str = "rep",
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
        A thing named twice, no approver or reason, an unknown rule or kind, a day out of range.
    """
    wanted = _checked(owners, effective_on, approved_by, reason, kind, in_flight)
    with engine.begin() as connection:
        number = _record(connection, approved_by, approved_on, effective_on, reason, in_flight, None)
        for thing, person in wanted.items():
            _put(connection, number, (kind, thing, role), person, effective_on, replace_planned)
    return number


def undo(engine: Engine, approval_id: int, *, approved_by: str, approved_on: date, reason: str) -> int:
    """Gives the things of an approval back to who had them, from its own day on; the new number.

    Things that a later approval changed on that day again are refused, so that no work is undone unseen.
    """
    with engine.begin() as connection:
        first = connection.execute(select(approvals).where(approvals.c.approval_id == approval_id)).first()
        if first is None:
            raise SalesopsError(
                Problem(
                    "unknown-approval", f"there is no approval {approval_id}.", "Look it up in the history."
                )
            )
        moved = connection.execute(select(changes_log).where(changes_log.c.approval_id == approval_id)).all()
        number = _record(
            connection, approved_by, approved_on, first.effective_on, reason, first.in_flight, approval_id
        )
        for row in moved:
            key = (row.kind, row.thing_id, row.role)
            now = _covering(connection, key, first.effective_on)
            if now is None or now.person_id != row.after or now.valid_from != first.effective_on:
                raise SalesopsError(
                    Problem(
                        "changed-since",
                        f"{row.kind} {row.thing_id} was changed again after approval {approval_id}.",
                        "Undo the later approval first.",
                        value=row.thing_id,
                    )
                )
            _put(connection, number, key, row.before, first.effective_on, False)
    return number


def assignments_as_of(
    engine: Engine, day: date, *, role: str | None = None, kind: str | None = None, things: Iterable[str] = ()
) -> pd.DataFrame:
    """Every assignment that holds on a day, past or planned.

    Columns kind, thing_id, role, person_id, valid_from, valid_to.

    `things` that the store does not know yet are shown as ``vacant`` (in `role`, of `kind`).
    """
    query = (
        select(
            assignments.c.kind,
            assignments.c.thing_id,
            assignments.c.role,
            assignments.c.person_id,
            assignments.c.valid_from,
            assignments.c.valid_to,
        )
        .where(and_(assignments.c.valid_from <= day, day < assignments.c.valid_to))
        .order_by(assignments.c.kind, assignments.c.thing_id, assignments.c.role, assignments.c.slot)
    )
    if role is not None:
        query = query.where(assignments.c.role == role)
    if kind is not None:
        query = query.where(assignments.c.kind == kind)
    with engine.connect() as connection:
        rows = [tuple(row) for row in connection.execute(query)]
    known = {row[1] for row in rows}
    rows += [
        (kind or "unit", thing, role or "rep", VACANT, BEGINNING, FOREVER)
        for thing in dict.fromkeys(map(str, things))
        if thing not in known
    ]
    return pd.DataFrame(rows, columns=["kind", "thing_id", "role", "person_id", "valid_from", "valid_to"])


def assignment_history(engine: Engine, thing_id: str) -> pd.DataFrame:
    """All that was approved for a thing, undone or not: what, who before and after, by whom, when and why."""
    query = (
        select(changes_log, approvals)
        .join(approvals, approvals.c.approval_id == changes_log.c.approval_id)
        .where(changes_log.c.thing_id == thing_id)
        .order_by(approvals.c.approval_id)
    )
    names = ["approval_id", "kind", "role", "before", "after", "effective_on", "approved_by", "approved_on",
             "reason", "in_flight", "undoes"]  # fmt: skip
    with engine.connect() as connection:
        rows = connection.execute(query).mappings().all()
        return pd.DataFrame([{name: row[name] for name in names} for row in rows], columns=names)


def share(
    engine: Engine, thing_id: str, person_id: str, *, valid_from: date, valid_to: date = FOREVER,
    approved_by: str, approved_on: date, reason: str, role: str = "specialist", kind: str = "unit",
) -> int:  # fmt: skip
    """Adds a person to a shared role of a thing for a span of days; the approval's number."""
    _checked({thing_id: person_id}, valid_from, approved_by, reason, kind, "stay")
    if not valid_from < valid_to <= FOREVER:
        raise SalesopsError(
            Problem("bad-day", f"the span from {valid_from} to {valid_to} is empty.", "Check the two days.")
        )
    key = (kind, thing_id, role)
    with engine.begin() as connection:
        overlap = connection.execute(
            select(assignments).where(
                _of(key, person_id), assignments.c.valid_from < valid_to, assignments.c.valid_to > valid_from
            )
        ).first()
        if overlap is not None:
            raise SalesopsError(
                Problem(
                    "already-shared",
                    f"{person_id} has {role} of {thing_id} already "
                    f"from {overlap.valid_from} to {overlap.valid_to}.",
                    "Choose other days.",
                    value=person_id,
                )
            )
        number = _record(connection, approved_by, approved_on, valid_from, reason, "stay", None)
        _insert(connection, key, person_id, valid_from, valid_to, person_id, number)
        _log(connection, number, key, VACANT, person_id)
    return number


def check_assignments(engine: Engine) -> list[Problem]:
    """Every gap, overlap or empty span in the exclusive roles; an empty list says that there is none."""
    query = (
        select(assignments)
        .where(assignments.c.slot == "")
        .order_by(assignments.c.kind, assignments.c.thing_id, assignments.c.role, assignments.c.valid_from)
    )
    spans: dict[tuple[str, str, str], list[Row[Any]]] = {}
    with engine.connect() as connection:
        for row in connection.execute(query):
            spans.setdefault((row.kind, row.thing_id, row.role), []).append(row)
    problems = []
    for key, rows in spans.items():
        end = BEGINNING
        for row in rows:
            if row.valid_from != end or not row.valid_from < row.valid_to or not row.person_id:
                word = "without an owner" if row.valid_from > end else "with two owners"
                problems.append(_hole(key, word, min(end, row.valid_from)))
            end = row.valid_to
        if end != FOREVER:
            problems.append(_hole(key, "without an owner", end))
    return problems


def _hole(key: tuple[str, str, str], word: str, day: date) -> Problem:
    return Problem(
        "ownership", f"{key[0]} {key[1]} is {word} in role {key[2]} from {day}.",
        "Approve an owner for these days.",
        table="assignments", value=key[1],
    )  # fmt: skip


def _checked(
    owners: Any, effective_on: date, approved_by: str, reason: str, kind: str, in_flight: str
) -> dict[str, str]:
    problems = []
    for name, text in (("approved_by", approved_by), ("reason", reason)):
        if not str(text).strip():
            problems.append(
                Problem(
                    f"no-{name.replace('_', '-')}",
                    f"{name} is empty.",
                    "Say who approves and why.",
                    column=name,
                )
            )
    if in_flight not in RULES:
        problems.append(
            Problem("bad-rule", f"in_flight is {in_flight!r}.", f"Write one of {', '.join(RULES)}.")
        )
    if kind not in ("unit", "account"):
        problems.append(Problem("bad-kind", f"kind is {kind!r}.", "Write unit or account."))
    if not BEGINNING < effective_on < FOREVER:
        problems.append(Problem("bad-day", f"{effective_on} is out of range.", "Check the year."))
    wanted: dict[str, str] = {}
    for thing, person in owners.items() if isinstance(owners, Mapping) else owners:
        empty = person is None or person != person or not str(person).strip()
        name = VACANT if empty else str(person)
        if not str(thing).strip():
            problems.append(Problem("missing-id", "an assignment names no unit.", "Give its id."))
        elif wanted.get(str(thing), name) != name:
            problems.append(
                Problem(
                    "two-owners",
                    f"{kind} {thing} is given to both {wanted[str(thing)]} and {name}.",
                    "Give each one owner in a role.",
                    value=str(thing),
                )
            )
        wanted[str(thing)] = name
    if problems:
        raise SalesopsError(problems)
    return wanted


def _record(
    connection: Connection, by: str, on: date, effective: date, reason: str, rule: str, undoes: int | None
) -> int:
    number = connection.execute(
        insert(approvals).values(
            approved_by=by,
            approved_on=on,
            effective_on=effective,
            reason=reason,
            in_flight=rule,
            undoes=undoes,
        )
    ).inserted_primary_key
    assert number is not None
    return int(number[0])


def _of(key: tuple[str, str, str], slot: str = "") -> Any:
    return and_(
        assignments.c.kind == key[0],
        assignments.c.thing_id == key[1],
        assignments.c.role == key[2],
        assignments.c.slot == slot,
    )


def _covering(connection: Connection, key: tuple[str, str, str], day: date) -> Row[Any] | None:
    query = select(assignments).where(_of(key), assignments.c.valid_from <= day, assignments.c.valid_to > day)
    return connection.execute(query.with_for_update()).first()


def _put(
    connection: Connection, number: int, key: tuple[str, str, str], person: str, day: date, replace: bool
) -> None:
    """One owner from a day on: the row that holds then ends there, the new one takes over its end."""
    row = _covering(connection, key, day)
    if row is None:
        _insert(connection, key, "", BEGINNING, FOREVER, VACANT, None)
        row = _covering(connection, key, day)
    assert row is not None
    end = FOREVER if replace else row.valid_to
    later = and_(_of(key), assignments.c.valid_from > day)
    if replace:
        connection.execute(assignments.delete().where(later))
    if row.person_id == person and end == row.valid_to:
        return
    here = and_(_of(key), assignments.c.valid_from == row.valid_from)
    if row.person_id == person:
        connection.execute(update(assignments).where(here).values(valid_to=end))
    elif row.valid_from == day:
        values = {"person_id": person, "approval_id": number, "valid_to": end}
        connection.execute(update(assignments).where(here).values(values))
    else:
        connection.execute(update(assignments).where(here).values(valid_to=day))
        _insert(connection, key, "", day, end, person, number)
    _log(connection, number, key, row.person_id, person)


def _insert(
    connection: Connection,
    key: tuple[str, str, str],
    slot: str,
    start: date,
    end: date,
    person: str,
    number: int | None,
) -> None:
    connection.execute(
        insert(assignments).values(
            kind=key[0], thing_id=key[1], role=key[2], slot=slot, valid_from=start, valid_to=end,
            person_id=person, approval_id=number,
        )
    )  # fmt: skip


def _log(connection: Connection, number: int, key: tuple[str, str, str], before: str, after: str) -> None:
    connection.execute(
        insert(changes_log).values(
            approval_id=number, kind=key[0], thing_id=key[1], role=key[2], before=before, after=after
        )
    )


def count_changes(engine: Engine, approval_id: int) -> int:
    """How many things an approval gave to another owner."""
    query = select(func.count()).select_from(changes_log).where(changes_log.c.approval_id == approval_id)
    with engine.connect() as connection:
        return int(connection.execute(query).scalar_one())
