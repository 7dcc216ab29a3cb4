"""The engine that reads sources: one DuckDB connection that reaches no file but those it was given."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import duckdb

from salesops_nb.core.frames import scratch
from salesops_nb.source.schema.raw import engine_path, literal


def guarded(connection: duckdb.DuckDBPyConnection, folder: Path, files: Iterable[Path]) -> None:
    """Close the connection to files and networks, for good; whatever runs on it later is bound by it.

    It goes on to read `files` (a DuckDB file with its log), and to read and write in the workbook's
    cache and the process's own temporary folder. No extension is loaded, and no setting changes again.
    """
    paths = [path for file in files for path in (str(file), engine_path(file), f"{file}.wal")]
    folders = [f"{place}/" for place in (folder / ".cache", scratch())]
    allowed = {"allowed_paths": dict.fromkeys(paths), "allowed_directories": folders}
    connection.execute(f"SET temp_directory = {literal(str(folder / '.cache' / 'spill'))}")
    for setting, places in allowed.items():
        connection.execute(f"SET {setting} = [{', '.join(literal(place) for place in places)}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
