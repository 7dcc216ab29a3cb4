"""Draws and their repayment, span by span, in fractions; rules of docs/plans.md.

0. A version whose draw is `paid_for` new hires has none for anybody else.
1. From the first span that holds the plan's and the person's first day (whichever is later), each span that
   begins before both ends, and `ends` of them at most, tops the pay of all versions of the plan in that span
   up to the draw. Versions have one draw a span: that of the last version in it which has one.
2. A draw `paid_at: start` is paid whole on the span's first day; on the last, what the span earned of it is
   set against it.
3. A recoverable draw is owed, and what is owed is repaid by the terms of the last version of its plan, in
   each span of it in which no draw was paid, from span `recover_from` on: `recover_pct` of the pay above what
   is to be left, rounded, and no more than is owed; also after the last draw, and after the person left the
   plan. The pay is that of all plans (`debt: follows_person`) or of the plan itself. Of one day shorter spans
   go first, then the plan that the person was on first; what the one takes is no pay for the other.
   No span begins after the person has left, and nothing is repaid in one at whose end they have.
4. The oldest draw is repaid first. `forgive: {after_months: n}` ends the debt of a draw n months after it (of
   one paid at the start, after its span): as if the plan repaid it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from fractions import Fraction
from typing import NamedTuple

from reference_history import ZERO, Line
from reference_quotas import Person, Staff, months_later, span_of
from reference_rates import cents, exact

DAY = timedelta(days=1)


class Moment(NamedTuple):
    """Something to be done on a day for a person's draw under a plan; sorted by its first five fields."""

    day: date
    step: int  # advance, draw, repayment
    shorter: int
    began: date
    name: str
    start: date
    after: date
    number: int
    begun: dict
    plan: dict


def length_of(plan) -> str:
    return plan["plan"]["period"] if plan["draw"]["per"] == "period" else plan["draw"]["per"]


def spans(plan, began: date, before: date):
    """Number, first day and the day after the last, of each span that begins before a day."""
    start, after = span_of(began, length_of(plan))
    number = 1
    while start < before:
        yield number, start, after
        start, after = span_of(after, length_of(plan))
        number += 1


def moments(staff: Staff, versions, person, last: date) -> list[Moment]:
    """Of one person under one plan; `versions` are those with a draw, in order."""
    stays, hired = staff.of_person[person], staff.person(person).hired or date.min
    left = staff.person(person).left or date.max
    versions = [p for p in versions if staff.new_hire(p, person, p["draw"].get("paid_for", "everyone"))]
    times = []
    for plan in versions:
        for stay in stays:
            if stay.person == person and stay.plan == plan["plan"]["id"]:
                since = max(stay.since, plan["plan"]["from"], hired)
                until = min(stay.until or date.max, plan["plan"]["to"] + DAY, left)
                if since < until:
                    times.append((since, until, plan))
    if not times:
        return []
    times.sort(key=lambda each: each[0])
    began, name = times[0][0], versions[0]["plan"]["id"]
    found = []
    every = {}
    for since, until, plan in times:
        for number, start, after in spans(plan, began, until):
            if since < after:
                first = every.get(start, (None, None, None, plan))[3]
                every[start] = (number, after, plan, first)
    for start, (number, after, plan, begun) in every.items():
        rest = (-start.toordinal(), began, name, start, after, number, begun, plan)
        if begun["draw"].get("paid_at") == "start" and number <= begun["draw"].get("ends", number):
            day = max(start, began, begun["plan"]["from"])
            found.append(Moment(day, 0, *rest))
        found.append(Moment(after - DAY, 1, *rest))
    owed: list[tuple[date, dict]] = []  # each version with the first day on it
    for since, _, plan in times:
        if plan["draw"]["recoverable"] and all(plan is not each for _, each in owed):
            owed.append((since, plan))
    for _, plan in owed:
        for number, start, after in spans(plan, began, last + DAY):
            rule = [p for since, p in owed if since < after]
            if rule and rule[-1] is plan:
                found.append(
                    Moment(after - DAY, 2, -start.toordinal(), began, name, start, after, number, plan, plan)
                )
    return [moment for moment in found if moment.day <= last and (moment.step < 2 or moment.after < left)]


