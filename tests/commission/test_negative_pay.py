"""Pay of a period below zero, and clawback in windows and instalments; every cent worked out by hand."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from commission_helpers import D, deals, events, plan, table

from salesops_nb import commission
from salesops_nb.commission.finance.accrual import accrual
from salesops_nb.commission.finance.payroll import payroll
from salesops_nb.commission.settlement.clawback import in_instalments
from salesops_nb.commission.statements.statement import Books, statements_of
from salesops_nb.core.periods import FiscalCalendar
from salesops_nb.errors import SalesopsError
from salesops_nb.store.database import open_store
from salesops_nb.store.ledger import ledger

MONTHS = [f"2026-{month:02}" for month in range(1, 8)]
FLAT = {"id": "b", "rate_pct": 10}
CARRY, PAY, FLOOR = ({"negative_pay": how} for how in ("carry", "pay", "floor"))
STORY = (
    ("d1", "booked", "2026-01-05", 161250), ("d1", "refunded", "2026-02-05", 161250),
    ("d2", "booked", "2026-03-05", 50000), ("d3", "booked", "2026-04-05", 120000),
    ("d4", "booked", "2026-05-05", 100),
)  # fmt: skip


def tables(*rows: tuple[Any, ...], **more: pd.DataFrame) -> dict[str, Any]:
    return {"deals": deals(*[1] * 6, outcome="open"), "events": events(*rows)} | more


def run(plans: Any, given: dict[str, Any], periods: list[str]) -> list[commission.Payout]:
    found: list[commission.Payout] = []
    lines: pd.DataFrame | None = None
    for period in periods:
        prior = {} if lines is None else {"prior_lines": lines}
        found.append(commission.calculate(plans, given | prior, period))
        lines = found[-1].lines if lines is None else pd.concat([lines, found[-1].lines], ignore_index=True)
    return found


def sums(payouts: list[commission.Payout]) -> list[Any]:
    return [sum(p.lines["amount"], D(0)) for p in payouts]


def carried(payout: commission.Payout) -> list[Any]:
    return [r["amount"] for r in payout.balances.to_dict("records") if r["kind"] == "negative_pay"]


def said(payouts: list[commission.Payout], *kinds: str) -> list[str]:
    rows = [row for p in payouts for row in p.lines.to_dict("records") if row["kind"] in kinds]
    return [f"{r['happened_on']} {r['amount']:.2f} {r['currency']}" for r in rows]


PAID: dict[str, tuple[dict[str, Any], list[int], list[int]]] = {
    # by month: what payroll gets, what is carried after it
    "carry": (CARRY, [16125, 0, 0, 875, 10], [0, 16125, 11125, 0, 0]),
    "pay": (PAY, [16125, -16125, 5000, 12000, 10], [0, 0, 0, 0, 0]),
    "floor": (FLOOR, [16125, 0, 5000, 12000, 10], [0, 0, 0, 0, 0]),
}


@pytest.mark.parametrize("rule", PAID)
def test_pay_below_zero_is_carried_paid_or_topped_up(rule: str) -> None:
    parts, paid, left = PAID[rule]
    payouts = run(plan(FLAT, period="month", **parts), tables(*STORY), MONTHS[:5])
    assert sums(payouts) == paid
    assert [sum(carried(p)) for p in payouts] == left
    for payout in payouts:
        assert (payout.reconciliation["difference"] == 0).all()
        assert sum(payout.statements["amount"]) == sum(payout.lines["amount"])


def test_a_plan_that_does_not_say_it_shows_the_amount_as_it_is() -> None:
    head = {
        "id": "p",
        "version": 1,
        "from": "2026-01-01",
        "to": "2026-12-31",
        "currency": "USD",
        "period": "month",
    }
    one = commission.load_plan({"plan": head, "components": [FLAT]})
    assert sums(run(one, tables(*STORY), MONTHS[:5])) == PAID["pay"][1]
    assert "Negative pay: not said; pay of a period below zero is shown" in one.summary()


@pytest.mark.parametrize(
    ("rule", "words"),
    [(PAY, "goes to payroll as it stands"), (FLOOR, "is topped up to zero, and not taken back")],
)
def test_the_summary_says_the_rule(rule: dict[str, Any], words: str) -> None:
    assert words in plan(FLAT, **rule).summary()


def test_nonsense_is_refused() -> None:
    with pytest.raises(SalesopsError, match="negative_pay"):
        plan(FLAT, negative_pay="keep")


def test_the_lines_and_the_statement_say_what_was_carried() -> None:
    payouts = run(plan(FLAT, period="month", **CARRY), tables(*STORY), MONTHS[:4])
    words = [p.explain(i) for p in payouts for i in p.lines["line_id"] if "/negative_pay/" in i]
    assert words == [
        "negative_pay: pay of the period is below zero and is carried to the next, 16,125.00 in all: "
        "16,125.00",
        "negative_pay: negative pay of earlier periods, taken from this one's; 11,125.00 left: -5,000.00",
        "negative_pay: negative pay of earlier periods, taken from this one's; 0.00 left: -11,125.00",
    ]
    found = [statements_of(p, Books())["rep"] for p in payouts]
    assert [one.balances for one in found[1:3]] == [
        (("negative_pay", "p", D(16125)),), (("negative_pay", "p", D(11125)),)
    ]  # fmt: skip
    assert [dict(one.totals) for one in found] == [{"USD": a} for a in PAID["carry"][1][:4]]
    for one in found:  # the way from the quota to the pay leads to the pay
        assert one.opening.amount + sum(step.amount for step in one.steps) == one.totals["USD"]
    reasons = payouts[1].withheld["reason"].tolist()
    assert reasons == ["negative pay: it is carried to the next period, or what was earned went to it"]


FULL = {"when": "cancelled", "method": "full", "unpaid": "cancel"}
TOGETHER: dict[str, tuple[dict[str, Any], tuple[tuple[Any, ...], ...], list[int], int]] = {
    # rules, what happens, pay by month, carried at the end
    "a clawback": (
        {"clawback": FULL}, (("d1", "booked", "2026-01-05", 1000), ("d1", "cancelled", "2026-02-05", None),
                             ("d2", "booked", "2026-03-05", 300)), [100, 0, 0, 0], 70),
    "a clawback in instalments": (
        {"clawback": FULL | {"instalments": 3}},
        (("d1", "booked", "2026-01-05", 1000), ("d1", "cancelled", "2026-02-05", None),
         ("d2", "booked", "2026-03-05", 500)), [100, 0, 0, 0], 50),
    "a draw covers it, and is owed": (
        {"draw": {"per": "month", "amount": 30, "recoverable": True, "keep_at_least": "draw", "ends": 9}},
        (("d1", "booked", "2026-01-05", 1000), ("d1", "refunded", "2026-02-05", 1000)), [100, 30, 30, 30], 0),
    "nothing is taken from a draw": (
        {"draw": {"per": "month", "amount": 30, "recoverable": True, "keep_at_least": "draw",
                  "paid_at": "start", "ends": 9}, "opening": -500},
        (("d1", "booked", "2026-02-05", 400),), [30, 30, 30, 30], 500),
    "a cap carried": (
        {"components": [FLAT | {"limits": {"cap": 50, "per": "period", "excess": "carry"}}]},
        (("d1", "booked", "2026-01-05", 1000), ("d2", "refunded", "2026-02-05", 1)), [50, 50, 0, 0], 0),
    "a guarantee is for the month": (
        {"guarantee": {"per": "month", "amount": 20}, "opening": -500},
        (("d1", "booked", "2026-02-05", 400),), [20, 20, 20, 20], 480),
}  # fmt: skip


@pytest.mark.parametrize("name", TOGETHER)
def test_negative_pay_meets_other_rules(name: str) -> None:
    parts, rows, paid, left = TOGETHER[name]
    parts = dict(parts)
    more = {}
    if owed := parts.pop("opening", 0):
        more["opening_balances"] = table(
            {
                "person_id": "rep",
                "plan_id": "p",
                "kind": "negative_pay",
                "amount": D(-owed),
                "as_of": date(2026, 1, 1),
            }
        )
    components = parts.pop("components", [FLAT])
    payouts = run(plan(*components, period="month", **CARRY, **parts), tables(*rows, **more), MONTHS[:4])
    assert sums(payouts) == paid
    assert sum(carried(payouts[-1])) == left


def test_pay_of_two_plans_counts_together_and_by_currency() -> None:
    """A refund on the old plan is set against pay of the new one; what is carried is in the currency paid."""
    stays = table(
        {"person_id": "rep", "plan_id": "p", "valid_from": date(2026, 1, 1), "valid_to": date(2026, 2, 1),
         "currency": "EUR"},
        {"person_id": "rep", "plan_id": "q", "valid_from": date(2026, 2, 1), "valid_to": None,
         "currency": "EUR"},
    )  # fmt: skip
    rates = table({"currency": "EUR", "valid_from": date(2020, 1, 1), "kind": "market", "rate": D("1.25")},
                  {"currency": "USD", "valid_from": date(2020, 1, 1), "kind": "market",
                   "rate": D(1)})  # fmt: skip
    rows = (
        ("d1", "booked", "2026-01-05", 1000), ("d1", "refunded", "2026-02-05", 1000),
        ("d2", "booked", "2026-02-06", 250), ("d3", "booked", "2026-03-06", 5000),
    )  # fmt: skip
    fx = {"pay": {"rates": "market", "at": "pay_date"}}
    plans = [plan(FLAT, period="month", fx=fx, **PAY),
             plan(FLAT, period="month", head={"id": "q"}, fx=fx, **CARRY)]  # fmt: skip
    given = tables(*rows, plan_assignments=stays, fx_rates=rates)
    payouts = run(plans, given, MONTHS[:3])
    assert said(payouts, "negative_pay") == ["2026-02-28 60.00 EUR", "2026-03-31 -60.00 EUR"]
    assert sums(payouts) == [80, 0, 340]


@pytest.mark.slow
def test_a_closed_month_that_turns_negative_is_carried_from_the_month_that_pays_it(tmp_path: Path) -> None:
    """A late refund of a paid month: payroll never gets less than nothing, and nothing is taken twice."""
    store = open_store(f"sqlite:///{tmp_path}/store.sqlite")
    one = plan(FLAT, period="month", **CARRY)
    people = table({"person_id": "rep", "payroll_id": "1", "name": "Rep"})

    def post(rows: tuple[tuple[Any, ...], ...], period: str) -> None:
        prior = ledger.prior_lines(store, FiscalCalendar().period(period))
        payout = commission.calculate(one, tables(*rows, prior_lines=prior), period)
        ledger.post(store, payout.lines, period, author="ops", on=date(2026, 6, 20))

    def close(period: str) -> None:
        for step, by in ((ledger.review, "rev"), (ledger.approve, "cfo"), (ledger.lock, "cfo")):
            step(store, period, by=by, on=date(2026, 6, 20))

    first = (("d1", "booked", "2026-01-05", 1000), ("d2", "booked", "2026-02-05", 100))
    late = (*first, ("d1", "refunded", "2026-01-20", 1000), ("d1", "refunded", "2026-02-20", 0),
            ("d3", "booked", "2026-03-05", 20000))  # fmt: skip
    worse = (*late[:3], ("d9", "booked", "2025-12-01", 1), ("d2", "refunded", "2026-02-25", 100), late[-1])
    post(first, "2026-01")
    post(first, "2026-02")
    close("2026-01")
    close("2026-02")
    for _ in range(2):  # a second posting changes nothing
        post(worse, "2026-01")  # comes to nothing: -100 in March
        post(worse, "2026-02")  # comes to nothing: -10 in March
        post(worse, "2026-03")
        found = ledger.lines(store)
        assert sum(found["amount"], D(0)) == 2000
        march = ledger.lines(store, "2026-03")
        assert sum(march["amount"], D(0)) == 1890
    close("2026-03")
    sent = payroll(ledger.lines(store, "2026-03"), people, on=date(2026, 4, 15))
    assert sum(sent.rows["amount"], D(0)) == 1890
    assert not [p for p in sent.problems if p.code == "negative-pay"]
    store.dispose()


CORRECTED: dict[str, tuple[dict[str, Any], list[int], list[int]]] = {
    # 100 of a closed January come back in February, which pays 10 of its own: what February, March and
    # April pay, and what is carried after each
    "carry": (CARRY, [0, 0, 60], [90, 40, 0]),
    "floor": (FLOOR, [0, 0, 60], [90, 40, 0]),
    "pay": (PAY, [-90, 50, 100], [0, 0, 0]),
}


@pytest.mark.slow
@pytest.mark.parametrize("rule", CORRECTED)
def test_no_rule_of_negative_pay_forgives_a_correction(rule: str, tmp_path: Path) -> None:
    """A floor is of the period's own pay: a paid month that was too much comes back as it would have been."""
    store = open_store(f"sqlite:///{tmp_path}/store.sqlite")
    parts, paid, left = CORRECTED[rule]
    one = plan(FLAT, period="month", **parts)
    sales = [
        (f"d{n}", "booked", f"2026-0{n}-05", amount) for n, amount in enumerate((1000, 100, 500, 1000), 1)
    ]

    def post(rows: list[tuple[Any, ...]], period: str) -> Any:
        prior = ledger.prior_lines(store, FiscalCalendar().period(period))
        payout = commission.calculate(one, tables(*rows, prior_lines=prior), period)
        ledger.post(store, payout.lines, period, author="ops", on=date(2026, 6, 20))
        return sum(carried(payout))

    post(sales, "2026-01")
    for step, by in ((ledger.review, "rev"), (ledger.approve, "cfo"), (ledger.lock, "cfo")):
        step(store, "2026-01", by=by, on=date(2026, 6, 20))
    late = [*sales, ("d1", "refunded", "2026-01-20", 1000)]
    for _ in range(2):  # a second posting changes nothing
        waiting = [post(late, month) for month in MONTHS[:4]]
        months = [sum(ledger.lines(store, month)["amount"], D(0)) for month in MONTHS[:4]]
        assert (months, waiting) == ([100, *paid], [0, *left])
    store.dispose()


