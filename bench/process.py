"""The process review: whether its claims are true, its intervals hold, and ten million rows are read in time.

    python bench/process.py                    # calibration of 2,000 companies with nothing planted, and the rest
    python bench/process.py --part speed       # ten million rows of stages, from Parquet to the bottleneck
    python bench/process.py --part claims --runs 500

Companies are drawn: six teams, five stages, deals of several types, sizes and sources that convert differently,
a month of the quarter that does too, and a tenth of the deals still open. With nothing planted, teams differ by
chance alone: `false_claims` is the share of companies in which anything is claimed, `null_lift` the mean of the
largest lift (a share of the bookings), `best_quartile` what the usual method promises of the same companies.
Planted, one stage of one team converts at 0.7 of the others' rate: `found_*` is how often it is ranked first,
`claimed_*` how often it is claimed, at so many deals a team. `*_sellers` are the same where the ten sellers of
a team differ on their own. `moved_by_chance` and `mended_found`: of what
is claimed, how often it is said to have moved a year later. `exponential_*`: medians of stays of which 40 % are
censored. Peers: pm4py is AGPL and stays out.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import measure
import numpy as np
import pandas as pd

from salesops_nb.core import statistics
from salesops_nb.process import bottleneck
from salesops_nb.process.again import verdict
from salesops_nb.process.gaps import Entries, conversion_gaps, waiting_gaps
from salesops_nb.process.window import ENOUGH, state_of

TEAMS, STAGES, SELLERS = 6, 5, 10  # sellers of a team
DIFFER = 0.3  # sellers, by this standard deviation of log odds of going on and of the logarithm of a stay
GOES = np.array([0.75, 0.72, 0.68, 0.66, 0.70])
STAYS = np.array([8.0, 12.0, 14.0, 10.0, 9.0])
MONTHS = np.array([-0.3, 0.0, 0.4])  # of the quarter, on the logistic scale
TYPES, SIZES, SOURCES = (
    np.array([-0.2, 0.0, 0.2]),
    np.array([0.1, 0.0, -0.1]),
    np.array([0.0, 0.3, 0.1, -0.3, 0.0]),
)
DAYS, WATCHED = 365, 380  # in which deals come; after which the rest is open
NAMES, OF_TEAM = tuple(f"S{n}" for n in range(STAGES)), tuple(f"T{n}" for n in range(TEAMS))


def company(
    deals: int,
    rng: np.random.Generator,
    weak: tuple[int, int] | None = None,
    sellers: np.ndarray | None = None,
) -> dict[str, np.ndarray]:
    """The entries into stages of a drawn company; `weak` is the stage and team that converts at 0.7.

    `sellers` is by how much each differs, in all stages: log odds and the logarithm of stays; alike without.
    """
    size = deals * TEAMS
    team = np.repeat(np.arange(TEAMS), deals)
    kind, band, source = (rng.integers(0, n, size) for n in (3, 3, 5))
    seller = team * SELLERS + rng.integers(0, SELLERS, size)
    skill, pace = differing(rng, 0.0) if sellers is None else sellers
    better = TYPES[kind] + SIZES[band] + SOURCES[source] + skill[seller]
    at, alive, parts = rng.uniform(0, DAYS, size), np.arange(size), []
    for stage in range(STAGES):
        stay = rng.weibull(1.1, len(alive)) * STAYS[stage] * np.exp(pace[seller[alive]])
        end = at[alive] + stay
        month = (np.minimum(end, WATCHED) // 30.44).astype(int) % 3
        odds = np.log(GOES[stage] / (1 - GOES[stage])) + better[alive] + MONTHS[month]
        chance = 1 / (1 + np.exp(-odds))
        if weak is not None and weak[0] == stage:
            chance = np.where(team[alive] == weak[1], 0.7 * chance, chance)
        over = end <= WATCHED
        onward = over & (rng.random(len(alive)) < chance)
        parts.append({
            "deal": alive, "stage": np.full(len(alive), stage), "team": team[alive], "seller": seller[alive], "over": over, "onward": onward,
            "mix": ((kind * 3 + band) * 5 + source)[alive], "month": month,
            "days": np.where(over, stay, WATCHED - at[alive]),
        })  # fmt: skip
        at[alive] = end
        alive = alive[onward]
    made = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    amount = rng.lognormal(8, 0.8, size) * np.array([0.4, 1.0, 2.5])[band]
    made["booked"] = np.bincount(team[alive], amount[alive], TEAMS)
    return made


def differing(rng: np.random.Generator, by: float) -> np.ndarray:
    """Sellers who differ by a standard deviation, as `company` takes them."""
    return rng.normal(0, by, (2, TEAMS * SELLERS))


def compared(made: dict[str, np.ndarray]) -> tuple[Entries, Entries]:
    """Its entries, as conversion and as time are compared."""
    names = ("stage", "team", "seller", "mix", "days", "over", "onward")
    of = Entries(*(made[name] for name in names), (STAGES, TEAMS, 45))
    return of.within(made["mix"] * 3 + made["month"], 135), of


def judged(made: dict[str, np.ndarray], rng: np.random.Generator) -> pd.DataFrame:
    """What the process review finds in it."""
    shape = (STAGES, TEAMS)
    monthly, of = compared(made)
    booked = np.broadcast_to(made["booked"] / 4, shape)
    free = np.full(shape, np.inf)
    medians = np.empty((2, *shape))
    for stage in range(STAGES):
        here = made["stage"] == stage
        for team in range(TEAMS):
            own = made["team"] == team
            for at, which in enumerate((here & own, here & ~own)):
                found = statistics.survival_quantile(made["days"][which], made["over"][which])
                medians[at, stage, team] = found.value
    rows = [
        bottleneck.conversion_rows(
            NAMES, OF_TEAM, conversion_gaps(monthly, rng), booked, free, np.full(shape, "")
        ),
        bottleneck.time_rows(NAMES, OF_TEAM, waiting_gaps(of), booked / 91.3, free, (medians[0], medians[1])),
    ]
    return bottleneck.judged(pd.concat(rows, ignore_index=True))


def best_quartile(made: dict[str, np.ndarray]) -> float:
    """What the usual method promises: the company's best stage at the best quartile of its teams."""
    cell = made["stage"] * TEAMS + made["team"]
    n, k = (
        np.bincount(cell, weights, STAGES * TEAMS).reshape(STAGES, TEAMS)
        for weights in (None, made["onward"])
    )
    rate = k / np.maximum(n, 1)
    gain = np.maximum(np.quantile(rate, 0.75, axis=1)[:, None] / rate - 1, 0)
    return float(((gain * made["booked"]).sum(axis=1) / made["booked"].sum()).max())


