"""A file as it stands: every column under its own header, with the row a spreadsheet shows."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from salesops_nb.errors import Problem

APART = 10**12  # more rows than a file has
CELLS = 10**9  # more rows than a wide sheet has


@dataclass(frozen=True, slots=True)
class Raw:
    """A view or table of the connection that holds a file's rows and, in ``_row``, their numbers.

    `types` gives each header's SQL type, `digest` identifies the content, `problems` is what was
    found while reading, and `in_place` that the rows stay where they are (Parquet, DuckDB). `more` names
    the files whose rows follow those of `file`: the n-th counts its rows from n times `APART` on. `written`
    is when the newest of the files was, in seconds since 1970; a database and a frame do not say it. `cells`
    are the columns of a wide sheet of which each row is a cell: those of the n-th count from n times `CELLS`.
    """

    name: str
    file: str
    types: dict[str, str]
    digest: bytes = b""
    problems: list[Problem] = field(default_factory=list)
    in_place: bool = False
    more: tuple[str, ...] = ()
    written: float | None = None
    cells: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """The view's or table's own name, without its schema."""
        return self.name.split(".", 1)[1][1:-1].replace('""', '"')


def spoken_row(raw: Raw) -> str:
    """The SQL of a row's number as a message says it: with its file where it stands in a further one."""
    row = f"(_row % {CELLS if raw.cells else APART})"
    cases = [
        f"WHEN _row // {APART} = {number} THEN {row} || ' of ' || {literal(file)}"
        for number, file in enumerate(raw.more, 1)
    ]
    return f"CASE {' '.join(cases)} ELSE CAST({row} AS VARCHAR) END" if cases else row


def quoted(name: str) -> str:
    """An SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """An SQL string."""
    return "'" + text.replace("'", "''") + "'"


def engine_path(path: Path) -> str:
    """A path as the engine takes it for this one file, with the signs of its patterns marked off."""
    return re.sub(r"([*?\[])", r"[\1]", str(path))


def described(connection: duckdb.DuckDBPyConnection, view: str) -> dict[str, str]:
    """Each column's SQL type, without that of the row numbers."""
    rows = connection.execute(f"DESCRIBE {view}").fetchall()
    return {row[0]: re.sub(r"\(\d+\)$", "", row[1]) for row in rows if row[0] != "_row"}


def put_over(
    connection: duckdb.DuckDBPyConnection, table: str, was: str, columns: str, joins: str = ""
) -> None:
    """Let a table's work view be `columns` of what it has been: ``a`` in them, and called `was` now."""
    view, below = quoted(table), quoted(f"{table} ({was})")
    connection.execute(f"ALTER VIEW work.{view} RENAME TO {below}")
    connection.execute(f"CREATE VIEW work.{view} AS SELECT {columns} FROM work.{below} a {joins}")


def end_results(connection: duckdb.DuckDBPyConnection) -> None:
    """End a result of which only the first row was read: the engine refuses some work while one is open."""
    connection.execute("SELECT 1").fetchall()


def register(connection: duckdb.DuckDBPyConnection, name: str, table: object) -> None:
    """Make an Arrow table known to the connection."""
    end_results(connection)
    connection.register(name, table)
