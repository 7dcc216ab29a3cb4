"""A plan with its rates or tiers moved by a share: what a designer tries before writing it down."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from salesops_nb.commission.plans.plan import Plan
from salesops_nb.errors import SalesopsError, problem

PRICES = ("rate_pct", "amount", "payout_pct", "x", "per_unit")


def moved(
    plan: Plan,
    rate_change: Decimal = Decimal(0),
    tier_change: Decimal = Decimal(0),
    component: str | None = None,
) -> dict[str, Any]:
    """Changes for `Plan.changed` and `Study.what_if`; none where nothing moves.

    Parameters
    ----------
    rate_change : of every rate, amount and price of a unit, in per cent of what it is.
    tier_change : of where each tier but the first begins, and of thresholds, in per cent.
    component : its id; every component where none is named.

    Raises
    ------
    SalesopsError
        Where the plan has no such component.
    """
    known = [c.id for c in plan.components]
    if component is not None and component not in known:
        raise SalesopsError(
            problem(
                "unknown-component",
                column="component",
                value=component,
                plan=plan.id,
                components=", ".join(known),
            )
        )
    if not rate_change and not tier_change:
        return {}
    data = plan.file.model_dump(by_alias=True, exclude_unset=True)
    rate, tier = 1 + rate_change / 100, 1 + tier_change / 100
    return {
        "components": [
            _component(c, rate, tier) if component in (None, c["id"]) else c for c in data["components"]
        ]
    }


def _component(c: Mapping[str, Any], rate: Decimal, tier: Decimal) -> dict[str, Any]:
    made = dict(c)
    table = made.get("table")
    # rows that multiply the component's own rate move with it, not twice
    own = made.get("rate_pct") is not None
    if made.get("rate_pct") == "derived":
        made["weight_pct"] = made.get("weight_pct", Decimal(100)) * rate
    for name in PRICES:
        if name != "x" and isinstance(made.get(name), Decimal | int):
            made[name] = made[name] * rate
    if made.get("rates"):
        made["rates"] = [_priced(row, rate, own=False) for row in made["rates"]]
    if made.get("threshold") is not None:
        made["threshold"] = made["threshold"] * tier
    if table:
        rows = [_tiered(_priced(row, rate, own), tier) for row in table["rows"]]
        made["table"] = {**table, "rows": rows}
    return made


def _priced(row: Mapping[str, Any], rate: Decimal, own: bool) -> dict[str, Any]:
    return {
        name: value * rate
        if name in PRICES and isinstance(value, Decimal | int) and not (name == "x" and own)
        else value
        for name, value in row.items()
    }


def _tiered(row: Mapping[str, Any], tier: Decimal) -> dict[str, Any]:
    return {name: value * tier if name in ("from", "to") and value else value for name, value in row.items()}
