"""What a person brings into a plan: opening balances, and the assignment with its pay mix and acceptance."""

from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd
import pytest
from commission_helpers import BANDS, D, by, deals, events, plan, table, total

from salesops_nb import commission
from salesops_nb.errors import SalesopsError

FLAT = {"id": "b", "rate_pct": 10}
JULY = {"head": {"from": date(2026, 7, 1)}}
HALVES = ("2026-Q3", "2026-Q4")
QUOTA = {"amount": 10000, "attained_by": "booked"}
ROWS = [{"from": 0, "rate_pct": 5}, {"from": 100, "rate_pct": 10}]
MARGINAL = {"mode": "marginal", "unit": "pct_of_quota", "rows": ROWS}
AMOUNTS = {"mode": "marginal", "unit": "amount", "rows": [ROWS[0], {"from": 10000, "rate_pct": 10}]}
RUNNING = {"id": "b", "scope": "running_total", "table": MARGINAL}


def opening(kind: str, amount: object, **more: Any) -> pd.DataFrame:
    row = {"person_id": "rep", "plan_id": "p", "component_id": None, "as_of": date(2026, 7, 1)}
    return table(row | {"kind": kind, "amount": D(amount)} | more)


def sales(*rows: tuple[object, str]) -> pd.DataFrame:
    return deals(*[a for a, _ in rows]).assign(closed_on=[date.fromisoformat(d) for _, d in rows])


def paid_by_kind(made: commission.Plan, tables: dict[str, Any], *periods: str) -> list[dict[str, Any]]:
    """Sums by kind, each period with the lines of those before it; the credits must always tie."""
    found, prior = [], None
    for period in periods:
        payout = commission.calculate(
            made, tables | ({} if prior is None else {"prior_lines": prior}), period
        )
        assert (payout.reconciliation["difference"] == 0).all()
        found.append(by(payout, "kind"))
        prior = payout.lines if prior is None else pd.concat([prior, payout.lines])
    return found


@pytest.mark.parametrize(
    ("made", "sold", "expected"),
    [
        # 9,000 stand in the year: 1,000 of the next 3,000 are at 5 %, 2,000 at 10 %
        (plan(RUNNING, period="year", quota=QUOTA), [(3000, "2026-07-05")], [250, 0]),
        # by quarter it belongs to the quarter of its day, not to later ones
        (plan(RUNNING, quota=QUOTA), [(3000, "2026-07-05"), (3000, "2026-10-05")], [250, 150]),
        (
            plan({"id": "b", "scope": "ytd_less_paid", "table": AMOUNTS}, **JULY),
            [(3000, "2026-07-05"), (3000, "2026-10-05")],
            [250, 300],
        ),
        # it counts towards a gate: 9,500 do not reach it, 10,000 do
        (
            plan(
                FLAT | {"scope": "running_total", "gate": {"attainment_pct": 100, "then": "first_dollar"}},
                period="year", quota=QUOTA,
            ),
            [(500, "2026-07-05"), (500, "2026-10-05")],
            [0, 100],
        ),
    ],
)  # fmt: skip
def test_credit_of_before_moves_the_table_on(made: Any, sold: list[Any], expected: list[int]) -> None:
    tables = {"deals": sales(*sold), "opening_balances": opening("credit", 9000)}
    found = paid_by_kind(made, tables, *HALVES)
    assert [sum(each.values()) for each in found] == expected


def test_draw_and_carry_of_before() -> None:
    draw = {"per": "period", "amount": 10, "recoverable": True, "keep_at_least": "none", "ends": 1}
    tables = {
        "deals": sales((500, "2026-07-05"), (5000, "2026-10-05")),
        "opening_balances": opening("draw", 70),
    }
    assert paid_by_kind(plan(FLAT, draw=draw, **JULY), tables, *HALVES) == [
        {"commission": 50, "draw_recovery": -50},
        {"commission": 500, "draw_recovery": -20},
    ]
    capped = FLAT | {"limits": {"cap": 100, "per": "period", "excess": "carry"}}
    tables = {
        "deals": sales((500, "2026-07-05"), (500, "2026-10-05")),
        "opening_balances": opening("carry", 70),
    }
    assert paid_by_kind(plan(capped, **JULY), tables, *HALVES) == [
        {"commission": 50, "carry": 50},
        {"commission": 50, "carry": 20},
    ]


def test_a_holdback_of_before_is_released_as_the_plan_releases() -> None:
    held = {"release": [{"event": "booked", "pct": 80}, {"event": "year_end", "pct": 20}]}
    tables = {"deals": sales((1000, "2026-07-05")), "opening_balances": opening("holdback", 500)}
    made = plan(FLAT, **held, **JULY)
    assert paid_by_kind(made, tables, *HALVES) == [{"commission": 80}, {"release": 520}]
    first = commission.calculate(made, tables, "2026-Q3")
    assert dict(zip(first.withheld["reason"], first.withheld["amount"], strict=True)) == {
        "held until the year's end": 20,
        "held back before the plan began, until 2026-12-31": 500,
    }
    assert first.balances["amount"].sum() == 520
    last = commission.calculate(made, tables, "2026-Q4")
    line = next(i for i in last.lines["line_id"] if "opening" in i)
    assert last.explain(line) == "holdback: held back before the plan began, released now: 500.00"


