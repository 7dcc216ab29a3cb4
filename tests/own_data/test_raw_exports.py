"""What CRMs export besides deals that count: leads, deleted rows, base amounts, older copies, footers.

Each file is written by the test, its total worked out by hand, and comes by every way in: `init`, a built-in
mapping, a mapping of one's own, CSV and Excel.
"""

from __future__ import annotations

import csv
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

from salesops_nb.cli import main
from salesops_nb.own_data.layouts import layouts
from salesops_nb.source import open_workbook
from salesops_nb.source.columns.headers import footer_length
from salesops_nb.source.opened import Workbook

pytestmark = pytest.mark.slow
KNOWN = ["--amount-is", "acv", "--fiscal-year", "1", "--currency", "EUR"]
Rows = list[dict[str, object]]


def written(folder: Path, name: str, rows: Rows) -> Path:
    """The rows as CSV or Excel, by the name's ending."""
    path = folder / name
    frame = pd.DataFrame(rows)
    if path.suffix == ".xlsx":
        frame.to_excel(path, index=False)
    else:
        frame.to_csv(path, index=False, quoting=csv.QUOTE_ALL)
    return path


def begun(folder: Path, *files: Path, options: tuple[str, ...] = ()) -> Workbook:
    words = [word for file in files for word in ("--from", str(file))]
    command = ["init", str(folder / "book"), "--no-review", "--yes", *words, *KNOWN, *options]
    result = CliRunner().invoke(main, command)
    assert result.exit_code == 0, result.output
    return open_workbook(folder / "book")


def by_mapping(folder: Path, mapping: str) -> Workbook:
    (folder / "workbook.yml").write_text("company: X\ncurrency: EUR\nsource: .\nmapping: mapping.yml\n")
    (folder / "mapping.yml").write_text(mapping)
    return open_workbook(folder)


def totals(made: Workbook) -> dict[str, tuple[int, Decimal]]:
    rows = made.connection.execute("SELECT outcome, count(*), sum(amount) FROM deals GROUP BY 1").fetchall()
    return {outcome: (count, total) for outcome, count, total in rows}


def said(made: Workbook, code: str) -> list[str]:
    return [problem.value for problem in made.problems if problem.code == code]


# --- Dynamics: amounts of a deal's own currency beside those of the company's ---------------------------

IDS = {"EUR": "6f1e-01", "USD": "6f1e-02"}
NAMES = {"EUR": "Euro", "USD": "US Dollar"}
API = ("opportunityid", "ownerid", "stepname", "statecode", "createdon", "estimatedclosedate",
    "actualclosedate", "estimatedvalue", "estimatedvalue_base", "actualvalue", "actualvalue_base",
    "transactioncurrencyid")  # fmt: skip
LABELS = ("(Do Not Modify) Opportunity", "Owner", "Pipeline Phase", "Status", "Created On", "Est. Close Date",
    "Actual Close Date", "Est. Revenue", "Est. Revenue (Base)", "Actual Revenue", "Actual Revenue (Base)",
    "Currency")  # fmt: skip


def dynamics(headers: tuple[str, ...], currencies: dict[str, str]) -> Rows:
    states = ("0", "1", "2") if headers is API else ("Open", "Won", "Lost")
    made = [
        ("1", "Ana", 1, "USD", "110", "99", "200", "180"), ("2", "Ben", 1, "EUR", "70", "70", "60", "60"),
        ("3", "Ana", 2, "USD", "10", "9", "", ""), ("4", "Ben", 0, "USD", "1000", "900", "", ""),
    ]  # fmt: skip
    return [
        dict(zip(headers, (
            f"op-{n}", who, "2-Develop", states[state], "2026-01-05", "2026-03-01",
            "2026-02-03" if state else "", *amounts, currencies[code],
        ), strict=True))
        for n, who, state, code, *amounts in made
    ]  # fmt: skip


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
@pytest.mark.parametrize("headers", [API, LABELS], ids=["api", "labels"])
@pytest.mark.parametrize("codes", [IDS, NAMES, {"EUR": "EUR", "USD": "USD"}], ids=["ids", "names", "codes"])
def test_base_amounts_stand_for_both_parts_of_the_amount(suffix, headers, codes, tmp_path):
    made = begun(tmp_path, written(tmp_path, f"opportunity{suffix}", dynamics(headers, codes)))
    assert totals(made) == {"won": (2, 240), "lost": (1, 9), "open": (1, 900)}
    assert not [p for p in made.problems if p.severity == "error"]


