"""Maps of territories: real county shapes where a unit is a US county, points otherwise.

A territory is drawn as one outline, not county by county, so that a map is small enough to be a drawing: it
takes the page's colours, dark ones included, and can be enlarged.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from salesops_nb.present.charts import style
from salesops_nb.present.charts.axes import listed, short
from salesops_nb.present.charts.chart import SMALL, Chart, alt_text, headed, placed_figure
from salesops_nb.present.charts.counties import Floats, county_name, is_county, outline, projected
from salesops_nb.present.charts.findings_of_plans import changes_hands
from salesops_nb.present.charts.map_labels import label, scale_bar
from salesops_nb.present.language.called import called
from salesops_nb.present.language.formats import number
from salesops_nb.present.language.sentences import ngettext
from salesops_nb.present.language.translation import _

APART = ("02", "15", "72")  # Alaska, Hawaii, Puerto Rico
POINTS = 900  # of all outlines of a map, so that it stays a small drawing
ALONE = 40  # units that move, up to which each is drawn for itself
NAMES, VALUES = 80, 120  # units that move and are named, and say so where a reader points
COARSER = (1.0, 2.5, 6.0, 15.0)
FAR = 0.04  # earth radii (255 km): what moves farther apart has a map of its own
MAPS = 4
DOTS = 350  # units that are no counties, up to which a map is a drawing
Box = tuple[float, float, float, float]


def territories(
    units: Any, owners: Sequence[Mapping[str, str]], titles: Sequence[str], homes: Any = None
) -> list[Chart]:
    """Maps to stand side by side, one for each set of owners, each rep in the same colour in all.

    Alaska, Hawaii and Puerto Rico stand in corners of their own beside other counties.

    Parameters
    ----------
    units : pandas with unit_id, latitude, longitude. owners : unit to rep, a mapping for each map.
    homes : pandas with rep, latitude, longitude, where the rep's name stands, or None.
    """
    units, real = _placed(units)
    reps = sorted({rep for owned in owners for rep in owned.values()})
    fill = _colours(units, owners[-1], reps)
    parts = _parts(units, real)
    moved = {u for u, rep in owners[-1].items() if owners[0].get(u) != rep}
    words = _("{units} units of {reps} reps; {moved} have another rep in the last map than in the first.",
              units=len(units), reps=len(reps), moved=len(moved))  # fmt: skip
    high = min(6.0, max(2.2, _shape(parts[0]) * style.WIDTH / 2))
    drawn: list[Chart] = []
    for owned, said in zip(owners, titles, strict=True):
        last = moved if drawn else set()
        rest = homes[homes["rep"].isin(set(owned.values()))] if homes is not None and drawn else None
        drawn.append(_small(partial(_whole, parts, owned, fill, real, high, last, rest)))
        drawn[-1].title, drawn[-1].alt = said, alt_text(said, words)
    return drawn


def _whole(
    parts: Sequence[Any], owned: Mapping[str, str], fill: Mapping[str, str], real: bool, high: float,
    moved: Collection[str], homes: Any, coarse: float,
) -> Chart:  # fmt: skip
    """One map of all territories, with a dark edge about what moves and names where `homes` are given."""
    middle, note = _middle(parts[0]), ""
    with style.quiet():
        figure = placed_figure(high, style.WIDTH / 2)
        axis = figure.add_axes((0.005, 0, 0.99, 1))
        _ground(axis, parts[0], owned, fill, middle, real, coarse * _step(parts[0]))
        if real and moved:
            mine = parts[0][parts[0]["unit_id"].astype(str).isin(moved)]
            _shape_of(axis, [str(u) for u in mine["unit_id"]], middle, coarse * _step(mine), facecolor="none",
                      edgecolor=style.INK, linewidth=0.6)  # fmt: skip
            note = _("Dark edges: units that change. Outlines: US Census Bureau, via us-atlas.")
        for corner, part in enumerate(parts[1:]):
            inset = axis.inset_axes((0.24 * corner, 0.0, 0.22, 0.22))
            _ground(inset, part, owned, fill, _middle(part), real, 4 * coarse * _step(part))
        if homes is not None:
            _names(axis, homes, middle, [])
        raster = not real and sum(map(len, parts)) > DOTS
        return Chart(figure, "", note=note, raster=raster, half=True, map=True)


def _small(make: Callable[[float], Chart]) -> Chart:
    """A map as a drawing of less than `SMALL`: with coarser outlines and fewer names where it must be."""
    for coarse in COARSER:
        chart = make(coarse)
        if chart.raster or len(chart.svg) < SMALL:
            break
    return chart


def moving(
    units: Any, today: Mapping[str, str], after: Mapping[str, str], homes: Any = None, subtitle: str = "",
    apart: bool = True,
) -> list[Chart]:  # fmt: skip
    """The parts of the map where units change their rep, near, with their names; none where nothing moves.

    Parameters
    ----------
    units : pandas with unit_id, latitude, longitude; its potential, where there is one, says whose name goes
        first where there is no room for all. today, after : unit to rep.
    homes : pandas with rep, latitude, longitude, where the rep's name stands, or None.
    apart : whether moves far from each other have a map each, the most first; else all are on one.
    """
    units, real = _placed(units)
    key = units["unit_id"].astype(str)
    units = units[key.map(lambda unit: unit in after).astype(bool)]
    changed = units[[today.get(u) != after[u] for u in units["unit_id"].astype(str)]]
    if changed.empty:
        return []
    fill = _colours(units, after, sorted({*today.values(), *after.values()}))
    groups = _groups(changed) if apart else [changed]
    shown = groups[:MAPS]
    half = len(shown) > 1 or not apart
    drawn = [
        _small(partial(_near, units, mine, today, after, homes, fill, real, subtitle, half)) for mine in shown
    ]
    left = sum(map(len, groups[MAPS:]))
    if left:
        drawn[-1].note += " " + ngettext("{n} more unit that moves lies elsewhere.",
                                         "{n} more units that move lie elsewhere.", left)  # fmt: skip
    return drawn


def _groups(changed: Any) -> list[Any]:
    """What moves, by whether it lies near together; the most first."""
    if len(changed) < 2:
        return [changed]
    from scipy.cluster.hierarchy import fcluster, linkage

    x, y = projected(changed["longitude"], changed["latitude"], _middle(changed))
    label_of = fcluster(linkage(np.column_stack((x, y))), FAR, criterion="distance")
    parts = [changed[label_of == each] for each in sorted(set(label_of))]
    return sorted(parts, key=lambda part: (-len(part), str(part["unit_id"].iloc[0])))


def _near(
    units: Any, mine: Any, today: Mapping[str, str], after: Mapping[str, str], homes: Any,
    fill: Mapping[str, str], real: bool, subtitle: str, half: bool, coarse: float,
) -> Chart:  # fmt: skip
    """One map of units that move, and of the ground about them."""
    keys = list(mine["unit_id"].astype(str))
    pairs = Counter((today[u], after[u]) for u in keys if today.get(u))
    hands = [(called(str(a)), called(str(b)), n) for (a, b), n in pairs.items()]
    head = headed("", subtitle, changes_hands(hands, len(mine)))
    middle, wide = _middle(mine), style.WIDTH / (2 if half else 1)
    box = _view(mine, middle, real)
    high = min(0.8 * wide, max(0.5 * wide, wide * (box[3] - box[1]) / (box[2] - box[0])))
    with style.quiet():
        figure = placed_figure(high, wide)
        axis = figure.add_axes((0, 0, 1, 1))
        around = _within(units, middle, box)
        step = coarse * max(float(np.degrees(box[2] - box[0])) / (28 * wide), 0.01)  # some 2.5 points
        _ground(axis, around, after, fill, middle, real, step, alpha=0.5)
        _moved(axis, mine, after, fill, middle, real, coarse)
        _fit(axis, box, wide, high)
        chart = Chart(figure, "", head[0], subtitle=head[1], map=True, half=half,
                      raster=not real and len(around) > DOTS)  # fmt: skip
        order = mine.sort_values("potential", ascending=False) if "potential" in mine else mine
        taken: list[Box] = []
        scale_bar(axis, taken)
        if homes is not None:
            _names(axis, homes[homes["rep"].isin(set(after.values()))], middle, taken)
        xs, ys = projected(order["longitude"], order["latitude"], middle)
        said, named = [], 0
        for at, (unit, x, y) in enumerate(zip(order["unit_id"].astype(str), xs, ys, strict=True)):
            if at * coarse < NAMES:
                named += label(axis, float(x), float(y), short(called(county_name(unit, False)), 18), taken)
            words = _("{unit}: {rep}, before {was}", unit=called(county_name(unit)),
                      rep=called(str(after[unit])), was=called(str(today.get(unit) or "–")))  # fmt: skip
            said.append(words)
            if at * coarse < VALUES:
                chart.mark(axis, float(x), float(y), words)
        notes = [_("In full colour: what moves, in the colour of its new rep.")]
        if named < len(mine):
            notes.append(_("{shown} of {n} are named.", shown=number(named), n=number(len(mine))))
        chart.note = " ".join(notes)
        chart.alt = alt_text(head, listed(said))
    return chart


def _placed(units: Any) -> tuple[Any, bool]:
    """The units that have a place, and whether they are counties; one renamed since is a dot among them."""
    there = units[units["latitude"].notna() & units["longitude"].notna()].reset_index(drop=True)
    known = sum(is_county(str(unit)) for unit in there["unit_id"])
    return there, bool(len(there)) and known >= 0.9 * len(there)


def _ground(
    axis: Any, units: Any, owned: Mapping[str, str], fill: Mapping[str, str], middle: tuple[float, float],
    real: bool, step: float, alpha: float = 1.0,
) -> None:  # fmt: skip
    """Each territory as one shape; where units are no counties, as dots within the outline around them."""
    axis.set_aspect("equal")
    axis.set_axis_off()
    x, y = projected(units["longitude"], units["latitude"], middle)
    rep = np.array([owned.get(str(u), "") for u in units["unit_id"]])
    if not real:
        _hulls(axis, units, owned, fill, x, y)
    for name in sorted(set(rep)):
        colour = fill.get(name, style.QUIET)
        mine = [str(u) for u in units["unit_id"][rep == name]]
        dots = [not real or not is_county(unit) for unit in mine]
        if any(dots):
            axis.plot(x[rep == name][dots], y[rep == name][dots], "o", color=colour, alpha=alpha,
                      markersize=3 if not real else 2, markeredgewidth=0)  # fmt: skip
        if real:
            _shape_of(
                axis, mine, middle, step, facecolor=colour, edgecolor=style.PAGE, linewidth=0.5, alpha=alpha
            )
    axis.margins(0.06 if not real else 0.01)
    axis.autoscale_view()


def _moved(axis: Any, units: Any, after: Mapping[str, str], fill: Mapping[str, str],
           middle: tuple[float, float], real: bool, coarse: float) -> None:  # fmt: skip
    """What moves, in the colour of its new rep with a dark edge; of many the outline around each rep's."""
    names = [str(u) for u in units["unit_id"]]
    x, y = projected(units["longitude"], units["latitude"], middle)
    if not real:
        axis.scatter(x, y, c=[fill.get(after[u], style.QUIET) for u in names], s=42, linewidths=0.9,
                     edgecolors=style.INK, zorder=3)  # fmt: skip
        return
    groups = [[u] for u in names] if len(names) <= ALONE else [
        [u for u in names if after[u] == rep] for rep in sorted({after[u] for u in names})
    ]  # fmt: skip
    for group in groups:
        _shape_of(axis, group, middle, 0.02 if len(names) <= ALONE else coarse * _step(units), linewidth=0.7,
                  facecolor=fill.get(after[group[0]], style.QUIET), edgecolor=style.INK)  # fmt: skip


