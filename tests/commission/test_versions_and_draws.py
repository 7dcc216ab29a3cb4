"""A plan in several versions, and a person who changes plans: running totals go on, one draw is paid a span,
and what is owed is not lost; every cent worked out by hand.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from commission_helpers import D, events, plan, table

from salesops_nb import commission
from salesops_nb.commission.finance.accrual import accrual
from salesops_nb.core.periods import FiscalCalendar
from salesops_nb.errors import SalesopsError
from salesops_nb.store.database import open_store
from salesops_nb.store.ledger import ledger

MONTHS = ["2026-01", "2026-02", "2026-03", "2026-04", "2026-05", "2026-06"]
QUARTERS = ["2026-Q1", "2026-Q2", "2026-Q3", "2026-Q4"]
FLAT = {"id": "b", "rate_pct": 10}
TIERS = {
    "id": "b",
    "scope": "running_total",
    "table": {
        "mode": "marginal",
        "unit": "amount",
        "rows": [{"from": 0, "rate_pct": 12}, {"from": 100000, "rate_pct": 15}],
    },
}
DRAW = {"per": "month", "amount": 300, "recoverable": True, "keep_at_least": "none", "ends": 1}
CHANGE = date(2026, 2, 15)


def day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def assigned(*rows: tuple[str, str, str | None]) -> pd.DataFrame:
    """One person's plans: id, first day, the day after the last."""
    return table(
        *[{"person_id": "rep", "plan_id": p, "valid_from": day(a), "valid_to": day(b)} for p, a, b in rows]
    )


def sold(*rows: tuple[Any, ...]) -> dict[str, pd.DataFrame]:
    """Sales and what becomes of them: (deal, kind, day, amount)."""
    booked = [(d, "won", a, on) for d, kind, on, a in rows if kind == "booked"]
    made = [
        {"deal_id": d, "owner_id": "rep", "stage": now, "outcome": now, "amount": D(a), "closed_on": day(on)}
        for d, now, a, on in booked or [("none", "open", 1, "2026-01-01")]
    ]
    return {"deals": pd.DataFrame(made), "events": events(*rows)}


def versions(*components: dict[str, Any], change: date = CHANGE, **parts: Any) -> list[commission.Plan]:
    """The same plan in two versions."""
    more = parts.pop("second", {})
    until = date.fromordinal(change.toordinal() - 1)
    one = plan(*components, head={"to": until}, **parts)
    two = plan(*components, head={"version": 2, "from": change, **more.pop("head", {})}, **{**parts, **more})
    return [one, two]


def run(
    plans: Any, tables: dict[str, Any], periods: list[str], ledger_too: bool = True
) -> list[commission.Payout]:
    found: list[commission.Payout] = []
    lines: pd.DataFrame | None = None
    for period in periods:
        given = tables if lines is None or not ledger_too else tables | {"prior_lines": lines}
        found.append(commission.calculate(plans, given, period))
        new = found[-1].lines
        lines = new if lines is None else pd.concat([lines, new], ignore_index=True)
    return found


def sums(payouts: list[commission.Payout]) -> list[Any]:
    return [sum(p.lines["amount"], D(0)) for p in payouts]


def written(payouts: list[commission.Payout], *kinds: str) -> list[str]:
    rows = [row for p in payouts for row in p.lines.to_dict("records")]
    rows = [r for r in rows if not kinds or r["kind"] in kinds]
    rows.sort(key=lambda r: (r["happened_on"], r["kind"], r["plan_id"], r["amount"]))
    return [f"{r['happened_on']} {r['plan_id']}{r['plan_version']} {r['kind']} {r['amount']:f}" for r in rows]


def owed(payout: commission.Payout) -> dict[str, Any]:
    rows = payout.balances.to_dict("records")
    return {r["plan_id"]: r["amount"] for r in rows if r["kind"] == "draw"}


# --- running totals -------------------------------------------------------------------------------

SALES = (("d1", "booked", "2026-01-20", 75000), ("d2", "booked", "2026-03-10", 75000))


