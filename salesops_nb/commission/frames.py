"""Tables of any kind as narwhals lazy frames on one DuckDB connection.

An analyst's pandas frames, Arrow tables and polars frames are put on the connection of the
workbook's own tables where there is one, else on a new one; Spark frames stay where they are.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from copy import copy
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar

import duckdb
import narwhals as nw
import pyarrow as pa
import pyarrow.parquet as pq

from salesops_nb.errors import Problem, SalesopsError
from salesops_nb.frames import once, scratch_file

T = TypeVar("T")
AMOUNT = nw.Decimal(38, 10)
_FACTOR = nw.Decimal(13, 8)
_EXCHANGED = ("prior_lines", "targets")
_CREDIT = nw.Decimal(24, 10)


def number(value: Decimal | int | str) -> nw.Expr:
    """A constant as decimal(38,10)."""
    return nw.lit(_text(Decimal(value))).cast(AMOUNT)


def times(amount: nw.Expr, factor: nw.Expr | Decimal) -> nw.Expr:
    """Amount × factor, exact, then ten places.

    Operands are narrowed to (24,10) and (13,8) so that the product fits in 38 digits on every
    engine (Spark would cut its places otherwise); what does not fit raises, it never wraps. A
    constant of up to sixteen places is split into two products.
    """
    if isinstance(factor, nw.Expr):
        return (amount.cast(_CREDIT) * factor.cast(_FACTOR)).cast(AMOUNT)
    high = factor.quantize(Decimal("1e-8"))
    low = (factor - high).scaleb(8).quantize(Decimal("1e-8"))
    made = _product(amount, high)
    if low:
        made = (made + _product(_product(amount, low), Decimal("1e-8"))).cast(AMOUNT)
    return made


def _product(amount: nw.Expr, factor: Decimal) -> nw.Expr:
    return (amount.cast(_CREDIT) * nw.lit(_text(factor)).cast(_FACTOR)).cast(AMOUNT)


def product(amount: nw.Expr, other: nw.Expr) -> nw.Expr:
    """Amount × a quantity of up to ten places, both below 10^9 and 10^9 in their product's whole digits."""
    return (amount.cast(nw.Decimal(19, 10)) * other.cast(nw.Decimal(19, 10))).cast(AMOUNT)


def times10(amount: nw.Expr, share: nw.Expr) -> nw.Expr:
    """Amount × a share of ten places between 0 and 10."""
    return (amount.cast(nw.Decimal(24, 8)) * share.cast(nw.Decimal(14, 12))).cast(AMOUNT)


def _text(value: Decimal) -> str:
    return format(value, "f")