def _shape_of(axis: Any, names: Sequence[str], middle: tuple[float, float], step: float, **look: Any) -> None:
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    rings = [np.column_stack(projected(r[:, 0], r[:, 1], middle)) for r in outline(names, step)]
    if rings:
        closed = [Path(np.vstack([ring, ring[:1]]), closed=True) for ring in rings]
        axis.add_patch(PathPatch(Path.make_compound_path(*closed), **look))


def _step(units: Any) -> float:
    """Degrees between points of an outline, so that a map of these units has about `POINTS` of them."""
    if not len(units):
        return 0.0
    spread = max(float(np.ptp(units["longitude"])), float(np.ptp(units["latitude"])), 0.5)
    return spread / POINTS * 4


def _view(units: Any, middle: tuple[float, float], real: bool) -> Box:
    """The box around what moves, with some ground about it, neither a strip nor a speck."""
    x, y = projected(units["longitude"], units["latitude"], middle)
    if real:
        rings = [projected(r[:, 0], r[:, 1], middle) for r in outline(map(str, units["unit_id"]))]
        if rings:
            x, y = (np.concatenate([*(ring[a] for ring in rings), own]) for a, own in ((0, x), (1, y)))
    wide, high = max(float(np.ptp(x)), 0.02), max(float(np.ptp(y)), 0.012)
    wide, high = max(1.24 * wide, high / 0.72), max(1.24 * high, 0.36 * wide)
    wide = max(wide, high / 0.74)
    at, up = (float(x.min() + x.max()) / 2, float(y.min() + y.max()) / 2)
    return at - wide / 2, up - high / 2, at + wide / 2, up + high / 2


