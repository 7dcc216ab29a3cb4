"""Databases: the mapped columns and rows of one table, read through SQLAlchemy or DuckDB.

A server's rows are narrowed in its own query and kept as Parquet in the workbook's cache; a DuckDB
file is attached read-only and read in place.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from salesops_nb.errors import Problem, SalesopsError, problem
from salesops_nb.expression import fields_of, parse, parse_value
from salesops_nb.messages import listed
from salesops_nb.source.columns.currencies import is_currency
from salesops_nb.source.columns.headers import locate
from salesops_nb.source.files.deleted import is_mark
from salesops_nb.source.files.narrowing import resolved
from salesops_nb.source.schema.mapping import FileMapping
from salesops_nb.source.schema.raw import Raw, described, engine_path, literal, quoted
from salesops_nb.workbook import Settings

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine, Table

BATCH = 50_000


def read_duckdb(
    connection: duckdb.DuckDBPyConnection, path: Path, file: FileMapping, table: str, label: str, shown: str
) -> Raw | None:
    """A table of a DuckDB file, attached read-only and read in place; ``None`` if optional and absent."""
    name = file.table or table
    catalog = quoted(f"db_{path.stem}")
    try:
        connection.execute(f"ATTACH IF NOT EXISTS {literal(str(path))} AS {catalog} (READ_ONLY)")
        there = connection.execute(
            "SELECT table_name, 'rowid' FROM duckdb_tables() WHERE database_name = ? UNION ALL "
            "SELECT view_name, 'row_number() OVER ()' FROM duckdb_views() "
            "WHERE database_name = ? AND NOT internal",
            [f"db_{path.stem}"] * 2,
        ).fetchall()
    except duckdb.Error as error:
        raise SalesopsError(
            problem(
                "bad-database.not-opened",
                file=shown,
                error=str(error).splitlines()[0].replace(str(path), path.name).rstrip(".!"),
            )
        ) from error
    names = dict(there)
    if name not in names:
        if file.optional:
            return None
        raise SalesopsError(_no_table(name, list(names), shown))
    view = f"raw.{quoted(label)}"
    first = "+ 1" if names[name] == "rowid" else ""
    try:
        connection.execute(
            f"CREATE OR REPLACE VIEW {view} AS SELECT *, {names[name]} {first} AS _row "
            f"FROM {catalog}.{quoted(name)}"
        )
        row = connection.execute(f"SELECT bit_xor(hash(t)), count(*) FROM {view} t").fetchone()
    except duckdb.Error as error:
        raise SalesopsError(
            problem(
                "bad-database.not-read", file=shown, value=name, error=str(error).splitlines()[0].rstrip(".!")
            )
        ) from error
    return Raw(view, f"{shown} [{name}]", described(connection, view), repr(row).encode(), in_place=True)


def _no_table(name: str, names: list[str], shown: str) -> Problem:
    return problem("missing-table.database", file=shown, value=name, names=listed(sorted(names)))


def read_database(
    connection: duckdb.DuckDBPyConnection,
    url: str,
    folder: Path,
    file: FileMapping,
    table: str,
    label: str,
    settings: Settings,
) -> Raw | None:
    """A table of an SQL database: its mapped columns and rows through the workbook's Parquet cache."""
    from sqlalchemy.exc import SQLAlchemyError

    from salesops_nb.core.masking import reason

    name = file.table or table
    try:
        with _engine(url, folder) as (engine, shown):
            found = _reflected(engine, name, shown, file.optional)
            if found is None:
                return None
            path = folder / ".cache" / "source" / f"{label}.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            _to_parquet(engine, found, file, table, f"{shown} [{name}]", path)
    except (SQLAlchemyError, OSError, ImportError, ValueError, TypeError) as error:
        raise SalesopsError(
            problem("source-unreachable", file="workbook.yml", column="source", reason=reason(error, url))
        ) from None  # the driver's own error repeats the address, and its password
    view = f"raw.{quoted(label)}"
    connection.execute(
        f"CREATE OR REPLACE VIEW {view} AS SELECT * EXCLUDE (file_row_number), file_row_number + 1 AS _row "
        f"FROM read_parquet({literal(engine_path(path))}, file_row_number = true)"
    )
    row = connection.execute(f"SELECT bit_xor(hash(t)), count(*) FROM {view} t").fetchone()
    return Raw(view, f"{shown} [{name}]", described(connection, view), repr(row).encode(), in_place=True)


