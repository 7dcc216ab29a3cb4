"""Keys: every copy of a doubled id, and values that point to nothing."""

from __future__ import annotations

import duckdb

from salesops_nb.errors import Problem, problem
from salesops_nb.source.checks.rules import ALL
from salesops_nb.source.columns.casting import Typed
from salesops_nb.source.schema.contracts import CONTRACTS, Column, Contract
from salesops_nb.source.schema.raw import literal, quoted, spoken_row

SUGGESTED = 300


def check_duplicates(
    connection: duckdb.DuckDBPyConnection, typed: Typed, contract: Contract, key: tuple[str, ...], label: str
) -> list[Problem]:
    """List all copies of a key that differ and set them aside; keep one of identical copies, and say so."""
    held = [name for name in key if name in typed.columns]
    if not held:
        return []
    keys = ", ".join(quoted(name) for name in held)
    known = " AND ".join(f"{quoted(name)} IS NOT NULL" for name in held[:1])
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
            SELECT t._row, {amount} AS amount, row({", ".join(f"t.{quoted(n)}" for n in held)}) AS key,
                concat_ws(', ', {", ".join(f"t.{quoted(n)}" for n in held)}) AS shown,
                hash(row({cells})) AS content
            FROM {typed.name} t JOIN {typed.raw.name} r USING (_row)
            WHERE ({", ".join(f"t.{quoted(n)}" for n in held)}) IN (SELECT ({keys}) FROM double_keys))
        SELECT *, count(DISTINCT content) OVER (PARTITION BY key) AS kinds,
            count(*) OVER (PARTITION BY key) AS n, min(_row) OVER (PARTITION BY key) AS first FROM copies
        """
    )
    _list_differing(connection, typed, contract, held, label)
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
            column=typed.headers.get(held[0], held[0]),
            value=same[2],
            n=same[1],
            kind=contract.row,
        )
    ]


def _list_differing(
    connection: duckdb.DuckDBPyConnection, typed: Typed, contract: Contract, held: list[str], label: str
) -> None:
    word = "deal id" if contract.name == "deals" else " and ".join(held)
    connection.execute(
        f"""
        INSERT INTO rejects SELECT 'error', 'duplicate-id', {literal(contract.name)},
            {literal(typed.raw.file)}, _row, {literal(typed.headers.get(held[0], held[0]))}, shown,
            'The {word} ' || shown || ' stands ' || n || ' times with different contents (rows '
            || string_agg({spoken_row(typed.raw)}, ', ' ORDER BY _row) OVER (PARTITION BY key
                ORDER BY _row ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
            || '); no copy is counted.',
            'Keep the right one.', {literal(ALL)}, amount
        FROM doubled WHERE kinds > 1
        """
    )


# what an unmatched key is called, and what its row is left out of
_REFERENCES = {
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
    fixes = _suggestions(connection, [row[0] for row in unmatched], target, key, column.name)
    connection.execute("CREATE OR REPLACE TEMP TABLE unmatched (value VARCHAR, fix VARCHAR)")
    connection.executemany("INSERT INTO unmatched VALUES (?, ?)", fixes)
    row = CONTRACTS[target].row
    code, word, figures = _REFERENCES.get(target, ("unknown-key", row, f"figures by {column.name}"))
    message, spoils = _effect(contract, column, word, figures)
    amount = "a.amount" if "amount" in typed.columns else "NULL"
    connection.execute(
        f"""
        INSERT INTO rejects SELECT 'error', {literal(code)}, {literal(contract.name)},
            {literal(typed.raw.file)}, a._row, {literal(typed.headers.get(column.name, column.name))},
            u.value, replace({literal(message)}, '{{value}}', u.value), u.fix,
            {literal(ALL if spoils == "*" else figures)}, {amount}
        FROM {relation} a JOIN unmatched u ON a.{name} = u.value
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


def _effect(contract: Contract, column: Column, word: str, figures: str) -> tuple[str, str]:
    """The message of an unmatched key and what it spoils: the cell, or the row."""
    if (contract.name, column.name) in BECOMES_UNASSIGNED:
        return "The rep '{value}' is not in people; what is theirs stands under 'unassigned'.", column.name
    missing = f"The {word} '{{value}}' is not in {column.refers_to}"
    if column.required:
        return f"{missing}, so the {contract.row} is left out of every figure.", "*"
    return f"{missing}; the {contract.row} leaves {figures} only.", column.name


def _suggestions(
    connection: duckdb.DuckDBPyConnection, values: list[str], target: str, key: str, column: str
) -> list[tuple[str, str]]:
    """What to do about each unmatched value, with the nearest key where one is near."""
    from rapidfuzz import process

    known = [
        r[0] for r in connection.execute(f"SELECT DISTINCT {key} FROM typed.{quoted(target)}").fetchall()
    ]
    known = [k for k in known if k is not None][:20_000]
    plain = f"Add it to {target}, or declare an alias under 'values: {column}' in the mapping."
    fixes = []
    for i, value in enumerate(values):
        close = process.extractOne(value, known, score_cutoff=82) if i < SUGGESTED else None
        if close and close[0] == value:
            fixes.append((value, f"Mend its row in {target}, which is left out."))
        elif close:
            hint = f"If {close[0]!r} is meant, declare the alias under 'values: {column}' in the mapping."
            fixes.append((value, hint))
        else:
            fixes.append((value, plain))
    return fixes
