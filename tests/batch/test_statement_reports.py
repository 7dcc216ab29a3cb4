"""Statement reports by the real batch: each holds one person alone, and goes to that person only."""

from __future__ import annotations

import json
import re
import shutil
import zipfile
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner

from salesops_nb import open_workbook
from salesops_nb.batch.delivery.addressed import addressed
from salesops_nb.batch.delivery.gate import Gate
from salesops_nb.batch.delivery.letters import letters
from salesops_nb.batch.jobs.paths import path_name, path_of
from salesops_nb.batch.jobs.reports import load_reports
from salesops_nb.batch.runs.folder import RunFolder
from salesops_nb.cli import main
from salesops_nb.commission import load_plans
from salesops_nb.store.ledger import ledger

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
NAMES = {"p1": "Ileana Vrabie", "p2": "Osric Quill", "m1": "Hedda Krantz", "f1": "Berit Falk"}
P1, P2, M1 = (path_of(f"{who}-id", NAMES[who]) for who in ("p1", "p2", "m1"))
PEOPLE = "person_id,name,role,manager_id,team,region,email,payroll_id,hired_on\n" + "".join(
    f"{who}-id,{name},{'manager' if who == 'm1' else 'finance' if who == 'f1' else 'rep'},"
    f"{'m1-id' if who in ('p1', 'p2') else ''},North,East,{who}@example.com,PAY-{who},2015-01-01\n"
    for who, name in NAMES.items()
)
DEALS = """deal_id,owner_id,account_id,product_id,stage,amount,created_on,closed_on
D-1,p1-id,a1,,Won,61234.50,2017-10-02,2017-11-20
D-2,p1-id,a1,,Won,48111.25,2017-10-03,2017-12-10
D-3,p2-id,a2,,Won,99000.10,2017-10-03,2017-12-12
D-4,p2-id,a2,,Lost,0,2017-10-04,2017-12-15
"""
SPLITS = "deal_id,person_id,share,type\nD-2,p1-id,60,revenue\nD-2,p2-id,40,revenue\n"
ASSIGNED = """person_id,plan_id,valid_from,base_pay,target_incentive,pay_mix,accepted_on
p1-id,account-executive,2017-01-01,61017,15000,80/20,2017-01-05
p2-id,account-executive,2017-01-01,63019,16000,80/20,2017-01-05
m1-id,sales-manager,2017-01-01,99023,20000,80/20,2017-01-05
"""
MAPPING = (
    "tables:\n  deals:\n    file: deals.csv\n    stages: {Open: open, Won: won, Lost: lost}\n"
    + "".join(f"  {name}: {{file: {name}.csv}}\n" for name in ("people", "splits", "plan_assignments"))
)
REPORTS = """reports:
  - {name: commission, notebook: notebooks/commission_calculation.ipynb, formats: [html, xlsx]}
  - name: statement
    title: "Commission statement: {name}"
    notebook: notebooks/commission_calculation.ipynb
    for_each: rep
    where: {role: [rep, manager]}
    formats: [html, xlsx]
    pay: true
    audience: {to: ["{email}"], attach: [html, xlsx]}
period: 2017-Q4
mail: {server: localhost, from: reports@example.com}
"""


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pay")
    (folder / "data").mkdir()
    for name, text in {
        "people": PEOPLE,
        "deals": DEALS,
        "splits": SPLITS,
        "plan_assignments": ASSIGNED,
    }.items():
        (folder / "data" / f"{name}.csv").write_text(text)
    (folder / "mapping.yml").write_text(MAPPING)
    (folder / "reports.yml").write_text(REPORTS)
    (folder / "workbook.yml").write_text(
        "company: Acme\ncurrency: USD\nlocale: en_US\nsource: data\nmapping: mapping.yml\n"
        "store: sqlite:///store.sqlite\n"
    )
    for part in ("plans", "pay_calendar.yml"):
        source = ROOT / part
        (shutil.copytree if source.is_dir() else shutil.copy)(source, folder / part)
    (folder / "notebooks").mkdir()
    shutil.copy(ROOT / "notebooks" / "commission_calculation.ipynb", folder / "notebooks")
    return folder


def run(folder, *words):
    result = CliRunner().invoke(main, ["run", str(folder / "reports.yml"), *words])
    assert result.exit_code == 0, result.output
    return max((p for p in (folder / "reports").iterdir() if p.is_dir()), key=lambda p: p.name)


def everything_in(path: Path) -> str:
    """All text of a file, a spreadsheet's parts unpacked, with separators of thousands taken out."""
    if path.suffix == ".xlsx":
        with zipfile.ZipFile(path) as parts:
            text = "\n".join(parts.read(name).decode("utf-8") for name in parts.namelist())
    else:
        text = path.read_text(encoding="utf-8")
    return re.sub(r"(?<=\d),(?=\d{3})", "", text)


@pytest.fixture(scope="module")
def first(book):
    return run(book, "--force")


