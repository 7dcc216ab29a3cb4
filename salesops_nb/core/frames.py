"""Tables of any kind as narwhals lazy frames on one connection, and back to pandas with decimals kept.

An analysis takes a mapping from table name to any frame narwhals reads, and makes `Tables` of it: the one
gate to tables, with the one memo of what was worked out of them.
"""

from __future__ import annotations

import atexit
import json
import os
import shutil
import tempfile
import weakref
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from functools import cache, cached_property
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

import narwhals as nw
from narwhals.dependencies import get_pandas, is_duckdb_relation

from salesops_nb.core.memo import Key, Memo
from salesops_nb.core.stopping import check
from salesops_nb.errors import SalesopsError, problem

if TYPE_CHECKING:
    import duckdb
    import pandas as pd
    import pyarrow as pa

T = TypeVar("T")
IN_MEMORY = 2_000_000  # rows, up to which a computed frame stays in memory


class Tables(Mapping[str, nw.LazyFrame[Any]]):
    """Tables by name, as lazy frames that can be joined, with the memo of what was worked out of them.

    A workbook's are on its connection, with its memo. A plain mapping of frames becomes `Tables` by
    `Tables.of`: relations of DuckDB and frames of Spark stay where they are, and what is in memory is put
    beside them when it is first asked for, else on a connection of its own. `given` has them as they came;
    one that is ``None`` or has no columns is not there. A connection does one thing at a time: threads that
    share tables take turns, as a panel's do.
    """

    def __init__(
        self,
        given: Mapping[str, Any],
        engine: Any = None,
        memo: Memo | None = None,
    ) -> None:
        self.given = {name: table for name, table in given.items() if not _absent(table)}
        self.memo = Memo() if memo is None else memo
        if engine is not None:
            self.engine = engine
        self._stamp: Hashable = next(_numbers)

    @classmethod
    def of(cls, tables: Mapping[str, Any]) -> Self:
        """These tables, as they are where they are `Tables` already, with what was worked out of them."""
        if isinstance(tables, cls):
            return tables
        if not isinstance(tables, Tables):
            return cls(tables)
        made = cls(tables.given, tables.engine, tables.memo)
        made._stamp = cls.__module__, tables._stamp
        return made

    def __getitem__(self, name: str) -> nw.LazyFrame[Any]:
        table = self.given[name]
        return self.once((name,), lambda: self._lazy(name, table))

    def __contains__(self, name: object) -> bool:
        return name in self.given

    def __iter__(self) -> Iterator[str]:
        return iter(self.given)

    def __len__(self) -> int:
        return len(self.given)

    def once(self, key: Key, make: Callable[[], T], rows: int | Callable[[T], int] = 0) -> T:
        """What `make` works out of these tables, the first time that `key` is asked for; see `Memo.once`."""
        return self.memo.once((self._stamp, *key), make, rows)

    def beside(self, **tables: Any) -> Self:
        """The same tables with others of those names; they share nothing that was worked out."""
        return type(self)({**self.given, **tables}, self.engine, self.memo)

    def put_arrow(self, table: pa.Table) -> nw.LazyFrame[Any]:
        """An Arrow table as a lazy frame that can be joined with the others."""
        if is_spark(self.engine):
            return _lazy(self.engine.sparkSession.createDataFrame(table))
        if not is_duckdb_relation(self.engine):
            return _lazy(self.engine.from_arrow(table))
        import pyarrow.parquet as pq

        file = scratch_file()
        pq.write_table(table, file, compression="none")
        return self._read("read_parquet", file)

    def put_rows(self, rows: Sequence[Mapping[str, Any]], types: Mapping[str, str]) -> nw.LazyFrame[Any]:
        """Rows of plain values as a lazy frame beside the others, on DuckDB; `types` has that of each column.

        As JSON, since pyarrow with numpy takes longer to load than most calculations take.
        """
        file = scratch_file()
        file.write_text("\n".join(json.dumps(row, default=str) for row in rows), encoding="utf-8")
        columns = ", ".join(f"{name}: '{kind}'" for name, kind in types.items())
        return self._read("read_json", file, f"columns={{{columns}}}", "format='newline_delimited'")

    def _read(self, reader: str, file: Path, *options: str) -> nw.LazyFrame[Any]:
        """What a file of our own holds, read at once into memory; the file goes."""
        table = _scan(self.engine, reader, file, *options).materialize()
        file.unlink()
        return _lazy(table)

    @cached_property
    def engine(self) -> Any:
        """The connection that tables in memory are put on, or a relation or frame beside which they are."""
        for table in self.given.values():
            native = nw.to_native(table, pass_through=True)
            if is_duckdb_relation(native) or is_spark(native):
                return native
        import duckdb

        return duckdb.connect()

    def _lazy(self, name: str, table: Any) -> nw.LazyFrame[Any]:
        frame = frame_of(table, name)
        if isinstance(frame, nw.LazyFrame):
            native = frame.to_native()
            if is_spark(native):
                # else Spark cuts the sum of two decimal(38,10) to nine places, to make room for a digit
                native.sparkSession.conf.set("spark.sql.decimalOperations.allowPrecisionLoss", "false")
            if is_duckdb_relation(native) or is_spark(native):
                return frame
            frame = frame.collect()
        return self.put_arrow(to_arrow(frame))


