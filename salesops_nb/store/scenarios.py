"""Hiring scenarios: parameters kept under a name, to be planned again on today's data. Append-only.

A scenario saved again under its name is a new version; the latest is shown, the earlier ones stay readable.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Column, Connection, Date, Engine, Integer, String, Table, Text, insert, select

from salesops_nb.errors import SalesopsError, problem
from salesops_nb.store.metadata import append_only, in_turn, metadata

scenarios = Table(
    "hiring_scenarios",
    metadata,
    Column("name", String(120), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("parameters", Text, nullable=False),
    Column("saved_by", Text, nullable=False),
    Column("saved_on", Date, nullable=False),
)
append_only(scenarios, "save a new version")


@dataclass(frozen=True, slots=True)
class Scenario:
    """A named set of parameters that differ from the notebook's own."""

    name: str
    version: int
    parameters: Mapping[str, Any]
    saved_by: str
    saved_on: date


def save_scenario(engine: Engine, name: str, parameters: Mapping[str, Any], *, by: str, on: date) -> int:
    """Keep parameters under a name; the version, which is the last one's where they are the same.

    Raises
    ------
    SalesopsError
        where the name or who saves it is empty, or others save under the name at the same moment.
    """
    for column, value in (("name", name), ("saved_by", by)):
        if not str(value or "").strip():
            raise SalesopsError(problem("missing-value", table="hiring_scenarios", column=column))
    content = json.dumps(dict(parameters), default=str, sort_keys=True, ensure_ascii=False)
    row = {"name": name.strip(), "parameters": content, "saved_by": by.strip(), "saved_on": on}
    metadata.create_all(engine, tables=[scenarios])
    busy = problem("store-busy.scenario", name=row["name"])
    return in_turn(engine, lambda connection: _append(connection, row), busy)


def _append(connection: Connection, row: dict[str, Any]) -> int:
    mine = select(scenarios).where(scenarios.c.name == row["name"])
    last = connection.execute(mine.order_by(scenarios.c.version.desc()).limit(1)).one_or_none()
    if last is not None and last.parameters == row["parameters"]:
        return int(last.version)
    version = 1 if last is None else int(last.version) + 1
    connection.execute(insert(scenarios), {**row, "version": version})
    return version


def saved_scenarios(engine: Engine) -> list[Scenario]:
    """The latest version of each scenario, in the order in which they were first saved."""
    metadata.create_all(engine, tables=[scenarios])
    with engine.connect() as connection:
        rows = connection.execute(
            select(scenarios).order_by(scenarios.c.saved_on, scenarios.c.name, scenarios.c.version)
        ).all()
    latest = {
        row.name: Scenario(row.name, row.version, json.loads(row.parameters), row.saved_by, row.saved_on)
        for row in rows
    }
    return list(latest.values())
