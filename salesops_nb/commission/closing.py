"""Balances after a period: what a later plan, or system, would be handed as opening balances."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING

import pandas as pd

from salesops_nb.commission.frames import as_decimal
from salesops_nb.commission.opening import openings

if TYPE_CHECKING:
    from salesops_nb.commission.payout import Payout

COLUMNS = ["person_id", "plan_id", "component_id", "kind", "amount", "as_of"]


def balances(payout: Payout) -> pd.DataFrame:
    """A row a person, plan, component and kind: draws to repay, pay carried over caps, pay held back."""
    held: dict[tuple[str, str, str | None, str], Decimal] = defaultdict(Decimal)
    for plan, draws in payout.draws.items():
        for payee, amount in draws.items():
            held[payee, plan.id, None, "draw"] = amount
    plans = {plan.id: plan for plan in payout.plans}
    earlier = [row for plan in plans.values() for row in payout.prior(plan)]
    for row in (r for r in (*earlier, *payout.made) if r.get("kind") == "carry"):
        held[row["payee_id"], row["plan_id"], row["component_id"], "carry"] += as_decimal(row["credit"]) or 0
    for plan in plans.values():
        for o in openings(payout.tables, plan, "carry"):
            held[o.payee, plan.id, o.component, "carry"] += o.amount
    for row in payout.withheld_rows:
        if row["amount"] and row.get("component_id"):
            held[row["payee_id"], row["plan_id"], row["component_id"], "holdback"] += row["amount"]
    rows = [
        dict(zip(COLUMNS, (*key, amount, payout.period.end), strict=True))
        for key, amount in sorted(held.items(), key=lambda item: tuple(str(k) for k in item[0]))
        if amount
    ]
    return pd.DataFrame(rows, columns=COLUMNS)
