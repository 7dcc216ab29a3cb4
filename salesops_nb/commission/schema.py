"""The plan file's fields: what an analyst writes and a manager signs.

A field whose meaning differs from company to company has no default: the plan must say it, but
only when its feature is used (`tier mode`, `scope`, what a gate pays, how multipliers combine, on
what a split works, what attainment counts, the basis of a margin, a quota of zero). Numbers are
exact decimals; dates are inclusive, as people write them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from salesops_nb.commission.schema_base import EventKind, Faults, Number, Part, Percent, PeriodKind
from salesops_nb.commission.schema_payment import Acceptance, Clawback, Draw, Fx, Guarantee, Release
from salesops_nb.commission.schema_rates import (
    Columns,
    Gate,
    Limits,
    Multipliers,
    Objective,
    RateRow,
    Row,
    Table,
)


class Head(Part):
    """Which plan this is, from when to when (both inclusive), in which currency and period."""

    id: str = Field(min_length=1, pattern=r"^[^/]+$")
    version: int = Field(ge=1)
    from_: date = Field(alias="from")
    to: date
    currency: str = Field(pattern="^[A-Z]{3}$")
    period: PeriodKind
    name: str | None = None

    @model_validator(mode="after")
    def _dates_in_order(self) -> Head:
        if self.to < self.from_:
            raise ValueError(f"'to' ({self.to}) is before 'from' ({self.from_})")
        return self


class Rounding(Part):
    """When and how an amount is rounded."""

    mode: Literal["half_up", "half_even", "half_down", "up", "down"] = "half_up"
    places: Literal["currency"] | Annotated[int, Field(ge=0, le=4)] = "currency"
    at: Literal["payable_line", "each_step"] = "payable_line"
    residual: Literal["last_part"] = "last_part"
    rate_places: int | None = Field(default=None, ge=0, le=12)


class Splits(Part):
    """Whether a split divides the credit before the table, or the pay after it."""

    apply_to: Literal["credit", "pay"]


class Credit(Part):
    """What counts: the event that gives credit, its base and which of it."""

    event: EventKind = "booked"
    base: Literal["amount", "margin"] = "amount"
    margin_of: Literal["price", "cost"] | None = None
    where: str | None = None
    splits: Splits | None = None
    cap_per_deal: Number | None = Field(default=None, ge=0)


class Quota(Part):
    """What attainment is measured against, for one period of the plan."""

    amount: Number | None = Field(default=None, ge=0)
    metric: str = "quota"
    attained_by: EventKind
    ramp_pct: tuple[Percent, ...] | None = None
    ramp_per: Literal["month", "period"] = "period"
    prorate: Literal["days", "none"] = "none"
    if_zero: Literal["attainment_0", "attainment_100", "refuse"] | None = None

    @model_validator(mode="after")
    def _zero_is_decided(self) -> Quota:
        can_be_zero = not self.amount or 0 in (self.ramp_pct or ())
        if can_be_zero and self.if_zero is None:
            raise ValueError(
                "a quota can be zero here, so the plan must say 'if_zero': attainment_0, attainment_100 "
                "or refuse"
            )
        return self


class Incentive(Part):
    """Target incentive of everyone on the plan; `plan_assignments` may say it for each person."""

    target: Number | None = Field(default=None, ge=0)
    per: Literal["year", "period"] = "year"


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
    table: Table | None = None
    gate: Gate | None = None
    threshold: Number | None = Field(default=None, ge=0)
    then: Literal["first_dollar", "excess"] | None = None
    multipliers: Multipliers | None = None
    limits: tuple[Limits, ...] | None = None
    target: Number | Literal["derived"] | None = None
    objectives: tuple[Objective, ...] | None = None
    earning_code: str | None = None
    incremental_cost: bool | None = None

    @field_validator("limits", mode="before")
    @classmethod
    def _always_several(cls, value: Any) -> Any:
        return (value,) if isinstance(value, Mapping | Limits) else value

    @model_validator(mode="after")
    def _makes_sense(self) -> Component:
        from salesops_nb.commission.rules import component_faults

        found = component_faults(self)
        if found:
            raise Faults(found)
        return self

    @property
    def limit_list(self) -> tuple[Limits, ...]:
        """The limits, however many."""
        return self.limits or ()


class PlanFile(Part):
    """The whole file."""

    plan: Head
    rounding: Rounding = Rounding()
    credit: Credit = Credit()
    quota: Quota | None = None
    incentive: Incentive | None = None
    components: tuple[Component, ...] = Field(min_length=1)
    draw: Draw | None = None
    guarantee: Guarantee | None = None
    release: tuple[Release, ...] | None = None
    clawback: Clawback | None = None
    fx: Fx | None = None
    acceptance: Acceptance | None = None

    @model_validator(mode="after")
    def _parts_agree(self) -> PlanFile:
        from salesops_nb.commission.rules import plan_faults

        found = plan_faults(self)
        if found:
            raise Faults(found)
        return self


__all__ = ["Columns", "Component", "Limits", "PlanFile", "Row", "Table"]
