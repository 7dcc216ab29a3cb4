"""The quota that holds for a person in a span of a plan, in fractions; rules of docs/plans.md.

1. A person is on a plan on the days of their assignment on which a version of it is in force, from the day
   they are hired to the day before they leave. Versions whose totals go on into one another are one plan.
2. `prorate: days` counts the days on the plan and not on leave of all days of the span, `months` the months
   on whose 15th day the person is there: of quota, target incentive and base pay, which are a year's. Without
   it they stand whole. Where one changes, it is the mean of the days on the plan.
   The quota is that of `targets`: of the period, else the sum of its months or quarters where each has one,
   each prorated and ramped by itself; else the plan's amount.
3. A ramp begins with the first day in the role (a first role: the day of hire), without `people` with the
   first assignment to any plan; `hire` and `assignment` (the first to this plan id) say otherwise. The
   month or period that holds that day is its first, whole. Each day on the plan stands on the step of the
   role held on it. A span has the mean of its months, in which each weighs the share of its days on the plan
   (`prorate: months`: those that count, alike).
4. `ramp_for: new_hires` are those hired on the first day of the plan's first version or later,
   `hired_within_N_months` those whose first day on the plan is no later than N months after they were hired.
5. The quota of a span falls by `relief_pct` of the credit cancelled in it, and not below zero: what stands,
   by the first cancellation on or after the day of each sale, of what the person was credited on any version
   of the plan, measured by the event of the version that asks.
"""

from __future__ import annotations

import calendar
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from fractions import Fraction
from typing import Any, NamedTuple

from reference_rates import exact

DAY = timedelta(days=1)
MONTHS = {"month": 1, "quarter": 3, "year": 12}


class Stay(NamedTuple):
    """A person's time on a plan; `until` is the day after the last, if there is one."""

    person: str
    plan: str
    since: date
    until: date | None
    incentive: Fraction | None = None
    base: Fraction | None = None


class Target(NamedTuple):
    """A person's quota of a period (`2026-Q1`), from the first day on and before the last."""

    period: str
    value: Fraction
    since: date | None = None
    until: date | None = None


class Person(NamedTuple):
    """`left` is the day after the last one worked; `roles` say from when on each holds."""

    id: str
    hired: date | None = None
    left: date | None = None
    roles: tuple[tuple[date, str], ...] = ()
    leave: tuple[tuple[date, date], ...] = ()  # half-open
    targets: tuple[Target, ...] = ()
    manager: str | None = None

    def rows(self) -> list[tuple[date | None, str, date | None]]:
        """Since, role and until of each row of a table."""
        if not self.roles:
            return [(None, "AE", None)]
        ends = [*(since for since, _ in self.roles[1:]), None]
        return [(since, role, until) for (since, role), until in zip(self.roles, ends, strict=True)]


# --- days ---------------------------------------------------------------------------------------


