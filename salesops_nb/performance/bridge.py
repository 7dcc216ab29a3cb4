"""From the comparison's bookings to the period's, step by step, adding up exactly."""

from __future__ import annotations

from decimal import Decimal

import pandas as pd

from salesops_nb.core.statistics import price_volume_mix


def revenue_bridge(before: pd.DataFrame, after: pd.DataFrame, label: str) -> pd.DataFrame:
    """The change of bookings as volume, mix, price, and products new or gone.

    Each frame has ``product_id``, ``priced`` (deals with an amount) and ``value`` of won deals. Rows:
    ``step``, ``amount``; the first is the comparison (`label`), the last the period, and those
    between sum to their difference to the cent.
    """
    old, new = _by_product(before), _by_product(after)
    parts = price_volume_mix(old, new)
    start = sum((money for _, money in old.values()), Decimal(0))
    end = sum((money for _, money in new.values()), Decimal(0))
    steps = [(label, start), ("Volume", parts.volume), ("Mix", parts.mix), ("Price", parts.price)]
    if parts.new_and_lost:
        steps.append(("Products new or gone", parts.new_and_lost))
    return pd.DataFrame([*steps, ("This period", end)], columns=["step", "amount"])


def target_bridge(
    bookings: dict[str, Decimal], target: dict[str, Decimal], company: tuple[Decimal, Decimal]
) -> pd.DataFrame:
    """From the target to the bookings, a step a group: what each is above or under its own target.

    `company` is the whole scope's (target, bookings); what no group's target accounts for stands
    as ``Unallocated``.
    """
    groups = sorted(bookings.keys() | target.keys())
    gaps = [(g, bookings.get(g, Decimal(0)) - target.get(g, Decimal(0))) for g in groups]
    whole_target, whole_bookings = company
    rest = whole_bookings - whole_target - sum((gap for _, gap in gaps), Decimal(0))
    if rest:
        gaps.append(("Unallocated", rest))
    steps = [("Target", whole_target), *gaps, ("This period", whole_bookings)]
    return pd.DataFrame(steps, columns=["step", "amount"])


def _by_product(frame: pd.DataFrame) -> dict[str, tuple[int, Decimal]]:
    rows = zip(frame["product_id"], frame["priced"], frame["value"], strict=True)
    found: dict[str, tuple[int, Decimal]] = {}
    for product, deals, value in rows:
        n, money = found.get(product, (0, Decimal(0)))
        found[product] = (n + int(deals), money + value)
    return found
