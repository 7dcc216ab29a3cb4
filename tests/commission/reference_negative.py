"""Pay below zero, quarter by quarter, in fractions; rules of docs/plans.md.

1. All that a person is paid in a quarter counts together. Below zero, the difference is carried
   (`negative_pay: carry`), nothing happens (`pay`), or it is topped up (`floor`).
2. What was carried is taken back of what is paid above the quarter's draws: no more than is paid but for
   draws, what is repaid of them, and guarantees.
   Of a quarter at whose end the person has left, and later, nothing is taken back.
3. The rule is that of the plan's version on which the person's last stay before the quarter's end began.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from fractions import Fraction

from reference_draws import assured
from reference_history import ZERO, Line
from reference_quotas import Person, Staff, span_of

DAY = timedelta(days=1)


def negative(
    plans, stays, lines: list[Line], first: date, last: date, people: Sequence[Person] = ()
) -> list[Line]:
    staff = Staff(plans, stays, people)
    found = []
    for person in sorted({stay.person for stay in stays}):
        owed = ZERO
        start, after = span_of(first, "quarter")
        while start <= last:
            mine = [x for x in lines if x.payee == person and start <= x.day < after]
            rule = _plan(plans, stays, person, after)
            net = sum((x.amount for x in mine), ZERO)
            kinds = ("draw", "draw_recovery", "guarantee")
            free = sum((x.amount for x in mine if x.kind not in kinds), ZERO)
            gone = (staff.person(person).left or date.max) <= after
            sure = assured(staff, person, start, after) if owed else ZERO
            back = ZERO if gone else min(owed, max(min(net - sure, free), ZERO))
            if rule is not None:
                made: tuple[str, Fraction] | None = None
                how = rule.get("negative_pay", "pay")
                if back:
                    made = "negative_pay", -back
                elif net < 0 and how == "carry":
                    made = "negative_pay", -net
                elif net < 0 and how == "floor":
                    made = "guarantee", -net
                if made is not None:
                    head = rule["plan"]
                    found.append(
                        Line(
                            person,
                            None,
                            head["id"],
                            head["version"],
                            "negative_pay",
                            made[0],
                            after - DAY,
                            made[1],
                        )
                    )
                    owed += made[1] if made[0] == "negative_pay" else ZERO
            start, after = span_of(after, "quarter")
    return found


def _plan(plans, stays, person, before: date):
    """The version of the person's last stay."""
    best = None
    for number, plan in enumerate(plans):
        head = plan["plan"]
        for stay in stays:
            since = max(stay.since, head["from"])
            on = stay.person == person and stay.plan == head["id"] and since < before
            if on and since < min(stay.until or date.max, head["to"] + DAY):
                rank = since, head["from"], number
                if best is None or rank > best[0]:
                    best = rank, plan
    return best[1] if best else None
