"""A component's rate as a function of credit, F(x), in exact fractions, with its gate and target.

``Numbers`` holds what one person's table needs in one span; `curve_engine` writes the same F as
expressions of the engine.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from salesops_nb.commission.inputs.rounding import decimal_of
from salesops_nb.commission.plans.component_terms import uses_quota
from salesops_nb.commission.plans.plan import Plan
from salesops_nb.commission.plans.schema_component import Component
from salesops_nb.commission.plans.schema_rates import Row

FAR = Fraction(10**13)  # beyond any credit: a bound that is never reached


@dataclass(frozen=True)
class Numbers:
    """What a person's table needs beyond the plan: bounds in the measure's unit, slopes, base rate,
    target.
    """

    bounds: tuple[Fraction, ...] = ()
    column_bounds: tuple[Fraction, ...] = ()
    rate: Fraction | None = None
    target: Fraction | None = None
    gate: Fraction | None = None


def row_rate(row: Row, base: Fraction | None) -> Fraction:
    """The rate of a band; `base` is what rows with ``x`` multiply (1 where it is applied later)."""
    if row.rate_pct is not None:
        assert isinstance(row.rate_pct, Decimal)
        return Fraction(row.rate_pct) / 100
    if row.x is not None:
        return Fraction(row.x) * (base if base is not None else 1)
    return Fraction(0)


def bounds(c: Component, quota: Fraction | None, if_zero: str | None) -> tuple[Fraction, ...]:
    """Lower bounds of the bands (and the end of the last) in the measure's own unit."""
    assert c.table is not None
    starts = [Fraction(row.from_) for row in c.table.rows]
    if c.table.mode == "proportional":
        last = c.table.rows[-1].to
        assert last is not None
        starts.append(Fraction(last))
    return (
        tuple(starts)
        if c.table.unit != "pct_of_quota"
        else tuple(of_quota(s, quota, if_zero) for s in starts)
    )


def of_quota(pct: Fraction, quota: Fraction | None, if_zero: str | None) -> Fraction:
    """A share of quota as an amount; with a quota of zero a share is reached at once or never."""
    if quota:
        return pct * quota / 100
    reached = if_zero == "attainment_100" and pct <= 100
    return Fraction(0) if pct == 0 or reached else FAR


def at_least(row: Row, boundary: str) -> bool:
    """Whether the band owns its lower bound."""
    return row.inclusive if row.inclusive is not None else boundary == "lower_inclusive"


def pay(
    c: Component, n: Numbers, x: Fraction, key: Fraction | None = None, column: Fraction | None = None
) -> Fraction:
    """F(x) in exact fractions, before gate, multiplier and limits; `key` is what bands look at, if not x."""
    if c.table is None:
        rate = (
            n.rate
            if c.rate_pct == "derived"
            else Fraction(c.rate_pct or c.per_unit or 0) / (100 if c.rate_pct is not None else 1)
        )
        return x * (rate or 0)
    rows, mode, base = c.table.rows, c.table.mode, base_rate(c, n)
    if mode == "marginal":
        total = row_rate(rows[0], base) * x
        for i in range(1, len(rows)):
            total += (row_rate(rows[i], base) - row_rate(rows[i - 1], base)) * max(
                Fraction(0), x - n.bounds[i]
            )
        return total
    if mode == "proportional":
        return _proportional(c, n, x)
    band = _band(c, n, x if key is None else key)
    if mode == "matrix":
        return _matrix(c, n, x, band, column)
    row = rows[max(band, 0)]
    if band < 0 and c.table.unit in ("margin_pct", "count"):
        return Fraction(0)
    if mode == "whole_overage":
        return row_rate(rows[0], base) * min(x, n.bounds[1]) + row_rate(row, base) * max(
            Fraction(0), x - n.bounds[1]
        )
    if row.amount is not None:
        return Fraction(row.amount) if x > 0 else Fraction(0)
    if row.payout_pct is not None:
        return payout(row) * (n.target or 0) if x > 0 else Fraction(0)
    return row_rate(row, base) * x


