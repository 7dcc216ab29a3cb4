"""An independent check of a finished plan: it shares no code with the search.

It knows only units, edges, loads and the promises made, and walks the map in plain Python.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence

from salesops_nb.errors import Problem, problem


def territory_pieces(
    assignment: Mapping[str, str], edges: Iterable[tuple[str, str]], bound: Iterable[str] | None = None
) -> dict[str, int]:
    """Connected pieces of each territory (1 is whole), over the units that contiguity binds."""
    inside = set(assignment) if bound is None else set(bound)
    near: dict[str, list[str]] = defaultdict(list)
    for a, b in edges:
        if a in inside and b in inside and assignment[a] == assignment[b]:
            near[a].append(b)
            near[b].append(a)
    seen: set[str] = set()
    pieces: dict[str, int] = dict.fromkeys(assignment.values(), 0)
    for unit in assignment:
        if unit not in inside or unit in seen:
            continue
        pieces[assignment[unit]] += 1
        seen.add(unit)
        queue = deque([unit])
        while queue:
            for other in near[queue.popleft()]:
                if other not in seen:
                    seen.add(other)
                    queue.append(other)
    return pieces


def check_plan(
    units: Sequence[str],
    assignment: Mapping[str, str],
    loads: Mapping[str, Mapping[str, float]],
    shares: Mapping[str, float],
    tolerance: Mapping[str, float],
    *,
    base: Mapping[str, Mapping[str, float]] | None = None,
    edges: Iterable[tuple[str, str]] = (),
    bound: Iterable[str] | None = (),
    locked: Mapping[str, str] | None = None,
    forbidden: Iterable[tuple[str, str]] = (),
    groups: Iterable[Sequence[str]] = (),
) -> list[Problem]:
    """Every promise that the plan breaks; an empty list says that it keeps them all.

    Parameters
    ----------
    loads : measure to unit to amount; base : measure to rep to amount there before any unit.
    shares : rep to fair share of the whole (summing to 1); tolerance : measure to largest deviation.
    bound : units that contiguity binds (None: all); groups : units that stay together, which then
        count as one place for contiguity.
    """
    problems = []
    for unit in units:
        if unit not in assignment:
            problems.append(problem("without-owner", table="plan", unit=unit))
        elif assignment[unit] not in shares:
            problems.append(problem("unknown-rep.assigned", table="plan", unit=unit, rep=assignment[unit]))
    if problems:
        return problems
    for measure, amounts in loads.items():
        total = sum(amounts[u] for u in units)
        load = dict.fromkeys(shares, 0.0)
        for rep, amount in (base or {}).get(measure, {}).items():
            load[rep] += amount
            total += amount
        for unit in units:
            load[assignment[unit]] += amounts[unit]
        for rep, share in shares.items():
            off = load[rep] / (share * total) - 1
            if abs(off) > tolerance[measure] + 1e-9:
                problems.append(
                    problem(
                        "out-of-balance",
                        table="plan",
                        rep=rep,
                        off=off,
                        measure=measure,
                        tolerance=tolerance[measure],
                    )
                )
    stands_for = {unit: unit for unit in units}
    for group in groups:
        for unit in group:
            stands_for[unit] = group[0]
        if len({assignment[u] for u in group}) > 1:
            problems.append(problem("group-split", table="plan", group=", ".join(group[:5])))
    inside = set(units) if bound is None else set(bound)
    if inside:
        places = {stands_for[u]: assignment[u] for u in units}
        links = [(stands_for[a], stands_for[b]) for a, b in edges if a in stands_for and b in stands_for]
        for rep, count in territory_pieces(places, links, {stands_for[u] for u in inside}).items():
            if count > 1:
                problems.append(problem("not-contiguous", table="plan", rep=rep, count=count))
    for unit, rep in (locked or {}).items():
        if assignment.get(unit) != rep:
            problems.append(problem("lock-broken", table="plan", unit=unit, rep=rep, other=assignment[unit]))
    for unit, rep in forbidden:
        if assignment.get(unit) == rep:
            problems.append(problem("forbidden-pair", table="plan", unit=unit, rep=rep))
    missing = set(shares) - set(assignment.values())
    for rep in sorted(missing):
        problems.append(problem("without-units", table="plan", rep=rep))
    return problems
