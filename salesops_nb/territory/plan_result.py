"""What a plan is: owners by unit, its figures, territories; and the refusal that carries the nearest."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from salesops_nb.errors import Problem, SalesopsError
from salesops_nb.territory.model import Model


class Summary(dict[str, Any]):
    """Figures of a plan, by key or as attributes."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None


@dataclass(frozen=True)
class TerritoryPlan:
    """A finished plan.

    Parameters
    ----------
    assignment : one row a unit: unit_id, rep, was (rep before, or None), moved (whether an owner changed).
    summary : ``imbalance`` (largest |load / fair share − 1| of all measures), ``balance`` (the same by
        measure), ``moment`` (Σ w·d² in weight·km²), ``bound`` and ``gap`` (moment / bound − 1;
        ``bound_is`` says what the bound is), ``contiguous``, ``moved`` (amount of the disruption
        measure that changes owner), ``moved_share``, ``moved_units``, ``moved_bound`` (least that must
        move), ``feasible``, ``cut_short``, ``seconds``.
    territories : one row a rep: capacity, units, load, fair share and imbalance of each measure, moment,
        and the centre's latitude and longitude.
    problems : warnings met on the way. model : what was solved.
    """

    assignment: pd.DataFrame
    summary: Summary
    territories: pd.DataFrame
    problems: list[Problem] = field(default_factory=list)
    model: Model | None = field(default=None, repr=False)


class PlanNotFound(SalesopsError):
    """No plan within the tolerance was found; `plan` is the nearest one, which must not be used unseen."""

    def __init__(self, problems: list[Problem], plan: TerritoryPlan) -> None:
        super().__init__(problems)
        self.plan = plan
