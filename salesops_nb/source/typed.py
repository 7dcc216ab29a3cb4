"""From a file's text to typed columns, in SQL."""

from __future__ import annotations

from salesops_nb.source.contracts import SQL_TYPES, Column, Contract
from salesops_nb.source.mapping import FileMapping
from salesops_nb.source.raw import Raw, literal, quoted

FLAG = Column("simulated", "flag")


def select_typed(contract: Contract, mapping: FileMapping, raw: Raw) -> tuple[str, list[str]]:
    """The SELECT that gives our columns from a raw table, and their names in order."""
    mapped = dict(mapping.columns) or {c: c for c in raw.types if c in contract.by_name}
    parts: list[str] = []
    names: list[str] = []
    for column in (*contract.columns, FLAG):
        if column.name in mapping.constants:
            source, kind = literal(mapping.constants[column.name]), "VARCHAR"
        elif column.name in mapped:
            source, kind = quoted(mapped[column.name]), raw.types[mapped[column.name]]
        elif column is FLAG and "simulated" in raw.types:
            source, kind = "simulated", raw.types["simulated"]
        else:
            continue
        parts.append(f"{_value(column, source, kind, mapping)} AS {quoted(column.name)}")
        names.append(column.name)
    for name, header in mapped.items():
        if name not in contract.by_name:
            parts.append(
                f"{_value(Column(name), quoted(header), raw.types[header], mapping)} AS {quoted(name)}"
            )
            names.append(name)
    for header in raw.types:
        if header not in mapped.values() and header not in names:
            parts.append(quoted(header))
            names.append(header)
    return f"SELECT {', '.join(parts)}, _row FROM {raw.name}", names


def _value(column: Column, source: str, kind: str, mapping: FileMapping) -> str:
    """The SQL that turns one source column into ours."""
    if kind == "VARCHAR":
        source = f"nullif(trim({source}), '')"
        aliases = mapping.values.get(column.name)
        if aliases:
            cases = " ".join(f"WHEN {literal(a)} THEN {literal(b)}" for a, b in aliases.items())
            source = f"CASE {source} {cases} ELSE {source} END"
    value = f"TRY_CAST({source} AS {SQL_TYPES[column.type]})"
    if column.name in mapping.multiply:
        value = f"CAST({value} * {mapping.multiply[column.name]} AS {SQL_TYPES[column.type]})"
    return value
