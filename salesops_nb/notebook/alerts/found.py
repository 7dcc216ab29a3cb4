"""What the alerts page tells: the look at all rules, what the store has of them, and what came before it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from salesops_nb.notebook.alerts.looking import look, people_of
from salesops_nb.store import alerts as kept

if TYPE_CHECKING:
    from salesops_nb.alerts.evaluation import Condition
    from salesops_nb.notebook.alerts.looking import Look
    from salesops_nb.notebook.alerts.parameters import Alerts
    from salesops_nb.source.opened import Workbook


@dataclass
class Found:
    """What the page tells: the look, the alerts it may tell, and the store's record of them."""

    look: Look
    shown: list[Condition]
    stored: pd.DataFrame
    events: pd.DataFrame
    actions: pd.DataFrame
    history: pd.DataFrame  # alerts of the source's own, from before the store

    def number(self, condition: Condition) -> int | None:
        """The number of the open alert of a condition, where the store has one."""
        mine = self.stored[self.stored["open_condition"] == condition.key]
        return None if mine.empty else int(mine["alert_id"].iloc[0])


def found(workbook: Workbook, asked: Alerts) -> Found:
    """A look at all rules on the day asked about, and what has become of earlier alerts.

    What holds on the data's last day is opened, so that it has a number by which a person acts upon it; a
    second look changes nothing, and nobody is told by a look.
    """
    made = look(workbook, asked.as_of)
    team = asked.who if asked.level == "team" else None
    shown = [each for each in made.alerts if may_see(workbook, made.as_of, each, team)]
    shown = [each for each in shown if asked.metric in (None, each.rule.metric)]
    cannot = [each for each in made.conditions if each.state == "cannot"] if team is None else []
    stored = kept.table(workbook.store, kept.alerts)
    actions = kept.table(workbook.store, kept.actions)
    history, acted = before_the_store(workbook, made.as_of)
    if workbook.data_through is not None and made.as_of < workbook.data_through:
        # looking back: what was opened since is not known yet; the last day's alerts may be opened days later
        stored = stored[stored["opened_on"].map(lambda day: day <= made.as_of).astype(bool)]
    if team is not None:
        stored = stored[(stored["level"] == "team") & (stored["who"] == team)]
        history = history[(history["level"] == "team") & (history["who"] == team)]
    actions = actions[actions["alert_id"].isin(stored["alert_id"])]
    acted = acted[acted["alert_id"].isin(history["alert_id"])]
    events = kept.table(workbook.store, kept.events)
    both = pd.concat([acted, actions.assign(alert_id=actions["alert_id"].astype(str))], ignore_index=True)
    return Found(made, [*cannot, *shown], stored, events, both, history)


def may_see(workbook: Workbook, day: date, condition: Condition, team: str | None) -> bool:
    """Whether the page of a team tells an alert: its own and its people's; the company's tells all."""
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
    of_action = ["alert_id", "play", "owner", "started_on", "due_on", "done_on", "review_on",
                 "expected_effect", "effect", "effect_low", "effect_high", "verdict"]  # fmt: skip
    empty = pd.DataFrame(columns=names), pd.DataFrame(columns=of_action)
    if "alerts" not in workbook.tables:
        return empty
    listed = collected(workbook.tables["alerts"]).reindex(columns=names)
    listed = listed[listed["opened_on"].map(lambda day: day <= as_of).astype(bool)]
    if "actions" not in workbook.tables:
        return listed, empty[1]
    acted = (
        collected(workbook.tables["actions"]).rename(columns={"owner_id": "owner"}).reindex(columns=of_action)
    )
    acted = acted[acted["started_on"].map(lambda day: day <= as_of).astype(bool)]
    late = acted["review_on"].map(lambda day: isinstance(day, date) and day > as_of).astype(bool)
    acted.loc[late, ["effect", "effect_low", "effect_high"]] = np.nan
    acted.loc[late, "verdict"] = "open"
    return listed, acted


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
