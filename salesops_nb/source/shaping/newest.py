"""Several exports of one table: the newest row of each id counts."""

from __future__ import annotations

from dataclasses import replace

import duckdb

from salesops_nb.errors import SalesopsError, problem
from salesops_nb.source.columns import parsing
from salesops_nb.source.columns.headers import locate
from salesops_nb.source.schema.contracts import Contract
from salesops_nb.source.schema.mapping import TableMapping
from salesops_nb.source.schema.raw import APART, Raw, quoted


def only_newest(
    connection: duckdb.DuckDBPyConnection, raw: Raw, mapping: TableMapping, contract: Contract
) -> Raw:
    """Of the rows of one id those of the last file, or with the latest moment in the column of `newest`."""
    own = mapping.mapped(raw.types, contract.by_name)
    headers = {**mapping.if_present, **own}
    keys = [
        locate(headers[n], list(raw.types), raw.file, n, contract.name)[0]
        for n in contract.key
        if n in headers
    ]
    if mapping.newest is None or not keys or None in keys:
        return raw
    key = ", ".join(parsing.trimmed(f"CAST({quoted(str(k))} AS VARCHAR)") for k in keys)
    if mapping.newest == "file":
        when = f"_row // {APART}"
    else:
        header, missing = locate(mapping.newest, list(raw.types), raw.file, "newest", contract.name)
        if header is None:
            raise SalesopsError([missing] if missing else [])
        when = _moment(connection, raw, header, mapping)
    view = f"raw.{quoted(f'{raw.label} (newest)')}"
    last = f"coalesce({when} = max({when}) OVER (PARTITION BY {key}), {when} IS NULL)"
    connection.execute(
        f"CREATE OR REPLACE TABLE {view} AS SELECT * FROM {raw.name} "
        f"QUALIFY {parsing.trimmed(f'CAST({quoted(str(keys[0]))} AS VARCHAR)')} IS NULL OR {last}"
    )
    row = connection.execute(
        f"SELECT (SELECT count(*) FROM {raw.name}) - (SELECT count(*) FROM {view})"
    ).fetchone()
    if not row or not row[0]:
        return replace(raw, name=view)
    note = problem("older-copies", table=contract.name, file=raw.file, column=str(keys[0]), n=row[0])
    return replace(raw, name=view, problems=[*raw.problems, note])


def _moment(connection: duckdb.DuckDBPyConnection, raw: Raw, header: str, mapping: TableMapping) -> str:
    """The SQL of the moment in the column; raises for cells that are none."""
    if raw.types[header] != "VARCHAR":
        return quoted(header)
    text = parsing.trimmed(quoted(header))
    sql = parsing.moment(text, mapping.date_order or "ymd", "UTC")
    row = connection.execute(
        f"SELECT min(_row), arg_min({text}, _row) FROM {raw.name} "
        f"WHERE {text} IS NOT NULL AND ({sql}) IS NULL"
    ).fetchone()
    if row and row[0] is not None:
        raise SalesopsError(
            problem("unreadable-newest", file=raw.file, row=row[0] % APART, column=header, value=row[1])
        )
    return f"({sql})"
