"""Approved targets: who approved which, when, and never a row changed.

Each approval of a fiscal year is a version with all its rows; the latest is in force, the earlier
ones stay readable. Approving the same targets twice by the same person changes nothing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pandas as pd
from sqlalchemy import (
    BIGINT,
    Column,
    Connection,
    Engine,
    ForeignKeyConstraint,
    Integer,
    String,
    Table,
    Text,
    func,
    insert,
    select,
)

from salesops_nb.core.money import from_minor
from salesops_nb.errors import SalesopsError, problem
from salesops_nb.store.metadata import append_once, append_only, in_turn, metadata
from salesops_nb.store.target_checks import KEY, checked

NOBODY = {"", "nobody", "none", "unknown", "n/a", "-", "null", "nan"}

approvals = Table(
    "target_approvals",
    metadata,
    Column("year", String(12), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("approved_by", Text, nullable=False),
    Column("approved_at", String(32), nullable=False),
    Column("reason", Text, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("parameters", Text, nullable=False),
    Column("fingerprint", String(64), nullable=False),
)
rows_table = Table(
    "approved_targets",
    metadata,
    Column("year", String(12), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("level", String(16), primary_key=True),
    Column("who", String(255), primary_key=True),
    Column("metric", String(64), primary_key=True),
    Column("period", String(16), primary_key=True),
    Column("value_minor", BIGINT, nullable=False),
    ForeignKeyConstraint(["year", "version"], ["target_approvals.year", "target_approvals.version"]),
)


append_only(approvals, "approve a new version")
append_only(rows_table, "approve a new version")


def approve_targets(
    engine: Engine,
    targets: pd.DataFrame,
    *,
    year: str,
    currency: str,
    approved_by: str,
    approved_at: datetime,
    reason: str = "",
    parameters: Mapping[str, Any] | None = None,
) -> int:
    """Write the targets of a fiscal year as a new version; returns its number.

    Parameters
    ----------
    targets : level, who, metric, period, value (Decimal or whole); periods of that year.
    approved_by : a person, by name or id.
    approved_at : when, given by the caller.
    reason, parameters : why, and how the targets were made; kept with the approval.

    Raises `SalesopsError` where nobody approves, and with every problem of the rows: missing
    columns, no rows, a period of another year, the same target twice, values that are negative, no
    exact money, or do not add up from reps to company or from months to the year.
    """
    person = person_named(approved_by)
    if person is None:
        raise SalesopsError(
            problem("no-approver", column="approved_by", value=str(approved_by), name=approved_by)
        )
    if not isinstance(approved_at, datetime):
        raise SalesopsError(problem("no-time", given=approved_at))
    found = checked(targets, str(year), currency)
    content = json.dumps([currency, sorted(found.items())], ensure_ascii=False)
    fingerprint = hashlib.sha256(content.encode()).hexdigest()
    head = {
        "year": str(year), "approved_by": person, "approved_at": approved_at.isoformat(timespec="seconds"),
        "reason": reason, "currency": currency, "fingerprint": fingerprint,
        "parameters": json.dumps(dict(parameters or {}), default=str, sort_keys=True, ensure_ascii=False),
    }  # fmt: skip
    metadata.create_all(engine, tables=[approvals, rows_table])
    return in_turn(
        engine, lambda connection: _append(connection, head, found), problem("store-busy", year=year)
    )


def _append(connection: Connection, head: dict[str, str], found: dict[tuple[str, ...], int]) -> int:
    version, new = append_once(
        connection, approvals, "version", head, ("fingerprint", "approved_by"), of="year"
    )
    if not new:
        return version
    rows = [
        {"year": head["year"], "version": version, **dict(zip(KEY, key, strict=True)), "value_minor": minor}
        for key, minor in found.items()
    ]
    connection.execute(insert(rows_table), rows)
    return version


def approved_targets(engine: Engine, year: str | None = None, version: int | None = None) -> pd.DataFrame:
    """The table targets as approved: level, who, metric, period, value, currency, year, version.

    The latest version of each year, or of one year; an earlier `version` of that year. Empty where
    nothing is approved; raises `SalesopsError` for a version that is not there.
    """
    latest = select(approvals.c.year, func.max(approvals.c.version).label("version")).group_by(
        approvals.c.year
    )
    if version is not None:
        if year is None:
            raise SalesopsError(problem("no-year", version=version))
        latest = select(approvals.c.year, approvals.c.version).where(approvals.c.version == version)
    chosen = latest.subquery()
    query = (
        select(rows_table, approvals.c.currency)
        .join(chosen, (rows_table.c.year == chosen.c.year) & (rows_table.c.version == chosen.c.version))
        .join(
            approvals,
            (approvals.c.year == rows_table.c.year) & (approvals.c.version == rows_table.c.version),
        )
    )
    if year is not None:
        query = query.where(rows_table.c.year == str(year))
    metadata.create_all(engine, tables=[approvals, rows_table])
    with engine.connect() as connection:
        rows = connection.execute(query.order_by(*(rows_table.c[name] for name in ("year", *KEY)))).all()
    if version is not None and not rows:
        raise SalesopsError(problem("no-version", version=version, year=year))
    made = [
        (
            *(getattr(row, name) for name in KEY),
            from_minor(row.value_minor, row.currency),
            row.currency,
            row.year,
            row.version,
        )
        for row in rows
    ]
    return pd.DataFrame(made, columns=[*KEY, "value", "currency", "year", "version"])


def target_approvals(engine: Engine, year: str | None = None) -> pd.DataFrame:
    """Who approved which version when, with reason and parameters, oldest first."""
    query = select(approvals).order_by(approvals.c.year, approvals.c.version)
    if year is not None:
        query = query.where(approvals.c.year == str(year))
    metadata.create_all(engine, tables=[approvals, rows_table])
    with engine.connect() as connection:
        rows = connection.execute(query).mappings().all()
    return pd.DataFrame([dict(row) for row in rows], columns=[column.name for column in approvals.columns])


def person_named(name: Any) -> str | None:
    """Who approves, by name or id; none where the words name nobody."""
    person = str(name or "").strip()
    return None if person.casefold() in NOBODY else person
