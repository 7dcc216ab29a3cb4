"""The places of units checked: out of range, swapped, missing; and neighbours made from them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from salesops_nb.territory.inputs.findings import Findings, counted, some
from salesops_nb.territory.inputs.geography import chord_points, neighbours_from_coordinates
from salesops_nb.territory.inputs.units import Units


def check_places(units: Units, edges: NDArray[np.int64] | None, findings: Findings) -> None:
    """Mends what can be mended, in place: a unit without a place takes its neighbours' middle.

    Raises for degrees out of range, latitude and longitude swapped (in all rows or in some), and
    units that neither have a place nor neighbours with one.
    """
    lat, lon = units.latitude, units.longitude
    nowhere = np.isnan(lat) | np.isnan(lon) | ((lat == 0) & (lon == 0))
    known = ~nowhere
    if known.any():
        _check_range(units, known, findings)
        findings.stop()
        _check_swapped(units, known, edges, findings)
        findings.stop()
    if nowhere.any():
        _place_by_neighbours(units, nowhere, edges, findings)
    findings.stop()


def _check_range(units: Units, known: Any, findings: Findings) -> None:
    lat, lon = units.latitude, units.longitude
    high = known & (np.abs(lat) > 90)
    if high.any():
        row = int(np.flatnonzero(high)[0])
        fits = np.abs(lon[high]).max() <= 90
        findings.add(
            "swapped-coordinates" if fits else "bad-latitude",
            f"latitude is {lat[row]:g} at unit {units.ids[row]} "
            f"({counted(int(high.sum()), 'unit')} beyond 90 degrees)"
            + ("; latitude and longitude look swapped." if fits else "."),
            "Swap the two columns." if fits else "Write degrees between -90 and 90.",
            "units",
            row=row + 2,
            column="latitude",
            value=f"{lat[row]:g}",
        )
    wide = known & ((lon < -180) | (lon > 360))
    if wide.any():
        row = int(np.flatnonzero(wide)[0])
        findings.add(
            "bad-longitude",
            f"longitude is {lon[row]:g} at unit {units.ids[row]}.",
            "Write degrees between -180 and 180 (or 0 and 360).",
            "units",
            row=row + 2,
            column="longitude",
            value=f"{lon[row]:g}",
        )


def _check_swapped(units: Units, known: Any, edges: NDArray[np.int64] | None, findings: Findings) -> None:
    lat, lon = units.latitude, units.longitude
    middle = float(np.median(lat[known]))
    if (middle < -60 or middle > 78) and np.abs(lon[known]).max() <= 75:
        findings.add(
            "swapped-coordinates",
            f"half of the units lie beyond latitude {middle:.0f}, where hardly anybody lives, "
            "and all longitudes would do as latitudes: the two look swapped.",
            "Swap the two columns.",
            "units",
            column="latitude",
            value=f"{middle:g}",
        )
        return
    rows = np.flatnonzero(known & (np.abs(lon) <= 90))
    if len(rows) == 0 or known.sum() < 3:
        return
    points = chord_points(np.where(known, lat, 0), np.where(known, lon, 0))
    turned = chord_points(np.where(known, np.clip(lon, -90, 90), 0), np.where(known, lat, 0))
    centre = np.tile(np.median(points[known], axis=0), (len(points), 1))
    if edges is not None:
        for i in rows:
            near = edges[(edges == i).any(axis=1)] if len(edges) < 2000 else None
            if near is None:
                break
            others = np.setdiff1d(near, [i])
            others = others[known[others]]
            if len(others):
                centre[i] = np.median(points[others], axis=0)
    off = np.linalg.norm(points[rows] - centre[rows], axis=1)
    off_turned = np.linalg.norm(turned[rows] - centre[rows], axis=1)
    typical = float(np.median(np.linalg.norm(points[known] - np.median(points[known], axis=0), axis=1)))
    odd = rows[(off > 1500) & (off > 4 * typical) & (off_turned < off / 5) & (off_turned < 4 * typical + 50)]
    if len(odd):
        findings.add(
            "swapped-coordinates",
            f"latitude and longitude look swapped at {some(units.ids[i] for i in odd)}: "
            f"{lat[odd[0]]:g}, {lon[odd[0]]:g} lies {off.max():,.0f} km from the rest, "
            "the other way round it is near.",
            "Swap the two values in these rows.",
            "units",
            row=int(odd[0]) + 2,
            column="latitude",
            value=f"{lat[odd[0]]:g}",
        )


def _place_by_neighbours(
    units: Units, nowhere: Any, edges: NDArray[np.int64] | None, findings: Findings
) -> None:
    lat, lon = units.latitude, units.longitude
    named = [units.ids[i] for i in np.flatnonzero(nowhere)]
    row = int(np.flatnonzero(nowhere)[0]) + 2
    left = set(np.flatnonzero(nowhere).tolist())
    links: dict[int, list[int]] = {i: [] for i in left}
    for a, b in [] if edges is None else edges.tolist():
        if a in left:
            links[a].append(b)
        if b in left:
            links[b].append(a)
    while left:
        placed = {}
        for i in sorted(left):
            near = [v for v in links[i] if v not in left]
            if near:
                middle = chord_points(lat[near], lon[near]).mean(axis=0)
                placed[i] = middle
        if not placed:
            break
        for i, middle in placed.items():
            lat[i] = np.degrees(np.arctan2(middle[2], np.hypot(middle[0], middle[1])))
            lon[i] = np.degrees(np.arctan2(middle[1], middle[0]))
        left -= placed.keys()
    if left:
        lost = [units.ids[i] for i in sorted(left)]
        findings.add(
            "no-place",
            f"{counted(len(lost), 'unit has', 'units have')} no latitude and longitude (or 0, 0) and no "
            f"neighbour that has: {some(lost)}.",
            "Give them a place, or leave them out of the units.",
            "units",
            row=min(left) + 2,
            column="latitude",
        )
    elif named:
        findings.add(
            "no-place",
            f"{counted(len(named), 'unit has', 'units have')} no latitude and longitude ({some(named)}): "
            "put in the middle of the neighbours.",
            "Give them a place.",
            "units",
            row=row,
            column="latitude",
            severity="warning",
        )


def made_edges(units: Units) -> NDArray[np.int64]:
    """Neighbours made from the coordinates where none are given."""
    return neighbours_from_coordinates(units.latitude, units.longitude)
