"""Carrying a plan out: the change list, import files for CRMs with their undo, deals in flight, hand-over."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import pandas as pd

from salesops_nb.errors import Problem, SalesopsError
from salesops_nb.territory.planning import TerritoryPlan
from salesops_nb.territory.reading import some, texts, to_pandas

# CRM → object → (file, column of the record's id, column of its owner)
LAYOUTS: dict[str, dict[str, tuple[str, str, str]]] = {
    "salesforce": {
        "account": ("Account_owner.csv", "Id", "OwnerId"),
        "deal": ("Opportunity_owner.csv", "Id", "OwnerId"),
    },
    "hubspot": {
        "account": ("companies_owner.csv", "Record ID", "Company owner"),
        "deal": ("deals_owner.csv", "Record ID", "Deal owner"),
    },
    "pipedrive": {
        "account": ("organizations_owner.csv", "Organization - ID", "Organization - Owner"),
        "deal": ("deals_owner.csv", "Deal - ID", "Deal - Owner"),
    },
    "dynamics365": {
        "account": ("accounts_owner.csv", "accountid", "ownerid"),
        "deal": ("opportunities_owner.csv", "opportunityid", "ownerid"),
    },
    "odoo": {
        "account": ("res_partner_owner.csv", "id", "user_id"),
        "deal": ("crm_lead_owner.csv", "id", "user_id"),
    },
}
RULES = ("stay", "split", "move")


def change_list(plan: TerritoryPlan, *, effective_on: date, reason: str) -> pd.DataFrame:
    """Units that change owner: unit_id, before, after, effective_on, reason and the measures they carry.

    A unit without an owner before comes from ``vacant``.
    """
    frame = plan.assignment
    before = frame["was"].where(frame["was"].notna(), "vacant")
    table = pd.DataFrame(
        {"unit_id": frame["unit_id"], "before": before.astype(str), "after": frame["rep"].astype(str)}
    )
    table["effective_on"], table["reason"] = effective_on, reason
    if plan.model is not None:
        for f, name in enumerate(plan.model.measures):
            table[name] = plan.model.values[:, f]
    return table[table["before"] != table["after"]].reset_index(drop=True)


def account_changes(accounts: Any, changes: Any, overrides: Mapping[str, str] | None = None) -> pd.DataFrame:
    """Accounts that change owner because their unit does: account_id, unit_id, before, after.

    An account whose owner stands against its unit's (an override) stays where it is.
    """
    frame, moved = to_pandas(accounts, "accounts"), to_pandas(changes, "changes")
    to = {u: (b, a) for u, b, a in zip(texts(moved["unit_id"]), moved["before"], moved["after"], strict=True)}
    kept = {str(account) for account in overrides or {}}
    rows = []
    owners = frame["owner_id"].tolist() if "owner_id" in frame else [None] * len(frame)
    for account, unit, owner in zip(texts(frame["account_id"]), texts(frame["unit_id"]), owners, strict=True):
        if unit in to and account not in kept:
            known = owner is not None and owner == owner and str(owner)
            before = str(owner) if known else to[unit][0]
            if before != to[unit][1]:
                rows.append((account, unit, before, to[unit][1]))
    return pd.DataFrame(rows, columns=["account_id", "unit_id", "before", "after"])


def import_files(
    changes: Any, crm: str, *, kind: str = "account", users: Mapping[str, str] | None = None
) -> dict[str, pd.DataFrame]:
    """Two tables by file name: the import in a CRM's layout, and the one that undoes it.

    Parameters
    ----------
    changes : columns account_id or deal_id, before, after. users : person to the CRM's own user id or name.

    Raises
    ------
    SalesopsError
        An unknown CRM, or a person without a user there: an import must not be half done.
    """
    if crm not in LAYOUTS or kind not in LAYOUTS[crm]:
        raise SalesopsError(
            Problem(
                "unknown-layout",
                f"there is no import layout for {kind} in {crm!r}.",
                f"Choose one of {', '.join(LAYOUTS)} and account or deal.",
                value=crm,
            )
        )
    frame = to_pandas(changes, "changes")
    people = {*frame["before"].astype(str), *frame["after"].astype(str)}
    missing = sorted(people - set(users)) if users is not None else []
    if missing:
        raise SalesopsError(
            Problem(
                "unknown-user",
                f"{len(missing)} owners have no user in {crm}: {some(missing)}.",
                "Add them to users ('vacant' and 'house' need a queue or a user too).",
                value=missing[0],
            )
        )
    name, record, owner = LAYOUTS[crm][kind]
    ids = texts(frame[f"{kind}_id"])
    result = {}
    for file, column in ((name, "after"), (f"undo_{name}", "before")):
        who = [users[str(p)] if users is not None else str(p) for p in frame[column]]
        result[file] = pd.DataFrame({record: ids, owner: who}, dtype=str)
    return result


def in_flight(
    deals: Any, changes: Any, rule: str = "stay", *, effective_on: date, new_share: Decimal = Decimal("0.5")
) -> pd.DataFrame:
    """What happens to open deals of accounts that change owner, with the shares of their credit.

    ``stay``: the old owner keeps the deal and its credit until it closes. ``split``: the new owner runs
    it, credit is shared (`new_share` to the new one). ``move``: deal and credit go to the new owner.
    The rule holds for deals open on `effective_on`; a deal closed before is not touched.
    """
    if rule not in RULES:
        raise SalesopsError(_bad_rule(rule))
    if not Decimal(0) < Decimal(new_share) < Decimal(1):
        raise SalesopsError(f"The new owner's share is {new_share}.", "Write a fraction between 0 and 1.")
    frame: Any = to_pandas(deals, "deals")
    moved = to_pandas(changes, "changes")
    to = dict(zip(texts(moved["account_id"]), moved["after"].astype(str), strict=True))
    rows = []
    for row in _rows(frame, "table"):
        account = texts([row.account_id])[0]
        if account not in to or not _open_on(row, effective_on) or str(row.owner_id) == to[account]:
            continue
        old, new = str(row.owner_id), to[account]
        kept = {"stay": Decimal(1), "split": 1 - Decimal(new_share), "move": Decimal(0)}[rule]
        rows.append(
            {
                "deal_id": str(row.deal_id),
                "account_id": account,
                "rule": rule,
                "before": old,
                "after": old if rule == "stay" else new,
                "old_owner_share": kept,
                "new_owner": new,
                "new_owner_share": 1 - kept,
                "effective_on": effective_on,
            }
        )
    names = [
        "deal_id",
        "account_id",
        "rule",
        "before",
        "after",
        "old_owner_share",
        "new_owner",
        "new_owner_share",
        "effective_on",
    ]
    return pd.DataFrame(rows, columns=names)


def credit_splits(flight: Any) -> pd.DataFrame:
    """The in-flight rule as rows of ``splits`` (deal_id, person_id, share, type) that commission honours."""
    frame: Any = to_pandas(flight, "in_flight")
    rows = []
    for row in _rows(frame, "table"):
        for person, part in ((row.before, row.old_owner_share), (row.new_owner, row.new_owner_share)):
            if part > 0:
                rows.append((row.deal_id, person, Decimal(part), "revenue"))
    return pd.DataFrame(rows, columns=["deal_id", "person_id", "share", "type"])


def hand_over(accounts: Any, changes: Any, deals: Any = None, activities: Any = None) -> pd.DataFrame:
    """A sheet with one row for each account that changes hands.

    Columns account_id, name, before, after, open_deals, open_amount (Decimal, one currency as given),
    next_step_on (earliest), last_activity and last_kind.
    """
    frame, moved = to_pandas(accounts, "accounts"), to_pandas(changes, "changes")
    names = dict(zip(texts(frame["account_id"]), frame["name"], strict=True)) if "name" in frame else {}
    sheet: Any = pd.DataFrame(
        {"account_id": texts(moved["account_id"]), "before": moved["before"], "after": moved["after"]}
    )
    sheet.insert(1, "name", [names.get(a, "") for a in sheet["account_id"]])
    open_deals: dict[str, list[Any]] = {}
    if deals is not None:
        for row in _rows(deals, "deals"):
            if row.outcome == "open":
                open_deals.setdefault(texts([row.account_id])[0], []).append(row)
    sheet["open_deals"] = [len(open_deals.get(a, [])) for a in sheet["account_id"]]
    sheet["open_amount"] = [
        sum(
            (
                Decimal(str(d.amount))
                for d in open_deals.get(a, [])
                if d.amount == d.amount and d.amount is not None
            ),
            Decimal(0),
        )
        for a in sheet["account_id"]
    ]
    sheet["next_step_on"] = [
        min(
            (d.next_step_on for d in open_deals.get(a, []) if _given(getattr(d, "next_step_on", None))),
            default=None,
        )
        for a in sheet["account_id"]
    ]
    last: dict[str, tuple[Any, str]] = {}
    if activities is not None:
        for row in _rows(activities, "activities"):
            account = texts([row.account_id])[0]
            if _given(row.happened_at) and (account not in last or row.happened_at > last[account][0]):
                last[account] = (row.happened_at, str(row.kind))
    sheet["last_activity"] = [last.get(a, (None, ""))[0] for a in sheet["account_id"]]
    sheet["last_kind"] = [last.get(a, (None, ""))[1] for a in sheet["account_id"]]
    return pd.DataFrame(sheet)


def _bad_rule(rule: str) -> Problem:
    fix = f"Write one of {', '.join(RULES)}."
    return Problem("bad-rule", f"the rule for open deals is {rule!r}.", fix)


def _rows(table: Any, name: str) -> Any:
    return to_pandas(table, name).itertuples(index=False)


def _given(value: Any) -> bool:
    return value is not None and bool(value == value)


def _open_on(deal: Any, day: date) -> bool:
    closed: Any = getattr(deal, "closed_on", None)
    created: Any = getattr(deal, "created_on", None)
    if _given(created) and pd.Timestamp(created).date() >= day:
        return False
    if not _given(closed):
        return str(getattr(deal, "outcome", "open")) == "open"
    return pd.Timestamp(closed).date() >= day