class Tables:
    """The tables handed in, by name, as lazy frames that can be joined.

    What is worked out from them alone is kept with them (`once`), so that calculations on the same
    tables share it: another period or a changed rate meets facts and credits that are known.
    """

    def __init__(self, tables: Mapping[str, Any]) -> None:
        self.given = tables
        self._known: dict[tuple[Hashable, ...], tuple[Any, int]] = {}
        self._own: dict[tuple[Hashable, ...], tuple[Any, int]] = {}
        self._exchanged: frozenset[str] = frozenset()
        self._anchor: duckdb.DuckDBPyRelation | None = None
        self._spark: Any = None
        self.connection: duckdb.DuckDBPyConnection | None = None
        for name in tables:
            native = _native(tables[name])
            if isinstance(native, duckdb.DuckDBPyRelation):
                self._anchor = native
                break
            if _is_spark(native):
                self._spark = native.sparkSession
                # else Spark cuts the sum of two decimal(38,10) to nine places to make room for a
                # digit in front
                self._spark.conf.set("spark.sql.decimalOperations.allowPrecisionLoss", "false")
                break
        if self._anchor is None and self._spark is None:
            self.connection = duckdb.connect()
            self.connection.execute("SET preserve_insertion_order = false")

    def __contains__(self, name: str) -> bool:
        return name in self.given and self.given[name] is not None

    def beside(self, name: str, table: Any) -> Tables:
        """The same tables with another one of that name; of what is kept, all that does not hang on it.

        What hangs on one of the tables that are often exchanged, the ledger or targets, has its name first
        in its key; on any other table all that is kept may hang.
        """
        made = copy(self)
        if name not in _EXCHANGED:
            made.given, made._known, made._own = {**self.given, name: table}, {}, {}
            return made
        made.given = {**self.given, name: table}
        made._exchanged = self._exchanged | {name}
        made._own = {key: kept for key, kept in self._own.items() if key[0] != name}
        return made

    def once(self, key: tuple[Hashable, ...], make: Callable[[], T], rows: int = 0) -> T:
        """What `make` gives, worked out the first time that `key` is asked for; see `frames.once`."""
        return once(self._own if key[0] in self._exchanged else self._known, key, make, rows)

    def frame(self, name: str) -> nw.LazyFrame[Any]:
        """A table by name; raises `SalesopsError` where it was not given."""
        if name not in self:
            raise SalesopsError(
                Problem(
                    "missing-table",
                    f"The table {name!r} is needed and was not given (given are: "
                    f"{', '.join(self.given) or 'none'}).",
                    f"Add {name!r} to the tables.",
                    table=name,
                )
            )
        return self.once((name, "frame"), lambda: self._lazy(self.given[name]))

    def columns(self, name: str) -> list[str]:
        """Column names of a table, none where it was not given."""
        if name not in self:
            return []
        return self.once((name, "columns"), lambda: list(self.frame(name).collect_schema().names()))

    def need(self, name: str, *columns: str) -> nw.LazyFrame[Any]:
        """A table that must have the columns; raises `SalesopsError` with what it has."""
        frame = self.frame(name)
        have = frame.collect_schema().names()
        missing = [c for c in columns if c not in have]
        if missing:
            raise SalesopsError(
                Problem(
                    "missing-column",
                    f"The table {name!r} has no column {', '.join(map(repr, missing))}.",
                    f"Columns given are: {', '.join(have)}.",
                    table=name,
                    column=missing[0],
                )
            )
        return frame

    def row_of(self, name: str, column: str, value: Any) -> int | None:
        """The row of a table handed in from memory (the header is row 1), ``None`` for one in a database."""
        table = self._in_memory(name)
        if table is None or column not in table.column_names:
            return None
        texts = table.column(column).cast(pa.string()).to_pylist()
        return texts.index(str(value)) + 2 if str(value) in texts else None

    def arrow(self, name: str, *columns: str) -> pa.Table:
        """A small table in its own order, or some columns of it."""
        table = self._in_memory(name)
        if table is not None:
            return table.select(list(columns)) if columns else table
        frame = self.frame(name)
        return arrow(frame.select(*columns) if columns else frame)

    def rows(self, name: str) -> list[dict[str, Any]]:
        """Rows of a small table as plain dictionaries, in its own order; empty where it was not given.

        They are read once and must not be changed.
        """
        made: list[dict[str, Any]] = self.once(
            (name, "rows"), lambda: self.arrow(name).to_pylist() if name in self else []
        )
        return made

    def _in_memory(self, name: str) -> pa.Table | None:
        native = _native(self.given[name]) if name in self else None
        if native is None or isinstance(native, duckdb.DuckDBPyRelation):
            return None
        frame = nw.from_native(native)
        return None if isinstance(frame, nw.LazyFrame) else _arrow(frame)

    def put(self, rows: Iterable[Mapping[str, Any]], schema: Mapping[str, pa.DataType]) -> nw.LazyFrame[Any]:
        """A small table of our own on the same connection."""
        rows = list(rows)
        arrays = {
            name: pa.array([_fit(row.get(name), kind) for row in rows], kind) for name, kind in schema.items()
        }
        return self.put_arrow(pa.table(arrays))

    def put_arrow(self, small: pa.Table) -> nw.LazyFrame[Any]:
        """An Arrow table on the same connection, or in the same Spark session."""
        if self._spark is not None:
            made: nw.LazyFrame[Any] = nw.from_native(self._spark.createDataFrame(small)).lazy()
            return made
        if self._anchor is not None:
            return nw.from_native(_beside(self._anchor, small)).lazy()
        assert self.connection is not None
        return nw.from_native(self.connection.from_arrow(small)).lazy()

    def kept(self, frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
        """The frame worked out once and held, for reading several times."""
        native = frame.to_native()
        if _is_spark(native):
            held: nw.LazyFrame[Any] = nw.from_native(native.localCheckpoint()).lazy()
            return held
        if not isinstance(native, duckdb.DuckDBPyRelation):
            return frame
        try:
            return nw.from_native(native.materialize()).lazy()
        except duckdb.Error as error:
            raise engine_error(error) from error

    def _lazy(self, value: Any) -> nw.LazyFrame[Any]:
        return exact(self._raw(value))

    def _raw(self, value: Any) -> nw.LazyFrame[Any]:
        native = _native(value)
        if isinstance(native, duckdb.DuckDBPyRelation):
            return nw.from_native(native).lazy()
        frame = nw.from_native(native)
        if isinstance(frame, nw.LazyFrame):
            if self._spark is not None and frame.implementation.is_spark_like():
                return frame
            frame = frame.collect()
        return self.put_arrow(_arrow(frame))


def exact(frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Floats as the decimals they were written as (their shortest form), never as binary neighbours."""
    floats = [name for name, kind in frame.collect_schema().items() if kind.is_float()]
    made = [
        nw.when(~nw.col(name).is_nan()).then(nw.col(name).cast(nw.String)).cast(AMOUNT).alias(name)
        for name in floats
    ]
    return frame.with_columns(*made) if made else frame


def _arrow(frame: nw.DataFrame[Any]) -> pa.Table:
    """The frame as Arrow; Python decimals stay decimals, dates that pandas holds as instants become days."""
    table = frame.to_arrow()
    for i, field in enumerate(table.schema):
        if pa.types.is_null(field.type):
            table = table.set_column(i, field.name, table.column(i).cast(pa.string()))
    return table


def _is_spark(native: Any) -> bool:
    return type(native).__module__.startswith("pyspark.")


def _native(value: Any) -> Any:
    return nw.to_native(value, pass_through=True)


def _beside(anchor: duckdb.DuckDBPyRelation, small: pa.Table) -> duckdb.DuckDBPyRelation:
    """The Arrow table as a relation on the anchor's own connection, handed over in a file.

    A workbook's connection sees no Python names. Nothing is created in the catalog: each change there
    would make DuckDB bind every step of every relation of the connection anew. The anchor lends its
    connection only; its name in the query is one that the catalog always has, so that no view is made
    for it either.
    """
    file = scratch_file()
    pq.write_table(small, file, compression="none")
    name = str(file).replace("'", "''")
    beside = anchor.query("duckdb_tables", f"SELECT * FROM read_parquet('{name}')")
    assert beside is not None
    made = beside.materialize()
    file.unlink()
    return made


def _fit(value: Any, kind: pa.DataType) -> Any:
    if value is None:
        return None
    if pa.types.is_decimal(kind):
        return Decimal(value).quantize(Decimal(1).scaleb(-kind.scale))
    return value


def as_day(value: Any) -> date | None:
    """A date from whatever a table holds: date, datetime, text, or nothing."""
    if value is None or value != value:
        return None
    if hasattr(value, "date") and callable(value.date):
        return value.date()  # type: ignore[no-any-return]
    if isinstance(value, date):
        return value
    return date.fromisoformat(str(value)[:10])


def as_decimal(value: Any) -> Decimal | None:
    """An exact decimal from whatever a table holds; a float by its shortest decimal form."""
    if value is None or value != value:
        return None
    return value if isinstance(value, Decimal) else Decimal(str(value))


def collected(frame: nw.LazyFrame[Any]) -> list[dict[str, Any]]:
    """Rows of a lazy frame as dictionaries with exact decimals."""
    rows: list[dict[str, Any]] = arrow(frame).to_pylist()
    return rows


def arrow(frame: nw.LazyFrame[Any]) -> pa.Table:
    """A lazy frame worked out as an Arrow table; overflow and bad casts become a `SalesopsError`."""
    try:
        return frame.collect(backend="pyarrow").to_native()
    except duckdb.Error as error:
        raise engine_error(error) from error


def engine_error(error: Exception) -> SalesopsError:
    """The engine's refusal in words: a value that does not fit, or is of another kind."""
    text = str(error).splitlines()[0]
    if "cast" in text.lower() or "overflow" in text.lower() or "out of range" in text.lower():
        return SalesopsError(
            Problem(
                "overflow",
                f"A value does not fit into the decimals that pay is worked in: {text}.",
                "Check the amounts, rates and quotas: credit may have 14 digits before the point, a rate 5.",
            )
        )
    return SalesopsError(
        Problem("engine", f"The engine refused the work: {text}.", "Check the tables' column types.")
    )


def decimal_column(name: str) -> nw.Expr:
    """A column as decimal(38,10)."""
    return nw.col(name).cast(AMOUNT)
