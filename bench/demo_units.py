"""The demo's units: 3,109 US counties with a simulated potential, workload and today's reps, drifted.

Run: python bench/demo_units.py            (writes data/simulated/units.csv, unit_edges.csv, assignments.csv)
Counties, populations and neighbours are the US Census Bureau's (public domain); the rest is simulated:
potential rises with the root of population, today's territories were balanced once and have drifted since
(each unit lognormal σ 0.1, the regions ±15 %).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from salesops_nb import territory

ROOT = Path(__file__).resolve().parents[1]
SINCE = "2016-01-01"
SEGMENTS = ("metropolitan", "urban", "rural")  # by population
SPEND = {"metropolitan": 9_000.0, "urban": 6_000.0, "rural": 4_000.0}  # expected of a prospect, a year


def main() -> None:
    """Writes the three files; the same ones each time."""
    folder = ROOT / "data" / "simulated"
    source = ROOT / "tests" / "data" / "territory"
    units = pd.read_csv(source / "us_counties_units.csv", dtype={"unit_id": str})
    edges = pd.read_csv(source / "us_counties_edges.csv", dtype=str)
    people = pd.read_csv(folder / "people_dates.csv")
    people = people[people["left_on"].isna()]
    rng = np.random.default_rng(20171231)
    units["potential"] = 400 * np.sqrt(units["weight"])
    reps = people.rename(columns={"person_id": "rep", "fte": "capacity"})
    before = territory.plan(
        units, edges, reps=reps[["rep", "capacity", "home_latitude", "home_longitude"]], tolerance=0.04,
        measures=["potential"], fixed_homes=False, time_limit=240,
    )  # fmt: skip
    wave = np.sin(np.radians(4 * units["longitude"] + 2 * units["latitude"]))
    units["potential"] = (
        units["potential"] * (1 + 0.15 * wave) * np.exp(rng.normal(0, 0.1, len(units)))
    ).round(-1)
    units["workload"] = (units["potential"] / 900 + rng.gamma(4, 3, len(units))).round(1)
    units["growth"] = (0.03 + 0.05 * wave + rng.normal(0, 0.02, len(units))).round(3)
    units["segment"] = np.select(
        [units["weight"] >= 250_000, units["weight"] >= 50_000], SEGMENTS[:2], SEGMENTS[2]
    )
    spend = units["segment"].map(SPEND) * np.exp(rng.normal(0, 0.15, len(units)))
    units["prospects"] = np.maximum(units["potential"] / spend, 1).round()
    units["simulated"] = "true"
    named = ["unit_id", "latitude", "longitude", "potential", "workload", "growth", "segment", "prospects",
             "simulated"]  # fmt: skip
    units[named].to_csv(folder / "units.csv", index=False)
    edges.assign(simulated="true").to_csv(folder / "unit_edges.csv", index=False)
    held = before.assignment.rename(columns={"rep": "person_id"})[["unit_id", "person_id"]]
    held["role"], held["valid_from"], held["simulated"] = "rep", SINCE, "true"
    held.to_csv(folder / "assignments.csv", index=False)


if __name__ == "__main__":
    main()
