"""Pay by activity, in fractions; rules of docs/plans.md.

1. An activity of the component's kind counts one, for the plan and version that its person is on that day.
2. With `confirmed: required` it counts if the CRM, the counterpart or somebody's manager confirmed it, never
   who did it.
3. A running total is F(after) − F(before) over the activities of the person's span, each side rounded.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from fractions import Fraction
from typing import NamedTuple

from reference_history import ZERO, Line, version_on
from reference_quotas import Person, span_of
from reference_rates import cents, exact


class Activity(NamedTuple):
    id: str
    person: str
    kind: str
    day: date
    confirmed_by: str | None


def confirmed(activity: Activity, people: Sequence[Person]) -> bool:
    managers = {person.manager for person in people if person.manager is not None}
    known = activity.confirmed_by in {"crm", "counterpart"} | managers
    return known and activity.confirmed_by != activity.person


def activities(plans, stays, done: Sequence[Activity], people: Sequence[Person], last: date) -> list[Line]:
    lines = []
    for plan in plans:
        head, mode = plan["plan"], plan.get("rounding", {}).get("mode", "half_up")
        for component in plan["components"]:
            if component.get("measure") != "activities":
                continue
            totals: dict[tuple[str, date], Fraction] = defaultdict(Fraction)
            for each in sorted(done, key=lambda a: (a.day, a.id)):
                if each.kind != component["activity"] or each.day > last:
                    continue
                if component["confirmed"] == "required" and not confirmed(each, people):
                    continue
                ruled = version_on(plans, stays, each.person, each.day)
                if ruled is None or ruled["plan"]["id"] != head["id"]:
                    continue
                key = each.person, span_of(each.day, head["period"])[0]
                before = totals[key] if component["scope"] == "running_total" else ZERO
                after = before + exact(component["per_unit"])
                totals[key] = after
                if ruled is plan:
                    amount = cents(after, mode) - cents(before, mode)
                    lines.append(
                        Line(
                            each.person, None, head["id"], head["version"],
                            component["id"], "bonus", each.day, amount,
                        )
                    )  # fmt: skip
    return lines
