"""Who is on a plan when, and what each person's quota and target are in each span.

A span is what a table climbs over before it starts again: a period of the plan, or, for
``ytd_less_paid``, the year to date. Everything here is small (people × spans) and worked in exact
fractions; the engine gets the results as decimals.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise
from typing import Any, Literal

from salesops_nb.commission.inputs.plan_assignments import FAR, Stay
from salesops_nb.commission.inputs.ramps import Careers, read_careers
from salesops_nb.commission.inputs.tables import Tables, as_day, as_decimal
from salesops_nb.commission.plans.plan import Plan
from salesops_nb.core.periods import Kind, Period
from salesops_nb.errors import Problem, problem
from salesops_nb.messages import message


@dataclass(frozen=True)
class Span:
    """A stretch that a table climbs over; `parts` are the plan's periods in it, up to the day of
    reckoning.
    """

    key: str
    start: date
    end: date
    parts: tuple[Period, ...]


@dataclass(frozen=True)
class Standing:
    """A person's quota, target incentive and base pay in a span, exact."""

    quota: Fraction | None = None
    target: Fraction | None = None
    base: Fraction | None = None


@dataclass
class People:
    """Stays, leave, hiring dates and quotas of a plan's people; its first version began on `began`."""

    plan: Plan
    stays: dict[str, list[Stay]] | None
    began: date
    leave: Mapping[str, list[tuple[date, date]]] = field(default_factory=dict)
    careers: Careers = field(default_factory=Careers)
    targets: Targets = field(default_factory=dict)
    cancelled: Mapping[str, list[tuple[date, Fraction]]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    _reported: set[tuple[str, str]] = field(default_factory=set)
    _unsaid: set[tuple[str, str]] = field(
        default_factory=set, init=False
    )  # person and period without a quota
    _standings: dict[tuple[str, Span], Standing] = field(default_factory=dict, init=False)

    def stays_of(self, payee: str) -> list[Stay]:
        """The person's stays; everyone's is the plan's life where no assignments were given."""
        if self.stays is None:
            return [Stay(payee, self.plan.start, self.plan.end)]
        return self.stays.get(payee, [])

    def standing(self, payee: str, span: Span) -> Standing:
        """Quota and target of a person in a span: the sums over the plan's periods in it."""
        if (payee, span) not in self._standings:
            self._standings[payee, span] = self._summed(payee, span)
        return self._standings[payee, span]

    def _summed(self, payee: str, span: Span) -> Standing:
        parts = [self._part(payee, part) for part in span.parts]

        def total(each: Iterable[Fraction | None]) -> Fraction | None:
            known = [value for value in each if value is not None]
            return sum(known, Fraction(0)) if known else None

        return Standing(
            total(p.quota for p in parts), total(p.target for p in parts), total(p.base for p in parts)
        )

    def lacks(self, payee: str, span: Span, quota: bool, target: bool, base: bool = False) -> bool:
        """Whether a quota of the span, the target incentive or base pay is asked for and said nowhere."""
        standing = self.standing(payee, span)
        no_quota = quota and any((payee, part.key) in self._unsaid for part in span.parts)
        return no_quota or (target and standing.target is None) or (base and standing.base is None)

    def tell(
        self, payee: str, span: Span, component: str, quota: bool, target: bool, base: bool = False
    ) -> None:
        """Report, once, what a component asks of a person in a span and nothing says.

        A quota is missed in the periods of the span in which the person is on the plan.
        """
        for part in span.parts if quota else ():
            if (payee, part.key) in self._unsaid and self._present(payee, part, away=False):
                self._tell_once((payee, part.key), self._no_quota, payee, part.key)
        if target and self.standing(payee, span).target is None:
            self._tell_once((payee, "target"), self._no_target, payee, component)
        if base and self.standing(payee, span).base is None:
            self._tell_once((payee, "base"), self._no_base, payee, component)

    def _tell_once(self, key: tuple[str, str], made: Callable[..., Problem], *of: str) -> None:
        if key not in self._reported:
            self._reported.add(key)
            self.problems.append(made(*of))

    def _no_target(self, payee: str, component: str) -> Problem:
        return problem(
            "missing-target",
            table="plan_assignments",
            column="target_incentive",
            value=payee,
            component=component,
            plan=self.plan.label,
        )

    def _no_base(self, payee: str, component: str) -> Problem:
        return problem(
            "missing-base-pay",
            table="plan_assignments",
            column="base_pay",
            value=payee,
            component=component,
            plan=self.plan.label,
        )

    def _no_quota(self, payee: str, period: str) -> Problem:
        metric = self.plan.file.quota.metric if self.plan.file.quota is not None else None
        return problem(
            "missing-quota",
            table="targets",
            column="value",
            value=payee,
            period=period,
            plan=self.plan.label,
            metric=metric,
        )

    def _unused_quota(self, payee: str, period: str) -> Problem:
        plan = self.plan
        return problem(
            "quota-of-another-period",
            table="targets",
            column="period",
            value=payee,
            period=period,
            plan=plan.label,
            kind=message(plan.file.plan.period),
        )

    def _no_ramp_start(self, payee: str) -> Problem:
        return problem(
            "ramp-start-unknown",
            table="people",
            column="hired_on",
            value=payee,
            plan=self.plan.label,
            start=self.began,
        )

    def _hiring_unknown(self, payee: str) -> Problem:
        return problem(
            "hiring-unknown.ramp", table="people", column="hired_on", value=payee, plan=self.plan.label
        )

    def _part(self, payee: str, part: Period) -> Standing:
        file = self.plan.file
        weights, whole = self._weights(self._present(payee, part), part)
        incentive = file.incentive
        default = Fraction(incentive.target) if incentive and incentive.target is not None else None
        targets = [(w, stay.target if stay.target is not None else default) for w, stay in weights]
        yearly = incentive is None or incentive.per == "year"
        target = _weighted(targets, whole, part, yearly)
        base = _weighted([(w, stay.base) for w, stay in weights], whole, part, True)
        if file.quota is None:
            return Standing(None, target, base)
        parts = self._quota(payee, part)
        if file.quota.prorate == "none":
            quota = sum((value for _, value in parts), Fraction(0)) * self._ramp(payee, part)
        else:
            each = (value * self._share(payee, p) * self._ramp(payee, p) for p, value in parts)
            quota = sum(each, Fraction(0))
        return Standing(self._relieved(payee, part, quota), target, base)

    def _share(self, payee: str, part: Period) -> Fraction:
        """How much of a period's quota is left to who is there for some of it."""
        weights, whole = self._weights(self._present(payee, part), part)
        return Fraction(sum(w for w, _ in weights), whole) if whole else Fraction(1)

    def _relieved(self, payee: str, part: Period, quota: Fraction) -> Fraction:
        """The quota less the plan's part of the credit that was cancelled in the period, if above zero."""
        rule = self.plan.file.quota
        assert rule is not None
        if rule.relief_pct is None or quota <= 0:
            return quota
        gone = sum((credit for day, credit in self.cancelled.get(payee, ()) if day in part), Fraction(0))
        return max(Fraction(0), quota - gone * Fraction(rule.relief_pct) / 100)

    def _weights(
        self, present: list[tuple[date, date, Stay]], part: Period
    ) -> tuple[list[tuple[int, Stay]], int]:
        """How much of a period each stretch has, and what makes it a whole one.

        By days; by whole months, of which each belongs to the stretch that has its 15th day; and without
        proration by the days that the person is there.
        """
        rule = self.plan.file.quota
        prorate = rule.prorate if rule is not None else "none"
        if prorate == "months":
            middles = _middles(part)
            return [(sum(s <= day < e for day in middles), stay) for s, e, stay in present], len(middles)
        days = [((e - s).days, stay) for s, e, stay in present]
        return days, part.days if prorate == "days" else sum(n for n, _ in days)

    def _present(self, payee: str, part: Period, away: bool | None = None) -> list[tuple[date, date, Stay]]:
        """Stretches of a period in which the person is on the plan; with `away`, leave taken out.

        It is taken out where quotas are prorated, if nothing is said.
        """
        if away is None:
            away = self.plan.file.quota is not None and self.plan.file.quota.prorate != "none"
        hired, left = self.careers.hired.get(payee, (None, None))
        found = []
        for stay in self.stays_of(payee):
            start = max(stay.start, part.start, hired or stay.start)
            end = min(stay.end, part.end, left or FAR)
            pieces = [(start, end)]
            for gone, back in self.leave.get(payee, []) if away else ():
                pieces = [p for s, e in pieces for p in ((s, min(e, gone)), (max(s, back), e)) if p[0] < p[1]]
            found += [(s, e, stay) for s, e in pieces if s < e]
        return found

    def _quota(self, payee: str, part: Period) -> list[tuple[Period, Fraction]]:
        """The quota of a period, or those of the shorter ones that make it up, each before proration."""
        quota = self.plan.file.quota
        assert quota is not None
        found = quotas_of(self.targets, payee, part, self._counted)
        if found:
            return found
        longer = _longer(self.targets, payee, part)
        if longer is not None:
            self._tell_once((payee, longer), self._unused_quota, payee, longer)
        if quota.amount is not None:
            return [(part, Fraction(quota.amount))]
        self._unsaid.add((payee, part.key))
        return [(part, Fraction(0))]

    def _counted(self, payee: str, part: Period) -> list[tuple[date, date]]:
        """The days of a period by which a quota counts that changes within it."""
        quota = self.plan.file.quota
        prorate = quota.prorate if quota is not None else "none"
        present = [(s, e) for s, e, _ in self._present(payee, part)]
        if prorate != "months":
            return present
        middles = _middles(part)
        return [(d, d + timedelta(days=1)) for d in middles if any(s <= d < e for s, e in present)]

    def _ramp(self, payee: str, part: Period) -> Fraction:
        quota = self.plan.file.quota
        assert quota is not None
        if not quota.ramp_pct or not self.stays_of(payee):
            return Fraction(1)
        if quota.ramp_for != "everyone":
            new = self.careers.new_hire(payee, self.plan.id, self.began, quota.ramp_for)
            if new is None:
                self._tell_once((payee, "ramp"), self._hiring_unknown, payee)
            if not new:
                return Fraction(1)
        whole = weighed = Fraction(0)
        present = self._present(payee, part)
        for month in part.months():
            each = [(max(s, month.start), min(e, month.end)) for s, e, _ in present]
            each = [(s, e) for s, e in each if s < e]
            days = sum((e - s).days for s, e in each)
            if not days:
                continue
            weight = Fraction(days, month.days)
            if quota.prorate == "months":
                weight = Fraction(any(s <= day < e for day in _middles(month) for s, e in each))
            each_role = ((b - a).days * self._step(payee, part, a) for a, b in self._by_role(payee, each))
            steps = sum(each_role, Fraction(0))
            whole, weighed = whole + weight, weighed + weight * steps / days
        return weighed / whole if whole else Fraction(1)

    def _by_role(self, payee: str, stretches: list[tuple[date, date]]) -> Iterator[tuple[date, date]]:
        """Stretches of days cut where a role of the person begins."""
        for start, end in stretches:
            cuts = [day for day, _ in self.careers.roles.get(payee, ()) if start < day < end]
            yield from pairwise([start, *cuts, end])

    def _step(self, payee: str, part: Period, day: date) -> Fraction:
        """The part of the quota that the ramp asks for on a day."""
        quota = self.plan.file.quota
        assert quota is not None
        began = self.careers.ramp_began(payee, self.plan.id, day, quota.ramp_from)
        if began is None:
            hired = self.careers.hired.get(payee, (None, None))[0]
            if hired is None:
                self._tell_once((payee, "ramp"), self._no_ramp_start, payee)
            began = max(self.began, hired or self.began)
        kind: Kind = "month" if quota.ramp_per == "month" else self.plan.file.plan.period
        first, now = (part.calendar.containing(each, kind) for each in (began, day))
        number = _periods_between(first, now)
        steps = quota.ramp_pct or ()
        return Fraction(steps[number]) / 100 if 0 <= number < len(steps) else Fraction(1)


def _middles(part: Period) -> list[date]:
    """The 15th day of each month of a period: where it falls, the whole month counts."""
    return [month.start + timedelta(days=14) for month in part.months()]


def _weighted(
    values: list[tuple[int, Fraction | None]], whole: int, part: Period, yearly: bool
) -> Fraction | None:
    """An amount of a period that each stretch has its weight of; ``None`` where no stretch says one."""
    if not whole or all(value is None for _, value in values):
        return None
    total = sum((weight * (value or 0) for weight, value in values), Fraction(0))
    share = {"month": Fraction(1, 12), "quarter": Fraction(1, 4)}.get(part.kind, Fraction(1))
    return Fraction(total / whole) * (share if yearly else 1)


def _periods_between(first: Period, last: Period) -> int:
    """How many periods of the kind lie between two; negative where the first is later."""
    count, current = 0, first
    while current.start < last.start:
        current, count = current.next(), count + 1
    return count if first.start <= last.start else -1


def read_people(
    plan: Plan, tables: Tables, stays: dict[str, list[Stay]] | None, began: date | None = None
) -> People:
    """Everything the tables say of a plan's people; `began` is the first day of the plan's first version."""
    metric = plan.file.quota.metric if plan.file.quota is not None else None
    targets = targets_of(tables, metric) if metric is not None else {}
    return People(plan, stays, began or plan.start, _leave(tables), read_careers(tables), targets)


def _leave(tables: Tables) -> dict[str, list[tuple[date, date]]]:
    found: dict[str, list[tuple[date, date]]] = defaultdict(list)
    for row in tables.rows("leave"):
        start = as_day(row["from"])
        if start is not None:
            found[str(row["person_id"])].append((start, as_day(row.get("to")) or FAR))
    return found


Targets = Mapping[tuple[str, str], list[tuple[date, date, Fraction]]]


def targets_of(tables: Tables, metric: str) -> Targets:
    """The quotas of each person and period, with the days on which each holds; read once."""
    return tables.once(("targets", metric), lambda: _targets(metric, tables))


def quota_of(targets: Targets, payee: str, part: Period) -> Fraction | None:
    """A person's quota for a period, of all its days; ``None`` where nothing says it."""
    found = quotas_of(targets, payee, part, lambda _, whole: [(whole.start, whole.end)])
    return sum((value for _, value in found), Fraction(0)) if found else None


def quotas_of(
    targets: Targets,
    payee: str,
    part: Period,
    counted: Callable[[str, Period], list[tuple[date, date]]],
) -> list[tuple[Period, Fraction]]:
    """A person's quota for a period, by the days that count where it changes within it.

    A quarter without a quota of its own has its months', a year its quarters', where each has one.
    """
    rows = targets.get((payee, part.key), ())
    if rows:
        total, days = Fraction(0), 0
        for first, last in counted(payee, part) or [(part.start, part.end)]:
            for start, end, value in rows:
                inside = (min(end, last) - max(start, first)).days
                if inside > 0:
                    total, days = total + value * inside, days + inside
        if days:
            return [(part, Fraction(total, days))]
    finer: Literal["quarter", "month"] = "quarter" if part.kind == "year" else "month"
    parts = [] if part.kind == "month" else list(part.calendar.between(part.start, part.end, finer))
    found = [quotas_of(targets, payee, each, counted) for each in parts]
    return [one for each in found for one in each] if all(found) else []


def _longer(targets: Targets, payee: str, part: Period) -> str | None:
    """The quarter or year that holds a period and has the person's quota in its place."""
    for kind in ("quarter", "year"):
        key = part.calendar.containing(part.start, kind).key
        if key != part.key and (payee, key) in targets:
            return key
    return None


def is_quota(row: Mapping[str, Any], metric: str) -> bool:
    """Whether a row of `targets` is a person's quota of the metric."""
    return str(row.get("level", "rep")) in ("rep", "person", "payee") and row.get("metric", metric) == metric


def _targets(metric: str, tables: Tables) -> dict[tuple[str, str], list[tuple[date, date, Fraction]]]:
    found: dict[tuple[str, str], list[tuple[date, date, Fraction]]] = defaultdict(list)
    for row in tables.rows("targets"):
        value = as_decimal(row["value"])
        if not is_quota(row, metric) or value is None:
            continue
        start, end = as_day(row.get("valid_from")) or date(1900, 1, 1), as_day(row.get("valid_to")) or FAR
        found[(str(row["who"]), str(row["period"]))].append((start, end, Fraction(value)))
    return found
