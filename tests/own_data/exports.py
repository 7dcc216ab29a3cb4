"""Exports as people have them: one small book of deals, written in each CRM's layout and in messy ones."""

# ruff: noqa: E501

from __future__ import annotations

import random
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

OWNERS = [
    ("Ana Pop", "ana.pop@example.com", "North", "005A"), ("José Núñez", "jose@example.com", "North", "005B"),
    ("Mary Smith", "mary.smith@example.com", "South", "005C"), ("Jürgen Weiß", "jw@example.com", "South", "005D"),
]  # fmt: skip
MANAGERS = {"North": ("Nora Lee", "nora@example.com"), "South": ("Sam Orr", "sam@example.com")}
RATES = {"EUR": "1", "USD": "0.90", "GBP": "1.20"}


@dataclass
class Case:
    """Files and the answers to what is asked of them; `amounts` names the world's column that they hold."""

    files: list[Path]
    answers: list[str]
    amounts: str = "amount"
    options: list[str] = field(default_factory=list)


def world(rows: int = 160, seed: int = 7) -> pd.DataFrame:
    """Deals of two years: id, name, account, owner, outcome, amount, currency, created and closed."""
    chance = random.Random(seed)
    found = []
    for i in range(rows):
        created = pd.Timestamp(2025, 1, 1) + pd.Timedelta(days=chance.randrange(420))
        outcome = chance.choice(["won", "won", "lost", "open"])
        closed = created + pd.Timedelta(days=20 + chance.randrange(90))
        if outcome != "open" and closed > pd.Timestamp(2026, 3, 31):
            closed = pd.Timestamp(2026, 3, 31)
        owner = OWNERS[chance.randrange(4)]
        found.append(
            {
                "id": f"D{1000 + i}", "name": f"Deal {i}", "account": f"Firma {i % 37} GmbH", "owner": owner[0],
                "email": owner[1], "owner_id": owner[3], "outcome": outcome, "created": created, "closed": closed,
                "amount": chance.randrange(90_000, 9_999_999), "currency": chance.choice(["EUR", "USD", "GBP"]),
            }
        )  # fmt: skip
    frame = pd.DataFrame(found)
    missing = (frame.index % 7 == 6) & (frame["outcome"] == "open")
    frame["amount"] = frame["amount"].astype("Int64").mask(missing)
    return frame


def cents(value: object) -> str:
    """An amount of cents with its point; nothing where there is none."""
    return "" if pd.isna(value) else f"{int(value) // 100}.{int(value) % 100:02d}"


def german(value: object) -> str:
    """An amount of cents as German files write it."""
    return "" if pd.isna(value) else f"{int(value) // 100:,}".replace(",", ".") + f",{int(value) % 100:02d}"


def _stage(frame: pd.DataFrame, names: dict[str, str]) -> pd.Series:
    return frame["outcome"].map(names)


def _iso(days: pd.Series) -> pd.Series:
    return days.dt.strftime("%Y-%m-%d")


def _csv(folder: Path, name: str, frame: pd.DataFrame, **how: object) -> Path:
    path = folder / name
    frame.to_csv(path, index=False, **how)
    return path


def salesforce(folder: Path, deals: pd.DataFrame) -> Case:
    """Data Export: API names, moments in UTC, one currency."""
    made = pd.DataFrame(
        {
            "Id": "006" + deals["id"], "Name": deals["name"], "AccountId": deals["account"],
            "OwnerId": deals["owner_id"], "StageName": _stage(deals, {"won": "Signed", "lost": "Closed Lost", "open": "Pilot"}),
            "Amount": deals["amount"].map(cents), "CloseDate": _iso(deals["closed"]),
            "CreatedDate": deals["created"].dt.strftime("%Y-%m-%dT09:30:00.000+0000"),
            "IsClosed": deals["outcome"] != "open", "IsWon": deals["outcome"] == "won", "IsDeleted": False,
        }
    )  # fmt: skip
    users = pd.DataFrame(
        {"Id": [o[3] for o in OWNERS], "Name": [o[0] for o in OWNERS], "Email": [o[1] for o in OWNERS],
         "UserRoleId": ["00E1"] * 4, "ManagerId": [""] * 4}
    )  # fmt: skip
    files = [_csv(folder, "Opportunity.csv", made), _csv(folder, "User.csv", users)]
    return Case(files, ["EUR", "acv", "1", "UTC"])


