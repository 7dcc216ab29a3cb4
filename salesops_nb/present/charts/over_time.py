"""Charts over time. Each takes a small frame and says its data in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from salesops_nb.present.charts import findings, style
from salesops_nb.present.charts.axes import (
    axis_unit,
    column,
    direct_labels,
    finish,
    floats,
    listed,
    named,
    short,
    spaced_ticks,
    unit_text,
)
from salesops_nb.present.charts.chart import Chart, Shown, alt_text, headed, new_figure
from salesops_nb.present.language.formats import by_unit, missing
from salesops_nb.present.language.translation import _

MARKED = 36  # points of a line that have room for a mark each
LABELLED = 12  # bars that have room for their values


@Shown
def trend(
    frame: Any,
    x: str,
    y: str,
    *,
    title: str = "",
    subtitle: str = "",
    unit: str = "money",
    limits: Mapping[str, Any] | Any = None,
    target: str | None = None,
    note: str = "",
    simulated: bool = False,
) -> Chart:
    """A line over time with its `limits`: ``centre``, ``lower``, ``upper``, values or columns.

    Examples
    --------
    >>> import pandas as pd
    >>> from salesops_nb import present
    >>> months = pd.DataFrame({"month": ["Jan", "Feb", "Mar", "Apr"], "bookings": [10, 12, 10, 30]})
    >>> limits = {"centre": 11, "lower": 5, "upper": 17}
    >>> present.trend(months, x="month", y="bookings", title="Bookings", limits=limits)
    Bookings. From Jan ($10) to Apr ($30). Highest $30 in Apr, lowest $10 in Jan. Outside the limits: Apr.
    """
    names, values = [named(v) for v in column(frame, x)], floats(column(frame, y))
    with style.quiet():
        figure, axes = new_figure()
        at = range(len(values))
        axes.plot(at, values, color=style.MAIN, marker="o" if len(values) <= MARKED else "")
        bounds = {part: _bound(frame, limits, part, len(values)) for part in ("centre", "lower", "upper")}
        outside = _draw_limits(axes, at, values, bounds)
        if target:
            axes.plot(at, floats(column(frame, target)), color=style.SECOND, linestyle="--", linewidth=1.2)
            direct_labels(
                axes, [(len(values) - 1, floats(column(frame, target))[-1], _("target"))], style.SECOND
            )
        spaced_ticks(axes, names)
        axis_unit(axes.yaxis, unit)
        if unit in ("money", "cents", "integer", "percent") and min(values, default=0) >= 0:
            axes.set_ylim(bottom=0, top=axes.get_ylim()[1] * 1.05)
        bounded = bounds["lower"] is not None or bounds["upper"] is not None
        found = findings.course(names, values, outside, bounded, unit_text(unit))
        head = headed(title, subtitle, found, unit)
        words = alt_text(head, *_trend_words(names, values, outside, unit))
        chart = Chart(figure, words, head[0], note, head[1])
        for i, value in enumerate(values):
            chart.mark(axes, i, value, f"{names[i]}: {by_unit(unit)(value)}")
        return finish(chart, simulated)


def _draw_limits(axes: Any, at: Iterable[int], values: list[float], bounds: Mapping[str, Any]) -> list[int]:
    at = list(at)
    if bounds["centre"] is not None:
        axes.plot(at, bounds["centre"], color=style.MUTED, linewidth=1)
    for part in ("lower", "upper"):
        if bounds[part] is not None:
            axes.plot(at, bounds[part], color=style.MUTED, linewidth=0.9, linestyle=(0, (2, 2)))
    lower, upper = bounds["lower"], bounds["upper"]
    alone = lower is None and min(values, default=0) >= 0  # a limit of what is never below nought
    if upper is not None and (alone or lower is not None):
        axes.fill_between(
            at, [0.0] * len(at) if alone else lower, upper, color=style.BAND, linewidth=0, zorder=0
        )
    words = {
        "centre": _("expected"),
        "lower": _("lower limit"),
        "upper": _("limit") if alone else _("upper limit"),
    }
    ends = [(len(values) - 1, line[-1], words[part]) for part, line in bounds.items() if line is not None]
    direct_labels(axes, ends, style.MUTED)
    outside = [
        i
        for i, value in enumerate(values)
        if (bounds["lower"] is not None and value < bounds["lower"][i])
        or (bounds["upper"] is not None and value > bounds["upper"][i])
    ]
    ring = {"s": 110, "facecolors": "none", "edgecolors": style.BAD, "linewidths": 1.6, "zorder": 5}
    if len(values) <= MARKED:
        axes.scatter(outside, [values[i] for i in outside], **ring)
    return outside


def _bound(frame: Any, limits: Any, part: str, n: int) -> list[float] | None:
    """One limit as a line: from a mapping (a value, or one a point) or from a column of that name."""
    if limits is None:
        return None
    held: Any = limits.get(part) if isinstance(limits, Mapping) else getattr(limits, part, None)
    if isinstance(held, str):
        return floats(column(frame, held))
    if hasattr(held, "__len__"):
        return floats(list(held))
    return None if held is None or missing(held) else [float(held)] * n


def _trend_words(names: list[str], values: list[float], outside: list[int], unit: str) -> list[str]:
    known = [(name, value) for name, value in zip(names, values, strict=True) if value == value]
    if not known:
        return [_("No data.")]
    say = by_unit(unit)
    low, high = min(known, key=lambda p: p[1]), max(known, key=lambda p: p[1])
    said = [
        _(
            "From {first} ({a}) to {last} ({b}).",
            first=known[0][0],
            a=say(known[0][1]),
            last=known[-1][0],
            b=say(known[-1][1]),
        ),
        _(
            "Highest {high} in {when}, lowest {low} in {then}.",
            high=say(high[1]),
            when=high[0],
            low=say(low[1]),
            then=low[0],
        ),
    ]
    if outside:
        said.append(_("Outside the limits: {names}.", names=", ".join(names[i] for i in outside)))
    return said


@Shown
def stacked(
    frame: Any,
    x: str,
    parts: Sequence[str],
    *,
    labels: Mapping[str, str] | None = None,
    title: str = "",
    subtitle: str = "",
    unit: str = "money",
    note: str = "",
    simulated: bool = False,
) -> Chart:
    """Bars stacked from several columns, told apart by hatching as well as by colour.

    Examples
    --------
    >>> import pandas as pd
    >>> from salesops_nb import present
    >>> months = pd.DataFrame({"month": ["Jan", "Feb"], "new": [30_000, 20_000], "renewal": [10_000, 15_000]})
    >>> present.stacked(months, x="month", parts=["new", "renewal"], title="Bookings")
    Bookings. new: $50,000 in all. renewal: $25,000 in all.
    """
    names = [named(v) for v in column(frame, x)]
    with style.quiet():
        figure, axes = new_figure()
        below, above, said = [0.0] * len(names), [0.0] * len(names), []
        say, shown = by_unit(unit), labels or {}
        sums = [sum(v for v in floats(column(frame, part)) if v == v) for part in parts]
        heads = [short(str(shown.get(part, part)), 24) for part in parts]
        found = findings.highest(*((heads, sums) if names else ([], [])), unit_text(unit))
        head = headed(title, subtitle, found, unit)
        chart = Chart(figure, "", head[0], note, head[1])
        for n, part in enumerate(parts):
            values = [0.0 if v != v else v for v in floats(column(frame, part))]
            base = [below[i] if v < 0 else above[i] for i, v in enumerate(values)]
            look = {"color": style.SERIES[n % 6], "hatch": style.HATCHES[n % 6], "edgecolor": style.PAGE}
            label = heads[n]
            drawn = axes.bar(range(len(names)), values, bottom=base, width=0.68, label=label, **look)
            of = chart.add_series(label, drawn)
            for i, value in enumerate(values):
                if value:
                    chart.mark(axes, i, base[i] + value / 2, f"{names[i]}, {label}: {say(value)}", of)
            below = [b + min(v, 0) for b, v in zip(below, values, strict=True)]
            above = [a + max(v, 0) for a, v in zip(above, values, strict=True)]
            said.append(_("{name}: {value} in all.", name=shown.get(part, part), value=say(sum(values))))
        figure.legend(loc="outside upper left", ncols=min(len(parts), 4) or 1)
        spaced_ticks(axes, names)
        axis_unit(axes.yaxis, unit)
        chart.alt = alt_text(head, *said)
        return finish(chart, simulated)


@Shown
def columns(
    frame: Any,
    x: str,
    y: str,
    *,
    reference: float | None = None,
    reference_label: str = "",
    title: str = "",
    subtitle: str = "",
    unit: str = "money",
    note: str = "",
    simulated: bool = False,
) -> Chart:
    """Upright bars, a point of time each; those below a `reference` are hatched.

    Examples
    --------
    >>> import pandas as pd
    >>> from salesops_nb import present
    >>> year = pd.DataFrame({"month": ["Jan", "Feb", "Mar"], "share": [0.05, 0.06, 0.12]})
    >>> present.columns(year, "month", "share", unit="percent", subtitle="Share of the year")
    Mar is highest at 12.0%, Jan lowest at 5.0%. Share of the year, %. Jan 5.0%; Feb 6.0%; Mar 12.0%.
    """
    names, values = [named(v) for v in column(frame, x)], floats(column(frame, y))
    say, full = unit_text(unit), by_unit(unit)
    with style.quiet():
        narrow = len(names) <= LABELLED
        figure, axes = new_figure(2.8, style.NARROW if narrow else style.WIDTH)
        head = headed(title, subtitle, findings.highest(names, values, say), unit)
        said = [_("{name} {value}", name=name, value=full(v)) for name, v in zip(names, values, strict=True)]
        words = alt_text(head, listed(said, 24))
        chart = Chart(figure, words, head[0], note, head[1], narrow=narrow)
        below = {"color": style.BAD, "hatch": "////", "edgecolor": style.PAGE}
        for at, value in enumerate(values):
            look = below if reference is not None and value < reference else {"color": style.MAIN}
            axes.bar([at], [0.0 if value != value else value], width=0.68, **look)
            if value == value and len(values) <= LABELLED:
                axes.annotate(say(value), (at, value), xytext=(0, 3 if value >= 0 else -3),
                              textcoords="offset points", ha="center", fontsize=8,
                              va="bottom" if value >= 0 else "top")  # fmt: skip
            chart.mark(axes, at, value, said[at])
        if reference is not None:
            axes.axhline(reference, color=style.INK, linewidth=1, linestyle="--")
            text = f"{short(reference_label)} {say(reference)}".strip()
            direct_labels(axes, [(len(names) - 0.5, reference, text)], style.MUTED)
        spaced_ticks(axes, names, LABELLED)
        if reference is not None:
            axes.set_xlim(-0.5, len(names) - 0.4)
        axes.margins(y=0.12)
        axis_unit(axes.yaxis, unit)
        return finish(chart, simulated)
