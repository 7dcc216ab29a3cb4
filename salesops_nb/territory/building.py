"""From what a planner hands in to the model: measures, bands, locks, forbidden pairs, overrides."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from salesops_nb.territory.model import Model, label_groups
from salesops_nb.territory.places import chord_points, compressed_rows, ferries, map_pieces
from salesops_nb.territory.reading import (
    KNOWN_MEASURES,
    REP_COLUMNS,
    Findings,
    Units,
    check_places,
    made_edges,
    numbers,
    read_edges,
    read_units,
    rep_mapping,
    some,
    texts,
    to_pandas,
)
from salesops_nb.territory.reps import Reps, read_reps

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
    bound = _binding(table, contiguous, findings)
    points = chord_points(table.latitude, table.longitude)
    pairs = _joined(table, points, pairs, bound, islands, findings)
    base, values = _overrides(overrides, table, team, names, values, findings)
    locks = _locks(locked, table, had, findings)
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
    allowed = _allowed(table, team, item, locks, forbidden, findings)
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
    _note_apart_groups(table, item, pairs, whole, findings)
    origin = points.mean(axis=0)
    number = team.number
    matrix, to_homes = _travel(travel, table, team, findings)
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


def _binding(units: Units, contiguous: Any, findings: Findings) -> NDArray[np.bool_]:
    n = len(units.ids)
    if isinstance(contiguous, (bool, np.bool_)):
        return np.full(n, bool(contiguous))
    if isinstance(contiguous, Mapping):
        return np.array([bool(contiguous.get(unit, True)) for unit in units.ids])
    if contiguous not in units.frame.columns:
        findings.add(
            "missing-column",
            f"units has no column {contiguous}, named as contiguous.",
            "Give True, False or a column of yes and no.",
            "units",
            column=str(contiguous),
        )
        findings.stop()
    column = units.frame[contiguous]
    words = column.astype(object).map(lambda v: str(v).strip().lower() in ("true", "yes", "1", "1.0", "y"))
    return np.asarray(words.to_numpy(dtype=bool))


def _joined(units: Units, points: Floats, pairs: Ints, bound: Any, islands: str, findings: Findings) -> Ints:
    """Edges with ferries added where asked for."""
    if islands not in ("apart", "join"):
        findings.add("bad-islands", f"islands is {islands!r}.", "Write apart or join.", "parameters")
        findings.stop()
    if islands == "apart" or not bound.any():
        return pairs
    inside = np.flatnonzero(bound)
    number = np.full(len(points), -1)
    number[inside] = np.arange(len(inside))
    within = pairs[bound[pairs].all(axis=1)] if len(pairs) else pairs
    if map_pieces(len(inside), number[within]).max(initial=0) == 0:
        return pairs
    added = inside[ferries(points[inside], number[within])]
    links = [f"{units.ids[a]}–{units.ids[b]}" for a, b in added]
    findings.add(
        "map-in-pieces",
        f"the map is in {len(added) + 1} pieces; they were joined by {len(added)} links to "
        f"the nearest unit: {some(links)}.",
        "Check that these crossings can be travelled.",
        "unit_edges",
        severity="warning",
    )
    return np.vstack([pairs, added])


def _overrides(
    table: Any, units: Units, reps: Reps, measures: list[str], values: Floats, findings: Findings
) -> tuple[Floats, Floats]:
    """Loads that account overrides put on their rep, and the units' values without them."""
    base, values = np.zeros((len(reps.names), len(measures))), values.copy()
    if table is None:
        return base, values
    frame = to_pandas(table, "overrides")
    column = next((c for c in REP_COLUMNS if c in frame.columns), None)
    if column is None or "unit_id" not in frame:
        findings.add(
            "missing-column",
            "overrides needs the columns unit_id and rep, and the measures moved.",
            "Rename the columns.",
            "overrides",
        )
        findings.stop()
        return base, values
    parts = {
        name: np.nan_to_num(numbers(frame, name, "overrides", findings))
        if name in frame
        else np.zeros(len(frame))
        for name in measures
    }
    for name, amounts in parts.items():
        if (amounts < 0).any():
            row = int(np.flatnonzero(amounts < 0)[0])
            findings.add(
                "negative-weight",
                f"{name} is {amounts[row]:g} in overrides.",
                "Write what the account has, zero or more.",
                "overrides",
                row=row + 2,
                column=name,
            )
    for row, (unit, rep) in enumerate(zip(texts(frame["unit_id"]), texts(frame[column]), strict=True)):
        if unit not in units.number or rep not in reps.number:
            wrong = unit if unit not in units.number else rep
            findings.add(
                "unknown-unit" if wrong == unit else "unknown-rep",
                f"overrides names {wrong}, who is not in the plan.",
                "Check the id.",
                "overrides",
                row=row + 2,
                value=wrong,
            )
            continue
        for f, name in enumerate(measures):
            part = parts[name][row]
            base[reps.number[rep], f] += part
            values[units.number[unit], f] -= part
    low = (values < -1e-9 * np.abs(values).max()).any(axis=1)
    if low.any():
        findings.add(
            "override-too-large",
            f"the overrides take more than there is from {some(np.array(units.ids)[low])}.",
            "Check the measures of the overridden accounts.",
            "overrides",
        )
    return base, np.maximum(values, 0.0)


