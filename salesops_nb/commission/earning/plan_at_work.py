"""A plan at work in a period."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import narwhals as nw

from salesops_nb.commission.inputs.opening_balances import Opening
from salesops_nb.commission.inputs.quotas import People, Span
from salesops_nb.commission.inputs.tables import Tables
from salesops_nb.commission.plans.plan import Plan
from salesops_nb.core.periods import Period


@dataclass
class Job:
    """A plan at work in a period: its credits, people and spans."""

    plan: Plan
    tables: Tables
    period: Period
    people: People
    credit: nw.LazyFrame[Any]
    team: nw.LazyFrame[Any] | None
    attained: nw.LazyFrame[Any] | None
    team_attained: nw.LazyFrame[Any] | None = None
    spans: dict[str, list[Span]] = field(default_factory=dict)
    opened: list[Opening] = field(default_factory=list)
    has_overlay: bool = False
    has_refunds: bool = False
    everyone: Callable[[], list[str]] = list[str]

    def payees(self) -> list[str]:
        """Everyone who may have credit under the plan."""
        if self.people.stays is not None:
            return sorted(self.people.stays)
        return self.everyone()
