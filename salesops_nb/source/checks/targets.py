"""Targets: each row's period must be one of the calendar, and whoever it is for must be known."""

from __future__ import annotations

import re
from collections.abc import Collection

import duckdb

from salesops_nb.errors import Problem, SalesopsError, problem
from salesops_nb.messages import listed
from salesops_nb.source.checks.rules import ALL, Rule
from salesops_nb.source.columns.casting import Typed
from salesops_nb.source.columns.period_names import FIRST_DAY, keys_of, period_of
from salesops_nb.source.schema.raw import literal, put_over
from salesops_nb.workbook import Settings

_TOTALS = ("total", "grand total", "totals", "sum", "all", "gesamt", "summe", "subtotal")
_SET = '"targets (set)"'
_PEOPLE = {"rep": "person_id", "team": "team", "region": "region"}


def periods_as_keys(connection: duckdb.DuckDBPyConnection, typed: Typed, settings: Settings) -> list[Problem]:
    """Let every period that can only mean one be written as its key, and say which were."""
    if "period" not in typed.columns:
        return []
    rows = connection.execute(
        "SELECT period, count(*) FROM work.targets WHERE period IS NOT NULL GROUP BY 1 ORDER BY 1"
    )
    counted: dict[str, int] = dict(rows.fetchall())
    header = typed.headers.get("period", "period")
    meant = keys_of(header, counted, settings.calendar)
    if not meant:
        return []
    cases = " ".join(f"WHEN {literal(old)} THEN {literal(new)}" for old, new in meant.items())
    columns = f"* REPLACE (CASE period {cases} ELSE period END AS period)"
    put_over(connection, "targets", "periods as written", columns)
    shown = listed([f"{old!r} as {new}" for old, new in meant.items()], 5)
    n = sum(counted[text] for text in meant)
    return [
        problem(
            "period-read", table="targets", file=typed.raw.file, column=header, value=next(iter(meant)),
            n=n, shown=shown,
        )
    ]  # fmt: skip


def target_rules(
    connection: duckdb.DuckDBPyConnection, typed: Typed, relation: str, settings: Settings, people: bool
) -> list[Rule]:
    """The rules that set aside rows of a period that cannot be read, of a total, and of nobody known."""
    rules = []
    if "period" in typed.columns:
        for text in _distinct(connection, relation, "period", "period IS NOT NULL"):
            if not _readable(text, settings):
                key, meant = _meant(text)
                rules.append(_rule(key, "period", f"period = {literal(text)}", meant=meant))
    if {"who", "level"} <= set(typed.columns):
        total = f"lower(trim(who)) IN ({', '.join(map(literal, _TOTALS))}) AND level <> 'company'"
        rules.append(_rule("total-row", "who", total))
        rules += _unknown(connection, relation, total) if people else []
    return rules


def _unknown(connection: duckdb.DuckDBPyConnection, relation: str, total: str) -> list[Rule]:
    from rapidfuzz import process

    rules = []
    columns = {row[0] for row in connection.execute("DESCRIBE work.people").fetchall()}
    for level, column in _PEOPLE.items():
        if column not in columns:
            continue
        names = _distinct(connection, "work.people", column, f"{column} IS NOT NULL")
        known = ", ".join(map(literal, names)) or "''"
        of_level = f"level = {literal(level)} AND NOT ({total})"
        for text in _distinct(connection, relation, "who", f"{of_level} AND who NOT IN ({known})"):
            close = process.extractOne(text, names, score_cutoff=82)
            key, near = ("unknown-target.near", repr(close[0])) if close else ("unknown-target", "")
            where = f"level = {literal(level)} AND who = {literal(text)}"
            rules.append(_rule(key, "who", where, level=level, near=near))
    return rules


