"""Reading what a planner hands in: frames, mappings and lists, checked, with every finding named."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from salesops_nb.errors import Problem, SalesopsError

REP_COLUMNS = ("rep", "person_id", "rep_id", "territory", "owner_id")
KNOWN_MEASURES = ("potential", "workload", "accounts", "weight")


@dataclass
class Findings:
    """Problems met while reading; errors are raised together, warnings go with the plan."""

    problems: list[Problem] = field(default_factory=list)

    def add(self, code: str, message: str, fix: str, table: str, **more: Any) -> None:
        """Notes one finding."""
        self.problems.append(Problem(code, message, fix, table=table, **more))

    def stop(self) -> None:
        """Raises the errors found so far, if any."""
        errors = [p for p in self.problems if p.severity == "error"]
        if errors:
            raise SalesopsError(errors)


def some(values: Iterable[object], limit: int = 3) -> str:
    """The first few values in words, such as ``a, b, c and 4 more``."""
    shown = [str(v) for v in values]
    more = f" and {len(shown) - limit} more" if len(shown) > limit else ""
    return ", ".join(shown[:limit]) + more


def counted(n: int, one: str, many: str = "") -> str:
    """A number with its noun, such as ``1 unit`` or ``12 units``."""
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def to_pandas(table: Any, name: str) -> pd.DataFrame:
    """Any frame narwhals reads, or a list of rows (mappings), as pandas with a plain index.

    Raises `SalesopsError` for what is no table, and for a column that comes twice.
    """
    if is_rows(table):
        table = pd.DataFrame(list(table))
    names = [str(c) for c in table.columns] if isinstance(table, pd.DataFrame) else []
    twice = [column for column in dict.fromkeys(names) if names.count(column) > 1]
    if twice:
        raise SalesopsError(
            Problem("duplicate-column", f"{name} has the column {some(twice)} more than once.",
                    "Keep one of them, or rename the other.", table=name, column=twice[0])
        )  # fmt: skip
    try:
        frame = nw.from_native(table)
    except TypeError:
        raise SalesopsError(
            Problem(
                "not-a-table",
                f"{name} is {a_kind(table)}, not a table.",
                "Hand over a pandas, polars, pyarrow or DuckDB frame, or a list of rows (mappings).",
                table=name,
            )
        ) from None
    if isinstance(frame, nw.LazyFrame):
        frame = frame.collect("pyarrow")
    result: pd.DataFrame = frame.to_pandas()
    return result.reset_index(drop=True)


def between(frame: nw.LazyFrame[Any], day: str, first: date, last: date) -> nw.LazyFrame[Any]:
    """The rows of a span of days; where the engine does not know the column as days, all of them."""
    kind = frame.collect_schema()[day]
    if kind == nw.Date:
        return frame.filter(nw.col(day).is_between(first, last))
    if not isinstance(kind, nw.Datetime) or kind.time_zone is not None:
        return frame
    begin, end = (datetime.combine(each, time.min) for each in (first, last + timedelta(days=1)))
    return frame.filter(nw.col(day) >= begin, nw.col(day) < end)


def narrowed(
    table: Any, name: str, columns: Sequence[str], day: str, first: date, last: date, **among: Sequence[str]
) -> pd.DataFrame:
    """Those of the columns that a long table has, as pandas, from an engine at most the rows that count.

    Those are `between` the days and have one of the words of `among` in each of its columns. A table in
    memory is taken whole: whoever asks tells which rows count.
    """
    frame = nw.from_native(table, pass_through=True)
    if isinstance(frame, nw.LazyFrame):
        kinds = frame.collect_schema()
        words = [column for column in among if kinds.get(column) == nw.String]
        rows = between(frame, day, first, last) if day in kinds else frame
        rows = rows.filter(*(nw.col(column).is_in(among[column]) for column in words)) if words else rows
        table = rows.select([column for column in columns if column in kinds])
    return to_pandas(table, name)


def filled(table: Any, name: str, columns: Sequence[str]) -> list[str]:
    """Those of the columns that a long table has something in."""
    frame = nw.from_native(table, pass_through=True)
    if isinstance(frame, nw.LazyFrame):
        there = set(frame.collect_schema().names())
        columns = [column for column in columns if column in there]
        table = frame.select(nw.col(*columns).count()) if columns else frame.head(0)
        counts = to_pandas(table, name)
        return [column for column in columns if counts[column].iloc[0]]
    known = to_pandas(table, name)
    return [column for column in columns if column in known and known[column].notna().any()]


def is_rows(table: Any) -> bool:
    """Whether it is a list of mappings, one a row."""
    return isinstance(table, (list, tuple)) and len(table) > 0 and all(isinstance(r, Mapping) for r in table)


def is_table(value: Any) -> bool:
    """Whether it is a frame that narwhals reads, or a list of rows."""
    return is_rows(value) or isinstance(
        nw.from_native(value, pass_through=True), (nw.DataFrame, nw.LazyFrame)
    )


def a_kind(value: Any) -> str:
    """What kind of thing was received, in words, such as ``a list`` or ``nothing``."""
    if value is None:
        return "nothing"
    kind = type(value).__name__
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"


def absent(value: Any) -> bool:
    """Whether a cell is empty: None, NaN or a blank text."""
    return value is None or value is pd.NA or value != value or (isinstance(value, str) and not value.strip())


def texts(values: Any) -> list[str]:
    """Ids as text; a whole number read as a float loses its ``.0``."""
    if isinstance(values, pd.Series) and isinstance(values.dtype, pd.StringDtype):
        values = values.to_numpy(object)  # which is walked ten times sooner
    return [
        str(int(v)) if isinstance(v, (float, np.floating)) and float(v).is_integer() else str(v)
        for v in values
    ]


def numbers(frame: pd.DataFrame, column: str, table: str, findings: Findings) -> NDArray[np.float64]:
    """A column as floats, empty cells as NaN; a word among the numbers is an error."""
    if isinstance(frame[column].dtype, np.dtype) and frame[column].dtype == np.float64:
        return frame[column].to_numpy(float, copy=True)
    values = pd.to_numeric(frame[column].astype(object), errors="coerce").to_numpy(float, na_value=np.nan)
    words = frame[column].notna().to_numpy() & np.isnan(values)
    if words.any():
        row = int(np.flatnonzero(words)[0])
        findings.add(
            "not-a-number",
            f"{column} holds {frame[column].iloc[row]!r}, which is not a number "
            f"({counted(int(words.sum()), 'such row')}).",
            "Write plain numbers, without separators of thousands or units.",
            table,
            row=row + 2,
            column=column,
            value=str(frame[column].iloc[row]),
        )
    return values


YES, NO = ("true", "yes", "y", "1", "1.0"), ("false", "no", "n", "0", "0.0")


def yes_or_no(frame: pd.DataFrame, column: str, table: str, empty: bool, findings: Findings) -> list[bool]:
    """A column of yes and no as booleans, an empty cell as `empty`; any other word is an error."""
    said = [empty if absent(v) else str(v).strip().lower() for v in frame[column].astype(object)]
    for row, word in enumerate(said):
        if isinstance(word, str) and word not in YES + NO:
            findings.add(
                "not-yes-or-no",
                f"{column} is {frame[column].iloc[row]!r}.",
                "Write yes or no.",
                table,
                row=row + 2,
                column=column,
                value=str(frame[column].iloc[row]),
            )
            break
    return [word if isinstance(word, bool) else word in YES for word in said]
