"""Structures of other systems go through the mapping alone, to the totals that pandas gives by itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from test_own_files import made_of
from test_silent_numbers import codes, frame

REAL = Path(__file__).parents[2].parent / "shared" / "data" / "salesforce"

# Orders that are deals won, persons over two joins, quotas by the day on which each begins, and files
# without a header, separated by tabs: as the AdventureWorks sample database is published.
ORDERS = """
tables:
  deals:
    file: SalesOrderHeader.csv
    delimiter: "\\t"
    column_names: [SalesOrderID, OrderDate, Status, SalesPersonID, CustomerID, SubTotal, TerritoryID,
                   ModifiedDate]
    where: SalesPersonID is not null
    columns: {deal_id: SalesOrderID, owner_id: SalesPersonID, amount: SubTotal, created_on: OrderDate,
              closed_on: OrderDate, customer: CustomerID}
    computed: {name: "concat('SO', SalesOrderID)", stage: "if(Status = 5, 'Shipped', 'Cancelled')"}
    stages: {Shipped: won, Cancelled: lost}
    joins:
      - file: Customer.csv
        delimiter: "\\t"
        column_names: [CustomerID, StoreID, ModifiedDate]
        on: customer
        columns: {customer: CustomerID, store: StoreID}
      - file: Store.csv
        delimiter: "\\t"
        column_names: [BusinessEntityID, Name, ModifiedDate]
        on: store
        columns: {store: BusinessEntityID, competitor: Name}
  people:
    file: SalesPerson.csv
    delimiter: "\\t"
    column_names: [BusinessEntityID, TerritoryID, SalesQuota, ModifiedDate]
    columns: {person_id: BusinessEntityID, team: TerritoryID}
    joins:
      - file: Employee.csv
        delimiter: "\\t"
        column_names: [BusinessEntityID, NationalID, JobTitle, HireDate, ModifiedDate]
        on: person_id
        columns: {person_id: BusinessEntityID, role: JobTitle, hired_on: HireDate}
      - file: Person.csv
        delimiter: "\\t"
        column_names: [BusinessEntityID, FirstName, MiddleName, LastName, ModifiedDate]
        on: person_id
        columns: {person_id: BusinessEntityID}
        computed: {name: "concat(FirstName, ' ', LastName)"}
  targets:
    file: SalesPersonQuotaHistory.csv
    delimiter: "\\t"
    column_names: [BusinessEntityID, QuotaDate, SalesQuota, ModifiedDate]
    columns: {who: BusinessEntityID, value: SalesQuota}
    computed: {period: "quarter(QuotaDate, 1)"}
    constants: {level: rep, metric: bookings}
