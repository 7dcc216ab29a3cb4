"""Random histories that change after they were paid: corrected, the ledger pays what it would pay afresh.

Four quarters are posted and locked on one world, the world is changed (deals vanish, shrink or are lost,
events go), and everything is corrected in one step. A second ledger is posted on the changed world from the
start. Each person's total is the same in both, also after the quarters that follow, and the next check finds
nothing.
"""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from reference_worlds import QUARTERS, World, world

from salesops_nb import commission
from salesops_nb.commission.inputs.tables import Tables
from salesops_nb.commission.paid_periods.watch import watched
from salesops_nb.core.periods import FiscalCalendar
from salesops_nb.store.database import open_store
from salesops_nb.store.ledger import ledger
from salesops_nb.store.ledger.closed_periods import correct

pytestmark = pytest.mark.slow

ON = date(2027, 7, 1)
SEEDS = (1, 5, 8)


def changed(old: World, seed: int) -> World:
    chance = random.Random(seed)
    deals, gone = [], set()
    for deal in old.deals:
        what = chance.random()
        if what < 0.1:
            gone.add(deal.id)
            continue
        if what < 0.25:
            deal = replace(deal, amount=deal.amount * Fraction(92, 100))
        elif what < 0.3:
            deal = replace(deal, outcome="lost")
        deals.append(deal)
    events = [e for e in old.events if e.deal not in gone and chance.random() >= 0.05]
    return replace(old, deals=tuple(deals), events=tuple(events))


def post(store, plans, tables, quarter, closes=True):
    period = FiscalCalendar().period(quarter)
    payout = commission.calculate(plans, tables.beside(prior_lines=ledger.prior_lines(store, period)), period)
    ledger.post(store, payout.lines, period, author="ops", on=ON)
    if closes and not ledger.lines(store, quarter).empty:
        for step, who in ((ledger.review, "rev"), (ledger.approve, "cfo"), (ledger.lock, "cfo")):
            step(store, quarter, by=who, on=ON)


def totals(store):
    """What each person has a right to: what is carried below zero is still to come back."""
    found: dict[str, Decimal] = {}
    for row in ledger.lines(store).to_dict("records"):
        if "negative_pay" in (row["kind"], row["calculated_kind"]):
            continue
        found[row["payee_id"]] = found.get(row["payee_id"], Decimal(0)) + row["amount"]
    return {who: amount for who, amount in found.items() if amount}


@pytest.mark.parametrize("seed", SEEDS)
def test_a_corrected_ledger_pays_what_a_fresh_one_does(seed, tmp_path):
    first = world(seed, 20)
    second = changed(first, seed)
    plans, before, after = first.loaded(), Tables(first.tables()), Tables(second.tables())
    corrected, fresh = (open_store(f"sqlite:///{tmp_path}/{name}.sqlite") for name in ("one", "two"))
    for quarter in QUARTERS[:4]:
        post(corrected, plans, before, quarter)
        post(fresh, plans, after, quarter)
    assert watched(corrected, plans, before, on=ON)[0].changes == []
    found, changes = watched(corrected, plans, after, on=ON)
    assert found.changes
    assert all(str(why) for why in found.why)
    correct(corrected, changes, author="ops", on=ON)
    assert totals(corrected) == totals(fresh)
    assert watched(corrected, plans, after, on=ON)[0].changes == []
    for quarter in QUARTERS[4:]:
        post(corrected, plans, after, quarter, closes=quarter == QUARTERS[4])
        post(fresh, plans, after, quarter, closes=quarter == QUARTERS[4])
    assert totals(corrected) == totals(fresh)
    assert ledger.verify(corrected) == []
    for store in (corrected, fresh):
        store.dispose()
