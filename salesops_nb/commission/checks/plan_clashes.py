"""What stops the work: plans that clash, and ids that would pay twice."""

from __future__ import annotations

from datetime import timedelta
from itertools import combinations

import narwhals as nw

from salesops_nb.commission.inputs.events import Facts
from salesops_nb.commission.inputs.tables import Tables, collected
from salesops_nb.commission.plans.plan import Plan
from salesops_nb.errors import Problem, SalesopsError, problem


def refuse_clashes(chosen: list[Plan], tables: Tables) -> None:
    """Versions that share a day, and several plans without assignments; raises."""
    found = []
    for a, b in combinations(chosen, 2):
        if a.id == b.id and a.start < b.end and b.start < a.end:
            found.append(
                problem(
                    "versions-overlap",
                    file=b.source,
                    column="plan.from",
                    plan=a.label,
                    start=a.start,
                    end=a.end - timedelta(days=1),
                    version=b.version,
                    other_start=b.start,
                    other_end=b.end - timedelta(days=1),
                    day=max(a.start, b.start),
                )
            )
    if not chosen:
        found.append(problem("no-plan.given"))
    if len({plan.id for plan in chosen}) > 1 and "plan_assignments" not in tables:
        names = ", ".join(sorted({plan.id for plan in chosen}))
        found.append(problem("no-assignments", table="plan_assignments", names=names))
    if found:
        raise SalesopsError(found)


def refuse_repeated_ids(facts: Facts) -> None:
    """Ids that must be unique: a repeated one would pay twice, so it stops the work."""
    found = facts.tables.once(("repeated",), lambda: _repeated(facts))
    if found:
        raise SalesopsError(found)


def _repeated(facts: Facts) -> list[Problem]:
    found = []
    for name, key, frame in (
        ("events", "event_id", facts.events),
        ("deals", "deal_id", facts.tables.need("deals", "deal_id")),
    ):
        if name == "events" and facts.bookings_made:
            continue
        twice = frame.group_by(key).agg(nw.len().alias("n")).filter(nw.col("n") > 1).sort(key)
        for row in collected(twice):
            found.append(problem("repeated-id", table=name, column=key, value=str(row[key]), n=row["n"]))
    return found
