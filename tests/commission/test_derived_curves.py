"""The designer's page shows what derived rates and targets really pay: as the calculation does."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from commission_helpers import D, deals, plan, table, total

from salesops_nb import commission
from salesops_nb.commission.design.pay_curves import cost_curve, landmarks, needs_target, pay_at
from salesops_nb.commission.design.plan_variants import moved
from salesops_nb.errors import SalesopsError

QUOTA = {"amount": 100_000, "attained_by": "booked", "if_zero": "attainment_0"}
STEPS = [{"from": 0, "x": 1}, {"from": 100, "x": D("1.5")}]
SHARES = [{"from": 0, "payout_pct": 0}, {"from": 50, "payout_pct": 50}, {"from": 100, "payout_pct": 100}]
DERIVED: dict[str, dict[str, Any]] = {
    "flat": {"rate_pct": "derived"},
    "half": {"rate_pct": "derived", "weight_pct": 50},
    "accelerated": {
        "rate_pct": "derived", "scope": "running_total",
        "table": {"mode": "marginal", "unit": "pct_of_quota", "rows": STEPS},
    },
    "of target": {
        "target": "derived", "scope": "running_total",
        "table": {"mode": "whole", "unit": "pct_of_quota", "rows": SHARES},
    },
    "capped": {"rate_pct": "derived", "limits": {"cap": 9000, "per": "period", "excess": "forfeit"}},
}  # fmt: skip


def assigned(**pay: object) -> Any:
    row = {"person_id": "rep", "plan_id": "p", "valid_from": "2026-01-01", "valid_to": None}
    return table(row | pay)


@pytest.mark.parametrize("name", DERIVED)
@pytest.mark.parametrize("point", [50, 100, 150])
def test_the_curve_is_what_the_calculation_pays(name: str, point: int) -> None:
    made = plan({"id": "b", **DERIVED[name]}, quota=QUOTA)
    given = {"deals": deals(1000 * point), "plan_assignments": assigned(target_incentive=D(40_000))}
    payout = commission.calculate(made, given, "2026-Q1")
    place = next(row for row in payout.attained if row.payee_id == "rep")
    assert place.target == 10_000
    assert pay_at(made, point, place.quota, place.target) == total(payout) > 0


@pytest.mark.parametrize(("period", "per", "target"), [
    ("quarter", "year", 40_000), ("month", "year", 120_000), ("quarter", "period", 10_000),
    ("year", "year", 10_000),
])  # fmt: skip
def test_the_plans_own_target_incentive_counts_by_its_period(period: str, per: str, target: int) -> None:
    made = plan(
        {"id": "b", **DERIVED["flat"]}, period=period, quota=QUOTA, incentive={"target": target, "per": per}
    )
    assert landmarks(made) == {"threshold": 5000, "target": 10_000, "excellence": 15_000}
    assert cost_curve(made, (100,))["cost_pct"].tolist() == [Decimal(10)]


def test_a_derived_rate_without_a_target_incentive_has_no_curve() -> None:
    made = plan({"id": "b", **DERIVED["flat"]}, quota=QUOTA)
    assert needs_target(made)
    with pytest.raises(SalesopsError, match="derives pay from the target incentive, and says none"):
        pay_at(made, 100)
    assert landmarks(made, target=10_000)["target"] == 10_000


@pytest.mark.parametrize("name", DERIVED)
def test_moving_the_rates_by_a_tenth_moves_what_is_derived(name: str) -> None:
    made = plan({"id": "b", **DERIVED[name]}, quota=QUOTA)
    changed = made.changed(**moved(made, rate_change=D(10)))
    one, ten = (pay_at(each, 80, target=10_000) for each in (made, changed))
    assert ten == one * D("1.1")
