"""Rows that a CRM's export carries and that are no deals: deleted, archived, merged away, tests, leads."""

from __future__ import annotations

import re
from dataclasses import replace

import duckdb

from salesops_nb.errors import Problem, problem
from salesops_nb.expression.syntax import columns_in, doubles_in, parse
from salesops_nb.messages import message
from salesops_nb.source.columns import parsing
from salesops_nb.source.columns.headers import plain
from salesops_nb.source.schema.mapping import FileMapping
from salesops_nb.source.schema.raw import Raw, literal, quoted

_GONE, _ARCHIVED, _TESTS = message("deleted"), message("archived"), message("tests")
# headers without their spaces and signs; the word says what a row with a yes in it is
_MARKS = {
    "isdeleted": _GONE, "deleted": _GONE, "isarchived": _ARCHIVED, "archived": _ARCHIVED,
    "ismerged": message("merged into another"), "istest": _TESTS, "testrecord": _TESTS,
    "istestrecord": _TESTS,
}  # fmt: skip
_ACTIVE = ("active", "isactive")
# columns of words, by the end of their header: what the word is of a row that is left out
_STATUSES: dict[str, tuple[str, tuple[str, ...]]] = {"archivestatus": (_ARCHIVED, ("archived", "archiviert"))}
_DELETED = ("deleted", "gelöscht")
_TYPES, _LEADS, _OPPORTUNITIES = ("type", "typ"), ("lead",), ("opportunity", "verkaufschance", "chance")
_MERGED = ("mergedrecordids", "hsmergedobjectids", "mergedobjectids")


def is_mark(header: str) -> bool:
    """Whether a column's name says that it marks rows which the CRM's users do not see."""
    plain_header = _plain(header)
    return plain_header in (*_MARKS, *_MERGED, *_ACTIVE, *_TYPES) or plain_header.endswith(tuple(_STATUSES))


def _plain(header: str) -> str:
    return re.sub(r"[^a-z]", "", header.casefold())


def without_deleted(
    connection: duckdb.DuckDBPyConnection, raw: Raw, file: FileMapping, key: str | None
) -> Raw:
    """The rows that are neither deleted, archived, merged away nor tests; what is left out is counted.

    `key` is the header of the file's own id, by which a row that was merged into another is known. A column
    that the mapping or its condition names is left to them, but for an outcome ``deleted`` that the mapping
    does not translate, and for Odoo's leads, which stand among its opportunities.
    """
    named = {*file.columns.values(), *file.if_present.values()}
    if file.deleted == "keep":
        return raw
    outcome, looked = plain(file.headers.get("outcome", "")), _looked_at(file)
    conditions: dict[str, tuple[str, str]] = {}
    for header, kind in raw.types.items():
        mark = _plain(header)
        if header.casefold() in looked:
            continue
        if leads := _leads(connection, raw, header, kind):
            conditions[header] = "a lead", leads
        if outcome and plain(header) == outcome and not _own_words(file) & set(_DELETED):
            conditions[header] = _GONE, _says(header, _DELETED)
        if header in named:
            continue
        for end, (word, words) in _STATUSES.items():
            if mark.endswith(end):
                conditions[header] = word, _says(header, words)
        if mark in _MARKS and (sql := _flag(connection, raw, header, kind)):
            conditions[header] = _MARKS[mark], sql
        elif mark in _MERGED and key in raw.types and kind == "VARCHAR":
            ids = f"SELECT trim(unnest(regexp_split_to_array({quoted(header)}, '[;,|]'))) FROM {raw.name}"
            own = parsing.trimmed(f"CAST({quoted(str(key))} AS VARCHAR)")
            conditions[header] = message("merged into another"), f"coalesce({own} IN ({ids}), false)"
    problems = []
    for header, (word, sql) in conditions.items():
        row = connection.execute(f"SELECT count(*) FROM {raw.name} WHERE {sql}").fetchone()
        if row and row[0]:
            problems.append(_note(raw, header, word, row[0]))
    if not problems:
        return raw
    view = f"raw.{quoted(f'{raw.label} (undeleted)')}"
    where = " OR ".join(f"({sql})" for _, sql in conditions.values())
    connection.execute(f"CREATE OR REPLACE VIEW {view} AS SELECT * FROM {raw.name} WHERE NOT ({where})")
    return replace(raw, name=view, problems=[*raw.problems, *problems])


def _looked_at(file: FileMapping) -> set[str]:
    """The columns, without capitals, that the mapping's own condition decides by."""
    if not file.where:
        return set()
    tree = parse(file.where)
    names = [column.name for column in columns_in(tree)] + [str(each.value) for each in doubles_in(tree)]
    return {name.casefold() for name in names}


def _own_words(file: FileMapping) -> set[str]:
    return {word.casefold() for word in file.values.get("outcome", {})}


def _says(header: str, words: tuple[str, ...]) -> str:
    """The SQL of one of the words in the column."""
    text = parsing.trimmed(f"CAST({quoted(header)} AS VARCHAR)")
    return f"coalesce(lower({text}) IN ({', '.join(map(literal, words))}), false)"


def _leads(connection: duckdb.DuckDBPyConnection, raw: Raw, header: str, kind: str) -> str | None:
    """The SQL of a lead in a column of no words but lead and opportunity; ``None`` for any other."""
    if _plain(header) not in _TYPES or kind != "VARCHAR":
        return None
    text = parsing.trimmed(quoted(header))
    both = ", ".join(map(literal, (*_LEADS, *_OPPORTUNITIES)))
    row = connection.execute(
        f"SELECT bool_and(coalesce(lower({text}) IN ({both}), false)), "
        f"bool_or({_says(header, _OPPORTUNITIES)}), bool_or({_says(header, _LEADS)}) FROM {raw.name}"
    ).fetchone()
    return _says(header, _LEADS) if row and all(row) else None


def _flag(connection: duckdb.DuckDBPyConnection, raw: Raw, header: str, kind: str) -> str | None:
    """The SQL of a yes in the column; ``None`` where a cell of it is neither yes nor no."""
    if kind == "BOOLEAN":
        return f"coalesce({quoted(header)}, false)"
    text = parsing.trimmed(f"CAST({quoted(header)} AS VARCHAR)")
    flag = parsing.flag(text)
    other = connection.execute(
        f"SELECT count(*) FROM {raw.name} WHERE {text} IS NOT NULL AND ({flag}) IS NULL"
    ).fetchone()
    return None if other and other[0] else f"coalesce({flag}, false)"


def _note(raw: Raw, header: str, word: str, count: int) -> Problem:
    return problem("deleted-rows", file=raw.file, column=header, value=count, n=count, word=word)


def inactive(connection: duckdb.DuckDBPyConnection, raw: Raw, file: FileMapping, table: str) -> list[Problem]:
    """A warning of deals that are not active where the mapping does not look at it: Odoo's lost ones."""
    looked = " ".join([*file.headers.values(), *file.computed.values(), file.where or ""]).casefold()
    found = []
    for header, kind in raw.types.items():
        if table != "deals" or _plain(header) not in _ACTIVE or header.casefold() in looked:
            continue
        active = _flag(connection, raw, header, kind)
        if active is None:
            continue
        there = f"{quoted(header)} IS NOT NULL AND CAST({quoted(header)} AS VARCHAR) <> ''"
        where = f"{there} AND NOT {active}"
        row = connection.execute(f"SELECT count(*) FROM {raw.name} WHERE {where}").fetchone()
        if row and row[0]:
            found.append(problem("inactive-deals", table="deals", file=raw.file, column=header, n=row[0]))
    return found
