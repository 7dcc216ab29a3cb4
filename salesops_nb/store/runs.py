"""What was known when: every run's figures, recorded once.

A record's identity is the hash of notebook, parameters, as-of date, data fingerprint and package
version. Recording the same run again changes nothing; nothing is ever rewritten.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

import pandas as pd
from sqlalchemy import Column, Date, Engine, ForeignKey, Select, String, Table, Text, insert, select
from sqlalchemy.exc import IntegrityError

from salesops_nb.store.metadata import metadata

runs = Table(
    "runs",
    metadata,
    Column("run_id", String(64), primary_key=True),
    Column("notebook", String(120), nullable=False),
    Column("as_of", Date, nullable=False),
    Column("parameters", Text, nullable=False),
    Column("fingerprint", String(64), nullable=False),
    Column("version", String(40), nullable=False),
)
figures = Table(
    "figures",
    metadata,
    Column("run_id", String(64), ForeignKey("runs.run_id"), primary_key=True),
    Column("level", String(40), primary_key=True),
    Column("who", String(200), primary_key=True),
    Column("metric", String(80), primary_key=True),
    # exact text: decimals keep every place, and a figure that cannot be known is null
    Column("value", String(60)),
    Column("unit", String(40), nullable=False),
)


def run_id(notebook: str, parameters: Mapping[str, Any], as_of: date, fingerprint: str, version: str) -> str:
    """The identity of a run: the same inputs give the same 64 hexadecimal digits everywhere."""
    identity = [notebook, _plain(parameters), as_of.isoformat(), fingerprint, version]
    return hashlib.sha256("\n".join(identity).encode()).hexdigest()


def _plain(parameters: Mapping[str, Any]) -> str:
    return json.dumps(dict(parameters), sort_keys=True, default=str, ensure_ascii=False)


def record(
    engine: Engine,
    notebook: str,
    parameters: Mapping[str, Any],
    as_of: date,
    fingerprint: str,
    version: str,
    found: Iterable[tuple[str, str, str, Any, str]],
) -> str:
    """Write a run and its figures (level, who, metric, value, unit) unless they are there; gives its id."""
    identity = run_id(notebook, parameters, as_of, fingerprint, version)
    row = {
        "run_id": identity,
        "notebook": notebook,
        "as_of": as_of,
        "parameters": _plain(parameters),
        "fingerprint": fingerprint,
        "version": version,
    }
    values = [
        {
            "run_id": identity,
            "level": level,
            "who": who,
            "metric": metric,
            "value": _text(value),
            "unit": unit,
        }
        for level, who, metric, value, unit in found
    ]
    with engine.connect() as connection:
        if connection.execute(select(runs.c.run_id).where(runs.c.run_id == identity)).first():
            return identity
    try:
        with engine.begin() as connection:
            connection.execute(insert(runs), row)
            if values:
                connection.execute(insert(figures), values)
    except IntegrityError:
        # another process recorded the very same run in between: it wrote the same
        with engine.connect() as connection:
            if not connection.execute(select(runs.c.run_id).where(runs.c.run_id == identity)).first():
                raise
    return identity


def _text(value: Any) -> str | None:
    return None if value is None or (isinstance(value, float) and value != value) else str(value)


def recorded(engine: Engine, notebook: str | None = None) -> pd.DataFrame:
    """Every recorded figure with its run, oldest as-of date first; values are text as recorded."""
    chosen: Select[Any] = select(runs, *[c for c in figures.c if c.name != "run_id"]).join(figures)
    if notebook:
        chosen = chosen.where(runs.c.notebook == notebook)
    chosen = chosen.order_by(runs.c.as_of, runs.c.run_id, figures.c.level, figures.c.who, figures.c.metric)
    with engine.connect() as connection:
        rows = connection.execute(chosen)
        return pd.DataFrame(rows.fetchall(), columns=list(rows.keys()))
