"""Keys: every copy of a doubled id, and values that point to nothing."""

from __future__ import annotations

import duckdb

from salesops_nb.errors import Problem, problem
from salesops_nb.source.checks.rejects import kept, reason
from salesops_nb.source.checks.rules import ALL
from salesops_nb.source.columns.casting import Typed
from salesops_nb.source.schema.contracts import CONTRACTS, Column, Contract
from salesops_nb.source.schema.raw import literal, quoted, spoken_row

SUGGESTED = 300


def check_duplicates(
    connection: duckdb.DuckDBPyConnection, typed: Typed, contract: Contract, key: tuple[str, ...], label: str
) -> list[Problem]:
    """List all copies of a key that differ and set them aside; keep one of identical copies, and say so."""
    key_parts = [name for name in key if name in typed.columns]
    if not key_parts:
        return []
    keys = ", ".join(quoted(name) for name in key_parts)
    known = " AND ".join(f"{quoted(name)} IS NOT NULL" for name in key_parts[:1])
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE double_keys AS SELECT {keys} FROM {typed.name} WHERE {known} "
        "GROUP BY ALL HAVING count(*) > 1"
    )
    if connection.execute("SELECT count(*) FROM double_keys").fetchone() == (0,):
        return []
    cells = ", ".join(f"r.{quoted(header)}" for header in typed.raw.types)
    amount = "t.amount" if "amount" in typed.columns else "NULL"
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE doubled AS
        WITH copies AS (
            SELECT t._row, {amount} AS amount, row({", ".join(f"t.{quoted(n)}" for n in key_parts)}) AS key,
                concat_ws(', ', {", ".join(f"t.{quoted(n)}" for n in key_parts)}) AS shown,
                hash(row({cells})) AS content
            FROM {typed.name} t JOIN {typed.raw.name} r USING (_row)
            WHERE ({", ".join(f"t.{quoted(n)}" for n in key_parts)}) IN (SELECT ({keys}) FROM double_keys))
        SELECT *, count(DISTINCT content) OVER (PARTITION BY key) AS kinds,
            count(*) OVER (PARTITION BY key) AS n, min(_row) OVER (PARTITION BY key) AS first FROM copies
        """
    )
    _list_differing(connection, typed, contract, key_parts, label)
    connection.execute(
        f"INSERT INTO spoiled SELECT {literal(label)}, '*', _row FROM doubled WHERE kinds > 1 OR _row > first"
    )
    same = connection.execute(
        "SELECT count(DISTINCT key), count(*) FILTER (WHERE _row > first), min(shown), min(_row) FILTER "
        "(WHERE _row > first) FROM doubled WHERE kinds = 1"
    ).fetchone()
    if not same or not same[1]:
        return []
    return [
        problem(
            "identical-copies",
            table=contract.name,
            file=typed.raw.file,
            row=same[3],
            column=typed.headers.get(key_parts[0], key_parts[0]),
            value=same[2],
            n=same[1],
            kind=contract.row,
        )
    ]


def _list_differing(
    connection: duckdb.DuckDBPyConnection,
    typed: Typed,
    contract: Contract,
    key_parts: list[str],
    label: str,
) -> None:
    key = "duplicate-id.of-deal" if contract.name == "deals" else "duplicate-id.of-row"
    rows = (
        f"string_agg({spoken_row(typed.raw)}, ', ' ORDER BY _row) OVER (PARTITION BY key "
        "ORDER BY _row ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)"
    )
    places = {"names": literal(" and ".join(key_parts)), "n": "n", "rows": rows}
    connection.execute(
        f"""
        INSERT INTO rejects SELECT 'error', 'duplicate-id', {literal(contract.name)},
            {literal(typed.raw.file)}, _row,
            {literal(typed.headers.get(key_parts[0], key_parts[0]))}, shown,
            {reason(key, value="shown", **places)}, {literal(ALL)}, amount, {kept(key, **places)}
        FROM doubled WHERE kinds > 1
        """
    )


# what an unmatched key is called, and what its row is left out of
REFERENCES = {
    "people": ("unknown-rep", "rep", "the figures by rep and team"),
    "accounts": ("unknown-account", "account", "the figures by account and segment"),
    "products": ("unknown-product", "product", "the product mix"),
    "deals": ("unknown-deal", "deal", ALL),
    "units": ("unknown-unit", "unit", "the figures by unit"),
}
UNASSIGNED = "unassigned"
BECOMES_UNASSIGNED = {("deals", "owner_id"), ("activities", "person_id")}


def check_references(
    connection: duckdb.DuckDBPyConnection, typed: Typed, contract: Contract, relation: str, tables: list[str]
) -> None:
    """List the rows whose value is not a key of the table it points to."""
    for column in contract.columns:
        target = column.refers_to
        if target in tables and column.name in typed.columns:
            _check_reference(connection, typed, contract, relation, column, str(target))


def _check_reference(
    connection: duckdb.DuckDBPyConnection,
    typed: Typed,
    contract: Contract,
    relation: str,
    column: Column,
    target: str,
) -> None:
    name = quoted(column.name)
    key = quoted(CONTRACTS[target].key[0])
    unmatched = connection.execute(
        f"SELECT DISTINCT {name} FROM {relation} a WHERE {name} IS NOT NULL "
        f"AND NOT EXISTS (SELECT 1 FROM {_kept(connection, target)} b WHERE b.{key} = a.{name})"
    ).fetchall()
    if not unmatched:
        return
    near = _nearest(connection, [row[0] for row in unmatched], target, key)
    connection.execute("CREATE OR REPLACE TEMP TABLE unmatched (value VARCHAR, what VARCHAR, near VARCHAR)")
    connection.executemany("INSERT INTO unmatched VALUES (?, ?, ?)", near)
    row = CONTRACTS[target].row
    code, word, figures = REFERENCES.get(target, ("unknown-key", row, f"figures by {column.name}"))
    effect, spoils = _effect(contract, column)
    amount = "a.amount" if "amount" in typed.columns else "NULL"
    texts = {
        "kind": word,
        "target": target,
        "row_kind": contract.row,
        "figures": figures,
        "name": column.name,
    }
    places = {name: literal(text) for name, text in texts.items()} | {"near": "u.near"}
    for what in sorted({each[1] for each in near}):
        found = f"unknown-reference.{effect}-{what}"
        connection.execute(
            f"""
            INSERT INTO rejects SELECT 'error', {literal(code)}, {literal(contract.name)},
                {literal(typed.raw.file)}, a._row, {literal(typed.headers.get(column.name, column.name))},
                u.value, {reason(found, value="u.value", **places)},
                {literal(ALL if spoils == "*" else figures)}, {amount}, {kept(found, **places)}
            FROM {relation} a JOIN unmatched u ON a.{name} = u.value WHERE u.what = {literal(what)}
            """
        )
    connection.execute(
        f"INSERT INTO spoiled SELECT {literal(contract.name)}, {literal(spoils)}, a._row "
        f"FROM {relation} a JOIN unmatched u ON a.{name} = u.value"
    )


def _kept(connection: duckdb.DuckDBPyConnection, target: str) -> str:
    """The rows of a table that were not left out as a whole."""
    left_out = f'SELECT row FROM spoiled WHERE "table" = {literal(target)} AND "column" = \'*\''
    if not connection.execute(f"{left_out} LIMIT 1").fetchone():
        return f"typed.{quoted(target)}"
    return f"(SELECT * FROM typed.{quoted(target)} WHERE _row NOT IN ({left_out}))"


def _effect(contract: Contract, column: Column) -> tuple[str, str]:
    """What an unmatched key does to its row, and what it spoils: the cell, or the row."""
    if (contract.name, column.name) in BECOMES_UNASSIGNED:
        return "unassigned", column.name
    return ("row", "*") if column.required else ("cell", column.name)


def _nearest(
    connection: duckdb.DuckDBPyConnection, values: list[str], target: str, key: str
) -> list[tuple[str, str, str]]:
    """Each unmatched value with what to do about it, and the nearest key where one is near."""
    from rapidfuzz import process

    known = [
        r[0] for r in connection.execute(f"SELECT DISTINCT {key} FROM typed.{quoted(target)}").fetchall()
    ]
    known = [k for k in known if k is not None][:20_000]
    found = []
    for i, value in enumerate(values):
        close = process.extractOne(value, known, score_cutoff=82) if i < SUGGESTED else None
        if close and close[0] == value:
            found.append((value, "left-out", ""))
        else:
            found.append((value, "near", repr(close[0])) if close else (value, "unknown", ""))
    return found
