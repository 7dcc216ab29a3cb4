"""The places of units checked: out of range, swapped, missing; and neighbours made from them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from salesops_nb.messages import message
from salesops_nb.territory.inputs.findings import Findings, some
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
            "swapped-coordinates.latitude" if fits else "bad-latitude",
            table="units",
            row=row + 2,
            column="latitude",
            value=f"{lat[row]:g}",
            latitude=lat[row],
            unit=units.ids[row],
            counted=message("{n} unit", "{n} units", n=int(high.sum())),
        )
    wide = known & ((lon < -180) | (lon > 360))
    if wide.any():
        row = int(np.flatnonzero(wide)[0])
        findings.add(
            "bad-longitude",
            table="units",
            row=row + 2,
            column="longitude",
            value=f"{lon[row]:g}",
            longitude=lon[row],
            unit=units.ids[row],
        )


def _check_swapped(units: Units, known: Any, edges: NDArray[np.int64] | None, findings: Findings) -> None:
    lat, lon = units.latitude, units.longitude
    middle = float(np.median(lat[known]))
    if (middle < -60 or middle > 78) and np.abs(lon[known]).max() <= 75:
        findings.add(
            "swapped-coordinates.columns",
            table="units",
            column="latitude",
            value=f"{middle:g}",
            middle=middle,
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
            "swapped-coordinates.rows",
            table="units",
            row=int(odd[0]) + 2,
            column="latitude",
            value=f"{lat[odd[0]]:g}",
            units=some(units.ids[i] for i in odd),
            latitude=lat[odd[0]],
            longitude=lon[odd[0]],
            distance=off.max(),
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
            table="units",
            row=min(left) + 2,
            column="latitude",
            counted=message("{n} unit has", "{n} units have", n=len(lost)),
            lost=some(lost),
        )
    elif named:
        findings.add(
            "no-place.interpolated",
            table="units",
            row=row,
            column="latitude",
            counted=message("{n} unit has", "{n} units have", n=len(named)),
            units=some(named),
        )


def made_edges(units: Units) -> NDArray[np.int64]:
    """Neighbours made from the coordinates where none are given."""
    return neighbours_from_coordinates(units.latitude, units.longitude)
