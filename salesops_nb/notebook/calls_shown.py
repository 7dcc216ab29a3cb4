"""The call in a review: what people committed to, rolled up, and how good earlier calls were."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pandas as pd

from salesops_nb import present
from salesops_nb.core.names import named
from salesops_nb.errors import SalesopsError
from salesops_nb.present.language import formats
from salesops_nb.present.language.sentences import translate
from salesops_nb.present.language.translation import _

if TYPE_CHECKING:
    from salesops_nb.core.periods import Period
    from salesops_nb.performance import Review
    from salesops_nb.source.opened import Workbook
    from salesops_nb.store.forecast_calls import Call


def calls(workbook: Workbook, review: Review, reader: str = "analyst") -> None:
    """The calls for the quarter and the accuracy of those of past quarters; nothing where there are none."""
    if reader not in ("analyst", "manager"):
        return
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


def give_call(workbook: Workbook, review: Review, asked: Any) -> None:
    """Keep the call of whoever `call_by` names, for the quarter and of the day of the review; else nothing.

    Raises `SalesopsError` with all that is wrong with it, each beside its parameter.
    """
    from salesops_nb.pipeline.calls_given import checked_call
    from salesops_nb.store.forecast_calls import add_calls

    if not asked.call_by:
        return
    period = _quarter(review)
    amounts = {name: getattr(asked, f"call_{name}") for name in ("commit", "best_case")}
    given = {name: "" if value is None else f"{Decimal(repr(value)):f}" for name, value in amounts.items()}
    given |= {"by": asked.call_by, "period": period.key, "reason": asked.call_reason}
    try:
        call = checked_call(given, workbook.tables, workbook.calendar, _day(review))
    except SalesopsError as error:
        raise SalesopsError(
            [replace(each, column=f"call_{each.column}" if each.column in given else each.column)
             for each in error.problems]
        ) from None  # fmt: skip
    add_calls(workbook.store, [call], entered_by=asked.call_by, entered_at=datetime.now(UTC).astimezone())
    present.note(
        _(
            "The call of {who} for {period} is kept, of {day}: commit {commit}, best case {best}.",
            who=named(workbook.tables, "people", [call.person_id])[0],
            period=translate(period.named),
            day=formats.day(call.made_on),
            commit=formats.money(call.commit),
            best=formats.money(call.best_case),
        )
    )


def rolled_up(workbook: Workbook, review: Review) -> tuple[pd.DataFrame, Period]:
    """The calls rolled up, as far as the review's scope goes, and the quarter that they are for."""
    from salesops_nb.pipeline.calls import roll_up

    day, period = _day(review), _quarter(review)
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


def _quarter(review: Review) -> Period:
    period = review.period
    return period if period.kind == "quarter" else period.calendar.containing(_day(review), "quarter")


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
