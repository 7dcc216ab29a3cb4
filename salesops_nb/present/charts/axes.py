"""What the charts share: reading a column, writing an axis, naming lines where they end."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Any

from salesops_nb.errors import SalesopsError, problem
from salesops_nb.present.charts import style
from salesops_nb.present.charts.chart import Chart
from salesops_nb.present.language import formats
from salesops_nb.present.language.called import called
from salesops_nb.present.language.sentences import ngettext
from salesops_nb.present.language.translation import _


def column(frame: Any, name: str) -> list[Any]:
    """A column's values; raises `SalesopsError` with the columns there are."""
    if name not in frame:
        raise SalesopsError(
            problem("unknown-chart-column", name=name, columns=", ".join(map(str, frame.columns)))
        )
    return list(frame[name])


def floats(values: Iterable[Any]) -> list[float]:
    """Values as floats, for drawing only; nothing becomes NaN."""
    return [float("nan") if formats.missing(value) else float(value) for value in values]


def named(value: Any) -> str:
    """A category's or date's words for an axis, in one line."""
    text = formats.day(value) if isinstance(value, date) else called(formats.text(value))
    return " ".join(text.split())


def short(text: str, most: int = 32) -> str:
    """The text, cut with an ellipsis where it would leave a chart no room; the alt text has all of it."""
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def wrapped(text: str, width: int) -> str:
    """Text in a few lines of at most so many letters."""
    text = short(text, max(40, 4 * width))
    return "\n".join(textwrap.wrap(text, width)) or text


def unit_text(unit: str) -> Callable[[Any], str]:
    """How a value of a unit is written beside a mark: money short."""
    if unit == "cents":
        return lambda value: formats.money(value, cents=value % 1 != 0)
    if unit == "money":
        return formats.short_money
    return formats.by_unit(unit)


def axis_unit(axis: Any, unit: str) -> None:
    """Write an axis in its unit, by the reader's locale, with few ticks."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    def write(value: float, _at: int) -> str:
        value = float(f"{value:.10g}")  # a tick is a sum of steps, and no step is exact
        if unit in ("percent", "whole_percent"):
            shown = [100 * at for at in axis.get_majorticklocs()]
            return formats.percent(value, 0 if all(abs(at - round(at)) < 1e-6 for at in shown) else 1)
        return unit_text(unit)(value)

    locator: Any = MaxNLocator
    axis.set_major_locator(locator(5, integer=unit == "integer", steps=[1, 2, 2.5, 5, 10]))
    formatter: Any = FuncFormatter
    axis.set_major_formatter(formatter(write))


def rows_axis(axes: Any, names: Sequence[str], unit: str) -> None:
    """Name the rows, the first on top, and write the x axis in its unit."""
    axes.set_yticks(range(len(names)), [short(name, 20) for name in names])
    axes.tick_params(axis="y", labelcolor=style.INK)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.grid(visible=False)
    axis_unit(axes.xaxis, unit)


def spaced_ticks(axes: Any, names: Sequence[str], most: int = 9) -> None:
    """Name the points on the x axis, every second or third of them where there are many."""
    every = max(1, -(-len(names) // most))
    every = next((step for step in (1, 2, 3, 4, 6, 12, 24) if step >= every), every)
    shown = list(range(len(names) - 1, -1, -every))[::-1]
    axes.set_xticks(shown, [wrapped(names[at], 12) for at in shown])
    axes.set_xlim(-0.5, max(len(names), 1) - 0.5)


def direct_labels(axes: Any, ends: Sequence[tuple[float, float, str]], colour: str) -> None:
    """Words at the end of a line, in place of a legend."""
    for x, y, text in ends:
        axes.annotate(
            text,
            (x, y),
            xytext=(7, 0),
            textcoords="offset points",
            va="center",
            color=colour,
            fontsize=8.5,
            annotation_clip=False,
        )


def finish(chart: Chart, simulated: bool) -> Chart:
    """The chart with its mark that it earned."""
    if simulated:
        chart.marks.append("simulated")
    chart.figure.set_facecolor(style.PAGE)
    return chart


def listed(said: Sequence[str], most: int = 12) -> str:
    """A list in one sentence; what is beyond the first dozen is counted."""
    if not said:
        return _("No data.")
    more = len(said) - most
    text = "; ".join(said[:most])
    return text + (". " + ngettext("… and {n} more.", "… and {n} more.", more) if more > 0 else ".")
