"""The call in a review: what people committed to, rolled up, and how good earlier calls were."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pandas as pd

from salesops_nb import present
from salesops_nb.present.language.sentences import translate
from salesops_nb.present.language.translation import _

if TYPE_CHECKING:
    from salesops_nb.core.periods import Period
    from salesops_nb.performance import Review
    from salesops_nb.source.opened import Workbook
    from salesops_nb.store.forecast_calls import Call


def calls(workbook: Workbook, review: Review) -> None:
    """The calls for the quarter and the accuracy of those of past quarters; nothing where there are none."""
    rolled, period = rolled_up(workbook, review)
    judged = judged_calls(workbook, review)
    marks = "simulated" if "forecast_calls" in workbook.simulated else ()
    if len(rolled):
        columns = ["name", "commit", "best_case", "reps_commit", "change", "made_on", "reason", "missing"]
        present.show_table(
            _called(rolled)[[c for c in columns if c == "name" or rolled[c].replace("", None).notna().any()]],
            title=_("The call for {period}", period=translate(period.named)),
            table="calls",
            marks=marks,
            rows=60,
            notes=_("Change is what the manager's own call adds to, or takes from, the sum of the team's."),
        )
    if len(judged):
        columns = [
            "name",
            "week",
            "quarters",
            "last_quarter",
            "called",
            "came",
            "error",
            "bias",
            "mad",
            "signal",
        ]
        present.show_table(
            _called(judged)[columns],
            title=_("How good the calls of past quarters were"),
            table="calls",
            marks=marks,
            rows=60,
            notes=_(
                "Calls at the end of weeks 3, 6 and 9 against what was won. Bias above zero: called too "
                "high. A tracking signal beyond ±4 is taken for a drift; few quarters cannot reach it."
            ),
        )


def rolled_up(workbook: Workbook, review: Review) -> tuple[pd.DataFrame, Period]:
    """The calls rolled up, as far as the review's scope goes, and the quarter that they are for."""
    from salesops_nb.pipeline.calls import roll_up

    day, period = _day(review), review.period
    if period.kind != "quarter":
        period = period.calendar.containing(day, "quarter")
    return _own(workbook, review, roll_up(_made(workbook), workbook.tables, period, day)), period


def rolled_commit(workbook: Workbook, period: Period, day: date) -> Decimal | None:
    """What the company had committed to for a period by a day; None where nobody had."""
    from salesops_nb.pipeline.calls import COMPANY, roll_up

    rolled = roll_up(_made(workbook), workbook.tables, period, day)
    whole = rolled[rolled["who"] == COMPANY]
    return None if whole.empty else whole["commit"].iloc[0]


def judged_calls(workbook: Workbook, review: Review) -> pd.DataFrame:
    """How good calls were, as far as the review's scope goes."""
    from salesops_nb.pipeline.calls import accuracy

    found = accuracy(_made(workbook), workbook.tables, workbook.calendar, _day(review))
    return _own(workbook, review, found)


def _made(workbook: Workbook) -> list[Call]:
    from salesops_nb.pipeline.calls import every_call
    from salesops_nb.store.forecast_calls import calls_made

    return every_call(workbook.tables, calls_made(workbook.store))


def _day(review: Review) -> date:
    day: date = min(review.as_of, review.period.last)
    return day


def _own(workbook: Workbook, review: Review, found: pd.DataFrame) -> pd.DataFrame:
    """The rows that a page for a team or a person may tell; the company's tells of all."""
    whose = _whose(workbook, review)
    return found if whose is None else found[found["who"].isin(whose)]


def _whose(workbook: Workbook, review: Review) -> set[str] | None:
    from salesops_nb.core.frames import collected
    from salesops_nb.facts import spans

    if review.level == "company":
        return None
    day, people = _day(review), spans(workbook.tables)
    if review.level == "rep" or people is None:
        return {str(review.who)}
    rows = collected(people.select("person_id", "team", "valid_from", "valid_to"))
    there = (rows["valid_from"] <= day) & (day < rows["valid_to"]) & (rows["team"] == review.who)
    return set(rows.loc[there, "person_id"])


def _called(frame: pd.DataFrame) -> pd.DataFrame:
    name: list[Any] = [row or _("Company") for row in frame["name"]]
    return frame.assign(name=name)


def call_figures(workbook: Workbook, review: Review) -> list[tuple[str, str, str, Any, str]]:
    """How good calls were, as figures that a run records: level, who, metric, value, unit."""
    found: list[tuple[str, str, str, Any, str]] = []
    for row in judged_calls(workbook, review).itertuples():
        for metric, unit in (("error", "share"), ("bias", "share"), ("mad", "money"), ("signal", "number")):
            name = f"call_{metric}_week_{row.week}"
            found.append((str(row.level), str(row.who or "company"), name, getattr(row, metric), unit))
    return found