@pytest.mark.parametrize(("rule", "paid"), [({}, 19500), ({"running_totals": "restart_with_version"}, 18000)])
def test_a_new_version_in_mid_quarter_goes_on_where_the_last_one_stood(
    rule: dict[str, Any], paid: int
) -> None:
    plans = versions(TIERS, second={"head": rule})
    assert sums(run(plans, sold(*SALES), QUARTERS[:1])) == [paid]
    assert sums(run(plans[::-1], sold(*SALES), QUARTERS[:1])) == [paid]
    assert sums(run(plans, sold(*SALES), MONTHS[:3])) == [9000, 0, paid - 9000]


QUOTA = {"amount": 60000, "attained_by": "booked", "prorate": "days"}
BANDS = {"mode": "marginal", "unit": "pct_of_quota",
         "rows": [{"from": 0, "rate_pct": D("7.77")}, {"from": 100, "rate_pct": 15}]}  # fmt: skip
YEAR = {"id": "b", "scope": "ytd_less_paid", "table": BANDS}
RULES: dict[str, tuple[tuple[dict[str, Any], ...], dict[str, Any]]] = {
    "tiers": ((TIERS,), {}),
    "a quota prorated by days": (({"id": "b", "scope": "running_total", "table": BANDS},), {"quota": QUOTA}),
    "a cap a period": (
        (TIERS | {"limits": {"cap": 9500, "per": "period", "excess": "carry"}},), {}),
    "a floor a period": ((FLAT | {"limits": {"floor": 20000, "per": "period"}},), {}),
    "a gate": ((FLAT | {"gate": {"attainment_pct": 100, "then": "first_dollar"}},), {"quota": QUOTA}),
    "a multiplier on attainment": (
        (FLAT | {"multipliers": {"combine": "multiply",
                                 "rows": [{"where": "attainment_pct >= 100", "x": D("1.1")}]}},),
        {"quota": QUOTA}),
    "the year to date": ((YEAR,), {"quota": QUOTA}),
    "instalments and a clawback": (
        (TIERS,), {"release": [{"event": "booked", "pct": 50}, {"event": "quarter_end", "pct": 50}],
                   "clawback": {"when": "cancelled", "method": "full", "unpaid": "cancel"}}),
    "a draw a quarter": ((FLAT,), {"draw": DRAW | {"per": "period", "amount": 20000, "ends": 2}}),
    "a draw a month in advance": ((FLAT,), {"draw": DRAW | {"paid_at": "start", "ends": 4, "amount": 900}}),
    "a guarantee a quarter": ((FLAT,), {"guarantee": {"per": "period", "amount": 20000}}),
    "managers": (({**TIERS, "payee": "manager", "measure": "team_credit", "levels": 1},), {}),
}  # fmt: skip
STORY = (
    ("d1", "booked", "2026-01-20", 40000.01), ("d2", "booked", "2026-02-14", 30000),
    ("d3", "booked", "2026-02-15", 25000.55), ("d1", "refunded", "2026-03-03", 12345.67),
    ("d4", "booked", "2026-03-10", 75000), ("d2", "cancelled", "2026-03-20", None),
    ("d5", "booked", "2026-04-02", 9000.09), ("d3", "refunded", "2026-05-03", 25000.55),
)  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("periods", [MONTHS, QUARTERS], ids=["months", "quarters"])
@pytest.mark.parametrize("rule", RULES)
def test_a_version_that_changes_nothing_changes_no_cent(rule: str, periods: list[str]) -> None:
    components, parts = RULES[rule]
    tables = sold(*STORY)
    if "managers" in rule:
        tables["people"] = table({"person_id": "rep", "manager_id": "boss"}, {"person_id": "boss"})
    period = "month" if periods is MONTHS and "year" in rule else "quarter"
    whole = run([plan(*components, period=period, **parts)], tables, periods)
    split = run(versions(*components, period=period, **parts), tables, periods)
    assert sums(split) == sums(whole)
    assert any(sums(whole))


def test_attainment_is_that_of_the_whole_period() -> None:
    quota = {"amount": 100000, "attained_by": "booked"}
    payout = run(versions(TIERS, quota=quota), sold(*SALES), QUARTERS[:1])[0]
    assert [(row.plan_version, row.credit) for row in payout.attained] == [(2, 150000)]


# --- one draw a span ------------------------------------------------------------------------------

