"""Reading what a planner hands in: frames, mappings and lists, checked, with every finding named."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
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


def to_pandas(table: Any, name: str) -> pd.DataFrame:
    """Any frame narwhals reads, as pandas with a plain index."""
    try:
        frame = nw.from_native(table)
    except TypeError:
        raise SalesopsError(
            Problem(
                "not-a-table",
                f"{name} is a {type(table).__name__}, not a table.",
                "Hand over a pandas, polars, pyarrow or DuckDB frame.",
                table=name,
            )
        ) from None
    if isinstance(frame, nw.LazyFrame):
        frame = frame.collect("pyarrow")
    result: pd.DataFrame = frame.to_pandas()
    return result.reset_index(drop=True)


def texts(values: Any) -> list[str]:
    """Ids as text; a whole number read as a float loses its ``.0``."""
    return [
        str(int(v)) if isinstance(v, (float, np.floating)) and float(v).is_integer() else str(v)
        for v in values
    ]


def numbers(frame: pd.DataFrame, column: str, table: str, findings: Findings) -> NDArray[np.float64]:
    """A column as floats, empty cells as NaN; a word among the numbers is an error."""
    values = pd.to_numeric(frame[column].astype(object), errors="coerce").to_numpy(float, na_value=np.nan)
    words = frame[column].notna().to_numpy() & np.isnan(values)
    if words.any():
        row = int(np.flatnonzero(words)[0])
        findings.add(
            "not-a-number",
            f"{column} holds {frame[column].iloc[row]!r}, which is not a number ({words.sum()} such rows).",
            "Write plain numbers.",
            table,
            row=row + 2,
            column=column,
            value=str(frame[column].iloc[row]),
        )
    return values


@dataclass
class Units:
    """Units as read: ids, degrees and the whole frame in the same order."""

    ids: list[str]
    latitude: NDArray[np.float64]
    longitude: NDArray[np.float64]
    frame: pd.DataFrame

    @property
    def number(self) -> dict[str, int]:
        """Position of each id."""
        return {unit: i for i, unit in enumerate(self.ids)}


def read_units(table: Any, findings: Findings) -> Units:
    """Units with unique ids; raises for a missing column, no rows or ids that come twice."""
    frame = to_pandas(table, "units")
    for column in ("unit_id", "latitude", "longitude"):
        if column not in frame.columns:
            findings.add(
                "missing-column",
                f"units has no column {column}; it has {', '.join(map(str, frame.columns))}.",
                f"Add {column} or map it in the workbook.",
                "units",
                column=column,
            )
    findings.stop()
    if frame.empty:
        findings.add("no-units", "units has no rows.", "Check the scope and the filter.", "units")
    if frame["unit_id"].isna().any():
        row = int(np.flatnonzero(frame["unit_id"].isna())[0])
        findings.add(
            "missing-id",
            f"{frame['unit_id'].isna().sum()} units have no unit_id.",
            "Give each unit an id.",
            "units",
            row=row + 2,
            column="unit_id",
        )
    findings.stop()
    ids = texts(frame["unit_id"])
    seen = pd.Series(ids)
    twice = seen[seen.duplicated()]
    if len(twice):
        findings.add(
            "duplicate-id",
            f"unit_id comes more than once: {some(twice.unique())}.",
            "Keep one row for each unit, with its measures summed.",
            "units",
            row=int(twice.index[0]) + 2,
            column="unit_id",
            value=str(twice.iloc[0]),
        )
    latitude = numbers(frame, "latitude", "units", findings)
    longitude = numbers(frame, "longitude", "units", findings)
    findings.stop()
    return Units(ids, latitude.copy(), longitude.copy(), frame)


def read_edges(table: Any, units: Units, findings: Findings) -> NDArray[np.int64] | None:
    """Pairs of positions; rows that name an unknown unit are set aside and counted."""
    if table is None:
        return None
    if isinstance(table, np.ndarray) or not hasattr(table, "columns"):
        rows = [tuple(pair) for pair in table]
        frame = pd.DataFrame(rows, columns=["unit_a", "unit_b"], dtype=object)
    else:
        frame = to_pandas(table, "unit_edges")
    for column in ("unit_a", "unit_b"):
        if column not in frame.columns:
            findings.add(
                "missing-column",
                f"unit_edges has no column {column}.",
                "Name the two columns unit_a and unit_b.",
                "unit_edges",
                column=column,
            )
    findings.stop()
    number = units.number
    a = np.array([number.get(v, -1) for v in texts(frame["unit_a"])], dtype=np.int64)
    b = np.array([number.get(v, -1) for v in texts(frame["unit_b"])], dtype=np.int64)
    unknown = (a < 0) | (b < 0)
    if unknown.any():
        row = int(np.flatnonzero(unknown)[0])
        column = "unit_a" if a[row] < 0 else "unit_b"
        names = [
            texts(frame["unit_a"])[i] if a[i] < 0 else texts(frame["unit_b"])[i]
            for i in np.flatnonzero(unknown)
        ]
        findings.add(
            "unknown-unit",
            f"{unknown.sum()} of {len(frame)} edges name a unit that is not in units: "
            f"{some(dict.fromkeys(names))}; "
            "they are set aside.",
            "Add the unit, correct the id, or leave it if the unit is out of scope.",
            "unit_edges",
            row=row + 2,
            column=column,
            value=str(frame[column].iloc[row]),
            severity="warning",
        )
    keep = ~unknown & (a != b)
    edges = np.sort(np.stack([a[keep], b[keep]], axis=1), axis=1)
    return np.asarray(np.unique(edges, axis=0).reshape(-1, 2), dtype=np.int64)


def rep_mapping(value: Any, units: Units, name: str, findings: Findings) -> dict[str, str]:
    """Unit to rep from a mapping, a Series, a frame (unit_id, rep) or the name of a column of units."""
    if value is None:
        return {}
    if isinstance(value, str):
        if value not in units.frame.columns:
            findings.add(
                "missing-column",
                f"units has no column {value}, named as {name}.",
                "Name a column of units.",
                "units",
                column=value,
            )
            findings.stop()
        pairs = list(zip(units.ids, units.frame[value], strict=True))
    elif isinstance(value, (Mapping, pd.Series)):
        pairs = list(
            zip(texts(value.keys()), value.values() if isinstance(value, Mapping) else value, strict=True)
        )
    else:
        frame = to_pandas(value, name)
        column = next((c for c in REP_COLUMNS if c in frame.columns), None)
        if column is None or "unit_id" not in frame.columns:
            findings.add(
                "missing-column",
                f"{name} needs the columns unit_id and rep; it has {', '.join(map(str, frame.columns))}.",
                "Rename the columns.",
                name,
            )
            findings.stop()
            return {}
        pairs = list(zip(texts(frame["unit_id"]), frame[column], strict=True))
    number = units.number
    unknown = [u for u, _ in pairs if u not in number]
    if unknown:
        findings.add(
            "unknown-unit",
            f"{name} names {len(unknown)} units that are not in units: {some(unknown)}; they are set aside.",
            "Check the scope.",
            name,
            value=unknown[0],
            severity="warning",
        )
    result: dict[str, str] = {}
    for unit, rep in pairs:
        if (
            unit in number
            and rep is not None
            and not (isinstance(rep, float) and np.isnan(rep))
            and rep is not pd.NA
        ):
            rep = texts([rep])[0]
            if result.get(unit, rep) != rep:
                findings.add(
                    "two-owners",
                    f"{name} gives unit {unit} to both {result[unit]} and {rep}.",
                    "Give each unit one owner.",
                    name,
                    value=unit,
                )
            result[unit] = rep
    findings.stop()
    return result
