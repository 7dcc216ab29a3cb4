"""What a plan is: owners by unit, its figures, territories; and the refusal that carries the nearest."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from salesops_nb.errors import Problem, SalesopsError
from salesops_nb.territory.solver.model import Model


class Summary(dict[str, Any]):
    """Figures of a plan, by key or as attributes.

    Examples
    --------
    >>> from salesops_nb import territory
    >>> summary = territory.Summary(imbalance=0.03, moved_share=0.25)
    >>> summary.imbalance, summary["moved_share"]
    (0.03, 0.25)
    """

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

    Examples
    --------
    >>> import pandas as pd
    >>> from salesops_nb import territory
    >>> units = pd.DataFrame({
    ...     "unit_id": ["A", "B", "C", "D"], "latitude": 40.0,
    ...     "longitude": [-100.0, -99.5, -99.0, -98.5], "potential": 10.0,
    ... })
    >>> today = {"A": "Ada", "B": "Bo", "C": "Bo", "D": "Bo"}
    >>> edges = [("A", "B"), ("B", "C"), ("C", "D")]
    >>> plan = territory.plan(units, edges, reps=["Ada", "Bo"], current=today, disruption=100)
    >>> plan.summary.imbalance, plan.summary.moved_share, plan.summary.contiguous
    (0.0, 0.25, True)
    >>> plan.territories[["rep", "units", "potential", "potential_fair"]]
       rep  units  potential  potential_fair
    0  Ada      2       20.0            20.0
    1   Bo      2       20.0            20.0
    """

    assignment: pd.DataFrame
    summary: Summary
    territories: pd.DataFrame
    problems: list[Problem] = field(default_factory=list)
    model: Model | None = field(default=None, repr=False)


class PlanNotFound(SalesopsError):
    """No plan within the tolerance was found; `plan` is the nearest one found, for a look but not for use.

    Examples
    --------
    Four equal units cannot be shared evenly by three; the nearest plan is off by half a fair share:

    >>> import pandas as pd
    >>> from salesops_nb import territory
    >>> units = pd.DataFrame({
    ...     "unit_id": ["A", "B", "C", "D"], "latitude": 40.0,
    ...     "longitude": [-100.0, -99.5, -99.0, -98.5], "potential": 10.0,
    ... })
    >>> try:
    ...     plan = territory.plan(units, [("A", "B"), ("B", "C"), ("C", "D")], k=3)
    ... except territory.PlanNotFound as error:
    ...     print(round(error.plan.summary.imbalance, 2), error.plan.summary.feasible)
    0.5 False
    """

    def __init__(self, problems: list[Problem], plan: TerritoryPlan) -> None:
        super().__init__(problems)
        self.plan = plan
