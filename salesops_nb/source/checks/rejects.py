"""Every bad row with its reason: a table of the connection, a file, and the foot of a report."""

from __future__ import annotations

import json
import shutil
import string
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from salesops_nb.core.frames import scratch
from salesops_nb.core.spreadsheet import neutral_sql
from salesops_nb.errors import Problem, declared, problem
from salesops_nb.messages import joined, listed, message
from salesops_nb.source.schema.raw import APART, CELLS, Raw, literal, quoted

FLOOD = 20  # findings of one kind in one column, above which they are one
EXAMPLES = 3
MOST_STAGES = 60
_WORDS = ("figures", "kind", "row_kind")


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
            amount DECIMAL(38,4), key VARCHAR, places MAP(VARCHAR, VARCHAR));
        CREATE TABLE spoiled ("table" VARCHAR, "column" VARCHAR, row BIGINT);
        """
    )


# of a reject: how it is declared in the catalogue of problems, for its sentences in another language
INNER = "key, places"


def reason(key: str, **places: str) -> str:
    """The SQL of why a row is bad and what to do; each place of the texts is an SQL expression."""
    entry = declared()[key]
    return f"{_filled(entry['text'], places)}, {_filled(entry.get('fix', ''), places)}"


def kept(key: str, **places: str) -> str:
    """The SQL of a reject's key and places."""
    names = ", ".join(f"{literal(name)}: CAST({sql} AS VARCHAR)" for name, sql in places.items())
    return f"{literal(key)}, MAP {{{names}}}::MAP(VARCHAR, VARCHAR)"


def _filled(text: str, places: Mapping[str, str]) -> str:
    parts = []
    for words, name, _, _ in string.Formatter().parse(text):
        parts += [literal(words)] if words else []
        parts += [f"coalesce(CAST({places[name]} AS VARCHAR), '')"] if name else []
    return " || ".join(parts) or "''"


# findings told once for each value, with the number of rows, and not row by row
GROUPED = (
    "unknown-rep", "unknown-account", "unknown-product", "unknown-deal", "unknown-unit", "unknown-key",
    "unknown-stage", "unknown-choice", "no-rate", "currency-ids",
    "empty-word",
)  # fmt: skip


def problems_of(connection: duckdb.DuckDBPyConnection) -> list[Problem]:
    """The rejects as problems, table by table; many of one kind in a column are one, with examples."""
    grouped = ", ".join(literal(code) for code in GROUPED)
    rows = connection.execute(
        f"""
        SELECT severity, code, "table", file, min(row) AS first, "column", value,
            any_value(key), any_value(places), count(DISTINCT row), sum(amount),
            row_number() OVER (kind ORDER BY first, value) AS place,
            count(*) OVER kind AS total, sum(count(DISTINCT row)) OVER kind,
            sum(sum(amount)) OVER kind, max(value) OVER kind = min(value) OVER kind
        FROM rejects
        GROUP BY severity, code, "table", file, "column", value, reason, what_to_do,
            CASE WHEN code IN ({grouped}) THEN NULL ELSE row END
        WINDOW kind AS (PARTITION BY "table", file, code, "column")
        QUALIFY total <= {FLOOD} OR place <= {EXAMPLES}
        ORDER BY "table", first, "column", code
        """
    ).fetchall()
    problems: list[Problem] = []
    floods: dict[tuple[Any, ...], list[tuple[Any, ...]]] = {}
    for row in rows:
        if row[12] > FLOOD:
            floods.setdefault((row[1], row[2], row[3], row[5]), []).append(row)
            if len(floods[row[1], row[2], row[3], row[5]]) == 1:
                problems.append(_problem(row))
        else:
            problems.append(_problem(row))
    of = {(p.code, p.table, p.file, p.column): i for i, p in enumerate(problems)}
    for which, several in floods.items():
        problems[of[which]] = _flood(problems[of[which]], several)
    return _stages_together(connection, problems)


def _stages_together(connection: duckdb.DuckDBPyConnection, problems: list[Problem]) -> list[Problem]:
    """Of a file with several unknown stages one problem, with the lines that the mapping wants for them."""
    stages: dict[tuple[str, str], list[tuple[str, int, Decimal | None]]] = {}
    rows = connection.execute(
        'SELECT "table", file, value, count(*), sum(amount) FROM rejects '
        "WHERE code = 'unknown-stage' GROUP BY ALL ORDER BY 4 DESC, 3"
    ).fetchall()
    for table, file, *stage in rows:
        stages.setdefault((table, file), []).append((stage[0], stage[1], stage[2]))
    found: list[Problem] = []
    listed: set[tuple[str, str]] = set()
    for each in problems:
        which = (str(each.table), str(each.file))
        if each.code != "unknown-stage" or len(stages[which]) <= EXAMPLES:
            found.append(each)
        elif which not in listed:
            listed.add(which)
            found.append(_of_stages(each, stages[which]))
    return found


def _of_stages(first: Problem, stages: list[tuple[str, int, Decimal | None]]) -> Problem:
    amounts = [amount for _, _, amount in stages if amount is not None]
    return problem(
        "unknown-stage.several",
        table=first.table,
        file=first.file,
        row=first.row,
        column=first.column,
        value=stages[0][0],
        amount=sum(amounts, Decimal(0)) if amounts else None,
        count=len(stages),
        names=listed([f"{name!r} ({count})" for name, count, _ in stages], MOST_STAGES),
        lines=", ".join(f"{json.dumps(name, ensure_ascii=False)}: open" for name, *_ in stages[:MOST_STAGES]),
    )


