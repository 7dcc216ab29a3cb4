"""What a planner asks for, before any of it is checked: the parameters of `territory.plan`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Request:
    """One plan that is asked for; every field is the parameter of `territory.plan` of that name.

    Examples
    --------
    The same plan at another price of moving:

    >>> from dataclasses import replace
    >>> from salesops_nb.territory.solver.request import Request
    >>> replace(Request(units=[], k=3, disruption=10), disruption=0.5).disruption
    0.5
    """

    units: Any
    edges: Any = None
    k: int | None = None
    reps: Any = None
    tolerance: float | Mapping[str, float] = 0.05
    current: Any = None
    homes: Any = None
    locked: Any = None
    disruption: float = 0.0
    seed: int = 0
    time_limit: float = 15
    measures: Iterable[str] | None = None
    weight: str | None = None
    forbidden: Any = None
    contiguous: Any = True
    islands: str = "apart"
    travel: Any = None
    keep_together: Any = None
    overrides: Any = None
    disruption_measure: str | None = None
    fixed_homes: bool = True
    strict: bool = True
    preview: bool = False

    def items(self) -> list[tuple[str, Any]]:
        """Each parameter with its value, in order."""
        return [(field.name, getattr(self, field.name)) for field in fields(self)]
