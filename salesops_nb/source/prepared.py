"""A workbook's tables prepared once, for many processes that read them.

`prepare` writes the finished tables of an opened workbook into one DuckDB file, named by the data's
fingerprint; `reopened` reads it again.
"""

from __future__ import annotations

import contextlib
import os
import pickle
from collections.abc import Sequence
from pathlib import Path

import duckdb

from salesops_nb.core.fingerprint import code
from salesops_nb.source.opened import Workbook
from salesops_nb.source.reopened import ADDRESSES
from salesops_nb.source.schema.raw import literal, quoted

_OTHERS = ("rejects", "spoiled")
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
        # each job reads the addresses from workbook.yml
        content["settings"] = workbook.settings.model_copy(update=dict.fromkeys(ADDRESSES, ""))
        note = beside.with_suffix(".pickle")
        note.write_bytes(pickle.dumps(content))
        os.replace(note, facts)
        os.replace(beside, path)
    _keep_newest(cache, path)
    return path


def _names(connection: duckdb.DuckDBPyConnection, tables: Sequence[str]) -> list[str]:
    rows = connection.execute("SELECT table_name FROM information_schema.tables").fetchall()
    there = {row[0] for row in rows}
    return [*tables, *(name for name in _OTHERS if name in there)]


def _keep_newest(cache: Path, path: Path, count: int = 3) -> None:
    os.utime(path)
    files = sorted(cache.glob("*.duckdb"), key=lambda file: file.stat().st_mtime, reverse=True)
    for old in [file for file in files if not file.name.startswith(".")][count:]:
        for each in (old, old.with_suffix(".pickle")):
            with contextlib.suppress(OSError):
                each.unlink()