LASTING = DRAW | {"ends": 9}
ONE_SPAN: dict[str, tuple[dict[str, Any], dict[str, Any], date, list[str]]] = {
    # first version, what the second changes, its first day, lines up to the end of April
    "a quarter, changed within it": (
        {"draw": LASTING | {"per": "period"}}, {}, CHANGE, ["2026-03-31 p2 draw 300.0000"]),
    "a quarter, the last version's amount": (
        {"draw": LASTING | {"per": "period"}}, {"draw": LASTING | {"per": "period", "amount": 500}}, CHANGE,
        ["2026-03-31 p2 draw 500.0000"]),
    "a month, changed within it": (
        {"draw": LASTING}, {"draw": LASTING | {"amount": 200}}, CHANGE,
        ["2026-01-31 p1 draw 300.0000", "2026-02-28 p2 draw 200.0000", "2026-03-31 p2 draw 200.0000",
         "2026-04-30 p2 draw 200.0000"]),
    "spans go on counting": (
        {"draw": LASTING | {"ends": 2}}, {"draw": LASTING | {"ends": 3}}, date(2026, 2, 1),
        ["2026-01-31 p1 draw 300.0000", "2026-02-28 p2 draw 300.0000", "2026-03-31 p2 draw 300.0000"]),
    "the draw of a version that ends": (
        {"draw": LASTING}, {"draw": None}, CHANGE,
        ["2026-01-31 p1 draw 300.0000", "2026-02-28 p1 draw 300.0000"]),
    "longer spans begin after the last short one": (
        {"draw": LASTING}, {"draw": LASTING | {"per": "period"}}, date(2026, 3, 31),
        ["2026-01-31 p1 draw 300.0000", "2026-02-28 p1 draw 300.0000", "2026-03-31 p1 draw 300.0000"]),
    "in advance": (
        {"draw": LASTING | {"paid_at": "start"}},
        {"draw": LASTING | {"paid_at": "start", "amount": 350}}, CHANGE,
        ["2026-01-01 p1 draw 300.0000", "2026-02-01 p1 draw 300.0000", "2026-02-28 p2 draw 50.0000",
         "2026-03-01 p2 draw 350.0000", "2026-04-01 p2 draw 350.0000"]),
}  # fmt: skip


@pytest.mark.parametrize(
    "periods", [MONTHS[:4], ["2026-Q1", "2026-04"]], ids=["months", "a quarter and a month"]
)
@pytest.mark.parametrize("name", ONE_SPAN)
def test_the_versions_of_a_plan_pay_one_draw_a_span(name: str, periods: list[str]) -> None:
    first, second, change, expected = ONE_SPAN[name]
    payouts = run(versions(FLAT, change=change, second=dict(second), **first), sold(), periods)
    assert written(payouts) == expected


# --- the debt --------------------------------------------------------------------------------------

MOVED = assigned(("p", "2026-01-01", "2026-02-01"), ("q", "2026-02-01", None))
OLD_ENDS = assigned(("p", "2026-01-01", None), ("q", "2026-02-01", None))
TENS = [(f"d{m}", "booked", f"2026-0{m}-10", 1000) for m in (2, 3, 4, 5)]
FOLLOWS = ["2026-01-31 p1 draw 300.0000", "2026-02-28 p1 draw_recovery -100.0000",
           "2026-03-31 p1 draw_recovery -100.0000", "2026-04-30 p1 draw_recovery -100.0000"]  # fmt: skip
OTHER_DRAW = {"draw": DRAW | {"amount": 150, "ends": 2}}
DEBTS: dict[str, tuple[dict[str, Any], dict[str, Any], list[str], dict[str, int]]] = {
    # the old plan, the new one, draws and repayments, what is owed at the end of June
    "by default it follows the person": ({}, {}, FOLLOWS, {}),
    "it stays with the plan": (
        {"draw": DRAW | {"debt": "stays_with_plan"}}, {}, FOLLOWS[:1], {"p": 300}),
    "the old plan has ended": ({"head": {"to": date(2026, 1, 31)}}, {}, FOLLOWS, {}),
    "half of what is above 40": (
        {"draw": DRAW | {"keep_at_least": 40, "recover_pct": 50}}, {},
        [FOLLOWS[0], *[f"2026-{d} p1 draw_recovery -30.0000" for d in ("02-28", "03-31", "04-30", "05-31")]],
        {"p": 180}),
    "not while the new plan pays a draw": (
        {}, OTHER_DRAW,
        ["2026-01-31 p1 draw 300.0000", "2026-02-28 q1 draw 50.0000", "2026-03-31 q1 draw 50.0000",
         "2026-04-30 p1 draw_recovery -100.0000", "2026-05-31 p1 draw_recovery -100.0000"],
        {"p": 100, "q": 100}),
    "forgiven after three months": (
        {"draw": DRAW | {"forgive": {"after_months": 3}}}, {},
        [*FOLLOWS[:3], "2026-04-30 p1 draw_recovery -100.0000"], {}),
    "forgiven before it is repaid": (
        {"draw": DRAW | {"forgive": {"after_months": 2}}}, {},
        [*FOLLOWS[:2], "2026-03-31 p1 draw_recovery -200.0000"], {}),
}  # fmt: skip


