"""Refunds beyond the sale: what is taken back of a deal never exceeds what was sold by that day."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import narwhals as nw

from salesops_nb.commission.inputs.tables import AMOUNT, Tables, collected, number, times10
from salesops_nb.messages import message

Frame = nw.LazyFrame[Any]
BEYOND = message("set aside: it takes back more than was sold")
ORPHAN = message("set aside: it takes back what has no sale before it")
_NOTHING = ("gross", "margin", "units", "deals")


def within_sales(frame: Frame, tables: Tables) -> tuple[Frame, bool]:
    """Refunds cut to what of their deal's sales still stands on the day, the rest in the column `beyond`.

    Amounts are in the plan's currency. Whether any refund was cut is said too; without one the frame is
    unchanged.
    """
    found = _excess(frame)
    if not found:
        return frame, False
    cut = tables.put(found, {"event_id": nw.String, "beyond": AMOUNT})
    frame = frame.join(cut, on="event_id", how="left")
    over = nw.coalesce(nw.col("beyond"), number(0))
    return frame.with_columns(beyond=over, amount=(nw.col("amount") + over).cast(AMOUNT)), True


def _excess(frame: Frame) -> list[dict[str, Any]]:
    """Refunds and what of each is beyond the sale.

    With W the running sum of sales less refunds, max(0, -W) at its lowest so far is beyond the sales: a
    later sale does not pay for an earlier refund.
    """
    zero = number(0)
    counted = frame.filter(~nw.col("negative") | nw.col("fault").is_null())
    refunded = counted.filter(nw.col("negative")).select("deal_id").unique()
    rows = counted.select("event_id", "deal_id", "happened_on", "negative", "amount")
    rows = rows.join(refunded, on="deal_id", how="inner")
    order = ["happened_on", "negative", "event_id"]  # of one day, the sales first
    rows = rows.with_columns(w=nw.col("amount").cum_sum().over("deal_id", order_by=order).cast(AMOUNT))
    rows = rows.with_columns(low=nw.col("w").cum_min().over("deal_id", order_by=order).cast(AMOUNT))
    rows = rows.with_columns(before=nw.col("low").shift(1).over("deal_id", order_by=order))
    rows = rows.filter(nw.col("negative") & (nw.col("low") < zero))
    found = []
    for row in collected(rows.select("event_id", "low", "before")):
        before = min(Decimal(0), row["before"] if row["before"] is not None else Decimal(0))
        if row["low"] < before:
            found.append({"event_id": row["event_id"], "beyond": before - row["low"]})
    return found


def set_aside(frame: Frame, whole_share: bool) -> Frame:
    """The frame with a row of its own for what is beyond, which no plan counts.

    `whole_share` says that a share divides pay, so that each person has the whole credit.
    """
    zero = number(0)
    names = [n for n in frame.collect_schema().names() if n != "beyond"]
    part = nw.col("beyond") if whole_share else times10(nw.col("beyond"), nw.col("share"))
    cut = frame.filter(nw.col("beyond") > zero)
    cut = cut.with_columns(
        credit=(zero - part).cast(AMOUNT),
        fault=nw.coalesce(nw.col("fault"), nw.lit(str(BEYOND))),
        counts=nw.lit(False),
        **dict.fromkeys(_NOTHING, zero),
    )
    # what is wholly beyond stands once
    rest = frame.filter((nw.col("beyond") == zero) | (nw.col("amount") != zero))
    return nw.concat([rest.select(*names), cut.select(*names)], how="vertical")
