"""Who is on a plan when, and what each person's quota and target are in each span.

A span is what a table climbs over before it starts again: a period of the plan, or, for
``ytd_less_paid``, the year to date. Everything here is small (people × spans) and worked in exact
fractions; the engine gets the results as decimals.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from salesops_nb.commission.frames import Tables, as_day, as_decimal
from salesops_nb.commission.plan import Plan
from salesops_nb.errors import Problem
from salesops_nb.periods import Period

FAR = date(2200, 1, 1)


@dataclass(frozen=True)
class Stay:
    """A person's time under a plan, half-open, with what the assignment says of pay."""

    payee: str
    start: date
    end: date
    target: Fraction | None = None
    currency: str | None = None
    accepted: bool = True
    row: int | None = None


@dataclass(frozen=True)
class Span:
    """A stretch that a table climbs over; `parts` are the plan's periods in it, up to the day of reckoning."""

    key: str
    start: date
    end: date
    parts: tuple[Period, ...]


@dataclass(frozen=True)
class Standing:
    """A person's quota and target incentive in a span, exact."""

    quota: Fraction | None = None
    target: Fraction | None = None


@dataclass
class People:
    """Stays, leave, hiring dates and quotas of a plan's people."""

    plan: Plan
    stays: dict[str, list[Stay]] | None
    leave: Mapping[str, list[tuple[date, date]]] = field(default_factory=dict)
    hired: Mapping[str, tuple[date | None, date | None]] = field(default_factory=dict)
    targets: Mapping[tuple[str, str], list[tuple[date, date, Fraction]]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    _asked: set[tuple[str, str]] = field(default_factory=set)

    def stays_of(self, payee: str) -> list[Stay]:
        """The person's stays; everyone's is the plan's life where no assignments were given."""
        if self.stays is None:
            return [Stay(payee, self.plan.start, self.plan.end)]
        return self.stays.get(payee, [])

    def standing(self, payee: str, span: Span) -> Standing:
        """Quota and target of a person in a span: the sums over the plan's periods in it."""
        parts = [self._part(payee, part) for part in span.parts]
        quotas = [quota for quota, _ in parts if quota is not None]
        targets = [target for _, target in parts if target is not None]
        return Standing(
            sum(quotas, Fraction(0)) if quotas else None, sum(targets, Fraction(0)) if targets else None
        )

    def tell_of_target(self, payee: str, component: str) -> None:
        """Report, once, that a component's pay follows from a target incentive that nothing says."""
        if (payee, "target") not in self._asked:
            self._asked.add((payee, "target"))
            self.problems.append(
                Problem(
                    "missing-target",
                    f"{payee} has no target incentive, from which component {component!r} of plan "
                    f"{self.plan.label} is paid; it pays nothing.",
                    "Give target_incentive (or base_pay and pay_mix) in plan_assignments, or incentive: "
                    "{target: …} in the plan.",
                    table="plan_assignments",
                    column="target_incentive",
                    value=payee,
                )
            )

    def _part(self, payee: str, part: Period) -> tuple[Fraction | None, Fraction | None]:
        file = self.plan.file
        present = self._present(payee, part)
        days = sum((end - start).days for start, end, _ in present)
        share = Fraction(days, part.days)
        prorated = file.quota is not None and file.quota.prorate == "days"
        target = self._target(present, part, prorated)
        if file.quota is None:
            return None, target
        quota = self._quota(payee, part)
        if quota is None:
            return None, target
        return quota * self._ramp(payee, part) * (share if prorated else 1), target

    def _present(self, payee: str, part: Period) -> list[tuple[date, date, Stay]]:
        """Stretches of a period in which the person works under the plan, leave taken out."""
        hired, left = self.hired.get(payee, (None, None))
        found = []
        for stay in self.stays_of(payee):
            start = max(stay.start, part.start, hired or stay.start)
            end = min(stay.end, part.end, left or FAR)
            pieces = [(start, end)]
            for away, back in self.leave.get(payee, []):
                pieces = [p for s, e in pieces for p in ((s, min(e, away)), (max(s, back), e)) if p[0] < p[1]]
            found += [(s, e, stay) for s, e in pieces if s < e]
        return found

    def _target(
        self, present: list[tuple[date, date, Stay]], part: Period, prorated: bool
    ) -> Fraction | None:
        incentive = self.plan.file.incentive
        default = Fraction(incentive.target) if incentive and incentive.target is not None else None
        per_period = incentive is not None and incentive.per == "period"
        weighted = [
            ((e - s).days, stay.target if stay.target is not None else default) for s, e, stay in present
        ]
        if not weighted or all(target is None for _, target in weighted):
            return None
        total = sum((days * (target or 0) for days, target in weighted), Fraction(0))
        whole = part.days if prorated else sum(days for days, _ in weighted)
        of_year = (
            Fraction(1)
            if per_period
            else {"month": Fraction(1, 12), "quarter": Fraction(1, 4)}.get(part.kind, Fraction(1))
        )
        return Fraction(total / whole) * of_year

    def _quota(self, payee: str, part: Period) -> Fraction | None:
        quota = self.plan.file.quota
        assert quota is not None
        rows = self.targets.get((payee, part.key))
        if rows:
            total, days = Fraction(0), 0
            for start, end, value in rows:
                inside = (min(end, part.end) - max(start, part.start)).days
                if inside > 0:
                    total, days = total + value * inside, days + inside
            if days:
                return Fraction(total, days)
        if quota.amount is not None:
            return Fraction(quota.amount)
        if (payee, part.key) not in self._asked:
            self._asked.add((payee, part.key))
            self.problems.append(
                Problem(
                    "missing-quota",
                    f"{payee} has no quota for {part.key} (plan {self.plan.label}, metric {quota.metric!r}).",
                    "Add it to targets (level rep, who, metric, period, value); until then a quota of zero is taken.",
                    table="targets",
                    column="value",
                    value=payee,
                )
            )
        return Fraction(0)

    def _ramp(self, payee: str, part: Period) -> Fraction:
        quota = self.plan.file.quota
        assert quota is not None
        if not quota.ramp_pct or not self.stays_of(payee):
            return Fraction(1)
        hired = self.hired.get(payee, (None, None))[0]
        first = min(stay.start for stay in self.stays_of(payee))
        began = max(hired, first) if hired and self.stays is not None else hired or first
        steps = [Fraction(p) / 100 for p in quota.ramp_pct]

        def step(index: int) -> Fraction:
            return Fraction(1) if index < 0 or index >= len(steps) else steps[index]

        if quota.ramp_per == "period":
            return step(_periods_between(part.calendar.containing(began, part.kind), part))
        months = part.months()
        start = part.calendar.containing(began, "month")
        return sum((step(_periods_between(start, m)) for m in months), Fraction(0)) / len(months)


def _periods_between(first: Period, last: Period) -> int:
    """How many periods of the kind lie between two; negative where the first is later."""
    count, current = 0, first
    while current.start < last.start:
        current, count = current.next(), count + 1
    return count if first.start <= last.start else -1


def read_people(plan: Plan, tables: Tables, stays: dict[str, list[Stay]] | None) -> People:
    """Everything the tables say of a plan's people."""
    return People(plan, stays, _leave(tables), _hired(tables), _targets(plan, tables))


def _leave(tables: Tables) -> dict[str, list[tuple[date, date]]]:
    found: dict[str, list[tuple[date, date]]] = defaultdict(list)
    for row in tables.rows("leave"):
        start = as_day(row["from"])
        if start is not None:
            found[str(row["person_id"])].append((start, as_day(row.get("to")) or FAR))
    return found


def _hired(tables: Tables) -> dict[str, tuple[date | None, date | None]]:
    """First day and the day after the last; `left_on` is the last day worked plus one, as all spans in tables."""
    found: dict[str, tuple[date | None, date | None]] = {}
    for row in tables.rows("people"):
        found[str(row["person_id"])] = (as_day(row.get("hired_on")), as_day(row.get("left_on")))
    return found


def _targets(plan: Plan, tables: Tables) -> dict[tuple[str, str], list[tuple[date, date, Fraction]]]:
    if plan.file.quota is None:
        return {}
    found: dict[tuple[str, str], list[tuple[date, date, Fraction]]] = defaultdict(list)
    for row in tables.rows("targets"):
        if str(row.get("level", "rep")) not in ("rep", "person", "payee"):
            continue
        value = as_decimal(row["value"])
        if row.get("metric", plan.file.quota.metric) != plan.file.quota.metric or value is None:
            continue
        start, end = as_day(row.get("valid_from")) or date(1900, 1, 1), as_day(row.get("valid_to")) or FAR
        found[(str(row["who"]), str(row["period"]))].append((start, end, Fraction(value)))
    return found


def read_stays(
    plans: Iterable[Plan], tables: Tables, problems: list[Problem]
) -> dict[Plan, dict[str, list[Stay]] | None]:
    """Each plan's people by the table `plan_assignments`, ``None`` for everyone where there is none."""
    plans = list(plans)
    if "plan_assignments" not in tables:
        return dict.fromkeys(plans)
    found: dict[Plan, dict[str, list[Stay]]] = {plan: defaultdict(list) for plan in plans}
    taken: dict[str, list[tuple[date, date, str, int]]] = defaultdict(list)
    known = {plan.id for plan in plans}
    for number, row in enumerate(tables.rows("plan_assignments"), start=2):
        payee = str(row["person_id"])
        start = as_day(row.get("valid_from")) or date(1900, 1, 1)
        end = as_day(row.get("valid_to")) or FAR
        clash = next((t for t in taken[payee] if t[0] < end and start < t[1]), None)
        if clash is not None:
            problems.append(_overlap(payee, row, number, clash))
            continue
        taken[payee].append((start, end, str(row["plan_id"]), number))
        if str(row["plan_id"]) not in known:
            continue
        target = target_incentive(row, number, problems)
        accepted = "accepted_on" not in row or as_day(row["accepted_on"]) is not None
        for plan in plans:
            version = row.get("plan_version")
            if plan.id != str(row["plan_id"]) or (
                version is not None and version == version and int(version) != plan.version
            ):
                continue
            s, e = max(start, plan.start), min(end, plan.end)
            if s < e:
                currency = row.get("currency") or None
                found[plan][payee].append(Stay(payee, s, e, target, currency, accepted, number))
                fx = plan.file.fx
                if currency not in (None, plan.currency) and (fx is None or fx.pay is None):
                    problems.append(_no_pay_rates(payee, plan, str(currency), number))
    for per_plan in found.values():
        for stays in per_plan.values():
            stays.sort(key=lambda stay: stay.start)
    return {plan: dict(stays) for plan, stays in found.items()}


def target_incentive(row: Mapping[str, Any], number: int, problems: list[Problem]) -> Fraction | None:
    """A year's target incentive: as said, else base pay × variable part ÷ base part of the pay mix (60/40)."""
    said, base = as_decimal(row.get("target_incentive")), as_decimal(row.get("base_pay"))
    mix = row.get("pay_mix")
    if base is None or mix is None or mix != mix or str(mix).strip() == "":
        return None if said is None else Fraction(said)
    share = base_share(mix)
    if share is None:
        problems.append(_bad_mix(row, number, f"The pay mix {mix!r} is not base/variable, such as 60/40", ""))
        return None if said is None else Fraction(said)
    derived = Fraction(base) * (1 - share) / share
    if said is not None and abs(Fraction(said) - derived) > max(Fraction(1), derived / 100):
        text = f"Base pay {base:,f} at a pay mix of {mix} makes a target incentive of {float(derived):,.2f}, and {said:,f} is said"
        problems.append(_bad_mix(row, number, text, "; what is said counts"))
    return derived if said is None else Fraction(said)


def base_share(mix: Any) -> Fraction | None:
    """The base part of a pay mix: ``60/40``, ``60`` (per cent) or ``0.6``; ``None`` where it makes no sense."""
    parts = re.split(r"[/:]", str(mix))
    try:
        numbers = [Fraction(part.strip().removesuffix("%").strip()) for part in parts]
    except ValueError:
        return None
    if len(numbers) == 2 and numbers[0] > 0 and numbers[1] >= 0:
        return numbers[0] / sum(numbers)
    if len(numbers) != 1 or numbers[0] <= 0 or numbers[0] > 100:
        return None
    return numbers[0] if numbers[0] <= 1 else numbers[0] / 100


def _bad_mix(row: Mapping[str, Any], number: int, text: str, then: str) -> Problem:
    return Problem(
        "pay-mix-differs",
        f"{row['person_id']}: {text}{then}.",
        "Correct base_pay, pay_mix or target_incentive.",
        table="plan_assignments",
        row=number,
        column="pay_mix",
        value=str(row["person_id"]),
        severity="warning",
    )


def _no_pay_rates(payee: str, plan: Plan, currency: str, number: int) -> Problem:
    return Problem(
        "pay-currency-not-said",
        f"{payee} is paid in {currency} by the assignment, and plan {plan.label} does not say how pay is converted; "
        f"it is paid in {plan.currency}.",
        "Add to the plan: fx: {pay: {rates: market, at: pay_date}}.",
        table="plan_assignments",
        row=number,
        column="currency",
        value=payee,
    )


def _overlap(payee: str, row: Mapping[str, Any], number: int, clash: tuple[date, date, str, int]) -> Problem:
    return Problem(
        "overlapping-plans",
        f"{payee} is on plan {row['plan_id']!r} from {row.get('valid_from')} while on {clash[2]!r} (row {clash[3]}), "
        f"{clash[0]} to {clash[1] - timedelta(days=1)}; this row is set aside.",
        "End one assignment before the other begins (valid_to is the day after the last).",
        table="plan_assignments",
        row=number,
        column="valid_from",
        value=payee,
    )
