"""Reading what a planner hands in: frames, mappings and lists, checked, with every finding named."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from salesops_nb.core.frames import Tables, collected, frame_of, is_rows
from salesops_nb.errors import Problem, SalesopsError, problem
from salesops_nb.messages import Message, listed, message

REP_COLUMNS = ("rep", "person_id", "rep_id", "territory", "owner_id")
KNOWN_MEASURES = ("potential", "workload", "accounts", "weight")


@dataclass
class Findings:
    """Problems met while reading; errors are raised together, warnings go with the plan."""

    problems: list[Problem] = field(default_factory=list)

    def add(self, key: str, **places: Any) -> None:
        """Notes one finding of the catalogue of problems."""
        self.problems.append(problem(key, **places))

    def stop(self) -> None:
        """Raises the errors found so far, if any."""
        errors = [p for p in self.problems if p.severity == "error"]
        if errors:
            raise SalesopsError(errors)


def some(values: Iterable[object], limit: int = 3) -> Message:
    """The first few values in words, such as ``a, b, c and 4 more``."""
    return listed(values, limit)


def to_pandas(table: Any, name: str) -> pd.DataFrame:
    """Any frame narwhals reads, or a list of rows (mappings), as pandas with a plain index.

    Raises `SalesopsError` for what is no table, and for a column that comes twice.
    """
    frame = frame_of(table, name)
    if isinstance(frame, nw.LazyFrame):
        frame = frame.collect("pyarrow")
    result: pd.DataFrame = frame.to_pandas()
    return result.reset_index(drop=True)


def whole(tables: Tables, name: str) -> pd.DataFrame:
    """A table as pandas, read the first time that it is asked for; it must not be changed."""
    return tables.once(("territory", "whole", name), lambda: to_pandas(tables.given[name], name), rows=len)


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
    frame: nw.LazyFrame[Any],
    columns: Sequence[str],
    day: str,
    first: date,
    last: date,
    **among: Sequence[str],
) -> pd.DataFrame:
    """Those of the columns that a long table has, as pandas, with few rows beside those that count.

    Those are `between` the days and have one of the words of `among` in each of its columns: whoever asks
    tells which they are.
    """
    kinds = frame.collect_schema()
    columns = [column for column in columns if column in kinds]
    if not columns:
        return pd.DataFrame()
    words = [column for column in among if kinds.get(column) == nw.String]
    rows = between(frame, day, first, last) if day in kinds else frame
    rows = rows.filter(*(nw.col(column).is_in(among[column]) for column in words)) if words else rows
    return collected(rows.select(columns))


def filled(frame: nw.LazyFrame[Any], columns: Sequence[str]) -> list[str]:
    """Those of the columns that a long table has something in."""
    there = set(frame.collect_schema().names())
    columns = [column for column in columns if column in there]
    if not columns:
        return []
    counts = collected(frame.select(nw.col(*columns).count()))
    return [column for column in columns if counts[column].iloc[0]]


def is_table(value: Any) -> bool:
    """Whether it is a frame that narwhals reads, or a list of rows."""
    return is_rows(value) or isinstance(
        nw.from_native(value, pass_through=True), (nw.DataFrame, nw.LazyFrame)
    )


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
            table=table,
            row=row + 2,
            column=column,
            value=frame[column].iloc[row],
            counted=message("{n} such row", "{n} such rows", n=int(words.sum())),
        )
    return values


YES, NO = ("true", "yes", "y", "1", "1.0"), ("false", "no", "n", "0", "0.0")


def yes_or_no(frame: pd.DataFrame, column: str, table: str, empty: bool, findings: Findings) -> list[bool]:
    """A column of yes and no as booleans, an empty cell as `empty`; any other word is an error."""
    said = [empty if absent(v) else str(v).strip().lower() for v in frame[column].astype(object)]
    for row, word in enumerate(said):
        if isinstance(word, str) and word not in YES + NO:
            findings.add(
                "not-yes-or-no", table=table, row=row + 2, column=column, value=frame[column].iloc[row]
            )
            break
    return [word if isinstance(word, bool) else word in YES for word in said]
