"""Draws, their repayment and forgiveness, and guarantees: person by person, in the order of days."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import narwhals as nw

from salesops_nb.commission.balances.draw_debts import ADVANCE, FORGIVEN, Debts, debts_before, end_of
from salesops_nb.commission.balances.draw_problems import unrepaid
from salesops_nb.commission.balances.draw_spans import (
    DrawSpan,
    Time,
    Versions,
    grid,
    offered,
    stays_of,
    time_of,
    versions_of,
)
from salesops_nb.commission.balances.exits import not_netted
from salesops_nb.commission.earning.lines import line
from salesops_nb.commission.inputs.events import owners
from salesops_nb.commission.inputs.rounding import decimal_of, rounded_pay
from salesops_nb.commission.inputs.tables import as_day, collected
from salesops_nb.commission.plans.plan import Plan
from salesops_nb.commission.settlement.span_pay import Pay
from salesops_nb.commission.settlement.working import Working

Row = dict[str, Any]
ZERO = Decimal(0)
DAY = timedelta(days=1)


@dataclass
class _Person:
    """A person's draws of one plan in the period."""

    family: Versions
    payee: str
    time: Time
    debts: Debts


Moment = tuple[tuple[Any, ...], _Person, DrawSpan]


@dataclass
class _Draws:
    """What the period's draws come to, as they are worked out day by day."""

    payout: Working
    pay: Pay
    # by person: day, plan, amount, and whether it is a draw or what is set against one paid in advance
    moved: dict[str, list[tuple[date, str, Decimal, bool]]] = field(default_factory=lambda: defaultdict(list))
    found: dict[Plan, list[Row]] = field(default_factory=lambda: defaultdict(list))

    def add(self, plan: Plan, who: _Person, kind: str, amount: Decimal, day: date, part: str) -> None:
        """A line of the plan's draw; its credit is what the person owes after it."""
        owed = who.debts.total if plan in who.family.recoverable else ZERO
        component = "guarantee" if kind == "guarantee" and plan.file.guarantee is not None else "draw"
        self.found[plan].append(
            line(
                plan, component, who.payee, kind, amount, self.payout.period.key, part=part, happened_on=day,
                credit=owed if component == "draw" else ZERO,
            )
        )  # fmt: skip
        if component == "draw" and kind != "guarantee" and not part.endswith(FORGIVEN):
            advance = kind == "draw" or part.endswith(ADVANCE)
            self.moved[who.payee].append((day, plan.id, amount, advance))


def topped_up(payout: Working, pay: Pay) -> dict[Plan, list[Row]]:
    """The lines of draws, their repayment and guarantees, by the version of the plan they are of.

    What is paid in a span hangs on what plans paid before in it, and a debt may be repaid from the pay
    of another plan: so all of a day is worked out before the next, advances first, then draws, then
    repayments (of one day: of shorter spans, and of the plan that the person was on first).
    """
    families = versions_of(payout.plans)
    work = _Draws(payout, pay)
    moments: list[Moment] = []
    drawing: list[_Person] = []
    for family in families:
        debts = debts_before(payout, family)
        for row in payout.prior(family.every[0]):
            day = as_day(row.get("happened_on"))
            if row["kind"] in ("draw", "draw_recovery") and end_of(row) != FORGIVEN and day is not None:
                advance = row["kind"] == "draw" or end_of(row) == ADVANCE
                plan = family.of(row.get("plan_version")) or family.every[0]
                amount = payout.in_plan(plan, row)
                work.moved[row["payee_id"]].append((day, family.id, amount, advance))
        people = set().union(*(_entitled(payout, p) for p in family.paying), debts)
        people |= {payee for p in family.paying for payee in pay.people(p)}
        for payee in sorted(people):
            time = time_of(payout, family, payee) or _without_stay(family, payee, debts)
            if time is not None:
                drawing.append(_Person(family, payee, time, debts[payee]))
                moments += _moments(payout, drawing[-1])
    for (day, step, *_), who, span in sorted(moments, key=lambda each: each[0]):
        _forgive(work, who, day)
        (_paid_in_advance, _topped_up, _repaid)[step](work, who, span)
    for who in drawing:
        _forgive(work, who, payout.period.end - DAY)
        payout.draws[who.family.id, who.payee] = who.debts.total
    payout.found += unrepaid(payout, pay, [(w.family, w.payee, w.debts.total) for w in drawing])
    return work.found


