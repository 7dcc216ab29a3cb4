"""What comes back: refunds and cancellations after a plan's end, beyond the sale, in either order, as
customers pay; by every route that pay takes.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import pandas as pd
import pytest
from commission_helpers import D, by, deals, events, plan, table, total

from salesops_nb import commission
from salesops_nb.commission.inputs import events as facts_module

pytestmark = pytest.mark.slow

FLAT = {"id": "b", "rate_pct": 10}
MARGINAL = {
    "mode": "marginal",
    "unit": "amount",
    "rows": [{"from": 0, "rate_pct": 5}, {"from": 800, "rate_pct": 10}],
}
FULL = {"when": "cancelled", "method": "full", "unpaid": "cancel"}
HALF = FULL | {"method": "share", "pct": 50}
CASH = [{"event": "collected", "pct": 100, "as": "share_collected"}]
NEXT = {"version": 2, "from": date(2027, 1, 1), "to": date(2027, 12, 31)}
EACH = ("small", "large")
PERIODS = [f"{year}-Q{n}" for year in (2026, 2027) for n in (1, 2, 3, 4)]


@pytest.fixture(params=EACH)
def path(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways to calculate: worked out in memory for all periods at once, and lazily by the engine."""
    if request.param == "large":
        monkeypatch.setattr(facts_module, "_IN_MEMORY", -1)
    return str(request.param)


def stays(*rows: tuple[str, str, str, str | None]) -> pd.DataFrame:
    """Assignments of (person, plan, from, to)."""
    return table(
        *[
            {"person_id": who, "plan_id": plan_id, "valid_from": date.fromisoformat(start),
             "valid_to": date.fromisoformat(end) if end else None}
            for who, plan_id, start, end in rows
        ]
    )  # fmt: skip


def history(
    plans: Any, tables: Mapping[str, Any], periods: list[str], ledger: bool = True
) -> list[commission.Payout]:
    """The payouts of periods one after the other, each after the lines of those before it."""
    found: list[commission.Payout] = []
    for period in periods:
        given = dict(tables)
        if ledger and found:
            given["prior_lines"] = pd.concat([p.lines for p in found], ignore_index=True)
        found.append(commission.calculate(plans, given, period))
    for payout in found:
        assert (payout.reconciliation["difference"] == 0).all()
        assert sum(payout.statements["amount"], D(0)) == total(payout)
        assert all(payout.explain(line) for line in payout.lines["line_id"])
        assert payout.lines["line_id"].is_unique
    return found


# --- a refund after the plan's end, or a change of version or plan -------------------------------------

ROUTES: dict[str, tuple[dict[str, Any], dict[str, Any], str, str]] = {
    # name: the component, the rest of the plan, what the sale of 1,000 pays, what comes back of 300
    "flat": (FLAT, {}, "100", "-30"),
    "tiers on a running total": (
        {"id": "b", "scope": "running_total", "table": MARGINAL}, {}, "60", "-25"),
    "tiers on each sale": (
        {"id": "b", "scope": "each_transaction", "table": MARGINAL}, {}, "60", "-25"),
    "year to date less paid": (
        {"id": "b", "scope": "ytd_less_paid", "table": MARGINAL}, {}, "60", "-25"),
    "a cap of the period": (
        FLAT | {"limits": {"cap": 80, "per": "period", "excess": "forfeit"}}, {}, "80", "-10"),
    "a cap of the deal": (FLAT | {"limits": {"cap": 80, "per": "deal"}}, {}, "80", "-10"),
    "a cap of credit": (FLAT, {"credit": {"cap_per_deal": 900}}, "90", "-20"),
    "a threshold of each sale": (FLAT | {"threshold": 500, "then": "first_dollar"}, {}, "100", "-30"),
    "the excess of each sale": (FLAT | {"threshold": 500, "then": "excess"}, {}, "50", "-30"),
    "a gate that closes again": (
        FLAT | {"scope": "running_total", "gate": {"amount": 900, "then": "first_dollar"}},
        {}, "100", "-100"),
    "a gate on the quota": (
        FLAT | {"gate": {"attainment_pct": 90, "then": "first_dollar"}},
        {"quota": {"amount": 1000, "attained_by": "booked"}}, "100", "-100"),
    "quota bands": (
        {"id": "b", "scope": "running_total", "table": MARGINAL | {
            "unit": "pct_of_quota", "rows": [{"from": 0, "rate_pct": 5}, {"from": 80, "rate_pct": 10}]}},
        {"quota": {"amount": 1000, "attained_by": "booked"}}, "60", "-25"),
    "with a release": (FLAT, {"release": [{"event": "booked", "pct": 100}]}, "100", "-30"),
    "with a clawback": (FLAT, {"clawback": FULL}, "100", "-30"),
    "with both": (FLAT, {"clawback": FULL, "release": [{"event": "booked", "pct": 100}]}, "100", "-30"),
    "with a draw": (
        FLAT, {"draw": {"per": "month", "amount": 20, "recoverable": False}}, "100", "-30"),
    "on cash": (FLAT, {"credit": {"event": "collected"}}, "100", "-30"),
    "on margin": (FLAT, {"credit": {"base": "margin", "margin_of": "price"}}, "60", "-18"),
    "rates by row": ({"id": "b", "rates": [{"where": "amount > 1", "rate_pct": 10}]}, {}, "100", "-30"),
}  # fmt: skip
LATER = {
    "the plan ended": ([], {}),
    "another version": ([FLAT | {"rate_pct": 77}], {"head": NEXT}),
    "another plan": ([FLAT | {"rate_pct": 77}], {"head": NEXT | {"id": "q"}}),
}


