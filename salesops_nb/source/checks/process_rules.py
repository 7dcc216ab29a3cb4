"""What must hold between the columns of a stage entered and of a forecast call."""

from __future__ import annotations

from salesops_nb.source.checks.rules import Rule

PROCESS_RULES = {
    "stage_history": Rule(
        "left-before-entered",
        "left_at",
        "left_at < entered_at",
        "The stage was left on {value}, before it was entered on {other}.",
        "Correct one of the two moments; until then the stage has no end.",
        "figures by left_at",
        "left_at",
        other="t.entered_at",
    ),
    "forecast_calls": Rule(
        "commit-above-best-case",
        "best_case",
        "best_case < commit",
        "The best case {value} is less than the commit {other}.",
        "Correct one of the two; until then the call has no best case.",
        "figures by best_case",
        "best_case",
        other="t.commit",
    ),
}


def process_rules(table: str, columns: list[str]) -> list[Rule]:
    """The rule of a table, where the columns that it compares are mapped."""
    rule = PROCESS_RULES.get(table)
    return [rule] if rule and rule.column in columns else []
