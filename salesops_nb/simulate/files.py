"""The simulated tables as files: CSV that a person can read, Parquet where CSV would be large; a calendar."""

from __future__ import annotations

import csv
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from salesops_nb.simulate.crm import SEED, read_crm
from salesops_nb.simulate.demo import demo
from salesops_nb.simulate.people.diary import calendar

PARQUET = ("activities", "stage_history", "deal_changes", "logins", "book/assignments")


def write_demo(crm_folder: Path | str, folder: Path | str, seed: int = SEED) -> list[Path]:
    """Write every table of `demo` into the folder, as CSV or, where large, Parquet; returns the paths.

    The calendar of one rep comes last, as `calendar.ics`.

    Examples
    --------
    >>> import tempfile
    >>> from salesops_nb import simulate
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     names = [path.name for path in simulate.write_demo("data", folder)]
    >>> names[:3]
    ['deals_more.csv', 'stage_history.parquet', 'deal_changes.parquet']
    """
    out = Path(folder)
    out.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, table in demo(crm_folder, seed).items():
        path = out / f"{name}.{'parquet' if name in PARQUET else 'csv'}"
        path.parent.mkdir(exist_ok=True)  # a book lies in a folder of its own
        if name in PARQUET:
            pq.write_table(table, path, compression="zstd", compression_level=19)
        else:
            _write_csv(table, path)
        paths.append(path)
    path = out / "calendar.ics"
    path.write_bytes(calendar(read_crm(Path(crm_folder)), seed).encode())
    return [*paths, path]


def _write_csv(table: pa.Table, path: Path) -> None:
    """Plain comma-separated text; a gap is an empty cell, true and false in lower case."""
    columns = [pc.fill_null(pc.cast(table[name], pa.string()), "").to_pylist() for name in table.column_names]
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(table.column_names)
        writer.writerows(zip(*columns, strict=True))
