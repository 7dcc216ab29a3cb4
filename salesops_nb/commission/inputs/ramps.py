"""When a ramp began: on the first day in the role that carries the quota, unless the plan says otherwise."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from salesops_nb.commission.inputs.plan_assignments import FAR
from salesops_nb.commission.inputs.tables import Tables, as_day
from salesops_nb.core.periods import months_later

RampFrom = Literal["role", "hire", "assignment"]
FIRST = date(1900, 1, 1)


@dataclass(frozen=True)
class Careers:
    """What the tables say of each person's time: hired, in which role when, first on which plan.

    Parameters
    ----------
    hired : first day with the company and the day after the last, each where it is known.
    roles : dated roles, by their first day; the first holds from the hiring on.
    assigned : first day of the first assignment to each plan id.
    """

    hired: dict[str, tuple[date | None, date | None]] = field(default_factory=dict)
    roles: dict[str, list[tuple[date, str]]] = field(default_factory=dict)
    assigned: dict[str, dict[str, date]] = field(default_factory=dict)

    def ramp_began(self, payee: str, plan_id: str, on: date, basis: RampFrom) -> date | None:
        """First day of the ramp of a person who carries the plan's quota on a day; ``None``: not known.

        From `role`, a promotion into the role starts it; a new plan or version in the same role does not.
        Where roles have no dates it is the day of hiring, and without one the first assignment to any plan.
        From `assignment` it is the first one to this plan id, and nobody's before they are hired.
        """
        hired, plans = self.hired.get(payee, (None, None))[0], self.assigned.get(payee, {})
        first_plan = min(plans.values(), default=None)
        if basis == "assignment":
            assigned = plans.get(plan_id)
            return max(assigned, hired) if assigned and hired else assigned
        if basis == "hire":
            return hired or first_plan
        return self._role_began(payee, on) or hired or first_plan

    def new_hire(self, payee: str, plan_id: str, start: date, who: str) -> bool | None:
        """Whether a person is one of the new hires that a plan means; ``None`` without a day of hiring.

        `new_hires` were hired on or after the plan's first day: that of its first version (`start`). Of
        `hired_within_N_months` the first day on the plan is at most so many months after they were hired.
        """
        hired = self.hired.get(payee, (None, None))[0]
        if hired is None:
            return None
        if who == "new_hires":
            return hired >= start
        first = max(self.assigned.get(payee, {}).get(plan_id, start), start)
        return max(first, hired) <= months_later(hired, int(who.split("_")[2]))

    def _role_began(self, payee: str, on: date) -> date | None:
        """The day on which the person's role of a day began; ``None`` where it is the first known one."""
        began, current = None, None
        for number, (start, role) in enumerate(self.roles.get(payee, [])):
            if start > on and number:
                break
            if role != current:
                began, current = (start if number else None), role
        return began


def read_careers(tables: Tables) -> Careers:
    """Careers by the tables `people` and `plan_assignments`, read once."""
    return tables.once(("careers",), lambda: _careers(tables))


def _careers(tables: Tables) -> Careers:
    hired: dict[str, tuple[date | None, date | None]] = {}
    roles: dict[str, list[tuple[date, str]]] = defaultdict(list)
    for row in tables.rows("people"):
        who = str(row["person_id"])
        # left_on is the last day worked plus one, as all spans in tables
        known = as_day(row.get("hired_on")) or hired.get(who, (None, None))[0]
        hired[who] = (known, as_day(row.get("left_on")))
        roles[who].append((as_day(row.get("valid_from")) or FIRST, str(row.get("role") or "")))
    for spans in roles.values():
        spans.sort()
    assigned: dict[str, dict[str, date]] = defaultdict(dict)
    for row in tables.rows("plan_assignments") if "plan_assignments" in tables else ():
        begun, plans = as_day(row.get("valid_from")), assigned[str(row["person_id"])]
        if begun is not None:
            plans[str(row["plan_id"])] = min(begun, plans.get(str(row["plan_id"]), FAR))
    return Careers(hired, dict(roles), {who: dict(plans) for who, plans in assigned.items()})