CASES = [(route, "another version", False) for route in ROUTES]
CASES += [("flat", after, assigned) for after in LATER for assigned in (False, True)]
CASES.remove(("flat", "another plan", False))  # two plans need assignments


@pytest.mark.parametrize(("route", "after", "assigned"), CASES)
def test_a_refund_after_the_plans_end_is_one_line_of_its_own_period(
    route: str, after: str, assigned: bool, path: str
) -> None:
    c, parts, paid, back = ROUTES[route]
    components, more = LATER[after]
    plans = [plan(c, **parts), *([plan(*components, **more)] if components else [])]
    kind = parts.get("credit", {}).get("event", "booked")
    tables: dict[str, Any] = {
        "deals": deals(1000, cost=[D(400)]),
        "events": events(("d1", kind, "2026-12-30", 1000), ("d1", "refunded", "2027-02-15", 300)),
    }
    if assigned:
        rows = [("rep", "p", "2026-12-01", "2027-01-01" if after == "another plan" else None)]
        rows += [("rep", "q", "2027-01-01", None)] if after == "another plan" else []
        tables["plan_assignments"] = stays(*rows)
    made = history(plans, tables, ["2026-Q4", "2027-Q1", "2027-Q2"])
    for payout in made:
        assert [p.code for p in payout.problems] == []
    sale = by(made[0], "event_id", kinds=("commission",))
    assert sale == {"e01": D(paid)}
    lines = made[1].lines
    assert sum(lines["amount"], D(0)) == D(back)
    assert set(lines["plan_id"]) == {"p"}
    assert set(lines["plan_version"]) == {1}
    assert set(lines["period"]) == {"2027-Q1"}
    assert lines["happened_on"].iloc[-1] in (date(2027, 2, 15), date(2026, 12, 30))
    if "gate" not in route:
        assert list(lines["kind"]) == ["refund"]
    assert total(made[2]) == 0
    again = commission.calculate(plans, tables, "2026-Q4")
    pd.testing.assert_frame_equal(again.lines, made[0].lines)


def test_a_refund_after_the_end_of_teams_splits_overlay_and_several_components(path: str) -> None:
    people = table(
        *[
            {
                "person_id": who,
                "name": who,
                "role": "r",
                "manager_id": boss,
                "valid_from": start,
                "valid_to": end,
            }
            for who, boss, start, end in [
                ("rep", "old", date(2020, 1, 1), date(2027, 1, 1)),
                ("rep", "new", date(2027, 1, 1), None),
                ("ann", "old", date(2020, 1, 1), None),
                ("se", None, date(2020, 1, 1), None),
                ("old", None, date(2020, 1, 1), None),
                ("new", None, date(2020, 1, 1), None),
            ]
        ]
    )
    shares = table(
        {"deal_id": "d1", "person_id": "rep", "share": D(60), "type": "revenue"},
        {"deal_id": "d1", "person_id": "ann", "share": D(40), "type": "revenue"},
        {"deal_id": "d1", "person_id": "se", "share": D(50), "type": "overlay"},
    )
    head = {"credit": {"splits": {"apply_to": "credit"}}}
    team = {"id": "o", "payee": "manager", "measure": "team_credit", "rate_pct": 1}
    count = {"id": "n", "measure": "count", "per_unit": 7}
    plans = [plan(FLAT, team, count, **head), plan(FLAT, team, head=NEXT, **head)]
    tables = {
        "deals": deals(1000),
        "splits": shares,
        "people": people,
        "events": events(("d1", "booked", "2026-12-30", 1000), ("d1", "refunded", "2027-02-15", 1000)),
    }
    first, second = history(plans, tables, ["2026-Q4", "2027-Q1"])
    assert by(first, "payee_id") == {"rep": D("64.20"), "ann": D("42.80"), "se": D("53.50"), "old": D(10)}
    assert by(second, "payee_id") == {who: -amount for who, amount in by(first, "payee_id").items()}


