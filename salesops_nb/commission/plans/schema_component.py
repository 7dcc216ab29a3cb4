"""A component of a plan file, and what its fields demand of each other."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from salesops_nb.commission.plans.schema_base import Fault, Faults, Number, Part, Percent
from salesops_nb.commission.plans.schema_rates import (
    Gate,
    Limits,
    Multipliers,
    Objective,
    Position,
    RateRow,
    Table,
)
from salesops_nb.errors import problem
from salesops_nb.messages import both


class Component(Part):
    """One reason to be paid."""

    id: str = Field(min_length=1, pattern=r"^[^/]+$")
    name: str | None = None
    kind: Literal["commission", "bonus", "override", "spiff", "mbo"] | None = None
    payee: Literal["owner", "manager"] = "owner"
    levels: Annotated[int, Field(ge=1)] | Literal["all"] = 1
    measure: Literal["credit", "margin", "count", "quantity", "team_credit", "activities", "mbo"] = "credit"
    scope: Literal["each_transaction", "running_total", "ytd_less_paid"] | None = None
    where: str | None = None
    from_: date | None = Field(default=None, alias="from")
    to: date | None = None
    rate_pct: Percent | Literal["derived"] | None = None
    weight_pct: Percent = Field(default=Decimal(100), ge=0)
    rates: tuple[RateRow, ...] | None = None
    per_unit: Number | None = None
    activity: str | None = None
    confirmed: Literal["required", "not_needed"] | None = None
    table: Table | None = None
    position: Position | None = None
    gate: Gate | None = None
    threshold: Number | None = Field(default=None, ge=0)
    then: Literal["first_dollar", "excess"] | None = None
    multipliers: Multipliers | None = None
    limits: tuple[Limits, ...] | None = None
    target: Annotated[Number, Field(ge=0)] | Literal["derived", "base_pay"] | None = None
    objectives: tuple[Objective, ...] | None = None
    earning_code: str | None = None
    incremental_cost: bool | None = None

    @field_validator("limits", mode="before")
    @classmethod
    def _always_several(cls, value: Any) -> Any:
        return (value,) if isinstance(value, Mapping | Limits) else value

    @model_validator(mode="after")
    def _makes_sense(self) -> Component:
        found = _faults(self)
        if found:
            raise Faults(found)
        return self

    @property
    def limit_list(self) -> tuple[Limits, ...]:
        """The limits, however many."""
        return self.limits or ()


def _faults(c: Component) -> list[Fault]:
    """Contradictions inside a component and the fields its features demand."""
    prices = [n for n in ("rate_pct", "rates", "per_unit", "table") if getattr(c, n) is not None]
    found: list[Fault] = []
    if c.measure == "mbo":
        found += _scorecard(c, prices)
    elif c.objectives is not None:
        found.append((("objectives",), problem("bad-plan.objectives")))
    elif prices == ["rate_pct", "table"]:
        rows = c.table.rows if c.table else ()
        if not any(r.x is not None for r in rows):
            found.append((("rate_pct",), problem("bad-plan.rate-beside-table")))
    elif len(prices) != 1:
        found.append((tuple(prices[-1:]), problem("bad-plan.one-price", component=c.id, has=both(prices))))
    if c.table is not None:
        found += _table(c)
    if c.position is not None:
        found += _position(c, c.position)
    if (c.measure == "team_credit") != (c.payee == "manager"):
        found.append((("measure",), problem("bad-plan.team-credit")))
    if (c.threshold is None) != (c.then is None):
        found.append((("threshold" if c.then is None else "then",), problem("bad-plan.threshold-then")))
    if c.threshold is not None and c.gate is not None:
        found.append((("threshold",), problem("bad-plan.threshold-and-gate")))
    if c.measure == "activities" and (c.activity is None or c.per_unit is None):
        found.append((("measure",), problem("bad-plan.activities")))
    if c.activity is not None and c.measure != "activities":
        found.append((("activity",), problem("bad-plan.activity")))
    if c.confirmed is not None and c.measure != "activities":
        found.append((("confirmed",), problem("bad-plan.confirmed")))
    if c.from_ and c.to and c.to < c.from_:
        found.append((("to",), problem("bad-plan.backward", to=c.to.isoformat(), start=c.from_.isoformat())))
    pers = [limit.per for limit in c.limit_list]
    if len(pers) != len(set(pers)):
        found.append((("limits",), problem("bad-plan.limits-twice")))
    return found


def _position(c: Component, position: Position) -> list[Fault]:
    """A position is of a running total in a table, and by another measure only where a band prices it all."""
    found: list[Fault] = []
    at = ("position",)
    other = position.measure is not None and position.measure != c.measure
    if c.table is None or c.scope != "running_total" or c.payee != "owner":
        found.append((at, problem("bad-plan.position")))
    elif other and (c.table.mode != "whole" or c.table.unit in ("count", "margin_pct")):
        found.append((at, problem("bad-plan.position-other")))
    elif c.table.unit in ("count", "margin_pct") or c.table.mode == "matrix":
        found.append((at, problem("bad-plan.position-unit", unit=c.table.unit)))
    if c.gate is not None or c.threshold is not None:
        found.append((at, problem("bad-plan.position-gate")))
    if position.measure is None and position.of == "person":
        found.append((at, problem("bad-plan.position-empty")))
    return found


def _scorecard(c: Component, prices: list[str]) -> list[Fault]:
    found: list[Fault] = []
    if prices:
        found.append(((prices[0],), problem("bad-plan.scorecard-price", prices=both(prices))))
    if not c.objectives:
        return [*found, (("measure",), problem("bad-plan.mbo-objectives"))]
    total = sum(o.weight_pct for o in c.objectives)
    if total != 100:
        found.append((("objectives",), problem("bad-plan.weights", total=total)))
    if c.target is None:
        found.append((("measure",), problem("bad-plan.mbo-target")))
    return found


def _table(c: Component) -> list[Fault]:
    found: list[Fault] = []
    assert c.table is not None
    rows = c.table.rows
    if c.scope is None:
        found.append((("scope",), problem("bad-plan.scope")))
    base = next((i for i, r in enumerate(rows) if r.x is not None), None)
    if base is not None and c.rate_pct is None:
        found.append((("table", "rows", base, "x"), problem("bad-plan.base-rate")))
    share = next((i for i, r in enumerate(rows) if r.payout_pct is not None), None)
    if share is not None and c.target is None:
        found.append((("table", "rows", share, "payout_pct"), problem("bad-plan.payout-target")))
    if c.table.unit == "count" and c.table.mode != "whole" and c.measure not in ("count", "quantity"):
        found.append((("table", "unit"), problem("bad-plan.count-bands")))
    return found
