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
def place(
    left: Any, joined: Any, weight: Any, share: Any, cells: Any, heads: Any, ramped: Any, ramped_heads: Any
) -> None:
    """Puts people into the cells of their joining and leaving month (futures × joined × left).

    `left` and `weight` are futures × people. Those with a negative place in `joined` are at full
    output, for whom only the month of leaving matters.
    """
    for f in range(left.shape[0]):
        for i in range(left.shape[1]):
            at = left[f, i]
            if joined[i] < 0:
                ramped[f, at] += weight[f, i]
                ramped_heads[f, at] += share[i]
            else:
                cells[f, joined[i], at] += weight[f, i]
                heads[f, joined[i], at] += share[i]


@njit(cache=True)
def by_month(cells: Any, ramp: Any, before: int, half: float, out: Any) -> None:
    """Adds to `out`, futures × months, the people in the cells who are there, times the ramp since joining.

    The first `before` joining months lie before the horizon; the month of leaving counts by `half`.
    """
    futures, months = out.shape
    for f in range(futures):
        for j in range(cells.shape[1]):
            later = 0.0
            for t in range(months - 1, max(j - before, 0) - 1, -1):
                later += cells[f, j, t + 1]
                there = later + half * cells[f, j, t]
                if there != 0.0:
                    out[f, t] += there * ramp[f, before + t - j]
