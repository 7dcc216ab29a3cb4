"""A refund of a deal with several sales, as a piece for each sale that it takes back, the latest first.

Each piece counts where its sale did: by that sale's plan, version, span and rate. Where a refund has
more than one, its number and the sale's event stand behind its own in `event_id`, so that every row has
an id and a place in the order of the day; what is shown has the refund's own event.
"""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import Any

import narwhals as nw

from salesops_nb.commission.inputs.tables import AMOUNT, Tables, collected, number

Frame = nw.LazyFrame[Any]
MARK = "\x1f"  # sorts before whatever an id may have
_SCHEMA = {
    "event_id": nw.String, "piece": nw.String, "sale": nw.String, "sold_on": nw.Date,
    "taken": AMOUNT, "again": nw.Boolean,
}  # fmt: skip


def by_sale(frame: Frame, tables: Tables) -> Frame:
    """The frame with a row for each sale that a refund takes back, in the column `sale`.

    Only deals that have a refund and more than one sale are looked at; without one the frame is unchanged.
    """
    pieces = _pieces(frame)
    if not pieces:
        return frame
    frame = frame.join(tables.put(pieces, _SCHEMA), on="event_id", how="left")
    made = {
        "event_id": nw.coalesce(nw.col("piece"), nw.col("event_id")),
        "counted_on": nw.coalesce(nw.col("sold_on"), nw.col("counted_on")),
        "amount": nw.coalesce(nw.col("taken"), nw.col("amount")).cast(AMOUNT),
    }
    if "beyond" in frame.collect_schema().names():  # that stands once
        made["beyond"] = nw.when(nw.col("again")).then(number(0)).otherwise(nw.col("beyond")).cast(AMOUNT)
    return frame.with_columns(**made).drop("piece", "sold_on", "taken", "again")


def _pieces(frame: Frame) -> list[dict[str, Any]]:
    counted = frame.filter(~nw.col("negative") | nw.col("fault").is_null())
    counted = counted.filter(nw.col("amount") != number(0))
    down = nw.when(nw.col("negative")).then(nw.lit(1)).otherwise(nw.lit(0))
    deals = counted.select("deal_id", down=down)
    deals = deals.group_by("deal_id").agg(n=nw.len(), down=nw.col("down").sum())
    few = deals.filter((nw.col("down") > 0) & (nw.col("n") - nw.col("down") > 1)).select("deal_id")
    rows = counted.select("event_id", "deal_id", "happened_on", "negative", "amount")
    of_deal: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in collected(rows.join(few, on="deal_id", how="inner")):
        of_deal[row["deal_id"]].append(row)
    return [piece for mine in of_deal.values() for piece in _of_deal(mine)]


def _of_deal(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The sales of a deal as they are, and what each refund takes of which."""
    found: list[dict[str, Any]] = []
    standing: list[tuple[dict[str, Any], Decimal]] = []  # sales, and what is left of each
    for row in sorted(rows, key=lambda r: (r["happened_on"], r["negative"], r["event_id"])):
        event = row["event_id"]
        if not row["negative"]:
            standing.append((row, row["amount"]))
            found.append({"event_id": event, "piece": event, "sale": event, "sold_on": row["happened_on"]})
            continue
        left: Decimal = -row["amount"]
        mine: list[dict[str, Any]] = []
        while left and standing:
            sale, stands = standing.pop()
            part = min(stands, left)
            left -= part
            piece = {"event_id": event, "piece": event, "sale": sale["event_id"], "taken": -part}
            mine.append(piece | {"sold_on": sale["happened_on"], "again": bool(mine)})
            if stands > part:
                standing.append((sale, stands - part))
        for number_, piece in enumerate(mine if len(mine) > 1 else ()):
            piece["piece"] = f"{event}{MARK}{number_:06}{MARK}{piece['sale']}"
        found += mine
    return found


def in_pieces(frame: Frame) -> bool:
    """Whether some refund of the frame has pieces."""
    return "sale" in frame.collect_schema().names()


def event_of(event_id: str) -> str:
    """The refund's own event."""
    return event_id.partition(MARK)[0]


def sale_of(event_id: str) -> str:
    """The sale that a piece takes back, empty where a refund has no pieces."""
    return event_id.rpartition(MARK)[2] if MARK in event_id else ""


def own_event() -> nw.Expr:
    """The refund's own event as a column."""
    return nw.col("event_id").str.replace_all(f"{MARK}.*", "")


def shown(frame: Frame) -> Frame:
    """The frame with events as the data have them."""
    return frame.with_columns(event_id=own_event()) if in_pieces(frame) else frame
