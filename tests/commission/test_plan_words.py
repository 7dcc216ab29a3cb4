"""What real plans say: whole months, new hires only, base pay, confirmed, paid in full or nth payment."""

from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd
import pytest
from commission_helpers import BANDS, D, by, deals, events, plan, table, total

from salesops_nb import commission
from salesops_nb.errors import SalesopsError

QUOTA = {"amount": 300_000, "attained_by": "booked", "if_zero": "attainment_0"}
Q1 = "2026-Q1"


def stay(person: str = "rep", since: date = date(2026, 1, 1), until: date | None = None, **more: Any) -> Any:
    return {"person_id": person, "plan_id": "p", "valid_from": since, "valid_to": until, **more}


def standing(payout: commission.Payout, payee: str = "rep") -> Any:
    return next(row for row in payout.attained if row.payee_id == payee)


# --- proration by whole months ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("since", "until", "months"),
    [
        (date(2026, 1, 1), None, 3),
        (date(2026, 1, 15), None, 3),  # on the 15th the month still counts
        (date(2026, 1, 16), None, 2),
        (date(2026, 2, 10), None, 2),
        (date(2026, 1, 1), date(2026, 3, 16), 3),  # the 15th is the last day
        (date(2026, 1, 1), date(2026, 3, 15), 2),
        (date(2026, 2, 10), date(2026, 2, 20), 1),
        (date(2026, 2, 16), date(2026, 3, 10), 0),
    ],
)
@pytest.mark.parametrize("how", ["assignment", "people"])
def test_quota_and_target_by_whole_months(since: date, until: date | None, months: int, how: str) -> None:
    """Hires, leavers and changes of assignment alike: each month is of who is there on its 15th."""
    made = plan(BANDS, {"id": "d", "rate_pct": "derived"}, quota=QUOTA | {"prorate": "months"})
    row = stay(target_incentive=D(120_000)) | (
        {"valid_from": since, "valid_to": until} if how == "assignment" else {}
    )
    given = {"deals": deals(1000, start=max(since, date(2026, 2, 17))), "plan_assignments": table(row)}
    if how == "people":
        given["people"] = table({"person_id": "rep", "hired_on": since, "left_on": until})
    place = standing(commission.calculate(made, given, Q1))
    assert place.quota == 100_000 * months
    assert (place.target or 0) == 10_000 * months


def test_a_month_belongs_to_one_plan_alone() -> None:
    """A change of assignment on 10 February: the other plan has February and March."""
    quota = QUOTA | {"prorate": "months"}
    one, two = plan(BANDS, quota=quota), plan(BANDS, quota=quota, head={"id": "q"})
    rows = table(stay(until=date(2026, 2, 10)), stay(since=date(2026, 2, 10)) | {"plan_id": "q"})
    payout = commission.calculate([one, two], {"deals": deals(1000), "plan_assignments": rows}, Q1)
    assert {row.plan_id: row.quota for row in payout.attained} == {"p": 100_000, "q": 200_000}


def test_leave_over_the_middle_of_a_month_takes_it_out() -> None:
    made = plan(BANDS, quota=QUOTA | {"prorate": "months"})
    leave = table({"person_id": "rep", "from": date(2026, 2, 1), "to": date(2026, 3, 1), "kind": "parental"})
    given = {"deals": deals(1000), "plan_assignments": table(stay()), "leave": leave}
    assert standing(commission.calculate(made, given, Q1)).quota == 200_000


def test_proration_by_months_can_leave_no_quota_and_must_say_what_then() -> None:
    quota = {"amount": 300_000, "attained_by": "booked", "prorate": "months"}
    with pytest.raises(SalesopsError, match="the plan must say 'if_zero'"):
        plan(BANDS, quota=quota)
    words = plan(BANDS, quota=QUOTA | {"prorate": "months"}).summary()
    assert "prorated by whole months, each of who is on the plan on its 15th day" in words