@pytest.mark.slow
@pytest.mark.parametrize("rule", PAID)
def test_ledger_payroll_and_accrual_agree(rule: str, tmp_path: Path) -> None:
    parts, paid, left = PAID[rule]
    store = open_store(f"sqlite:///{tmp_path}/store.sqlite")
    one = plan(FLAT, period="month", **parts)
    people = table({"person_id": "rep", "payroll_id": "1", "name": "Rep"})
    for period, amount, rest in zip(MONTHS, paid, left, strict=False):
        prior = ledger.prior_lines(store, FiscalCalendar().period(period))
        payout = commission.calculate(one, tables(*STORY, prior_lines=prior), period)
        ledger.post(store, payout.lines, period, author="ops", on=date(2026, 6, 20))
        for step, by in ((ledger.review, "rev"), (ledger.approve, "cfo")):
            step(store, period, by=by, on=date(2026, 6, 20))
        sent = payroll(ledger.lines(store, period), people, on=date(2026, 6, 20))
        assert sum(sent.rows["amount"], D(0)) == amount
        assert bool([p for p in sent.problems if p.code == "negative-pay"]) == (amount < 0)
        assert sum(carried(payout)) == rest
    found = accrual(ledger.lines(store), [FiscalCalendar().period(month) for month in MONTHS[:5]])
    totals = {name: sum(found.table[name], D(0)) for name in ("earned", "advanced", "payable")}
    assert totals == {"earned": sum(paid), "advanced": 0, "payable": sum(paid)}
    early = accrual(ledger.lines(store), [FiscalCalendar().period(month) for month in MONTHS[:2]])
    assert sum(early.table["advanced"], D(0)) == left[1]
    store.dispose()


