"""Any number of invented deals for benchmarks, written in chunks so that memory stays bounded.

A chunk has a random stream of its own, so a file depends on `n`, the seed and the sizes only, not
on the machine. People, products, accounts and targets come with the deals and match them.
"""

from __future__ import annotations

from contextlib import ExitStack
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from salesops_nb.errors import SalesopsError, problem
from salesops_nb.simulate.crm import stream
from salesops_nb.simulate.invented import around
from salesops_nb.simulate.invented.columns import SCHEMA, deals_table
from salesops_nb.simulate.invented.truth import is_whole
from salesops_nb.simulate.invented.world import count_won, draw, invent, month_number
from salesops_nb.simulate.invented.world_process import WorldProcess
from salesops_nb.simulate.process.calls import Leaning
from salesops_nb.simulate.process.planted import Process

MOST_PEOPLE = 1_000_000
CHUNK = 500_000  # part of the file's definition: another value makes other deals
ROW_GROUP = 125_000


def deals(
    n: int,
    seed: int,
    path: Path | str,
    *,
    people: int | None = None,
    accounts: int | None = None,
    products: int = 40,
    first: date = date(2015, 1, 1),
    last: date = date(2017, 12, 31),
    process: Process | None = None,
    leaning: Leaning | None = None,
) -> dict[str, Path]:
    """Write `n` deals and their people, products, accounts and targets as Parquet; the paths by table.

    Parameters
    ----------
    n, seed : number of deals, at least one; the same seed makes the same rows.
    path : the folder, made where it is missing.
    people, accounts, products : how many reps, accounts, products; by default a rep for each 1,500
        deals (10 to 5,000) and an account for each 20 (50 to 500,000).
    first, last : first and last day of the data; deals not closed by then are open.
    process : what is planted in the sales process; with it ``stage_history``, ``deal_changes`` and
        ``forecast_calls`` are written too, and reasons, sources, competitors and next steps follow it.
    leaning : whose forecast calls lean, and how far; for a process only.

    Raises `SalesopsError` where a number is below one, the days are the wrong way round, or the process
    names a region or an industry that there is not.

    Examples
    --------
    >>> import tempfile
    >>> import pandas as pd
    >>> from salesops_nb import simulate
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     paths = simulate.deals(100, seed=1, path=folder)
    ...     made = pd.read_parquet(paths["deals"])
    >>> sorted(paths), len(made)
    (['accounts', 'deals', 'people', 'products', 'targets'], 100)

    A company whose deals stay long in the demonstration, and are never pushed when they are won:

    >>> truth = simulate.Process(slow_stage="Demo", slow_in="East", slow=4.0, pushed_won=0.0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     paths = simulate.deals(100, seed=1, path=folder, process=truth)
    >>> sorted(set(paths) - {"accounts", "deals", "people", "products", "targets"})
    ['deal_changes', 'forecast_calls', 'stage_history']
    """
    _check(n, seed, people, accounts, products, first, last, process)
    reps = people if people is not None else min(max(n // 1500, 10), 5000)
    clients = accounts if accounts is not None else min(max(n // 20, 50), 500_000)
    folder = Path(path)
    folder.mkdir(parents=True, exist_ok=True)
    world = invent(seed, reps, clients, products, first, last)
    months = month_number(world.last) - month_number(world.first) + 1
    won = np.zeros(reps * months, dtype=np.int64)
    target = folder / "deals.parquet"
    with ExitStack() as stack:
        writer = stack.enter_context(
            pq.ParquetWriter(target, SCHEMA, compression="zstd", compression_level=1)
        )
        way = WorldProcess(folder, seed, world, process, leaning or Leaning(), stack) if process else None
        for start in range(0, n, CHUNK):
            columns = draw(world, start, min(CHUNK, n - start), stream(seed, "chunk", start))
            count_won(won, columns, world, months)
            if way:
                way.add(columns, start)
            writer.write_table(deals_table(columns), row_group_size=ROW_GROUP)
    made = around.tables(seed, world, won.reshape(reps, months))
    paths = {"deals": target} | (way.finish() if way else {})
    for name, batches in made.items():
        paths[name] = folder / f"{name}.parquet"
        pq.write_table(batches, paths[name], compression="zstd", compression_level=1)
    return paths


def _check(
    n: int,
    seed: int,
    people: int | None,
    accounts: int | None,
    products: int,
    first: date,
    last: date,
    process: Process | None,
) -> None:
    sizes = {"n": n, "people": people, "accounts": accounts, "products": products}
    given = {name: value for name, value in sizes.items() if value is not None or name in ("n", "products")}
    wrong = [f"{name} is {value}" for name, value in given.items() if not is_whole(value, 1)]
    if not is_whole(seed, 0):
        wrong.append(f"seed is {seed}")
    if process is not None and not isinstance(process, Process):
        wrong.append(f"process is {process!r}, no Process")
    elif process is not None:
        wrong += process.misplaced(around.REGIONS, around.INDUSTRIES)
    if is_whole(people, MOST_PEOPLE + 1):
        wrong.append(f"people is {people}, whose months do not fit into memory: at most {MOST_PEOPLE:,}")
    if not isinstance(first, date) or not isinstance(last, date):
        wrong.append(f"first and last are {first!r} and {last!r}, no dates")
    elif (last - first).days < 365:
        wrong.append(f"the days {first} to {last} are less than a year")
    if wrong:
        raise SalesopsError(problem("bad-simulation.sizes", value=wrong[0], wrong="; ".join(wrong)))
