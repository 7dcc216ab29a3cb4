"""The finance file: each sum of random ledgers by another way, and a real ledger of random histories."""

from __future__ import annotations

from collections import Counter
from datetime import date
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook
from reference_compare import payouts_of
from reference_worlds import world
from spreadsheet_reading import Recalculated, check_tables

from salesops_nb.cli import main
from salesops_nb.commission.finance.amortisation import straight_line
from salesops_nb.commission.finance.journal import Finance, finance
from salesops_nb.core.periods import FiscalCalendar
from salesops_nb.errors import SalesopsError
from salesops_nb.store.database import open_store
from salesops_nb.store.ledger import ledger
from salesops_nb.workbook import Accounts

CALENDAR = FiscalCalendar()
MONTHS = [CALENDAR.period(f"2026-0{n}") for n in range(1, 7)]
TERMS = {"D1": 36, "D2": 12, "D3": 13, "D4": None}
DEALS = pd.DataFrame(
    {"deal_id": list(TERMS), "term_months": list(TERMS.values()), "closed_on": [date(2026, 1, 9)] * 4}
)
KINDS = (
    "commission", "bonus", "clawback", "refund", "adjustment", "draw", "draw_recovery", "holdback",
    "release", "mbo", "guarantee",
)  # fmt: skip
ACCOUNTS = Accounts()
ZERO = Decimal(0)

row = st.fixed_dictionaries(
    {
        "period": st.sampled_from([p.key for p in MONTHS]),
        "kind": st.sampled_from(KINDS),
        "deal_id": st.sampled_from([*TERMS, None]),
        "amount": st.decimals("-5000", "5000", places=2),
        "currency": st.sampled_from(["USD", "EUR", "JPY"]),
        "paid": st.sampled_from([None, 1, 2]),
    }
)


