"""What the alerts page finds first: how many are open, which comes first, why, and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pandas as pd

from salesops_nb import present
from salesops_nb.alerts.ledger import to_retire, what_worked
from salesops_nb.notebook.alerts.looking import look, people_of
from salesops_nb.notebook.alerts.words import (
    called,
    changed,
    cut_called,
    how_sure,
    metric_called,
    valued,
    what,
)
from salesops_nb.playbook import Play, plays_for
from salesops_nb.present.language import formats
from salesops_nb.present.language.sentences import ngettext
from salesops_nb.present.language.translation import _
from salesops_nb.store import alerts as kept

if TYPE_CHECKING:
    from salesops_nb.alerts.evaluation import Condition
    from salesops_nb.alerts.why import Why
    from salesops_nb.notebook.alerts.looking import Look
    from salesops_nb.notebook.alerts.parameters import AlertsAsked
    from salesops_nb.present.panel.panel import Panel
    from salesops_nb.source.opened import Workbook

PARTS = 5  # of a cut; the others are added up
LISTED = 12  # alerts in the table
EXPLAINED = 3  # alerts whose causes are drawn


@dataclass
class Found:
    """What the page tells: the look, the alerts it may tell, and the store's record of them."""

    look: Look
    shown: list[Condition]
    stored: pd.DataFrame
    events: pd.DataFrame
    actions: pd.DataFrame
    history: pd.DataFrame  # alerts of the source's own, from before the store
    causes: dict[str, Any] = field(default_factory=dict)

    def why(self, condition: Condition) -> tuple[Why, Why | None, Any, Any] | None:
        """The decomposition of an alert, made once."""
        if condition.key not in self.causes:
            self.causes[condition.key] = self.look.why(condition)
        return self.causes[condition.key]  # type: ignore[no-any-return]

    def number(self, condition: Condition) -> int | None:
        """The number of the open alert of a condition, where the store has one."""
        mine = self.stored[self.stored["open_condition"] == condition.key]
        return None if mine.empty else int(mine["alert_id"].iloc[0])


def found(workbook: Workbook, asked: AlertsAsked, live: bool = False) -> Found:
    """A look at all rules on the day asked about, and what has become of earlier alerts."""
    made = look(workbook, asked.as_of, write=not live)
    team = asked.who if asked.level == "team" else None
    shown = [each for each in made.alerts if may_see(workbook, made.as_of, each, team)]
    shown = [each for each in shown if asked.metric in (None, each.rule.metric)]
    cannot = [each for each in made.conditions if each.state == "cannot"] if team is None else []
    stored = kept.table(workbook.store, kept.alerts)
    actions = kept.table(workbook.store, kept.actions)
    history, acted = before_the_store(workbook, made.as_of)
    stored = stored[stored["opened_on"].map(lambda day: day <= made.as_of)]
    if team is not None:
        stored = stored[(stored["level"] == "team") & (stored["who"] == team)]
        history = history[(history["level"] == "team") & (history["who"] == team)]
    actions = actions[actions["alert_id"].isin(stored["alert_id"])]
    acted = acted[acted["alert_id"].isin(history["alert_id"])]
    events = kept.table(workbook.store, kept.events)
    both = pd.concat([acted, actions.assign(alert_id=actions["alert_id"].astype(str))], ignore_index=True)
    return Found(made, [*cannot, *shown], stored, events, both, history)


def may_see(workbook: Workbook, day: date, condition: Condition, team: str | None) -> bool:
    """Whether the page of a team tells an alert: its own, and those of its people; the company's tells all."""
    if team is None:
        return True
    if condition.rule.level == "team":
        return condition.who == team
    if condition.rule.level == "rep":
        people = people_of(workbook, day)
        return condition.who in set(people.loc[people["team"] == team, "person_id"])
    return False


def before_the_store(workbook: Workbook, as_of: date) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Alerts and actions that the source brings, such as the demo's, as far as they were known on a day."""
    from salesops_nb.core.frames import collected

    names = ["alert_id", "rule", "metric", "level", "who", "opened_on", "resolved_on", "assigned_to"]
    of_action = ["alert_id", "play", "owner", "started_on", "due_on", "done_on", "review_on", "expected_effect",
                 "effect", "effect_low", "effect_high", "verdict"]  # fmt: skip
    empty = pd.DataFrame(columns=names), pd.DataFrame(columns=of_action)
    if "alerts" not in workbook.tables:
        return empty
    listed = collected(workbook.tables["alerts"]).reindex(columns=names)
    listed = listed[listed["opened_on"].map(lambda day: day <= as_of)]
    if "actions" not in workbook.tables:
        return listed, empty[1]
    acted = (
        collected(workbook.tables["actions"]).rename(columns={"owner_id": "owner"}).reindex(columns=of_action)
    )
    acted = acted[acted["started_on"].map(lambda day: day <= as_of)]
    late = acted["review_on"].map(lambda day: isinstance(day, date) and day > as_of)
    acted.loc[late, ["effect", "effect_low", "effect_high"]] = np.nan
    acted.loc[late, "verdict"] = "open"
    return listed, acted


