"""Charts that compare: bars, ranked dots with intervals, and bridges that add up."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Any

from salesops_nb.errors import SalesopsError
from salesops_nb.present import style
from salesops_nb.present.axes import axis_unit, column, finish, floats, named, unit_text, wrapped
from salesops_nb.present.chart import Chart, Shown, alt_text, new_figure
from salesops_nb.present.formats import by_unit, missing
from salesops_nb.present.words import _, ngettext


@Shown
def bars(
    frame: Any,
    x: str,
    y: str,
    *,
    compare: str | None = None,
    title: str = "",
    unit: str = "money",
    compare_label: str = "",
    note: str = "",
    simulated: bool = False,
) -> Chart:
    """Horizontal bars in the frame's order, each with its value; `compare` draws a second value as a tick."""
    names, values = [named(v) for v in column(frame, x)], _zeroed(floats(column(frame, y)))
    say = unit_text(unit)
    with style.quiet():
        figure, axes = new_figure(height=0.7 + 0.34 * max(len(names), 1))
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
                label=compare_label or named(compare),
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
        _rows_axis(axes, names, unit)
        axes.axvline(0, color=style.MUTED, linewidth=0.8)
        far, near = max([*values, *others, 0.0]), min([*values, *others, 0.0])
        longest = max((len(say(value)) for value in values), default=0)
        room = (0.05 + 0.015 * longest) * (far - near) or 1.0
        axes.set_xlim(near - (room if near < 0 else 0), far + room)
        axes.xaxis.set_visible(False)
        full = by_unit(unit)
        said = [f"{name} {full(value)}" for name, value in zip(names, column(frame, y), strict=True)]
        return finish(Chart(figure, alt_text(title, _listed(said)), title, note), simulated)


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
    unit: str = "percent",
    reference_label: str = "",
    note: str = "",
    simulated: bool = False,
) -> Chart:
    """Dots sorted from the best with their intervals, a line at `reference`, `highlight` as diamonds."""
    order = sorted(
        (row for row in zip(*_ranked(frame, who, value, low, high), strict=True) if row[1] == row[1]),
        key=lambda row: (-row[1], row[0]),
    )
    say, chosen = unit_text(unit), {highlight} if isinstance(highlight, str) else set(highlight)
    with style.quiet():
        figure, axes = new_figure(height=0.8 + 0.24 * max(len(order), 1))
        for row, (name, middle, lower, upper) in enumerate(order):
            special = name in chosen
            axes.plot(
                [lower, upper],
                [row, row],
                color=style.MAIN if not special else style.BAD,
                linewidth=1.4,
                alpha=0.55,
            )
            axes.plot(
                middle,
                row,
                marker="D" if special else "o",
                color=style.BAD if special else style.MAIN,
                markersize=6,
            )
        if reference is not None:
            axes.axvline(float(reference), color=style.MUTED, linewidth=1, linestyle="--")
            text = f"{reference_label or _('average')} {say(reference)}"
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
        _rows_axis(axes, [name for name, *_rest in order], unit)
        axes.grid(axis="x")
        said = [
            f"{name} {say(middle)}" + _interval(say, lower, upper) for name, middle, lower, upper in order
        ]
        first = ngettext("{n} in order, best first:", "{n} in order, best first:", len(order))
        return finish(Chart(figure, alt_text(title, first, _listed(said)), title, note), simulated)


@Shown
def waterfall(
    frame: Any,
    step: str,
    amount: str,
    *,
    opening: str,
    closing: str,
    start: Any = None,
    end: Any = None,
    title: str = "",
    unit: str = "money",
    note: str = "",
    simulated: bool = False,
) -> Chart:
    """A bridge: the opening total, what each step adds or takes, the closing total.

    `start` is the opening amount (zero by default). Where `end` is given, opening and steps must add up
    to it exactly.

    Raises
    ------
    SalesopsError
        If the bridge does not add up to `end`.
    """
    names, steps = [named(v) for v in column(frame, step)], [_exact(v) for v in column(frame, amount)]
    first = _exact(0 if start is None else start)
    last = sum(steps, first)
    if end is not None and _exact(end) != last:
        raise SalesopsError(
            f"The bridge from {opening} to {closing} comes to {last}, not to {end}.",
            "Give every step that lies between the two totals.",
        )
    say, full = unit_text(unit), by_unit(unit)
    with style.quiet():
        figure, axes = new_figure(height=3.5)
        cut = _draw_bridge(axes, [opening, *names, closing], first, steps, say)
        axis_unit(axes.yaxis, unit)
        if cut:
            note = " ".join(filter(None, (note, _("The axis begins at {low}, not at zero.", low=say(cut)))))
        said = [
            _("{name} {value}", name=opening, value=full(first)),
            *[f"{name} {_signed(full, value)}" for name, value in zip(names, steps, strict=True)],
            _("{name} {value}", name=closing, value=full(last)),
        ]
        return finish(Chart(figure, alt_text(title, _listed(said)), title, note), simulated)


