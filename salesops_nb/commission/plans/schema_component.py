"""A component of a plan file, and what its fields demand of each other."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Literal

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


class Component(Part):
    """One reason to be paid."""

    id: str = Field(min_length=1, pattern=r"^[^/]+$")
    name: str | None = None
    kind: Literal["commission", "bonus", "override", "spiff", "mbo"] | None = None
    payee: Literal["owner", "manager"] = "owner"
    levels: int | Literal["all"] = 1
    measure: Literal["credit", "margin", "count", "quantity", "team_credit", "activities", "mbo"] = "credit"
    scope: Literal["each_transaction", "running_total", "ytd_less_paid"] | None = None
    where: str | None = None
    from_: date | None = Field(default=None, alias="from")
    to: date | None = None
    rate_pct: Percent | Literal["derived"] | None = None
    weight_pct: Percent = Decimal(100)
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
    target: Number | Literal["derived", "base_pay"] | None = None
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
        found.append((("objectives",), "'objectives' belong to the measure mbo"))
    elif prices == ["rate_pct", "table"]:
        rows = c.table.rows if c.table else ()
        if not any(r.x is not None for r in rows):
            found.append(
                (
                    ("rate_pct",),
                    "a rate_pct beside a table is for rows with 'x'; here the rows bring their own rates",
                )
            )
    elif len(prices) != 1:
        has = " and ".join(prices) or "none"
        found.append(
            (
                tuple(prices[-1:]),
                f"component {c.id!r} needs one of rate_pct, rates, per_unit or table, and has {has}",
            )
        )
    if c.table is not None:
        found += _table(c)
    if c.position is not None:
        found += _position(c, c.position)
    if (c.measure == "team_credit") != (c.payee == "manager"):
        found.append((("measure",), "the measure team_credit and the payee manager go together"))
    if (c.threshold is None) != (c.then is None):
        says = (
            "'threshold' must say what it pays 'then': first_dollar or excess; and 'then' needs a threshold"
        )
        found.append((("threshold" if c.then is None else "then",), says))
    if c.threshold is not None and c.gate is not None:
        found.append((("threshold",), "'threshold' and 'gate' say the same thing twice; keep one"))
    if c.measure == "activities" and (c.activity is None or c.per_unit is None):
        says = "a bonus for activities needs 'activity' (call, meeting, demo …) and 'per_unit'"
        found.append((("measure",), says))
    if c.activity is not None and c.measure != "activities":
        found.append((("activity",), "'activity' belongs to the measure activities"))
    if c.confirmed is not None and c.measure != "activities":
        found.append((("confirmed",), "'confirmed' belongs to the measure activities"))
    if c.from_ and c.to and c.to < c.from_:
        found.append((("to",), f"'to' ({c.to}) is before 'from' ({c.from_})"))
    pers = [limit.per for limit in c.limit_list]
    if len(pers) != len(set(pers)):
        found.append((("limits",), "'limits' names the same 'per' twice"))
    return found


def _position(c: Component, position: Position) -> list[Fault]:
    """A position is of a running total in a table, and by another measure only where a band prices it all."""
    found: list[Fault] = []
    at = ("position",)
    other = position.measure is not None and position.measure != c.measure
    if c.table is None or c.scope != "running_total" or c.payee != "owner":
        found.append((at, "a 'position' is that of a person's own running total in a table"))
    elif other and (c.table.mode != "whole" or c.table.unit in ("count", "margin_pct")):
        says = "a position by another measure chooses the rate of all: it needs the mode whole and bands"
        says += " of amount or pct_of_quota"
        found.append((at, says))
    elif c.table.unit in ("count", "margin_pct") or c.table.mode == "matrix":
        found.append((at, f"the unit {c.table.unit} has a position of its own"))
    if c.gate is not None or c.threshold is not None:
        found.append((at, "a gate looks at what the component pays on, and does not go with a 'position'"))
    if position.measure is None and position.of == "person":
        found.append((at, "a 'position' says another 'measure', or 'of: territory'"))
    return found


def _scorecard(c: Component, prices: list[str]) -> list[Fault]:
    found: list[Fault] = []
    if prices:
        says = f"a scorecard is paid by 'target' and 'objectives', not by {' and '.join(prices)}"
        found.append(((prices[0],), says))
    if not c.objectives:
        return [*found, (("measure",), "the measure mbo needs 'objectives'")]
    total = sum(o.weight_pct for o in c.objectives)
    if total != 100:
        found.append((("objectives",), f"the objectives' weights sum to {total} %, not to 100 %"))
    if c.target is None:
        found.append(
            (("measure",), "the measure mbo needs a 'target': an amount a period, derived or base_pay")
        )
    return found


def _table(c: Component) -> list[Fault]:
    found: list[Fault] = []
    assert c.table is not None
    rows = c.table.rows
    if c.scope is None:
        says = "a table must say its 'scope': each_transaction, running_total or ytd_less_paid"
        found.append((("scope",), says))
    base = next((i for i, r in enumerate(rows) if r.x is not None), None)
    if base is not None and c.rate_pct is None:
        says = "rows with 'x' multiply a base rate: give 'rate_pct' (a number, or derived)"
        found.append((("table", "rows", base, "x"), says))
    share = next((i for i, r in enumerate(rows) if r.payout_pct is not None), None)
    if share is not None and c.target is None:
        says = "rows with 'payout_pct' are shares of a 'target': an amount a period, derived or base_pay"
        found.append((("table", "rows", share, "payout_pct"), says))
    if c.table.unit == "count" and c.table.mode != "whole" and c.measure not in ("count", "quantity"):
        says = "count bands climb over the measure count or quantity, or choose a rate in the mode whole"
        found.append((("table", "unit"), says))
    return found