def _flood(first: Problem, rows: list[tuple[Any, ...]]) -> Problem:
    """The first of many findings of a kind, with how many there are and the next of them."""
    total, amount = rows[0][13], rows[0][14]
    examples = [f"{row[4]} ({str(row[6])[:40]!r})" if row[6] else str(row[4]) for row in rows[1:]]
    more = message(
        "{n:,} rows have this fault; the next are {rows}.", n=int(total), rows=" and ".join(examples)
    )
    fix = first.fix
    if rows[0][15] and first.code in ("bad-number", "bad-date", "bad-flag"):
        # one text in so many cells is no slip: it stands for an empty cell
        fix = problem("empty-word.of-many", value=first.value).fix
    return replace(first, message=joined([first.message, more], " "), amount=amount, fix=fix)


# what exports write where a cell is empty
EMPTY = "'null', 'n/a', 'na', '#n/a', 'none', 'nil', 'nan', 'tbd', '-', '--', '—', '(blank)', '[null]'"
# a plainer word for what is often behind a cell that cannot be read; where, key, its places
_DAY = "CAST(DATE '1899-12-30' + CAST(floor(CAST(value AS DOUBLE)) AS INTEGER) AS DATE)"
_REFINED: tuple[tuple[str, str, dict[str, str]], ...] = (
    (f"code IN ('bad-number', 'bad-date', 'bad-flag') AND lower(value) IN ({EMPTY})", "empty-word", {}),
    ("code = 'bad-number' AND contains(value, '%')", "percent-in-amount", {}),
    ("code = 'bad-number' AND regexp_matches(value, '^#')", "formula-error", {}),
    ("code = 'bad-number' AND regexp_full_match(value, '[-0-9.,]{16,}')", "too-large", {}),
    (
        r"code = 'bad-date' AND regexp_full_match(value, '[34]\d{4}(\.\d+)?')",
        "serial-date",
        {"day": _DAY},
    ),
    ("code = 'unknown-stage' AND trim(coalesce(value, '')) = ''", "missing-stage", {}),
)


def refine(connection: duckdb.DuckDBPyConnection) -> None:
    """Tell the usual mistakes behind unreadable cells in words of their own."""
    for where, key, places in _REFINED:
        connection.execute(
            f"UPDATE rejects SET code = {literal(key)}, (reason, what_to_do) = "
            f"({reason(key, value='value', **places)}), (key, places) = ({kept(key, **places)}) WHERE {where}"
        )


def at_their_files(
    connection: duckdb.DuckDBPyConnection, raws: dict[str, Raw], problems: list[Problem]
) -> list[Problem]:
    """Rejects and problems of a table's further files under those files' own names and row numbers."""
    for table, raw in raws.items():
        if raw.cells:
            problems = _at_their_cells(connection, table, raw, problems)
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


def _at_their_cells(
    connection: duckdb.DuckDBPyConnection, table: str, raw: Raw, problems: list[Problem]
) -> list[Problem]:
    """Rejects and problems of a wide sheet's cells under the sheet's own rows and columns."""
    cell, row = f"row % {APART} // {CELLS}", f"row // {APART} * {APART} + row % {CELLS}"
    names = " ".join(f"WHEN {i} THEN {literal(header)}" for i, header in enumerate(raw.cells))
    connection.execute(
        f"UPDATE rejects SET row = {row}, "
        f""""column" = CASE WHEN "column" = 'value' THEN CASE {cell} {names} END ELSE "column" END """
        f'WHERE "table" = {literal(table)}'
    )

    def placed(found: Problem) -> Problem:
        if found.table != table or found.row is None:
            return found
        apart, within = divmod(found.row, APART)
        header = raw.cells[within // CELLS] if found.column == "value" else found.column
        return replace(found, row=apart * APART + within % CELLS, column=header)

    return [placed(each) for each in problems]


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
    severity, code, table, file, number, column, value, key, places, count, amount, *_ = row
    # words such as the kind of a row are translated too; what stood in a cell is no message
    given: dict[str, Any] = {name: _word(name, text or "") for name, text in places.items()}
    found = problem(
        key, table=table, file=file, row=number, column=column, value=value or "", amount=amount, **given
    )
    text: str = found.message
    if count > 1:
        text = joined([text, message("It stands in {n:d} rows.", n=count)], " ")
    return replace(found, code=code, message=text, value=value, severity=severity)


def _word(name: str, text: str) -> str:
    if text.startswith("figures by "):
        return message("figures by {column}", column=text.removeprefix("figures by "))
    return message(text) if name in _WORDS else text


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
    texts = [quoted(name) for name, kind, *_ in described if kind == "VARCHAR" and name != "key"]
    safe = ", ".join(f"{neutral_sql(text)} AS {text}" for text in texts)
    connection.execute(
        f"COPY (SELECT * EXCLUDE ({INNER}) REPLACE ({safe}) FROM rejects "
        f'ORDER BY "table", row, "column", code) '
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
