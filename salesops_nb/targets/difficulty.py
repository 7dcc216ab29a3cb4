"""How hard the targets are and how fair: chances to meet them, spread over potential, who gains."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from salesops_nb.statistics import gini

if TYPE_CHECKING:
    from salesops_nb.targets.basis import Basis

Floats = npt.NDArray[np.float64]


def measures(
    basis: Basis, yearly: list[Decimal], company: Decimal, assigned: Decimal
) -> tuple[dict[str, Any], pd.DataFrame, pd.DataFrame]:
    """The summary's figures, the outlook of each year's target, and the reps with theirs."""
    draws = basis.outlook.draws
    target = np.array([float(value) for value in yearly])
    met = draws >= target
    carrying = target > 0
    reps = _reps(basis, yearly, met.mean(axis=0))
    share = met[:, carrying].mean(axis=1) if carrying.any() else np.zeros(len(draws))
    ratio = reps.loc[carrying, "target_over_potential"].dropna().to_numpy(dtype=float)
    levels = _levels(basis, yearly, company, assigned)
    low, middle, high = np.quantile(share, [0.1, 0.5, 0.9])
    summary = {
        "probability": float(levels["probability"].iloc[0]),
        "expected": float(draws.sum(axis=1).mean()),
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


def _reps(basis: Basis, yearly: list[Decimal], chance: Floats) -> pd.DataFrame:
    reps = basis.reps.copy()
    target = np.array([float(value) for value in yearly])
    p10, p90 = np.quantile(basis.outlook.draws, [0.1, 0.9], axis=0)
    reps["target"] = pd.Series(yearly, dtype=object)
    reps["expected"] = basis.outlook.mean
    reps["p10"], reps["p90"] = p10, p90
    reps["probability"] = np.where(target > 0, chance, np.nan)
    reps["expected_attainment"] = _over(basis.outlook.mean, target)
    # Potential counts for the part of the year that a person carries a full target.
    held = reps["potential"].to_numpy(dtype=float) * basis.weights.sum(axis=1) / 12
    reps["target_over_potential"] = _over(target, held)
    before = [
        t if t is not None else b for t, b in zip(reps["last_target"], reps["last_bookings"], strict=True)
    ]
    against = ["target" if t is not None else "bookings" for t in reps["last_target"]]
    reps["against"] = against
    reps["change"] = pd.Series([now - then for now, then in zip(yearly, before, strict=True)], dtype=object)
    reps["change_ratio"] = [
        float(now / then) - 1 if then > 0 else np.nan for now, then in zip(yearly, before, strict=True)
    ]
    return reps


def _levels(basis: Basis, yearly: list[Decimal], company: Decimal, assigned: Decimal) -> pd.DataFrame:
    """Target, expected, P10 to P90 and probability of the company, each region, team and rep."""
    draws, n = basis.outlook.draws, len(yearly)
    everyone = np.ones(n, dtype=bool)
    groups: list[tuple[str, str, Decimal, npt.NDArray[np.bool_]]] = [
        ("company", "company", company, everyone)
    ]
    for level in ("region", "team"):
        of = basis.reps[level].to_numpy()
        for who in sorted(set(of)):
            inside = of == who
            total = sum((v for v, yes in zip(yearly, inside, strict=True) if yes), Decimal(0))
            groups.append((level, str(who), total, inside))
    rows = [_row(level, who, total, draws[:, inside].sum(axis=1)) for level, who, total, inside in groups]
    rows += [
        _row("rep", str(who), total, draws[:, i])
        for i, (who, total) in enumerate(zip(basis.reps["person_id"], yearly, strict=True))
    ]
    columns = ["level", "who", "target", "expected", "p10", "p50", "p90", "probability"]
    return pd.DataFrame(rows, columns=columns)


def _row(level: str, who: str, target: Decimal, draws: Floats) -> tuple[Any, ...]:
    p10, p50, p90 = (float(v) for v in np.quantile(draws, [0.1, 0.5, 0.9]))
    chance = float((draws >= float(target)).mean()) if target > 0 else float("nan")
    return level, who, target, float(draws.mean()), p10, p50, p90, chance


def _over(top: Floats, bottom: Floats) -> Floats:
    result: Floats = np.divide(top, bottom, out=np.full(len(top), np.nan), where=bottom > 0)
    return result
