"""A component's rate as narwhals expressions over columns, or constants where everybody has the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

import narwhals as nw

from salesops_nb.commission.earning.rate_table import at_least, row_rate
from salesops_nb.commission.inputs.rounding import decimal_of
from salesops_nb.commission.inputs.tables import AMOUNT, number, times
from salesops_nb.commission.plans.schema_component import Component
from salesops_nb.commission.plans.schema_rates import Row

Value = Callable[[str], nw.Expr]
Reached = Callable[[nw.Expr, bool], nw.Expr]


@dataclass(frozen=True)
class Position:
    """Where a person stands: the measure, and whether a bound of the table's rows or columns is reached."""

    x: nw.Expr
    rows: Callable[[int, bool], nw.Expr]
    columns: Callable[[int, bool], nw.Expr] | None = None


def engine(
    c: Component, value: Value, at: Position, slopes: Callable[[int, nw.Expr], nw.Expr] | None = None
) -> nw.Expr:
    """F(x) as an expression; `value` gives the person's numbers (``b1`` bounds, ``target``)."""
    if c.table is None:
        if c.rate_pct == "derived":
            return at.x
        exact = c.per_unit if c.per_unit is not None else c.rate_pct / 100  # type: ignore[operator]
        return times(at.x, exact)  # type: ignore[arg-type]
    rows, mode = c.table.rows, c.table.mode
    base = None if c.rate_pct in (None, "derived") else Fraction(c.rate_pct) / 100
    rates = [
        decimal_of(row_rate(row, base), 16)
        if row.rate_pct is None or isinstance(row.rate_pct, Decimal)
        else Decimal(0)
        for row in rows
    ]
    if mode == "marginal":
        return _marginal(rates, value, at.x)
    if mode == "proportional":
        assert slopes is not None
        return _climb(c, value, at.x, slopes)
    if mode == "matrix":
        return _table(c, value, at)
    return _banded(c, rates, value, at)


def _marginal(rates: list[Decimal], value: Value, x: nw.Expr) -> nw.Expr:
    """r0·x + Σ (r_i − r_{i−1})·max(0, x − bound_i): the same as slicing x, with one product a band."""
    zero = number(0)
    total = times(x, rates[0])
    for i in range(1, len(rates)):
        over = (x - value(f"b{i}")).cast(AMOUNT)
        above = nw.when(over > zero).then(over).otherwise(zero)
        step = rates[i] - rates[i - 1]
        if step:
            total = (total + times(above, step)).cast(AMOUNT)
    return total


def _banded(c: Component, rates: list[Decimal], value: Value, at: Position) -> nw.Expr:
    assert c.table is not None
    rows = c.table.rows
    outside = number(0) if c.table.unit in ("margin_pct", "count") else None
    made: nw.Expr | None = outside
    overage = None
    if c.table.mode == "whole_overage":
        start = value("b1")
        over = (at.x - start).cast(AMOUNT)
        overage = nw.when(over > number(0)).then(over).otherwise(number(0)).cast(AMOUNT)
        below = times(nw.when(over > number(0)).then(start).otherwise(at.x).cast(AMOUNT), rates[0])
    for i, row in enumerate(rows):
        if row.amount is not None:
            one = _lump(at.x, number(row.amount))
        elif row.payout_pct is not None:
            one = _lump(at.x, times(value("target"), _share(row)))
        elif overage is not None:
            one = times(overage, rates[i])
        else:
            one = times(at.x, rates[i])
        made = (
            one
            if made is None
            else nw.when(at.rows(i, at_least(row, c.table.boundary))).then(one).otherwise(made)
        )
    assert made is not None
    return (below + made).cast(AMOUNT) if overage is not None else made.cast(AMOUNT)


def _lump(x: nw.Expr, amount: nw.Expr) -> nw.Expr:
    """An amount that does not grow with the credit: nothing without any."""
    return nw.when(x > number(0)).then(amount).otherwise(number(0)).cast(AMOUNT)


def _share(row: Row) -> Decimal:
    assert isinstance(row.payout_pct, Decimal)
    return row.payout_pct / 100


def _climb(c: Component, value: Value, x: nw.Expr, slopes: Callable[[int, nw.Expr], nw.Expr]) -> nw.Expr:
    """Amounts of the bands passed, whole, and of the band reached in proportion."""
    assert c.table is not None
    zero, full = number(0), number(0)
    made = zero
    for i, row in enumerate(c.table.rows):
        inside = (full + slopes(i, (x - value(f"b{i}")).cast(AMOUNT))).cast(AMOUNT)
        made = inside if i == 0 else nw.when(x > value(f"b{i}")).then(inside).otherwise(made)
        amount = number(row.amount) if row.amount is not None else times(value("target"), _share(row))
        full = (full + amount).cast(AMOUNT)
    made = nw.when(x >= value(f"b{len(c.table.rows)}")).then(full).otherwise(made)
    return nw.when(x > zero).then(made).otherwise(zero).cast(AMOUNT)


def _table(c: Component, value: Value, at: Position) -> nw.Expr:
    assert c.table is not None
    assert c.table.columns is not None
    assert at.columns is not None
    lower = c.table.boundary == "lower_inclusive"
    made = number(0)
    for i, row in enumerate(c.table.rows):
        line = number(0)
        cells = row.rate_pct if row.rate_pct is not None else row.payout_pct
        assert isinstance(cells, tuple)
        for j, cell in enumerate(cells):
            if row.rate_pct is not None:
                made_of = times(at.x, cell / 100)
            else:
                made_of = _lump(at.x, times(value("target"), cell / 100))
            line = nw.when(at.columns(j, lower)).then(made_of).otherwise(line)
        made = nw.when(at.rows(i, at_least(row, c.table.boundary))).then(line).otherwise(made)
    return made.cast(AMOUNT)
