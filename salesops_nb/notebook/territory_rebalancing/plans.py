"""The plans there are: what each moves, and what that buys in balance and distance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from salesops_nb import present
from salesops_nb.present.charts import style
from salesops_nb.present.charts.chart import Chart, alt_text, headed, placed_figure
from salesops_nb.present.charts.findings_of_plans import bought
from salesops_nb.present.language.formats import percent
from salesops_nb.present.language.translation import _

if TYPE_CHECKING:
    from salesops_nb.territory.plans.proposal import Proposal


def frontier(proposal: Proposal) -> None:
    """Plans by what they move: imbalance and distances on the two scales; the picked one filled."""
    table = proposal.frontier.table
    for chart in frontier_charts(proposal):
        chart.show()
    frame = table.astype({"efficient": object}).assign(
        plan=[_("{n} (picked)", n=n) if n == proposal.choice else str(n) for n in range(1, len(table) + 1)],
        words=[_words(w) for w in table["words"]],
    )
    frame["moment"] = frame["moment"] / float(table["moment"].min()) - 1
    frame["efficient"] = [_("yes") if e else _("no") for e in table["efficient"]]
    shown = ["plan", "words", "moved_share", "moved_units", "imbalance", "moment", "efficient"]
    present.show_table(
        frame[shown],
        title=_("Plans to choose from"),
        table="frontier",
        notes=[_("Distances: above those of the shortest plan. Worth it: no other plan moves less and is as "
                 "compact. The parameter choice picks one.")],
    )  # fmt: skip


def frontier_charts(proposal: Proposal) -> list[Chart]:
    """Moved share against distances and against imbalance, today's among them."""
    from salesops_nb.territory.effects.driving_and_duration import moment_today

    table, at = proposal.frontier.table, proposal.choice - 1
    shortest, stands = float(table["moment"].min()), moment_today(proposal.plan)
    worst = _worst_today(proposal)
    sides = [
        (_("Distances above those of the shortest plan, %"), 100 * (table["moment"] / shortest - 1),
         None if stands is None else 100 * (stands / shortest - 1)),
        (_("Out of balance, %"), 100 * table["imbalance"], None if worst is None else 100 * worst),
    ]  # fmt: skip
    moved = 100 * table["moved_share"]
    said = [
        _("Plan {n} moves {moved} and is {far} above the shortest distances, {off} out of balance.",
          n=n, moved=percent(row["moved_share"]), far=percent(row["moment"] / shortest - 1),
          off=percent(row["imbalance"]))
        for n, row in enumerate(table.to_dict("records"), start=1)
    ]  # fmt: skip
    note, drawn = _("Filled: the plan picked. Diamond: today."), []
    for label, values, today in sides:
        with style.quiet():
            figure = placed_figure(2.7, style.WIDTH / 2)
            axis = figure.add_axes((0.11, 0.18, 0.86, 0.78))
            _side(axis, moved.tolist(), values.tolist(), at, today)
            axis.set_xlabel(_("Moved, % of potential"))
        head = headed(bought(moved.tolist(), values.tolist(), today), label, "")
        drawn.append(Chart(figure, alt_text(head, *said), head[0], note, head[1], half=True))
    return drawn


def _side(axis: Any, moved: list[float], values: list[float], at: int, today: float | None) -> None:
    """One scale: plans as numbered circles on a line, the picked one filled, today a diamond at nought."""
    axis.plot(moved, values, "-", color=style.RULE, linewidth=1.2, zorder=1)
    axis.plot(moved, values, "o", mfc=style.PAGE, mec=style.MAIN, ms=7)
    axis.plot(moved[at], values[at], "o", color=style.SECOND, ms=8)
    if today is not None:
        axis.plot(0, today, "D", mfc=style.PAGE, mec=style.MUTED, ms=6)
        axis.annotate(_("today"), (0, today), xytext=(7, -3), textcoords="offset points", fontsize=8)
    axis.margins(0.14)
    height = max([*values, *([today] if today is not None else [])]) - min(values)
    wide, high = (max(moved) - min([0.0, *moved])) or 1.0, height or 1.0
    labels: list[tuple[float, float, list[int]]] = []
    for n, (x, y) in enumerate(zip(moved, values, strict=True), start=1):
        near = next((e for e in labels if abs(e[0] - x) < 0.04 * wide and abs(e[1] - y) < 0.06 * high), None)
        if near is None:
            labels.append((x, y, [n]))
        else:
            near[2].append(n)
    for x, y, numbers in labels:
        text = ", ".join(map(str, numbers))
        axis.annotate(text, (x, y), xytext=(6, 6), textcoords="offset points", fontsize=8)


def _worst_today(proposal: Proposal) -> float | None:
    values = [
        abs(row[f"{measure}_imbalance"])
        for row in proposal.balance.to_dict("records")
        for measure in proposal.tolerance
        if row[f"{measure}_imbalance"] == row[f"{measure}_imbalance"]
    ]
    return max(values, default=None)


def _words(kind: str) -> str:
    return {"move least": _("move least"), "start afresh": _("start afresh")}.get(kind, _("between"))
