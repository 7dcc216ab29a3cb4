"""Calls as people give them: checked, from a command or a spreadsheet; faulty rows are set aside and said."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from salesops_nb.core.frames import Tables
from salesops_nb.core.names import id_of, names_of, nearest
from salesops_nb.core.periods import FiscalCalendar
from salesops_nb.core.periods.forms import resolve_period
from salesops_nb.errors import Problem, SalesopsError, problem
from salesops_nb.source.files.excel import read_excel
from salesops_nb.source.schema.mapping import FileMapping
from salesops_nb.store.forecast_calls import Call

COLUMNS = ("by", "period", "commit", "best_case", "reason", "made_on")
_NEEDED = COLUMNS[:-1]
_AMOUNT = re.compile(r"\d{1,13}(?:\.\d{1,4})?")


def checked_call(
    given: Mapping[str, str], tables: Mapping[str, Any], calendar: FiscalCalendar, today: date
) -> Call:
    """The call that these words are.

    Parameters
    ----------
    given : ``by`` (a name or id), ``period``, ``commit``, ``best_case``, ``reason``, and ``made_on`` where it
        was another day than `today`.
    tables : with ``people``.

    Raises
    ------
    SalesopsError
        with everything that is wrong, each with its column.
    """
    found: list[Problem] = []
    words = {name: str(given.get(name) or "").strip() for name in COLUMNS}
    for name in _NEEDED:
        if not words[name]:
            found.append(problem("bad-call.empty", column=name))
    person = _person(words["by"], tables, found)
    made_on = _day(words["made_on"], found) or today
    commit, best = (_amount(name, words[name], found) for name in ("commit", "best_case"))
    key = _period(words["period"], calendar, made_on, found)
    if commit is not None and best is not None and best < commit:
        found.append(problem("bad-call.best-case", column="best_case", value=best, commit=commit))
    if found or person is None or key is None or commit is None or best is None:
        raise SalesopsError(found)
    return Call(person, key, made_on, commit, best, words["reason"])


def calls_from(
    path: Path, tables: Mapping[str, Any], calendar: FiscalCalendar, today: date
) -> tuple[list[Call], list[Problem]]:
    """The calls of a spreadsheet, and what is wrong with the rows set aside, with file, row and column.

    Its columns are ``by, period, commit, best_case, reason`` and, where wanted, ``made_on``. Raises
    `SalesopsError` where the file cannot be read or lacks one of the columns.
    """
    connection = duckdb.connect()
    try:
        connection.execute("CREATE SCHEMA raw")
        raw = read_excel(
            connection, path, FileMapping(file=path.name), "calls", "calls", path.name, [*COLUMNS]
        )
        heads = {_plain(head): head for head in raw.types}
        missing = [name for name in _NEEDED if name not in heads]
        if missing:
            raise SalesopsError(problem("bad-call.columns", file=raw.file, missing=", ".join(missing)))
        rows = connection.table(raw.name).to_arrow_table().to_pylist()
    finally:
        connection.close()
    calls: dict[tuple[str, str, date], tuple[Call, int]] = {}
    found: list[Problem] = []
    for row in rows:
        number = int(row["_row"])
        given = {name: row[heads[name]] or "" for name in COLUMNS if name in heads}
        try:
            call = checked_call(given, tables, calendar, today)
        except SalesopsError as error:
            found += [replace(each, file=raw.file, row=number) for each in error.problems]
            continue
        if call.key in calls and calls[call.key][0] != call:
            first = calls[call.key][1]
            found.append(problem("bad-call.twice", file=raw.file, row=number, column="by", first=first))
            continue
        calls.setdefault(call.key, (call, number))
    return [call for call, _ in calls.values()], found


def _plain(head: str) -> str:
    return "_".join(head.strip().casefold().replace("-", " ").split())


def _person(name: str, tables: Mapping[str, Any], found: list[Problem]) -> str | None:
    if not name:
        return None
    tables = Tables.of(tables)
    try:
        person = id_of(tables, "people", name)
    except SalesopsError as error:
        found += error.problems
        return None
    if person is None:
        close = ", ".join(nearest(name, names_of(tables, "people").values()))
        found.append(problem("bad-call.person", column="by", value=name, names=close))
    return person


def _day(text: str, found: list[Problem]) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        found.append(problem("bad-call.day", column="made_on", value=text))
        return None


def _amount(name: str, text: str, found: list[Problem]) -> Decimal | None:
    if not text:
        return None
    if not _AMOUNT.fullmatch(text):
        found.append(problem("bad-call.amount", column=name, value=text))
        return None
    return Decimal(text)


def _period(text: str, calendar: FiscalCalendar, made_on: date, found: list[Problem]) -> str | None:
    if not text:
        return None
    try:
        period = resolve_period(text, calendar, made_on)
    except SalesopsError as error:
        found += error.problems
        return None
    if made_on > period.last:
        found.append(problem("bad-call.over", column="period", value=text, last=period.last, made_on=made_on))
    return period.key
