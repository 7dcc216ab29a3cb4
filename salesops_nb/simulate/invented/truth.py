"""What a simulated company is really like, and truths drawn at random for calibrations.

Nothing here is taken from the methods that are calibrated: ramps have other shapes, deals heavier
tails, weak people leave more, and productivity has a trend.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from math import isfinite
from typing import Any

import numpy as np

from salesops_nb.errors import SalesopsError, problem
from salesops_nb.messages import joined
from salesops_nb.simulate.crm import Array, stream

# Share of full output by tenure ÷ length of the ramp.
RAMPS: dict[str, Callable[[Array], Array]] = {
    "linear": lambda x: np.minimum(x, 1.0),
    "s-shaped": lambda x: np.minimum(x, 1.0) ** 2 * (3 - 2 * np.minimum(x, 1.0)),
    "step": lambda x: (x >= 1.0).astype(float),
    "exponential": lambda x: 1 - np.exp(-3.0 * x),  # 95 % of full output at the ramp's length
}
FLAT = (1.0,) * 12
QUARTER_ENDS = (0.8, 0.9, 1.3) * 4
# Lowest and highest value that makes sense; ranges of calibrations are narrower.
LIMITS: dict[str, tuple[float, float]] = {
    "seats": (1, 5000), "team": (1, 5000), "wins": (0.1, 400), "deal": (1, 1e8), "trend": (-0.5, 1.0),
    "ramp_months": (0, 36), "ramp_start": (0, 1), "attrition": (0, 0.95), "weak_leave": (0, 2),
    "leave_shape": (0.5, 3), "fill_days": (1, 1000), "fill_spread": (0, 1.5), "spread": (0, 1),
    "sigma": (0, 2.5), "pareto": (1.05, 50), "shock": (0, 1), "memory": (0, 0.99), "shared": (0, 1),
    "win_rate": (0.02, 1), "win_spread": (0, 2), "cycle_days": (1, 720), "lost_days": (1, 720),
    "cycle_shape": (0.3, 20),
}  # fmt: skip
OR_NONE = ("fill_days", "pareto")


@dataclass(frozen=True)
class Truth:
    """The truth of a simulated company.

    Parameters
    ----------
    seats, team : posts of reps, and how many of them form a team.
    wins : deals a quarter that a ramped rep of average ability wins in the last month seen.
    deal : mean amount of a deal.
    trend : change of productivity a year, such as 0.05 for 5 % more.
    season : twelve factors of output, January first; they are scaled to a mean of one.
    ramp, ramp_months, ramp_start : shape of the ramp (a key of `RAMPS`), its length, output on the first day.
    attrition : share of reps who leave in a year, in the long run and however different they are.
    weak_leave : how much more weak people leave: the log of the rate moves so far for each standard
        deviation of ability.
    leave_shape : Weibull shape of the stay; below one the new leave most, above one the old.
    fill_days, fill_spread : median days from a leaver to a successor, and the spread of their log; None
        for leavers who are never replaced.
    spread, groups : spread of the log of ability; with `groups` a quarter of the reps are strong and the
        rest weak, with the same spread, and not log-normal.
    sigma, pareto : spread of the log of a deal's amount; with `pareto` amounts have that tail index instead.
    shock, memory, shared : spread of the log of a team's monthly shock, its autocorrelation, and the share
        of its variance that all teams have in common.
    win_rate, win_spread : share of closed deals won, and the spread of its log odds between reps.
    cycle_days, lost_days, cycle_shape : mean days to win and to lose, and the gamma shape of both.

    Examples
    --------
    >>> from salesops_nb import simulate
    >>> import numpy as np
    >>> simulate.Truth(ramp="s-shaped", ramp_months=8).ramped(np.array([2.0, 4.0, 8.0])).tolist()
    [0.15625, 0.5, 1.0]
    """

    seats: int = 20
    team: int = 8
    wins: float = 8.0
    deal: float = 12_000.0
    trend: float = 0.0
    season: tuple[float, ...] = FLAT
    ramp: str = "linear"
    ramp_months: float = 6.0
    ramp_start: float = 0.0
    attrition: float = 0.2
    weak_leave: float = 0.0
    leave_shape: float = 1.0
    fill_days: float | None = 60.0
    fill_spread: float = 0.4
    spread: float = 0.35
    groups: bool = False
    sigma: float = 0.8
    pareto: float | None = None
    shock: float = 0.05
    memory: float = 0.5
    shared: float = 0.5
    win_rate: float = 0.4
    win_spread: float = 0.2
    cycle_days: float = 60.0
    lost_days: float = 80.0
    cycle_shape: float = 2.0

    def __post_init__(self) -> None:
        """Raise `SalesopsError` that names every value without sense."""
        wrong = [
            f"{name} is {getattr(self, name)!r} (from {low:,g} to {high:,g})"
            for name, (low, high) in LIMITS.items()
            if not _inside(getattr(self, name), low, high, name in OR_NONE, whole=name in ("seats", "team"))
        ]
        if not isinstance(self.ramp, str) or self.ramp not in RAMPS:
            wrong.append(f"ramp is {self.ramp!r} ({', '.join(RAMPS)})")
        factors = self.season if isinstance(self.season, tuple | list) else ()
        if len(factors) != 12 or not all(_inside(s, 0.01, 100, False) for s in factors):
            wrong.append(f"season is {self.season!r} (twelve factors above zero)")
        refuse("bad-simulation.ranges", wrong)

    def ramped(self, tenure: Array) -> Array:
        """Share of full output by tenure in months; nothing before the first day."""
        x = np.maximum(tenure, 0.0) / max(self.ramp_months, 1e-9)
        share = self.ramp_start + (1 - self.ramp_start) * RAMPS[self.ramp](x)
        return np.where(tenure < 0, 0.0, share)

    def seasonal(self) -> Array:
        """The season's twelve factors with a mean of one."""
        season: Array = np.array(self.season) / np.mean(self.season)
        return season


