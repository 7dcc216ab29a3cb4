"""What a plan covers, each by an example worked by hand."""

from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd
import pytest
from commission_helpers import D, by, deals, events, paid, plan, table, total

from salesops_nb import commission
from salesops_nb.commission.design.pay_curves import landmarks
from salesops_nb.commission.design.what_if import Study
from salesops_nb.errors import SalesopsError

MARGINAL = {
    "mode": "marginal",
    "unit": "pct_of_quota",
    "rows": [{"from": 0, "rate_pct": 8}, {"from": 100, "rate_pct": 10}],
}
BASE = {"id": "base", "scope": "running_total", "table": MARGINAL}
QUOTA = {"quota": {"amount": 10000, "attained_by": "booked", "if_zero": "attainment_0"}}


def test_a_line_explains_itself() -> None:
    payout = commission.calculate(plan(BASE, **QUOTA), {"deals": deals(3000, 12000)}, "2026-Q1")
    line = next(i for i in payout.lines["line_id"] if "/d2:" in i)
    said = (
        "deal d2: 12,000 of credit, 7,000 at 8 % and 5,000 at 10 % because you passed 100 % of quota: "
        "1,060.00"
    )
    assert payout.explain(line) == commission.explain(payout, line) == said


def test_monthly_pay_within_a_quarterly_table_sums_to_the_quarter() -> None:
    sold = deals(6000, 7000, 2000)
    sold["closed_on"] = [date(2026, m, 5) for m in (1, 2, 3)]
    made = plan(BASE, **QUOTA)
    months = [total(commission.calculate(made, {"deals": sold}, f"2026-0{m}")) for m in (1, 2, 3)]
    assert months == [480, 620, 200]
    assert sum(months) == total(commission.calculate(made, {"deals": sold}, "2026-Q1"))


def test_a_gate_passed_late_pays_the_earlier_months_too() -> None:
    c = {
        "id": "b",
        "rate_pct": 10,
        "scope": "running_total",
        "gate": {"attainment_pct": 50, "then": "first_dollar"},
    }
    sold = deals(3000, 4000)
    sold["closed_on"] = [date(2026, m, 5) for m in (1, 2)]
    first, second = (
        commission.calculate(plan(c, **QUOTA), {"deals": sold}, m) for m in ("2026-01", "2026-02")
    )
    assert total(first) == 0
    assert list(first.withheld["reason"]) == ["gate not met: 50 % of quota"]
    assert by(second, "deal_id") == {"d1": 300, "d2": 400}


@pytest.mark.parametrize(("then", "expected"), [("first_dollar", 700), ("excess", 200)])
def test_gate_from_the_first_unit_or_the_excess(then: str, expected: int) -> None:
    c = {"id": "b", "rate_pct": 10, "gate": {"attainment_pct": 50, "then": then}}
    assert paid(plan(c, **QUOTA), 3000, 4000) == expected
    assert paid(plan(c, **QUOTA), 3000, 1000) == 0


@pytest.mark.parametrize(("combine", "x"), [("multiply", "1.32"), ("add", "1.3"), ("highest", "1.2")])
def test_multipliers_combine_as_the_plan_says(combine: str, x: str) -> None:
    rows = [{"where": "term_months >= 36", "x": 1.1}, {"where": "amount > 500", "x": 1.2}]
    c = {"id": "b", "rate_pct": 10, "multipliers": {"combine": combine, "rows": rows}}
    payout = commission.calculate(plan(c), {"deals": deals(1000, term_months=36)}, "2026-Q1")
    assert total(payout) == 100 * D(x)


def test_a_cap_forfeits_or_carries() -> None:
    for excess, later in (("forfeit", 40), ("carry", 60)):
        made = plan({"id": "b", "rate_pct": 10, "limits": {"cap": 60, "per": "period", "excess": excess}})
        sold = deals(500, 500, 400)
        sold["closed_on"] = [date(2026, 1, 1), date(2026, 2, 1), date(2026, 4, 1)]
        first = commission.calculate(made, {"deals": sold}, "2026-Q1")
        assert by(first, "deal_id", kinds=("commission",)) == {"d1": 50, "d2": 10}
        second = commission.calculate(made, {"deals": sold, "prior_lines": first.lines}, "2026-Q2")
        assert total(second) == later


def test_a_sale_and_its_refund_in_a_later_period_net_to_zero() -> None:
    happened = [
        ("d1", "booked", "2026-02-01", 30000),
        ("d1", "refunded", "2026-05-01", 30000),
        ("d2", "booked", "2026-05-02", 1000),
    ]
    tables = {"deals": deals(30000, 1000), "events": events(*happened)}
    first, second = (commission.calculate(plan(BASE, **QUOTA), tables, q) for q in ("2026-Q1", "2026-Q2"))
    assert by(first, "deal_id")["d1"] == 2800
    assert by(second, "deal_id") == {"d1": -2800, "d2": 80}


