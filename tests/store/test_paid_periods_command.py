"""Paid months at the command line: `check`, `ledger post` and `ledger correct` on a workbook of files."""

from __future__ import annotations

import pickle
from dataclasses import replace

import pytest
from click.testing import CliRunner

from salesops_nb import open_workbook
from salesops_nb.cli import main
from salesops_nb.errors import SalesopsError
from salesops_nb.notebook.commission_calculation import ledger as shows
from salesops_nb.notebook.commission_calculation.overview import open_book
from salesops_nb.present.page import tables
from salesops_nb.store.ledger import ledger

pytestmark = pytest.mark.slow
FILES = {
    "workbook.yml": "company: Acme\ncurrency: USD\nsource: data\nmapping: mapping.yml\n"
    "store: sqlite:///store.sqlite\n",
    "mapping.yml": "tables:\n"
    "  people: {file: people.csv}\n"
    "  deals: {file: deals.csv, stages: {won: won, open: open}}\n"
    "  plan_assignments: {file: plan_assignments.csv}\n",
    "plans/ae.yml": "plan: {id: ae, version: 1, from: 2026-01-01, to: 2026-12-31, currency: USD,\n"
    "  period: month}\ncredit: {event: booked}\ncomponents:\n  - {id: base, rate_pct: 10}\n",
    "data/people.csv": "person_id,valid_from,name,role\n"
    + "".join(f"{who},2025-01-01,{who.title()},{role}\n" for who, role in
              (("ann", "ae"), ("bob", "ae"), ("ops", "ops"), ("rev", "ops"), ("cfo", "cfo"))),
    "data/plan_assignments.csv": "person_id,plan_id,valid_from\nann,ae,2026-01-01\nbob,ae,2026-01-01\n",
    "data/deals.csv": "deal_id,owner_id,stage,amount,created_on,closed_on\n"
    "d1,ann,won,100000,2026-01-02,2026-01-10\nd2,bob,won,50000,2026-01-02,2026-01-20\n"
    "d3,bob,won,4000,2026-01-02,2026-02-20\n",
}  # fmt: skip


@pytest.fixture
def workbook(tmp_path):
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    assert run(tmp_path, "post", "2026-01", "--by", "ops").exit_code == 0
    for step, who in (("review", "rev"), ("approve", "cfo"), ("lock", "cfo")):
        assert run(tmp_path, step, "2026-01", "--by", who).exit_code == 0
    return tmp_path


def run(folder, *words):
    result = CliRunner().invoke(main, ["ledger", "-w", str(folder), *words])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def check(folder):
    result = CliRunner().invoke(main, ["check", str(folder)])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def edit(folder, old, new, name="data/deals.csv"):
    file = folder / name
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))


PAID = "2026-01, Ann, deal d1, ae/base: paid 10,000.00 USD, by today's data 9,200.00: -800.00, since its"


def test_a_changed_deal_is_told_by_check_and_post_and_corrected_in_one_step(workbook):
    assert "closed periods" not in check(workbook).output
    edit(workbook, "100000", "92000")
    told = check(workbook)
    assert PAID in told.output
    assert (
        "One line of closed periods (2026-01) would be paid otherwise by today's data: -800.00 USD"
        in told.output
    )
    assert "salesops ledger correct --by PERSON" in told.output
    assert PAID in run(workbook, "post", "2026-02", "--by", "ops").output

    dry = run(workbook, "correct", "--by", "ops", "--dry-run")
    assert "2026-02: Ann, ae.1/base/ann/d1:booked/commission/2026-01~2026-02: -800.00 USD" in dry.output
    assert "Nothing was written" in dry.output
    assert PAID in check(workbook).output
    done = run(workbook, "correct", "--by", "ops")
    assert "1 lines written" in done.output
    assert "closed periods" not in check(workbook).output
    assert "nothing to correct" in run(workbook, "correct", "--by", "ops").output
    assert "0 lines written, 0 withdrawn" in run(workbook, "post", "2026-01", "--by", "ops").output
    assert "0 lines written, 0 withdrawn" in run(workbook, "post", "2026-02", "--by", "ops").output


def test_what_has_not_changed_is_known_again_without_a_calculation(workbook):
    """The cache's answer is given out while data, plans and lines are the same, and no longer."""
    edit(workbook, "100000", "92000")
    check(workbook)
    (file,) = (workbook / ".cache" / "closed_periods").iterdir()
    known = pickle.loads(file.read_bytes())
    marked = [replace(change, payee_id="marked") for change in known.changes]
    file.write_bytes(pickle.dumps(replace(known, changes=marked)))
    assert "2026-01, marked, deal d1" in check(workbook).output
    edit(workbook, "4000", "4001")
    assert "2026-01, Ann, deal d1" in check(workbook).output
    (file,) = (workbook / ".cache" / "closed_periods").iterdir()
    edit(workbook, "rate_pct: 10", "rate_pct: 11", "plans/ae.yml")
    assert "2026-01, Bob, deal d2" in check(workbook).output


def test_a_table_that_cannot_be_read_takes_nothing_back(workbook):
    (workbook / "data/deals.csv").unlink()
    told = check(workbook)
    assert "Paid periods were not calculated again: a table cannot be read." in told.output
    assert "would be paid otherwise" not in told.output


def test_rows_set_aside_are_told_by_post_counted_and_summed(workbook):
    edit(
        workbook,
        "d3,bob,won,4000",
        "d3,bob,won,4000,2026-01-02,2026-02-20\nd4,ghost,won,250.50,2026-01-02,2026-02-21\nd5,,won,100,2026-01-02,2026-02-22\nd6,ann,won,oops",
    )
    told = run(workbook, "post", "2026-02", "--by", "ops").output
    for words in (
        "left out of bookings and values: 1 row of deals (bad-number)",
        "left out of figures by rep and team: 1 row of deals (missing-owner), $100.00",
        "left out of the figures by rep and team: 1 row of deals (unknown-rep), $250.50",
        "left out of pay: 1 unknown-payee",
    ):
        assert words in told


def test_the_notebook_shows_what_changed_and_writes_it_once_where_it_is_asked(workbook, monkeypatch):
    """The notebook's own show on a workbook: proposed, refused, written, and then nothing."""
    monkeypatch.setattr(tables, "_gathered", None)  # what gathers is taken off at the end
    gathered = tables.gather_sheets()
    edit(workbook, "100000", "92000")
    book = open_workbook(workbook)

    def shown(author, corrections):
        gathered.clear()
        shows.paid_periods(open_book(book, "2026-02", ()), None, author, corrections)
        return [each for each in gathered if each["title"] == "Paid periods that would be paid otherwise"]

    state = ledger.anchor(book.store)
    (table,) = shown("ops", "propose")
    row = table["frame"].to_dict("records")[0]
    assert (row["name"], row["deal_id"], str(row["difference"])) == ("Ann", "d1", "-800.00")
    assert row["why"] == "its credit was 100,000.00, and is 92,000.00"
    shown("", "write")
    with pytest.raises(SalesopsError, match="'ghost', who is not in the people table"):
        shown("ghost", "write")
    assert ledger.anchor(book.store) == state
    shown("ops", "write")
    assert ledger.lines(book.store, "2026-02")["amount"].astype(str).tolist() == ["-800.00"]
    state = ledger.anchor(book.store)
    assert shown("ops", "write") == []
    assert ledger.anchor(book.store) == state
    book.close()
