"""How things flow through stages: on, past a stage, back, and out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from salesops_nb.present.charts import findings, style
from salesops_nb.present.charts.axes import column, finish, floats, listed, named, rows_axis, short, wrapped
from salesops_nb.present.charts.chart import Chart, Shown, alt_text, headed, new_figure
from salesops_nb.present.language.formats import number
from salesops_nb.present.language.translation import _

WIDEST = 20.0  # points of the broadest band
LEAST = 0.004  # share of the broadest, below which a move is not drawn


@Shown
def flow(
    frame: Any,
    start: str,
    to: str,
    size: str,
    *,
    stages: Sequence[str],
    ends: Sequence[str] = (),
    out: str = "",
    words: str = "",
    title: str = "",
    subtitle: str = "",
    note: str = "",
    simulated: bool = False,
) -> Chart:
    """Moves between stages as bands, broad where they are many: past a stage above, back below.

    Parameters
    ----------
    frame : a row a move: from where (`start`), to where (`to`), how many (`size`), and, where given, a column
    of
        `words` for it.
    stages : all in order, from the left; the last may be an end.
    out : what is left by, such as lost; drawn downwards from each stage.

    Examples
    --------
    >>> import pandas as pd
    >>> from salesops_nb import present
    >>> moves = pd.DataFrame(
    ...     {"from": ["New", "Demo", "New"], "to": ["Demo", "Won", "lost"], "n": [80, 50, 20]}
    ... )
    >>> present.flow(moves, "from", "to", "n", stages=["New", "Demo", "Won"], out="lost", title="Flow")
    Flow. New to Demo: 80; Demo to Won: 50; New to lost: 20.
    """
    place = {name: at for at, name in enumerate(stages)}
    rows = sorted(zip(column(frame, start), column(frame, to), floats(column(frame, size)),
                      column(frame, words) if words else [""] * len(frame), strict=True),
                  key=lambda row: (-row[2], str(row[0]), str(row[1])))  # fmt: skip
    most = max((row[2] for row in rows), default=1.0) or 1.0
    shown = {name: named(name) for name in (*stages, out)} | dict(
        zip(stages, map(named, stages), strict=True)
    )
    with style.quiet():
        figure, axes = new_figure(height=3.6)
        steps = [
            (place[row[1]] - place[row[0]], row[2]) for row in rows if row[0] in place and row[1] in place
        ]
        past = sum(n for step, n in steps if step > 1)
        back = sum(n for step, n in steps if step < 0)
        head = headed(title, subtitle, findings.ways(sum(n for _step, n in steps), past, back))
        chart, said = Chart(figure, "", head[0], note, head[1]), []
        for a, b, n, more in rows:
            line = _(
                "{start} to {end}: {n}", start=shown.get(a, named(a)), end=shown.get(b, named(b)), n=number(n)
            )
            said.append(f"{line} ({more})" if more else line)
            if a not in place or n < LEAST * most:
                continue
            count = number(n) if b in place else f"{number(n)} {shown.get(b, named(b))}"
            spot = _band(axes, place[a], place.get(b), [count, *filter(None, [more])], n / most)
            chart.mark(axes, *spot, said[-1])
        for name, at in place.items():
            axes.plot([at], [0], marker="o", markersize=9, color=style.INK, zorder=5)
            axes.annotate(wrapped(short(shown[name]), 12), (at, 1.0), xycoords=("data", "axes fraction"),
            ha="center",
                          va="bottom", color=style.INK)  # fmt: skip
        axes.set_xlim(-0.5, max(len(stages), 1) - 0.5)
        axes.set_ylim(-1.35, 1.0)
        axes.axis("off")
        chart.alt = alt_text(head, listed(said))
        return finish(chart, simulated)


def _band(axes: Any, start: int, end: int | None, said: list[str], share: float) -> tuple[float, float]:
    """Draw one move; gives the point where its words stand."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    width = max(WIDEST * share, 0.8)
    if end is None:
        tip = (start + 0.22, -0.95)
        axes.plot([start, tip[0]], [0, tip[1]], color=style.BAD, linewidth=width, alpha=0.55, zorder=2,
                  solid_capstyle="butt")  # fmt: skip
        axes.annotate("\n".join(said), tip, xytext=(0, -4), textcoords="offset points", ha="center", va="top",
                      color=style.BAD, fontsize=8.5)  # fmt: skip
        return tip
    step = end - start
    if step == 1:
        axes.plot([start, end], [0, 0], color=style.MAIN, linewidth=width, alpha=0.55, zorder=1,
                  solid_capstyle="butt")  # fmt: skip
        middle = (start + 0.5, 0.0)
        axes.annotate("\n".join(said), middle, xytext=(0, width / 2 + 3), textcoords="offset points",
                      ha="center", va="bottom", color=style.INK, fontsize=8.5)  # fmt: skip
        return middle
    side = 1 if step > 0 else -1
    height = side * min(0.32 + 0.16 * abs(step), 0.85)
    middle = ((start + end) / 2, height)
    colour = style.SECOND if side > 0 else style.MUTED
    curve = Path([(start, 0), (start, 4 / 3 * height), (end, 4 / 3 * height), (end, 0)], [1, 4, 4, 4])
    axes.add_patch(PathPatch(curve, fill=False, edgecolor=colour, linewidth=width, alpha=0.7, zorder=3))
    axes.annotate(
        said[0],
        middle,
        ha="center",
        va="center",
        color=style.MUTED,
        fontsize=8.5,
        bbox={"boxstyle": "round,pad=0.15", "facecolor": style.PAGE, "edgecolor": "none"},
        zorder=6,
    )
    return middle


