"""Tables about units: the units themselves, who their neighbours are, and whose they are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from salesops_nb.messages import message
from salesops_nb.territory.inputs.findings import (
    REP_COLUMNS,
    Findings,
    absent,
    is_table,
    numbers,
    some,
    texts,
    to_pandas,
)
from salesops_nb.territory.inputs.geography import unique_pairs


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
                "missing-column.units-mapped",
                table="units",
                column=column,
                columns=some(frame.columns, 12) or message("none"),
            )
    findings.stop()
    if frame.empty:
        findings.add("no-units.empty", table="units")
    empty = np.array([absent(value) for value in frame["unit_id"].astype(object)], dtype=bool)
    if empty.any():
        row = int(np.flatnonzero(empty)[0])
        findings.add(
            "missing-id.unit",
            table="units",
            row=row + 2,
            column="unit_id",
            counted=message("{n} unit has", "{n} units have", n=int(empty.sum())),
        )
    findings.stop()
    ids = texts(frame["unit_id"])
    seen = pd.Series(ids)
    twice = seen[seen.duplicated()]
    if len(twice):
        findings.add(
            "duplicate-id.unit",
            table="units",
            row=int(twice.index[0]) + 2,
            column="unit_id",
            value=str(twice.iloc[0]),
            unique=some(twice.unique()),
        )
    latitude = numbers(frame, "latitude", "units", findings)
    longitude = numbers(frame, "longitude", "units", findings)
    findings.stop()
    return Units(ids, latitude.copy(), longitude.copy(), frame)


def read_edges(table: Any, units: Units, findings: Findings) -> NDArray[np.int64] | None:
    """Pairs of positions; rows that name an unknown unit are set aside and counted.

    Raises where not one row names two units, since a map without any link is seldom meant.
    """
    if table is None:
        return None
    frame = _pairs(table, findings)
    for column in ("unit_a", "unit_b"):
        if column not in frame.columns:
            findings.add("missing-column.unit-edges", table="unit_edges", column=column)
    findings.stop()
    number = units.number
    ends = texts(frame["unit_a"]), texts(frame["unit_b"])
    a, b = (np.array([number.get(unit, -1) for unit in end], dtype=np.int64) for end in ends)
    unknown = (a < 0) | (b < 0)
    if unknown.any():
        row = int(np.flatnonzero(unknown)[0])
        column = "unit_a" if a[row] < 0 else "unit_b"
        names = [ends[0][i] if a[i] < 0 else ends[1][i] for i in np.flatnonzero(unknown)]
        findings.add(
            "unknown-unit.edges-all" if unknown.all() else "unknown-unit.edges",
            table="unit_edges",
            row=row + 2,
            column=column,
            value=str(frame[column].iloc[row]),
            severity="error" if unknown.all() else "warning",
            count=unknown.sum(),
            counted=message("{n} edge", "{n} edges", n=len(frame)),
            units=some(dict.fromkeys(names)),
            hint=zeros_hint(names, units),
        )
    findings.stop()
    keep = ~unknown & (a != b)
    return unique_pairs(np.sort(np.stack([a[keep], b[keep]], axis=1), axis=1))


def _pairs(table: Any, findings: Findings) -> pd.DataFrame:
    """Edges as a table, from one or from pairs of ids."""
    if is_table(table):
        return to_pandas(table, "unit_edges")
    rows = list(table) if isinstance(table, Iterable) and not isinstance(table, (str, Mapping)) else None
    if rows is None:
        return to_pandas(table, "unit_edges")
    for at, pair in enumerate(rows):
        if isinstance(pair, str) or not isinstance(pair, Iterable) or len(list(pair)) != 2:
            findings.add("bad-edge", table="unit_edges", value=pair, at=at + 1)
            findings.stop()
    return pd.DataFrame([tuple(pair) for pair in rows], columns=["unit_a", "unit_b"], dtype=object)


def warn_unknown(
    parameter: str,
    unknown: list[str],
    units: Units,
    findings: Findings,
    table: str = "parameters",
    advice: str = "Check the ids.",
) -> None:
    """Says which ids of a parameter are no units, and that they are set aside."""
    findings.add(
        "unknown-unit.parameter",
        table=table,
        value=unknown[0],
        parameter=parameter,
        counted=message("{n} unit", "{n} units", n=len(unknown)),
        unknown=some(unknown),
        advice=advice,
        hint=zeros_hint(unknown, units),
    )


def zeros_hint(unknown: Iterable[str], units: Units) -> str:
    """What to add to the advice where ids would be known but for leading zeros."""
    bare = {unit.lstrip("0"): unit for unit in units.ids}
    for name in unknown:
        known = bare.get(name.lstrip("0"))
        if known is not None and known != name:
            return f" Leading zeros differ ({name} and {known}): read ids as text."
    return ""


def rep_mapping(value: Any, units: Units, name: str, findings: Findings) -> dict[str, str]:
    """Unit to rep from a mapping, a Series, a frame (unit_id, rep) or the name of a column of units."""
    if value is None:
        return {}
    if isinstance(value, str):
        if value not in units.frame.columns:
            findings.add("missing-column.named", table="units", column=value, name=name)
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
            findings.add("missing-column.assignment", table=name, columns=", ".join(map(str, frame.columns)))
            findings.stop()
            return {}
        pairs = list(zip(texts(frame["unit_id"]), frame[column], strict=True))
    number = units.number
    unknown = [u for u, _ in pairs if u not in number]
    nothing = name == "current" and len(unknown) == len(pairs)
    if unknown:
        findings.add(
            "unknown-unit.table-all" if nothing else "unknown-unit.table",
            table=name,
            value=unknown[0],
            severity="error" if nothing else "warning",
            counted=message("{n} unit", "{n} units", n=len(unknown)),
            unknown=some(unknown),
            hint=zeros_hint(unknown, units),
        )
    result: dict[str, str] = {}
    for (unit, given), rep in zip(pairs, texts(rep for _, rep in pairs), strict=True):
        if unit in number and not absent(given):
            if result.get(unit, rep) != rep:
                findings.add("two-owners.unit", table=name, value=unit, rep=result[unit], other=rep)
            result[unit] = rep
    findings.stop()
    return result
