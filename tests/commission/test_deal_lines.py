"""Rates by line of a deal: each component is paid on the lines that its conditions pick."""

from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd
import pytest
from commission_helpers import D, by, deals, events, plan, table, total

from salesops_nb import commission
from salesops_nb.errors import SalesopsError

BY_PRODUCT = {"id": "b", "rates": [{"where": "product == 'A'", "rate_pct": 10}, {"rate_pct": 5}]}
ONLY_A = {"id": "b", "where": "product == 'A'", "rate_pct": 10}
CLAWBACK = {"when": "cancelled", "method": "share", "pct": 50, "unpaid": "cancel"}


def lines(*parts: tuple[str, object], deal: str = "d1", **columns: Any) -> pd.DataFrame:
    """Lines of a deal, of (product, amount)."""
    rows = [
        {"deal_id": deal, "line_no": n, "product_id": product, "amount": D(amount)}
        for n, (product, amount) in enumerate(parts, 1)
    ]
    return table(*(row | {k: v[i] for k, v in columns.items()} for i, row in enumerate(rows)))


TWO = lines(("A", 600), ("B", 400))


def calculated(*components: dict[str, Any], amount: object = 1000, deal: Any = None, **more: Any) -> Any:
    tables = {"deals": deals(amount) if deal is None else deal, "deal_lines": TWO}
    parts = {k: more.pop(k) for k in ("credit", "release", "clawback", "quota", "fx") if k in more}
    period = more.pop("period", "2026-Q1")
    return commission.calculate(plan(*components, **parts), tables | more, period)


@pytest.mark.parametrize(("component", "pay"), [
    (BY_PRODUCT, "80"),  # 10 % of 600 and 5 % of 400: the example of the docs
    (ONLY_A, "60"),
    ({"id": "b", "where": "product in ('A', 'B')", "rate_pct": 10}, "100"),
    ({"id": "b", "where": "product_id == 'B'", "rate_pct": 10}, "40"),
    ({"id": "b", "rates": [{"where": "product == 'A'", "rate_pct": 10}]}, "60"),
    ({"id": "b", "rates": [{"where": "product == 'A' and deal_type == 'new'", "rate_pct": 10},
                           {"where": "product == 'A'", "rate_pct": 1}, {"rate_pct": 5}]}, "26"),
    ({"id": "b", "rate_pct": 10}, "100"),
    (ONLY_A | {"scope": "running_total", "rate_pct": None, "table": {
        "mode": "marginal", "unit": "amount",
        "rows": [{"from": 0, "rate_pct": 10}, {"from": 500, "rate_pct": 20}],
    }}, "70"),
    (BY_PRODUCT | {"limits": {"cap": 70, "per": "deal"}}, "70"),
    (BY_PRODUCT | {"multipliers": {"combine": "multiply", "rows": [{"x": 2}]}}, "160"),
])  # fmt: skip
def test_a_component_is_paid_on_the_lines_it_picks(component: dict[str, Any], pay: str) -> None:
    made = {k: v for k, v in component.items() if v is not None}
    payout = calculated(made, deal=deals(1000, deal_type="old"))
    assert [p.code for p in payout.problems] == []
    assert total(payout) == D(pay)
    assert (payout.reconciliation["difference"] == 0).all()


def test_two_lines_of_one_product_are_both_read() -> None:
    payout = calculated(ONLY_A, deal_lines=lines(("A", 350), ("A", 250), ("B", 400)))
    assert total(payout) == 60


def test_a_deal_without_lines_has_its_own_product() -> None:
    both = deals(1000, 500, product_id=["B", "A"])
    payout = calculated(ONLY_A, deal=both)
    assert by(payout, "deal_id") == {"d1": 60, "d2": 50}


def test_no_line_that_fits_is_said() -> None:
    payout = calculated(ONLY_A, deal_lines=lines(("B", 600), ("C", 400)))
    assert total(payout) == 0
    assert payout.withheld["reason"].str.contains("no component counts it: b counts only what is").any()


def test_products_say_more_of_a_line() -> None:
    products = table(
        {"product_id": "A", "name": "Pump", "family": "hard"},
        {"product_id": "B", "name": "Care", "family": "soft"},
    )
    for where, pay in (("product == 'Pump'", 60), ("family == 'soft'", 40), ("product_family == 'soft'", 40)):
        payout = calculated({"id": "b", "where": where, "rate_pct": 10}, products=products)
        assert total(payout) == pay


def test_margin_and_units_are_the_lines_own() -> None:
    said = lines(("A", 600), ("B", 400), cost=[D(500), D(100)], quantity=[3, 7])
    margin = {"id": "b", "measure": "margin", "where": "product == 'A'", "rate_pct": 10}
    units = {"id": "b", "measure": "quantity", "where": "product == 'B'", "per_unit": 2}
    credit = {"margin_of": "price"}
    assert total(calculated(margin, deal_lines=said, credit=credit)) == 10
    assert total(calculated(units, deal_lines=said)) == 14
    based = {"id": "b", "where": "product == 'B'", "rate_pct": 10}
    assert total(calculated(based, deal_lines=said, credit={"margin_of": "price", "base": "margin"})) == 30


