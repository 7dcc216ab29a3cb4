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
    """By person: the day of each deal's first cancellation after it was sold, and what was credited by then.

    A refund after the cancellation relieves nothing more, and a sale after it is not cancelled.
    """
    day = nw.col("happened_on")
    events = facts.events.filter((nw.col("kind") == "cancelled") & (day < nw.lit(until)))
    first = events.select("deal_id", gone=day)
    mine = credit.filter(nw.col("counts")).select("payee_id", "deal_id", "happened_on", "credit")
    both = mine.join(first, on="deal_id", how="inner").filter(nw.col("happened_on") <= nw.col("gone"))
    sums = both.group_by("payee_id", "deal_id", "gone").agg(nw.col("credit").sum())
    found: dict[str, list[tuple[date, Fraction]]] = defaultdict(list)
    told: dict[tuple[str, str], Fraction] = defaultdict(Fraction)  # by earlier cancellations of the deal
    for row in sorted(collected(sums), key=lambda r: (r["payee_id"], r["deal_id"], r["gone"])):
        key = row["payee_id"], row["deal_id"]
        amount = Fraction(row["credit"]) - told[key]
        if amount > 0:
            told[key] += amount
            found[row["payee_id"]].append((row["gone"], amount))
    return found
