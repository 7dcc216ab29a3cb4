"""The plan file's fields: what an analyst writes and a manager signs.

A field whose meaning differs from company to company has no default: the plan must say it, but
only when its feature is used (`tier mode`, `scope`, what a gate pays, how multipliers combine, on
what a split works, what attainment counts, the basis of a margin, a quota of zero). Numbers are
exact decimals; dates are inclusive, as people write them.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, model_validator

from salesops_nb.commission.plans.schema_base import (
    EventKind,
    Fault,
    Faults,
    Number,
    Part,
    Percent,
    PeriodKind,
    Within,
    fault,
)
from salesops_nb.commission.plans.schema_component import Component
from salesops_nb.commission.plans.schema_payment import Acceptance, Clawback, Draw, Fx, Guarantee, Release
from salesops_nb.errors import problem


class Head(Part):
    """Which plan this is, from when to when (both inclusive), in which currency and period."""

    id: str = Field(min_length=1, pattern=r"^[^/]+$")
    version: int = Field(ge=1)
    from_: date = Field(alias="from")
    to: date
    currency: str = Field(pattern="^[A-Z]{3}$")
    period: PeriodKind
    name: str | None = None
    running_totals: Literal["go_on_over_versions", "restart_with_version"] = "go_on_over_versions"

    @model_validator(mode="after")
    def _dates_in_order(self) -> Head:
        if self.to < self.from_:
            raise fault(problem("bad-plan.backward", to=self.to.isoformat(), start=self.from_.isoformat()))
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
    ramp_pct: tuple[Annotated[Percent, Field(ge=0)], ...] | None = None
    ramp_per: Literal["month", "period"] = "period"
    ramp_from: Literal["role", "hire", "assignment"] = "role"
    ramp_for: Literal["everyone", "new_hires"] | Within = "everyone"
    prorate: Literal["days", "months", "none"] = "none"
    relief_pct: Percent | None = Field(default=None, gt=0, le=100)
    if_zero: Literal["attainment_0", "attainment_100", "refuse"] | None = None

    @model_validator(mode="after")
    def _zero_is_decided(self) -> Quota:
        # by whole months a person may have none of a period
        can_be_zero = not self.amount or 0 in (self.ramp_pct or ()) or self.prorate == "months"
        can_be_zero = can_be_zero or self.relief_pct is not None
        if can_be_zero and self.if_zero is None:
            raise fault(problem("bad-plan.if-zero"))
        return self


class Incentive(Part):
    """Target incentive of everyone on the plan; `plan_assignments` may say it for each person."""

    target: Number | None = Field(default=None, ge=0)
    per: Literal["year", "period"] = "year"


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
    negative_pay: Literal["carry", "pay", "floor"] | None = None

    @model_validator(mode="after")
    def _parts_agree(self) -> PlanFile:
        found = _faults(self)
        if found:
            raise Faults(found)
        return self


def _faults(p: PlanFile) -> list[Fault]:
    """What components demand of the plan around them."""
    found: list[Fault] = []
    ids = [c.id for c in p.components]
    for i, name in enumerate(ids):
        if name in ids[:i]:
            found.append((("components", i, "id"), problem("bad-plan.same-id", component=name)))
    for i, c in enumerate(p.components):
        at = ("components", i)
        for feature, used in _uses(c).items():
            if not used:
                continue
            if feature == "attained" and p.quota is not None and p.quota.attained_by != p.credit.event:
                says = problem("bad-plan.position-attained", component=c.id, event=p.credit.event)
                found.append(((*at, "position"), says))
            if feature == "quota" and p.quota is None:
                found.append((at, problem("bad-plan.needs-quota", component=c.id)))
            if feature == "margin_of" and p.credit.margin_of is None:
                found.append((at, problem("bad-plan.needs-margin-of", component=c.id)))
            if feature == "quantity" and p.credit.cap_per_deal is not None:
                says = problem("bad-plan.cap-of-units", component=c.id)
                found.append((("credit", "cap_per_deal"), says))
    if p.credit.base == "margin" and p.credit.margin_of is None:
        found.append((("credit", "base"), problem("bad-plan.base-margin")))
    if p.release is not None:
        total = sum(r.pct for r in p.release)
        if total != 100:
            found.append((("release",), problem("bad-plan.release-sum", total=total)))
    if p.guarantee is not None and p.draw is not None:
        found.append((("guarantee",), problem("bad-plan.draw-and-guarantee")))
    return found


def _uses(c: Component) -> dict[str, bool]:
    units = {c.table.unit} if c.table else set()
    if c.table and c.table.columns:
        units.add(c.table.columns.unit)
    conditions = " ".join(r.where or "" for r in (c.multipliers.rows if c.multipliers else ()))
    return {
        "attained": "pct_of_quota" in units and c.position is not None,
        "quota": "pct_of_quota" in units
        or (c.gate is not None and c.gate.attainment_pct is not None)
        or c.rate_pct == "derived"
        or "attainment_pct" in conditions,
        "margin_of": "margin_pct" in units
        or "margin" in (c.measure, c.position.measure if c.position else None),
        "quantity": "quantity" in (c.measure, c.position.measure if c.position else None),
    }