@pytest.mark.parametrize("apply_to", ["credit", "pay"])
def test_the_shares_of_a_deal_hold_for_each_line(apply_to: str) -> None:
    shares = table(*[{"deal_id": "d1", "person_id": w, "share": s} for w, s in (("a", 30), ("b", 70))])
    payout = calculated(
        BY_PRODUCT, splits=shares, credit={"splits": {"apply_to": apply_to}},
        deal=deals("64.50"), deal_lines=lines(("A", "24.50"), ("B", "40")),
    )  # fmt: skip
    assert by(payout, "payee_id") == {"a": D("1.34"), "b": D("3.11")}  # 4.45 in all


def test_a_manager_is_paid_on_the_lines_of_the_team() -> None:
    people = table({"person_id": "rep", "manager_id": "boss"}, {"person_id": "boss", "manager_id": None})
    component = BY_PRODUCT | {"payee": "manager", "measure": "team_credit"}
    assert by(calculated(component, people=people), "payee_id") == {"boss": 80}
    picked = ONLY_A | {"payee": "manager", "measure": "team_credit"}
    assert by(calculated(picked, people=people), "payee_id") == {"boss": 60}


@pytest.mark.parametrize(("happened", "credit", "pay"), [
    # a refund takes each line back in its share
    ([("d1", "refunded", "2026-02-01", 250)], {}, {"commission": 80, "refund": -20}),
    ([("d1", "refunded", "2026-02-01", 1000)], {}, {"commission": 80, "refund": -80}),
    ([("d1", "refunded", "2026-02-01", 100), ("d1", "cancelled", "2026-02-03", None)], {},
     {"commission": 80, "refund": -8, "clawback": -36}),
    ([("d1", "cancelled", "2026-02-03", None)], {}, {"commission": 80, "clawback": -40}),
    # instalments that customers pay
    ([("d1", "collected", "2026-02-01", 250), ("d1", "collected", "2026-03-01", 750)], {"event": "collected"},
     {"commission": 80}),
    ([("d1", "collected", "2026-02-01", 300)], {"event": "collected"}, {"commission": 24}),
])  # fmt: skip
@pytest.mark.parametrize("scope", ["each_transaction", "running_total"])
def test_what_happens_to_a_deal_happens_to_its_lines(
    happened: list[Any], credit: dict[str, Any], pay: dict[str, int], scope: str
) -> None:
    payout = calculated(
        BY_PRODUCT | {"scope": scope}, events=events(*happened), credit=credit, clawback=CLAWBACK
    )
    assert by(payout, "kind") == pay


def test_instalments_add_up_to_the_lines() -> None:
    thirds = [
        ("d1", "collected", f"2026-02-0{n}", amount)
        for n, amount in enumerate(("33.33", "33.33", "33.34"), 1)
    ]
    payout = calculated(
        BY_PRODUCT | {"scope": "running_total"}, amount=100, events=events(*thirds),
        credit={"event": "collected"}, deal_lines=lines(("A", "33.35"), ("B", "66.65")),
    )  # fmt: skip
    assert total(payout) == D("6.67")  # 3.335 + 3.3325


def test_released_pay_follows_the_lines() -> None:
    release = [{"event": "booked", "pct": 50}, {"event": "invoiced", "pct": 50}]
    payout = calculated(BY_PRODUCT, release=release, events=events(("d1", "invoiced", "2026-03-01", 1000)))
    assert by(payout, "kind") == {"commission": 40, "release": 40}


def test_a_foreign_deal_keeps_the_shares_of_its_lines() -> None:
    rates = table(*[
        {"currency": c, "valid_from": date(2026, 1, 1), "valid_to": None, "kind": "plan", "rate": D(r)}
        for c, r in (("USD", 1), ("EUR", "1.1"))
    ])  # fmt: skip
    payout = calculated(
        BY_PRODUCT, deal=deals(1000, currency="EUR"), fx_rates=rates,
        fx={"credit": {"rates": "plan", "at": "credit_date"}},
    )  # fmt: skip
    assert total(payout) == 88


@pytest.mark.parametrize("parts", [(("A", 600), ("B", 300)), (("A", 600), ("B", 401)), (("A", "1000.01"),)])
def test_lines_that_are_not_the_deal_are_told_with_both_sums(parts: tuple[tuple[str, object], ...]) -> None:
    said = lines(*parts)
    payout = calculated(BY_PRODUCT, deal_lines=said)
    problem = next(p for p in payout.problems if p.code == "lines-not-the-deal")
    assert (
        f"The lines of deal d1 sum to {sum(said['amount']):,.2f}, and the deal is 1,000.00" in problem.message
    )
    assert (problem.row, problem.value, problem.amount) == (2, "d1", 1000 - sum(said["amount"]))
    assert total(payout) == 0
    assert payout.withheld["reason"].str.contains("the lines of the deal do not add up").any()
    assert (payout.reconciliation["difference"] == 0).all()


def test_lines_that_no_component_asks_for_change_nothing() -> None:
    payout = calculated({"id": "b", "rate_pct": 10}, deal_lines=lines(("A", 1), ("B", 2)))
    assert total(payout) == 100
    assert payout.problems == []


def test_what_cannot_be_paid_by_line_is_refused() -> None:
    with pytest.raises(SalesopsError, match="an amount a deal is no rate of a line"):
        calculated({"id": "b", "rates": [{"where": "product == 'A'", "amount": 5}]})
    with pytest.raises(SalesopsError, match="'cap_per_deal' caps whole deals"):
        calculated(ONLY_A, credit={"cap_per_deal": 500})
