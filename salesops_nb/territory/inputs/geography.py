"""Places on the globe: chords in kilometres, neighbours from coordinates or shapes, pieces of a map.

A place is a point in three dimensions (kilometres from the centre of the Earth), so that neither
the antimeridian nor a projection bends distances.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import Delaunay, QhullError, cKDTree

EARTH_KM = 6371.0088
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def chord_points(latitude: Any, longitude: Any) -> Floats:
    """Points (n, 3) in kilometres; rounded to a millimetre, so that every machine has the same."""
    north = np.radians(np.asarray(latitude, dtype=float))
    east = np.radians(np.asarray(longitude, dtype=float))
    points = np.stack([np.cos(north) * np.cos(east), np.cos(north) * np.sin(east), np.sin(north)], axis=-1)
    return np.asarray(np.round(EARTH_KM * points, 6))


def latitude_longitude(points: Floats) -> tuple[Floats, Floats]:
    """Degrees of points in three dimensions, wherever along their ray they lie."""
    length = np.linalg.norm(points, axis=-1)
    north = np.degrees(np.arcsin(np.clip(points[..., 2] / np.where(length > 0, length, 1), -1, 1)))
    return north, np.degrees(np.arctan2(points[..., 1], points[..., 0]))


def great_circle_km(latitude: Any, longitude: Any, to_latitude: Any, to_longitude: Any) -> Floats:
    """Distance along the surface, in kilometres (from the chord: 2 R arcsin(chord / 2R))."""
    chord = np.linalg.norm(
        chord_points(latitude, longitude) - chord_points(to_latitude, to_longitude), axis=-1
    )
    return np.asarray(2 * EARTH_KM * np.arcsin(np.clip(chord / (2 * EARTH_KM), 0, 1)))


def neighbours_from_coordinates(latitude: Any, longitude: Any, furthest_km: float | None = None) -> Ints:
    """Delaunay pairs (edges, 2) on the sphere; units at the same spot are linked to each other.

    The stereographic projection around the middle of the points keeps circles, so that the plane's
    Delaunay triangles are the sphere's. With `furthest_km` longer links are left out.
    """
    points = chord_points(latitude, longitude) / EARTH_KM
    if len(points) < 2:
        return np.empty((0, 2), dtype=np.int64)
    spots, spot_of = np.unique(np.round(points, 9), axis=0, return_inverse=True)
    spot_of = spot_of.reshape(-1)
    order = np.argsort(spot_of, kind="stable")
    start = np.searchsorted(spot_of[order], np.arange(len(spots) + 1))
    first_at, last_at = order[start[:-1]], order[start[1:] - 1]
    linked = _planar_delaunay(_stereographic(points[first_at])).reshape(-1, 2)
    edges = np.vstack([first_at[linked], last_at[linked], *_same_spot(order, start)])
    edges = unique_pairs(np.sort(edges, axis=1))
    if furthest_km is not None:
        length = np.linalg.norm(points[edges[:, 0]] - points[edges[:, 1]], axis=1) * EARTH_KM
        edges = edges[length <= furthest_km]
    return np.asarray(edges, dtype=np.int64)


def _same_spot(order: Ints, start: Ints, most: int = 12) -> list[Ints]:
    """Links among units at one spot: all pairs of a few, else each to those that follow it closely."""
    found = []
    for begin, end in zip(start[:-1].tolist(), start[1:].tolist(), strict=True):
        inside = order[begin:end]
        for step in range(1, min(len(inside), most)):
            found.append(np.stack([inside[:-step], inside[step:]], axis=1))
    return found


def _stereographic(points: Floats) -> Floats:
    middle = points.mean(axis=0)
    if np.linalg.norm(middle) < 1e-9:
        middle = np.array([0.8, 0.36, 0.48])
    middle = middle / np.linalg.norm(middle)
    side = np.cross(middle, [0.0, 0.0, 1.0] if abs(middle[2]) < 0.9 else [1.0, 0.0, 0.0])
    side /= np.linalg.norm(side)
    up = np.cross(side, middle)
    scale = np.maximum(1 + points @ middle, 1e-9)
    return np.stack([points @ side / scale, points @ up / scale], axis=1)


def _planar_delaunay(flat: Floats) -> Ints:
    if len(flat) == 1:
        return np.empty((0, 2), dtype=np.int64)
    try:
        if len(flat) < 3:
            raise QhullError
        spread = np.abs(flat - flat.mean(axis=0)).max()
        triangles = Delaunay((flat - flat.mean(axis=0)) / spread)
    except QhullError:  # on a line: each follows the one before it
        axis = np.linalg.svd(flat - flat.mean(axis=0))[2][0]
        order = np.argsort(flat @ axis, kind="stable")
        return np.stack([order[:-1], order[1:]], axis=1)
    corners = triangles.simplices
    edges = np.vstack([corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [0, 2]]])
    missed = np.array([[c[0], c[2]] for c in triangles.coplanar], dtype=np.int64).reshape(-1, 2)
    return unique_pairs(np.sort(np.vstack([edges, missed]), axis=1))


def neighbours_from_polygons(
    shapes: Mapping[str, Iterable[Sequence[Sequence[float]]]], share: int = 2, places: int = 6
) -> list[tuple[str, str]]:
    """Pairs of shapes that share at least `share` border points (2: a side; 1: a corner is enough).

    Parameters
    ----------
    shapes : unit id to its rings, each a sequence of (longitude, latitude); borders must be drawn with the
        same points on both sides, as in TopoJSON. places : decimals to which points are compared.
    """
    at: dict[Hashable, set[str]] = {}
    for unit, rings in shapes.items():
        for ring in rings:
            for x, y in ring:
                at.setdefault((round(float(x), places), round(float(y), places)), set()).add(unit)
    common: dict[tuple[str, str], int] = {}
    for units in at.values():
        inside = sorted(units)
        for c, a in enumerate(inside):
            for b in inside[c + 1 :]:
                common[a, b] = common.get((a, b), 0) + 1
    return sorted(pair for pair, count in common.items() if count >= share)


def unique_pairs(pairs: Ints) -> Ints:
    """Pairs (n, 2) of positions in order, each once: `numpy.unique` by row, as one number a pair."""
    pairs = np.asarray(pairs, dtype=np.int64).reshape(-1, 2)
    width = int(pairs.max(initial=0)) + 1
    code = np.unique(pairs[:, 0] * width + pairs[:, 1])
    return np.stack([code // width, code % width], axis=1)


def compressed_rows(count: int, edges: Ints) -> tuple[Ints, Ints]:
    """Adjacency (first, neighbour): neighbours of i are neighbour[first[i]:first[i + 1]], ascending."""
    ends = np.vstack([edges, edges[:, ::-1]]) if len(edges) else np.empty((0, 2), dtype=np.int64)
    ends = unique_pairs(ends[ends[:, 0] != ends[:, 1]])
    first = np.searchsorted(ends[:, 0], np.arange(count + 1))
    return first.astype(np.int64), np.ascontiguousarray(ends[:, 1], dtype=np.int64)


def map_pieces(count: int, edges: Ints) -> Ints:
    """Number of the connected piece that each unit lies in, the piece with most units being 0."""
    ones = np.ones(len(edges), dtype=np.int8)
    graph = coo_matrix((ones, (edges[:, 0], edges[:, 1])), shape=(count, count))
    _, label = connected_components(graph, directed=False)
    order = np.argsort(-np.bincount(label), kind="stable")
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    return rank[label]


def ferries(points: Floats, edges: Ints) -> Ints:
    """Links (pairs) that join every piece of the map to the nearest unit of another, as few as needed."""
    added: list[tuple[int, int]] = []
    known = edges
    while True:
        piece = map_pieces(len(points), known)
        if piece.max(initial=0) == 0:
            return np.array(added, dtype=np.int64).reshape(-1, 2)
        inside = np.flatnonzero(piece == piece.max())
        outside = np.flatnonzero(piece != piece.max())
        answer: Any = cKDTree(points[outside]).query(points[inside])
        i = int(np.argmin(answer[0]))
        added.append((int(inside[i]), int(outside[answer[1][i]])))
        known = np.vstack([known, [added[-1]]])
