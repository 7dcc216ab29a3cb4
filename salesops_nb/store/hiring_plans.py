"""Approved hiring plans: which requisitions, who approved them, when, and never a row changed.

Each approval is a plan with a number; the last one is in force, the earlier ones stay readable. Approving
the same plan twice by the same person changes nothing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import pandas as pd
from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Date,
    Engine,
    ForeignKey,
    Integer,
    String,
    Table,
    Text,
    insert,
    select,
)

from salesops_nb.errors import SalesopsError, problem
from salesops_nb.store.metadata import append_once, append_only, in_turn, metadata
from salesops_nb.store.targets import person_named

SEATS = ("open_on", "starts_on", "role", "territory", "hires")

approvals = Table(
    "hiring_plans",
    metadata,
    Column("plan_id", Integer, primary_key=True, autoincrement=False),
    Column("approved_by", Text, nullable=False),
    Column("approved_at", String(32), nullable=False),
    Column("reason", Text, nullable=False),
    Column("replace_leavers", Boolean, nullable=False),
    Column("stated", Text, nullable=False),
    Column("parameters", Text, nullable=False),
    Column("fingerprint", String(64), nullable=False),
)
rows_table = Table(
    "hiring_plan_rows",
    metadata,
    Column("plan_id", Integer, ForeignKey("hiring_plans.plan_id"), primary_key=True),
    Column("row", Integer, primary_key=True),
    Column("open_on", Date, nullable=False),
    Column("starts_on", Date, nullable=False),
    Column("role", String(200), nullable=False),
    Column("territory", String(200), nullable=False),
    Column("hires", Integer, nullable=False),
)
append_only(approvals, "approve another plan")
append_only(rows_table, "approve another plan")


@dataclass(frozen=True)
class ApprovedHiring:
    """A hiring plan as it was approved.

    `hires` has the columns of `SEATS`: opening and expected first day of work, role, territory (a team,
    a region or a territory; empty where the plan names none) and how many. With `replace_leavers`, leavers
    are replaced beside the plan; without, its hires are all there are. `stated` is what the plan assumed in
    place of what was learned.
    """

    plan_id: int
    approved_by: str
    approved_at: str
    hires: pd.DataFrame
    replace_leavers: bool
    reason: str = ""
    stated: Mapping[str, Any] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """How many people the plan hires."""
        return int(self.hires["hires"].sum())


def approve_hiring(
    engine: Engine,
    hires: pd.DataFrame,
    *,
    replace_leavers: bool,
    approved_by: str,
    approved_at: datetime,
    reason: str = "",
    stated: Mapping[str, Any] | None = None,
    parameters: Mapping[str, Any] | None = None,
) -> int:
    """Write a hiring plan as approved; returns its number.

    Parameters
    ----------
    hires : as `HiringPlan.hires`: open_on, starts_on, role, territory, hires; other columns are not kept.
        No row is a plan that hires nobody.
    replace_leavers : whether leavers are replaced beside the plan.
    stated : what was stated in place of what was learned.

    Raises `SalesopsError` where nobody approves or a row is no requisition.

    Examples
    --------
    >>> from datetime import date, datetime
    >>> import pandas as pd
    >>> from salesops_nb.store.database import open_store
    >>> from salesops_nb.store.hiring_plans import approve_hiring, approved_hiring
    >>> store = open_store("sqlite://")
    >>> two = pd.DataFrame([{"open_on": date(2018, 1, 1), "starts_on": date(2018, 2, 25), "role": "rep",
    ...                      "territory": "North", "hires": 2}])
    >>> approve_hiring(store, two, replace_leavers=False, approved_by="Ada Example",
    ...                approved_at=datetime(2017, 12, 20))
    1
    >>> found = approved_hiring(store)
    >>> found.plan_id, found.approved_by, found.count
    (1, 'Ada Example', 2)
    """
    person = person_named(approved_by)
    if person is None:
        raise SalesopsError(
            problem("no-approver.hiring", column="approved_by", value=str(approved_by), name=approved_by)
        )
    if not isinstance(approved_at, datetime):
        raise SalesopsError(problem("no-time", given=approved_at))
    rows = _checked(hires)
    known = {name: value for name, value in (stated or {}).items() if value is not None}
    content = json.dumps([rows, bool(replace_leavers), known], default=str, sort_keys=True)
    head = {
        "approved_by": person, "approved_at": approved_at.isoformat(timespec="seconds"), "reason": reason,
        "replace_leavers": bool(replace_leavers), "stated": json.dumps(known, default=str, sort_keys=True),
        "parameters": json.dumps(dict(parameters or {}), default=str, sort_keys=True, ensure_ascii=False),
        "fingerprint": hashlib.sha256(content.encode()).hexdigest(),
    }  # fmt: skip
    metadata.create_all(engine, tables=[approvals, rows_table])
    return in_turn(engine, lambda connection: _append(connection, head, rows), problem("store-busy.hiring"))


def approved_hiring(engine: Engine, plan_id: int | None = None) -> ApprovedHiring | None:
    """The approved hiring plan that is in force (the last one), or the one of a number; none without any."""
    metadata.create_all(engine, tables=[approvals, rows_table])
    query = select(approvals).order_by(approvals.c.plan_id.desc()).limit(1)
    if plan_id is not None:
        query = query.where(approvals.c.plan_id == plan_id)
    with engine.connect() as connection:
        head = connection.execute(query).one_or_none()
        if head is None:
            return None
        mine = select(*(rows_table.c[name] for name in SEATS)).where(rows_table.c.plan_id == head.plan_id)
        rows = connection.execute(mine.order_by(rows_table.c.row)).all()
    return ApprovedHiring(
        head.plan_id, head.approved_by, head.approved_at, pd.DataFrame(rows, columns=list(SEATS)),
        head.replace_leavers, head.reason, json.loads(head.stated),
    )  # fmt: skip


def placed(hires: pd.DataFrame, teams: Sequence[str], known: Collection[str]) -> pd.DataFrame:
    """The rows of a plan with the first hires in the given teams, in the order of their opening.

    Raises `SalesopsError` for more teams than hires, and for one that is not `known`.

    Examples
    --------
    >>> from datetime import date
    >>> import pandas as pd
    >>> from salesops_nb.store.hiring_plans import placed
    >>> three = pd.DataFrame([{"open_on": date(2018, 1, 1), "starts_on": date(2018, 2, 25), "role": "rep",
    ...                        "territory": "", "hires": 3}])
    >>> placed(three, ["North", "South"], {"North", "South"})[["territory", "hires"]]
      territory  hires
    0     North      1
    1     South      1
    2                1
    """
    if not teams:
        return hires
    for team in teams:
        if team not in known:
            raise SalesopsError(problem("bad-hiring-plan.team", value=team, known=", ".join(sorted(known))))
    rows = hires.loc[hires.index.repeat(hires["hires"].astype(int))].assign(hires=1)
    rows = rows.sort_values("open_on", kind="stable").reset_index(drop=True)
    if len(teams) > len(rows):
        raise SalesopsError(problem("bad-hiring-plan.teams", teams=len(teams), count=len(rows)))
    rows.loc[: len(teams) - 1, "territory"] = list(teams)
    return rows


def _append(connection: Connection, head: dict[str, Any], rows: list[dict[str, Any]]) -> int:
    number, new = append_once(connection, approvals, "plan_id", head, ("fingerprint", "approved_by"))
    if new and rows:
        connection.execute(
            insert(rows_table), [{**row, "plan_id": number, "row": i} for i, row in enumerate(rows)]
        )
    return number


def _checked(hires: pd.DataFrame) -> list[dict[str, Any]]:
    missing = [name for name in SEATS if name not in hires.columns]
    if missing and len(hires):
        raise SalesopsError(problem("bad-hiring-plan.no-columns", missing=", ".join(missing)))
    out = []
    for number, row in enumerate(hires.to_dict("records"), start=1):
        opened, starts = _day(row["open_on"], number), _day(row["starts_on"], number)
        count = row["hires"]
        if starts < opened or not str(row["role"]).strip() or int(count) != count or count < 1:
            raise SalesopsError(
                problem("bad-hiring-plan.row", row=number, opened=opened, starts=starts, count=str(count))
            )
        place = row["territory"]
        named = "" if pd.isna(place) else str(place)
        out.append(
            {"open_on": opened, "starts_on": starts, "role": str(row["role"]), "territory": named,
             "hires": int(count)}
        )  # fmt: skip
    return out


def _day(value: Any, number: int) -> date:
    day = pd.to_datetime(value, errors="coerce")
    if pd.isna(day):
        raise SalesopsError(problem("bad-hiring-plan.day", row=number, given=str(value)))
    found: date = day.date()
    return found
