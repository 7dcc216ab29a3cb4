"""Bad input: each fault is named with its place and the way out."""

from __future__ import annotations

from decimal import Decimal
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from territory_maps import grid

from salesops_nb import territory
from salesops_nb.errors import SalesopsError
from salesops_nb.territory.inputs.geography import (
    great_circle_km,
    neighbours_from_coordinates,
    neighbours_from_polygons,
)


def changed(**columns: Any) -> pd.DataFrame:
    units, _ = grid(3, 4)
    for name, value in columns.items():
        units.loc[1, name] = value
    return units


@pytest.mark.parametrize(
    ("units", "more", "code", "words"),
    [
        (changed(unit_id="0-0"), {}, "duplicate-id", "0-0"),
        (changed(potential=-2.0), {}, "negative-weight", "0-1"),
        (changed(potential=np.nan), {}, "missing-measure", "0-1"),
        (grid(3, 4)[0].assign(potential=0.0), {}, "all-zero", "nothing to balance"),
        (changed(latitude=139.7, longitude=35.0), {}, "swapped-coordinates", "swapped"),
        (changed(latitude=139.7, longitude=135.0), {}, "bad-latitude", "beyond 90"),
        (changed(longitude=500.0), {}, "bad-longitude", "500"),
        (grid(3, 4)[0].rename(columns={"latitude": "longitude", "longitude": "latitude"}), {},
         "swapped-coordinates", "swapped"),
        (grid(3, 4)[0], {"reps": {"ann": 1, "bob": 0}, "k": None}, "no-capacity", "bob"),
        (grid(3, 4)[0], {"reps": ["ann", "ann"], "k": None}, "duplicate-id", "ann"),
        (grid(3, 4)[0], {"k": 0}, "wrong-count", "whole number"),
        (grid(3, 4)[0], {"tolerance": 5}, "bad-tolerance", "0.05 for 5 %"),
        (grid(3, 4)[0], {"measures": ["size"]}, "missing-column", "size"),
        (grid(3, 4)[0], {"disruption": 1.0}, "no-current", "current"),
        (grid(3, 4)[0], {"locked": ["0-0"]}, "no-current", "0-0"),
        (grid(3, 4)[0], {"locked": {"0-0": "zoe"}}, "unknown-rep", "zoe"),
        (grid(3, 4)[0], {"forbidden": [("0-0", "T01"), ("0-0", "T02")]}, "nobody-left", "0-0"),
        (grid(3, 4)[0], {"homes": {"T01": (139.0, 35.0)}}, "bad-home", "139"),
        (grid(3, 4)[0].drop(columns="latitude"), {}, "missing-column", "latitude"),
        (grid(3, 4)[0].iloc[:0], {}, "no-units", "no rows"),
        (grid(3, 4)[0], {"travel": np.ones((3, 3))}, "travel-incomplete", "shape"),
    ],
)  # fmt: skip
def test_faults_are_named(units: pd.DataFrame, more: dict[str, Any], code: str, words: str) -> None:
    with pytest.raises(SalesopsError) as caught:
        territory.plan(units, **{"k": 2, **more})
    assert code in {p.code for p in caught.value.problems}
    assert words in str(caught.value)
    assert all(p.fix for p in caught.value.problems)


AB = {"reps": ["a", "b"], "k": None}
TIMES = np.abs(np.subtract.outer(np.arange(12.0), np.arange(12.0)))


