"""The tables of pay: as `frames.Tables`, with exact decimals in place of floats; and products that fit."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Self, TypeVar

import duckdb
import narwhals as nw

from salesops_nb.core import frames
from salesops_nb.core.memo import Key, Memo
from salesops_nb.errors import SalesopsError, problem
from salesops_nb.messages import message

if TYPE_CHECKING:
    import pyarrow as pa

T = TypeVar("T")
AMOUNT = nw.Decimal(38, 10)
_FACTOR = nw.Decimal(13, 8)
_EXCHANGED = ("prior_lines", "targets")
_CREDIT = nw.Decimal(24, 10)
_SQL = {nw.String: "VARCHAR", nw.Date: "DATE", nw.Int32: "INTEGER", nw.Int64: "BIGINT", nw.Boolean: "BOOLEAN"}
_ARROW = {nw.String: "string", nw.Date: "date32", nw.Int32: "int32", nw.Int64: "int64", nw.Boolean: "bool"}


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
    return (to_share(amount) * share.cast(nw.Decimal(14, 12))).cast(AMOUNT)


def to_share(amount: nw.Expr) -> nw.Expr:
    """An amount as `times10` takes it."""
    return amount.cast(nw.Decimal(24, 8))


def _text(value: Decimal) -> str:
    return format(value, "f")


class Tables(frames.Tables):
    """The tables of pay: floats among them are the decimals they were written as.

    Calculations on the same tables share what is worked out of them: another period or a changed rate meets
    facts and credits that are known.
    """

    def __init__(self, given: Mapping[str, Any], engine: Any = None, memo: Memo | None = None) -> None:
        super().__init__(given, engine, memo)
        self._exchanged: dict[Hashable, Hashable] = {}

    def beside(self, **tables: Any) -> Self:
        """The same tables with others of those names; what does not hang on them stays known.

        What hangs on one of the tables that are often exchanged, the ledger or targets, has its name first
        in its key; on any other table all that is known may hang.
        """
        made = super().beside(**tables)
        if set(tables) <= set(_EXCHANGED):
            made._exchanged = {**self._exchanged, **dict.fromkeys(tables, made._stamp)}
            made._stamp = self._stamp
        return made

    def once(self, key: Key, make: Callable[[], T], rows: int | Callable[[T], int] = 0) -> T:
        """What `make` gives, worked out the first time that `key` is asked for; see `Memo.once`."""
        return super().once((self._exchanged.get(key[0]), *key), make, rows)

    def frame(self, name: str) -> nw.LazyFrame[Any]:
        """A table by name; raises `SalesopsError` where it was not given."""
        if name not in self:
            raise SalesopsError(
                problem(
                    "missing-table.calculation", table=name, given=", ".join(self.given) or message("none")
                )
            )
        return self.once((name, "frame"), lambda: exact(self[name]))

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
                problem(
                    "missing-column.calculation",
                    table=name,
                    column=missing[0],
                    missing=", ".join(map(repr, missing)),
                    columns=", ".join(have),
                )
            )
        return frame

    def row_of(self, name: str, column: str, value: Any) -> int | None:
        """The row of a table handed in from memory (the header is row 1), ``None`` for one in a database."""
        import pyarrow as pa

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
            (name, "rows"), lambda: self._rows(name) if name in self else []
        )
        return made

    def _rows(self, name: str) -> list[dict[str, Any]]:
        table = self._in_memory(name)
        return collected(self.frame(name)) if table is None else table.to_pylist()

    def _in_memory(self, name: str) -> pa.Table | None:
        if name not in self:
            return None
        frame = frames.frame_of(self.given[name], name)
        return None if isinstance(frame, nw.LazyFrame) else _typed(frames.to_arrow(frame))

    def put_arrow(self, table: pa.Table) -> nw.LazyFrame[Any]:
        """An Arrow table as a lazy frame that can be joined with the others; a column of nothing is text."""
        return super().put_arrow(_typed(table))

    def put(self, rows: Iterable[Mapping[str, Any]], schema: Mapping[str, Any]) -> nw.LazyFrame[Any]:
        """A small table of our own on the same connection; `schema` has the narwhals type of each column."""
        plain = [{name: _fit(row.get(name), kind) for name, kind in schema.items()} for row in rows]
        if frames.is_spark(self.engine):
            return self.put_arrow(arrow_table(plain, schema))
        return self.put_rows(plain, {name: _sql(kind) for name, kind in schema.items()})

    def settled(self, frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
        """The frame, worked out once, for reading several times."""
        try:
            return frames.settled(frame)
        except duckdb.Error as error:
            raise engine_error(error) from error


def exact(frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Floats as the decimals they were written as (their shortest form), never as binary neighbours."""
    floats = [name for name, kind in frame.collect_schema().items() if kind.is_float()]
    made = [
        nw.when(~nw.col(name).is_nan()).then(nw.col(name).cast(nw.String)).cast(AMOUNT).alias(name)
        for name in floats
    ]
    return frame.with_columns(*made) if made else frame


