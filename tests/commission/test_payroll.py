"""The payroll file: who is in it, what is set aside, sums, and no formula that runs."""

from __future__ import annotations

import csv
import io
from datetime import date
from decimal import Decimal

import openpyxl
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from salesops_nb import present
from salesops_nb.commission.finance.payroll import payroll, payroll_csv, payroll_xlsx
from salesops_nb.core.spreadsheet import formula_like
from salesops_nb.errors import SalesopsError

ON = date(2026, 2, 13)
PEOPLE = pd.DataFrame(
    [
        ("ann", "Ann", "007", date(2025, 1, 1), None),
        ("bob", "=HYPERLINK(1)", "+49", date(2025, 1, 1), None),
        ("cat", "Cat", None, date(2025, 1, 1), None),
        ("dan", "Dan", "11", date(2025, 1, 1), date(2026, 2, 1)),
        ("dan", "Dan", "12", date(2026, 2, 1), None),
        ("eve", "Eve", "99", date(2026, 3, 1), None),
    ],
    columns=["person_id", "name", "payroll_id", "valid_from", "valid_to"],
)


def lines(*rows, status="locked"):
    table = [
        (payee, "2026-01", component, kind, Decimal(amount), currency, status)
        for payee, component, kind, amount, currency in rows
    ]
    names = ["payee_id", "period", "component_id", "kind", "amount", "currency", "status"]
    return pd.DataFrame(table, columns=names)


LINES = lines(
    ("ann", "base", "commission", "100.10", "USD"),
    ("ann", "base", "commission", "-0.10", "USD"),
    ("ann", None, "draw", "50", "USD"),
    ("bob", "base", "commission", "-12.50", "USD"),
    ("bob", "base", "commission", "1000", "JPY"),
    ("cat", "base", "commission", "7", "USD"),
    ("dan", "spiff", "spiff", "5", "USD"),
    ("eve", "base", "commission", "3", "USD"),
)


def test_one_row_a_person_code_and_currency():
    result = payroll(LINES, PEOPLE, on=ON, earning_codes={"base": "COM", "draw": "DRW", "spiff": "SPF"})
    assert [tuple(r)[:2] + tuple(r)[4:] for r in result.rows.itertuples(index=False)] == [
        ("007", "ann", "COM", "USD", Decimal("100.00"), 2),
        ("007", "ann", "DRW", "USD", Decimal(50), 1),
        ("+49", "bob", "COM", "JPY", Decimal(1000), 1),
        ("+49", "bob", "COM", "USD", Decimal("-12.50"), 1),
        ("12", "dan", "SPF", "USD", Decimal(5), 1),
    ]


def test_who_has_no_payroll_id_is_listed_and_the_sums_are_the_ledgers():
    result = payroll(LINES, PEOPLE, on=ON)
    missing = [(p.value, p.amount) for p in result.problems if p.code == "no-payroll-id"]
    assert missing == [("cat", Decimal(7)), ("eve", Decimal(3))]
    assert result.totals.to_dict("records") == [
        {"currency": "JPY", "ledger": 1000, "exported": 1000, "set_aside": 0},
        {"currency": "USD", "ledger": Decimal("152.50"), "exported": Decimal("142.50"), "set_aside": 10},
    ]
    assert sum(result.rows.loc[result.rows["currency"] == "USD", "amount"]) == Decimal("142.50")


def test_pay_without_an_earning_code_stays_behind():
    result = payroll(LINES, PEOPLE, on=ON, earning_codes={"base": "COM"})
    assert [(p.value, p.amount) for p in result.problems if p.code == "no-earning-code"] == [
        ("ann", Decimal(50)),
        ("dan", Decimal(5)),
    ]


def test_two_people_with_one_payroll_id_are_not_paid_on_a_guess():
    result = payroll(LINES, PEOPLE.assign(payroll_id="1"), on=ON)
    assert {p.code for p in result.problems} == {"shared-payroll-id", "no-payroll-id"}
    assert result.rows.empty


def test_a_negative_total_is_told():
    assert ("bob", Decimal("-12.50")) in [
        (p.value, p.amount) for p in payroll(LINES, PEOPLE, on=ON).problems if p.code == "negative-pay"
    ]


@pytest.mark.parametrize("status", ["draft", "reviewed"])
def test_only_approved_statements_leave(status):
    mixed = pd.concat([LINES, lines(("dan", "base", "commission", "1", "USD"), status=status)])
    with pytest.raises(SalesopsError, match=f"dan for 2026-01 is {status}"):
        payroll(mixed, PEOPLE, on=ON)


