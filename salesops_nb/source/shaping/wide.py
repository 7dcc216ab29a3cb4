"""A wide sheet, a column a period, as rows: one for each of its cells that holds anything."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

import duckdb

from salesops_nb.errors import SalesopsError
from salesops_nb.source.columns import parsing
from salesops_nb.source.columns.headers import locate
from salesops_nb.source.schema.mapping import FileMapping
from salesops_nb.source.schema.raw import CELLS, Raw, literal, quoted

PERIOD, VALUE = "period", "value"
F = TypeVar("F", bound=FileMapping)


def narrow(connection: duckdb.DuckDBPyConnection, raw: Raw, file: F, table: str) -> tuple[Raw, F]:
    """The rows with a column for the period and one for the value, and the mapping that names the two.

    Each bears a number of its own, by which a finding names the row and column that it comes from. Raises
    `SalesopsError` for a column that is missing.
    """
    if not file.wide:
        return raw, file
    headers: dict[str, str] = {}
    problems = []
    for header, period in file.wide.items():
        found, problem = locate(header, list(raw.types), raw.file, period, table)
        if found is not None:
            headers[found] = period
        elif problem is not None:
            problems.append(problem)
    if problems:
        raise SalesopsError(problems)
    others = [header for header in raw.types if header not in headers and header not in (PERIOD, VALUE)]
    cells = ", ".join(map(quoted, others)) + ("," if others else "")
    blanks = ", ".join(map(literal, file.blanks or ("",)))
    selects = []
    for number, (header, period) in enumerate(headers.items()):
        text = f"CAST({quoted(header)} AS VARCHAR)"
        cell = parsing.trimmed(text)
        selects.append(
            f"SELECT {cells} _row + {number * CELLS} AS _row, "
            f"{literal(period)} AS {PERIOD}, {text} AS {VALUE} FROM {raw.name} "
            f"WHERE {cell} IS NOT NULL AND {cell} NOT IN ({blanks})"
        )
    view = f"raw.{quoted(f'{raw.label} (rows)')}"
    connection.execute(f"CREATE OR REPLACE VIEW {view} AS {' UNION ALL '.join(selects)}")
    types = {header: raw.types[header] for header in others} | {PERIOD: "VARCHAR", VALUE: "VARCHAR"}
    mapped = {**file.columns, PERIOD: PERIOD, VALUE: VALUE}
    made = replace(raw, name=view, types=types, cells=tuple(headers))
    return made, file.model_copy(update={"columns": mapped})
