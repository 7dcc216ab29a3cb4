"""Rates of a plan file: tables and their bands, gates, multipliers, limits, listed rates."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from typing import Literal

from pydantic import Field, model_validator

from salesops_nb.commission.plans.schema_base import Fault, Faults, Number, Part, Percent, fault
from salesops_nb.errors import Problem, problem
from salesops_nb.messages import both, either


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
        found = _table_faults(self)
        if found:
            raise Faults(found)
        return self


class Position(Part):
    """Where a person stands in a table, if not by what the component pays on, or not by their own alone."""

    measure: Literal["credit", "margin", "quantity", "count"] | None = None
    of: Literal["person", "territory"] = "person"


class Gate(Part):
    """Nothing is paid below it; above it from the first unit, or only on the excess."""

    attainment_pct: Percent | None = Field(default=None, ge=0)
    amount: Number | None = Field(default=None, ge=0)
    inclusive: bool = True
    then: Literal["first_dollar", "excess"]

    @model_validator(mode="after")
    def _one_measure(self) -> Gate:
        if (self.attainment_pct is None) == (self.amount is None):
            raise fault(problem("bad-plan.gate"))
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
            raise fault(problem("bad-plan.floor-above-cap", floor=str(self.floor), cap=str(self.cap)))
        if self.cap is not None and self.per == "period" and self.excess is None:
            raise fault(problem("bad-plan.cap-excess"))
        if self.excess == "carry" and self.per == "deal":
            raise fault(problem("bad-plan.cap-per-deal"))
        return self


class RateRow(Part):
    """A rate, or an amount a deal, for the credits that a condition picks; the first that holds wins."""

    where: str | None = None
    rate_pct: Percent | None = None
    amount: Number | None = None

    @model_validator(mode="after")
    def _one_price(self) -> RateRow:
        if (self.rate_pct is None) == (self.amount is None):
            raise fault(problem("bad-plan.rate-row"))
        return self


class Objective(Part):
    """One line of a scorecard."""

    id: str
    weight_pct: Percent = Field(ge=0)
    cap_pct: Percent | None = Field(default=None, ge=0)
    threshold_pct: Percent | None = Field(default=None, ge=0)


def _table_faults(table: Table) -> list[Fault]:
    """What is wrong with a table's rows, each in a sentence, with its place in the table."""
    found = _bounds(table)
    for number, row in enumerate(table.rows, start=1):
        found += _prices(table, row, number)
    if (table.mode == "matrix") != (table.columns is not None):
        found.append((("mode",), problem("bad-plan.matrix")))
    if table.columns is not None:
        starts = table.columns.from_
        if list(starts) != sorted(set(starts)):
            says = problem("bad-plan.columns-rise", starts=", ".join(map(str, starts)))
            found.append((("columns", "from"), says))
    if table.mode in ("marginal", "whole_overage", "proportional") and table.unit in ("margin_pct", "count"):
        found += _linear_unit(table)
    if table.mode == "whole_overage" and len(table.rows) < 2:
        found.append((("rows",), problem("bad-plan.overage")))
    return found


def _linear_unit(table: Table) -> list[Fault]:
    if table.unit == "margin_pct":
        says = problem("bad-plan.over-margin", mode=table.mode)
        return [(("unit",), says)]
    return []


def _bounds(table: Table) -> list[Fault]:
    rows, last = table.rows, table.rows[-1]
    found: list[Fault] = []
    end = ("rows", len(rows) - 1)
    if rows[0].from_ != 0 and table.mode != "matrix":
        says = problem("bad-plan.first-row", start=str(rows[0].from_))
        found.append((("rows", 0, "from"), says))
    for i, (row, following) in enumerate(pairwise(rows)):
        if following.from_ <= row.from_:
            says = problem("bad-plan.rows-rise", next=str(following.from_), start=str(row.from_))
            found.append((("rows", i + 1, "from"), says))
        elif row.to is not None and row.to != following.from_:
            found.append((("rows", i, "to"), _gap(row.to, following.from_)))
    if last.to is not None and table.mode != "proportional":
        says = problem("bad-plan.last-row", to=str(last.to))
        found.append(((*end, "to"), says))
    if table.mode == "proportional" and last.to is None:
        says = problem("bad-plan.proportional-end")
        found.append((end, says))
    if last.to is not None and last.to <= last.from_:
        found.append(((*end, "to"), problem("bad-plan.row-backward", start=str(last.from_), to=str(last.to))))
    return found


def _gap(to: Decimal, following: Decimal) -> Problem:
    if to > following:
        key = "bad-plan.rows-overlap"
    else:
        key = "bad-plan.small-gap" if following - to <= 1 else "bad-plan.gap"
    return problem(key, to=str(to), next=str(following))


def _prices(table: Table, row: Row, number: int) -> list[Fault]:
    given = [name for name in ("rate_pct", "x", "amount", "payout_pct") if getattr(row, name) is not None]
    allowed = {
        "marginal": ("rate_pct", "x", "payout_pct"),
        "whole": ("rate_pct", "x", "amount", "payout_pct"),
        "whole_overage": ("rate_pct", "x"),
        "proportional": ("amount", "payout_pct"),
        "matrix": ("rate_pct", "payout_pct"),
    }[table.mode]
    if table.mode == "marginal":
        allowed = ("rate_pct", "x")
    found: list[Fault] = []
    at = ("rows", number - 1)
    if len(given) != 1 or given[0] not in allowed:
        wanted, had = either(allowed), both(given)
        found.append((at, problem("bad-plan.row-price", n=number, wanted=wanted, mode=table.mode, had=had)))
    value = row.rate_pct if row.rate_pct is not None else row.payout_pct
    if isinstance(value, tuple) != (table.mode == "matrix" and value is not None):
        found.append((at, problem("bad-plan.row-list", n=number)))
    elif isinstance(value, tuple) and table.columns and len(value) != len(table.columns.from_):
        columns = len(table.columns.from_)
        says = problem("bad-plan.row-values", n=number, values=len(value), columns=columns)
        found.append((at, says))
    return found
