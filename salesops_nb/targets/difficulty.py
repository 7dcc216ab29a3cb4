"""How hard the targets are and how fair: chances to meet them, spread over potential, who gains."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from salesops_nb.core.statistics import gini

if TYPE_CHECKING:
    from salesops_nb.targets.basis import Basis

Floats = npt.NDArray[np.float64]


def measures(
    basis: Basis, yearly: list[Decimal], company: Decimal
) -> tuple[dict[str, Any], pd.DataFrame, pd.DataFrame]:
    """The summary's figures, the outlook of each year's target, and the reps with theirs."""
    draws = basis.outlook.draws
    target = np.array([float(value) for value in yearly])
    met = draws >= target
    carrying = target > 0
    reps = _reps(basis, yearly)
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


def _reps(basis: Basis, yearly: list[Decimal]) -> pd.DataFrame:
    reps = basis.reps.copy()
    target = np.array([float(value) for value in yearly])
    mine = [future for future in basis.futures if future.level == "rep"]
    reps["target"] = pd.Series(yearly, dtype=object)
    reps["expected"] = basis.outlook.mean
    reps["p10"], reps["p90"] = [f.p10 for f in mine], [f.p90 for f in mine]
    reps["probability"] = [f.probability(t) for f, t in zip(mine, target, strict=True)]
    reps["expected_attainment"] = _over(basis.outlook.mean, target)
    # Potential counts for the part of the year that a person carries a full target.
    held = reps["potential"].to_numpy(dtype=float) * basis.weights.sum(axis=1) / 12
    reps["target_over_potential"] = _over(target, held)
    before = [
        t if t is not None else b for t, b in zip(reps["last_target"], reps["last_bookings"], strict=True)
    ]
    against = ["target" if t is not None else "bookings" for t in reps["last_target"]]
    reps["against"] = against
    reps["before"] = pd.Series(before, dtype=object)
    reps["change"] = pd.Series([now - then for now, then in zip(yearly, before, strict=True)], dtype=object)
    reps["change_ratio"] = [
        float(now / then) - 1 if then > 0 else np.nan for now, then in zip(yearly, before, strict=True)
    ]
    return reps


def _levels(basis: Basis, reps: pd.DataFrame, company: Decimal) -> pd.DataFrame:
    """Target, expected, P10 to P90, probability and last year, of company, regions, teams and reps."""
    yearly, before = reps["target"].tolist(), reps["before"].tolist()
    rows = []
    for future in basis.futures:
        members = future.members.tolist()
        total = company if future.level == "company" else sum((yearly[i] for i in members), Decimal(0))
        last = sum((before[i] for i in members), Decimal(0))
        chance = future.probability(float(total))
        outlook = (future.mean, future.p10, future.p50, future.p90, chance)
        rows.append((future.level, future.who, total, *outlook, last, total - last))
    columns = ["level", "who", "target", "expected", "p10", "p50", "p90", "probability", "before", "change"]
    return pd.DataFrame(rows, columns=columns)


def _over(top: Floats, bottom: Floats) -> Floats:
    result: Floats = np.divide(top, bottom, out=np.full(len(top), np.nan), where=bottom > 0)
    return result
