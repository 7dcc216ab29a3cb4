"""One person's name in several spellings: other capitals, no-break or doubled spaces, composed accents.

Only names: a value with a digit is an id, and ids may differ by a capital alone.
"""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict

import duckdb

from salesops_nb.errors import Problem, problem
from salesops_nb.messages import listed
from salesops_nb.source.columns.casting import Typed
from salesops_nb.source.schema.contracts import Contract
from salesops_nb.source.schema.raw import literal, put_over, quoted

_OWNERS = {"deals": "owner_id", "activities": "person_id"}


def one_spelling(
    connection: duckdb.DuckDBPyConnection, typed: Typed, contract: Contract, people: bool
) -> list[Problem]:
    """Let every owner's name be spelt as in people, else as in most rows, and say what was respelt."""
    column = _OWNERS.get(contract.name)
    if column is None or column not in typed.columns:
        return []
    relation, name = f"work.{quoted(contract.name)}", quoted(column)
    counted = connection.execute(
        f"SELECT {name}, count(*) FROM {relation} WHERE {name} IS NOT NULL GROUP BY 1"
    ).fetchall()
    known = set()
    if people:
        rows = connection.execute("SELECT DISTINCT person_id FROM typed.people WHERE person_id IS NOT NULL")
        known = {row[0] for row in rows.fetchall()}
    meant = respelt(dict(counted), known)
    if not meant:
        return []
    cases = " ".join(f"WHEN {literal(old)} THEN {literal(new)}" for old, new in meant.items())
    spelt = f"* REPLACE (CASE {name} {cases} ELSE {name} END AS {name})"
    put_over(connection, contract.name, "names as written", spelt)
    rows_so = sum(count for value, count in counted if value in meant)
    shown = listed([f"{old!r} as {new!r}" for old, new in meant.items()], 5)
    return [
        problem(
            "spelling",
            table=contract.name,
            file=typed.raw.file,
            column=typed.headers.get(column, column),
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
    """
    alike: dict[str, Counter[str]] = defaultdict(Counter)
    for value, count in counted.items():
        if not any(letter.isdigit() for letter in value):
            alike[_plain(value)][value] += count
    standing: dict[str, set[str]] = defaultdict(set)
    for value in known:
        standing[_plain(value)].add(value)
    found: dict[str, str] = {}
    for plain, spellings in alike.items():
        right = standing.get(plain, set())
        if len(right) > 1:  # people of their own, whose names differ by that
            continue
        target = next(iter(right), None) or max(spellings, key=lambda each: (spellings[each], each))
        found |= {each: target for each in sorted(spellings) if each != target}
    return found


def _plain(name: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", name).split()).casefold()
