"""Charts of what is held against something: target against actual, and an answer under other inputs."""

from __future__ import annotations

from typing import Any

from salesops_nb.present.charts import findings_of_plans, style
from salesops_nb.present.charts.axes import (
    column,
    finish,
    floats,
    listed,
    named,
    rows_axis,
    unit_text,
)
from salesops_nb.present.charts.chart import Chart, Shown, alt_text, headed, new_figure
from salesops_nb.present.charts.findings import plus
from salesops_nb.present.language.formats import by_unit
from salesops_nb.present.language.sentences import ngettext
from salesops_nb.present.language.translation import _

ROWS = 40  # that are drawn, those furthest short first


@Shown
def bullet(
    frame: Any,
    who: str,
    actual: str,
    target: str,
    *,
    title: str = "",
    subtitle: str = "",
    unit: str = "money",
    note: str = "",
    simulated: bool = False,
) -> Chart:
    """Each one's actual as a bar in front of the target, the furthest short first; a gap beside each.

    Who has no target is left out. Bars that fall short are hatched.

    Examples
    --------
    >>> import pandas as pd
    >>> from salesops_nb import present
    >>> teams = pd.DataFrame({"team": ["A", "B"], "booked": [90, 60], "target": [80, 100]})
    >>> present.bullet(teams, "team", "booked", "target", subtitle="Bookings and target")
    B is $40 short of target, the most of two. Bookings and target, USD.
    B $60 of $100 (−$40); A $90 of $80 (+$10).
    """
    known = [
        row
        for row in zip(
            map(named, column(frame, who)), floats(column(frame, actual)), floats(column(frame, target)),
            strict=True,
        )
        if row[1] == row[1] and row[2] > 0
    ]  # fmt: skip
    known.sort(key=lambda row: (row[1] - row[2], row[0]))
    rows, more = known[:ROWS], len(known) - ROWS
    if more > 0:
        left = ngettext("{n} nearer to target or above it is not drawn.",
                        "{n} nearer to target or above it are not drawn.", more)  # fmt: skip
        note = f"{note} {left}".strip()
    say, full = unit_text(unit), by_unit(unit)
    with style.quiet():
        figure, axes = new_figure(0.75 + 0.32 * max(len(rows), 1), style.NARROW)
        at = list(range(len(rows)))
        axes.hlines(at, 0, [row[2] for row in rows], colors=style.BAND, linewidth=17, zorder=1)
        for place, (_name, value, wanted) in enumerate(rows):
            look = {"color": style.MAIN} if value >= wanted else {
                "color": style.BAD, "hatch": "////", "edgecolor": style.PAGE}  # fmt: skip
            axes.barh([place], [value], height=0.38, zorder=2, **look)
            axes.annotate(plus(say, value - wanted), (max(value, wanted), place), xytext=(6, 0),
                          textcoords="offset points", va="center")  # fmt: skip
        axes.scatter([row[2] for row in rows], at, marker="|", s=170, linewidths=2, color=style.INK, zorder=4)
        rows_axis(axes, [row[0] for row in rows], unit)
        axes.axvline(0, color=style.MUTED, linewidth=0.8)
        ends = [0.0, *(row[1] for row in rows), *(row[2] for row in rows)]
        reach = (max(ends) - min(ends)) or 1.0
        axes.set_xlim(min(ends) - (0.02 * reach if min(ends) < 0 else 0), max(ends) + 0.2 * reach)
        head = headed(title, subtitle, findings_of_plans.target(*_columns(known), say), unit)
        said = [
            _("{name} {value} of {target} ({gap})", name=name, value=full(value), target=full(wanted),
              gap=plus(full, value - wanted))
            for name, value, wanted in known
        ]  # fmt: skip
        chart = Chart(figure, alt_text(head, listed(said, ROWS)), head[0], note, head[1], narrow=True)
        for place, row in enumerate(rows):
            chart.mark(axes, row[1], place, said[place])
        return finish(chart, simulated)