def test_a_statement_holds_nobody_else(first, book):
    workbook = open_workbook(book)
    pay = {r.payee_id: r.amount for r in ledger.statements(workbook.store, "2017-Q4").itertuples()}
    assert set(pay) == {"p1-id", "p2-id", "m1-id"}
    base = {"p1": "61017", "p2": "63019", "m1": "99023"}
    whole = {"p1": ["61234.5"], "p2": ["99000.1"], "m1": []}  # deals that are one person's alone
    for who in ("p1", "p2", "m1"):
        files = sorted((first / "statement").glob(f"*{path_name(f'{who}-id')[-11:]}.*"))
        assert {path.suffix for path in files} == {".html", ".xlsx", ".ipynb"}
        for path in files:
            text = everything_in(path)
            assert NAMES[who] in text, path.name
            assert base[who] in text, path.name
            for other in NAMES.keys() - {who}:
                hidden = [
                    NAMES[other],
                    f"{other}-id",
                    f"{other}@example.com",
                    f"PAY-{other}",
                    base.get(other),
                ]
                hidden += whole.get(other, [])
                if other in ("p1", "p2", "m1"):
                    hidden += [f"{pay[f'{other}-id']:.2f}", str(pay[f"{other}-id"].normalize())]
                found = [each for each in hidden if each and each in text]
                assert not found, f"{path.name} of {who} holds {found} of {other}"


def test_a_manager_sees_the_team_total_and_no_deal(first):
    (managers,) = (first / "statement").glob(f"*{path_name('m1-id')[-11:]}.html")
    text = everything_in(managers)
    assert "208345.85 of your team" in text
    assert not re.search(r"D-\d", text)
    # what the team has booked over two quotas of 95,000
    assert re.search(r"The team's attainment.{1,200}109\.7%", text.replace("&#39;", "'"), re.DOTALL)


def test_the_calculation_says_each_plan_in_words(first):
    text = everything_in(first / "commission.html")
    for plan in load_plans(ROOT / "plans"):
        assert f"Plan {plan.id} in words" in text
        assert plan.summary().splitlines()[0] in text


def test_drafts_say_so_on_screen_and_in_the_spreadsheet(first):
    page = (first / "statement" / f"{P1}.html").read_text(encoding="utf-8")
    assert 'class="draft" data-watermark="DRAFT"' in page
    sheet = everything_in(first / "statement" / f"{P1}.xlsx")
    assert sheet.count("DRAFT, not approved") >= 2


def test_the_company_report_wrote_the_drafts_and_a_second_run_writes_nothing(first, book):
    store = open_workbook(book).store
    anchor = ledger.anchor(store)
    lines = ledger.lines(store, "2017-Q4")
    assert set(lines["status"]) == {"draft"}
    run(book, "--force", "--only", "commission")
    assert ledger.anchor(store) == anchor
    assert ledger.verify(store) == []


def _letters(run, book):
    """Which statements would be mailed, and why the others would not, by address."""
    workbook = open_workbook(book)
    reports = load_reports(book / "reports.yml")
    records = json.loads((run / "run.json").read_text())["jobs"]
    found = letters(addressed(records, reports, workbook), Gate(workbook, reports, RunFolder(run)))
    return {
        each.address.partition("@")[0]: [record["id"] for record in each.send]
        + [str(r) for _, r in each.stay]
        for each in found
    }


def test_only_approved_statements_go_out_each_to_its_own_person(first, book):
    store = open_workbook(book).store
    assert _letters(first, book) == {who: ["not approved"] for who in ("m1", "p1", "p2")}
    on = date(2018, 1, 3)
    ledger.review(store, "2017-Q4", by="f1-id", on=on)
    ledger.approve(store, "2017-Q4", by="f1-id", on=on, payees=["p1-id"])
    amount = sum(ledger.lines(store, "2017-Q4", payee_id="p1-id")["amount"], Decimal(0))
    old = f"it shows draft, {amount:,.2f} USD; the ledger has approved, {amount:,.2f} USD"
    assert _letters(first, book)["p1"] == [f"not what the ledger says: {old}; type: salesops run"]
    again = run(book, "--only", "statement")
    assert 'class="draft"' not in (again / "statement" / f"{P1}.html").read_text(encoding="utf-8")
    assert _letters(again, book) == {
        "m1": ["not approved"],
        "p1": [f"statement/{P1}"],
        "p2": ["not approved"],
    }


def test_an_approved_statement_keeps_its_lines_and_speaks_romanian(first, book):
    store = open_workbook(book).store
    total = sum(ledger.lines(store, "2017-Q4", payee_id="p1-id")["amount"], Decimal(0))
    (book / "data" / "deals.csv").write_text(DEALS.replace("61234.50", "62234.50"))
    settings = (book / "workbook.yml").read_text()
    (book / "workbook.yml").write_text(settings.replace("en_US", "ro_RO"))
    made = run(book, "--force", "--only", "statement", "--for", "rep=p1-id")
    page = (made / "statement" / f"{P1}.html").read_text(encoding="utf-8").replace("\N{NO-BREAK SPACE}", " ")
    written = f"{total:,.2f}".translate(str.maketrans(",.", ".,"))
    assert 'class="draft"' not in page
    assert "Fișă de comision" in page
    assert f"{written} USD" in page
    assert "Un calcul făcut acum diferă de această fișă cu 50,00 USD" in page
    assert "tranzacția D-1: credit 61.234,50, așa cum a fost înregistrat" in page
    assert "tranzacția D-2: credit 28.866,75 la 5 %: 1.443,3" in page