def test_what_is_carried_leaves_with_the_pay_that_it_is_set_against() -> None:
    """Without an earning code of its own: else it would stay behind, and payroll get the negative amount."""
    other = {"id": "c", "rate_pct": 1, "where": "deal_id == 'd2'"}
    story = (*STORY[:2], ("d2", "booked", "2026-02-06", 500), *STORY[3:])
    payouts = run(plan(FLAT, other, period="month", **CARRY), tables(*story), MONTHS[:4])
    people = table({"person_id": "rep", "payroll_id": "1", "name": "Rep"})
    for codes in ({"b": "COM", "c": "BON"}, {"b": "COM", "c": "BON", "negative_pay": "NEG"}, None):
        for payout, net in zip(payouts, [16125, 0, 0, 0], strict=True):
            lines = payout.lines.assign(status="approved")
            sent = payroll(lines, people, on=date(2026, 6, 20), earning_codes=codes)
            assert sent.set_aside.empty
            assert sum(sent.rows["amount"], D(0)) == net
            assert not [p for p in sent.problems if p.code == "negative-pay"]
    told = payroll(payouts[1].lines.assign(status="approved"), people, on=date(2026, 6, 20),
                   earning_codes={"b": "COM", "c": "BON"})  # fmt: skip
    assert dict(zip(told.rows["earning_code"], told.rows["amount"], strict=True)) == {"BON": 5, "COM": -5}


