"""What must hold of each row, as SQL over the contracts: run inside the engine, whatever the size.

One scan counts every rule's offenders; only a rule that has any is run again to list them. The
rules are SQL and not pointblank steps because pointblank takes over a second to import and gives a
failing row without its number in the file; a test holds both against each other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import duckdb

from salesops_nb.errors import declared
from salesops_nb.source.checks.rejects import kept, reason
from salesops_nb.source.columns.casting import Typed
from salesops_nb.source.schema.contracts import Contract
from salesops_nb.source.schema.raw import literal, quoted

ALL = "every figure"


@dataclass(frozen=True, slots=True)
class Rule:
    """A row offends where `where` holds; `spoils` is the column blanked, ``*`` for the whole row.

    `key` names its sentences in the catalogue of problems; `other` is the SQL of their place of that name,
    `places` are the further ones. `amount` is the column of money that a row adds up by, where the table
    has it.
    """

    key: str
    column: str
    where: str
    left_out_of: str | None = None
    spoils: str | None = None
    other: str = "NULL"
    amount: str = "amount"
    places: Mapping[str, str] = field(default_factory=dict)

    @property
    def code(self) -> str:
        """The code of its problems."""
        return self.key.partition(".")[0]


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
    places = {name: literal(text) for name, text in rule.places.items()} | {"other": rule.other}
    severity = declared()[rule.key].get("severity", "error")
    connection.execute(
        f"""
        INSERT INTO rejects SELECT {literal(severity)}, {literal(rule.code)}, {literal(contract.name)},
            {literal(typed.raw.file)}, t._row, {literal(header)}, {value},
            {reason(rule.key, value=value, table=literal(contract.name), **places)},
            {literal(rule.left_out_of) if rule.left_out_of else "NULL"}, {amount}, {kept(rule.key, **places)}
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
    columns = [c for c in contract.columns if c.name in typed.columns]
    for column in columns:
        name = quoted(column.name)
        bad = f"list_contains(_bad, {literal(column.name)})"
        header = typed.headers.get(column.name)
        if column.type == "money" and header and typed.raw.types.get(header) == "VARCHAR":
            rules.append(_rounded(column.name, header, typed))
        if column.type != "text":
            rules += _unreadable(contract, column.name, column.type, bad, column.required)
        if column.required and not joined and column.name not in ("owner_id", "stage"):
            may = f" AND NOT coalesce({column.empty_where}, false)" if column.empty_where else ""
            rules.append(
                Rule(
                    "missing-value.of-row",
                    column.name,
                    f"{name} IS NULL AND NOT {bad}{may}",
                    ALL,
                    "*",
                    places={"kind": contract.row, "name": column.name},
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
                    ALL if column.required or column.name == "outcome" else f"figures by {column.name}",
                    "*" if column.required or column.name == "outcome" else column.name,
                    places={"name": column.name, "choices": ", ".join(column.choices)},
                )
            )
    return rules


def missing_joined(contract: Contract, typed: Typed) -> list[Rule]:
    """The rules of required columns that a further file brings: it may lack a row's key."""
    return [
        Rule(
            "missing-value.of-row",
            column.name,
            f"{quoted(column.name)} IS NULL",
            ALL,
            "*",
            places={"kind": contract.row, "name": column.name},
        )
        for column in contract.columns
        if column.required and column.name in typed.joined and column.name not in ("owner_id", "stage")
    ]


# what a cell that cannot be read takes its row out of; any other column: the figures by it
SPOILED_BY = {
    ("deals", "amount"): "bookings and values",
    ("deals", "closed_on"): "every figure of a period, and cycle time",
    ("deals", "created_on"): "cycle time",
}
# how what cannot be read is called, by the column's type
_UNREADABLE = {
    "money": "bad-number.money",
    "number": "bad-number.number",
    "ratio": "bad-number.ratio",
    "whole": "bad-number.whole",
    "date": "bad-date.day",
    "time": "bad-date.moment",
    "flag": "bad-flag",
}


def _unreadable(contract: Contract, name: str, kind: str, bad: str, required: bool) -> list[Rule]:
    figures = ALL if required else SPOILED_BY.get((contract.name, name), f"figures by {name}")
    spoils = "*" if required else name
    return [Rule(_UNREADABLE[kind], name, bad, figures, spoils)]


def _rounded(name: str, header: str, typed: Typed) -> Rule:
    """Amounts with more than the four places that are kept."""
    long = rf"SELECT _row FROM {typed.raw.name} WHERE regexp_matches({quoted(header)}, '[.,]\d{{5,}}\D*$')"
    return Rule(
        "rounded",
        name,
        f"{quoted(name)} IS NOT NULL AND _row IN ({long})",
        other=f"t.{quoted(name)}",
    )


def _bounds(contract: Contract, name: str, low: int | None, high: int | None) -> Rule:
    sides = [f"{quoted(name)} < {low}" if low is not None else "", f"{quoted(name)} > {high}" if high else ""]
    both = low is not None and high
    return Rule(
        "out-of-range.between" if both else "out-of-range.at-least",
        name,
        " OR ".join(side for side in sides if side),
        f"figures by {name}",
        name,
        places={"name": name, "low": str(low), "high": str(high)},
    )
