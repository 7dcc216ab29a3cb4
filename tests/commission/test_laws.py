"""Laws that no plan may break, on random plans and deals of one period."""

from __future__ import annotations

import itertools
from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from reference_plans import (
    FEW,
    PEOPLE,
    QUOTA,
    START,
    cells,
    deals_of,
    decimal,
    engine,
    errors,
    paid_in_all,
    percent,
    plan_of,
    plans_of,
    rate_tables,
)
from reference_rates import Deal, cents, exact, reference

pytestmark = pytest.mark.slow


@FEW
@given(deals_of(), percent)
def test_parts_of_a_split_sum_to_the_whole(deals, rate):
    assume(any(d.shares for d in deals))
    plan = plan_of({"rate_pct": Decimal(rate), "scope": "each_transaction"})
    parts = engine(plan | {"credit": {"splits": {"apply_to": "pay"}}}, deals)
    whole = engine(plan, [Deal(d.id, "ann", d.amount, d.day) for d in deals])
    by_event = [defaultdict(Fraction), defaultdict(Fraction)]
    for sums, payout in zip(by_event, (parts, whole), strict=True):
        for (_, _, event), amount in cells(payout).items():
            sums[event] += amount
    assert by_event[0] == by_event[1]


def events_of(deals, refunded=()):
    rows = [(f"{d.id}:booked", d.id, "booked", d.day, decimal(d.amount)) for d in deals]
    rows += [
        (f"{d.id}:refunded", d.id, "refunded", d.day + timedelta(days=1), decimal(d.amount)) for d in refunded
    ]
    return pd.DataFrame(rows, columns=["event_id", "deal_id", "kind", "happened_on", "amount"])


@FEW
@given(rate_tables(("marginal",)), st.sampled_from(["each_transaction", "running_total"]), deals_of())
def test_a_sale_and_its_full_refund_net_to_zero(rates, scope, deals):
    if scope == "each_transaction":
        assume(rates["unit"] == "amount")
    plan = plan_of({"table": rates, "scope": scope}, quota=QUOTA, credit={"splits": {"apply_to": "credit"}})
    early = [Deal(d.id, d.owner, d.amount, min(d.day, date(2026, 3, 29)), shares=d.shares) for d in deals]
    payout = engine(plan, early, events=events_of(early, refunded=early))
    assert not errors(payout)
    for person in PEOPLE:
        mine = payout.lines.loc[payout.lines["payee_id"] == person, "amount"]
        assert sum(mine, Decimal(0)) == 0
    kept = engine(plan, early, events=events_of(early, refunded=early[1:]))
    assert paid_in_all(kept) == sum(reference(plan, early[:1]).lines.values(), Fraction(0))


@FEW
@given(plans_of(), deals_of(), st.randoms(use_true_random=False))
def test_the_order_of_input_does_not_matter(plan, deals, chance):
    shuffled = list(deals)
    chance.shuffle(shuffled)
    one, two = engine(plan, deals), engine(plan, shuffled)
    assert (
        one.lines.sort_values("line_id")
        .reset_index(drop=True)
        .equals(two.lines.sort_values("line_id").reset_index(drop=True))
    )


@FEW
@given(rate_tables(("marginal",)), st.lists(st.integers(0, 2_000_000), min_size=2, max_size=12))
def test_marginal_pay_is_continuous_and_never_falls(rates, amounts):
    """Everybody sells one deal: pay rises with credit, and by no more than the highest rate."""
    amounts = sorted({a for a in amounts if a} | {1, 99_999, 100_000, 100_001})
    plan = plan_of({"table": rates}, quota=QUOTA)
    deals = [Deal(f"D{i:02}", f"p{i:02}", Fraction(a, 100), START) for i, a in enumerate(amounts)]
    found = cells(engine(plan, deals))
    pay = [found.get((d.owner, "c", f"{d.id}:booked"), Fraction(0)) for d in deals]
    steepest = max(exact(row["rate_pct"]) for row in rates["rows"]) / 100
    for (one, two), (low, high) in zip(itertools.pairwise(pay), itertools.pairwise(amounts), strict=True):
        assert 0 <= two - one <= steepest * Fraction(high - low, 100) + Fraction(1, 100)


@FEW
@given(rate_tables(("marginal",)), deals_of(splits=False), st.integers(0, 6), st.integers(1, 99))
def test_splitting_one_deal_into_two_changes_nothing(rates, deals, which, share):
    plan = plan_of({"table": rates}, quota=QUOTA)
    one = deals[which % len(deals)]
    first = cents(one.amount * share / 100)
    assume(0 < first < one.amount)
    parts = [
        Deal(f"{one.id}a", one.owner, first, one.day, one.product, one.term),
        Deal(f"{one.id}b", one.owner, one.amount - first, one.day, one.product, one.term),
    ]
    rest = [d for d in deals if d is not one]
    difference = paid_in_all(engine(plan, deals)) - paid_in_all(engine(plan, rest + parts))
    assert abs(difference) <= Fraction(1, 100)


@FEW
@given(plans_of(), deals_of())
def test_a_statement_is_the_sum_of_its_lines(plan, deals):
    payout = engine(plan, deals)
    for row in payout.statements.to_dict("records"):
        mine = payout.lines[payout.lines["payee_id"] == row["payee_id"]]
        assert sum(mine["amount"], Decimal(0)) == row["amount"]