def _typed(table: pa.Table) -> pa.Table:
    import pyarrow as pa

    for at, field in enumerate(table.schema):
        if pa.types.is_null(field.type):
            table = table.set_column(at, field.name, table.column(at).cast(pa.string()))
    return table


def _fit(value: Any, kind: Any) -> Any:
    if isinstance(kind, nw.Decimal) and value is not None:
        return Decimal(value).quantize(Decimal(1).scaleb(-kind.scale))
    return value


def _sql(kind: Any) -> str:
    """The name of a type in DuckDB."""
    if isinstance(kind, nw.Decimal):
        return f"DECIMAL({kind.precision},{kind.scale})"
    return _SQL[kind.base_type()]


def arrow_table(rows: list[dict[str, Any]], schema: Mapping[str, Any]) -> pa.Table:
    """Rows as Arrow, as Spark takes them; `schema` as for `Tables.put`."""
    import pyarrow as pa

    def type_of(kind: Any) -> pa.DataType:
        if isinstance(kind, nw.Decimal):
            return pa.decimal128(kind.precision, kind.scale)
        return pa.type_for_alias(_ARROW[kind.base_type()])

    columns = {name: pa.array([row[name] for row in rows], type_of(kind)) for name, kind in schema.items()}
    return pa.table(columns)


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
    native = frame.to_native()
    if not isinstance(native, duckdb.DuckDBPyRelation) or any("ZONE" in str(kind) for kind in native.types):
        rows: list[dict[str, Any]] = arrow(frame).to_pylist()
        return rows
    try:  # without pyarrow, which with numpy takes longer to load than most calculations take
        return [dict(zip(native.columns, row, strict=True)) for row in native.fetchall()]
    except duckdb.Error as error:
        raise engine_error(error) from error


def distinct(frame: nw.LazyFrame[Any], name: str) -> list[Any]:
    """The values of a column, each once; grouped, which takes a quarter of the time of `unique`."""
    return [row[name] for row in collected(frame.group_by(name).agg(n=nw.len()).select(name))]


def arrow(frame: nw.LazyFrame[Any]) -> pa.Table:
    """A lazy frame worked out as an Arrow table; overflow and bad casts become a `SalesopsError`."""
    try:
        native = frame.to_native()
        if isinstance(native, duckdb.DuckDBPyRelation):  # as narwhals does, which loads its own arrow first
            return native.to_arrow_table()
        return frame.collect(backend="pyarrow").to_native()
    except duckdb.Error as error:
        raise engine_error(error) from error


def engine_error(error: Exception) -> SalesopsError:
    """The engine's refusal in words: a value that does not fit, or is of another kind."""
    text = str(error).splitlines()[0]
    if "cast" in text.lower() or "overflow" in text.lower() or "out of range" in text.lower():
        return SalesopsError(problem("overflow", error=text))
    return SalesopsError(problem("engine", error=text))
