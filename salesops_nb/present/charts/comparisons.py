"""Charts that compare: bars, and ranked dots with their intervals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from salesops_nb.present.charts import findings, style
from salesops_nb.present.charts.axes import (
    column,
    finish,
    floats,
    listed,
    named,
    rows_axis,
    short,
    unit_text,
)
from salesops_nb.present.charts.chart import Chart, Shown, alt_text, headed, new_figure
from salesops_nb.present.language.formats import by_unit
from salesops_nb.present.language.sentences import ngettext
from salesops_nb.present.language.translation import _

RANKED = 60  # rows of a ranking that are read


@Shown
def bars(
    frame: Any,
    x: str,
    y: str,
    *,
    compare: str | None = None,
    title: str = "",
    subtitle: str = "",
    unit: str = "money",
    compare_label: str = "",
    note: str = "",
    simulated: bool = False,
) -> Chart:
    """Horizontal bars in the frame's order, each with its value; `compare` draws a second value as a tick.

    Examples
    --------
    A notebook draws the chart; a plain terminal prints the words that stand for it:

    >>> import pandas as pd
    >>> from salesops_nb import present
    >>> reps = pd.DataFrame({"rep": ["Ada", "Bo"], "bookings": [90_000, 60_000], "target": 80_000})
    >>> present.bars(reps, x="rep", y="bookings", compare="target", title="Bookings")
    Bookings. Ada $90,000; Bo $60,000.
    """
    names, values = [named(v) for v in column(frame, x)], _zeroed(floats(column(frame, y)))
    say = unit_text(unit)
    with style.quiet():
        figure, axes = new_figure(0.7 + 0.34 * max(len(names), 1), style.NARROW)
        rows = list(range(len(names)))
        axes.barh(rows, values, height=0.62, color=style.MAIN)
        others: list[float] = []
        if compare:
            others = _zeroed(floats(column(frame, compare)))
            axes.scatter(others, rows, marker="|", s=190, linewidths=2, color=style.SECOND, zorder=4)
            axes.plot(
                [],
                [],
                marker="|",
                color=style.SECOND,
                linestyle="",
                label=short(compare_label or named(compare), 20),
                markersize=10,
            )
            figure.legend(loc="outside upper left")
        for row, value in zip(rows, values, strict=True):
            side = 1 if value >= 0 else -1
            at = max(value, others[row]) if compare and side > 0 else value
            axes.annotate(
                say(value),
                (at, row),
                xytext=(6 * side, 0),
                textcoords="offset points",
                va="center",
                ha="left" if side > 0 else "right",
            )
        rows_axis(axes, names, unit)
        axes.axvline(0, color=style.MUTED, linewidth=0.8)
        far, near = max([*values, *others, 0.0]), min([*values, *others, 0.0])
        longest = max((len(say(value)) for value in values), default=0)
        room = (0.05 + 0.015 * longest) * (far - near) or 1.0
        axes.set_xlim(near - (room if near < 0 else 0), far + room)
        axes.xaxis.set_visible(False)
        axes.spines["bottom"].set_visible(False)
        full = by_unit(unit)
        said = [f"{name} {full(value)}" for name, value in zip(names, column(frame, y), strict=True)]
        head = headed(title, subtitle, findings.highest(names, floats(column(frame, y)), say), unit)
        chart = Chart(figure, alt_text(head, listed(said)), head[0], note, head[1], narrow=True)
        for row, words in enumerate(said):
            chart.mark(axes, values[row], row, words)
            if compare:
                other = short(compare_label or named(compare), 20)
                chart.mark(axes, others[row], row, f"{other} {full(others[row])}")
        return finish(chart, simulated)


@Shown
def ranking(
    frame: Any,
    who: str,
    value: str,
    *,
    low: str | None = None,
    high: str | None = None,
    reference: Any = None,
    highlight: Sequence[str] | str = (),
    title: str = "",
    subtitle: str = "",
    unit: str = "percent",
    reference_label: str = "",
    note: str = "",
    simulated: bool = False,
) -> Chart:
    """Dots sorted from the best with their intervals, a line at `reference`, `highlight` as diamonds.

    Of more than `RANKED` the best and the last are drawn, and those between counted.

    Examples
    --------
    >>> import pandas as pd
    >>> from salesops_nb import present
    >>> reps = pd.DataFrame(
    ...     {"rep": ["Ada", "Bo"], "rate": [0.6, 0.7], "low": [0.5, 0.55], "high": [0.7, 0.85]}
    ... )
    >>> present.ranking(reps, "rep", "rate", low="low", high="high", reference=0.62, title="Win rate")
    Win rate. 2 in order, best first: Bo 70.0% (55.0%–85.0%); Ada 60.0% (50.0%–70.0%).
    """
    order = sorted(
        (row for row in zip(*_ranked(frame, who, value, low, high), strict=True) if row[1] == row[1]),
        key=lambda row: (-row[1], row[0]),
    )
    say, chosen = unit_text(unit), {highlight} if isinstance(highlight, str) else set(highlight)
    with style.quiet():
        shown, between = _both_ends(order)
        rows = [at + (at >= RANKED // 2 and between > 0) for at in range(len(shown))]
        figure, axes = new_figure(0.8 + 0.24 * max(len(shown), 1), style.NARROW)
        colours = [style.BAD if name in chosen else style.MAIN for name, *_rest in shown]
        lows, highs = [row[2] for row in shown], [row[3] for row in shown]
        axes.hlines(rows, lows, highs, colors=colours, linewidth=1.4, alpha=0.55)
        for special, marker in ((False, "o"), (True, "D")):
            dots = [
                (row[1], at) for at, row in zip(rows, shown, strict=True) if special == (row[0] in chosen)
            ]
            axes.scatter(
                [middle for middle, _at in dots],
                [at for _middle, at in dots],
                s=36,
                marker=marker,
                color=style.BAD if special else style.MAIN,
                linewidths=1,
                zorder=3,
            )
        if reference is not None:
            axes.axvline(float(reference), color=style.MUTED, linewidth=1, linestyle="--")
            name = reference_label or _("average")
            text = f"{short(name, 16)} {say(reference)}"
            axes.annotate(
                text,
                (float(reference), 1.0),
                xycoords=("data", "axes fraction"),
                xytext=(0, 3),
                textcoords="offset points",
                ha="center",
                va="bottom",
                color=style.MUTED,
            )
        names = [name for name, *_rest in shown]
        if between:
            names.insert(RANKED // 2, ngettext("… and {n} more.", "… and {n} more.", between))
        rows_axis(axes, names, unit)
        axes.grid(axis="x")
        said = [
            f"{name} {say(middle)}" + _interval(say, lower, upper) for name, middle, lower, upper in order
        ]
        first = ngettext("{n} in order, best first:", "{n} in order, best first:", len(order))
        level = None if reference is None else float(reference)
        head = headed(title, subtitle, findings.apart(order, level, say), unit)
        chart = Chart(figure, alt_text(head, first, listed(said)), head[0], note, head[1], narrow=True)
        for at, (name, middle, lower, upper) in zip(rows, shown, strict=True):
            chart.mark(axes, middle, at, f"{name} {say(middle)}{_interval(say, lower, upper)}")
        return finish(chart, simulated)


def _both_ends(order: list[Any]) -> tuple[list[Any], int]:
    """The rows that are drawn, and how many are left out between them."""
    if len(order) <= RANKED:
        return order, 0
    half = RANKED // 2
    return [*order[:half], *order[-half:]], len(order) - 2 * half


def _ranked(frame: Any, who: str, value: str, low: str | None, high: str | None) -> list[list[Any]]:
    middle = floats(column(frame, value))
    lower = floats(column(frame, low)) if low else middle
    upper = floats(column(frame, high)) if high else middle
    return [[named(v) for v in column(frame, who)], middle, lower, upper]


def _interval(say: Any, lower: float, upper: float) -> str:
    return "" if lower == upper or lower != lower else f" ({say(lower)}–{say(upper)})"


def _zeroed(values: list[float]) -> list[float]:
    return [0.0 if value != value else value for value in values]
