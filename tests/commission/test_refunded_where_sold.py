"""On a total of several people, or one paid differently deal by deal, a refund takes its own sale back."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from commission_helpers import D, by, deals, events, plan, table, total

from salesops_nb import commission

TIERS = [{"from": 0, "rate_pct": 5}, {"from": 500, "rate_pct": 10}]
TABLE = {"table": {"mode": "marginal", "unit": "amount", "rows": TIERS}}
ODD = [{"from": 0, "rate_pct": D("3.33")}, {"from": D("333.33"), "rate_pct": D("7.77")}]
COMPONENT = {"id": "b", "scope": "running_total"}
TERRITORY = COMPONENT | TABLE | {"position": {"of": "territory"}}
CREDIT = {"credit": {"splits": {"apply_to": "credit"}}}
PAY = {"credit": {"splits": {"apply_to": "pay"}}}
MONTHS = ["2026-01", "2026-02", "2026-03", "2026-04"]


def shares(*rows: tuple[str, str, Any]) -> Any:
    return table(*[{"deal_id": d, "person_id": who, "share": D(str(s))} for d, who, s in rows])


HALVES = shares(("d1", "ann", 50), ("d1", "bob", 50))


def paid(made: Any, given: dict[str, Any], *periods: str) -> dict[Any, Decimal]:
    """By person and deal, over all the periods."""
    found: dict[Any, Decimal] = {}
    for period in periods:
        for key, amount in by(commission.calculate(made, given, period), "payee_id", "deal_id").items():
            found[key] = found.get(key, D(0)) + amount
    return found


# --- a territory, by hand ---


@pytest.mark.parametrize("period", ["month", "quarter"])
def test_a_shared_deal_refunded_in_whole_leaves_nobody_anything(period: str) -> None:
    """500 at 5 % and 500 at 10 % are 75.00, 37.50 each, and so they come back, then or in a later period."""
    given = {"deals": deals(1000, owner="ann", territory="N"), "splits": HALVES}
    given["events"] = events(("d1", "refunded", "2026-02-05", 1000))
    made = plan(TERRITORY, period=period, **CREDIT)
    rows = [row for month in (MONTHS[:2] if period == "month" else ["2026-Q1"])
            for row in commission.calculate(made, given, month).lines.to_dict("records")]  # fmt: skip
    assert {(r["payee_id"], r["kind"]): r["amount"] for r in rows} == {
        ("ann", "commission"): D("37.5"), ("bob", "commission"): D("37.5"),
        ("ann", "refund"): D("-37.5"), ("bob", "refund"): D("-37.5"),
    }  # fmt: skip


def test_a_refund_in_parts_and_a_later_sale_which_stands_lower() -> None:
    """docs/plans.md: 400 back are 20.00 of each; 300 stand on 600 and pay 30.00; 600 back are the rest."""
    given = {
        "deals": deals(1000, 300, owner="ann", territory="N", start=date(2026, 1, 5)),
        "splits": HALVES,
        "events": events(("d1", "refunded", "2026-02-01", 400), ("d2", "booked", "2026-02-10", 300),
                         ("d1", "refunded", "2026-03-01", 600), ("d1", "booked", "2026-01-05", 1000)),
    }  # fmt: skip
    payout = commission.calculate(plan(TERRITORY, **CREDIT), given, "2026-Q1")
    lines = payout.lines.sort_values(["happened_on", "payee_id"])
    found = list(zip(lines["payee_id"], lines["amount"], lines["before"], strict=True))
    assert found == [
        ("ann", D("37.5"), 0), ("bob", D("37.5"), 0), ("ann", -20, 1000), ("bob", -20, 1000),
        ("ann", 30, 600),
        ("ann", D("-17.5"), 600), ("bob", D("-17.5"), 600),
    ]  # fmt: skip
    said = [commission.explain(payout, line_id) for line_id in lines["line_id"]]
    assert (
        "1,000 of credit, 500 at 5 % and 500 at 10 % because you passed 500, shared at 50 %: 37.50" in said[0]
    )
    assert "-400 of credit at 10 %, shared at 50 %: -20.00" in said[3]
    assert lines["credit"].tolist() == [500, 500, -200, -200, 300, -300, -300]


def test_the_parts_of_a_deal_in_a_territory_add_up_to_the_cent_whatever_the_names() -> None:
    """100.01 at 5 % are 5.0005: 1.67, 1.67 and the rest for the last; whoever is not on the plan has none."""
    parts = [("ann", "33.3333"), ("bob", "33.3333"), ("cat", "33.3334")]
    given = {"deals": deals("100.01", owner="ann", territory="N"),
             "splits": shares(*(("d1", who, share) for who, share in parts))}  # fmt: skip
    assert paid(plan(TERRITORY, **CREDIT), given, "2026-Q1") == {
        ("ann", "d1"): D("1.67"), ("bob", "d1"): D("1.67"), ("cat", "d1"): D("1.66"),
    }  # fmt: skip
    given["plan_assignments"] = table(*[
        {"person_id": who, "plan_id": "p", "valid_from": date(2026, 1, 1), "valid_to": None}
        for who in ("ann", "bob")
    ])  # fmt: skip
    given["deals"] = deals(1200, owner="ann", territory="N")  # two thirds of it are 800, which pay 55.00
    assert paid(plan(TERRITORY, **CREDIT), given, "2026-Q1") == {
        ("ann", "d1"): D("27.5"), ("bob", "d1"): D("27.5"),
    }  # fmt: skip


def test_a_refund_takes_the_latest_sale_back_first_and_each_of_its_bands_from_the_top() -> None:
    """Sales of 400 (5 %) and, on 700, of 600 (10 %); between them bob's 300: 100 at 5 %, 200 at 10 %."""
    given = {"deals": deals(1000, 300, owner_id=["ann", "bob"], territory="N", outcome="open")}
    sold = [("d1", "booked", "2026-01-05", 400), ("d2", "booked", "2026-01-06", 300),
            ("d1", "booked", "2026-01-07", 600)]  # fmt: skip
    back = [("d1", "refunded", "2026-02-01", 700), ("d2", "refunded", "2026-02-02", 250),
            ("d1", "refunded", "2026-02-03", 300), ("d2", "refunded", "2026-02-04", 50)]  # fmt: skip
    payout = commission.calculate(plan(TERRITORY), given | {"events": events(*sold, *back)}, "2026-Q1")
    refunds = payout.lines[payout.lines["kind"] == "refund"].sort_values(["happened_on", "credit"])
    assert refunds["amount"].tolist() == [-60, -5, D("-22.5"), -15, D("-2.5")]  # 600, 100; 200 and 50; ...
    assert total(payout) == 0