@pytest.mark.parametrize("periods", [MONTHS, ["2026-Q1", "2026-Q2"]], ids=["months", "quarters"])
@pytest.mark.parametrize("name", DEBTS)
def test_what_is_owed_of_a_draw_goes_with_the_person(name: str, periods: list[str]) -> None:
    old, new, expected, left = DEBTS[name]
    plans = [plan(FLAT, period="month", **{"draw": DRAW} | old)]
    plans.append(plan(FLAT, period="month", **{**new, "head": {"id": "q", **new.get("head", {})}}))
    for order in (plans, plans[::-1]):
        payouts = run(order, sold(*TENS) | {"plan_assignments": MOVED}, periods)
        assert written(payouts, "draw", "draw_recovery") == expected
        assert owed(payouts[-1]) == left


def test_forgiveness_moves_a_debt_into_what_was_earned() -> None:
    """The person gets no cent more or less by it; finance has it as earned, and owed no longer."""
    draw = DRAW | {"forgive": {"after_months": 2}}
    plans = [plan(FLAT, period="month", draw=draw)]
    payouts = run(plans, sold(), MONTHS[:4])
    assert written(payouts) == [
        "2026-01-31 p1 draw 300.0000",
        "2026-03-31 p1 draw_recovery -300.0000", "2026-03-31 p1 guarantee 300.0000",
    ]  # fmt: skip
    assert sums(payouts) == [300, 0, 0, 0]
    assert [owed(p) for p in payouts] == [{"p": 300}, {"p": 300}, {}, {}]
    said = {payouts[2].explain(line) for line in payouts[2].lines["line_id"]}
    assert said == {
        "draw: the draw forgiven, balance now 0.00: -300.00",
        "draw: what was still owed of the draw is forgiven: 300.00"
    }  # fmt: skip


@pytest.mark.parametrize("at_exit", [True, False])
def test_a_debt_is_forgiven_at_exit_where_the_plan_says_so(at_exit: bool) -> None:
    draw = DRAW | ({"forgive": {"at_exit": True}} if at_exit else {})
    people = table({"person_id": "rep", "hired_on": date(2025, 1, 1), "left_on": date(2026, 3, 10)})
    payouts = run([plan(FLAT, period="month", draw=draw)], sold() | {"people": people}, MONTHS[:4])
    assert [owed(p) for p in payouts] == [{"p": 300}, {"p": 300}] + [{} if at_exit else {"p": 300}] * 2
    assert sums(payouts) == [300, 0, 0, 0]


ADVANCE = DRAW | {"paid_at": "start", "ends": 3}
IN_ADVANCE: dict[str, tuple[dict[str, Any], list[int], list[str], int]] = {
    # the draw, what was earned in January to April, lines but for commission, owed at the end
    "nothing earned": (
        ADVANCE | {"ends": 1}, [0, 0, 0, 0], ["2026-01-01 p1 draw 300.0000"], 300),
    "some earned": (
        ADVANCE | {"ends": 1}, [100, 0, 0, 0],
        ["2026-01-01 p1 draw 300.0000", "2026-01-31 p1 draw_recovery -100.0000"], 200),
    "more earned than the draw": (
        ADVANCE | {"ends": 2}, [100, 450, 0, 0],
        ["2026-01-01 p1 draw 300.0000", "2026-01-31 p1 draw_recovery -100.0000",
         "2026-02-01 p1 draw 300.0000", "2026-02-28 p1 draw_recovery -300.0000",
         "2026-02-28 p1 draw_recovery -150.0000"], 50),
    "not recoverable": (
        {"per": "month", "amount": 300, "recoverable": False, "paid_at": "start", "ends": 2},
        [100, 450, 0, 0],
        ["2026-01-01 p1 draw 300.0000", "2026-01-31 p1 draw_recovery -100.0000",
         "2026-02-01 p1 draw 300.0000", "2026-02-28 p1 draw_recovery -300.0000"], 0),
}  # fmt: skip


