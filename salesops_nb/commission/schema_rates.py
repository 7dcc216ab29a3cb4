"""Rates of a plan file: tables and their bands, gates, multipliers, limits, listed rates."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from salesops_nb.commission.schema_base import Faults, Number, Part, Percent


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
            raise Faults(found)
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
