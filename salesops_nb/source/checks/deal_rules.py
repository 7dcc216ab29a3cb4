"""What must hold between the columns of a deal: stage, owner, dates and amount."""

from __future__ import annotations

from salesops_nb.source.checks.rules import ALL, Rule
from salesops_nb.source.columns.casting import Typed
from salesops_nb.workbook import Settings


def deal_rules(typed: Typed, settings: Settings, last: str | None) -> list[Rule]:
    """What must hold between the columns of a deal; `last` is the SQL of the last day that can be."""
    held = set(typed.columns) | {"outcome"}
    rules = [_unknown_stage(typed), _no_owner()]
    bad = {name: f"list_contains(_bad, '{name}')" for name in ("amount", "closed_on", "created_on")}
    if "closed_on" in held:
        rules += _closing(bad["closed_on"])
    if "amount" in held:
        rules += _amounts(bad["amount"], settings, "deal_type" in held)
    if {"created_on", "closed_on"} <= held:
        rules.append(
            Rule(
                "closed-before-created",
                "closed_on",
                "outcome <> 'open' AND closed_on < created_on",
                "The deal was closed on {value}, before it was created on {other}.",
                "Correct one of the two dates; until then it is left out of cycle time only.",
                "cycle time",
                other="t.created_on",
            )
        )
        rules.append(
            Rule(
                "closed-without-created",
                "created_on",
                f"outcome <> 'open' AND created_on IS NULL AND NOT {bad['created_on']}",
                "The deal is closed and has no creation date.",
                "Fill the date; until then it is left out of cycle time only.",
                "cycle time",
                severity="warning",
            )
        )
    if last is not None:
        rules += [_future(name, last) for name in ("created_on", "closed_on") if name in held]
    return rules


def _no_owner() -> Rule:
    return Rule(
        "missing-owner",
        "owner_id",
        "owner_id IS NULL",
        "The deal has no owner; it stands under 'unassigned'.",
        "Fill the owner.",
        "figures by rep and team",
        "owner_id",
    )


def _unknown_stage(typed: Typed) -> Rule:
    has_stage = "stage" in typed.columns
    return Rule(
        "unknown-stage" if has_stage else "unknown-outcome",
        "stage" if has_stage else "outcome",
        "outcome IS NULL",
        "The stage '{value}' is not in the mapping, so the deal is neither open, won nor lost.",
        "Add it under 'stages' of deals in the mapping, as open, won or lost.",
        ALL,
        "*",
    )


def _closing(bad: str) -> list[Rule]:
    return [
        Rule(
            "closed-without-date",
            "closed_on",
            f"outcome <> 'open' AND closed_on IS NULL AND NOT {bad}",
            "The deal is {other} and has no closing date.",
            "Fill the date; until then it belongs to no period.",
            "every figure of a period, and cycle time",
            other="t.outcome",
        ),
        Rule(
            "open-with-closing-date",
            "closed_on",
            "outcome = 'open' AND closed_on IS NOT NULL",
            "The deal is open in stage {other} and was closed on {value}.",
            "Correct the stage or empty the date; until then it stands in the pipeline as open.",
            "closed deals",
            "closed_on",
            other="t.stage",
        ),
    ]


def _amounts(bad: str, settings: Settings, typed_deals: bool) -> list[Rule]:
    rules = [
        Rule(
            "won-without-amount",
            "amount",
            f"outcome = 'won' AND amount IS NULL AND NOT _no_rate AND NOT {bad}",
            "The deal is won and has no amount.",
            "Fill the amount; until then it counts as won and adds nothing to bookings.",
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
                "The amount {value} is negative, and the workbook declares no credits or contractions.",
                "Correct it, or set 'declares: {credits: true}' in workbook.yml.",
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
        "{value} lies in the future: the data reach to {other}.",
        "Correct the date, or set 'data_through' in workbook.yml.",
        "every figure of a period, and cycle time" if name == "closed_on" else "cycle time",
        name,
        other=last,
    )
