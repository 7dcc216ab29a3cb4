"""Approved sales models: what a year's target asks for, who approved it, when; never a row changed.

The last one of a year is in force. Target setting and hiring take the year's target from it where nobody
states another.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BIGINT,
    Column,
    Engine,
    Float,
    Integer,
    String,
    Table,
    Text,
    select,
)

from salesops_nb.core.money import from_minor, to_minor
from salesops_nb.errors import SalesopsError, problem
from salesops_nb.store.metadata import append_once, append_only, in_turn, metadata
from salesops_nb.store.targets import person_named

models = Table(
    "sales_models",
    metadata,
    Column("year", String(12), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("months", Text, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("target_minor", BIGINT, nullable=False),
    Column("opened", Float, nullable=False),
    Column("used", Float),
    Column("approved_by", Text, nullable=False),
    Column("approved_at", String(32), nullable=False),
    Column("reason", Text, nullable=False),
    Column("parameters", Text, nullable=False),
)
append_only(models, "approve a new one")


@dataclass(frozen=True)
class ApprovedModel:
    """A year's sales model as approved: its target by month, the openings a month it needs, the share of
    capacity it takes (missing where no limit is known)."""

    year: str
    number: int
    months: Mapping[str, Decimal]
    opened: float
    used: float | None
    approved_by: str
    approved_at: str
    reason: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)

    @property
    def target(self) -> Decimal:
        """The year's target."""
        return sum(self.months.values(), Decimal(0))


def approve_model(
    engine: Engine,
    year: str,
    months: Sequence[tuple[str, Decimal]],
    *,
    currency: str,
    opened: float,
    used: float | None,
    approved_by: str,
    approved_at: datetime,
    reason: str = "",
    parameters: Mapping[str, Any] | None = None,
) -> int:
    """Write a year's sales model as approved; its number, the last one's where it is the same again.

    Raises `SalesopsError` where nobody approves, or it asks for more than the capacity there is.

    Examples
    --------
    >>> from datetime import datetime
    >>> from decimal import Decimal
    >>> from salesops_nb.store.database import open_store
    >>> from salesops_nb.store.sales_models import approve_model, approved_model
    >>> store = open_store("sqlite://")
    >>> approve_model(store, "2018", [("2018-01", Decimal("900.50"))], currency="USD", opened=12.0, used=0.8,
    ...               approved_by="Ada Example", approved_at=datetime(2017, 12, 20))
    1
    >>> approved_model(store, "2018").target
    Decimal('900.50')
    """
    person = person_named(approved_by)
    if person is None:
        raise SalesopsError(
            problem("no-approver.sales-model", column="by", value=str(approved_by), name=approved_by)
        )
    if used is not None and used > 1:
        raise SalesopsError(problem("sales-model-over-capacity.approval", value=year, share=f"{used:.0%}"))
    minor = {key: to_minor(value, currency) for key, value in months}
    row = {
        "year": year,
        "months": json.dumps(minor),
        "currency": currency,
        "target_minor": sum(minor.values()),
        "opened": float(opened),
        "used": used,
        "approved_by": person,
        "approved_at": approved_at.isoformat(timespec="seconds"),
        "reason": reason,
        "parameters": json.dumps(dict(parameters or {}), default=str, sort_keys=True, ensure_ascii=False),
    }
    metadata.create_all(engine, tables=[models])
    same = ("months", "approved_by", "parameters", "currency")
    return in_turn(
        engine,
        lambda connection: append_once(connection, models, "number", row, same, of="year")[0],
        problem("store-busy", year=year),
    )


def approved_model(engine: Engine, year: str) -> ApprovedModel | None:
    """The sales model in force for a fiscal year; none where nobody approved one."""
    metadata.create_all(engine, tables=[models])
    query = select(models).where(models.c.year == str(year)).order_by(models.c.number.desc()).limit(1)
    with engine.connect() as connection:
        row = connection.execute(query).one_or_none()
    if row is None:
        return None
    months = {key: from_minor(minor, row.currency) for key, minor in json.loads(row.months).items()}
    return ApprovedModel(
        row.year,
        row.number,
        months,
        row.opened,
        row.used,
        row.approved_by,
        row.approved_at,
        row.reason,
        json.loads(row.parameters),
    )