def cover(panel: Panel, asked: AlertsAsked, made: Found, plays: Sequence[Play]) -> None:
    """The cover: whose alerts, on which day, and what comes first."""
    panel.cover(
        asked,
        title=_("Alerts"),
        subtitle=_("Team {name}", name=asked.who) if asked.level == "team" and asked.who else "",
        as_of=made.look.as_of,
        lead=lead(made, plays),
        used=("deals", "people", "targets", "bookings_history", "alerts", "actions", "deals.source"),
    )


def lead(made: Found, plays: Sequence[Play]) -> str:
    """The page in at most 45 words: how many are open, the first of them, why and what to try."""
    if not made.look.rules.rules:
        return _("There is no alerts.yml, so nothing is watched; docs/alerts.md shows one.")
    if not made.shown:
        return _("No alert is open: what is watched lies within its routine, or has too little data.")
    first = made.shown[0]
    said = [
        ngettext("{n} alert is open.", "{n} alerts are open.", len(made.shown)),
        what(made.look, first),
    ]
    why = made.why(first)
    if why is not None and worsened(made, first, why[0]):
        said.append(because(made, why[0]) if why[0].clear else _("No part of it stands out beyond chance."))
    play = next(iter(plays_of(made, first, plays)), None)
    said += [_("Try first: {play}.", play=play.name)] if play is not None else []
    return " ".join(said)


def headlines(made: Found) -> None:
    """Four cards: open alerts, without an owner, judged actions, and rules that led to nothing."""
    severe = sum(each.rule.severity == "high" for each in made.shown)
    unowned = [each for each in made.shown if not owner_of(made, made.number(each))]
    judged = made.actions[made.actions["verdict"].isin(["worked", "did not work"])]
    worked = int((judged["verdict"] == "worked").sum())
    idle = to_retire(decisions(made), made.look.as_of)
    mark = ["simulated"] if "actions" in made.look.workbook.simulated else []
    watched = sum(each.state != "cannot" for each in made.look.conditions)
    few = sum(each.state == "too few" for each in made.look.conditions)
    present.headlines([
        {"label": _("Open alerts"), "value": len(made.shown), "unit": "integer",
         "sentence": ngettext("{severe} of high severity; {n} series watched.",
                              "{severe} of high severity; {n} series watched.", watched,
                              severe=formats.number(severe, 0))},
        {"label": _("Without an owner"), "value": len(unowned), "unit": "integer",
         "sentence": _("Nobody is assigned to these yet.") if unowned else _("Each has somebody who acts.")},
        {"label": _("Actions that worked"),
         "value": _("{n} of {of}", n=formats.number(worked, 0), of=formats.number(len(judged), 0)),
         "sentence": _("Of the actions whose effect could be told from chance."), "mark": mark},
        {"label": _("Rules to retire"), "value": len(idle), "unit": "integer",
         "sentence": ngettext("{n} series has too few months to be judged.",
                              "{n} series have too few months to be judged.", few)},
    ])  # fmt: skip


def decisions(made: Found) -> pd.DataFrame:
    """Every alert so far with whether it led to a decision."""
    kinds = made.events[made.events["kind"].isin(["assigned", "action", "resolved"])]
    own = made.stored.assign(decided=made.stored["alert_id"].isin(kinds["alert_id"]))
    earlier = made.history.assign(
        decided=made.history["assigned_to"].notna() | made.history["alert_id"].isin(made.actions["alert_id"])
    )
    columns = ["rule", "opened_on", "decided"]
    return pd.concat([earlier[columns], own[columns]], ignore_index=True)


def owner_of(made: Found, number: int | None) -> str:
    """Who is assigned to an alert; empty where nobody is."""
    mine = made.events[(made.events["alert_id"] == number) & made.events["kind"].isin(["assigned", "action"])]
    return "" if mine.empty else str(mine["who"].iloc[-1])


def open_alerts(made: Found) -> None:
    """The open alerts: what, since when, how sure, whose, and how far they have come."""
    if not made.shown:
        return
    rows = []
    for each in made.shown[:LISTED]:
        number = made.number(each)
        metric = made.look.metrics.get(each.rule.metric)
        unit = metric.unit if metric is not None else "number"
        owner = owner_of(made, number)
        rows.append({
            "alert_id": "" if number is None else str(number),
            "what": what(made.look, each),
            "severity": _severity(each.rule.severity),
            "since": each.since.key if each.since is not None else "–",
            "routine": "–" if each.low != each.low else f"{valued(each.low, unit, True)} – {valued(each.high, unit, True)}",
            "sure": how_sure(each),
            "owner": called(made.look.workbook, "rep", owner) if owner else "–",
        })  # fmt: skip
    notes = []
    if len(made.shown) > LISTED:
        notes.append(ngettext("{n} more is open.", "{n} more are open.", len(made.shown) - LISTED))
    frame = pd.DataFrame(rows)
    empty = [name for name in ("routine", "owner") if (frame[name] == "–").all()]
    present.show_table(
        frame.drop(columns=empty), title=_("Open alerts"), table="alerts", row_head="what", notes=notes
    )


