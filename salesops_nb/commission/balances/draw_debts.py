"""What people owe of draws: each draw with its day, repaid the oldest first, until it is forgiven."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from salesops_nb.commission.balances.draw_spans import Versions, last_day, stays_of
from salesops_nb.commission.inputs.opening_balances import openings
from salesops_nb.commission.inputs.plan_assignments import FAR
from salesops_nb.commission.inputs.ramps import read_careers
from salesops_nb.commission.inputs.tables import as_day
from salesops_nb.commission.plans.plan import Plan
from salesops_nb.commission.settlement.working import Working
from salesops_nb.core.periods import months_later

ZERO = Decimal(0)
ADVANCE, FORGIVEN = "advance", "forgiven"  # the ends of the ids of lines that are not a plain repayment


@dataclass
class Debt:
    """What is owed of one draw; from `until` on it is forgiven."""

    plan: Plan
    day: date
    until: date
    amount: Decimal


@dataclass
class Debts:
    """What one person owes of the draws of one plan."""

    left: date
    open: list[Debt] = field(default_factory=list)

    @property
    def total(self) -> Decimal:
        """All that is owed."""
        return sum((debt.amount for debt in self.open), ZERO)

    def add(self, plan: Plan, day: date, amount: Decimal) -> None:
        """A draw that has to be repaid, from a day on: the last of its span."""
        rule = plan.file.draw.forgive if plan.file.draw is not None else None
        until = FAR
        if rule is not None and rule.after_months is not None:
            until = months_later(day, rule.after_months)
        if rule is not None and rule.at_exit:
            until = min(until, max(self.left, day + timedelta(days=1)))
        self.open.append(Debt(plan, day, until, amount))

    def repay(
        self, plan: Plan, day: date, amount: Decimal, newest: bool = False, of: date | None = None
    ) -> None:
        """A repayment, of the oldest draws first; more than is owed stands against later draws.

        With `newest` the newest goes first, with `of` the plan's draw of a day.
        """
        order = sorted(self.open, key=lambda d: d.day, reverse=newest)
        for debt in sorted(order, key=lambda d: (d.plan, d.day) != (plan, of)):
            part = min(max(debt.amount, ZERO), amount)
            debt.amount -= part
            amount -= part
        self.open = [debt for debt in self.open if debt.amount]
        if amount:
            self.open.append(Debt(plan, day, FAR, -amount))

    def forgiven(self, day: date) -> list[Debt]:
        """What is owed no longer on a day, taken out."""
        gone = [debt for debt in self.open if debt.until <= day and debt.amount > 0]
        self.open = [debt for debt in self.open if debt not in gone]
        sums: dict[tuple[Plan, date], Debt] = {}
        for debt in gone:
            one = sums.setdefault((debt.plan, debt.day), Debt(debt.plan, debt.day, debt.until, ZERO))
            one.amount += debt.amount
        return list(sums.values())


def debts_before(payout: Working, family: Versions) -> dict[str, Debts]:
    """What each person owes before the period: by opening balances and the ledger."""
    careers = read_careers(payout.tables).hired

    def nobody_yet(payee: str) -> Debts:
        return Debts(careers.get(payee, (None, None))[1] or FAR)

    found: dict[str, Debts] = _Made(nobody_yet)
    if not family.recoverable:
        return found
    for o in openings(payout.tables, family.every[0], "draw"):
        if o.plan_id or _first_with_draw(payout, o.payee) == family.id:
            found[o.payee].add(family.recoverable[0], o.as_of or family.recoverable[0].start, o.amount)
    rows = [row for row in payout.prior(family.every[0]) if row["kind"] in ("draw", "draw_recovery")]
    for row in sorted(rows, key=lambda r: (as_day(r.get("happened_on")) or date.min, r["kind"])):
        plan = family.of(row.get("plan_version"))
        if plan not in family.recoverable:
            continue  # nobody owes such a draw
        day, amount = as_day(row.get("happened_on")) or plan.start, payout.in_plan(plan, row)
        if amount > 0 and end_of(row) == ADVANCE:
            day = last_day(payout.period.calendar, plan, day)
        if amount > 0:
            found[row["payee_id"]].add(plan, day, amount)
        else:
            newest = row["kind"] == "draw" or end_of(row) == ADVANCE
            of = date.fromisoformat(name_of(row).split("/")[-2]) if end_of(row) == FORGIVEN else None
            found[row["payee_id"]].repay(plan, day, -amount, newest, of)
    return found


class _Made(defaultdict[str, Debts]):
    """Debts by person, made as they are asked for."""

    def __init__(self, make: Any) -> None:
        super().__init__()
        self.make = make

    def __missing__(self, payee: str) -> Debts:
        self[payee] = self.make(payee)
        return self[payee]


def end_of(row: dict[str, Any]) -> str:
    """The last part of a line's name."""
    return name_of(row).rsplit("/", 1)[-1]


def name_of(row: dict[str, Any]) -> str:
    """The id of a line, or of the one it corrects."""
    source = row.get("source_line_id")
    return str(source if isinstance(source, str) and source else row["line_id"])


def _first_with_draw(payout: Working, payee: str) -> str | None:
    """The plan that an opening balance which names none belongs to: the person's first with a draw."""
    plans = [p for p in payout.plans if p.file.draw is not None and p.file.draw.recoverable]
    on = [(stays_of(payout, p, payee)[0].start, p.id) for p in plans if stays_of(payout, p, payee)]
    return min(on)[1] if on else min((p.id for p in plans), default=None)
