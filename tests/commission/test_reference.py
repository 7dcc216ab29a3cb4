"""The engine against a second, deliberately slow calculation in exact fractions: one period of bookings.

First the reference (`reference_rates`) is checked itself on worked examples; then the engine must pay what
it pays, line by line, on random plans and deals. Refunds, cancellations, releases and changes of plan are
in `test_history.py`, the laws that no plan may break in `test_laws.py`.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference_plans import (
    FEW,
    MODEST,
    PEOPLE,
    Q2,
    START,
    cells,
    deals_of,
    decimal,
    engine,
    errors,
    full,
    paid_in_all,
    percent,
    plan_of,
    plans_of,
    rate_tables,
    table,
    tables,
)
from reference_rates import Deal, cents, reference

from salesops_nb import commission

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("component", "quota", "amounts", "lines"),
    [
        ({"table": table("marginal", "amount", (0, 10), (5000, 12))}, None, [6000], [620]),
        ({"table": table("whole", "amount", (0, 50), (100000, 60))}, None, [180000], [108000]),
        ({"table": table("marginal", "amount", (0, 50), (100000, 60))}, None, [180000], [98000]),
        (
            {"table": table("marginal", "pct_of_quota", (0, 5), (50, 10), (100, 15))},
            1000,
            [500, 300, 700, 200],
            [25, 30, 95, 30],
        ),
        (
            {
                "scope": "each_transaction",
                "table": table("marginal", "amount", (0, 1), (1000, 2), (3000, 3), (8000, 5)),
            },
            None,
            [200, 300, 1500, 1200, 2000, 4500],
            [2, 3, 20, 14, 30, 95],
        ),
        (
            {"table": table("proportional", "pct_of_quota", (0, 1000), (25, 2000), (50, 5000))},
            100,
            [12],
            [480],
        ),
        (
            {
                "scope": "each_transaction",
                "table": table("whole", "amount", (0, 1), (25000, 2), (50000, 3), (75000, 4)),
            },
            None,
            [50000],
            [1500],
        ),
        (
            {"table": table("whole_overage", "pct_of_quota", (0, 50), (100, 75), (125, 100), (150, 125))},
            100000,
            [140000],
            [90000],
        ),
        ({"rate_pct": 10, "gate": {"attainment_pct": 70, "then": "first_dollar"}}, 1000, [699], []),
        ({"rate_pct": 10, "gate": {"attainment_pct": 70, "then": "first_dollar"}}, 1000, [700], [70]),
        (
            {"rate_pct": 3, "limits": {"cap": 10000, "per": "period", "excess": "forfeit"}},
            None,
            [400000],
            [10000],
        ),
        (
            {"rate_pct": 5, "scope": "each_transaction", "limits": {"floor": 10, "per": "deal"}},
            None,
            [1000, 50],
            [50, 10],
        ),
        ({"table": table("whole", "count", (0, 10), (3, 20))}, None, [1000, 1000, 300], [100, 100, 260]),
    ],
)
def test_the_reference_knows_the_worked_examples(component, quota, amounts, lines):
    plan = plan_of(component, **({"quota": {"amount": quota}} if quota else {}))
    deals = [Deal(f"D{i}", "ann", Fraction(a), START + timedelta(days=i)) for i, a in enumerate(amounts)]
    assert list(reference(plan, deals).lines.values()) == lines


@pytest.mark.parametrize(("value", "rounded"), [("1.005", "1.01"), ("-1.005", "-1.01"), ("1.0049", "1.00")])
def test_the_reference_rounds_half_up(value, rounded):
    assert cents(Fraction(value)) == Fraction(rounded)


@MODEST
@given(plans_of(), deals_of(overlay=True))
def test_the_engine_pays_what_the_reference_pays_line_by_line(plan, deals):
    payout = engine(plan, deals)
    assert not errors(payout)
    assert cells(payout) == reference(plan, deals).lines


@FEW
@given(plans_of(), deals_of(currencies=("USD", "EUR", "GBP"), splits=False))
def test_foreign_credit_is_converted_at_the_plan_rate(plan, deals):
    plan = plan | {"fx": {"credit": {"rates": "plan", "at": "credit_date"}}}
    rates = {"USD": Fraction(1), "EUR": Fraction("1.0825"), "GBP": Fraction("1.27")}
    rows = [
        {"currency": c, "valid_from": START, "valid_to": date(2027, 1, 1), "kind": "plan", "rate": decimal(r)}
        for c, r in rates.items()
    ]
    payout = engine(plan, deals, fx_rates=pd.DataFrame(rows))
    assert not errors(payout)
    assert cells(payout) == reference(plan, deals, rates).lines


@FEW
@given(rate_tables(("marginal", "whole"), ("amount",)), deals_of(splits=False), deals_of(splits=False))
def test_year_to_date_less_paid_goes_on_where_the_last_period_ended(rates, first, second):
    plan = plan_of({"table": rates, "scope": "ytd_less_paid"})
    later = [
        Deal(f"E{d.id}", d.owner, d.amount, d.day + timedelta(days=90), d.product, d.term) for d in second
    ]
    one = engine(plan, first)
    two = engine(plan, first + later, Q2, prior_lines=one.lines)
    assert cells(one) == reference(plan, first).lines
    assert paid_in_all(one) + paid_in_all(two) == sum(
        reference(plan, first).lines.values(), Fraction(0)
    ) + sum(reference(plan, later, before=first).lines.values(), Fraction(0))


@FEW
@given(deals_of(splits=False), deals_of(splits=False), percent)
def test_what_a_cap_carries_is_paid_later_and_no_more(first, second, rate):
    cap = Fraction(400)
    plan = plan_of({"rate_pct": Decimal(rate), "limits": {"cap": 400, "per": "period", "excess": "carry"}})
    free = plan_of({"rate_pct": Decimal(rate)})
    later = [Deal(f"E{d.id}", d.owner, d.amount, d.day + timedelta(days=90)) for d in second]
    one = engine(plan, first)
    two = engine(plan, first + later, Q2, prior_lines=one.lines)
    for person in PEOPLE:
        sums = [
            sum((a for (who, _, _), a in reference(free, deals).lines.items() if who == person), Fraction(0))
            for deals in (first, later)
        ]
        now = min(sums[0], cap)
        then = min(sums[1] + sums[0] - now, cap)
        found = [
            sum((Fraction(a) for a in p.lines.loc[p.lines["payee_id"] == person, "amount"]), Fraction(0))
            for p in (one, two)
        ]
        assert found == [now, then]


@FEW
@given(
    st.lists(st.integers(0, 4000), min_size=1, max_size=5),
    st.sampled_from(["draw", "none"]),
    st.booleans(),
)
def test_draws_month_by_month(earned, keep, recoverable):
    """A draw tops pay up; a recoverable one is repaid from what later months earn above what is kept."""
    draw, balance, prior = 1500, 0, None
    rule = {"per": "month", "amount": draw, "recoverable": recoverable}
    if recoverable:
        rule["keep_at_least"] = keep
    plan = commission.load_plan(
        full(
            {"components": [{"id": "c", "rate_pct": 10, "scope": "each_transaction"}], "draw": rule}, "month"
        )
    )
    stay = {"person_id": "ann", "plan_id": "p", "plan_version": 1, "valid_from": START}
    assignment = pd.DataFrame([stay | {"valid_to": date(2027, 1, 1)}])
    deals = []
    for month, amount in enumerate(earned, start=1):
        deals.append(Deal(f"D{month}", "ann", Fraction(amount * 10), date(2026, month, 10)))
        more = {"plan_assignments": assignment} | ({} if prior is None else {"prior_lines": prior})
        sold = [d for d in deals if d.amount] or deals
        payout = commission.calculate(plan, tables(sold, **more), f"2026-{month:02}")
        kept = draw if keep == "draw" else 0
        if amount < draw:
            advanced, repaid = draw - amount, 0
        else:
            advanced, repaid = 0, min(balance, max(0, amount - max(kept, 0)))
        balance += (advanced if recoverable else 0) - repaid
        assert balance >= 0
        assert paid_in_all(payout) == amount + advanced - repaid
        prior = payout.lines if prior is None else pd.concat([prior, payout.lines], ignore_index=True)
        if recoverable:
            moved = prior.loc[prior["kind"].isin(["draw", "draw_recovery"]), "amount"]
            assert sum(moved, Decimal(0)) == balance


@FEW
@given(deals_of(most=4, splits=False), percent, st.lists(st.integers(1, 60), min_size=1, max_size=3))
def test_pay_is_released_as_customers_pay(deals, rate, collected):
    """Three fifths when booked, the rest in proportion to what was collected; nothing is lost on the way."""
    release = [{"event": "booked", "pct": 60}, {"event": "collected", "pct": 40, "as": "share_collected"}]
    plan = plan_of({"rate_pct": Decimal(rate), "scope": "each_transaction"}, release=release)
    rows, shares = [], {}
    for deal in deals:
        day = min(deal.day, date(2026, 3, 20))
        rows.append((f"{deal.id}:booked", deal.id, "booked", day, decimal(deal.amount)))
        left = deal.amount
        for number, part in enumerate(collected):
            amount = left if sum(collected) >= 100 and number == len(collected) - 1 else None
            amount = min(left, cents(deal.amount * part / 100)) if amount is None else amount
            if amount:
                when = day + timedelta(days=number + 1)
                rows.append((f"{deal.id}:c{number}", deal.id, "collected", when, decimal(amount)))
            left -= amount
        shares[deal.id] = 1 - left / deal.amount
    events = pd.DataFrame(rows, columns=["event_id", "deal_id", "kind", "happened_on", "amount"])
    payout = engine(plan, deals, events=events)
    assert not errors(payout)
    earned = reference(plan, deals).lines
    paid = defaultdict(Fraction)
    for row in payout.lines.to_dict("records"):
        paid[row["deal_id"]] += Fraction(row["amount"])
    for deal in deals:
        whole = earned.get((deal.owner, "c", f"{deal.id}:booked"), Fraction(0))
        due = whole * (Fraction(60, 100) + Fraction(40, 100) * shares[deal.id])
        rounding = Fraction(1 + len(collected), 200)  # each instalment is a line, rounded by itself
        assert abs(paid[deal.id] - due) <= (rounding if shares[deal.id] < 1 else 0)