def test_a_holdback_of_a_deal_is_released_as_its_customer_pays() -> None:
    """4,000 sold before, 1,000 of it paid before: 3,000 were open, of which a third and then the rest
    come in.
    """
    cash = {"event": "collected", "pct": 40, "as": "share_collected"}
    made = plan(FLAT, release=[{"event": "booked", "pct": 60}, cash], **JULY)
    happened = events(
        ("d1", "booked", "2026-03-05", 4000), ("d1", "collected", "2026-05-05", 1000),
        ("d1", "collected", "2026-08-05", 1000), ("d1", "collected", "2026-11-05", 2000),
    )  # fmt: skip
    tables = {"deals": sales((4000, "2026-03-05")), "events": happened}
    tables["opening_balances"] = opening("holdback", "100.00", deal_id="d1")
    found = paid_by_kind(made, tables, *HALVES)
    assert found == [{"release": D("33.33")}, {"release": D("66.67")}]


def test_a_holdback_that_nothing_releases_waits_and_is_told() -> None:
    tables = {"deals": sales((1000, "2026-07-05")), "opening_balances": opening("holdback", 500)}
    payout = commission.calculate(plan(FLAT, **JULY), tables, "2026-Q3")
    assert by(payout, "kind") == {"commission": 100}
    assert [p.code for p in payout.problems] == ["holdback-without-day"]
    assert list(payout.withheld["amount"]) == [500]
    tables["opening_balances"] = opening("holdback", 500, due_on=date(2026, 10, 1))
    assert paid_by_kind(plan(FLAT, **JULY), tables, *HALVES) == [{"commission": 100}, {"release": 500}]


@pytest.mark.parametrize(("method", "back"), [("full", 400), ("declining", 200), ("unserved_share", 300)])
def test_exposure_of_before_comes_back_when_the_deal_is_cancelled(method: str, back: int) -> None:
    """Sold on 5 March, cancelled after six full months: of twelve six are left, of a term of 24 eighteen."""
    rule = {"when": "cancelled_within_12_months", "method": method, "unpaid": "cancel"}
    happened = events(("d1", "booked", "2026-03-05", 4000), ("d1", "cancelled", "2026-09-06", None))
    tables = {
        "deals": sales((4000, "2026-03-05")).assign(term_months=24),
        "events": happened,
        "opening_balances": opening("clawback", 400, deal_id="d1", component_id="b"),
    }
    assert paid_by_kind(plan(FLAT, clawback=rule, **JULY), tables, *HALVES) == [{"clawback": -back}, {}]


def test_openings_that_cannot_be_used_are_told() -> None:
    rows = pd.concat([opening("clawback", 5), opening("hold", 5), opening("credit", 5).assign(amount=None)])
    payout = commission.calculate(plan(FLAT), {"deals": deals(100), "opening_balances": rows}, "2026-Q1")
    assert [(p.code, p.row, p.column) for p in payout.problems] == [
        ("bad-opening", 2, "deal_id"), ("bad-opening", 3, "kind"), ("bad-opening", 4, "amount"),
    ]  # fmt: skip


DRAW = {"per": "month", "amount": 10, "recoverable": True, "keep_at_least": "none"}
CAPPED = FLAT | {"limits": {"cap": 5, "per": "period", "excess": "carry"}}
FULL = {"when": "cancelled", "method": "full", "unpaid": "cancel"}
UNUSED = {
    # kind: what it needs, the plan with it, and the word on a plan without
    "draw": (plan(FLAT, draw=DRAW), "no recoverable draw"),
    "carry": (plan(CAPPED), "no component of the plan carries"),
    "clawback": (plan(FLAT, clawback=FULL), "the plan has no clawback"),
}


@pytest.mark.parametrize("kind", UNUSED)
def test_an_opening_of_what_the_plan_does_not_do_is_a_problem(kind: str) -> None:
    made, words = UNUSED[kind]
    tables = {"deals": deals(100), "opening_balances": opening(kind, 5, deal_id="d9", component_id="b")}
    assert not commission.calculate(made, tables, "2026-Q1").problems
    (problem,) = commission.calculate(plan(FLAT), tables, "2026-Q1").problems
    assert (problem.code, problem.row, problem.amount) == ("bad-opening", 2, 5)
    assert words in problem.message


def test_an_opening_of_a_component_that_the_plan_does_not_have_is_a_problem() -> None:
    tables = {"deals": deals(100), "opening_balances": opening("credit", 5, component_id="other")}
    (problem,) = commission.calculate(plan(FLAT), tables, "2026-Q1").problems
    assert (problem.code, problem.column) == ("bad-opening", "component_id")
    assert "'other', which the plan does not have" in problem.message


# -- quotas of other periods ---------------------------------------------------------------------


def quotas(**by_period: int) -> pd.DataFrame:
    row = {"level": "rep", "who": "rep", "metric": "quota"}
    return table(
        *(row | {"period": key.replace("_", "-")[1:], "value": D(v)} for key, v in by_period.items())
    )