@pytest.mark.parametrize(
    ("rule", "paid", "third"),
    [
        # the year to date begins anew with the version: 300 of d1 at 5 % and 10 %, 500 of d2 from zero
        ("restart_with_version", [60, 0, 0, 0, -5], {(1, "refund"): -25, (2, "commission"): 25}),
        # it goes on: 500 of d2 from 1,000, 300 back from 1,500, 100 back from 1,200
        ("go_on_over_versions", [60, 0, 20, 0, -10], {(1, "refund"): -30, (2, "commission"): 50}),
    ],
)
def test_a_refund_after_a_change_of_version_in_mid_year(
    path: str, rule: str, paid: list[int], third: dict[Any, int]
) -> None:
    c = {"id": "b", "scope": "ytd_less_paid", "table": MARGINAL}
    first = {"to": date(2026, 6, 30), "running_totals": rule}
    second = {"version": 2, "from": date(2026, 7, 1), "to": date(2027, 12, 31), "running_totals": rule}
    plans = [plan(c, head=first), plan(c, head=second)]
    tables = {
        "deals": deals(1000, 500),
        "events": events(
            ("d1", "booked", "2026-02-10", 1000),
            ("d2", "booked", "2026-07-20", 500),
            ("d1", "refunded", "2026-08-15", 300),
            ("d2", "refunded", "2027-02-15", 100),
        ),
    }
    made = history(plans, tables, PERIODS)
    assert [total(p) for p in made] == [*paid, 0, 0, 0]
    assert by(made[2], "plan_version", "kind") == third


def test_what_waits_for_acceptance_is_not_taken_back_either(path: str) -> None:
    accept = {"acceptance": {"missing": "withhold"}}
    on = stays(("rep", "p", "2026-01-01", "2027-01-01")).assign(accepted_on=[None])
    for more in ({}, {"release": CASH}, {"clawback": FULL}):
        rows = [("d1", "booked", "2026-12-30", 1000), ("d1", "collected", "2027-01-05", 1000)]
        rows += [("d1", "refunded", "2027-02-15", 300)]
        tables = {"deals": deals(1000), "events": events(*rows), "plan_assignments": on}
        made = history([plan(FLAT, **accept, **more)], tables, ["2026-Q4", "2027-Q1"])
        assert [total(p) for p in made] == [0, 0]
        assert sum((sum(p.withheld["amount"], D(0)) for p in made), D(0)) in (70, 170)


def test_an_opening_holdback_is_released_once_whatever_the_versions(path: str) -> None:
    opening = table({"person_id": "rep", "plan_id": "p", "kind": "holdback", "amount": D(40),
                     "as_of": date(2026, 1, 1), "due_on": date(2027, 2, 1)})  # fmt: skip
    for more in ({}, {"release": CASH}):
        plans = [plan(FLAT, **more), plan(FLAT, head=NEXT, **more)]
        made = history(
            plans,
            {"deals": deals(1, start=date(2025, 1, 1)), "opening_balances": opening},
            ["2026-Q4", "2027-Q1"],
        )
        assert [total(p) for p in made] == [0, 40]


# --- facts that nobody counts ---------------------------------------------------------------------------

UNCOUNTED: dict[str, tuple[list[tuple[Any, ...]], dict[str, Any], str, str]] = {
    "a refund of a sale before the plans": (
        [("d1", "booked", "2025-12-30", 1000), ("d1", "refunded", "2026-02-15", 300)],
        {}, "outside-plan", "outside dates"),
    "a cancellation of a sale before the plans": (
        [("d1", "booked", "2025-12-30", 1000), ("d1", "cancelled", "2026-02-15", None)],
        {}, "outside-plan", "a day without a plan"),
    "a cancellation without a sale": (
        [("d1", "cancelled", "2026-02-15", None), ("d1", "booked", "2026-03-01", 1000)],
        {"clawback": FULL}, "cancelled-without-sale", "no sale before it"),
    "a cancellation under a plan without a clawback": (
        [("d1", "booked", "2026-01-05", 1000), ("d1", "cancelled", "2026-02-15", None)],
        {}, "cancellation-not-counted", "the plan has no clawback"),
    "a sale on a day without a plan": (
        [("d1", "booked", "2027-01-05", 1000)], {}, "outside-plan", "outside dates"),
}  # fmt: skip


@pytest.mark.parametrize("name", UNCOUNTED)
def test_a_fact_that_nobody_counts_is_a_problem_with_a_reason(name: str, path: str) -> None:
    rows, parts, code, reason = UNCOUNTED[name]
    period = "2027-Q1" if "without a plan" in name and "sale on" in name else "2026-Q1"
    payout = commission.calculate(
        plan(FLAT, **parts), {"deals": deals(1000), "events": events(*rows)}, period
    )
    (problem,) = [p for p in payout.problems if p.code == code]
    assert problem.fix
    assert problem.table == "events"
    assert problem.row
    assert any(reason in said for said in payout.withheld["reason"]), payout.withheld["reason"].tolist()
    assert (payout.reconciliation["difference"] == 0).all()


