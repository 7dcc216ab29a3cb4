"""Maps of territories: real county shapes where a unit is a US county, points otherwise.

County outlines: US Census Bureau (public domain) as in the npm package us-atlas 3.0.1 (ISC licence,
Michael Bostock), simplified here to `county_shapes.json.gz`; the licence is in the file itself.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from salesops_nb.present.charts import style
from salesops_nb.present.charts.axes import short
from salesops_nb.present.charts.chart import Chart, alt_text, placed_figure
from salesops_nb.present.language.called import called
from salesops_nb.present.language.translation import _

Floats = NDArray[np.float64]
FILLS = ("#7fb0d6", "#f2b880", "#8ccdb8", "#c9a6dc", "#c3c9cf", "#e3cd6e", "#5b8fb9", "#d98b5f", "#5aa58f",
         "#a481bd", "#9aa4ad", "#bfa545")  # fmt: skip
APART = ("02", "15", "72")  # Alaska, Hawaii, Puerto Rico


@lru_cache(maxsize=1)
def county_shapes() -> dict[str, list[Floats]]:
    """Rings of each US county by its FIPS code: arrays of (longitude, latitude) in degrees."""
    raw = (Path(__file__).parent / "county_shapes.json.gz").read_bytes()
    found = json.loads(gzip.decompress(raw))
    arcs = [np.cumsum(np.reshape(arc, (-1, 2)), axis=0) / found["scale"] for arc in found["arcs"]]
    return {
        county: [np.concatenate([arcs[a] if a >= 0 else arcs[~a][::-1] for a in ring]) for ring in rings]
        for county, rings in found["counties"].items()
    }


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


def territories(
    units: Any, owners: Sequence[Mapping[str, str]], titles: Sequence[str], homes: Any = None
) -> list[Chart]:
    """Maps to stand side by side, one for each set of owners, each rep in the same colour in all.

    Alaska, Hawaii and Puerto Rico stand in corners of their own beside other counties.

    Parameters
    ----------
    units : pandas with unit_id, latitude, longitude. owners : unit to rep, a mapping for each map.
    homes : pandas with rep, latitude, longitude, drawn as dots with the rep's name, or None.
    """
    units = units[units["latitude"].notna() & units["longitude"].notna()]
    known = sum(str(u) in county_shapes() for u in units["unit_id"])
    real = known >= 0.9 * len(units)  # a county may have been renamed since: that one is a dot
    reps = sorted({rep for owned in owners for rep in owned.values()})
    fill = _colours(units, owners[-1], reps)
    parts = _parts(units, real)
    stays = {u for u, rep in owners[-1].items() if owners[0].get(u) == rep}
    moved = sum(owners[0].get(u) != owners[-1].get(u) for u in owners[-1])
    words = _("{units} units of {reps} reps; {moved} have another rep in the last map than in the first.",
              units=len(units), reps=len(reps), moved=moved)  # fmt: skip
    high = min(6.0, max(2.2, _shape(parts[0]) * style.WIDTH / 2))
    drawn: list[Chart] = []
    with style.quiet():
        for owned, said in zip(owners, titles, strict=True):
            figure = placed_figure(high, style.WIDTH / 2)
            axis = figure.add_axes((0.005, 0, 0.99, 1))
            draw_units(axis, parts[0], owned, fill, _middle(parts[0]), real)
            last = bool(drawn)
            if real and last:
                _outline(axis, parts[0][~parts[0]["unit_id"].isin(stays)], _middle(parts[0]))
            for corner, part in enumerate(parts[1:]):
                draw_units(axis.inset_axes((0.24 * corner, 0.0, 0.22, 0.22)), part, owned, fill,
                           _middle(part), real)  # fmt: skip
            if homes is not None and last:
                _names(axis, homes[homes["rep"].isin(set(owned.values()))], _middle(parts[0]), axis)
            note = _("Dark edges: units that change. Outlines: US Census Bureau, via us-atlas.")
            drawn.append(Chart(figure, alt_text(said, words), said, note if real and last else "",
                               palette=False, raster=True, half=True, map=True))  # fmt: skip
    return drawn


def draw_units(axis: Any, units: Any, owned: Mapping[str, str], fill: Mapping[str, str],
               middle: tuple[float, float], real: bool) -> None:  # fmt: skip
    """The units as polygons; where they are no counties, as dots within the outline of their territory."""
    from matplotlib.collections import PolyCollection

    axis.set_aspect("equal")
    axis.set_axis_off()
    colour = [fill.get(owned.get(str(u), ""), style.QUIET) for u in units["unit_id"]]
    x, y = projected(units["longitude"], units["latitude"], middle)
    if not real:
        _hulls(axis, units, owned, fill, x, y)
        axis.scatter(
            x, y, c=colour, s=min(30.0, max(8.0, 9000 / len(units))), linewidths=0.3, edgecolors=style.PAGE
        )
        axis.margins(0.06)
        return
    shapes = county_shapes()
    rings, shades = [], []
    for unit, shade, at, up in zip(units["unit_id"], colour, x, y, strict=True):
        if str(unit) not in shapes:
            axis.plot(at, up, "o", color=shade, markersize=2)
        for ring in _rings(str(unit), middle):
            rings.append(ring)
            shades.append(shade)
    axis.add_collection(PolyCollection(rings, facecolors=shades, edgecolors=style.PAGE, linewidths=0.15))
    axis.autoscale_view()


@lru_cache(maxsize=20_000)
def _rings(county: str, middle: tuple[float, float]) -> tuple[Floats, ...]:
    """A county's rings on the plane; kept, so that another plan is drawn at once."""
    rings = county_shapes().get(county, [])
    return tuple(np.column_stack(projected(ring[:, 0], ring[:, 1], middle)) for ring in rings)