def test_over_a_new_version_and_a_successor_the_first_still_gives_back_his_own() -> None:
    """Old's 800 (55.00) come back after new has the territory and version 2 pays twice as much."""
    twice = [row | {"rate_pct": 2 * row["rate_pct"]} for row in TIERS]  # type: ignore[operator]
    first = plan(TERRITORY, head={"to": date(2026, 2, 14)})
    second = plan(TERRITORY | {"table": TABLE["table"] | {"rows": twice}},
                  head={"version": 2, "from": date(2026, 2, 15)})  # fmt: skip
    sold = deals(800, 700, owner_id=["old", "new"], territory="N").assign(
        closed_on=[date(2026, 1, 5), date(2026, 2, 20)])  # fmt: skip
    stays = table(
        {"person_id": "old", "plan_id": "p", "valid_from": date(2026, 1, 1), "valid_to": date(2026, 2, 1)},
        {"person_id": "new", "plan_id": "p", "valid_from": date(2026, 2, 1), "valid_to": None})  # fmt: skip
    given = {"deals": sold, "plan_assignments": stays}
    for day, quarters in (("2026-03-01", ["2026-Q1"]), ("2026-05-01", ["2026-Q1", "2026-Q2"])):
        given["events"] = events(("d1", "refunded", day, 300), ("d1", "refunded", day, 500))
        assert paid([first, second], given, *quarters) == {("old", "d1"): 0, ("new", "d2"): 140}
    given["events"] = events(("d1", "refunded", "2026-02-16", 800))  # before new sells: who stands on nothing
    assert paid([first, second], given, "2026-Q1") == {("old", "d1"): 0, ("new", "d2"): 90}


