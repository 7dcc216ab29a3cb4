"""Performance review figures on 8,800, 1 million and 10 million deals.

    python bench/performance.py [--deals 8800 1000000 10000000]

The plain aggregates (decided deals by rep, open pipeline by stage, bookings by day) stand beside the
same sums hand-written in DuckDB SQL and in pandas, each peer in a fresh process; the whole review is
timed beside them. Seconds exclude Python's start, include reading the Parquet files.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PERIOD, START, END = "2017-Q3", "2017-07-01", "2017-10-01"

SQL = """
WITH priced AS (
    SELECT d.*, CASE WHEN (amount IS NULL OR (outcome = 'lost' AND amount = 0)) AND outcome <> 'won'
        THEN coalesce(CAST(p.list_price * coalesce(d.quantity, 1) AS DECIMAL(38, 4)), amount, 0)
        ELSE amount END AS value
    FROM read_parquet('{data}/deals.parquet') d
    LEFT JOIN read_parquet('{data}/products.parquet') p USING (product_id)
)
"""
QUERIES = (
    f"SELECT owner_id, outcome, count(*), sum(value) FROM priced WHERE outcome <> 'open' "
    f"AND closed_on >= DATE '{START}' AND closed_on < DATE '{END}' GROUP BY ALL",
    "SELECT stage, count(*), sum(value) FROM priced WHERE outcome = 'open' GROUP BY ALL",
    "SELECT closed_on, sum(value) FROM priced WHERE outcome = 'won' GROUP BY ALL ORDER BY ALL",
)


def tables(data: Path) -> dict[str, object]:
    """Every Parquet file of the folder as a DuckDB relation."""
    import duckdb

    connection = duckdb.connect()
    return {file.stem: connection.read_parquet(str(file)) for file in data.glob("*.parquet")}


def run_review(data: Path) -> None:
    """The whole review."""
    from salesops_nb import performance

    print(performance.review(tables(data), PERIOD).company["bookings"], file=sys.stderr)


def run_ours(data: Path) -> None:
    """The plain aggregates, through the package."""
    from datetime import date

    from salesops_nb.facts import listed, placed_facts, spans
    from salesops_nb.performance import cube

    given, last = tables(data), date(2017, 12, 31)
    facts = placed_facts(listed(given), spans(given), last, last, "as they were")
    by_rep = cube.closed(facts, date.fromisoformat(START), date.fromisoformat(END))
    pipeline = cube.opened(facts, date(2017, 7, 1), date(2017, 10, 1), None)
    print(len(by_rep), len(pipeline), len(cube.daily_bookings(facts)), file=sys.stderr)


def run_sql(data: Path) -> None:
    """The same sums hand-written in SQL."""
    import duckdb

    connection = duckdb.connect()
    sizes = [len(connection.execute(SQL.format(data=data) + query).fetchall()) for query in QUERIES]
    print(*sizes, file=sys.stderr)


def run_pandas(data: Path) -> None:
    """The same sums in pandas."""
    import pandas as pd

    columns = ["owner_id", "outcome", "stage", "product_id", "amount", "quantity", "closed_on"]
    deals = pd.read_parquet(data / "deals.parquet", columns=columns, dtype_backend="pyarrow")
    products = pd.read_parquet(data / "products.parquet", dtype_backend="pyarrow")
    deals = deals.merge(products[["product_id", "list_price"]], on="product_id", how="left")
    wanting = deals["amount"].isna() | ((deals["outcome"] == "lost") & (deals["amount"] == 0))
    listed = deals["list_price"].astype("float64") * deals["quantity"].fillna(1).astype("float64")
    deals["value"] = deals["amount"].astype("float64").where(~wanting, listed)
    day = pd.to_datetime(deals["closed_on"])
    inside = deals[(deals["outcome"] != "open") & (day >= START) & (day < END)]
    by_rep = inside.groupby(["owner_id", "outcome"])["value"].agg(["size", "sum"])
    pipeline = deals[deals["outcome"] == "open"].groupby("stage")["value"].agg(["size", "sum"])
    daily = deals[deals["outcome"] == "won"].groupby("closed_on")["value"].sum()
    print(len(by_rep), len(pipeline), len(daily), file=sys.stderr)


PEERS = {"review": run_review, "ours": run_ours, "sql": run_sql, "pandas": run_pandas}


def peer(name: str, data: Path) -> None:
    """In a fresh process: run one peer, print its seconds and the process's peak memory."""
    import duckdb  # noqa: F401  # imports are timed apart
    import pandas  # noqa: F401
    import pyarrow.parquet  # noqa: F401

    if name in ("review", "ours"):
        from salesops_nb import performance  # noqa: F401
    began = time.perf_counter()
    PEERS[name](data)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(json.dumps({"seconds": time.perf_counter() - began, "peak_gib": peak}))


def fresh(*arguments: str) -> dict[str, float]:
    """What a fresh process printed last."""
    done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def best(name: str, data: Path, times: int) -> dict[str, float]:
    """The quickest of several fresh processes, with the largest memory."""
    runs = [fresh(__file__, "--peer", name, "--data", str(data)) for _ in range(times)]
    return {"seconds": min(r["seconds"] for r in runs), "peak_gib": max(r["peak_gib"] for r in runs)}


def import_seconds() -> float:
    """Seconds that `import salesops_nb` takes in a fresh process."""
    code = "import time; t = time.perf_counter(); import salesops_nb; print(time.perf_counter() - t)"
    return min(fresh("-c", code) for _ in range(5))  # type: ignore[type-var, return-value]


def main() -> None:
    """Run every peer and print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--deals", nargs="+", type=int, default=[8_800, 1_000_000, 10_000_000])
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--peer", choices=PEERS)
    parser.add_argument("--data", type=Path)
    asked = parser.parse_args()
    if asked.peer:
        peer(asked.peer, asked.data)
        return
    from salesops_nb import simulate

    found: dict[int, dict[str, dict[str, float]]] = {}
    print(f"{'deals':>12} {'peer':<8} {'seconds':>9} {'to ours':>8} {'GiB':>6}")
    with tempfile.TemporaryDirectory() as folder:
        for n in asked.deals:
            data = Path(folder) / str(n)
            simulate.deals(n, 1, data)
            found[n] = {name: best(name, data, asked.times) for name in PEERS}
            for name, result in found[n].items():
                ratio = result["seconds"] / found[n]["ours"]["seconds"]
                print(
                    f"{n:>12,} {name:<8} {result['seconds']:>9.3f} {ratio:>8.2f} {result['peak_gib']:>6.2f}"
                )
    largest = found[max(found)]
    ours = largest["ours"]["seconds"]
    million = found.get(1_000_000, largest)["review"]["seconds"]
    print(
        json.dumps(
            {
                "vs_sql": round(ours / largest["sql"]["seconds"], 3),
                "vs_pandas": round(ours / largest["pandas"]["seconds"], 3),
                "growth_1m_10m": round(largest["review"]["seconds"] / million, 3),
                "peak_gib": round(largest["review"]["peak_gib"], 3),
                "import_s": round(import_seconds(), 4),
            }
        )
    )


if __name__ == "__main__":
    main()
