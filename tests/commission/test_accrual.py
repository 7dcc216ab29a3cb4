"""Earned and unpaid, contract costs and their amortisation, and the difference of two calculations."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesops_nb.commission.finance.accrual import accrual
from salesops_nb.commission.finance.amortisation import amortisation, straight_line
from salesops_nb.commission.finance.comparison import reconcile
from salesops_nb.core.periods import FiscalCalendar
from salesops_nb.store.database import open_store
from salesops_nb.store.ledger import ledger

CALENDAR = FiscalCalendar()
JAN, FEB, MAR = (CALENDAR.period(f"2026-0{i}") for i in (1, 2, 3))
NAMES = [
    "line_id", "period", "payee_id", "plan_id", "component_id", "deal_id", "kind", "amount", "currency",
    "source_line_id", "happened_on", "paid_on",
]  # fmt: skip


def lines(*rows):
    """Each row: id, period, component, deal, kind, amount, paid on."""
    table = [
        (i, p, "ann", "ae", c, d, k, Decimal(a), "USD", None, CALENDAR.period(p).last, on)
        for i, p, c, d, k, a, on in rows
    ]
    return pd.DataFrame(table, columns=NAMES)


PAID = date(2026, 2, 13)
LINES = lines(
    ("1", "2026-01", "base", "D1", "commission", "1000", PAID),
    ("2", "2026-01", "base", "D1", "holdback", "-400", PAID),
    ("3", "2026-01", "mbo", None, "mbo", "200", PAID),
    ("4", "2026-02", "base", "D2", "commission", "300", None),
    ("5", "2026-02", "draw", None, "draw", "50", None),
    ("6", "2026-02", "base", "D1", "release", "150", None),
)
DEALS = pd.DataFrame({"deal_id": ["D1", "D2"], "term_months": [36, 12], "closed_on": [date(2026, 1, 9)] * 2})


def test_earned_and_unpaid_by_period():
    rows = accrual(LINES, [JAN, FEB], DEALS).roll_forward.to_dict("records")
    assert [[int(r[n]) for n in ("opening", "earned", "settled", "closing")] for r in rows] == [
        [0, 1200, 0, 1200],  # nothing is paid in January
        [1200, 300, 800, 700],  # 800 = 1,000 + 200 − 400 held; left: 400 held and 300 of February
    ]


@pytest.mark.parametrize(("periods", "unpaid"), [([JAN], 1200), ([JAN, FEB], 700)])
def test_the_table_ends_where_the_roll_forward_does(periods, unpaid):
    result = accrual(LINES, periods, DEALS)
    assert sum(result.table["unpaid"]) == unpaid == result.roll_forward["closing"].iloc[-1]


def test_a_later_roll_forward_opens_where_the_earlier_closed():
    assert accrual(LINES, [FEB], DEALS).roll_forward["opening"].iloc[0] == 1200


def test_a_released_holdback_is_earned_once():
    paid = LINES.assign(paid_on=PAID)
    table = accrual(paid, [JAN, FEB], DEALS).table
    assert sum(table["earned"]) == 1500
    assert sum(table["unpaid"]) == 250  # 400 held, 150 of it released and paid
    assert sum(table["advanced"]) == 50


def test_a_release_without_a_holdback_is_earned_when_released():
    table = accrual(lines(("1", "2026-01", "base", "D1", "release", "60", None)), [JAN], DEALS).table
    assert (table["earned"].iloc[0], table["unpaid"].iloc[0]) == (60, 60)


def test_contract_costs_are_flagged_with_their_term():
    table = accrual(LINES, [JAN, FEB], DEALS).table
    by = {
        (r.component_id, r.period, r.deal_id if r.deal_id is not pd.NA else None): r
        for r in table.itertuples()
    }
    assert by["base", "2026-01", "D1"].treatment == "capitalised"
    assert by["base", "2026-01", "D1"].term_months == 36
    assert by["base", "2026-02", "D2"].treatment == "expensed_at_once"
    assert not by["mbo", "2026-01", None].incremental
    assert by["mbo", "2026-01", None].treatment == "expensed_as_earned"


def test_components_that_finance_excludes_are_not_incremental():
    assert not accrual(LINES, [JAN, FEB], DEALS, not_incremental=["base"]).table["incremental"].any()


def test_a_deal_without_a_term_is_listed_with_its_amount():
    result = accrual(LINES, [JAN, FEB], DEALS.iloc[1:])
    assert [(p.code, p.value, p.amount) for p in result.problems] == [("no-term", "D1", Decimal(1000))]
    assert sum(result.table["payable"]) == sum(LINES["amount"])


def test_it_ties_to_the_ledger_and_says_so_where_not(tmp_path):
    store = open_store(f"sqlite:///{tmp_path}/s.sqlite")
    for key in ("2026-01", "2026-02"):
        ledger.post(store, LINES[LINES["period"] == key], key, author="cal", on=PAID)
        ledger.review(store, key, by="rev", on=PAID)
        ledger.approve(store, key, by="cfo", on=PAID)
        ledger.lock(store, key, by="cfo", on=PAID)
    ledger.pay(store, "2026-01", by="cfo", on=PAID)
    back, statements = ledger.lines(store), ledger.statements(store)
    good = accrual(back, [JAN, FEB], DEALS, statements)
    assert good.problems == []
    assert sum(good.table["unpaid"]) == 700
    bad = accrual(back.iloc[1:], [JAN, FEB], DEALS, statements)
    assert [(p.code, p.amount) for p in bad.problems] == [("accrual-does-not-tie", Decimal(-1000))]
    late = LINES[LINES["period"] == "2026-01"].replace({"amount": {Decimal(1000): Decimal(900)}})
    ledger.post(store, late, "2026-01", author="cal", on=PAID)
    corrected = accrual(ledger.lines(store), [JAN, FEB, MAR], DEALS, ledger.statements(store))
    assert corrected.problems == []
    assert corrected.roll_forward["earned"].iloc[-1] == -100
    store.dispose()


@pytest.mark.parametrize(
    ("amount", "months", "monthly", "last"),
    [("15000", 36, "416.67", "416.55"), ("8000", 24, "333.33", "333.41"), ("0.01", 13, "0.00", "0.01")],
)
def test_straight_line(amount, months, monthly, last):
    parts = straight_line(Decimal(amount), months, "USD")
    assert parts == [Decimal(monthly)] * (months - 1) + [Decimal(last)]


@given(st.decimals(-99999, 99999, places=2), st.integers(1, 120))
def test_straight_line_sums_to_the_amount(amount, months):
    assert sum(straight_line(amount, months, "USD")) == amount


def schedule(**more):
    table = amortisation(LINES, DEALS, **more)
    return {(r.line_id, r.month, r.treatment): r.amount for r in table.itertuples()}


def test_short_contracts_are_expensed_at_once_and_long_ones_spread():
    table = schedule()
    assert table["4", date(2026, 2, 1), "expensed_at_once"] == 300
    spread = [amount for (line, _, _), amount in table.items() if line == "1"]
    assert (len(spread), sum(spread), spread[0], spread[-1]) == (36, 1000, Decimal("27.78"), Decimal("27.70"))
    assert ("1", date(2028, 12, 1), "amortised") in table


def test_what_comes_late_catches_up():
    late = lines(("c", "2026-03", "base", "D1", "clawback", "-360", None))
    table = amortisation(late, DEALS)
    assert (table["month"].iloc[0], table["amount"].iloc[0]) == (date(2026, 3, 1), Decimal(-30))
    assert (len(table), sum(table["amount"])) == (34, -360)


def test_an_ended_contract_is_written_off():
    table = schedule(ended={"D1": date(2026, 3, 15)})
    rows = {key[1:]: amount for key, amount in table.items() if key[0] == "1"}
    assert rows[date(2026, 3, 1), "written_off"] == 1000 - 3 * Decimal("27.78")
    assert sum(rows.values()) == 1000
    assert max(month for month, _ in rows) == date(2026, 3, 1)


def test_reconcile_names_each_difference():
    new = lines(
        ("1", "2026-01", "base", "D1", "commission", "900", None),
        ("3", "2026-01", "mbo", None, "mbo", "200", None),
        ("9", "2026-01", "base", "D9", "commission", "5", None),
    )
    result = reconcile(new, LINES[LINES["period"] == "2026-01"])
    assert {(r.line_id, r.change, int(r.difference)) for r in result.changes.itertuples()} == {
        ("1", "changed", -100),
        ("2", "gone", 400),
        ("9", "new", 5),
    }
    payee = result.payees.to_dict("records")[0]
    assert (payee["before"], payee["after"], payee["difference"]) == (800, 1105, 305)
    assert [payee[n] for n in ("new", "changed", "gone", "unchanged")] == [1, 1, 1, 1]
    assert not result.same
    assert reconcile(new, new).same


CORRECTIONS = {
    # ids and sources of the corrections, with what each pays; the line "1" is to pay 900 after them
    "of a paid line": ([("1~2026-02", "1", -100)], True),
    "of a correction": ([("1~2026-02", "1", -60), ("1~2026-03", "1~2026-02", -40)], True),
    "of a line that changed hands": ([("1~2026-02~ann~USD", "1", -100)], True),
    "of a late deal": ([("1~2026-02", None, 900)], False),
    "of a late deal, twice": ([("1~2026-02", None, 1000), ("1~2026-03", "1~2026-02", -100)], False),
}


@pytest.mark.parametrize("name", CORRECTIONS)
def test_reconcile_counts_a_correction_towards_its_line(name):
    found, paid = CORRECTIONS[name]
    rows = [LINES.iloc[[0]].assign(calculated_kind=None)] if paid else []
    for line_id, source, amount in found:
        row = lines((line_id, line_id.split("~")[1], "base", "D1", "adjustment", str(amount), None))
        rows.append(row.assign(source_line_id=source, calculated_kind="commission"))
    assert reconcile(lines(("1", "2026-01", "base", "D1", "commission", "900", None)), pd.concat(rows)).same


@pytest.mark.parametrize(
    ("kinds", "treatments", "spread"),
    [
        (["commission", "release"], {"capitalised"}, 1000),  # pay as customers pay: each is a cost
        (["release"], {"capitalised"}, 500),
        (["commission", "holdback", "release"], {"capitalised", "expensed_as_earned"}, 500),
    ],
)
def test_a_release_is_a_contract_cost_where_nothing_was_held_back(kinds, treatments, spread):
    amounts = {"commission": "500", "holdback": "-200", "release": "500"}
    rows = lines(
        *((str(n), "2026-01", "base", "D1", kind, amounts[kind], None) for n, kind in enumerate(kinds))
    )
    table = accrual(rows, [JAN], DEALS).table
    assert set(table["treatment"]) == treatments
    assert sum(amortisation(rows, DEALS)["amount"]) == spread