def _without_stay(family: Versions, payee: str, debts: dict[str, Debts]) -> Time | None:
    """The time of a person who owes of a draw and is not on its plan by the assignments given."""
    if payee not in debts or not debts[payee].total:
        return None
    return Time(min(d.day for d in debts[payee].open), debts[payee].left, ())


def _moments(payout: Working, who: _Person) -> list[Moment]:
    """When something of the person's draws falls into the period, in a form that sorts by it."""
    period = payout.period
    found: list[Moment] = []

    def at(day: date, step: int, span: DrawSpan) -> None:
        key = (day, step, -span.start.toordinal(), who.time.began, who.family.id, who.payee)
        found.append((key, who, span))

    for span in offered(period.calendar, who.time, period.end):
        if period.start <= span.first_day < period.end and _advance(span):
            at(span.first_day, 0, span)
        if period.start < span.end <= period.end:
            at(span.end - DAY, 1, span)
    for rule in who.family.recoverable:
        for number, start, end in grid(period.calendar, rule, who.time.began, period.end):
            if period.start < end <= period.end and rule is _rule_on(who, end):
                at(end - DAY, 2, DrawSpan(number, start, end, rule, rule, start))
    return found


def _rule_on(who: _Person, end: date) -> Plan | None:
    """The version by which draws are repaid in a span: the last that the person was on before its end."""
    recoverable = who.family.recoverable
    been = [plan for plan, stay in who.time.stays if plan in recoverable and stay.start < end]
    if been:
        return max(been, key=lambda plan: plan.start)
    return None if who.time.stays else recoverable[0]


def _advance(span: DrawSpan) -> Decimal:
    """What was paid of the span's draw when it began."""
    draw = span.begun.file.draw
    paid = draw is not None and draw.paid_at == "start" and span.number <= (draw.ends or span.number)
    return rounded_pay(span.begun, draw.amount) if draw is not None and paid else ZERO


def _paid_in_advance(work: _Draws, who: _Person, span: DrawSpan) -> None:
    plan, amount = span.begun, _advance(span)
    if plan in who.family.recoverable:
        who.debts.add(plan, span.end - DAY, amount)
    work.add(plan, who, "draw", amount, span.first_day, f"{span.start}/{ADVANCE}")


def _topped_up(work: _Draws, who: _Person, span: DrawSpan) -> None:
    """The span's pay is topped up to its draw or guarantee; what was paid in advance is set against it."""
    plan, day = span.plan, span.end - DAY
    draw, guarantee = plan.file.draw, plan.file.guarantee
    earned = work.pay.of(who.family.every, who.payee, span.start, span.end)
    if draw is not None and span.number <= (draw.ends or span.number):
        level = draw.amount
    elif guarantee is not None and span.number <= (guarantee.ends or span.number):
        level = guarantee.amount if guarantee.amount is not None else _of_target(work.payout, who, span)
    else:
        level = min(earned, ZERO)  # no span of the draw any more
    assured, key = work.payout.assured, (who.payee, plan.currency)
    assured[key] = assured.get(key, ZERO) + max(level, ZERO)
    more = rounded_pay(plan, max(level - earned, ZERO)) - _advance(span)
    if more > 0 and guarantee is not None:
        work.add(plan, who, "guarantee", more, day, span.start.isoformat())
    elif more > 0:
        if plan in who.family.recoverable:
            who.debts.add(plan, day, more)
        work.add(plan, who, "draw", more, day, span.start.isoformat())
    elif more < 0:
        if span.begun in who.family.recoverable:
            who.debts.repay(span.begun, day, -more, newest=True)
        work.add(span.begun, who, "draw_recovery", more, day, f"{span.start}/{ADVANCE}")


