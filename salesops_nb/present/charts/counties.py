"""The counties of the US: their outlines, their names, and the outline of several together.

Source: US Census Bureau (public domain) as in the npm package us-atlas 3.0.1 (ISC licence, Michael
Bostock), simplified here to `county_shapes.json.gz`; the licence is in the file itself.
"""

from __future__ import annotations

import gzip
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
EARTH_KM = 6371.0088  # the mean radius


@lru_cache(maxsize=1)
def _file() -> dict[str, Any]:
    found = json.loads(gzip.decompress((Path(__file__).parent / "county_shapes.json.gz").read_bytes()))
    found["arcs"] = [
        np.cumsum(np.reshape(arc, (-1, 2)), axis=0, dtype=float) / found["scale"] for arc in found["arcs"]
    ]
    return dict(found)


def is_county(unit: str) -> bool:
    """Whether a unit is a US county, by its FIPS code."""
    return unit in _file()["counties"]


def county_name(unit: str, state: bool = True) -> str:
    """A county's name, with its state unless told otherwise; any other unit as it is called.

    Examples
    --------
    >>> county_name("48201"), county_name("48201", state=False), county_name("North 7")
    ('Harris, Texas', 'Harris', 'North 7')
    """
    found = _file()
    name = found["names"].get(unit)
    if name is None:
        return unit
    return f"{name}, {found['states'][unit[:2]]}" if state else str(name)


def outline(counties: Iterable[str], step: float = 0.0) -> list[Floats]:
    """The rings around counties together: (longitude, latitude) in degrees.

    Borders between two of them fall away. Points of a border nearer than `step` degrees to the one before are
    left out and the others put on a grid of half of it, alike on both its sides. A code that is no county is
    passed over.
    """
    found = _file()
    used = Counter(arc for county in counties for ring in found["counties"].get(county, ()) for arc in ring)
    # a border that two of them share is there in both directions
    left = Counter({arc: used[arc] - used[~arc] for arc in used if used[arc] > used[~arc]})
    begins: dict[tuple[float, float], list[int]] = defaultdict(list)
    for arc in left:
        begins[_ends(found["arcs"], arc)[0]].append(arc)
    rings = []
    for first in list(left):
        while left[first]:
            path = [first]
            left[first] -= 1
            start, end = _ends(found["arcs"], first)
            while end != start:
                onward = next(arc for arc in begins[end] if left[arc])
                left[onward] -= 1
                path.append(onward)
                end = _ends(found["arcs"], onward)[1]
            rings.append(np.concatenate([_points(found["arcs"], arc, step)[:-1] for arc in path]))
    rings = [_snapped(ring, step / 2) for ring in rings] if step else rings
    return [ring for ring in rings if len(ring) > 2]


def _snapped(ring: Floats, grid: float) -> Floats:
    """A ring on a grid, the same for all who share a border, without points that lie on a line."""
    placed = np.round(ring / grid)
    while len(placed) > 2:
        before, after = placed - np.roll(placed, 1, axis=0), np.roll(placed, -1, axis=0) - placed
        turns = before[:, 0] * after[:, 1] != before[:, 1] * after[:, 0]
        if turns.all():
            break
        alone = np.flatnonzero(~turns)
        # of neighbours on one line only every second goes at a time, since each is judged by the other
        gone = alone[np.concatenate(([True], np.diff(alone) > 1))]
        placed = np.delete(placed, gone, axis=0)
    return placed * grid


def _ends(arcs: Sequence[Floats], arc: int) -> tuple[tuple[float, float], tuple[float, float]]:
    held = arcs[arc if arc >= 0 else ~arc]
    first, last = (held[0], held[-1]) if arc >= 0 else (held[-1], held[0])
    return (float(first[0]), float(first[1])), (float(last[0]), float(last[1]))


def _points(arcs: Sequence[Floats], arc: int, step: float) -> Floats:
    """An arc's points in its direction, thinned from its own beginning so that both sides agree."""
    held = arcs[arc if arc >= 0 else ~arc]
    if step and len(held) > 2:
        kept = [0]
        for at in range(1, len(held) - 1):
            if np.hypot(*(held[at] - held[kept[-1]])) >= step:
                kept.append(at)
        held = held[[*kept, len(held) - 1]]
    return held if arc >= 0 else held[::-1]


def projected(longitude: Any, latitude: Any, middle: tuple[float, float]) -> tuple[Floats, Floats]:
    """Lambert's azimuthal equal-area projection about a middle (longitude, latitude), in earth radii.

    Source: Snyder, Map Projections, USGS Professional Paper 1395, eq. 24-2 to 24-4. It knows no antimeridian.
    """
    lon, lat = np.radians(np.asarray(longitude, float) - middle[0]), np.radians(np.asarray(latitude, float))
    base = np.radians(middle[1])
    cosine = np.sin(base) * np.sin(lat) + np.cos(base) * np.cos(lat) * np.cos(lon)
    k = np.sqrt(2 / np.maximum(1 + cosine, 1e-9))
    x = k * np.cos(lat) * np.sin(lon)
    return x, k * (np.cos(base) * np.sin(lat) - np.sin(base) * np.cos(lat) * np.cos(lon))