# --- quotas of months, and quotas that change, for who is there for some of the period ------------

FEB, MARCH = date(2026, 2, 22), date(2026, 3, 1)
MONTHS = {"2026-01": 1000, "2026-02": 2000, "2026-03": 6000}
CHANGES = {"2026-Q1": [(None, FEB, 2500), (FEB, None, 7500)]}
RAMP = {"ramp_pct": [50], "ramp_per": "month", "ramp_from": "assignment"}


def targets(said: dict[str, Any]) -> pd.DataFrame:
    rows = []
    for period, values in said.items():
        for start, end, value in values if isinstance(values, list) else [(None, None, values)]:
            row = {"level": "rep", "who": "rep", "metric": "quota", "period": period, "value": D(value)}
            rows.append(row | {"valid_from": start, "valid_to": end})
    return table(*rows)


@pytest.mark.parametrize(
    ("said", "words", "since", "until", "quota"),
    [
        (MONTHS, {}, MARCH, None, "9000"),
        (MONTHS, {"prorate": "days"}, MARCH, None, "6000"),
        (MONTHS, {"prorate": "months"}, MARCH, None, "6000"),
        (MONTHS, {"prorate": "days"}, date(2026, 2, 15), date(2026, 3, 2), "1193.548387"),  # 14/28, 1/31
        (MONTHS, {"prorate": "months"}, date(2026, 2, 15), date(2026, 3, 2), "2000"),
        (MONTHS, {"prorate": "months"} | RAMP, date(2026, 2, 15), None, "7000"),  # half of February
        (MONTHS, {"prorate": "days"} | RAMP, date(2026, 2, 15), None, "6500"),  # a quarter of February
        (CHANGES, {}, MARCH, None, "7500"),
        (CHANGES, {}, date(2026, 2, 20), None, "7250"),  # two days of 40 at 2,500
        (CHANGES, {"prorate": "days"}, MARCH, None, "2583.333333"),  # 31 days of 90
        (CHANGES, {"prorate": "days"}, date(2026, 2, 20), None, "3222.222222"),  # 2 and 38 days of 90
        (CHANGES, {"prorate": "months"}, date(2026, 2, 15), None, "3333.333333"),  # of two 15ths
    ],
)
def test_a_quota_of_parts_counts_those_in_which_the_person_is_there(
    said: dict[str, Any], words: dict[str, Any], since: date, until: date | None, quota: str
) -> None:
    made = plan(BANDS, quota=QUOTA | words)
    given = {
        "deals": deals(10_000, start=since),
        "plan_assignments": table(stay(since=since, until=until)),
        "targets": targets(said),
    }
    payout = commission.calculate(made, given, Q1)
    assert D(standing(payout).quota) == round(D(quota), 4)
    due = D(quota) * 5 / 100 + (10_000 - D(quota)) * 20 / 100
    assert total(payout) == round(due, 2)


@pytest.mark.parametrize(("prorate", "pay"), [("none", "3000"), ("days", "1800"), ("months", "2000")])
def test_leave_takes_nothing_of_what_is_not_prorated(prorate: str, pay: str) -> None:
    """1,500 a quarter until 14 February and 4,500 from the 15th on; away from 1 to 24 March."""
    kicker = {"id": "k", "scope": "running_total", "target": "derived"}
    kicker["table"] = {"mode": "whole", "unit": "pct_of_quota",
                       "rows": [{"from": 0, "payout_pct": 0}, {"from": 1, "payout_pct": 100}]}  # fmt: skip
    until = date(2026, 2, 15)
    rows = [stay(until=until, target_incentive=D(6000)), stay(since=until, target_incentive=D(18000))]
    made = plan(kicker, quota=QUOTA | {"prorate": prorate})
    leave = table({"person_id": "rep", "from": MARCH, "to": date(2026, 3, 25), "kind": "parental"})
    given = {"deals": deals(300_000), "plan_assignments": table(*rows), "leave": leave}
    # 45 days at 1,500 and 45 (less 24) at 4,500, of 90; of the 15ths one at 1,500, one at 4,500, one away
    assert total(commission.calculate(made, given, Q1)) == D(pay)


