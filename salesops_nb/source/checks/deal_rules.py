"""What must hold between the columns of a deal: stage, owner, dates and amount."""

from __future__ import annotations

from salesops_nb.source.checks.rules import ALL, Rule
from salesops_nb.source.columns.casting import Typed
from salesops_nb.workbook import Settings


def deal_rules(typed: Typed, settings: Settings, last: str | None) -> list[Rule]:
    """What must hold between the columns of a deal; `last` is the SQL of the last day that can be."""
    columns = set(typed.columns) | {"outcome"}
    rules = [_unknown_stage(typed), _no_owner()]
    bad = {name: f"list_contains(_bad, '{name}')" for name in ("amount", "closed_on", "created_on")}
    if "closed_on" in columns:
        rules += _closing(bad["closed_on"])
    if "amount" in columns:
        rules += _amounts(bad["amount"], settings, "deal_type" in columns)
    if {"created_on", "closed_on"} <= columns:
        rules.append(
            Rule(
                "closed-before-created",
                "closed_on",
                "outcome <> 'open' AND closed_on < created_on",
                "cycle time",
                other="t.created_on",
            )
        )
        rules.append(
            Rule(
                "closed-without-created",
                "created_on",
                f"outcome <> 'open' AND created_on IS NULL AND NOT {bad['created_on']}",
                "cycle time",
            )
        )
    if last is not None:
        rules += [_future(name, last) for name in ("created_on", "closed_on") if name in columns]
    return rules


def _no_owner() -> Rule:
    return Rule(
        "missing-owner",
        "owner_id",
        "owner_id IS NULL",
        "figures by rep and team",
        "owner_id",
    )


def _unknown_stage(typed: Typed) -> Rule:
    has_stage = "stage" in typed.columns
    return Rule(
        "unknown-stage" if has_stage else "unknown-outcome",
        "stage" if has_stage else "outcome",
        "outcome IS NULL",
        ALL,
        "*",
    )


def _closing(bad: str) -> list[Rule]:
    return [
        Rule(
            "closed-without-date",
            "closed_on",
            f"outcome <> 'open' AND closed_on IS NULL AND NOT {bad}",
            "every figure of a period, and cycle time",
            other="t.outcome",
        ),
        Rule(
            "open-with-closing-date",
            "closed_on",
            "outcome = 'open' AND closed_on IS NOT NULL",
            "closed deals",
            "closed_on",
            other="t.stage",
        ),
    ]


def _amounts(bad: str, settings: Settings, typed_deals: bool) -> list[Rule]:
    rules = [
        Rule(
            "won-without-amount.deal",
            "amount",
            f"outcome = 'won' AND amount IS NULL AND NOT _no_rate AND NOT {bad}",
            "bookings and values",
        )
    ]
    allowed = None
    if settings.declares.contractions and typed_deals:
        allowed = "lower(deal_type) IN ('renewal', 'expansion', 'contraction')"
    if not settings.declares.credits:
        rules.append(
            Rule(
                "negative-amount",
                "amount",
                "amount < 0" + (f" AND NOT coalesce({allowed}, false)" if allowed else ""),
                "bookings and values",
                "amount",
            )
        )
    return rules


def _future(name: str, last: str) -> Rule:
    return Rule(
        "future-date",
        name,
        f"{name} > {last}",
        "every figure of a period, and cycle time" if name == "closed_on" else "cycle time",
        name,
        other=last,
    )
