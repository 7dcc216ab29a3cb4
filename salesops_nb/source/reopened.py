"""A prepared workbook read again: what `prepare` wrote, on a connection of this process.

The file holds tables of plain rows, so each process attaches it read-only beside a connection of its
own, and neither reads nor checks a source.
"""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

import duckdb

from salesops_nb.core.frames import Tables
from salesops_nb.source.engine import guarded
from salesops_nb.source.schema.raw import literal, quoted
from salesops_nb.workbook import load_settings

VARIABLE = "SALESOPS_PREPARED"
ADDRESSES = ("source", "store")  # settings that may hold a password: they are written to no second file


def reopened(folder: Path) -> dict[str, Any] | None:
    """The fields of a folder's `Workbook` as `prepare` wrote them, where SALESOPS_PREPARED names both.

    ``None`` where it does not: the workbook is then read from its source. The variable holds the
    folder and the file, as ``os.pathsep`` joins them; it is set for the jobs of one run, so that all of
    them see the data the run began with.
    """
    home, _, file = os.environ.get(VARIABLE, "").partition(os.pathsep)
    path = Path(file)
    if not file or Path(home) != folder or not path.exists():
        return None
    facts: dict[str, Any] = pickle.loads(path.with_suffix(".pickle").read_bytes())
    now = load_settings(folder)
    addresses = {name: getattr(now, name) for name in ADDRESSES}
    facts["settings"] = facts["settings"].model_copy(update=addresses)
    return {"folder": folder, **_attached(folder, path, facts)}


def _attached(folder: Path, path: Path, facts: dict[str, Any]) -> dict[str, Any]:
    import narwhals as nw

    threads = os.environ.get("SALESOPS_THREADS")
    connection = duckdb.connect(config={"threads": int(threads)} if threads else {})
    connection.execute(
        "SET preserve_insertion_order = true; CREATE SCHEMA raw"
    )  # of frames that are registered
    guarded(connection, folder, [path])
    connection.execute(f"ATTACH {literal(str(path))} AS prepared (READ_ONLY)")
    rows = connection.execute(
        "SELECT table_name FROM information_schema.tables WHERE table_catalog = 'prepared'"
    ).fetchall()
    for (name,) in rows:
        connection.execute(f"CREATE VIEW {quoted(name)} AS SELECT * FROM prepared.main.{quoted(name)}")
    names = facts.pop("tables")
    tables = {name: nw.from_native(connection.table(quoted(name))) for name in names}
    return {"connection": connection, "tables": Tables(tables, connection), **facts}
