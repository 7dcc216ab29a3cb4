"""What the review says of people and months, held against invented data whose truth is known.

    python bench/calibration.py [--rounds 400] [--seed 1] [--part forecast]

Rates: reps' shrunk win rates, whose truths come from eight settings of which only one is the beta distribution
that the method has in mind. Routine: 24 months of a stable process (a season, growth, noise that carries over,
few large deals), and the same with a fall of the last quarter. Pace: periods that end on their target, by what
share of it they have a tenth, a third and two thirds of the way. Winning: deals of known median time to win,
followed for long and too shortly. Forecast: years of companies (`hiring_companies`) whose people leave and are
replaced, whose output has a trend, whose ramp is of another shape; and hiring plans, as they come out.

A measured share that chance alone brings in less than one of 740 times (three standard errors) where the
nearest share allowed is true ends the bench with exit code 1. The last line is one JSON object: for each part and setting, the measured shares.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

import forecast_calibration
import measure
import numpy as np
import pandas as pd
from hiring_companies import SETTINGS, UNSEEN
from scipy import stats

from salesops_nb.core.periods import FiscalCalendar
from salesops_nb.core.statistics import empirical_bayes, wilson
from salesops_nb.core.statistics.routine import routine
from salesops_nb.performance.duration import median_days, time_to_win, won_in_the_end
from salesops_nb.performance.expectation import pace

Rng = np.random.Generator
Array = np.ndarray[Any, np.dtype[Any]]
CHANCE = stats.norm.sf(3)


class Measured(NamedTuple):
    """A share that was counted, what is allowed of it, of how many, and a number beside it."""

    part: str
    setting: str
    claimed: str
    low: float
    high: float
    share: float
    n: int
    beside: str = ""

    @property
    def between(self) -> str:
        """Wilson's 95 % interval of the share."""
        low, high = wilson(round(self.share * self.n), self.n)
        return f"{low:.0%} to {high:.0%}"

    @property
    def wrong(self) -> str:
        """A sentence where it is not as allowed."""
        counted = round(self.share * self.n)
        few = stats.binom.cdf(counted, self.n, self.low)  # of so few, were the least that is allowed true
        many = stats.binom.sf(counted - 1, self.n, self.high)
        if min(few, many) >= CHANCE:
            return ""
        return f"{self.part}, {self.setting}: {self.share:.1%} of {self.n:,}, where {self.claimed} is claimed"


def _logistic(middle: float, spread: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-(middle + spread))))


RATES: dict[str, Callable[[Rng], tuple[Array, Array]]] = {
    "a beta distribution, 20 to 80 deals": lambda r: (r.beta(57, 38, 30), r.integers(20, 80, 30)),
    "all alike, 100 to 500 deals": lambda r: (np.full(30, 0.63), r.integers(100, 500, 30)),
    "normal log odds, 100 to 400 deals": lambda r: (
        _logistic(0.5, 0.3 * r.normal(size=30)), r.integers(100, 400, 30)),
    "eight reps, 10 to 40 deals": lambda r: (_logistic(0.5, 0.3 * r.normal(size=8)), r.integers(10, 40, 8)),
    "heavy tails (t of 3)": lambda r: (
        _logistic(-0.5, 0.3 * r.standard_t(3, size=30)), r.integers(20, 100, 30)),
    "two kinds of reps": lambda r: (r.choice([0.5, 0.7], 20), r.integers(30, 90, 20)),
    "one who stands out": lambda r: (np.r_[0.3, np.full(16, 0.6)], r.integers(30, 90, 17)),
    "rates of 5 %": lambda r: (r.beta(4, 76, 20), r.integers(100, 300, 20)),
}  # fmt: skip


def rates(rounds: int, rng: Rng) -> Iterator[Measured]:
    """How often the 95 % interval of a shrunk rate holds the truth: of all, and of the best and worst."""
    for setting, draw in RATES.items():
        inside, extremes, widths, plain = [], [], [], []
        for _ in range(rounds):
            truth, deals = draw(rng)
            won = rng.binomial(deals, truth)
            found = empirical_bayes(won, deals)
            held = ((found["low"] <= truth) & (truth <= found["high"])).to_numpy()
            inside.extend(held)
            widths.extend(found["high"] - found["low"])
            plain.extend(np.ptp(wilson(int(w), int(n))) for w, n in zip(won, deals, strict=True))
            if np.ptp(truth):
                extremes += [held[truth.argmin()], held[truth.argmax()]]
        width = f"width {np.mean(widths):.3f}, Wilson's {np.mean(plain):.3f}"
        yield Measured("rates", setting, "95 % or more", 0.95, 1, np.mean(inside), len(inside), width)
        if extremes:
            yield Measured("rates", f"{setting}: best and worst", "90 % or more", 0.9, 1, np.mean(extremes),
                           len(extremes))  # fmt: skip


