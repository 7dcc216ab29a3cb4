"""Plans from 'move least' to 'start afresh' that differ: prices of moving where they tell plans apart."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise

from salesops_nb.core.memo import Memo
from salesops_nb.errors import Problem, problem
from salesops_nb.territory.plans.frontier import Frontier, frontier_of
from salesops_nb.territory.plans.plan import PlanNotFound, TerritoryPlan, planned
from salesops_nb.territory.plans.plan_cache import plan_once
from salesops_nb.territory.solver.request import Request

DEAREST, CHEAPEST = 100.0, 0.003  # moving everything costs so many times today's moment


def sweep(
    asked: Request, *, memo: Memo, count: int = 5, extra: float | None = None
) -> tuple[Frontier, list[Problem]]:
    """`count` plans: the dearest price of moving, none at all, and prices between that halve the widest gap.

    Where a price leads to no plan within the tolerance it is left out, with a warning.

    Parameters
    ----------
    asked : the plan at any price. memo : where plans are found again. extra : a price to try as one of them.

    Raises
    ------
    SalesopsError
        What `plan` raises, where no price leads to a plan.
    """
    plans: dict[float, TerritoryPlan] = {}
    lost: dict[float, PlanNotFound] = {}

    def attempt(price: float) -> None:
        try:
            plans[price] = plan_once(memo, replace(asked, disruption=price))
        except PlanNotFound as error:
            lost[price] = error

    for price in dict.fromkeys([DEAREST, 0.0, *([extra] if extra is not None else [])]):
        attempt(price)
    if not plans:
        raise lost[0.0]
    while len(plans) + len(lost) < count:
        attempt(_next(plans, [*plans, *lost]))
    prices = sorted(plans, reverse=True)
    found = frontier_of(prices, [plans[price] for price in prices])
    return found, [_left_out(lost)] if lost else []


def first_look(asked: Request, *, choice: int, count: int = 5) -> Frontier:
    """One plan, quickly made, at about the price of moving of that number of `count`; it may be out of bands.

    Raises `SalesopsError` for bad input.
    """
    price = DEAREST * (CHEAPEST / DEAREST) ** ((choice - 1) / (count - 1)) if choice < count else 0.0
    look = replace(asked, disruption=price, preview=True, strict=False)
    return frontier_of([price], [planned(look)])


def _left_out(lost: dict[float, PlanNotFound]) -> Problem:
    names = ", ".join(f"{price:g}" for price in sorted(lost, reverse=True))
    return problem("plans-left-out", count=len(lost), names=names)


def _next(plans: dict[float, TerritoryPlan], tried: list[float]) -> float:
    """The middle, in logarithms, of the two prices between which most is moved; wider apart counts more."""
    prices = sorted(tried, reverse=True)
    best, found = -1.0, math.sqrt(DEAREST * CHEAPEST)
    for dear, cheap in pairwise(prices):
        high, low = max(dear, CHEAPEST), max(cheap, CHEAPEST)
        ends = [plans[price].summary["moved_share"] for price in (dear, cheap) if price in plans]
        moved = abs(ends[-1] - ends[0]) if len(ends) == 2 else 0.0
        room = math.log(high / low)
        if room > 0 and (moved + 1e-9) * room > best:
            best, found = (moved + 1e-9) * room, math.sqrt(high * low)
    return float(f"{found:.2g}")