def ledger_of(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Rows as the ledger's lines; `paid` is so many months after the period."""
    made = []
    for number, each in enumerate(rows):
        period = CALENDAR.period(each["period"])
        amount = each["amount"].quantize(Decimal(1)) if each["currency"] == "JPY" else each["amount"]
        paid = period
        for _ in range(each["paid"] or 0):
            paid = paid.next()
        made.append(
            {
                "line_id": f"L{number}", "payee_id": f"p{number % 3}", "plan_id": "ae",
                "component_id": "base", "source_line_id": None, "happened_on": period.last,
                "status": "draft", **each, "amount": amount,
                "paid_on": paid.start if each["paid"] else None,
            }
        )  # fmt: skip
    return pd.DataFrame(made)


def statements_of(lines: pd.DataFrame) -> pd.DataFrame:
    return lines.groupby(["period", "currency"], as_index=False)["amount"].sum()


def made_of(lines: pd.DataFrame, periods: list[Any] = MONTHS, statements: Any = None) -> Finance:
    stated = statements_of(lines) if statements is None else statements
    return finance(lines, periods, DEALS, stated, ACCOUNTS)


def balances(found: Finance) -> Counter[tuple[str, str]]:
    """Debits less credits by account and currency."""
    sums: Counter[tuple[str, str]] = Counter()
    for each in found.journal.to_dict("records"):
        sums[each["account"], each["currency"]] += each["debit"] - each["credit"]
    return Counter({key: amount for key, amount in sums.items() if amount})


@settings(max_examples=60)
@given(rows=st.lists(row, min_size=1, max_size=14))
def test_every_sum_of_a_random_ledger(rows: list[dict[str, Any]]) -> None:
    lines = ledger_of(rows)
    found = made_of(lines)
    assert list(found.reconciliation["difference"]) == [0] * len(found.reconciliation)
    assert sorted(found.lines["line_id"]) == sorted(lines["line_id"])
    for (_, _), part in found.journal.groupby(["period", "currency"]):
        assert sum(part["debit"]) == sum(part["credit"])
        assert min((*part["debit"], *part["credit"])) >= 0
    # the same by hand, line by line
    held = {
        (r["payee_id"], r["deal_id"], r["currency"])
        for r in lines.to_dict("records")
        if r["kind"] == "holdback"
    }
    wanted: Counter[tuple[str, str]] = Counter()
    end = MONTHS[-1].end
    for each in lines.to_dict("records"):
        code, amount = each["currency"], each["amount"]
        if each["paid_on"] is not None and each["paid_on"] < end:
            wanted[ACCOUNTS.accrued, code] += amount
            wanted[ACCOUNTS.clearing, code] -= amount
        if each["kind"] in ("draw", "draw_recovery"):
            wanted[ACCOUNTS.advances, code] += amount
            wanted[ACCOUNTS.accrued, code] -= amount
            continue
        if each["kind"] in ("holdback", "release") and (each["payee_id"], each["deal_id"], code) in held:
            continue
        wanted[ACCOUNTS.accrued, code] -= amount
        months = TERMS.get(each["deal_id"])
        of_deal = each["kind"] not in ("mbo", "guarantee")
        if not of_deal or months is None or months <= 12:
            wanted[ACCOUNTS.expense, code] += amount
            continue
        by_june = sum(straight_line(amount, months, code)[:6], ZERO)  # from January on
        wanted[ACCOUNTS.expense, code] += by_june
        wanted[ACCOUNTS.deferred, code] += amount - by_june
    assert balances(found) == Counter({key: amount for key, amount in wanted.items() if amount})


@settings(max_examples=20)
@given(rows=st.lists(row, min_size=1, max_size=10))
def test_the_journals_of_months_add_up_to_the_half_years(rows: list[dict[str, Any]]) -> None:
    lines = ledger_of(rows)
    each: Counter[tuple[str, str]] = Counter()
    for month in MONTHS:
        each.update(balances(made_of(lines, [month])))
    assert Counter({key: amount for key, amount in each.items() if amount}) == balances(made_of(lines))


def test_a_late_line_amortises_in_its_own_journal_what_it_should_have_by_then() -> None:
    late = {"period": "2026-03", "kind": "commission", "deal_id": "D1", "currency": "USD", "paid": None}
    lines = ledger_of([late | {"amount": Decimal(3600)}]).assign(happened_on=date(2026, 1, 9))
    assert not balances(made_of(lines, MONTHS[:2]))
    (march,) = [made_of(lines, MONTHS[2:3])]
    rows = [tuple(r) for r in march.journal[["account", "debit", "credit"]].itertuples(index=False)]
    assert rows == [
        (ACCOUNTS.deferred, 3600, 0), (ACCOUNTS.accrued, 0, 3600),
        (ACCOUNTS.expense, 300, 0), (ACCOUNTS.deferred, 0, 300),
    ]  # fmt: skip


def test_a_file_that_does_not_say_what_the_ledger_says_is_not_written() -> None:
    one = {"period": "2026-01", "kind": "mbo", "deal_id": None, "currency": "USD", "paid": None}
    lines = ledger_of([one | {"amount": Decimal(5)}])
    with pytest.raises(SalesopsError, match=r"statements \(USD\): 5, and 6 by the ledger"):
        made_of(lines, statements=statements_of(lines).assign(amount=Decimal(6)))


@pytest.fixture(scope="module")
def workbook(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A ledger of four quarters of random histories, two of them paid, in a workbook without data."""
    folder = tmp_path_factory.mktemp("finance")
    (folder / "workbook.yml").write_text(
        "company: A\ncurrency: USD\nsource: data\nmapping: mapping.yml\n"
        "accounts: {expense: 7000, accrued: Owed}\n"
    )
    (folder / "mapping.yml").write_text("tables: {}\n")
    (folder / "data").mkdir()
    store = open_store(f"sqlite:///{folder}/store.sqlite")
    quarters = ("2026-Q1", "2026-Q2", "2026-Q3")
    for key, payout in payouts_of(world(20263, 12), ledger=True, quarters=quarters).items():
        ledger.post(store, payout.lines, CALENDAR.period(key), author="cal", on=CALENDAR.period(key).end)
    on = date(2026, 5, 1)
    ledger.review(store, "2026-Q1", by="rev", on=on)
    ledger.approve(store, "2026-Q1", by="cfo", on=on)
    ledger.lock(store, "2026-Q1", by="cfo", on=on)
    ledger.pay(store, "2026-Q1", by="cfo", on=on)
    store.dispose()
    return folder


def test_the_command_writes_the_file_of_a_real_ledger(workbook: Any) -> None:
    words = ["ledger", "-w", str(workbook), "finance", "2026-Q1", "2026-Q3"]
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 0, done.output
    file = workbook / "reports" / "finance" / "finance_2026-Q1_2026-Q3.xlsx"
    assert str(file) in done.output
    assert set(check_tables(file)) == {"Lines", "Journal", "Reconciliation"}
    assert len(Recalculated(file).found) >= 5
    assert not any(Recalculated(file).found.values())
    book = load_workbook(file, data_only=True)
    sheets = {sheet.title: [list(r) for r in sheet.iter_rows(values_only=True)] for sheet in book}
    assert list(sheets) == ["Lines", "Journal", "Reconciliation"]
    store = open_store(f"sqlite:///{workbook}/store.sqlite")
    lines = ledger.lines(store)
    head, *rows = sheets["Lines"]
    cents = Counter()
    for each in rows:
        cents[each[head.index("currency")]] += round(each[head.index("amount")] * 100)
    assert cents == Counter({c: int(a * 100) for c, a in lines.groupby("currency")["amount"].sum().items()})
    assert len(rows) == len(lines) > 20
    debits, credits = (sum(round(r[i] * 100) for r in sheets["Journal"][1:]) for i in (3, 4))
    assert debits == credits > 0
    paid = sum(lines[lines["period"] == "2026-Q1"]["amount"])
    cleared = [r for r in sheets["Journal"][1:] if r[2] == ACCOUNTS.clearing]
    assert [(r[0], round(r[4] * 100)) for r in cleared] == [("2026-Q2", int(paid * 100))]
    assert {"7000", "Owed", ACCOUNTS.clearing} <= {r[2] for r in sheets["Journal"][1:]}
    differences = [r[4] for r in sheets["Reconciliation"][1:] if r[1]]
    assert len(differences) >= 5
    assert not any(differences)
    assert ["ledger", ledger.anchor(store)] in [r[:2] for r in sheets["Reconciliation"]]
    store.dispose()
