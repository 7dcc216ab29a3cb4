"""A line of a statement as a spreadsheet works it out: rate × credit, or the sum of such parts.

A formula is given only where it makes the line's amount to the cent, by exact arithmetic. A running total
rounds itself and not each line, so that a line may lie a unit off its own product: the formula says so as a
last term. Spreadsheets round a product to fifteen digits before they round it to cents, so that a half cent
stays one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from salesops_nb.commission.earning import rate_table
from salesops_nb.commission.inputs.rounding import decimal_of
from salesops_nb.commission.plans.schema_component import Component
from salesops_nb.commission.result.explanation import numbers_of
from salesops_nb.commission.result.payout import Payout
from salesops_nb.core.money import places, rounded

CREDIT, RATE = "[credit]", "[rate]"  # cells of the line's own row
PRICED = ("commission", "bonus", "override", "spiff", "refund", "release")
Part = tuple[Fraction, Fraction]


def rate_and_formula(
    payout: Payout, line: Mapping[str, Any], count: int = 1
) -> tuple[Decimal | None, str | None]:
    """The rate of a calculated line where it has one, and the formula of its amount where there is one.

    `count` is how many of the ledger's lines it stands for, each of which may carry a unit of rounding.
    """
    plan = next(
        (p for p in payout.plans if p.id == line["plan_id"] and p.version == line["plan_version"]), None
    )
    c = next((c for c in plan.components if c.id == line["component_id"]), None) if plan else None
    if plan is None or c is None or line["kind"] not in PRICED or line["currency"] != plan.currency:
        return None, None
    if not any(part.plan is plan and part.c.id == c.id for part in payout.working.components):
        return None, None  # the ledger knows the plan in a period in which it is in force no more
    parts = _parts(c, numbers_of(payout.working, plan, c, line), line)
    amount, digits = Fraction(line["amount"]), places(line["currency"])
    product = sum((quantity * price for quantity, price in parts), Fraction(0))
    for share in (Fraction(1), *(Fraction(r.pct) / 100 for r in plan.file.release or ())):
        factor = Fraction(line["factor"]) * share
        rest = amount - Fraction(rounded(decimal_of(product * factor, 20), line["currency"]))
        if abs(rest) <= Fraction(count, 10**digits):
            break
    else:
        return None, None
    if not parts:
        return None, None
    own = len(parts) == 1 and c.per_unit is None
    rate = decimal_of(parts[0][1], 16).normalize() if own else None
    made = _sum(parts, Fraction(line["credit"]), own)
    if factor != 1:
        made = f"({made})*{_plain(factor)}" if len(parts) > 1 else f"{made}*{_plain(factor)}"
    left = f"{'+' if rest > 0 else ''}{_plain(rest)}" if rest else ""
    return rate, f"ROUND({made},{digits}){left}"


def _parts(c: Component, numbers: rate_table.Numbers, line: Mapping[str, Any]) -> Sequence[Part]:
    """Quantities with their prices; none where the pay is no sum of such products."""
    before, credit = Fraction(line["before"]), Fraction(line["credit"])
    after, level = before + credit, numbers.gate
    if c.rates is not None:
        return _listed(c, credit, Fraction(line["raw"]), Fraction(line["factor"]))
    if c.table is None:
        excess = level is not None and "excess" in (c.then, c.gate.then if c.gate else None)
        if excess and level is not None:
            credit = max(after - level, Fraction(0)) - max(before - level, Fraction(0))
        price = Fraction(c.per_unit) if c.per_unit is not None else rate_table.base_rate(c, numbers)
        return [(credit, price)] if price is not None and credit else []
    if c.table.mode == "marginal":
        sign = 1 if credit >= 0 else -1
        low, high = sorted((before, after))
        return [(sign * width, rate) for _, width, rate in rate_table.slices(c, numbers, low, high)]
    if c.table.mode == "whole" and c.table.unit not in ("margin_pct", "count"):
        # each side is the whole at its own rate; where both are alike they are the credit at it
        sides = [(side, rate_table.pay(c, numbers, side)) for side in (after, before)]
        rates = [paid / side if side else Fraction(0) for side, paid in sides]
        if rates[0] == rates[1] or not before:
            return [(credit, rates[0])] if credit else []
        return [(after, rates[0]), (-before, rates[1])]
    return []


def _listed(c: Component, credit: Fraction, raw: Fraction, factor: Fraction) -> Sequence[Part]:
    """The row of a list of rates that the line was paid by: the one that makes its pay before rounding."""
    for row in c.rates or ():
        part = (
            (credit, Fraction(row.rate_pct) / 100)
            if row.rate_pct is not None
            else (Fraction(1), Fraction(row.amount or 0))
        )
        if abs(part[0] * part[1] * factor - raw) < Fraction(1, 10**8):
            return [part]
    return []


def _sum(parts: Sequence[Part], credit: Fraction, own: bool) -> str:
    made = ""
    for quantity, price in parts:
        left = CREDIT if quantity == credit and len(parts) == 1 else _plain(quantity)
        made += (
            "+" if made and not left.startswith("-") else ""
        ) + f"{left}*{RATE if own else _plain(price)}"
    return made


def _plain(number: Fraction) -> str:
    return format(decimal_of(number, 16).normalize(), "f")