QUIET: dict[str, tuple[list[tuple[Any, ...]], dict[str, Any]]] = {
    "cash under a plan of bookings": (
        [("d1", "booked", "2026-01-05", 1000), ("d1", "collected", "2026-02-05", 1000)], {}),
    "bookings under a plan of cash": (
        [("d1", "booked", "2026-01-05", 1000), ("d1", "collected", "2026-02-05", 1000)],
        {"credit": {"event": "collected"}}),
    "cancelled before the cash that is credited": (
        [("d1", "booked", "2026-01-05", 1000), ("d1", "cancelled", "2026-02-05", None)],
        {"credit": {"event": "collected"}}),
    "cancelled and refunded under a plan without a clawback": (
        [("d1", "booked", "2026-01-05", 1000), ("d1", "cancelled", "2026-02-05", None),
         ("d1", "refunded", "2026-02-06", 1000)], {}),
    "a deal that the plan does not credit": (
        [("d1", "booked", "2026-01-05", 1000), ("d1", "cancelled", "2026-02-05", None)],
        {"credit": {"where": "amount > 5000"}}),
    "cancelled after the window": (
        [("d1", "booked", "2026-01-05", 1000), ("d1", "cancelled", "2026-03-20", None)],
        {"clawback": FULL | {"when": "cancelled_within_2_months"}}),
}  # fmt: skip


@pytest.mark.parametrize("name", QUIET)
def test_what_is_normal_is_no_problem(name: str, path: str) -> None:
    rows, parts = QUIET[name]
    payout = commission.calculate(
        plan(FLAT, **parts), {"deals": deals(1000), "events": events(*rows)}, "2026-Q1"
    )
    assert [p.code for p in payout.problems] == []


@pytest.mark.parametrize(
    ("credit", "rows"),
    [
        ("collected", [("d1", "booked", "2026-01-05", 1000), ("d1", "refunded", "2026-02-05", 100)]),
        ("invoiced", [("d1", "booked", "2026-01-05", 1000), ("d1", "refunded", "2026-02-05", 100)]),
        ("collected", [("d1", "booked", "2026-01-05", 1000), ("d1", "refunded", "2026-02-05", 100),
                       ("d1", "collected", "2026-03-05", 900)]),
    ],
)  # fmt: skip
def test_a_refund_before_anything_that_is_credited_is_told(credit: str, rows: list[Any], path: str) -> None:
    tables = {"deals": deals(1000), "events": events(*rows)}
    payout = commission.calculate(plan(FLAT, credit={"event": credit}), tables, "2026-Q1")
    (problem,) = payout.problems
    assert (problem.code, problem.severity) == ("refund-before-credit", "warning")
    assert f"nothing was {credit} before 2026-02-05" in problem.message
    assert list(payout.lines["amount"]) == ([90] if len(rows) == 3 else [])
    assert (payout.reconciliation["difference"] == 0).all()


def test_credit_of_people_on_no_plan_is_told_by_person(path: str) -> None:
    sold = deals(100, 200, 400, 800).assign(owner_id=["ann", "bob", "bob", "zoe"])
    on = stays(("ann", "p", "2026-01-01", None), ("zoe", "elsewhere", "2026-01-01", None),
               ("bob", "p", "2026-01-03", None))  # fmt: skip
    payout = commission.calculate(plan(FLAT), {"deals": sold, "plan_assignments": on}, "2026-Q1")
    assert by(payout, "payee_id") == {"ann": 10, "bob": 40}
    (problem,) = payout.problems
    assert (problem.code, problem.value, problem.amount) == ("credit-without-plan", "bob", 200)


# --- bookings are made deal by deal, and not for lost ones -------------------------------------------------


def test_a_won_deal_without_an_event_is_booked_beside_those_that_have_one(path: str) -> None:
    sold = deals(100, 200, 400, 800, 1600, outcome=["won", "won", "won", "open", "lost"])
    given = [("d1", "booked", "2026-02-01", 90), ("d2", "collected", "2026-02-01", 200)]
    tables = {"deals": sold, "events": events(*given)}
    payout = commission.calculate(plan(FLAT), tables, "2026-Q1")
    assert by(payout, "event_id") == {"e01": 9, "d2:booked": 20, "d3:booked": 40}
    (problem,) = payout.problems
    assert (problem.code, problem.severity, problem.amount) == ("bookings-made", "warning", 600)
    assert (problem.table, problem.row) == ("deals", 3)
    assert "d2, d3" in problem.message
    assert (payout.reconciliation["difference"] == 0).all()
    # a plan that counts no bookings has nothing to tell of them
    cash = commission.calculate(plan(FLAT, credit={"event": "collected"}), tables, "2026-Q1")
    assert by(cash, "event_id") == {"e02": 20}
    assert cash.problems == []


