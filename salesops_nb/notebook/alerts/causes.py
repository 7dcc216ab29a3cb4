"""Why, and what to do: the parts of a change two levels deep, and the plays for where it comes from."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any, cast

import pandas as pd

from salesops_nb import present
from salesops_nb.notebook.alerts.words import called, changed, cut_called, metric_called, valued
from salesops_nb.playbook import Play, plays_for
from salesops_nb.present.language.translation import _

if TYPE_CHECKING:
    from salesops_nb.alerts.evaluation import Condition
    from salesops_nb.alerts.why import Why
    from salesops_nb.notebook.alerts.found import Found

PARTS = 5  # of a cut; the others are added up
EXPLAINED = 3  # alerts whose causes are shown


def causes(made: Found, plays: Sequence[Play]) -> None:
    """Why: for each alert the parts that add up to its change, two levels deep."""
    explained = [(each, why) for each in made.shown if (why := made.look.why(each)) is not None][:EXPLAINED]
    if not explained and made.shown:
        present.note(_("No open alert has a change with enough months before it to be taken apart."))
    for each, whys in explained:
        _one(made, each, *whys)


def _one(made: Found, each: Condition, why: Why, second: Why | None, before: Any, after: Any) -> None:
    workbook, unit = made.look.workbook, made.look.metrics[each.rule.metric].unit
    head = _(
        "{name}, {who}: {change} from {first} to {last}",
        name=metric_called(made.look.metrics[each.rule.metric]),
        who=called(workbook, each.rule.level, each.who), change=changed(why.change, unit),
        first=_span(before), last=_span(after),
    )  # fmt: skip
    if not worsened(made, each, why):
        present.note(_("{head}: that is no worse, so the limit or target is what is new.", head=head))
        return
    if why.first is None:
        present.note(_("{head}. No part moved beyond the others.", head=head))
        return
    cut, name = str(why.parts.loc[why.first, "cut"]), named_part(made, why)
    rows = []
    for level, found, chosen in (("1", why, cut), ("2", second, _second_cut(second))):
        if found is None or chosen is None:
            continue
        head_of = cut_called(chosen) if level == "1" else f"{name} → {cut_called(chosen)}"
        listed, rest = found.of(chosen).head(PARTS), found.of(chosen)[PARTS:]
        rows += [
            {"level": head_of, "part": part_called(made, chosen, str(row.part)),
             "before": valued(row.before, unit, True), "after": valued(row.after, unit, True),
             "contribution": changed(row.contribution, unit)}
            for row in cast(Any, listed.itertuples())
        ]  # fmt: skip
        if len(rest):
            rows.append({"level": head_of, "part": _("all others"), "before": "–", "after": "–",
                         "contribution": changed(sum(rest["contribution"], Fraction(0)), unit)})  # fmt: skip
    notes = [because(made, why), _("The parts of each cut add up to the change exactly.")]
    present.show_table(pd.DataFrame(rows), title=head, table="alert_causes", row_head="part", notes=notes)


def worsened(made: Found, each: Condition, why: Why) -> bool:
    """Whether the metric itself became worse; a target may be missed by figures that rose."""
    side = made.look.metrics[each.rule.metric].worse * (-1 if each.rule.side == "better" else 1)
    return each.rule.side == "both" or why.change * side > 0


def named_part(made: Found, why: Why) -> str:
    """The part that stands out, with its cut."""
    row = why.parts.loc[why.first or 0]
    cut, part = str(row["cut"]), str(row["part"])
    return f"{cut_called(cut)} {part_called(made, cut, part)}"


def part_called(made: Found, cut: str, part: str) -> str:
    """A part by its name alone: its cut stands beside it."""
    return part if cut == "team" else called(made.look.workbook, cut, part)


def because(made: Found, why: Why) -> str:
    """Whether a part stands out, in a sentence."""
    if why.first is None:
        return _("No part stands out.")
    name = named_part(made, why)
    if why.clear:
        return _("{name} stands out: it moved beyond the others, and beyond chance.", name=name)
    return _("No part stands out beyond chance; furthest from the others is {name}.", name=name)


def _second_cut(second: Why | None) -> str | None:
    if second is None or not len(second.parts):
        return None
    if second.first is not None:
        return str(second.parts.loc[second.first, "cut"])
    return str(second.parts["cut"].iloc[0])


def _span(run: Any) -> str:
    return str(run[0].key) if len(run) == 1 else f"{run[0].key} – {run[-1].key}"


def plays_of(made: Found, condition: Condition, plays: Sequence[Play]) -> list[Play]:
    """The plays for what an alert comes from."""
    if condition.state == "alert" and condition.rule.test == "claims":
        return plays_for(plays, "claim")
    if condition.state == "cannot" or condition.rule.test == "stale":
        return plays_for(plays, "data")
    why = made.look.why(condition)
    cause = why[0].cause if why is not None else None
    metric = condition.rule.metric
    return (
        plays_for(plays, cause[0], metric=metric) if cause else plays_for(plays, "everywhere", metric=metric)
    )


def to_do(made: Found, plays: Sequence[Play]) -> None:
    """What to do: the plays for each alert's cause, and the notebook that goes deeper."""
    rows: dict[str, dict[str, Any]] = {}
    for each in made.shown:
        for play in plays_of(made, each, plays):
            new = {"play": play.name, "do": play.do, "alerts": 0, "measure": play.measure,
                   "notebook": play.notebook or "–"}  # fmt: skip
            row = rows.setdefault(play.name, new)
            row["alerts"] += 1
    if rows:
        present.show_table(pd.DataFrame(list(rows.values())), title=_("What to do"), table="alert_plays",
                           row_head="play")  # fmt: skip
    elif made.shown:
        present.note(_("The playbook has no play for what is found here."))
