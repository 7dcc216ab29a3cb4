"""Where the conditions of a plan stand, and which of them cannot be read."""

from __future__ import annotations

from typing import Any

from salesops_nb import expression
from salesops_nb.commission.schema import PlanFile
from salesops_nb.errors import SalesopsError


def conditions_of(file: PlanFile) -> list[tuple[tuple[Any, ...], str | None]]:
    """Conditions with the path where each stands."""
    places: list[tuple[tuple[Any, ...], str | None]] = [(("credit", "where"), file.credit.where)]
    for i, c in enumerate(file.components):
        places.append((("components", i, "where"), c.where))
        for j, r in enumerate(c.rates or ()):
            places.append((("components", i, "rates", j, "where"), r.where))
        for j, m in enumerate(c.multipliers.rows if c.multipliers else ()):
            places.append((("components", i, "multipliers", "rows", j, "where"), m.where))
    return places


def bad_conditions(file: PlanFile) -> list[tuple[tuple[Any, ...], SalesopsError]]:
    """Conditions that cannot be parsed, with the path where each stands."""
    found = []
    for path, text in conditions_of(file):
        try:
            expression.columns_of(text)
        except SalesopsError as error:
            found.append((path, error))
    return found
