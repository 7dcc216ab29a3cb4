"""When is a job unchanged? When everything that can change its report is what it was: its key.

The key is a hash of the notebook and its module, the package, the template, the workbook's settings (its
locale among them), the resolved period, as_of and every other parameter, the plans, the data's
fingerprint, the contents of the store's tables it reads, of a pay statement the ledger's lines and status,
and the versions that take part in the result.
"""

from __future__ import annotations

import hashlib
import json
import platform
from fnmatch import fnmatch
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import MetaData, select

from salesops_nb.batch.runs.pay import PayLedger
from salesops_nb.core.fingerprint import code, tree
from salesops_nb.version import __version__

if TYPE_CHECKING:
    from salesops_nb.batch.jobs.jobs import Job
    from salesops_nb.source.opened import Workbook

# Tables that runs themselves write: reading them back would make every job new every time. Of snapshots the
# table of days tells by its hashes what their rows hold.
WRITTEN_BY_RUNS = (
    "deal_snapshot_rows",
    "deliveries",
    "process_claims",
    "release_items",
    "releases",
    "runs",
    "run_*",
    "figures",
    "records",
    "recorded_*",
)
_LIBRARIES = (
    "duckdb",
    "ipykernel",
    "matplotlib",
    "narwhals",
    "nbconvert",
    "numpy",
    "pandas",
    "pyarrow",
    "scipy",
)
_SETTINGS = ("workbook.yml", "mapping.yml", "pay_calendar.yml")
_FOLDERS = ("plans", "templates")


def versions() -> dict[str, str]:
    """The versions that take part in a report: the package, Python and the libraries."""
    found = {"salesops_nb": __version__, "python": platform.python_version()}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


class Keys:
    """The keys of one run's jobs; what they share is read once."""

    def __init__(self, workbook: Workbook) -> None:
        self.workbook = workbook
        self._files: dict[Path, str] = {}
        self._pay = PayLedger(workbook.store)

    def key(self, job: Job, mark: str = "") -> str:
        """The key of a job; `mark` is what the cover says of the source's age."""
        parts: dict[str, Any] = {
            "job": job.id,
            "shared": self._shared,
            "notebook": self._file(self.workbook.folder / job.notebook),
            "module": self._file((self.workbook.folder / job.notebook).with_suffix(".py")),
            "parameters": {name: str(value) for name, value in sorted(job.parameters.items())},
            "title": job.title,
            "period": job.period,
            "as_of": job.as_of,
            "formats": sorted(job.formats),
            "store": self._store(job.reads),
            "mark": mark,
        }
        if job.payee is not None:
            # whatever the report says that it reads, an approval makes a statement new
            parts["statement"] = self._pay.now(job.period, job.payee)
        return hashlib.blake2b(json.dumps(parts, sort_keys=True).encode(), digest_size=16).hexdigest()

    @cached_property
    def _shared(self) -> dict[str, Any]:
        folder, settings = self.workbook.folder, self.workbook.settings
        single = [folder / name for name in (*_SETTINGS, settings.mapping, settings.strategy) if name]
        return {
            "package": code(),
            "workbook": {path.name: self._file(path) for path in single},
            "folders": {name: tree(folder / name) for name in _FOLDERS},
            "template": _template_digest(),
            "locale": settings.locale,
            "data": self.workbook.fingerprint,
            "versions": versions(),
        }

    def _file(self, path: Path) -> str:
        if path not in self._files:
            content = path.read_bytes() if path.is_file() else b""
            self._files[path] = hashlib.blake2b(content, digest_size=16).hexdigest()
        return self._files[path]

    def _store(self, reads: tuple[str, ...]) -> dict[str, str]:
        return {
            name: digest
            for name, digest in self._tables.items()
            if any(fnmatch(name, pattern) for pattern in reads)
        }

    @cached_property
    def _tables(self) -> dict[str, str]:
        return store_digests(self.workbook)


def store_digests(workbook: Workbook) -> dict[str, str]:
    """A hash of the rows of each of the store's tables that a report may read."""
    engine = workbook.store
    schema = MetaData()
    schema.reflect(engine)
    found = {}
    with engine.connect() as connection:
        for table in schema.sorted_tables:
            if any(fnmatch(table.name, pattern) for pattern in WRITTEN_BY_RUNS):
                continue
            total = 0
            count = 0
            for row in connection.execution_options(stream_results=True).execute(select(table)):
                # A sum of row hashes: the same whatever order the rows come in.
                text = json.dumps([str(value) for value in row]).encode()
                total += int.from_bytes(hashlib.blake2b(text, digest_size=16).digest(), "big")
                count += 1
            if count:
                found[table.name] = f"{count}:{total % (1 << 128):032x}"
    return found


def _template_digest() -> str:
    from salesops_nb.present.page.render import template_folder

    return tree(Path(template_folder()))
