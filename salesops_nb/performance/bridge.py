"""From the comparison's bookings to the period's, step by step, adding up exactly."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal, NamedTuple

import pandas as pd

from salesops_nb.core.statistics import price_volume_mix_by_line

NOTHING = Decimal(0)


class Bridge(NamedTuple):
    """The change of bookings as `steps` and, of the same parts, as `lines`; volume counts `units`.

    `steps` has ``step, amount``: the first is what is compared with, the last the period, and those between
    sum to their difference to the cent. `lines` has a row a product, the largest change first: ``product_id,
    compared_bookings, volume, mix, price, new_and_lost, bookings``; the same sums stand in `steps`.
    """

    steps: pd.DataFrame
    lines: pd.DataFrame
    units: Literal["quantity", "deals", "none"]


def no_bridge() -> Bridge:
    """Where there is nothing to compare with."""
    return Bridge(pd.DataFrame(columns=["step", "amount"]), pd.DataFrame(), "none")


def revenue_bridge(before: pd.DataFrame, after: pd.DataFrame, label: str) -> Bridge:
    """The change of bookings as volume, mix, price, and products new or gone.

    Each frame has ``product_id``, ``priced`` (deals with an amount), ``units`` (the sum of their quantities),
    ``counted`` (how many of them have one) and ``value`` of won deals; `label` names the comparison. Where
    all have a quantity, volume counts units, and a price is what a unit was sold for; else each deal counts
    as one, and its price is what it was won for.
    """
    both = pd.concat([before, after])
    priced = int(both["priced"].sum())
    by_quantity = priced > 0 and int(both["counted"].sum()) == priced
    old, new = (_by_product(frame, "units" if by_quantity else "priced") for frame in (before, after))
    parts = price_volume_mix_by_line(old, new)
    none = (NOTHING, NOTHING)
    lines = pd.DataFrame(
        [(line, old.get(line, none)[1], *each, new.get(line, none)[1]) for line, each in parts.items()],
        columns=["product_id", "compared_bookings", "volume", "mix", "price", "new_and_lost", "bookings"],
        dtype=object,
    )
    sums = {name: sum(lines[name], NOTHING) for name in lines.columns[1:]}
    steps = [(label, sums["compared_bookings"]), ("Volume", sums["volume"]), ("Mix", sums["mix"]),
             ("Price", sums["price"])]  # fmt: skip
    if sums["new_and_lost"]:
        steps.append(("Products new or gone", sums["new_and_lost"]))
    steps.append(("This period", sums["bookings"]))
    change = [abs(b - a) for a, b in zip(lines["compared_bookings"], lines["bookings"], strict=True)]
    order = sorted(range(len(lines)), key=lambda at: (-change[at], lines["product_id"].iloc[at]))
    return Bridge(
        pd.DataFrame(steps, columns=["step", "amount"]),
        lines.iloc[order].reset_index(drop=True),
        "quantity" if by_quantity else "deals",
    )


def target_bridge(
    bookings: dict[str, Decimal], target: dict[str, Decimal], company: tuple[Decimal, Decimal]
) -> Bridge:
    """From the target to the bookings, a step a group: what each is above or under its own target.

    `company` is the whole scope's (target, bookings); what no group's target accounts for stands
    as ``Unallocated``.
    """
    groups = sorted(bookings.keys() | target.keys())
    gaps = [(g, bookings.get(g, NOTHING) - target.get(g, NOTHING)) for g in groups]
    whole_target, whole_bookings = company
    rest = whole_bookings - whole_target - sum((gap for _, gap in gaps), NOTHING)
    if rest:
        gaps.append(("Unallocated", rest))
    steps = [("Target", whole_target), *gaps, ("This period", whole_bookings)]
    return no_bridge()._replace(steps=pd.DataFrame(steps, columns=["step", "amount"]))


def _by_product(frame: pd.DataFrame, units: str) -> dict[str, tuple[Decimal, Decimal]]:
    rows = zip(frame["product_id"], frame[units], frame["value"], strict=True)
    found: dict[str, tuple[Decimal, Decimal]] = {}
    for product, many, value in rows:
        n, money = found.get(product, (NOTHING, NOTHING))
        found[product] = (n + (NOTHING if pd.isna(many) else Decimal(many)), money + value)
    return found
