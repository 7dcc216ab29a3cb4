"""A calculation goes into the ledger, is paid, and a late fact finds its way into the open period."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pandas as pd

from salesops_nb import commission
from salesops_nb.commission.finance.payroll import payroll
from salesops_nb.core.periods import FiscalCalendar
from salesops_nb.store.database import open_store
from salesops_nb.store.ledger import ledger

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
