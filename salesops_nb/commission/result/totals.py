"""What a payout comes to: statements by person, the balances it leaves, and its figures in words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pandas as pd
import pyarrow as pa

from salesops_nb.commission.inputs.opening_balances import openings
from salesops_nb.commission.inputs.tables import as_decimal
from salesops_nb.commission.settlement.working import Working
from salesops_nb.core.periods import Period
from salesops_nb.errors import Problem

_BALANCES = ["person_id", "plan_id", "component_id", "kind", "amount", "as_of"]


def statements(lines: pd.DataFrame) -> pd.DataFrame:
    """A row a payee, plan and currency, with the number of lines, a column a kind, and the amount."""
    rows: dict[tuple[str, str, str], dict[str, Any]] = {}
    kinds = sorted(lines["kind"].unique())
    for payee, plan, currency, kind, amount in zip(
        lines["payee_id"], lines["plan_id"], lines["currency"], lines["kind"], lines["amount"], strict=True
    ):
        plan = None if plan is pd.NA else plan
        key = (payee, plan or "", currency)
        row = rows.setdefault(
            key,
            {"payee_id": payee, "plan_id": plan, "currency": currency, "lines": 0}
            | {k: Decimal(0) for k in kinds}
            | {"amount": Decimal(0)},
        )
        row["lines"] += 1
        row[kind] += amount
        row["amount"] += amount
    made = [rows[key] for key in sorted(rows)]
    schema = {"payee_id": pa.string(), "plan_id": pa.string(), "currency": pa.string(), "lines": pa.int64()}
    schema |= dict.fromkeys([*kinds, "amount"], pa.decimal128(38, 4))
    frame: pd.DataFrame = pa.Table.from_pylist(made, schema=pa.schema(schema)).to_pandas(
        types_mapper=pd.ArrowDtype
    )
    return frame


def balances(payout: Working) -> pd.DataFrame:
    """A row a person, plan, component and kind: draws to repay, pay carried over caps, pay held back."""
    found: dict[tuple[str, str, str | None, str], Decimal] = defaultdict(Decimal)
    for (plan_id, payee), amount in payout.draws.items():
        found[payee, plan_id, None, "draw"] += amount
    plans = {plan.id: plan for plan in payout.plans}
    earlier = [row for plan in plans.values() for row in payout.prior(plan)]
    for row in (r for r in (*earlier, *payout.made) if r.get("kind") == "carry"):
        found[row["payee_id"], row["plan_id"], row["component_id"], "carry"] += as_decimal(row["credit"]) or 0
    for plan in plans.values():
        for o in openings(payout.tables, plan, "carry"):
            found[o.payee, plan.id, o.component, "carry"] += o.amount
    for row in payout.withheld_rows:
        if row["amount"] and row.get("component_id"):
            found[row["payee_id"], row["plan_id"], row["component_id"], "holdback"] += row["amount"]
    for (plan_id, payee, _), amount in payout.carried.items():
        found[payee, plan_id, None, "negative_pay"] += amount
    rows = [
        dict(zip(_BALANCES, (*key, amount, payout.period.end), strict=True))
        for key, amount in sorted(found.items(), key=lambda item: tuple(str(k) for k in item[0]))
        if amount
    ]
    return pd.DataFrame(rows, columns=_BALANCES)


def words(
    period: Period, lines: pd.DataFrame, reconciliation: pd.DataFrame, problems: Sequence[Problem]
) -> str:
    """The period's figures in a few lines of text."""
    sentences = [f"Commission {period.words}"]
    totals: dict[str, Decimal] = defaultdict(Decimal)
    for currency, amount in zip(lines["currency"], lines["amount"], strict=True):
        totals[currency] += amount
    for currency, amount in sorted(totals.items()):
        sentences.append(
            f"Paid: {amount:,.2f} {currency} in {len(lines)} lines to {lines['payee_id'].nunique()} people."
        )
    for row in reconciliation.to_dict("records"):
        tie = "ties" if not row["difference"] else f"differs by {row['difference']:,.2f}"
        sentences.append(
            f"Plan {row['plan_id']} version {row['plan_version']}, {row['basis']}: credited "
            f"{row['credited']:,.2f} = paid {row['paid']:,.2f} "
            f"+ withheld {row['withheld']:,.2f} + excluded {row['excluded']:,.2f} {row['currency']}"
            f" ({tie}); overlay credit in it {row['overlay']:,.2f}."
        )
    errors = sum(1 for p in problems if p.severity == "error")
    sentences.append(f"Problems: {errors} errors, {len(problems) - errors} others.")
    return "\n".join(sentences)