def claims(runs: int) -> dict[str, float]:
    """How often something is claimed where nothing is, and how often what is planted is."""
    found: dict[str, float] = {}
    for differ, of in ((0.0, ""), (DIFFER, "_sellers")):
        found |= {f"{name}{of}": value for name, value in _claims(runs, differ).items()}
    few = state_of(pd.Series([150] * TEAMS), 150 * TEAMS)
    found["too_little_at_150"] = float(few != "teams")
    return {name: round(float(value), 4) for name, value in found.items()}


def _claims(runs: int, differ: float) -> dict[str, float]:
    found: dict[str, float] = {}
    for deals, of in ((400, ""), (1000, "_1000")):
        rng = np.random.default_rng(22)
        rows = []
        for _ in range(runs if deals == ENOUGH else max(runs // 4, 1)):
            made = company(deals, rng, None, differing(rng, differ))
            table = judged(made, rng)
            top = float(table["money"].max() / (made["booked"].sum() / 4))
            rows.append((bool(table["claimed"].any()), top, best_quartile(made)))
        any_, top, usual = map(np.array, zip(*rows, strict=True))
        found |= {f"false_claims{of}": any_.mean(), f"null_lift{of}": top.mean(),
                  f"best_quartile{of}": usual.mean()}  # fmt: skip
    for deals in (400, 1000):
        rng = np.random.default_rng(deals)
        first, said = [], []
        for _ in range(max(runs // 4, 1)):
            weak = (int(rng.integers(STAGES)), int(rng.integers(TEAMS)))
            table = judged(company(deals, rng, weak, differing(rng, differ)), rng)
            mine = (table["kind"] == "conversion") & (table["stage"] == NAMES[weak[0]])
            mine &= table["team"] == OF_TEAM[weak[1]]
            first.append(bool(mine.iloc[0]))
            said.append(bool(table.loc[mine, "claimed"].any()))
        found |= {f"found_{deals}": np.mean(first), f"claimed_{deals}": np.mean(said)}
    return found


def again(runs: int) -> dict[str, float]:
    """How often a planted claim is said to have moved in the next year, where it did not and where it is mended."""
    rng, found = np.random.default_rng(7), {}
    for name, mended in (("moved_by_chance", False), ("mended_found", True)):
        said = []
        for _ in range(runs):
            weak, sellers = (int(rng.integers(STAGES)), int(rng.integers(TEAMS))), differing(rng, DIFFER)
            table = judged(company(500, rng, weak, sellers), rng)
            mine = (table["kind"] == "conversion") & (table["stage"] == NAMES[weak[0]]) & table["claimed"]
            then = table[mine & (table["team"] == OF_TEAM[weak[1]])]
            now = conversion_gaps(compared(company(500, rng, None if mended else weak, sellers))[0], rng)
            for claim in np.log1p(then[["behind", "behind_low", "behind_high"]].to_numpy(float)):
                said.append(verdict(claim, now.behind[weak], now.error[weak]))
        found[name] = np.mean([each == "closer" if mended else each != "as it was" for each in said])
    return {name: round(float(value), 4) for name, value in found.items()}


def medians(runs: int) -> dict[str, float]:
    """Medians of exponential stays of which 40 % are censored."""
    rng, true, found = np.random.default_rng(5), 10 * np.log(2), {}
    for stays in (400, 5000):
        rows = []
        for _ in range(runs):
            stay, seen = rng.exponential(10, stays), rng.exponential(15, stays)
            made = statistics.survival_quantile(np.minimum(stay, seen), stay <= seen)
            rows.append((made.value / true - 1, made.low <= true <= made.high))
        miss, inside = map(np.array, zip(*rows, strict=True))
        found |= {f"exponential_bias_{stays}": miss.mean(), f"exponential_within_5_{stays}": (abs(miss) < 0.05).mean(),
                  f"exponential_covered_{stays}": inside.mean()}  # fmt: skip
    return {name: round(float(value), 4) for name, value in found.items()}


def speed(rows: int) -> dict[str, float]:
    """So many rows of stages from Parquet to the bottleneck, in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        measure.fresh(__file__, {"make": rows, "folder": folder})
        done = measure.fresh(__file__, {"read": folder})
    return {"rows": done.answer["rows"], "seconds_10m": round(done.answer["seconds"], 2),
            "peak_gib": round(done.answer["peak_gib"], 2)}  # fmt: skip


def make(rows: int, folder: str) -> None:
    """Deals with about so many stages, as Parquet."""
    import duckdb

    con = duckdb.connect()
    con.execute(f"SET temp_directory = '{folder}'")
    con.execute(f"""CREATE TABLE d AS SELECT range AS i, 'D' || lpad(range::VARCHAR, 9, '0') AS deal_id,
        'P' || (hash(range) % 120) AS owner_id, hash(range * 7 + 1) % 1000 / 1000.0 AS luck,
        TIMESTAMP '2016-01-01' + to_seconds((hash(range * 3 + 2) % 63072000)::BIGINT) AS began
        FROM range({max(rows * 10 // 42, 100)})""")
    con.execute(f"""COPY (SELECT deal_id, owner_id, CASE WHEN luck < 0.36 THEN 'Won' ELSE 'Lost' END AS stage,
        CASE WHEN luck < 0.36 THEN 'won' ELSE 'lost' END AS outcome, (100 + hash(i) % 9000)::DECIMAL(18,2) AS amount,
        ['new', 'renewal', 'expansion'][1 + (hash(i * 5) % 3)::INTEGER] AS deal_type,
        ['web', 'event', 'partner'][1 + (hash(i * 11) % 3)::INTEGER] AS source, began::DATE AS created_on,
        (began + INTERVAL 70 DAY)::DATE AS closed_on FROM d) TO '{folder}/deals.parquet'""")
    con.execute(f"""COPY (SELECT deal_id, entered_at, stage, owner_id AS "by" FROM (
        SELECT deal_id, owner_id, luck, unnest([0, 1, 2, 3, 4]) AS step, began + to_seconds(step * 1000000 +
            (hash(i * 13 + step) % 800000)::BIGINT) AS entered_at,
            ['Qualify', 'Demo', 'Offer', 'Negotiation', CASE WHEN luck < 0.36 THEN 'Won' ELSE 'Lost' END][step + 1]
            AS stage FROM d, (SELECT 1)) WHERE luck < 0.6 OR step NOT IN (2, 3)) TO '{folder}/stage_history.parquet'""")
    pd.DataFrame({"person_id": [f"P{n}" for n in range(120)], "name": [f"N{n}" for n in range(120)],
                  "role": "rep", "team": [f"T{n % 6}" for n in range(120)]}).to_parquet(f"{folder}/people.parquet")  # fmt: skip
    measure.answer(made=rows)


def read(folder: str) -> None:
    """From Parquet to conversion, time in stage, ways and the bottleneck."""
    import duckdb

    from salesops_nb import process
    from salesops_nb.core.periods import FiscalCalendar

    began = time.perf_counter()
    con = duckdb.connect(config={"memory_limit": "600MB", "threads": 2, "temp_directory": folder})
    names = [path.stem for path in sorted(Path(folder).glob("*.parquet"))]
    history = process.read({name: con.read_parquet(f"{folder}/{name}.parquet") for name in names})
    calendar = FiscalCalendar()
    within = process.window(history, calendar.period("2017-Q4"))
    stints = process.stints(history)
    process.by_cohort(history, stints, calendar)
    everything = np.ones(len(history.passes), bool)
    process.time_in_stage(history, everything)
    process.flow(history, everything)
    process.commonest(history, np.ones(len(history.deals), bool))
    table = process.bottlenecks(history, stints, within)
    if table.empty:
        raise measure.Failed("no team was compared")
    measure.answer(rows=history.rows, seconds=time.perf_counter() - began)


_OF_CLAIMS = {"false_claims": (0, 0.07), "null_lift": (0, 0.03), "found_400": (0.8, 1), "claimed_400": (0.7, 1),
              "found_1000": (0.95, 1), "claimed_1000": (0.9, 1)}  # fmt: skip
LIMITS = {**_OF_CLAIMS, **{f"{name}_sellers": limits for name, limits in _OF_CLAIMS.items()},
          "exponential_bias_400": (-0.02, 0.02), "exponential_within_5_5000": (0.9, 1),
          "exponential_covered_400": (0.87, 0.93), "exponential_covered_5000": (0.87, 0.93),
          "too_little_at_150": (1, 1), "moved_by_chance": (0, 0.15), "mended_found": (0.9, 1),
          "seconds_10m": (0, 20), "peak_gib": (0, 2)}  # fmt: skip


def main() -> None:
    parser = measure.parser(__doc__)
    parser.add_argument("--part", choices=("all", "claims", "medians", "again", "speed"), default="all")
    parser.add_argument("--runs", type=measure.count, default=2_000, help="companies with nothing planted")
    parser.add_argument(
        "--rows", type=measure.count, default=10_000_000, help="rows of the history of stages"
    )
    asked = measure.asked(parser, runs=3, rows=20_000)
    if asked.task:
        return (
            make(asked.task["make"], asked.task["folder"])
            if "make" in asked.task
            else read(asked.task["read"])
        )
    found: dict[str, float] = {}
    parts = {"claims": lambda: claims(asked.runs), "medians": lambda: medians(asked.runs), "again": lambda: again(max(asked.runs // 4, 10)),
             "speed": lambda: speed(asked.rows)}  # fmt: skip
    for name, part in parts.items():
        if asked.part in ("all", name):
            found |= part()
    measure.judge(found, LIMITS, asked.size)
    return None


if __name__ == "__main__":
    measure.run(main)
