"""Plans and tables of a few rows, written shortly."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pandas as pd

from salesops_nb import commission

START = date(2026, 1, 1)
# quota bands: 5 % up to the quota, 20 % above it; what 1,000 pays says what the quota was
BANDS = {
    "id": "b",
    "scope": "running_total",
    "table": {"mode": "marginal", "unit": "pct_of_quota",
              "rows": [{"from": 0, "rate_pct": 5}, {"from": 100, "rate_pct": 20}]},
}  # fmt: skip


def plan(*components: dict[str, Any], period: str = "quarter", **parts: Any) -> commission.Plan:
    """A plan of 2026 in dollars."""
    head = {
        "id": "p",
        "version": 1,
        "from": date(2026, 1, 1),
        "to": date(2026, 12, 31),
        "currency": "USD",
        "period": period,
    }
    head |= parts.pop("head", {})
    return commission.load_plan({"plan": head, "components": list(components), **parts})


def deals(*amounts: object, owner: str = "rep", start: date = START, **columns: Any) -> pd.DataFrame:
    """Won deals d1, d2 …, a day apart."""
    rows = []
    for i, amount in enumerate(amounts):
        row = {"deal_id": f"d{i + 1}", "owner_id": owner, "stage": "Won", "outcome": "won",
               "amount": Decimal(str(amount)), "closed_on": start + timedelta(days=i)}  # fmt: skip
        rows.append(row | {k: v[i] if isinstance(v, list | tuple) else v for k, v in columns.items()})
    return pd.DataFrame(rows)


def events(*rows: tuple[Any, ...]) -> pd.DataFrame:
    """Events of (deal, kind, day, amount)."""
    return pd.DataFrame(
        [
            {
                "event_id": f"e{i + 1:02d}",
                "deal_id": d,
                "kind": k,
                "happened_on": day if isinstance(day, date) else date.fromisoformat(day),
                "amount": None if amount is None else Decimal(str(amount)),
            }
            for i, (d, k, day, amount) in enumerate(rows)
        ]
    )


def table(*rows: dict[str, Any]) -> pd.DataFrame:
    """Rows as a frame."""
    return pd.DataFrame(list(rows))


def by(payout: commission.Payout, *columns: str, kinds: tuple[str, ...] | None = None) -> dict[Any, Decimal]:
    """Sums of the lines by columns."""
    found: dict[Any, Decimal] = {}
    for row in payout.lines.to_dict("records"):
        if kinds is None or row["kind"] in kinds:
            key = tuple(row[c] for c in columns)
            key = key[0] if len(columns) == 1 else key
            found[key] = found.get(key, Decimal(0)) + row["amount"]
    return found


def total(payout: commission.Payout) -> Decimal:
    """All that is paid."""
    return sum((row["amount"] for row in payout.lines.to_dict("records")), Decimal(0))


def paid(plan_: commission.Plan, *amounts: object, period: str = "2026-Q1", **more: Any) -> Decimal:
    """What a rep with these deals gets."""
    return total(commission.calculate(plan_, {"deals": deals(*amounts), **more}, period))


def D(value: object) -> Decimal:
    """A decimal as written."""
    return Decimal(str(value))
