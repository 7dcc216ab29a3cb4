"""What is likely a slip is told, with the person or the place in the plan, and never ends in a traceback."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from commission_helpers import BANDS, D, by, deals, paid, plan, table, total

from salesops_nb import commission
from salesops_nb.errors import SalesopsError

QUOTA = {"amount": 1000, "attained_by": "booked", "if_zero": "attainment_0"}


def banded(*rows: dict[str, Any], **more: Any) -> dict[str, Any]:
    mode = more.pop("mode", "marginal")
    return {"scope": "running_total", "table": {"mode": mode, "unit": "amount", "rows": list(rows)}, **more}


UNUSUAL: dict[str, tuple[dict[str, Any], str, str]] = {
    "negative": ({"rate_pct": -1}, "rate_pct", "-1 % of the sale"),
    "over a hundred": ({"rate_pct": 101}, "rate_pct", "more than the sale itself"),
    "negative in a list": ({"rates": [{"rate_pct": D("-0.5")}]}, "rates[0].rate_pct", "-0.5 % of the sale"),
    "negative amount a deal": ({"rates": [{"amount": -5}]}, "rates[0].amount", "takes 5"),
    "negative per unit": ({"measure": "count", "per_unit": -3}, "per_unit", "takes 3"),
    "negative multiplier": (
        {"rate_pct": 5, "multipliers": {"combine": "add", "rows": [{"x": -1}]}},
        "multipliers.rows[0].x", "-1"),
    "falling rates": (
        banded({"from": 0, "rate_pct": 10}, {"from": 10, "rate_pct": 5}),
        "table.rows[1].rate_pct", "5 after 10"),
    "falling factors": (
        banded({"from": 0, "x": 2}, {"from": 10, "x": 1}, rate_pct=5), "table.rows[1].x", "1 after 2"),
    "falling amounts": (
        banded({"from": 0, "amount": 9}, {"from": 10, "amount": 8}, mode="whole"),
        "table.rows[1].amount", "8 after 9"),
    "negative factor": (
        banded({"from": 0, "x": -1}, {"from": 10, "x": 1}, rate_pct=5),
        "table.rows[0].x", "below nothing"),
    "a payout below nothing": (
        {"scope": "running_total", "target": 100, "table": {"mode": "whole", "unit": "amount", "rows": [
            {"from": 0, "payout_pct": -5}, {"from": 5, "payout_pct": 10}]}},
        "table.rows[0].payout_pct", "below nothing"),
    "over a hundred in a band": (
        banded({"from": 0, "rate_pct": 10}, {"from": 10, "rate_pct": 750}),
        "table.rows[1].rate_pct", "750 %"),
}  # fmt: skip


@pytest.mark.parametrize("name", UNUSUAL)
def test_an_unusual_rate_is_paid_and_told_with_its_place(name: str) -> None:
    component, place, words = UNUSUAL[name]
    payout = commission.calculate(plan({"id": "b", **component}), {"deals": deals(1000)}, "2026-Q1")
    found = {p.column: p for p in payout.problems if p.code == "unusual-rate"}
    assert words in found[f"components[0].{place}"].message
    assert {p.severity for p in found.values()} == {"warning"}
    assert total(payout) != 0


@pytest.mark.parametrize("component", [
    {"rate_pct": 0}, {"rate_pct": 100}, {"rate_pct": D("7.5")},
    banded({"from": 0, "rate_pct": 5}, {"from": 10, "rate_pct": 5}, {"from": 20, "rate_pct": 6}),
])  # fmt: skip
def test_usual_rates_are_not_told(component: dict[str, Any]) -> None:
    payout = commission.calculate(plan({"id": "b", **component}), {"deals": deals(1000)}, "2026-Q1")
    assert [p.code for p in payout.problems] == []


@pytest.mark.parametrize("amount", [1000, None])
@pytest.mark.parametrize("period", ["2026", "2026-Q1"])
def test_a_target_of_a_longer_period_is_not_used_and_told(amount: int | None, period: str) -> None:
    kind, key = ("quarter", "2026-Q1") if period == "2026" else ("month", "2026-01")
    made = plan(BANDS, quota=QUOTA | {"amount": amount}, period=kind)
    row = {"level": "rep", "who": "rep", "metric": "quota", "period": period, "value": D(5)}
    payout = commission.calculate(made, {"deals": deals(1000), "targets": table(row)}, key)
    told = [p for p in payout.problems if p.code == "quota-of-another-period"]
    assert [(p.value, p.severity) for p in told] == [("rep", "warning")]
    assert f"The quota of rep for {period} is not used" in told[0].message
    if amount:
        assert total(payout) == paid(made, 1000, period=key)


@pytest.mark.parametrize("kind", ["draw", "clawback"])
def test_an_opening_balance_that_the_plan_has_no_use_for_is_told(kind: str) -> None:
    row = {"person_id": "rep", "kind": kind, "amount": D(500), "as_of": date(2026, 1, 1), "deal_id": "d0"}
    given = {"deals": deals(1000), "opening_balances": table(row)}
    payout = commission.calculate(plan({"id": "b", "rate_pct": 10}), given, "2026-Q1")
    told = [p for p in payout.problems if p.code == "bad-opening"]
    assert len(told) == 1
    assert "rep" in told[0].message
    assert total(payout) == 100


@pytest.mark.parametrize("scope", ["each_transaction", "running_total"])
@pytest.mark.parametrize("with_table", [False, True])
def test_a_derived_rate_beyond_all_bounds_names_the_person(scope: str, with_table: bool) -> None:
    component: dict[str, Any] = {"id": "b", "rate_pct": "derived", "scope": scope}
    if with_table:
        rows = [{"from": 0, "x": 1}, {"from": 100, "x": 2}]
        component["table"] = {"mode": "marginal", "unit": "pct_of_quota", "rows": rows}
    stay = {"plan_id": "p", "valid_from": date(2026, 1, 1), "valid_to": None}
    both = table(
        stay | {"person_id": "rep", "target_incentive": D(100_000_000)},
        stay | {"person_id": "usual", "target_incentive": D(4)},
    )
    made = plan(component, quota=QUOTA | {"amount": 5})
    with pytest.raises(SalesopsError, match="derived rate of rep for 2026-Q1") as error:
        commission.calculate(made, {"deals": deals(1000), "plan_assignments": both}, "2026-Q1")
    assert "a quota of 5.00" in str(error.value)


def test_a_derived_rate_follows_the_ramped_quota() -> None:
    """The worked example of the docs: 20 %, 13.33 % and 10 %."""
    quota = QUOTA | {"amount": 100_000, "ramp_pct": [50, 75], "ramp_from": "assignment"}
    made = plan({"id": "b", "rate_pct": "derived"}, quota=quota)
    stay = {"person_id": "rep", "plan_id": "p", "valid_from": date(2026, 1, 1), "target_incentive": D(40_000)}
    for period, start, pay in (
        ("2026-Q1", date(2026, 1, 5), "200.00"), ("2026-Q2", date(2026, 4, 5), "133.33"),
        ("2026-Q3", date(2026, 7, 5), "100.00"),
    ):  # fmt: skip
        given = {"deals": deals(1000, start=start), "plan_assignments": table(stay)}
        assert by(commission.calculate(made, given, period), "payee_id") == {"rep": D(pay)}
