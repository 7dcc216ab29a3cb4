"""From what a planner hands in to the model: measures, bands, locks, forbidden pairs, overrides."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from salesops_nb.territory.conditions import (
    allowed_pairs,
    bound_units,
    joined_pieces,
    note_apart_groups,
    read_locks,
    read_overrides,
    read_travel,
)
from salesops_nb.territory.coordinates import check_places, made_edges
from salesops_nb.territory.model import Model, label_groups
from salesops_nb.territory.places import chord_points, compressed_rows
from salesops_nb.territory.reading import (
    KNOWN_MEASURES,
    Findings,
    Units,
    numbers,
    read_edges,
    read_units,
    rep_mapping,
    some,
)
from salesops_nb.territory.reps import read_reps

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
NOT_MEASURES = {"latitude", "longitude", "unit_id", "shape"}


def build(
    units: Any,
    edges: Any,
    k: int | None,
    reps: Any,
    *,
    tolerance: float | Mapping[str, float],
    current: Any,
    homes: Any,
    locked: Any,
    disruption: float,
    measures: Iterable[str] | None,
    weight: str | None,
    forbidden: Any,
    contiguous: Any,
    islands: str,
    travel: Any,
    keep_together: Any,
    overrides: Any,
    disruption_measure: str | None,
    fixed_homes: bool,
) -> Model:
    """The checked model; raises `SalesopsError` with every error found at a stage."""
    findings = Findings()
    table = read_units(units, findings)
    pairs = read_edges(edges, table, findings)
    check_places(table, pairs, findings)
    had = rep_mapping(current, table, "current", findings)
    team = read_reps(k, reps, homes, fixed_homes, had.values(), findings)
    tolerances = _tolerances(table, tolerance, measures, findings)
    names = list(tolerances)
    values = np.stack([_measure(table, name, findings) for name in names], axis=1)
    mass = _measure(table, weight, findings) if weight is not None else values[:, 0].copy()
    stay = _measure(table, disruption_measure, findings) if disruption_measure is not None else mass
    disruption = _disruption(disruption, findings)
    if disruption > 0 and not had:
        findings.add(
            "no-current",
            "disruption is above 0 but no current assignment is given.",
            "Give current, or set disruption to 0.",
            "parameters",
        )
    findings.stop()
    if pairs is None:
        pairs = made_edges(table)
    bound = bound_units(table, contiguous, findings)
    points = chord_points(table.latitude, table.longitude)
    pairs = joined_pieces(table, points, pairs, bound, islands, findings)
    base, values = read_overrides(overrides, table, team, names, values, findings)
    locks = read_locks(locked, table, had, findings)
    if isinstance(keep_together, str) and keep_together not in table.frame.columns:
        findings.add(
            "missing-column",
            f"units has no column {keep_together}, named as keep_together; "
            f"it has {', '.join(map(str, table.frame.columns))}.",
            "Name the column with the parent.",
            "units",
            column=keep_together,
        )
        findings.stop()
    item = label_groups(table, keep_together)
    allowed = allowed_pairs(table, team, item, locks, forbidden, findings)
    findings.stop()
    total = values.sum(axis=0) + base.sum(axis=0)
    scale = total / len(team.names)
    target = np.repeat((team.capacity / team.capacity.mean())[:, None], len(names), axis=1)
    slack = target * np.array([tolerances[name] for name in names])
    count = int(item.max()) + 1
    amount = np.stack(
        [np.bincount(item, values[:, f] / scale[f], minlength=count) for f in range(len(names))], 1
    )
    linked = item[pairs] if len(pairs) else pairs
    first, neighbour = compressed_rows(count, linked[linked[:, 0] != linked[:, 1]])
    whole = np.zeros(count, dtype=bool)
    whole[item[bound]] = True
    note_apart_groups(table, item, pairs, whole, findings)
    origin = points.mean(axis=0)
    number = team.number
    matrix, to_homes = read_travel(travel, table, team, findings)
    findings.stop()
    return Model(
        table,
        team,
        names,
        tolerances,
        values,
        base,
        target,
        scale,
        mass,
        points - origin,
        origin,
        np.array([number.get(had.get(u, ""), -1) if u in had else -1 for u in table.ids], dtype=np.int64),
        [had.get(u) for u in table.ids],
        stay,
        float(disruption),
        item,
        np.ascontiguousarray(amount),
        target - slack,
        target + slack,
        first,
        neighbour,
        whole,
        allowed.sum(axis=1) > 1,
        allowed,
        locks,
        matrix,
        to_homes,
        pairs,
        bound,
        findings.problems,
    )


def _number(value: Any) -> float:
    """The value as a float; NaN where it is none."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return float("nan")


def _disruption(value: Any, findings: Findings) -> float:
    """The price of moving; anything from 100 up moves least."""
    number = _number(value)
    if number >= 0 and not isinstance(value, bool):
        return min(number, 1000.0)
    findings.add(
        "bad-disruption",
        f"disruption is {value!r}.",
        "Give a number from 0 (start afresh) to 100 (move least).",
        "parameters",
        value=str(value),
    )
    return 0.0


def _tolerances(
    units: Units, tolerance: float | Mapping[str, float], measures: Iterable[str] | None, findings: Findings
) -> dict[str, float]:
    """Measures to balance with their tolerances, in order.

    Without `measures` and without a mapping: potential, workload, accounts or weight where the table
    has them, else every column of numbers.
    """
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
        findings.add(
            "no-measure",
            "units has no column of numbers to balance.",
            "Add potential or workload, or name the column in measures.",
            "units",
        )
        findings.stop()
    result = {}
    for name in given:
        value = tolerance.get(name) if isinstance(tolerance, Mapping) else tolerance
        if value is None:
            findings.add(
                "bad-tolerance",
                f"tolerance has no entry for {name}; it has {', '.join(map(str, given))}.",
                f"Add {name} to tolerance.",
                "parameters",
            )
        elif not 0 <= _number(value) < 1:
            findings.add(
                "bad-tolerance",
                f"the tolerance of {name} is {value!r}.",
                "Write a fraction from 0 to below 1, such as 0.05 for 5 %.",
                "parameters",
                value=str(value),
            )
        else:
            result[str(name)] = float(value)
    findings.stop()
    return result


def _measure(units: Units, name: str, findings: Findings) -> Floats:
    if name not in units.frame.columns:
        findings.add(
            "missing-column",
            f"units has no column {name}; it has {', '.join(map(str, units.frame.columns))}.",
            f"Add {name}, or name another measure.",
            "units",
            column=name,
        )
        findings.stop()
    values = numbers(units.frame, name, "units", findings)
    for wrong, code, words in (
        (~np.isfinite(values), "missing-measure", "no number"),
        (values < 0, "negative-weight", "a negative number"),
    ):
        if wrong.any():
            row = int(np.flatnonzero(wrong)[0])
            findings.add(
                code,
                f"{name} is {words} at {wrong.sum()} units: {some(np.array(units.ids)[wrong])} "
                f"({values[row]:g}).",
                "Write zero or more.",
                "units",
                row=row + 2,
                column=name,
                value=f"{values[row]:g}",
            )
    if np.isfinite(values).all() and not values.any():
        findings.add(
            "all-zero",
            f"{name} is zero at every unit, so that there is nothing to balance.",
            "Check how it is calculated.",
            "units",
            column=name,
        )
    findings.stop()
    return values
