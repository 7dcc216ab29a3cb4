"""Plans found again: the same of the same tables and options, and never of others."""

from typing import Any

import pytest
from territory_maps import grid

from salesops_nb.core import memo as memo_of
from salesops_nb.core.memo import Memo
from salesops_nb.territory.plans.plan import PlanNotFound, TerritoryPlan, plan
from salesops_nb.territory.plans.plan_cache import plan_once as plan_of
from salesops_nb.territory.solver.request import Request


def plan_once(memo: Memo, units: Any, edges: Any, **options: Any) -> TerritoryPlan:
    return plan_of(memo, Request(units=units, edges=edges, **options))


@pytest.fixture
def memo() -> Memo:
    return Memo()


def test_the_same_tables_and_options_give_the_plan_that_was_made(memo: Memo) -> None:
    units, edges = grid(6, 6)
    first = plan_once(memo, units, edges, k=3, seed=4, tolerance=0.2)
    assert plan_once(memo, units.copy(), edges.copy(), tolerance=0.2, seed=4, k=3) is first
    assert first.assignment.equals(plan(units, edges, k=3, seed=4, tolerance=0.2).assignment)


def test_whatever_is_other_is_planned_anew(memo: Memo) -> None:
    units, edges = grid(6, 6)
    options = {"k": 3, "seed": 4, "tolerance": 0.2, "locked": {}, "current": None}
    first = plan_once(memo, units, edges, **options)
    heavier = units.assign(potential=[*units["potential"][:-1], 1.5])
    named = units.assign(unit_id="n" + units["unit_id"].astype(str))
    assert plan_once(memo, heavier, edges, **options) is not first
    assert plan_once(memo, named, edges.apply(lambda ends: "n" + ends.astype(str)), **options) is not first
    assert plan_once(memo, units, edges[:-1], **options) is not first
    for other in ({"seed": 5}, {"tolerance": {"potential": 0.2}}, {"k": 4}, {"tolerance": 0.21}):
        assert plan_once(memo, units, edges, **{**options, **other}) is not first


def test_a_refusal_is_told_again_with_the_nearest_plan(memo: Memo) -> None:
    units, edges = grid(3, 3)  # nine equal units into two
    told = []
    for _ in range(2):
        with pytest.raises(PlanNotFound) as caught:
            plan_once(memo, units, edges, k=2)
        told.append(caught.value)
    assert told[0].plan is told[1].plan
    assert told[0].problems == told[1].problems


def test_the_oldest_plans_go_and_one_cut_short_is_not_kept(
    memo: Memo, monkeypatch: pytest.MonkeyPatch
) -> None:
    units, edges = grid(6, 6)
    monkeypatch.setattr(memo_of, "LEAST", 0)
    monkeypatch.setattr(memo_of, "MOST_ROWS", 36 * 3 * 2)
    first = plan_once(memo, units, edges, k=3, seed=1, tolerance=0.2)
    for seed in (2, 3):
        plan_once(memo, units, edges, k=3, seed=seed, tolerance=0.2)
    third = plan_once(memo, units, edges, k=3, seed=3, tolerance=0.2)
    assert plan_once(memo, units, edges, k=3, seed=3, tolerance=0.2) is third
    assert plan_once(memo, units, edges, k=3, seed=1, tolerance=0.2) is not first
    short = plan_once(memo, units, edges, k=3, seed=1, tolerance=0.2, time_limit=1e-6)
    assert short.summary["cut_short"]
    assert plan_once(memo, units, edges, k=3, seed=1, tolerance=0.2, time_limit=1e-6) is not short