def months_later(day: date, months: int) -> date:
    """The same day so many months later, or the last of a month that has no such day."""
    number = day.year * 12 + day.month - 1 + months
    year, month = number // 12, number % 12 + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def span_of(day: date, length: str) -> tuple[date, date]:
    """The first day of the month, quarter or year, and the day after its last."""
    months = MONTHS[length]
    start = date(day.year, (day.month - 1) // months * months + 1, 1)
    return start, months_later(start, months)


def complete_months(start: date, day: date) -> int:
    months = 0
    while months_later(start, months + 1) <= day:
        months += 1
    return months


def period_of(start: date, after: date) -> str:
    """The key of a month, quarter or year."""
    months = complete_months(start, after)
    named = {1: f"-{start.month:02}", 3: f"-Q{(start.month + 2) // 3}", 12: ""}
    return f"{start.year}{named[months]}"


def days_between(start: date, after: date) -> list[date]:
    return [start + number * DAY for number in range((after - start).days)]


# --- who is on a plan, and since when -------------------------------------------------------------


def holds_on(stay: Stay, day: date) -> bool:
    return stay.since <= day and (stay.until is None or day < stay.until)


class Staff:
    """Plans, people and their assignments."""

    def __init__(self, plans: Sequence[dict], stays: Sequence[Stay], people: Sequence[Person] = ()):
        self.plans, self.stays = plans, stays
        self.people: Mapping[str, Person] = {person.id: person for person in people}
        self.of_person: dict[str, list[Stay]] = defaultdict(list)
        for stay in stays:
            self.of_person[stay.person].append(stay)
        # credit that was cancelled, by plan, version, person and day
        self.cancelled: dict[tuple[str, int, str], list[tuple[date, Fraction]]] = defaultdict(list)
        self.known: dict[tuple, Any] = {}  # what many credits ask for

    def person(self, name: str) -> Person:
        return self.people.get(name, Person(name))

    def on_id(self, person: str, plan: str) -> list[Stay]:
        return [stay for stay in self.of_person[person] if stay.plan == plan]

    def of_plan(self, name: str) -> list[dict]:
        """The versions of a plan, in order."""
        return sorted((p for p in self.plans if p["plan"]["id"] == name), key=lambda p: p["plan"]["from"])

    def one_total(self, plan: dict) -> list[dict]:
        """The versions of a plan whose running totals go on into one another."""
        groups: list[list[dict]] = []
        for version in self.of_plan(plan["plan"]["id"]):
            new = version["plan"]
            restarts = new.get("running_totals") == "restart_with_version"
            if not groups or restarts or groups[-1][-1]["plan"]["period"] != new["period"]:
                groups.append([])
            groups[-1].append(version)
        return next(group for group in groups if any(version is plan for version in group))

    def days_on(self, plan: dict, name: str, start: date, after: date, leave: bool = False) -> list[date]:
        """With `leave`, also those on which the person is away."""
        key = "days", plan["plan"]["id"], plan["plan"]["version"], name, start, after, leave
        if key not in self.known:
            self.known[key] = self._days_on(plan, name, start, after, leave)
        return self.known[key]

    def _days_on(self, plan: dict, name: str, start: date, after: date, leave: bool) -> list[date]:
        person, versions = self.person(name), self.one_total(plan)
        mine = self.on_id(name, plan["plan"]["id"])
        return [
            day
            for day in days_between(start, after)
            if (person.hired is None or person.hired <= day) and (person.left is None or day < person.left)
            if any(holds_on(stay, day) for stay in mine)
            if leave or not any(gone <= day < back for gone, back in person.leave)
            if any(v["plan"]["from"] <= day <= v["plan"]["to"] for v in versions)
        ]

    def first_day_on(self, plan: dict, name: str) -> date | None:
        """The first day on any version of a plan."""
        found = [
            max(stay.since, v["plan"]["from"])
            for stay in self.on_id(name, plan["plan"]["id"])
            for v in self.of_plan(plan["plan"]["id"])
            if max(stay.since, v["plan"]["from"]) <= v["plan"]["to"]
            if stay.until is None or stay.until > max(stay.since, v["plan"]["from"])
        ]
        return min(found, default=None)

    def new_hire(self, plan: dict, name: str, who: str) -> bool:
        """Whether a person is one of whom `ramp_for` or `paid_for` speaks."""
        hired = self.person(name).hired
        if who == "everyone":
            return True
        if hired is None:
            return False
        if who == "new_hires":
            return hired >= self.of_plan(plan["plan"]["id"])[0]["plan"]["from"]
        first = self.first_day_on(plan, name)
        return first is not None and first <= months_later(hired, int(who.split("_")[2]))

    def ramp_began(self, plan: dict, name: str, day: date) -> date | None:
        """The first day of the ramp that a person is in, or was, on a day."""
        person = self.person(name)
        how = plan["quota"].get("ramp_from", "role")
        if how == "assignment":
            return self.assigned_since(plan["plan"]["id"], name)
        if how == "role":
            began = [
                since
                for number, (since, role) in enumerate(person.roles)
                if number and since <= day and person.roles[number - 1][1] != role
            ]
            if began:
                return max(began)
        if person.hired is not None:
            return person.hired
        return min((stay.since for stay in self.of_person[name]), default=None)

    def assigned_since(self, plan: str, name: str) -> date | None:
        """The first day of the first assignment to a plan id, and none before hire."""
        since = min((stay.since for stay in self.on_id(name, plan)), default=None)
        return None if since is None else max(since, self.person(name).hired or since)

    # --- the quota ----------------------------------------------------------------------------------

    def ramp_on(self, plan: dict, name: str, day: date) -> Fraction:
        """The share of a quota that a ramp leaves on a day."""
        rule = plan["quota"]
        if "ramp_pct" not in rule or not self.new_hire(plan, name, rule.get("ramp_for", "everyone")):
            return Fraction(1)
        length = "month" if rule.get("ramp_per", "period") == "month" else plan["plan"]["period"]
        start = self.ramp_began(plan, name, day)
        for pct in rule["ramp_pct"] if start is not None else ():
            first, after = span_of(start, length)
            if first <= day < after:
                return exact(pct) / 100
            start = after
        return Fraction(1)

    def ramp_of(self, plan: dict, name: str, days: list[date]) -> Fraction:
        """The share that a ramp leaves of a span in which a person is on the plan on some days."""
        months = defaultdict(list)
        for day in days:
            months[day.year, day.month].append(day)
        whole = found = Fraction(0)
        for month, inside in months.items():
            weight = Fraction(len(inside), calendar.monthrange(*month)[1])
            if plan["quota"].get("prorate") == "months":
                weight = Fraction(any(day.day == 15 for day in inside))
            steps = sum((self.ramp_on(plan, name, day) for day in inside), Fraction(0))
            whole, found = whole + weight, found + weight * steps / len(inside)
        return found / whole if whole else Fraction(1)

    def there(self, plan: dict, days: list[date], start: date, after: date) -> Fraction:
        """How much of a span counts."""
        how = plan.get("quota", {}).get("prorate", "none")
        if how == "days":
            return Fraction(len(days), (after - start).days)
        if how == "months":
            return Fraction(sum(day.day == 15 for day in days), complete_months(start, after))
        return Fraction(1)

    def days_counted(self, plan: dict, name: str, start: date, after: date) -> list[date]:
        prorated = plan.get("quota", {}).get("prorate", "none") != "none"
        return self.days_on(plan, name, start, after, leave=not prorated)

    def target(self, name: str, start: date, after: date, days: list[date]) -> Fraction | None:
        """The quota of a period by `targets`, of which the days count."""
        mine = [t for t in self.person(name).targets if t.period == period_of(start, after)]
        found = []
        for day in days or days_between(start, after):
            found += [t.value for t in mine if (t.since or day) <= day and (t.until is None or day < t.until)]
        return sum(found, Fraction(0)) / len(found) if found else None

    def said(self, plan: dict, name: str, start: date, after: date) -> list[tuple] | None:
        """The periods of which `targets` have a quota that make up a span, each with its quota."""
        value = self.target(name, start, after, self.that_count(plan, name, start, after))
        if value is not None:
            return [(start, after, value)]
        finer = {12: "quarter", 3: "month"}.get(complete_months(start, after))
        found, day = [], start
        while finer and day < after:
            first, end = span_of(day, finer)
            part = self.said(plan, name, first, end)
            if part is None:
                return None
            found += part
            day = end
        return found or None

    def that_count(self, plan: dict, name: str, start: date, after: date) -> list[date]:
        """The days on the plan, or the 15ths of them where months count."""
        days = self.days_counted(plan, name, start, after)
        return [d for d in days if d.day == 15 or plan.get("quota", {}).get("prorate") != "months"]

    def quota(self, plan: dict, name: str, day: date) -> Fraction | None:
        """The quota of the span that holds a day."""
        if "quota" not in plan:
            return None
        start, after = span_of(day, plan["plan"]["period"])
        key = plan["plan"]["id"], plan["plan"]["version"], name, start
        if key not in self.known:
            self.known[key] = self._quota(plan, name, start, after)
        return self.known[key]

    def _quota(self, plan: dict, name: str, start: date, after: date) -> Fraction:
        said = None
        if plan["quota"].get("metric", "quota") == "quota":
            said = self.said(plan, name, start, after)
        said = said or [(start, after, exact(plan["quota"]["amount"]))]
        if plan["quota"].get("prorate", "none") == "none":
            said = [(start, after, sum((value for _, _, value in said), Fraction(0)))]
        found = Fraction(0)
        for first, end, value in said:
            days = self.days_counted(plan, name, first, end)
            found += value * self.there(plan, days, first, end) * self.ramp_of(plan, name, days)
        gone = self.cancelled[plan["plan"]["id"], plan["plan"]["version"], name]
        relief = sum((amount for day, amount in gone if start <= day < after), Fraction(0))
        return max(found - relief * exact(plan["quota"].get("relief_pct", 0)) / 100, Fraction(0))

    def yearly(self, plan: dict, name: str, day: date, what: str) -> Fraction:
        """A span's part of an assignment's `incentive` or `base`."""
        start, after = span_of(day, plan["plan"]["period"])
        key = what, plan["plan"]["id"], plan["plan"]["version"], name, start
        if key not in self.known:
            self.known[key] = self._yearly(plan, name, start, after, what)
        return self.known[key]

    def _yearly(self, plan: dict, name: str, start: date, after: date, what: str) -> Fraction:
        days = self.that_count(plan, name, start, after)
        mine = self.on_id(name, plan["plan"]["id"])
        each = [next(getattr(stay, what) for stay in mine if holds_on(stay, day)) or 0 for day in days]
        if not days:
            return Fraction(0)
        whole = sum(each, Fraction(0)) / len(days) * MONTHS[plan["plan"]["period"]] / 12
        return whole * self.there(plan, self.days_counted(plan, name, start, after), start, after)