@contextmanager
def _engine(url: str, folder: Path) -> Iterator[tuple[Engine, str]]:
    """An engine and the address as it may be shown; a relative SQLite path is the workbook's."""
    from sqlalchemy import create_engine, make_url

    address = make_url(url)
    shown = address.database or "database"
    if address.get_backend_name() == "sqlite" and address.database:
        path = folder / address.database
        if not path.is_file():
            raise SalesopsError(
                problem("missing-file.database", file=Path(address.database).name, database=address.database)
            )
        # opened for reading only; the path stands in a URI, so that SQLite knows it
        address = address.set(database=path.as_uri(), query={"mode": "ro", "uri": "true"})
    if address.drivername == "postgresql":
        address = address.set(drivername="postgresql+pg8000")
    engine = create_engine(address)
    try:
        yield engine, shown
    finally:
        engine.dispose()


def _reading(engine: Engine) -> Connection:
    """A connection that writes nothing, where the driver can say so."""
    connection = engine.connect()
    if engine.dialect.name == "postgresql":
        connection = connection.execution_options(postgresql_readonly=True)
    return connection


def _reflected(engine: Engine, name: str, shown: str, optional: bool) -> Table | None:
    from sqlalchemy import MetaData, Table, inspect

    schema, _, bare = name.rpartition(".")
    inspector = inspect(engine)
    names = [*inspector.get_table_names(schema or None), *inspector.get_view_names(schema or None)]
    if bare not in names:
        if optional:
            return None
        raise SalesopsError(_no_table(name, names, Path(shown).name))
    return Table(bare, MetaData(), schema=schema or None, autoload_with=engine)


def _to_parquet(engine: Engine, table: Table, file: FileMapping, ours: str, shown: str, path: Path) -> None:
    """Write the wanted columns and rows in batches, so that memory does not grow with the table."""
    from sqlalchemy import String, cast, select

    from salesops_nb.expression.database import where

    chosen = list(table.columns)
    if file.columns:
        names = []
        for column, header in file.columns.items():
            found, problem = locate(header, list(table.columns.keys()), shown, column, ours)
            if found is None and problem is not None:
                raise SalesopsError(problem)
            names.append(found)
        names += [
            c
            for c in [*file.if_present.values(), *file.keep, "simulated", *_unmapped(table, file)]
            if c in table.columns and c not in names
        ]
        chosen = [table.columns[name] for name in dict.fromkeys(names) if name is not None]
    kinds = [_arrow_type(column) for column in chosen]
    # what Arrow has no exact type for leaves the database as text, and is read again by our own rules
    parts = [cast(c, String).label(c.name) if k is None else c for c, k in zip(chosen, kinds, strict=True)]
    query = select(*parts)
    if file.where is not None:
        tree = resolved(parse(file.where), file.where, table.columns.keys(), file)
        query = query.where(where(tree, file.where, table))
    schema = pa.schema([(c.name, k or pa.string()) for c, k in zip(chosen, kinds, strict=True)])
    with _reading(engine) as rows, pq.ParquetWriter(path, schema) as writer:
        result = rows.execution_options(stream_results=True).execute(query)
        while batch := result.fetchmany(BATCH):
            columns = zip(*batch, strict=True)
            arrays = [
                pa.array([_plain(v) for v in values], kind)
                for values, kind in zip(columns, schema.types, strict=True)
            ]
            writer.write_table(pa.table(arrays, schema=schema))


def _unmapped(table: Table, file: FileMapping) -> list[str]:
    """The columns that no mapping names and a check looks at, and those of which others are computed."""
    used = {c.name.casefold() for text in file.computed.values() for c in fields_of(parse_value(text))}
    names = [column.name for column in table.columns]
    return [name for name in names if name.casefold() in used or is_mark(name) or is_currency(name)]


def _arrow_type(column: Any) -> pa.DataType | None:
    """The exact Arrow type of a database column; ``None`` for what travels as text."""
    from sqlalchemy import types

    kind = column.type
    if isinstance(kind, types.Boolean):
        return pa.bool_()
    if isinstance(kind, types.Integer):
        return pa.int64()
    if isinstance(kind, types.String):
        return pa.string()
    if isinstance(kind, types.DateTime):
        return pa.timestamp("us", "UTC" if kind.timezone else None)
    if isinstance(kind, types.Date):
        return pa.date32()
    return None


def _plain(value: object) -> object:
    if isinstance(value, Decimal | UUID):
        return str(value)
    return value
