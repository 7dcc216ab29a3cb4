"""From what a planner hands in to the model: measures, bands, locks, forbidden pairs, overrides."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from salesops_nb.territory.inputs.account_overrides import read_overrides
from salesops_nb.territory.inputs.contiguity import bound_units, joined_pieces
from salesops_nb.territory.inputs.coordinates import check_places, made_edges
from salesops_nb.territory.inputs.findings import Findings
from salesops_nb.territory.inputs.geography import chord_points, compressed_rows
from salesops_nb.territory.inputs.kept_together import label_groups, note_apart_groups
from salesops_nb.territory.inputs.locks import allowed_pairs, read_locks
from salesops_nb.territory.inputs.measures import moving_price, read_measure, read_tolerances
from salesops_nb.territory.inputs.reps import Reps, note_far_homes, read_reps
from salesops_nb.territory.inputs.travel_times import read_travel
from salesops_nb.territory.inputs.units import Units, read_edges, read_units, rep_mapping
from salesops_nb.territory.solver.model import Model
from salesops_nb.territory.solver.request import Request

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Weighed:
    """What is balanced among whom: units, their measures and neighbours, reps, and whose the units are.

    `values` (units × measures) are without what accounts given by name have of them, `base` (reps ×
    measures) is that.
    """

    units: Units
    pairs: Ints | None
    had: dict[str, str]
    reps: Reps
    tolerance: dict[str, float]
    values: Floats
    base: Floats

    @property
    def measures(self) -> list[str]:
        """The measures balanced, in order."""
        return list(self.tolerance)

    @property
    def scale(self) -> Floats:
        """(m,) the mean load of a rep."""
        return np.asarray((self.values.sum(axis=0) + self.base.sum(axis=0)) / len(self.reps.names))

    @property
    def target(self) -> Floats:
        """(k, m) each rep's fair share, 1 for one of mean capacity."""
        share = self.reps.capacity / self.reps.capacity.mean()
        return np.repeat(share[:, None], len(self.tolerance), axis=1)

    @property
    def today(self) -> Ints:
        """(n,) position of each unit's present rep, -1 where it has none of them."""
        number, had = self.reps.number, self.had
        places = [number.get(had[unit], -1) if unit in had else -1 for unit in self.units.ids]
        return np.array(places, dtype=np.int64)


def weigh(asked: Request, findings: Findings) -> Weighed:
    """What is balanced, checked; raises `SalesopsError` with every error found at a stage."""
    table = read_units(asked.units, findings)
    pairs = read_edges(asked.edges, table, findings)
    check_places(table, pairs, findings)
    had = rep_mapping(asked.current, table, "current", findings)
    team = read_reps(asked.k, asked.reps, asked.homes, asked.fixed_homes, had.values(), findings)
    tolerances = read_tolerances(table, asked.tolerance, asked.measures, findings)
    names = list(tolerances)
    values = np.stack([read_measure(table, name, findings) for name in names], axis=1)
    base, values = read_overrides(asked.overrides, table, team, names, values, findings)
    findings.stop()
    return Weighed(table, pairs, had, team, tolerances, values, base)


def build(asked: Request) -> Model:
    """The checked model; raises `SalesopsError` with every error found at a stage."""
    findings = Findings()
    weighed = weigh(asked, findings)
    table, team, had, pairs = weighed.units, weighed.reps, weighed.had, weighed.pairs
    names, values, base = weighed.measures, weighed.values, weighed.base

    def measure(name: str) -> Floats:  # without what accounts given by name have of it
        return values[:, names.index(name)].copy() if name in names else read_measure(table, name, findings)

    mass = measure(asked.weight or names[0])
    stay = measure(asked.disruption_measure) if asked.disruption_measure is not None else mass
    disruption = moving_price(asked.disruption, findings)
    if disruption > 0 and not had:
        findings.add("no-current.disruption", table="parameters")
    findings.stop()
    if pairs is None:
        pairs = made_edges(table)
    bound = bound_units(table, asked.contiguous, findings)
    points = chord_points(table.latitude, table.longitude)
    note_far_homes(team, points, findings)
    pairs = joined_pieces(table, points, pairs, bound, asked.islands, findings)
    locks = read_locks(asked.locked, table, had, findings)
    if isinstance(asked.keep_together, str) and asked.keep_together not in table.frame.columns:
        findings.add(
            "missing-column.keep-together",
            table="units",
            column=asked.keep_together,
            columns=", ".join(map(str, table.frame.columns)),
        )
        findings.stop()
    item = label_groups(table, asked.keep_together, findings)
    allowed = allowed_pairs(table, team, item, locks, asked.forbidden, findings)
    findings.stop()
    scale, target = weighed.scale, weighed.target
    slack = target * np.array([weighed.tolerance[name] for name in names])
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
    matrix, to_homes = read_travel(asked.travel, table, team, findings)
    findings.stop()
    return Model(
        table,
        team,
        names,
        weighed.tolerance,
        values,
        base,
        target,
        scale,
        mass,
        points - origin,
        origin,
        weighed.today,
        [had.get(u) for u in table.ids],
        stay,
        disruption,
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


def repriced(model: Model, asked: Request) -> Model:
    """The model of the same request at its price of moving; raises `SalesopsError` for a bad price."""
    findings = Findings()
    price = moving_price(asked.disruption, findings)
    findings.stop()
    return replace(model, disruption=price)
