"""The quota of the period of a cancellation falls by the plan's part of the cancelled credit."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from commission_helpers import BANDS, D, deals, events, plan, table

from salesops_nb import commission
from salesops_nb.errors import SalesopsError

QUOTA = {"amount": 10_000, "attained_by": "booked", "if_zero": "attainment_0", "relief_pct": 100}
ASSIGNED = table(*[
    {"person_id": who, "plan_id": "p", "valid_from": date(2026, 1, 1), "valid_to": None}
    for who in ("rep", "other")
])  # fmt: skip
CLAWBACK = {"when": "cancelled", "method": "full", "unpaid": "cancel"}


def quota_of(payout: commission.Payout, payee: str = "rep") -> Any:
    return next(row.quota for row in payout.attained if row.payee_id == payee)


def paid(
    period: str, *happened: Any, quota: dict[str, Any] | None = None, **tables: Any
) -> commission.Payout:
    made = plan(BANDS, quota=QUOTA | (quota or {}), clawback=CLAWBACK, **tables.pop("parts", {}))
    given = {"deals": deals(4000, 1000), "events": events(*happened), "plan_assignments": ASSIGNED}
    return commission.calculate(made, given | tables, period)


CANCELLED = ("d1", "cancelled", "2026-02-10", None)


@pytest.mark.parametrize(("period", "happened", "rule", "left"), [
    ("2026-Q1", [], {}, 10_000),
    ("2026-Q1", [CANCELLED], {}, 6000),
    ("2026-Q1", [CANCELLED], {"relief_pct": 50}, 8000),
    ("2026-Q1", [CANCELLED], {"relief_pct": None}, 10_000),
    ("2026-Q1", [("d1", "refunded", "2026-02-01", 1000), CANCELLED], {}, 7000),
    ("2026-Q1", [CANCELLED, ("d1", "refunded", "2026-02-20", 1000)], {}, 6000),
    ("2026-Q1", [CANCELLED, ("d1", "cancelled", "2026-03-10", None)], {}, 6000),
    ("2026-Q1", [CANCELLED, CANCELLED], {}, 6000),  # twice on one day is once
    ("2026-Q1", [("d1", "cancelled", "2025-12-10", None)], {}, 10_000),  # before it was sold
    ("2026-Q1", [("d1", "cancelled", "2026-04-10", None)], {}, 10_000),
    ("2026-Q2", [("d1", "cancelled", "2026-04-10", None)], {}, 6000),
    ("2026-Q2", [CANCELLED], {}, 10_000),
    ("2026-Q1", [CANCELLED], {"amount": 3000}, 0),
    ("2026-Q1", [CANCELLED], {"ramp_pct": [50]}, 1000),
])  # fmt: skip
def test_the_quota_falls_in_the_period_of_the_cancellation(
    period: str, happened: list[Any], rule: dict[str, Any], left: int
) -> None:
    assert quota_of(paid(period, *happened, quota=rule)) == left


def test_each_person_is_relieved_of_their_share() -> None:
    shares = table(*[{"deal_id": "d1", "person_id": w, "share": s} for w, s in (("rep", 25), ("other", 75))])
    payout = paid("2026-Q1", CANCELLED, splits=shares, parts={"credit": {"splits": {"apply_to": "credit"}}})
    assert (quota_of(payout), quota_of(payout, "other")) == (9000, 7000)


def test_a_managers_quota_is_relieved_of_the_teams_credit() -> None:
    people = table({"person_id": "rep", "manager_id": "boss"}, {"person_id": "boss", "manager_id": None})
    team = plan(BANDS | {"payee": "manager", "measure": "team_credit"}, quota=QUOTA)
    given = {"deals": deals(4000, 1000), "events": events(CANCELLED), "people": people}
    assert quota_of(commission.calculate(team, given, "2026-Q1"), "boss") == 6000


def test_later_sales_of_the_period_climb_over_the_relieved_quota() -> None:
    """The cancelled 4,000 stay in the total, and 10,000 − 4,000 are the quota: 9,000 stand 3,000 above it."""
    given = {
        "deals": deals(4000, 1000, 4000), "events": events(CANCELLED),
        "targets": table(
            {"level": "rep", "who": "rep", "metric": "quota", "period": "2026-Q1", "value": D(10_000)}
        ),
    }  # fmt: skip
    payout = commission.calculate(plan(BANDS, quota=QUOTA, clawback=CLAWBACK), given, "2026-Q1")
    earned = payout.lines[payout.lines["kind"] == "commission"]["amount"].sum()
    assert earned == 6000 * D("0.05") + 3000 * D("0.2")


@pytest.mark.parametrize("more", [{}, {"plan_assignments": ASSIGNED}])
def test_the_relieved_quota_is_the_one_that_pays(more: dict[str, Any]) -> None:
    given = {"deals": deals(4000, 1000, 4000), "events": events(CANCELLED), **more}
    payout = commission.calculate(plan(BANDS, quota=QUOTA), given, "2026-Q1")
    assert payout.lines["amount"].sum() == 900  # 6,000 at 5 % and 3,000 at 20 %


def test_periods_give_the_same_whatever_was_calculated_before() -> None:
    made = plan(BANDS, quota=QUOTA, clawback=CLAWBACK)
    given = {
        "deals": deals(4000, 1000, start=date(2026, 1, 5)),
        "events": events(("d1", "cancelled", "2026-04-10", None)),
        "plan_assignments": ASSIGNED,
    }
    tables = commission.calculate(made, given, "2026-Q1").tables
    assert [quota_of(commission.calculate(made, tables, p)) for p in ("2026-Q2", "2026-Q1", "2026-Q2")] == [
        6000, 10_000, 6000,
    ]  # fmt: skip


@pytest.mark.parametrize("assigns", [True, False])
@pytest.mark.parametrize("restarts", [True, False])
@pytest.mark.parametrize("day", ["2026-01-05", "2026-05-05"])
def test_what_was_sold_under_an_earlier_version_is_relieved_too(
    day: str, restarts: bool, assigns: bool
) -> None:
    """4,000 of version 1, cancelled under version 2, leave 6,000: 7,000 pay 300.00 and 200.00."""
    rule = {"running_totals": "restart_with_version"} if restarts else {}
    versions = [
        plan(BANDS, quota=QUOTA, head={"to": date(2026, 5, 14)}),
        plan(BANDS, quota=QUOTA, head={"version": 2, "from": date(2026, 5, 15)} | rule),
    ]
    given = {
        "deals": deals(4000, 7000, outcome="open"),
        "events": events(
            ("d1", "booked", day, 4000), ("d1", "cancelled", "2026-07-10", None),
            ("d2", "booked", "2026-08-01", 7000),
        ),
    }  # fmt: skip
    given |= {"plan_assignments": ASSIGNED} if assigns else {}
    payout = commission.calculate(versions, given, "2026-Q3")
    assert payout.lines["amount"].sum() == 500


def test_what_is_sold_again_after_a_cancellation_is_relieved_by_the_next() -> None:
    happened = [
        ("d1", "booked", "2026-01-05", 1000), ("d1", "cancelled", "2026-02-01", None),
        ("d1", "refunded", "2026-02-05", 1000), ("d1", "booked", "2026-03-01", 500),
        ("d1", "cancelled", "2026-03-10", None),
    ]  # fmt: skip
    assert quota_of(paid("2026-Q1", *happened)) == 8500


def test_parts_of_a_year_paid_before_the_cancellation_stand() -> None:
    made = plan(BANDS, period="year", quota=QUOTA)
    given = {
        "deals": deals(4000, 4000, 1000, outcome="open"),
        "events": events(
            ("d1", "booked", "2026-01-05", 4000), ("d2", "booked", "2026-02-05", 4000),
            ("d1", "cancelled", "2026-04-10", None), ("d3", "booked", "2026-05-05", 1000),
        ),
    }  # fmt: skip
    payouts = [commission.calculate(made, given, period) for period in ("2026-Q1", "2026-Q2")]
    # 8,000 at 5 % below 10,000; then 1,000 at 20 % above 6,000
    assert [payout.lines["amount"].sum() for payout in payouts] == [400, 200]


def test_the_plan_must_say_what_no_quota_left_means_and_says_the_relief() -> None:
    with pytest.raises(SalesopsError, match="the plan must say 'if_zero'"):
        plan(BANDS, quota={k: v for k, v in QUOTA.items() if k != "if_zero"})
    assert (
        "it falls by 100 % of the credit that is cancelled in the quarter"
        in plan(BANDS, quota=QUOTA).summary()
    )