# --- clawback: windows and instalments --------------------------------------------------------------

WINDOWS: list[tuple[dict[str, Any], str, str, int]] = [
    # the rule, the sale, the cancellation, what comes back of 100
    ({"when": "cancelled_within_90_days"}, "2026-01-05", "2026-04-04", 100),  # the 89th day after
    ({"when": "cancelled_within_90_days"}, "2026-01-05", "2026-04-05", 0),  # the 90th
    ({"when": "cancelled_within_90_days", "inclusive": True}, "2026-01-05", "2026-04-05", 100),
    ({"when": "cancelled_within_90_days", "inclusive": True}, "2026-01-05", "2026-04-06", 0),
    ({"when": "cancelled_within_3_months"}, "2026-01-05", "2026-04-04", 100),
    ({"when": "cancelled_within_3_months"}, "2026-01-05", "2026-04-05", 0),
    ({"when": "cancelled_within_3_months", "inclusive": True}, "2026-01-05", "2026-04-05", 100),
    ({"when": "cancelled_within_3_months", "inclusive": True}, "2026-01-05", "2026-04-06", 0),
    ({"when": "cancelled_within_1_months"}, "2026-01-31", "2026-02-27", 100),  # ends on 28 February
    ({"when": "cancelled_within_1_months"}, "2026-01-31", "2026-02-28", 0),
    ({"when": "cancelled_within_1_months", "inclusive": True}, "2026-01-31", "2026-02-28", 100),
    ({"when": "cancelled_within_100_days", "method": "declining"}, "2026-01-05", "2026-02-14", 60),
    ({"when": "cancelled_within_100_days", "method": "declining", "inclusive": True}, "2026-01-05",
     "2026-04-15", 0),
    ({"when": "cancelled_within_0_days", "inclusive": True}, "2026-01-05", "2026-01-05", 100),
    ({"when": "cancelled_within_0_days"}, "2026-01-05", "2026-01-05", 0),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "sold", "gone", "back"), WINDOWS)