@pytest.mark.parametrize("column", ["closed_on", "amount"])
def test_a_won_deal_that_cannot_be_booked_is_a_problem_beside_events_too(column: str, path: str) -> None:
    sold = deals(100, 200)
    sold[column] = [sold[column][0], None]
    tables = {"deals": sold, "events": events(("d1", "booked", "2026-02-01", 100))}
    payout = commission.calculate(plan(FLAT), tables, "2026-Q1")
    assert total(payout) == 10
    (problem,) = payout.problems
    assert (problem.code, problem.row, problem.column) == ("incomplete-deal", 3, column)
    assert any(f"has no {column}" in said for said in payout.withheld["reason"])


LOST: dict[str, tuple[list[tuple[Any, ...]], str, str | None, str, str | None]] = {
    # name: events, the credit's event, the deal's outcome, what is paid, the code of the problem
    "lost": ([("booked", "2026-01-05", 1000)], "booked", "lost", "0", "lost-deal"),
    "lost, on cash": ([("collected", "2026-01-05", 1000)], "collected", "lost", "0", "lost-deal"),
    "lost, another event": (
        [("booked", "2026-01-05", 1000), ("collected", "2026-01-06", 500)],
        "collected", "lost", "0", "lost-deal"),
    "lost after a cancellation": (
        [("booked", "2026-01-05", 1000), ("cancelled", "2026-05-05", None)], "booked", "lost", "100",
        None),
    "lost after a refund": (
        [("booked", "2026-01-05", 1000), ("refunded", "2026-05-05", 1000)], "booked", "lost", "100", None),
    "open": ([("booked", "2026-01-05", 1000)], "booked", "open", "100", "deal-still-open"),
    "not said": ([("booked", "2026-01-05", 1000)], "booked", None, "100", None),
}  # fmt: skip


@pytest.mark.parametrize("name", LOST)
def test_a_sale_of_a_lost_deal_is_set_aside_unless_something_explains_it(name: str, path: str) -> None:
    rows, event, outcome, paid, code = LOST[name]
    tables = {"deals": deals(1000, outcome=[outcome]), "events": events(*[("d1", *row) for row in rows])}
    payout = commission.calculate(plan(FLAT, credit={"event": event}), tables, "2026-Q1")
    assert total(payout) == D(paid)
    assert [p.code for p in payout.problems] == ([code] if code else [])
    if code == "lost-deal":
        (problem,) = payout.problems
        assert problem.row == len(rows) + 1
        assert "set aside: the deal was lost, and no cancellation or refund explains it" in set(
            payout.withheld["reason"]
        )
        (row,) = payout.reconciliation.to_dict("records")
        assert (row["paid"], row["excluded"]) == (0, rows[-1][2])
    assert (payout.reconciliation["difference"] == 0).all()


# --- refunds beyond the sale ------------------------------------------------------------------------------

BEYOND: dict[str, tuple[dict[str, Any], list[tuple[Any, ...]], list[str], list[str]]] = {
    # name: the rest of the plan, events, what each event pays (a quarter), what is beyond
    "one refund": ({}, [("booked", "2026-01-05", 1000), ("refunded", "2026-02-05", 1500)], ["100", "-100"],
                   ["500"]),
    "two refunds": (
        {},
        [("booked", "2026-01-05", 1000), ("refunded", "2026-02-05", 700), ("refunded", "2026-02-06", 700)],
        ["100", "-70", "-30"], ["400"]),
    "a refund of what is gone": (
        {}, [("booked", "2026-01-05", 1000), ("refunded", "2026-02-05", 1000), ("refunded", "2026-02-06", 1)],
        ["100", "-100", "0"], ["1"]),
    "a later sale stands": (
        {}, [("booked", "2026-01-05", 1000), ("refunded", "2026-02-05", 1500), ("booked", "2026-02-06", 600)],
        ["100", "-100", "60"], ["500"]),
    "a later sale is refunded": (
        {}, [("booked", "2026-01-05", 1000), ("refunded", "2026-02-05", 1500), ("booked", "2026-02-06", 600),
             ("refunded", "2026-02-07", 700)],
        ["100", "-100", "60", "-60"], ["500", "100"]),
    "of one day": (
        {}, [("refunded", "2026-01-05", 1500), ("booked", "2026-01-05", 1000)], ["-100", "100"], ["500"]),
    "a credit note on cash": (
        {"credit": {"event": "collected"}},
        [("booked", "2026-01-05", 1000), ("collected", "2026-01-06", 400), ("refunded", "2026-02-05", 1000)],
        ["0", "40", "-40"], ["600"]),
    "a negative booking": (
        {}, [("booked", "2026-01-05", 1000), ("booked", "2026-02-05", -1500)], ["100", "-100"], ["500"]),
    "with a release": (
        {"release": [{"event": "booked", "pct": 100}]},
        [("booked", "2026-01-05", 1000), ("refunded", "2026-02-05", 1500)], ["100", "-100"], ["500"]),
    "with a clawback": (
        {"clawback": FULL},
        [("booked", "2026-01-05", 1000), ("refunded", "2026-02-05", 1500)], ["100", "-100"], ["500"]),
    "on margin": (
        {"credit": {"base": "margin", "margin_of": "price"}},
        [("booked", "2026-01-05", 1000), ("refunded", "2026-02-05", 1500)], ["60", "-60"], ["500"]),
}  # fmt: skip


