"""What an approval of assignments must be before anything is written."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from salesops_nb.errors import Problem, SalesopsError, problem
from salesops_nb.store.assignments.tables import BEGINNING, FOREVER, KINDS, RULES, VACANT

LONGEST = {"approved_by": 200, "reason": 1000}


def checked(
    owners: Any, effective_on: date, approved_by: str, reason: str, kind: str, in_flight: str
) -> dict[str, str]:
    """Thing to owner, nobody as ``vacant``; raises `SalesopsError` with all that is wrong."""
    problems = []
    for name, given in (("approved_by", approved_by), ("reason", reason)):
        if not str(given or "").strip():
            problems.append(problem("no-approved-by" if name == "approved_by" else "no-reason", column=name))
        elif len(str(given)) > LONGEST[name]:
            problems.append(
                problem("too-long", column=name, count=len(str(given)), most=LONGEST[name])
            )  # fmt: skip
    if in_flight not in RULES:
        problems.append(problem("bad-rule", rule=in_flight, rules=", ".join(RULES)))
    if kind not in KINDS:
        problems.append(problem("bad-kind", kind=kind))
    if not BEGINNING < effective_on < FOREVER:
        problems.append(problem("bad-day.out-of-range", day=effective_on))
    wanted: dict[str, str] = {}
    for thing, person in owners.items() if isinstance(owners, Mapping) else owners:
        empty = person is None or person != person or not str(person).strip()
        name = VACANT if empty else str(person)
        problems += _bad_pair(str(thing), name, wanted, kind)
        wanted[str(thing)] = name
    if problems:
        raise SalesopsError(problems)
    return wanted


def _bad_pair(thing: str, name: str, wanted: Mapping[str, str], kind: str) -> list[Problem]:
    if not thing.strip():
        return [problem("missing-id.assignment", kind=kind)]
    if wanted.get(thing, name) != name:
        return [problem("two-owners.approved", value=thing, kind=kind, first=wanted[thing], second=name)]
    if len(thing) > 200 or len(name) > 200:
        return [problem("too-long.id", value=thing, kind=kind, beginning=thing[:40])]
    return []


def checked_span(start: date, end: date) -> None:
    """Raises `SalesopsError` for a span without a day."""
    if not start < end <= FOREVER:
        raise SalesopsError(problem("bad-day.empty-span", start=start, end=end))
