"""Neighbours within a scope, out of those of all units."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from salesops_nb.core.frames import Tables
from salesops_nb.errors import Problem, problem
from salesops_nb.territory.inputs.findings import some, texts, whole


@dataclass(frozen=True)
class Edges:
    """All edges there are.

    Parameters
    ----------
    number : unit to its number. ends, at : (n, 2) both ends of each edge by name, and by number; that of a
        unit there is not is one above all. problems : about edges to such units.
    """

    number: dict[str, int]
    ends: Any
    at: Any
    problems: list[Problem]


def edges_of(tables: Tables, units: pd.DataFrame) -> tuple[pd.DataFrame | None, list[Problem]]:
    """The neighbours within the scope; edges to a unit that units has not are set aside and counted."""
    if "unit_edges" not in tables:
        return None, []
    known = tables.once(("territory", "edges"), lambda: _edges(tables))
    ours = np.zeros(len(known.number) + 1, dtype=bool)
    ours[[known.number[unit] for unit in units["unit_id"].to_numpy(object)]] = True
    inside = known.ends[ours[known.at].all(axis=1)]
    return pd.DataFrame(inside, columns=["unit_a", "unit_b"]), list(known.problems)


def _edges(tables: Tables) -> Edges:
    frame = whole(tables, "unit_edges")
    number: dict[str, int] = {}
    for unit in texts(whole(tables, "units")["unit_id"]):
        number.setdefault(unit, len(number))
    pairs = list(zip(texts(frame["unit_a"]), texts(frame["unit_b"]), strict=True))
    places = [number.get(unit, len(number)) for pair in pairs for unit in pair]
    at = np.array(places, dtype=np.int64).reshape(-1, 2)
    strange = [pairs[row] for row in np.flatnonzero(at.max(axis=1) == len(number))]
    ends = np.array(pairs, dtype=object).reshape(-1, 2)
    return Edges(number, ends, at, [_unknown(strange, len(pairs), number)] if strange else [])


def _unknown(strange: list[tuple[str, str]], of: int, number: dict[str, int]) -> Problem:
    names = list(dict.fromkeys(unit for pair in strange for unit in pair if unit not in number))
    return problem(
        "unknown-unit.edge-ids",
        table="unit_edges",
        value=names[0],
        count=len(strange),
        of=of,
        names=some(names),
    )
