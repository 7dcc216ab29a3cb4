"""Given travel times, in the order of units and reps."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from salesops_nb.messages import message
from salesops_nb.territory.inputs.findings import Findings, some, texts
from salesops_nb.territory.inputs.reps import Reps
from salesops_nb.territory.inputs.units import Units

Floats = NDArray[np.float64]


def read_travel(travel: Any, units: Units, reps: Reps, findings: Findings) -> tuple[Floats | None, bool]:
    """Times in the order of units × units or units × reps, and whether they lead to the reps' homes.

    Times may differ by direction: those from the unit to the centre or home count.
    """
    if travel is None:
        return None, False
    n, k = len(units.ids), len(reps.names)
    if isinstance(travel, pd.DataFrame):
        rows, columns = texts(travel.index), texts(travel.columns)
        to_homes = set(reps.names) <= set(columns)
        wanted = reps.names if to_homes else units.ids
        twice = [name for names in (rows, columns) for name, n in Counter(names).items() if n > 1]
        if twice:
            findings.add("travel-incomplete.twice", table="travel", value=twice[0], twice=some(twice))
            return None, False
        missing = [u for u in units.ids if u not in set(rows)] + [c for c in wanted if c not in set(columns)]
        if missing:
            findings.add("travel-incomplete.missing", table="travel", value=missing[0], missing=some(missing))
            return None, False
        frame = travel.set_axis(rows, axis=0).set_axis(columns, axis=1)
        matrix = _times(frame.loc[units.ids, wanted].to_numpy(object))
    else:
        matrix = _times(travel)
        to_homes = matrix.shape == (n, k) and k != n
        if matrix.shape not in ((n, n), (n, k)):
            findings.add("travel-incomplete.shape", table="travel", shape=matrix.shape, n=n, k=k)
            return None, False
    wrong = ~np.isfinite(matrix) | (matrix < 0)
    if wrong.any():
        i, j = np.argwhere(wrong)[0]
        findings.add(
            "travel-incomplete.no-time" if not np.isfinite(matrix[i, j]) else "travel-incomplete.bad-time",
            table="travel",
            value=units.ids[i],
            other=(reps.names if to_homes else units.ids)[j],
            counted=message("{n} such pair", "{n} such pairs", n=int(wrong.sum())),
            time=matrix[i, j] if np.isfinite(matrix[i, j]) else None,
        )
        return None, False
    return np.ascontiguousarray(matrix), bool(to_homes)


def _times(table: Any) -> Floats:
    """A table as floats; NaN for what is no number, and without shape where rows differ in length."""
    try:
        cells = np.array(table, dtype=object)
        flat = pd.to_numeric(pd.Series(cells.ravel()), errors="coerce").to_numpy(float, na_value=np.nan)
        return np.asarray(flat.reshape(cells.shape))
    except (TypeError, ValueError):
        return np.empty(0)
