"""Credit of deals that were cancelled, which a plan's quota may be relieved of."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from fractions import Fraction
from typing import Any

import narwhals as nw

from salesops_nb.commission.inputs.events import Facts
from salesops_nb.commission.inputs.tables import collected


def cancelled_credit(
    credit: nw.LazyFrame[Any], facts: Facts, until: date
) -> dict[str, list[tuple[date, Fraction]]]:
    """By person: what stood of each sale by the first cancellation on or after its day, and that day.

    A refund after the cancellation relieves nothing more, and a sale after it is not cancelled by it.
    """
    day = nw.col("happened_on")
    events = facts.events.filter((nw.col("kind") == "cancelled") & (day < nw.lit(until)))
    ends = events.select("deal_id", gone=day).unique()  # two on one day cancel a deal once
    mine = credit.filter(nw.col("counts")).select(
        "payee_id", "deal_id", "counted_on", "happened_on", "credit"
    )
    both = mine.join(ends, on="deal_id", how="inner")
    both = both.filter((nw.col("counted_on") <= nw.col("gone")) & (nw.col("happened_on") <= nw.col("gone")))
    sums = both.group_by("payee_id", "deal_id", "counted_on", "gone").agg(nw.col("credit").sum())
    found: dict[str, list[tuple[date, Fraction]]] = defaultdict(list)
    met: set[tuple[str, str, date]] = set()
    for row in sorted(
        collected(sums), key=lambda r: (r["payee_id"], r["gone"], r["deal_id"], r["counted_on"])
    ):
        sale = row["payee_id"], row["deal_id"], row["counted_on"]
        if sale not in met and row["credit"] > 0:
            found[row["payee_id"]].append((row["gone"], Fraction(row["credit"])))
        met.add(sale)
    return found
