"""A workbook's tables prepared once, for many processes that read them.

`prepare` writes the finished tables of an opened workbook into one DuckDB file, named by the data's
fingerprint; `reopen` gives the workbook back from it, reading and checking no source. The file holds
tables of plain rows, so each process attaches it read-only beside a connection of its own.
"""

from __future__ import annotations

import contextlib
import os
import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from salesops_nb.fingerprint import code
from salesops_nb.frames import Tables
from salesops_nb.source.engine import guarded
from salesops_nb.source.raw import literal, quoted
from salesops_nb.workbook import load_settings

if TYPE_CHECKING:
    from salesops_nb.source.opened import Workbook

VARIABLE = "SALESOPS_PREPARED"
_OTHERS = ("rejects", "spoiled")
_ADDRESSES = ("source", "store")
_FACTS = ("settings", "problems", "fingerprint", "data_through", "simulated", "stages", "set_aside", "fatal")


def prepare(workbook: Workbook, cache: Path) -> Path:
    """Write the workbook's tables to a DuckDB file in the cache, unless it is there already.

    Files of other fingerprints that nobody has read for a while are taken away.
    """
    cache.mkdir(parents=True, exist_ok=True)
    path = cache / f"{workbook.fingerprint}-{code()[:12]}-{duckdb.__version__}.duckdb"
    facts = path.with_suffix(".pickle")
    if not (path.exists() and facts.exists()):
        beside = cache / f".{workbook.fingerprint}.{os.getpid()}.duckdb"
        connection = workbook.connection.cursor()
        connection.execute(f"ATTACH {literal(str(beside))} AS prepared")
        for name in _names(connection, list(workbook.tables)):
            connection.execute(f"CREATE TABLE prepared.{quoted(name)} AS SELECT * FROM {quoted(name)}")
        connection.execute("DETACH prepared")
        connection.close()
        content = {name: getattr(workbook, name) for name in _FACTS} | {"tables": list(workbook.tables)}
        # addresses may hold a password: each job reads them from workbook.yml, and no second file holds them
        content["settings"] = workbook.settings.model_copy(update=dict.fromkeys(_ADDRESSES, ""))
        note = beside.with_suffix(".pickle")
        note.write_bytes(pickle.dumps(content))
        os.replace(note, facts)
        os.replace(beside, path)
    _keep_newest(cache, path)
    return path


def _names(connection: duckdb.DuckDBPyConnection, tables: Sequence[str]) -> list[str]:
    rows = connection.execute("SELECT table_name FROM information_schema.tables").fetchall()
    held = {row[0] for row in rows}
    return [*tables, *(name for name in _OTHERS if name in held)]


def _keep_newest(cache: Path, path: Path, count: int = 3) -> None:
    os.utime(path)
    files = sorted(cache.glob("*.duckdb"), key=lambda file: file.stat().st_mtime, reverse=True)
    for old in [file for file in files if not file.name.startswith(".")][count:]:
        for each in (old, old.with_suffix(".pickle")):
            with contextlib.suppress(OSError):
                each.unlink()


def reopen(folder: Path) -> Workbook | None:
    """The workbook of a folder from what `prepare` left, where SALESOPS_PREPARED names that folder and it.

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
    addresses = {name: getattr(now, name) for name in _ADDRESSES}
    facts["settings"] = facts["settings"].model_copy(update=addresses)
    return _attached(folder, path, facts)


def _attached(folder: Path, path: Path, facts: dict[str, Any]) -> Workbook:
    import narwhals as nw

    from salesops_nb.source.opened import Workbook

    threads = os.environ.get("SALESOPS_THREADS")
    connection = duckdb.connect(config={"threads": int(threads)} if threads else {})
    connection.execute("SET preserve_insertion_order = true")
    guarded(connection, folder, [path])
    connection.execute(f"ATTACH {literal(str(path))} AS prepared (READ_ONLY)")
    rows = connection.execute(
        "SELECT table_name FROM information_schema.tables WHERE table_catalog = 'prepared'"
    ).fetchall()
    for (name,) in rows:
        connection.execute(f"CREATE VIEW {quoted(name)} AS SELECT * FROM prepared.main.{quoted(name)}")
    names = facts.pop("tables")
    tables = {name: nw.from_native(connection.table(quoted(name))) for name in names}
    return Workbook(folder=folder, connection=connection, tables=Tables(tables, connection), **facts)