def test_quota_from_targets_prorated_by_days_with_leave_and_ramp() -> None:
    people = {
        "plan_assignments": table(
            {"person_id": "rep", "plan_id": "p", "valid_from": date(2026, 1, 1), "valid_to": None}
        ),
        "targets": table(
            {"level": "rep", "who": "rep", "metric": "quota", "period": "2026-Q1", "value": D(90000)}
        ),
        "leave": table(
            {"person_id": "rep", "from": date(2026, 2, 1), "to": date(2026, 2, 10), "kind": "sick"}
        ),
    }
    quota = {"attained_by": "booked", "if_zero": "attainment_0", "prorate": "days", "ramp_pct": [50]}
    # 90 days less 9, of 90: 81,000; half of it in the first period
    payout = commission.calculate(plan(BASE, quota=quota), {"deals": deals(50000), **people}, "2026-Q1")
    assert total(payout) == D("40500") * 8 / 100 + D("9500") / 10


def test_override_over_a_dated_hierarchy_above_a_threshold() -> None:
    c = {
        "id": "m",
        "payee": "manager",
        "measure": "team_credit",
        "rate_pct": 1.5,
        "threshold": 900,
        "then": "excess",
    }
    person = {"name": "n", "role": "r"}
    people = table(
        {
            "person_id": "rep",
            "manager_id": "M1",
            "valid_from": date(2020, 1, 1),
            "valid_to": date(2026, 1, 2),
            **person,
        },
        {"person_id": "rep", "manager_id": "M2", "valid_from": date(2026, 1, 2), "valid_to": None, **person},
    )
    payout = commission.calculate(plan(c), {"deals": deals(1000, 800, 600), "people": people}, "2026-Q1")
    assert by(payout, "payee_id") == {"M1": D("1.50"), "M2": D("7.50")}


def test_overlay_credit_stands_beside_revenue_and_is_told_apart() -> None:
    shares = table(
        {"deal_id": "d1", "person_id": "rep", "share": 100, "type": "revenue"},
        {"deal_id": "d1", "person_id": "se", "share": 100, "type": "overlay"},
    )
    made = plan({"id": "b", "rate_pct": 10}, credit={"splits": {"apply_to": "credit"}})
    payout = commission.calculate(made, {"deals": deals(1000), "splits": shares}, "2026-Q1")
    assert by(payout, "payee_id") == {"rep": 100, "se": 100}
    row = payout.reconciliation.to_dict("records")[0]
    assert (row["credited"], row["overlay"], row["difference"]) == (2000, 1000, 0)


@pytest.mark.parametrize(
    ("limit", "overlay", "amount", "pay"),
    [
        ({"cap": 50}, 50, "50.10", "5.01"),  # 2.505 twice: each by itself would round to 2.51
        ({"cap": "33.35"}, 100, "333.45", "33.35"),  # 16.6725 and 33.345 meet the cap, not a cent above it
        ({"floor": "7.01"}, 50, "50.10", "7.01"),
    ],
)
def test_a_limit_of_a_deal_rounds_what_own_share_and_overlay_come_to_together(
    limit: dict[str, Any], overlay: int, amount: str, pay: str
) -> None:
    shares = table(
        {"deal_id": "d1", "person_id": "rep", "share": 50, "type": "revenue"},
        {"deal_id": "d1", "person_id": "other", "share": 50, "type": "revenue"},
        {"deal_id": "d1", "person_id": "rep", "share": overlay, "type": "overlay"},
    )
    c = {"id": "b", "rate_pct": 10, "limits": limit | {"per": "deal"}}
    made = plan(c, credit={"splits": {"apply_to": "credit"}})
    payout = commission.calculate(made, {"deals": deals(amount), "splits": shares}, "2026-Q1")
    assert by(payout, "payee_id")["rep"] == D(pay)


def test_the_residual_of_a_split_of_pay_goes_to_the_last_part() -> None:
    shares = table(*[{"deal_id": "d1", "person_id": who, "share": D("33.33")} for who in "abc"])
    made = plan({"id": "b", "rate_pct": 10}, credit={"splits": {"apply_to": "pay"}})
    payout = commission.calculate(made, {"deals": deals(1000), "splits": shares}, "2026-Q1")
    assert by(payout, "payee_id") == {"a": D("33.33"), "b": D("33.33"), "c": D("33.34")}


def test_of_instalments_what_is_due_so_far_is_rounded() -> None:
    release = [
        {"event": "booked", "pct": 33},
        {"event": "booked", "pct": 33, "after_months": 1},
        {"event": "booked", "pct": 34, "after_months": 2},
    ]
    made = plan({"id": "b", "rate_pct": 10}, release=release)
    months = [paid(made, "1000.10", period=m) for m in ("2026-01", "2026-02", "2026-03")]
    assert months == [D("33.00"), D("33.01"), D("34.00")]


