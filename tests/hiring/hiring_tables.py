"""A small company made by hand and by a seed: what the tests of the hiring analysis read."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd

ROLES = {"AE": 50_000.0, "SMB": 20_000.0}


def tables(
    seed: int = 1, heads: int = 12, months: int = 36, roles=("AE",), ramp: float = 6.0, leave: float = 0.02
):
    """People, deals and vacancies of `months` months that end with December 2025."""
    rng = np.random.default_rng(seed)
    start = date(2026 - months // 12, 1, 1) if months % 12 == 0 else _back(months)
    end = date(2026, 1, 1)
    people, deals, vacancies = [], [], []
    seats = [(role, start - timedelta(days=int(d))) for role in roles for d in rng.integers(0, 1500, heads)]
    while seats:
        role, hired = seats.pop()
        person = f"p{len(people):03d}"
        stay = rng.exponential(30.4375 / leave) if leave else 1e6
        if hired < start:
            stay += (start - hired).days
        left = hired + timedelta(days=int(min(stay, 30_000)))
        people.append((person, f"Name {person}", role, hired, left if left < end else None))
        factor = rng.gamma(8, 1 / 8)
        for month_start in pd.date_range(start, end, freq="MS", inclusive="left").date:
            month_end = (pd.Timestamp(month_start) + pd.offsets.MonthBegin(1)).date()
            share = (min(month_end, left) - max(month_start, hired)).days / (month_end - month_start).days
            if share <= 0:
                continue
            tenure = max(((month_start - hired).days + 15) / 30.4375, 0.5)
            mean = 4 * factor * share * min(1.0, tenure / ramp)
            for amount in rng.gamma(2, ROLES[role] / 8, rng.poisson(mean)):
                day = month_start + timedelta(days=int(rng.integers(28)))
                deals.append((person, "won", round(float(amount), 2), day))
        if left < end:
            filled = left + timedelta(days=int(rng.lognormal(np.log(50), 0.4)))
            vacancies.append((role, left, filled if filled < end else None))
            if filled < end:
                seats.append((role, filled))
    frame = pd.DataFrame(people, columns=["person_id", "name", "role", "hired_on", "left_on"])
    return {
        "people": frame,
        "deals": pd.DataFrame(deals, columns=["owner_id", "outcome", "amount", "closed_on"]),
        "vacancies": pd.DataFrame(vacancies, columns=["role", "opened_on", "filled_on"]),
    }


def _back(months: int) -> date:
    stamp = pd.Timestamp("2026-01-01") - pd.DateOffset(months=months)
    return stamp.date()
