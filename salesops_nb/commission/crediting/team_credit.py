"""Who leads whom, and when: a dated hierarchy from the table `people`."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from typing import Any

import narwhals as nw

from salesops_nb.commission.crediting.deal_columns import OF_SALE, people_spans, wanted_columns
from salesops_nb.commission.inputs.tables import AMOUNT, Tables, times10
from salesops_nb.commission.plans.plan import Plan
from salesops_nb.errors import SalesopsError, problem

_FIRST, _LAST = date(1900, 1, 1), date(2200, 1, 1)
MEASURES = ("credit", "gross", "margin", "units", "deals", "share")
Edge = tuple[date, date, str]


def levels_of(plan: Plan) -> tuple[str, ...]:
    """Over how many levels of a team the plan pays managers; none where it pays none."""
    return tuple(sorted({str(c.levels) for c in plan.components if c.payee == "manager"}))


def leaders(tables: Tables, levels: int | str) -> list[dict[str, Any]]:
    """Pairs of person and leader up to so many levels, each with the days on which it holds."""
    if "people" not in tables or "manager_id" not in tables.columns("people"):
        raise SalesopsError(problem("no-hierarchy", table="people", column="manager_id"))
    direct: dict[str, list[Edge]] = defaultdict(list)
    for row in people_spans(tables)[0].to_pylist():
        leader = row["manager_id"]
        if leader not in (None, "") and leader == leader and row["p_from"] < row["p_to"]:
            direct[str(row["person_id"])].append((row["p_from"], row["p_to"], str(leader)))
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
                    problem(
                        "circular-hierarchy",
                        table="people",
                        column="manager_id",
                        value=leader,
                        chain=" → ".join((*path, leader)),
                    )
                )
            steps.append(((max(s, start), min(e, end), leader), (*path, leader)))
    return steps


def team_credit(credit: nw.LazyFrame[Any], plan: Plan, tables: Tables) -> nw.LazyFrame[Any]:
    """Credit of each manager's people (revenue, not overlay): a row an event, person and manager
    (`payee_id`).
    """
    levels = {c.levels for c in plan.components if c.payee == "manager"}
    if len(levels) > 1:
        raise SalesopsError(problem("levels-differ", file=plan.source, plan=plan.label))
    pairs = tables.put(
        leaders(tables, levels.pop()),
        {"person": nw.String, "leader": nw.String, "lead_from": nw.Date, "lead_to": nw.Date},
    )
    frame = credit.filter((nw.col("part") == "revenue") & nw.col("fault").is_null())
    if plan.file.credit.splits is not None and plan.file.credit.splits.apply_to == "pay":
        # a split of pay leaves each person the whole credit; a team has each of its shares
        frame = frame.with_columns(*[times10(nw.col(m), nw.col("share")).alias(m) for m in MEASURES[:-1]])
    frame = frame.join(pairs, left_on="payee_id", right_on="person", how="inner")
    day = nw.col("counted_on")
    frame = frame.filter((nw.col("lead_from") <= day) & (day < nw.col("lead_to")))
    return frame.drop("payee_id", "lead_from", "lead_to", "owner_id").rename({"leader": "payee_id"})


def summed(team: nw.LazyFrame[Any], plan: Plan, tables: Tables) -> nw.LazyFrame[Any]:
    """One row an event and manager: the sums over the people of the team."""
    deal = set(tables.columns("deals"))
    own = (set(tables.columns("people")) | set(tables.columns("splits")) | {"tenure_month"}) - deal
    known = team.collect_schema().names()
    measures = [*MEASURES, *(n for n in known if n.startswith("rated_"))]
    names = [n for n in known if not n.startswith("m_") and n not in measures]
    of_person = [n for n in names if n in own & wanted_columns(plan) or n.startswith(OF_SALE)]
    keys = [n for n in names if n not in of_person]
    sums = [nw.col(m).sum() for m in measures]
    made = team.group_by(*keys).agg(*sums, *[nw.col(n).min() for n in of_person])
    return made.with_columns(*[nw.col(m).cast(AMOUNT) for m in measures])