def test_without_base_amounts_ids_of_currencies_are_refused_in_a_sentence(tmp_path):
    rows = [{k: v for k, v in row.items() if not k.endswith("_base")} for row in dynamics(API, IDS)]
    file = written(tmp_path, "opportunity.csv", rows)
    result = CliRunner().invoke(main, ["init", str(tmp_path / "book"), "--yes", "--from", str(file), *KNOWN])
    assert result.exit_code == 1
    printed = " ".join(result.output.split())
    assert "The column holds ids of currencies ('6f1e-02', '6f1e-01'), and no codes or names" in printed
    assert "transactioncurrencyid@OData.Community.Display.V1.FormattedValue" in printed
    assert not (tmp_path / "book" / "workbook.yml").exists()


def test_names_of_currencies_beside_their_ids_are_taken(tmp_path):
    rows = [
        {k: v for k, v in row.items() if not k.endswith("_base")}
        | {"transactioncurrencyid@OData.Community.Display.V1.FormattedValue": "Euro"}
        for row in dynamics(API, IDS)
    ]
    made = begun(tmp_path, written(tmp_path, "opportunity.csv", rows))
    assert made.settings.currency == "EUR"
    assert totals(made)["won"] == (2, 260)


def test_one_part_without_a_base_amount_leaves_the_deals_own(tmp_path):
    rows = [{k: v for k, v in row.items() if k != "actualvalue_base"} for row in dynamics(API, NAMES)]
    made = begun(tmp_path, written(tmp_path, "opportunity.csv", rows), options=("--rates", "USD 0.5"))
    assert totals(made)["won"] == (2, 160)


# --- rows that are no deals -----------------------------------------------------------------------------

ODOO = ("External ID", "Opportunity", "Type", "Salesperson", "Stage", "Expected Revenue", "Created on",
    "Expected Closing", "Closed Date", "Active")  # fmt: skip
TECHNICAL = ("id", "name", "type", "user_id", "stage_id", "expected_revenue", "create_date", "date_deadline",
    "date_closed", "active")  # fmt: skip


def odoo(headers: tuple[str, ...]) -> Rows:
    kind = ("Opportunity", "Lead") if headers is ODOO else ("opportunity", "lead")
    made = [
        (1, 0, "Won", 100, True), (2, 0, "Qualified", 50, False), (3, 0, "New", 30, True),
        (4, 1, "Won", 7000, True), (5, 1, "New", 900, True),
    ]  # fmt: skip
    return [
        dict(zip(headers, (
            f"lead_{n}", f"D{n}", kind[lead], "Ana Pop", stage, amount, "2026-01-05", "2026-02-01",
            "2026-02-03" if stage == "Won" or not active else "", str(active),
        ), strict=True))
        for n, lead, stage, amount, active in made
    ]  # fmt: skip


ODOO_TOTALS = {"won": (1, 100), "lost": (1, 50), "open": (1, 30)}
ODOO_MAPPING = """\
tables:
  deals:
    file: FILE
    columns: {deal_id: External ID, deal_type: Type, owner_id: Salesperson, stage: Stage,
      amount: Expected Revenue, created_on: Created on, closed_on: Closed Date}
    computed: {outcome: "if(Active = false, 'lost', none)"}
    stages: {New: open, Qualified: open, Won: won}
"""


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
@pytest.mark.parametrize("way", ["init labels", "init names", "labels", "names", "mapped"])
def test_leads_that_stand_among_opportunities_are_no_deals(suffix, way, tmp_path):
    headers = TECHNICAL if "names" in way else ODOO
    file = written(tmp_path, f"crm{suffix}", odoo(headers))
    if way.startswith("init"):
        made = begun(tmp_path, file)
    elif way == "mapped":
        made = by_mapping(tmp_path, ODOO_MAPPING.replace("FILE", file.name))
    else:
        based = "odoo" if headers is TECHNICAL else "odoo-labels"
        made = by_mapping(tmp_path, f"based_on: {based}\ntables: {{deals: {{file: {file.name}}}}}\n")
    assert totals(made) == ODOO_TOTALS
    assert said(made, "deleted-rows") == ["2"]


