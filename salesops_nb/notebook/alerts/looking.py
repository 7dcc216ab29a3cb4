"""A look at all rules: what holds is opened once, what has recovered is closed, what is due is judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pandas as pd

from salesops_nb.alerts.evaluation import Condition, evaluate, first_day
from salesops_nb.alerts.judging import judged
from salesops_nb.alerts.rules import WITHOUT_METRIC, Alerts, load_rules
from salesops_nb.alerts.series import series_of, whole_months
from salesops_nb.alerts.why import Why, deeper, explained
from salesops_nb.core.frames import collected
from salesops_nb.metrics import Metric, load_metrics, measured
from salesops_nb.notebook.alerts.claims import of_claims
from salesops_nb.store import alerts as kept

if TYPE_CHECKING:
    from salesops_nb.core.periods import Period
    from salesops_nb.source.opened import Workbook

    Explained = tuple[Why, Why | None, Sequence[Period], Sequence[Period]]  # two levels; the periods compared

LONGEST = 12  # months of a change that are explained


@dataclass
class Look:
    """What the rules say on a day, and what of it was written: numbers of alerts opened and closed."""

    workbook: Workbook
    rules: Alerts
    metrics: Mapping[str, Metric]
    as_of: date
    conditions: Sequence[Condition]
    opened: list[int] = field(default_factory=list)
    closed: list[int] = field(default_factory=list)
    _whys: dict[str, Explained | None] = field(
        default_factory=dict, repr=False
    )  # each made once, by condition

    @cached_property
    def alerts(self) -> list[Condition]:
        """The conditions that hold, the severe first, then the surest."""
        rank = {"high": 0, "medium": 1, "low": 2}
        holds = [each for each in self.conditions if each.state == "alert"]
        return sorted(
            holds,
            key=lambda each: (rank[each.rule.severity], each.chance if each.chance == each.chance else 1),
        )

    def why(self, condition: Condition) -> Explained | None:
        """The two levels of a decomposition, and the periods compared; None where nothing is compared."""
        if condition.key not in self._whys:
            self._whys[condition.key] = why_of(self, condition)
        return self._whys[condition.key]


def look(workbook: Workbook, as_of: date | None = None, today: date | None = None) -> Look:
    """Evaluate every rule of a workbook, and write what follows into its store.

    Parameters
    ----------
    as_of : the last day known; the data's last unless given. A day before the last look writes nothing: what
        has happened is not undone by looking back.
    today : the day against which the data's age is counted.
    """
    day = as_of or workbook.data_through
    assert day is not None
    from salesops_nb.notebook.performance_review import tables_in_force

    rules, metrics, store = load_rules(workbook.folder), load_metrics(workbook.folder), workbook.store
    since = {key: first for key, (_number, first) in kept.open_conditions(store).items() if first is not None}
    found = evaluate(rules, metrics, tables_in_force(workbook), workbook.calendar, day, today, since)
    found += of_claims(rules, workbook, day)
    made = Look(workbook, rules, metrics, day, found)
    last = kept.last_look(store)
    if last is None or day >= last:
        _write(made, today or day)
        judge_due(made)
        kept.looked(store, day, datetime.now(UTC))
    return made


def _write(made: Look, on: date) -> None:
    store = made.workbook.store
    quiet = kept.silenced(store, on)
    there = kept.open_conditions(store)
    known = {each.key for each in made.conditions}
    for each in made.conditions:
        if each.key in quiet and each.key not in there:
            continue
        if each.state in ("alert", "cannot") and each.key not in there:
            number = kept.open_alert(store, _opened(made, each), on)
            made.opened += [number] if number is not None else []
        elif each.state == "well" and each.key in there:
            made.closed += _ended(store, each.key, on, "well again")
    for key in there:  # a rule that could not be computed can be now, or is not there any more
        if key not in known:
            rule = key.split("|")[0]
            still = any(each.rule.name.casefold() == rule for each in made.conditions)
            cannot = any(
                each.rule.name.casefold() == rule and each.state == "cannot" for each in made.conditions
            )
            if not cannot:
                made.closed += _ended(store, key, on, "computed again" if still else "no longer watched")


def _ended(store: Any, key: str, on: date, word: str) -> list[int]:
    number = kept.close_alert(store, key, on, word)
    return [] if number is None else [number]


def _opened(made: Look, each: Condition) -> kept.Opened:
    cause = ""
    if each.state == "alert":
        why = made.why(each)
        if why is not None and why[0].cause is not None:
            cause = ": ".join(why[0].cause)
    return kept.Opened(
        each.key, each.rule.name, each.rule.metric, each.rule.level, each.who, each.rule.severity,
        each.period, each.since.start if each.since is not None else None, each.value, each.expected,
        each.low, each.high, cause, str(each.problem or ""),
    )  # fmt: skip


def why_of(made: Look, condition: Condition) -> Explained | None:
    """Why a condition came about: the change's months against as many before, a year earlier where known."""
    if condition.rule.test in WITHOUT_METRIC or condition.since is None:
        return None
    workbook, metric = made.workbook, made.metrics[condition.rule.metric]
    first = first_day(workbook.tables)
    months = whole_months(workbook.calendar, first, made.as_of)
    after = [month for month in months if month.start >= condition.since.start][-LONGEST:]
    if not after:
        return None
    earlier = [month for month in months if month.end <= after[0].start]
    a_year_ago = [month for month in earlier if month.key in {each.last_year().key for each in after}]
    before = a_year_ago if len(a_year_ago) == len(after) else earlier[-len(after) :]
    if len(before) < len(after):
        return None
    facts = measured(workbook.tables, metric, made.as_of)
    within = {condition.rule.level: condition.who} if condition.rule.level != "company" else {}
    why = explained(facts, metric, before, after, within)
    if why is None:
        return None
    return why, deeper(facts, metric, before, after, why, within), before, after


