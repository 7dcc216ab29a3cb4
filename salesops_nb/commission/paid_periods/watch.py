"""Every closed period calculated anew from today's tables and plans: what differs, why, what corrects it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

import pandas as pd
from sqlalchemy import Engine

from salesops_nb.commission.calculation import calculate
from salesops_nb.commission.finance.ledger_rows import plain_rows
from salesops_nb.commission.inputs.tables import Tables
from salesops_nb.commission.paid_periods.basis import basis
from salesops_nb.commission.paid_periods.reasons import read_known, reasons
from salesops_nb.commission.plans.plan import Plan
from salesops_nb.commission.result.payout import Payout
from salesops_nb.core.money import places
from salesops_nb.core.names import names_of
from salesops_nb.core.periods import FiscalCalendar, Period
from salesops_nb.errors import Problem, problem
from salesops_nb.messages import Figure, Message, joined, message
from salesops_nb.store.ledger.calendar import PayCalendar
from salesops_nb.store.ledger.closed_periods import (
    Change,
    Corrections,
    Held,
    Recalculated,
    corrections,
)
from salesops_nb.store.ledger.duties import ANYBODY, Duties

SHOWN = 100  # lines that are listed one by one


@dataclass(frozen=True, slots=True)
class Findings:
    """The lines of closed periods that differ, why each does, and what could not be calculated anew.

    `names` is what people are called, by id.
    """

    changes: list[Change] = field(default_factory=list)
    why: list[Message] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    names: Mapping[str, str] = field(default_factory=dict)

    @property
    def sums(self) -> dict[str, Decimal]:
        """What is to be paid on top, or taken back, by currency."""
        found: dict[str, Decimal] = defaultdict(Decimal)
        for change in self.changes:
            found[change.currency] += change.difference
        return dict(sorted(found.items()))

    def warnings(self) -> list[Problem]:
        """A warning for each line, who, what, how much and why, and one with the sum and what to do."""
        if not self.changes:
            return self.problems
        found = [
            _warning(change, self.names.get(change.payee_id, change.payee_id), why)
            for change, why in zip(self.changes, self.why, strict=True)
        ]
        if len(found) > SHOWN:
            found = sorted(found, key=lambda problem: abs(problem.amount or Decimal(0)), reverse=True)[:SHOWN]
        sums = joined(joined([_signed(amount, code), code], " ") for code, amount in self.sums.items())
        keys = ", ".join(dict.fromkeys(change.period for change in self.changes))
        n = len(self.changes)
        more: dict[str, Any] = {"shown": SHOWN} if n > SHOWN else {}
        which = "closed-periods-differ.many" if more else "closed-periods-differ"
        whole = problem(which, table="ledger", n=n, periods=keys, sums=sums, **more)
        return [*found, whole, *self.problems]


def watched(
    engine: Engine,
    plans: Sequence[Plan],
    tables: Mapping[str, Any],
    *,
    on: date,
    pay_calendar: PayCalendar | None = None,
    fiscal: FiscalCalendar | None = None,
    duties: Duties = ANYBODY,
    exit_netting: Collection[str] = (),
) -> tuple[Findings, Corrections]:
    """What all closed periods of the ledger differ by from their calculation today, and what corrects it.

    Plans that the ledger has paid by and that are not among `plans` any more are left alone and told.
    """
    fiscal, read = fiscal or FiscalCalendar(), Tables.of(tables)
    payouts: dict[str, Payout] = {}
    problems: dict[tuple[str, str], Problem] = {}

    def recalculate(period: Period, locked: Held, prior: pd.DataFrame) -> Recalculated:
        chosen, unplanned = _chosen(plans, period, locked, problems)
        if not chosen:
            return Recalculated([], ())
        payout = calculate(
            chosen, read.beside(prior_lines=prior), period, exit_netting=exit_netting, duties=duties
        )
        payouts[period.key] = payout
        ids: set[str | None] = {plan.id for plan in chosen}
        every = locked.basis is None or bool(locked.basis["every_plan"])
        return Recalculated(
            payout.lines, ids | ({None} if unplanned else set()), basis(payout, every_plan=every)
        )

    found = corrections(engine, recalculate, on=on, pay_calendar=pay_calendar, fiscal=fiscal)
    gone = {(c.period, c.payee_id, c.deal_id) for c in found.changes if c.paid and not c.due and c.deal_id}
    withheld: dict[tuple[str, str, str | None], str] = {}
    for key in {period for period, _, _ in gone}:
        for row in plain_rows(payouts[key].withheld, ["payee_id", "deal_id", "reason"]):
            place = (key, row["payee_id"], row["deal_id"])
            if place in gone:
                withheld.setdefault(place, payouts[key].working.reason(row["reason"]))
    known = read_known(read, found.changes, fiscal, found.then, found.bases, withheld)
    why, names = reasons(found.changes, known), names_of(tables, "people")
    return Findings(found.changes, why, list(problems.values()), names), found


def _signed(amount: Decimal, currency: str) -> Message:
    return Message(f"{{amount:+,.{places(currency)}f}}", {"amount": amount})


def _warning(change: Change, payee: str, why: Message) -> Problem:
    plan = "/".join(part for part in (change.plan_id, change.component_id) if part)
    deal = message("deal {deal}", deal=str(change.deal_id)) if change.deal_id else None
    digits = places(change.currency)
    return problem(
        "paid-otherwise",
        table="ledger",
        value=change.line_id,
        amount=change.difference,
        period=change.period,
        what=joined(part for part in (payee, deal, plan) if part),
        paid=Figure(change.before, digits),
        currency=change.currency,
        now=Figure(change.after, digits),
        difference=_signed(change.difference, change.currency),
        why=why,
    )


def _chosen(
    plans: Sequence[Plan], period: Period, locked: Held, problems: dict[tuple[str, str], Problem]
) -> tuple[list[Plan], bool]:
    """The plans that a period is of, and whether lines of no plan are too.

    Those that it was paid by; and the others where all of the workbook's plans were calculated for it,
    unless the ledger has them for a period that overlaps it, or for another kind of period alone.
    """
    mine = {plan_id for plan_id, _ in locked.plans}
    there = {(plan.id, plan.version) for plan in plans}
    lost = set()
    for plan_id, version in sorted(locked.plans, key=str):
        if plan_id is None or (plan_id, version) in there:
            continue
        in_force = any(p.id == plan_id and p.start < period.end and period.start < p.end for p in plans)
        if not in_force:
            lost.add(plan_id)
            problems.setdefault((plan_id, period.key), _lost(plan_id, version, period.key))
    scoped = locked.basis is not None and not locked.basis["every_plan"]

    def wanted(plan: Plan) -> bool:
        if plan.id in lost or plan.id in mine:
            return plan.id not in lost
        if scoped or plan.id in locked.elsewhere:
            return False
        kinds = locked.kinds.get(plan.id)
        if locked.basis is None and kinds is None:
            return False  # nothing says that it was calculated at all
        return period.kind in (kinds or {plan.file.plan.period})

    unplanned = None in mine or (not scoped and None not in locked.elsewhere)
    return [plan for plan in plans if wanted(plan)], unplanned


def _lost(plan_id: str, version: int | None, period: str) -> Problem:
    return problem(
        "no-plan-of-paid-lines",
        table="ledger",
        column="plan_id",
        value=plan_id,
        period=period,
        version=version,
    )