def _locks(locked: Any, units: Units, had: Mapping[str, str], findings: Findings) -> dict[str, str]:
    """Locked unit to its rep: a mapping, a frame, a column of yes and no, or ids that keep today's rep."""
    if locked is None:
        return {}
    if isinstance(locked, Mapping) or (hasattr(locked, "columns") and len(locked.columns) > 1):
        return rep_mapping(locked, units, "locked", findings)
    if isinstance(locked, str) and locked in units.frame.columns:
        chosen = (
            units.frame[locked]
            .astype(object)
            .map(lambda v: str(v).strip().lower() in ("true", "yes", "1", "1.0"))
        )
        ids = [unit for unit, yes in zip(units.ids, chosen, strict=True) if yes]
    elif isinstance(locked, str):
        ids = [locked]
    elif hasattr(locked, "columns"):
        ids = texts(to_pandas(locked, "locked").iloc[:, 0])
    else:
        ids = texts(locked)
    result = {}
    for unit in ids:
        if unit not in units.number:
            findings.add(
                "unknown-unit",
                f"locked names {unit}, which is not in units; it is set aside.",
                "Check the scope.",
                "locked",
                value=unit,
                severity="warning",
            )
        elif unit not in had:
            findings.add(
                "no-current",
                f"unit {unit} is locked but has no rep today.",
                "Say which rep keeps it: locked={unit: rep}.",
                "locked",
                value=unit,
            )
        else:
            result[unit] = had[unit]
    findings.stop()
    return result


def _allowed(
    units: Units, reps: Reps, item: Ints, locks: Mapping[str, str], forbidden: Any, findings: Findings
) -> NDArray[np.bool_]:
    """(items, k) pairs that may be."""
    allowed = np.ones((int(item.max()) + 1, len(reps.names)), dtype=bool)
    number = units.number
    if forbidden is not None:
        rows = forbidden
        if hasattr(forbidden, "columns"):
            frame = to_pandas(forbidden, "forbidden")
            column = next((c for c in REP_COLUMNS if c in frame.columns), frame.columns[-1])
            rows = zip(frame["unit_id"], frame[column], strict=True)
        for unit, rep in ((texts([u])[0], texts([r])[0]) for u, r in rows):
            if unit not in number or rep not in reps.number:
                findings.add(
                    "unknown-unit" if unit not in number else "unknown-rep",
                    f"forbidden names the pair {unit}, {rep}, which is not in the plan; it is set aside.",
                    "Check the ids.",
                    "forbidden",
                    value=f"{unit}, {rep}",
                    severity="warning",
                )
            else:
                allowed[item[number[unit]], reps.number[rep]] = False
    for unit, rep in locks.items():
        if rep not in reps.number:
            findings.add(
                "unknown-rep",
                f"unit {unit} is locked to {rep}, who is not among the reps.",
                "Unlock it, or add the rep.",
                "locked",
                value=rep,
            )
            continue
        c, j = item[number[unit]], reps.number[rep]
        if not allowed[c, j]:
            findings.add(
                "conflict",
                f"unit {unit} is locked to {rep}, but that pair is forbidden, or a unit that "
                "stays with it is locked to another rep.",
                "Drop one of the two.",
                "locked",
                value=unit,
            )
            continue
        allowed[c] = False
        allowed[c, j] = True
    for c in np.flatnonzero(~allowed.any(axis=1)):
        unit = units.ids[int(np.flatnonzero(item == c)[0])]
        findings.add(
            "nobody-left",
            f"unit {unit} is forbidden to every rep.",
            "Allow at least one.",
            "forbidden",
            value=unit,
        )
    return allowed


def _note_apart_groups(units: Units, item: Ints, pairs: Ints, whole: Any, findings: Findings) -> None:
    if len(whole) == len(item):
        return
    inner = pairs[item[pairs[:, 0]] == item[pairs[:, 1]]] if len(pairs) else pairs
    pieces = map_pieces(len(item), inner)
    apart = [
        units.ids[int(members[0])]
        for c in np.flatnonzero(np.bincount(item) > 1)
        if whole[c] and len(np.unique(pieces[members := np.flatnonzero(item == c)])) > 1
    ]
    if apart:
        findings.add(
            "group-apart",
            f"{len(apart)} groups that stay together lie apart on the map (with "
            f"{some(apart)}); each counts as one place for contiguity.",
            "Switch contiguity off there if that is not meant.",
            "units",
            severity="warning",
        )


def _travel(travel: Any, units: Units, reps: Reps, findings: Findings) -> tuple[Floats | None, bool]:
    if travel is None:
        return None, False
    n, k = len(units.ids), len(reps.names)
    if isinstance(travel, pd.DataFrame):
        rows, columns = texts(travel.index), texts(travel.columns)
        to_homes = set(reps.names) <= set(columns)
        wanted = reps.names if to_homes else units.ids
        missing = [u for u in units.ids if u not in set(rows)] + [c for c in wanted if c not in set(columns)]
        if missing:
            findings.add(
                "travel-incomplete",
                f"travel has no row or column for {some(missing)}.",
                "Give units in rows; units, or all reps, in columns.",
                "travel",
                value=missing[0],
            )
            return None, False
        frame = travel.set_axis(rows, axis=0).set_axis(columns, axis=1)
        matrix = frame.loc[units.ids, wanted].to_numpy(float)
    else:
        matrix = np.asarray(travel, dtype=float)
        to_homes = matrix.shape == (n, k) and k != n
        if matrix.shape not in ((n, n), (n, k)):
            findings.add(
                "travel-incomplete",
                f"travel has shape {matrix.shape}; {n} units and {k} reps are given.",
                "Give units × units or units × reps.",
                "travel",
            )
            return None, False
    if not np.isfinite(matrix).all() or (matrix < 0).any():
        findings.add("travel-incomplete", "travel has empty or negative times.", "Fill them.", "travel")
        return None, False
    return np.ascontiguousarray(matrix), bool(to_homes)