@pytest.mark.parametrize(
    ("more", "code", "words"),
    [
        ({"edges": [("0-0", "0-1", 3)]}, "bad-edge", "edge 1 is"),
        ({"edges": 5}, "not-a-table", "an int"),
        ({"edges": "abc"}, "not-a-table", "a str"),
        ({"edges": pd.DataFrame({"unit_a": ["00-0"], "unit_b": ["00-1"]})}, "unknown-unit", "Leading zeros"),
        ({"current": dict.fromkeys(["000-0"], "a")}, "unknown-unit", "nothing is left of it"),
        ({"current": ["a"] * 12}, "not-a-table", "a list"),
        ({"locked": 5}, "bad-locks", "locked is 5"),
        ({"locked": {"0-0": "a"}, "forbidden": [("0-0", "a")], **AB}, "conflict", "forbidden"),
        ({"locked": {"0-0": "a", "0-1": "b"}, "keep_together": [["0-0", "0-1"]], **AB}, "conflict",
         "0-0, which stays with it, is locked to a"),
        ({"locked": pd.DataFrame({"unit_id": ["0-0"] * 2, "rep": ["a", "b"]}), **AB}, "two-owners", "both"),
        ({"forbidden": [("0-0", "a", "b")], **AB}, "bad-pair", "pair 1"),
        ({"forbidden": pd.DataFrame({"u": ["0-0"], "rep": ["a"]}), **AB}, "missing-column", "it has u, rep"),
        ({"forbidden": {"0-0": ["a", "b"]}, **AB}, "nobody-left", "1 unit is forbidden"),
        ({"keep_together": 7}, "bad-groups", "keep_together is 7"),
        ({"measures": 3}, "bad-measures", "measures is 3"),
        ({"tolerance": {}}, "bad-tolerance", "names no measure"),
        ({"tolerance": None}, "bad-tolerance", "None"),
        ({"tolerance": {"size": 0.1}}, "missing-column", "size"),
        ({"tolerance": {"potential": 0.1}, "measures": ["potential", "size"]}, "bad-tolerance", "potential"),
        ({"tolerance": -0.1}, "bad-tolerance", "-0.1"),
        ({"homes": {"a": (1.0, 2.0, 3.0)}, **AB}, "bad-home", "pair of degrees"),
        ({"homes": {"a": ("x", "y")}, **AB}, "bad-home", "x, y"),
        ({"homes": {"a": (-80.0, 40.0)}, **AB}, None, "km from the nearest unit"),
        ({"reps": [], "k": None}, "no-reps", "names nobody"),
        ({"reps": ["a", None], "k": None}, "missing-id", "1 rep has no id"),
        ({"reps": "ann", "k": None}, "not-a-table", "a str"),
        ({"reps": {"a": 1, "b": 0.001}, "k": None}, "rep-too-small", "lightest unit"),
        ({"reps": pd.DataFrame({"rep": ["a", "b"], "latitude": 40.0, "longitude": -100.0,
                                "fixed": ["yes", "maybe"]}), "k": None}, "not-yes-or-no", "'maybe'"),
        ({"travel": [["a"] * 12] * 12}, "travel-incomplete", "from 0-0 to 0-0"),
        ({"travel": [[1, 2], [3]]}, "travel-incomplete", "shape"),
        ({"travel": np.where(TIMES == 3, np.nan, TIMES)}, "travel-incomplete", "18 such pairs"),
        ({"travel": TIMES - 1}, "travel-incomplete", "a time of -1"),
        ({"k": 12.5}, "wrong-count", "12.5"),
        ({"k": 13}, "too-many-territories", "only 12 units."),
        ({"contiguous": None}, "missing-column", "named as contiguous"),
    ],
)  # fmt: skip
def test_conditions_that_cannot_be_are_named(more: dict[str, Any], code: str | None, words: str) -> None:
    units, edges = grid(3, 4)
    asked = {"units": units, "edges": edges, "k": 2, **more}
    if code is None:
        (problem,) = territory.plan(**asked).problems
        assert problem.severity == "warning"
        assert words in problem.message
        return
    with pytest.raises(SalesopsError) as caught:
        territory.plan(**asked)
    assert code in {p.code for p in caught.value.problems}
    assert words in str(caught.value)
    assert all(p.fix for p in caught.value.problems)


@pytest.mark.parametrize("unit", ["", "  ", None, float("nan")])
def test_a_unit_without_an_id_is_refused(unit: Any) -> None:
    units, _ = grid(3, 4)
    units["unit_id"] = units["unit_id"].astype(object)
    units.loc[3, "unit_id"] = unit
    with pytest.raises(SalesopsError, match=r"row 5, column unit_id: 1 unit has no unit_id"):
        territory.plan(units, k=2)


