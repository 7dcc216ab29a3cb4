"""Who owns what from when: approvals, undoing them, and people who share a role.

Who owns a thing follows from the approvals in force, in the order in which they were given: each
gives it an owner from its day on, up to the day of a change that was already planned. To undo an
approval is to take it out of that order, so that an undo gives back what the others say, whatever
was approved since. `assignment_tables` says what always holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime

from sqlalchemy import Connection, Engine, insert, select

from salesops_nb.errors import SalesopsError, problem
from salesops_nb.store.assignments.checks import checked
from salesops_nb.store.assignments.history import (
    approvals_given,
    approved_owners,
    assignment_history,
    assignments_as_of,
    check_assignments,
    count_changes,
)
from salesops_nb.store.assignments.shares import end_share, refuse_mixed, share, undo_share
from salesops_nb.store.assignments.spans import (
    in_force,
    lock,
    log_changes,
    owners_on,
    owners_without,
    record,
    rewrite,
)
from salesops_nb.store.assignments.tables import (
    BEGINNING,
    FOREVER,
    HOUSE,
    OWNER,
    VACANT,
    Key,
    approvals,
    changes_log,
    replacements,
)

__all__ = [
    "BEGINNING", "FOREVER", "HOUSE", "VACANT", "approvals_given", "approve", "approved_owners",
    "assignment_history", "assignments_as_of", "check_assignments", "count_changes", "end_share", "share",
    "undo",
]  # fmt: skip


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
        lock(connection)
        number = record(connection, approved_by, approved_on, day, reason, in_flight, None)
        keys = [(kind, thing, role) for thing in wanted]
        refuse_mixed(connection, kind, role, keys, shared=False)
        if replace_planned:
            connection.execute(insert(replacements).values(approval_id=number))
        before = owners_on(connection, keys, day)
        log_changes(connection, number, {key: (before.get(key, VACANT), wanted[key[1]]) for key in keys})
        rewrite(connection, keys)
    return number


def undo(
    engine: Engine,
    approval_id: int,
    *,
    approved_by: str,
    approved_on: date,
    reason: str,
    effective_on: date | None = None,
) -> int:
    """Takes an approval back, from a day on or as if it had not been given; the number of the act.

    What others approved before or since stays in force. An undo can itself be undone.

    Parameters
    ----------
    effective_on : first day of the owners given back; the days before it stay as they were. None, or a day
        not after the approval's own: as if it had not been given.

    Raises
    ------
    SalesopsError
        No such approval, one that is undone already, nothing left of it on that day, or a shared role's end.
    """
    with engine.begin() as connection:
        lock(connection)
        first = connection.execute(select(approvals).where(approvals.c.approval_id == approval_id)).first()
        if first is None:
            raise SalesopsError(problem("unknown-approval", approval=approval_id))
        checked({}, first.effective_on, approved_by, reason, "unit", "stay")
        if approval_id not in in_force(connection):
            raise SalesopsError(
                problem("undone-already", value=approval_id)
            )  # fmt: skip
        moved = connection.execute(select(changes_log).where(changes_log.c.approval_id == approval_id)).all()
        keys = [(row.kind, row.thing_id, row.role) for row in moved]
        if effective_on is not None and effective_on > first.effective_on:
            why = f"Approval {approval_id} taken back: {reason}"
            return _given_back(
                connection, approval_id, keys, effective_on, first.in_flight,
                approved_by=approved_by, approved_on=approved_on, reason=why,
            )  # fmt: skip
        number = record(
            connection, approved_by, approved_on, first.effective_on, reason, first.in_flight, approval_id
        )
        before = owners_on(connection, keys, first.effective_on)
        undo_share(connection, first, moved, before)
        rewrite(connection, [key for key in keys if key in before])
        after = owners_on(connection, keys, first.effective_on)
        log_changes(connection, number, {k: (before.get(k, r.after), after.get(k, VACANT))
                                  for k, r in zip(keys, moved, strict=True)})  # fmt: skip
    return number


def _given_back(
    connection: Connection, approval_id: int, keys: list[Key], day: date, in_flight: str, *,
    approved_by: str, approved_on: date, reason: str,
) -> int:  # fmt: skip
    """An approval of the owners there would be on a day without another approval."""
    checked({}, day, approved_by, reason, "unit", in_flight)
    now = owners_on(connection, keys, day)
    then = owners_without(connection, list(now), day, approval_id)
    changed = {key: (now[key], person) for key, person in then.items() if now[key] != person}
    if not changed:
        raise SalesopsError(
            problem("nothing-to-undo", value=approval_id, day=day)
        )  # fmt: skip
    number = record(connection, approved_by, approved_on, day, reason, in_flight, None)
    log_changes(connection, number, changed)
    rewrite(connection, list(changed))
    return number
