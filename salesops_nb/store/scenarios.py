"""Scenarios of a notebook: parameters kept under a name, to be worked out again on today's data. Append-only.

A scenario saved again under its name is a new version; the latest is shown, the earlier ones stay readable.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from sqlalchemy import Column, Date, Engine, Integer, String, Table, Text, select

from salesops_nb.errors import SalesopsError, problem
from salesops_nb.store.metadata import append_once, append_only, in_turn, metadata

Notebook = Literal["hiring", "sales_model"]


def _table(name: Notebook) -> Table:
    found = Table(
        f"{name}_scenarios",
        metadata,
        Column("name", String(120), primary_key=True),
        Column("version", Integer, primary_key=True),
        Column("parameters", Text, nullable=False),
        Column("saved_by", Text, nullable=False),
        Column("saved_on", Date, nullable=False),
    )
    append_only(found, "save a new version")
    return found


SCENARIOS: Mapping[Notebook, Table] = {"hiring": _table("hiring"), "sales_model": _table("sales_model")}


@dataclass(frozen=True, slots=True)
class Scenario:
    """A named set of parameters that differ from the notebook's own."""

    name: str
    version: int
    parameters: Mapping[str, Any]
    saved_by: str
    saved_on: date


def save_scenario(
    engine: Engine, name: str, parameters: Mapping[str, Any], *, by: str, on: date, of: Notebook = "hiring"
) -> int:
    """Keep parameters under a name; the version, which is the last one's where they are the same.

    Raises
    ------
    SalesopsError
        where the name or who saves it is empty, or others save under the name at the same moment.
    """
    for column, value in (("name", name), ("saved_by", by)):
        if not str(value or "").strip():
            raise SalesopsError(problem("missing-value", table=SCENARIOS[of].name, column=column))
    content = json.dumps(dict(parameters), default=str, sort_keys=True, ensure_ascii=False)
    row = {"name": name.strip(), "parameters": content, "saved_by": by.strip(), "saved_on": on}
    table = SCENARIOS[of]
    metadata.create_all(engine, tables=[table])
    busy = problem("store-busy.scenario", name=row["name"])
    return in_turn(
        engine,
        lambda connection: append_once(connection, table, "version", row, ["parameters"], of="name")[0],
        busy,
    )


def saved_scenarios(engine: Engine, of: Notebook = "hiring") -> list[Scenario]:
    """The latest version of each scenario, in the order in which they were first saved."""
    table = SCENARIOS[of]
    metadata.create_all(engine, tables=[table])
    with engine.connect() as connection:
        rows = connection.execute(
            select(table).order_by(table.c.saved_on, table.c.name, table.c.version)
        ).all()
    latest = {
        row.name: Scenario(row.name, row.version, json.loads(row.parameters), row.saved_by, row.saved_on)
        for row in rows
    }
    return list(latest.values())
