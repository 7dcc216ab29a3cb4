"""Hire dates, homes and pay of the agents; managers and former agents; vacancies."""

from __future__ import annotations

from typing import Any

import numpy as np

from salesops_nb.simulate.accounts.places import counties, region_of
from salesops_nb.simulate.crm import DAY, NOT_A_DAY, Array, Crm, stream

Columns = dict[str, Any]
FORMER = (
    "Alma Restrepo", "Bertil Nyström", "Chiara Donati", "Dwight Okafor", "Edda Falk", "Felix Moreau",
    "Greta Lindqvist", "Hugo Salazar", "Ines Barros", "Jonas Whitlock", "Katja Brandt", "Leo Castellan",
)  # fmt: skip
LEAVERS = 3  # of the agents who own no deal; the rest of them have only just begun


def people_dates(crm: Crm, prospected: Array, seed: int) -> Columns:
    """Hire and leave dates, home, contract and pay of the listed agents.

    An agent is hired before the first deal he prospected. Of those without deals some left before
    the data begin and the others joined in its last weeks.
    """
    rng = stream(seed, "people")
    agents = crm.agents["agent"]
    n = len(agents)
    tenure = np.where(rng.random(n) < 0.3, rng.integers(10, 180, n), rng.integers(200, 2000, n))
    hired, left = np.full(n, NOT_A_DAY, "datetime64[D]"), np.full(n, NOT_A_DAY, "datetime64[D]")
    idle = 0
    for i, agent in enumerate(agents):
        mine = prospected[crm.deals["agent"] == agent]
        if len(mine):
            hired[i] = mine.min() - tenure[i] * DAY
        elif idle < LEAVERS:
            hired[i] = crm.through + (rng.integers(0, 700) - 1500) * DAY
            left[i] = crm.through + (rng.integers(0, 180) - 500) * DAY
            idle += 1
        else:
            hired[i] = crm.through - rng.integers(15, 60) * DAY
    places = counties()
    home = np.array([_home(rng, places, region) for region in crm.agents["region"]])
    return {
        "person_id": agents,
        "hired_on": np.busday_offset(hired, 0, roll="backward"),
        "left_on": np.where(
            np.isnat(left),
            left,
            np.busday_offset(np.where(np.isnat(left), crm.through, left), 0, roll="backward"),
        ),
        "fte": np.where(rng.random(n) < 0.08, "0.8", "1.0"),
        "pay": 60000 + 1000 * rng.integers(0, 31, n),
        "email": [_email(agent) for agent in agents],
        "payroll_id": [f"P{i:04d}" for i in range(1, n + 1)],
        "home_latitude": places["latitude"][home],
        "home_longitude": places["longitude"][home],
    }


def _home(rng: np.random.Generator, places: Columns, region: str) -> int:
    weight = places["population"] * (region_of(places["longitude"]) == region)
    return int(rng.choice(len(weight), p=weight / weight.sum()))


def _email(name: str) -> str:
    plain = "".join(c if c.isascii() and c.isalnum() else "." for c in name.lower())
    return f"{plain}@example.com"


def people_more(crm: Crm, seed: int) -> Columns:
    """The managers, and agents who left before the data begin: whole rows of people."""
    rng = stream(seed, "former")
    teams = np.unique(crm.agents["manager"].astype(str))
    region = dict(zip(crm.agents["manager"], crm.agents["region"], strict=True))
    k, n = len(teams), len(FORMER)
    joined = np.datetime64("2011-01-03") + rng.integers(0, 700, k) * DAY
    hired = np.datetime64("2012-06-01") + rng.integers(0, 1200, n) * DAY
    stayed = 120 + np.floor(rng.exponential(520.0, n)).astype(int)
    # Gone before the first deal of the export was prospected.
    gone = np.minimum(hired + stayed * DAY, np.datetime64("2016-08-31") - rng.integers(0, 300, n) * DAY)
    team = [*teams, *(str(t) for t in rng.choice(teams, n))]
    names = [*teams, *FORMER]
    return {
        "person_id": names,
        "name": names,
        "role": ["manager"] * k + ["rep"] * n,
        "manager_id": [None] * k + team[k:],
        "team": team,
        "region": [str(region[t]) for t in team],
        "hired_on": np.busday_offset(np.concatenate([joined, hired]), 0, roll="backward"),
        "left_on": np.concatenate([np.full(k, NOT_A_DAY), np.busday_offset(gone, 0, roll="backward")]),
        "fte": ["1.0"] * (k + n),
        "pay": np.concatenate(
            [110000 + 1000 * rng.integers(0, 31, k), 55000 + 1000 * rng.integers(0, 26, n)]
        ),
        "email": [_email(name) for name in names],
        "payroll_id": [f"P{i:04d}" for i in range(101, 101 + k + n)],
    }


def vacancies(crm: Crm, dates: Columns, more: Columns, seed: int) -> Columns:
    """When each agent's post was opened and filled; the last leavers' posts that nobody has filled."""
    rng = stream(seed, "vacancies")
    manager = dict(zip(crm.agents["agent"], crm.agents["manager"], strict=True))
    hires = [(p, h, manager[p]) for p, h in zip(dates["person_id"], dates["hired_on"], strict=True)]
    rows = zip(more["person_id"], more["hired_on"], more["team"], more["role"], strict=True)
    hires += [(p, h, t) for p, h, t, role in rows if role == "rep"]
    hires.sort(key=lambda row: (row[1], row[0]))
    took = 12 + np.floor(rng.gamma(2.4, 22.0, len(hires))).astype(int)
    opened = [
        np.busday_offset(hire[1] - int(days) * DAY, 0, roll="backward")
        for hire, days in zip(hires, took, strict=True)
    ]
    still = [(None, NOT_A_DAY, str(t)) for t in rng.choice(np.unique(crm.agents["manager"].astype(str)), 2)]
    ago = rng.integers(10, 80, 2)
    since = [np.busday_offset(crm.through - int(d) * DAY, 0, roll="backward") for d in ago]
    rows_all = [*zip(hires, opened, strict=True), *zip(still, since, strict=True)]
    return {
        "vacancy_id": [f"V{i:03d}" for i in range(1, len(rows_all) + 1)],
        "role": ["rep"] * len(rows_all),
        "team": [str(hire[2]) for hire, _ in rows_all],
        "opened_on": np.array([day for _, day in rows_all], "datetime64[D]"),
        "filled_on": np.array([hire[1] for hire, _ in rows_all], "datetime64[D]"),
        "person_id": [hire[0] for hire, _ in rows_all],
    }
