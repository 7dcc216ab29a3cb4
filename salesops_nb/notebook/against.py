"""What a headline is held against: its difference to a target, to a comparison, to a chance."""

from __future__ import annotations

import math
from typing import Any


def relative(label: str, value: Any, other: Any, good: bool | None = None) -> list[dict[str, Any]]:
    """How far a figure is off another, in percent of that; nothing where the other is none.

    Examples
    --------
    >>> from salesops_nb.notebook import against
    >>> against.relative("on last year", 11, 10)
    [{'label': 'on last year', 'value': 0.1, 'unit': 'percent'}]
    >>> against.relative("on last year", 11, 0)
    []
    """
    other, value = float(other), float(value)
    if not other > 0 or math.isnan(value):
        return []
    return [_said(label, _rounded(value / other - 1), "percent", good)]


def points(label: str, value: float, other: float, good: bool | None = None) -> list[dict[str, Any]]:
    """How far a chance or share is off another, in percentage points; nothing where either is not known.

    Examples
    --------
    >>> from salesops_nb.notebook import against
    >>> against.points("against 80% asked", 0.81, 0.8, good=True)
    [{'label': 'against 80% asked', 'value': 0.01, 'unit': 'points', 'good': True}]
    """
    if math.isnan(value) or math.isnan(other):
        return []
    return [_said(label, _rounded(value - other), "points", good)]


def _rounded(value: float) -> float:
    """To a tenth of a percent: what is written as nought has no sign."""
    return round(value, 3) + 0.0


def _said(label: str, value: float, unit: str, good: bool | None) -> dict[str, Any]:
    made = {"label": label, "value": value, "unit": unit}
    return made if good is None else {**made, "good": good}
