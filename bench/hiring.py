"""Calibration of the hiring analysis on companies of known truth, and its time beside a plain loop.

    python bench/hiring.py [--companies 1000] [--reps 1000] [--futures 10000]

Some minutes. The companies of `hiring_companies` are made by fixed seeds, from a truth that the method does
not see. The loop makes the same futures one rep after another in NumPy, in a process of its own as ours is;
the means of both must agree within four standard errors and 3 %. Of the 80 % intervals 72 to 88 % must hold
the fourth year, and plans must keep what they claim to within 9 points, each give or take three standard
errors; else the bench ends with exit code 1.

The last line is one JSON object: simulate_s, vs_loop (time of the loop ÷ ours), mean_vs_loop (mean bookings
÷ the loop's), optimise_s (five roles, twelve months), coverage_80, kept_promise (share of plans that met
their target ÷ the share claimed).
"""

from __future__ import annotations

import resource
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
import hiring_companies as companies
import measure
import pandas as pd

from salesops_nb import hiring
from salesops_nb.core.periods import FiscalCalendar
from salesops_nb.forecast.learning.attrition import BANDS, WEAKER
from salesops_nb.forecast.simulation.pool import Pool
from salesops_nb.forecast.simulation.simulate import futures_of
from salesops_nb.hiring.planning.optimise import Limits, Search
from salesops_nb.hiring.planning.plan import SEARCHED
from salesops_nb.hiring.planning.requisitions import Trial
from salesops_nb.hiring.simulation.goals import look_ahead

MONTHS = 36
CONFIDENCE = 0.8
TARGETS = (0.5, 0.6, 0.7, 0.8, 0.9)  # of what the team books with nobody hired: how hard the goal is


def one_company(seed: int, futures: int = 2_000) -> dict[str, float]:
    """The method on three years of a company, and what its fourth year then brings.

    Two fourth years: one in which leavers are replaced, for the interval; one in which the plan's
    requisitions are opened and nobody else, for the promise.
    """
    company = companies.company(seed)
    tables = company.tables()
    learned = hiring.learn(tables)
    replaced = hiring.capacity(tables, 12, seed, learned=learned, futures=futures).bookings.sum(axis=1)
    alone = hiring.capacity(tables, 12, seed, learned=learned, futures=futures, replace_leavers=False)
    target = float(np.quantile(alone.bookings.sum(axis=1), TARGETS[seed % len(TARGETS)]))
    plan = hiring.plan(tables, 12, CONFIDENCE, target=target, learned=learned, seed=seed, futures=futures)
    supported = float(learned.returns.supported[0])
    company.run(range(36, 48), supported=supported)
    actual = sum(company.total[36:])
    other = companies.company(seed)
    for opened in np.repeat(np.arange(12), plan.counts[0]):
        other.open(36.0 + float(opened))
    other.run(range(36, 48), replace=False, supported=supported)
    low, high = np.quantile(replaced, (0.1, 0.9))
    return {
        "inside": float(low <= actual <= high),
        "rank": float((replaced < actual).mean()),
        "feasible": float(plan.feasible),
        "said": plan.probability,
        "kept": float(sum(other.total[36:]) >= target),
    }


def calibrate(count: int, futures: int = 2_000) -> pd.DataFrame:
    """One row a company."""
    return pd.DataFrame([one_company(seed, futures) for seed in range(count)])


def _crowd(reps: int) -> tuple[dict[str, pd.DataFrame], hiring.Learned]:
    """A company of so many reps: one company's people many times over, then learned from."""
    parts, deals, heads = [], [], 0
    seed = 10_000
    while heads < reps:
        company = companies.company(seed)
        tables = company.tables()
        people = tables["people"]
        here = people["left_on"].isna()
        spare = max(int(here.sum()) + heads - reps, 0)
        people = people.drop(people.index[here][:spare])
        heads += int(people["left_on"].isna().sum())
        parts.append(people.assign(person_id=str(seed) + people["person_id"]))
        own = tables["deals"].assign(owner_id=str(seed) + tables["deals"]["owner_id"])
        deals.append(own[own["owner_id"].isin(parts[-1]["person_id"])])
        seed += 1
    tables = {"people": pd.concat(parts), "deals": pd.concat(deals)}
    return tables, hiring.learn(tables)


