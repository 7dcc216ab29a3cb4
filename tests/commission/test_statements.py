"""Statements, the path from quota to pay, who is near a tier, unusual lines, and a designer's changes."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pandas as pd
import pytest
from commission_helpers import deals, events, plan, table

from salesops_nb import commission
from salesops_nb.commission.design.plan_variants import moved
from salesops_nb.commission.design.what_if import Study
from salesops_nb.commission.result.attainment import near
from salesops_nb.commission.statements.statement import Books, statements_of
from salesops_nb.commission.statements.unusual_lines import scores, unusual
from salesops_nb.core.periods import FiscalCalendar
from salesops_nb.errors import SalesopsError

TIERS = {"mode": "marginal", "unit": "pct_of_quota",
         "rows": [{"from": 0, "rate_pct": 5}, {"from": 100, "rate_pct": 10}]}  # fmt: skip
BASE = {"id": "base", "name": "Base", "measure": "credit", "scope": "running_total", "table": TIERS}
QUOTA = {"amount": 10000, "attained_by": "booked"}
SPLITS = {"event": "booked", "splits": {"apply_to": "credit"}}
OVERRIDE = {"id": "over", "name": "Team", "payee": "manager", "measure": "team_credit", "rate_pct": 2,
            "threshold": 3000, "then": "excess"}  # fmt: skip


def team():
    """Ann and Bob sell for Max, who is paid 2 % of what the team books above 3,000."""
    sold = deals(8000, 3000, 6000, owner="ann").assign(owner_id=["ann", "ann", "bob"])
    people = table(
        *(
            {"person_id": who, "name": who.title(), "role": "rep", "manager_id": "max"}
            for who in ("ann", "bob")
        ),
        {"person_id": "max", "name": "Max", "role": "manager", "manager_id": None},
    )
    assigned = table(
        *({"person_id": who, "plan_id": "p", "valid_from": None, "valid_to": None} for who in ("ann", "bob")),
        {"person_id": "max", "plan_id": "m", "valid_from": None, "valid_to": None},
    )
    splits = table(
        {"deal_id": "d3", "person_id": "bob", "share": Decimal(75), "type": "revenue"},
        {"deal_id": "d3", "person_id": "ann", "share": Decimal(25), "type": "revenue"},
    )
    return {"deals": sold, "people": people, "plan_assignments": assigned, "splits": splits}


@pytest.fixture(scope="module")
def made():
    sellers = plan(BASE, quota=QUOTA, credit=SPLITS)
    managers = plan(OVERRIDE, head={"id": "m"}, credit=SPLITS)
    tables = team()
    payout = commission.calculate([sellers, managers], tables, "2026-Q1")
    return payout, statements_of(payout, Books()), sellers, tables


def test_every_statement_is_the_sum_of_its_lines_and_of_its_path(made):
    payout, found, _, _ = made
    for one in found.values():
        total = sum((line.amount for line in one.lines), Decimal(0))
        assert total == one.totals["USD"] == one.opening.amount + sum(step.amount for step in one.steps)
    assert sum(one.totals["USD"] for one in found.values()) == sum(payout.lines["amount"])


def test_the_path_goes_from_the_pay_at_quota_along_the_tiers(made):
    ann, bob = made[1]["ann"], made[1]["bob"]
    assert (str(ann.opening.name), ann.opening.amount) == ("Pay at quota", Decimal(500))
    assert [(str(s.name), s.amount) for s in ann.steps] == [("100 to 125 % of quota", Decimal(250))]
    assert [(str(s.name), s.amount) for s in bob.steps] == [("Short of quota (45 %)", Decimal(-275))]


def test_a_shared_deal_shows_the_own_share_only(made):
    line = next(line for line in made[1]["ann"].lines if line.deal_id == "d3")
    assert (line.share, line.credit) == (Decimal("0.25"), Decimal(1500))
    assert str(line.words) == "deal d3: 1,500 of credit at 10 %: 150.00"


def test_an_override_shows_the_team_total_and_no_deal_of_others(made):
    one = made[1]["max"]
    (line,) = one.lines
    assert (line.deal_id, line.account, line.credit, line.amount) == (
        None,
        None,
        Decimal(17000),
        Decimal(280),
    )
    assert "17,000 of your team's credit at 2 %, of what lies above 3,000" in str(line.words)
    said = repr(one)
    assert not [word for word in ("ann", "bob", "Ann", "Bob", "d1", "d2", "d3") if f"'{word}'" in said]


def test_an_adjustment_says_its_reason_and_what_it_corrects(made):
    payout = made[0]
    base = dict.fromkeys(
        ("plan_id", "component_id", "deal_id", "event_id", "credit", "happened_on", "calculated_kind")
    )
    hand = base | {
        "line_id": "manual~1", "payee_id": "ann", "kind": "adjustment", "amount": Decimal("-20.00"),
        "currency": "USD", "source_line_id": "p.1/base/ann/x", "reason": "paid twice", "dispute": "open",
    }  # fmt: skip
    one = statements_of(payout, Books(lines=[hand], statuses={"ann": "approved"}))["ann"]
    assert not one.draft
    assert one.totals == {"USD": Decimal("-20.00")}
    assert str(one.lines[0].words) == "adjustment by hand of line p.1/base/ann/x: paid twice: -20.00"
    assert one.lines[0].dispute == "open"


def test_who_is_near_the_next_tier(made):
    rows = {(row.payee_id, row.component_id): row for row in made[0].attained}
    bob = rows["bob", "base"]
    assert (bob.next_at, bob.next_kind, bob.missing, bob.next_rate) == (10000, "tier", 5500, Decimal("0.1"))
    assert (bob.attainment, rows["ann", "base"].next_at) == (Decimal("0.45"), None)
    assert near(rows.values()) == []
    assert [row.payee_id for row in near(rows.values(), Decimal("0.6"))] == ["bob"]


def test_modified_scores_are_those_of_the_handbook():
    """Iglewicz and Hoaglin: 0.6745 (x − median) ÷ MAD; one huge value does not hide itself."""
    assert scores([1, 2, 3, 4, 100]) == pytest.approx([-1.349, -0.6745, 0, 0.6745, 65.4265])
    assert scores([5.0, 5.0, 5.0, 5.0]) == [0, 0, 0, 0]


def test_a_line_far_from_its_like_and_one_rare_by_kind_are_unusual():
    def line(number, amount, kind="commission"):
        return {"line_id": f"l{number:02d}", "plan_id": "p", "component_id": "base", "kind": kind,
                "currency": "USD", "amount": Decimal(amount)}  # fmt: skip

    rows = [line(n, 90 + 5 * n) for n in range(10)] + [line(10, 90000), line(11, -5, "clawback")]
    found = [each for each in unusual(rows) if each.flagged]
    assert [each.line["line_id"] for each in found] == ["l11", "l10"]
    assert "times the median of the component's 11 lines" in str(found[1].why)
    assert not [each for each in unusual(rows[:5]) if each.flagged]  # too few to say what is usual


@pytest.mark.parametrize(
    ("rate", "tier", "quota"), [(10, 0, 1), (0, 20, 1), (0, 0, Decimal("0.5")), (-50, -10, Decimal("1.2"))]
)
def test_a_change_is_paid_as_if_it_had_been_the_plan(made, rate, tier, quota):
    payout, _, sellers, tables = made
    changes = moved(sellers, Decimal(rate), Decimal(tier))
    found = Study(sellers, tables, payout.period, payout).what_if(changes, quota)
    whole = sellers.changed(**changes, quota={"amount": 10000 * Decimal(quota), "attained_by": "booked"})
    others = [p for p in payout.plans if p is not sellers]
    lines = commission.calculate([whole, *others], tables, "2026-Q1").lines
    paid = lines[lines["plan_id"] == "p"].groupby("payee_id")["amount"].sum()
    now = payout.lines[payout.lines["plan_id"] == "p"]["amount"].sum()
    assert dict(zip(found.people["payee_id"], found.people["then"], strict=True)) == dict(paid)
    assert (found.cost, found.cost_today) == (sum(paid), now)


def test_quotas_of_the_targets_move_too():
    targets = pd.DataFrame(
        {
            "level": ["rep"],
            "who": ["rep"],
            "metric": ["quota"],
            "period": ["2026-Q1"],
            "value": [Decimal(8000)],
        }
    )
    tables = {"deals": deals(8000), "targets": targets}
    one = plan(BASE, quota=QUOTA, credit={"event": "booked"})
    study = Study(one, tables, FiscalCalendar().period("2026-Q1"))
    assert study.what_if({}).cost == Decimal(400)
    assert study.what_if({}, Decimal("0.5")).cost == Decimal(600)


def test_only_the_named_component_moves(made):
    changes = moved(made[2], Decimal(100), component="base")
    assert [row["rate_pct"] for row in changes["components"][0]["table"]["rows"]] == [10, 20]
    with pytest.raises(SalesopsError, match="no component 'x'"):
        moved(made[2], Decimal(1), component="x")


def test_an_adjustment_of_the_tables_names_nobody_else_on_the_statement(made):
    payout, _, _, tables = made
    entered = table(
        {"adjustment_id": "a1", "payee_id": "ann", "amount": Decimal("-20.00"), "currency": "USD",
         "happened_on": date(2026, 2, 1), "reason": "paid twice", "author": "Zelda", "approver": "Quentin"}
    )  # fmt: skip
    people = pd.concat([tables["people"], table({"person_id": "Zelda"}, {"person_id": "Quentin"})])
    given = {**tables, "people": people, "adjustments": entered}
    payout = commission.calculate(list(payout.plans), given, "2026-Q1")
    ann = statements_of(payout, Books())["ann"]
    line = next(line for line in ann.lines if line.kind == "adjustment")
    assert (str(line.words), line.amount) == ("adjustment by hand: paid twice: -20.00", Decimal("-20.00"))
    assert not [name for name in ("Zelda", "Quentin") if name in repr(ann)]


def test_balances_say_what_waits_and_what_may_come_back():
    one = plan(
        {"id": "base", "measure": "credit", "rate_pct": 10},
        credit={"event": "booked"},
        release=[{"event": "booked", "pct": 60}, {"event": "collected", "pct": 40}],
        clawback={
            "when": "cancelled_within_12_months",
            "method": "full",
            "of": "paid_only",
            "unpaid": "cancel",
        },
    )
    booked = (("d1", "booked", "2026-01-05", 1000), ("d2", "booked", "2026-01-06", 500))
    tables = {"deals": deals(1000, 500), "events": events(*booked)}
    found = statements_of(commission.calculate(one, tables, "2026-Q1"), Books())["rep"]
    assert sum(zero.waits for zero in found.zeros) == Decimal(60)
    assert {kind: amount for kind, _, amount in found.balances} == {"holdback": 60, "clawback": 90}
    tables["events"] = events(*booked, ("d2", "cancelled", "2026-02-01", None))
    found = statements_of(commission.calculate(one, tables, "2026-Q1"), Books())["rep"]
    assert ("clawback", "p", Decimal(60)) in found.balances  # d2 is gone: nothing more can come back of it


def bounds(one):
    """What comes next for a person: component, what is missing, what it pays."""
    return [(each.place.component, each.place.missing, each.pays) for each in one.coming]


def test_what_the_next_tier_would_pay(made):
    assert bounds(made[1]["bob"]) == [("Base", 5500, 275)]  # 5 % of what lacks to the quota
    assert bounds(made[1]["ann"]) == []  # above the last tier
    assert bounds(made[1]["max"]) == []  # the threshold is passed


PCT_WHOLE = {**TIERS, "mode": "whole", "rows": [{"from": 0, "rate_pct": 5}, {"from": 50, "rate_pct": 6}]}


@pytest.mark.parametrize(
    ("component", "amount", "wanted"),
    [
        # all of it at the higher rate: 6 % of 5,000 less 5 % of 4,000
        ({"scope": "running_total", "table": PCT_WHOLE}, 4000, (1000, 100)),
        ({"rate_pct": 5, "gate": {"attainment_pct": 60, "then": "first_dollar"}}, 4000, (2000, 300)),
        ({"rate_pct": 5, "gate": {"attainment_pct": 60, "then": "excess"}}, 4000, (2000, 0)),
        # at the level itself a gate that must be passed pays nothing yet
        (
            {"rate_pct": 5, "gate": {"attainment_pct": 60, "then": "first_dollar", "inclusive": False}},
            4000,
            (2000, None),
        ),
        # by deals: what the next deal is paid at hangs on the deal
        (
            {
                "scope": "running_total", "table": TIERS,
                "multipliers": {"combine": "multiply", "rows": [{"where": "amount > 5", "x": 2}]},
            },
            4000,
            (6000, None),
        ),
        # the person's own target incentive, ten per cent of a quota of 10,000
        (
            {
                "scope": "running_total", "rate_pct": "derived",
                "table": {**TIERS, "rows": [{"from": 0, "x": 1}, {"from": 100, "x": 2}]},
            },
            4000,
            (6000, 600),
        ),
    ],
)  # fmt: skip
def test_what_comes_next_is_paid_by_the_plan(component, amount, wanted):
    assigned = table({"person_id": "ann", "plan_id": "p", "valid_from": None, "target_incentive": 4000})
    sold = {"deals": deals(amount, owner="ann"), "plan_assignments": assigned}
    rules = plan({"id": "base", "measure": "credit", **component}, quota=QUOTA)
    one = statements_of(commission.calculate(rules, sold, "2026-Q1"), Books())["ann"]
    assert bounds(one) == [("base", *wanted)]
    if wanted[1] is not None:  # the calculation pays as much for a deal that closes the gap
        then = sold | {"deals": deals(amount, wanted[0], owner="ann")}
        more = statements_of(commission.calculate(rules, then, "2026-Q1"), Books())["ann"]
        assert more.totals.get("USD", 0) - one.totals.get("USD", 0) == wanted[1]


def test_a_manager_sees_where_the_team_stands_and_nobodys_name_or_pay(made):
    team = made[1]["max"].team
    assert (team.people, team.reached, team.credit, team.quota) == (2, 1, 17000, 20000)
    assert team.attainment == Decimal("0.85")
    assert made[1]["ann"].team is None
    pay = {str(amount) for who in ("ann", "bob") for amount in made[1][who].totals.values()}
    assert not [word for word in {"ann", "bob", *pay} if f"'{word}'" in repr(made[1]["max"])]


def test_a_team_is_that_of_the_periods_last_day_and_of_the_plans_levels():
    tables = team()
    tables["people"] = table(
        {
            "person_id": "ann",
            "manager_id": "max",
            "valid_from": date(2020, 1, 1),
            "valid_to": date(2026, 2, 1),
        },
        {"person_id": "ann", "manager_id": "zoe", "valid_from": date(2026, 2, 1), "valid_to": None},
        {"person_id": "bob", "manager_id": "max", "valid_from": date(2020, 1, 1), "valid_to": None},
        {"person_id": "max", "manager_id": "top", "valid_from": date(2020, 1, 1), "valid_to": None},
    )
    tables["plan_assignments"] = pd.concat(
        [tables["plan_assignments"], table({"person_id": "top", "plan_id": "t", "valid_from": None})]
    )
    plans = [
        plan(BASE, quota=QUOTA, credit=SPLITS), plan(OVERRIDE, head={"id": "m"}, credit=SPLITS),
        plan({**OVERRIDE, "levels": 2}, head={"id": "t"}, credit=SPLITS),
    ]  # fmt: skip
    found = statements_of(commission.calculate(plans, tables, "2026-Q1"), Books())
    assert (found["max"].team.people, found["max"].team.credit) == (1, 4500)
    assert (found["top"].team.people, found["top"].team.credit) == (1, 4500)


def test_a_statement_says_pay_date_year_to_date_and_products(made):
    books = Books(
        pays_on=date(2026, 4, 15),
        earlier={"ann": {"USD": Decimal(100), "EUR": Decimal(7)}},
        products=lambda asked: {deal: f"Pump {deal}" for deal in asked},
    )
    one = statements_of(made[0], books)["ann"]
    assert one.pays_on == date(2026, 4, 15)
    assert one.year == {"EUR": 7, "USD": 100 + one.totals["USD"]}
    assert {line.product for line in one.lines} == {"Pump d1", "Pump d2", "Pump d3"}
    assert made[1]["bob"].year == made[1]["bob"].totals
