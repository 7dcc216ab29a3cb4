"""Potential and workload of accounts and units: plain formulas, shown, and each number open to change.

Potential = expected yearly spend of the account's segment (times a factor of its own, if given).
Workload = calls a year by segment × minutes a call, plus travel to and from each visit.
They are estimates: `potential_spread` says how wide, for what follows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from salesops_nb.errors import SalesopsError, problem
from salesops_nb.territory.inputs.findings import some, texts, to_pandas
from salesops_nb.territory.inputs.geography import great_circle_km

DRIVE_AT_MOST = 8.0  # hours at the wheel in a day, about what working-time rules allow
KM_FLOWN = 800.0  # an hour in an airliner
DETOUR = 1.3  # road over great circle, a usual mean for North America and Europe


def account_potential(accounts: Any, expected_spend: Mapping[str, float]) -> pd.Series:
    """Expected yearly spend by account: its segment's, times its ``potential_factor`` where it has one.

    Raises `SalesopsError` where a segment has no expected spend.
    """
    frame = _accounts(accounts)
    factor = frame["potential_factor"].fillna(1.0) if "potential_factor" in frame else 1.0
    values = _by_segment(frame, expected_spend, "expected spend") * factor
    return pd.Series(values.to_numpy(float), index=texts(frame["account_id"]), name="potential")


def account_workload(
    accounts: Any,
    calls: Mapping[str, float],
    minutes: Mapping[str, float] | float,
    *,
    home: tuple[float, float] | None = None,
    km_per_hour: float = 60.0,
    detour: float = DETOUR,
    visits_per_trip: float = 4.0,
) -> pd.Series:
    """Hours a year by account: calls × minutes / 60, plus travel if a home is given.

    Travel = calls × 2 × great-circle km × `detour` / `km_per_hour` / `visits_per_trip`: a trip out and back
    is shared by the visits made on it; `hours_one_way` says what is flown to. The account needs latitude
    and longitude for it.
    """
    frame = _accounts(accounts)
    number = _by_segment(frame, calls, "number of calls")
    each = _by_segment(frame, minutes, "minutes a call") if isinstance(minutes, Mapping) else float(minutes)
    hours = number * each / 60.0
    if home is not None:
        km = great_circle_km(frame["latitude"], frame["longitude"], home[0], home[1])
        hours = hours + number * 2 * hours_one_way(km, km_per_hour, detour) / visits_per_trip
    return pd.Series(hours.to_numpy(float), index=texts(frame["account_id"]), name="workload")


def hours_one_way(km: Any, km_per_hour: float, detour: float = DETOUR) -> Any:
    """Hours from a home to a place `km` away by great circle: by road; beyond a day's drive by air.

    A flight takes a working day (`DRIVE_AT_MOST` hours) to and from airports, and km / `KM_FLOWN` besides, so
    that a place over the sea does not take the weeks that a road would.
    """
    distance = np.asarray(km, dtype=float)
    return np.minimum(distance * detour / km_per_hour, DRIVE_AT_MOST + distance / KM_FLOWN)


def unit_measures(accounts: Any, **measures: pd.Series) -> pd.DataFrame:
    """Measures of units: each account measure summed over a unit's accounts, and how many they are."""
    frame = _accounts(accounts)
    if "unit_id" not in frame:
        raise SalesopsError(problem("missing-column.accounts-unit"))
    ids = texts(frame["account_id"])
    table = pd.DataFrame({"unit_id": texts(frame["unit_id"]), "accounts": np.ones(len(frame))})
    for name, values in measures.items():
        table[name] = values.reindex(ids).to_numpy(float)
    return table.groupby("unit_id", sort=True, as_index=False).sum()


def account_owners(
    accounts: Any, assignment: Any, overrides: Mapping[str, str] | None = None
) -> pd.DataFrame:
    """Owner of each account: its override if it has one, else its unit's owner, else ``vacant``.

    Columns account_id, rep, because (override, unit or none).
    """
    frame = _accounts(accounts)
    owned = to_pandas(assignment, "assignment")
    by_unit = dict(zip(texts(owned["unit_id"]), owned["rep"], strict=True))
    kept = {str(a): r for a, r in (overrides or {}).items()}
    units = texts(frame["unit_id"]) if "unit_id" in frame else [""] * len(frame)
    rows = [
        (a, kept[a], "override")
        if a in kept
        else (a, by_unit[u], "unit")
        if u in by_unit
        else (a, "vacant", "none")
        for a, u in zip(texts(frame["account_id"]), units, strict=True)
    ]
    return pd.DataFrame(rows, columns=["account_id", "rep", "because"])


def potential_spread(history: Any, actual: str = "actual", expected: str = "potential") -> float:
    """σ of ln(actual / expected) over accounts or units with both above zero: how certain potential is."""
    frame = to_pandas(history, "history")
    both = (frame[actual] > 0) & (frame[expected] > 0)
    if both.sum() < 3:
        raise SalesopsError(problem("too-few-rows"))
    return float(np.log(frame.loc[both, actual] / frame.loc[both, expected]).std(ddof=1))


def _accounts(accounts: Any) -> pd.DataFrame:
    frame = to_pandas(accounts, "accounts")
    if "account_id" not in frame:
        raise SalesopsError(problem("missing-column.accounts", name="account_id"))
    return frame


def _by_segment(frame: pd.DataFrame, table: Mapping[str, float], words: str) -> pd.Series:
    if "segment" not in frame:
        raise SalesopsError(problem("missing-column.accounts", name="segment"))
    missing = sorted({str(s) for s in frame["segment"]} - {str(s) for s in table})
    if missing:
        raise SalesopsError(
            problem(
                "unknown-segment.given",
                table="accounts",
                column="segment",
                value=missing[0],
                measure=words,
                missing=some(missing),
                known=some(table, 8),
            )
        )
    return frame["segment"].astype(str).map({str(k): float(v) for k, v in table.items()})
