"""Tables of any kind as narwhals lazy frames on DuckDB, and back to pandas with decimals kept.

An analysis is handed a mapping from table name to any frame narwhals reads. DuckDB relations and
lazy frames are used as they are; pandas, Arrow and polars frames are put on one DuckDB connection.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from collections.abc import Callable, Hashable, Mapping
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import narwhals as nw
import pandas as pd

from salesops_nb.errors import Problem, SalesopsError
from salesops_nb.stopping import check

T = TypeVar("T")
Tables = Mapping[str, Any]


def lazy_tables(tables: Tables, *names: str) -> dict[str, nw.LazyFrame[Any]]:
    """Those of the named tables that are there, as lazy frames that can be joined.

    Raises `SalesopsError` where frames on an engine of their own are mixed with frames in memory.
    """
    given = {name: nw.from_native(tables[name]) for name in names if name in tables}
    eager = [name for name, frame in given.items() if isinstance(frame, nw.DataFrame)]
    if eager and len(eager) < len(given):
        rest = sorted(set(given) - set(eager))
        raise SalesopsError(
            Problem(
                "mixed-engines",
                f"The tables {', '.join(sorted(eager))} are in memory, {', '.join(rest)} in a database.",
                "Put the frame among the workbook's own with workbook.with_table(name, frame).",
            )
        )
    if not eager:
        return given
    import duckdb

    connection = duckdb.connect()
    return {name: nw.from_native(connection.from_arrow(frame.to_arrow())) for name, frame in given.items()}


def collected(frame: nw.LazyFrame[Any]) -> pd.DataFrame:
    """A small result as pandas: decimals as `Decimal` objects, dates as `datetime.date`."""
    check()
    table = frame.collect(backend="pyarrow").to_native()
    return pd.DataFrame(table.to_pandas(date_as_object=True))


def height(frame: nw.LazyFrame[Any]) -> int:
    """How many rows a lazy frame has."""
    return int(collected(frame.select(n=nw.len()))["n"].iloc[0])


def with_columns_or_null(frame: nw.LazyFrame[Any], columns: Mapping[str, Any]) -> nw.LazyFrame[Any]:
    """The frame with every named column, empty and of the given narwhals type where it had none."""
    there = set(frame.collect_schema().names())
    missing = [nw.lit(None, dtype).alias(name) for name, dtype in columns.items() if name not in there]
    return frame.with_columns(*missing) if missing else frame


IN_MEMORY = 2_000_000  # rows, up to which a computed frame is kept in memory


def settled(frame: nw.LazyFrame[Any], rows: int) -> nw.LazyFrame[Any]:
    """The frame computed once, for what is scanned many times; `rows` is about how many it has.

    Up to `IN_MEMORY` rows are kept in memory; more go to a Parquet file in `scratch`, so that memory
    stays bounded.
    """
    import duckdb

    connection = duckdb.connect()
    if rows <= IN_MEMORY:
        return nw.from_native(connection.from_arrow(frame.collect(backend="pyarrow").to_native()))
    file = str(scratch_file())
    frame.sink_parquet(file)
    return nw.from_native(connection.read_parquet(file))


def in_memory(*frames: nw.LazyFrame[Any]) -> list[nw.LazyFrame[Any]]:
    """The frames computed once, on one DuckDB connection so that they can be joined.

    Texts are kept as numbers into a list of them, which are grouped and joined sooner.
    """
    import duckdb
    import pyarrow as pa

    connection, made = duckdb.connect(), []
    for frame in frames:
        table = frame.collect(backend="pyarrow").to_native()
        for at, column in enumerate(table.columns):
            if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
                table = table.set_column(at, table.column_names[at], column.dictionary_encode())
        made.append(nw.from_native(connection.from_arrow(table)))
    return made


MOST_ROWS = 5_000_000  # of results kept with tables


def once(
    known: dict[tuple[Hashable, ...], tuple[Any, int]],
    key: tuple[Hashable, ...],
    make: Callable[[], T],
    rows: int = 0,
) -> T:
    """What `make` gives, worked out the first time that `key` is asked for, and kept in `known`.

    The key names everything beside the tables that the result hangs on; `rows` is about how many
    rows it holds. The oldest results go once all hold more than `MOST_ROWS`. Nothing is kept of
    work that raises, or is stopped.
    """
    if key not in known:
        made = make()
        while known and sum(held for _, held in known.values()) + rows > MOST_ROWS:
            known.pop(next(iter(known)))
        known[key] = made, rows
    found: T = known[key][0]
    return found


def scratch() -> Path:
    """The process's own temporary folder, where every connection of the package may read and write.

    It lives as long as the process: a lazy frame does not say when it is done with.
    """
    return _scratch(os.getpid())


def scratch_file() -> Path:
    """A new name for a Parquet file in it."""
    return scratch() / f"{next(_numbers)}.parquet"


@cache
def _scratch(process: int) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="salesops-")).resolve()
    atexit.register(_remove, folder, process)
    return folder


def _remove(folder: Path, process: int) -> None:
    if os.getpid() == process:  # a forked child leaves its parent's alone
        shutil.rmtree(folder, ignore_errors=True)


_numbers = count()
