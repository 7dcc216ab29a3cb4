"""Proven optima: against every plan of small maps, against the published values, and where there is none."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from territory_maps import grid, instance

from salesops_nb.errors import SalesopsError
from salesops_nb.territory.proof.exact import prove

pytestmark = pytest.mark.slow


def best_of_all(units: pd.DataFrame, edges: pd.DataFrame, k: int, tolerance: float) -> float:
    """Hess's objective of the best balanced plan in one piece each, by listing every plan; inf if none."""
    north, east = np.radians(units["latitude"]), np.radians(units["longitude"])
    x = 6371.0088 * np.stack(
        [np.cos(north) * np.cos(east), np.cos(north) * np.sin(east), np.sin(north)], axis=1
    )
    weight = units["potential"].to_numpy()
    cost = weight[:, None] * ((x[:, None] - x[None]) ** 2).sum(axis=2)
    number = {unit: place for place, unit in enumerate(units["unit_id"])}
    near: dict[int, set[int]] = {place: set() for place in number.values()}
    for a, b in edges.itertuples(index=False):
        near[number[a]].add(number[b])
        near[number[b]].add(number[a])
    fair = weight.sum() / k

    def whole(side: tuple[int, ...]) -> bool:
        left = set(side)
        stack = [left.pop()]
        while stack:
            found = near[stack.pop()] & left
            left -= found
            stack += found
        return not left

    def best(left: tuple[int, ...], parts: int) -> float:
        if not parts:
            return 0.0 if not left else np.inf
        value = np.inf
        for size in range(len(left)):
            for rest in combinations(left[1:], size):
                side = (left[0], *rest)
                if abs(weight[list(side)].sum() / fair - 1) <= tolerance and whole(side):
                    others = tuple(u for u in left if u not in side)
                    own = cost[np.ix_(side, side)].sum(axis=0).min()
                    value = min(value, own + best(others, parts - 1))
        return value

    return best(tuple(range(len(units))), k)


@pytest.mark.parametrize(
    ("k", "heavy"),
    [(2, {}), (3, {}), (3, {5: 30.0}), (3, {0: 34.0}), (4, {0: 20.0, 9: 22.0}), (2, {3: 55.0, 8: 55.0})],
)
@pytest.mark.parametrize("seed", [1, 2])
def test_the_proof_agrees_with_every_plan_of_a_small_map(k: int, heavy: dict[int, float], seed: int) -> None:
    units, edges = grid(3, 4)
    potential = np.random.default_rng(seed).integers(5, 15, len(units)).astype(float)
    for place, weight in heavy.items():
        potential[place] = weight
    units["potential"] = potential
    truth = best_of_all(units, edges, k, 0.1)
    if np.isfinite(truth):
        plan = prove(units, edges, k=k, tolerance=0.1)
        assert plan.summary["proven"]
        assert plan.summary["moment"] == pytest.approx(truth, rel=1e-6)
    else:
        with pytest.raises(SalesopsError):
            prove(units, edges, k=k, tolerance=0.1)


@pytest.mark.parametrize(
    ("name", "k", "published"), [("county_IA", 4, 17_748), ("county_KS", 4, 23_737), ("county_OK", 5, 21_757)]
)
def test_published_counties_are_proven(name: str, k: int, published: float) -> None:
    units, edges = instance(name)
    plan = prove(units, edges, k=k, tolerance=0.005)
    assert plan.summary["proven"]
    assert plan.summary["bound"] <= plan.summary["moment"] * (1 + 1e-9)
    # the distances of the published values differ by so much
    assert plan.summary["moment"] / 1e6 == pytest.approx(published, rel=0.003)
    assert plan.summary["contiguous"]
    assert plan.summary["imbalance"] <= 0.005 + 1e-9


def test_out_of_time_there_is_a_plan_and_what_is_left_to_prove() -> None:
    units, edges = instance("county_OK")
    summary = prove(units, edges, k=5, tolerance=0.005, time_limit=0.0).summary
    assert not summary["proven"]
    assert 0 < summary["gap"] < 0.05
    assert summary["bound"] < summary["moment"]


def test_a_proof_refuses_large_maps() -> None:
    units, edges = instance("tract_AR")
    with pytest.raises(SalesopsError, match="too many for a proof"):
        prove(units, edges, k=4)


def test_a_map_without_a_balanced_plan_is_proven_impossible() -> None:
    units, edges = grid(1, 6)
    units["potential"] = [5.0, 5.0, 5.0, 3.0, 3.0, 3.0]  # cut anywhere, no side has 11.4 to 12.6
    with pytest.raises(SalesopsError, match="no plan of 2 territories within ±5 %") as error:
        prove(units, edges, k=2, tolerance=0.05)
    assert error.value.problems[0].code == "proven-impossible"
