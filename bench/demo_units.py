"""Make the demo's units: 3,109 US counties with a simulated potential, workload and today's reps, drifted.

    python bench/demo_units.py [--out data/simulated]

Writes units.csv, unit_edges.csv and assignments.csv, the same ones each time. Counties, populations and
neighbours are the US Census Bureau's (public domain); the rest is simulated: potential rises with the root
of population, today's territories were balanced once and have drifted since (each unit lognormal σ 0.1, the
regions ±15 %). `--states` takes the counties of some states only, by the first two digits of their number,
and then a rep for every 20 counties; `--size smallest` takes Washington's and writes nowhere.

The last line is one JSON object: units, reps, balanced and drifted (the largest load of a rep ÷ its fair
share, when it was balanced and today). A plan that is not balanced within 4 % ends the command with exit
code 1, and nothing is written.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import measure
import numpy as np
import pandas as pd

from salesops_nb import territory

ROOT = Path(__file__).resolve().parents[1]
SINCE = "2016-01-01"
SEGMENTS = ("metropolitan", "urban", "rural")  # by population
SPEND = {"metropolitan": 9_000.0, "urban": 6_000.0, "rural": 4_000.0}  # expected of a prospect, a year
TOLERANCE = 0.04
PER_REP = 20  # counties, where only some states are taken


def source(states: list[str]) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Counties, who borders whom, and the people; of some states where any are named."""
    folder = ROOT / "tests" / "data" / "territory"
    units = pd.read_csv(folder / "us_counties_units.csv", dtype={"unit_id": str})
    edges = pd.read_csv(folder / "us_counties_edges.csv", dtype=str)
    people = pd.read_csv(ROOT / "data" / "simulated" / "people_dates.csv")
    people = people[people["left_on"].isna()]
    if not states:
        return units, edges, people
    if unknown := set(states) - set(units["unit_id"].str[:2]):
        raise measure.Failed(f"no county's number begins with {', '.join(sorted(unknown))}")
    units = units[units["unit_id"].str[:2].isin(states)].reset_index(drop=True)
    both = edges["unit_a"].isin(units["unit_id"]) & edges["unit_b"].isin(units["unit_id"])
    return units, edges[both], people.head(max(len(units) // PER_REP, 2))


def largest(units: pd.DataFrame, owner: pd.Series[Any], capacity: pd.Series[Any]) -> float:
    """The largest load of a rep over its fair share of the potential."""
    load = units["potential"].groupby(units["unit_id"].map(owner)).sum()
    return float((load / (capacity / capacity.sum() * units["potential"].sum())).max())


def made(states: list[str]) -> tuple[dict[str, pd.DataFrame], dict[str, float]]:
    """The three tables by their file's name, and what is said of them."""
    units, edges, people = source(states)
    rng = np.random.default_rng(20171231)
    units["potential"] = 400 * np.sqrt(units["weight"])
    reps = people.rename(columns={"person_id": "rep", "fte": "capacity"})
    before = territory.plan(
        units, edges, reps=reps[["rep", "capacity", "home_latitude", "home_longitude"]], tolerance=TOLERANCE,
        measures=["potential"], fixed_homes=False, time_limit=240,
    )  # fmt: skip
    owner, capacity = before.assignment.set_index("unit_id")["rep"], reps.set_index("rep")["capacity"]
    balanced = largest(units, owner, capacity)
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
    held = before.assignment.rename(columns={"rep": "person_id"})[["unit_id", "person_id"]]
    held["role"], held["valid_from"], held["simulated"] = "rep", SINCE, "true"
    tables = {
        "units.csv": units[named],
        "unit_edges.csv": edges.assign(simulated="true"),
        "assignments.csv": held,
    }
    said = {"units": len(units), "reps": len(reps), "balanced": balanced,
            "drifted": largest(units, owner, capacity)}  # fmt: skip
    return tables, said


def main() -> None:
    words = measure.parser(__doc__)
    words.add_argument("--states", nargs="+", default=[])
    words.add_argument("--out", type=Path)
    asked = measure.asked(words, states=["53"])
    out = asked.out or (None if asked.states else ROOT / "data" / "simulated")
    tables, said = made(asked.states)
    wrong = [f"the largest load is {said['balanced']:.3f} of its fair share"] * (
        said["balanced"] > 1 + TOLERANCE + 1e-6
    )
    for name, table in tables.items():
        if out and not wrong:
            table.to_csv(out / name, index=False)
        print(f"{name:<16} {len(table):>7,} rows  {out or 'written nowhere'}")
    print(f"largest load ÷ fair share: {said['balanced']:.3f} when balanced, {said['drifted']:.3f} today")
    measure.finish({name: round(value, 4) for name, value in said.items()}, wrong)


if __name__ == "__main__":
    measure.run(main)
