"""An opened workbook: its settings, its tables on one DuckDB connection, and what is wrong in them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping as MappingABC
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import duckdb
import narwhals as nw

from salesops_nb.errors import Problem, SalesopsError
from salesops_nb.periods import FiscalCalendar
from salesops_nb.source.contracts import CONTRACTS, SQL_TYPES, Contract
from salesops_nb.source.mapping import TableMapping, load_mapping
from salesops_nb.source.raw import literal, quoted, read_raw
from salesops_nb.source.typed import select_typed
from salesops_nb.workbook import Settings, find_workbook, load_settings

if TYPE_CHECKING:
    from sqlalchemy import Engine


@dataclass(frozen=True, slots=True)
class SetAside:
    """Rows that a figure leaves out for one reason, and what they add up to."""

    table: str
    reason: str
    left_out_of: str
    count: int
    amount: Any


@dataclass
class Workbook:
    """A workbook with its data read and checked; `tables` are narwhals frames on `connection`."""

    folder: Path
    settings: Settings
    connection: duckdb.DuckDBPyConnection
    tables: MappingABC[str, nw.LazyFrame[Any]]
    problems: list[Problem]
    fingerprint: str
    data_through: date | None
    simulated: frozenset[str]
    stages: dict[str, str] = field(default_factory=dict)
    set_aside: list[SetAside] = field(default_factory=list)

    @property
    def calendar(self) -> FiscalCalendar:
        """The fiscal calendar of the workbook."""
        return self.settings.calendar

    @cached_property
    def store(self) -> Engine:
        """The store's engine, opened when first asked for."""
        from salesops_nb.store.database import open_store

        return open_store(store_url(self.folder, self.settings))

    def table(self, name: str) -> nw.LazyFrame[Any]:
        """The table of that name; raises `SalesopsError` with the names there are."""
        if name in self.tables:
            return self.tables[name]
        raise SalesopsError(
            Problem(
                "unknown-table",
                f"The workbook has no table {name!r}.",
                f"It has: {', '.join(self.tables)}.",
                value=name,
            )
        )


def store_url(folder: Path, settings: Settings) -> str:
    """The store's address, a relative SQLite path read from the workbook's folder."""
    prefix = "sqlite:///"
    url = settings.store
    if url.startswith(prefix) and not url.startswith("sqlite:////") and url != "sqlite:///:memory:":
        return prefix + str(folder / url.removeprefix(prefix))
    return url


def open_workbook(path: str | Path = ".") -> Workbook:
    """The workbook at `path` or above it, with its tables read."""
    folder = find_workbook(path)
    settings = load_settings(folder)
    mapping = load_mapping(folder, settings)
    connection = duckdb.connect()
    connection.execute("CREATE SCHEMA raw; CREATE SCHEMA typed")
    digest = hashlib.blake2b(mapping.model_dump_json().encode(), digest_size=16)
    names = []
    for name, table in mapping.tables.items():
        if _load(connection, folder / settings.source, name, table, digest):
            names.append(name)
    tables = {name: nw.from_native(connection.table(quoted(name))) for name in names}
    return Workbook(
        folder=folder,
        settings=settings,
        connection=connection,
        tables=MappingProxyType(tables),
        problems=[],
        fingerprint=digest.hexdigest(),
        data_through=_data_through(connection) if "deals" in names else None,
        simulated=_simulated(connection, names),
        stages=dict(mapping.tables["deals"].stages) if "deals" in mapping.tables else {},
    )


def _load(
    connection: duckdb.DuckDBPyConnection, base: Path, name: str, table: TableMapping, digest: Any
) -> bool:
    """Read one table into a table of its name; false where an optional file is not there."""
    contract = CONTRACTS[name]
    file = table.file or f"{name}.csv"
    if table.optional and not (base / file).exists():
        return False
    digest.update((base / file).read_bytes())
    raw = read_raw(connection, base / file, name, file)
    select, _ = select_typed(contract, table, raw)
    for i, join in enumerate(table.joins):
        joined_file = join.file or ""
        if join.optional and not (base / joined_file).exists():
            continue
        digest.update((base / joined_file).read_bytes())
        joined = read_raw(connection, base / joined_file, f"{name}_{i}", joined_file)
        part, names = select_typed(contract, join, joined)
        added = ", ".join(f"b.{quoted(n)}" for n in names if n not in (join.on, "simulated"))
        select = f"SELECT a.*, {added} FROM ({select}) a LEFT JOIN ({part}) b USING ({quoted(join.on)})"
    connection.execute(f"CREATE TABLE typed.{quoted(name)} AS {select}")
    connection.execute(f"CREATE VIEW {quoted(name)} AS {_final(connection, contract, table)}")
    return True


def _final(connection: duckdb.DuckDBPyConnection, contract: Contract, table: TableMapping) -> str:
    """The SELECT of the finished table: every column of the contract is there, empty where unknown."""
    held = {row[0] for row in connection.execute(f"DESCRIBE typed.{quoted(contract.name)}").fetchall()}
    parts = []
    for column in contract.columns:
        if column.name == "outcome" and column.name not in held:
            cases = " ".join(f"WHEN {literal(s)} THEN {literal(o)}" for s, o in table.stages.items())
            parts.append(f"CASE stage {cases} END AS outcome")
        elif column.name == "amount_estimated":
            parts.append("false AS amount_estimated")
        elif column.name == "valid_from" and contract.name == "people" and column.name not in held:
            parts.append("DATE '1900-01-01' AS valid_from")
        elif column.name in held:
            parts.append(quoted(column.name))
        else:
            parts.append(f"CAST(NULL AS {SQL_TYPES[column.type]}) AS {quoted(column.name)}")
    extra = [quoted(n) for n in held - set(contract.by_name) if n not in ("_row",)]
    return f"SELECT {', '.join([*parts, *sorted(extra)])} FROM typed.{quoted(contract.name)}"


def _data_through(connection: duckdb.DuckDBPyConnection) -> date | None:
    row = connection.execute("SELECT greatest(max(created_on), max(closed_on)) FROM deals").fetchone()
    return row[0] if row else None


def _simulated(connection: duckdb.DuckDBPyConnection, names: list[str]) -> frozenset[str]:
    """Tables that hold simulated rows."""
    found = set()
    for name in names:
        columns = {row[0] for row in connection.execute(f"DESCRIBE {quoted(name)}").fetchall()}
        if "simulated" in columns:
            row = connection.execute(
                f"SELECT coalesce(bool_or(simulated), false) FROM {quoted(name)}"
            ).fetchone()
            if row and row[0]:
                found.add(name)
    return frozenset(found)