def frame_of(table: Any, name: str) -> nw.DataFrame[Any] | nw.LazyFrame[Any]:
    """Any frame narwhals reads, or a list of rows (mappings), as narwhals has it.

    Raises `SalesopsError` for what is no table, and for a column that comes twice.
    """
    if is_rows(table):
        import pandas as pd

        table = pd.DataFrame(list(table))
    names = [str(c) for c in table.columns] if _is_pandas(table) else []
    twice = [column for column in dict.fromkeys(names) if names.count(column) > 1]
    if twice:
        raise SalesopsError(
            problem("duplicate-column", table=name, column=twice[0], columns=', '.join(twice))
        )  # fmt: skip
    try:
        frame: nw.DataFrame[Any] | nw.LazyFrame[Any] = nw.from_native(table)
    except TypeError:
        raise SalesopsError(problem("not-a-table", table=name, kind=_a_kind(table))) from None
    return frame


def _lazy(native: Any) -> nw.LazyFrame[Any]:
    frame: nw.LazyFrame[Any] = nw.from_native(native).lazy()
    return frame


def _absent(table: Any) -> bool:
    return table is None or (_is_pandas(table) and table.columns.empty)


def _is_pandas(table: Any) -> bool:
    """Whether it is a frame of pandas, which is not loaded to find out: where it is not yet, none is."""
    pandas = get_pandas()
    return pandas is not None and isinstance(table, pandas.DataFrame)


def is_rows(table: Any) -> bool:
    """Whether it is a list of mappings, one a row."""
    return isinstance(table, (list, tuple)) and len(table) > 0 and all(isinstance(r, Mapping) for r in table)


def is_spark(native: Any) -> bool:
    """Whether it is a frame of Spark."""
    return type(native).__module__.startswith("pyspark.")


def _a_kind(value: Any) -> str:
    """What kind of thing was received, in words, such as ``a list`` or ``nothing``."""
    if value is None:
        return "nothing"
    kind = type(value).__name__
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"


def to_arrow(frame: nw.DataFrame[Any]) -> pa.Table:
    """The frame as Arrow: decimals stay decimals, a column of several kinds becomes text."""
    import pyarrow as pa

    try:
        return frame.to_arrow()
    except pa.ArrowException:
        return pa.table({name: _column(frame[name]) for name in frame.columns})


def _column(column: nw.Series[Any]) -> Any:
    import pyarrow as pa

    try:
        return column.to_arrow()
    except pa.ArrowException:
        empty = column.is_null()
        return pa.array([None if no else str(v) for no, v in zip(empty, column, strict=True)], pa.string())


def collected(frame: nw.LazyFrame[Any]) -> pd.DataFrame:
    """A small result as pandas: decimals as `Decimal` objects, dates as `datetime.date`."""
    import pandas as pd

    check()
    table = frame.collect(backend="pyarrow").to_native()
    return pd.DataFrame(table.to_pandas(date_as_object=True))


def arrow_frame(columns: Mapping[str, Any]) -> pd.DataFrame:
    """Arrow columns as pandas, types kept."""
    import pandas as pd
    import pyarrow as pa

    frame: pd.DataFrame = pa.table(dict(columns)).to_pandas(types_mapper=pd.ArrowDtype)
    return frame


def height(frame: nw.LazyFrame[Any]) -> int:
    """How many rows a lazy frame has."""
    return int(collected(frame.select(n=nw.len()))["n"].iloc[0])


def with_columns_or_null(frame: nw.LazyFrame[Any], columns: Mapping[str, Any]) -> nw.LazyFrame[Any]:
    """The frame with every named column, empty and of its narwhals type where it had none or nothing."""
    there = frame.collect_schema()  # a column without any value has no type
    missing = [nw.lit(None, t).alias(n) for n, t in columns.items() if there.get(n, nw.Unknown) == nw.Unknown]
    return frame.with_columns(*missing) if missing else frame


def settled(frame: nw.LazyFrame[Any], rows: int = 0) -> nw.LazyFrame[Any]:
    """The frame computed once, on its own connection, for what is scanned many times.

    `rows` is about how many it has. Up to `IN_MEMORY` stay in memory; more go to a Parquet file in `scratch`,
    so that memory stays bounded. The file goes with the frame returned: what is made of it needs it.
    """
    check()
    native = frame.to_native()
    if is_spark(native):
        return _lazy(native.localCheckpoint())
    if rows <= IN_MEMORY:
        return _lazy(native.materialize())
    file = scratch_file()
    native.write_parquet(str(file))
    table = _scan(native, "read_parquet", file)
    weakref.finalize(table, _remove, file, os.getpid())
    return _lazy(table)


def _scan(beside: Any, reader: str, file: Path, *options: str) -> duckdb.DuckDBPyRelation:
    """A file on a connection, or on that of a relation, which alone does not say which it is.

    Nothing is created in the catalog: each change there would make DuckDB bind every step of every relation
    of the connection anew. The relation's name in the query is one that the catalog always has, so that no
    view is made for it either.
    """
    name = "'" + str(file).replace("'", "''") + "'"
    query = f"SELECT * FROM {reader}({', '.join((name, *options))})"
    made = beside.query("duckdb_tables", query) if is_duckdb_relation(beside) else beside.sql(query)
    assert made is not None
    return cast("duckdb.DuckDBPyRelation", made)


def scratch() -> Path:
    """The process's own temporary folder, where every connection of the package may read and write."""
    return _scratch(os.getpid())


def scratch_file() -> Path:
    """A new name for a Parquet file in it."""
    return scratch() / f"{next(_numbers)}.parquet"


@cache
def _scratch(process: int) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="salesops-")).resolve()
    atexit.register(_remove, folder, process)
    return folder


def _remove(path: Path, process: int) -> None:
    if os.getpid() != process:  # a forked child leaves its parent's alone
        return
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


_numbers = count()