def slices(c: Component, n: Numbers, low: Fraction, high: Fraction) -> list[tuple[int, Fraction, Fraction]]:
    """Band, width and rate of each slice of a marginal table between two running totals, the lower first."""
    assert c.table is not None
    base = base_rate(c, n)
    found = []
    for i, row in enumerate(c.table.rows):
        start = n.bounds[i] if i else min(low, Fraction(0))
        end = n.bounds[i + 1] if i + 1 < len(n.bounds) else max(high, start)
        width = min(high, end) - max(low, start)
        if width > 0:
            found.append((i, width, row_rate(row, base)))
    return found


def base_rate(c: Component, n: Numbers) -> Fraction | None:
    """The component's own rate, which ``x`` of a table multiplies."""
    if c.rate_pct == "derived":
        return n.rate
    return None if c.rate_pct is None else Fraction(c.rate_pct) / 100


def _band(c: Component, n: Numbers, key: Fraction) -> int:
    assert c.table is not None
    found = -1
    for i, row in enumerate(c.table.rows):
        if key > n.bounds[i] or (key == n.bounds[i] and at_least(row, c.table.boundary)):
            found = i
    return found


def _proportional(c: Component, n: Numbers, x: Fraction) -> Fraction:
    assert c.table is not None
    total = Fraction(0)
    for i, row in enumerate(c.table.rows):
        amount = Fraction(row.amount) if row.amount is not None else payout(row) * (n.target or 0)
        low, high = n.bounds[i], n.bounds[i + 1]
        width = high - low
        total += amount * min(Fraction(1), max(Fraction(0), (x - low) / width)) if width else Fraction(0)
    return total


def payout(row: Row) -> Fraction:
    """A band's share of the target."""
    assert isinstance(row.payout_pct, Decimal)
    return Fraction(row.payout_pct) / 100


def _matrix(c: Component, n: Numbers, x: Fraction, band: int, column: Fraction | None) -> Fraction:
    assert c.table is not None
    assert c.table.columns is not None
    lower = c.table.boundary == "lower_inclusive"
    place = -1
    for i, start in enumerate(n.column_bounds):
        if column is not None and (column > start or (column == start and lower)):
            place = i
    if band < 0 or place < 0:
        return Fraction(0)
    row = c.table.rows[band]
    if row.rate_pct is not None:
        return Fraction(row.rate_pct[place]) / 100 * x  # type: ignore[index]
    lump = Fraction(row.payout_pct[place]) / 100 * (n.target or 0)  # type: ignore[index]
    return lump if x > 0 else Fraction(0)


def refuses(plan: Plan, c: Component, quota: Fraction | None) -> bool:
    """Whether the component hangs on a quota that is zero (or below) and the plan does not say what
    that means.
    """
    rule = plan.file.quota
    if rule is None or quota is None or quota > 0 or not (uses_quota(c) or c.rate_pct == "derived"):
        return False
    return quota < 0 or rule.if_zero in (None, "refuse")


def gate_level(plan: Plan, c: Component, quota: Fraction | None) -> Fraction | None:
    """The credit at which the gate (or threshold) opens."""
    if c.threshold is not None:
        return Fraction(c.threshold)
    if c.gate is None:
        return None
    if c.gate.amount is not None:
        return Fraction(c.gate.amount)
    assert c.gate.attainment_pct is not None
    return of_quota(
        Fraction(c.gate.attainment_pct), quota, plan.file.quota.if_zero if plan.file.quota else None
    )


def derived_rate(plan: Plan, c: Component, target: Fraction | None, quota: Fraction | None) -> Fraction:
    """Target incentive × weight ÷ quota; rounded only where the plan says to how many places."""
    rate = (target or Fraction(0)) * Fraction(c.weight_pct) / 100 / quota if quota else Fraction(0)
    places = plan.file.rounding.rate_places
    return rate if places is None else Fraction(decimal_of(rate, places))


def target_of(c: Component, target: Fraction | None, base: Fraction | None = None) -> Fraction:
    """The component's target for a span: its own amount, or its weight of the person's target incentive or
    base pay.
    """
    if c.target in ("derived", "base_pay"):
        own = target if c.target == "derived" else base
        return (own or Fraction(0)) * Fraction(c.weight_pct) / 100
    return Fraction(c.target or 0)


def attainment_pct(total: Fraction, quota: Fraction | None, if_zero: str | None) -> Fraction:
    """Attainment in per cent; of a quota of zero as the plan says."""
    if quota:
        return total / quota * 100
    return Fraction(100 if if_zero == "attainment_100" else 0)