def _hulls(
    axis: Any, units: Any, owned: Mapping[str, str], fill: Mapping[str, str], x: Floats, y: Floats
) -> None:
    """The convex outline of each territory of three places or more, faintly."""
    from scipy.spatial import ConvexHull, QhullError

    rep = np.array([owned.get(str(u), "") for u in units["unit_id"]])
    for name in sorted(set(rep)):
        points = np.unique(np.column_stack((x[rep == name], y[rep == name])), axis=0)
        if len(points) < 3:
            continue
        try:
            corners = points[ConvexHull(points).vertices]
        except QhullError:  # all on one line
            continue
        axis.fill(*corners.T, color=fill.get(name, style.QUIET), alpha=0.18, linewidth=0)


def _outline(axis: Any, units: Any, middle: tuple[float, float]) -> None:
    """A line around each unit that has another rep."""
    from matplotlib.collections import PolyCollection

    rings = [ring for unit in units["unit_id"] for ring in _rings(str(unit), middle)]
    axis.add_collection(
        PolyCollection(rings, facecolors="none", edgecolors=style.INK, linewidths=0.45), autolim=False
    )


def _shape(units: Any) -> float:
    """Height over width of the units' ground."""
    x, y = projected(units["longitude"], units["latitude"], _middle(units))
    return float((np.ptp(y) + 1e-6) / (np.ptp(x) + 1e-6)) * 1.05


def _parts(units: Any, real: bool) -> list[Any]:
    """The map's units, then those that stand apart in corners."""
    if not real:
        return [units]
    state = units["unit_id"].astype(str).str[:2]
    main = units[~state.isin(APART)]
    apart = [units[state == each] for each in APART if (state == each).any()]
    if len(main):
        return [main, *apart]
    return sorted(apart, key=len, reverse=True)


def _middle(units: Any) -> tuple[float, float]:
    """The middle of the units on the sphere, so that both sides of the antimeridian stay together."""
    lon, lat = np.radians(units["longitude"].to_numpy(float)), np.radians(units["latitude"].to_numpy(float))
    x, y, z = (np.cos(lat) * np.cos(lon)).mean(), (np.cos(lat) * np.sin(lon)).mean(), np.sin(lat).mean()
    return float(np.degrees(np.arctan2(y, x))), float(np.degrees(np.arctan2(z, np.hypot(x, y))))


def _colours(units: Any, owned: Mapping[str, str], reps: Sequence[str]) -> dict[str, str]:
    """A colour for each rep, so that near territories differ: each takes the one farthest away."""
    centre = {}
    place = units.assign(rep=[owned.get(str(u), "") for u in units["unit_id"]])
    for rep, rows in place.groupby("rep"):
        centre[str(rep)] = np.array([rows["longitude"].mean(), rows["latitude"].mean()])
    chosen: dict[str, str] = {}
    for rep in sorted(reps, key=lambda r: tuple(centre.get(r, np.zeros(2)))):
        here = centre.get(rep, np.zeros(2))
        chosen[rep] = max(
            FILLS,
            key=lambda c: min(
                (
                    float(np.hypot(*(here - centre.get(o, np.zeros(2)))))
                    for o, used in chosen.items()
                    if used == c
                ),
                default=1e9,
            ),
        )
    return chosen


def _names(axis: Any, homes: Any, middle: tuple[float, float], wide: Any) -> None:
    """Each rep's name at the middle of the territory, on the map's own ground."""
    x, y = projected(homes["longitude"], homes["latitude"], middle)
    (left, right), (low, high) = wide.get_xlim(), wide.get_ylim()
    for name, at, up in zip(map(called, map(str, homes["rep"])), x, y, strict=True):
        if left <= at <= right and low <= up <= high:
            last = (str(name).split() or [""])[-1]
            said = short(last if len(last) > 2 else str(name), 24)
            axis.annotate(
                said, (at, up), ha="center", va="center", fontsize=6, color=style.INK,
                bbox={"boxstyle": "round,pad=0.12", "fc": style.PAGE, "ec": "none", "alpha": 0.6},
            )  # fmt: skip
