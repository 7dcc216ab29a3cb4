"""Reading assignments: any past or planned day, what was approved by whom, and that no day is without."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

import pandas as pd
from sqlalchemy import Engine, Row, and_, func, select

from salesops_nb.errors import Problem, problem
from salesops_nb.store.assignments.tables import (
    BEGINNING,
    FOREVER,
    OWNER,
    VACANT,
    Key,
    approvals,
    assignments,
    changes_log,
    holds,
)

AS_OF = ["kind", "thing_id", "role", "person_id", "valid_from", "valid_to"]


def assignments_as_of(
    engine: Engine, day: date, *, role: str | None = None, kind: str | None = None, things: Iterable[str] = ()
) -> pd.DataFrame:
    """Every assignment that holds on a day, past or planned.

    Columns kind, thing_id, role, person_id, valid_from, valid_to.

    `things` that the store does not know yet are shown as ``vacant`` (in `role`, of `kind`).
    """
    query = (
        select(*(assignments.c[name] for name in AS_OF))
        .where(holds(day))
        .order_by(assignments.c.kind, assignments.c.thing_id, assignments.c.role, assignments.c.slot)
    )
    if role is not None:
        query = query.where(assignments.c.role == role)
    if kind is not None:
        query = query.where(assignments.c.kind == kind)
    with engine.connect() as connection:
        rows = [tuple(row) for row in connection.execute(query)]
    known = {row[:3] for row in rows}
    rows += [
        (*key, VACANT, BEGINNING, FOREVER)
        for key in ((kind or "unit", thing, role or OWNER) for thing in dict.fromkeys(map(str, things)))
        if key not in known
    ]
    return pd.DataFrame(rows, columns=AS_OF)


def approved_owners(engine: Engine, day: date, kind: str = "unit") -> dict[str, str]:
    """Unit (or account) to person on a day, past or planned, as far as the store knows.

    Before a thing's first approval the store knows nothing of it: the workbook's table says it then.
    """
    query = (
        select(assignments.c.thing_id, assignments.c.person_id)
        .where(holds(day))
        .where(and_(assignments.c.kind == kind, assignments.c.role == OWNER))
        .where(assignments.c.valid_from > BEGINNING)
        .order_by(assignments.c.thing_id, assignments.c.slot)
    )
    with engine.connect() as connection:
        return dict(map(tuple, connection.execute(query)))


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


def approvals_given(engine: Engine) -> pd.DataFrame:
    """Every approval, latest first.

    Columns approval_id, effective_on, approved_by, approved_on, reason, in_flight, undoes, changed (things
    that changed their owner).
    """
    changed = func.sum((changes_log.c.before != changes_log.c.after).cast(approvals.c.approval_id.type))
    query = (
        select(approvals, func.coalesce(changed, 0).label("changed"))
        .outerjoin(changes_log, approvals.c.approval_id == changes_log.c.approval_id)
        .group_by(*approvals.c)
        .order_by(approvals.c.approval_id.desc())
    )
    names = ["approval_id", "effective_on", "approved_by", "approved_on", "reason", "in_flight", "undoes",
             "changed"]  # fmt: skip
    with engine.connect() as connection:
        rows = connection.execute(query).mappings().all()
        return pd.DataFrame([{name: row[name] for name in names} for row in rows], columns=names)


def count_changes(engine: Engine, approval_id: int) -> int:
    """How many things an approval gave to another owner."""
    query = select(func.count()).where(
        changes_log.c.approval_id == approval_id, changes_log.c.before != changes_log.c.after
    )
    with engine.connect() as connection:
        return int(connection.execute(query).scalar_one())


def check_assignments(engine: Engine) -> list[Problem]:
    """Every gap, overlap or empty span in the exclusive roles; an empty list says that there is none.

    A role with one owner that people share as well counts as two owners.
    """
    query = select(assignments).order_by(
        assignments.c.kind, assignments.c.thing_id, assignments.c.role, assignments.c.valid_from
    )
    spans: dict[Key, list[Row[Any]]] = {}
    shared: set[Key] = set()
    with engine.connect() as connection:
        for row in connection.execute(query):
            key = (row.kind, row.thing_id, row.role)
            if row.slot:
                shared.add(key)
            else:
                spans.setdefault(key, []).append(row)
    problems = [
        problem("ownership.two", table="assignments", value=key[1], kind=key[0], role=key[2], day=BEGINNING)
        for key in sorted(shared & set(spans))
    ]
    for key, rows in spans.items():
        end = BEGINNING
        for row in rows:
            if row.valid_from != end or not row.valid_from < row.valid_to or not row.person_id:
                problems.append(
                    problem(
                        "ownership.none" if row.valid_from > end else "ownership.two",
                        table="assignments",
                        value=key[1],
                        kind=key[0],
                        role=key[2],
                        day=min(end, row.valid_from),
                    )
                )
            end = row.valid_to
        if end != FOREVER:
            problems.append(
                problem(
                    "ownership.none", table="assignments", value=key[1], kind=key[0], role=key[2], day=end
                )
            )
    return problems