def _draw_bridge(axes: Any, names: list[str], first: Decimal, steps: list[Decimal], say: Any) -> float:
    """Draw the bars; returns where the axis begins if the steps would be too thin to see from zero."""
    level, totals = first, [first]
    for value in steps:
        level += value
        totals.append(level)
    axes.bar([0, len(names) - 1], [float(first), float(totals[-1])], color=style.SERIES[4], width=0.62)
    for at, value in enumerate(steps, start=1):
        before = totals[at - 1]
        look = (
            {"color": style.GOOD}
            if value >= 0
            else {"color": style.BAD, "hatch": "////", "edgecolor": style.PAGE}
        )
        axes.bar(at, float(value), bottom=float(before), width=0.62, **look)
    for at, total in enumerate(totals):
        axes.plot([at + 0.31, at + 0.69], [float(total)] * 2, color=style.MUTED, linewidth=0.8)
    tops = [
        float(first),
        *[float(max(a, b)) for a, b in pairwise(totals)],
        float(totals[-1]),
    ]
    texts = [say(first), *[_signed(say, value) for value in steps], say(totals[-1])]
    for at, (top, text) in enumerate(zip(tops, texts, strict=True)):
        axes.annotate(
            text,
            (at, max(top, 0)),
            xytext=(0, 4),
            textcoords="offset points",
            ha="center",
            va="bottom",
            fontsize=9,
        )
    axes.set_xticks(range(len(names)), [wrapped(name, max(8, 80 // len(names))) for name in names])
    axes.margins(y=0.14)
    low, high = float(min(totals)), float(max(totals))
    if low <= 0 or high - low > 0.3 * high or low == high:
        axes.axhline(0, color=style.MUTED, linewidth=0.8)
        return 0.0
    room = high - low
    axes.set_ylim(low - room, high + 0.25 * room)
    for at in (0, len(names) - 1):
        axes.annotate(
            "≈", (at, 0.07), xycoords=("data", "axes fraction"), ha="center", color=style.PAGE, size=15
        )
    return low - room


def _ranked(frame: Any, who: str, value: str, low: str | None, high: str | None) -> list[list[Any]]:
    middle = floats(column(frame, value))
    lower = floats(column(frame, low)) if low else middle
    upper = floats(column(frame, high)) if high else middle
    return [[named(v) for v in column(frame, who)], middle, lower, upper]


def _rows_axis(axes: Any, names: list[str], unit: str) -> None:
    axes.set_yticks(range(len(names)), names)
    axes.tick_params(axis="y", labelcolor=style.INK)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.grid(visible=False)
    axis_unit(axes.xaxis, unit)


def _interval(say: Any, lower: float, upper: float) -> str:
    return "" if lower == upper or lower != lower else f" ({say(lower)}–{say(upper)})"


def _signed(say: Any, value: Decimal) -> str:
    return ("+" if value > 0 else "") + str(say(value))


def _exact(value: Any) -> Decimal:
    return Decimal(0) if missing(value) else Decimal(str(value))


def _zeroed(values: list[float]) -> list[float]:
    return [0.0 if value != value else value for value in values]


def _listed(said: Sequence[str], most: int = 12) -> str:
    """A list in one sentence; what is beyond the first dozen is counted."""
    if not said:
        return _("No data.")
    more = len(said) - most
    text = "; ".join(said[:most])
    return text + (". " + ngettext("… and {n} more.", "… and {n} more.", more) if more > 0 else ".")
