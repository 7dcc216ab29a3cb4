"""A plan at work in a period, and what its components hang on: scope, gate, quota, target incentive."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import narwhals as nw

from salesops_nb.commission import curve
from salesops_nb.commission.frames import Tables
from salesops_nb.commission.opening import Opening
from salesops_nb.commission.plan import Plan
from salesops_nb.commission.rounding import decimal_of
from salesops_nb.commission.schema_component import Component
from salesops_nb.commission.spans import People, Span
from salesops_nb.periods import Period


@dataclass
class Job:
    """A plan at work in a period: its credits, people and spans."""

    plan: Plan
    tables: Tables
    period: Period
    people: People
    credit: nw.LazyFrame[Any]
    team: nw.LazyFrame[Any] | None
    attained: nw.LazyFrame[Any] | None
    team_attained: nw.LazyFrame[Any] | None = None
    spans: dict[str, list[Span]] = field(default_factory=dict)
    opened: list[Opening] = field(default_factory=list)
    has_overlay: bool = False
    has_refunds: bool = False
    everyone: Callable[[], list[str]] = list[str]

    def payees(self) -> list[str]:
        """Everyone who may have credit under the plan."""
        if self.people.stays is not None:
            return sorted(self.people.stays)
        return self.everyone()


def scope_of(c: Component) -> str:
    """The scope, said or implied: over a threshold or a period's excess credit runs on, else each
    stands alone.
    """
    if c.scope is not None:
        return c.scope
    excess = c.then == "excess" or (c.gate is not None and c.gate.then == "excess")
    return "running_total" if excess else "each_transaction"


def on_attainment(c: Component) -> bool:
    """Whether earlier credits of a span may be paid otherwise once attainment has passed a gate or
    condition.
    """
    then, _ = gate_of(c)
    waits = then == "first_dollar" and not (scope_of(c) == "each_transaction" and not gate_on_attainment(c))
    return waits or "attainment_pct" in conditions_of(c)


def conditions_of(c: Component) -> str:
    """The conditions of its multipliers, in one text."""
    return " ".join(m.where or "" for m in (c.multipliers.rows if c.multipliers else ()))


def gate_of(c: Component) -> tuple[str | None, bool]:
    """What its gate or threshold pays then, and whether the level itself is enough."""
    if c.gate is not None:
        return c.gate.then, c.gate.inclusive
    return c.then, True


def gate_on_attainment(c: Component) -> bool:
    """Whether it has a gate in per cent of quota."""
    return c.gate is not None and c.gate.attainment_pct is not None


def bands_on_quota(c: Component) -> bool:
    """Whether the bands of its table are per cents of quota."""
    return c.table is not None and c.table.unit == "pct_of_quota"


def uses_quota(c: Component) -> bool:
    """Whether anything of it hangs on a quota."""
    columns = c.table.columns.unit if c.table is not None and c.table.columns is not None else None
    return (
        bands_on_quota(c)
        or columns == "pct_of_quota"
        or gate_on_attainment(c)
        or "attainment_pct" in conditions_of(c)
    )


def refuses(plan: Plan, c: Component, quota: Fraction | None) -> bool:
    """Whether the component hangs on a quota that is zero (or below) and the plan does not say what
    that means.
    """
    rule = plan.file.quota
    if rule is None or quota is None or quota > 0 or not (uses_quota(c) or c.rate_pct == "derived"):
        return False
    return quota < 0 or rule.if_zero in (None, "refuse")


def gate_level(plan: Plan, c: Component, quota: Fraction | None) -> Fraction | None:
    """The credit at which the gate (or threshold) opens."""
    if c.threshold is not None:
        return Fraction(c.threshold)
    if c.gate is None:
        return None
    if c.gate.amount is not None:
        return Fraction(c.gate.amount)
    assert c.gate.attainment_pct is not None
    return curve.of_quota(
        Fraction(c.gate.attainment_pct), quota, plan.file.quota.if_zero if plan.file.quota else None
    )


def derived_rate(plan: Plan, c: Component, target: Fraction | None, quota: Fraction | None) -> Fraction:
    """Target incentive × weight ÷ quota; rounded only where the plan says to how many places."""
    rate = (target or Fraction(0)) * Fraction(c.weight_pct) / 100 / quota if quota else Fraction(0)
    places = plan.file.rounding.rate_places
    return rate if places is None else Fraction(decimal_of(rate, places))


def target_of(c: Component, target: Fraction | None) -> Fraction:
    """The component's target for a span: its own amount, or its weight of the person's target incentive."""
    if c.target == "derived":
        return (target or Fraction(0)) * Fraction(c.weight_pct) / 100
    return Fraction(c.target or 0)


def attainment_pct(total: Fraction, quota: Fraction | None, if_zero: str | None) -> Fraction:
    """Attainment in per cent; of a quota of zero as the plan says."""
    if quota:
        return total / quota * 100
    return Fraction(100 if if_zero == "attainment_100" else 0)
