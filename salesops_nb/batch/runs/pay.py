"""A pay statement leaves only when it shows what the ledger says now: these lines, in this status."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import Engine

from salesops_nb.batch.runs.folder import Record
from salesops_nb.commission.finance.ledger_rows import lines_digest, plain_rows
from salesops_nb.commission.statements.statement import APPROVED
from salesops_nb.core.money import places
from salesops_nb.store.ledger import ledger
from salesops_nb.store.ledger.state import period_state

Shown = dict[str, Any]


class _Period(NamedTuple):
    """A period's statements by payee, the entries that approved them, and whose lines are disputed."""

    statements: Mapping[str, Shown]
    approved: Mapping[str, int]
    disputed: frozenset[str]


class PayLedger:
    """What the ledger says of people's statements; a period is read again when the ledger has changed."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._anchor = ""
        self._periods: dict[str, _Period] = {}

    def now(self, period: str, payee: str) -> Shown | None:
        """A payee's statement of a period: status, the hash of its lines, totals; None without a line."""
        return self._of(period).statements.get(payee)

    def approval(self, period: str, payee: str) -> str | None:
        """Which approval of which lines holds; locking and paying the period change nothing in it."""
        now, entry = self.now(period, payee), self._of(period).approved.get(payee)
        return None if now is None or entry is None else f"{period} {payee} {entry} {now['lines']}"

    def disputed(self, period: str, payee: str) -> bool:
        """Whether a line of the statement is disputed, and the dispute not closed."""
        return payee in self._of(period).disputed

    def _of(self, period: str) -> _Period:
        anchor = ledger.anchor(self._engine)
        if anchor != self._anchor:
            self._anchor, self._periods = anchor, {}
        if period not in self._periods:
            self._periods[period] = self._read(period)
        return self._periods[period]

    def _read(self, period: str) -> _Period:
        lines = defaultdict(list)
        for row in plain_rows(ledger.lines(self._engine, period)):
            lines[row["payee_id"]].append(row)
        with self._engine.connect() as connection:
            approved = period_state(connection, period).approved
        disputes = ledger.disputes(self._engine, period=period)
        disputed = frozenset(disputes.loc[disputes["status"] != "closed", "payee_id"])
        return _Period({payee: _statement(rows) for payee, rows in lines.items()}, approved, disputed)

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
