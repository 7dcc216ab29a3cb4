"""Scenarios: what is asked, kept under a name, and planned again beside one another on today's data."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from salesops_nb import hiring, present
from salesops_nb.errors import SalesopsError, problem
from salesops_nb.notebook.hiring_needs.arguments import choices, stated
from salesops_nb.notebook.hiring_needs.parameters import HiringNeeds
from salesops_nb.notebook.performance_review import tables_in_force
from salesops_nb.parameters import checked
from salesops_nb.present.language.column_labels import term
from salesops_nb.present.language.formats import text
from salesops_nb.present.language.translation import _
from salesops_nb.store.scenarios import save_scenario, saved_scenarios

if TYPE_CHECKING:
    from salesops_nb.forecast.learning.learned import Learned
    from salesops_nb.hiring import HiringPlan

COLUMNS = ["scenario", "what", "target", "hires", "cost", "probability", "p50", "p10"]


def scenarios(workbook: Any, plan: HiringPlan, learned: Learned, asked: HiringNeeds) -> None:
    """Keep what is asked where `save_as` names it; then this plan beside the saved ones.

    Raises `SalesopsError` where a name is given without who saves it and the day.
    """
    if asked.save_as:
        _save(workbook, asked)
    saved = saved_scenarios(workbook.store)
    if not saved:
        present.note(_("No scenario is saved: save_as keeps these parameters under a name, with saved_by and "
                       "saved_on."))  # fmt: skip
        return
    rows = [(_("This page"), _changed(asked.changed), *_outcome(plan))]
    for each in saved:
        try:
            other = checked(HiringNeeds, {**each.parameters, "workbook": asked.workbook,
                                          "futures": asked.futures, "seed": asked.seed})  # fmt: skip
            rows.append((each.name, _changed(each.parameters), *_planned(workbook, learned, other)))
        except SalesopsError as error:
            rows.append((each.name, error.lines()[0], *[None] * (len(COLUMNS) - 2)))
    present.show_table(
        pd.DataFrame(rows, columns=COLUMNS),
        title=_("Scenarios side by side"),
        table="scenarios",
        notes=[_("Each is planned again on today's data and the same simulated years; the median and P10 are "
                 "those of the bookings that are to reach its target.")],
    )  # fmt: skip


def _save(workbook: Any, asked: HiringNeeds) -> None:
    if not asked.saved_by or asked.saved_on is None:
        column = "saved_on" if asked.saved_by else "saved_by"
        raise SalesopsError(problem("scenario-unsigned", column=column, name=asked.save_as))
    name = str(asked.save_as)
    version = save_scenario(workbook.store, name, asked.changed, by=asked.saved_by, on=asked.saved_on)
    present.note(_("Scenario {name}, version {version}, is saved.", name=name, version=version))


def _planned(workbook: Any, learned: Learned, asked: HiringNeeds) -> tuple[Any, ...]:
    """What a saved scenario comes to; planned once while data, futures and seed are the same."""
    key = "hiring scenario", json.dumps(asked.model_dump(mode="json"), sort_keys=True)

    def planned() -> tuple[Any, ...]:
        tables = tables_in_force(workbook)
        found = hiring.plan(
            tables, asked.horizon, asked.confidence, calendar=workbook.calendar,
            learned=stated(asked, learned), **choices(workbook, asked),
        )  # fmt: skip
        return _outcome(found)

    found: tuple[Any, ...] = tables_in_force(workbook).once(key, planned)
    return found


def _outcome(plan: HiringPlan) -> tuple[Any, ...]:
    last = plan.comparison.iloc[-1]
    targets = [goal.target for goal in plan.trial.goals]
    target = targets[0] if len(targets) == 1 else None
    return target, last["hires"], last["cost"], plan.probability, last["p50"], last["p10"]


def _changed(parameters: Mapping[str, Any]) -> str:
    """What differs from the notebook's own, in words."""
    parts = [
        f"{term(name)} {', '.join(map(str, value)) if isinstance(value, list) else text(value)}"
        for name, value in parameters.items()
    ]
    return "; ".join(parts) or _("nothing")
