"""What is balanced: measures with their tolerances, read from the units."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from salesops_nb.messages import message
from salesops_nb.territory.inputs.findings import KNOWN_MEASURES, Findings, numbers, some
from salesops_nb.territory.inputs.units import Units

Floats = NDArray[np.float64]
NOT_MEASURES = {"latitude", "longitude", "unit_id", "shape"}


def number_or_nan(value: Any) -> float:
    """The value as a float; NaN where it is none."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return float("nan")


def moving_price(value: Any, findings: Findings) -> float:
    """The price of moving; anything from 100 up moves least."""
    number = number_or_nan(value)
    if number >= 0 and not isinstance(value, bool):
        return min(number, 1000.0)
    findings.add("bad-disruption", table="parameters", value=value)
    return 0.0


def read_tolerances(
    units: Units, tolerance: float | Mapping[str, float], measures: Iterable[str] | None, findings: Findings
) -> dict[str, float]:
    """Measures to balance with their tolerances, in order.

    Without `measures` and without a mapping: potential, workload, accounts or weight where the table
    has them, else every column of numbers.
    """
    if measures is not None and not isinstance(measures, Iterable):
        findings.add("bad-measures", table="parameters", measures=measures)
        findings.stop()
    if isinstance(tolerance, Mapping) and not tolerance:
        findings.add("bad-tolerance.empty", table="parameters")
        findings.stop()
    given = [measures] if isinstance(measures, str) else None if measures is None else list(measures)
    if given is None:
        if isinstance(tolerance, Mapping):
            given = list(tolerance)
        else:
            given = [name for name in KNOWN_MEASURES if name in units.frame.columns]
            given = given[:1] if given == ["potential", "weight"] else given
            given = given or [
                str(c)
                for c in units.frame.columns
                if c not in NOT_MEASURES and pd.api.types.is_numeric_dtype(units.frame[c])
            ]
    if not given:
        findings.add("no-measure.numbers", table="units")
        findings.stop()
    result = {}
    for name in given:
        value = tolerance.get(name) if isinstance(tolerance, Mapping) else tolerance
        if value is None and isinstance(tolerance, Mapping):
            findings.add("bad-tolerance.no-entry", table="parameters", name=name, names=some(tolerance, 12))
        elif not 0 <= number_or_nan(value) < 1:
            findings.add("bad-tolerance", table="parameters", value=value, name=name)
        else:
            result[str(name)] = number_or_nan(value)
    findings.stop()
    return result


def read_measure(units: Units, name: str, findings: Findings) -> Floats:
    """(n,) a measure as finite numbers of zero or more, not all zero; raises for anything else."""
    if name not in units.frame.columns:
        findings.add(
            "missing-column.measure",
            table="units",
            column=name,
            columns=", ".join(map(str, units.frame.columns)),
        )
        findings.stop()
    values = numbers(units.frame, name, "units", findings)
    findings.stop()
    for wrong, key in (
        (~np.isfinite(values), "missing-measure"),
        (np.isfinite(values) & (values < 0), "negative-weight"),
    ):
        if wrong.any():
            row = int(np.flatnonzero(wrong)[0])
            at = values[row]
            findings.add(
                key,
                table="units",
                row=row + 2,
                column=name,
                value=f"{at:g}",
                counted=message("{n} unit", "{n} units", n=int(wrong.sum())),
                units=some(np.array(units.ids)[wrong]),
                given=message("empty") if np.isnan(at) else f"{at:g}",
            )
    if np.isfinite(values).all() and not values.any():
        findings.add("all-zero", table="units", column=name)
    findings.stop()
    return values
