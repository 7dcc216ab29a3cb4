"""The short way to write a finding about a file or a table."""

from __future__ import annotations

from salesops_nb.errors import Problem, Severity


def finding(
    code: str,
    message: str,
    fix: str = "",
    *,
    file: str | None = None,
    table: str | None = None,
    row: int | None = None,
    column: str | None = None,
    value: object = None,
    severity: Severity = "error",
) -> Problem:
    """One `Problem`; only its message need be told."""
    shown = None if value is None else str(value)
    return Problem(code, message, fix, table, file, row, column, shown, severity)


def listed(names: object, most: int = 12) -> str:
    """Names after one another, the tail counted where there are many."""
    held = [str(name) for name in names]  # type: ignore[attr-defined]
    tail = f" and {len(held) - most} more" if len(held) > most else ""
    return ", ".join(held[:most]) + tail