def sum_up(
    connection: duckdb.DuckDBPyConnection, people: bool, ratios: Collection[str] = ()
) -> list[Problem]:
    """Let a level that has no target of a metric have the sum of those below it, and say so.

    Teams and regions have that of their reps, where each rep with a target is of one team; the company that
    of the highest level there is. Where somebody is of none or of two, nobody can say whose the sum is. Those
    of `ratios` (a rate, an average) are of whoever they are set for: a sum of rates is none.
    """
    found = connection.execute("SELECT metric, list(DISTINCT level) FROM targets GROUP BY 1 ORDER BY 1")
    levels_of = found.fetchall()
    groups = {}
    if people:
        columns = {row[0] for row in connection.execute("DESCRIBE people").fetchall()}
        groups = {level: column for level, column in _PEOPLE.items() if level != "rep" and column in columns}
    notes: list[Problem] = []
    parts: list[str] = []
    metrics_of: dict[tuple[str, str], list[str]] = {}
    for metric, levels in levels_of:
        if metric in ratios:
            continue
        of_metric = f"SELECT * FROM {_SET} WHERE metric = {literal(metric)}"
        for level, column in groups.items():
            if level in levels or "rep" not in levels:
                continue
            grouped = (
                f"SELECT t.* REPLACE (p.g AS who), coalesce(p.n = 1 AND p.g IS NOT NULL, false) AS sure "
                f"FROM ({of_metric} AND level = 'rep') t LEFT JOIN ({_one(column)}) p ON t.who = p.person_id"
            )
            known = connection.execute(
                f"SELECT bool_or(who IS NOT NULL), bool_and(sure) FROM ({grouped.replace(_SET, 'targets')})"
            ).fetchone()
            if known and known[0] and not known[1]:
                notes.append(
                    problem("targets-not-summed", table="targets", column="level", level=level, metric=metric)
                )
            elif known and known[0]:
                parts.append(_sum(grouped, level, "who"))
                metrics_of.setdefault((level, "rep"), []).append(metric)
        if "company" not in levels:
            base = next(level for level in ("region", "team", "rep") if level in levels)
            parts.append(_sum(f"{of_metric} AND level = {literal(base)}", "company", "'company'"))
            metrics_of.setdefault(("company", base), []).append(metric)
    if parts:
        connection.execute(f"ALTER VIEW targets RENAME TO {_SET}")
        every = " UNION ALL BY NAME ".join([f"SELECT * FROM {_SET}", *parts])
        connection.execute(f"CREATE VIEW targets AS {every}")
    for (level, base), metrics in metrics_of.items():
        shown = listed(metrics, 5)
        notes.append(
            problem("targets-summed", table="targets", column="level", level=level, metrics=shown, base=base)
        )
    return notes


def _one(column: str) -> str:
    """The SQL of each person's team or region, and how many there are over the time."""
    count = f"count(DISTINCT coalesce({column}, '')) AS n"
    return f"SELECT person_id, any_value({column}) AS g, {count} FROM people GROUP BY 1"


def _sum(rows: str, level: str, who: str) -> str:
    return (
        f"SELECT {literal(level)} AS level, {who} AS who, metric, period, "
        f"CAST(sum(value) AS DECIMAL(18,4)) AS value FROM ({rows}) GROUP BY ALL"
    )


def _rule(key: str, column: str, where: str, **places: str) -> Rule:
    return Rule(key, column, where, ALL, "*", other=f"t.{column}", amount="value", places=places)


def _distinct(connection: duckdb.DuckDBPyConnection, relation: str, column: str, where: str) -> list[str]:
    rows = connection.execute(f"SELECT DISTINCT {column} FROM {relation} WHERE {where} ORDER BY 1")
    return [row[0] for row in rows.fetchall()]


def _readable(text: str, settings: Settings) -> bool:
    try:
        settings.calendar.period(text)
    except SalesopsError:
        return False
    return True


def _meant(text: str) -> tuple[str, str]:
    """The key of what to do, and the period that may be meant, where there is one."""
    meant = period_of(text) or ""
    if re.fullmatch(FIRST_DAY, text.strip()):
        return "unreadable-period.of-day", meant
    return ("unreadable-period.near" if meant else "unreadable-period"), meant
