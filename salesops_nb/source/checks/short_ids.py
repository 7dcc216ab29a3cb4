"""Salesforce ids of 15 and of 18 letters: the same record, written by a report and by the API.

The last three letters of the long form say which of the first fifteen are capitals
(https://help.salesforce.com, "What are 15 and 18 character ids"), so that either can be had from the other.
"""

from __future__ import annotations

import re

import duckdb

from salesops_nb.errors import Problem, problem
from salesops_nb.source.columns.casting import Typed
from salesops_nb.source.schema.contracts import CONTRACTS, Column, Contract
from salesops_nb.source.schema.raw import put_over, quoted

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_WRITTEN = "[0-9A-Za-z]{15}([A-Z0-5]{3})?"


def as_the_other_table_writes(
    connection: duckdb.DuckDBPyConnection, typed: Typed, contract: Contract, tables: list[str]
) -> list[Problem]:
    """Let each id that points to another table be as long as it is there; a note for every column."""
    notes, replaced = [], []
    relation = f"work.{quoted(contract.name)}"
    for column in _so_long(connection, relation, typed, contract, tables):
        target = column.refers_to
        name, key = quoted(column.name), quoted(CONTRACTS[str(target)].key[0])
        keys = f"SELECT {key} FROM typed.{quoted(str(target))}"
        other = (
            f"CASE WHEN length({name}) = 15 THEN {long_id(name)} "
            f"WHEN length({name}) = 18 AND {long_id(f'left({name}, 15)')} = {name} THEN left({name}, 15) END"
        )
        meant = f"{name} NOT IN ({keys} WHERE {key} IS NOT NULL) AND {other} IN ({keys})"
        row = connection.execute(
            f"SELECT count(*), any_value({name}) FROM {relation} WHERE {meant}"
        ).fetchone()
        if row and row[0]:
            replaced.append(f"CASE WHEN {meant} THEN {other} ELSE {name} END AS {name}")
            notes.append(_note(typed, contract, column.name, row[0], row[1], str(target)))
    if replaced:
        put_over(connection, contract.name, "ids as written", f"* REPLACE ({', '.join(replaced)})")
    return notes


def _so_long(
    connection: duckdb.DuckDBPyConnection, relation: str, typed: Typed, contract: Contract, tables: list[str]
) -> list[Column]:
    """The columns that point to another table and have a value that such an id could be."""
    pointing = [
        c
        for c in contract.columns
        if c.refers_to in tables and c.refers_to != contract.name and c.name in typed.columns
    ]
    if not pointing:
        return []
    found = ", ".join(
        f"coalesce(bool_or(regexp_full_match({quoted(c.name)}, '{_WRITTEN}')), false)" for c in pointing
    )
    row = connection.execute(f"SELECT {found} FROM {relation}").fetchone() or ()
    return [column for column, so in zip(pointing, row, strict=True) if so]


def long_id(text: str) -> str:
    """The SQL of the 18 letters of an id of 15."""
    ends = []
    for start in (1, 6, 11):
        capitals = " + ".join(
            f"CASE WHEN substr({text}, {start + i}, 1) BETWEEN 'A' AND 'Z' THEN {2**i} ELSE 0 END"
            for i in range(5)
        )
        ends.append(f"substr('{_LETTERS}', 1 + {capitals}, 1)")
    return f"({text} || {' || '.join(ends)})"


def other_length(text: str) -> str | None:
    """The same record's id with 18 letters for 15 and with 15 for 18; ``None`` where it is no such id.

    Examples
    --------
    >>> from salesops_nb.source.checks.short_ids import other_length
    >>> other_length("005bm00000NCJmQ"), other_length("005bm00000NCJmQAAX"), other_length("Ana Pop")
    ('005bm00000NCJmQAAX', '005bm00000NCJmQ', None)
    """
    if not re.fullmatch(_WRITTEN, text):
        return None
    short = text[:15]
    parts = (short[start : start + 5] for start in (0, 5, 10))
    ends = (_LETTERS[sum(2**i for i, sign in enumerate(part) if sign.isupper())] for part in parts)
    long = short + "".join(ends)
    return long if text == short else short if text == long else None


def _note(typed: Typed, contract: Contract, column: str, count: int, example: str, target: str) -> Problem:
    return problem(
        "id-length.to-18" if len(example) == 15 else "id-length.to-15",
        table=contract.name,
        file=typed.raw.file,
        column=typed.headers.get(column, column),
        value=example,
        n=count,
        letters=len(example),
        target=target,
    )