def test_a_cap_is_of_all_that_is_left_and_everything_refunded_is_nothing() -> None:
    """Worth 25 and 50 of d1 and d2, capped at 60: the 15 over it come back first."""
    capped = TERRITORY | {"limits": {"cap": 60, "per": "period", "excess": "forfeit"}}
    given = {"deals": deals(500, 500, owner="ann", territory="N")}
    for back, left in ((["d1"], 50), (["d2"], 25), (["d1", "d2"], 0)):
        given["events"] = events(*[(d, "refunded", "2026-02-05", 500) for d in back])
        assert total(commission.calculate(plan(capped), given, "2026-Q1")) == left


# --- the whole kind: whatever the total is of, whole refunds leave 0.00 of each deal to each person ---

TWICE = {"multipliers": {"combine": "multiply", "rows": [{"where": "product_id == 'A'", "x": D("2.155")}]}}
QUOTA = {"quota": {"amount": 1000, "attained_by": "collected", "if_zero": "attainment_0"}}
ODD_TABLE = {"mode": "marginal", "unit": "amount", "rows": ODD}
OF_QUOTA = [{"from": 0, "rate_pct": D("3.33")}, {"from": D("33.3"), "rate_pct": D("7.77")}]
KINDS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "a territory": ({"position": {"of": "territory"}}, CREDIT),
    "a territory, pay split": ({"position": {"of": "territory"}}, PAY),
    "a territory, times a multiplier": ({"position": {"of": "territory"}} | TWICE, CREDIT),
    "a territory, rounded up": ({"position": {"of": "territory"}}, CREDIT | {"rounding": {"mode": "up"}}),
    "a territory, a cap a deal": (
        {"position": {"of": "territory"}, "limits": {"cap": 20, "per": "deal"}}, CREDIT),
    "a territory by units": ({"position": {"of": "territory", "measure": "quantity"}}, CREDIT),
    "units": ({"position": {"measure": "quantity"}}, CREDIT),
    "units, pay split": ({"position": {"measure": "quantity"}}, PAY),
    "a multiplier of the deal": (TWICE, CREDIT),
    "shares of pay": ({}, PAY),
    "shares of pay, times a multiplier": (TWICE, PAY),
    "an event of another kind": ({}, CREDIT | QUOTA),
    "nothing but their own": ({}, CREDIT),
}  # fmt: skip
OWN_TOTAL = ("units", "nothing but their own")  # a function of the total alone: nothing of all deals together


def component_of(kind: str) -> tuple[dict[str, Any], dict[str, Any]]:
    more, parts = KINDS[kind]
    priced = ODD_TABLE
    if "units" in kind:
        rows = [{"from": 0, "rate_pct": D("3.33")}, {"from": 3, "rate_pct": D("7.77")}]
        priced = {"mode": "whole", "unit": "amount", "rows": rows}
    elif "quota" in parts:
        priced = ODD_TABLE | {"unit": "pct_of_quota", "rows": OF_QUOTA}
    return COMPONENT | {"table": priced} | more, parts


def facts(back: list[tuple[Any, ...]]) -> dict[str, Any]:
    """Three deals of two territories and products: one shared, one sold in two parts, one with overlay."""
    sold = [("d1", "booked", "2026-01-05", "600.05"), ("d2", "booked", "2026-01-09", "200.01"),
            ("d2", "booked", "2026-02-03", "333.37"), ("d3", "booked", "2026-01-20", "455.55")]  # fmt: skip
    sold += [(d, "collected", day, amount) for d, _, day, amount in sold]
    spec = {"deal_id": "d3", "person_id": "spec", "share": D(100), "type": "overlay"}
    split = shares(("d1", "ann", "33.33"), ("d1", "bob", "66.67"), ("d2", "bob", 20), ("d2", "ann", 80))
    split = split.assign(type="revenue").to_dict("records")
    return {
        "deals": deals("600.05", "533.38", "455.55", owner="ann", outcome="open", product_id=["A", "B", "A"],
                       territory="N", quantity=[3, 2, 4], cost=[D(1), D(2), D(3)]),
        "splits": table(*split, spec),
        "events": events(*sold, *back),
        "people": table(*[{"person_id": p, "manager_id": m} for p, m in
                          (("ann", "boss"), ("bob", "boss"), ("spec", "boss"), ("boss", None))]),
    }  # fmt: skip