"""


def tables(seed: int) -> dict[str, pd.DataFrame]:
    """A made-up company of that structure."""
    rng = np.random.default_rng(seed)
    people = np.arange(274, 284)
    n = 400
    days = pd.Timestamp("2011-05-31") + pd.to_timedelta(rng.integers(0, 730, n), "D")
    orders = pd.DataFrame({
        "id": np.arange(43659, 43659 + n), "day": days.strftime("%Y-%m-%d 00:00:00"),
        "status": rng.choice([5, 6], n, p=[0.8, 0.2]),
        "person": [str(each) if rng.random() < 0.7 else "" for each in rng.choice(people, n)],
        "customer": rng.integers(1, 40, n), "amount": (rng.integers(1, 10**8, n) / 10_000).round(4),
        "territory": rng.integers(1, 4, n), "modified": "2014-09-12",
    })  # fmt: skip
    starts = pd.to_datetime(["2011-05-31", "2011-08-31", "2011-11-30", "2012-02-29"])
    quotas = pd.DataFrame([
        (person, f"{start:%Y-%m-%d} 00:00:00", int(rng.integers(1, 900)) * 1000, "2011-04-16")
        for person in people for start in starts
    ])  # fmt: skip
    names = [("Linda", "C", "Mitchell"), ("José", "", "Sãraiva")] + [("Rep", "", f"N{i}") for i in range(8)]
    return {
        "SalesOrderHeader": orders,
        "Customer": pd.DataFrame({"id": np.arange(1, 40), "store": np.arange(1001, 1040), "m": "2014-09-12"}),
        "Store": pd.DataFrame(
            {"id": np.arange(1001, 1040), "n": [f"Shop {i}" for i in range(39)], "m": "2014"}
        ),
        "SalesPerson": pd.DataFrame({"id": people, "t": rng.integers(1, 4, 10), "q": 300_000, "m": "2011"}),
        "Employee": pd.DataFrame(
            {"id": people, "n": people * 7, "t": "Sales Representative", "h": "2011-05-31", "m": "2014"}
        ),
        "Person": pd.DataFrame([(p, *name, "2014") for p, name in zip(people, names, strict=True)]),
        "SalesPersonQuotaHistory": quotas,
    }


def test_orders_quotas_and_persons_over_joins_go_through_without_code(tmp_path: Path) -> None:
    data = tables(7)
    files = {name: table.to_csv(sep="\t", header=False, index=False) for name, table in data.items()}
    made = made_of(tmp_path, ORDERS, settings="fiscal_year: {start_month: 6}\n", **files)
    assert not [str(p) for p in made.problems if p.severity == "error"]
    orders = data["SalesOrderHeader"]
    won = orders[(orders["person"] != "") & (orders["status"] == 5)]
    deals = frame(made)
    booked = deals[deals["outcome"] == "won"].groupby("owner_id")["amount"].sum().astype(float)
    assert booked.to_dict() == pytest.approx(won.groupby("person")["amount"].sum().to_dict())
    shops = deals[deals["outcome"] == "won"].groupby("competitor")["amount"].sum().astype(float)
    stores = won["customer"].map(lambda customer: f"Shop {customer - 1}")
    assert shops.to_dict() == pytest.approx(won.groupby(stores)["amount"].sum().to_dict())
    assert frame(made, "people").set_index("person_id")["name"][["274", "275"]].to_list() == [
        "Linda Mitchell", "José Sãraiva"
    ]  # fmt: skip
    quotas = data["SalesPersonQuotaHistory"]
    targets = frame(made, "targets")
    reps = targets[targets["level"] == "rep"]
    assert set(reps["period"]) == {"2012-Q1", "2012-Q2", "2012-Q3", "2012-Q4"}
    company = targets[targets["level"] == "company"].set_index("period")["value"].astype(float)
    assert company.to_dict() == quotas.groupby(1)[2].sum().set_axis(sorted(company.index)).to_dict()
    assert "targets-summed" in codes(made)


# --- the exports of five CRMs, with several currencies, archived and deleted rows -------------------------

RATES = {"USD": 1, "EUR": 1.25, "GBP": 1.5}
STAGES = "    stages: {Open: open, Qualified: open, Won: won, Lost: lost}\n"
LAYOUTS = {
    "salesforce": ("Id,OwnerId,StageName,Amount,CreatedDate,CloseDate,CurrencyIsoCode,IsDeleted", "", """
    columns: {deal_id: Id, owner_id: OwnerId, stage: StageName, amount: Amount, created_on: CreatedDate,
              closed_on: CloseDate, expected_close_on: CloseDate, currency: CurrencyIsoCode}
""" + STAGES),
    "hubspot": ("Record ID,Deal owner,Deal Stage,Amount,Create Date,Close Date,Currency,archived", "", """
    columns: {deal_id: Record ID, owner_id: Deal owner, stage: Deal Stage, amount: Amount,
              created_on: Create Date, closed_on: Close Date, expected_close_on: Close Date,
              currency: Currency}
""" + STAGES),
    "pipedrive": ("Deal - ID,Deal - Owner,Deal - Status,Deal - Value,Deal - Deal created,"
        "Deal - Deal closed on,Deal - Currency of Value,Is Archived", "", """
    columns: {deal_id: Deal - ID, owner_id: Deal - Owner, stage: Deal - Status, amount: Deal - Value,
              created_on: Deal - Deal created, closed_on: Deal - Deal closed on,
              expected_close_on: Deal - Deal closed on, currency: Deal - Currency of Value}
""" + STAGES),
    "dynamics": ("opportunityid,ownerid,statecode,actualvalue,createdon,actualclosedate,"
        "transactioncurrencyid,isdeleted", ",estimatedvalue", """
    columns: {deal_id: opportunityid, owner_id: ownerid, stage: statecode, created_on: createdon,
              closed_on: actualclosedate, expected_close_on: actualclosedate, currency: transactioncurrencyid}
    computed: {amount: "if(statecode = 'Won', coalesce(actualvalue, estimatedvalue), estimatedvalue)"}
