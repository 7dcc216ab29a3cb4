"""Whom a report is repeated for: reps, teams, regions, territories or vacancies, read from the data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from salesops_nb.core.names import bare_names, id_of, names_of
from salesops_nb.core.periods import Period
from salesops_nb.errors import Problem, SalesopsError, problem

if TYPE_CHECKING:
    from salesops_nb.batch.jobs.reports import Report
    from salesops_nb.source.opened import Workbook

Row = dict[str, Any]
_PEOPLE = ("person_id", "manager_id")
# for each: (tables that may hold it, the column that names it)
_PLACES = {
    "rep": (("people",), "person_id"),
    "team": (("people",), "team"),
    "region": (("people",), "region"),
    "territory": (("assignments", "accounts", "units", "people"), "territory"),
    "vacancy": (("vacancies",), "vacancy_id"),
}


@dataclass(frozen=True, slots=True)
class Subject:
    """One for whom a report is made; `facts` are what ``{…}`` may name: who, name, team, email, …

    `bare_name` is the name without what tells it from a namesake's, who may leave while a path stays.
    """

    kind: str
    who: str
    bare_name: str
    facts: Mapping[str, str] = field(default_factory=dict)


def subjects(report: Report, workbook: Workbook, period: Period) -> list[Subject]:
    """Everybody a report is made for: the company first, then each kind in the order of their names.

    People count where their row holds in the period: valid, hired and not yet gone on some day of it.
    Raises `SalesopsError` where the workbook lacks the table or the column, or a filter leaves nobody.
    """
    company = workbook.settings.company
    found = []
    for kind in report.for_each or ("company",):
        if kind == "company":
            found.append(Subject("company", "", company, {"who": company, "name": company}))
        else:
            found += _of_kind(kind, report, workbook, period)
    return found


def _of_kind(kind: str, report: Report, workbook: Workbook, period: Period) -> list[Subject]:
    table, rows = _rows(kind, report.name, workbook)
    key = _PLACES[kind][1]
    people = rows if table == "people" else _read(workbook, "people")
    if table == "people":
        rows = _standing(rows, period)
    if kind == "rep" and "role" not in report.where:
        rows = _reps(rows)
    where = _by_ids(report.where, workbook)
    chosen = [row for row in rows if row.get(key) not in (None, "") and _fits(row, where)]
    if not chosen:
        raise SalesopsError(
            problem(
                "bad-for-each.nobody-with" if report.where else "bad-for-each.nobody",
                file="reports.yml",
                column="for_each",
                report=report.name,
                kind=kind,
                people=table,
                period=period.key,
                where=dict(report.where) if report.where else None,
            )
        )
    rows_of: dict[str, list[Row]] = {}
    for row in chosen:
        rows_of.setdefault(str(row[key]), []).append(row)
    if kind != "rep":
        return [_subject(kind, who, who, who, rows_of[who], people) for who in sorted(rows_of)]
    called, bare = names_of(workbook.tables, "people"), bare_names(workbook.tables, "people")
    return [
        _subject(kind, who, called.get(who, who), bare.get(who, who), rows_of[who], people)
        for who in sorted(rows_of)
    ]


def _rows(kind: str, report: str, workbook: Workbook) -> tuple[str, list[Row]]:
    tables, key = _PLACES[kind]
    for table in tables:
        rows = _read(workbook, table)
        if rows and any(row.get(key) not in (None, "") for row in rows):
            return table, rows
    raise SalesopsError(
        problem(
            "bad-for-each.no-column",
            file="reports.yml",
            column="for_each",
            report=report,
            kind=kind,
            key_column=key,
            tables=" or ".join(tables),
        )
    )


def _read(workbook: Workbook, table: str) -> list[Row]:
    if table not in workbook.tables:
        return []
    rows: list[Row] = workbook.table(table).collect(backend="pyarrow").to_arrow().to_pylist()
    return sorted(rows, key=lambda row: str(row.get("valid_from") or ""))


def _standing(rows: list[Row], period: Period) -> list[Row]:
    """Rows that hold on some day of the period."""

    def begins(day: Any) -> bool:
        return day is None or _day(day) < period.end

    def lasts(day: Any) -> bool:
        return day is None or _day(day) > period.start

    return [
        row
        for row in rows
        if begins(row.get("valid_from"))
        and begins(row.get("hired_on"))
        and lasts(row.get("valid_to"))
        and lasts(row.get("left_on"))
    ]


def _day(value: Any) -> Any:
    return value.date() if hasattr(value, "date") else value


def _reps(rows: list[Row]) -> list[Row]:
    """Those whose role is rep; where no role is called so, those who manage nobody."""
    named = [row for row in rows if str(row.get("role") or "").strip().lower() == "rep"]
    managers = {row.get("manager_id") for row in rows}
    return named or [row for row in rows if row.get("person_id") not in managers]


def _by_ids(where: Mapping[str, tuple[Any, ...]], workbook: Workbook) -> dict[str, tuple[Any, ...]]:
    """What `where` asks for, people by their ids where it names them."""

    def ids(values: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(id_of(workbook.tables, "people", str(value)) or value for value in values)

    return {column: ids(values) if column in _PEOPLE else values for column, values in where.items()}


def _fits(row: Row, where: Mapping[str, tuple[Any, ...]]) -> bool:
    return all(str(row[column]) in {str(value) for value in values} for column, values in where.items())


def check_where(report: Report, workbook: Workbook) -> list[Problem]:
    """A problem for each column of 'where' that the table does not have."""
    found = []
    for kind in [kind for kind in report.for_each if kind != "company" and report.where]:
        table, rows = _rows(kind, report.name, workbook)
        found += [
            problem(
                "unknown-column.where",
                file="reports.yml",
                column=column,
                report=report.name,
                people=table,
                columns=", ".join(rows[0]),
            )
            for column in report.where
            if column not in rows[0]
        ]
    return list(dict.fromkeys(found))


def _subject(kind: str, who: str, name: str, bare_name: str, rows: list[Row], people: list[Row]) -> Subject:
    """A person has the facts of the last row; a group, which is not one of its people, what they share."""
    facts = {name: _text(value) for name, value in rows[-1].items()} if kind == "rep" else _shared(rows)
    facts |= {"who": who, kind: who, "name": name}
    if kind != "rep":
        for own in ("person_id", "email", "payroll_id", "hired_on", "left_on"):
            facts.pop(own, None)
    by_id = {str(person.get("person_id")): person for person in people}
    manager = facts.get("manager_id", "") if kind == "rep" else _manager(rows)
    facts["manager_email"] = _text(by_id.get(manager, {}).get("email"))
    return Subject(kind, who, bare_name, facts)


def _shared(rows: list[Row]) -> dict[str, str]:
    """What a group's rows agree on, as far as they say it."""
    found = {name: {_text(row[name]) for row in rows} - {""} for name in rows[0]}
    return {name: "".join(values) for name, values in found.items() if len(values) < 2}


def _manager(rows: list[Row]) -> str:
    """Whoever manages everybody of a group but its own managers; empty where they have several."""
    managers = {_text(row.get("manager_id")) for row in rows}
    found = {_text(row.get("manager_id")) for row in rows if _text(row.get("person_id")) not in managers}
    return found.pop() if len(found) == 1 else ""


def _text(value: Any) -> str:
    return "" if value is None else str(value)