@pytest.mark.parametrize(
    ("rule", "back"),
    [({"method": "full"}, 1200), ({"method": "unserved_share"}, 900), ({"method": "declining"}, 900)],
)
def test_clawback_takes_back_what_was_paid(rule: dict[str, Any], back: int) -> None:
    made = plan(
        {"id": "b", "rate_pct": 10},
        clawback={"when": "cancelled_within_12_months", "unpaid": "cancel", **rule},
    )
    tables = {
        "deals": deals(12000, term_months=12),
        "events": events(("d1", "booked", "2026-01-10", 12000), ("d1", "cancelled", "2026-04-20", None)),
    }
    assert total(commission.calculate(made, tables, "2026-Q2")) == -back


def test_bad_rows_are_set_aside_and_told() -> None:
    shares = table(
        {"deal_id": "d1", "person_id": "rep", "share": 60}, {"deal_id": "d1", "person_id": "who", "share": 30}
    )
    sold = deals(1000, 2000, 3000)
    sold["owner_id"] = ["rep", "rep", None]
    person = {"name": "n", "role": "r", "manager_id": None, "valid_from": date(2020, 1, 1)}
    tables = {"deals": sold, "splits": shares, "people": table({"person_id": "rep", **person})}
    payout = commission.calculate(
        plan({"id": "b", "rate_pct": 10}, credit={"splits": {"apply_to": "credit"}}), tables, "2026-Q1"
    )
    assert by(payout, "deal_id") == {"d2": 200}
    assert {p.code for p in payout.problems} >= {"splits-not-100", "unknown-payee", "no-payee"}


def test_what_stops_the_work() -> None:
    b = {"id": "b", "rate_pct": 10}
    with pytest.raises(SalesopsError, match="both in force"):
        commission.calculate(
            [plan(b), plan(b, head={"version": 2, "from": date(2026, 6, 1)})], {"deals": deals(1)}, "2026-Q1"
        )
    with pytest.raises(SalesopsError, match="does not say how to convert"):
        commission.calculate(plan(b), {"deals": deals(1, currency="EUR")}, "2026-Q1")
    with pytest.raises(SalesopsError, match="what a split divides"):
        commission.calculate(
            plan(b),
            {"deals": deals(1), "splits": table({"deal_id": "d1", "person_id": "a", "share": 100})},
            "2026-Q1",
        )
    with pytest.raises(SalesopsError, match="must be unique"):
        commission.calculate(plan(b), {"deals": deals(1, 2, deal_id="d1")}, "2026-Q1")


def test_adjustments_need_a_reason_an_author_and_another_approver() -> None:
    row = {
        "adjustment_id": "A1",
        "payee_id": "rep",
        "amount": D("12.5"),
        "currency": "USD",
        "happened_on": date(2026, 1, 5),
        "reason": "late deal",
        "author": "ann",
        "approver": "bob",
    }
    both = table(row, row | {"adjustment_id": "A2", "reason": None})
    payout = commission.calculate(
        plan({"id": "b", "rate_pct": 10}), {"deals": deals(100), "adjustments": both}, "2026-Q1"
    )
    assert by(payout, "kind") == {"commission": 10, "adjustment": D("12.5")}
    assert [p.code for p in payout.problems] == ["bad-adjustment"]
    line = next(i for i in payout.lines["line_id"] if "adjustment" in i)
    assert "late deal" in payout.explain(line)


def test_a_study_answers_as_the_full_calculation_does() -> None:
    made = plan(BASE | {"limits": {"cap": 900, "per": "period", "excess": "forfeit"}}, **QUOTA)
    tables = {"deals": deals(3000, 12000, "55.55")}
    for changes in ({"quota": {"amount": 20000}}, {"quota": {"amount": 3000}}):
        quick = Study(made, tables, "2026-Q1").what_if(changes)
        assert quick.cost == total(commission.calculate(made.changed(**changes), tables, "2026-Q1"))
    assert landmarks(made) == {"threshold": 400, "target": 800, "excellence": 900}


def test_a_study_refuses_a_zero_quota_as_the_full_calculation_does() -> None:
    rows = [{"from": 0, "rate_pct": 5}, {"from": 100, "rate_pct": 8}]
    steps = {"mode": "marginal", "unit": "pct_of_quota", "rows": rows}
    quota = {"metric": "quota", "attained_by": "booked", "if_zero": "refuse"}
    made = plan({"id": "b", "scope": "running_total", "table": steps}, quota=quota)
    targets = [{"level": "rep", "metric": "quota", "period": "2026-Q1", "who": w, "value": D(v)}
               for w, v in (("rep", 1000), ("none", 0))]  # fmt: skip
    other = deals(500, owner="none").assign(deal_id="n1")
    tables = {"deals": pd.concat([deals(3000), other], ignore_index=True), "targets": table(*targets)}
    rows[1] = {"from": 100, "rate_pct": 9}
    changes = {"components": [{"id": "b", "scope": "running_total", "table": steps}]}
    full = commission.calculate(made.changed(**changes), tables, "2026-Q1")
    quick = Study(made, tables, "2026-Q1").what_if(changes)
    assert by(full, "payee_id") == {"rep": 230}
    assert quick.cost == 230
    assert quick.losers == 0