def _within(units: Any, middle: tuple[float, float], box: Box) -> Any:
    """The units in and about a box."""
    x, y = projected(units["longitude"], units["latitude"], middle)
    room = 0.3 * (box[2] - box[0])
    inside = (x > box[0] - room) & (x < box[2] + room) & (y > box[1] - room) & (y < box[3] + room)
    return units[inside]


def _fit(axis: Any, box: Box, wide: float, high: float) -> None:
    """Show the box, and of the ground about it what the drawing's shape leaves room for."""
    axis.set_aspect("auto")
    across = max(box[2] - box[0], (box[3] - box[1]) * wide / high)
    up = across * high / wide
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    axis.set_xlim(x - across / 2, x + across / 2)
    axis.set_ylim(y - up / 2, y + up / 2)


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
            style.FILLS,
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


def _names(axis: Any, homes: Any, middle: tuple[float, float], taken: list[Box]) -> None:
    """Each rep's name at the middle of the territory, on the map's own ground."""
    x, y = projected(homes["longitude"], homes["latitude"], middle)
    for name, at, up in zip(map(called, map(str, homes["rep"])), x, y, strict=True):
        last = (str(name).split() or [""])[-1]
        said = short(last if len(last) > 2 else str(name), 24)
        label(axis, float(at), float(up), said, taken, plate=True)
