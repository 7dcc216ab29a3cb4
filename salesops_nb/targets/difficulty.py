"""How hard the targets are and how fair: chances to meet them, spread over potential, who gains."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from salesops_nb.core.statistics import gini
from salesops_nb.targets.seats import OPEN, PERSON

if TYPE_CHECKING:
    from salesops_nb.targets.basis import Basis

Floats = npt.NDArray[np.float64]


def measures(
    basis: Basis, months: list[list[Decimal]], company: Decimal
) -> tuple[dict[str, Any], pd.DataFrame, pd.DataFrame]:
    """The summary's figures, the outlook of each year's target, and the lines of quota with theirs."""
    draws = basis.outlook.draws
    yearly = [sum(row, Decimal(0)) for row in months]
    target = np.array([float(value) for value in yearly])
    met = draws >= target
    carrying = (target > 0) & (basis.reps["line"] == PERSON).to_numpy()
    reps = _reps(basis, months, yearly)
    share = met[:, carrying].mean(axis=1) if carrying.any() else np.zeros(len(draws))
    ratio = reps.loc[carrying, "target_over_potential"].dropna().to_numpy(dtype=float)
    levels = _levels(basis, reps, company)
    low, middle, high = np.quantile(share, [0.1, 0.5, 0.9])
    summary = {
        "probability": float(levels["probability"].iloc[0]),
        "expected": float(basis.outlook.company.made.mean()),
        "share_at_quota": float(share.mean()),
        "share_at_quota_p10": float(low),
        "share_at_quota_p50": float(middle),
        "share_at_quota_p90": float(high),
        "dispersion_cv": float(ratio.std() / ratio.mean()) if len(ratio) and ratio.mean() else float("nan"),
        "dispersion_gini": float(gini(ratio)) if len(ratio) and ratio.sum() else float("nan"),
        "reps": int(carrying.sum()),
        "last_year": basis.last_year,
        "last_year_months": basis.last_year_months,
    }
    return summary, levels, reps


def _reps(basis: Basis, months: list[list[Decimal]], yearly: list[Decimal]) -> pd.DataFrame:
    reps = basis.reps.copy()
    target = np.array([float(value) for value in yearly])
    mine = [future for future in basis.futures if future.level == "rep"]
    reps["target"] = pd.Series(yearly, dtype=object)
    reps["expected"] = basis.outlook.mean
    reps["p10"], reps["p90"] = [f.p10 for f in mine], [f.p90 for f in mine]
    reps["probability"] = [f.probability(t) for f, t in zip(mine, target, strict=True)]
    reps["expected_attainment"] = _over(basis.outlook.mean, target)
    reps.loc[reps["line"] == OPEN, ["probability", "expected_attainment"]] = np.nan
    # Potential counts for the part of the year that a person carries a full target.
    potential = reps["potential"].to_numpy(dtype=float) * basis.weights.sum(axis=1) / 12
    reps["target_over_potential"] = _over(target, potential)
    reps["against"] = ["target" if t is not None else "bookings" for t in reps["last_target"]]
    reps["months_compared"] = [len(at) for at in reps["last_months"]]
    pairs = [
        (sum((row[i] for i in at), Decimal(0)), before) if at else (None, None)
        for row, at, before in zip(months, reps["last_months"], reps["last_compared"], strict=True)
    ]
    changes = [None if now is None or then is None else now - then for now, then in pairs]
    reps["before"] = pd.Series([then for _, then in pairs], dtype=object)
    reps["change"] = pd.Series(changes, dtype=object)
    reps["change_ratio"] = [
        float(now / then) - 1 if now is not None and then else np.nan for now, then in pairs
    ]
    return reps


def _levels(basis: Basis, reps: pd.DataFrame, company: Decimal) -> pd.DataFrame:
    """Target, expected, P10 to P90, probability and last year's bookings, of each level."""
    yearly, before = reps["target"].tolist(), reps["last_bookings"].tolist()
    rows = []
    for future in basis.futures:
        members, whole = future.members.tolist(), future.level == "company"
        total = company if whole else sum((yearly[i] for i in members), Decimal(0))
        last = basis.last_year if whole else sum((before[i] for i in members), Decimal(0))
        chance = future.probability(float(total)) if future.mean > 0 else float("nan")
        outlook = (future.mean, future.p10, future.p50, future.p90, chance)
        rows.append((future.level, future.who, total, *outlook, last, total - last))
    columns = ["level", "who", "target", "expected", "p10", "p50", "p90", "probability", "before", "change"]
    return pd.DataFrame(rows, columns=columns)


def _over(top: Floats, bottom: Floats) -> Floats:
    result: Floats = np.divide(top, bottom, out=np.full(len(top), np.nan), where=bottom > 0)
    return result