@pytest.mark.parametrize(
    ("targets", "pay", "codes"),
    [
        # 1,000 sold: 5 % up to the quota and 20 % above it
        (quotas(p2026_Q1=500), "125", []),
        (quotas(p2026_01=100, p2026_02=150, p2026_03=250), "125", []),
        (quotas(p2026_01=100, p2026_02=150), "50", []),  # not each month: the plan's 1,000
        (quotas(p2026_Q1=500, p2026_01=9, p2026_02=9, p2026_03=9), "125", []),
        (quotas(p2026=2000), "50", ["quota-of-another-period"]),
    ],
)
def test_quotas_of_months_sum_to_a_quarter_and_one_of_a_year_is_said(
    targets: pd.DataFrame, pay: str, codes: list[str]
) -> None:
    made = plan(BANDS, quota={"amount": 1000, "attained_by": "booked"})
    payout = commission.calculate(made, {"deals": deals(1000), "targets": targets}, "2026-Q1")
    assert sum(payout.lines["amount"], D(0)) == D(pay)
    assert [p.code for p in payout.problems] == codes


# -- the assignment ------------------------------------------------------------------------------

DERIVED = {"id": "b", "rate_pct": "derived"}


def assigned(**more: Any) -> pd.DataFrame:
    return table(
        {"person_id": "rep", "plan_id": "p", "valid_from": date(2026, 1, 1), "valid_to": None} | more
    )


@pytest.mark.parametrize(("target", "quota"), [(100_000_000, 5), (10**12, 1), (10**8, "0.01")])
def test_a_derived_rate_that_nobody_can_mean_names_the_person(target: int, quota: object) -> None:
    made = plan(DERIVED, quota=QUOTA | {"amount": quota}, incentive={"target": target}, period="year")
    on = assigned(target_incentive=D(target))
    with pytest.raises(SalesopsError, match="The derived rate of rep for 2026 is") as caught:
        commission.calculate(made, {"deals": deals(1000), "plan_assignments": on}, "2026").lines  # noqa: B018
    assert "target_incentive" not in caught.value.problems[0].message
    assert "plan_assignments" in caught.value.problems[0].fix


@pytest.mark.parametrize("mix", ["60/40", "60:40", "60 % / 40 %", "60", 60, "0.6", 0.6])
def test_target_incentive_follows_from_base_pay_and_pay_mix(mix: object) -> None:
    """60,000 of base are 60 %, so 40,000 a year are at target; 10,000 a quarter ÷ 100,000 of quota."""
    on = assigned(base_pay=D(60000), pay_mix=mix)
    made = plan(DERIVED, quota=QUOTA | {"amount": 100000})
    payout = commission.calculate(made, {"deals": deals(50000), "plan_assignments": on}, "2026-Q1")
    assert (total(payout), payout.problems) == (5000, [])


@pytest.mark.parametrize(("more", "pays", "code"), [
    ({"base_pay": D(60000), "pay_mix": "50/50", "target_incentive": D(40000)}, 5000, "pay-mix-differs"),
    ({"base_pay": D(60000), "pay_mix": "lots", "target_incentive": D(40000)}, 5000, "pay-mix-differs"),
    ({}, 0, "missing-target"),
    ({"target_incentive": D(40000), "currency": "EUR"}, 5000, "pay-currency-not-said"),
])  # fmt: skip
def test_assignments_that_do_not_agree_are_told(more: dict[str, Any], pays: int, code: str) -> None:
    made = plan(DERIVED, quota=QUOTA | {"amount": 100000})
    tables = {"deals": deals(50000), "plan_assignments": assigned(**more)}
    payout = commission.calculate(made, tables, "2026-Q1")
    assert total(payout) == pays
    assert [p.code for p in payout.problems] == [code]


@pytest.mark.parametrize("release", [None, [{"event": "booked", "pct": 100}]])
@pytest.mark.parametrize(("missing", "pays"), [("pay", 10), ("withhold", 0), (None, 10)])
def test_a_plan_not_accepted_is_told_and_withheld_if_the_plan_says_so(
    missing: str | None, pays: int, release: Any
) -> None:
    parts = {"acceptance": {"missing": missing}} if missing else {}
    made = plan(FLAT, release=release, **parts)
    sold = pd.concat([deals(100), deals(50, owner="ann").assign(deal_id="e1")])
    on = pd.concat(
        [assigned(accepted_on=None), assigned(accepted_on=date(2026, 1, 9)).assign(person_id="ann")]
    )
    payout = commission.calculate(made, {"deals": sold, "plan_assignments": on}, "2026-Q1")
    assert by(payout, "payee_id").get("rep", 0) == pays
    assert by(payout, "payee_id")["ann"] == 5
    assert [(p.code, p.value) for p in payout.problems] == [("plan-not-accepted", "rep")]
    waiting = dict(zip(payout.withheld["reason"], payout.withheld["amount"], strict=True))
    assert waiting == ({} if pays else {"the plan was not accepted yet": 10})
    row = payout.reconciliation.to_dict("records")[0]
    assert (row["paid"], row["withheld"]) == ((150, 0) if pays else (50, 100))