def _columns(rows: list[tuple[str, float, float]]) -> tuple[list[str], list[float], list[float]]:
    return [row[0] for row in rows], [row[1] for row in rows], [row[2] for row in rows]


@Shown
def tornado(
    frame: Any,
    what: str,
    low: str,
    high: str,
    *,
    middle: float | None = None,
    ends: tuple[str, str] | None = None,
    title: str = "",
    subtitle: str = "",
    unit: str = "whole_percent",
    note: str = "",
    simulated: bool = False,
) -> Chart:
    """An answer with each input at either end of its interval: from the value at its low end to that at its
    high end, so that a bar says which way it moves the answer; `middle` is the answer as it stands.

    Parameters
    ----------
    low, high : columns of the answer with the input at its low and at its high end.
    ends : columns with the words of the input's two ends, written at the bar's ends.

    Examples
    --------
    >>> import pandas as pd
    >>> from salesops_nb import present
    >>> inputs = pd.DataFrame({"input": ["Attrition", "Ramp"], "at_low": [0.8, 0.6], "at_high": [0.3, 0.5]})
    >>> present.tornado(inputs, "input", "at_low", "at_high", middle=0.55, subtitle="Chance of the target")
    Attrition moves the answer most: 80% at its low end, 30% at its high end. Chance of the target, %.
    Attrition: 80% at low, 30% at high; Ramp: 60% at low, 50% at high.
    """
    from matplotlib.patches import Patch

    names = [named(value) for value in column(frame, what)]
    lows, highs = floats(column(frame, low)), floats(column(frame, high))
    texts = [[str(v) for v in column(frame, name)] for name in ends] if ends else [[""] * len(names)] * 2
    say = unit_text(unit)
    with style.quiet():
        figure, axes = new_figure(1.0 + 0.42 * max(len(names), 1), style.NARROW)
        known = [value for value in [*lows, *highs] if value == value] or [0.0, 1.0]
        stands = (min(known) + max(known)) / 2 if middle is None else float(middle)
        chart = Chart(figure, "", narrow=True)
        looks = ((style.MAIN, ""), (style.SECOND, "////"))
        for row, (a, b) in enumerate(zip(lows, highs, strict=True)):
            for value, (colour, hatch), words in zip(
                (a, b), looks, (texts[0][row], texts[1][row]), strict=True
            ):
                axes.barh([row], [value - stands], left=stands, height=0.56, color=colour, hatch=hatch,
                          edgecolor=style.PAGE)  # fmt: skip
                left = (value <= a and value <= b) if a != b else words == texts[0][row]
                edge = min(a, b, stands) if left else max(a, b, stands)
                axes.annotate(words or say(value), (edge, row), xytext=(-4 if left else 4, 0), va="center",
                              textcoords="offset points", ha="right" if left else "left",
                              fontsize=8)  # fmt: skip
                chart.mark(axes, value, row, f"{names[row]} {words}: {say(value)}")
        axes.axvline(stands, color=style.INK, linewidth=1)
        ends_words = (_("input at its low end"), _("at its high end"))
        handles = [
            Patch(facecolor=colour, hatch=hatch, edgecolor=style.PAGE, label=label)
            for (colour, hatch), label in zip(looks, ends_words, strict=True)
        ]
        figure.legend(handles=handles, loc="outside upper left", ncols=2)
        rows_axis(axes, names, unit)
        axes.grid(axis="x")
        room = 0.28 * ((max([*known, stands]) - min([*known, stands])) or 0.1)
        axes.set_xlim(min([*known, stands]) - room, max([*known, stands]) + room)
        head = headed(title, subtitle, findings_of_plans.swings(names, lows, highs, say), unit)
        said = [
            _("{name}: {low} at low, {high} at high", name=name, low=say(a), high=say(b))
            for name, a, b in zip(names, lows, highs, strict=True)
        ]
        chart.alt, chart.title, chart.subtitle = alt_text(head, listed(said)), *head
        chart.note = note
        return finish(chart, simulated)
