"""How often what the outlook of targets says comes about, on invented companies of known truth.

    python bench/targets.py [--companies 400]

Each company has 25 reps and four years: three to learn from, the fourth to compare with. Of reps' years
75 to 87 % must fall inside their 80 % intervals, of companies' years 68 to 90 %, give or take three standard
errors; else the bench ends with exit code 1.

The last line is one JSON object: coverage_80_reps and coverage_80_companies (shares inside), vs_said (targets
met ÷ targets said to be met), seconds.
"""

from __future__ import annotations

import time

import measure
import numpy as np
from target_companies import company

from salesops_nb.targets.outlook import outlook

HISTORY = 36
ALLOWED = {"coverage_80_reps": (0.75, 0.87), "coverage_80_companies": (0.68, 0.90)}


def inside(place: np.ndarray) -> np.ndarray:
    """Which outcomes fell within the 80 % interval, by their place among the draws."""
    return (place > 0.1) & (place < 0.9)


def wrong(shares: dict[str, np.ndarray]) -> list[str]:
    """A sentence for each coverage, given company by company, that is not as it must be."""
    found = []
    for name, each in shares.items():
        low, high = ALLOWED[name]
        # one year of a company is inside or not, whatever the sample happens to show
        spread = max(each.std(), 0.4 if name.endswith("companies") else 0.1)
        room = 3 * spread / np.sqrt(len(each))
        if not low - room <= each.mean() <= high + room:
            found.append(
                f"{name} is {each.mean():.1%} of {len(each)} companies: {low:.0%} to {high:.0%} are allowed, "
                f"give or take {room:.1%}"
            )
    return found


def main() -> None:
    words = measure.parser(__doc__)
    words.add_argument("--companies", type=measure.count, default=400)
    asked = measure.asked(words, companies=10)
    reps, companies, said, met = [], [], [], []
    began = time.perf_counter()
    for seed in range(asked.companies):
        booked, effort, season = company(seed)
        coming = effort[:, HISTORY:] * season[HISTORY:]
        seen = outlook(booked[:, :HISTORY], effort[:, :HISTORY], season[:HISTORY], coming, seed)
        came = booked[:, HISTORY:].sum(axis=1)
        reps.append(inside((seen.draws < came).mean(axis=0)).mean())
        companies.append(inside((seen.draws.sum(axis=1) < came.sum()).mean()))
        target = seen.mean * np.random.default_rng(seed).uniform(0.6, 1.5, len(came))
        said.append((seen.draws >= target).mean(axis=0))
        met.append(came >= target)
    seconds = time.perf_counter() - began
    shares = {"coverage_80_reps": np.array(reps), "coverage_80_companies": np.array(companies, float)}
    chances, came_about = np.concatenate(said), np.concatenate(met)
    print("probability said   targets   met    met ÷ said")
    for low in np.arange(0, 1, 0.2):
        chosen = (chances >= low) & (chances < (low + 0.2 if low < 0.8 else 2))
        if chosen.any():
            share, over = (
                came_about[chosen].mean(),
                came_about[chosen].sum() / max(chances[chosen].sum(), 1e-9),
            )
            print(f"{low:4.0%} to {low + 0.2:4.0%}      {chosen.sum():7,}   {share:5.1%}   {over:.2f}")
    print(f"{asked.companies} companies in {seconds:.1f} s")
    result = {name: round(float(each.mean()), 4) for name, each in shares.items()}
    result |= {"vs_said": round(float(came_about.sum() / chances.sum()), 4), "seconds": round(seconds, 2)}
    measure.finish(result, wrong(shares))


if __name__ == "__main__":
    measure.run(main)
