"""What the alerts page finds first, the open alerts, and the ledger of what was done about earlier ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from salesops_nb import present
from salesops_nb.alerts.ledger import to_retire, what_worked
from salesops_nb.notebook.alerts.causes import because, plays_of, worsened
from salesops_nb.notebook.alerts.causes import causes as causes
from salesops_nb.notebook.alerts.causes import to_do as to_do
from salesops_nb.notebook.alerts.found import Found, decisions, owner_of
from salesops_nb.notebook.alerts.found import found as found
from salesops_nb.notebook.alerts.words import called, how_sure, metric_called, valued, what
from salesops_nb.playbook import Play
from salesops_nb.present.language import formats
from salesops_nb.present.language.sentences import ngettext
from salesops_nb.present.language.translation import _

if TYPE_CHECKING:
    from salesops_nb.alerts.evaluation import Condition
    from salesops_nb.notebook.alerts.parameters import Alerts
    from salesops_nb.present.panel.panel import Panel

LISTED = 12  # alerts in the table


def cover(panel: Panel, asked: Alerts, made: Found, plays: Sequence[Play]) -> None:
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
    why = made.look.why(first)
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
            "routine": _routine(each, unit) if metric is not None else "–",
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


def _routine(each: Condition, unit: str) -> str:
    ends = [valued(end, unit, True) for end in (each.low, each.high)]
    return "–" if "–" in ends else " – ".join(ends)


def _severity(word: str) -> str:
    return {"high": _("high"), "medium": _("medium"), "low": _("low")}.get(word, word)


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
                notes=_("Before and after, against teams without it; 'unclear' where chance alone would do."),
            )  # fmt: skip
        judged = made.actions[made.actions["verdict"].isin(["worked", "did not work"])]
        shown = pd.DataFrame({
            "play": judged["play"], "owner": [called(workbook, "rep", str(each)) for each in judged["owner"]],
            "review_on": judged["review_on"],
            "expected_effect": [formats.percent(each, 0) for each in judged["expected_effect"]],
            "effect": [_between(*each) for each in
                       zip(judged["effect"], judged["effect_low"], judged["effect_high"], strict=True)],
            "verdict": judged["verdict"].map({"worked": _("worked"), "did not work": _("did not work")}),
        })  # fmt: skip
        if len(shown):
            present.show_table(
                shown, title=_("Actions that were judged"), table="alert_ledger", marks=marks,
                notes=_("Effects are relative, with an interval of four in five cases."),
            )  # fmt: skip
    idle = to_retire(decisions(made), made.look.as_of)
    if len(idle):
        present.show_table(
            idle, title=_("Rules proposed for retirement"), table="alert_rules",
            notes=_("Nothing was decided upon any of their alerts in four quarters."),
        )  # fmt: skip


def _between(effect: float, low: float, high: float) -> str:
    shares = [formats.percent(each, 0) for each in (effect, low, high)]
    return f"{shares[0]} ({shares[1]} – {shares[2]})"


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
