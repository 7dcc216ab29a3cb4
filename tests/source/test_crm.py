"""The built-in mappings read what the CRMs export."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from salesops_nb.errors import SalesopsError
from salesops_nb.source import Workbook, open_workbook
from salesops_nb.source.schema.mapping import built_in_names

DATA = Path(__file__).parents[1] / "data" / "salesforce"
OVER = """\
based_on: salesforce
tables:
  deals:
    columns: {owner_id: null}
    constants: {owner_id: House}
  people: null
"""


def made(folder: Path, mapping: str, files: dict[str, str], source: str = "data") -> Workbook:
    (folder / "workbook.yml").write_text(f"company: A\ncurrency: USD\nsource: {source}\nmapping: {mapping}\n")
    for name, contents in files.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(contents)
    return open_workbook(folder)


def values(wb: Workbook, sql: str) -> list[tuple[object, ...]]:
    return wb.connection.execute(sql).fetchall()


def test_a_salesforce_export(tmp_path: Path) -> None:
    wb = made(tmp_path, "mapping.yml", {"mapping.yml": OVER}, source=str(DATA))
    assert values(wb, "SELECT outcome, count(*) FROM deals GROUP BY 1 ORDER BY 1") == [
        ("lost", 8),
        ("open", 16),
        ("won", 12),
    ]
    deal = "deal_id = '006bm00000LKJNNAA5'"
    first = f"SELECT created_on, closed_on, expected_close_on, amount FROM deals WHERE {deal}"
    assert values(wb, first) == [(date(2026, 2, 23), None, date(2024, 2, 3), Decimal(15000))]
    history = "SELECT entered_at FROM stage_history WHERE deal_id = '006bm00000LKJNNAA5'"
    assert values(wb, history)[0] == (datetime.fromisoformat("2026-02-23 20:55"),)
    said = {p.code for p in wb.problems if p.table == "deals" and p.severity == "note"}
    assert said == {"date-order-detected"}
    backwards = [p for p in wb.problems if p.code == "closed-before-created"]
    assert (
        len(backwards)
        == values(wb, "SELECT count(*) FROM deals WHERE outcome <> 'open' AND NOT ok_cycle_time")[0][0]
    )
    assert values(wb, "SELECT count(*) FROM accounts") == [(18,)]


HEADERS = {
    "hubspot": (
        "Record ID,Deal Name,Deal Stage,Amount,Deal owner,Close Date,Create Date\n"
        "1,A,Closed Won,10.50,Ann,2017-03-01 10:00,2017-01-02 09:00\n"
        "2,B,Contract Sent,20,Ann,2017-04-01 10:00,2017-01-03 09:00\n"
    ),
    "pipedrive": (
        "Deal - ID,Deal - Title,Deal - Owner,Deal - Stage,Deal - Status,Deal - "
        "Value,Deal - Currency of Value,"
        "Deal - Deal created,Deal - Deal closed on,Deal - Expected close date\n"
        "1,A,Ann,Offer,Won,10.50,USD,2017-01-02 09:00:00,2017-03-01 10:00:00,\n"
        "2,B,Ann,Offer,Open,20,USD,2017-01-03 09:00:00,,2017-04-01\n"
    ),
    "dynamics365": (
        "opportunityid,name,ownerid,stepname,statecode,estimatedvalue,actualvalue,createdon,estimatedclosedate,"
        "actualclosedate\n"
        "1,A,Ann,Close,1,99,10.50,2017-01-02,2017-03-01,2017-03-01\n"
        "2,B,Ann,Propose,0,20,,2017-01-03,2017-04-01,\n"
    ),
}


EXPECTED_CLOSE = {"hubspot": date(2017, 3, 1), "pipedrive": None, "dynamics365": date(2017, 3, 1)}


@pytest.mark.parametrize("crm", HEADERS)
def test_other_exports(crm: str, tmp_path: Path) -> None:
    file = "opportunity.csv" if crm == "dynamics365" else "deals.csv"
    wb = made(tmp_path, crm, {f"data/{file}": HEADERS[crm]})
    assert values(
        wb,
        "SELECT deal_id, owner_id, outcome, amount, created_on, closed_on, "
        "expected_close_on FROM deals ORDER BY 1",
    ) == [
        ("1", "Ann", "won", Decimal("10.5"), date(2017, 1, 2), date(2017, 3, 1), EXPECTED_CLOSE[crm]),
        ("2", "Ann", "open", Decimal(20), date(2017, 1, 3), None, date(2017, 4, 1)),
    ]


@pytest.mark.parametrize("lacks", ["actualvalue", None])
def test_of_coalesce_a_column_that_the_file_lacks_counts_as_empty_and_is_named(
    lacks: str | None, tmp_path: Path
) -> None:
    text = HEADERS["dynamics365"]
    if lacks:
        text = text.replace(",actualvalue", "").replace(",99,10.50,", ",99,").replace(",20,,", ",20,")
    wb = made(tmp_path, "dynamics365", {"data/opportunity.csv": text})
    amounts = [(Decimal(99) if lacks else Decimal("10.5"),), (Decimal(20),)]
    assert values(wb, "SELECT amount FROM deals ORDER BY deal_id") == amounts
    found = [(p.severity, p.column, p.value) for p in wb.problems if p.code == "computed-without-column"]
    assert found == ([("warning", "computed.amount", "actualvalue")] if lacks else [])


def test_a_coalesce_of_nothing_that_is_there_names_its_columns(tmp_path: Path) -> None:
    text = HEADERS["dynamics365"].replace("estimatedvalue", "value").replace("actualvalue", "won_for")
    with pytest.raises(SalesopsError) as refused:
        made(tmp_path, "dynamics365", {"data/opportunity.csv": text})
    assert "'actualvalue' at character" in str(refused.value)
    assert "'estimatedvalue' at character" in str(refused.value)
    assert "computed.amount" in str(refused.value)


@pytest.mark.parametrize("ids", [True, False])
def test_a_salesforce_report_with_and_without_ids(ids: bool, tmp_path: Path) -> None:
    rows = [
        [
            "Opportunity ID",
            "Opportunity Owner",
            "Account Name",
            "Stage",
            "Amount",
            "Close Date",
            "Created Date",
        ],
        ["006A000001a", "Ann", "Pump", "Closed Won", "10.50", "2017-03-01", "2017-01-02"],
        ["006A000001b", "Ann", "Gear", "Closed Lost", "20", "2017-04-01", "2017-01-03"],
    ]
    text = "".join(",".join(row if ids else row[1:]) + "\n" for row in rows)
    wb = made(tmp_path, "salesforce-report", {"data/report.csv": text})
    assert values(wb, "SELECT account_id, outcome, amount FROM deals ORDER BY 1") == [
        ("Gear", "lost", Decimal(20)),
        ("Pump", "won", Decimal("10.5")),
    ]
    assert values(wb, "SELECT count(DISTINCT deal_id) FROM deals") == [(2,)]
    assert any(each.code.startswith("ids-made") for each in wb.problems) is not ids


CRMS = ["dynamics365", "dynamics365-labels", "hubspot", "hubspot-german", "pipedrive", "salesforce"]
CRMS = sorted([*CRMS, "odoo", "odoo-labels", "salesforce-report"])


def test_the_names() -> None:
    assert built_in_names() == CRMS


def test_an_unknown_base_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SalesopsError) as caught:
        made(tmp_path, "mapping.yml", {"mapping.yml": "based_on: sugar\ntables: {}\n"})
    assert str(caught.value) == (
        f"mapping.yml, field based_on: There is no built-in mapping 'sugar'. Name one of: {', '.join(CRMS)}."
    )


IDS = ("8f2b7d1c-aaaa-4c1e-9d55-000d3a1b2c3d", "01L5g0000004CbtEAE", "3")


@pytest.mark.parametrize("of_currency", IDS)
@pytest.mark.parametrize("crm", ["dynamics365", "pipedrive"])
def test_ids_in_the_column_of_currencies_are_told_as_such(crm: str, of_currency: str, tmp_path: Path) -> None:
    """With what to do about them; a rate would be no help. Each remedy that is named is one."""
    if crm == "pipedrive":
        wb = made(tmp_path, crm, {"data/deals.csv": HEADERS[crm].replace("USD", of_currency)})
    else:
        head, *rows = HEADERS[crm].splitlines()
        text = "\n".join([f"{head},transactioncurrencyid", *(f"{row},{of_currency}" for row in rows)])
        wb = made(tmp_path, crm, {"data/opportunity.csv": text + "\n"})
    (found,) = [p for p in wb.problems if p.code in ("currency-ids", "no-rate", "missing-currency")]
    assert found.code == "currency-ids"
    assert f"holds the id of a currency, {of_currency}" in found.message
    assert "rate" not in found.text
    assert "constants: {currency: …}" in found.fix
    assert values(wb, "SELECT sum(amount) FROM deals") == [(None,)]


@pytest.mark.parametrize(
    ("over", "total"),
    [
        ("if_present: {currency: transactioncurrencyid@OData.Community.Display.V1.FormattedValue}", "30.5"),
        ("constants: {currency: USD}", "30.5"),
        ("constants: {currency: USD}\n    computed: {amount: estimatedvalue_base}", "198"),
    ],
)
def test_each_remedy_for_ids_of_currencies_is_one(over: str, total: str, tmp_path: Path) -> None:
    named = "transactioncurrencyid@OData.Community.Display.V1.FormattedValue"
    head, *rows = HEADERS["dynamics365"].splitlines()
    lines = [
        f"{head},transactioncurrencyid,{named},estimatedvalue_base",
        *(f"{r},{IDS[0]},US Dollar,99" for r in rows),
    ]
    mapping = f"based_on: dynamics365\ntables:\n  deals:\n    {over}\n"
    files = {"data/opportunity.csv": "\n".join(lines) + "\n", "mapping.yml": mapping}
    wb = made(tmp_path, "mapping.yml", files)
    assert values(wb, "SELECT sum(amount) FROM deals") == [(Decimal(total),)]
    assert not [p for p in wb.problems if p.severity == "error"]