def salesforce_report(folder: Path, deals: pd.DataFrame) -> Case:
    """A report, details only, in American dates, two columns an amount."""
    made = pd.DataFrame(
        {
            "Opportunity Owner": deals["owner"], "Account Name": deals["account"], "Opportunity Name": deals["name"],
            "Stage": _stage(deals, {"won": "Closed Won", "lost": "Closed Lost", "open": "Prospecting"}),
            "Fiscal Period": "Q1-2026", "Amount Currency": "EUR", "Amount": deals["amount"].map(cents),
            "Probability (%)": _stage(deals, {"won": "100", "lost": "0", "open": "10"}),
            "Close Date": deals["closed"].dt.strftime("%m/%d/%Y"),
            "Created Date": deals["created"].dt.strftime("%m/%d/%Y"), "Opportunity ID": deals["id"],
        }
    )  # fmt: skip
    return Case([_csv(folder, "report1712.csv", made, encoding="cp1252")], ["tcv", "1"])


def hubspot(folder: Path, deals: pd.DataFrame) -> Case:
    """The English export of all deals."""
    made = pd.DataFrame(
        {
            "Record ID": deals["id"].str[1:], "Deal Name": deals["name"], "Associated Company": deals["account"],
            "Deal Stage": _stage(deals, {"won": "Closed Won", "lost": "Closed Lost", "open": "Contract Sent"}),
            "Amount": deals["amount"].map(cents), "Currency": "EUR", "Deal owner": deals["owner"],
            "Close Date": deals["closed"].dt.strftime("%Y-%m-%d 10:00"), "Pipeline": "Sales Pipeline",
            "Create Date": deals["created"].dt.strftime("%Y-%m-%d 08:15"),
        }
    )  # fmt: skip
    return Case([_csv(folder, "hubspot-crm-exports-all-deals.csv", made)], ["arr", "January"])


def hubspot_german(folder: Path, deals: pd.DataFrame) -> Case:
    """The same from an account in German, whose own stages are not known."""
    made = pd.DataFrame(
        {
            "Datensatz-ID": deals["id"].str[1:], "Deal-Name": deals["name"], "Zugehöriges Unternehmen": deals["account"],
            "Deal-Phase": _stage(deals, {"won": "Abgeschlossen und gewonnen", "lost": "Abgeschlossen und verloren", "open": "Vertrag gesendet"}),
            "Betrag": deals["amount"].map(german), "Währung": "EUR", "Deal-Inhaber": deals["owner"],
            "Abschlussdatum": deals["closed"].dt.strftime("%d.%m.%Y"),
            "Erstellungsdatum": deals["created"].dt.strftime("%d.%m.%Y"),
        }
    )  # fmt: skip
    return Case([_csv(folder, "deals.csv", made, sep=";", encoding="utf-8-sig")], ["acv", "1"])


def pipedrive(folder: Path, deals: pd.DataFrame) -> Case:
    """Deals with a status; the expected day is another column than the day it closed."""
    closed = _iso(deals["closed"]).where(deals["outcome"] != "open", "")
    made = pd.DataFrame(
        {
            "Deal - ID": deals["id"].str[1:], "Deal - Title": deals["name"], "Deal - Owner": deals["owner"],
            "Deal - Organization": deals["account"], "Deal - Stage": "Negotiations Started",
            "Deal - Status": _stage(deals, {"won": "Won", "lost": "Lost", "open": "Open"}),
            "Deal - Value": deals["amount"].map(cents), "Deal - Currency of Value": "EUR",
            "Deal - Deal created": deals["created"].dt.strftime("%Y-%m-%d 09:00:00"),
            "Deal - Deal closed on": closed, "Deal - Expected close date": _iso(deals["closed"]),
        }
    )  # fmt: skip
    return Case([_csv(folder, "deals-1.csv", made)], ["one-off", "1"])


