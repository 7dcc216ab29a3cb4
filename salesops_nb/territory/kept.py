"""Plans made before, found again by all that they were made from.

Whoever looks for a plan goes to and fro: back to a tolerance tried before, or one more price of moving
beside five that stay. The same seed gives the same plan, so what is made of the same is not made again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import pandas as pd

from salesops_nb.territory.plan_result import PlanNotFound, TerritoryPlan
from salesops_nb.territory.planning import plan

MOST = 5_000_000  # units times territories of the plans kept, some 100 MB

_kept: dict[bytes, TerritoryPlan | PlanNotFound] = {}


def plan_once(units: Any, edges: Any, **options: Any) -> TerritoryPlan:
    """As `territory.plan`; a plan or a refusal that was made before from the same tables and options.

    What a guard of time cut short is made anew. Must not be changed by whoever takes it.
    """
    said = (_content(units), _content(edges), *(_content(options[name]) for name in sorted(options)))
    key = hashlib.sha256(repr((said, sorted(options))).encode()).digest()
    if key not in _kept:
        try:
            found: TerritoryPlan | PlanNotFound = plan(units, edges, **options)
        except PlanNotFound as error:
            found = PlanNotFound(error.problems, error.plan)
        if _plan_of(found).summary["cut_short"]:
            return _told(found)
        while _kept and sum(map(_size, _kept.values())) + _size(found) > MOST:
            _kept.pop(next(iter(_kept)), None)
        _kept[key] = found
    return _told(_kept[key])


def _told(found: TerritoryPlan | PlanNotFound) -> TerritoryPlan:
    if isinstance(found, PlanNotFound):
        raise PlanNotFound(found.problems, found.plan)
    return found


def _plan_of(found: TerritoryPlan | PlanNotFound) -> TerritoryPlan:
    return found.plan if isinstance(found, PlanNotFound) else found


def _size(found: TerritoryPlan | PlanNotFound) -> int:
    made = _plan_of(found)
    return len(made.assignment) * len(made.territories)


def _content(value: Any) -> Any:
    if isinstance(value, pd.DataFrame):
        rows = pd.util.hash_pandas_object(value, index=False).to_numpy().tobytes()
        return [*zip(value.columns, map(str, value.dtypes), strict=True), hashlib.sha256(rows).hexdigest()]
    return sorted(value.items()) if isinstance(value, Mapping) else value
