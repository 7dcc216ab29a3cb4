"""Plans made before, found again by all that they were made from.

Whoever looks for a plan goes to and fro: back to a tolerance tried before, or one more price of moving
beside five that stay. The same seed gives the same plan, so what is made of the same is not made again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import pandas as pd

from salesops_nb.core.memo import Memo
from salesops_nb.territory.plans.plan import plan
from salesops_nb.territory.plans.result import PlanNotFound, TerritoryPlan


def plan_once(memo: Memo, units: Any, edges: Any, **options: Any) -> TerritoryPlan:
    """As `territory.plan`; a plan or a refusal that was made before from the same tables and options.

    What a guard of time cut short is made anew. Must not be changed by whoever takes it.
    """
    said = (_content(units), _content(edges), *(_content(options[name]) for name in sorted(options)))
    key = "territory", "plan", hashlib.sha256(repr((said, sorted(options))).encode()).digest()
    known = memo.get(key)
    if known is not None:
        return _told(known[0])
    try:
        found: TerritoryPlan | PlanNotFound = plan(units, edges, **options)
    except PlanNotFound as error:
        found = PlanNotFound(error.problems, error.plan)
    if not _plan_of(found).summary["cut_short"]:
        memo.put(key, found, rows=_size)
    return _told(found)


def _told(found: TerritoryPlan | PlanNotFound) -> TerritoryPlan:
    if isinstance(found, PlanNotFound):
        raise PlanNotFound(found.problems, found.plan)
    return found


def _plan_of(found: TerritoryPlan | PlanNotFound) -> TerritoryPlan:
    return found.plan if isinstance(found, PlanNotFound) else found


def _size(found: TerritoryPlan | PlanNotFound) -> int:
    """Units times territories: 5 million are some 100 MB."""
    made = _plan_of(found)
    return len(made.assignment) * len(made.territories)


def _content(value: Any) -> Any:
    if isinstance(value, pd.DataFrame):
        rows = pd.util.hash_pandas_object(value, index=False).to_numpy().tobytes()
        return [*zip(value.columns, map(str, value.dtypes), strict=True), hashlib.sha256(rows).hexdigest()]
    return sorted(value.items()) if isinstance(value, Mapping) else value