def _vectorised(learned: hiring.Learned, futures: int) -> np.ndarray:
    draws, team = futures_of(learned, np.arange(MONTHS) % 12, futures, 1, False)
    return team.output.sum(axis=1) * draws.shared


def _looped(learned: hiring.Learned, futures: int) -> np.ndarray:
    """The same futures of the same people, one rep after another in NumPy."""
    rng = np.random.default_rng(1)
    roster, made = learned.panel.roster, learned.productivity
    ramps = learned.ramp[0]
    curve = ramps.table(60 + MONTHS)[rng.choice(len(ramps.weight), futures, p=ramps.weight)]
    power = rng.choice(len(WEAKER), futures, p=learned.hazard.weaker)
    hazard = rng.standard_gamma(learned.hazard.shape, (futures, 4)) / learned.hazard.rate
    hazard /= learned.hazard.typical[power]  # of an own factor of one
    total, month = np.zeros((futures, MONTHS)), np.arange(MONTHS)
    for i in np.flatnonzero(roster["present"]):
        tenure = float(roster["tenure"].iloc[i])
        own = rng.gamma(made.shape[i], 1 / made.rate[i], futures)
        here = tenure + month + 0.5
        rate = hazard[:, np.searchsorted(BANDS, here, side="right") - 1]
        rate = rate * np.maximum(own, 0.05)[:, None] ** -WEAKER[power, None]
        alive = rng.random((futures, MONTHS)) > 1 - np.exp(-rate)
        there = np.cumprod(alive, axis=1)
        ramp = curve[:, np.minimum(here, 59 + MONTHS).astype(int)] if tenure < 18 else 1.0
        total += own[:, None] * there * ramp
    return total


def _measured(kind: str, reps: int, futures: int) -> None:
    _, learned = _crowd(reps)
    run = {"vectorised": _vectorised, "loop": _looped}[kind]
    run(learned, 10)  # what is compiled once is timed apart
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.perf_counter()
    made = run(learned, futures)
    seconds = time.perf_counter() - began
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    whole = made.sum(axis=1)
    error = float(whole.std() / np.sqrt(futures))
    measure.answer(seconds=seconds, own_mb=own / 1024, mean=float(whole.mean()), error=error)


def _five_roles() -> tuple[float, float, hiring.HiringPlan]:
    """The optimiser's time for five roles and twelve months, the whole plan's, and the plan."""
    people, deals = [], []
    for k in range(5):
        tables = companies.company(20_000 + k).tables()
        role = f"role {k + 1}"
        people.append(tables["people"].assign(role=role, person_id=role + tables["people"]["person_id"]))
        deals.append(tables["deals"].assign(owner_id=role + tables["deals"]["owner_id"]))
    tables = {"people": pd.concat(people), "deals": pd.concat(deals)}
    learned = hiring.learn(tables)
    alone = hiring.capacity(tables, 12, learned=learned, replace_leavers=False, futures=2_000)
    target = float(np.quantile(alone.bookings.sum(axis=1), 0.9))
    months = np.arange(12)
    draws, team = futures_of(learned, months, SEARCHED, 0, False)
    goals = look_ahead(learned, tables, 12, FiscalCalendar(), target).chosen("year")
    began = time.perf_counter()
    pool = Pool(learned, draws, 0)
    cost = np.array([pool.costs(role) for role in range(5)])
    limits = Limits(None, 8, np.full(5, 8))
    search = Search(Trial(pool, team, goals), list(range(5)), cost, limits)
    search.cheapest(CONFIDENCE)
    optimise = time.perf_counter() - began
    began = time.perf_counter()
    plan = hiring.plan(tables, 12, CONFIDENCE, target=target, learned=learned, interviewing=8)
    return optimise, time.perf_counter() - began, plan