def test_the_window_of_a_clawback_ends_on_its_day(
    rule: dict[str, Any], sold: str, gone: str, back: int
) -> None:
    one = plan(FLAT, period="quarter", clawback=FULL | rule)
    given = tables(("d1", "booked", sold, 1000), ("d1", "cancelled", gone, None))
    payouts = run(one, given, ["2026-Q1", "2026-Q2"])
    assert sum(sums(payouts)) == 100 - back
    before = {
        "person_id": "rep",
        "kind": "clawback",
        "amount": D(100),
        "as_of": date(2026, 1, 1),
        "deal_id": "d2",
    }
    old = tables(("d2", "cancelled", gone, None), opening_balances=table(before))
    old["deals"] = deals(1000, 1000, outcome="won", closed_on=date.fromisoformat(sold)).assign(
        amount=[D(0), D(1000)], outcome=["open", "open"], closed_on=[None, date.fromisoformat(sold)]
    )
    if sold > "2026-01-05" or gone > sold:
        assert sum(sums(run(one, old, ["2026-Q1", "2026-Q2"]))) == -back


PARTS: dict[str, tuple[dict[str, Any], tuple[tuple[Any, ...], ...], list[str], list[int]]] = {
    # the rule, what happens, clawback lines, what still waits to be taken back by month
    "thirds, what came back by then is rounded": (
        {"instalments": 3}, (("d1", "booked", "2026-01-05", 1000), ("d1", "cancelled", "2026-01-31", None)),
        ["2026-01-31 -33.33 USD", "2026-02-28 -33.34 USD", "2026-03-31 -33.33 USD"],
        [D("-66.67"), D("-33.33"), 0, 0]),
    "of a share": (
        {"instalments": 2, "method": "share", "pct": 50},
        (("d1", "booked", "2026-01-05", 1000), ("d1", "cancelled", "2026-02-10", None)),
        ["2026-02-10 -25.00 USD", "2026-03-10 -25.00 USD"], [0, -25, 0, 0]),
    "a refund between takes only what still stands": (
        {"instalments": 2, "method": "share", "pct": 50},
        (("d1", "booked", "2026-01-05", 1000), ("d1", "cancelled", "2026-02-10", None),
         ("d1", "refunded", "2026-02-20", 1000)),
        ["2026-02-10 -25.00 USD", "2026-03-10 -25.00 USD"], [0, -25, 0, 0]),
    "a refund before it is taken back no second time": (
        {"instalments": 2},
        (("d1", "booked", "2026-01-05", 1000), ("d1", "refunded", "2026-01-20", 400),
         ("d1", "cancelled", "2026-02-10", None)),
        ["2026-02-10 20.00 USD", "2026-02-10 -50.00 USD", "2026-03-10 20.00 USD", "2026-03-10 -50.00 USD"],
        [0, -30, 0, 0]),
}  # fmt: skip


