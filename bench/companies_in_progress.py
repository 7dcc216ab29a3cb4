"""Companies whose deals are known to the end, for judging forecasts of a period in progress.

Deals come from people at a rate with a trend and shocks that whole quarters share; they pass stages in
times that are not exponential, are worth log-normal or heavy-tailed amounts, and close on days that a
quarter's end draws near. Nothing of it has the form that the forecast has in mind.
"""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

import numpy as np

from salesops_nb.forecast.deal_lives import NEVER, Changes, Lives
from salesops_nb.forecast.rolling_origin import day_number

FIRST, LAST = date(2014, 1, 1), date(2017, 12, 31)


class Setting(NamedTuple):
    """A kind of company: deals a month, trend a year, shocks, days of a cycle, pull to the quarter's end, tails."""

    name: str
    deals: float = 60.0
    trend: float = 0.0
    shock: float = 0.08
    cycle: float = 60.0
    pull: float = 0.0
    heavy: bool = False
    drift: float = 0.0  # of the chance to win, a year
    logged: bool = True


SETTINGS = (
    Setting("as drawn"),
    Setting("growth of 20 % a year", trend=0.2),
    Setting("decline of 15 % a year", trend=-0.15),
    Setting("quarter's end draws deals", pull=0.6),
    Setting("cycles of half a year", cycle=180.0, deals=40),
    Setting("12 deals a month, heavy tails", deals=12, heavy=True),
    Setting("the chance of winning falls", drift=-0.15, shock=0.12),
    Setting("no log of stages or amounts", logged=False, pull=0.4),
)


def company(setting: Setting, rng: np.random.Generator) -> Lives:
    """Four years of one company."""
    first, last = day_number(FIRST), day_number(LAST)
    warm = 540  # days before, so that there are open deals at the start
    days = np.arange(first - warm, last + 1)
    quarter = (days - days[0]) // 91
    shock = np.exp(np.cumsum(rng.normal(0, setting.shock / 2, quarter.max() + 1)) * 0.5
                   + rng.normal(0, setting.shock, quarter.max() + 1))  # fmt: skip
    rate = setting.deals / 30.4 * np.exp(setting.trend * (days - first) / 365) * shock[quarter]
    weekday = (days + 3) % 7 < 5
    came = rng.poisson(rate * weekday * 7 / 5)
    created = np.repeat(days, came)
    n = len(created)
    size = rng.standard_t(2.5, n) * 0.6 if setting.heavy else rng.normal(0, 0.7, n)
    value = np.round(np.exp(np.clip(8.5 + size, 5, 13)), 2)
    quality = rng.normal(0, 1, n)
    stages, left = 4, created.astype(float)
    entered = [np.round(left)]
    ended = np.zeros(n, bool)
    won = np.zeros(n, bool)
    for stage in range(stages):
        stay = (
            rng.weibull(1.4 if stage % 2 else 0.8, n)
            * setting.cycle
            / stages
            * np.exp(0.3 * rng.normal(size=n))
        )
        left = left + np.where(ended, 0.0, stay)
        when = setting.drift * (left - first) / 365
        go = rng.random(n) < 1 / (1 + np.exp(-(1.0 + 0.5 * quality + when)))
        if stage == stages - 1:
            won = ~ended & go
        ended |= ~go
        entered.append(np.where(ended, np.nan, np.round(left)))
    closed = np.round(left).astype(np.int64)
    if setting.pull:  # to the last days of its quarter, or just beyond
        end = first + ((closed - first) // 91 + 1) * 91 - rng.integers(1, 12, n)
        moves = won & (rng.random(n) < setting.pull) & (end >= closed)
        closed = np.where(moves, end, closed)
    keep = closed >= first
    index = np.cumsum(keep) - 1
    known = closed <= last
    deal, day, code = [], [], []
    for stage, at in enumerate(entered[:stages]):
        there = keep & ~np.isnan(at) & (at <= last)
        deal.append(index[there])
        day.append(at[there].astype(np.int64))
        code.append(np.full(there.sum(), stage))
    listed = np.round(value * np.exp(rng.normal(0.05, 0.15, n)), 2)
    changed = np.flatnonzero(keep & won & known)
    return Lives(
        created=created[keep], closed=np.where(known, closed, NEVER)[keep], won=(won & known)[keep],
        value=np.where(won & known, value, listed)[keep],
        stages=Changes.of(np.concatenate(deal), np.concatenate(day), np.concatenate(code)) if setting.logged else None,
        stood=np.where(won & known, value, listed)[keep] if setting.logged else None,
        values=Changes.of(index[changed], closed[changed], listed[changed]) if setting.logged else None,
    )  # fmt: skip