@pytest.mark.parametrize("name", IN_ADVANCE)
def test_a_draw_in_advance_is_set_against_what_the_span_earns(name: str) -> None:
    draw, earned, expected, left = IN_ADVANCE[name]
    sales = [(f"d{m}", "booked", f"2026-0{m}-15", 10 * a) for m, a in enumerate(earned, start=1) if a]
    payouts = run([plan(FLAT, period="month", draw=draw)], sold(*sales), MONTHS[:4])
    assert written(payouts, "draw", "draw_recovery") == expected
    assert owed(payouts[-1]) == ({"p": left} if left else {})
    late = run([plan(FLAT, period="month", draw=draw | {"paid_at": "end"})], sold(*sales), MONTHS[:4])
    net = [sum(sums(each)) - sum(owed(each[-1]).values()) for each in (payouts, late)]
    assert net[0] == net[1]  # who waits loses nothing


def test_what_is_owed_in_another_currency_is_not_repaid_and_stands_in_the_balances() -> None:
    plans = [
        plan(FLAT, period="month", draw=DRAW),
        plan(FLAT, period="month", head={"id": "q", "currency": "EUR"}),
    ]
    rates = table(
        *[
            {"currency": c, "valid_from": date(2020, 1, 1), "kind": "plan", "rate": D(1)}
            for c in ("USD", "EUR")
        ]
    )
    payouts = run(plans, sold(*TENS) | {"plan_assignments": MOVED, "fx_rates": rates}, MONTHS[:3])
    assert owed(payouts[-1]) == {"p": 300}
    assert [p.code for p in payouts[1].problems if p.code == "draw-in-another-currency"] == [
        "draw-in-another-currency"
    ]


def test_a_draw_of_a_plan_that_is_not_given_is_said() -> None:
    both = [plan(FLAT, period="month", draw=DRAW), plan(FLAT, period="month", head={"id": "q"})]
    tables = sold(*TENS) | {"plan_assignments": MOVED}
    first = commission.calculate(both, tables, "2026-01").lines
    payout = commission.calculate(both[1:], tables | {"prior_lines": first}, "2026-02")
    assert [(p.code, p.value, p.amount) for p in payout.problems if p.code == "draw-of-another-plan"] == [
        ("draw-of-another-plan", "p", 300)
    ]
    given = commission.calculate(both, tables | {"prior_lines": first}, "2026-02")
    assert not [p for p in given.problems if p.code == "draw-of-another-plan"]


@pytest.mark.parametrize("plan_id", ["p", None])
def test_an_opening_draw_is_owed_once(plan_id: str | None) -> None:
    plans = [plan(FLAT, period="month", draw=DRAW | {"amount": 0}),
             plan(FLAT, period="month", head={"id": "q"}, draw=DRAW | {"amount": 0})]  # fmt: skip
    opening = table({"person_id": "rep", "plan_id": plan_id, "kind": "draw", "amount": D(500),
                     "as_of": date(2026, 1, 1)})  # fmt: skip
    tables = sold(*TENS) | {"plan_assignments": MOVED, "opening_balances": opening}
    payouts = run(plans, tables, MONTHS)
    assert written(payouts, "draw_recovery") == [f"2026-{d} p1 draw_recovery -100.0000" for d in
                                                 ("02-28", "03-31", "04-30", "05-31")]  # fmt: skip
    assert owed(payouts[-1]) == {"p": 100}


def test_pay_that_waits_for_acceptance_repays_no_debt() -> None:
    plans = [plan(FLAT, period="month", draw=DRAW),
             plan(FLAT, period="month", head={"id": "q"}, acceptance={"missing": "withhold"})]  # fmt: skip
    stays = MOVED.assign(accepted_on=[date(2026, 1, 1), None])
    payouts = run(plans, sold(*TENS) | {"plan_assignments": stays}, MONTHS[:3])
    assert sums(payouts) == [300, 0, 0]


