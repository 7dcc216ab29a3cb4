"""A place in the table by one measure or by a territory, and pay on another; a successor goes on."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from commission_helpers import D, by, deals, events, plan, table, total

from salesops_nb import commission
from salesops_nb.errors import SalesopsError

Q1 = "2026-Q1"
QUOTA = {"amount": 1000, "attained_by": "booked", "if_zero": "attainment_0"}
BY_UNITS = {
    "id": "b", "scope": "running_total", "measure": "margin", "position": {"measure": "quantity"},
    "table": {"mode": "whole", "unit": "amount",
              "rows": [{"from": 0, "rate_pct": 10}, {"from": 10, "rate_pct": 20}]},
}  # fmt: skip
OF_TERRITORY = {
    "id": "b", "scope": "running_total", "position": {"of": "territory"},
    "table": {"mode": "marginal", "unit": "amount",
              "rows": [{"from": 0, "rate_pct": 5}, {"from": 1000, "rate_pct": 10}]},
}  # fmt: skip
PRICE = {"credit": {"margin_of": "price"}}


def stays(*rows: tuple[str, str, str | None]) -> Any:
    return table(*[
        {"person_id": who, "plan_id": "p", "valid_from": date.fromisoformat(since),
         "valid_to": None if until is None else date.fromisoformat(until)}
        for who, since, until in rows
    ])  # fmt: skip


def two_reps(*amounts: int, **columns: Any) -> Any:
    """The first half of January is old's, then new succeeds in the territory."""
    owners = ["old" if n == 0 else "new" for n in range(len(amounts))]
    made = deals(*amounts, owner="x", **({"territory": "North"} | columns))
    return made.assign(
        owner_id=owners, closed_on=[date(2026, 1, 5) + timedelta(20 * n) for n in range(len(amounts))]
    )


@pytest.mark.parametrize(("units", "pay"), [([4, 5], 50), ([4, 6], 100), ([4, 50], 100), ([10, 0], 100)])
def test_the_rate_is_by_units_and_the_pay_of_margin(units: list[int], pay: int) -> None:
    """Margins of 200 and 300: 10 % below ten units, 20 % of all from ten on."""
    sold = deals(1000, 1000, cost=[D(800), D(700)], quantity=units)
    payout = commission.calculate(plan(BY_UNITS, **PRICE), {"deals": sold}, Q1)
    assert total(payout) == pay
    place = payout.attained[0]
    assert (place.measure, place.credit) == ("quantity", sum(units))
    assert place.next_at == (None if sum(units) >= 10 else 10)


def test_a_refund_of_units_falls_back_a_band() -> None:
    sold = deals(1000, 1000, cost=[D(800), D(700)], quantity=[4, 6])
    happened = events(("d2", "refunded", "2026-03-01", 500))
    payout = commission.calculate(plan(BY_UNITS, **PRICE), {"deals": sold, "events": happened}, Q1)
    assert total(payout) == 35  # seven units are left, and a margin of 350
    assert by(payout, "kind") == {"commission": 100, "refund": -65}


def test_attainment_by_units_pays_on_amounts() -> None:
    component = BY_UNITS | {"measure": "credit"}
    rows = [{"from": 0, "rate_pct": 10}, {"from": 100, "rate_pct": 20}]
    component = component | {"table": {"mode": "whole", "unit": "pct_of_quota", "rows": rows}}
    made = plan(component, quota=QUOTA | {"amount": 10})
    for units, pay in ((9, 100), (10, 200)):
        assert total(commission.calculate(made, {"deals": deals(1000, quantity=units)}, Q1)) == pay


def test_a_successor_continues_the_tiers_of_the_territory() -> None:
    """800 by the one and 700 by the next: 200 of them below 1,000 at 5 %, 500 above at 10 %."""
    given = {"deals": two_reps(800, 700), "plan_assignments": stays(
        ("old", "2026-01-01", "2026-01-16"), ("new", "2026-01-16", None))}  # fmt: skip
    payout = commission.calculate(plan(OF_TERRITORY), given, Q1)
    assert by(payout, "payee_id") == {"old": 40, "new": 60}
    mine = next(line for line in payout.lines["line_id"] if "/new/" in line)
    assert "200 at 5 % and 500 at 10 % because you passed 1,000" in commission.explain(payout, mine)
    alone = {k: v for k, v in OF_TERRITORY.items() if k != "position"}
    assert by(commission.calculate(plan(alone), given, Q1), "payee_id") == {"old": 40, "new": 35}


@pytest.mark.parametrize("where", ["deals", "accounts", "people"])
def test_the_territory_is_of_the_deal_its_account_or_the_person(where: str) -> None:
    given: dict[str, Any] = {"deals": two_reps(800, 700)}
    if where != "deals":
        given["deals"] = given["deals"].drop(columns="territory").assign(account_id="a")
    if where == "accounts":
        given["accounts"] = table({"account_id": "a", "territory": "North"})
    if where == "people":
        given["people"] = table(*[{"person_id": who, "territory": "North"} for who in ("old", "new")])
    assert by(commission.calculate(plan(OF_TERRITORY), given, Q1), "payee_id") == {"old": 40, "new": 60}


