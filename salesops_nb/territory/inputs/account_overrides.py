"""Accounts that keep a rep against their unit's: their load counts for that rep."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from salesops_nb.territory.inputs.findings import (
    REP_COLUMNS,
    Findings,
    absent,
    numbers,
    some,
    texts,
    to_pandas,
)
from salesops_nb.territory.inputs.reps import Reps
from salesops_nb.territory.inputs.units import Units

Floats = NDArray[np.float64]


def read_overrides(
    table: Any, units: Units, reps: Reps, measures: list[str], values: Floats, findings: Findings
) -> tuple[Floats, Floats]:
    """Loads that account overrides put on their rep, and the units' values without them.

    A row without a rep belongs to somebody outside the plan: it is taken from its unit and given to nobody.
    """
    base, values = np.zeros((len(reps.names), len(measures))), values.copy()
    if table is None:
        return base, values
    frame = to_pandas(table, "overrides")
    column = next((c for c in REP_COLUMNS if c in frame.columns), None)
    if column is None or "unit_id" not in frame:
        findings.add("missing-column.overrides", table="overrides")
        findings.stop()
        return base, values
    lacking = [name for name in measures if name not in frame]
    if lacking:
        findings.add(
            "missing-column.overrides-part", table="overrides", column=lacking[0], lacking=some(lacking)
        )
    parts = {
        name: np.zeros(len(frame)) if name in lacking else numbers(frame, name, "overrides", findings)
        for name in measures
    }
    findings.stop()
    for name, amounts in parts.items():
        if not np.isfinite(amounts).all():
            row = int(np.flatnonzero(~np.isfinite(amounts))[0])
            findings.add("missing-measure.overrides", table="overrides", row=row + 2, column=name)
            findings.stop()
        if (amounts < 0).any():
            row = int(np.flatnonzero(amounts < 0)[0])
            findings.add(
                "negative-weight.overrides", table="overrides", row=row + 2, column=name, given=amounts[row]
            )
    numbered, places = units.number, reps.number
    owners = ["" if absent(rep) else rep for rep in frame[column].astype(object)]
    for row, (unit, rep) in enumerate(zip(texts(frame["unit_id"]), texts(owners), strict=True)):
        if unit not in numbered or (rep and rep not in places):
            wrong = unit if unit not in numbered else rep
            findings.add(
                "unknown-unit.overrides" if wrong == unit else "unknown-rep.overrides",
                table="overrides",
                row=row + 2,
                value=wrong,
            )
            continue
        for f, name in enumerate(measures):
            part = parts[name][row]
            if rep:
                base[places[rep], f] += part
            values[numbered[unit], f] -= part
    low = (values < -1e-9 * np.abs(values).max()).any(axis=1)
    if low.any():
        findings.add("override-too-large", table="overrides", units=some(np.array(units.ids)[low]))
    return base, np.maximum(values, 0.0)
