"""What is wholly refunded leaves 0.00, however it was sold, priced and refunded."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from commission_helpers import D, deals, events, plan, table, total

from salesops_nb import commission

MONTHS = ["2026-01", "2026-02", "2026-03", "2026-04"]
TIERS = [{"from": 0, "rate_pct": D("7.77")}, {"from": 500, "rate_pct": 10}]
SHARE = [
    {"event": "booked", "pct": D("33.3")},
    {"event": "collected", "pct": D("66.7"), "as": "share_collected"},
]
PRICES: dict[str, dict[str, Any]] = {
    "one rate": {"rate_pct": 10},
    "listed rates": {"rates": [{"where": "product_id == 'A'", "rate_pct": D("5.55")}, {"rate_pct": 10}]},
    "slices": {"table": {"mode": "marginal", "unit": "amount", "rows": TIERS}},
    "the band reached": {"table": {"mode": "whole", "unit": "amount", "rows": TIERS}},
    "times a multiplier": {
        "rate_pct": 10, "multipliers": {"combine": "multiply",
                                        "rows": [{"where": "product_id == 'A'", "x": D("1.155")}]}},
    "a cap a deal": {"rate_pct": 10, "limits": {"cap": 60, "per": "deal"}},
}  # fmt: skip
PARTS: dict[str, dict[str, Any]] = {
    "cash": {"credit": {"event": "collected"}},
    "bookings": {},
    "bookings, paid as cash comes": {"release": SHARE},
    "cash, converted on its day": {
        "credit": {"event": "collected"}, "fx": {"credit": {"rates": "market", "at": "credit_date"}}},
    "bookings, in cents of each step": {"rounding": {"at": "each_step"}},
    "rounded down": {"rounding": {"mode": "down"}},
}  # fmt: skip
REFUNDS: dict[str, tuple[str, ...]] = {
    "at once": ("100.05",),
    "in thirds": ("33.35", "33.35", "33.35"),
    "in uneven thirds": ("33.33", "33.34", "33.38"),
    "cent by cent at the end": ("100.01", "0.01", "0.03"),
}


def net(plans: Any, given: dict[str, Any]) -> Decimal:
    return sum((total(commission.calculate(plans, given, month)) for month in MONTHS), D(0))


def story(refunds: tuple[str, ...], kind: str) -> list[tuple[Any, ...]]:
    """Sold and paid in two parts of two months, and refunded in the months after."""
    sold = [("d1", k, day, amount) for day, amount in (("2026-01-05", "40.02"), ("2026-02-05", "60.03"))
            for k in ("booked", "collected")]  # fmt: skip
    return sold + [("d1", kind, f"2026-0{3 + n % 2}-{10 + n}", a) for n, a in enumerate(refunds)]


@pytest.mark.slow
@pytest.mark.parametrize("scope", ["each_transaction", "running_total"])
@pytest.mark.parametrize("parts", PARTS)
@pytest.mark.parametrize("price", PRICES)
def test_what_is_refunded_in_full_was_paid_for_nothing(price: str, parts: str, scope: str) -> None:
    one = plan({"id": "b", "scope": scope, **PRICES[price]}, period="month", **PARTS[parts])
    days = ((date(2026, 1, 1), date(2026, 2, 1), "1.0825"), (date(2026, 2, 1), None, "1.1375"))
    rates = table(
        *[
            {"currency": "EUR", "kind": "market", "valid_from": a, "valid_to": b, "rate": D(r)}
            for a, b, r in days
        ],
        {"currency": "USD", "kind": "market", "valid_from": date(2026, 1, 1), "valid_to": None, "rate": D(1)},
    )
    for refunds in REFUNDS.values():
        happened = events(*story(refunds, "refunded"))
        given = {"deals": deals("100.05", outcome="open", product_id="A"), "events": happened}
        if "converted" in parts:
            given |= {"events": happened.assign(currency="EUR"), "fx_rates": rates}
        year = commission.calculate(one, given, "2026")
        assert sum(1 for amount in year.lines["amount"] if amount > 0)
        assert total(year) == 0, refunds


def test_cash_at_two_rates_wholly_refunded_leaves_nothing() -> None:
    """Two rates by the calendar: of a component each, and of a version each."""
    credit = {"event": "collected"}
    halves = [
        [plan({"id": "b", "rate_pct": 5, "to": date(2026, 1, 31)},
              {"id": "c", "rate_pct": 10, "from": date(2026, 2, 1)}, period="month", credit=credit)],
        [plan({"id": "b", "rate_pct": 5}, period="month", credit=credit, head={"to": date(2026, 1, 31)}),
         plan({"id": "b", "rate_pct": 10}, period="month", credit=credit,
              head={"version": 2, "from": date(2026, 2, 1)})],
    ]  # fmt: skip
    for plans in halves:
        for refunds in REFUNDS.values():
            given = {"deals": deals("100.05", outcome="open"), "events": events(*story(refunds, "refunded"))}
            assert net(plans, given) == 0


@pytest.mark.parametrize("refunds", REFUNDS)
def test_ten_per_cent_of_100_05_refunded_in_parts_leaves_nothing(refunds: str) -> None:
    one = plan({"id": "b", "rate_pct": 10}, period="month")
    happened = [("d1", "booked", "2026-01-05", "100.05")]
    happened += [("d1", "refunded", f"2026-02-{10 + n}", a) for n, a in enumerate(REFUNDS[refunds])]
    given = {"deals": deals("100.05", outcome="open"), "events": events(*happened)}
    assert [total(commission.calculate(one, given, month)) for month in MONTHS[:2]] == [
        D("10.01"),
        D("-10.01"),
    ]


def test_a_deal_in_several_currencies_leaves_nothing_and_changes_no_other() -> None:
    """Its events are made one currency first; another deal's refund is counted in that deal's own."""
    one = plan({"id": "b", "rate_pct": 10}, period="month", credit={"event": "collected"},
               fx={"credit": {"rates": "market", "at": "credit_date"}})  # fmt: skip
    rates = table(
        {"currency": "EUR", "kind": "market", "valid_from": date(2026, 1, 1), "valid_to": date(2026, 2, 1),
         "rate": D("1.25")},
        {"currency": "EUR", "kind": "market", "valid_from": date(2026, 2, 1), "valid_to": None,
         "rate": D("1.5")},
        {"currency": "USD", "kind": "market", "valid_from": date(2026, 1, 1), "valid_to": None, "rate": D(1)},
    )  # fmt: skip
    rows = [
        ("d1", "collected", "2026-01-05", 400), ("d1", "collected", "2026-02-05", 600),
        ("d1", "refunded", "2026-03-05", 1000), ("d2", "collected", "2026-01-06", 100),
        ("d2", "collected", "2026-02-06", 200), ("d2", "refunded", "2026-03-06", 325),
    ]  # fmt: skip
    happened = events(*rows).assign(currency=["EUR", "EUR", "EUR", "EUR", "USD", "USD"])
    alone = happened[happened["deal_id"] == "d1"]
    for given in (happened, alone):
        tables = {"deals": deals(1000, 300, outcome="open"), "events": given, "fx_rates": rates}
        paid = [total(commission.calculate(one, tables, month)) for month in MONTHS[:3]]
        assert paid == ([D("62.5"), 110, D("-172.5")] if given is happened else [50, 90, -140])
