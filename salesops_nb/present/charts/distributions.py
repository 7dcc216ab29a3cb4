"""How values are spread, and how shares grow with time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from salesops_nb.present.charts import findings, style
from salesops_nb.present.charts.axes import (
    axis_unit,
    column,
    direct_labels,
    finish,
    floats,
    named,
    short,
    unit_text,
)
from salesops_nb.present.charts.chart import Chart, Shown, alt_text, headed, new_figure
from salesops_nb.present.language.sentences import ngettext
from salesops_nb.present.language.translation import _

STEPS = 200  # of all curves of a chart: more would not be seen, and double the page
POINTS = 100  # of all curves that say their value
MANY = 100  # shares, from which on bins are of five points, not ten
CROWDED = 0.05  # between the ends of curves, under which a legend names them


@Shown
def histogram(
    values: Any,
    *,
    title: str = "",
    subtitle: str = "",
    unit: str = "number",
    bins: int | str = "auto",
    marks: Mapping[str, Any] | None = None,
    label: str = "",
    note: str = "",
    simulated: bool = False,
) -> Chart:
    """How values are spread; `marks` (name → value) are drawn as lines and named.

    Examples
    --------
    >>> from salesops_nb import present
    >>> present.histogram([10, 20, 20, 30, 70], title="Days to win", marks={"target": 25})
    Days to win. 5 values, median 20. From 10 to 70.
    """
    import numpy as np

    known = np.array([v for v in floats(values) if v == v])
    say = unit_text(unit)
    with style.quiet():
        figure, axes = new_figure()
        counts, edges = np.histogram(known, bins=_bin_edges(known, bins, unit))
        axes.bar(
            edges[:-1],
            counts,
            width=np.diff(edges),
            align="edge",
            color=style.MAIN,
            edgecolor=style.PAGE,
            linewidth=0.8,
        )
        axes.set_ylim(0, max(counts.max(initial=0) * 1.18, 1))
        for name, value in (marks or {}).items():
            axes.axvline(float(value), color=style.BAD, linewidth=1.4, linestyle="--")
            text = f"{short(str(name))} {say(value)}"
            axes.annotate(
                text,
                (float(value), 0.99),
                xycoords=("data", "axes fraction"),
                xytext=(5, 0),
                textcoords="offset points",
                va="top",
                color=style.INK,
            )
        head = headed(title, subtitle, findings.spread(known.tolist(), say), unit)
        chart = Chart(figure, "", head[0], note, head[1])
        for at, count in enumerate(counts.tolist()):
            if count:
                low, high = edges[at], edges[at + 1]
                words = _("{low} to {high}: {count}", low=say(low), high=say(high), count=count)
                chart.mark(axes, (low + high) / 2, count, words)
        axis_unit(axes.xaxis, unit)
        axis_unit(axes.yaxis, "integer")
        axes.set_xlabel(label)
        said = [_("No data.")]
        if len(known):
            middle = say(float(np.median(known)))
            said = [
                ngettext(
                    "{n} value, median {middle}.", "{n} values, median {middle}.", len(known), middle=middle
                ),
                _("From {low} to {high}.", low=say(float(known.min())), high=say(float(known.max()))),
            ]
        chart.alt = alt_text(head, *said)
        return finish(chart, simulated)


def _bin_edges(known: Any, bins: int | str, unit: str) -> Any:
    """Bins of one round width, about as many as the rule says but 8 to 60; shares have all of 0 to 100 %."""
    import numpy as np
    from matplotlib.ticker import MaxNLocator

    if not len(known):
        return np.array([0.0, 1.0])
    if unit in ("percent", "whole_percent") and known.min() >= 0 and known.max() <= 1:
        return np.linspace(0, 1, 11 if len(known) < MANY else 21)
    asked = bins if isinstance(bins, int) else len(np.histogram_bin_edges(known, bins=bins)) - 1
    locator: Any = MaxNLocator
    place = locator(min(max(asked, 8), 60), steps=[1, 2, 2.5, 5, 10], integer=unit == "integer")
    return np.round(place.tick_values(known.min(), known.max()), 10)


def _spread(count: int, most: int) -> list[int]:
    """Places of at most about `most` of `count` values, evenly apart, the first and the last among them."""
    step = max(-(-count // max(most, 1)), 1)
    last = [count - 1] if count and (count - 1) % step else []
    return [*range(0, count, step), *last]


@Shown
def incidence(
    frame: Any,
    time: str,
    curves: Sequence[str],
    *,
    labels: Mapping[str, str] | None = None,
    title: str = "",
    subtitle: str = "",
    time_label: str = "",
    note: str = "",
    simulated: bool = False,
) -> Chart:
    """Cumulative incidence steps, a curve a column; ``<curve>_low`` and ``_high`` make a band.

    Examples
    --------
    >>> import pandas as pd
    >>> from salesops_nb import present
    >>> shares = pd.DataFrame({"days": [0, 30, 60], "won": [0.0, 0.3, 0.5], "lost": [0.0, 0.2, 0.25]})
    >>> present.incidence(shares, time="days", curves=["won", "lost"], title="What becomes of deals")
    What becomes of deals. won: 50.0% by 60. lost: 25.0% by 60.
    """
    shown, days = labels or {}, floats(column(frame, time))
    kept = _spread(len(days), STEPS // max(len(curves), 1))

    def drawn_of(name: str) -> list[float]:
        values = floats(column(frame, name))
        return [values[i] for i in kept]

    at = [days[i] for i in kept]
    say = unit_text("percent")
    with style.quiet():
        figure, axes = new_figure()
        called_by = [short(str(shown.get(curve, curve)), 24) for curve in curves]
        found = findings.shares(called_by, at, [drawn_of(curve) for curve in curves],
                                time_label or _("days"), say)  # fmt: skip
        head = headed(title, subtitle, found, "percent")
        chart = Chart(figure, "", head[0], note, head[1])
        said, ends = [], []
        for n, curve in enumerate(curves):
            values, colour = drawn_of(curve), style.SERIES[n % 6]
            drawn = axes.step(at, values, where="post", color=colour, linestyle=style.LINES[n % 6])
            name = short(str(shown.get(curve, curve)), 24)
            of = chart.add_series(name, drawn)
            for i in _spread(len(at), POINTS // len(curves)):
                chart.mark(axes, at[i], values[i], f"{name}, {named(at[i])}: {say(values[i])}", of)
            if f"{curve}_low" in frame and f"{curve}_high" in frame:
                low, high = drawn_of(f"{curve}_low"), drawn_of(f"{curve}_high")
                axes.fill_between(at, low, high, step="post", color=colour, alpha=0.14, linewidth=0)
            if at:
                end_words = f"{name} {say(values[-1])}"
                ends.append((at[-1], values[-1], end_words, colour))
                text = _(
                    "{name}: {value} by {time}.",
                    name=shown.get(curve, curve),
                    value=say(values[-1]),
                    time=named(at[-1]),
                )
                said.append(text)
        heights = sorted(end[1] for end in ends)
        if any(high - low < CROWDED for low, high in pairwise(heights)):  # words at the ends would overlap
            for n, (_x, _y, text, colour) in enumerate(ends):
                axes.plot([], [], color=colour, linestyle=style.LINES[n % 6], label=text)
            axes.legend(loc="upper right")
        else:
            for end in ends:
                direct_labels(axes, [end[:3]], end[3])
        axes.set_ylim(0, 1)
        axis_unit(axes.yaxis, "percent")
        axis_unit(axes.xaxis, "number")
        axes.set_xlabel(time_label or _("days"))
        chart.alt = alt_text(head, *(said or [_("No data.")]))
        return finish(chart, simulated)
