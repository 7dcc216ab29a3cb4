"""Claims of the sales model that the data contradict, or that nobody has reviewed in time, as conditions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

from salesops_nb.alerts.evaluation import Condition
from salesops_nb.alerts.rules import Alerts, Rule
from salesops_nb.errors import SalesopsError
from salesops_nb.messages import Message, message
from salesops_nb.notebook.sales_model.finding import figure_words
from salesops_nb.present.language import formats

if TYPE_CHECKING:
    from salesops_nb.source.opened import Workbook


def of_claims(rules: Alerts, workbook: Workbook, day: date) -> list[Condition]:
    """A condition for every claim of the version in force, for each rule whose test is ``claims``.

    A claim that is contradicted and late is one condition: the data weigh more than the date. Where
    `strategy.yml` cannot be read the rule cannot be computed, and says why.
    """
    mine = [rule for rule in rules.rules if rule.test == "claims"]
    return [each for rule in mine for each in _of_rule(rule, workbook, day)]


def _of_rule(rule: Rule, workbook: Workbook, day: date) -> Iterable[Condition]:
    from salesops_nb import strategy

    try:
        declared = strategy.load(workbook.folder, workbook.settings)
        version = declared.in_force(day) if declared is not None else None
        rows = strategy.attention(version, workbook.tables, workbook.calendar, workbook.stages, day)
    except SalesopsError as error:
        yield Condition(rule, "", "cannot", problem=error.problems[0].message)
        return
    found = rows.drop_duplicates("what").set_index("what").to_dict("index")  # contradicted comes first
    for claim in version.sales_model.claims if version is not None else ():
        row = found.get(claim.name)
        if row is None:
            yield Condition(rule, claim.name, "well", day.isoformat())
            continue
        chance = float("nan") if row["kind"] == "claim stale" else 1 - row["how_sure"]
        yield Condition(
            rule, claim.name, "alert", day.isoformat(), row["value"], row["claimed"], row["low"], row["high"],
            workbook.calendar.containing(row["since"], "month"), chance, int(row["n"]),
            _words(claim.name, row),
        )  # fmt: skip


def _words(name: str, row: Mapping[Any, Any]) -> Message:
    if row["kind"] == "claim stale":
        return message(
            "The sales model's claim of {claim} was to be reviewed by {day}.",
            claim=name,
            day=formats.day(row["since"]),
        )
    figures = {part: figure_words(row["metric"], row[part]) for part in ("claimed", "value", "low", "high")}
    return message(
        "The sales model claims {claim} of {claimed}; the data say {value} ({low} to {high}).",
        claim=name,
        **figures,
    )
