"""What a person does about an alert: by the panel's controls or ``salesops alerts``, in the same words."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from salesops_nb import present
from salesops_nb.core.names import id_of
from salesops_nb.errors import SalesopsError, problem
from salesops_nb.playbook import load_plays
from salesops_nb.present.language.translation import _
from salesops_nb.store import alerts as kept

if TYPE_CHECKING:
    from salesops_nb.source.opened import Workbook

REVIEW_AFTER = 90  # days after an action is due, where its play says nothing


def given(workbook: Workbook, asked: Any, today: date) -> None:
    """Write down what the panel's controls say, and nothing where they say nothing."""
    if not asked.do:
        return
    needed = {"acknowledge": ("alert", "by"), "assign": ("alert", "by", "to"),
              "act": ("alert", "by", "play", "due_on", "expected"), "resolve": ("alert", "by", "note"),
              "silence": ("alert", "by", "due_on", "note")}[asked.do]  # fmt: skip
    lacking = [name for name in needed if getattr(asked, name) in (None, "")]
    if lacking:
        raise SalesopsError([problem("alert-lacks", column=name, do=asked.do, name=name) for name in lacking])
    present.note(done(workbook, asked.do, asked.alert, by=asked.by, to=asked.to, play=asked.play,
                      until=asked.due_on, expected=asked.expected, note=asked.note, today=today))  # fmt: skip


def done(
    workbook: Workbook, do: str, number: int, *, by: str, today: date, to: str | None = None, play: str = "",
    until: date | None = None, expected: float | None = None, note: str = "",
) -> str:  # fmt: skip
    """Carry one of these out; what was done, in words. Raises `SalesopsError` where it cannot be."""
    store = workbook.store
    by = person(workbook, by)
    if do == "acknowledge":
        kept.acknowledge(store, number, by=by, on=today)
        return _("Alert {n} is acknowledged.", n=number)
    if do == "assign":
        kept.assign(store, number, person(workbook, str(to)), by=by, on=today, text=note)
        return _("Alert {n} is assigned to {who}.", n=number, who=to)
    if do == "resolve":
        kept.resolve(store, number, by=by, on=today, text=note)
        return _("Alert {n} is resolved.", n=number)
    assert until is not None
    if do == "silence":
        listed = kept.table(store, kept.alerts)
        mine = listed.loc[listed["alert_id"] == number, "condition"]
        if mine.empty:
            raise SalesopsError(
                problem("unknown-alert", value=number, known=", ".join(map(str, listed["alert_id"])))
            )
        kept.silence(store, str(mine.iloc[0]), first=today, until=until, by=by, reason=note)
        return _("Alert {n} is silent until {day}.", n=number, day=until.isoformat())
    known = {each.name.casefold(): each for each in load_plays(workbook.folder)}
    after = known[play.casefold()].review_after if play.casefold() in known else REVIEW_AFTER
    kept.act(store, number, play, owner=person(workbook, to or by), started_on=today, due_on=until,
             review_on=until + timedelta(days=after), expected_effect=expected or 0.0, by=by)  # fmt: skip
    return _("The action upon alert {n} is written down; it is judged on {day}.", n=number,
             day=(until + timedelta(days=after)).isoformat())  # fmt: skip


def person(workbook: Workbook, name: str) -> str:
    """The id of a person who is named; anybody whom no table of people knows as they are written."""
    if "people" not in workbook.tables:
        return name
    return id_of(workbook.tables, "people", name) or name
