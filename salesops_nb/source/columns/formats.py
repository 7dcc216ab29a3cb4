"""How a file writes numbers and dates: detected from whole columns, never value by value.

A mark or an order is taken from the mapping or the workbook where it is declared; else from the
column itself, else from its neighbours in the same file; where none of these decides, that is an
error that asks for the declaration. What was detected is said.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import duckdb

from salesops_nb.errors import Problem, problem
from salesops_nb.source.columns import parsing

MIDNIGHT = r".*\d[T ]+00:00(:00(\.0+)?)?\s*(Z|UTC|[+-]\d\d(:?\d\d)?)"
SHORT = r"^(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{2}|\d{4})([T ,].*)?$"


@dataclass(frozen=True, slots=True)
class Formats:
    """The decimal mark and the date order of each text column of a file, by our name."""

    marks: Mapping[str, str]
    orders: Mapping[str, str]
    problems: list[Problem]
    midnights: frozenset[str] = frozenset()  # columns of moments that are days: each is a midnight


@dataclass(frozen=True, slots=True)
class Column:
    """A text column to look at: our name, its header and the SQL of its trimmed text."""

    name: str
    header: str
    sql: str


def detect(
    connection: duckdb.DuckDBPyConnection,
    relation: str,
    shown: str,
    numbers: list[Column],
    dates: list[Column],
    moments: list[Column],
    mark: str | None,
    order: str | None,
) -> Formats:
    """The formats of the columns; `mark` and `order` are the declared ones, or ``None``.

    `moments` are the columns that are moments with a zone by their own type.
    """
    problems: list[Problem] = []
    zoned = [sql for c in dates for sql in _zoned_votes(c.sql)]
    zoned += [sql for c in moments for sql in _moment_votes(c.sql)]
    aggregates = [sql for c in numbers for sql in _number_votes(c.sql)] if mark is None else []
    aggregates += [sql for c in dates for sql in _date_votes(c.sql)] if order is None else []
    aggregates += zoned
    row: list[int] = []
    if aggregates:
        found = connection.execute(f"SELECT {', '.join(aggregates)} FROM {relation}").fetchone()
        row = [int(value or 0) for value in found or ()]
    midnights = _midnights([*dates, *moments], row[len(row) - len(zoned) :], shown, problems)
    marks = _marks(numbers, row, shown, problems) if mark is None else dict.fromkeys(_names(numbers), mark)
    start = 3 * len(numbers) if mark is None else 0
    if order is None:
        orders = _orders(dates, row[start:], shown, problems)
    else:
        orders = dict.fromkeys(_names(dates), order)
    return Formats(marks, orders, problems, midnights)


def _midnights(columns: list[Column], row: list[int], shown: str, problems: list[Problem]) -> frozenset[str]:
    """The columns whose every moment is a midnight: days, which another zone's clock would shift."""
    found = [c for i, c in enumerate(columns) if row[2 * i] and row[2 * i] == row[2 * i + 1]]
    for column in found:
        problems.append(problem("days-as-midnights", file=shown, column=column.header))
    return frozenset(_names(found))


def _zoned_votes(sql: str) -> tuple[str, str]:
    """Counts of texts that are moments with a zone, and of those that are midnights on their own clock."""
    zoned, midnight = (f"regexp_full_match({sql}, '{pattern}')" for pattern in (parsing.ZONED, MIDNIGHT))
    return _count(zoned), _count(midnight)


def _moment_votes(sql: str) -> tuple[str, str]:
    clock = f"({sql} AT TIME ZONE 'UTC')"
    return _count(f"{sql} IS NOT NULL"), _count(f"{clock} = date_trunc('day', {clock})")


def _count(where: str) -> str:
    return f"count(*) FILTER (WHERE {where})"


def _names(columns: list[Column]) -> list[str]:
    return [column.name for column in columns]


