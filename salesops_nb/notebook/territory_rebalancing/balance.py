"""Balance bars: how far each rep is off a fair load, today and under the plan, in every measure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from salesops_nb.notebook.territory_rebalancing.maps import as_option, others
from salesops_nb.notebook.territory_rebalancing.words import measure_words
from salesops_nb.present.charts import style
from salesops_nb.present.charts.axes import axis_unit, finish, listed, short
from salesops_nb.present.charts.chart import Chart, alt_text, headed, placed_figure
from salesops_nb.present.charts.findings_of_plans import within
from salesops_nb.present.language.called import called
from salesops_nb.present.language.column_labels import capital
from salesops_nb.present.language.formats import percent
from salesops_nb.present.language.translation import _

if TYPE_CHECKING:
    from salesops_nb.territory.plans.proposal import Proposal


def balance(proposal: Proposal, simulated: bool = False) -> None:
    """Bars of each measure: how far the plan is off the fair share, today as ticks, the tolerance shaded."""
    for chart in balance_charts(proposal, simulated):
        as_option(proposal, proposal.choice, chart).show()
    for n in others(proposal):
        for chart in balance_charts(replace(proposal, choice=n), simulated):
            as_option(proposal, n, chart).show()


def balance_charts(proposal: Proposal, simulated: bool = False) -> list[Chart]:
    """The bars, a chart for each measure, a row for each rep."""
    after = proposal.plan.territories.set_index("rep")
    before = proposal.balance.set_index("rep").reindex(after.index)
    measures, names = list(proposal.tolerance), [called(str(name)) for name in after.index]
    half = len(measures) > 1
    wide = style.WIDTH / 2 if half else style.WIDTH
    shown = [short(name, 20 if half else 40) for name in names]
    left, high = 0.03 + 0.0105 * style.WIDTH / wide * max(map(len, shown)), 0.45 + 0.27 * len(names)
    drawn = []
    for measure in measures:
        limit = proposal.tolerance[measure]
        now, was = after[f"{measure}_imbalance"], before[f"{measure}_imbalance"]
        with style.quiet():
            figure = placed_figure(high, wide)
            axes = figure.add_axes((left, 0.35 / high, 0.98 - left, 1 - 0.4 / high))
            _panel(axes, now.tolist(), was.tolist(), limit)
            axes.set_yticks(range(len(names)), shown)
            axes.tick_params(axis="y", labelcolor=style.INK)
            axes.set_ylim(len(names) - 0.4, -0.6)
        said = [
            _("{name}: {measure} {after}, today {before}.", name=name, measure=measure_words(measure),
              after=percent(x), before=percent(y) if y == y else _("none"))
            for name, x, y in zip(names, now, was, strict=True)
        ]  # fmt: skip
        subtitle = _("{measure}: off the fair load", measure=measure_words(measure))
        head = headed("", capital(subtitle), within(now.tolist(), was.tolist(), limit),
                      "percent")  # fmt: skip
        note = _("Bars: the plan; ticks: today; shaded: within the tolerance.")
        chart = Chart(figure, alt_text(head, listed(said)), head[0], note, head[1], half=half)
        drawn.append(finish(chart, simulated))
    return drawn


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