def judge_due(made: Look) -> None:
    """Judge the actions whose review date has come: before and after, against those without an action."""
    store = made.workbook.store
    actions, listed = kept.table(store, kept.actions), kept.table(store, kept.alerts)
    due = actions[
        actions["judged_on"].isna() & (actions["review_on"].map(lambda day: day <= made.as_of).astype(bool))
    ]
    for row in due.itertuples():
        alert = listed[listed["alert_id"] == row.alert_id].iloc[0]
        metric = made.metrics.get(str(alert["metric"]))
        found = None if metric is None else _effect(made, metric, alert, row, _acting(listed, actions, alert))
        if found is None:
            kept.judge(store, int(str(row.action_id)), on=made.as_of, verdict="unclear")
        elif found.verdict != "too early":
            kept.judge(store, int(str(row.action_id)), on=made.as_of, verdict=found.verdict,
                       effect=found.effect, low=found.low, high=found.high)  # fmt: skip


def _acting(listed: pd.DataFrame, actions: pd.DataFrame, alert: Any) -> set[str]:
    """Whose alerts of this metric and level had actions: they are nobody's control."""
    acted = listed[listed["alert_id"].isin(actions["alert_id"])]
    same = acted[(acted["metric"] == alert["metric"]) & (acted["level"] == alert["level"])]
    return set(same["who"].astype(str))


def _effect(made: Look, metric: Metric, alert: Any, action: Any, acting: set[str]) -> Any:
    workbook = made.workbook
    months = whole_months(workbook.calendar, first_day(workbook.tables), made.as_of)
    every = series_of(measured(workbook.tables, metric, made.as_of), metric, str(alert["level"]), months)
    own = next((each for each in every if each.who == str(alert["who"])), None)
    if own is None:
        return None
    others = [each for each in every if each.who not in acting]
    since = alert["since"] if isinstance(alert["since"], date) else None
    return judged(own, others, action.started_on, float(action.expected_effect), metric.worse, since)


def people_of(workbook: Workbook, day: date) -> pd.DataFrame:
    """Who is where on a day: ``person_id, name, team, region, manager_id``; empty without people."""
    from salesops_nb.facts import spans

    people = spans(workbook.tables)
    if people is None:
        return pd.DataFrame(columns=["person_id", "team", "region", "manager_id"])
    rows = collected(people.select("person_id", "team", "region", "valid_from", "valid_to"))
    there = rows[(rows["valid_from"] <= day) & (day < rows["valid_to"])]
    source = collected(workbook.tables["people"])
    managers = source.drop_duplicates("person_id", keep="last").set_index("person_id")
    column = managers["manager_id"] if "manager_id" in managers else pd.Series(dtype=object)
    return there.assign(manager_id=there["person_id"].map(column))


def manager_of(people: pd.DataFrame, team: str) -> str | None:
    """The manager most people of a team have."""
    named = people.loc[people["team"] == team, "manager_id"].dropna()
    named = named[named != ""]
    return None if named.empty else str(named.mode().iloc[0])