# --- a ramp for new hires only ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "hired", "since", "quota"),
    [
        ("everyone", date(2024, 5, 1), date(2026, 1, 1), 150_000),
        ("new_hires", date(2024, 5, 1), date(2026, 1, 1), 300_000),
        ("new_hires", date(2026, 1, 1), date(2026, 1, 1), 150_000),
        ("new_hires", date(2026, 1, 10), date(2026, 1, 10), 150_000),
        ("hired_within_6_months", date(2025, 8, 1), date(2026, 1, 1), 150_000),
        ("hired_within_6_months", date(2025, 7, 1), date(2026, 1, 1), 150_000),
        ("hired_within_6_months", date(2025, 6, 30), date(2026, 1, 1), 300_000),
    ],
)
def test_a_ramp_for_new_hires_only(who: str, hired: date, since: date, quota: int) -> None:
    ramp = {"ramp_pct": [50], "ramp_from": "assignment", "ramp_for": who}
    made = plan(BANDS, quota=QUOTA | ramp)
    given = {
        "deals": deals(1000, start=date(2026, 2, 1)),
        "plan_assignments": table(stay(since=since)),
        "people": table({"person_id": "rep", "hired_on": hired}),
    }
    payout = commission.calculate(made, given, Q1)
    assert standing(payout).quota == quota
    assert payout.problems == []


def test_a_new_version_leaves_a_new_hires_ramp_as_it_was() -> None:
    """Hired in November under version 1: the ramp by quarters goes on under version 2."""
    ramp = {"ramp_pct": [50, 75], "ramp_for": "new_hires"}
    first = {"version": 1, "from": date(2025, 1, 1), "to": date(2025, 12, 31)}
    versions = [
        plan(BANDS, quota=QUOTA | ramp, head=first),
        plan(BANDS, quota=QUOTA | ramp, head={"version": 2}),
    ]
    given = {
        "deals": deals(1000, start=date(2026, 2, 1)),
        "plan_assignments": table(stay(since=date(2025, 11, 10))),
        "people": table({"person_id": "rep", "hired_on": date(2025, 11, 10)}),
    }
    assert standing(commission.calculate(versions, given, Q1)).quota == 225_000


def test_who_has_no_day_of_hiring_is_told_and_not_ramped() -> None:
    made = plan(BANDS, quota=QUOTA | {"ramp_pct": [50], "ramp_for": "new_hires"})
    payout = commission.calculate(made, {"deals": deals(1000), "plan_assignments": table(stay())}, Q1)
    assert standing(payout).quota == 300_000
    assert [(p.code, p.value) for p in payout.problems] == [("hiring-unknown", "rep")]


@pytest.mark.parametrize(("who", "words"), [
    ("new_hires", "for people hired since the plan began"),
    ("hired_within_6_months", "for people hired at most 6 months before their first day on the plan"),
])  # fmt: skip
def test_the_summary_says_whom_a_ramp_is_for(who: str, words: str) -> None:
    assert words in plan(BANDS, quota=QUOTA | {"ramp_pct": [50], "ramp_for": who}).summary()


def test_a_ramp_for_somebody_else_is_refused_with_what_is_allowed() -> None:
    with pytest.raises(SalesopsError, match="hired_within_N_months, such as hired_within_6_months"):
        plan(BANDS, quota=QUOTA | {"ramp_pct": [50], "ramp_for": "hired_within_0_months"})


# --- a kicker in per cent of base pay -------------------------------------------------------------

KICKER = {
    "id": "kicker", "kind": "bonus", "scope": "running_total", "target": "base_pay",
    "table": {"mode": "whole", "unit": "pct_of_quota",
              "rows": [{"from": 0, "payout_pct": 0}, {"from": 110, "payout_pct": 5}]},
}  # fmt: skip


