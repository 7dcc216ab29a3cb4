"""A pay statement leaves only when it shows what the ledger says now: these lines, in this status."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import Any

from sqlalchemy import Engine

from salesops_nb.batch.folder import Record
from salesops_nb.commission.ledger_rows import lines_digest, plain_rows
from salesops_nb.commission.statement import APPROVED
from salesops_nb.money import places
from salesops_nb.store import ledger

Shown = dict[str, Any]


class PayLedger:
    """What the ledger says of people's statements; a period is read again when the ledger has changed."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._anchor = ""
        self._periods: dict[str, dict[str, Shown]] = {}

    def now(self, period: str, payee: str) -> Shown | None:
        """A payee's statement of a period: status, the hash of its lines, totals; None without a line."""
        anchor = ledger.anchor(self._engine)
        if anchor != self._anchor:
            self._anchor, self._periods = anchor, {}
        if period not in self._periods:
            self._periods[period] = self._read(period)
        return self._periods[period].get(payee)

    def _read(self, period: str) -> dict[str, Shown]:
        lines = defaultdict(list)
        for row in plain_rows(ledger.lines(self._engine, period)):
            lines[row["payee_id"]].append(row)
        return {payee: _statement(rows) for payee, rows in lines.items()}

    def approved(self, period: str, payee: str) -> bool:
        """Whether a payee's statement of a period is approved, or its period locked or paid."""
        now = self.now(period, payee)
        return now is not None and now["status"] in APPROVED

    def difference(self, record: Record, payee: str) -> str | None:
        """How what a report shows differs from the ledger, in words; None where it does not."""
        shown, now = record.get("statement"), self.now(record["period"], payee)
        if shown is None:
            return "its notebook does not say which statement it shows, as present.commission.cover does"
        if (shown["payee"], shown["period"]) != (payee, record["period"]):
            return f"it shows the statement of {shown['payee']} for {shown['period']}"
        if now is not None and (shown["status"], shown["lines"]) == (now["status"], now["lines"]):
            return None
        said = f"{now['status']}, {_amounts(now)}" if now is not None else "nothing"
        mine = f"{shown['status']}, {_amounts(shown)}"
        return f"it shows {mine}; the ledger has {said}{' in other lines' if said == mine else ''}"


def _statement(rows: list[dict[str, Any]]) -> Shown:
    totals: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        totals[row["currency"]] += row["amount"]
    texts = {currency: str(amount) for currency, amount in sorted(totals.items())}
    return {"status": rows[0]["status"], "lines": lines_digest(rows), "totals": texts}


def _amounts(statement: Shown) -> str:
    sums = ((Decimal(text), currency) for currency, text in statement["totals"].items())
    return " + ".join(f"{amount:,.{places(currency)}f} {currency}" for amount, currency in sums) or "0"
