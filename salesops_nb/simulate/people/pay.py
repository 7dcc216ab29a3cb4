"""What commission needs and the export lacks: who is on which plan, quotas, deals that two closed."""

from __future__ import annotations

from typing import Any

import numpy as np

from salesops_nb.simulate.crm import DAY, Array, Crm, stream
from salesops_nb.simulate.people.figures import YEAR

Columns = dict[str, Any]
FIRST, MIDDLE = np.datetime64(f"{YEAR}-01-01"), np.datetime64(f"{YEAR}-07-01")
STARTS = np.datetime64(f"{YEAR}-10-01")  # who is hired from here on begins on the plan for starters
RAISED = 3  # so many agents have a new agreement from the middle of the year
SHARED, OVERLAYS = 80, 15  # deals with two owners, and of those with a specialist beside them
LEAST = 2000  # smaller deals are nobody's to share


def plan_assignments(crm: Crm, dates: Columns, more: Columns, seed: int) -> Columns:
    """Each person's plan, dated, with base pay, target incentive, pay mix and the day it was accepted.

    Base pay is the pay of `people`; the target incentive a quarter of it (a mix of 80/20). A few agents
    have a new agreement from July, and one has not accepted it yet.
    """
    rng = stream(seed, "plans")
    managers = [
        (p, "sales-manager", h, d, pay)
        for p, h, d, pay, role in _people(more, "role")
        if role == "manager" and _stays(d)
    ]
    agents = [
        (p, "account-executive-start" if h >= STARTS else "account-executive", h, d, pay)
        for p, h, d, pay, _ in _people(dates, "email")
        if _stays(d)
    ]
    raised = set(rng.choice([a[0] for a in agents if a[2] < FIRST], RAISED, replace=False))
    rows: list[tuple[Any, ...]] = []
    for person, plan, hired, left, pay in sorted(agents + managers):
        begins = max(FIRST, hired)
        signed = begins + int(rng.integers(1, 15)) * DAY
        if person not in raised:
            rows.append((person, plan, begins, left, int(pay), signed))
            continue
        rows.append((person, plan, begins, MIDDLE, int(pay), signed))
        open_ = all(row[5] != "" for row in rows)
        later = "" if open_ else MIDDLE + int(rng.integers(1, 15)) * DAY
        rows.append((person, plan, MIDDLE, left, round(int(pay) * 1.06, -2), later))
    return {
        "person_id": [r[0] for r in rows],
        "plan_id": [r[1] for r in rows],
        "valid_from": [str(r[2]) for r in rows],
        "valid_to": ["" if np.isnat(r[3]) else str(r[3]) for r in rows],
        "base_pay": [r[4] for r in rows],
        "target_incentive": [round(r[4] / 4, -2) for r in rows],
        "pay_mix": ["80/20"] * len(rows),
        "accepted_on": [str(r[5]) for r in rows],
        "currency": ["USD"] * len(rows),
    }


def _people(columns: Columns, other: str) -> Any:
    names = ("person_id", "hired_on", "left_on", "pay", other)
    return zip(*(columns[name] for name in names), strict=True)


def _stays(left: np.datetime64) -> bool:
    return bool(np.isnat(left) or left > FIRST)


def quotas(targets: Columns) -> Columns:
    """The reps' quotas by quarter: their bookings targets in whole thousands, as rows of `targets`."""
    rows = [
        (who, period, max(1000, int(round(value, -3))))
        for level, who, period, value in zip(
            *(targets[name] for name in ("level", "who", "period", "value")), strict=True
        )
        if level == "rep" and "-Q" in period
    ]
    return {
        "level": ["rep"] * len(rows),
        "who": [r[0] for r in rows],
        "metric": ["quota"] * len(rows),
        "period": [r[1] for r in rows],
        "value": [r[2] for r in rows],
    }


def splits(crm: Crm, seed: int) -> Columns:
    """Won deals that the owner closed with a colleague of the team, some with a specialist beside them.

    Revenue shares of a deal sum to 100 per cent; the specialist's overlay share stands beside them.
    """
    rng = stream(seed, "splits")
    deals, team = crm.deals, dict(zip(crm.agents["agent"], crm.agents["manager"], strict=True))
    large = np.flatnonzero((deals["stage"] == "Won") & (deals["value"] >= LEAST))
    rows: list[tuple[str, str, int, str]] = []
    active = set(deals["agent"])
    for n, at in enumerate(np.sort(rng.choice(large, SHARED, replace=False))):
        owner = str(deals["agent"][at])
        others: Array = np.array([a for a in crm.agents["agent"] if team[a] == team[owner] and a != owner])
        pair = rng.choice([a for a in others if a in active], 2, replace=False)
        share = int(rng.choice([50, 60, 70, 75]))
        rows.append((str(deals["id"][at]), owner, share, "revenue"))
        rows.append((str(deals["id"][at]), str(pair[0]), 100 - share, "revenue"))
        if n < OVERLAYS:
            rows.append((str(deals["id"][at]), str(pair[1]), 20, "overlay"))
    return {
        "deal_id": [r[0] for r in rows],
        "person_id": [r[1] for r in rows],
        "share": [r[2] for r in rows],
        "type": [r[3] for r in rows],
    }
