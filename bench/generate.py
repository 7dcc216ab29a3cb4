"""Make N deals with their people, products, accounts and targets: seconds and peak memory, beside a copy.

    python bench/generate.py [--deals 10000000] [--process] [--seed 1] [--out FOLDER]

The peer copies the same files with DuckDB, row by row into Parquet: what writing alone takes. The files are
then read: as many deals as asked, each with an id of its own, an owner, an account and a product of the other
tables, or the bench ends with exit code 1. With `--process` the stages, changes and forecast calls of the deals
are made too, some 4.3 stages a deal: each deal has stages, one of which has no end, and none ends before it
began. Without `--out` the files go to a temporary folder and are removed.

The last line is one JSON object: deals, stages, changes, seconds, peak_gib, vs_copy (our time ÷ the copy's).
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import measure

LINKS = (("owner_id", "people", "person_id"), ("account_id", "accounts", "account_id"),
         ("product_id", "products", "product_id"))  # fmt: skip


def make(folder: str, deals: int, seed: int, process: bool) -> None:
    """In a fresh process: make the files."""
    from salesops_nb.simulate.invented.deals import deals as made
    from salesops_nb.simulate.process.planted import Process

    began = time.perf_counter()
    made(deals, seed, folder, process=Process() if process else None)
    measure.answer(seconds=time.perf_counter() - began)


def copied(folder: Path) -> float:
    """Seconds to read the files and write them again."""
    import duckdb

    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as copies:
        for path in folder.glob("*.parquet"):
            duckdb.sql(f"COPY (FROM '{path}') TO '{copies}/{path.name}' (FORMAT parquet, COMPRESSION zstd)")
    return time.perf_counter() - began


def number(sql: str) -> int:
    """The one number that a query gives."""
    import duckdb

    return int(duckdb.sql(sql).fetchall()[0][0])


def rows(folder: Path, table: str) -> int:
    """The rows of a table, none where it was not made."""
    path = folder / f"{table}.parquet"
    return number(f"SELECT count(*) FROM '{path}'") if path.exists() else 0


def wrong(folder: Path, deals: int) -> list[str]:
    """What is not as it must be in the files."""
    file = f"'{folder / 'deals.parquet'}'"
    counts = {
        "deals": f"SELECT count(*) FROM {file}",
        "deals with an id of their own": f"SELECT count(DISTINCT deal_id) FROM {file}",
    }
    for key, table, name in LINKS:
        known = f"(SELECT {name} FROM '{folder / table}.parquet')"
        counts[f"deals with a known {key}"] = f"SELECT count(*) FROM {file} WHERE {key} IN {known}"
    if rows(folder, "stage_history"):
        history = f"'{folder / 'stage_history.parquet'}'"
        counts["deals with stages"] = f"SELECT count(DISTINCT deal_id) FROM {history}"
        counts["deals with one stage that has no end"] = (
            f"SELECT count(*) FROM {history} WHERE left_at IS NULL"
        )
        counts["deals without stages that end as they begin"] = (
            f"SELECT {deals} - count(*) FROM {history} WHERE left_at <= entered_at"
        )
    found = {words: number(sql) for words, sql in counts.items()}
    return [
        f"{deals:,} deals were asked for, the files have {there:,} {words}"
        for words, there in found.items()
        if there != deals
    ]


def main() -> None:
    words = measure.parser(__doc__)
    words.add_argument("--deals", type=measure.count, default=10_000_000)
    words.add_argument("--process", action="store_true", help="with stages, changes and forecast calls")
    words.add_argument("--seed", type=int, default=1)
    words.add_argument("--out", type=Path)
    asked = measure.asked(words, deals=1_000)
    if asked.task:
        make(**asked.task)
        return
    with tempfile.TemporaryDirectory() as scratch:
        folder = asked.out or Path(scratch)
        task = {"folder": str(folder), "deals": asked.deals, "seed": asked.seed, "process": asked.process}
        found = measure.fresh(__file__, task).answer
        for path in sorted(folder.glob("*.parquet")):
            print(f"{path.stem:<14} {path.stat().st_size / 2**20:>8.1f} MiB")
        copy, faults = copied(folder), wrong(folder, asked.deals)
        stages, changes = rows(folder, "stage_history"), rows(folder, "deal_changes")
    seconds, peak = found["seconds"], found["peak_gib"]
    print(f"{asked.deals:,} deals in {seconds:.1f} s, peak memory {peak:.2f} GiB")
    if asked.process:
        print(f"with {stages:,} stages and {changes:,} changes of them")
    print(f"time ÷ a copy's {copy:.1f} s: {seconds / copy:.2f}")
    measure.finish(
        {
            "deals": asked.deals,
            "stages": stages,
            "changes": changes,
            "seconds": round(seconds, 2),
            "peak_gib": round(peak, 3),
            "vs_copy": round(seconds / copy, 3),
        },
        faults,
    )


if __name__ == "__main__":
    measure.run(main)
