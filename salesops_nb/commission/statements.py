"""Statements: the sum of a person's rounded lines."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa

if TYPE_CHECKING:
    from salesops_nb.commission.payout import Payout


def statements(payout: Payout) -> pd.DataFrame:
    """A row a payee, plan and currency, with the number of lines, a column a kind, and the amount."""
    lines = payout.lines
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
