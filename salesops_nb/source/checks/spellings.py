"""One person's name in several spellings: other capitals, no-break or doubled spaces, composed accents.

Only names: a value with a digit is an id, and ids may differ by a capital alone.
"""

from __future__ import annotations

from collections import Counter, defaultdict

import duckdb

from salesops_nb.core.names import plain_name
from salesops_nb.errors import Problem, problem
from salesops_nb.messages import listed
from salesops_nb.source.columns.casting import Typed
from salesops_nb.source.schema.contracts import Contract
from salesops_nb.source.schema.raw import literal, put_over, quoted

# columns that name people, beside those that point to them, where a row of its own level does
_WHO = {"targets": ("who", "level = 'rep'"), "people": ("manager_id", "true")}


def one_spelling(
    connection: duckdb.DuckDBPyConnection, typed: Typed, contract: Contract, people: bool
) -> list[Problem]:
    """Let every person's name be spelt as in people, else as in most rows, and say what was respelt."""
    columns = {c.name: "true" for c in contract.columns if c.refers_to == "people"}
    if contract.name in _WHO and people:
        name, where = _WHO[contract.name]
        columns[name] = where if "level" in typed.columns or contract.name == "people" else "true"
    known = set()
    if people:
        rows = connection.execute("SELECT DISTINCT person_id FROM typed.people WHERE person_id IS NOT NULL")
        known = {row[0] for row in rows.fetchall()}
    notes = []
    for column, where in columns.items():
        if column in typed.columns:
            counted = _counted(connection, contract, column, where)
            meant = respelt(counted, known)
            notes += _written_as(connection, typed, contract, column, counted, meant, where)
    return notes


def stages_as_mapped(
    connection: duckdb.DuckDBPyConnection, typed: Typed, contract: Contract, stages: list[str]
) -> list[Problem]:
    """Let every stage be spelt as the mapping's stages are, without regard to capitals and spaces."""
    if not stages or "stage" not in typed.columns:
        return []
    counted = _counted(connection, contract, "stage", "true")
    plain: dict[str, list[str]] = defaultdict(list)
    for stage in stages:
        plain[plain_name(stage)].append(stage)
    one = {key: each[0] for key, each in plain.items() if len(each) == 1}
    meant = {v: one[plain_name(v)] for v in sorted(counted) if v not in stages and plain_name(v) in one}
    return _written_as(connection, typed, contract, "stage", counted, meant, "true")


def _counted(
    connection: duckdb.DuckDBPyConnection, contract: Contract, column: str, where: str
) -> dict[str, int]:
    name = quoted(column)
    rows = connection.execute(
        f"SELECT {name}, count(*) FROM work.{quoted(contract.name)} "
        f"WHERE {name} IS NOT NULL AND {where} GROUP BY 1"
    )
    return dict(rows.fetchall())


def _written_as(
    connection: duckdb.DuckDBPyConnection,
    typed: Typed,
    contract: Contract,
    column: str,
    counted: dict[str, int],
    meant: dict[str, str],
    where: str,
) -> list[Problem]:
    """Put the values that are meant in place of those that are written, and say so."""
    if not meant:
        return []
    name = quoted(column)
    cases = " ".join(f"WHEN {literal(old)} THEN {literal(new)}" for old, new in meant.items())
    spelt = (
        f"* REPLACE (CASE WHEN {where} THEN CASE {name} {cases} ELSE {name} END ELSE {name} END AS {name})"
    )
    put_over(connection, contract.name, f"{column} as written", spelt)
    rows_so = sum(counted[value] for value in meant)
    shown = listed([f"{old!r} as {new!r}" for old, new in meant.items()], 5)
    return [
        problem(
            "spelling.stage" if column == "stage" else "spelling",
            table=contract.name,
            file=typed.raw.file,
            column=typed.headers.get(column, typed.joined.get(column, column)),
            value=next(iter(meant)),
            n=rows_so,
            shown=shown,
            name=column,
        )
    ]


def respelt(counted: dict[str, int], known: set[str]) -> dict[str, str]:
    """Each name that is written in another way than its person's, with the way it is meant.

    Examples
    --------
    >>> from salesops_nb.source.checks.spellings import respelt
    >>> respelt({"Ana Pop": 5, "ANA POP": 1, "a1": 2, "A1": 2}, set())
    {'ANA POP': 'Ana Pop'}
    >>> respelt({"ana pop": 5}, {"Ana Pop"})
    {'ana pop': 'Ana Pop'}
    >>> respelt({"ANA POP": 1, "Ana Pop": 1, "ana pop": 1}, set())
    {'ANA POP': 'Ana Pop', 'ana pop': 'Ana Pop'}
    """
    alike: dict[str, Counter[str]] = defaultdict(Counter)
    for value, count in counted.items():
        if not any(letter.isdigit() for letter in value):
            alike[plain_name(value)][value] += count
    standing: dict[str, set[str]] = defaultdict(set)
    for value in known:
        standing[plain_name(value)].add(value)
    found: dict[str, str] = {}
    for plain, spellings in alike.items():
        right = standing.get(plain, set())
        if len(right) > 1:  # people of their own, whose names differ by that
            continue
        target = next(iter(right), None) or max(spellings, key=lambda e: (spellings[e], *_as_names_are(e)))
        found |= {each: target for each in sorted(spellings) if each != target}
    return found


def _as_names_are(spelling: str) -> tuple[bool, bool, str]:
    """What makes one of two spellings that are as frequent the better: single plain spaces, then capitals."""
    plain = spelling == " ".join(spelling.split())
    return plain, spelling not in (spelling.lower(), spelling.upper()), spelling
