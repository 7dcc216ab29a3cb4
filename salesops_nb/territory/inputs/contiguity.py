"""Which units contiguity binds, and the links that join a map in pieces."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from salesops_nb.messages import message
from salesops_nb.territory.inputs.findings import Findings, some, texts, yes_or_no
from salesops_nb.territory.inputs.geography import ferries, map_pieces
from salesops_nb.territory.inputs.units import Units, warn_unknown

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def bound_units(units: Units, contiguous: Any, findings: Findings) -> NDArray[np.bool_]:
    """(n,) which units contiguity binds: all, none, or as a mapping or a column says (where silent: yes)."""
    n = len(units.ids)
    if isinstance(contiguous, (bool, np.bool_)):
        return np.full(n, bool(contiguous))
    if isinstance(contiguous, Mapping):
        given = dict(zip(texts(contiguous), contiguous.values(), strict=True))
        unknown = [unit for unit in given if unit not in units.number]
        if unknown:
            warn_unknown("contiguous", unknown, units, findings)
        return np.array([bool(given.get(unit, True)) for unit in units.ids])
    if not isinstance(contiguous, str) or contiguous not in units.frame.columns:
        findings.add("missing-column.contiguous", table="units", column=str(contiguous))
        findings.stop()
    return np.array(yes_or_no(units.frame, contiguous, "units", True, findings), dtype=bool)


def joined_pieces(
    units: Units, points: Floats, pairs: Ints, bound: Any, islands: str, findings: Findings
) -> Ints:
    """Edges with ferries added where asked for."""
    if islands not in ("apart", "join"):
        findings.add("bad-islands", table="parameters", islands=islands)
        findings.stop()
    if islands == "apart" or not bound.any():
        return pairs
    inside = np.flatnonzero(bound)
    number = np.full(len(points), -1)
    number[inside] = np.arange(len(inside))
    within = pairs[bound[pairs].all(axis=1)] if len(pairs) else pairs
    if map_pieces(len(inside), number[within]).max(initial=0) == 0:
        return pairs
    added = inside[ferries(points[inside], number[within])]
    links = [f"{units.ids[a]}–{units.ids[b]}" for a, b in added]
    findings.add(
        "map-in-pieces.joined",
        table="unit_edges",
        count=len(added) + 1,
        counted=message("{n} link", "{n} links", n=len(added)),
        links=some(links),
    )
    return np.vstack([pairs, added])
