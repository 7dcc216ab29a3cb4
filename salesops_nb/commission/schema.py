"""The plan file's fields: what an analyst writes and a manager signs.

A field whose meaning differs from company to company has no default: the plan must say it, but
only when its feature is used (`tier mode`, `scope`, what a gate pays, how multipliers combine, on
what a split works, what attainment counts, the basis of a margin, a quota of zero). Numbers are
exact decimals; dates are inclusive, as people write them.
"""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator


def _exact(value: object) -> object:
    """A YAML number as the decimal that was written, never its binary neighbour."""
    if isinstance(value, bool):
        raise ValueError("a number is wanted")
    return Decimal(str(value)) if isinstance(value, int | float) else value


Number = Annotated[Decimal, BeforeValidator(_exact)]
Percent = Number
EventKind = Literal["booked", "invoiced", "collected"]
PeriodKind = Literal["month", "quarter", "year"]


class Part(BaseModel):
    """A mapping of the plan file: unknown keys are refused, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, allow_inf_nan=False)


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
                "a quota can be zero here, so the plan must say 'if_zero': attainment_0, attainment_100 or refuse"
            )
        return self


class Incentive(Part):
    """Target incentive of everyone on the plan; `plan_assignments` may say it for each person."""

    target: Number | None = Field(default=None, ge=0)
    per: Literal["year", "period"] = "year"


class Row(Part):
    """One band of a table, from its lower bound to the next row's."""

    from_: Number = Field(alias="from")
    to: Number | None = None
    inclusive: bool | None = None
    rate_pct: Percent | tuple[Percent, ...] | None = None
    x: Number | None = None
    amount: Number | None = None
    payout_pct: Percent | tuple[Percent, ...] | None = None


class Columns(Part):
    """The second axis of a matrix."""

    unit: Literal["amount", "pct_of_quota", "count", "margin_pct"]
    from_: tuple[Number, ...] = Field(alias="from", min_length=1)


