"""The one forecast and its plans, measured on companies of known truth (`hiring_companies`)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, NamedTuple

import hiring_companies as companies
import numpy as np
import pandas as pd

from salesops_nb import hiring
from salesops_nb.core.periods import FiscalCalendar
from salesops_nb.forecast.period import Expected, by_person, expect

YEAR = FiscalCalendar().period(str(companies.START.year + companies.SEEN // 12))
FIRST_DAY = YEAR.start
AHEAD = range(companies.SEEN, companies.TOTAL)
CONFIDENCE = 0.8
TARGETS = (0.5, 0.6, 0.7, 0.8, 0.9)  # of what the team books with nobody hired: how hard the goal is
ASKED = 0.25  # the quantile of the forecast that is taken as target: 75 % is claimed


def one_company(seed: int, of: companies.Setting, futures: int = 1_000, plans: bool = True) -> dict[str, Any]:
    """The method on three years of a company, and what its fourth year then brings.

    Two fourth years: one in which leavers are replaced, for the forecast; one in which the plan's
    requisitions are opened and nobody else, for what the plan promises.
    """
    company = companies.company(seed, of)
    t, tables, other = company.truth, company.tables(), company.again()
    learned = hiring.learn(tables, as_of=FIRST_DAY - timedelta(days=1))
    said = expect(learned, YEAR, futures=futures, seed=seed)
    made = said.made
    supported = float(learned.returns.supported[0])
    company.run(AHEAD, supported=supported)
    actual = sum(company.total[companies.SEEN :])
    low, middle, high = np.quantile(made, (0.1, 0.5, 0.9))
    stays = [r for r in company.reps if r.hired < companies.SEEN and r.left >= companies.TOTAL]
    booked: dict[str, float] = {}
    for owner, day, amount in company.deals:
        if day >= FIRST_DAY:
            booked[owner] = booked.get(owner, 0.0) + amount
    people = tables["people"].set_index("person_id").loc[[r.name for r in stays]].reset_index()
    ones = np.ones((len(people), 12))
    each = by_person(said, people, ones).made if len(stays) else []
    own = np.quantile(each, (0.1, 0.9), axis=0) if len(stays) else np.empty((2, 0))
    came = np.array([booked.get(r.name, 0.0) for r in stays])
    found: dict[str, Any] = {
        "reps": float(((own[0] <= came) & (came <= own[1])).mean()) if len(stays) else np.nan,
        "inside": low <= actual <= high,
        "median": float(middle) / actual - 1,
        "kept_75": actual >= np.quantile(made, ASKED),
        "ramp": _ramp_inside(learned, t),
        "spread": _between(learned.productivity.table(learned.panel.roles, "USD"), t),
    }
    if plans:
        found |= _promise(other, tables, said, seed, futures)
    return found


def _promise(other: Any, tables: Any, said: Expected, seed: int, futures: int) -> dict[str, Any]:
    learned = said.learned
    alone = expect(learned, YEAR, futures=futures, seed=seed, replace_leavers=False, of=said.futures)
    target = float(np.quantile(alone.made, TARGETS[seed % len(TARGETS)]))
    plan = hiring.plan(tables, 12, CONFIDENCE, target=target, learned=learned, seed=seed, futures=futures)
    for opened in np.repeat(np.arange(12), plan.counts[0]):
        other.open(companies.SEEN + float(opened))
    other.run(AHEAD, replace=False, supported=float(learned.returns.supported[0]))
    return {
        "feasible": plan.feasible,
        "claimed": plan.probability,
        "kept": sum(other.total[companies.SEEN :]) >= target,
    }


def _ramp_inside(learned: Any, t: Any) -> float:
    """The share of the first twelve months in which the true ramp is within its 80 % interval."""
    low, _, high = learned.ramp[0].interval(12)
    true = np.array([companies._ramp(t, month + 0.5) for month in range(12)])
    rising = true < 0.99  # at full output there is nothing to learn
    return float(((low <= true + 0.005) & (true - 0.005 <= high))[rising].mean()) if rising.any() else 1.0


def _between(table: pd.DataFrame, t: Any) -> bool:
    true = float(np.sqrt(np.expm1(t.spread**2)))  # of log-normal own factors, over their mean
    return bool(table["spread_low"].iloc[0] <= true <= table["spread_high"].iloc[0])


def measured(count: int, of: companies.Setting, first: int = 0, futures: int = 1_000) -> pd.DataFrame:
    """One row a company of the setting; half of them, the first five of ten, also make a plan."""
    seeds = range(first, first + count)
    return pd.DataFrame([one_company(seed, of, futures, plans=seed % 10 < 5) for seed in seeds])


class Claim(NamedTuple):
    """A part of the forecast, what is claimed of it, and the shares of companies that are allowed."""

    column: str
    part: str
    claimed: str
    low: float
    high: float


CLAIMS = (
    Claim("inside", "company's year", "80 % (75 to 85 %)", 0.75, 0.85),
    Claim("kept_75", "75 % said is kept", "75 % (70 to 80 %)", 0.70, 0.80),
    Claim("reps", "reps' years", "80 % (75 to 87 %)", 0.75, 0.87),
    Claim("ramp", "learned ramp", "80 % (70 to 90 %)", 0.70, 0.90),
    Claim("spread", "learned spread", "80 % (70 to 90 %)", 0.70, 0.90),
)


def rows(found: pd.DataFrame) -> Iterator[tuple[Claim, float, int, str]]:
    """Each claim with what was measured of it, of how many, and what stands beside."""
    for claim in CLAIMS:
        values = found[claim.column].astype(float).dropna()
        beside = ""
        if claim.column == "inside":
            off = found["median"]
            beside = f"median {off.median():+.1%} ± {1.96 * 1.25 * off.std() / np.sqrt(len(off)):.1%}"
        yield claim, float(values.mean()), len(values), beside
    feasible = found[found["feasible"].eq(True)] if "feasible" in found else found[:0]
    if len(feasible):
        said = float(feasible["claimed"].mean())
        words = f"{said:.0%}, within 5 points"
        claim = Claim("kept", "plans keep", words, said - 0.05, said + 0.05)
        yield claim, float(feasible["kept"].astype(float).mean()), len(feasible), ""
