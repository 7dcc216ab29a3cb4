"""The spans of a person's draw or guarantee, counted over all versions of a plan."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from salesops_nb.commission.inputs.plan_assignments import FAR, Stay
from salesops_nb.commission.inputs.ramps import Careers, read_careers
from salesops_nb.commission.plans.plan import Plan
from salesops_nb.commission.settlement.working import Working
from salesops_nb.core.periods import FiscalCalendar, Period
from salesops_nb.errors import problem


@dataclass(frozen=True)
class Versions:
    """The versions of one plan in one currency: all of them, and those with a draw or guarantee."""

    every: tuple[Plan, ...]
    paying: tuple[Plan, ...]

    @property
    def id(self) -> str:
        """The plan's id."""
        return self.every[0].id

    @property
    def recoverable(self) -> tuple[Plan, ...]:
        """Those whose draw has to be repaid."""
        return tuple(p for p in self.paying if p.file.draw is not None and p.file.draw.recoverable)

    def of(self, version: int | None) -> Plan | None:
        """The version of a line of the ledger; the first where it says none."""
        if version is None or version != version:
            return self.paying[0]
        return next((p for p in self.every if p.version == int(version)), None)


@dataclass(frozen=True)
class DrawSpan:
    """A span, numbered from the person's first; `begun` is the version that it began under, `plan` the
    last one in it, whose draw or guarantee it is.
    """

    number: int
    start: date
    end: date
    begun: Plan
    plan: Plan
    first_day: date


@dataclass(frozen=True)
class Time:
    """A person's time under the versions of a plan, from the first day that counts to the last."""

    began: date
    left: date
    stays: tuple[tuple[Plan, Stay], ...]


def versions_of(plans: Iterable[Plan]) -> list[Versions]:
    """Plans with a draw or guarantee, each with all its versions, in the order of their ids."""
    found: dict[tuple[str, str], list[Plan]] = defaultdict(list)
    for plan in plans:
        found[plan.id, plan.currency].append(plan)
    made = []
    for _, each in sorted(found.items()):
        every = tuple(sorted(each, key=lambda p: p.start))
        paying = tuple(p for p in every if p.file.draw is not None or p.file.guarantee is not None)
        if paying:
            made.append(Versions(every, paying))
    return made


def stays_of(payout: Working, plan: Plan, payee: str) -> list[Stay]:
    """A person's stays on a version; everyone's is its life where no assignments were given."""
    stays = payout.stays[plan]
    return [Stay(payee, plan.start, plan.end)] if stays is None else stays.get(payee, [])


def time_of(payout: Working, family: Versions, payee: str) -> Time | None:
    """The person's time under the plan's draw or guarantee, if there was any."""
    careers, first = read_careers(payout.tables), family.every[0].start
    meant = [p for p in family.paying if _is_meant(payout, p, payee, careers, first)]
    stays = tuple((p, s) for p in meant for s in stays_of(payout, p, payee))
    if not stays:
        return None
    hired, left = careers.hired.get(payee, (None, None))
    return Time(max(min(s.start for _, s in stays), hired or date.min), left or FAR, stays)


def _is_meant(payout: Working, plan: Plan, payee: str, careers: Careers, first: date) -> bool:
    """Whether the plan's draw is for this person; who has no day of hiring gets none, and it is said."""
    draw = plan.file.draw
    if draw is None or draw.paid_for == "everyone" or not stays_of(payout, plan, payee):
        return True
    new = careers.new_hire(payee, plan.id, first, draw.paid_for)
    if new is None:
        found = problem(
            "hiring-unknown.draw", table="people", column="hired_on", value=payee, plan=plan.label
        )
        if found not in payout.found:
            payout.found.append(found)
    return bool(new)


def offered(calendar: FiscalCalendar, time: Time, until: date) -> list[DrawSpan]:
    """The spans in which the person is on the plan: one of each length, ruled by the last version in it.

    A version whose spans are longer or shorter pays its first in one that begins after the last of the
    version before, so that no day is in two.
    """
    found: dict[date, DrawSpan] = {}
    covered, length = date.min, None
    for plan, stay in sorted(time.stays, key=lambda each: each[1].start):
        other, length = length not in (None, _length(plan)), _length(plan)
        last = min(stay.end, time.left, until)
        for number, start, end in grid(calendar, plan, time.began, last):
            if not (stay.start < end and start < last) or (other and start < covered):
                continue
            begun = found[start].begun if start in found else plan
            day = found[start].first_day if start in found else max(start, stay.start, time.began)
            found[start] = DrawSpan(number, start, end, begun, plan, day)
        covered = max([covered, *(span.end for span in found.values())])
    return [found[start] for start in sorted(found)]


def grid(calendar: FiscalCalendar, plan: Plan, began: date, until: date) -> list[tuple[int, date, date]]:
    """Number, first day and day after the last of each span that begins before a day."""
    length = _length(plan)
    if length != "week":
        spans: Iterable[Period] = calendar.between(began, until, length) if began < until else ()  # type: ignore[arg-type]
        return [(number, span.start, span.end) for number, span in enumerate(spans, start=1)]
    weeks = range(max(0, -(-(until - began).days // 7)))
    return [(n + 1, began + timedelta(7 * n), began + timedelta(7 * n + 7)) for n in weeks]


def last_day(calendar: FiscalCalendar, plan: Plan, day: date) -> date:
    """The last day of the span whose draw was paid in advance on a day."""
    length = _length(plan)
    if length == "week":
        return day + timedelta(days=6)
    return calendar.containing(day, length).last  # type: ignore[arg-type]


def first_day(payout: Working) -> date:
    """The first day of the spans that go on at the period's start, by the longest of them."""
    start, calendar = payout.period.start, payout.period.calendar
    found = [start]
    for family in versions_of(payout.plans):
        for plan in family.paying:
            length = _length(plan)
            found.append(
                start - timedelta(days=6) if length == "week"
                else calendar.containing(start, length).start  # type: ignore[arg-type]
            )  # fmt: skip
    return min(found)


def _length(plan: Plan) -> str:
    rule = plan.file.draw or plan.file.guarantee
    assert rule is not None
    return plan.file.plan.period if rule.per == "period" else rule.per
