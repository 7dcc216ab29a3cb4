"""The tables of effective-dated assignments, and the words that stand for nobody.

A *thing* (a unit or an account) has in each exclusive role exactly one owner on every day from
`BEGINNING` on; ``vacant`` and ``house`` are owners, and the days before the first approval belong
to ``vacant``. Shared roles (specialists) may have any number of people. Rows are half-open,
[valid_from, valid_to), and an open end is `FOREVER`, so that the database itself refuses a second
row that begins or ends on the same day. What was approved stays in the log even when undone.
"""

from __future__ import annotations

from datetime import date

from sqlalchemy import Column, ColumnElement, Date, ForeignKey, Integer, String, Table, UniqueConstraint, and_

from salesops_nb.store.metadata import metadata

BEGINNING = date(1900, 1, 1)
FOREVER = date(9999, 12, 31)
VACANT = "vacant"
HOUSE = "house"
OWNER = "rep"  # the role of the owner, which nobody shares
RULES = ("stay", "split", "move")
KINDS = ("unit", "account")
Key = tuple[str, str, str]  # kind, thing, role

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
replacements = Table(  # approvals that also put aside what was planned for later days
    "assignment_replacements",
    metadata,
    Column("approval_id", Integer, ForeignKey("assignment_approvals.approval_id"), primary_key=True),
)


def holds(day: date) -> ColumnElement[bool]:
    """Whether an assignment holds on a day: from `valid_from` on, before `valid_to`."""
    return and_(assignments.c.valid_from <= day, day < assignments.c.valid_to)