def test_the_mappings_own_condition_and_keep_decide_about_leads(tmp_path):
    written(tmp_path, "crm.csv", odoo(ODOO))
    kept = by_mapping(tmp_path, ODOO_MAPPING.replace("FILE", "crm.csv") + "    deleted: keep\n")
    assert totals(kept)["won"] == (2, 7100)
    only = by_mapping(tmp_path, ODOO_MAPPING.replace("FILE", "crm.csv") + "    where: Type = 'Lead'\n")
    assert totals(only) == {"won": (1, 7000), "open": (1, 900)}


@pytest.mark.parametrize("words", [("Lead", "Lead"), ("Lead", "Prospect"), ("New Business", "Opportunity")])
def test_a_type_of_other_words_leaves_nothing_out(words, tmp_path):
    rows = odoo(ODOO)[:2]
    for row, word in zip(rows, words, strict=True):
        row["Type"] = word
    written(tmp_path, "crm.csv", rows)
    made = by_mapping(tmp_path, ODOO_MAPPING.replace("FILE", "crm.csv"))
    assert totals(made) == {"won": (1, 100), "lost": (1, 50)}


def pipedrive() -> Rows:
    made = [
        (1, "Won", 100, "Not archived"), (2, "Lost", 50, "Not archived"), (3, "Open", 30, "Not archived"),
        (4, "Deleted", 7000, "Not archived"), (5, "Won", 900, "Archived"),
    ]  # fmt: skip
    return [
        {
            "Deal - ID": n, "Deal - Title": f"D{n}", "Deal - Owner": "Ana Pop",
            "Deal - Stage": "Proposal made", "Deal - Status": status,
            "Deal - Value": amount, "Deal - Currency of Value": "EUR",
            "Deal - Deal created": "2026-01-05 10:00:00", "Deal - Expected close date": "2026-02-01",
            "Deal - Deal closed on": "2026-02-03 10:00:00" if status in ("Won", "Lost") else "",
            "Deal - Archive status": archived,
        }
        for n, status, amount, archived in made
    ]  # fmt: skip


OWN_PIPEDRIVE = """\
tables:
  deals:
    file: FILE
    columns: {deal_id: Deal - ID, owner_id: Deal - Owner, stage: Deal - Stage, outcome: deal - status,
      amount: Deal - Value, currency: Deal - Currency of Value, closed_on: Deal - Deal closed on}
"""


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
@pytest.mark.parametrize("way", ["init", "built in", "mapped"])
def test_deals_of_a_deleted_or_archived_status_are_left_out_and_counted(suffix, way, tmp_path):
    file = written(tmp_path, f"deals{suffix}", pipedrive())
    if way == "init":
        made = begun(tmp_path, file)
    elif way == "mapped":
        made = by_mapping(tmp_path, OWN_PIPEDRIVE.replace("FILE", file.name))
    else:
        made = by_mapping(tmp_path, f"based_on: pipedrive\ntables: {{deals: {{file: {file.name}}}}}\n")
    assert totals(made) == {"won": (1, 100), "lost": (1, 50), "open": (1, 30)}
    assert said(made, "deleted-rows") == ["1", "1"]


def test_a_mapping_that_says_what_deleted_means_has_its_way(tmp_path):
    written(tmp_path, "deals.csv", pipedrive())
    values = "    values: {outcome: {Deleted: lost, Won: won, Lost: lost, Open: open}}\n"
    made = by_mapping(tmp_path, OWN_PIPEDRIVE.replace("FILE", "deals.csv") + values)
    assert totals(made)["lost"] == (2, 7050)


# --- ids of 15 and 18 letters ----------------------------------------------------------------------------

LONG = {"Ana Pop": "005bm00000NCJmQAAX", "Ben Ode": "005bm00000NCJmqAAH"}  # which differ by a capital alone