@pytest.mark.parametrize("name", BEYOND)
def test_refunds_take_back_no_more_than_was_sold(name: str, path: str) -> None:
    parts, rows, paid, beyond = BEYOND[name]
    tables = {"deals": deals(1000, cost=[D(400)]), "events": events(*[("d1", *row) for row in rows])}
    payout = commission.calculate(plan(FLAT, **parts), tables, "2026-Q1")
    lines = by(payout, "event_id")
    assert [lines.get(f"e{i + 1:02d}", D(0)) for i in range(len(rows))] == [D(amount) for amount in paid]
    told = [p for p in payout.problems if p.code == "refund-beyond-sale"]
    assert [p.amount for p in told] == [D(amount) for amount in beyond]
    assert len(told) == len(payout.problems)
    assert all(p.table == "events" and p.row and p.fix for p in told)
    aside = payout.withheld[payout.withheld["reason"] == "set aside: it takes back more than was sold"]
    assert sorted(aside["credit"]) == sorted(-D(amount) for amount in beyond)
    (row,) = payout.reconciliation.to_dict("records")
    assert (row["excluded"], row["difference"]) == (-sum(map(D, beyond)), 0)
    assert total(payout) >= 0
    # each period by itself, at any later day, says the same
    early = commission.calculate(plan(FLAT, period="month", **parts), tables, "2026-01")
    assert total(early) == sum(
        (D(p) for p, r in zip(paid, rows, strict=True) if r[1].startswith("2026-01")), D(0)
    )


def test_what_is_beyond_the_sale_is_divided_as_its_sale(path: str) -> None:
    shares = table(
        *[{"deal_id": "d1", "person_id": who, "share": D(of)} for who, of in (("a", 60), ("b", 40))]
    )
    tables = {
        "deals": deals(1000),
        "splits": shares,
        "events": events(("d1", "booked", "2026-01-05", 1000), ("d1", "refunded", "2026-02-05", 1500)),
    }
    for to in ("credit", "pay"):
        payout = commission.calculate(plan(FLAT, credit={"splits": {"apply_to": to}}), tables, "2026-Q1")
        assert by(payout, "payee_id") == {"a": 0, "b": 0}
        assert by(payout, "kind") == {"commission": 100, "refund": -100}
        assert (payout.reconciliation["difference"] == 0).all()
        aside = payout.withheld[payout.withheld["reason"].str.contains("more than was sold")]
        assert len(aside) == 2


def test_beyond_the_sale_is_measured_in_the_plans_currency(path: str) -> None:
    rates = table(
        {"currency": "EUR", "rate": D("1.2"), "kind": "plan", "valid_from": date(2026, 1, 1)},
        {"currency": "USD", "rate": D(1), "kind": "plan", "valid_from": date(2026, 1, 1)},
    )
    rows = events(("d1", "booked", "2026-01-05", 1000), ("d1", "refunded", "2026-02-05", 1000),
                  ("d1", "refunded", "2026-02-06", 300)).assign(currency=["EUR", "USD", "EUR"])  # fmt: skip
    made = plan(FLAT, fx={"credit": {"rates": "plan", "at": "credit_date"}})
    payout = commission.calculate(made, {"deals": deals(1000), "events": rows, "fx_rates": rates}, "2026-Q1")
    assert by(payout, "event_id") == {"e01": 120, "e02": -100, "e03": -20}
    assert [(p.code, p.amount) for p in payout.problems] == [("refund-beyond-sale", 160)]


# --- pay as customers pay, with credit notes ----------------------------------------------------------------

