"""How far each person has come: credit against quota, and what the next tier or gate still needs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

import narwhals as nw

from salesops_nb.commission.earning import rate_table
from salesops_nb.commission.earning.rate_table import derived_rate, gate_level
from salesops_nb.commission.inputs.rounding import decimal_of
from salesops_nb.commission.inputs.tables import collected
from salesops_nb.commission.plans.component_terms import by_territory, position_measure
from salesops_nb.commission.plans.plan import Plan
from salesops_nb.commission.plans.schema_component import Component
from salesops_nb.commission.settlement.working import ComponentRows, Working


@dataclass(frozen=True, slots=True)
class Attained:
    """A person's place in one component's table or before its gate, in the last span of the period.

    `credit`, `next_at` and `missing` are in the measure's unit (money, deals, units); `next_at` is
    the bound that comes next, of kind ``tier`` or ``gate``, none above the last; `next_rate` is a
    share where the tier has a rate; `target` is the target incentive of the span.
    """

    payee_id: str
    plan_id: str
    plan_version: int
    component_id: str
    component: str
    measure: str
    quota: Decimal | None
    credit: Decimal
    next_at: Decimal | None
    next_kind: str | None
    next_rate: Decimal | None
    target: Decimal | None = None

    @property
    def attainment(self) -> Decimal | None:
        """Credit over quota; none without a quota."""
        return None if not self.quota else self.credit / self.quota

    @property
    def missing(self) -> Decimal | None:
        """What the next bound still needs."""
        return None if self.next_at is None else self.next_at - self.credit

    @property
    def missing_share(self) -> Decimal | None:
        """The same as a share of the bound."""
        return None if not self.next_at else (self.next_at - self.credit) / self.next_at


def attained(payout: Working) -> list[Attained]:
    """Everybody on a plan, for each component that has a quota, a table or a gate; in order of person."""
    rows = [row for part in payout.components for row in _rows(part)]
    return sorted(rows, key=lambda row: (row.payee_id, row.plan_id, row.component_id))


def near(rows: Iterable[Attained], within: Decimal = Decimal("0.1")) -> list[Attained]:
    """Those who lack at most so great a share of the next bound, the nearest first."""
    found = [row for row in rows if row.missing_share is not None and 0 < row.missing_share <= within]
    return sorted(found, key=lambda row: (row.missing_share or 0, row.payee_id))


def _rows(part: ComponentRows) -> Iterable[Attained]:
    plan, c = part.plan, part.c
    if c.table is None and c.gate is None and c.threshold is None and plan.file.quota is None:
        return
    if by_territory(c):
        return  # whose total it is, no person's place says
    last = len(part.spans) - 1
    span = part.spans[last]
    if span.end <= part.job.period.start:
        return  # a plan that has ended, and has something to release or take back
    if plan.end < span.end:
        return  # the total goes on under a later version
    column = "x" if position_measure(c) is None else "k_pos"
    sums = part.whole.filter(nw.col("span") == last).group_by("payee_id").agg(x=nw.col(column).sum())
    credits = {row["payee_id"]: Fraction(row["x"]) for row in collected(sums)}
    stays = part.job.people.stays
    here = {
        p for p, each in (stays or {}).items() if any(s.start < span.end and span.start < s.end for s in each)
    }
    for payee in sorted(credits.keys() | here):
        standing = part.job.people.standing(payee, span)
        credit = credits.get(payee, Fraction(0))
        bound, kind, rate = _next(plan, c, standing.quota, standing.target, credit)
        yield Attained(
            payee, plan.id, plan.version, c.id, c.name or c.id, position_measure(c) or c.measure,
            None if standing.quota is None else decimal_of(standing.quota, 4), decimal_of(credit, 4),
            None if bound is None else decimal_of(bound, 4), kind, rate,
            None if standing.target is None else decimal_of(standing.target),
        )  # fmt: skip


def _next(
    plan: Plan, c: Component, quota: Fraction | None, target: Fraction | None, credit: Fraction
) -> tuple[Fraction | None, str | None, Decimal | None]:
    """The next bound above the credit: the gate first, else a tier of a table over credit."""
    level = gate_level(plan, c, quota)
    if level is not None and credit < level < rate_table.FAR:
        return level, "gate", None
    if c.table is None or c.table.unit == "margin_pct" or c.table.mode == "matrix":
        return None, None, None
    found = rate_table.bounds(c, quota, plan.file.quota.if_zero if plan.file.quota else None)
    base = derived_rate(plan, c, target, quota) if c.rate_pct == "derived" else None
    if c.rate_pct is not None and c.rate_pct != "derived":
        base = Fraction(c.rate_pct) / 100
    for row, bound in zip(c.table.rows, found, strict=False):
        if credit < bound < rate_table.FAR:
            priced = row.rate_pct is not None or (row.x is not None and base is not None)
            return bound, "tier", decimal_of(rate_table.row_rate(row, base)) if priced else None
    return None, None, None
