"""Carrying a plan out: units and accounts that change their rep, CRM import files with their undo."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import pandas as pd

from salesops_nb.errors import SalesopsError, problem
from salesops_nb.territory.inputs.findings import some, texts, to_pandas
from salesops_nb.territory.plans.plan import TerritoryPlan

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
        raise SalesopsError(problem("unknown-layout", value=crm, kind=kind, layouts=", ".join(LAYOUTS)))
    frame = to_pandas(changes, "changes")
    people = {*frame["before"].astype(str), *frame["after"].astype(str)}
    missing = sorted(people - set(users)) if users is not None else []
    if missing:
        raise SalesopsError(
            problem("unknown-user", value=missing[0], count=len(missing), crm=crm, missing=some(missing))
        )
    name, record, owner = LAYOUTS[crm][kind]
    ids = texts(frame[f"{kind}_id"])
    result = {}
    for file, column in ((name, "after"), (f"undo_{name}", "before")):
        who = [users[str(p)] if users is not None else str(p) for p in frame[column]]
        result[file] = pd.DataFrame({record: ids, owner: who}, dtype=str)
    return result