PAID: dict[str, tuple[list[tuple[Any, ...]], list[str]]] = {
    # name: events of 2026, what is paid in each of the first four months
    "credit note, then the rest": (
        [("booked", "2026-01-05", 1000), ("refunded", "2026-02-05", 250), ("collected", "2026-03-05", 750)],
        ["0", "0", "75", "0"]),
    "cash, credit note, the rest": (
        [("booked", "2026-01-05", 1000), ("collected", "2026-01-10", 400), ("refunded", "2026-02-05", 250),
         ("collected", "2026-03-05", 350)], ["40", "0", "35", "0"]),
    "all credited": (
        [("booked", "2026-01-05", 1000), ("refunded", "2026-02-05", 1000)], ["0", "0", "0", "0"]),
    "all collected, then credited": (
        [("booked", "2026-01-05", 1000), ("collected", "2026-01-10", 1000), ("refunded", "2026-02-05", 250)],
        ["100", "-25", "0", "0"]),
    "half collected, all credited": (
        [("booked", "2026-01-05", 1000), ("collected", "2026-01-10", 500), ("refunded", "2026-02-05", 1000)],
        ["50", "-50", "0", "0"]),
    "a further sale": (
        [("booked", "2026-01-05", 1000), ("collected", "2026-01-10", 500), ("booked", "2026-02-05", 1000),
         ("collected", "2026-03-05", 1500)], ["50", "0", "150", "0"]),
    "more than the sale": (
        [("booked", "2026-01-05", 1000), ("collected", "2026-02-05", 1500)], ["0", "100", "0", "0"]),
    "cash that bounces": (
        [("booked", "2026-01-05", 1000), ("collected", "2026-01-10", 1000),
         ("collected", "2026-02-05", -1000), ("collected", "2026-03-05", 1000)], ["100", "-100", "100", "0"]),
    "paid before it is booked": (
        [("collected", "2026-01-04", 300), ("booked", "2026-02-05", 1000), ("collected", "2026-03-05", 700)],
        ["0", "30", "70", "0"]),
}  # fmt: skip


@pytest.mark.parametrize("event", ["collected", "invoiced"])
@pytest.mark.parametrize("name", PAID)
def test_pay_as_customers_pay_ends_with_the_net_sale(name: str, event: str) -> None:
    rows, paid = PAID[name]
    named = [("d1", event if kind == "collected" else kind, day, amount) for kind, day, amount in rows]
    made = plan(FLAT, period="month", release=[{"event": event, "pct": 100, "as": f"share_{event}"}])
    tables = {"deals": deals(1000), "events": events(*named)}
    payouts = history(made, tables, [f"2026-0{n}" for n in (1, 2, 3, 4)])
    assert [total(p) for p in payouts] == [D(amount) for amount in paid]
    assert sum(payouts[3].withheld["amount"], D(0)) == 0  # and it waits for nothing
    assert list(payouts[3].balances["kind"]) == []


def test_an_opening_holdback_is_released_as_the_net_sale_is_collected() -> None:
    opening = table({"person_id": "rep", "plan_id": "p", "kind": "holdback", "amount": D(80),
                     "as_of": date(2026, 1, 1), "deal_id": "d1"})  # fmt: skip
    rows = [("d1", "collected", "2026-01-10", 300), ("d1", "refunded", "2026-02-05", 250),
            ("d1", "collected", "2026-03-05", 450)]  # fmt: skip
    tables = {
        "deals": deals(1000, start=date(2025, 5, 1)),
        "events": events(*rows),
        "opening_balances": opening,
    }
    made = plan(FLAT, period="month", release=CASH)
    assert [total(p) for p in history(made, tables, ["2026-01", "2026-02", "2026-03"])] == [24, 8, 48]


# --- cancelled and refunded, in either order --------------------------------------------------------------

PARTS = [{"event": "booked", "pct": 60}, {"event": "collected", "pct": 40, "as": "share_collected"}]
LATER_PARTS = [{"event": "booked", "pct": 50}, {"event": "booked", "pct": 50, "after_months": 4}]
RULES: dict[str, tuple[dict[str, Any], list[tuple[Any, ...]], str]] = {
    # name: the rest of the plan, events beside cancellation and refund of 1,000, what is paid in all
    "full": ({"clawback": FULL}, [], "0"),
    "half": ({"clawback": HALF}, [], "0"),
    "a third": ({"clawback": HALF | {"pct": "33.333"}}, [], "0"),
    "unserved": ({"clawback": FULL | {"method": "unserved_share"}}, [], "0"),
    "declining": ({"clawback": FULL | {"method": "declining", "when": "cancelled_within_7_months"}}, [], "0"),
    "after the window": ({"clawback": FULL | {"when": "cancelled_within_1_days"}}, [], "0"),
    "part collected, cancel": (
        {"clawback": HALF, "release": PARTS}, [("collected", "2026-01-20", 500)], "0"),
    "part collected, keep": (
        {"clawback": HALF | {"unpaid": "keep"}, "release": PARTS}, [("collected", "2026-01-20", 500)], "0"),
    "collected later, keep": (
        {"clawback": FULL | {"unpaid": "keep"}, "release": PARTS}, [("collected", "2026-05-20", 1000)], "0"),
    "instalments, keep": ({"clawback": HALF | {"unpaid": "keep"}, "release": LATER_PARTS}, [], "0"),
    "instalments, cancel": ({"clawback": HALF, "release": LATER_PARTS}, [], "0"),
    "on cash": (
        {"clawback": FULL, "credit": {"event": "collected"}}, [("collected", "2026-01-06", 1000)], "0"),
}  # fmt: skip
ORDERS = {"cancelled first": ("2026-02-15", "2026-04-15"), "refunded first": ("2026-04-15", "2026-02-15"),
          "of one day": ("2026-02-15", "2026-02-15")}  # fmt: skip