def dynamics(folder: Path, deals: pd.DataFrame) -> Case:
    """Dynamics by logical names: codes of states, revenue estimated and actual."""
    closed = _iso(deals["closed"]).where(deals["outcome"] != "open", "")
    made = pd.DataFrame(
        {
            "opportunityid": deals["id"], "name": deals["name"], "ownerid": deals["owner"], "stepname": "Propose",
            "statecode": _stage(deals, {"won": "1", "lost": "2", "open": "0"}),
            "estimatedvalue": deals["amount"].where(deals["outcome"] != "won", 77).map(cents),
            "actualvalue": deals["amount"].where(deals["outcome"] == "won").map(cents), "createdon": _iso(deals["created"]),
            "estimatedclosedate": _iso(deals["closed"]), "actualclosedate": closed,
            "transactioncurrencyid": "Euro",
        }
    )  # fmt: skip
    return Case([_csv(folder, "opportunities.csv", made)], ["acv", "1"])


def dynamics_labels(folder: Path, deals: pd.DataFrame) -> Case:
    """Dynamics exported to Excel: labels, with the columns that must not be modified."""
    closed = _iso(deals["closed"]).where(deals["outcome"] != "open", "")
    made = pd.DataFrame(
        {
            "(Do Not Modify) Opportunity": deals["id"], "(Do Not Modify) Row Checksum": "x", "Topic": deals["name"],
            "Potential Customer": deals["account"], "Owner": deals["owner"], "Pipeline Phase": "2-Develop",
            "Status": _stage(deals, {"won": "Won", "lost": "Lost", "open": "Open"}),
            "Actual Revenue": "", "Est. Revenue": [None if pd.isna(v) else int(v) / 100 for v in deals["amount"]],
            "Est. Close Date": _iso(deals["closed"]), "Actual Close Date": closed, "Created On": _iso(deals["created"]),
            "Currency": "Euro",
        }
    )  # fmt: skip
    path = folder / "Open Opportunities.xlsx"
    made.to_excel(path, index=False)
    return Case([path], ["acv", "1"])


def odoo(folder: Path, deals: pd.DataFrame) -> Case:
    """Odoo with archived records: a lost deal is an inactive one in whatever stage."""
    made = pd.DataFrame(
        {
            "id": "__export__.crm_lead_" + deals["id"], "name": deals["name"], "user_id": deals["owner"],
            "partner_id": deals["account"], "stage_id": _stage(deals, {"won": "Won", "lost": "Proposition", "open": "New"}),
            "expected_revenue": deals["amount"].map(cents), "probability": _stage(deals, {"won": 100, "lost": 0, "open": 20}),
            "create_date": deals["created"].dt.strftime("%Y-%m-%d 10:00:00"), "date_deadline": _iso(deals["closed"]),
            "date_closed": _iso(deals["closed"]).where(deals["outcome"] != "open", ""),
            "active": deals["outcome"] != "lost",
        }
    )  # fmt: skip
    return Case([_csv(folder, "crm.lead.csv", made)], ["EUR", "acv", "1"])


def titled(folder: Path, deals: pd.DataFrame) -> Case:
    """Messy: a formatted report in Excel with a title above, totals and a copyright below, amounts as texts."""
    rows = [
        ["Opportunities of 2025 and 2026", "", "", "", "", "", ""],
        ["As of 2026-04-01", *[""] * 6],
        [""] * 7,
    ]
    rows.append(
        [
            "Opportunity Name",
            "Opportunity Owner",
            "Account Name",
            "Stage",
            "Close Date",
            "Created Date",
            "Amount",
        ]
    )
    stages = {"won": "Closed Won", "lost": "Closed Lost", "open": "Needs Analysis"}
    for deal in deals.itertuples():
        amount = "" if pd.isna(deal.amount) else f"€{int(deal.amount) // 100:,}.{int(deal.amount) % 100:02d}"
        days = [f"{day:%m/%d/%Y}" for day in (deal.closed, deal.created)]
        rows.append([deal.name, deal.owner, deal.account, stages[deal.outcome], *days, amount])
    rows += [
        [""] * 7,
        ["Total", *[""] * 5, "€1.00"],
        ["Confidential Information - Do Not Distribute", *[""] * 6],
    ]
    path = folder / "Sales report.xlsx"
    pd.DataFrame(rows).to_excel(path, index=False, header=False)
    return Case([path], ["tcv", "1"])