@pytest.mark.parametrize(("sold", "pay"), [(329_999, 0), (330_000, 1000), (900_000, 1000)])
def test_a_kicker_of_five_per_cent_of_base_pay(sold: int, pay: int) -> None:
    """80,000 a year are 20,000 a quarter: 1,000 from 110 % of quota on."""
    given = {"deals": deals(sold), "plan_assignments": table(stay(base_pay=D(80_000)))}
    payout = commission.calculate(plan(KICKER, quota=QUOTA), given, Q1)
    assert total(payout) == pay
    if pay:
        assert "5 % of base pay" in commission.explain(payout, payout.lines["line_id"][0])
    assert "from 110: 5 % of base pay" in plan(KICKER, quota=QUOTA).summary()


def test_a_kicker_comes_back_with_the_deal_that_reached_it() -> None:
    given = {
        "deals": deals(330_000), "plan_assignments": table(stay(base_pay=D(80_000))),
        "events": events(("d1", "refunded", "2026-03-01", 1)),
    }  # fmt: skip
    assert by(commission.calculate(plan(KICKER, quota=QUOTA), given, Q1), "kind") == {
        "bonus": 1000,
        "refund": -1000,
    }


def test_a_kicker_follows_a_change_of_base_pay_by_days() -> None:
    rows = table(
        stay(until=date(2026, 2, 15), base_pay=D(80_000)), stay(since=date(2026, 2, 15), base_pay=D(160_000))
    )
    given = {"deals": deals(400_000), "plan_assignments": rows}
    assert total(commission.calculate(plan(KICKER, quota=QUOTA), given, Q1)) == 1500  # 45 of 90 days each


def test_who_has_no_base_pay_is_told() -> None:
    given = {"deals": deals(400_000), "plan_assignments": table(stay())}
    payout = commission.calculate(plan(KICKER, quota=QUOTA), given, Q1)
    assert total(payout) == 0
    assert [(p.code, p.value) for p in payout.problems] == [("missing-base-pay", "rep")]


def test_an_objective_may_be_a_share_of_base_pay() -> None:
    card = {"id": "m", "measure": "mbo", "target": "base_pay", "weight_pct": 10,
            "objectives": [{"id": "o", "weight_pct": 100}]}  # fmt: skip
    scores = table({"person_id": "rep", "objective": "o", "period": Q1, "achievement_pct": D(100)})
    given = {"deals": deals(1), "plan_assignments": table(stay(base_pay=D(80_000))), "scores": scores}
    assert total(commission.calculate(plan(card), given, Q1)) == 2000


# --- activities that somebody confirmed -----------------------------------------------------------


def meetings(*confirmed: str | None) -> pd.DataFrame:
    return table(*[
        {"activity_id": f"a{n}", "person_id": "rep", "kind": "meeting", "happened_on": date(2026, 1, 5 + n),
         "confirmed_by": who}
        for n, who in enumerate(confirmed)
    ])  # fmt: skip


MEETING = {"id": "m", "measure": "activities", "activity": "meeting", "per_unit": 50}


@pytest.mark.parametrize(
    ("confirmed", "people", "paid"),
    [
        ("crm", True, True), ("counterpart", True, True), ("CRM", True, True),
        ("Counterpart ", True, True), ("boss", True, True), ("boss", False, True),
        ("rep", True, False), ("rep", False, False), (None, True, False), ("", True, False),
        ("peer", True, False),
    ],
)  # fmt: skip
def test_an_activity_pays_when_somebody_else_confirmed_it(confirmed: str, people: bool, paid: bool) -> None:
    given: dict[str, Any] = {"deals": deals(1000), "activities": meetings("crm", confirmed)}
    if people:
        given["people"] = table(
            *[
                {"person_id": who, "manager_id": "boss" if who != "boss" else None}
                for who in ("rep", "peer", "boss")
            ]
        )
    payout = commission.calculate(plan(MEETING | {"confirmed": "required"}), given, Q1)
    assert total(payout) == (100 if paid else 50)
    told = payout.withheld[payout.withheld["event_id"] == "a1"]["reason"].tolist()
    assert told == ([] if paid else [
        "not confirmed: by the CRM's record, the counterpart or a manager, and not by its author"
    ])  # fmt: skip
    assert payout.problems == []


