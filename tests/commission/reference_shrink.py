"""A failing history made as small as it gets, and printed so that a person can work it by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from reference_worlds import World

PARTS = ("draw", "clawback", "release", "rounding")


def smaller(world: World) -> Iterator[World]:
    """Worlds with one thing less, the biggest steps first."""
    used = {stay.plan for stay in world.stays}
    plans = tuple(plan for plan in world.plans if plan["plan"]["id"] in used)
    if plans != world.plans:
        yield replace(world, plans=plans)
    for deal in world.deals:
        rest = tuple(d for d in world.deals if d is not deal)
        if rest:
            yield replace(world, deals=rest, events=tuple(e for e in world.events if e.deal != deal.id))
    if len(world.plans) > 1:
        for plan in world.plans:
            left = {p["plan"]["id"] for p in world.plans if p is not plan}
            stays = tuple(s for s in world.stays if s.plan in left)
            if stays:
                yield replace(world, plans=tuple(p for p in world.plans if p is not plan), stays=stays)
    for event in world.events:
        yield replace(world, events=tuple(e for e in world.events if e is not event))
    for number, plan in enumerate(world.plans):
        changes = [{k: v for k, v in plan.items() if k != name} for name in PARTS if name in plan]
        for component in plan["components"]:
            if len(plan["components"]) > 1:
                changes.append(plan | {"components": [c for c in plan["components"] if c is not component]})
            for name in ("multipliers", "where"):
                if name in component:
                    plainer = {k: v for k, v in component.items() if k != name}
                    rest = [plainer if c is component else c for c in plan["components"]]
                    changes.append(plan | {"components": rest})
        for changed in changes:
            yield replace(world, plans=(*world.plans[:number], changed, *world.plans[number + 1 :]))
    for deal in world.deals:
        if deal.shares:
            yield replace(world, deals=tuple(replace(d, shares=()) if d is deal else d for d in world.deals))


def smallest(world: World, fails: Callable[[World], bool], tries: int = 150) -> World:
    """Greedy: each step that still fails is taken, until none does or the tries are used up."""
    while tries:
        for candidate in smaller(world):
            tries -= 1
            if fails(candidate):
                world = candidate
                break
            if not tries:
                break
        else:
            break
    return world


def printed(world: World, reference: dict, engine: dict) -> str:
    """The plans, the tables as CSV, and what the two pay, side by side."""
    lines = ["plans:", *(f"  {plan}" for plan in world.plans)]
    tables = world.tables()
    for name, frame in tables.items():
        columns = [c for c in frame.columns if c not in ("created_on", "stage", "currency")]
        lines += [f"{name}:", *("  " + row for row in frame[columns].to_csv(index=False).splitlines())]
    lines.append("payee, deal, plan, version, component, kind, period: reference | engine")
    for key in sorted(reference.keys() | engine.keys(), key=lambda k: (k[-1], *map(str, k))):
        here, there = (float(side.get(key, 0)) for side in (reference, engine))
        lines.append(
            f"  {', '.join(map(str, key))}: {here:.2f} | {there:.2f}{'' if here == there else '  <<<'}"
        )
    return "\n".join(lines)