def _severity(word: str) -> str:
    return {"high": _("high"), "medium": _("medium"), "low": _("low")}.get(word, word)


def causes(made: Found, plays: Sequence[Play]) -> None:
    """Why: for each alert the parts that add up to its change, two levels deep."""
    explained = [(each, why) for each in made.shown if (why := made.why(each)) is not None][:EXPLAINED]
    if not explained and made.shown:
        present.note(_("No open alert has a change with enough months before it to be taken apart."))
    for each, whys in explained:
        _one(made, each, *whys)


def _one(made: Found, each: Condition, why: Why, second: Why | None, before: Any, after: Any) -> None:
    workbook, unit = made.look.workbook, made.look.metrics[each.rule.metric].unit
    head = _(
        "{name}, {who}: {change} from {first} to {last}", name=metric_called(made.look.metrics[each.rule.metric]),
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
    present.show_table(pd.DataFrame(rows), title=head, table="alert_causes", row_head="part",
                       notes=[because(made, why), _("The parts of each cut add up to the change exactly.")])  # fmt: skip


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
    if condition.state == "cannot" or condition.rule.test == "stale":
        return plays_for(plays, "data")
    why = made.why(condition)
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
            row = rows.setdefault(play.name, {"play": play.name, "do": play.do, "alerts": 0,
                                              "measure": play.measure, "notebook": play.notebook or "–"})  # fmt: skip
            row["alerts"] += 1
    if rows:
        present.show_table(pd.DataFrame(list(rows.values())), title=_("What to do"), table="alert_plays",
                           row_head="play")  # fmt: skip
    elif made.shown:
        present.note(_("The playbook has no play for what is found here."))


def trend(made: Found) -> None:
    """The series of the first alert that has one, with what is routine."""
    each = next((one for one in made.shown if one.series is not None), None)
    if each is None or each.series is None:
        return
    metric = made.look.metrics[each.rule.metric]
    frame = pd.DataFrame(
        {"month": [month.key for month in each.series.months], "value": each.series.value}
    ).tail(24)
    limits = {"centre": each.expected, "lower": each.low, "upper": each.high}
    present.trend(
        frame, "month", "value", unit=metric.unit,
        limits={name: value for name, value in limits.items() if value == value} or None,
        title=_("{name}, {who}, by month", name=metric_called(metric),
                who=called(made.look.workbook, each.rule.level, each.who)),
        simulated="bookings_history" in made.look.workbook.simulated,
    )  # fmt: skip


def ledger(made: Found) -> None:
    """What was done, what came of it, and which rules led to nothing."""
    workbook = made.look.workbook
    marks = "simulated" if "actions" in workbook.simulated else ()
    if made.actions.empty:
        present.note(_("No action has been written down yet."))
    else:
        worked = what_worked(made.actions)
        interval = [f"{formats.percent(a, 0)} – {formats.percent(b, 0)}" for a, b in
                    zip(worked["low"], worked["high"], strict=True)]  # fmt: skip
        if len(worked):
            present.show_table(
                worked.assign(often=interval)[["play", "judged", "worked", "failed", "unclear", "often"]],
                title=_("What worked here"), table="alert_ledger", marks=marks,
                notes=_("Before and after, against teams without the action; 'unclear' where chance alone would do."),
            )  # fmt: skip
        judged = made.actions[made.actions["verdict"].isin(["worked", "did not work"])]
        shown = pd.DataFrame({
            "play": judged["play"], "owner": [called(workbook, "rep", str(each)) for each in judged["owner"]],
            "review_on": judged["review_on"],
            "expected_effect": [formats.percent(each, 0) for each in judged["expected_effect"]],
            "effect": [f"{formats.percent(e, 0)} ({formats.percent(a, 0)} – {formats.percent(b, 0)})" for e, a, b in
                       zip(judged["effect"], judged["effect_low"], judged["effect_high"], strict=True)],
            "verdict": [{"worked": _("worked"), "did not work": _("did not work")}[each] for each in judged["verdict"]],
        })  # fmt: skip
        if len(shown):
            present.show_table(shown, title=_("Actions that were judged"), table="alert_ledger", marks=marks,
                               notes=_("Effects are relative, with an interval of four in five cases."))  # fmt: skip
    idle = to_retire(decisions(made), made.look.as_of)
    if len(idle):
        present.show_table(idle, title=_("Rules proposed for retirement"), table="alert_rules",
                           notes=_("Nothing was decided upon any of their alerts in four quarters."))  # fmt: skip


def cannot(made: Found) -> None:
    """What the false-alarm rate is, and what could not be judged."""
    present.note(
        _(
            "Limits after season and trend alert wrongly at most once a year over 48 series; where more are "
            "watched, each is held to a stricter limit. Months that are not over never count."
        )
    )
    few = [each for each in made.look.conditions if each.state == "too few"]
    if few:
        present.note(
            ngettext("{n} series has too few whole months: under twelve nothing is judged.",
                     "{n} series have too few whole months: under twelve nothing is judged.", len(few))
        )  # fmt: skip
