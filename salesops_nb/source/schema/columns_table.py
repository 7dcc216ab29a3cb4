"""The documentation's table of columns, made from the contracts."""

from __future__ import annotations

from salesops_nb.source.schema.contracts import CONTRACTS, Column, Contract

BEGIN, END = "<!-- columns: begin -->", "<!-- columns: end -->"


def columns_table() -> str:
    """Every table with its key and columns as Markdown; required columns in bold."""
    lines = ["| table | key | columns (type where it is not text; required in bold) |", "|---|---|---|"]
    lines += [_line(contract) for contract in CONTRACTS.values()]
    return "\n".join(lines)


def _line(contract: Contract) -> str:
    columns = ", ".join(_word(column) for column in contract.columns)
    return f"| {contract.name} | {', '.join(contract.key)} | {columns} |"


def _word(column: Column) -> str:
    name = f"**{column.name}**" if column.required else column.name
    details = [] if column.type == "text" else [column.type]
    if column.refers_to:
        details.append(f"→ {column.refers_to}")
    if column.choices:
        details.append(", ".join(column.choices))
    if column.empty_where:
        details.append(f"may be empty where {column.empty_where}")
    return f"{name} ({'; '.join(details)})" if details else name
