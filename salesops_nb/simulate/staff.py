"""Hire dates, homes and pay of the agents; managers and former agents; vacancies; where accounts are."""

from __future__ import annotations

import csv
from importlib.resources import files
from typing import Any

import numpy as np

from salesops_nb.simulate.crm import DAY, NOT_A_DAY, Array, Crm, stream

Columns = dict[str, Any]
FORMER = (
    "Alma Restrepo", "Bertil Nyström", "Chiara Donati", "Dwight Okafor", "Edda Falk", "Felix Moreau",
    "Greta Lindqvist", "Hugo Salazar", "Ines Barros", "Jonas Whitlock", "Katja Brandt", "Leo Castellan",
)  # fmt: skip
LEAVERS = 3  # of the agents who own no deal; the rest of them have only just begun
OFFICES = {
    "Kenya": (-1.2864, 36.8172), "Philipines": (14.5995, 120.9842), "Italy": (41.9028, 12.4964),
    "Norway": (59.9139, 10.7522), "Korea": (37.5665, 126.9780), "Brazil": (-23.5505, -46.6333),
    "Germany": (52.5200, 13.4050), "Romania": (44.4268, 26.1025), "Poland": (52.2297, 21.0122),
    "China": (31.2304, 121.4737), "Japan": (35.6762, 139.6503), "Jordan": (31.9454, 35.9284),
    "Panama": (8.9824, -79.5199), "Belgium": (50.8503, 4.3517),
}  # fmt: skip


def counties() -> Columns:
    """The 600 most populous US counties: id, state, name, population, centroid (Census Bureau)."""
    with (files("salesops_nb.simulate") / "counties.csv").open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    columns: Columns = {key: np.array([row[key] for row in rows]) for key in rows[0]}
    for key in ("population", "latitude", "longitude"):
        columns[key] = columns[key].astype(float)
    return columns


def region_of(longitude: Array) -> Array:
    """East, Central or West by longitude."""
    return np.where(longitude > -84.0, "East", np.where(longitude > -102.0, "Central", "West"))


def accounts_places(crm: Crm, seed: int) -> Columns:
    """A county for each US account, by population; the main city of its country for the others."""
    rng = stream(seed, "accounts")
    places = counties()
    n = len(crm.accounts["account"])
    home = crm.accounts["office"] == "United States"
    drawn = rng.choice(len(places["unit_id"]), n, p=places["population"] / places["population"].sum())
    abroad = np.array([OFFICES.get(office, (0.0, 0.0)) for office in crm.accounts["office"]])
    return {
        "account_id": crm.accounts["account"],
        "unit_id": np.where(home, places["unit_id"][drawn], None),
        "state": np.where(home, places["state"][drawn], None),
        "latitude": np.where(home, places["latitude"][drawn], abroad[:, 0]),
        "longitude": np.where(home, places["longitude"][drawn], abroad[:, 1]),
        "owner_id": _main_owner(crm),
    }


def _main_owner(crm: Crm) -> list[str | None]:
    """The agent with most deals of each account, the first by name where several have as many."""
    owners: list[str | None] = []
    for account in crm.accounts["account"]:
        agents, counts = np.unique(
            crm.deals["agent"][crm.deals["account"] == account].astype(str), return_counts=True
        )
        owners.append(str(agents[counts.argmax()]) if len(agents) else None)
    return owners


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
