"""How often what the outlook of targets says comes about, on invented companies of known truth.

    python bench/targets.py --companies 400

Each company has 25 reps and four years: three to learn from, the fourth to compare with.
"""

import argparse
import json
import time

import numpy as np
from target_companies import company

from salesops_nb.targets.outlook import outlook

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--companies", type=int, default=400)
options = parser.parse_args()

HISTORY = 36
reps, companies, said, met = [], [], [], []
began = time.perf_counter()
for seed in range(options.companies):
    booked, effort, season = company(seed)
    coming = effort[:, HISTORY:] * season[HISTORY:]
    seen = outlook(booked[:, :HISTORY], effort[:, :HISTORY], season[:HISTORY], coming, seed)
    came = booked[:, HISTORY:].sum(axis=1)
    reps.append((seen.draws < came).mean(axis=0))
    companies.append((seen.draws.sum(axis=1) < came.sum()).mean())
    target = seen.mean * np.random.default_rng(seed).uniform(0.6, 1.5, len(came))
    said.append((seen.draws >= target).mean(axis=0))
    met.append(came >= target)
seconds = time.perf_counter() - began


def inside(place: np.ndarray) -> float:
    """Share of outcomes within the 80 % interval."""
    return round(float(((place > 0.1) & (place < 0.9)).mean()), 4)


said, met = np.concatenate(said), np.concatenate(met)
print("probability said   targets   met")
for low in np.arange(0, 1, 0.2):
    chosen = (said >= low) & (said < low + 0.2)
    print(f"{low:4.0%} to {low + 0.2:4.0%}      {chosen.sum():7,}   {met[chosen].mean():.1%}")
print(f"{options.companies} companies in {seconds:.1f} s")
result = {
    "coverage_80_reps": inside(np.concatenate(reps)),
    "coverage_80_companies": inside(np.array(companies)),
}
print(json.dumps(result))