@pytest.mark.parametrize(("here", "there"), [(15, 18), (18, 15), (15, 15), (18, 18)])
@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_owners_and_quotas_join_the_users_by_the_same_ids_of_another_length(here, there, suffix, tmp_path):
    opportunities = [
        {
            "Id": f"006bm00000LKJN{n}", "IsDeleted": "false", "Name": f"D{n}", "StageName": "Closed Won",
            "Amount": 100 * n, "CloseDate": "2026-02-03", "CreatedDate": "2026-01-05", "IsClosed": "true",
            "IsWon": "true", "OwnerId": LONG[who][:here],
        }
        for n, who in enumerate(LONG, start=1)
    ]  # fmt: skip
    users = [{"Id": LONG[who][:there], "Name": who, "Email": f"{who[:3]}@x.io"} for who in LONG]
    quota = [
        {"Rep": LONG[who][:here], "Jan 2026": 10 * n, "Feb 2026": 10 * n, "Mar 2026": 10 * n}
        for n, who in enumerate(LONG, start=1)
    ]
    made = begun(
        tmp_path, written(tmp_path, f"Opportunity{suffix}", opportunities),
        written(tmp_path, f"User{suffix}", users), written(tmp_path, f"quota{suffix}", quota),
    )  # fmt: skip
    rows = made.connection.execute(
        "SELECT p.name, d.amount, t.value FROM deals d JOIN people p ON p.person_id = d.owner_id "
        "JOIN targets t ON t.who = p.person_id AND t.level = 'rep' AND t.period = '2026-01' ORDER BY 1"
    ).fetchall()
    assert rows == [("Ana Pop", 100, 10), ("Ben Ode", 200, 20)]
    assert not [p for p in made.problems if p.severity == "error"]


# --- several files --------------------------------------------------------------------------------------


def month(*rows: tuple[int, str, object]) -> Rows:
    return [
        {
            "Record ID": n, "Deal Name": f"D{n}", "Deal Stage": stage, "Amount": amount,
            "Deal owner": "Ana Pop", "Create Date": "2026-01-05", "Close Date": "2026-02-03",
        }
        for n, stage, amount in rows
    ]  # fmt: skip


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 2, 0)])
def test_of_ids_in_several_files_the_newest_row_counts_and_every_file_is_looked_at(suffix, order, tmp_path):
    files = [
        written(tmp_path, f"export-{number}{suffix}", rows)
        for number, rows in (
            (8, month((1, "Appointment Scheduled", 1), (2, "Closed Lost", 50), (3, "Closed Won", 100))),
            (9, month((1, "Contract Sent", 2), (4, "Closed Won", 40))),
            (10, month((1, "Closed Won", 300), (5, "Signed", 7), (6, "Presentation Scheduled", 8))),
        )
    ]
    options = ("--stage", "Signed=won")
    made = begun(tmp_path, *(files[at] for at in order), options=options)
    assert totals(made) == {"won": (4, 447), "lost": (1, 50), "open": (1, 8)}
    assert said(made, "older-copies") != []


# --- footers and words for an empty cell ----------------------------------------------------------------

FOOTER = [
    ["", "", ""], ["Confidential Information - Do Not Distribute"],
    ["Copyright (c) 2000-2026 salesforce.com"], ["Generated By:  Ana Pop  4/21/2026"], ["Acme Pumps"],
]  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "count"),
    [
        ([["1", "Ana", "5"], *FOOTER], 5),
        ([["1", "Ana", "5"], ["Total", "", "5"], *FOOTER], 6),
        ([["1", "Ana", "5"], ["2"], *FOOTER], 5),  # half a row above the footer is none of it
        ([["1", "Ana", "5"], ["Acme Pumps"]], 0),
        ([["1", "Ana", "5"], ["Total", "", "5"], ["2", "Ben", "6"]], 0),
        ([["1", "Ana", "5"], ["", "", ""]], 1),
    ],
)
def test_a_footer_ends_with_whatever_stands_below_its_words(rows, count):
    assert footer_length(rows, None) == count


@pytest.mark.parametrize("word", ["NULL", "-", "(blank)"])
def test_a_word_for_an_empty_cell_hides_no_column_of_days(word, tmp_path):
    rows = [
        {**row, "Close Date": word if row["Deal Stage"] == "Contract Sent" else "2026-02-03"}
        for row in month((1, "Closed Won", 10), (2, "Closed Lost", 5), (3, "Contract Sent", word))
    ]
    made = begun(tmp_path, written(tmp_path, "deals.csv", rows))
    assert totals(made)["won"] == (1, 10)
    assert not made.problems