@Shown
def funnel(
    frame: Any,
    stage: str,
    entered: str,
    onward: str,
    lost: str,
    *,
    title: str = "",
    subtitle: str = "",
    note: str = "",
    simulated: bool = False,
) -> Chart:
    """Stages from the top, a bar each of what entered it: what went on, what was lost, what is still there.

    Examples
    --------
    >>> import pandas as pd
    >>> from salesops_nb import present
    >>> ways = pd.DataFrame({"stage": ["New", "Demo"], "in": [100, 60], "on": [55, 20], "out": [30, 25]})
    >>> present.funnel(ways, "stage", "in", "on", "out", subtitle="Deals")
    Most are lost at New: 30 of 100. Deals.
    New: 100 entered, 55 went on, 30 lost, 15 still there;
    Demo: 60 entered, 20 went on, 25 lost, 15 still there.
    """
    names = [named(value) for value in column(frame, stage)]
    ins, ons, outs = (
        [0.0 if v != v else v for v in floats(column(frame, each))] for each in (entered, onward, lost)
    )
    still = [max(a - b - c, 0.0) for a, b, c in zip(ins, ons, outs, strict=True)]
    with style.quiet():
        figure, axes = new_figure(0.9 + 0.42 * max(len(names), 1), style.NARROW)
        head = headed(title, subtitle, findings.stages(names, ins, outs))
        said = [
            _("{name}: {n} entered, {on} went on, {lost} lost, {open} still there", name=name, n=number(a),
              on=number(b), lost=number(c), open=number(d))
            for name, a, b, c, d in zip(names, ins, ons, outs, still, strict=True)
        ]  # fmt: skip
        chart = Chart(figure, alt_text(head, listed(said)), head[0], note, head[1], narrow=True)
        left = [0.0] * len(names)
        for values, label, look in (
            (ons, _("went on"), {"color": style.MAIN}),
            (still, _("still there"), {"color": style.QUIET}),
            (outs, _("lost"), {"color": style.BAD, "hatch": "////", "edgecolor": style.PAGE}),
        ):
            drawn = axes.barh(range(len(names)), values, left=left, height=0.62, label=label, **look)
            of = chart.add_series(label, drawn)
            for row, value in enumerate(values):
                if value:
                    chart.mark(
                        axes, left[row] + value / 2, row, f"{names[row]}, {label}: {number(value)}", of
                    )
            left = [a + b for a, b in zip(left, values, strict=True)]
        for row, n in enumerate(ins):
            axes.annotate(number(n), (left[row], row), xytext=(5, 0), textcoords="offset points", va="center")
        figure.legend(loc="outside upper left", ncols=3)
        rows_axis(axes, names, "integer")
        axes.set_xlim(0, (max(left, default=0) or 1) * 1.14)
        axes.xaxis.set_visible(False)
        axes.spines["bottom"].set_visible(False)
        return finish(chart, simulated)
