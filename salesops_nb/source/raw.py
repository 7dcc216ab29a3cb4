"""A file as it stands: every column under its own header, with the row a spreadsheet shows."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from salesops_nb.errors import Problem


@dataclass(frozen=True, slots=True)
class Raw:
    """A view or table of the connection that holds a file's rows and, in ``_row``, their numbers.

    `types` gives each header's SQL type, `digest` identifies the content, `problems` is what was
    found while reading, and `in_place` that the rows stay where they are (Parquet, DuckDB).
    """

    name: str
    file: str
    types: dict[str, str]
    digest: bytes = b""
    problems: list[Problem] = field(default_factory=list)
    in_place: bool = False


def quoted(name: str) -> str:
    """An SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """An SQL string."""
    return "'" + text.replace("'", "''") + "'"


def read_raw(connection: duckdb.DuckDBPyConnection, path: Path, name: str, shown: str) -> Raw:
    """The file at `path` as a view called `name` in the schema ``raw``."""
    view = f"raw.{quoted(name)}"
    if path.suffix.lower() == ".parquet":
        source = f"read_parquet({literal(str(path))}, file_row_number = true)"
        select = f"SELECT * EXCLUDE (file_row_number), file_row_number + 1 AS _row FROM {source}"
    else:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            header = next(csv.reader(lines))
        columns = ", ".join(f"{literal(column)}: 'VARCHAR'" for column in header)
        select = (
            "SELECT *, row_number() OVER () + 1 AS _row FROM read_csv("
            f"{literal(str(path))}, auto_detect = false, header = true, delim = ',', quote = '\"', "
            f"escape = '\"', columns = {{{columns}}})"
        )
    connection.execute(f"CREATE VIEW {view} AS {select}")
    described = connection.execute(f"DESCRIBE {view}").fetchall()
    return Raw(view, shown, {row[0]: row[1] for row in described if row[0] != "_row"})