def _number_votes(sql: str) -> list[str]:
    """Counts of values that show a decimal comma, a decimal point, or could be either."""
    core = f"regexp_replace({sql}, '[^0-9.,]', '', 'g')"

    def showing(mark: str, other: str) -> str:
        patterns = (
            rf"\d{{1,3}}({other}\d{{3}})+{mark}\d*",  # 1.234,5
            rf"\d*{mark}(\d{{1,2}}|\d{{4,}})",  # 12,5
            rf"(0|\d{{4,}}){mark}\d{{3}}",  # 0,125
            rf"\d{{1,3}}({other}\d{{3}}){{2,}}",  # 1.234.567
            rf"\d{{1,2}}({other}\d{{2}})+{other}\d{{3}}({mark}\d*)?",  # 12,34,567: lakhs
        )
        return _count(f"regexp_full_match({core}, '{'|'.join(patterns)}')")

    either = _count(rf"regexp_full_match({core}, '[1-9]\d{{0,2}}[.,]\d{{3}}')")
    return [showing(",", r"\."), showing(r"\.", ","), either]


def _marks(columns: list[Column], row: list[int], shown: str, problems: list[Problem]) -> dict[str, str]:
    votes = {c: tuple(row[3 * i : 3 * i + 3]) for i, c in enumerate(columns)}
    decided = {c: "," if v[0] else "." for c, v in votes.items() if bool(v[0]) != bool(v[1])}
    whole_file = set(decided.values())
    marks: dict[str, str] = {}
    for column, (comma, point, either) in votes.items():
        if comma and point:
            problems.append(_mixed_marks(column, shown, comma, point))
        elif column in decided:
            marks[column.name] = decided[column]
        elif either and len(whole_file) != 1:
            problems.append(_ambiguous_mark(column, shown, either))
        else:
            marks[column.name] = next(iter(whole_file)) if len(whole_file) == 1 else "."
    commas = [c.header for c in columns if marks.get(c.name) == "," and (votes[c][0] or votes[c][2])]
    if commas:
        problems.append(problem("decimal-mark-detected", file=shown, column=commas[0]))
    return marks


def _mixed_marks(column: Column, shown: str, comma: int, point: int) -> Problem:
    return problem("mixed-numbers", file=shown, column=column.header, comma=comma, point=point)


def _ambiguous_mark(column: Column, shown: str, either: int) -> Problem:
    return problem("ambiguous-numbers", file=shown, column=column.header, n=either)


def _date_votes(sql: str) -> list[str]:
    """Counts of dates with the year last, the greatest first and second part, and two-digit years."""

    def part(number: int) -> str:
        return f"max(TRY_CAST(regexp_extract({sql}, '{SHORT}', {number}) AS INTEGER))"

    count = _count(f"regexp_matches({sql}, '{SHORT}')")
    two = _count(f"length(regexp_extract({sql}, '{SHORT}', 3)) = 2")
    return [count, part(1), part(2), two]


def _orders(columns: list[Column], row: list[int], shown: str, problems: list[Problem]) -> dict[str, str]:
    votes = {c: tuple(row[4 * i : 4 * i + 4]) for i, c in enumerate(columns)}
    decided: dict[Column, str] = {}
    for column, (_, first, second, _) in votes.items():
        if first > 12 and second > 12:
            problems.append(_mixed_order(column, shown))
        elif first > 12 or second > 12:
            decided[column] = "dmy" if first > 12 else "mdy"
    whole_file = set(decided.values())
    orders: dict[str, str] = {}
    for column, (count, first, second, _) in votes.items():
        if column in decided:
            orders[column.name] = decided[column]
        elif not count or (first > 12 and second > 12):
            orders[column.name] = "ymd"
        elif len(whole_file) == 1:
            orders[column.name] = next(iter(whole_file))
        else:
            problems.append(_ambiguous_order(column, shown, count))
    for order in sorted(whole_file):
        columns_so = [c for c in columns if orders.get(c.name) == order and votes[c][0]]
        problems.append(_order_named(columns_so, order, shown, any(votes[c][3] for c in columns_so)))
    return orders


def _mixed_order(column: Column, shown: str) -> Problem:
    return problem("mixed-dates", file=shown, column=column.header)


def _ambiguous_order(column: Column, shown: str, count: int) -> Problem:
    return problem("ambiguous-dates", file=shown, column=column.header, n=count)


def _order_named(columns: list[Column], order: str, shown: str, two_digits: bool) -> Problem:
    words = {"dmy": "day first (31/12/2017)", "mdy": "month first (12/31/2017)"}[order]
    return problem(
        "date-order-detected.two-digit-years" if two_digits else "date-order-detected",
        file=shown,
        column=columns[0].header,
        words=words,
    )
