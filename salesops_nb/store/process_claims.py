"""What a process review claimed of a day, so that it can be measured again when its review date has come.

One list a day, period and segment. The same claims again change nothing; other ones of the same day, as after
the data were corrected, replace what was kept.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd
from sqlalchemy import Column, Date, Engine, Float, Integer, String, Table, Text, delete, insert, select

from salesops_nb.store.metadata import metadata

claims = Table(
    "process_claims",
    metadata,
    Column("claimed_on", Date, primary_key=True),
    Column("period", String(64), primary_key=True),
    Column("segment", String(200), primary_key=True),  # empty: all
    Column("kind", String(16), primary_key=True),
    Column("stage", String(200), primary_key=True),
    Column("team", String(200), primary_key=True),
    Column("n", Integer, nullable=False),
    Column("own", Float),  # no median is known where most are still in the stage
    Column("peers", Float),
    Column("behind", Float, nullable=False),
    Column("behind_low", Float, nullable=False),
    Column("behind_high", Float, nullable=False),
    Column("money", Float, nullable=False),  # an estimate, not an amount that anybody is owed
    Column("plays", Text, nullable=False),
    Column("review_on", Date, nullable=False),
)
_KEY = ("claimed_on", "period", "segment")


def keep_claims(
    engine: Engine, claimed_on: date, period: str, segment: str | None, found: pd.DataFrame
) -> None:
    """Keep the claims of a review; `found` has the other columns of `claims`."""
    at = {"claimed_on": claimed_on, "period": period, "segment": segment or ""}
    names = [column.name for column in claims.c if column.name not in _KEY]
    rows: list[dict[str, Any]] = [
        {**at, **{str(name): _plain(value) for name, value in row.items()}}
        for row in found[names].to_dict("records")
    ]
    mine = [claims.c[name] == value for name, value in at.items()]
    order = ("kind", "stage", "team")
    with engine.begin() as connection:
        stored = [dict(row._mapping) for row in connection.execute(select(claims).where(*mine))]
        if sorted(stored, key=lambda row: [row[n] for n in order]) == sorted(
            rows, key=lambda row: [row[n] for n in order]
        ):
            return
        connection.execute(delete(claims).where(*mine))
        if rows:
            connection.execute(insert(claims), rows)


def _plain(value: Any) -> Any:
    plain = value.item() if hasattr(value, "item") else value
    return None if isinstance(plain, float) and plain != plain else plain


def earlier_claims(engine: Engine, as_of: date, segment: str | None) -> pd.DataFrame:
    """The claims of a segment (of all: ``None``) from before a day whose review date has come by then.

    What was claimed of one stage and team more than once counts as it was last; the newest claims first.
    """
    due = (claims.c.claimed_on < as_of, claims.c.review_on <= as_of, claims.c.segment == (segment or ""))
    newest = (claims.c.claimed_on.desc(), claims.c.period.desc())
    chosen = select(claims).where(*due).order_by(*newest, claims.c.money.desc())
    with engine.connect() as connection:
        rows = connection.execute(chosen)
        found = pd.DataFrame(rows.fetchall(), columns=list(rows.keys()))
    return found.drop_duplicates(["kind", "stage", "team"], ignore_index=True)