def test_a_column_that_comes_twice_is_refused() -> None:
    units, edges = grid(3, 4)
    with pytest.raises(SalesopsError, match="column potential more than once"):
        territory.plan(pd.concat([units, units[["potential"]]], axis=1), edges, k=2)


def test_a_tolerance_that_cannot_be_given_is_not_advised() -> None:
    _, edges = grid(3, 4)
    with pytest.raises(SalesopsError, match=r"none of 100 % or more") as caught:
        territory.plan(changed(potential=100.0), edges, k=3)
    assert "widen" not in str(caught.value)


def test_an_empty_parent_is_no_family_and_lists_that_share_a_unit_are_one() -> None:
    units, edges = grid(3, 4)
    blank = units.assign(parent_id=["", None, " ", float("nan")] * 3)
    assert len(set(territory.plan(blank, edges, k=4, keep_together="parent_id").assignment["rep"])) == 4
    groups = [["0-0", "0-1"], ["0-1", "0-2"], ["2-2", "nowhere"]]
    plan = territory.plan(units, edges, k=2, keep_together=groups)
    owner = dict(zip(plan.assignment["unit_id"], plan.assignment["rep"], strict=True))
    assert owner["0-0"] == owner["0-1"] == owner["0-2"]
    assert [p.code for p in plan.problems] == ["unknown-unit"]


def test_what_was_set_aside_is_told_with_a_refusal() -> None:
    units, edges = grid(3, 4)
    across = edges["unit_a"].str[2].eq("1") & edges["unit_b"].str[2].eq("2")
    wrong = edges.assign(unit_b=edges["unit_b"].where(~across, "x"))
    with pytest.raises(SalesopsError) as caught:
        territory.plan(units, wrong, k=3)
    assert [p.code for p in caught.value.problems] == ["map-in-pieces", "unknown-unit"]


def test_any_kind_of_frame_gives_the_same_plan() -> None:
    units, edges = grid(3, 4)
    today = pd.DataFrame({"unit_id": units["unit_id"], "rep": ["ann"] * 5 + ["bob"] * 7})
    wanted = territory.plan(units, edges, current=today, disruption=1.0).assignment
    tables = (units, edges, today)
    kinds = {
        "arrow": [pa.Table.from_pandas(t) for t in tables],
        "rows": [t.to_dict("records") for t in tables],
        "arrow-backed": [t.convert_dtypes(dtype_backend="pyarrow") for t in tables],
        "decimals": [units.assign(potential=[Decimal("1.0")] * 12), edges, today],
        "duckdb": [duckdb.from_df(t) for t in tables],
        "pairs": [units, list(edges.itertuples(index=False)), dict(today.to_numpy().tolist())],
    }
    if find_spec("polars"):
        polars = import_module("polars")
        kinds["polars"] = [polars.from_pandas(t) for t in tables]
        kinds["lazy polars"] = [polars.from_pandas(t).lazy() for t in tables]
    for kind, (u, e, now) in kinds.items():
        found = territory.plan(u, e, current=now, disruption=1.0)
        pd.testing.assert_frame_equal(found.assignment, wanted, obj=kind)


def test_a_unit_without_a_place_takes_its_neighbours_or_is_refused() -> None:
    units, edges = grid(3, 4)
    units.loc[5, ["latitude", "longitude"]] = np.nan
    plan = territory.plan(units, edges, k=2)
    assert [p.code for p in plan.problems] == ["no-place"]
    assert "1-1" in plan.problems[0].message
    with pytest.raises(SalesopsError, match="no neighbour"):
        territory.plan(units, k=2)


def test_an_edge_to_an_unknown_unit_is_set_aside_and_counted() -> None:
    units, edges = grid(3, 4)
    more = pd.concat([edges, pd.DataFrame({"unit_a": ["0-0", "9-9"], "unit_b": ["7-7", "0-1"]})])
    plan = territory.plan(units, more, k=2)
    (problem,) = plan.problems
    assert problem.code == "unknown-unit"
    assert problem.message.startswith("2 of 19 edges")
    assert problem.row == len(edges) + 2