def test_without_the_column_nothing_is_confirmed() -> None:
    given = {"deals": deals(1000), "activities": meetings(None, None).drop(columns="confirmed_by")}
    assert total(commission.calculate(plan(MEETING | {"confirmed": "required"}), given, Q1)) == 0
    assert total(commission.calculate(plan(MEETING | {"confirmed": "not_needed"}), given, Q1)) == 100


def test_a_plan_that_does_not_say_is_told_how_many_nobody_confirmed() -> None:
    payout = commission.calculate(
        plan(MEETING), {"deals": deals(1), "activities": meetings("crm", None, "rep")}, Q1
    )
    assert total(payout) == 150
    assert [(p.code, p.severity) for p in payout.problems] == [("activities-not-confirmed", "warning")]
    assert "nobody confirmed 2" in payout.problems[0].message


def test_the_summary_says_whether_activities_must_be_confirmed() -> None:
    words = "meeting, confirmed by the CRM's record, the counterpart or a manager"
    assert words in plan(MEETING | {"confirmed": "required"}).summary()
    assert "meeting, confirmed or not" in plan(MEETING).summary()
    with pytest.raises(SalesopsError, match="'confirmed' belongs to the measure activities"):
        plan({"id": "b", "rate_pct": 5, "confirmed": "required"})


# --- paid in full, and with the nth payment -------------------------------------------------------

FLAT = {"id": "b", "rate_pct": 10}
FULL = [{"event": "collected", "pct": 100, "as": "in_full"}]
THIRD = [{"event": "collected", "pct": 100, "number": 3}]
MIXED = [{"event": "booked", "pct": 40}, {"event": "invoiced", "pct": 20, "number": 2},
         {"event": "collected", "pct": 40, "as": "in_full"}]  # fmt: skip
PAID = [("d1", "collected", "2026-02-05", 400), ("d1", "collected", "2026-03-05", 500)]
LAST = ("d1", "collected", "2026-03-20", 100)
CLAWBACK = {"when": "cancelled", "method": "full", "unpaid": "cancel"}


@pytest.mark.parametrize(("release", "happened", "paid", "waits"), [
    (FULL, PAID, {}, "not collected in full yet"),
    (FULL, [*PAID, LAST], {date(2026, 3, 20): 100}, None),
    (FULL, [*PAID, ("d1", "refunded", "2026-03-10", 100)], {date(2026, 3, 10): 90}, None),
    (FULL, [*PAID, ("d1", "cancelled", "2026-03-10", None), LAST], {}, None),
    (THIRD, PAID, {}, "waits for payment number 3"),
    (THIRD, [*PAID, LAST], {date(2026, 3, 20): 100}, None),
    (MIXED, [("d1", "invoiced", "2026-01-05", 500), ("d1", "invoiced", "2026-02-09", 500), *PAID],
     {date(2026, 1, 1): 40, date(2026, 2, 9): 20}, "not collected in full yet"),
])  # fmt: skip
def test_pay_waits_for_all_payments_or_for_the_nth(
    release: list[Any], happened: list[Any], paid: dict[date, int], waits: str | None
) -> None:
    given = {"deals": deals(1000), "events": events(*happened)}
    payout = commission.calculate(plan(FLAT, release=release, clawback=CLAWBACK), given, Q1)
    found = {day: amount for day, amount in by(payout, "happened_on").items() if amount}
    assert found == paid
    waiting = payout.withheld[payout.withheld["amount"] != 0]["reason"].tolist()
    assert waiting == ([waits] if waits else [])


