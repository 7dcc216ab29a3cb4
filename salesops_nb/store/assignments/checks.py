"""What an approval of assignments must be before anything is written."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from salesops_nb.errors import Problem, SalesopsError
from salesops_nb.store.assignments.tables import BEGINNING, FOREVER, KINDS, RULES, VACANT

LONGEST = {"approved_by": 200, "reason": 1000}


def checked(
    owners: Any, effective_on: date, approved_by: str, reason: str, kind: str, in_flight: str
) -> dict[str, str]:
    """Thing to owner, nobody as ``vacant``; raises `SalesopsError` with all that is wrong."""
    problems = []
    for name, given in (("approved_by", approved_by), ("reason", reason)):
        if not str(given or "").strip():
            code = f"no-{name.replace('_', '-')}"
            problems.append(Problem(code, f"{name} is empty.", "Say who approves and why.", column=name))
        elif len(str(given)) > LONGEST[name]:
            problems.append(
                Problem("too-long", f"{name} has {len(str(given))} characters.",
                        f"Write at most {LONGEST[name]}.", column=name)
            )  # fmt: skip
    if in_flight not in RULES:
        problems.append(
            Problem("bad-rule", f"in_flight is {in_flight!r}.", f"Write one of {', '.join(RULES)}.")
        )
    if kind not in KINDS:
        problems.append(Problem("bad-kind", f"kind is {kind!r}.", "Write unit or account."))
    if not BEGINNING < effective_on < FOREVER:
        problems.append(Problem("bad-day", f"{effective_on} is out of range.", "Check the year."))
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
        return [Problem("missing-id", f"an assignment names no {kind}.", "Give its id.")]
    if wanted.get(thing, name) != name:
        message = f"{kind} {thing} is given to both {wanted[thing]} and {name}."
        return [Problem("two-owners", message, "Give each one owner in a role.", value=thing)]
    if len(thing) > 200 or len(name) > 200:
        message = f"an id of {kind} {thing[:40]}… or its owner has more than 200 characters."
        return [Problem("too-long", message, "Shorten it.", value=thing)]
    return []


def checked_span(start: date, end: date) -> None:
    """Raises `SalesopsError` for a span without a day."""
    if not start < end <= FOREVER:
        raise SalesopsError(
            Problem("bad-day", f"the span from {start} to {end} is empty.", "Check the two days.")
        )