def test_one_swapped_row_among_many() -> None:
    units, edges = grid(5, 5, longitude=-80)
    units.loc[7, ["latitude", "longitude"]] = [units.loc[7, "longitude"], units.loc[7, "latitude"]]
    with pytest.raises(SalesopsError, match="swapped") as caught:
        territory.plan(units, edges, k=5)
    assert caught.value.problems[0].row == 9


def test_the_antimeridian_is_no_border() -> None:
    units, edges = grid(4, 6, latitude=52, longitude=178.5)  # the Aleutians: half lie beyond 180
    units["longitude"] = (units["longitude"] + 180) % 360 - 180
    assert (units["longitude"] < 0).any()
    far, _ = grid(4, 6, latitude=52, longitude=-170)
    here = territory.plan(units, edges, k=2, tolerance=0.0).summary["moment"]
    assert here == pytest.approx(territory.plan(far, edges, k=2, tolerance=0.0).summary["moment"], rel=1e-9)
    made = neighbours_from_coordinates(units["latitude"], units["longitude"])
    ids = units["unit_id"].to_numpy()
    pairs = {frozenset(p) for p in ids[made].tolist()}
    assert {frozenset(p) for p in edges.itertuples(index=False)} <= pairs
    assert float(great_circle_km(52, 179.5, 52, -179.5)) == pytest.approx(68.46, abs=0.05)


def test_neighbours_of_odd_places() -> None:
    assert neighbours_from_coordinates([1.0], [2.0]).shape == (0, 2)
    assert neighbours_from_coordinates([0, 0, 0], [1, 2, 3]).tolist() == [[0, 1], [1, 2]]
    assert neighbours_from_coordinates([1, 1], [2, 2]).tolist() == [[0, 1]]
    square = {
        "a": [[(0, 0), (1, 0), (1, 1), (0, 1)]],
        "b": [[(1, 0), (2, 0), (2, 1), (1, 1)]],
        "c": [[(2, 1), (3, 1), (3, 2)]],
    }
    assert neighbours_from_polygons(square) == [("a", "b")]
    assert neighbours_from_polygons(square, share=1) == [("a", "b"), ("b", "c")]


def test_units_without_weight_go_somewhere_and_cost_nothing() -> None:
    units, edges = grid(3, 4)
    units.loc[3, "potential"] = 0.0
    plan = territory.plan(units, edges, k=2, tolerance=0.1)
    assert plan.summary["contiguous"]
    assert len(plan.assignment) == 12


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"disruption": "much"}, "bad-disruption"),
        ({"disruption": float("nan")}, "bad-disruption"),
        ({"tolerance": "5%"}, "bad-tolerance"),
        ({"seed": -1}, "bad-seed"),
        ({"seed": "x"}, "bad-seed"),
        ({"time_limit": 0}, "bad-time-limit"),
        ({"keep_together": "parent_id"}, "missing-column"),
        ({"k": "4"}, "wrong-count"),
    ],
)
def test_parameters_that_are_no_numbers_are_named(more: dict[str, Any], code: str) -> None:
    with pytest.raises(SalesopsError) as caught:
        territory.plan(*grid(3, 4), **{"k": 2, **more})
    assert [p.code for p in caught.value.problems] == [code]


@pytest.mark.parametrize(("potential", "words"), [(-1.0, "-1"), ("x", "'x'"), (9.0, "more than there is")])
def test_overrides_that_cannot_be(potential: Any, words: str) -> None:
    units, edges = grid(3, 4)
    overrides = pd.DataFrame({"unit_id": ["0-0"], "rep": ["ann"], "potential": [potential]})
    with pytest.raises(SalesopsError, match=words):
        territory.plan(units, edges, reps=["ann", "bob"], overrides=overrides)


def test_units_at_one_spot_can_be_parted() -> None:
    units, _ = grid(3, 4)
    plan = territory.plan(units.assign(latitude=40.0, longitude=-100.0), k=4)
    assert plan.summary["imbalance"] == pytest.approx(0)


def test_endless_disruption_moves_nothing_in_a_balanced_plan() -> None:
    units, edges = grid(3, 4)
    today = territory.plan(units, edges, k=2).assignment
    plan = territory.plan(units, edges, current=today[["unit_id", "rep"]], disruption=float("inf"))
    assert plan.summary["moved"] == 0
