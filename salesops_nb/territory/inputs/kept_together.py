"""Units that stay together: parents with their children, or any list of units."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from salesops_nb.territory.inputs.findings import Findings, absent, some, texts
from salesops_nb.territory.inputs.geography import map_pieces
from salesops_nb.territory.inputs.units import Units, warn_unknown

Ints = NDArray[np.int64]


def label_groups(units: Units, keep_together: Any, findings: Findings) -> Ints:
    """Item of each unit: units that stay together share one; numbered in the order met.

    A column or mapping names each unit's parent or group: those with the same one stay together, with the
    unit of that id where there is one. Lists that share a unit become one group.
    """
    n, number = len(units.ids), units.number
    if keep_together is None:
        return np.arange(n, dtype=np.int64)
    links: list[tuple[int, int]] = []
    first: dict[str, int] = {}
    if isinstance(keep_together, (str, Mapping)):
        for i, group in _named(units, keep_together):
            links.append((i, first.setdefault(group, number.get(group, i))))
    else:
        for members in _listed(units, keep_together, findings):
            links += [(members[0], i) for i in members[1:]]
    label = map_pieces(n, np.array(links, dtype=np.int64).reshape(-1, 2))
    _, met, item = np.unique(label, return_index=True, return_inverse=True)
    return np.asarray(np.argsort(np.argsort(met))[item.reshape(-1)], dtype=np.int64)


def _named(units: Units, keep_together: str | Mapping[Any, Any]) -> list[tuple[int, str]]:
    """Position and group of the units that name one; an empty cell is no group."""
    if isinstance(keep_together, str):
        groups = units.frame[keep_together].astype(object).tolist()
    else:
        given = dict(zip(texts(keep_together), keep_together.values(), strict=True))
        groups = [given.get(unit) for unit in units.ids]
    return [(i, texts([group])[0]) for i, group in enumerate(groups) if not absent(group)]


def _listed(units: Units, keep_together: Any, findings: Findings) -> list[list[int]]:
    """Positions of each list of units; ids that units has not are set aside and counted."""
    given = list(keep_together) if isinstance(keep_together, Iterable) else [None]
    if any(isinstance(group, str) or not isinstance(group, Iterable) for group in given):
        findings.add("bad-groups", table="parameters", keep_together=keep_together)
        findings.stop()
    number = units.number
    named = [texts(group) for group in given]
    unknown = [unit for group in named for unit in group if unit not in number]
    if unknown:
        warn_unknown("keep_together", unknown, units, findings)
    known = [[number[unit] for unit in group if unit in number] for group in named]
    return [members for members in known if members]


def note_apart_groups(units: Units, item: Ints, pairs: Ints, whole: Any, findings: Findings) -> None:
    """Warns of groups that stay together although their units do not touch."""
    if len(whole) == len(item):
        return
    inner = pairs[item[pairs[:, 0]] == item[pairs[:, 1]]] if len(pairs) else pairs
    pieces = map_pieces(len(item), inner)
    apart = [
        units.ids[int(members[0])]
        for c in np.flatnonzero(np.bincount(item) > 1)
        if whole[c] and len(np.unique(pieces[members := np.flatnonzero(item == c)])) > 1
    ]
    if apart:
        findings.add(
            "group-apart",
            table="units",
            n=len(apart),
            apart=some(apart),
        )
