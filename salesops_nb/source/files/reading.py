"""One interface to every source: a file, a sheet, a database's table or a frame becomes a `Raw`."""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb

from salesops_nb.core.masking import masked
from salesops_nb.errors import SalesopsError, problem
from salesops_nb.messages import listed
from salesops_nb.source.files.delimited import read_delimited
from salesops_nb.source.files.grouped import ungrouped
from salesops_nb.source.files.narrowing import narrowed
from salesops_nb.source.schema.mapping import FileMapping
from salesops_nb.source.schema.raw import Raw, described, engine_path, literal, quoted, register
from salesops_nb.workbook import Settings

TEXT = (".csv", ".tsv", ".txt")
EXCEL = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")
DUCKDB = (".duckdb", ".ddb")


def read_source(
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    settings: Settings,
    file: FileMapping,
    table: str,
    label: str,
    wanted: list[str],
    frame: object = None,
) -> Raw | None:
    """The rows a mapping points to; ``None`` where they are optional and not there."""
    if frame is not None:
        return read_frame(connection, frame, label)
    path = path_of(folder, settings, file, table)
    if path is None:
        from salesops_nb.source.files.databases import read_database

        source = expanded(file.source or settings.source)
        return read_database(connection, source, folder, file, table, label, settings)
    if not path.is_file():
        if file.optional:
            return None
        raise _missing(path, folder)
    found = _read_path(connection, path, file, table, label, wanted, settings.encoding)
    if found is None:
        return None
    if not found.in_place:  # a report's own layout, which tables of a database and Parquet files have not
        found = ungrouped(connection, found, file, table, wanted)
    return replace(narrowed(connection, found, file, settings), written=path.stat().st_mtime)


def path_of(folder: Path, settings: Settings, file: FileMapping, table: str) -> Path | None:
    """The file that a mapping points to; ``None`` for a database with an address."""
    source = expanded(file.source or settings.source)
    if "://" in source:
        return None
    path = folder / source
    return path if path.suffix.lower() in (*DUCKDB, *EXCEL) else path / (file.file or f"{table}.csv")


def _read_path(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    file: FileMapping,
    table: str,
    label: str,
    wanted: list[str],
    encoding: str | None,
) -> Raw | None:
    """Every row of a file."""
    kind, shown = path.suffix.lower(), file.file or path.name
    if kind in TEXT:
        return read_delimited(connection, path, label, shown, file, wanted, encoding)
    if kind == ".parquet":
        return read_parquet(connection, path, label, shown)
    if kind in DUCKDB:
        from salesops_nb.source.files.databases import read_duckdb

        return read_duckdb(connection, path, file, table, label, path.name)
    if kind in EXCEL:
        from salesops_nb.source.files.excel import read_excel

        return read_excel(connection, path, file, table, label, shown, wanted)
    raise SalesopsError(
        problem(
            "unknown-format",
            file=shown,
            kind=kind or "nothing",
            formats=listed((*TEXT, ".parquet", *EXCEL, *DUCKDB), 20),
        )
    )


def expanded(text: str) -> str:
    """The text with ``${NAME}`` replaced from the environment, so that no password stands in a file."""

    def value(match: re.Match[str]) -> str:
        found = os.environ.get(match[1])
        if found is None:
            raise SalesopsError(problem("missing-variable", file="workbook.yml", value=match[1]))
        return found

    return re.sub(r"\$\{(\w+)\}", value, text)


def _missing(path: Path, folder: Path) -> SalesopsError:
    inside = path.parent if path.parent.is_dir() else folder
    shown = path.relative_to(folder) if path.is_relative_to(folder) else path
    names = sorted(p.name for p in inside.iterdir() if p.is_file() and not p.name.startswith("."))
    return SalesopsError(
        problem(
            "missing-file.source" if names else "missing-file.source-in-empty-folder",
            file=path.name,
            path=masked(str(shown)),
            inside=inside.name,
            names=listed(names) if names else None,
        )
    )


def read_parquet(connection: duckdb.DuckDBPyConnection, path: Path, label: str, shown: str) -> Raw:
    """A Parquet file as a view: nothing is copied, whatever its size."""
    view = f"raw.{quoted(label)}"
    try:
        connection.execute(
            f"CREATE OR REPLACE VIEW {view} AS SELECT * EXCLUDE (file_row_number), "
            f"file_row_number + 1 AS _row "
            f"FROM read_parquet({literal(engine_path(path))}, file_row_number = true)"
        )
    except duckdb.Error as error:
        reason = str(error).splitlines()[0].replace(str(path), path.name).rstrip(".!")
        raise SalesopsError(problem("bad-parquet", file=shown, reason=reason)) from error
    digest = hashlib.blake2b(digest_size=16)
    with path.open("rb") as stream:
        while piece := stream.read(1 << 24):
            digest.update(piece)
    return Raw(view, shown, described(connection, view), digest.digest(), in_place=True)


def read_frame(connection: duckdb.DuckDBPyConnection, frame: object, label: str) -> Raw:
    """A frame handed in by an analyst, registered on the workbook's connection."""
    import narwhals as nw

    handed: Any = frame
    try:
        arrow = nw.from_native(handed).lazy().collect("pyarrow").to_native()
    except TypeError as error:
        raise SalesopsError(problem("bad-frame", table=label, name=type(frame).__name__)) from error
    view = f"raw.{quoted(label)}"
    register(connection, f"frame_{label}", arrow)
    connection.execute(
        f"CREATE OR REPLACE TABLE {view} AS SELECT *, row_number() OVER () AS _row "
        f"FROM {quoted(f'frame_{label}')}"
    )
    connection.unregister(f"frame_{label}")
    row = connection.execute(f"SELECT bit_xor(hash(t)), count(*) FROM {view} t").fetchone()
    return Raw(view, "the frame handed in", described(connection, view), repr(row).encode())
