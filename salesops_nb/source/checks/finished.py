"""The finished view of a table: every column of its contract, spoiled cells empty, bad rows left out."""

from __future__ import annotations

import duckdb

from salesops_nb.source.checks.keys import BECOMES_UNASSIGNED, UNASSIGNED
from salesops_nb.source.checks.rejects import spoiled_rows
from salesops_nb.source.columns.casting import Typed
from salesops_nb.source.schema.contracts import SQL_TYPES, Column, Contract
from salesops_nb.source.schema.mapping import TableMapping
from salesops_nb.source.schema.raw import literal, quoted
from salesops_nb.workbook import Settings

EARLIEST = "DATE '1900-01-01'"
# the deal's own word on which figures it can stand in
OK_FLAGS = {
    "ok_bookings": "outcome <> 'won' OR (amount IS NOT NULL AND closed_on IS NOT NULL)",
    "ok_win_rate": "outcome = 'open' OR closed_on IS NOT NULL",
    "ok_cycle_time": "created_on IS NOT NULL AND (outcome = 'open' OR "
    "coalesce(closed_on >= created_on, false))",
    "ok_product_mix": "product_id IS NOT NULL",
    "ok_owner": f"owner_id <> '{UNASSIGNED}'",
}


def finish(
    connection: duckdb.DuckDBPyConnection,
    contract: Contract,
    typed: Typed,
    mapping: TableMapping,
    settings: Settings,
) -> None:
    """Make the view that analyses read, named as the table."""
    name = contract.name
    described = connection.execute(f"DESCRIBE work.{quoted(name)}").fetchall()
    columns = [row[0] for row in described if row[0] not in ("_row", "_bad", "_no_rate")]
    spoiled = {
        row[0]
        for row in connection.execute(
            f'SELECT DISTINCT "column" FROM spoiled WHERE "table" = {literal(name)}'
        ).fetchall()
    }
    parts = [_column(contract, column, columns, spoiled, settings) for column in contract.columns]
    extra = [column for column in columns if column not in contract.by_name]
    where = f" WHERE NOT {spoiled_rows(name, '*')}" if "*" in spoiled else ""
    select = f"SELECT {', '.join([*parts, *map(quoted, extra)])} FROM work.{quoted(name)}{where}"
    if name == "deals":
        flags = ", ".join(f"{sql} AS {flag}" for flag, sql in OK_FLAGS.items() if flag not in columns)
        select = f"SELECT *, {flags} FROM ({select})"
    connection.execute(f"CREATE OR REPLACE VIEW {quoted(name)} AS {select}")


def _column(
    contract: Contract, column: Column, columns: list[str], spoiled: set[str], settings: Settings
) -> str:
    name, sql_type = quoted(column.name), SQL_TYPES[column.type]
    default = _default(contract.name, column.name, settings)
    if column.name not in columns:
        return f"CAST({default} AS {sql_type}) AS {name}"
    value = name
    if column.name in spoiled:
        value = f"CASE WHEN NOT {spoiled_rows(contract.name, column.name)} THEN {name} END"
    if default == "NULL" and value == name:
        return name
    return f"coalesce({value}, {default}) AS {name}" if default != "NULL" else f"{value} AS {name}"


def _default(table: str, column: str, settings: Settings) -> str:
    """What stands where a cell is empty: unassigned owners, people valid for ever, the one currency."""
    if (table, column) in BECOMES_UNASSIGNED:
        return literal(UNASSIGNED)
    return {
        ("people", "valid_from"): EARLIEST,
        ("deals", "currency"): literal(settings.currency),
        ("deals", "amount_estimated"): "false",
        ("events", "currency"): literal(settings.currency),
        ("fx_rates", "kind"): literal(settings.fx_kind),
        ("splits", "type"): "'revenue'",
    }.get((table, column), "NULL")
