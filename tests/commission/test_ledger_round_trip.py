"""A calculation goes into the ledger, is paid, and a late fact finds its way into the open period."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

from salesops_nb import commission
from salesops_nb.commission.finance.payroll import payroll
from salesops_nb.core.periods import FiscalCalendar
from salesops_nb.store.database import open_store
from salesops_nb.store.ledger import ledger

pytestmark = pytest.mark.slow

ON = date(2026, 4, 20)
Q1, Q2 = "2026-Q1", "2026-Q2"
PLAN = {
    "plan": {
        "id": "ae",
        "version": 1,
        "from": date(2026, 1, 1),
        "to": date(2026, 12, 31),
        "currency": "USD",
        "period": "quarter",
    },
    "credit": {"event": "booked"},
    "quota": {"amount": 10000, "attained_by": "booked"},
    "components": [
        {
            "id": "base",
            "measure": "credit",
            "scope": "running_total",
            "table": {
                "mode": "marginal",
                "unit": "pct_of_quota",
                "rows": [{"from": 0, "rate_pct": 5}, {"from": 100, "rate_pct": 7.5}],
            },
        }
    ],
}


def deals(*rows):
    names = ["deal_id", "owner_id", "amount", "closed_on"]
    table = pd.DataFrame([(i, who, Decimal(a), d) for i, who, a, d in rows], columns=names)
    return table.assign(outcome="won", stage="won", currency="USD", created_on=date(2026, 1, 1))


FIRST = (
    ("D1", "ann", "8000.10", date(2026, 1, 20)),
    ("D2", "ann", "4000.55", date(2026, 3, 3)),
    ("D3", "bob", "99.99", date(2026, 2, 1)),
)
LATE = ("D0", "ann", "1500", date(2026, 1, 5))
NEXT = ("E1", "ann", "700", date(2026, 4, 5))


def calculate(rows, period, store=None):
    tables = {"deals": deals(*rows)}
    if store is not None:
        tables["prior_lines"] = ledger.prior_lines(store, FiscalCalendar().period(period))
    return commission.calculate(commission.load_plan(PLAN), tables, period).lines


def total(lines):
    return sum(lines["amount"], Decimal(0))


def test_from_calculation_to_payroll_and_back(tmp_path):
    store = open_store(f"sqlite:///{tmp_path}/store.sqlite")
    first = calculate(FIRST, Q1)
    assert ledger.post(store, first, Q1, author="ops", on=ON).written == len(first)
    state = ledger.anchor(store)
    assert ledger.post(store, calculate(FIRST[::-1], Q1), Q1, author="ops", on=ON).written == 0
    assert ledger.anchor(store) == state
    ledger.review(store, Q1, by="rev", on=ON)
    ledger.approve(store, Q1, by="cfo", on=ON)
    people = pd.DataFrame({"person_id": ["ann", "bob"], "payroll_id": ["1", "2"], "name": ["Ann", "Bob"]})
    out = payroll(ledger.lines(store, Q1), people, on=ON, earning_codes={"base": "COM"})
    assert sum(out.rows["amount"]) == total(first)
    ledger.lock(store, Q1, by="cfo", on=ON)
    ledger.pay(store, Q1, by="cfo", on=ON)

    corrected = calculate((*FIRST, LATE), Q1)
    done = ledger.post(store, corrected, Q1, author="ops", on=ON)
    assert total(ledger.lines(store, Q1)) == total(first)
    assert total(ledger.lines(store)) == total(corrected)
    late = ledger.lines(store, Q2)
    assert set(late["kind"]) == {"adjustment"}
    assert len(done.adjustments) == len(late)
    named = set(late["source_line_id"].dropna())
    assert named
    assert named <= set(first["line_id"])
    state = ledger.anchor(store)
    ledger.post(store, calculate((*FIRST, LATE), Q1), Q1, author="ops", on=ON)
    assert ledger.anchor(store) == state

    second = calculate((*FIRST, LATE, NEXT), Q2, store)
    ledger.post(store, second, Q2, author="ops", on=ON)
    assert total(ledger.lines(store)) == total(corrected) + total(second)
    assert ledger.verify(store) == []
    store.dispose()


FX = pd.DataFrame(
    [{"currency": "EUR", "kind": "plan", "rate": Decimal("1.25"), "valid_from": date(2026, 1, 1)}]
)
PAID_IN_EUROS = pd.DataFrame(
    [{"person_id": "ann", "plan_id": "ae", "valid_from": date(2026, 1, 1), "currency": "EUR"}]
)
FLAT = {"id": "base", "rate_pct": 10}
HALF = {"event": "booked", "pct": 50}
RULES = {
    "a draw": ({"draw": {"per": "month", "amount": 100, "recoverable": True, "keep_at_least": "none"}}, FLAT),
    "the year to date": ({}, FLAT | {"scope": "ytd_less_paid"}),
    "a clawback": ({"clawback": {"when": "cancelled", "method": "full", "unpaid": "cancel"}}, FLAT),
    "instalments": ({"release": [HALF, HALF | {"after_months": 3}]}, FLAT),
}  # fmt: skip


@pytest.mark.parametrize("corrected", [False, True], ids=["straight", "after a correction"])
@pytest.mark.parametrize("rule", RULES)
def test_pay_in_another_currency_goes_on_from_the_ledger_as_from_the_lines(
    rule: str, corrected: bool, tmp_path: Path
) -> None:
    parts, component = RULES[rule]
    plan = commission.load_plan(
        {k: v for k, v in PLAN.items() if k != "quota"}
        | {"components": [component], "fx": {"pay": {"rates": "plan", "at": "pay_date"}}, **parts,
           "negative_pay": "pay"}  # lines do not know what the ledger pays of other periods in this one
    )  # fmt: skip
    events = pd.DataFrame(
        [(f"e{i}", d, "booked", day, Decimal(a)) for i, (d, _, a, day) in enumerate((*FIRST[:2], LATE, NEXT))]
        + [("e9", "D1", "cancelled", date(2026, 4, 7), None)],
        columns=["event_id", "deal_id", "kind", "happened_on", "amount"],
    )

    def made(rows, period, prior=None):
        tables = {"deals": deals(*rows), "events": events[events["deal_id"].isin({r[0] for r in rows})]}
        tables |= {"plan_assignments": PAID_IN_EUROS, "fx_rates": FX}
        payout = commission.calculate(
            plan, tables | ({} if prior is None else {"prior_lines": prior}), period
        )
        assert not {p.code for p in payout.problems} & {"no-raw-amount"}
        return payout.lines

    store = open_store(f"sqlite:///{tmp_path}/store.sqlite")
    now = made(FIRST[:2], Q1)
    ledger.post(store, now, Q1, author="ops", on=ON)
    rows = FIRST[:2]
    if corrected:
        for step, by in ((ledger.review, "rev"), (ledger.approve, "cfo"), (ledger.lock, "cfo")):
            step(store, Q1, by=by, on=ON)
        rows = (*FIRST[:2], LATE)
        now = made(rows, Q1)
        ledger.post(store, now, Q1, author="ops", on=ON)
    from_ledger = made((*rows, NEXT), Q2, ledger.prior_lines(store, FiscalCalendar().period(Q2)))
    from_lines = made((*rows, NEXT), Q2, now)
    assert dict(zip(from_ledger["line_id"], from_ledger["amount"], strict=True)) == dict(
        zip(from_lines["line_id"], from_lines["amount"], strict=True)
    )
    assert len(from_lines)
    store.dispose()


@pytest.mark.parametrize("scope", ["each_transaction", "ytd_less_paid"])
def test_a_correction_of_a_closed_period_is_paid_once(scope: str, tmp_path: Path) -> None:
    component = {"id": "base", "rate_pct": 10, "scope": scope}
    plan = commission.load_plan(
        {**{k: v for k, v in PLAN.items() if k != "quota"}, "components": [component]}
    )
    store = open_store(f"sqlite:///{tmp_path}/store.sqlite")

    def posted(rows, period):
        prior = ledger.prior_lines(store, FiscalCalendar().period(period))
        payout = commission.calculate(plan, {"deals": deals(*rows), "prior_lines": prior}, period)
        ledger.post(store, payout.lines, period, author="ops", on=ON)

    posted(FIRST, Q1)
    for step, by in ((ledger.review, "rev"), (ledger.approve, "cfo"), (ledger.lock, "cfo")):
        step(store, Q1, by=by, on=ON)
    posted((*FIRST, LATE), Q1)  # the correction is paid in the second quarter
    for _ in range(2):  # a second posting changes nothing
        posted((*FIRST, LATE, NEXT), Q2)
        sold = sum((Decimal(amount) for _, _, amount, _ in (*FIRST, LATE, NEXT)), Decimal(0))
        assert abs(total(ledger.lines(store)) - sold / 10) <= Decimal("0.01")
    store.dispose()
