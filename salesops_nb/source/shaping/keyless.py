"""Deals without an id: one made of what does not change in a deal's life."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace

import duckdb

from salesops_nb.errors import problem
from salesops_nb.messages import listed
from salesops_nb.source.columns import parsing
from salesops_nb.source.columns.headers import locate
from salesops_nb.source.schema.contracts import Contract
from salesops_nb.source.schema.mapping import FileMapping
from salesops_nb.source.schema.raw import Raw, quoted

_STABLE = ("name", "account_id", "created_on")
MADE = "deal_id (made)"


def made_of(columns: Collection[str]) -> list[str]:
    """The columns of which a deal's id is made; none where they are too few to tell deals apart.

    Examples
    --------
    >>> from salesops_nb.source.shaping.keyless import made_of
    >>> made_of({"name", "amount"}), made_of({"account_id", "created_on"}), made_of({"created_on"})
    (['name'], ['account_id', 'created_on'], [])
    """
    there = [column for column in _STABLE if column in columns]
    return there if "name" in there or len(there) > 1 else []


def is_id(header: str) -> bool:
    """Whether a header says that it holds ids or numbers of things."""
    return re.search(r"(?i)(\b|_)(id|number|nummer|nr)$|Id$", header) is not None


def with_ids(
    connection: duckdb.DuckDBPyConnection, raw: Raw, file: FileMapping, contract: Contract
) -> tuple[Raw, FileMapping]:
    """The deals with an id made of name, account and day of creation, where the file has none.

    Deals that share all three and differ elsewhere are numbered, so that each counts; rows alike in every
    cell have one id and count once. Without a name, or an account and a day, no id can be made.
    """
    own = file.mapped(raw.types, contract.by_name)
    if contract.name != "deals" or "deal_id" in {*own, *file.constants}:
        return raw, file
    headers = {}
    for column in ("deal_id", *_STABLE):
        wanted = {**file.if_present, **own}.get(column)
        found = locate(wanted, list(raw.types), raw.file, column, "deals")[0] if wanted else None
        if found is not None:
            headers[column] = found
    if "deal_id" in headers or _has_id(connection, raw, {*own.values(), *file.if_present.values()}):
        return raw, file
    if not made_of(headers):
        return raw, file
    cells = [parsing.trimmed(f"CAST({quoted(header)} AS VARCHAR)") for header in headers.values()]
    every = ", ".join(f"coalesce(CAST({quoted(h)} AS VARCHAR), '')" for h in raw.types)
    stable = ", ".join(f"coalesce(lower({cell}), '')" for cell in cells)
    key = f"md5(concat_ws(chr(31), {stable}))"
    there = " OR ".join(f"{cell} IS NOT NULL" for cell in cells)
    view = f"raw.{quoted(f'{raw.label} (ids)')}"
    connection.execute(
        f"CREATE OR REPLACE TABLE {view} AS SELECT * EXCLUDE (_key, _n), "
        f"CASE WHEN {there} THEN left(_key, 16) || CASE WHEN _n > 1 THEN '-' || _n ELSE '' END END "
        f"AS {quoted(MADE)} FROM ("
        f"SELECT *, dense_rank() OVER (PARTITION BY _key ORDER BY md5(concat_ws(chr(31), {every}))) AS _n "
        f"FROM (SELECT *, {key} AS _key FROM {raw.name}))"
    )
    row = connection.execute(
        f"SELECT count(*) FILTER (WHERE contains({quoted(MADE)}, '-')) FROM {view}"
    ).fetchone()
    note = problem(
        "ids-made.numbered" if row and row[0] else "ids-made",
        table="deals",
        file=raw.file,
        headers=listed(list(headers.values())),
        count=row[0] if row and row[0] else None,
    )
    made = replace(raw, name=view, types={**raw.types, MADE: "VARCHAR"}, problems=[*raw.problems, note])
    return made, file.model_copy(update={"columns": {**own, "deal_id": MADE}})


def _has_id(connection: duckdb.DuckDBPyConnection, raw: Raw, mapped: set[str]) -> bool:
    """Whether a column that nobody mapped is an id: by its name, and each of its values stands once."""
    names = [h for h in raw.types if h not in mapped and is_id(h)]
    counts = [f"count({quoted(h)}) = count(*) AND count(DISTINCT {quoted(h)}) = count(*)" for h in names]
    row = connection.execute(f"SELECT {', '.join(counts)} FROM {raw.name}").fetchone() if counts else None
    return row is not None and any(row)
