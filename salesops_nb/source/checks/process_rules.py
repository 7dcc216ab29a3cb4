"""What must hold between the columns of a stage entered and of a forecast call."""

from __future__ import annotations

from salesops_nb.source.checks.rules import Rule

PROCESS_RULES = {
    "stage_history": Rule(
        "left-before-entered",
        "left_at",
        "left_at < entered_at",
        "figures by left_at",
        "left_at",
        other="t.entered_at",
    ),
    "forecast_calls": Rule(
        "commit-above-best-case",
        "best_case",
        "best_case < commit",
        "figures by best_case",
        "best_case",
        other="t.commit",
    ),
}


def process_rules(table: str, columns: list[str]) -> list[Rule]:
    """The rule of a table, where the columns that it compares are mapped."""
    rule = PROCESS_RULES.get(table)
    return [rule] if rule and rule.column in columns else []
