"""The people, products, accounts and targets that match invented deals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from salesops_nb.simulate.accounts.places import counties
from salesops_nb.simulate.crm import DAY, Array, stream
from salesops_nb.simulate.invented.world import World
from salesops_nb.simulate.tables import identifiers, marked, money

TEAM, REGIONS = 8, ("East", "Central", "West", "South")
FAMILIES = ("Core", "Plus", "Service", "Spare")
SEGMENTS = ("enterprise", "midmarket", "small")
INDUSTRIES = ("technology", "medical", "retail", "software", "finance", "marketing", "services")


def tables(seed: int, world: World, won: Array) -> dict[str, pa.Table]:
    """People, products, accounts and targets; `won` holds cents by rep and month of the data."""
    return {
        "people": _people(seed, world),
        "products": _products(world),
        "accounts": _accounts(seed, world),
        "targets": targets(seed, world, won),
    }


def _ids(letter: str, n: int, width: int) -> list[str]:
    return [f"{letter}{i:0{width}d}" for i in range(1, n + 1)]


def team_of(n: int) -> Array:
    """The team of each rep, eight reps a team, as a position."""
    return np.arange(n) // TEAM


def _people(seed: int, world: World) -> pa.Table:
    rng = stream(seed, "people")
    n = len(world.hired)
    team = team_of(n)
    k = int(team[-1]) + 1
    teams, managers, reps = _ids("Team ", k, 3), _ids("M", k, 4), _ids("R", n, 5)
    region = [REGIONS[t % len(REGIONS)] for t in range(k)]
    head = world.first - rng.integers(400, 3000, k) * DAY
    hired = np.concatenate([np.asarray(world.hired), head]).astype("datetime64[D]")
    return _marked(
        {
            "person_id": reps + managers,
            "name": [f"Rep {i}" for i in range(1, n + 1)] + [f"Manager {i}" for i in range(1, k + 1)],
            "role": ["rep"] * n + ["manager"] * k,
            "manager_id": [managers[t] for t in team] + [None] * k,
            "team": [teams[t] for t in team] + teams,
            "region": [region[t] for t in team] + region,
            "hired_on": hired,
            "left_on": pa.nulls(n + k, pa.date32()),
            "fte": np.ones(n + k),
            "valid_from": hired,
            "valid_to": pa.nulls(n + k, pa.date32()),
        }
    )


def _products(world: World) -> pa.Table:
    n = len(world.price)
    cents = np.rint(world.price * 100).astype(np.int64)
    return _marked(
        {
            "product_id": _ids("P", n, 4),
            "name": [f"Product {i}" for i in range(1, n + 1)],
            "family": [FAMILIES[i % len(FAMILIES)] for i in range(n)],
            "list_price": money(cents),
            "cost": money(np.rint(cents * (1 - world.margin)).astype(np.int64)),
        }
    )


def _accounts(seed: int, world: World) -> pa.Table:
    rng = stream(seed, "accounts")
    n, places = world.accounts, counties()
    place = rng.choice(len(places["unit_id"]), n, p=places["population"] / places["population"].sum())
    employees = np.rint(np.exp(rng.normal(5.5, 1.4, n))).astype(np.int64) + 1
    size = np.where(employees > 1000, 0, np.where(employees > 150, 1, 2))
    numbers = np.arange(1, n + 1)
    return _marked(
        {
            "account_id": identifiers("C", numbers, 7),
            "name": identifiers("Account ", numbers, 7),
            "segment": np.array(SEGMENTS)[size],
            "industry": industries(seed, world),
            "employees": employees,
            "unit_id": places["unit_id"][place],
            "latitude": places["latitude"][place],
            "longitude": places["longitude"][place],
        }
    )


def industries(seed: int, world: World) -> Array:
    """The industry of each account."""
    drawn = stream(seed, "industries").integers(0, len(INDUSTRIES), world.accounts)
    found: Array = np.array(INDUSTRIES)[drawn]
    return found


def targets(seed: int, world: World, won: Array) -> pa.Table:
    """Targets of rep, team, region and company by month, quarter and year, in whole hundreds.

    A rep's month is a twelfth of what he won in the year, with a spread of a fifth; the rest are
    sums. Only full calendar years have targets.
    """
    rng = stream(seed, "targets")
    start = world.first.astype("datetime64[M]")
    skip = -int(start.astype(int)) % 12
    years = (won.shape[1] - skip) // 12
    reps = won[:, skip : skip + 12 * years].reshape(len(won), years, 12)
    seen = reps.sum(axis=2, keepdims=True) / 12 * rng.lognormal(0.05, 0.2, (len(won), years, 1))
    months = np.rint(seen / 10_000).astype(np.int64).repeat(12, axis=2) * 10_000
    team = team_of(len(won))
    groups = {
        "company": (np.zeros(len(won), dtype=int), ["company"]),
        "region": (team % len(REGIONS), list(REGIONS)),
        "team": (team, _ids("Team ", int(team[-1]) + 1, 3)),
        "rep": (np.arange(len(won)), _ids("R", len(won), 5)),
    }
    periods = _periods((int(start.astype(int)) + skip) // 12 + 1970, years)
    parts: list[dict[str, Any]] = []
    for level, (group, names) in groups.items():
        total = np.zeros((len(names), years, 12), dtype=np.int64)
        np.add.at(total, group, months)
        quarter = total.reshape(len(names), years, 4, 3).sum(axis=3)
        value = np.concatenate([total, quarter, total.sum(axis=2, keepdims=True)], axis=2)
        used = np.isin(np.arange(len(names)), group)
        rows = int(used.sum())
        parts.append(
            {
                "level": np.full(rows * len(periods), level),
                "who": np.repeat(np.array(names)[used], len(periods)),
                "metric": np.full(rows * len(periods), "bookings"),
                "period": np.tile(np.array(periods), rows),
                "value": money(value[used].ravel()),
            }
        )
    return pa.concat_tables([_marked(part) for part in parts])


def _periods(first_year: int, years: int) -> list[str]:
    keys: list[str] = []
    for year in range(first_year, first_year + years):
        keys += [f"{year}-{m:02d}" for m in range(1, 13)]
        keys += [f"{year}-Q{q}" for q in range(1, 5)] + [str(year)]
    return keys


def _marked(columns: dict[str, Any]) -> pa.Table:
    return marked(pa.table({n: v if isinstance(v, pa.Array) else pa.array(v) for n, v in columns.items()}))
