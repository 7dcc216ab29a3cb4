"""Payable lines: one shape for every kind, named by what they are."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import narwhals as nw

from salesops_nb.commission.crediting.refund_pieces import in_pieces, own_event
from salesops_nb.commission.inputs.tables import AMOUNT, number
from salesops_nb.commission.plans.component_terms import kind_of
from salesops_nb.commission.plans.plan import Plan
from salesops_nb.commission.plans.schema_component import Component

SCHEMA: dict[str, Any] = {
    "line_id": nw.String,
    "period": nw.String,
    "payee_id": nw.String,
    "plan_id": nw.String,
    "plan_version": nw.Int64,
    "component_id": nw.String,
    "deal_id": nw.String,
    "event_id": nw.String,
    "kind": nw.String,
    "credit": AMOUNT,
    "before": AMOUNT,
    "factor": AMOUNT,
    "raw": AMOUNT,
    "amount": nw.Decimal(38, 4),
    "currency": nw.String,
    "source_line_id": nw.String,
    "happened_on": nw.Date,
}
COLUMNS = tuple(SCHEMA)


def selected(
    plan: Plan,
    c: Component,
    frame: nw.LazyFrame[Any],
    start: date,
    period: str,
    refunds: bool,
    overlay: bool,
    catches_up: bool,
    paying: bool = False,
) -> nw.LazyFrame[Any]:
    """Every row of the period as a line (zero ones too, unless only those `paying` something are asked for),
    and earlier rows whose pay has changed.
    """
    new = nw.col("happened_on") >= nw.lit(start)
    amount: nw.Expr = nw.col("amount_now")
    if catches_up:
        amount = nw.when(new).then(amount).otherwise((amount - nw.col("amount_prev")).cast(AMOUNT))
        frame = frame.filter(new | (nw.col("amount_now") != nw.col("amount_prev")))
    else:
        frame = frame.filter(new)
    if paying:  # what is not cut to nothing at four places; to cut it here too would be slow
        least = Decimal("0.00005")
        frame = frame.filter((amount >= number(least)) | (amount <= number(-least)))
    raw = nw.col("raw")
    kind: nw.Expr = nw.lit(kind_of(c))
    tail: nw.Expr = nw.lit(f"/{kind_of(c)}/{period}")
    if refunds and c.measure != "activities":
        kind = nw.when(nw.col("negative")).then(nw.lit("refund")).otherwise(kind)
        tail = nw.when(nw.col("negative")).then(nw.lit(f"/refund/{period}")).otherwise(tail)
    if overlay:
        tail = (
            nw.when(nw.col("part") == "overlay").then(nw.concat_str(tail, nw.lit("/overlay"))).otherwise(tail)
        )
    head = nw.lit(f"{plan.id}.{plan.version}/{c.id}/")
    event: nw.Expr = nw.col("event_id")
    if in_pieces(frame):
        event = own_event()
        named = nw.concat_str(tail, nw.lit("/"), nw.col("sale"))
        tail = nw.when(nw.col("event_id") != event).then(named).otherwise(tail)
    before = nw.col("x_before") if "x_before" in frame.collect_schema().names() else number(0)
    return frame.select(
        line_id=nw.concat_str(head, nw.col("payee_id"), nw.lit("/"), event, tail),
        period=nw.lit(period),
        payee_id=nw.col("payee_id"),
        plan_id=nw.lit(plan.id),
        plan_version=nw.lit(plan.version).cast(nw.Int64),
        component_id=nw.lit(c.id),
        deal_id=nw.col("deal_id"),
        event_id=event,
        kind=kind,
        credit=nw.col("x").cast(AMOUNT),
        before=before.cast(AMOUNT),
        factor=nw.col("factor_now").cast(AMOUNT),
        raw=raw.cast(AMOUNT),
        amount=amount.cast(nw.Decimal(38, 4)),
        currency=nw.lit(plan.currency),
        source_line_id=nw.lit(None).cast(nw.String),
        happened_on=nw.col("happened_on"),
    )


def line(
    plan: Plan | None, component: str, payee: str, kind: str, amount: Decimal, period: str, **more: Any
) -> dict[str, Any]:
    """One line of our own making; `part` goes into its name, `event` and the like into its columns."""
    part = more.pop("part", None)
    name = f"{plan.id}.{plan.version}" if plan else "manual"
    event = more.get("event_id") or "-"
    made: dict[str, Any] = {
        "line_id": "/".join(
            [name, component, payee, str(event), kind, period, *([str(part)] if part else [])]
        ),
        "period": period,
        "payee_id": payee,
        "plan_id": plan.id if plan else None,
        "plan_version": plan.version if plan else None,
        "component_id": component,
        "deal_id": None,
        "event_id": None,
        "kind": kind,
        "credit": Decimal(0),
        "before": Decimal(0),
        "factor": Decimal(1),
        "raw": amount,
        "amount": amount,
        "currency": plan.currency if plan else None,
        "source_line_id": None,
        "happened_on": None,
    }
    return made | more


def of_version(plan: Plan, stated: Any) -> bool:
    """Whether a line of the ledger is of this version; one that says none is of any."""
    return stated is None or stated != stated or int(stated) == plan.version
