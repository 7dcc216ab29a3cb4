"""What the commission notebook keeps between two moves of a control, and when it calculates anew."""

from __future__ import annotations

from datetime import date

import pytest
from click.testing import CliRunner

from salesops_nb import commission, open_workbook
from salesops_nb.cli import main
from salesops_nb.commission.finance.ledger_rows import plain_rows
from salesops_nb.notebook.commission_calculation.overview import dated, open_book
from salesops_nb.notebook.commission_calculation.what_if import open_design
from salesops_nb.store.ledger import ledger

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def workbook(tmp_path_factory):
    """A demo workbook of its own, in which the ledger may be written and plans edited."""
    folder = tmp_path_factory.mktemp("pay") / "workbook"
    assert CliRunner().invoke(main, ["init", "--demo", str(folder)]).exit_code == 0
    return open_workbook(folder)


def test_another_day_or_a_return_calculates_nothing_anew(workbook):
    first = open_book(workbook, "2017-Q4", (), None).payout
    assert open_book(workbook, "2017-Q4", (), date(2017, 12, 1)).payout is first
    assert dated(open_book(workbook, "2017-Q4", ()), date(2017, 12, 1), None).payout is first
    other = open_book(workbook, "2017-Q3", (), None).payout
    assert other is not first
    assert open_book(workbook, "2017-Q4", (), None).payout is first


def test_what_is_kept_says_what_a_calculation_of_its_own_says(workbook):
    for period, plans in (("2017-Q3", ()), ("2017-05", ("account-executive",)), ("2017-Q2", ())):
        book = open_book(workbook, period, plans, None)
        prior = ledger.prior_lines(workbook.store, book.period)
        alone = commission.calculate(book.plans, {**workbook.tables, "prior_lines": prior}, book.period)
        for name in ("lines", "withheld", "reconciliation"):
            assert plain_rows(getattr(book.payout, name)) == plain_rows(getattr(alone, name))
        assert book.payout.problems == alone.problems


def test_an_edited_plan_and_a_written_ledger_are_calculated_anew(workbook):
    before = open_book(workbook, "2017-Q4", (), None).payout
    book = open_book(workbook, "2017-Q1", (), None)
    ledger.post(workbook.store, book.payout.lines, book.period, author="cal", on=book.on)
    again = open_book(workbook, "2017-Q4", (), None).payout
    assert again is not before
    assert len(again.working.prior_rows()) == len(book.payout.lines)

    file = workbook.folder / "plans" / "account-executive.yml"
    text = file.read_text()
    try:
        file.write_text(text.replace("rate_pct: 7.5", "rate_pct: 9"))
        changed = open_book(workbook, "2017-Q4", (), None).payout
    finally:
        file.write_text(text)
    assert changed.lines["amount"].sum() > again.lines["amount"].sum()
    assert open_book(workbook, "2017-Q4", (), None).payout is again


def test_one_statement_is_the_same_drawn_up_alone_or_out_of_everybodys(workbook):
    open_, shut = (open_book(workbook, "2017-Q4", ()) for _ in range(2))
    assert dated(open_, None, None) is open_
    assert "payout" not in dated(shut, None, "Anna Snelling").__dict__  # nobody else's is read for hers
    for who in ("Anna Snelling", "Cara Losch", "Darcel Schlecht"):
        assert repr(open_.statement(who)) == repr(shut.statement(who))
        account = next(each for each in open_.statements.accounts if each.payee_id == who)
        one = open_.statement(who)
        assert account.count == sum(line.count for line in one.lines)
        assert (account.totals, account.draft) == (one.totals, one.draft)
        assert open_.statements.path(who) == (one.opening, list(one.steps))


def test_a_component_is_changed_in_the_plan_that_has_it(workbook):
    book = open_book(workbook, "2017-Q4", (), None)
    assert open_design(book, None, None).plan.id == "account-executive"
    assert open_design(book, None, None, "override").plan.id == "sales-manager"