def test_the_shares_of_a_deal_wait_alike() -> None:
    shares = table(*[{"deal_id": "d1", "person_id": w, "share": s} for w, s in (("a", 30), ("b", 70))])
    given = {
        "deals": deals("64.50"),
        "splits": shares,
        "events": events(("d1", "collected", "2026-03-01", "64.5")),
    }
    made = plan(FLAT, release=FULL, credit={"splits": {"apply_to": "credit"}})
    payout = commission.calculate(made, given, Q1)
    assert by(payout, "payee_id") == {"a": D("1.94"), "b": D("4.51")}


def test_the_summary_says_what_releases_pay() -> None:
    assert "Release: 100 % when collected in full." in plan(FLAT, release=FULL).summary()
    assert "Release: 100 % when collected for the third time." in plan(FLAT, release=THIRD).summary()


@pytest.mark.parametrize(("rule", "says"), [
    ({"event": "booked", "pct": 100, "as": "in_full"}, "belong to what is invoiced or collected"),
    ({"event": "period_end", "pct": 100, "number": 2}, "belong to what is invoiced or collected"),
    ({"event": "collected", "pct": 100, "number": 2, "as": "share_collected"}, "'as: whole'"),
])  # fmt: skip
def test_a_release_that_cannot_be_is_refused(rule: dict[str, Any], says: str) -> None:
    with pytest.raises(SalesopsError, match=says):
        plan(FLAT, release=[rule])


@pytest.mark.parametrize(
    ("who", "hired", "since", "paid"),
    [
        ("everyone", date(2024, 5, 1), date(2026, 1, 1), 900),
        ("new_hires", date(2024, 5, 1), date(2026, 1, 1), 0),
        ("new_hires", date(2026, 1, 1), date(2026, 1, 1), 900),
        ("new_hires", date(2026, 2, 1), date(2026, 2, 1), 600),
        ("hired_within_6_months", date(2025, 7, 1), date(2026, 1, 1), 900),
        ("hired_within_6_months", date(2025, 6, 30), date(2026, 1, 1), 0),
        ("new_hires", None, date(2026, 1, 1), 0),
    ],
)
def test_a_draw_for_new_hires_only(who: str, hired: date | None, since: date, paid: int) -> None:
    draw = {"per": "month", "amount": 300, "recoverable": True, "keep_at_least": "none", "paid_for": who}
    made = plan({"id": "b", "rate_pct": 10}, draw=draw)
    given = {
        "deals": deals(0, start=date(2026, 2, 1)),
        "plan_assignments": table(stay(since=since)),
        "people": table({"person_id": "rep", "hired_on": hired}),
    }
    payout = commission.calculate(made, given, Q1)
    assert payout.lines["amount"].sum() == paid
    told = [problem.value for problem in payout.problems if problem.code == "hiring-unknown"]
    assert told == ([] if hired else ["rep"])


def test_a_debt_of_a_version_for_all_is_repaid_under_one_that_pays_new_hires_only() -> None:
    """900 advanced by version 1; version 2 has no draw for who was hired before: 900 of 1,000 come back."""
    draw = {"per": "month", "amount": 300, "recoverable": True, "keep_at_least": "none"}
    flat = {"id": "b", "rate_pct": 10}
    versions = [
        plan(flat, draw=draw, head={"to": date(2026, 3, 31)}),
        plan(flat, draw=draw | {"paid_for": "new_hires"}, head={"version": 2, "from": date(2026, 4, 1)}),
    ]
    given = {
        "deals": deals(10_000, start=date(2026, 4, 10)),
        "plan_assignments": table(stay()),
        "people": table({"person_id": "rep", "hired_on": date(2024, 5, 1)}),
    }
    first = commission.calculate(versions, given, Q1)
    second = commission.calculate(versions, given | {"prior_lines": first.lines}, "2026-Q2")
    assert (total(first), total(second)) == (900, 100)
