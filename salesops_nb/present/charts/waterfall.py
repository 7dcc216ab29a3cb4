"""Bridges that add up: from one total to the next, a step at a time."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from typing import Any

from salesops_nb.errors import SalesopsError, problem
from salesops_nb.present.charts import findings, style
from salesops_nb.present.charts.axes import axis_unit, column, finish, listed, named, unit_text, wrapped
from salesops_nb.present.charts.chart import Chart, Shown, alt_text, headed, new_figure
from salesops_nb.present.language.formats import by_unit, missing
from salesops_nb.present.language.translation import _


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
    subtitle: str = "",
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

    Examples
    --------
    >>> import pandas as pd
    >>> from salesops_nb import present
    >>> steps = pd.DataFrame({"step": ["volume", "price"], "amount": [200, -50]})
    >>> present.waterfall(steps, "step", "amount", opening="2016", closing="2017", start=1000, end=1150)
    Up $150, most by volume (+$200). From 2016 to 2017, USD.
    2016 $1,000; volume +$200; price −$50; 2017 $1,150.
    >>> present.waterfall(steps, "step", "amount", opening="2016", closing="2017", start=1000, end=1200)
    Traceback (most recent call last):
        ...
    salesops_nb.errors.SalesopsError: The bridge from 2016 to 2017 comes to 1150, not to 1200.
    Give every step that lies between the two totals.
    """
    names, steps = [named(v) for v in column(frame, step)], [_exact(v) for v in column(frame, amount)]
    first = _exact(0 if start is None else start)
    last = sum(steps, first)
    if end is not None and _exact(end) != last:
        raise SalesopsError(
            problem("bridge-does-not-add-up", opening=opening, closing=closing, last=last, end=end)
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
        head = headed(
            title, subtitle or ("" if title else _("From {start} to {end}", start=opening, end=closing)),
            findings.bridge(names, steps, say), unit,
        )  # fmt: skip
        chart = Chart(figure, alt_text(head, listed(said)), head[0], note, head[1])
        level = first
        ends = [float(first), *[float(level := level + value) for value in steps], float(last)]
        for at, words in enumerate(said):
            chart.mark(axes, at, ends[at], words)
        return finish(chart, simulated)


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


def _signed(say: Any, value: Decimal) -> str:
    return ("+" if value > 0 else "") + str(say(value))


def _exact(value: Any) -> Decimal:
    return Decimal(0) if missing(value) else Decimal(str(value))
