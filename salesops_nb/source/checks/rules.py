"""What must hold of each row, as SQL over the contracts: run inside the engine, whatever the size.

One scan counts every rule's offenders; only a rule that has any is run again to list them. The
rules are SQL and not pointblank steps because pointblank takes over a second to import and gives a
failing row without its number in the file; a test holds both against each other.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from salesops_nb.source.checks.rejects import template
from salesops_nb.source.columns.casting import Typed
from salesops_nb.source.schema.contracts import Contract
from salesops_nb.source.schema.raw import literal, quoted

ALL = "every figure"


@dataclass(frozen=True, slots=True)
class Rule:
    """A row offends where `where` holds; `spoils` is the column blanked, ``*`` for the whole row.

    `amount` is the column of money that a row adds up by, where the table has it.
    """

    code: str
    column: str
    where: str
    message: str
    fix: str
    left_out_of: str | None = None
    spoils: str | None = None
    severity: str = "error"
    other: str = "NULL"
    amount: str = "amount"


def run_rules(
    connection: duckdb.DuckDBPyConnection,
    relation: str,
    typed: Typed,
    contract: Contract,
    rules: list[Rule],
    label: str | None = None,
) -> None:
    """Put the offenders of every rule into the rejects, and what they spoil beside."""
    if not rules:
        return
    counts = ", ".join(f"count(*) FILTER (WHERE {rule.where})" for rule in rules)
    found = connection.execute(f"SELECT {counts} FROM {relation}").fetchone() or ()
    for rule, count in zip(rules, found, strict=True):
        if count:
            _list(connection, relation, typed, contract, rule, label or contract.name)


def _list(
    connection: duckdb.DuckDBPyConnection,
    relation: str,
    typed: Typed,
    contract: Contract,
    rule: Rule,
    label: str,
) -> None:
    header = typed.headers.get(rule.column, rule.column)
    amount = f"t.{quoted(rule.amount)}" if rule.amount in typed.columns else "NULL"
    value = "NULL"
    if rule.column in typed.joined:
        header, value = typed.joined[rule.column], f"CAST(t.{quoted(rule.column)} AS VARCHAR)"
    elif header in typed.raw.types:
        value = f"CAST(r.{quoted(header)} AS VARCHAR)"
    connection.execute(
        f"""
        INSERT INTO rejects SELECT {literal(rule.severity)}, {literal(rule.code)}, {literal(contract.name)},
            {literal(typed.raw.file)}, t._row, {literal(header)}, {value},
            {template(rule.message, value, rule.other)}, {template(rule.fix, value, rule.other)},
            {literal(rule.left_out_of) if rule.left_out_of else "NULL"}, {amount}
        FROM (SELECT * FROM {relation} WHERE {rule.where}) t JOIN {typed.raw.name} r USING (_row)
        """
    )
    if rule.spoils:
        connection.execute(
            f"INSERT INTO spoiled SELECT {literal(label)}, {literal(rule.spoils)}, _row "
            f"FROM {relation} WHERE {rule.where}"
        )


def contract_rules(contract: Contract, typed: Typed, joined: bool = False) -> list[Rule]:
    """The rules that a contract's columns declare: readable, present, within bounds, of the choices."""
    rules: list[Rule] = []
    held = [c for c in contract.columns if c.name in typed.columns]
    for column in held:
        name = quoted(column.name)
        bad = f"list_contains(_bad, {literal(column.name)})"
        header = typed.headers.get(column.name)
        if column.type == "money" and header and typed.raw.types.get(header) == "VARCHAR":
            rules.append(_rounded(column.name, header, typed))
        if column.type != "text":
            rules += _unreadable(contract, column.name, column.type, bad, column.required)
        if column.required and not joined and column.name not in ("owner_id", "stage"):
            other, value = column.empty_for or ("", "")
            spared = f"{quoted(other)} IS NOT DISTINCT FROM {literal(value)}"
            needed = f" AND NOT {spared}" if other in typed.columns else ""
            rules.append(
                Rule(
                    "missing-value",
                    column.name,
                    f"{name} IS NULL AND NOT {bad}{needed}",
                    f"The {contract.row} has no {column.name}, so it is left out of every figure.",
                    "Fill the cell.",
                    ALL,
                    "*",
                )
            )
        if column.low is not None or column.high is not None:
            rules.append(_bounds(contract, column.name, column.low, column.high))
        if column.choices:
            choices = ", ".join(literal(choice) for choice in column.choices)
            rules.append(
                Rule(
                    "unknown-choice",
                    column.name,
                    f"{name} NOT IN ({choices})",
                    f"'{{value}}' is not a {column.name} that the table {contract.name} knows.",
                    f"Write one of {', '.join(column.choices)}, or add an alias under 'values' "
                    f"in the mapping.",
                    ALL if column.required or column.name == "outcome" else f"figures by {column.name}",
                    "*" if column.required or column.name == "outcome" else column.name,
                )
            )
    return rules


# what a cell that cannot be read takes its row out of; any other column: the figures by it
SPOILED_BY = {
    ("deals", "amount"): "bookings and values",
    ("deals", "closed_on"): "every figure of a period, and cycle time",
    ("deals", "created_on"): "cycle time",
}
_WORDS = {
    "money": "an amount",
    "number": "a number",
    "ratio": "a number",
    "whole": "a whole number",
    "date": "a date",
    "time": "a moment",
    "flag": "yes or no",
}
_FIXES = {
    "money": "Write the number alone, such as 1234.56.",
    "number": "Write the number alone, such as 1234.56.",
    "ratio": "Write the number alone, such as 0.5.",
    "whole": "Write the number without decimals, such as 12.",
    "date": "Write a day that exists, such as 2017-09-30.",
    "time": "Write a moment, such as 2017-09-30 14:05.",
    "flag": "Write true or false.",
}


def _unreadable(contract: Contract, name: str, kind: str, bad: str, required: bool) -> list[Rule]:
    figures = ALL if required else SPOILED_BY.get((contract.name, name), f"figures by {name}")
    spoils = "*" if required else name
    code = "bad-date" if kind in ("date", "time") else "bad-flag" if kind == "flag" else "bad-number"
    message, fix = f"'{{value}}' is not {_WORDS[kind]}.", _FIXES[kind]
    return [Rule(code, name, bad, message, fix, figures, spoils)]


def _rounded(name: str, header: str, typed: Typed) -> Rule:
    """Amounts with more than the four places that are kept."""
    long = rf"SELECT _row FROM {typed.raw.name} WHERE regexp_matches({quoted(header)}, '[.,]\d{{5,}}\D*$')"
    return Rule(
        "rounded",
        name,
        f"{quoted(name)} IS NOT NULL AND _row IN ({long})",
        "The amount {value} has more than four decimal places and is rounded to {other}.",
        "Export amounts with at most four places.",
        severity="warning",
        other=f"t.{quoted(name)}",
    )


def _bounds(contract: Contract, name: str, low: int | None, high: int | None) -> Rule:
    sides = [f"{quoted(name)} < {low}" if low is not None else "", f"{quoted(name)} > {high}" if high else ""]
    words = f"between {low} and {high}" if low is not None and high else f"at least {low}"
    return Rule(
        "out-of-range",
        name,
        " OR ".join(side for side in sides if side),
        f"{{value}} is out of range: {name} is {words}.",
        "Correct the cell.",
        f"figures by {name}",
        name,
    )
