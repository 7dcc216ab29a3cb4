"""What the component's rate or table pays for the credit up to a position: F before and F after."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import narwhals as nw

from salesops_nb.commission.crediting.deal_columns import condition
from salesops_nb.commission.earning import rate_expressions
from salesops_nb.commission.earning.person_terms import Terms
from salesops_nb.commission.earning.running_totals import walks_back
from salesops_nb.commission.inputs.tables import AMOUNT, number, times
from salesops_nb.commission.plans.component_terms import gate_of, gate_on_attainment, position_measure


def with_functions(terms: Terms, frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Adds ``f_before`` and ``f_after``: what the rate or table pays up to each side of a credit."""
    if terms.c.rates is not None:
        priced = _of_lines if "rated_0" in frame.collect_schema().names() else _listed
        if not walks_back(terms):
            return frame.with_columns(f_after=priced(terms, frame, ""), f_before=number(0))
        return frame.with_columns(**{f"f{s}": priced(terms, frame, s) for s in ("_after", "_before")})
    made = {"f_after": _paid(terms, "after")}
    if terms.alone and not walks_back(terms):
        made["f_before"] = number(0)
    else:
        made["f_before"] = _paid(terms, "before")
    return frame.with_columns(**{n: e.cast(AMOUNT) for n, e in made.items()})


def _of_lines(terms: Terms, frame: nw.LazyFrame[Any], side: str) -> nw.Expr:
    """Each of the listed rates on the lines that it is the first to fit."""
    made = number(0)
    for i, row in enumerate(terms.c.rates or ()):
        made = (made + times(nw.col(f"rated_{i}{side}"), (row.rate_pct or Decimal(0)) / 100)).cast(AMOUNT)
    return made


def _listed(terms: Terms, frame: nw.LazyFrame[Any], side: str) -> nw.Expr:
    """The first of the listed rates whose condition holds, on the credit and the deals of a side."""
    made = number(0)
    assert terms.c.rates is not None
    for row in reversed(terms.c.rates):
        price = (
            times(nw.col(f"x{side}"), row.rate_pct / 100)
            if row.rate_pct is not None
            else times(nw.col(f"deals{side}"), row.amount or Decimal(0))
        )
        made = (
            price
            if row.where is None
            else nw.when(where_holds(terms, row.where, frame)).then(price).otherwise(made)
        )
    return made.cast(AMOUNT)


def where_holds(terms: Terms, text: str | None, frame: nw.LazyFrame[Any]) -> nw.Expr:
    """Whether a condition of the plan holds for each credit; always, where none is written."""
    return nw.lit(True) if text is None else condition(terms.plan, text, frame, terms.job.tables)


def _paid(terms: Terms, side: str) -> nw.Expr:
    """F at a position, with an excess gate taken off."""
    c, x = terms.c, nw.col(f"x_{side}")
    then, inclusive = gate_of(c)
    if then is None or (then == "first_dollar" and not (terms.alone and not gate_on_attainment(c))):
        return _wide(terms, _curve(terms, x, side))
    gate = terms.value("gate")
    if then == "first_dollar":
        passed = (x >= gate) if inclusive else (x > gate)
        return nw.when(passed).then(_wide(terms, _curve(terms, x, side))).otherwise(number(0))
    above = nw.when(x > gate).then(x).otherwise(gate).cast(AMOUNT)
    if c.table is not None and c.table.mode in ("whole", "matrix"):
        over = nw.when(x > gate).then((x - gate).cast(AMOUNT)).otherwise(number(0)).cast(AMOUNT)
        return _wide(terms, _curve(terms, over, side, looked=x))
    return _wide(terms, (_curve(terms, above, side) - _curve(terms, gate, side)).cast(AMOUNT))


def _wide(terms: Terms, paid: nw.Expr) -> nw.Expr:
    """Times the derived rate, where the component has one."""
    if terms.c.rate_pct != "derived":
        return paid
    high, low = terms.value("rate_high"), terms.value("rate_low")
    return (times(paid, high) + times(times(paid, low), Decimal("1e-8"))).cast(AMOUNT)


def _curve(terms: Terms, x: nw.Expr, side: str, looked: nw.Expr | None = None) -> nw.Expr:
    c = terms.c
    if c.table is None:
        return rate_expressions.engine(
            c, terms.value, rate_expressions.Position(x, lambda i, low: nw.lit(True))
        )
    looked = x if looked is None else looked
    unit = c.table.unit
    columns = None
    if c.table.columns is not None:
        columns = _reached(terms, c.table.columns.unit, side, nw.col(f"k_col_{side}"), "c")
    at = rate_expressions.Position(x, _reached(terms, unit, side, looked, "b"), columns)

    def slope(i: int, inside: nw.Expr) -> nw.Expr:
        high, low = terms.value(f"sh{i}"), terms.value(f"sl{i}")
        return (times(inside, high) + times(times(inside, low), Decimal("1e-8"))).cast(AMOUNT)

    return rate_expressions.engine(c, terms.value, at, slope)


def _reached(terms: Terms, unit: str, side: str, x: nw.Expr, prefix: str) -> Callable[[int, bool], nw.Expr]:
    """Whether bound i is reached: margins by cross-multiplying, so that nothing is divided."""
    if unit == "margin_pct":
        left = times(nw.col(f"k_margin_{side}"), Decimal(100))

        def over_margin(i: int, low: bool) -> nw.Expr:
            right = times(nw.col(f"k_gross_{side}"), terms.value(f"{prefix}{i}"))
            enough = (left >= right) if low else (left > right)
            return enough & (nw.col(f"k_gross_{side}") > number(0))

        return over_margin
    if prefix == "b" and position_measure(terms.c) is not None:
        x = nw.col(f"k_pos_{side}")
    if unit == "count" and terms.c.measure not in ("count", "quantity"):
        x = nw.col(f"k_deals_{side}")
    return lambda i, low: (x >= terms.value(f"{prefix}{i}")) if low else (x > terms.value(f"{prefix}{i}"))
