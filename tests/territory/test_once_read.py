"""Tables read once: of whom another ground is asked, what takers may do with it, and long tables."""

from __future__ import annotations

from collections import Counter
from datetime import date
from decimal import Decimal
from typing import Any

import duckdb
import narwhals as nw
import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal
from territory_maps import grid

from salesops_nb.core.frames import Tables
from salesops_nb.territory.effects.targets_and_pay import read_past
from salesops_nb.territory.inputs import findings
from salesops_nb.territory.inputs.geography import unique_pairs
from salesops_nb.territory.scope.baseline import Ground, prepare
from salesops_nb.territory.scope.norms import Norms

DAY = date(2017, 12, 31)
LEARNED = Norms(potential="model", workload="calls")


def company() -> dict[str, Any]:
    units, edges = grid(4, 4)
    ids = units["unit_id"].tolist()
    return {
        "units": units,
        "unit_edges": edges,
        "people": pd.DataFrame({"person_id": ["A", "B"], "role": "rep", "team": ["X", "Y"]}),
        "assignments": pd.DataFrame(
            {"unit_id": ids, "account_id": None, "person_id": ["A"] * 8 + ["B"] * 8,
             "valid_from": date(2016, 1, 1), "valid_to": [date(2017, 7, 1)] + [None] * 15}
        ),
        "accounts": pd.DataFrame(
            {"account_id": ["k1", "k2", "k3"], "segment": ["s", "s", "t"], "unit_id": ids[7:10]}
        ),
        "deals": pd.DataFrame(
            {"account_id": ["k1", "k2", "k3", "k1", "k2"], "owner_id": list("AABBA"),
             "outcome": ["won", "won", "won", "lost", "won"],
             "closed_on": [DAY, date(2017, 1, 1), date(2016, 12, 31), DAY, date(2018, 1, 1)],
             "amount": [Decimal("100.10"), Decimal("30.20"), Decimal("7.30"), Decimal(999), Decimal(5000)]}
        ),
        "activities": pd.DataFrame(
            {"account_id": ["k1", "k2", "k3", "k3"], "kind": ["visit", "demo", "visit", "call"],
             "happened_at": pd.to_datetime(["2017-12-31 23:59", "2017-01-01 00:00", "2018-01-01 00:00",
                                            "2017-05-01 12:00"]),
             "minutes": [20.0, 50.0, 500.0, 5.0]}
        ),
    }  # fmt: skip


def in_engine(tables: dict[str, Any]) -> dict[str, Any]:
    connection = duckdb.connect()
    made = {}
    for name, frame in tables.items():
        connection.register(f"given_{name}", frame)
        connection.execute(f"CREATE TABLE {name} AS SELECT * FROM given_{name}")
        made[name] = nw.from_native(connection.table(name))
    return made


def same(one: Ground, other: Ground) -> None:
    assert_frame_equal(one.units, other.units, check_exact=True)
    assert_frame_equal(one.people, other.people, check_exact=True)
    assert one.today == other.today
    assert (one.edges is None) == (other.edges is None)
    if one.edges is not None and other.edges is not None:
        assert_frame_equal(one.edges, other.edges)
    assert one.measured is not None
    assert other.measured is not None
    assert_frame_equal(one.measured.segments, other.measured.segments, check_exact=True)


def test_another_scope_day_or_norm_reads_no_table_again(monkeypatch: pytest.MonkeyPatch) -> None:
    met: Counter[str] = Counter()
    given = findings.to_pandas
    monkeypatch.setattr(findings, "to_pandas", lambda table, name: met.update([name]) or given(table, name))
    read = Tables.of(company())
    for team in ("X", "Y"):
        for norms in (Norms(), LEARNED):
            for day in (DAY, date(2017, 6, 1)):
                prepare(read, as_of=day, scope="team", who=team, norms=norms)
    assert met == dict.fromkeys(("units", "unit_edges", "people", "assignments", "accounts"), 1)


def test_a_kept_ground_is_that_of_tables_read_anew_whatever_takers_did_with_it() -> None:
    read = Tables.of(company())
    wishes: list[dict[str, Any]] = [
        {"as_of": day, "scope": scope, "who": who, "of": of, "norms": norms}
        for day in (DAY, date(2017, 6, 1))
        for scope, who in (("team", "X"), ("company", None))
        for of in ("units", "accounts")
        for norms in (Norms(), LEARNED)
        if of == "units" or scope == "company"
    ]
    for wish in [*wishes, *wishes]:
        found = prepare(read, **wish)
        same(found, prepare(company(), **wish))
        for frame in (found.units, found.people, found.edges):
            if frame is not None:
                frame.iloc[:, 0] = "spoiled"
        found.today.clear()
        found.named["k1"] = "spoiled"


def test_owners_follow_the_day_and_what_the_store_says() -> None:
    read = Tables.of(company())
    ended = prepare(read, as_of=DAY, scope="team", who="X")
    before = prepare(read, as_of=date(2017, 6, 30), scope="team", who="X")
    assert set(before.today) - set(ended.today) == {"0-0"}
    moved = prepare(read, as_of=DAY, scope="team", who="X", owners={"3-3": "A"})
    assert set(moved.today) - set(ended.today) == {"3-3"}
    assert prepare(read, as_of=DAY, scope="team", who="X").today == ended.today


@pytest.mark.parametrize("day", [DAY, date(2017, 12, 30), date(2016, 12, 31)])
def test_an_engine_hands_over_the_days_that_count_and_no_others(day: date) -> None:
    here, there = company(), in_engine(company())
    same(prepare(there, as_of=day, norms=LEARNED), prepare(here, as_of=day, norms=LEARNED))
    past = [read_past(tables, year="2017", until=day).booked for tables in (here, there)]
    assert past[0] == past[1]
    if day == DAY:
        assert past[1] == {"A": Decimal("130.30")}


def test_a_text_for_a_day_is_left_to_be_read() -> None:
    tables = company()
    tables["deals"] = tables["deals"].assign(closed_on=tables["deals"]["closed_on"].astype(str))
    wanted = prepare(company(), as_of=DAY, norms=LEARNED)
    same(prepare(in_engine(tables), as_of=DAY, norms=LEARNED), wanted)


def test_another_table_beside_those_that_are_known_is_read() -> None:
    read = Tables.of(company())
    before = prepare(read, as_of=DAY).units["potential"].tolist()
    other = read.beside(units=company()["units"].assign(potential=2.0))
    assert prepare(other, as_of=DAY).units["potential"].tolist() == [2.0] * 16
    assert prepare(read, as_of=DAY).units["potential"].tolist() == before != [2.0] * 16


def test_pairs_come_in_order_and_once() -> None:
    pairs = np.random.default_rng(1).integers(0, 30, (400, 2))
    assert unique_pairs(pairs).tolist() == np.unique(pairs, axis=0).tolist()
    assert unique_pairs(np.empty((0, 2), dtype=np.int64)).shape == (0, 2)