def draws(plans, stays, lines: list[Line], last: date, people: Sequence[Person] = ()) -> list[Line]:
    """Draws and what is repaid of them up to the last day."""
    staff = Staff(plans, stays, people)
    found = []
    names = sorted({plan["plan"]["id"] for plan in plans})
    for person in sorted({stay.person for stay in stays}):
        todo = []
        for name in names:
            versions = [p for p in plans if p["plan"]["id"] == name and "draw" in p]
            versions.sort(key=lambda p: p["plan"]["from"])
            todo += moments(staff, versions, person, last)
        found += _of_person(
            person, sorted(todo, key=lambda m: m[:5]), [x for x in lines if x.payee == person], last
        )
    return found


def assured(staff: Staff, person, start: date, after: date) -> Fraction:
    """What the draws of spans that end in some days assure a person."""
    found = ZERO
    for name in {plan["plan"]["id"] for plan in staff.plans}:
        versions = [p for p in staff.plans if p["plan"]["id"] == name and "draw" in p]
        versions.sort(key=lambda p: p["plan"]["from"])
        for m in moments(staff, versions, person, after - DAY):
            offered = m.number <= m.plan["draw"].get("ends", m.number)
            if m.step == 1 and offered and start <= m.day < after:
                found += exact(m.plan["draw"]["amount"])
    return found


def _of_person(person, todo: list[Moment], pay: list[Line], last: date) -> list[Line]:
    made: list[Line] = []
    moved: list[tuple[date, str, Fraction, bool]] = []  # day, plan, amount, of a draw itself
    owed: dict[str, list[list]] = {}  # by plan: day, the draw's rule, amount, oldest first

    def add(plan, kind, day, amount, draw=True, component="draw", counts=True):
        head = plan["plan"]
        made.append(Line(person, None, head["id"], head["version"], component, kind, day, amount))
        if counts:
            moved.append((day, head["id"], amount, draw))

    def lend(plan, day, amount):
        if plan["draw"]["recoverable"]:
            owed.setdefault(plan["plan"]["id"], []).append([day, plan, amount])

    def pay_back(name, amount, newest=False):
        for debt in sorted(owed.get(name, []), key=lambda d: d[0], reverse=newest):
            part = min(debt[2], amount)
            debt[2] -= part
            amount -= part
        assert not amount

    def forgive(day):
        for name in sorted(owed):
            for debt in owed[name]:
                months = debt[1]["draw"].get("forgive", {}).get("after_months")
                if debt[2] and months is not None and months_later(debt[0], months) <= day:
                    until = months_later(debt[0], months)
                    add(debt[1], "draw_recovery", until, -debt[2], counts=False)
                    add(debt[1], "guarantee", until, debt[2], counts=False)
                    debt[2] = ZERO

    def earned(start, after, name=None):
        return sum((x.amount for x in pay if start <= x.day < after and name in (None, x.plan)), ZERO)

    for m in todo:
        forgive(m.day)
        rule, mode = m.plan["draw"], m.plan.get("rounding", {}).get("mode", "half_up")
        begun = m.begun["draw"]
        paid = begun.get("paid_at") == "start" and m.number <= begun.get("ends", m.number)
        advance = exact(begun["amount"]) if paid else ZERO
        if m.step == 0:
            add(m.begun, "draw", m.day, advance)
            lend(m.begun, m.after - DAY, advance)
        elif m.step == 1:
            short = ZERO
            if m.number <= rule.get("ends", m.number):
                short = max(exact(rule["amount"]) - earned(m.start, m.after, m.name), ZERO)
            if short > advance:
                add(m.plan, "draw", m.day, short - advance)
                lend(m.plan, m.day, short - advance)
            elif short < advance:
                add(m.begun, "draw_recovery", m.day, short - advance)
                if begun["recoverable"]:
                    pay_back(m.name, advance - short, newest=True)
        elif m.number >= rule.get("recover_from", 1):
            total = sum((debt[2] for debt in owed.get(m.name, [])), ZERO)
            only = m.name if rule.get("debt") == "stays_with_plan" else None
            inside = [x for x in moved if m.start <= x[0] < m.after and only in (None, x[1])]
            if sum((x[2] for x in inside if x[3]), ZERO) > 0:
                continue
            whole = earned(m.start, m.after, only)
            left = rule["keep_at_least"]
            left = exact(rule["amount"]) if left == "draw" else ZERO if left == "none" else exact(left)
            free = whole + sum((x[2] for x in inside), ZERO) - left
            free = max(min(free, whole + sum((x[2] for x in inside if x[2] < 0), ZERO)), ZERO)
            back = min(total, cents(free * exact(rule.get("recover_pct", 100)) / 100, mode))
            if back:
                pay_back(m.name, back)
                add(m.plan, "draw_recovery", m.day, -back, draw=False)
    forgive(last)
    return made
