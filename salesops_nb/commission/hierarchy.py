"""Who leads whom, and when: a dated hierarchy from the table `people`."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from typing import Any

import narwhals as nw
import pyarrow as pa

from salesops_nb.commission.frames import AMOUNT, Tables, as_day
from salesops_nb.commission.plan import Plan
from salesops_nb.errors import Problem, SalesopsError

_FIRST, _LAST = date(1900, 1, 1), date(2200, 1, 1)
Edge = tuple[date, date, str]


def leaders(tables: Tables, levels: int | str) -> list[dict[str, Any]]:
    """Pairs of person and leader up to so many levels, each with the days on which it holds."""
    if "people" not in tables or "manager_id" not in tables.columns("people"):
        raise SalesopsError(
            Problem(
                "no-hierarchy",
                "A component pays managers, and there is no table people with a column manager_id.",
                "Give people: person_id, manager_id, valid_from, valid_to.",
                table="people",
                column="manager_id",
            )
        )
    direct: dict[str, list[Edge]] = defaultdict(list)
    for row in tables.rows("people"):
        if row["manager_id"] not in (None, "") and row["manager_id"] == row["manager_id"]:
            span = (as_day(row.get("valid_from")) or _FIRST, as_day(row.get("valid_to")) or _LAST)
            direct[str(row["person_id"])].append((*span, str(row["manager_id"])))
    found = []
    for person in direct:
        reached: list[tuple[Edge, tuple[str, ...]]] = [((_FIRST, _LAST, person), (person,))]
        depth = 0
        while reached and (levels == "all" or depth < int(levels)):
            depth += 1
            reached = [step for edge, path in reached for step in _upward(edge, path, direct)]
            found += [
                {"person": person, "leader": e[2], "lead_from": e[0], "lead_to": e[1]} for e, _ in reached
            ]
    return found


def _upward(
    edge: Edge, path: tuple[str, ...], direct: dict[str, list[Edge]]
) -> list[tuple[Edge, tuple[str, ...]]]:
    start, end, person = edge
    steps = []
    for s, e, leader in direct.get(person, []):
        if max(s, start) < min(e, end):
            if leader in path:
                raise SalesopsError(
                    Problem(
                        "circular-hierarchy",
                        f"{leader} is, over {' → '.join((*path, leader))}, their own manager.",
                        "Correct manager_id in people.",
                        table="people",
                        column="manager_id",
                        value=leader,
                    )
                )
            steps.append(((max(s, start), min(e, end), leader), (*path, leader)))
    return steps


def team_credit(
    credit: nw.LazyFrame[Any], plan: Plan, tables: Tables, problems: list[Problem]
) -> nw.LazyFrame[Any]:
    """Credit of each manager's people (revenue, not overlay), a row an event and manager."""
    levels = {c.levels for c in plan.components if c.payee == "manager"}
    if len(levels) > 1:
        raise SalesopsError(
            Problem(
                "levels-differ", f"Plan {plan.label} pays managers over different 'levels'.", "Use two plans."
            )
        )
    pairs = tables.put(
        leaders(tables, levels.pop()),
        {"person": pa.string(), "leader": pa.string(), "lead_from": pa.date32(), "lead_to": pa.date32()},
    )
    frame = credit.filter(nw.col("part") == "revenue").join(
        pairs, left_on="payee_id", right_on="person", how="inner"
    )
    frame = frame.filter(
        (nw.col("lead_from") <= nw.col("counted_on")) & (nw.col("counted_on") < nw.col("lead_to"))
    )
    measures = ("credit", "gross", "margin", "units", "deals", "share")
    keys = [
        n
        for n in frame.collect_schema().names()
        if n not in (*measures, "payee_id", "leader", "lead_from", "lead_to", "owner_id")
        and not n.startswith("m_")
    ]
    team = frame.group_by("leader", *keys).agg(*[nw.col(m).sum() for m in measures])
    return team.with_columns(*[nw.col(m).cast(AMOUNT) for m in measures]).rename({"leader": "payee_id"})
