"""What a plan does: drive distance, what moves for each rep, how long and how surely it balances."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from salesops_nb.core.stopping import check
from salesops_nb.errors import SalesopsError, problem
from salesops_nb.territory.inputs.geography import EARTH_KM
from salesops_nb.territory.plans.plan import TerritoryPlan
from salesops_nb.territory.scope.potential_workload import DETOUR
from salesops_nb.territory.solver.model import Model

Floats = NDArray[np.float64]


def drive_distances(plan: TerritoryPlan, detour: float = DETOUR) -> pd.DataFrame:
    """Weighted mean one-way road km from each rep's centre (or home) to its units, before and after.

    Great circle × `detour`; columns rep, before_km, after_km. A rep without units before has no number.
    The means over all units are in ``attrs``, by column. Under a travel matrix these are still kilometres,
    not its times.
    """
    model = _model(plan)
    now = _choice(plan)
    frame = pd.DataFrame({"rep": model.reps.names})
    for name, choice in (("before_km", model.today), ("after_km", now)):
        held = choice >= 0
        label = np.where(held, choice, 0)
        mass = np.bincount(label, model.weight * held, minlength=model.k)
        with np.errstate(invalid="ignore", divide="ignore"):
            centre = np.stack(
                [
                    np.bincount(label, model.weight * held * model.points[:, a], minlength=model.k) / mass
                    for a in range(3)
                ],
                axis=1,
            )
            centre = np.where(model.reps.fixed[:, None], model.homes, centre) + model.origin
            centre *= EARTH_KM / np.linalg.norm(centre, axis=1, keepdims=True)
            chord = np.linalg.norm(model.points + model.origin - centre[label], axis=1)
            km = 2 * EARTH_KM * np.arcsin(np.clip(chord / (2 * EARTH_KM), 0, 1)) * detour
            total = np.bincount(
                label, np.where(held & (model.weight > 0), model.weight * km, 0.0), minlength=model.k
            )
            frame[name] = np.where(mass > 0, total / mass, np.nan)
            frame.attrs[name] = float(total.sum() / mass.sum()) if mass.sum() > 0 else float("nan")
    return frame


def moment_today(plan: TerritoryPlan) -> float | None:
    """Σ w·d² of today's territories, as the plan's moment counts it; None where a unit has no rep today."""
    model = _model(plan)
    return model.moment(model.today) if (model.today >= 0).all() else None


def rep_moves(plan: TerritoryPlan) -> pd.DataFrame:
    """For each rep: units and disruption measure kept, gained and lost.

    Columns rep, kept_units, gained_units, lost_units, kept, gained, lost. What had no rep counts as gained.
    """
    model = _model(plan)
    frame = plan.assignment.assign(amount=model.stay)
    stays = frame["rep"] == frame["was"]
    parts = {
        "kept": frame[stays].groupby("rep")["amount"],
        "gained": frame[~stays].groupby("rep")["amount"],
        "lost": frame[frame["moved"]].groupby("was")["amount"],
    }
    names = model.reps.names
    found = pd.DataFrame({"rep": names})
    for name, by in parts.items():
        found[f"{name}_units"] = by.size().reindex(names).fillna(0).to_numpy(int)
        found[name] = by.sum().reindex(names).fillna(0.0).to_numpy(float)
    return found[["rep", *(f"{name}_units" for name in parts), *parts]]


def balance_certainty(
    plan: TerritoryPlan, spread: float, *, measure: str | None = None, region_spread: float = 0.0,
    draws: int = 1000, seed: int = 0,
) -> dict[str, Any]:  # fmt: skip
    """How far the balance is certain, since a measure is an estimate: simulation with lognormal errors.

    Each unit's value is off by a factor of its own (σ `spread` of its logarithm, mean 1) and each
    territory's by one common to it (σ `region_spread`).

    Returns
    -------
    dict with ``within`` (probability that all reps are within tolerance), ``p10``, ``p50``, ``p90`` of the
    largest imbalance, and ``reps``: rep, imbalance planned, p10, p90, within.
    """
    model = _model(plan)
    f = model.measures.index(measure) if measure is not None else 0
    choice, values = _choice(plan), model.values[:, f]
    random = np.random.default_rng(seed)
    share = model.reps.capacity / model.reps.capacity.sum()
    off = np.empty((draws, model.k))
    for d in range(draws):
        check()
        factor = np.exp(random.normal(-(spread**2) / 2, spread, len(values)))
        load = np.bincount(choice, values * factor, minlength=model.k) + model.base[:, f]
        load *= np.exp(random.normal(-(region_spread**2) / 2, region_spread, model.k))
        off[d] = load / (share * load.sum()) - 1
    tolerance = model.tolerance[model.measures[f]]
    worst = np.abs(off).max(axis=1)
    p10, p50, p90 = np.quantile(worst, [0.1, 0.5, 0.9])
    reps = pd.DataFrame(
        {
            "rep": model.reps.names,
            "planned": model.loads(choice)[:, f] / (model.target * model.scale)[:, f] - 1,
            "p10": np.quantile(off, 0.1, axis=0),
            "p90": np.quantile(off, 0.9, axis=0),
            "within": (np.abs(off) <= tolerance + 1e-12).mean(axis=0),
        }
    )
    return {"within": float((worst <= tolerance + 1e-12).mean()), "p10": float(p10), "p50": float(p50),
            "p90": float(p90), "reps": reps}  # fmt: skip


def months_in_balance(
    plan: TerritoryPlan, yearly_growth: Any, *, measure: str | None = None, horizon: int = 60
) -> tuple[int | None, pd.DataFrame]:
    """Whole months until some rep leaves the tolerance if growth goes on (None: not within the horizon).

    Parameters
    ----------
    yearly_growth : growth a year of each unit (0.05 is 5 %): mapping or Series by unit_id, or one number.

    Returns
    -------
    months, and a table by month: month, imbalance, rep (the one furthest off).
    """
    model = _model(plan)
    f = model.measures.index(measure) if measure is not None else 0
    if isinstance(yearly_growth, (int, float)):
        growth = np.full(len(model.units.ids), float(yearly_growth))
    else:
        table = {str(u): float(g) for u, g in dict(yearly_growth).items()}
        growth = np.array([table.get(unit, 0.0) for unit in model.units.ids])
    if not (growth > -1).all():
        raise SalesopsError(problem("bad-growth.below-zero"))
    choice, share = _choice(plan), model.reps.capacity / model.reps.capacity.sum()
    tolerance = model.tolerance[model.measures[f]]
    rows, months = [], None
    for month in range(horizon + 1):
        values = model.values[:, f] * (1 + growth) ** (month / 12)
        load = np.bincount(choice, values, minlength=model.k) + model.base[:, f]
        off = load / (share * load.sum()) - 1
        j = int(np.argmax(np.abs(off)))
        rows.append((month, float(abs(off[j])), model.reps.names[j]))
        if months is None and abs(off[j]) > tolerance + 1e-9:
            months = month
    return months, pd.DataFrame(rows, columns=["month", "imbalance", "rep"])


def _model(plan: TerritoryPlan) -> Model:
    if plan.model is None:
        raise SalesopsError(problem("no-model.in-plan"))
    return plan.model


def _choice(plan: TerritoryPlan) -> NDArray[np.int64]:
    model = _model(plan)
    number = model.reps.number
    return np.array([number[rep] for rep in plan.assignment["rep"]], dtype=np.int64)
