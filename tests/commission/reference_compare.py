"""What the engine pays in a world, quarter after quarter, as sums that stand beside the reference's."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import date
from fractions import Fraction

import pandas as pd
from reference_history import Line
from reference_worlds import QUARTERS, World

from salesops_nb import commission
from salesops_nb.commission.inputs.tables import Tables

NAMES = ["payee_id", "deal_id", "plan_id", "plan_version", "component_id", "kind", "amount"]
Sums = dict[tuple, Fraction]  # payee, deal, plan, version, component, kind, quarter


def quarter_of(day: date) -> str:
    return f"{day.year}-Q{(day.month + 2) // 3}"


def sums(rows) -> Sums:
    """Without what adds up to nothing."""
    found: Sums = defaultdict(Fraction)
    for *key, amount in rows:
        found[tuple(key)] += Fraction(amount)
    return {key: amount for key, amount in found.items() if amount}


def of_reference(lines: list[Line]) -> Sums:
    return sums((*line[:6], quarter_of(line.day), line.amount) for line in lines)


def of_payouts(payouts: dict[str, commission.Payout]) -> Sums:
    rows = []
    for quarter, payout in payouts.items():
        lines = payout.lines[NAMES].astype(object)
        for *key, amount in lines.where(lines.notna(), None).itertuples(index=False):
            rows.append((*key, quarter, amount))
    return sums(rows)


def payouts_of(
    world: World, ledger: bool, quarters=QUARTERS, before: pd.DataFrame | None = None
) -> dict[str, commission.Payout]:
    """A payout a quarter; with the ledger each is calculated on the lines of those before it."""
    plans, tables, lines = world.loaded(), Tables(world.tables()), before
    found = {}
    for quarter in quarters:
        given = tables if lines is None else tables.beside(prior_lines=lines)
        found[quarter] = commission.calculate(plans, given, quarter)
        if ledger:
            new = found[quarter].lines
            lines = new if lines is None else pd.concat([lines, new], ignore_index=True)
    return found


def without_repayment(amounts: Sums) -> Sums:
    """What is repaid or forgiven of draws, and carried of negative pay, hangs on the ledger: without it,
    nobody knows what is owed.
    """
    return {
        key: amount
        for key, amount in amounts.items()
        if key[5] != "draw_recovery"
        and key[4] != "negative_pay"
        and (key[4], key[5]) != ("draw", "guarantee")
    }


def differences(one: Sums, two: Sums) -> set[tuple]:
    return {key for key in one.keys() | two.keys() if one.get(key) != two.get(key)}


def differs(world: World) -> bool:
    """Whether reference and engine disagree on a world."""
    return of_reference(world.lines()) != of_payouts(payouts_of(world, ledger=True))


def won(world: World) -> World:
    """The same world with every deal won."""
    return replace(world, deals=tuple(replace(d, outcome="won") for d in world.deals))
