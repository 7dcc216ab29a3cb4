"""Targets of the data's year, and three years of monthly bookings before the data begin."""

from __future__ import annotations

from typing import Any

import numpy as np

from salesops_nb.simulate.crm import MONTH, Array, Crm, stream
from salesops_nb.simulate.people.employment import away

Columns = dict[str, Any]
YEAR = 2017
FIRST_MONTH, HISTORY_MONTHS = np.datetime64("2014-03"), 36
# The third month of a quarter is the best in the data; the year has a slight lift at its end.
IN_QUARTER = np.array([0.78, 1.02, 1.20])
IN_YEAR = np.array([0.93, 0.96, 1.02, 0.98, 1.0, 1.06, 0.95, 0.96, 1.03, 1.02, 1.01, 1.08])
GROWTH = 0.08
RAMP_MONTHS = 7.0


def season(month: Array) -> Array:
    """Factor of each calendar month (1 to 12), mean one."""
    factor = np.tile(IN_QUARTER, 4) * IN_YEAR
    chosen: Array = (factor / factor.mean())[month - 1]
    return chosen


def monthly_level(crm: Crm, seed: int) -> dict[str, float]:
    """What an agent books in a plain month of the data: won value over its ten months of closes."""
    rng = stream(seed, "level")
    won = crm.deals["value"]
    span = 10.0
    level = {str(a): float(won[crm.deals["agent"] == a].sum()) / span for a in crm.agents["agent"]}
    middle = float(np.median([v for v in level.values() if v]))
    return {a: v or middle * float(rng.uniform(0.5, 0.9)) for a, v in level.items()}


def targets(crm: Crm, dates: Columns, seed: int) -> Columns:
    """Bookings targets by rep, team, region and company for each month, quarter and the year.

    A rep's target follows what the territory can give, seen through a fog of about a fifth, and a
    stretch; upper levels and longer periods are the sums of the months of the reps.
    """
    rng = stream(seed, "targets")
    level = monthly_level(crm, seed)
    months = np.arange(f"{YEAR}-01", f"{YEAR + 1}-01", dtype="datetime64[M]")
    cells: dict[tuple[str, str, str], int] = {}
    middle = float(np.median(list(level.values())))
    for i, agent in enumerate(crm.agents["agent"]):
        seen = (0.75 * level[agent] + 0.25 * middle) * rng.lognormal(0.12, 0.2)
        for m, month in enumerate(months):
            share = _employed(dates["hired_on"][i], dates["left_on"][i], month)
            value = int(round(seen * float(season(np.array([m + 1]))[0]) * share, -2))
            if not share:
                continue
            who = {"rep": agent, "team": crm.agents["manager"][i], "region": crm.agents["region"][i]}
            for kind, name in {**who, "company": "company"}.items():
                for period in (str(YEAR), f"{YEAR}-Q{m // 3 + 1}", f"{YEAR}-{m + 1:02d}"):
                    key = (kind, str(name), period)
                    cells[key] = cells.get(key, 0) + value
    keys = sorted(cells, key=lambda k: (("company", "region", "team", "rep").index(k[0]), k[1], k[2]))
    return {
        "level": [k[0] for k in keys],
        "who": [k[1] for k in keys],
        "metric": ["bookings"] * len(keys),
        "period": [k[2] for k in keys],
        "value": [cells[k] for k in keys],
    }


def _employed(hired: np.datetime64, left: np.datetime64, month: np.datetime64) -> float:
    """Share of the month's days between hire and leave."""
    start, end = month.astype("datetime64[D]"), (month + np.timedelta64(1, "M")).astype("datetime64[D]")
    last = end if np.isnat(left) else min(end, left)
    days = (last - max(start, hired)).astype(int)
    return max(0.0, float(days) / float((end - start).astype(int)))


def bookings_history(
    crm: Crm, dates: Columns, more: Columns, moved: dict[str, tuple[str, Any]], leave: Columns, seed: int
) -> Columns:
    """Monthly bookings of company, team and rep before the first close of the data, whole dollars.

    A new hire's bookings rise in a straight line over the first seven months. Nobody books on leave, and who
    changed team books for the team of the month.
    """
    rng = stream(seed, "history")
    level = monthly_level(crm, seed)
    middle = float(np.median(list(level.values())))
    manager = dict(zip(crm.agents["agent"], crm.agents["manager"], strict=True))
    staff = [
        (str(p), str(manager[p]), h, d)
        for p, h, d in zip(*(dates[c] for c in ("person_id", "hired_on", "left_on")), strict=True)
    ]
    former = zip(*(more[c] for c in ("person_id", "team", "hired_on", "left_on", "role")), strict=True)
    staff += [(p, t, h, d) for p, t, h, d, role in former if role == "rep"]
    months = FIRST_MONTH + np.arange(HISTORY_MONTHS) * MONTH
    cells: dict[tuple[str, str, str], int] = {}
    for person, team, hired, left in staff:
        base = level.get(person) or middle * float(rng.lognormal(-0.15, 0.4))
        noise = rng.lognormal(-0.045, 0.3, HISTORY_MONTHS)
        for m, month in enumerate(months):
            share = _employed(hired, left, month)
            if not share:
                continue
            tenure = max(0.0, float((month.astype("datetime64[D]") - hired).astype(int)) / 30.4375 + 0.5)
            ramp = min(1.0, tenure / RAMP_MONTHS)
            grown = (1 + GROWTH) ** ((m - HISTORY_MONTHS - 5) / 12)
            factor = float(season(np.array([month.astype(int) % 12 + 1]))[0])
            first = month.astype("datetime64[D]")
            share *= 1 - away(leave, person, first, (month + MONTH).astype("datetime64[D]"))
            value = round(base * grown * factor * ramp * share * float(noise[m]))
            before, since = moved.get(person, (team, first))
            for key in (
                ("company", "company"),
                ("team", before if first < since else team),
                ("rep", person),
            ):
                cell = (*key, str(month))
                cells[cell] = cells.get(cell, 0) + value
    keys = sorted(cells, key=lambda k: (("company", "team", "rep").index(k[0]), k[1], k[2]))
    return {
        "level": [k[0] for k in keys],
        "who": [k[1] for k in keys],
        "metric": ["bookings"] * len(keys),
        "month": [k[2] for k in keys],
        "value": [cells[k] for k in keys],
    }
