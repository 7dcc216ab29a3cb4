"""The ledger at the command line, on a workbook with nothing but people."""

from __future__ import annotations

import csv
from datetime import date

import pytest
from click.testing import CliRunner
from pay_lines import JAN, frame, line
from sqlalchemy import text

from salesops_nb.cli import main
from salesops_nb.store.database import open_store
from salesops_nb.store.ledger import ledger

ON = "2026-02-20"
STAFF = {"cfo": "Cora Fox", "rev": "Rae Eve", "ops": "Otis Paul", "00500A77": "Linda Mitchell"}


@pytest.fixture
def workbook(tmp_path):
    (tmp_path / "workbook.yml").write_text(
        "company: Acme\ncurrency: USD\nlocale: en_US\ntime_zone: UTC\n"
        "fiscal_year: {start_month: 1, pattern: months}\n"
        "source: data\nmapping: mapping.yml\nstore: sqlite:///store.sqlite\n"
    )
    (tmp_path / "mapping.yml").write_text("tables:\n  people: {file: people.csv}\n")
    (tmp_path / "data").mkdir()
    people = (
        "person_id,valid_from,name,role,payroll_id\nann,2025-01-01,Ann Lee,ae,007\nbob,2025-01-01,=1+1,ae,\n"
    )
    (tmp_path / "data" / "people.csv").write_text(
        people + "".join(f"{who},2025-01-01,{name},staff,\n" for who, name in STAFF.items())
    )
    (tmp_path / "pay_calendar.yml").write_text("pay_calendar:\n  cut_off: {days: 5}\n  pay: {day: 15}\n")
    store = open_store(f"sqlite:///{tmp_path}/store.sqlite")
    lines = frame(line("D1", "ann", "100"), line("D3", "bob", "70"))
    ledger.post(store, lines, JAN, author="cal", on=date(2026, 2, 1))
    store.dispose()
    return tmp_path


