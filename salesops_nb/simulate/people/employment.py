"""Who left and why, who changed team before the data begin, and who was on leave."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from salesops_nb.simulate.crm import DAY, NOT_A_DAY, Array, Crm, stream

Columns = dict[str, Any]
REASONS = ("voluntary", "involuntary", "transfer")  # a transfer leaves sales for another department
TRANSFERRED_OUT, DISMISSED = 2, 4  # of all who left; the others went by themselves
MOVED = 2  # former agents who changed team
LONG = (("parental", 150, 200), ("illness", 40, 80), ("parental", 150, 200))  # kind, fewest and most days
LONG_FROM, LONG_SPAN = np.datetime64("2014-06-02"), 600
ILL, LONGEST = 6, 10  # agents who were ill in the data, and working days at most


def moves(more: Columns, seed: int) -> dict[str, tuple[str, np.datetime64]]:
    """The team that a former agent came from and the first day in the later one, by person.

    They are those who stayed longest, so that both times are long enough to be seen.
    """
    rng = stream(seed, "moves")
    former = [i for i, role in enumerate(more["role"]) if role == "rep"]
    stayed = {i: int((more["left_on"][i] - more["hired_on"][i]).astype(int)) for i in former}
    found = {}
    for i in sorted(sorted(former, key=lambda i: -stayed[i])[:MOVED]):
        others = sorted(set(more["team"]) - {more["team"][i]})
        middle = more["hired_on"][i] + stayed[i] // 2 * DAY
        quarter = middle.astype("datetime64[M]").astype(int) // 3 * 3
        day = np.datetime64(int(quarter), "M").astype("datetime64[D]")
        found[str(more["person_id"][i])] = (str(rng.choice(others)), day)
    return found


def people_rows(more: Columns, moved: dict[str, tuple[str, np.datetime64]]) -> Columns:
    """The former agents in the columns of `people.csv`; who changed team has two dated rows."""
    region = dict(zip(more["team"], more["region"], strict=True))
    rows: list[tuple[Any, ...]] = []
    for person, role, team in zip(more["person_id"], more["role"], more["team"], strict=True):
        if role != "rep":
            continue
        before = moved.get(person)
        if before is not None:
            rows.append((person, role, before[0], before[0], region[before[0]], NOT_A_DAY, before[1]))
        rows.append((person, role, team, team, region[team], before[1] if before else NOT_A_DAY, NOT_A_DAY))
    names = ("person_id", "role", "manager_id", "team", "region")
    columns: Columns = {name: [row[i] for row in rows] for i, name in enumerate(names)}
    for i, name in ((5, "valid_from"), (6, "valid_to")):
        columns[name] = np.array([row[i] for row in rows], "datetime64[D]")
    return columns


def people_dates(dates: Columns, more: Columns, seed: int) -> Columns:
    """The agents' rows, those of the managers and former agents after them, and why each one left.

    Where managers and former agents live is not given.
    """

    def both(name: str) -> Any:
        if name not in more:
            return [*(float(value) for value in dates[name]), *[None] * len(more["role"])]
        return np.concatenate([dates[name], np.asarray(more[name])])

    columns = {name: both(name) for name in dates}
    gone = np.flatnonzero(~np.isnat(columns["left_on"]))
    kinds = [REASONS[2]] * TRANSFERRED_OUT + [REASONS[1]] * DISMISSED
    kinds += [REASONS[0]] * (len(gone) - len(kinds))
    drawn = stream(seed, "reasons").permutation(np.array(kinds))
    why = dict(zip(gone.tolist(), drawn.tolist(), strict=True))
    place = list(columns).index("left_on") + 1
    ordered = list(columns.items())
    ordered.insert(place, ("leave_reason", [why.get(i) for i in range(len(columns["person_id"]))]))
    return dict(ordered)


def leave(crm: Crm, dates: Columns, seed: int) -> Columns:
    """Long leave before the data begin, illness of some agents in the data, one leave still open.

    Holidays are none: everybody has them. Illness lies where the export has the agent neither engage nor
    close a deal for longest; the open one begins after the last such day of the agent who had it first.
    """
    rng = stream(seed, "leave")
    rows: list[tuple[str, np.datetime64, np.datetime64, str]] = []
    early = [p for p, h in zip(dates["person_id"], dates["hired_on"], strict=True) if h < LONG_FROM]
    active = sorted(set(crm.deals["agent"].astype(str)))
    who = rng.choice(sorted(set(map(str, early)) & set(active)), len(LONG), replace=False)
    for person, (kind, fewest, most) in zip(who, LONG, strict=True):
        begins = np.busday_offset(LONG_FROM + int(rng.integers(0, LONG_SPAN)) * DAY, 0, roll="forward")
        rows.append((str(person), begins, begins + int(rng.integers(fewest, most)) * DAY, kind))
    last = {person: _seen(crm, person)[-1] for person in active}
    absent = min(active, key=lambda person: (last[person], person))
    longest = {person: int(np.diff(_seen(crm, person)).max().astype(int)) for person in active}
    for person in sorted(active, key=lambda person: (-longest[person], person))[:ILL]:
        seen = _seen(crm, person)
        begin = seen[int(np.diff(seen).argmax())] + DAY
        first = np.busday_offset(begin, 0, roll="forward")
        until = min(np.busday_offset(first, LONGEST, roll="forward"), begin + (longest[person] - 1) * DAY)
        rows.append((person, first, until, "illness"))
    rows.append((absent, np.busday_offset(last[absent] + DAY, 0, roll="forward"), NOT_A_DAY, "illness"))
    rows.sort(key=lambda row: (row[1], row[0]))
    return {
        "person_id": [row[0] for row in rows],
        "from": np.array([row[1] for row in rows], "datetime64[D]"),
        "to": np.array([row[2] for row in rows], "datetime64[D]"),
        "kind": [row[3] for row in rows],
    }


def _seen(crm: Crm, person: str) -> Array:
    """The days on which the export has an agent engage or close a deal, in order."""
    mine = crm.deals["agent"] == person
    days = np.concatenate([crm.deals["engaged"][mine], crm.deals["closed"][mine]])
    return np.unique(days[~np.isnat(days)])


def away(leaves: Columns, person: str, start: np.datetime64, end: np.datetime64) -> float:
    """Share of the days from start to end on which a person is on leave."""
    days = 0
    for who, first, last in zip(leaves["person_id"], leaves["from"], leaves["to"], strict=True):
        if who == person:
            stop = end if np.isnat(last) else min(end, last)
            days += max(0, int((stop - max(start, first)).astype(int)))
    return days / int((end - start).astype(int))


def at_work(rows: Columns, leaves: Columns, at: str) -> Columns:
    """The rows without those of people on leave on the day of column `at`."""
    day = rows[at].astype("datetime64[D]")
    there = np.ones(len(day), dtype=bool)
    for who, inside in _on_leave(leaves, day):
        there &= ~((np.asarray(rows["person_id"]) == who) & inside)
    return {name: np.asarray(values)[there] for name, values in rows.items()}


def stood_in(table: pa.Table, at: str, leaves: Columns, manager: dict[str, str]) -> pa.Table:
    """The table whose `by` is the manager where the person was on leave on the day of column `at`."""
    by = table["by"].combine_chunks()
    place = {name: i for i, name in enumerate(by.dictionary.to_pylist())}
    code = by.indices.to_numpy().copy()
    for who, inside in _on_leave(leaves, table[at].to_numpy().astype("datetime64[D]")):
        if who in place:
            code[(code == place[who]) & inside] = place[manager[who]]
    changed = pa.DictionaryArray.from_arrays(pa.array(code), by.dictionary)
    column = table.schema.get_field_index("by")
    return table.set_column(column, table.schema.field(column), changed)


def _on_leave(leaves: Columns, day: Array) -> Iterator[tuple[str, Array]]:
    """Each person on leave, and which of the days lie within it."""
    for who, first, last in zip(leaves["person_id"], leaves["from"], leaves["to"], strict=True):
        yield str(who), (day >= first) & (np.isnat(last) | (day < last))
