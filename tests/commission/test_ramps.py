"""A ramp runs from the first day in the role that carries the quota, and nobody ramps twice in it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal as D
from typing import Any

import pytest
from commission_helpers import BANDS, deals, plan, table, total

from salesops_nb import commission

PAY = {1000: D(50), 500: D(125), 250: D("162.5")}
JAN, MARCH = date(2026, 1, 1), date(2026, 3, 1)


def ramped(**quota: Any) -> dict[str, Any]:
    return {"amount": 1000, "attained_by": "booked", "ramp_pct": [25, 50], "ramp_per": "month"} | quota


def assigned(*spans: tuple[str, date, date | None]) -> dict[str, Any]:
    rows = [{"person_id": "rep", "plan_id": p, "valid_from": a, "valid_to": b} for p, a, b in spans]
    return {"plan_assignments": table(*rows)}


def person(*rows: dict[str, Any]) -> dict[str, Any]:
    return {"people": table(*({"person_id": "rep", "name": "n", "role": "AE"} | row for row in rows))}


def dated(
    role: str, start: date | None, end: date | None = None, hired: date | None = None
) -> dict[str, Any]:
    return {"role": role, "valid_from": start, "valid_to": end, "hired_on": hired}


HERE = assigned(("p", JAN, None))
OLD, NEW = date(2024, 5, 1), JAN
CASES: dict[str, tuple[dict[str, Any], dict[str, Any], int]] = {
    # name: the quota's words, the tables, January's quota by the ramp
    "hired long ago, assigned today": ({}, person({"hired_on": OLD}) | HERE, 1000),
    "hired today": ({}, person({"hired_on": NEW}) | HERE, 250),
    "hired last month": ({}, person({"hired_on": date(2025, 12, 9)}) | HERE, 500),
    "promoted today": ({}, person(dated("SDR", OLD, JAN, OLD), dated("AE", JAN, None, OLD)) | HERE, 250),
    "promoted, but from hire": (
        {"ramp_from": "hire"}, person(dated("SDR", OLD, JAN, OLD), dated("AE", JAN, None, OLD)) | HERE, 1000),
    "another team in the same role": (
        {}, person(dated("AE", OLD, JAN, OLD), dated("AE", JAN, None, OLD)) | HERE, 1000),
    "back in a role of before": (
        {}, person(dated("AE", OLD, date(2025, 3, 1), OLD), dated("SDR", date(2025, 3, 1), JAN, OLD),
                   dated("AE", JAN, None, OLD)) | HERE, 250),
    "a promotion to come": (
        {}, person(dated("AE", OLD, MARCH, OLD), dated("lead", MARCH, None, OLD)) | HERE, 1000),
    "hired_on in the first of two rows only": (
        {}, person(dated("AE", OLD, JAN, OLD), dated("AE", JAN)) | HERE, 1000),
    "dated from the export's day only": ({}, person(dated("AE", JAN, None, OLD)) | HERE, 1000),
    "from the assignment": (
        {"ramp_from": "assignment"}, person({"hired_on": OLD}) | HERE, 250),
    "assigned before hired": (
        {"ramp_from": "assignment"},
        person({"hired_on": JAN}) | assigned(("p", date(2025, 1, 1), None)), 250),
    "another plan id before, hiring unknown": (
        {}, assigned(("old", date(2025, 1, 1), JAN), ("p", JAN, None)), 1000),
    "another plan id before, from the assignment": (
        {"ramp_from": "assignment"}, assigned(("old", date(2025, 1, 1), JAN), ("p", JAN, None)), 250),
    "nobody assigned": ({}, person({"hired_on": OLD}), 1000),
    "no people, assigned today": ({}, HERE, 250),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_the_quota_of_the_first_month_follows_the_ramp(case: str) -> None:
    words, tables, quota = CASES[case]
    made = plan(BANDS, period="month", quota=ramped(**words))
    payout = commission.calculate(made, {"deals": deals(1000), **tables}, "2026-01")
    assert not payout.problems
    assert total(payout) == PAY[quota]


@pytest.mark.parametrize("basis", ["role", "hire", "assignment"])
def test_a_new_version_ramps_nobody_again(basis: str) -> None:
    first = plan(BANDS, period="month", quota=ramped(ramp_from=basis), head={"to": date(2026, 5, 31)})
    second = plan(
        BANDS, period="month", quota=ramped(ramp_from=basis), head={"version": 2, "from": date(2026, 6, 1)}
    )
    tables = {"deals": deals(1000, start=date(2026, 6, 3)), **person({"hired_on": JAN}), **HERE}
    assert total(commission.calculate([first, second], tables, "2026-06")) == PAY[1000]


# --- a ramp within a longer period ----------------------------------------------------------------

FEB, LATER = date(2026, 2, 1), date(2026, 3, 16)
BY_MONTH = {"amount": 300_000, "ramp_per": "month", "ramp_pct": [25, 50], "if_zero": "attainment_0"}
PROMOTED = person(dated("SDR", OLD, LATER, OLD), dated("AE", LATER, None, OLD))
QUARTERS: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    # name: the quota's words, the tables, what 300,000 pay at 5 % up to the quota and 20 % above it
    "25, 50 and 100 % of three months": ({}, person({"hired_on": JAN}) | HERE, "33750"),  # 175,000
    "months before the hire do not weigh": ({}, person({"hired_on": FEB}) | HERE, "43125"),  # 112,500
    "nor months before the assignment": (
        {"ramp_from": "assignment"}, person({"hired_on": OLD}) | assigned(("p", FEB, None)), "43125"),
    "two months of three count": (
        {"prorate": "months"}, person({"hired_on": FEB}) | HERE, "48750"),  # 75,000
    "59 days of 90 count": ({"prorate": "days"}, person({"hired_on": FEB}) | HERE, "48937.50"),  # 73,750
    "nor months after the assignment": (
        {}, person({"hired_on": JAN}) | assigned(("p", JAN, FEB)), "48750"),  # 75,000
    # 19 of March's 31 days, two whole months: 261,290.32
    "a promotion ramps from its own day on": ({}, PROMOTED | HERE, "20806.45"),
    "a promotion in its last two weeks only": (
        {}, PROMOTED | assigned(("p", LATER, None)), "48750"),  # 75,000
}  # fmt: skip


@pytest.mark.parametrize("case", QUARTERS)
def test_a_ramp_by_month_leaves_the_mean_of_the_months_that_the_person_is_there(case: str) -> None:
    words, tables, pay = QUARTERS[case]
    made = plan(BANDS, quota=ramped(**BY_MONTH | words))
    first = LATER if case.endswith("only") else FEB if "before" in case or "count" in case else JAN
    payout = commission.calculate(made, {"deals": deals(300_000, start=first), **tables}, "2026-Q1")
    assert total(payout) == D(pay)


def versions(*days: date, **quota: Any) -> list[commission.Plan]:
    """Versions 1 and so on of a plan by the quarter, from each of the days on."""
    ends = [*(date.fromordinal(day.toordinal() - 1) for day in days[1:]), date(2026, 12, 31)]
    return [
        plan(BANDS, quota=ramped(**quota), head={"version": n, "from": a, "to": b})
        for n, (a, b) in enumerate(zip(days, ends, strict=True), start=1)
    ]


@pytest.mark.parametrize("basis", ["role", "hire", "assignment"])
@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("assigns", [True, False])
def test_a_new_version_ramps_nobody_again_with_or_without_assignments(
    basis: str, known: bool, assigns: bool
) -> None:
    """In the second quarter of the plan it is the second step of the ramp, whichever version rules it."""
    words = {"amount": 1000, "ramp_pct": [25, 50], "ramp_per": "period", "ramp_from": basis}
    plans = versions(date(2025, 10, 1), JAN, **words)
    tables = {"deals": deals(1000, start=FEB)}
    tables |= person({"hired_on": date(2025, 10, 1) if known else None})
    tables |= assigned(("p", date(2025, 10, 1), None)) if assigns else {}
    assert total(commission.calculate(plans, tables, "2026-Q1")) == PAY[500]


@pytest.mark.parametrize("assigns", [True, False])
@pytest.mark.parametrize(
    ("who", "hired", "pay"),
    [
        ("new_hires", date(2025, 11, 10), 500),
        ("new_hires", date(2025, 9, 30), 1000),  # the day before the first version
        ("hired_within_1_months", date(2025, 9, 1), 500),
        ("hired_within_1_months", date(2025, 8, 31), 1000),
    ],
)
def test_new_hires_are_those_of_the_plans_first_version(
    who: str, hired: date, pay: int, assigns: bool
) -> None:
    steps = [25, 50] if hired >= date(2025, 10, 1) else [10, 25, 50]
    plans = versions(date(2025, 10, 1), JAN, ramp_for=who, ramp_pct=steps, ramp_per="period")
    tables = {"deals": deals(1000, start=FEB), **person({"hired_on": hired})}
    tables |= assigned(("p", max(hired, date(2025, 10, 1)), None)) if assigns else {}
    assert total(commission.calculate(plans, tables, "2026-Q1")) == PAY[pay]


def test_who_was_on_the_plan_long_before_its_first_version_is_no_new_hire() -> None:
    draw = {"per": "month", "amount": 300, "recoverable": False, "paid_for": "new_hires"}
    made = plan(BANDS, quota=ramped(ramp_for="new_hires"), draw=draw)
    tables = {"deals": deals(1000), **person({"hired_on": OLD}), **assigned(("p", OLD, None))}
    assert total(commission.calculate(made, tables, "2026-Q1")) == PAY[1000]


def test_a_ramp_of_nobody_knows_when_is_a_warning() -> None:
    made = plan(BANDS, period="month", quota=ramped())
    payout = commission.calculate(made, {"deals": deals(1000)}, "2026-01")
    assert [(p.code, p.value) for p in payout.problems] == [("ramp-start-unknown", "rep")]
    assert total(payout) == PAY[250]


def test_the_summary_says_where_the_ramp_begins() -> None:
    words = {"role": "the first day in the role", "hire": "the day of hiring", "assignment": "the assignment"}
    for basis, text in words.items():
        assert f"by month from {text}" in plan(BANDS, quota=ramped(ramp_from=basis)).summary()