class Months(NamedTuple):
    """Sums of 24 months, and where they are of deals, the largest of each month and the usual one."""

    values: Array
    largest: Array | None = None
    typical: float = 0.0


def _noise(rng: Rng, carried: float = 0.0) -> Array:
    noise = rng.normal(size=24)
    for month in range(1, 24):
        noise[month] = carried * noise[month - 1] + np.sqrt(1 - carried**2) * noise[month]
    return np.exp(0.1 * noise)


def _deals(rng: Rng, draw: Callable[[int], Array], a_month: float, season: Array) -> Months:
    deals = [draw(n) for n in rng.poisson(a_month, 24)]
    largest = np.array([each.max(initial=0) for each in deals])
    return Months(np.array([each.sum() for each in deals]) * season, largest * season,
                  float(np.concatenate(deals).mean()))  # fmt: skip


MONTH = np.arange(24)
QUARTER = np.array([0.75, 1.0, 1.25])[MONTH % 3]
YEAR = 1 + 0.25 * np.sin(2 * np.pi * MONTH / 12)
GROWTH = 1.2 ** (MONTH / 12)
STABLE: dict[str, Callable[[Rng], Months]] = {
    "independent noise of 10 %": lambda r: Months(_noise(r)),
    "a season of the quarter of ±25 %": lambda r: Months(QUARTER * _noise(r)),
    "a season of the year of ±25 %": lambda r: Months(YEAR * _noise(r)),
    "growth of 20 % a year": lambda r: Months(GROWTH * _noise(r)),
    "season and growth": lambda r: Months(QUARTER * GROWTH * _noise(r)),
    "noise that carries over (0.6)": lambda r: Months(_noise(r, 0.6)),
    "season, and noise that carries over": lambda r: Months(QUARTER * _noise(r, 0.6)),
    "20 deals a month, log-normal sizes": lambda r: _deals(r, lambda n: r.lognormal(0, 1.2, n), 20, QUARTER),
    "8 deals a month, Pareto sizes": lambda r: _deals(r, lambda n: r.pareto(2.2, n) + 1, 8, np.ones(24)),
    "4 deals a month": lambda r: _deals(r, lambda n: r.lognormal(0, 0.8, n), 4, np.ones(24)),
}
FALLS: dict[str, tuple[Callable[[Rng], Months], float, float]] = {
    "30 % down": (STABLE["independent noise of 10 %"], 0.7, 0.8),
    "30 % down, season and growth": (STABLE["season and growth"], 0.7, 0.8),
    "30 % down, season of the year": (STABLE["a season of the year of ±25 %"], 0.7, 0),
    "30 % down, noise that carries over": (STABLE["noise that carries over (0.6)"], 0.7, 0),
    "20 % down": (STABLE["independent noise of 10 %"], 0.8, 0),
    "15 % down": (STABLE["independent noise of 10 %"], 0.85, 0),
}


def months(rounds: int, rng: Rng) -> Iterator[Measured]:
    """How many charts of stable months have a signal, and how many see a fall of the last quarter."""
    for setting, make in STABLE.items():
        seen = [routine(*_placed(make(rng))).signals.any() for _ in range(rounds)]
        yield Measured("false signals", setting, "10 % or less", 0, 0.1, np.mean(seen), rounds)
    for setting, (make, left, least) in FALLS.items():
        fallen = [make(rng) for _ in range(rounds)]
        for each in fallen:
            each.values[-3:] *= left
        seen = [routine(*_placed(each)).signals[-3:].any() for each in fallen]
        claimed = f"{least:.0%} or more" if least else "nothing"
        yield Measured("falls seen", setting, claimed, least, 1, np.mean(seen), rounds)


def _placed(made: Months) -> tuple[Array, int, Array | None, float]:
    return made.values, 0, made.largest, made.typical


