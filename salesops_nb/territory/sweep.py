"""Plans from 'move least' to 'start afresh' that differ: prices of moving where they tell plans apart."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

from salesops_nb.territory.planning import TerritoryPlan, plan
from salesops_nb.territory.rebalancing import Frontier, frontier_of

DEAREST, CHEAPEST = 100.0, 0.003  # moving everything costs so many times today's moment


def sweep(units: Any, edges: Any, *, count: int = 5, extra: float | None = None, **options: Any) -> Frontier:
    """`count` plans: the dearest price of moving, none at all, and prices between that halve the widest gap.

    Parameters
    ----------
    extra : a price to try as one of them. options : as for `territory.plan`.
    """
    plans: dict[float, TerritoryPlan] = {}
    for price in [DEAREST, 0.0, *([extra] if extra is not None else [])]:
        if price not in plans:
            plans[price] = plan(units, edges, **{**options, "disruption": price})
    while len(plans) < count:
        price = _next(plans)
        plans[price] = plan(units, edges, **{**options, "disruption": price})
    prices = sorted(plans, reverse=True)
    return frontier_of(prices, [plans[price] for price in prices])


def _next(plans: dict[float, TerritoryPlan]) -> float:
    """The middle, in logarithms, of the two prices between which most is moved; wider apart counts more."""
    prices = sorted(plans, reverse=True)
    best, found = -1.0, math.sqrt(DEAREST * CHEAPEST)
    for dear, cheap in pairwise(prices):
        high, low = max(dear, CHEAPEST), max(cheap, CHEAPEST)
        moved = abs(plans[cheap].summary["moved_share"] - plans[dear].summary["moved_share"])
        room = math.log(high / low)
        if room > 0 and (moved + 1e-9) * room > best:
            best, found = (moved + 1e-9) * room, math.sqrt(high * low)
    return float(f"{found:.2g}")
