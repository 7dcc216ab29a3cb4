"""A forecast as a fan, beside what came."""

from __future__ import annotations

from typing import Any

from salesops_nb.present.charts import findings_of_plans, style
from salesops_nb.present.charts.axes import (
    axis_unit,
    column,
    finish,
    floats,
    listed,
    named,
    spaced_ticks,
    unit_text,
)
from salesops_nb.present.charts.chart import Chart, Shown, alt_text, headed, new_figure
from salesops_nb.present.language.formats import by_unit
from salesops_nb.present.language.translation import _


@Shown
def fan(
    frame: Any,
    x: str,
    low: str,
    middle: str,
    high: str,
    *,
    came: str | None = None,
    target: str | None = None,
    title: str = "",
    subtitle: str = "",
    unit: str = "money",
    note: str = "",
    simulated: bool = False,
) -> Chart:
    """The range of a forecast as a band, its middle as a line, what came as dots, the target as ticks.

    A row may have a range, an outcome or both; what came outside its range stands in a ring.

    Examples
    --------
    >>> import pandas as pd
    >>> from salesops_nb import present
    >>> said = pd.DataFrame(
    ...     {"m": ["Jan", "Feb"], "p10": [8, 9], "p50": [10, 11], "p90": [12, 13], "came": [9, 15]}
    ... )
    >>> present.fan(said, "m", "p10", "p50", "p90", came="came", subtitle="Bookings")
    $15 came in Feb, above the range of $9 to $13. Bookings, USD.
    Jan $8 to $12, came $9; Feb $9 to $13, came $15.
    """
    names = [named(value) for value in column(frame, x)]
    lows, middles, highs = (floats(column(frame, name)) for name in (low, middle, high))
    nothing = [float("nan")] * len(names)
    actual = floats(column(frame, came)) if came else nothing
    wanted = floats(column(frame, target)) if target else nothing
    say, full = unit_text(unit), by_unit(unit)
    with style.quiet():
        figure, axes = new_figure()
        at = range(len(names))
        chart = Chart(figure, "")
        if len(names) == 1:  # a band of one point has no width
            axes.bar([0], [highs[0] - lows[0]], bottom=[lows[0]], width=0.3, color=style.BAND)
            axes.plot([-0.15, 0.15], [middles[0]] * 2, color=style.MAIN)
        band = axes.fill_between(at, lows, highs, color=style.BAND, linewidth=0, zorder=0)
        chart.add_series(_("forecast"), [*axes.plot(at, middles, color=style.MAIN), band])
        if target:
            ticks = [axes.scatter(at, wanted, marker="_", s=170, linewidths=2, color=style.SECOND, zorder=3)]
            chart.add_series(_("target"), ticks)
        if came:
            before = all(lows[i] != lows[i] for i in at if actual[i] == actual[i])  # not one beside the other
            dots = axes.plot(at, actual, "-o" if before else "o", color=style.INK, markersize=4,
                             linewidth=0.9, zorder=4)  # fmt: skip
            chart.add_series(_("what came"), dots)
        outside = [i for i in at if actual[i] < lows[i] or actual[i] > highs[i]]
        axes.scatter(outside, [actual[i] for i in outside], s=120, facecolors="none", edgecolors=style.BAD,
                     linewidths=1.6, zorder=5)  # fmt: skip
        _legend(figure, axes, bool(target), bool(came))
        spaced_ticks(axes, names)
        axis_unit(axes.yaxis, unit)
        values = [v for v in [*lows, *highs, *actual, *wanted] if v == v]
        if min(values, default=0) >= 0:
            axes.set_ylim(0, max(values, default=0) * 1.08 or 1)
        said = []
        for i in at:
            text = names[i]
            if lows[i] == lows[i]:
                text = _("{when} {low} to {high}", when=text, low=full(lows[i]), high=full(highs[i]))
                chart.mark(axes, i, middles[i], f"{text}, {say(middles[i])}", "of-0")
            if actual[i] == actual[i]:
                text = _("{range}, came {value}", range=text, value=full(actual[i]))
                chart.mark(axes, i, actual[i], text, f"of-{2 if target else 1}")
            said.append(text)
        head = headed(title, subtitle, _finding(names, lows, middles, highs, actual, wanted, say), unit)
        chart.alt, chart.title, chart.subtitle = alt_text(head, listed(said, 24)), *head
        chart.note = note
        return finish(chart, simulated)


def _legend(figure: Any, axes: Any, target: bool, came: bool) -> None:
    axes.plot([], [], color=style.MAIN, label=_("forecast"))
    axes.fill_between([], [], [], color=style.BAND, label=_("four of five cases"))
    if target:
        axes.plot([], [], "_", color=style.SECOND, markersize=12, markeredgewidth=2, label=_("target"))
    if came:
        axes.plot([], [], "o", color=style.INK, label=_("what came"))
    figure.legend(loc="outside upper left", ncols=4)


def _finding(names: Any, lows: Any, middles: Any, highs: Any, actual: Any, wanted: Any, say: Any) -> str:
    """Of many outcomes how many lay within the range; of the last one, or of none, what that row says."""
    both = [i for i in range(len(names)) if lows[i] == lows[i] and actual[i] == actual[i]]
    if len(both) > 2:
        held = [lows[i] <= actual[i] <= highs[i] for i in both]
        return findings_of_plans.held(sum(held), len(held))
    if both:
        i = both[-1]
        return findings_of_plans.came(names[i], lows[i], highs[i], actual[i], say)
    ahead = [i for i in range(len(names)) if lows[i] == lows[i]]
    aimed = [i for i in ahead if wanted[i] == wanted[i]]
    if len(aimed) > 1:
        below = sum(highs[i] < wanted[i] for i in aimed)
        above = sum(middles[i] >= wanted[i] for i in aimed)
        return findings_of_plans.months_aimed(above, below, len(aimed))
    if not ahead:
        return ""
    i = ahead[-1]
    return findings_of_plans.range_ahead(names[i], lows[i], middles[i], highs[i], wanted[i], say)
