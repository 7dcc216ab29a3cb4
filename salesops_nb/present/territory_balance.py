"""Balance bars: how far each rep is off a fair load, today and under the plan, in every measure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from salesops_nb.present import style
from salesops_nb.present.axes import axis_unit, finish, listed
from salesops_nb.present.chart import Chart, alt_text, placed_figure
from salesops_nb.present.formats import percent
from salesops_nb.present.territory import measure_words
from salesops_nb.present.words import _

if TYPE_CHECKING:
    from salesops_nb.territory.proposal import Proposal


def balance(proposal: Proposal, simulated: bool = False) -> None:
    """Bars of each measure: how far the plan is off the fair share, today as ticks, the tolerance shaded."""
    balance_chart(proposal, simulated).show()


def balance_chart(proposal: Proposal, simulated: bool = False) -> Chart:
    """The bars, a panel for each measure, a row for each rep."""
    after = proposal.plan.territories.set_index("rep")
    before = proposal.balance.set_index("rep").reindex(after.index)
    measures, names = list(proposal.tolerance), [str(name) for name in after.index]
    said = []
    with style.quiet():
        high = 0.75 + 0.27 * len(names)
        figure = placed_figure(high)
        panels = _panels(figure, len(measures), 0.03 + 0.0105 * max(map(len, names)), high)
        for axes, measure in zip(panels, measures, strict=True):
            limit = proposal.tolerance[measure]
            now, was = after[f"{measure}_imbalance"], before[f"{measure}_imbalance"]
            _panel(axes, now.tolist(), was.tolist(), limit)
            title = _("{measure}: off the fair load", measure=measure_words(measure))
            axes.text(0, 1.01, title[:1].upper() + title[1:], transform=axes.transAxes, va="bottom")
            said += [
                _("{name}: {measure} {after}, today {before}.", name=name, measure=measure_words(measure),
                  after=percent(x), before=percent(y) if y == y else _("none"))
                for name, x, y in zip(names, now, was, strict=True)
            ]  # fmt: skip
        for axes in panels:
            axes.set_yticks(range(len(names)), names if axes is panels[0] else [])
            axes.tick_params(axis="y", labelcolor=style.INK)
            axes.set_ylim(len(names) - 0.4, -0.6)
    note = _("Bars: the plan; ticks: today; shaded: within the tolerance.")
    title = _("How far each rep is off a fair load")
    return finish(Chart(figure, alt_text(title, listed(said)), title, note), simulated)


def _panels(figure: Any, count: int, left: float, high: float) -> list[Any]:
    """Axes side by side, right of the names."""
    wide = (1 - left) / count
    return [
        figure.add_axes((left + n * wide, 0.35 / high, wide - 0.02, 1 - 0.7 / high)) for n in range(count)
    ]


def _panel(axes: Any, now: list[float], was: list[float], limit: float) -> None:
    rows = range(len(now))
    axes.axvspan(-limit, limit, color=style.BAND, zorder=0)
    colours = [style.MAIN if abs(value) <= limit + 1e-9 else style.BAD for value in now]
    axes.barh(rows, now, height=0.56, color=colours, zorder=2)
    axes.scatter(was, rows, marker="|", s=130, linewidths=2, color=style.SECOND, zorder=4)
    axes.axvline(0, color=style.MUTED, linewidth=0.8, zorder=3)
    far = 1.12 * max([limit, *(abs(value) for value in [*now, *was] if value == value)])
    axes.set_xlim(-far, far)
    axes.grid(visible=False)
    axes.grid(axis="x")
    axis_unit(axes.xaxis, "percent")
