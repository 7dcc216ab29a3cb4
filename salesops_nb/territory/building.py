"""From what a planner hands in to the model: measures, bands, locks, forbidden pairs, overrides."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from salesops_nb.territory.balanced import moving_price, read_measure, read_tolerances
from salesops_nb.territory.conditions import allowed_pairs, read_locks
from salesops_nb.territory.contiguity import bound_units, joined_pieces
from salesops_nb.territory.coordinates import check_places, made_edges
from salesops_nb.territory.groups import label_groups, note_apart_groups
from salesops_nb.territory.model import Model
from salesops_nb.territory.overrides import read_overrides
from salesops_nb.territory.places import chord_points, compressed_rows
from salesops_nb.territory.reading import Findings
from salesops_nb.territory.reps import note_far_homes, read_reps
from salesops_nb.territory.travel_times import read_travel
from salesops_nb.territory.unit_tables import read_edges, read_units, rep_mapping

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


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
    tolerances = read_tolerances(table, tolerance, measures, findings)
    names = list(tolerances)
    values = np.stack([read_measure(table, name, findings) for name in names], axis=1)
    base, values = read_overrides(overrides, table, team, names, values, findings)
    findings.stop()

    def measure(name: str) -> Floats:  # without what accounts given by name have of it
        return values[:, names.index(name)].copy() if name in names else read_measure(table, name, findings)

    mass = measure(weight or names[0])
    stay = measure(disruption_measure) if disruption_measure is not None else mass
    disruption = moving_price(disruption, findings)
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
    note_far_homes(team, points, findings)
    pairs = joined_pieces(table, points, pairs, bound, islands, findings)
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
    item = label_groups(table, keep_together, findings)
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
