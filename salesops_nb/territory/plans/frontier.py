"""From 'move least' to 'start afresh': where balance stands today, and the frontier of plans."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from salesops_nb.errors import SalesopsError, problem
from salesops_nb.territory.inputs.findings import Findings
from salesops_nb.territory.inputs.geography import chord_points
from salesops_nb.territory.inputs.reps import note_far_homes
from salesops_nb.territory.plans.plan import TerritoryPlan, planned
from salesops_nb.territory.solver.model import Model
from salesops_nb.territory.solver.model_builder import Weighed, build, weigh
from salesops_nb.territory.solver.request import Request

WEIGHTS = (100.0, 10.0, 3.0, 1.0, 0.3, 0.1, 0.0)


@dataclass(frozen=True)
class Frontier:
    """Plans from 'move least' to 'start afresh'.

    table : one row a plan: disruption, words, moved, moved_share, moved_units, imbalance, moment, gap,
    and efficient (no other plan moves less and is as compact). plans : in the same order.
    """

    table: pd.DataFrame
    plans: list[TerritoryPlan]


def frontier(
    units: Any, edges: Any = None, *, disruptions: Iterable[float] = WEIGHTS, **options: Any
) -> Frontier:
    """A plan for each price of moving, dearest first; `options` as for `territory.plan`.

    Raises
    ------
    SalesopsError
        Without `current`, or what `plan` raises.
    """
    if options.get("current") is None:
        raise SalesopsError(problem("no-current.frontier"))
    weights = list(disruptions)
    asked = [Request(units=units, edges=edges, **{**options, "disruption": each}) for each in weights]
    model = build(max(asked, key=lambda each: each.disruption))
    return frontier_of(weights, [planned(each, model) for each in asked])


def frontier_of(weights: Sequence[float], plans: Sequence[TerritoryPlan]) -> Frontier:
    """The frontier of plans made already, each with its price of moving, dearest first."""
    rows = []
    for weight, found in zip(weights, plans, strict=True):
        s = found.summary
        better = any(
            o.summary["moved"] <= s["moved"] and o.summary["moment"] <= s["moment"]
            and (o.summary["moved"] < s["moved"] or o.summary["moment"] < s["moment"])
            for o in plans
        )  # fmt: skip
        rows.append(
            {
                "disruption": weight,
                "words": "start afresh"
                if weight == 0
                else "move least"
                if weight == max(weights)
                else "between",
                **{
                    name: s[name]
                    for name in ("moved", "moved_share", "moved_units", "imbalance", "moment", "gap")
                },
                "efficient": not better,
            }
        )
    return Frontier(pd.DataFrame(rows), list(plans))


def balance_today(
    units: Any,
    current: Any,
    reps: Any = None,
    tolerance: Any = 0.05,
    measures: Any = None,
    overrides: Any = None,
) -> pd.DataFrame:
    """Where balance stands: rep, capacity, units, and load, fair share and imbalance of each measure.

    `overrides` as for `territory.plan`: those accounts count for their own rep.
    Units whose rep is not among `reps` (or who have none) are in a last row, ``(none)``.
    """
    findings = Findings()
    asked = Request(
        units=units, current=current, reps=reps, tolerance=tolerance, measures=measures, overrides=overrides
    )
    found = weigh(asked, findings)
    note_far_homes(found.reps, chord_points(found.units.latitude, found.units.longitude), findings)
    return balance_of(found)


def balance_of(found: Weighed | Model) -> pd.DataFrame:
    """As `balance_today`, of what is weighed already."""
    today, capacity, fairly = found.today, found.reps.capacity, found.target * found.scale
    rows = []
    for j, rep in [*enumerate(found.reps.names), (-1, "(none)")]:
        held = today == j
        if j < 0 and not held.any():
            continue
        row: dict[str, Any] = {
            "rep": rep,
            "capacity": capacity[j] if j >= 0 else 0.0,
            "units": int(held.sum()),
        }
        for f, name in enumerate(found.measures):
            fair = float(fairly[j, f]) if j >= 0 else 0.0
            row[name] = float(found.values[held, f].sum()) + (float(found.base[j, f]) if j >= 0 else 0.0)
            row[f"{name}_fair"] = fair
            row[f"{name}_imbalance"] = row[name] / fair - 1 if fair else float("nan")
            row[f"{name}_within"] = bool(
                j >= 0 and abs(row[f"{name}_imbalance"]) <= found.tolerance[name] + 1e-9
            )
        rows.append(row)
    return pd.DataFrame(rows)
