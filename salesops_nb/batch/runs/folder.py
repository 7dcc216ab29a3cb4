"""A run's folder: complete, or marked incomplete; never another run's.

```
reports/0007/            one run; numbers go up, and no two runs get the same
    run.json             parameters, status, timings, versions, fingerprint, outputs and hashes
    COPYING              there while released files are copied to where their report says
    INCOMPLETE           there until the last job has its record and the index is written
    index.html
    <report>/<who>.html  outputs, moved in whole
    .records/<id>.json   a job's record, written after its outputs are in place
    .stage/…             where jobs write
    .lock                held by the process that runs it
```
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from salesops_nb.errors import SalesopsError, problem

Record = dict[str, Any]
MARK = "INCOMPLETE"
COPYING = "COPYING"
NOT_POSSIBLE = "not possible"  # the status of a report for which the workbook lacks something


def write_whole(path: Path, text: str) -> None:
    """Write a file beside its place and move it in, so that no half of it is ever read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, beside = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(beside, 0o644)
        os.replace(beside, path)
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise


def file_hash(path: Path) -> str:
    """SHA-256 of a file, as hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class RunFolder:
    """The folder of one run, held by this process until `close`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock: TextIO | None = None

    @classmethod
    def create(cls, base: Path) -> RunFolder:
        """A new folder under the next free number, locked and marked incomplete."""
        base.mkdir(parents=True, exist_ok=True)
        number = max((int(path.name) for path in base.iterdir() if path.name.isdigit()), default=0)
        while True:
            number += 1
            with contextlib.suppress(FileExistsError):
                (base / f"{number:04d}").mkdir()
                break
        run = cls(base / f"{number:04d}")
        run.lock()
        (run.path / MARK).write_text("This run is not complete. Go on with: salesops run --resume\n")
        return run

    @property
    def name(self) -> str:
        """The run's number, such as ``0007``."""
        return self.path.name

    @property
    def complete(self) -> bool:
        """Whether the run came to its end."""
        return not (self.path / MARK).exists() and (self.path / "run.json").exists()

    @property
    def locked(self) -> bool:
        """Whether this process holds the folder."""
        return self._lock is not None

    def lock(self) -> None:
        """Hold the folder; raises `SalesopsError` where another process does."""
        self._lock = (self.path / ".lock").open("a+")
        if not _try_lock(self._lock):
            self._lock.close()
            self._lock = None
            raise SalesopsError(problem("run-busy", value=self.name))

    def stage(self, name: str) -> Path:
        """An empty folder in which a job writes."""
        path = self.path / ".stage" / name
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir(parents=True)
        return path

    def move_in(self, stage: Path, outputs: dict[str, str], place: str) -> dict[str, Record]:
        """Move a job's outputs from its stage to their places; format → path, hash and size."""
        found = {}
        for form, name in outputs.items():
            target = self.path / Path(place).parent / name
            target.parent.mkdir(parents=True, exist_ok=True)
            found[form] = self.described(stage / name, target)
            os.replace(stage / name, target)
        shutil.rmtree(stage, ignore_errors=True)
        return found

    def described(self, file: Path, target: Path) -> Record:
        """What run.json says of a file."""
        relative = target.relative_to(self.path).as_posix()
        return {"path": relative, "sha256": file_hash(file), "bytes": file.stat().st_size}

    def adopt(self, other: RunFolder, outputs: dict[str, Record]) -> None:
        """Take over another run's outputs, as they are."""
        for output in outputs.values():
            target = self.path / output["path"]
            target.parent.mkdir(parents=True, exist_ok=True)
            beside = target.with_name(f".{target.name}.new")
            beside.unlink(missing_ok=True)
            try:
                os.link(other.path / output["path"], beside)
            except OSError:
                shutil.copyfile(other.path / output["path"], beside)
            os.replace(beside, target)

    def holds(self, outputs: dict[str, Record]) -> bool:
        """Whether the outputs are all there and as they were written."""
        return bool(outputs) and all(
            (self.path / each["path"]).is_file() and file_hash(self.path / each["path"]) == each["sha256"]
            for each in outputs.values()
        )

    def record(self, job: str, record: Record) -> None:
        """Write a job's record, after its outputs are in place."""
        write_whole(self.path / ".records" / f"{job.replace('/', '--')}.json", json.dumps(record))

    def records(self) -> dict[str, Record]:
        """The jobs that have a record, from run.json or, while the run goes on, one by one."""
        told = self.told()
        found = {record["id"]: record for record in told.get("jobs", [])}
        for path in (self.path / ".records").glob("[!.]*.json"):
            with contextlib.suppress(ValueError, OSError):
                record = json.loads(path.read_text(encoding="utf-8"))
                found[record["id"]] = record
        return found

    def told(self) -> Record:
        """The contents of run.json, empty where there is none."""
        try:
            content: Record = json.loads((self.path / "run.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return content

    def tell(self, content: Record) -> None:
        """Write run.json."""
        write_whole(self.path / "run.json", json.dumps(content, indent=1, ensure_ascii=False) + "\n")

    def finish(self) -> None:
        """Take the mark off: the run is complete."""
        for name in (".stage", ".records"):
            shutil.rmtree(self.path / name, ignore_errors=True)
        (self.path / MARK).unlink(missing_ok=True)

    def reopen(self) -> None:
        """Put the mark back: the run is worked on again."""
        (self.path / MARK).write_text("This run is not complete. Go on with: salesops run --resume\n")

    @contextlib.contextmanager
    def copying(self) -> Iterator[None]:
        """Marked while released files are copied: the mark stays where that was cut short."""
        mark = self.path / COPYING
        mark.write_text(f"Not every file is copied. Go on with: salesops deliver {self.name}\n")
        yield
        mark.unlink()

    @property
    def half_copied(self) -> bool:
        """Whether copying released files was begun and not finished."""
        return (self.path / COPYING).exists()

    def close(self) -> None:
        """Let go of the folder."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None


def runs(base: Path) -> Iterator[RunFolder]:
    """The runs under a folder, the newest first."""
    names = sorted((p for p in base.glob("*") if p.name.isdigit()), key=lambda p: int(p.name), reverse=True)
    yield from (RunFolder(path) for path in names)


def busy(run: RunFolder) -> bool:
    """Whether a process works on the run now."""
    path = run.path / ".lock"
    if not path.exists():
        return False
    with path.open("a+") as file:
        return not _try_lock(file)


def _try_lock(file: TextIO) -> bool:
    try:
        import fcntl
    except ImportError:  # Windows
        import msvcrt

        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
        except OSError:
            return False
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
