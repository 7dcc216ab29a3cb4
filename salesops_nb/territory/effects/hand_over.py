"""Hand-over sheets: what the next rep must know of each account that changes hands."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import Any

import pandas as pd

from salesops_nb.territory.inputs.findings import texts, to_pandas

CONTACTS = ("contact", "contact_name", "contact_email", "contact_phone", "email", "phone", "website")
LATEST = 3  # activities told of an account
DEALS = 5  # open deals told of an account, the largest first


def hand_over(accounts: Any, changes: Any, deals: Any = None, activities: Any = None) -> pd.DataFrame:
    """A sheet with one row for each account that changes hands.

    Columns account_id, name, the accounts' own contact columns, before, after, open_deals, open_amount
    (Decimal; None where the deals have several currencies), deals (the largest in words), next_step_on
    (earliest), next_step (of the last activity that names one), last_activity, last_kind, activities (the
    latest in words).
    """
    frame, moved = to_pandas(accounts, "accounts"), to_pandas(changes, "changes")
    ids = texts(moved["account_id"])
    known = dict(zip(texts(frame["account_id"]), frame.to_dict("records"), strict=True))
    open_deals, done = _open_deals(deals), _activities(activities, deals)
    rows = []
    for account, before, after in zip(ids, moved["before"], moved["after"], strict=True):
        facts, mine, told = known.get(account, {}), open_deals.get(account, []), done.get(account, [])
        steps = [d["next_step_on"] for d in mine if _given(d.get("next_step_on"))]
        rows.append(
            {
                "account_id": account,
                "name": facts.get("name", "") if _given(facts.get("name")) else "",
                **{c: facts[c] if _given(facts[c]) else "" for c in CONTACTS if c in frame},
                "before": before,
                "after": after,
                "open_deals": len(mine),
                "open_amount": _sum(mine),
                "deals": "; ".join(map(_deal_words, mine[:DEALS])),
                "next_step_on": min(steps, default=None),
                "next_step": next((str(a["next_step"]) for a in told if _given(a.get("next_step"))), ""),
                "last_activity": told[0]["when"] if told else None,
                "last_kind": str(told[0]["kind"]) if told else "",
                "activities": "; ".join(map(_activity_words, told[:LATEST])),
            }
        )
    names = ["account_id", "name", *(c for c in CONTACTS if c in frame), "before", "after", "open_deals",
             "open_amount", "deals", "next_step_on", "next_step", "last_activity", "last_kind",
             "activities"]  # fmt: skip
    return pd.DataFrame(rows, columns=names)


def _open_deals(deals: Any) -> dict[str, list[dict[Any, Any]]]:
    found: dict[str, list[dict[Any, Any]]] = defaultdict(list)
    for deal in [] if deals is None else to_pandas(deals, "deals").to_dict("records"):
        if deal.get("outcome", "open") == "open":
            found[texts([deal["account_id"]])[0]].append(deal)
    for rows in found.values():
        rows.sort(key=lambda d: (-_amount(d), str(d["deal_id"])))
    return found


def _activities(activities: Any, deals: Any) -> dict[str, list[dict[Any, Any]]]:
    """Activities of each account, latest first; one that names only its deal is its account's."""
    by_deal = {}
    if deals is not None:
        frame = to_pandas(deals, "deals")
        by_deal = dict(zip(texts(frame["deal_id"]), texts(frame["account_id"]), strict=True))
    found: dict[str, list[dict[Any, Any]]] = defaultdict(list)
    for row in [] if activities is None else to_pandas(activities, "activities").to_dict("records"):
        when = next((row[c] for c in ("happened_at", "happened_on") if _given(row.get(c))), None)
        account = row.get("account_id")
        if not _given(account):
            account = by_deal.get(str(row.get("deal_id")))
        if when is not None and _given(account):
            found[texts([account])[0]].append({**row, "when": when})
    for rows in found.values():
        rows.sort(key=lambda r: (pd.Timestamp(r["when"]), str(r.get("activity_id"))), reverse=True)
    return found


def _amount(deal: dict[Any, Any]) -> Decimal:
    return Decimal(str(deal["amount"])) if _given(deal.get("amount")) else Decimal(0)


def _sum(deals: list[dict[Any, Any]]) -> Decimal | None:
    currencies = {str(d["currency"]) for d in deals if _given(d.get("currency"))}
    return sum(map(_amount, deals), Decimal(0)) if len(currencies) <= 1 else None


def _deal_words(deal: dict[Any, Any]) -> str:
    parts = [str(deal["stage"])] if _given(deal.get("stage")) else []
    if _given(deal.get("amount")):
        currency = f" {deal['currency']}" if _given(deal.get("currency")) else ""
        parts.append(f"{_amount(deal):,.2f}{currency}")
    if _given(deal.get("expected_close_on")):
        parts.append(f"expected {pd.Timestamp(deal['expected_close_on']):%Y-%m-%d}")
    return f"{deal['deal_id']} ({', '.join(parts)})" if parts else str(deal["deal_id"])


def _activity_words(row: dict[Any, Any]) -> str:
    said = [str(row[name]) for name in ("outcome", "next_step") if _given(row.get(name))]
    words = f"{pd.Timestamp(row['when']):%Y-%m-%d} {row['kind']}"
    who = f" by {row['person_id']}" if _given(row.get("person_id")) else ""
    return f"{words}{who}{': ' if said else ''}{', then '.join(said)}"


def _given(value: Any) -> bool:
    return value is not None and bool(value == value) and value is not pd.NaT
