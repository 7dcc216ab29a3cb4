"""What is open with people who have left: what they owe and are owed, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pandas as pd

from salesops_nb.commission.balances.exits import left_on, not_netted, places
from salesops_nb.commission.settlement.working import Working
from salesops_nb.messages import message

COLUMNS = [
    "person_id",
    "left_on",
    "place",
    "plan_id",
    "kind",
    "deal_id",
    "credit",
    "amount",
    "currency",
    "says",
    "why",
]
ZERO = Decimal(0)
AGREE = message("to be agreed with the person; it is not taken from pay")


def at_exit(payout: Working, withheld: pd.DataFrame) -> pd.DataFrame:
    """A row for each balance and credit that is open after an exit; what the person owes is negative."""
    rows = sorted(_rows(payout, withheld), key=lambda row: tuple(str(row[n]) for n in COLUMNS[:6]))
    return pd.DataFrame(rows, columns=COLUMNS, dtype=object)


def _rows(payout: Working, withheld: pd.DataFrame) -> Iterator[dict[str, Any]]:
    end, currencies = payout.period.end, {plan.id: plan.currency for plan in payout.plans}
    owed = [(payee, plan, "draw", amount, currencies[plan]) for (plan, payee), amount in payout.draws.items()]
    owed += [(payee, plan, "negative_pay", a, money) for (plan, payee, money), a in payout.carried.items()]
    for payee, plan, kind, amount, currency in owed:
        left = left_on(payout, payee)
        if not amount or left is None or left > end:
            continue
        why = not_netted(payout, payee, end)
        says = AGREE if why else message("taken from pay that follows")
        yield _row(payout, payee, left, plan, kind, says) | {
            "amount": -amount, "currency": currency, "why": why,
        }  # fmt: skip
    gone = {
        who for who in withheld["payee_id"].dropna().unique() if (left_on(payout, who) or date.max) <= end
    }
    for row in withheld[withheld["payee_id"].isin(gone)].to_dict("records"):
        payee, waits = row["payee_id"], _number(row["amount"])
        left = left_on(payout, payee)
        deal = None if pd.isna(row["deal_id"]) else row["deal_id"]
        if left is not None and (waits or (deal and str(row["reason"]).endswith(" yet"))):
            yield _row(payout, payee, left, row["plan_id"], "owed", payout.reason(row["reason"])) | {
                "deal_id": deal, "credit": _number(row["credit"]), "amount": waits,
                "currency": currencies.get(row["plan_id"]),
            }  # fmt: skip


def _row(payout: Working, payee: str, left: date, plan: str, kind: str, says: str) -> dict[str, Any]:
    return {
        "person_id": payee, "left_on": left, "place": places(payout.tables).get(payee), "plan_id": plan,
        "kind": kind, "deal_id": None, "credit": ZERO, "says": says, "why": None,
    }  # fmt: skip


def _number(value: Any) -> Decimal:
    return ZERO if value is None or pd.isna(value) else Decimal(value)