def on_the_way(rounds: int, rng: Rng) -> Iterator[Measured]:
    """How often a quarter that ends on its target is, on the way, within what is called usual."""
    calendar, first = FiscalCalendar(), date(2022, 1, 1)
    days = [first + timedelta(days=n) for n in range(3 * 365)]
    quarters = [calendar.containing(day, "quarter") for day in days]
    through = np.array([(day - q.start).days / q.days for day, q in zip(days, quarters, strict=True)])
    last = calendar.period("2024-Q4")
    for setting, a_day, back_loaded, spread in (
        ("3 deals a day, most at the end", 3.0, 0.9, 1.0),
        ("a deal a day", 1.0, 0.5, 1.0),
        ("a deal in three days, sizes of all kinds", 0.33, 0.5, 1.3),
    ):
        inside: dict[float, list[bool]] = {0.1: [], 0.33: [], 0.67: []}
        for _ in range(rounds):
            counts = rng.poisson(a_day * (1 + back_loaded * (2 * through - 1)))
            deals = [rng.lognormal(5, spread, n) for n in counts]
            daily = pd.DataFrame(
                [
                    (day, Decimal(f"{each.sum():.2f}"), float(np.sum(each**2)))
                    for day, each in zip(days, deals, strict=True)
                    if len(each)
                ],
                columns=["closed_on", "value", "squares"],
            )
            of_last = daily[daily["closed_on"] >= last.start]
            target = float(sum(of_last["value"], Decimal(0)))
            for part, seen in inside.items():
                as_of = last.start + timedelta(days=int(part * last.days))
                due = pace(daily, last, as_of, first)
                booked = float(sum(of_last.loc[of_last["closed_on"] <= as_of, "value"], Decimal(0)))
                seen.append(due.low <= booked / (target * due.share) <= due.high)
        for part, seen in inside.items():
            yield Measured("pace", f"{setting}, at {part:.0%}", "90 %", 0.85, 1, np.mean(seen), len(seen))


def winning(rounds: int, rng: Rng) -> Iterator[Measured]:
    """Whether the median time to win is right where it is given, and not given where deals are too young."""
    for setting, window, told in (("followed for 400 days", 400, True), ("followed for 40 days", 40, False)):
        right, between = [], []
        for _ in range(rounds):
            won = rng.random(2_000) < 0.6
            ends = np.ceil(rng.exponential(np.where(won, 36.07, 50.0)))  # median of the won: 25 days
            age = rng.integers(1, window, 2_000)
            ages = pd.DataFrame(
                {
                    "days": np.minimum(ends, age),
                    "outcome": np.where(ends > age, "open", np.where(won, "won", "lost")),
                    "deals": 1,
                }
            )
            curve = time_to_win(ages)
            in_the_end = won_in_the_end(ages, curve)
            days = median_days(curve, in_the_end)
            right.append(days is not None and abs(days - 25.5) < 4 if told else days is None)
            between.append(in_the_end.low - 0.04 <= 0.6 <= in_the_end.high + 0.04)
        claimed = "within 4 days" if told else "not given"
        yield Measured("time to win", f"median, {setting}", claimed, 0.95, 1, np.mean(right), rounds)
        yield Measured("time to win", f"won in the end, {setting}", "between its ends, within 4 points", 0.95,
                       1, np.mean(between), rounds)  # fmt: skip


def forecast(rounds: int, rng: Rng) -> Iterator[Measured]:
    """The year of companies whose truth is known, and what plans promise; a quarter as many companies."""
    first = int(rng.integers(1_000_000))  # a company is made by its own number
    for setting in SETTINGS + UNSEEN:
        found = forecast_calibration.measured(max(rounds // 4, 3), setting, first)
        for claim, share, n, beside in forecast_calibration.rows(found):
            yield Measured(claim.part, setting.name, claim.claimed, claim.low, claim.high, share, n, beside)


def main() -> None:
    words = measure.parser(__doc__)
    words.add_argument("--rounds", type=measure.count, default=400)
    words.add_argument("--seed", type=int, default=1)
    parts = {each.__name__: each for each in (rates, months, on_the_way, winning, forecast)}
    words.add_argument("--part", choices=list(parts), help="only this part")
    asked = measure.asked(words, rounds=12)
    found: list[Measured] = []
    print(f"seed {asked.seed}, {asked.rounds} rounds a setting\n")
    print(f"{'':18}{'':44}{'claimed':>24}{'measured':>10}{'95 % of it':>14}{'n':>8}")
    for number, (name, part) in enumerate(parts.items()):
        if asked.part not in (None, name):
            continue
        for each in part(asked.rounds, np.random.default_rng([asked.seed, number])):
            print(f"{each.part:18}{each.setting:44}{each.claimed:>24}{each.share:>10.1%}{each.between:>14}"
                  f"{each.n:>8,}  {each.beside}", flush=True)  # fmt: skip
            found.append(each)
    result: dict[str, dict[str, float]] = {}
    for each in found:
        result.setdefault(each.part, {})[each.setting] = round(float(each.share), 4)
    measure.finish(result, [each.wrong for each in found if each.wrong])


if __name__ == "__main__":
    measure.run(main)