def test_other_territories_and_deals_without_one_stand_apart() -> None:
    apart = two_reps(800, 700, territory=["North", "South"])
    assert by(commission.calculate(plan(OF_TERRITORY), {"deals": apart}, Q1), "payee_id") == {
        "old": 40,
        "new": 35,
    }
    none = two_reps(800, 700, 700, territory=[None, None, None])
    assert by(commission.calculate(plan(OF_TERRITORY), {"deals": none}, Q1), "payee_id") == {
        "old": 40,
        "new": 90,
    }


def test_a_refund_of_the_predecessors_deal_takes_back_what_the_predecessor_was_paid() -> None:
    given = {"deals": two_reps(800, 700), "events": events(("d1", "refunded", "2026-03-01", 800))}
    payout = commission.calculate(plan(OF_TERRITORY), given, Q1)
    assert by(payout, "payee_id", "kind") == {
        ("old", "commission"): 40, ("old", "refund"): -40, ("new", "commission"): 60,
    }  # fmt: skip


@pytest.mark.parametrize("apply_to", ["credit", "pay"])
def test_a_shared_deal_moves_the_territory_once(apply_to: str) -> None:
    shares = table(*[{"deal_id": "d1", "person_id": w, "share": 50} for w in ("old", "new")])
    given = {"deals": deals(1000, 500, owner="new", territory="North"), "splits": shares}
    payout = commission.calculate(plan(OF_TERRITORY, credit={"splits": {"apply_to": apply_to}}), given, Q1)
    second = payout.lines[payout.lines["deal_id"] == "d2"]["amount"].tolist()
    assert second == [50]  # all of it above 1,000
    if apply_to == "credit":
        assert by(payout, "deal_id")["d1"] == 50


def test_overlay_stands_on_the_territory_and_does_not_move_it() -> None:
    beside = table({"deal_id": "d1", "person_id": "spec", "share": 100, "type": "overlay"})
    given = {"deals": two_reps(800, 700), "splits": beside}
    payout = commission.calculate(plan(OF_TERRITORY, credit={"splits": {"apply_to": "credit"}}), given, Q1)
    assert by(payout, "payee_id") == {"old": 40, "new": 60, "spec": 40}


def test_a_cap_is_of_each_person_and_pay_is_clawed_back_as_it_was_paid() -> None:
    capped = OF_TERRITORY | {"limits": {"cap": 45, "per": "period", "excess": "forfeit"}}
    assert by(commission.calculate(plan(capped), {"deals": two_reps(800, 700)}, Q1), "payee_id") == {
        "old": 40, "new": 45,
    }  # fmt: skip
    clawback = {"when": "cancelled", "method": "full", "unpaid": "cancel"}
    given = {"deals": two_reps(800, 700), "events": events(("d2", "cancelled", "2026-03-01", None))}
    payout = commission.calculate(plan(OF_TERRITORY, clawback=clawback), given, Q1)
    assert by(payout, "payee_id", "kind") == {
        ("old", "commission"): 40, ("new", "commission"): 60, ("new", "clawback"): -60,
    }  # fmt: skip


def test_without_any_territory_the_plan_cannot_be_paid() -> None:
    with pytest.raises(SalesopsError, match="has the position of a territory, and no table says one"):
        commission.calculate(plan(OF_TERRITORY), {"deals": deals(1000)}, Q1)


@pytest.mark.parametrize(("change", "says"), [
    ({"scope": "each_transaction"}, "a person's own running total in a table"),
    ({"position": {"measure": "quantity"}}, "it needs the mode whole"),
    ({"position": {}}, "says another 'measure', or 'of: territory'"),
    ({"gate": {"amount": 5, "then": "first_dollar"}}, "does not go with a 'position'"),
    ({"measure": "team_credit", "payee": "manager"}, "a person's own running total"),
])  # fmt: skip
def test_a_position_that_cannot_be_is_refused(change: dict[str, Any], says: str) -> None:
    with pytest.raises(SalesopsError, match=says):
        plan(OF_TERRITORY | change)


def test_a_refund_takes_units_of_the_position_with_the_amount() -> None:
    """12 units at 20 % of 1,200; half refunded leaves 6 units, at 10 %: 600 pay 60, so 180 come back."""
    made = plan({k: v for k, v in BY_UNITS.items() if k != "measure"})
    happened = events(("d1", "refunded", "2026-02-10", 600))
    payout = commission.calculate(made, {"deals": deals(1200, quantity=12), "events": happened}, Q1)
    assert list(payout.lines["amount"]) == [240, -180]


def test_a_position_is_of_the_event_that_attains_the_quota() -> None:
    rows = [{"from": 0, "rate_pct": 5}, {"from": 100, "rate_pct": 10}]
    component = OF_TERRITORY | {"table": {"mode": "marginal", "unit": "pct_of_quota", "rows": rows}}
    with pytest.raises(SalesopsError, match="must be 'attained_by' that too"):
        plan(component, quota=QUOTA | {"attained_by": "collected"})
    assert plan(component, quota=QUOTA).label


def test_the_summary_says_whose_place_it_is() -> None:
    assert "the place in the table is by credit of the territory" in plan(OF_TERRITORY).summary()
    assert "the place in the table is by quantity of the person" in plan(BY_UNITS, **PRICE).summary()