class Table(Part):
    """A rate table: bands of the measure, of attainment, of a count or of a margin."""

    mode: Literal["marginal", "whole", "whole_overage", "proportional", "matrix"]
    unit: Literal["amount", "pct_of_quota", "count", "margin_pct"]
    boundary: Literal["lower_inclusive", "upper_inclusive"] = "lower_inclusive"
    columns: Columns | None = None
    rows: tuple[Row, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _bands(self) -> Table:
        from salesops_nb.commission.bands import faults

        found = faults(self)
        if found:
            raise ValueError("; ".join(found))
        return self


class Gate(Part):
    """Nothing is paid below it; above it from the first unit, or only on the excess."""

    attainment_pct: Percent | None = Field(default=None, ge=0)
    amount: Number | None = Field(default=None, ge=0)
    inclusive: bool = True
    then: Literal["first_dollar", "excess"]

    @model_validator(mode="after")
    def _one_measure(self) -> Gate:
        if (self.attainment_pct is None) == (self.amount is None):
            raise ValueError("a gate has either 'attainment_pct' or 'amount'")
        return self


class Multiplier(Part):
    """A factor for the credits that a condition picks."""

    where: str | None = None
    x: Number


class Multipliers(Part):
    """Factors on pay and how several that hold at once combine."""

    combine: Literal["multiply", "add", "highest"]
    rows: tuple[Multiplier, ...] = Field(min_length=1)


class Limits(Part):
    """The least and the most that a component pays in a period, or for one deal."""

    floor: Number | None = None
    cap: Number | None = Field(default=None, ge=0)
    per: Literal["period", "deal"]
    excess: Literal["forfeit", "carry"] | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Limits:
        if self.floor is not None and self.cap is not None and self.floor > self.cap:
            raise ValueError(f"the floor ({self.floor}) is above the cap ({self.cap})")
        if self.cap is not None and self.per == "period" and self.excess is None:
            raise ValueError("a cap must say what becomes of the 'excess': forfeit or carry")
        if self.excess == "carry" and self.per == "deal":
            raise ValueError("a cap per deal forfeits its excess; only a cap per period can carry it")
        return self


class RateRow(Part):
    """A rate, or an amount a deal, for the credits that a condition picks; the first that holds wins."""

    where: str | None = None
    rate_pct: Percent | None = None
    amount: Number | None = None

    @model_validator(mode="after")
    def _one_price(self) -> RateRow:
        if (self.rate_pct is None) == (self.amount is None):
            raise ValueError("a row of 'rates' has either 'rate_pct' or 'amount'")
        return self


class Objective(Part):
    """One line of a scorecard."""

    id: str
    weight_pct: Percent = Field(ge=0)
    cap_pct: Percent | None = Field(default=None, ge=0)
    threshold_pct: Percent | None = Field(default=None, ge=0)


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
    limits: Limits | tuple[Limits, ...] | None = None
    target: Number | Literal["derived"] | None = None
    objectives: tuple[Objective, ...] | None = None
    earning_code: str | None = None
    incremental_cost: bool | None = None

    @field_validator("limits", mode="after")
    @classmethod
    def _always_several(cls, value: Any) -> Any:
        return (value,) if isinstance(value, Limits) else value

    @model_validator(mode="after")
    def _makes_sense(self) -> Component:
        from salesops_nb.commission.rules import component_faults

        found = component_faults(self)
        if found:
            raise ValueError("; ".join(found))
        return self

    @property
    def limit_list(self) -> tuple[Limits, ...]:
        """The limits, however many."""
        return self.limits if isinstance(self.limits, tuple) else ()


class Draw(Part):
    """An advance paid each span; a recoverable one is repaid from later earnings."""

    per: Literal["week", "month", "period"]
    amount: Number = Field(ge=0)
    recoverable: bool
    keep_at_least: Literal["draw", "none"] | Number | None = None
    recover_pct: Percent = Field(default=Decimal(100), ge=0, le=100)
    recover_from: int = Field(default=1, ge=1)
    ends: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _repayment_is_decided(self) -> Draw:
        if self.recoverable and self.keep_at_least is None:
            raise ValueError("a recoverable draw must say 'keep_at_least': draw, none or an amount")
        return self


class Guarantee(Part):
    """Pay is topped up to at least so much each span."""

    per: Literal["month", "period"]
    amount: Number | None = Field(default=None, ge=0)
    pct_of_target: Percent | None = Field(default=None, ge=0)
    ends: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _one_amount(self) -> Guarantee:
        if (self.amount is None) == (self.pct_of_target is None):
            raise ValueError("a guarantee has either 'amount' or 'pct_of_target'")
        return self


class Release(Part):
    """A part of what was earned and the event that makes it payable."""

    event: Literal["booked", "invoiced", "collected", "period_end", "quarter_end", "year_end"]
    pct: Percent = Field(ge=0, le=100)
    as_: Literal["whole", "share_collected", "share_invoiced"] = Field(default="whole", alias="as")
    after_months: int = Field(default=0, ge=0)


class Clawback(Part):
    """What comes back when a deal is cancelled."""

    when: str
    method: Literal["full", "unserved_share", "declining", "share"]
    pct: Percent | None = Field(default=None, ge=0, le=100)
    of: Literal["paid_only"] = "paid_only"
    unpaid: Literal["cancel", "keep"]
    post_in: Literal["event_period"] = "event_period"

    @model_validator(mode="after")
    def _window(self) -> Clawback:
        if self.when != "cancelled" and not re.fullmatch(r"cancelled_within_\d+_months", self.when):
            raise ValueError(
                "'when' is cancelled or cancelled_within_N_months, such as cancelled_within_12_months"
            )
        if self.method == "declining" and self.months is None:
            raise ValueError("a declining clawback needs its span in 'when': cancelled_within_N_months")
        if (self.method == "share") != (self.pct is not None):
            raise ValueError("'pct' belongs to the method share, and only to it")
        return self

    @property
    def months(self) -> int | None:
        """Length of the window in months, ``None`` for no end."""
        found = re.search(r"\d+", self.when)
        return int(found.group()) if found else None


class Acceptance(Part):
    """What becomes of the pay of a person who has not accepted the plan."""

    missing: Literal["pay", "withhold"]


class Conversion(Part):
    """Which rates, and those of which day."""

    rates: Literal["plan", "market"]
    at: Literal["credit_date", "pay_date"]


class Fx(Part):
    """Conversion of foreign credit into the plan's currency, and of pay into the payee's."""

    credit: Conversion | None = None
    pay: Conversion | None = None


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
            raise ValueError("; ".join(found))
        return self