def refuse(key: str, wrong: list[str]) -> None:
    """Raise `SalesopsError` with all that is wrong, if anything is."""
    if wrong:
        raise SalesopsError(problem(key, value=wrong[0], wrong=joined(wrong, "; ")))


def is_whole(value: Any, low: float, high: float = float("inf")) -> bool:
    """Whether it is a whole number within the range."""
    return _inside(value, low, high, or_none=False, whole=True)


def _inside(value: Any, low: float, high: float, or_none: bool, whole: bool = False) -> bool:
    if value is None:
        return or_none
    kinds = (int, np.integer) if whole else (int, float, np.integer, np.floating)
    is_number = isinstance(value, kinds) and not isinstance(value, bool)
    return is_number and isfinite(value) and low <= value <= high


def any_truth(seed: int, **fixed: Any) -> Truth:
    """A truth drawn at random over what companies are like; `fixed` values are not drawn.

    6 to 60 seats, 2 to 40 wins a quarter, a trend of −10 % to +10 % a year, all ramps, log-normal or
    Pareto amounts, weak people who leave more or not, quarter-end seasons, shocks with memory.

    Examples
    --------
    >>> from salesops_nb import simulate
    >>> simulate.any_truth(1, seats=12).seats
    12
    """
    unknown = sorted(set(fixed) - {f.name for f in fields(Truth)})
    refuse("bad-simulation.fields", [f"{name} is no part of a truth" for name in unknown])
    whole = is_whole(seed, 0)
    refuse("bad-simulation.seed", [] if whole else [f"seed is {seed!r} (a whole number from 0)"])
    rng = stream(seed, "truth")
    season = np.exp(rng.normal(0, rng.uniform(0, 0.2), 12)) * np.tile(1 + rng.uniform(0, 0.25) * _RISE, 4)
    drawn: dict[str, Any] = {
        "seats": int(np.rint(np.exp(rng.uniform(np.log(6), np.log(60))))),
        "team": int(rng.integers(5, 11)),
        "wins": float(np.exp(rng.uniform(np.log(2), np.log(40)))),
        "deal": float(np.exp(rng.uniform(np.log(2e3), np.log(1e5)))),
        "trend": float(rng.uniform(-0.1, 0.1)),
        "season": tuple(float(s) for s in season),
        "ramp": str(rng.choice(list(RAMPS))),
        "ramp_months": float(rng.uniform(2, 12)),
        "ramp_start": float(rng.choice([0.0, 0.0, 0.2, 0.4])),
        "attrition": float(rng.uniform(0.05, 0.4)),
        "weak_leave": float(rng.choice([0.0, rng.uniform(0.2, 0.8)])),
        "leave_shape": float(rng.uniform(0.8, 1.3)),
        "fill_days": float(rng.uniform(25, 120)),
        "fill_spread": float(rng.uniform(0.2, 0.7)),
        "spread": float(rng.uniform(0.1, 0.5)),
        "groups": bool(rng.random() < 0.3),
        "sigma": float(rng.uniform(0.4, 1.3)),
        "pareto": float(rng.uniform(1.6, 3.0)) if rng.random() < 0.3 else None,
        "shock": float(rng.uniform(0.0, 0.15)),
        "memory": float(rng.uniform(0.0, 0.9)),
        "shared": float(rng.uniform(0.0, 1.0)),
        "win_rate": float(rng.uniform(0.15, 0.65)),
        "win_spread": float(rng.uniform(0.0, 0.5)),
        "cycle_days": float(rng.uniform(15, 150)),
        "lost_days": float(rng.uniform(15, 200)),
        "cycle_shape": float(rng.uniform(1.0, 4.0)),
    }
    return Truth(**{**drawn, **fixed})


_RISE = np.array([-1.0, -0.2, 1.2])
