"""People: dated rows that must not overlap, and a line of managers that must not run in a circle."""

from __future__ import annotations

import duckdb

from salesops_nb.errors import Problem, problem
from salesops_nb.messages import listed
from salesops_nb.source.checks.rejects import kept, reason
from salesops_nb.source.checks.rules import ALL
from salesops_nb.source.columns.casting import Typed
from salesops_nb.source.schema.raw import literal


def check_people(connection: duckdb.DuckDBPyConnection, typed: Typed, relation: str) -> list[Problem]:
    """Dated rows of a person must not overlap or end before they begin; nobody manages their manager."""
    columns = set(typed.columns)
    if {"valid_from", "valid_to"} <= columns:
        _check_intervals(connection, typed, relation)
    return _cycles(connection, typed, relation) if "manager_id" in columns else []


def _check_intervals(connection: duckdb.DuckDBPyConnection, typed: Typed, relation: str) -> None:
    header = literal(typed.headers.get("valid_from", "valid_from"))
    begins = "coalesce(valid_from, DATE '0001-01-01')"
    found = f"""
        SELECT _row, person_id, valid_from, valid_to, max(coalesce(valid_to, DATE '9999-12-31')) OVER (
            PARTITION BY person_id ORDER BY {begins}, _row
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
        FROM {relation} WHERE person_id IS NOT NULL
            AND _row NOT IN (SELECT row FROM spoiled WHERE "table" = 'people' AND "column" = '*')
    """
    rules = (
        ("backward-period", "valid_to <= valid_from", "valid_from"),
        (
            "overlapping-people",
            f"before > {begins} AND NOT coalesce(valid_to <= valid_from, false)",
            "coalesce(CAST(valid_from AS VARCHAR), 'no date')",
        ),
    )
    for key, where, begin in rules:
        places = {"person": "person_id", "first": begin, "last": "valid_to"}
        connection.execute(
            f"""
            INSERT INTO rejects SELECT 'error', '{key}', 'people', {literal(typed.raw.file)}, _row, {header},
                CAST(valid_from AS VARCHAR), {reason(key, **places)}, {literal(ALL)}, NULL,
                {kept(key, **places)}
            FROM ({found}) WHERE {where}
            """
        )
    connection.execute(
        "INSERT INTO spoiled SELECT 'people', '*', row FROM rejects "
        "WHERE code IN ('backward-period', 'overlapping-people')"
    )


def _cycles(connection: duckdb.DuckDBPyConnection, typed: Typed, relation: str) -> list[Problem]:
    dated = "valid_to" in typed.columns
    rows = connection.execute(
        f"SELECT person_id, manager_id, _row FROM {relation} WHERE manager_id IS NOT NULL"
        f"{' AND valid_to IS NULL' if dated else ''} ORDER BY _row"
    ).fetchall()
    manager = {person: (boss, row) for person, boss, row in rows}
    seen: set[str] = set()
    problems = []
    for start in manager:
        path: list[str] = []
        person = start
        while person in manager and person not in seen:
            seen.add(person)
            path.append(person)
            person = manager[person][0]
        if person in path:
            circle = [*path[path.index(person) :], person]
            problems.append(
                problem(
                    "manager-cycle",
                    table="people",
                    file=typed.raw.file,
                    row=manager[person][1],
                    column=typed.headers.get("manager_id", "manager_id"),
                    value=person,
                    circle=listed(circle),
                )
            )
    return problems
