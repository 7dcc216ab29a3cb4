"""What a person agreed to: dated assignments to plans, with base pay, target incentive and acceptance."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

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
