"""How good the forecast of a quarter in progress is, on companies whose end is known.

    python bench/in_progress.py [--companies 8] [--seed 1]

Companies of eight kinds (`bench/companies_in_progress.py`), none of the form that the forecast has in mind; at
each month's end from the eighteenth month on it is asked for the rest of the quarter, from what was known
then, beside simple methods. The bench fails where a simple method is nearer, or where the forecast's range of
four in five cases holds fewer than 75 or more than 90 % of what came, by more than three standard errors.

The last line is one JSON object: for each kind `wape` of the forecast, `best_peer` (the lowest of a simple
method), `coverage` of its range, `bias` and `n`, the origins.
"""

from __future__ import annotations

import math
from datetime import date
from typing import Any

import measure
import numpy as np
import pandas as pd
from companies_in_progress import FIRST, LAST, SETTINGS, Setting, company

from salesops_nb.core.periods import FiscalCalendar
from salesops_nb.forecast.accuracy import bias, wape
from salesops_nb.forecast.rolling_origin import OURS, backtest

SINCE = date(2015, 6, 1)
HELD = (0.75, 0.90)
PEERS = ("same month of last quarter", "same period last year", "run rate", "weighted pipeline")


def judged(setting: Setting, companies: int, seed: int) -> dict[str, Any]:
    """One kind of company: errors of every method, and what the range held, at all origins together."""
    number = SETTINGS.index(setting)
    found = [
        backtest(
            company(setting, np.random.default_rng([seed, number, i])),
            FiscalCalendar(),
            "quarter",
            FIRST,
            LAST,
        )
        for i in range(companies)
    ]
    rows = pd.concat([each.rows for each in found])
    rows = rows[rows["day"] >= SINCE]

    def error(method: str) -> float:
        known = rows[rows[method].notna()]
        return wape(known["came"].tolist(), known[method].tolist())

    inside = (rows["p10"] <= rows["came"]) & (rows["came"] <= rows["p90"])
    return {
        "wape": error(OURS),
        "bias": bias(rows["came"].tolist(), rows[OURS].tolist()),
        "coverage": float(inside.mean()),
        "n": len(rows),
        "peers": {peer: error(peer) for peer in PEERS},
    }


def unlike(name: str, found: dict[str, Any]) -> list[str]:
    """What is not as claimed; origins of one quarter come out alike, so three count as one."""
    low, high = HELD
    slack = 3 * math.sqrt(low * (1 - low) / (found["n"] / 3))
    wrong = []
    if not low - slack <= found["coverage"] <= high + slack:
        wrong.append(f"{name}: the range holds {found['coverage']:.1%} of what came")
    for peer, error in found["peers"].items():
        if error < found["wape"] and found["n"] >= 200:
            wrong.append(f"{name}: {peer} is off by {error:.1%}, the forecast by {found['wape']:.1%}")
    return wrong


def main() -> None:
    words = measure.parser(__doc__)
    words.add_argument("--companies", type=measure.count, default=8)
    words.add_argument("--seed", type=measure.count, default=1)
    asked = measure.asked(words, companies=1)
    result, wrong = {}, []
    print(f"| {'companies':32} | {'n':>4} | off by | range holds | bias | {' | '.join(PEERS)} |")
    for setting in SETTINGS:
        found = judged(setting, asked.companies, asked.seed)
        peers = " | ".join(f"{error:.1%}" for error in found["peers"].values())
        print(
            f"| {setting.name:32} | {found['n']:>4} | {found['wape']:.1%} | {found['coverage']:.1%} "
            f"| {found['bias']:+.1%} | {peers} |",
            flush=True,
        )
        wrong += unlike(setting.name, found)
        peer = min(found.pop("peers").values())
        result[setting.name] = {name: round(value, 4) for name, value in found.items()} | {
            "best_peer": round(peer, 4)
        }
    measure.finish(result, wrong)


if __name__ == "__main__":
    measure.run(main)
