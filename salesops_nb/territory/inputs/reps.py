"""Reps as read: who, with what capacity, living where."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from salesops_nb.core.frames import is_rows
from salesops_nb.errors import SalesopsError, problem
from salesops_nb.messages import message
from salesops_nb.territory.inputs.findings import (
    REP_COLUMNS,
    Findings,
    absent,
    some,
    texts,
    to_pandas,
    yes_or_no,
)
from salesops_nb.territory.inputs.geography import chord_points, latitude_longitude


@dataclass
class Reps:
    """Reps in a fixed order: names, capacity (1 is a full one), home as a point or NaN, whether it binds."""

    names: list[str]
    capacity: NDArray[np.float64]
    home: NDArray[np.float64]
    fixed: NDArray[np.bool_]

    @property
    def number(self) -> dict[str, int]:
        """Position of each name."""
        return {name: j for j, name in enumerate(self.names)}


def read_reps(
    k: int | None, reps: Any, homes: Any, fixed_homes: bool, today: Iterable[str], findings: Findings
) -> Reps:
    """Reps from a number, a list of names, a mapping to capacity, or a table (rep, capacity, …).

    A table may also have ``fte`` and ``ramp`` (their product is the capacity), ``latitude`` and
    ``longitude`` (or ``home_latitude``, ``home_longitude``) and ``fixed`` (whether the home binds).
    """
    frame = _rep_table(k, reps, today, findings)
    blank = [absent(rep) for rep in frame["rep"].astype(object)]
    if not blank:
        findings.add("no-reps.empty", table="reps")
    elif any(blank):
        findings.add(
            "missing-id.rep",
            table="reps",
            row=blank.index(True) + 2,
            counted=message("{n} rep has", "{n} reps have", n=sum(blank)),
        )
    findings.stop()
    names = texts(frame["rep"])
    twice = [n for n in dict.fromkeys(names) if names.count(n) > 1]
    if twice:
        findings.add("duplicate-id.rep", table="reps", value=twice[0], twice=some(twice))
    capacity = pd.to_numeric(frame["capacity"], errors="coerce").to_numpy(float, na_value=np.nan)
    for j in np.flatnonzero(~(capacity > 0) | ~np.isfinite(capacity)).tolist():
        shown = frame["capacity"].iloc[j]
        findings.add(
            "no-capacity", table="reps", row=int(j) + 2, column="capacity", value=shown, name=names[j]
        )
    if k is not None and k != len(names):
        findings.add("wrong-count.reps", table="reps", value=k, count=len(names))
    findings.stop()
    result = Reps(names, capacity, np.full((len(names), 3), np.nan), np.zeros(len(names), dtype=bool))
    fixed = yes_or_no(frame, "fixed", "reps", fixed_homes, findings) if "fixed" in frame else None
    places = zip(frame["latitude"], frame["longitude"], strict=True) if "latitude" in frame else ()
    for j, (latitude, longitude) in enumerate(places):
        if pd.notna(latitude) and pd.notna(longitude):
            binds = fixed[j] if fixed is not None else fixed_homes
            _set_home(result, names[j], latitude, longitude, binds, findings)
    _read_homes(result, homes, fixed_homes, findings)
    findings.stop()
    return result


def _rep_table(k: int | None, reps: Any, today: Iterable[str], findings: Findings) -> pd.DataFrame:
    if isinstance(reps, (int, np.integer)) and not isinstance(reps, bool):
        k = int(reps)
        reps = None
    if reps is None:
        names = sorted(set(today))
        if k is None:
            if not names:
                raise SalesopsError(problem("no-number-of-territories"))
            k = len(names)
        whole = isinstance(k, (int, np.integer)) or (isinstance(k, float) and k.is_integer())
        if isinstance(k, bool) or not whole or k < 1:
            findings.add("wrong-count", table="reps", value=k)
            findings.stop()
        k = int(k)
        spare = (f"T{i:02d}" for i in range(1, k + len(names) + 1))
        fresh = [name for name in spare if name not in names]
        return pd.DataFrame({"rep": [*names, *fresh][:k], "capacity": np.ones(k)})
    if isinstance(reps, (Mapping, pd.Series)):
        values = reps.values() if isinstance(reps, Mapping) else reps
        return pd.DataFrame({"rep": list(reps.keys()), "capacity": list(values)})
    if isinstance(reps, (list, tuple, set, frozenset)) and not is_rows(reps):
        names = sorted(reps) if isinstance(reps, (set, frozenset)) else list(reps)
        return pd.DataFrame({"rep": names, "capacity": np.ones(len(names))})
    frame = to_pandas(reps, "reps")
    column = next((c for c in REP_COLUMNS if c in frame.columns), None)
    if column is None:
        findings.add("missing-column.reps", table="reps", columns=some(frame.columns, 12) or message("none"))
        findings.stop()
    frame = frame.rename(columns={column: "rep", "home_latitude": "latitude", "home_longitude": "longitude"})
    if "capacity" not in frame:
        parts = [pd.to_numeric(frame[c], errors="coerce") for c in ("fte", "ramp") if c in frame]
        frame["capacity"] = parts[0] * parts[1] if len(parts) == 2 else parts[0] if parts else 1.0
    return frame


def _read_homes(reps: Reps, homes: Any, fixed_homes: bool, findings: Findings) -> None:
    if homes is None:
        return
    if isinstance(homes, Mapping):
        for name, home in zip(texts(homes), homes.values(), strict=True):
            _set_pair(reps, name, home, fixed_homes, findings)
        return
    if isinstance(homes, (list, tuple, np.ndarray)) and not is_rows(homes):
        if len(homes) != len(reps.names):
            findings.add("wrong-count.homes", table="homes", count=len(homes), reps=len(reps.names))
            return
        for name, home in zip(reps.names, homes, strict=True):
            _set_pair(reps, name, home, fixed_homes, findings)
        return
    frame = to_pandas(homes, "homes")
    frame = frame.rename(columns={"home_latitude": "latitude", "home_longitude": "longitude"})
    column = next((c for c in REP_COLUMNS if c in frame.columns), None)
    if column is None or not {"latitude", "longitude"} <= set(frame.columns):
        findings.add("missing-column.homes", table="homes")
        return
    fixed = (
        yes_or_no(frame, "fixed", "homes", fixed_homes, findings)
        if "fixed" in frame
        else [fixed_homes] * len(frame)
    )
    for name, lat, lon, binds in zip(
        texts(frame[column]), frame["latitude"], frame["longitude"], fixed, strict=True
    ):
        _set_home(reps, name, lat, lon, bool(binds), findings)


def _set_pair(reps: Reps, name: str, home: Any, binds: bool, findings: Findings) -> None:
    """A home given as a pair of degrees; none is no home."""
    if home is None:
        return
    pair = list(home) if isinstance(home, Iterable) and not isinstance(home, str) else [home]
    if len(pair) == 2:
        _set_home(reps, name, pair[0], pair[1], binds, findings)
        return
    findings.add("bad-home.not-a-pair", table="homes", value=home, name=name)


def note_far_homes(reps: Reps, points: NDArray[np.float64], findings: Findings) -> None:
    """Warns of homes far outside the map; of swapped latitude and longitude it raises."""
    middle = points.mean(axis=0)
    wide = 2 * max(float(np.linalg.norm(points - middle, axis=1).max()), 250.0)
    for j, name in enumerate(reps.names):
        if np.isnan(reps.home[j, 0]) or np.linalg.norm(reps.home[j] - middle) <= wide:
            continue
        (north,), (east,) = latitude_longitude(reps.home[j : j + 1])
        far = float(np.linalg.norm(points - reps.home[j], axis=1).min())
        swapped = abs(east) <= 90 and np.linalg.norm(chord_points(east, north) - middle) <= wide
        findings.add(
            "swapped-coordinates.home" if swapped else "far-home",
            table="homes",
            value=name,
            severity="error" if swapped else "warning",
            north=north,
            east=east,
            far=far,
        )
    findings.stop()


def _set_home(reps: Reps, name: str, lat: Any, lon: Any, binds: bool, findings: Findings) -> None:
    if name not in reps.number:
        findings.add("unknown-rep.homes", table="homes", value=name)
        return
    try:
        north, east = float(lat), float(lon)
    except (TypeError, ValueError):
        north, east = np.nan, np.nan
    if not (abs(north) <= 90 and -180 <= east <= 360):
        findings.add(
            "bad-home.out-of-range",
            table="homes",
            value=f"{lat}, {lon}",
            name=name,
            latitude=lat,
            longitude=lon,
        )
        return
    j = reps.number[name]
    reps.home[j] = chord_points(north, east)
    reps.fixed[j] = binds
