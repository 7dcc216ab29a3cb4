"""Grouped reports: rows of subtotals left out, and what stands on a group's first row alone filled down."""

from __future__ import annotations

from dataclasses import replace

import duckdb

from salesops_nb.errors import Problem, SalesopsError, problem
from salesops_nb.source.columns import parsing
from salesops_nb.source.columns.headers import locate
from salesops_nb.source.schema.mapping import FileMapping
from salesops_nb.source.schema.raw import Raw, literal, quoted

_WORDS = (
    r"(?i)^(sub-?\s?totals?|grand totals?|totals?|count|sum|average|avg|record count|zwischensumme|teilsumme|"
    r"gesamt(summe)?|summe|anzahl|sous-total|subtotale|totale)\b.*"
)


def ungrouped(
    connection: duckdb.DuckDBPyConnection, raw: Raw, file: FileMapping, table: str, wanted: list[str]
) -> Raw:
    """The rows without those of subtotals, and with the columns of ``fill`` filled down, both said.

    A row of a subtotal says so in a cell and leaves more than half of the mapped columns empty. Where there
    are such rows, the columns by which the report is grouped are filled too: the first ones, up to that which
    each group has on its first row and on no other.
    """
    headers = [h for h in dict.fromkeys(_found(raw, name, table) for name in wanted) if h]
    if len(headers) < 3 or any(raw.types[header] != "VARCHAR" for header in headers):
        return _filled(connection, raw, [_header(raw, name, table) for name in file.fill], [])
    cells = [parsing.trimmed(quoted(header)) for header in headers]
    empty = " + ".join(f"CAST({cell} IS NULL AS INTEGER)" for cell in cells)
    texts = [parsing.trimmed(quoted(h)) for h, kind in raw.types.items() if kind == "VARCHAR"]
    headings = " OR ".join(f"coalesce(regexp_full_match({cell}, {literal(_WORDS)}), false)" for cell in texts)
    subtotal = f"({empty}) * 2 > {len(cells)} AND ({headings})"
    found = connection.execute(
        f"SELECT count(*), min(_row), arg_min(coalesce({', '.join(texts)}), _row) "
        f"FROM {raw.name} WHERE {subtotal}"
    ).fetchone()
    problems: list[Problem] = []
    fill = [_header(raw, name, table) for name in file.fill]
    if found and found[0]:
        fill = fill or [h for h in _groups(connection, raw, subtotal) if h in headers]
        count, row, word = found
        problems.append(problem("subtotals-skipped", file=raw.file, row=row, n=count, value=word, word=word))
        view = f"raw.{quoted(f'{raw.label} (details)')}"
        connection.execute(
            f"CREATE OR REPLACE VIEW {view} AS SELECT * FROM {raw.name} WHERE NOT ({subtotal})"
        )
        raw = replace(raw, name=view)
    return _filled(connection, raw, fill, problems)


def _filled(connection: duckdb.DuckDBPyConnection, raw: Raw, fill: list[str], problems: list[Problem]) -> Raw:
    """The rows with the cells of the columns that are empty taken from above."""
    if fill:
        counts = ", ".join(f"count(*) FILTER (WHERE {parsing.trimmed(quoted(h))} IS NULL)" for h in fill)
        row = connection.execute(f"SELECT {counts} FROM {raw.name}").fetchone() or ()
        parts = ", ".join(
            f"last_value({parsing.trimmed(quoted(h))} IGNORE NULLS) OVER "
            f"(ORDER BY _row ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS {quoted(h)}"
            for h in fill
        )
        view = f"raw.{quoted(f'{raw.label} (filled)')}"
        connection.execute(f"CREATE OR REPLACE TABLE {view} AS SELECT * REPLACE ({parts}) FROM {raw.name}")
        raw = replace(raw, name=view)
        problems += [
            problem("filled-down", file=raw.file, column=header, n=count)
            for header, count in zip(fill, row, strict=True)
            if count
        ]
    return replace(raw, problems=[*raw.problems, *problems]) if problems else raw


def _groups(connection: duckdb.DuckDBPyConnection, raw: Raw, subtotal: str) -> list[str]:
    """The columns by which a report is grouped, the outermost first; none where its rows do not show it.

    The innermost is filled on the first row after each block of subtotals and nowhere else, others on
    the very first row and else on such rows alone.
    """
    outer: list[str] = []
    for header in raw.types:
        row = connection.execute(
            "SELECT count(*) FILTER (WHERE first AND cell IS NULL), "
            "count(*) FILTER (WHERE NOT first AND cell IS NOT NULL), count(*) FILTER (WHERE NOT first), "
            "arg_min(cell IS NULL, _row) "
            f"FROM (SELECT {parsing.trimmed(f'CAST({quoted(header)} AS VARCHAR)')} AS cell, "
            f"coalesce(lag(s) OVER (ORDER BY _row), true) AS first, s, _row "
            f"FROM (SELECT *, {subtotal} AS s FROM {raw.name})) WHERE NOT s"
        ).fetchone()
        lacking, beside, others, begins_empty = row or (0, 1, 0, True)
        if beside or not others or begins_empty:
            return []
        outer.append(header)
        if not lacking:
            return outer
    return []


def _found(raw: Raw, name: str, table: str) -> str | None:
    return locate(name, list(raw.types), raw.file, name, table)[0]


def _header(raw: Raw, name: str, table: str) -> str:
    found, missing = locate(name, list(raw.types), raw.file, "fill", table)
    if found is None:
        raise SalesopsError([missing] if missing else [])
    return found