def _repaid(work: _Draws, who: _Person, span: DrawSpan) -> None:
    """What is repaid of the debt at a span's end, unless a draw was paid in it."""
    plan, owed, day = span.plan, who.debts.total, span.end - DAY
    draw = plan.file.draw
    assert draw is not None
    if owed <= 0 or span.number < draw.recover_from or not_netted(work.payout, who.payee, span.end):
        return
    follows = draw.debt == "follows_person"
    plans = [p for p in work.payout.plans if p.currency == plan.currency] if follows else who.family.every
    ids = {p.id for p in plans}
    inside = [m for m in work.moved[who.payee] if span.start <= m[0] < span.end and m[1] in ids]
    if sum((amount for *_, amount, advance in inside if advance), ZERO) > 0:
        return
    earned = work.pay.of(plans, who.payee, span.start, span.end, of_others=who.family.id)
    left = earned + sum((amount for *_, amount, _ in inside), ZERO)
    taken = sum((amount for *_, amount, _ in inside if amount < 0), ZERO)
    keep = {"draw": draw.amount, "none": ZERO}.get(str(draw.keep_at_least), draw.keep_at_least)
    free = max(ZERO, min(left - Decimal(keep or 0), earned + taken))
    amount = min(owed, rounded_pay(plan, Fraction(free) * Fraction(draw.recover_pct) / 100))
    if amount:
        who.debts.repay(plan, day, amount)
        work.add(plan, who, "draw_recovery", -amount, day, span.start.isoformat())


def _forgive(work: _Draws, who: _Person, day: date) -> None:
    """What need not be repaid any more is earned: repaid by the plan, not by the person."""
    for debt in who.debts.forgiven(day):
        on = max(debt.until, work.payout.period.start)
        part = f"{debt.day}/{FORGIVEN}"
        work.add(debt.plan, who, "draw_recovery", -debt.amount, on, part)
        work.add(debt.plan, who, "guarantee", debt.amount, on, part)


def _entitled(payout: Working, plan: Plan) -> set[str]:
    """Who gets a draw or guarantee: those assigned to the plan; without assignments every owner.

    An owner has a deal, or a share of one, that was opened or has an event before the period's end, and
    stands in `people` where that was given.
    """
    stays = payout.stays[plan]
    if stays is not None:
        return set(stays)
    facts, end = payout.facts, nw.lit(payout.period.end)
    deals = payout.tables.need("deals", "deal_id").with_columns(nw.col("deal_id").cast(nw.String))
    days = [n for n in ("created_on", "closed_on") if n in deals.collect_schema().names()]
    begun = [facts.events.filter(nw.col("happened_on") < end).select("deal_id")]
    begun += [deals.filter(nw.col(day).cast(nw.Date) < end).select("deal_id") for day in days]
    known = nw.concat(begun, how="vertical").unique()
    sets = [owners(facts).select("deal_id", payee_id=nw.col("owner_id"))]
    if facts.shares is not None:
        sets.append(facts.shares.select("deal_id", "payee_id"))
    found = {
        str(row["payee_id"])
        for frame in sets
        for row in collected(frame.join(known, on="deal_id", how="inner").select("payee_id").unique())
        if row["payee_id"]
    }
    return found - set(facts.unknown())


def _of_target(payout: Working, who: _Person, span: DrawSpan) -> Decimal:
    """A share of the target incentive of the span that is guaranteed (a year's target, by twelfths)."""
    plan = span.plan
    incentive, guarantee = plan.file.incentive, plan.file.guarantee
    assert guarantee is not None
    stays = stays_of(payout, plan, who.payee)
    stay = next((s for s in stays if s.start < span.end and span.start < s.end), None)
    target = (
        stay.target
        if stay is not None and stay.target is not None
        else Fraction((incentive and incentive.target) or 0)
    )
    months = round((span.end - span.start).days / 30.4)
    if incentive is not None and incentive.per == "period":
        months = 12
    return decimal_of(target * Fraction(guarantee.pct_of_target or 0) / 100 * Fraction(months, 12))
