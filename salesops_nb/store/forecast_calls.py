"""Forecast calls: what a person commits to for a period, with the best case and why. Append-only.

A later call stands beside the earlier ones. The same call again, of the same day, is not written twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import BIGINT, Column, Connection, Date, Engine, Integer, String, Table, Text, insert, select

from salesops_nb.store.metadata import append_only, from_e4, metadata, to_e4

calls = Table(
    "calls",
    metadata,
    Column("call_id", Integer, primary_key=True, autoincrement=True),
    Column("person_id", String(255), nullable=False),
    Column("period", String(64), nullable=False),
    Column("made_on", Date, nullable=False),
    Column("commit_e4", BIGINT, nullable=False),
    Column("best_case_e4", BIGINT, nullable=False),
    Column("reason", Text, nullable=False),
    Column("entered_by", Text, nullable=False),
    Column("entered_at", String(32), nullable=False),
)
append_only(calls, "make a new call")


@dataclass(frozen=True, slots=True)
class Call:
    """What a person called for a period on a day; amounts have at most four decimal places."""

    person_id: str
    period: str
    made_on: date
    commit: Decimal
    best_case: Decimal
    reason: str

    @property
    def key(self) -> tuple[str, str, date]:
        """Whose call it is, for which period, of which day: the last of these counts."""
        return self.person_id, self.period, self.made_on


def add_calls(engine: Engine, made: Sequence[Call], *, entered_by: str, entered_at: datetime) -> int:
    """Append the calls that differ from the last of their person, period and day; how many these are."""
    with engine.begin() as connection:
        last = {call.key: call for call in _read(connection)}
        new = []
        for call in made:
            if last.get(call.key) != call:
                last[call.key] = call
                new.append(call)
        who = {"entered_by": entered_by, "entered_at": entered_at.isoformat(timespec="seconds")}
        rows = [
            {
                "person_id": call.person_id,
                "period": call.period,
                "made_on": call.made_on,
                "commit_e4": to_e4(call.commit),
                "best_case_e4": to_e4(call.best_case),
                "reason": call.reason,
                **who,
            }
            for call in new
        ]
        if rows:
            connection.execute(insert(calls), rows)
    return len(new)


def calls_made(engine: Engine) -> list[Call]:
    """Every call in the order in which they were entered."""
    with engine.connect() as connection:
        return _read(connection)


def _read(connection: Connection) -> list[Call]:
    return [
        Call(
            row.person_id,
            row.period,
            row.made_on,
            from_e4(row.commit_e4),
            from_e4(row.best_case_e4),
            row.reason,
        )
        for row in connection.execute(select(calls).order_by(calls.c.call_id))
    ]
