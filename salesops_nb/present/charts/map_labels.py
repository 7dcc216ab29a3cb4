"""Words on a map, where there is room for them, and how far it is."""

from __future__ import annotations

from typing import Any

from salesops_nb.present.charts import style
from salesops_nb.present.charts.counties import EARTH_KM
from salesops_nb.present.language.formats import distance, in_distance

SIZE = 6.6  # points of a unit's name; a rep's stands on a plate, larger
Box = tuple[float, float, float, float]


def label(axis: Any, x: float, y: float, text: str, taken: list[Box], plate: bool = False) -> bool:
    """Write a text about a point if it lies on the map and covers no other; whether it was written.

    `taken` holds the boxes of what is written already, in points, and gets this one.
    """
    (left, right), (low, high) = sorted(axis.get_xlim()), sorted(axis.get_ylim())
    if not (left <= x <= right and low <= y <= high):
        return False
    size = SIZE + 0.9 * plate
    figure = axis.figure
    frame = axis.get_position()
    across = figure.get_figwidth() * 72 * frame.width / (right - left)
    up = figure.get_figheight() * 72 * frame.height / (high - low)
    wide, tall = 0.6 * size * len(text) / 2 + 1, 0.7 * size + 0.5
    at = (x - left) * across, (y - low) * up
    box = at[0] - wide, at[1] - tall, at[0] + wide, at[1] + tall
    if any(box[0] < b[2] and b[0] < box[2] and box[1] < b[3] and b[1] < box[3] for b in taken):
        return False
    taken.append(box)
    ground = {"boxstyle": "round,pad=0.12", "fc": style.PAGE, "ec": "none", "alpha": 0.75}
    axis.annotate(text, (x, y), ha="center", va="center", fontsize=size, color=style.INK,
                  bbox=ground if plate else None, zorder=6)  # fmt: skip
    return True


def scale_bar(axis: Any, taken: list[Box]) -> None:
    """A bar of a round number of miles or kilometres, as the reader's locale measures."""
    left, right = axis.get_xlim()
    low, high = axis.get_ylim()
    whole = in_distance((right - left) * EARTH_KM)
    taken.append((0.0, 0.0, 0.06 * 72 * axis.figure.get_figwidth() * 5, 24.0))  # no name on it
    size = 10 ** len(str(int(whole / 4))) / 10
    length = next((n * size for n in (5, 2, 1) if n * size <= whole / 4), size)
    share = length / whole * (right - left)
    x, y = left + 0.03 * (right - left), low + 0.05 * (high - low)
    axis.plot([x, x + share], [y, y], color=style.INK, linewidth=1.2, solid_capstyle="butt", zorder=7)
    axis.annotate(distance(length / in_distance(1.0)), (x + share / 2, y), xytext=(0, 3), ha="center",
                  textcoords="offset points", fontsize=SIZE, color=style.INK, zorder=7)  # fmt: skip
