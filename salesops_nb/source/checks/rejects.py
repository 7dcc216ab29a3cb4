"""Every bad row with its reason: a table of the connection, a file, and the foot of a report."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from salesops_nb.core.frames import scratch
from salesops_nb.core.spreadsheet import neutral_sql
from salesops_nb.errors import Problem
from salesops_nb.source.schema.raw import APART, Raw, literal, quoted

SHOWN = 5_000


@dataclass(frozen=True, slots=True)
class SetAside:
    """Rows that figures leave out for one reason, and what they add up to.

    `left_out_of` names the figures; `amount` is in the workbook's currency, ``None`` where the rows
    carry no readable money.
    """

    table: str
    reason: str
    left_out_of: str
    count: int
    amount: Decimal | None


def prepare(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the empty table of rejects and that of spoiled cells and dropped rows."""
    connection.execute(
        """
        CREATE TABLE rejects (severity VARCHAR, code VARCHAR, "table" VARCHAR, file VARCHAR, row BIGINT,
            "column" VARCHAR, value VARCHAR, reason VARCHAR, what_to_do VARCHAR, left_out_of VARCHAR,
            amount DECIMAL(38,4));
        CREATE TABLE spoiled ("table" VARCHAR, "column" VARCHAR, row BIGINT);
        """
    )


def template(text: str, value: str, other: str) -> str:
    """The SQL of a sentence with ``{value}`` and ``{other}`` filled from SQL expressions."""
    sql = literal(text)
    for name, expression in (("{value}", value), ("{other}", other)):
        if name in text:
            sql = f"replace({sql}, {literal(name)}, coalesce(CAST({expression} AS VARCHAR), ''))"
    return sql


# findings told once for each value, with the number of rows, and not row by row
GROUPED = (
    "unknown-rep", "unknown-account", "unknown-product", "unknown-deal", "unknown-unit", "unknown-key",
    "unknown-stage", "unknown-choice", "no-rate", "empty-word",
)  # fmt: skip


def problems_of(connection: duckdb.DuckDBPyConnection) -> list[Problem]:
    """The rejects as problems, table by table; of one kind in one column at most `SHOWN`."""
    grouped = ", ".join(literal(code) for code in GROUPED)
    rows = connection.execute(
        f"""
        SELECT severity, code, "table", file, min(row) AS first, "column", value,
            reason || CASE WHEN count(*) > 1 THEN ' It stands in ' || count(*) || ' rows.' ELSE '' END,
            what_to_do, sum(amount),
            row_number() OVER (PARTITION BY "table", code, "column" ORDER BY first, value) AS place,
            count(*) OVER (PARTITION BY "table", code, "column") AS total
        FROM rejects
        GROUP BY severity, code, "table", file, "column", value, reason, what_to_do,
            CASE WHEN code IN ({grouped}) THEN NULL ELSE row END
        QUALIFY place <= {SHOWN}
        ORDER BY "table", first, "column", code
        """
    ).fetchall()
    problems = [_problem(row) for row in rows]
    for row in rows:
        if row[-2] == SHOWN and row[-1] > SHOWN:
            rest = f"{row[-1] - SHOWN} more rows have the problem {row[1]}."
            problems.append(
                Problem(row[1], rest, "The rejects file lists them all.", row[2], row[3], severity=row[0])
            )
    return problems


# what exports write where a cell is empty
_EMPTY = "'null', 'n/a', 'na', '#n/a', 'none', 'nil', 'nan', 'tbd', '-', '--', '—', '(blank)', '[null]'"
# a plainer word for what is often behind a cell that cannot be read
_REFINED = (
    (
        f"code IN ('bad-number', 'bad-date', 'bad-flag') AND lower(value) IN ({_EMPTY})",
        "empty-word",
        "'''' || value || ''' stands where a cell seems to be empty.'",
        'Declare it in the mapping, such as blanks: ["NULL"], if it means that nothing is known.',
    ),
    (
        "code = 'bad-number' AND contains(value, '%')",
        "percent-in-amount",
        "'''' || value || ''' is a percentage, and an amount or number is wanted.'",
        "Map the column that holds the amount, or write the number alone.",
    ),
    (
        "code = 'bad-number' AND regexp_matches(value, '^#')",
        "formula-error",
        "'''' || value || ''' is the error of a spreadsheet formula.'",
        "Mend the formula and export again.",
    ),
    (
        "code = 'bad-number' AND regexp_full_match(value, '[-0-9.,]{16,}')",
        "too-large",
        "'''' || value || ''' is too large to be an amount.'",
        "Correct the cell.",
    ),
    (
        r"code = 'bad-date' AND regexp_full_match(value, '[34]\d{4}(\.\d+)?')",
        "serial-date",
        "'''' || value || ''' is not a date; as a spreadsheet''s day number it would be ' || "
        "CAST(DATE '1899-12-30' + CAST(floor(CAST(value AS DOUBLE)) AS INTEGER) AS DATE) || '.'",
        "Export the column as dates.",
    ),
    (
        "code = 'unknown-stage' AND trim(coalesce(value, '')) = ''",
        "missing-stage",
        "'The deal has no stage, so it is left out of every figure.'",
        "Fill the stage.",
    ),
)


