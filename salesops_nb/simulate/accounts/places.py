"""Where things are: counties of the United States by population, and the accounts of the export in them."""

from __future__ import annotations

import csv
from importlib.resources import files
from typing import Any

import numpy as np

from salesops_nb.simulate.crm import Array, Crm, stream

Columns = dict[str, Any]
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
