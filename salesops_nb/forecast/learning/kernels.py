"""The inner loops over people and futures, compiled: what NumPy would take many passes for."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

FINEST = 2.0**40  # parts of a head in which a hire's output is counted, so that sums are exact


@njit(cache=True)
def add_hire(total: Any, sign: float, opened: int, own: Any, wait: Any, stay: Any, ramp: Any) -> None:
    """Adds to `total`, futures × months, what a hire brings that is opened in a month.

    `wait` are months from opening to joining and `stay` months until leaving, which counts half.
    """
    futures, months = total.shape
    part = sign / FINEST
    for f in range(futures):
        joined = opened + wait[f]
        left = joined + stay[f]
        for month in range(joined, min(left, months)):
            total[f, month] += part * np.rint(np.float32(own[f] * ramp[f, month - joined]) * FINEST)
        if left < months:
            made = np.float32(own[f] * ramp[f, left - joined])
            total[f, left] += part * np.rint(0.5 * made * FINEST)


@njit(cache=True)
def add_heads(total: Any, opened: int, wait: Any, stay: Any) -> None:
    """Adds a hire's head to `total`, futures × months, from joining until before leaving."""
    futures, months = total.shape
    for f in range(futures):
        joined = opened + wait[f]
        for month in range(joined, min(joined + stay[f], months)):
            total[f, month] += 1.0


@njit(cache=True)
def exits(tenure: Any, hazard: Any, unit: Any, bands: Any) -> Any:
    """Tenure when each person leaves, futures × people (see `tenure_at_exit`)."""
    kind, last = unit.dtype.type, len(bands) - 1
    out = np.empty_like(unit)
    for f in range(unit.shape[0]):
        for i in range(unit.shape[1]):
            spent = kind(0)
            for band in range(len(bands)):
                if tenure[i] <= bands[band]:
                    break
                width = bands[band + 1] - bands[band] if band < last else np.inf
                spent += kind(min(tenure[i] - bands[band], width)) * kind(hazard[f, band])
            target, edge, band = spent + unit[f, i], 0.0, 0
            while band < last:
                after = edge + hazard[f, band] * (bands[band + 1] - bands[band])
                if target < kind(after):
                    break
                edge, band = after, band + 1
            out[f, i] = bands[band] + (target - kind(edge)) / kind(hazard[f, band])
    return out


@njit(cache=True)
def add_present(
    left: Any,
    since: Any,
    own: Any,
    share: Any,
    ramp: Any,
    group: Any,
    made: Any,
    heads: Any,
    ramped: Any,
    gone: Any,
) -> None:
    """Adds people who are there at first to `made`, `heads`, `ramped` and `gone`, futures × groups × months.

    `left` and `own` are futures × people; `since` are the months since joining when the first month
    begins, past the end of `ramp` (futures × months since joining) for those at full output. The month of
    leaving counts by half.
    """
    months, longest = made.shape[2], ramp.shape[1]
    for f in range(left.shape[0]):
        for i in range(left.shape[1]):
            g, last = group[i], left[f, i]
            for t in range(min(last + 1, months)):
                part = share[i] if t < last else 0.5 * share[i]
                at = since[i] + t
                if at < longest:
                    part *= ramp[f, at]
                ramped[f, g, t] += part
                made[f, g, t] += own[f, i] * part
                if t < last:
                    heads[f, g, t] += share[i]
                else:
                    gone[f, g, t] += share[i]


@njit(cache=True)
def add_joining(
    who: Any,
    when: Any,
    left: Any,
    own: Any,
    share: Any,
    ramp: Any,
    group: Any,
    made: Any,
    heads: Any,
    ramped: Any,
    gone: Any,
) -> None:
    """Adds people who join in a month of a future, and leave in another (see `add_present`)."""
    months = made.shape[2]
    for n in range(len(who)):
        f, g, first, last = who[n], group[n], when[n], left[n]
        for t in range(first, min(last + 1, months)):
            part = ramp[f, t - first] * (share[n] if t < last else 0.5 * share[n])
            ramped[f, g, t] += part
            made[f, g, t] += own[n] * part
            if t < last:
                heads[f, g, t] += share[n]
            else:
                gone[f, g, t] += share[n]