def test_days_with_dots_are_day_first_and_nothing_is_asked(tmp_path):
    rows = [
        {**row, "Create Date": "01.02.2026", "Close Date": "05.03.2026"}
        for row in month((1, "Closed Won", 10), (2, "Closed Lost", 5))
    ]
    made = begun(tmp_path, written(tmp_path, "deals.csv", rows))
    days = made.connection.execute("SELECT DISTINCT CAST(closed_on AS VARCHAR) FROM deals").fetchall()
    assert days == [("2026-03-05",)]


# --- roles ----------------------------------------------------------------------------------------------

ROLE_IDS = ("00E5g000001abcDEAQ", "8f2b7d1c-aaaa-4c1e-9d55-000d3a1b2c3d", "17")


@pytest.mark.parametrize("role_id", ROLE_IDS)
@pytest.mark.parametrize("header", ["UserRoleId", "Role"])
@pytest.mark.parametrize(("named", "roles"), [("", {"rep"}), ("UserRole.Name", {"Account Executive"})])
def test_a_role_is_a_name_and_never_an_id(header, role_id, named, roles, tmp_path):
    people = ("Ana", "Ben")
    users = [
        {"Id": f"005{n}", "Name": name, header: role_id, "ManagerId": "", "Email": f"{name}@x.com"}
        | ({named: "Account Executive"} if named else {})
        for n, name in enumerate(people)
    ]
    deals = [
        {"Id": f"006{n}", "OwnerId": f"005{n % 2}", "StageName": "Closed Won", "Amount": "10",
         "CloseDate": "2026-02-03", "CreatedDate": "2026-01-05", "IsClosed": "true", "IsWon": "true"}
        for n in range(4)
    ]  # fmt: skip
    files = written(tmp_path, "Opportunity.csv", deals), written(tmp_path, "User.csv", users)
    made = begun(tmp_path, *files)
    assert {role for (role,) in made.connection.execute("SELECT role FROM people").fetchall()} == roles
    assert all(each.rest.get("constants", {"role": "rep"}) for each in layouts() if each.table == "people")


def test_the_built_in_mapping_of_salesforce_takes_no_id_as_a_role(tmp_path):
    (tmp_path / "Opportunity.csv").write_text(
        "Id,OwnerId,StageName,Amount,CloseDate,CreatedDate,IsClosed,IsWon\n"
        "1,005A,Closed Won,10,2026-02-03,2026-01-05,true,true\n"
    )
    (tmp_path / "User.csv").write_text("Id,Name,UserRoleId\n005A,Ana,00E5g000001abcDEAQ\n")
    made = by_mapping(tmp_path, "based_on: salesforce\n")
    assert made.connection.execute("SELECT name, role FROM people").fetchall() == [("Ana", "rep")]


TITLED = "Id,Name,{},ManagerId\n005A,Ana,Account Executive,005B\n005B,Bo,VP Sales,\n005C,Cy,,005B\n"
OPPORTUNITIES = "Id,OwnerId,StageName,Amount,CloseDate,CreatedDate,IsClosed,IsWon\n" + "".join(
    f"00{n},005{'ABC'[n % 3]},Closed Won,10,2026-02-03,2026-01-05,true,true\n" for n in range(6)
)


@pytest.mark.parametrize("header", ["Title", "UserRole.Name"])
@pytest.mark.parametrize("way", ["built-in", "init"])
def test_a_salesforce_role_is_a_name_or_the_job_title_and_rep_where_there_is_none(way, header, tmp_path):
    (tmp_path / "Opportunity.csv").write_text(OPPORTUNITIES)
    (tmp_path / "User.csv").write_text(TITLED.format(header))
    if way == "init":
        made = begun(tmp_path, str(tmp_path / "Opportunity.csv"), str(tmp_path / "User.csv"))
    else:
        made = by_mapping(tmp_path, "based_on: salesforce\n")
    found = made.connection.execute("SELECT person_id, role FROM people ORDER BY 1").fetchall()
    assert found == [("005A", "Account Executive"), ("005B", "VP Sales"), ("005C", "rep")]