BACK: dict[str, list[tuple[Any, ...]]] = {
    "at once": [("d1", "refunded", "2026-03-01", "600.05"), ("d2", "refunded", "2026-03-02", "533.38"),
                ("d3", "refunded", "2026-03-03", "455.55")],
    "in thirds of odd cents, between each other": [
        ("d1", "refunded", "2026-01-25", "200.01"), ("d3", "refunded", "2026-02-01", "0.01"),
        ("d2", "refunded", "2026-02-05", "400.03"), ("d1", "refunded", "2026-02-06", "399.99"),
        ("d3", "refunded", "2026-04-02", "455.54"), ("d2", "refunded", "2026-04-03", "133.35"),
        ("d1", "refunded", "2026-04-04", "0.05")],
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("back", BACK)
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_refunded_was_paid_for_nothing_and_part_takes_no_more(kind: str, back: str) -> None:
    component, parts = component_of(kind)
    made = plan(component, **parts)
    refunds = BACK[back]
    for count in (2, 4, 5, 7) if len(refunds) > 3 else (1, 3):
        found = paid(made, facts(refunds[:count]), "2026-Q1", "2026-Q2")
        assert count == len(refunds) or sum(found.values()) > 0
        if kind in OWN_TOTAL:
            of_person: dict[str, Decimal] = {}
            for (who, _), amount in found.items():
                of_person[who] = of_person.get(who, D(0)) + amount
            found = of_person  # type: ignore[assignment]
        assert min(found.values()) >= 0, (count, found)
    assert not any(found.values()), found


@pytest.mark.parametrize("multiplier", [{}, TWICE])
def test_the_total_of_a_team_gives_back_what_it_was_paid(multiplier: dict[str, Any]) -> None:
    component = COMPONENT | {"measure": "team_credit", "payee": "manager", "table": ODD_TABLE} | multiplier
    for refunds in BACK.values():
        found = paid(plan(component, **CREDIT), facts(refunds), "2026-Q1", "2026-Q2")
        assert not (any(found.values()) if multiplier else sum(found.values())), found


def test_a_multiplied_deal_gives_back_what_it_was_paid() -> None:
    """docs/plans.md: 800 at 5 %, twice, are 80.00, and as much comes back, not 130.00 from the top."""
    tiers = [{"from": 0, "rate_pct": 5}, {"from": 1000, "rate_pct": 10}]
    twice = {"combine": "multiply", "rows": [{"where": "product_id == 'A'", "x": 2}]}
    component = COMPONENT | {"table": TABLE["table"] | {"rows": tiers}, "multipliers": twice}
    given = {"deals": deals(800, 700, product_id=["A", "B"])}
    given["events"] = events(("d1", "refunded", "2026-02-05", 800))
    assert by(commission.calculate(plan(component), given, "2026-Q1"), "deal_id", "kind") == {
        ("d1", "commission"): 80, ("d2", "commission"): 60, ("d1", "refund"): -80,
    }  # fmt: skip


def test_split_pay_stands_where_the_deal_does() -> None:
    """1,000 pay 75.00 whoever has it, so that halves are 37.50 each, and 500 back are 25.00 of each."""
    given = {"deals": deals(1000, owner="ann", territory="N"), "splits": HALVES}
    given["events"] = events(("d1", "refunded", "2026-02-05", 500))
    payout = commission.calculate(plan(TERRITORY, **PAY), given, "2026-Q1")
    assert by(payout, "payee_id", "kind") == {
        ("ann", "commission"): D("37.5"), ("bob", "commission"): D("37.5"),
        ("ann", "refund"): -25, ("bob", "refund"): -25,
    }  # fmt: skip
