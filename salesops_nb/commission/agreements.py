"""What a person agreed to: assignment to a plan with base pay, target incentive and the day of acceptance."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from salesops_nb.errors import Problem
from salesops_nb.periods import Period


def in_force(rows: Iterable[Mapping[str, Any]], period: Period) -> list[Mapping[str, Any]]:
    """The rows of `plan_assignments` that hold on some day of the period, by person and first day."""
    found = [
        row
        for row in rows
        if (row.get("valid_from") or date.min) < period.end
        and (row.get("valid_to") or date.max) > period.start
    ]
    return sorted(found, key=lambda row: (str(row["person_id"]), row.get("valid_from") or date.min))


def not_accepted(rows: Iterable[Mapping[str, Any]], period: Period) -> list[Problem]:
    """A warning for each assignment of the period that the person has not accepted by its last day."""
    found = []
    for row in in_force(rows, period):
        accepted = row.get("accepted_on")
        if "accepted_on" in row and (accepted is None or accepted > period.last):
            when = "not accepted yet" if accepted is None else f"accepted only on {accepted}"
            found.append(
                Problem(
                    "plan-not-accepted",
                    f"{row['person_id']} is on plan {row['plan_id']} from {row.get('valid_from')}, {when}.",
                    "Have the plan accepted before the statement is approved.",
                    table="plan_assignments",
                    column="accepted_on",
                    value=str(row["person_id"]),
                    severity="warning",
                )
            )
    return found
