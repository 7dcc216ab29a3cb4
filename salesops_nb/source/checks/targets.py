"""Targets: each row's period must be one of the calendar, and whoever it is for must be known."""

from __future__ import annotations

import re

import duckdb

from salesops_nb.errors import SalesopsError
from salesops_nb.source.checks.rules import ALL
from salesops_nb.source.columns.casting import Typed
from salesops_nb.source.schema.raw import literal
from salesops_nb.workbook import Settings

_TOTALS = ("total", "grand total", "totals", "sum", "all", "gesamt", "summe", "subtotal")
_PEOPLE = {"rep": "person_id", "team": "team", "region": "region"}


def check_targets(
    connection: duckdb.DuckDBPyConnection, typed: Typed, relation: str, settings: Settings, people: bool
) -> None:
    """Set aside the rows of a period that cannot be read, of a total, and of nobody known."""
    if "period" in typed.columns:
        rows = connection.execute(f"SELECT DISTINCT period FROM {relation} WHERE period IS NOT NULL")
        bad = {text: _fix(text, settings) for (text,) in rows.fetchall() if not _readable(text, settings)}
        for text, fix in bad.items():
            where = f"period = {literal(text)}"
            message = f"'{text}' is not a period of the workbook's calendar; the target is left out."
            what = "unreadable-period", "period", text
            _set_aside(connection, typed, relation, where, what, message, fix)
    if not {"who", "level"} <= set(typed.columns):
        return
    total = f"lower(trim(who)) IN ({', '.join(map(literal, _TOTALS))}) AND level <> 'company'"
    for (text,) in connection.execute(f"SELECT DISTINCT who FROM {relation} WHERE {total}").fetchall():
        _set_aside(
            connection, typed, relation, f"{total} AND who = {literal(text)}", ("total-row", "who", text),
            f"'{text}' is a total and nobody's target; the row is left out.", "Remove the row.",
        )  # fmt: skip
    if people:
        _check_who(connection, typed, relation, total)


def _check_who(connection: duckdb.DuckDBPyConnection, typed: Typed, relation: str, total: str) -> None:
    from rapidfuzz import process

    columns = {row[0] for row in connection.execute("DESCRIBE work.people").fetchall()}
    for level, column in _PEOPLE.items():
        if column not in columns:
            continue
        known = f"SELECT {column} FROM work.people WHERE {column} IS NOT NULL"
        unknown = connection.execute(
            f"SELECT DISTINCT who FROM {relation} WHERE level = {literal(level)} AND NOT ({total}) "
            f"AND who NOT IN ({known}) ORDER BY who"
        ).fetchall()
        names = [row[0] for row in connection.execute(f"{known} GROUP BY ALL").fetchall()]
        for (text,) in unknown:
            close = process.extractOne(text, names, score_cutoff=82)
            fix = f"If {close[0]!r} is meant, correct it" if close else "Add it to people"
            _set_aside(
                connection, typed, relation, f"level = {literal(level)} AND who = {literal(text)}",
                ("unknown-target", "who", text),
                f"The {level} '{text}' is not in people; the target is left out.",
                f"{fix}, or declare an alias under 'values: who' in the mapping.",
            )  # fmt: skip


def _set_aside(
    connection: duckdb.DuckDBPyConnection,
    typed: Typed,
    relation: str,
    where: str,
    what: tuple[str, str, str],
    message: str,
    fix: str,
) -> None:
    code, column, value = what
    amount = "value" if "value" in typed.columns else "NULL"
    header = typed.headers.get(column, column)
    connection.execute(
        f"""
        INSERT INTO rejects SELECT 'error', {literal(code)}, 'targets', {literal(typed.raw.file)}, _row,
            {literal(header)}, {literal(value)}, {literal(message)}, {literal(fix)}, {literal(ALL)}, {amount}
        FROM {relation} WHERE {where}
        """
    )
    connection.execute(f"INSERT INTO spoiled SELECT 'targets', '*', _row FROM {relation} WHERE {where}")


def _readable(text: str, settings: Settings) -> bool:
    try:
        settings.calendar.period(text)
    except SalesopsError:
        return False
    return True


def _fix(text: str, settings: Settings) -> str:
    """The period that is likely meant, where there is one."""
    day = re.match(r"(\d{4})-(\d\d)-01(?:[T ]00:00.*)?$", text)
    parts = re.fullmatch(r"(\d{4})\D{0,3}[Qq]\D?([1-4])", text.strip()) or None
    turned = re.fullmatch(r"[Qq]\D?([1-4])\D{0,3}(\d{4})", text.strip())
    month = re.fullmatch(r"(\d{1,2})[/.-](\d{4})", text.strip())
    meant = (
        f"{day[1]}-{day[2]}" if day
        else f"{parts[1]}-Q{parts[2]}" if parts
        else f"{turned[2]}-Q{turned[1]}" if turned
        else f"{month[2]}-{int(month[1]):02d}" if month
        else ""
    )  # fmt: skip
    if meant and _readable(meant, settings):
        also = ", or the quarter or year that begins then" if day else ""
        return f"Write {meant}{also}; or declare it under 'values: period' in the mapping."
    return "Write a month, quarter or year such as 2017-04, 2017-Q2 or 2017."