""" + STAGES),
    "odoo": ("External ID,Salesperson,Stage,Expected Revenue,Created on,Closed Date,Currency,Is deleted",
        ",Active", """
    columns: {deal_id: External ID, owner_id: Salesperson, stage: Stage, amount: Expected Revenue,
              created_on: Created on, closed_on: Closed Date, expected_close_on: Closed Date,
              currency: Currency}
    computed: {outcome: "if(Active = false, 'lost', none)"}
""" + STAGES),
}  # fmt: skip
LABELS = {"USD": "US Dollar", "EUR": "Euro", "GBP": "British Pound"}


def export(layout: str, seed: int) -> tuple[pd.DataFrame, dict[str, float]]:
    """An export of a layout, and the amount won by owner in USD, from its own columns alone."""
    rng = np.random.default_rng(seed)
    n = 240
    head, more, _ = LAYOUTS[layout]
    names = head.split(",")
    stage = rng.choice(["Open", "Won", "Lost"], n, p=[0.2, 0.5, 0.3])
    created = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 150, n), "D")
    closed = created + pd.to_timedelta(rng.integers(1, 60, n), "D")
    rows = pd.DataFrame({
        names[0]: [f"D{i}" for i in range(n)], names[1]: rng.choice(["Ann Lee", "Bo Ek", "Cy Day"], n),
        names[2]: stage, names[3]: rng.integers(100, 9_999, n) * 4, names[4]: created.strftime("%Y-%m-%d"),
        names[5]: closed.strftime("%Y-%m-%d"), names[6]: rng.choice(list(RATES), n, p=[0.6, 0.3, 0.1]),
        names[7]: rng.random(n) < 0.1,
    })  # fmt: skip
    won = stage == "Won"
    usd = rows[names[3]] * rows[names[6]].map(RATES)
    if more == ",Active":
        rows["Active"] = ~(stage == "Lost")
        rows[names[2]] = np.where(stage == "Lost", "Qualified", stage)
    if more == ",estimatedvalue":
        rows["estimatedvalue"] = rows[names[3]] + 400
        rows[names[3]] = rows[names[3]].where(won)
        rows[names[6]] = rows[names[6]].map(LABELS)
    counted = won & ~rows[names[7]]
    return rows, usd[counted].groupby(rows[names[1]][counted]).sum().to_dict()


@pytest.mark.parametrize("layout", LAYOUTS)
def test_each_crms_export_gives_the_totals_of_pandas(layout: str, tmp_path: Path) -> None:
    rows, right = export(layout, 5)
    own = LAYOUTS[layout][2].strip("\n")
    mapping = f"tables:\n  deals:\n    file: d.csv\n{own}\n  fx_rates: {{file: fx.csv}}\n"
    fx = "currency,valid_from,rate\n" + "".join(
        f"{c},2023-01-01,{r}\n" for c, r in RATES.items() if c != "USD"
    )
    made = made_of(tmp_path, mapping, d=rows.to_csv(index=False), fx=fx)
    assert not [str(p) for p in made.problems if p.severity in ("error", "warning")]
    assert "deleted-rows" in codes(made)
    deals = frame(made)
    won = deals[deals["outcome"] == "won"].groupby("owner_id")["amount"].sum().astype(float)
    assert won.to_dict() == pytest.approx(right, abs=1e-9)
    assert (deals["outcome"] == "lost").sum() > 0


ORG = """
tables:
  deals:
    file: Opportunity.csv
    date_order: mdy
    columns: {deal_id: Id, stage: StageName, amount: Amount, is_closed: IsClosed, is_won: IsWon,
              created_on: Opp Creation Date_Simulated, closed_on: Opp Close Date_Simulated,
              expected_close_on: Opp Close Date_Simulated}
    constants: {owner_id: Ann Lee}
"""


@pytest.mark.skipif(not REAL.is_dir(), reason="the export of the developer org is not here")
def test_a_developer_orgs_export_gives_the_totals_of_pandas(tmp_path: Path) -> None:
    file = REAL / "Opportunity.csv"
    made = made_of(tmp_path, ORG, Opportunity=file.read_text(encoding="utf-8-sig"))
    rows = pd.read_csv(file)
    deals = frame(made)
    for outcome, flags in {"won": rows["IsWon"], "lost": rows["IsClosed"] & ~rows["IsWon"]}.items():
        assert deals.loc[deals["outcome"] == outcome, "amount"].sum() == rows.loc[flags, "Amount"].sum()
        assert (deals["outcome"] == outcome).sum() == flags.sum()
    assert len(deals) == len(rows)
