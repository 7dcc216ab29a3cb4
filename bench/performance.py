"""Performance review figures on 8,800, 1 million and 10 million deals, beside SQL and pandas.

    python bench/performance.py [--deals 8800 1000000 10000000] [--rounds 3]

The plain aggregates (decided deals by rep, open pipeline by stage, bookings by day) stand beside the
same sums hand-written in DuckDB SQL and in pandas, each peer in a fresh process, in turns; the whole
review is timed beside them. Seconds exclude Python's start and imports, include reading the Parquet
files. Every cell is compared: SQL must give the same decimals, pandas, which adds up floats, the same
to half a cent, and the review the same bookings; a difference ends the bench with exit code 1.

The last line is one JSON object: vs_sql and vs_pandas (our time ÷ theirs, with the 95 % interval of the
ratio from three rounds on) and peak_gib of the review at the largest size, growth (time of the review at
the largest size ÷ at the second largest), cells (how many were compared), import_s.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import measure

PERIOD, START, END = "2017-Q3", date(2017, 7, 1), date(2017, 10, 1)
CENT_HALVED = Decimal("0.005")
BY_REP, PIPELINE, DAILY, BOOKINGS = "decided by rep", "pipeline by stage", "bookings by day", "bookings"

SQL = """
WITH priced AS (
    SELECT d.*, CASE WHEN (amount IS NULL OR (outcome = 'lost' AND amount = 0)) AND outcome <> 'won'
        THEN coalesce(CAST(p.list_price * coalesce(d.quantity, 1) AS DECIMAL(18, 4)), amount, 0)
        ELSE coalesce(amount, 0) END AS value
    FROM read_parquet('{data}/deals.parquet') d
    LEFT JOIN read_parquet('{data}/products.parquet') p USING (product_id)
)
"""
QUERIES = {
    BY_REP: f"SELECT owner_id, outcome, count(*), sum(value) FROM priced WHERE outcome <> 'open' "
    f"AND closed_on >= DATE '{START}' AND closed_on < DATE '{END}' GROUP BY ALL",
    PIPELINE: "SELECT stage, count(*), sum(value) FROM priced WHERE outcome = 'open' GROUP BY ALL",
    DAILY: "SELECT closed_on, sum(value) FROM priced WHERE outcome = 'won' GROUP BY ALL ORDER BY ALL",
}
Rows = dict[str, list[tuple[Any, ...]]]  # by aggregate: what it is cut by, deals (not by day), value


def tables(data: Path) -> dict[str, object]:
    """Every Parquet file of the folder as a DuckDB relation."""
    import duckdb

    connection = duckdb.connect()
    return {file.stem: connection.read_parquet(str(file)) for file in data.glob("*.parquet")}


def run_review(data: Path) -> Callable[[], Rows]:
    """The whole review."""
    from salesops_nb import performance

    company = performance.review(tables(data), PERIOD).company
    return lambda: {BOOKINGS: [(company["bookings"],)]}


def run_ours(data: Path) -> Callable[[], Rows]:
    """The plain aggregates, through the package."""
    from salesops_nb.facts import listed, placed_facts, spans
    from salesops_nb.performance import cube

    given, last = tables(data), date(2017, 12, 31)
    facts = placed_facts(listed(given), spans(given), last, last, "as they were")
    by_rep = cube.closed(facts, (START, END))[0]["owner_id"]
    pipeline = cube.opened(facts, START, END, None)["stage"]
    daily = cube.daily_bookings(facts)[["closed_on", "value"]]

    def rows() -> Rows:
        stages = pipeline.groupby("stage")[["deals", "value"]].sum().reset_index()  # due and not due
        return {
            BY_REP: list(by_rep[["owner_id", "outcome", "deals", "value"]].itertuples(index=False)),
            PIPELINE: list(stages.itertuples(index=False)),
            DAILY: list(daily.itertuples(index=False)),
        }

    return rows


def run_sql(data: Path) -> Callable[[], Rows]:
    """The same sums hand-written in SQL."""
    import duckdb

    connection = duckdb.connect()
    found = {
        name: connection.execute(SQL.format(data=data) + query).fetchall() for name, query in QUERIES.items()
    }
    return lambda: found


def run_pandas(data: Path) -> Callable[[], Rows]:
    """The same sums in pandas."""
    import pandas as pd

    columns = ["owner_id", "outcome", "stage", "product_id", "amount", "quantity", "closed_on"]
    deals = pd.read_parquet(data / "deals.parquet", columns=columns, dtype_backend="pyarrow")
    products = pd.read_parquet(data / "products.parquet", dtype_backend="pyarrow")
    deals = deals.merge(products[["product_id", "list_price"]], on="product_id", how="left")
    wanting = deals["amount"].isna() | ((deals["outcome"] == "lost") & (deals["amount"] == 0))
    listed = deals["list_price"].astype("float64") * deals["quantity"].fillna(1).astype("float64")
    amount = deals["amount"].astype("float64")
    priced = wanting & (deals["outcome"] != "won") & listed.notna()
    deals["value"] = amount.where(~priced, listed).fillna(0)
    day = pd.to_datetime(deals["closed_on"])
    inside = deals[(deals["outcome"] != "open") & (day >= str(START)) & (day < str(END))]
    by_rep = inside.groupby(["owner_id", "outcome"])["value"].agg(["size", "sum"])
    # as a category: of Arrow's dictionaries pandas also lists the stages that no deal is in
    still = deals[deals["outcome"] == "open"].astype({"stage": "category"})
    pipeline = still.groupby("stage", observed=True)["value"].agg(["size", "sum"])
    daily = deals[deals["outcome"] == "won"].groupby("closed_on")["value"].sum()
    frames = {BY_REP: by_rep, PIPELINE: pipeline, DAILY: daily}
    return lambda: {name: list(frame.reset_index().itertuples(index=False)) for name, frame in frames.items()}


PEERS = {"review": run_review, "ours": run_ours, "sql": run_sql, "pandas": run_pandas}


def part(peer: str, data: str) -> None:
    """In a fresh process: run one peer; its seconds and its cells."""
    import duckdb  # noqa: F401  # imports are timed apart
    import pandas  # noqa: F401
    import pyarrow.parquet  # noqa: F401

    if peer in ("review", "ours"):
        from salesops_nb import performance  # noqa: F401
    began = time.perf_counter()
    rows = PEERS[peer](Path(data))
    seconds = time.perf_counter() - began
    measure.answer(seconds=seconds, cells=cells(rows()))


def cells(rows: Rows) -> dict[str, str]:
    """Every number by its aggregate, what it is cut by and its column; the whole bookings beside them."""
    found: dict[str, str] = {}
    bookings = Decimal(0)
    for name, each in rows.items():
        for row in each:
            *cut, value = row
            if name in (BY_REP, PIPELINE):
                deals = cut.pop()
                found[", ".join(map(str, (name, *cut, "deals")))] = str(deals)
            found[", ".join(map(str, (name, *cut)))] = str(value)
            if name == BY_REP and cut[-1] == "won":
                bookings += Decimal(str(value))
    return found if BOOKINGS in found else {**found, BOOKINGS: str(bookings)}


def compared(
    reference: Mapping[str, str], other: Mapping[str, str], peer: str, tolerance: Decimal
) -> list[str]:
    """A sentence for every cell that differs by more than the tolerance, or that only one of them has."""
    wrong = []
    for name in sorted({*reference, *other}):
        a, b = reference.get(name), other.get(name)
        # floats of millions of deals carry some fifteen digits
        room = tolerance * (1 + abs(Decimal(a or 0)) * Decimal("1e-9"))
        if a is None or b is None or abs(Decimal(a) - Decimal(b)) > room:
            wrong.append(f"{name}: SQL gives {a or 'nothing'}, {peer} {b or 'nothing'}")
    return wrong


def check(found: Mapping[str, Mapping[str, str]]) -> int:
    """Compare the cells of all peers with those of SQL; how many there are."""
    sql = found["sql"]
    if not sql:
        raise measure.Failed("SQL found no deal to sum: nothing is compared")
    whole = {BOOKINGS: sql[BOOKINGS]}
    wrong = compared(sql, found["ours"], "the package", Decimal(0))
    wrong += compared(whole, found["review"], "the review", Decimal(0))
    wrong += compared(sql, found["pandas"], "pandas", CENT_HALVED)
    if wrong:
        raise measure.Failed("\n".join([f"{len(wrong)} cells differ:", *wrong[:10]]))
    return len(sql)


def import_seconds() -> float:
    """Seconds that `import salesops_nb` takes in a fresh process."""
    code = "import time; t = time.perf_counter(); import salesops_nb; print(time.perf_counter() - t)"
    command = [sys.executable, "-c", code]
    return min(float(subprocess.run(command, capture_output=True, check=True).stdout) for _ in range(5))


def main() -> None:
    """Run every peer and print the ratios."""
    words = measure.parser(__doc__)
    words.add_argument("--deals", nargs="+", type=measure.count, default=[8_800, 1_000_000, 10_000_000])
    words.add_argument("--rounds", type=measure.count, default=3)
    words.add_argument(
        "--data", type=Path, help="a folder of deals.parquet and the other tables, instead of made deals"
    )
    asked = measure.asked(words, deals=[2_000], rounds=1)
    if asked.task:
        part(**asked.task)
        return
    if asked.data and not (asked.data / "deals.parquet").exists():
        raise measure.Failed(f"--data: there is no deals.parquet in {asked.data}")
    from salesops_nb import simulate

    result: dict[str, Any] = {}
    reviews: list[float] = []
    print(f"{'deals':>12} {'peer':<8} {'seconds':>9} {'GiB':>6}  ours ÷ peer")
    with tempfile.TemporaryDirectory() as folder:
        for n in [0] if asked.data else sorted(asked.deals):
            data = asked.data or Path(folder) / str(n)
            if not asked.data:
                simulate.deals(n, 1, data)
            runs = measure.in_turns({name: partial(one, name, data) for name in PEERS}, asked.rounds)
            result["cells"] = check({name: each[-1]["cells"] for name, each in runs.items()})
            seconds = {name: [each["seconds"] for each in every] for name, every in runs.items()}
            reviews.append(statistics.median(seconds["review"]))
            for name in PEERS:
                beside = measure.ratio(seconds["ours"], seconds[name])
                peak = max(each["peak_gib"] for each in runs[name])
                result |= beside.named(f"vs_{name}") if name in ("sql", "pandas") else {}
                result |= {"peak_gib": round(peak, 3)} if name == "review" else {}
                print(
                    f"{n or data.name!s:>12} {name:<8} {statistics.median(seconds[name]):>9.3f} {peak:>6.2f}  {beside}"
                )
    if len(reviews) > 1:
        result["growth"] = round(reviews[-1] / reviews[-2], 3)
    measure.finish({**result, "import_s": round(import_seconds(), 4)})


def one(peer: str, data: Path) -> dict[str, Any]:
    """A peer's answer from a process of its own."""
    return measure.fresh(__file__, {"peer": peer, "data": str(data)}).answer


if __name__ == "__main__":
    measure.run(main)
