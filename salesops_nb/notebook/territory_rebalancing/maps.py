"""Maps of what moves and of all territories, and which plans' charts a report lets its reader pick."""

from __future__ import annotations

from typing import TYPE_CHECKING

from salesops_nb.present.charts import territory_map
from salesops_nb.present.language.formats import number
from salesops_nb.present.language.translation import _
from salesops_nb.present.page.output import LIVE

if TYPE_CHECKING:
    from salesops_nb.present.charts.chart import Chart
    from salesops_nb.territory.plans.proposal import Proposal

OTHERS = 4  # plans beside the picked one whose charts a report holds, if it has room for
ROWS = 60  # reps of all of them together: a page stays under 400 kB


def before_and_after(proposal: Proposal) -> None:
    """What moves, near and named, of each plan that a reader may pick; then maps of today and of the plan."""
    homes = proposal.plan.territories[["rep", "latitude", "longitude"]]
    words = _("Units that change their rep")
    for chart in territory_map.moving(proposal.units, proposal.today, proposal.after, homes, words):
        as_option(proposal, proposal.choice, chart).show()
    for n in others(proposal):
        plan = proposal.frontier.plans[n - 1]
        after = dict(zip(plan.assignment["unit_id"], plan.assignment["rep"], strict=True))
        homes = plan.territories[["rep", "latitude", "longitude"]]
        for chart in territory_map.moving(proposal.units, proposal.today, after, homes, words, apart=False):
            as_option(proposal, n, chart).show()
    moved, units = proposal.plan.summary["moved_units"], len(proposal.after)
    for chart in territory_map.territories(
        proposal.units,
        [proposal.today, proposal.after],
        [_("Today: {n} reps", n=number(len(set(proposal.today.values())))),
         _("Plan {n}: {moved} of {units} units change their rep", n=proposal.choice, moved=number(moved),
           units=number(units))],
        proposal.plan.territories[["rep", "latitude", "longitude"]],
    ):  # fmt: skip
        chart.show()


def others(proposal: Proposal) -> list[int]:
    """The plans that a report lets its reader look at beside the one picked; a live page has none."""
    if LIVE.get():
        return []
    picked, room = proposal.choice, max(1, min(OTHERS, ROWS // max(1, len(proposal.plan.territories))))
    return [n for n in range(1, len(proposal.frontier.plans) + 1) if n != picked][:room]


def as_option(proposal: Proposal, n: int, chart: Chart) -> Chart:
    """The chart as one of those of a plan, hidden at first unless it is the plan picked."""
    if others(proposal):
        chart.option = _("Plan {n}", n=n)
        chart.other = n != proposal.choice
    return chart
