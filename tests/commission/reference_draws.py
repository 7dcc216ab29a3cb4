"""Draws and their repayment, span by span, in fractions; rules of docs/plans.md.

1. From the first span that holds the plan's and the person's first day (whichever is later), each span that
   begins before both ends, and `ends` of them at most, tops the plan's pay of that span up to the draw.
2. A recoverable draw is owed: the balance of a person is one for all versions of a plan.
3. In a span without a draw, from span `recover_from` on, `recover_pct` of the pay above what is to be left is
   taken, rounded, and no more than is owed; also after the last draw, and after the person left the plan.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from fractions import Fraction
from typing import NamedTuple

from reference_history import ZERO, Line, span_of
from reference_rates import cents, exact

DAY = timedelta(days=1)


class Span(NamedTuple):
    """A person's span under a version of a plan, `number` counted from their first."""

    after: date
    version: int
    person: str
    number: int
    start: date
    offered: bool
    plan: dict


def spans(plan, stay, last: date) -> Iterator[Span]:
    head, rule = plan["plan"], plan["draw"]
    ends = min(head["to"] + DAY, stay.until or date.max)
    first = max(head["from"], stay.since)
    if stay.plan != head["id"] or first >= ends:
        return
    length = head["period"] if rule["per"] == "period" else rule["per"]
    start, after = span_of(first, length)
    number = 1
    while after - DAY <= last:
        offered = start < ends and number <= rule.get("ends", number)
        yield Span(after, head["version"], stay.person, number, start, offered, plan)
        start, after = span_of(after, length)
        number += 1


def draws(plans, stays, lines: list[Line], last: date) -> list[Line]:
    """Draws and what is repaid of them up to the last day."""
    drawn = [plan for plan in plans if "draw" in plan]
    found, owed = [], defaultdict(Fraction)
    paid = defaultdict(list)
    for line in lines:
        paid[line.payee, line.plan, line.version].append(line)
    for span in sorted(
        (s for p in drawn for stay in stays for s in spans(p, stay, last)), key=lambda s: s[:4]
    ):
        rule, name = span.plan["draw"], span.plan["plan"]["id"]
        amount, day = exact(rule["amount"]), span.after - DAY
        theirs = paid[span.person, name, span.version]
        earned = sum((x.amount for x in theirs if span.start <= x.day < span.after), ZERO)
        key = span.person, name
        if span.offered and earned < amount:
            more = amount - earned
            found.append(Line(span.person, None, name, span.version, "draw", "draw", day, more))
            owed[key] += more if rule["recoverable"] else 0
        elif rule["recoverable"] and span.number >= rule.get("recover_from", 1):
            left = rule["keep_at_least"]
            left = amount if left == "draw" else ZERO if left == "none" else exact(left)
            mode = span.plan.get("rounding", {}).get("mode", "half_up")
            part = exact(rule.get("recover_pct", 100)) / 100
            back = min(owed[key], cents(max(earned - left, ZERO) * part, mode))
            if back:
                found.append(Line(span.person, None, name, span.version, "draw", "draw_recovery", day, -back))
                owed[key] -= back
    return found