@pytest.mark.parametrize("ledger_too", [True, False], ids=["on the ledger", "calculated alone"])
@pytest.mark.parametrize("name", PARTS)
def test_a_clawback_comes_in_instalments(name: str, ledger_too: bool) -> None:
    rule, rows, expected, waits = PARTS[name]
    one = plan(FLAT, period="month", clawback=FULL | rule)
    given = tables(*rows)
    payouts = run(one, given, MONTHS[:4])
    if not ledger_too:
        payouts = [commission.calculate(one, given, period) for period in MONTHS[:4]]
    found = sorted(said(payouts, "clawback"), key=lambda line: (line.split()[0], line.split()[1][0] == "-"))
    assert found == expected
    left = [sum((a for a in p.withheld["amount"] if a), D(0)) for p in payouts]
    assert left == waits
    for payout in payouts:
        assert (payout.reconciliation["difference"] == 0).all()
        assert payout.lines["line_id"].is_unique


@pytest.mark.parametrize("parts", [2, 3, 7, 12])
@pytest.mark.parametrize("cents", [1, 5, 10, 99])
def test_no_instalment_of_a_clawback_pays_or_takes_more_than_the_rest(parts: int, cents: int) -> None:
    one = plan(FLAT, period="month", clawback=FULL | {"instalments": parts})
    found = in_instalments(one, D(-cents) / 100, date(2026, 1, 31))
    assert all(amount <= 0 for *_, amount in found)
    assert sum(amount for *_, amount in found) == D(-cents) / 100


def test_a_refund_never_takes_a_cent_more_than_was_paid_by_then() -> None:
    """Half now and half a month later of 0.03, refunded in three parts of a cent on the day after."""
    half = [{"event": "booked", "pct": 50}, {"event": "booked", "pct": 50, "after_months": 1}]
    rows = [("d1", "booked", "2026-01-05", D("0.30"))]
    rows += [("d1", "refunded", f"2026-01-0{day}", D("0.10")) for day in (6, 7, 8)]
    one = plan(FLAT, period="month", release=half)
    paid = sums(run(one, tables(*rows), MONTHS[:2]))
    assert paid[0] >= 0
    assert sum(paid) == 0


def test_instalments_go_on_after_the_plan_and_the_person_have_gone() -> None:
    one = plan(FLAT, period="month", head={"to": date(2026, 2, 28)}, clawback=FULL | {"instalments": 4})
    stays = table(
        {"person_id": "rep", "plan_id": "p", "valid_from": date(2026, 1, 1), "valid_to": date(2026, 2, 1)}
    )
    rows = (("d1", "booked", "2026-01-05", 1000), ("d1", "cancelled", "2026-02-10", None))
    payouts = run(one, tables(*rows, plan_assignments=stays), MONTHS[:6])
    assert said(payouts, "clawback") == [f"2026-0{month}-10 -25.00 USD" for month in (2, 3, 4, 5)]


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        ({"when": "cancelled_within_90_weeks"}, "cancelled_within_N_days"),
        ({"when": "cancelled", "inclusive": True}, "'inclusive' says whether the last day of a window"),
        ({"when": "cancelled", "method": "declining"}, "declining clawback needs its span"),
        ({"when": "cancelled_within_0_days", "method": "declining"}, "declining clawback needs its span"),
        ({"instalments": 0}, "instalments"),
    ],
)
def test_a_clawback_that_says_nonsense_is_refused(rule: dict[str, Any], says: str) -> None:
    with pytest.raises(SalesopsError) as refused:
        plan(FLAT, clawback=FULL | rule)
    assert any(says in f"{p.message} {p.fix} {p.column}" for p in refused.value.problems), (
        refused.value.problems
    )


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({"when": "cancelled_within_90_days"},
         "cancelled within 90 days (the day on which they end not included), full"),
        ({"when": "cancelled_within_3_months", "inclusive": True}, "(the day on which they end included)"),
        ({"instalments": 3}, "posted in the event's period, in 3 monthly instalments."),
        ({}, "Clawback: cancelled, full, of what was paid; unpaid parts: cancel; posted in the event's "
             "period."),
    ],
)  # fmt: skip
def test_the_summary_says_window_and_instalments(rule: dict[str, Any], words: str) -> None:
    assert words in plan(FLAT, clawback=FULL | rule).summary()
