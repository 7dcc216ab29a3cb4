"""What the data teach about capacity, each with its interval and sample size, each overridable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from salesops_nb.core.memo import Memo
from salesops_nb.errors import Problem, SalesopsError, problem
from salesops_nb.forecast.learning import ramp as ramps
from salesops_nb.forecast.learning.attrition import BANDS, Fill, Hazard, stated_fill
from salesops_nb.forecast.learning.economics import Economics, Returns
from salesops_nb.forecast.learning.inputs import Floats, Panel
from salesops_nb.forecast.learning.market import Market, Season, stated_season
from salesops_nb.forecast.learning.productivity import Productivity
from salesops_nb.forecast.learning.ramp import Ramp

OVERRIDES = (
    "attrition",
    "ramp_months",
    "time_to_fill",
    "productivity",
    "spread",
    "seasonality",
    "margin",
    "pay",
    "overhead",
    "hiring_cost",
    "supported",
    "room",
)


@dataclass(frozen=True)
class Learned:
    """Everything a simulation needs. Money is in major units of `panel.currency`.

    `ramp` and `productivity` have an entry per role of `panel.roles`, in their order. `memo` is that of the
    tables it was learned from.

    Examples
    --------
    What is known better than the data tell is stated in its place:

    >>> from salesops_nb import hiring, open_workbook
    >>> learned = hiring.learn(open_workbook(".").tables)
    >>> faster = learned.override(time_to_fill=30)
    >>> faster.tables()["time_to_fill"][["measure", "estimate", "origin"]].head(1)
                   measure  estimate    origin
    0  median days to fill      30.0  override
    """

    panel: Panel
    ramp: list[Ramp]
    productivity: Productivity
    hazard: Hazard
    fill: Fill
    season: Season
    market: Market
    returns: Returns
    economics: Economics
    vacancies: pd.DataFrame
    problems: list[Problem]
    memo: Memo = field(default_factory=Memo, repr=False, compare=False)

    def override(self, **values: Any) -> Learned:
        """The same with stated values in place of learned ones.

        Parameters
        ----------
        attrition : share of the team leaving in a month, such as 0.02; the shape over tenure stays.
        ramp_months : months to full output, linear (one number, or by role).
        time_to_fill : median days from opening to the first day of work.
        productivity : bookings a month of a ramped rep (by role).
        spread : standard deviation between reps over their mean.
        seasonality : twelve factors from the first fiscal month, or ``None`` for a flat year.
        margin : share of bookings kept after their cost.
        pay, hiring_cost : pay a month, and cost once per hire (one number, or by role).
        overhead : benefits, employer's taxes and tools on top of pay, a share of it.
        supported : heads that potential and pipeline keep fully busy (by role).
        room : how far beyond that, relative to it, more heads still add (see `Returns`).

        Raises
        ------
        SalesopsError
            for an unknown name or a value out of range, with what is allowed.
        """
        unknown = sorted(set(values) - set(OVERRIDES))
        if unknown:
            raise SalesopsError(
                problem(
                    "unknown-override",
                    value=unknown[0],
                    unknown=", ".join(unknown),
                    overrides=", ".join(OVERRIDES),
                )
            )
        out = self
        for name, value in values.items():
            if value is not None or name == "seasonality":
                out = _override(out, name, value)
        return out

    def tables(self, level: float = 0.8) -> dict[str, pd.DataFrame]:
        """The learned quantities as frames: ramp, productivity, attrition, time_to_fill, season, returns.

        Each row has estimate, low, high (an interval of the given level), n and origin: learned,
        prior (too few observations), declared, or override.
        """
        return {
            "ramp": self._ramp_table(level),
            "productivity": self.productivity.table(self.panel.roles, self.panel.currency, level),
            "attrition": self._attrition_table(level),
            "time_to_fill": self._fill_table(level),
            "season": self._season_table(level),
            "returns": self.returns.table(self.panel.roles),
            "costs": self.economics.table(self.panel.roles, self.panel.currency),
        }

    def _ramp_table(self, level: float) -> pd.DataFrame:
        parts = []
        for role, ramp in zip(self.panel.roles, self.ramp, strict=True):
            low, middle, high = ramp.interval(12, level)
            parts.append(
                pd.DataFrame(
                    {
                        "role": role,
                        "month": np.arange(1, 13),
                        "estimate": middle,
                        "low": low,
                        "high": high,
                        "n": ramp.hires,
                        "origin": ramp.origin,
                    }
                )
            )
        return pd.concat(parts, ignore_index=True)

    def _attrition_table(self, level: float) -> pd.DataFrame:
        low, high = self.hazard.interval(level)
        ends = [f"{int(end)}" for end in BANDS[1:]] + ["on"]
        return pd.DataFrame(
            {
                "tenure_months": [f"{int(s)} to {e}" for s, e in zip(BANDS, ends, strict=True)],
                "estimate": self.hazard.yearly(self.hazard.mean),
                "low": self.hazard.yearly(low),
                "high": self.hazard.yearly(high),
                "n": self.hazard.leavers.astype(int),
                "person_months": self.hazard.at_risk,
                "origin": self.hazard.origin,
            }
        )

    def _fill_table(self, level: float) -> pd.DataFrame:
        z = stats.norm.ppf(0.5 + level / 2) * self.fill.error
        return pd.DataFrame(
            {
                "measure": ["median days to fill", "days in which 80 % are filled"],
                "estimate": [self.fill.median_days, self.fill.days(0.8)],
                "low": [self.fill.median_days * np.exp(-z), self.fill.days(0.8) * np.exp(-z)],
                "high": [self.fill.median_days * np.exp(z), self.fill.days(0.8) * np.exp(z)],
                "n": self.fill.filled,
                "origin": self.fill.origin,
            }
        )

    def _season_table(self, level: float) -> pd.DataFrame:
        z = stats.norm.ppf(0.5 + level / 2) * self.season.error
        return pd.DataFrame(
            {
                "month": np.arange(1, 13),
                "estimate": self.season.factor,
                "low": self.season.factor - z,
                "high": self.season.factor + z,
                "n": self.season.months,
                "origin": self.season.origin,
            }
        )


def by_role(name: str, value: Any, roles: list[str], default: Floats) -> Floats:
    """One number for all roles, or a mapping from role to number over the default; all above zero."""
    if isinstance(value, Mapping):
        unknown = [role for role in value if role not in roles]
        if unknown:
            raise SalesopsError(
                problem("unknown-role", column=name, value=unknown[0], roles=", ".join(roles))
            )
        out = np.array([float(value.get(role, d)) for role, d in zip(roles, default, strict=True)])
    else:
        out = np.full(len(roles), float(value))
    return out


def _override(learned: Learned, name: str, value: Any) -> Learned:
    roles = learned.panel.roles
    nothing = np.full(len(roles), np.nan)
    if name == "seasonality":
        factors = np.ones(12) if value is None else np.asarray(value, dtype=float)
        if factors.shape != (12,) or (factors < 0).any() or factors.sum() <= 0:
            raise SalesopsError(problem("override-out-of-range.seasonality", column=name, value=value))
        return replace(learned, season=stated_season(factors))
    numbers = by_role(name, value, roles, nothing)
    stated = numbers[~np.isnan(numbers)]
    top = {
        "attrition": 0.5,
        "margin": 1.0,
        "overhead": 2.0,
        "ramp_months": 18.0,
        "time_to_fill": 730.0,
        "spread": 2.0,
    }.get(name)
    if (stated < 0).any() or (top is not None and (stated > top).any()):
        raise SalesopsError(
            problem(
                "override-out-of-range.share" if top else "override-out-of-range.negative",
                column=name,
                value=value,
                most=top,
            )
        )
    if name == "attrition":
        return replace(learned, hazard=learned.hazard.scaled(max(float(numbers[0]), 1e-9)))
    if name == "time_to_fill":
        return replace(learned, fill=stated_fill(max(float(numbers[0]), 1.0)))
    if name == "ramp_months":
        new = [r if np.isnan(n) else ramps.given(n) for r, n in zip(learned.ramp, numbers, strict=True)]
        return replace(learned, ramp=new)
    if name in ("productivity", "spread"):
        return replace(learned, productivity=learned.productivity.override(name, numbers))
    if name in ("supported", "room"):
        return replace(learned, returns=learned.returns.override(name, numbers))
    return replace(learned, economics=learned.economics.override(name, numbers))
