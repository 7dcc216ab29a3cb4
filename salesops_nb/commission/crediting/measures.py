"""Amount, margin, units and deals of each event, before any split."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import narwhals as nw

from salesops_nb.commission.inputs.events import Facts
from salesops_nb.commission.inputs.rounding import decimal_of
from salesops_nb.commission.inputs.tables import AMOUNT, Tables, as_decimal, collected, number
from salesops_nb.commission.plans.component_terms import position_measure
from salesops_nb.commission.plans.plan import Plan


def measured(frame: nw.LazyFrame[Any], plan: Plan, facts: Facts) -> nw.LazyFrame[Any]:
    """Amount, cost and units of each event; those of a part of a deal in proportion to its amount."""
    names = frame.collect_schema().names()
    needs_cost = plan.file.credit.base == "margin" or plan.file.credit.margin_of is not None
    needs_units = counts_units(plan)
    cost = nw.col("cost").cast(AMOUNT).fill_null(Decimal(0)) if "cost" in names else number(0)
    units = nw.col("quantity").cast(AMOUNT).fill_null(Decimal(1)) if "quantity" in names else number(1)
    in_parts = not facts.bookings_made or facts.has_refunds
    if (needs_cost or needs_units) and in_parts and "deal_amount" in names:
        partial = _proportions(frame, facts.tables, "cost" in names, "quantity" in names)
        if partial is not None:
            frame = frame.join(partial, on="event_id", how="left")
            cost = nw.coalesce(nw.col("part_cost"), cost)
            units = nw.coalesce(nw.col("part_units"), units)
    amount = nw.col("amount")
    frame = frame.with_columns(m_cost=cost.cast(AMOUNT), m_units=units.cast(AMOUNT))
    frame = _with_deals_counted(frame, in_parts and counts_deals(plan))
    margin = (amount - nw.col("m_cost")).cast(AMOUNT)
    gross = nw.col("m_cost") if plan.file.credit.margin_of == "cost" else amount
    base = margin if plan.file.credit.base == "margin" else amount
    return frame.with_columns(m_credit=base, m_gross=gross, m_margin=margin)


def counts_units(plan: Plan) -> bool:
    """Whether anything of the plan is paid by units, or stands by them."""
    return any("quantity" in (c.measure, position_measure(c)) for c in plan.components)


def counts_deals(plan: Plan) -> bool:
    """Whether anything of the plan is paid by the number of deals."""
    for c in plan.components:
        units = {c.table.unit} if c.table else set()
        units |= {c.table.columns.unit} if c.table and c.table.columns else set()
        if (
            "count" in (c.measure, position_measure(c))
            or "count" in units
            or any(r.amount is not None for r in c.rates or ())
        ):
            return True
    return False


def _with_deals_counted(frame: nw.LazyFrame[Any], in_parts: bool) -> nw.LazyFrame[Any]:
    """`m_deals`: a deal counts once, with its first event, and no more once all of it was taken back."""
    one, none = number(1), number(0)
    if not in_parts:
        return frame.with_columns(m_deals=nw.when(nw.col("negative")).then(number(-1)).otherwise(one))
    order = ["happened_on", "negative", "event_id"]  # of one day, the sale first
    seen = nw.when(nw.col("negative")).then(nw.lit(0)).otherwise(nw.lit(1))
    frame = frame.with_columns(d_seen=seen, d_lost=1 - seen)
    frame = frame.with_columns(
        d_after=nw.col("amount").cum_sum().over("deal_id", order_by=order).cast(AMOUNT),
        d_seen=nw.col("d_seen").cum_sum().over("deal_id", order_by=order),
        d_lost=nw.col("d_lost").cum_sum().over("deal_id", order_by=order),
    ).with_columns(d_before=(nw.col("d_after") - nw.col("amount")).cast(AMOUNT))
    gone = nw.col("negative") & (nw.col("d_after") <= none) & (nw.col("d_before") > none)
    again = (nw.col("d_before") <= none) & (nw.col("d_lost") > 0)
    new = ~nw.col("negative") & ((nw.col("d_seen") == 1) | again)
    counted = nw.when(gone).then(number(-1)).otherwise(nw.when(new).then(one).otherwise(none))
    return frame.with_columns(m_deals=counted.cast(AMOUNT)).drop("d_after", "d_before", "d_seen", "d_lost")


def _proportions(
    frame: nw.LazyFrame[Any], tables: Tables, has_cost: bool, has_units: bool
) -> nw.LazyFrame[Any] | None:
    """Cost and units of events that are a part of their deal, divided exactly outside the engine."""
    columns = (
        ["event_id", "amount", "deal_amount"]
        + (["cost"] if has_cost else [])
        + (["quantity"] if has_units else [])
    )
    rows = collected(frame.filter(nw.col("amount") != nw.col("deal_amount").cast(AMOUNT)).select(*columns))
    made = []
    for row in rows:
        whole = as_decimal(row["deal_amount"])
        ratio = Fraction(row["amount"]) / Fraction(whole) if whole else Fraction(0)
        made.append(
            {
                "event_id": row["event_id"],
                "part_cost": _times(ratio, row.get("cost"), 0),
                "part_units": _times(ratio, row.get("quantity"), 1),
            }
        )
    return (
        tables.put(made, {"event_id": nw.String, "part_cost": AMOUNT, "part_units": AMOUNT}) if made else None
    )


def _times(ratio: Fraction, value: Any, default: int) -> Decimal:
    exact = as_decimal(value)
    made = ratio * Fraction(exact if exact is not None else default)
    return decimal_of(made)