@pytest.mark.parametrize("status", ["approved", "locked", "paid"])
def test_approved_locked_and_paid_ones_do(status):
    assert len(payroll(LINES.assign(status=status), PEOPLE, on=ON).rows) == 5


@given(st.text(max_size=8))
@example("'=")
@example(";=")
def test_no_cell_of_the_csv_starts_a_formula(text):
    table = pd.DataFrame({"name": [text], "amount": [Decimal("-1.50")]})
    read = list(csv.reader(io.StringIO(payroll_csv(table), newline="")))
    name, amount = read[1]
    assert name[:1] == "'" or not formula_like(name)
    assert amount == "-1.50"
    # apostrophes are added and nothing else
    assert name.replace("'", "") == text.replace("'", "")
    assert name.count("'") >= text.count("'")


def test_csv_keeps_leading_zeros_and_plain_amounts():
    rows = list(csv.DictReader(io.StringIO(payroll_csv(payroll(LINES, PEOPLE, on=ON).rows), newline="")))
    assert rows[0]["payroll_id"] == "007"
    assert [row["name"] for row in rows if row["person_id"] == "bob"] == ["'=HYPERLINK(1)"] * 2
    assert [row["payroll_id"] for row in rows if row["person_id"] == "bob"] == ["'+49"] * 2
    assert [Decimal(row["amount"]) for row in rows if row["person_id"] == "bob"] == [1000, Decimal("-12.5")]


def test_xlsx_has_numbers_texts_and_no_formula():
    result = payroll(LINES, PEOPLE, on=ON)
    book = openpyxl.load_workbook(io.BytesIO(payroll_xlsx(result, anchor="7:abc")))
    for sheet in book:
        for row in sheet.iter_rows():
            assert all(cell.data_type in ("s", "n") for cell in row)
    header, *rows = book["Payroll"].iter_rows(values_only=True)
    amount = header.index("amount")
    assert [round(Decimal(row[amount]), 2) for row in rows] == list(result.rows["amount"])
    assert rows[0][0] == "007"
    assert [row[0] for row in book["Set aside"].iter_rows(min_row=2, values_only=True)] == [None, None]
    assert book["Control"]["B5"].value == "7:abc"


def test_what_people_read_is_in_the_workbooks_language_and_what_systems_import_is_not():
    result = payroll(LINES, PEOPLE, on=ON)
    english = openpyxl.load_workbook(io.BytesIO(payroll_xlsx(result)))
    before = present.setting()
    present.use_locale("ro_RO", "RON")
    try:
        romanian = openpyxl.load_workbook(io.BytesIO(payroll_xlsx(result)))
    finally:
        present.use_locale(before.locale, before.currency)
    assert romanian.sheetnames == english.sheetnames
    changed = set()
    for sheet in english:
        header = [cell.value for cell in sheet[1]]
        for mine, theirs in zip(sheet.iter_rows(), romanian[sheet.title].iter_rows(), strict=True):
            changed |= {
                (header[cell.column - 1], cell.value, other.value)
                for cell, other in zip(mine, theirs, strict=True)
                if cell.value != other.value
            }
    assert changed == {("reason", "has no payroll id", "nu are cod de salarizare")}


def test_nothing_to_pay_is_an_empty_file():
    result = payroll(LINES.iloc[:0], PEOPLE, on=ON)
    assert payroll_csv(result.rows).count("\r\n") == 1
    assert payroll_xlsx(result)


def test_who_comes_to_less_than_zero_under_a_plan_that_does_not_say_what_then_stays_behind():
    under = LINES.assign(plan_id="p")
    result = payroll(under, PEOPLE, on=ON, undecided={"p"})

    def of_bob(rows):
        return rows[rows["person_id"] == "bob"]

    assert of_bob(result.rows)["currency"].tolist() == ["JPY"]  # which is not below zero
    assert of_bob(result.set_aside)["reason"].tolist() == ["comes to less than zero"]
    found = [p for p in result.problems if p.code == "negative-pay"]
    assert [(p.value, p.amount, p.severity) for p in found] == [("bob", Decimal("-12.50"), "error")]
    for row in result.totals.to_dict("records"):
        assert row["exported"] + row["set_aside"] == row["ledger"]
    assert len(of_bob(payroll(under, PEOPLE, on=ON, undecided={"q"}).rows)) == 2
