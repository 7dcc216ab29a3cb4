"""Plans made before, found again by all that they were made from.

Whoever looks for a plan goes to and fro: back to a tolerance tried before, or one more price of moving
beside five that stay. The same seed gives the same plan, so what is made of the same is not made again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, cast

import pandas as pd

from salesops_nb.core.memo import Memo
from salesops_nb.territory.plans.plan import planned
from salesops_nb.territory.plans.result import PlanNotFound, TerritoryPlan
from salesops_nb.territory.solver.model import Model
from salesops_nb.territory.solver.model_builder import build
from salesops_nb.territory.solver.request import Request


def plan_once(memo: Memo, asked: Request) -> TerritoryPlan:
    """As `territory.plan`; a plan or a refusal that was made before from the same request.

    The model is built once for all prices of moving. What a guard of time cut short is made anew. Must not
    be changed by whoever takes it.
    """
    content = {name: _content(value) for name, value in asked.items()}
    key = _key("plan", content)
    known = memo.get(key)
    if known is not None:
        return _told(known[0])
    try:
        found: TerritoryPlan | PlanNotFound = planned(asked, _model_once(memo, asked, content))
    except PlanNotFound as error:
        found = PlanNotFound(error.problems, error.plan)
    if not _plan_of(found).summary["cut_short"]:
        memo.put(key, found, rows=_size)
    return _told(found)


def _model_once(memo: Memo, asked: Request, content: dict[str, Any]) -> Model:
    """The model, whatever the price of moving and the search."""
    of_search = ("disruption", "seed", "time_limit", "strict", "preview")
    key = _key("model", {name: value for name, value in content.items() if name not in of_search})
    known = memo.get(key)
    if known is not None and (asked.disruption <= 0 or known[0].today.max(initial=-1) >= 0):
        return cast(Model, known[0])
    model = build(asked)
    memo.put(key, model, rows=lambda made: made.items * made.k)
    return model


def _key(what: str, content: dict[str, Any]) -> tuple[str, str, bytes]:
    return "territory", what, hashlib.sha256(repr(content).encode()).digest()


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