def office(folder: Path, deals: pd.DataFrame) -> Case:
    """Messy: a German office's list in cp1252 with semicolons, decimal commas and stages of its own."""
    made = pd.DataFrame(
        {
            "Vorgangsnummer": deals["id"], "Kunde": deals["account"], "Verkäufer": deals["owner"],
            "Phase": _stage(deals, {"won": "Beauftragt", "lost": "Ad acta", "open": "Angebot"}),
            "Auftragswert (EUR)": deals["amount"].map(german), "Angelegt am": deals["created"].dt.strftime("%d.%m.%Y"),
            "Abgeschlossen am": deals["closed"].dt.strftime("%d.%m.%Y"),
        }
    )  # fmt: skip
    return Case(
        [_csv(folder, "Vertriebsliste.csv", made, sep=";", encoding="cp1252")],
        ["Beauftragt", "Ad acta", "one-off", "1"],
    )


def mixed(folder: Path, deals: pd.DataFrame) -> Case:
    """Messy: HubSpot in UTF-16 with tabs, several currencies and no amount in the company's own."""
    case = hubspot(folder, deals)
    made = pd.read_csv(case.files[0], dtype=str, keep_default_na=False)
    made["Currency"] = deals["currency"]
    path = _csv(folder, "all-deals.txt", made, sep="\t", encoding="utf-16")
    return Case([path], ["EUR", "USD 0.90, GBP 1.20", "arr", "1"], amounts="in_euro")


def company_currency(folder: Path, deals: pd.DataFrame) -> Case:
    """Messy: several currencies, beside the amount in the company's own, as HubSpot converts it."""
    case = hubspot(folder, deals)
    made = pd.read_csv(case.files[0], dtype=str, keep_default_na=False)
    made["Currency"], made["Amount in company currency"] = deals["currency"], deals["in_euro"].map(cents)
    return Case([_csv(folder, "converted.csv", made)], ["EUR", "arr", "1"], amounts="in_euro")


def sheets(folder: Path, deals: pd.DataFrame) -> Case:
    """Messy: owners by name only and differently spelt, an HR roster by e-mail, quotas by month in columns."""
    odd = {"José Núñez": "Núñez, José", "Mary Smith": "MARY  SMITH"}
    made = pd.DataFrame(
        {
            "Deal number": deals["id"], "Client": deals["account"], "Sales rep": deals["owner"].replace(odd),
            "Deal status": _stage(deals, {"won": "Won", "lost": "Lost", "open": "Open"}),
            "Deal value": deals["amount"].map(cents), "Opened": deals["created"].dt.strftime("%d %b %Y"),
            "Closed on": deals["closed"].dt.strftime("%d %b %Y"),
        }
    )  # fmt: skip
    people = [
        {"Employee ID": str(100 + i), "Full name": name, "Work email": mail, "Job title": "Account Executive",
         "Team": team, "Manager": MANAGERS[team][0], "Start date": "2024-02-01"}
        for i, (name, mail, team, _) in enumerate(OWNERS)
    ]  # fmt: skip
    people += [
        {"Employee ID": "2" + team, "Full name": name, "Work email": mail, "Job title": "Sales Manager",
         "Team": team, "Manager": "", "Start date": "2020-01-01"}
        for team, (name, mail) in MANAGERS.items()
    ]  # fmt: skip
    months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    quota = [
        {"E-mail": o[1], **{month: 1000 * (i + 1) + 10 * k for k, month in enumerate(months)}}
        for i, o in enumerate(OWNERS)
    ]
    quota.append({"E-mail": "Total", **{m: sum(row[m] for row in quota) for m in months}})
    deals_file = folder / "pipeline.xlsx"
    made.to_excel(deals_file, index=False)
    files = [
        deals_file,
        _csv(folder, "hr.csv", pd.DataFrame(people)),
        _csv(folder, "quota 2026.csv", pd.DataFrame(quota)),
    ]
    return Case(files, ["EUR", "acv", "1"])


LAYOUTS = [
    salesforce, salesforce_report, hubspot, hubspot_german, pipedrive, dynamics, dynamics_labels, odoo,
]  # fmt: skip
MESSY = [titled, office, mixed, company_currency, sheets]
