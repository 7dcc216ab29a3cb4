"""Effective-dated assignments: one owner on every day, whatever is approved in whatever order."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from salesops_nb.errors import SalesopsError
from salesops_nb.store.assignments import (
    VACANT,
    approve,
    assignment_history,
    assignments_as_of,
    check_assignments,
    count_changes,
    share,
    undo,
)
from salesops_nb.store.database import open_store

START = date(2024, 1, 1)
WHO = {"approved_by": "dana", "approved_on": date(2023, 12, 1), "reason": "new fiscal year"}


def owner(engine: object, thing: str, day: date) -> str:
    rows = assignments_as_of(engine, day, role="rep", kind="unit", things=[thing])  # type: ignore[arg-type]
    found = rows[rows["thing_id"] == thing]["person_id"].tolist()
    assert len(found) == 1
    return str(found[0])


def test_who_owns_what_before_on_and_after_the_day() -> None:
    engine = open_store("sqlite://")
    assert owner(engine, "a", START) == VACANT
    approve(engine, {"a": "ann", "b": "bob"}, effective_on=START, **WHO)
    approve(engine, {"a": "bob"}, effective_on=date(2024, 7, 1), **WHO)
    assert owner(engine, "a", date(2023, 12, 31)) == VACANT
    assert owner(engine, "a", START) == "ann"
    assert owner(engine, "a", date(2024, 6, 30)) == "ann"
    assert owner(engine, "a", date(2024, 7, 1)) == "bob"
    assert owner(engine, "b", date(2030, 1, 1)) == "bob"
    log = assignment_history(engine, "a")
    assert log["before"].tolist() == [VACANT, "ann"]
    assert log["approved_by"].tolist() == ["dana", "dana"]
    assert check_assignments(engine) == []


def test_a_planned_change_stays_unless_replaced() -> None:
    for replace, later in ((False, "bob"), (True, "cyd")):
        engine = open_store("sqlite://")
        approve(engine, {"a": "ann"}, effective_on=START, **WHO)
        approve(engine, {"a": "bob"}, effective_on=date(2024, 7, 1), **WHO)
        approve(engine, {"a": "cyd"}, effective_on=date(2024, 3, 1), replace_planned=replace, **WHO)
        assert owner(engine, "a", date(2024, 5, 1)) == "cyd"
        assert owner(engine, "a", date(2024, 8, 1)) == later


def test_undo_restores_and_keeps_the_log() -> None:
    engine = open_store("sqlite://")
    approve(engine, {"a": "ann"}, effective_on=START, **WHO)
    number = approve(engine, {"a": "bob", "b": None}, effective_on=date(2024, 7, 1), **WHO)
    assert count_changes(engine, number) == 1  # b was vacant and stays so
    undo(engine, number, **WHO)
    assert owner(engine, "a", date(2024, 8, 1)) == "ann"
    assert assignment_history(engine, "a")["after"].tolist() == ["ann", "bob", "ann"]
    with pytest.raises(SalesopsError, match="changed again"):
        undo(engine, number, **WHO)
    with pytest.raises(SalesopsError, match="no approval 99"):
        undo(engine, 99, **WHO)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"reason": " "}, "reason is empty"),
        ({"approved_by": ""}, "approved_by is empty"),
        ({"in_flight": "vanish"}, "stay, split, move"),
        ({"kind": "deal"}, "unit or account"),
        ({"effective_on": date(1800, 1, 1)}, "out of range"),
    ],
)
def test_refusals_write_nothing(more: dict[str, object], words: str) -> None:
    engine = open_store("sqlite://")
    with pytest.raises(SalesopsError, match=words):
        approve(engine, {"a": "ann"}, **{"effective_on": START, **WHO, **more})  # type: ignore[arg-type]
    assert assignments_as_of(engine, START).empty


def test_two_owners_in_one_approval_are_refused() -> None:
    with pytest.raises(SalesopsError, match="both ann and bob"):
        approve(open_store("sqlite://"), [("a", "ann"), ("a", "bob")], effective_on=START, **WHO)


def test_specialists_share_a_unit_but_not_with_themselves() -> None:
    engine = open_store("sqlite://")
    approve(engine, {"a": "ann"}, effective_on=START, **WHO)
    share(engine, "a", "sue", valid_from=START, **WHO)
    share(engine, "a", "tom", valid_from=START, **WHO)
    found = assignments_as_of(engine, START)
    assert sorted(found["person_id"]) == ["ann", "sue", "tom"]
    with pytest.raises(SalesopsError, match="already"):
        share(engine, "a", "sue", valid_from=date(2025, 1, 1), **WHO)
    assert check_assignments(engine) == []


steps = st.lists(
    st.tuples(
        st.sampled_from(["approve", "replace", "undo"]),
        st.dictionaries(st.sampled_from("abc"), st.sampled_from(["ann", "bob", "house", None]), min_size=1),
        st.integers(0, 12),
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps)
def test_random_histories_never_leave_a_gap_or_two_owners(
    history: list[tuple[str, dict[str, str | None], int]],
) -> None:
    engine = open_store("sqlite://")
    numbers: list[int] = []
    for kind, owners, month in history:
        day = START + timedelta(days=30 * month)
        if kind == "undo" and numbers:
            try:
                numbers.append(undo(engine, numbers[month % len(numbers)], **WHO))
            except SalesopsError as error:
                assert "changed again" in str(error)  # noqa: PT017  # an undo may also succeed
        else:
            numbers.append(
                approve(engine, owners, effective_on=day, replace_planned=kind == "replace", **WHO)
            )
            for thing, person in owners.items():
                assert owner(engine, thing, day) == (person or VACANT)
        assert check_assignments(engine) == []
    for month in range(-1, 14):
        for thing in "abc":
            owner(engine, thing, START + timedelta(days=30 * month))


def test_the_file_keeps_it(tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path / 'store.sqlite'}"
    first = open_store(address)
    approve(first, {"a": "ann"}, effective_on=START, **WHO)
    first.dispose()
    again = open_store(address)
    assert owner(again, "a", START) == "ann"
    again.dispose()
