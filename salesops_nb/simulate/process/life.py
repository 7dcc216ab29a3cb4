"""What a deal lived through: expected close, cost, next step, activities."""

from __future__ import annotations

from typing import Any

import numpy as np

from salesops_nb.simulate.crm import DAY, NOT_A_DAY, Array, Crm, stream

Columns = dict[str, Any]
NONE: Any = None
COST_SHARE = {"GTX": 0.52, "MG ": 0.44, "GTK": 0.61}
KINDS = ("call", "email", "meeting", "demo")
MINUTES = {"call": 14.0, "email": 6.0, "meeting": 48.0, "demo": 55.0}
OUTCOMES = ("reached", "no answer", "rescheduled", "interested")
NEXT_STEPS = ("send offer", "call back", "book a demo", "meet decision maker", "")


def prospecting_days(crm: Crm, seed: int) -> Array:
    """The working day on which each deal was first prospected, before it was engaged."""
    rng = stream(seed, "prospecting")
    n = len(crm.deals["id"])
    engaged = crm.deals["engaged"]
    before = 1 + np.floor(rng.gamma(1.6, 8.0, n)).astype(int)
    age = np.floor(rng.exponential(75.0, n)).astype(int) % 300
    day = np.where(np.isnat(engaged), crm.through - age * DAY, engaged - before * DAY)
    return np.busday_offset(day, 0, roll="backward")


def deals_more(crm: Crm, prospected: Array, seed: int) -> Columns:
    """Columns that the export's deals lack, by deal_id."""
    rng = stream(seed, "deals")
    deals, n = crm.deals, len(crm.deals["id"])
    won, lost = deals["stage"] == "Won", deals["stage"] == "Lost"
    is_open = ~(won | lost)
    cycle = np.floor(rng.gamma(2.2, 30.0, n)).astype(int) + 10
    started = np.where(np.isnat(deals["engaged"]), prospected, deals["engaged"])
    expected = np.maximum(started + cycle * DAY, crm.through + (rng.integers(0, 90, n) - 45) * DAY)
    chance = rng.random(n)
    category = np.select(
        [~is_open, deals["stage"] == "Prospecting", chance < 0.15, chance < 0.45, chance > 0.97],
        ["closed", "pipeline", "commit", "best_case", "omitted"],
        "pipeline",
    )
    share = np.array([COST_SHARE[name[:3]] for name in deals["product"]])
    cost = np.rint(deals["value"] * share * rng.normal(1.0, 0.06, n) * 100)
    step = np.busday_offset(crm.through + rng.integers(-12, 30, n) * DAY, 0, roll="forward")
    return {
        "deal_id": deals["id"],
        "prospecting_on": prospected,
        "expected_close_on": _where(is_open, np.busday_offset(expected, 0, roll="forward")),
        "forecast_category": category,
        "cost": [f"{c // 100:.0f}.{c % 100:02.0f}" if w else None for c, w in zip(cost, won, strict=True)],
        "next_step_on": _where(is_open & (rng.random(n) < 0.7), step),
        "term_months": _terms(won, seed),
    }


def _terms(won: Array, seed: int) -> list[int | None]:
    """Months of the support contract sold with each won deal."""
    drawn = stream(seed, "terms").choice((12, 24, 36), len(won), p=(0.6, 0.25, 0.15))
    return [int(term) if each else None for term, each in zip(drawn, won, strict=True)]


def _where(keep: Array, days: Array) -> Array:
    return np.where(keep, days, NOT_A_DAY)


def activities(crm: Crm, prospected: Array, seed: int) -> Columns:
    """Calls, mails, meetings and demos by the owner, on working days of the deal's life."""
    rng = stream(seed, "activities")
    deals = crm.deals
    last = np.where(np.isnat(deals["closed"]), crm.through, deals["closed"])
    # Working days of [first, last]; a deal that lived on a weekend only has none.
    room = np.busday_count(prospected, last + DAY)
    count = np.where(room > 0, 1 + rng.poisson(0.8 + np.minimum(room, 60) / 30), 0)
    deal = np.repeat(np.arange(len(count)), count)
    offset = np.floor(rng.random(len(deal)) * room[deal]).astype(int)
    day = np.busday_offset(prospected[deal], offset, roll="forward")
    quarter_hours = rng.integers(0, 40, len(deal))
    at = day.astype("datetime64[m]") + np.timedelta64(8 * 60, "m") + quarter_hours * np.timedelta64(15, "m")
    kind = rng.choice(KINDS, len(deal), p=(0.42, 0.33, 0.17, 0.08))
    minutes = np.array([MINUTES[k] for k in kind]) * rng.gamma(4.0, 0.25, len(deal))
    outcome = np.where(kind == "email", NONE, rng.choice(OUTCOMES, len(deal), p=(0.4, 0.25, 0.1, 0.25)))
    order = np.lexsort((deal, at))
    step = rng.choice(NEXT_STEPS, len(deal))
    account = deals["account"][deal]
    return {
        "activity_id": np.array([f"A{i:06d}" for i in range(1, len(deal) + 1)]),
        "person_id": deals["agent"][deal][order],
        "kind": kind[order],
        "happened_at": at[order].astype("datetime64[s]"),
        "deal_id": deals["id"][deal][order],
        "account_id": np.where(account == "", NONE, account)[order],
        "minutes": np.maximum(1, np.rint(minutes)).astype(int)[order],
        "outcome": outcome[order],
        "next_step": np.where(step == "", NONE, step)[order],
    }
