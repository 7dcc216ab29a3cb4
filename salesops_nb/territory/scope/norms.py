"""How potential and workload come about: as given, or from norms by segment that anybody may restate.

potential = prospects × expected spend of their segment a year; by the model, an account's own bookings
shrunk towards its segment's mean. workload (hours a year) = prospects × calls of their segment a year ×
minutes a call / 60, plus travel: calls × 2 × km to the nearest rep's home × detour / km an hour / visits a
trip (what is more than a day's drive away is flown to). Prospects are those that a unit names (columns
segment and prospects), or the accounts that lie in it. What is not stated is learned: from the measures
given, else from won deals and activities.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

import numpy as np
import pandas as pd

from salesops_nb.core.frames import Tables
from salesops_nb.errors import SalesopsError, problem
from salesops_nb.territory.inputs.findings import some, texts
from salesops_nb.territory.inputs.geography import great_circle_km
from salesops_nb.territory.scope.learned_norms import (
    MINUTES,
    has,
    learned_norms,
    modelled_potential,
    segmented,
)
from salesops_nb.territory.scope.potential_workload import hours_one_way

Source = Literal["as given", "segments", "model"]


@dataclass(frozen=True)
class Norms:
    """What is stated about potential and workload; what is empty is as given, or learned.

    Parameters
    ----------
    potential : as given in units, by segments, or by the model. workload : as given, or by calls.
    expected_spend, calls, minutes : by segment: money a year, calls a year, minutes a call; stated ones
        count even where the measure would be as given. km_per_hour, visits_per_trip : of travel; 0 km an
        hour leaves travel out.
    """

    potential: Source = "as given"
    workload: Literal["as given", "calls"] = "as given"
    expected_spend: Mapping[str, float] = field(default_factory=dict)
    calls: Mapping[str, float] = field(default_factory=dict)
    minutes: Mapping[str, float] = field(default_factory=dict)
    km_per_hour: float = 60.0
    visits_per_trip: float = 4.0


@dataclass(frozen=True)
class Measured:
    """How the measures came about.

    Parameters
    ----------
    segments : one row a segment: segment, prospects, potential, expected_spend, spend_origin, hours, calls,
        calls_origin, minutes, minutes_origin, travel (hours); empty where nothing says a segment.
    potential, workload : as given, segments, model, calls, or none. travel : whether travel is in workload.
    homes : how many reps' homes the travel was reckoned from.
    """

    segments: pd.DataFrame
    potential: str
    workload: str
    travel: bool = False
    homes: int = 0


def with_measures(
    units: pd.DataFrame, tables: Tables, norms: Norms, homes: pd.DataFrame, as_of: date
) -> tuple[pd.DataFrame, Measured]:
    """The units with potential and workload as the norms have them, and how they came about.

    Parameters
    ----------
    units : with unit_id, latitude, longitude; homes : home_latitude and home_longitude of the reps.

    Raises
    ------
    SalesopsError
        Norms for a segment there is not, or norms where nothing says a segment.
    """
    counts = prospects(units, tables)
    potential = norms.potential if not norms.expected_spend or norms.potential == "model" else "segments"
    workload = "calls" if norms.calls or norms.minutes else norms.workload
    if potential == "as given" and not has(units, "potential") and len(counts):
        potential = "segments"
    if workload == "as given" and not has(units, "workload") and len(counts):
        workload = "calls"
    if counts.empty:
        return _without_segments(units, potential, workload)
    table = _norms_by_segment(units, counts, tables, norms, as_of)
    result, travel = units.copy(), pd.Series(0.0, index=counts.index)
    if potential == "segments":
        result["potential"] = _summed(
            units, counts, counts["n"] * counts["segment"].map(table["expected_spend"])
        )
    elif potential == "model":
        result["potential"] = modelled_potential(units, tables, table["expected_spend"], as_of)
    known = homes[["home_latitude", "home_longitude"]].dropna() if len(homes) else homes
    if workload == "calls":
        travel = _travel(units, counts, table, known, norms)
        each = table["calls"] * table["minutes"] / 60
        result["workload"] = _summed(units, counts, counts["n"] * counts["segment"].map(each) + travel)
    shown = _shown(result, counts, table, travel)
    return result, Measured(shown, _said(result, "potential", potential), _said(result, "workload", workload),
                            bool(travel.sum() > 0), len(known))  # fmt: skip


def prospects(units: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    """Prospects of each unit by segment: unit_id, segment, n; no rows where nothing says a segment."""
    if has(units, "segment"):
        n = pd.to_numeric(units["prospects"]).astype(float) if has(units, "prospects") else 1.0
        frame = pd.DataFrame({"unit_id": units["unit_id"], "segment": units["segment"].astype(object)})
        return frame.assign(n=n).dropna().reset_index(drop=True)
    ours = segmented(tables)
    if "unit_id" not in ours or ours.empty:
        return pd.DataFrame(columns=["unit_id", "segment", "n"])
    ours = ours.dropna(subset=["unit_id"])
    frame = pd.DataFrame(
        {"unit_id": texts(ours["unit_id"]), "segment": ours["segment"].astype(str).to_numpy()}
    )
    frame = frame[frame["unit_id"].isin(set(units["unit_id"]))]
    return frame.groupby(["unit_id", "segment"], as_index=False).size().rename(columns={"size": "n"})


def _without_segments(units: pd.DataFrame, potential: str, workload: str) -> tuple[pd.DataFrame, Measured]:
    if potential != "as given" or workload != "as given":
        raise SalesopsError(
            problem("no-segments", table='accounts', column='segment')
        )  # fmt: skip
    return units, Measured(
        pd.DataFrame(), _said(units, "potential", potential), _said(units, "workload", workload)
    )


def _norms_by_segment(
    units: pd.DataFrame, counts: pd.DataFrame, tables: Tables, norms: Norms, as_of: date
) -> pd.DataFrame:
    """By segment: n, expected_spend, calls, minutes and where each comes from."""
    table = counts.groupby("segment")[["n"]].sum()
    stated = {"expected_spend": norms.expected_spend, "calls": norms.calls, "minutes": norms.minutes}
    for name, given in stated.items():
        strange = [s for s in given if s not in table.index and s != "all"]
        if strange:
            raise SalesopsError(
                problem(
                    "unknown-segment",
                    value=strange[0],
                    name=name,
                    segments=some(strange),
                    known=some(table.index, 8),
                )
            )
    learned = learned_norms(units, counts, tables, table, as_of)
    for name, given in stated.items():
        values = pd.Series({s: given.get(s, given.get("all", np.nan)) for s in table.index}, dtype=float)
        table[name] = values.fillna(learned[name])
        table[f"{name}_origin"] = np.where(
            values.notna(), "stated", np.where(table[name].notna(), "learned", "")
        )
    table["minutes_origin"] = table["minutes_origin"].where(table["minutes"].notna(), "assumed")
    table["minutes"] = table["minutes"].fillna(MINUTES)
    return table.fillna({"expected_spend": 0.0, "calls": 0.0})


def _travel(
    units: pd.DataFrame, counts: pd.DataFrame, table: pd.DataFrame, homes: pd.DataFrame, norms: Norms
) -> pd.Series:
    """Hours a year on the road, by row of `counts`."""
    if homes.empty or norms.km_per_hour <= 0:
        return pd.Series(0.0, index=counts.index)
    km = np.min(
        [great_circle_km(units["latitude"], units["longitude"], *home) for home in homes.to_numpy(float)],
        axis=0,
    )
    far = counts["unit_id"].map(dict(zip(units["unit_id"], km, strict=True))).astype(float)
    trips = counts["n"] * counts["segment"].map(table["calls"]) / norms.visits_per_trip
    return trips * 2 * pd.Series(hours_one_way(far, norms.km_per_hour), index=counts.index)


def _summed(units: pd.DataFrame, counts: pd.DataFrame, values: pd.Series) -> pd.Series:
    by_unit = values.astype(float).groupby(counts["unit_id"]).sum()
    return pd.Series(by_unit.reindex(units["unit_id"]).fillna(0.0).to_numpy(), index=units.index)


def _shown(units: pd.DataFrame, counts: pd.DataFrame, table: pd.DataFrame, travel: pd.Series) -> pd.DataFrame:
    """The norms with what they add up to; a unit of several segments counts by what its prospects spend."""
    frame = table.rename(columns={"n": "prospects"}).assign(potential=np.nan, hours=np.nan)
    one = not counts["unit_id"].duplicated().any()
    for column, measure in (("potential", "potential"), ("hours", "workload")):
        if one and has(units, measure):
            value = dict(zip(units["unit_id"], units[measure], strict=True))
            frame[column] = counts["unit_id"].map(value).groupby(counts["segment"]).sum()
    frame["travel"] = travel.groupby(counts["segment"]).sum()
    return frame.rename_axis("segment").reset_index()


def _said(units: pd.DataFrame, name: str, source: str) -> str:
    return source if has(units, name) else "none"
