"""How true alerts are: run lengths, change points, false alarms, how soon a shift is found, and which cause is named.

    python bench/alerts.py [--years 60] [--trials 200] [--seed 1]

Against exact run lengths and hand-annotated series in ``../shared/data`` where they are there, with PELT and
binary segmentation (ruptures) as peers where that is installed. `--years` are years of a portfolio of 48 series
in each setting. The bench fails where a target is missed. The last line is one JSON object.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import measure
import numpy as np
import pandas as pd

from salesops_nb.alerts.change_points import change_points
from salesops_nb.alerts.charts import LIMITS, RUN_OF_EIGHT, Rule, average_run_length, signals
from salesops_nb.alerts.shifts import chance_of, shifts
from salesops_nb.alerts.why import explained_sums
from salesops_nb.metrics import Metric

SHARED = Path(__file__).parents[2] / "shared" / "data"
TWO_OF_THREE, FOUR_OF_FIVE, RUN_OF_NINE = Rule(2, 3, 2.0), Rule(4, 5, 1.0), Rule(9, 9, 0.0)
RULES = {
    "limits only": [LIMITS],
    "limits + run of 8": [LIMITS, RUN_OF_EIGHT],
    "limits + run of 9": [LIMITS, RUN_OF_NINE],
    "limits + 2 of 3": [LIMITS, TWO_OF_THREE],
    "limits + 4 of 5": [LIMITS, FOUR_OF_FIVE],
    "Western Electric, all four": [LIMITS, TWO_OF_THREE, FOUR_OF_FIVE, RUN_OF_EIGHT],
}
SERIES, MARGIN = 48, 5


def run_lengths(anchors: dict[str, dict[str, float]]) -> float:
    """The largest relative difference of our exact run lengths from the anchors."""
    return max(
        abs(average_run_length(RULES[name], float(shift)) / length - 1)
        for name, row in anchors.items()
        for shift, length in row.items()
    )


def simulated_run_length(
    rules: list[Rule], shift: float, rng: np.random.Generator, runs: int = 20_000
) -> float:
    """The mean run length of `signals` itself, on drawn points."""
    length = int(12 * average_run_length(rules, shift)) + 20
    total, left = 0.0, runs
    while left:
        now = min(left, max(1, 4_000_000 // length))
        found = signals(rng.normal(shift, 1, (now, length)), rules)
        total += float((np.where(found.any(axis=1), found.argmax(axis=1), length - 1) + 1).sum())
        left -= now
    return total / runs


def _matched(truth: Iterable[int], found: Iterable[int]) -> int:
    left, hits = set(found), 0
    for place in sorted(truth):
        near = sorted((abs(place - each), each) for each in left if abs(place - each) <= MARGIN)
        if near:
            left.remove(near[0][1])
            hits += 1
    return hits


def f1(annotations: dict[str, list[int]], found: Iterable[int]) -> float:
    """F1 as van den Burg & Williams (2020) count it: margin 5, index 0 a change for all."""
    truths = [{0, *each} for each in annotations.values()]
    ours = {0, *found}
    precision = _matched(set().union(*truths), ours) / len(ours)
    recall = float(np.mean([_matched(each, ours) / len(each) for each in truths]))
    return 2 * precision * recall / (precision + recall)


def annotated() -> dict[str, tuple[np.ndarray, dict[str, list[int]]]]:
    """The annotated series by name."""
    folder = SHARED / "alerts_tcpd"
    marks = json.loads((folder / "annotations.json").read_text())
    found = {}
    for file in sorted(folder.glob("*.json")):
        if file.stem in marks:
            raw = json.loads(file.read_text())["series"][0]["raw"]
            found[file.stem] = np.array([np.nan if v is None else v for v in raw], float), marks[file.stem]
    return found


def peers() -> dict[str, Callable[[np.ndarray], list[int]]]:
    """Change points by ruptures, where it is installed: the whole series at once, penalty 3 ln n."""
    try:
        import ruptures
    except ImportError:
        return {}

    def by(kind: Any) -> Callable[[np.ndarray], list[int]]:
        def found(values: np.ndarray) -> list[int]:
            y = pd.Series(values).interpolate(limit_direction="both").to_numpy()
            y = (y - y.mean()) / (y.std() or 1.0)
            return kind(model="l2", min_size=2, jump=1).fit(y).predict(pen=3 * np.log(len(y)))[:-1]

        return found

    return {"PELT": by(ruptures.Pelt), "binary segmentation": by(ruptures.Binseg)}


def carried(rng: np.random.Generator, series: int, points: int, by: float) -> np.ndarray:
    """Series of noise with standard deviation 1 that carries over."""
    noise = rng.normal(size=(series, points + 30))
    for at in range(1, points + 30):
        noise[:, at] = by * noise[:, at - 1] + np.sqrt(1 - by**2) * noise[:, at]
    return noise[:, 30:]


def false_alarms(rng: np.random.Generator, points: int, by: float, years: int) -> float:
    """Alerts opened a year over 48 series in which nothing changed, limits learned from so many points."""
    opened = 0
    for _ in range(years):
        y = carried(rng, SERIES, points + 12, by)
        held = np.zeros(SERIES, bool)
        for look in range(12):
            n = points + 1 + look
            now = shifts(y[:, :n], side=-1).chance <= chance_of(n)
            opened += int((now & ~held).sum())
            held = now
    return opened / years


def found_within(rng: np.random.Generator, points: int, shift: float, within: int, years: int) -> float:
    """The share of shifts found within so many points; one series in six shifts."""
    hits = []
    for _ in range(years):
        y = carried(rng, SERIES, points + within, 0.0)
        y[:8, points:] -= shift
        seen = np.zeros(8, bool)
        for look in range(within):
            n = points + 1 + look
            seen |= shifts(y[:, :n], side=-1).chance[:8] <= chance_of(n)
        hits.append(seen.mean())
    return float(np.mean(hits))


BOOKINGS = Metric(name="bookings", numerator="sum value")
WIN_RATE = Metric(name="win_rate", numerator="count", denominator="count")
CUTS = ("region", "team", "rep", "product", "segment", "source")


def company(rng: np.random.Generator) -> pd.DataFrame:
    """Two quarters of deals: 30 sellers in six teams and three regions, skewed amounts, uneven parts."""
    n = int(rng.integers(2200, 3000))
    seller = rng.choice(30, n, p=rng.dirichlet(np.full(30, 4.0)))
    return pd.DataFrame({
        "span": rng.integers(0, 2, n), "rep": seller, "team": seller // 5, "region": seller // 10,
        **{name: rng.choice(count, n, p=rng.dirichlet(np.full(count, 3.0)))
           for name, count in (("product", 7), ("segment", 5), ("source", 5))},
        "won": rng.random(n) < 0.5, "value": np.round(rng.lognormal(7, 0.9, n), 2),
    })  # fmt: skip


def sums_of(frame: pd.DataFrame, rate: bool) -> pd.DataFrame:
    """What `metrics.sums` gives of deals."""
    kept = frame if rate else frame[frame["won"]]
    top = kept["won"].astype(np.int64) if rate else (kept["value"] * 100).round().astype(np.int64)  # cents
    bottom = pd.Series(1 if rate else 0, index=kept.index)
    rows = kept.assign(top=top, bottom=bottom, squares=top**2, crossed=top * bottom, bottom_squares=bottom**2)
    names = ["top", "bottom", "squares", "crossed", "bottom_squares"]
    parts = [rows.groupby("span")[names].sum().reset_index().assign(cut="", part="")]
    for cut in CUTS:
        of = rows.groupby(["span", cut])[names].sum().reset_index()
        parts.append(of.assign(cut=cut, part=of[cut].astype(str)).drop(columns=cut))
    return pd.concat(parts, ignore_index=True)


def causes(rng: np.random.Generator, trials: int, rate: bool) -> tuple[float, float, int]:
    """The share of planted causes of at least half the change that are named first; the largest residual."""
    named, made, residual = 0, 0, 0.0
    metric = WIN_RATE if rate else BOOKINGS
    while made < trials:
        frame = company(rng)
        cut = str(rng.choice(CUTS))
        part = int(rng.integers(frame[cut].max() + 1))
        hit = (
            (frame[cut] == part)
            & (frame["span"] == 1)
            & frame["won"]
            & (rng.random(len(frame)) < rng.uniform(0.4, 0.9))
        )
        before = explained_sums(sums_of(frame, rate), metric)
        planted = frame.assign(won=frame["won"] & ~hit)
        why = explained_sums(sums_of(planted, rate), metric)
        assert before is not None
        assert why is not None
        residual = max(residual, abs(float(why.residual)))
        loss = before.after - why.after
        if not why.change < 0 or loss < -why.change / 2 or (frame[cut] == part).mean() < 0.08:
            continue  # less than half of the change, or a part too small to be half of any
        made += 1
        first = None if why.first is None else tuple(why.parts.loc[why.first, ["cut", "part"]])
        named += first == (cut, str(part))
    return named / trials, residual, trials


def main() -> None:
    parser = measure.parser(__doc__)
    parser.add_argument("--years", type=measure.count, default=60)
    parser.add_argument("--trials", type=measure.count, default=200)
    parser.add_argument("--seed", type=int, default=1)
    asked = measure.asked(parser, years=1, trials=2)
    small = asked.size == "smallest"  # proves that it runs; too small to judge by
    rng = np.random.default_rng(asked.seed)
    found: dict[str, Any] = {}
    failed = []

    def wanted(name: str, good: bool) -> None:
        if not good and not small:
            failed.append(name)

    if (SHARED / "spc_anchors").exists():
        anchors = json.loads((SHARED / "spc_anchors" / "arl_exact.json").read_text())
        found["run_lengths_off"] = run_lengths(anchors)
        wanted("run lengths", found["run_lengths_off"] <= 0.02)
    drawn = {
        name: simulated_run_length(rules, 1.0, rng) / average_run_length(rules, 1.0) - 1
        for name, rules in RULES.items()
    }
    found["drawn_run_lengths_off"] = max(map(abs, drawn.values()))
    wanted("drawn run lengths", found["drawn_run_lengths_off"] <= 0.02)
    print("run lengths:", found, flush=True)
    if (SHARED / "alerts_tcpd").exists():
        series = annotated()
        methods = {"ours": change_points, "no change": lambda _values: [], **peers()}
        for name, method in methods.items():
            places = {key: method(values) for key, (values, _) in series.items()}
            score = float(np.mean([f1(series[key][1], each) for key, each in places.items()]))
            found[f"f1 {name}"] = score
            print(
                f"change points, {name}: F1 {score:.3f}, {sum(map(len, places.values()))} changes", flush=True
            )
            if name == "ours":
                wanted("change points", score >= 0.72 and not places["quality_control_5"])
    for points in (12, 24, 36, 60, 84):
        for by in (0.0, 0.5):
            rate = false_alarms(rng, points, by, asked.years)
            found[f"false alarms a year, {points} points, carried {by}"] = rate
            error = float(np.sqrt(max(rate, 0.1) / asked.years))
            wanted(f"false alarms {points} {by}", rate <= 1 + 2 * error)
            print(
                f"{points} points, noise carried over {by}: {rate:.2f} false alarms a year over {SERIES} series",
                flush=True,
            )
        for shift, within in ((2.0, 5), (2.5, 3)):
            share = found_within(rng, points, shift, within, asked.years)
            found[f"{shift} sigma within {within}, {points} points"] = share
            print(f"  {shift} sigma within {within}: {share:.0%}", flush=True)
    wanted(
        "shifts", max(found["2.0 sigma within 5, 84 points"], found["2.5 sigma within 3, 84 points"]) >= 0.80
    )
    for rate_asked in (False, True):
        share, residual, count = causes(rng, asked.trials, rate_asked)
        name = "win rate" if rate_asked else "bookings"
        found[f"cause named first, {name}"], found[f"residual, {name}"] = share, residual
        print(
            f"planted causes of {name}: {share:.0%} of {count} named first, residual {residual}", flush=True
        )
        wanted(f"causes of {name}", share >= 0.90 and residual == 0)
    measure.finish(found, [f"{name} is beyond its limit" for name in failed])


if __name__ == "__main__":
    measure.run(main)