@pytest.mark.parametrize("name", RULES)
def test_cancelled_and_refunded_in_either_order_takes_back_what_was_paid_once(name: str) -> None:
    parts, rows, left = RULES[name]
    sums = set()
    for cancelled, refunded in ORDERS.values():
        happened = [("booked", "2026-01-05", 1000), *rows]
        happened += [("cancelled", cancelled, None), ("refunded", refunded, 1000)]
        tables = {
            "deals": deals(1000, term_months=[12]),
            "events": events(*[("d1", *row) for row in happened]),
        }
        made = plan(FLAT, **parts)
        for ledger in (True, False) if cancelled < refunded else (True,):
            payouts = history(made, tables, PERIODS[:3], ledger)
            sums.add(sum(map(total, payouts)))
            running = [sum(map(total, payouts[: n + 1])) for n in range(len(payouts))]
            assert min(running) >= 0, running  # never more than was paid
            assert sum(payouts[-1].withheld["amount"], D(0)) == 0
    assert sums == {D(left)}


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize(("rule", "left"), [(FULL, "0"), (HALF, "35"), (HALF | {"pct": 0}, "70")])
def test_a_part_that_is_refunded_comes_back_of_what_stands(
    rule: dict[str, Any], left: str, order: str
) -> None:
    cancelled, refunded = ORDERS[order]
    rows = [("d1", "booked", "2026-01-05", 1000), ("d1", "cancelled", cancelled, None),
            ("d1", "refunded", refunded, 300)]  # fmt: skip
    tables = {"deals": deals(1000), "events": events(*rows)}
    payouts = history(plan(FLAT, clawback=rule), tables, PERIODS[:2])
    assert sum(map(total, payouts)) == D(left)


def test_a_refund_of_what_came_back_says_so_and_is_withheld() -> None:
    rows = [("d1", "booked", "2026-01-05", 1000), ("d1", "cancelled", "2026-02-01", None),
            ("d1", "refunded", "2026-04-03", 1000)]  # fmt: skip
    tables = {"deals": deals(1000), "events": events(*rows)}
    made = plan(FLAT, clawback=FULL)
    first, second = history(made, tables, ["2026-Q1", "2026-Q2"])
    assert by(first, "kind") == {"commission": 100, "clawback": -100}
    assert total(second) == 0
    assert list(second.withheld["reason"]) == [
        "its commission was recovered when the deal was cancelled on 2026-02-01",
        "the lines of the period sum to zero",
    ][: len(second.withheld)]  # fmt: skip
    (row,) = second.reconciliation.to_dict("records")
    assert (row["credited"], row["paid"], row["withheld"]) == (-1000, 0, -1000)
    half = history(plan(FLAT, clawback=HALF), tables, ["2026-Q1", "2026-Q2"])[1]
    assert half.explain(half.lines["line_id"].iloc[0]) == (
        "deal d1: -1,000 of credit at 10 %, less what was recovered when the deal was cancelled on "
        "2026-02-01: -50.00"
    )


@pytest.mark.parametrize("refunded", ["2026-03-01", "2026-03-10", "2026-03-20"])
def test_a_refund_takes_the_later_sale_first_though_its_pay_came_back_already(refunded: str) -> None:
    rule = FULL | {"when": "cancelled_within_2_months"}  # of the second sale only
    rows = [("d1", "booked", "2026-01-05", 1000), ("d1", "booked", "2026-02-10", 500),
            ("d1", "cancelled", "2026-03-10", None), ("d1", "refunded", refunded, 1000)]  # fmt: skip
    tables = {"deals": deals(1500), "events": events(*rows)}
    payouts = history(plan(FLAT, period="month", clawback=rule), tables, ["2026-01", "2026-02", "2026-03"])
    assert sum(map(total, payouts)) == 50  # 500 of the later sale, whose pay is back, and 500 of the first
