"""Effective-dated assignments: one owner on every day, whatever is approved in whatever order."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from salesops_nb.errors import SalesopsError
from salesops_nb.store.assignments.assignments import (
    VACANT,
    approvals_given,
    approve,
    assignment_history,
    assignments_as_of,
    check_assignments,
    count_changes,
    end_share,
    share,
    undo,
)
from salesops_nb.store.assignments.tables import approvals, assignments, changes_log, replacements
from salesops_nb.store.database import open_store

pytestmark = pytest.mark.slow

Memory = Callable[[], Engine]
START = date(2024, 1, 1)
WHO = {"approved_by": "dana", "approved_on": date(2023, 12, 1), "reason": "new fiscal year"}


@pytest.fixture
def memory() -> Iterator[Memory]:
    """Opens stores in memory, and closes them after the test."""
    with ExitStack() as opened:

        def open_one() -> Engine:
            engine = open_store("sqlite://")
            opened.callback(engine.dispose)
            return engine

        yield open_one


def owner(engine: object, thing: str, day: date) -> str:
    rows = assignments_as_of(engine, day, role="rep", kind="unit", things=[thing])  # type: ignore[arg-type]
    found = rows[rows["thing_id"] == thing]["person_id"].tolist()
    assert len(found) == 1
    return str(found[0])


def test_who_owns_what_before_on_and_after_the_day(memory: Memory) -> None:
    engine = memory()
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


def test_a_planned_change_stays_unless_replaced(memory: Memory) -> None:
    for replace, later in ((False, "bob"), (True, "cyd")):
        engine = memory()
        approve(engine, {"a": "ann"}, effective_on=START, **WHO)
        approve(engine, {"a": "bob"}, effective_on=date(2024, 7, 1), **WHO)
        approve(engine, {"a": "cyd"}, effective_on=date(2024, 3, 1), replace_planned=replace, **WHO)
        assert owner(engine, "a", date(2024, 5, 1)) == "cyd"
        assert owner(engine, "a", date(2024, 8, 1)) == later


def test_undo_restores_and_keeps_the_log(memory: Memory) -> None:
    engine = memory()
    approve(engine, {"a": "ann"}, effective_on=START, **WHO)
    number = approve(engine, {"a": "bob", "b": None}, effective_on=date(2024, 7, 1), **WHO)
    assert count_changes(engine, number) == 1  # b was vacant and stays so
    undo(engine, number, **WHO)
    assert owner(engine, "a", date(2024, 8, 1)) == "ann"
    assert assignment_history(engine, "a")["after"].tolist() == ["ann", "bob", "ann"]
    with pytest.raises(SalesopsError, match="undone already"):
        undo(engine, number, **WHO)
    with pytest.raises(SalesopsError, match="no approval 99"):
        undo(engine, 99, **WHO)


def test_taking_back_from_a_day_leaves_the_days_before_as_they_were(memory: Memory) -> None:
    engine = memory()
    approve(engine, {"a": "ann", "b": "ann"}, effective_on=START, **WHO)
    number = approve(engine, {"a": "bob", "b": "bob"}, effective_on=date(2024, 7, 1), **WHO)
    approve(engine, {"b": "cyd"}, effective_on=date(2024, 8, 1), **WHO)
    back = undo(engine, number, effective_on=date(2024, 9, 1), **WHO)
    assert owner(engine, "a", date(2024, 8, 31)) == "bob"
    assert owner(engine, "a", date(2024, 9, 1)) == "ann"
    assert owner(engine, "b", date(2024, 9, 1)) == "cyd"  # what was approved since stays
    given = approvals_given(engine).set_index("approval_id").loc[back]
    assert given["reason"] == f"Approval {number} taken back: new fiscal year"
    assert given["changed"] == 1
    with pytest.raises(SalesopsError, match="nothing of approval 2 is left"):
        undo(engine, number, effective_on=date(2024, 9, 1), **WHO)
    undo(engine, back, **WHO)
    assert owner(engine, "a", date(2024, 9, 1)) == "bob"
    assert check_assignments(engine) == []


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
def test_refusals_write_nothing(more: dict[str, object], words: str, memory: Memory) -> None:
    engine = memory()
    with pytest.raises(SalesopsError, match=words):
        approve(engine, {"a": "ann"}, **{"effective_on": START, **WHO, **more})  # type: ignore[arg-type]
    assert assignments_as_of(engine, START).empty


def test_two_owners_in_one_approval_are_refused(memory: Memory) -> None:
    with pytest.raises(SalesopsError, match="both ann and bob"):
        approve(memory(), [("a", "ann"), ("a", "bob")], effective_on=START, **WHO)


def test_specialists_share_a_unit_but_not_with_themselves(memory: Memory) -> None:
    engine = memory()
    approve(engine, {"a": "ann"}, effective_on=START, **WHO)
    share(engine, "a", "sue", valid_from=START, **WHO)
    share(engine, "a", "tom", valid_from=START, **WHO)
    found = assignments_as_of(engine, START)
    assert sorted(found["person_id"]) == ["ann", "sue", "tom"]
    with pytest.raises(SalesopsError, match="already"):
        share(engine, "a", "sue", valid_from=date(2025, 1, 1), **WHO)
    assert check_assignments(engine) == []


class Diary:
    """What must hold, told day by day: each approval writes its days, an undo writes them all anew."""

    DAYS = 40

    def __init__(self) -> None:
        self.said: dict[int, tuple[int, dict[str, str], bool]] = {}
        self.undoes: dict[int, int] = {}
        self.shared: dict[int, tuple[str, str, int, int]] = {}

    def in_force(self, number: int, but: int | None = None) -> bool:
        return number != but and not any(
            self.in_force(u, but) for u, of in self.undoes.items() if of == number
        )

    def start(self, number: int) -> int:
        return self.start(self.undoes[number]) if number in self.undoes else self.said[number][0]

    def owners(self, but: int | None = None) -> dict[str, list[str]]:
        days = {thing: [VACANT] * self.DAYS for thing in "abc"}
        planned: dict[str, set[int]] = {thing: set() for thing in "abc"}
        for number, (start, owners, replaces) in self.said.items():
            if not self.in_force(number, but):
                continue
            for thing, person in owners.items():
                if replaces:
                    planned[thing] = {day for day in planned[thing] if day <= start}
                end = min([day for day in planned[thing] if day > start], default=self.DAYS)
                planned[thing].add(start)
                days[thing][start:end] = [person] * (end - start)
        return days

    def sharing(self, thing: str, day: int) -> set[str]:
        return {who for of, who, start, end in self.shared.values() if of == thing and start <= day < end}


people = st.sampled_from(["ann", "bob", "cyd", "house", None])
steps = st.lists(
    st.one_of(
        st.tuples(
            st.sampled_from(["approve", "approve", "replace"]),
            st.dictionaries(st.sampled_from("abc"), people, min_size=1),
            st.integers(0, Diary.DAYS - 1),
        ),
        st.tuples(st.just("undo"), st.integers(0, 30), st.just(0)),
        st.tuples(st.just("take back"), st.integers(0, 30), st.integers(0, 39)),
        st.tuples(st.just("leaves"), st.sampled_from(["ann", "bob", "cyd"]), st.integers(0, 39)),
        st.tuples(
            st.just("share"),
            st.tuples(st.sampled_from("abc"), st.sampled_from(["sue", "tom"]), st.integers(1, 20)),
            st.integers(0, 39),
        ),
        st.tuples(
            st.just("end"),
            st.tuples(st.sampled_from("abc"), st.sampled_from(["sue", "tom"])),
            st.integers(0, 39),
        ),
    ),
    min_size=1,
    max_size=14,
)


def take(engine: Any, diary: Diary, names: dict[str, str], step: Any) -> None:
    """One step of a history: done in the store and written in the diary, or refused by both."""
    kind, what, at = step
    day, known = START + timedelta(days=at), sorted({*diary.said, *diary.undoes})
    if kind == "leaves":  # all that is theirs from that day on goes to the house
        what = {thing: "house" for thing, days in diary.owners().items() if days[at] == what}
        kind = "replace"
    if kind in ("approve", "replace") and what:
        owners = {names[thing]: person for thing, person in what.items()}
        replaces = kind == "replace"
        number = approve(engine, owners, effective_on=day, replace_planned=replaces, **WHO)
        diary.said[number] = (at, {t: p or VACANT for t, p in what.items()}, replaces)
    elif kind == "undo" and known:
        number = known[what % len(known)]
        if diary.in_force(number):
            diary.undoes[undo(engine, number, **WHO)] = number
        else:
            with pytest.raises(SalesopsError, match="undone already"):
                undo(engine, number, **WHO)
    elif kind == "take back" and known and diary.start(known[what % len(known)]) < at:
        number = known[what % len(known)]
        now, then = diary.owners(), diary.owners(but=number)
        changed = {thing: then[thing][at] for thing in now if then[thing][at] != now[thing][at]}
        if not changed:
            with pytest.raises(SalesopsError, match=r"undone already|nothing of approval"):
                undo(engine, number, effective_on=day, **WHO)
        else:
            diary.said[undo(engine, number, effective_on=day, **WHO)] = (at, changed, False)
    elif kind == "share":
        thing, who, length = what
        span = {"valid_from": day, "valid_to": day + timedelta(days=length)}
        if any(
            of == thing and w == who and start < at + length and at < end
            for of, w, start, end in diary.shared.values()
        ):
            with pytest.raises(SalesopsError, match="already"):
                share(engine, names[thing], who, **span, **WHO)
        else:
            diary.shared[share(engine, names[thing], who, **span, **WHO)] = (thing, who, at, at + length)
    elif kind == "end":
        thing, who = what
        here = [n for n, (t, w, s, e) in diary.shared.items() if (t, w) == (thing, who) and s < at < e]
        if here:
            end_share(engine, names[thing], who, ends_on=day, **WHO)
            diary.shared[here[0]] = (*diary.shared[here[0]][:3], at)
        else:
            with pytest.raises(SalesopsError, match="has no specialist"):
                end_share(engine, names[thing], who, ends_on=day, **WHO)


@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(history=steps)
def test_random_histories_never_leave_a_gap_or_two_owners(store: Any, history: list[Any]) -> None:
    diary = Diary()
    names = {thing: f"{thing}-{uuid.uuid4()}" for thing in "abc"}
    for step in history:
        take(store, diary, names, step)
    wanted, known = diary.owners(), {thing for _, owners, _ in diary.said.values() for thing in owners}
    for at in range(-1, Diary.DAYS):
        rows = assignments_as_of(store, START + timedelta(days=at))
        for thing, name in names.items():
            mine = rows[rows["thing_id"] == name]
            owned = mine.loc[mine["role"] == "rep", "person_id"].tolist()
            assert owned == ([wanted[thing][at] if at >= 0 else VACANT] if thing in known else [])
            assert set(mine.loc[mine["role"] == "specialist", "person_id"]) == diary.sharing(thing, at)
    assert check_assignments(store) == []
    with store.begin() as connection:  # so that the next history starts from an empty store
        for table in (assignments, changes_log, replacements, approvals):
            connection.execute(table.delete())


def test_two_writers_at_once_leave_one_owner_a_day(store: Any) -> None:
    def write(n: int) -> int:
        return approve(store, {"a": f"p{n}", "b": f"p{n}"}, effective_on=START + timedelta(days=n % 3), **WHO)

    with ThreadPoolExecutor(4) as pool:
        numbers = list(pool.map(write, range(12)))
    assert len(set(numbers)) == 12
    assert check_assignments(store) == []


def test_a_role_has_one_owner_or_is_shared(memory: Memory) -> None:
    engine = memory()
    approve(engine, {"a": "ann"}, effective_on=START, **WHO)
    with pytest.raises(SalesopsError, match="one owner"):
        share(engine, "a", "bob", valid_from=START, role="rep", **WHO)
    with pytest.raises(SalesopsError, match="one owner"):
        share(engine, "unknown", "bob", valid_from=START, role="rep", **WHO)
    number = share(engine, "a", "sue", valid_from=START, **WHO)
    with pytest.raises(SalesopsError, match="is shared"):
        approve(engine, {"a": "bob"}, effective_on=START, role="specialist", **WHO)
    undo(engine, number, **WHO)
    assert assignments_as_of(engine, START)["person_id"].tolist() == ["ann"]


def test_an_undo_gives_back_what_was_planned_and_what_was_left_as_it_was(memory: Memory) -> None:
    engine = memory()
    first = approve(engine, {"a": "ann"}, effective_on=START, **WHO)
    approve(engine, {"a": "ann"}, effective_on=date(2024, 3, 1), **WHO)  # no change, and yet said
    approve(engine, {"a": "bob"}, effective_on=date(2024, 7, 1), **WHO)
    wipes = approve(engine, {"a": "cyd"}, effective_on=date(2024, 5, 1), replace_planned=True, **WHO)
    assert owner(engine, "a", date(2024, 8, 1)) == "cyd"
    again = undo(engine, wipes, **WHO)
    assert owner(engine, "a", date(2024, 8, 1)) == "bob"
    undo(engine, first, **WHO)
    assert owner(engine, "a", date(2024, 2, 1)) == VACANT
    assert owner(engine, "a", date(2024, 4, 1)) == "ann"
    undo(engine, again, **WHO)
    assert owner(engine, "a", date(2024, 8, 1)) == "cyd"
    given = approvals_given(engine)
    assert given["undoes"].dropna().tolist() == [again, first, wipes]
    assert given["changed"].tolist()[-1] == 1


def test_the_file_keeps_it(tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path / 'store.sqlite'}"
    first = open_store(address)
    approve(first, {"a": "ann"}, effective_on=START, **WHO)
    first.dispose()
    again = open_store(address)
    assert owner(again, "a", START) == "ann"
    again.dispose()