def run(folder, *words):
    result = CliRunner().invoke(main, ["ledger", "-w", str(folder), *words])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def test_from_draft_to_payroll(workbook):
    assert run(workbook, "payroll", JAN).exit_code == 1
    assert "Reviewed: Ann Lee, =1+1" in run(workbook, "review", JAN, "--by", "rev", "--on", ON).output
    assert "people table" in run(workbook, "approve", JAN, "--by", "ghost", "--on", ON).output
    assert "Approved: Ann Lee, =1+1" in run(workbook, "approve", JAN, "--by", "cfo", "--on", ON).output
    assert "2026-02-05" in run(workbook, "lock", JAN, "--by", "cfo", "--on", "2026-02-05").output
    assert "is locked" in run(workbook, "lock", JAN, "--by", "cfo", "--on", ON).output
    assert "is paid" in run(workbook, "pay", JAN, "--by", "cfo", "--on", ON).output
    made = run(workbook, "payroll", JAN, "--on", ON)
    assert made.exit_code == 0
    assert "bob has no payroll id: 70.00 USD" in made.output
    with (workbook / "reports/payroll" / f"payroll_{JAN}.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["payroll_id"], row["amount"]) for row in rows] == [("007", "100.00")]
    assert (workbook / "reports/payroll" / f"payroll_{JAN}.xlsx").exists()


def test_verify_names_the_bad_entry_and_fails(workbook):
    good = run(workbook, "verify")
    assert good.exit_code == 0
    anchor = run(workbook, "anchor").output.strip()
    assert anchor in good.output
    assert run(workbook, "verify", "--anchor", anchor).exit_code == 0
    store = open_store(f"sqlite:///{workbook}/store.sqlite")
    with store.begin() as connection:
        connection.execute(text("UPDATE ledger_entries SET amount_minor = 99 WHERE seq = 2"))
    store.dispose()
    bad = run(workbook, "verify")
    assert bad.exit_code == 1
    assert "Ledger entry 2" in bad.output


def test_list_adjust_and_dispute(workbook):
    line_id = f"ae.1/D1/{JAN}"
    assert line_id in run(workbook, "list", "--lines", "--period", JAN).output
    people = ("--by", "ops", "--approver", "cfo", "--on", ON)
    made = run(workbook, "adjust", JAN, "ann", "-5.00", "USD", "--reason", "r", *people)
    assert made.exit_code == 0, made.output
    assert "95.00" in run(workbook, "list", "--payee", "ann").output
    opened = run(workbook, "dispute", "open", line_id, "Why?", "--by", "ann", "--on", ON).output.strip()
    assert run(workbook, "dispute", "answer", opened, "So.", "--by", "ops", "--on", ON).exit_code == 0
    assert run(workbook, "dispute", "close", opened, "rejected", "--by", "ops", "--on", ON).exit_code == 0
    assert "rejected" in run(workbook, "list", "--disputes").output


def test_accrual_for_finance(workbook):
    target = workbook / "accrual.csv"
    shown = run(workbook, "accrual", JAN, "--to", str(target))
    assert shown.exit_code == 0, shown.output
    with target.open(encoding="utf-8", newline="") as file:
        assert sum(float(row["unpaid"]) for row in csv.DictReader(file)) == 170


def test_a_bad_day_is_told(workbook):
    assert "2026-02-13" in run(workbook, "lock", JAN, "--by", "cfo", "--on", "tomorrow").output


def test_a_person_is_given_by_name_or_id_and_shown_by_name(workbook):
    assert (
        "Reviewed: Ann Lee." in run(workbook, "review", JAN, "--payee", "ann  LEE", "--by", "Rae Eve").output
    )
    assert (
        "Approved: Ann Lee." in run(workbook, "approve", JAN, "--payee", "Ann Lee", "--by", "cora fox").output
    )
    shown = run(workbook, "list", "--payee", "Ann Lee").output
    assert "Ann Lee" in shown
    assert "Cora Fox" in shown
    assert not set(shown.split()) & {"ann", "cfo", "payee_id", "=1+1"}
    store = open_store(f"sqlite:///{workbook}/store.sqlite")
    assert ledger.statements(store).set_index("payee_id").at["ann", "approvers"] == "cfo"
    store.dispose()
    words = ("USD", "--reason", "r", "--by", "Otis Paul", "--approver", "Cora Fox", "--on", ON)
    assert run(workbook, "adjust", JAN, "Linda Mitchell", "5.00", *words).exit_code == 0
    line_id = run(workbook, "list", "--lines", "--payee", "Linda Mitchell").output.split("\n")[1].split()[3]
    opened = run(workbook, "dispute", "open", line_id, "Why?", "--by", "Linda Mitchell", "--on", ON)
    answered = ("dispute", "answer", opened.output.strip(), "So.", "--on", ON, "--by")
    refused = run(workbook, *answered, "linda mitchell")
    assert refused.exit_code == 1
    assert "Linda Mitchell" in refused.output
    assert "00500A77" not in refused.output
    assert run(workbook, *answered, "Otis Paul").exit_code == 0
    disputes = run(workbook, "list", "--disputes").output
    assert disputes.count("Linda Mitchell") == 2
    assert "Otis Paul" in disputes


def test_a_name_of_two_people_asks_which_of_them(workbook):
    with (workbook / "data" / "people.csv").open("a") as file:
        file.write("cfo2,2025-01-01,Cora Fox,staff,\n")
    refused = run(workbook, "review", JAN, "--by", "Cora Fox", "--on", ON)
    assert refused.exit_code == 1
    assert "Cora Fox (cfo)" in refused.output
    assert "Cora Fox (cfo2)" in refused.output
    assert run(workbook, "review", JAN, "--by", "Cora Fox (cfo2)", "--on", ON).exit_code == 0


def test_a_table_that_cannot_be_read_hides_no_statement(workbook):
    (workbook / "mapping.yml").write_text(
        "tables:\n  people: {file: people.csv}\n  deals: {file: not_there.csv}\n"
    )
    assert "Ann Lee" in run(workbook, "list").output