@pytest.mark.slow
@pytest.mark.parametrize("draw", [DRAW, DRAW | {"forgive": {"after_months": 2}}, ADVANCE], ids=str)
def test_a_debt_goes_through_the_ledger_as_through_the_lines(draw: dict[str, Any], tmp_path: Path) -> None:
    """The old plan's draw is corrected after its month was closed; what is owed is what was paid."""
    store = open_store(f"sqlite:///{tmp_path}/store.sqlite")
    plans = [plan(FLAT, period="month", draw=draw), plan(FLAT, period="month", head={"id": "q"})]
    tables = sold(*TENS) | {"plan_assignments": MOVED}
    calendar = FiscalCalendar()

    def post(period: str, given: dict[str, Any]) -> commission.Payout:
        prior = ledger.prior_lines(store, calendar.period(period))
        payout = commission.calculate(plans, given | {"prior_lines": prior}, period)
        ledger.post(store, payout.lines, period, author="ops", on=date(2026, 6, 20))
        return payout

    plain = run(plans, tables, MONTHS[:4])
    found = [post(period, tables) for period in MONTHS[:4]]
    assert sums(found) == sums(plain)
    assert owed(found[-1]) == owed(plain[-1])
    for step, by in ((ledger.review, "rev"), (ledger.approve, "cfo"), (ledger.lock, "cfo")):
        step(store, MONTHS[0], by=by, on=date(2026, 6, 20))
    late = sold(("d0", "booked", "2026-01-31", 500), *TENS) | {"plan_assignments": MOVED}
    corrected = run(plans, late, MONTHS[:5])
    post(MONTHS[0], late)  # 50 earned in January: so much less was owed of its draw
    after = [post(period, late) for period in MONTHS[1:5]]
    assert owed(after[-1]) == owed(corrected[-1])
    lines = ledger.lines(store)
    assert sum(lines["amount"], D(0)) == sum(sums(corrected), D(0))
    store.dispose()


def test_what_is_forgiven_is_no_advance_in_the_accrual(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/store.sqlite")
    payouts = run(
        [plan(FLAT, period="month", draw=DRAW | {"forgive": {"after_months": 2}})], sold(), MONTHS[:3]
    )
    for period, payout in zip(MONTHS, payouts, strict=False):
        ledger.post(store, payout.lines, period, author="ops", on=date(2026, 6, 20))
    found = accrual(ledger.lines(store), [FiscalCalendar().period(month) for month in MONTHS[:3]])
    totals = {name: sum(found.table[name], D(0)) for name in ("earned", "advanced", "payable")}
    assert totals == {"earned": 300, "advanced": 0, "payable": 300}
    store.dispose()


@pytest.mark.parametrize(
    ("draw", "says"),
    [
        ({"recoverable": False, "debt": "follows_person"}, "'debt' belongs to a recoverable draw"),
        ({"recoverable": False, "forgive": {"at_exit": True}}, "'forgive' belongs to a recoverable draw"),
        ({"forgive": {}}, "must say 'after_months'"),
        ({"forgive": {"after_months": 0}}, "after_months"),
        ({"debt": "follows"}, "follows_person"),
        ({"paid_at": "begin"}, "start"),
    ],
)
def test_a_draw_that_says_nonsense_is_refused(draw: dict[str, Any], says: str) -> None:
    with pytest.raises(SalesopsError) as refused:
        plan(FLAT, draw=DRAW | draw)
    assert any(says in f"{p.message} {p.fix}" for p in refused.value.problems), refused.value.problems


@pytest.mark.parametrize(
    ("draw", "words"),
    [
        (DRAW, "paid when the span ends, up to the draw; the debt follows the person to other plans; never "
               "forgiven."),
        (DRAW | {"paid_at": "start"},
         "paid whole when the span begins, and what it earns is set against it when it ends"),
        (DRAW | {"debt": "stays_with_plan"}, "the debt is repaid from pay of this plan alone"),
        (DRAW | {"forgive": {"after_months": 6, "at_exit": True}},
         "forgiven 6 months after each draw and when the person leaves the company."),
        ({"per": "month", "amount": 5, "recoverable": False},
         "not recoverable, without end; paid when the span ends"),
    ],
)  # fmt: skip
def test_the_summary_says_what_becomes_of_a_draw(draw: dict[str, Any], words: str) -> None:
    assert words in plan(FLAT, draw=draw).summary()
