"""A column of shares of 1, which a file may write as 0.1, as 10 % or as 10: told from its values."""

from __future__ import annotations

import duckdb

from salesops_nb.errors import Problem, problem
from salesops_nb.source.columns import parsing


def hundredths(
    connection: duckdb.DuckDBPyConnection,
    relation: str,
    file: str,
    header: str,
    cell: str,
    native: bool,
    mark: str | None,
) -> tuple[str, list[Problem]]:
    """The SQL of the factor that makes each cell's number a share, and a word where it is not certain.

    Numbers without a sign of percent are percentages where one of them is above 1; else they are shares.
    """
    value = f"TRY_CAST({cell} AS DOUBLE)" if native else parsing.ratio(cell, mark)
    bare = "true" if native else f"NOT contains({cell}, '%')"
    row = connection.execute(
        f"SELECT max(v), count(*) FILTER (WHERE v > 0 AND v < 1) FROM "
        f"(SELECT {value} AS v FROM {relation} WHERE {cell} IS NOT NULL AND {bare})"
    ).fetchone()
    if row is None or row[0] is None or row[0] <= 1:
        return "1", []
    found = [problem("mixed-shares", file=file, column=header, n=row[1])] if row[1] else []
    return f"CASE WHEN {bare} THEN 0.01 ELSE 1 END", found