def wrong_means(fast: dict[str, float], loop: dict[str, float]) -> list[str]:
    """A sentence where the loop books something else than we do."""
    room = 4 * np.hypot(fast["error"], loop["error"]) + 0.03 * loop["mean"]
    if abs(fast["mean"] - loop["mean"]) <= room:
        return []
    return [
        f"mean bookings are {fast['mean']:,.0f}, the loop's {loop['mean']:,.0f}: more than {room:,.0f} apart"
    ]


def wrong_calibration(found: pd.DataFrame) -> list[str]:
    """A sentence for each promise that the companies do not bear out."""
    wrong = []
    room = 3 * 0.4 / np.sqrt(len(found))  # of a share of 80 %
    coverage = found["inside"].mean()
    if not 0.72 - room <= coverage <= 0.88 + room:
        wrong.append(f"{coverage:.1%} of the 80 % intervals hold the fourth year of {len(found)} companies")
    feasible = found[found["feasible"] == 1]
    if feasible.empty:
        return [*wrong, f"no plan of {len(found)} companies reaches {CONFIDENCE:.0%}"]
    said, kept = feasible["said"].mean(), feasible["kept"].mean()
    if abs(kept - said) > 0.09 + 3 * 0.4 / np.sqrt(len(feasible)):
        wrong.append(f"plans claim {said:.1%} and keep {kept:.1%} of {len(feasible)} companies")
    return wrong


def main() -> None:
    """Prints the tables and, last, the JSON."""
    words = measure.parser(__doc__)
    words.add_argument("--companies", type=measure.count, default=1_000)
    words.add_argument("--reps", type=measure.count, default=1_000)
    words.add_argument("--futures", type=measure.count, default=10_000)
    asked = measure.asked(words, companies=3, reps=60, futures=500)
    if asked.task:
        _measured(**asked.task)
        return
    task = {"reps": asked.reps, "futures": asked.futures}
    fast, loop = (measure.fresh(__file__, {"kind": kind, **task}).answer for kind in ("vectorised", "loop"))
    print(f"{asked.futures} futures × {MONTHS} months × {asked.reps} reps, each in a fresh process")
    for name, run in (("salesops_nb", fast), ("loop over reps (NumPy)", loop)):
        print(
            f"  {name:24} {run['seconds']:8.2f} s   peak {run['peak_gib'] * 1024:7.0f} MB "
            f"(own {run['own_mb']:.0f} MB)   mean {run['mean']:.0f}"
        )
    print(f"  loop ÷ salesops_nb: time {loop['seconds'] / fast['seconds']:.2f}")
    seconds, whole, plan = _five_roles()
    print(
        f"five roles × 12 months: optimised in {seconds:.2f} s, the whole plan in {whole:.2f} s: {plan.words}"
    )
    began = time.perf_counter()
    found = calibrate(asked.companies)
    feasible = found[found["feasible"] == 1]
    coverage, said, kept = found["inside"].mean(), feasible["said"].mean(), feasible["kept"].mean()
    print(f"{asked.companies} companies in {time.perf_counter() - began:.0f} s")
    print(f"  80 % intervals that hold the fourth year: {coverage:.1%}")
    print(f"  tenths of the rank: {np.histogram(found['rank'], 10, (0, 1))[0].tolist()}")
    print(f"  plans that can reach {CONFIDENCE:.0%}: {len(feasible)}; they claim {said:.1%}, keep {kept:.1%}")
    result = {
        "simulate_s": round(fast["seconds"], 3),
        "vs_loop": round(loop["seconds"] / fast["seconds"], 2),
        "mean_vs_loop": round(fast["mean"] / loop["mean"], 4),
        "optimise_s": round(seconds, 2),
        "coverage_80": round(float(coverage), 4),
        "kept_promise": round(float(kept / said), 4),
    }
    measure.finish(result, wrong_means(fast, loop) + wrong_calibration(found))


if __name__ == "__main__":
    measure.run(main)