def refine(connection: duckdb.DuckDBPyConnection) -> None:
    """Tell the usual mistakes behind unreadable cells in words of their own."""
    for where, code, reason, fix in _REFINED:
        connection.execute(
            f"UPDATE rejects SET code = {literal(code)}, reason = {reason}, what_to_do = {literal(fix)} "
            f"WHERE {where}"
        )


def at_their_files(
    connection: duckdb.DuckDBPyConnection, raws: dict[str, Raw], problems: list[Problem]
) -> list[Problem]:
    """Rejects and problems of a table's further files under those files' own names and row numbers."""
    several = {table: (raw.file, *raw.more) for table, raw in raws.items() if raw.more}
    for table, files in several.items():
        for number, file in enumerate(files[1:], 1):
            connection.execute(
                f"UPDATE rejects SET file = {literal(file)}, row = row % {APART} "
                f'WHERE "table" = {literal(table)} AND row // {APART} = {number}'
            )
    return [
        replace(p, file=several[p.table][p.row // APART], row=p.row % APART)
        if p.table in several and p.row is not None and p.row >= APART
        else p
        for p in problems
    ]


def only_sound_amounts(connection: duckdb.DuckDBPyConnection, table: str, header: str) -> None:
    """Take a spoiled amount out of the sums of a row's other defects: there it is no money.

    An unknown rep of 987,654 and one whose amount is -876,543, itself a defect, leave 987,654 out of the
    figures by rep and not 111,111. `header` is the column of the amount in the file.
    """
    connection.execute(
        f"""
        UPDATE rejects SET amount = NULL
        WHERE "table" = {literal(table)} AND "column" IS DISTINCT FROM {literal(header)}
            AND row IN (SELECT row FROM spoiled WHERE "table" = {literal(table)} AND "column" = 'amount')
        """
    )


def _problem(row: tuple[Any, ...]) -> Problem:
    severity, code, table, file, number, column, value, reason, fix, amount, *_ = row
    return Problem(code, reason, fix, table, file, number, column, value, severity, amount)


def set_aside(connection: duckdb.DuckDBPyConnection) -> list[SetAside]:
    """How many rows each figure leaves out for each reason, and their sum of money."""
    rows = connection.execute(
        """
        SELECT "table", code, left_out_of, count(DISTINCT (file, row)), sum(amount) FROM (
            SELECT DISTINCT "table", code, left_out_of, file, row, amount FROM rejects
            WHERE left_out_of IS NOT NULL)
        GROUP BY ALL ORDER BY ALL
        """
    ).fetchall()
    return [SetAside(*row) for row in rows]


def write_rejects(connection: duckdb.DuckDBPyConnection, path: Path) -> Path:
    """Write every reject to a CSV file and give its path; no cell of it is a spreadsheet's formula."""
    path.parent.mkdir(parents=True, exist_ok=True)
    inside = scratch() / path.name
    described = connection.execute("DESCRIBE rejects").fetchall()
    texts = [quoted(name) for name, kind, *_ in described if kind == "VARCHAR"]
    safe = ", ".join(f"{neutral_sql(text)} AS {text}" for text in texts)
    connection.execute(
        f'COPY (SELECT * REPLACE ({safe}) FROM rejects ORDER BY "table", row, "column", code) '
        f"TO {literal(str(inside))} (HEADER, DELIMITER ',')"
    )
    shutil.move(inside, path)
    return path


def spoiled_rows(table: str, column: str) -> str:
    """The SQL condition that a row's column is spoiled."""
    return (
        f'_row IN (SELECT row FROM spoiled WHERE "table" = {literal(table)} AND "column" = {literal(column)})'
    )


def cell(name: str) -> str:
    """The SQL of a typed column as text."""
    return f"CAST({quoted(name)} AS VARCHAR)"
