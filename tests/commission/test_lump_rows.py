"""Rows of a table that pay an amount: with the first credit that stands in them, never without any."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pandas as pd
import pytest

from salesops_nb import commission

PAYOUTS = [{"from": 0, "payout_pct": 20}, {"from": 50, "payout_pct": 60}, {"from": 100, "payout_pct": 120}]
AMOUNTS = [{"from": 0, "amount": 500}, {"from": 50, "amount": 800}]


def paid(rows, quota, credits, if_zero="attainment_100", **more) -> list[Decimal]:
    component = {
        "id": "b",
        "scope": "running_total",
        "table": {"mode": "whole", "unit": "pct_of_quota", "rows": rows},
    }
    component |= {"target": 1000} if "payout_pct" in rows[0] else {}
    plan = {
        "plan": {"id": "q", "currency": "USD", "period": "quarter", "version": 1, "from": "2026-01-01",
                 "to": "2026-12-31"},
        "credit": {"event": "booked"},
        "quota": {"amount": quota, "attained_by": "booked", "if_zero": if_zero},
        "components": [component | more],
    }  # fmt: skip
    deals = pd.DataFrame([
        {"deal_id": f"d{i}", "owner_id": "p", "amount": Decimal(1000), "closed_on": date(2026, 1, 1),
         "outcome": "won", "stage": "Won", "created_on": date(2026, 1, 1)}
        for i in {deal for deal, _ in credits}
    ])  # fmt: skip
    events = pd.DataFrame([
        {"event_id": f"e{i}", "deal_id": f"d{deal}", "kind": "booked" if amount > 0 else "refunded",
         "happened_on": date(2026, 2, 1 + i), "amount": Decimal(abs(amount))}
        for i, (deal, amount) in enumerate(credits)
    ])  # fmt: skip
    payout = commission.calculate(commission.load_plan(plan), {"deals": deals, "events": events}, "2026-Q1")
    assert not [p for p in payout.problems if p.severity == "error"]
    assert (payout.reconciliation["difference"] == 0).all()
    return [amount for amount in payout.lines.sort_values("event_id")["amount"] if amount]


@pytest.mark.parametrize(
    ("rows", "quota", "credits", "if_zero", "amounts"),
    [
        # 10 % of the quota stands in the first row, 60 % in the second
        (PAYOUTS, 1000, [(0, 100)], "attainment_0", [200]),
        (PAYOUTS, 1000, [(0, 100), (1, 500)], "attainment_0", [200, 400]),
        (AMOUNTS, 1000, [(0, 100)], "attainment_0", [500]),
        # a quota of zero is attained with the first credit, or never
        (PAYOUTS, 0, [(0, 100), (1, 50)], "attainment_100", [1200]),
        (PAYOUTS, 0, [(0, 100), (1, 50)], "attainment_0", [200]),
        (AMOUNTS, 0, [(0, 100)], "attainment_100", [800]),
        # what is refunded takes it back
        (PAYOUTS, 1000, [(0, 100), (0, -100)], "attainment_0", [200, -200]),
        (PAYOUTS, 0, [(0, 100), (0, -100)], "attainment_100", [1200, -1200]),
    ],
)
def test_a_row_pays_its_amount_with_the_first_credit_in_it(rows, quota, credits, if_zero, amounts):
    assert paid(rows, quota, credits, if_zero) == [Decimal(amount) for amount in amounts]


def test_below_an_excess_gate_a_row_pays_nothing():
    gate = {"attainment_pct": 50, "then": "excess"}
    assert paid(PAYOUTS, 1000, [(0, 100)], gate=gate) == []
