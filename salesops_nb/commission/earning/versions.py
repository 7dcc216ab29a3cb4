"""Running totals over a change of version: the plan as it stands in the periods that it shares."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, timedelta

from salesops_nb.commission.inputs.plan_assignments import Stay
from salesops_nb.commission.plans.component_terms import scope_of
from salesops_nb.commission.plans.plan import Plan
from salesops_nb.core.periods import FiscalCalendar, Kind

Stays = dict[str, list[Stay]] | None


def widened(
    plan: Plan, plans: Iterable[Plan], stays: Mapping[Plan, Stays], calendar: FiscalCalendar
) -> tuple[Plan, Stays] | None:
    """A version with the days of the versions that share its first or last period, and all their people.

    What it counts on those days says where its own credits stand; it pays for its own days alone. Nothing
    is shared where no total goes on: `None`.
    """
    chain = _chain(plan, plans)
    kind: Kind = (
        "year" if any(scope_of(c) == "ytd_less_paid" for c in plan.components) else plan.file.plan.period
    )
    first = calendar.containing(plan.start, kind).start
    last = calendar.containing(plan.file.plan.to, kind).end
    start = max(first, min(p.start for p in chain))
    end = min(last, max(p.end for p in chain))
    if (start, end) == (plan.start, plan.end):
        return None
    return _with_days(plan, chain, start, end, stays)


def of_all_versions(plan: Plan, plans: Iterable[Plan], stays: Mapping[Plan, Stays]) -> tuple[Plan, Stays]:
    """A version with the days and the people of all versions of the plan, as if it had ruled them all."""
    every = [p for p in plans if p.id == plan.id]
    return _with_days(plan, every, min(p.start for p in every), max(p.end for p in every), stays)


def _with_days(
    plan: Plan, versions: Iterable[Plan], start: date, end: date, stays: Mapping[Plan, Stays]
) -> tuple[Plan, Stays]:
    head = plan.file.plan.model_copy(update={"from_": start, "to": end - timedelta(days=1)})
    wide = replace(plan, file=plan.file.model_copy(update={"plan": head}))
    if all(stays[version] is None for version in versions):
        return wide, None
    people: dict[str, list[Stay]] = defaultdict(list)
    for version in versions:
        for payee, each in (stays[version] or {}).items():
            people[payee] += [s for s in each if s.start < end and start < s.end]
    return wide, {payee: each for payee, each in people.items() if each}


def _chain(plan: Plan, plans: Iterable[Plan]) -> list[Plan]:
    """The versions that a plan's totals go on from and into, one after the other."""
    versions = sorted((p for p in plans if p.id == plan.id), key=lambda p: p.start)
    at = first = last = versions.index(plan)
    while first > 0 and _goes_on(versions[first - 1], versions[first]):
        first -= 1
    while last + 1 < len(versions) and _goes_on(versions[last], versions[last + 1]):
        last += 1
    assert first <= at <= last
    return versions[first : last + 1]


def _goes_on(before: Plan, after: Plan) -> bool:
    """Whether totals of the one go on in the other: by its rule, and in periods and money of one kind."""
    one, two = before.file.plan, after.file.plan
    return two.running_totals == "go_on_over_versions" and (one.period, one.currency) == (
        two.period,
        two.currency,
    )
