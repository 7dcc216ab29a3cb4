"""The two sides: which commit is compared with, and a folder where each of them runs in turn.

Both sides run in the same folder, one after the other, so that every path they print is the same. It is
laid out anew for each: no store, cache, compiled kernel or bytecode of one is seen by the other.
"""

from __future__ import annotations

import fcntl
import hashlib
import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import distributions
from pathlib import Path

NOW = "2018-01-15T09:00:00+00:00"  # the clock of both sides: after the demo's last day
HERE = Path(__file__).resolve().parent
AFTERWARDS = ("__main__.py", "compare.py", "numbers.py", "report.py")  # take no part in a capture


class GoldenError(Exception):
    """What keeps the comparison from being made; its text is for a person."""


@dataclass(frozen=True)
class Place:
    """Where a side runs (`tree` and `scratch`) and where captures are kept."""

    root: Path

    @property
    def home(self) -> Path:
        return self.root / "build" / "golden"

    @property
    def running(self) -> Path:
        """Where a side runs: outside the project, whose workbook is looked for from every folder below it."""
        name = hashlib.blake2b(str(self.root).encode(), digest_size=4).hexdigest()
        return Path(tempfile.gettempdir()).resolve() / f"salesops-golden-{name}"

    @property
    def tree(self) -> Path:
        return self.running / "tree"

    @property
    def scratch(self) -> Path:
        return self.running / "scratch"

    @property
    def origins(self) -> Path:
        return self.running / "origins.txt"

    def environment(self, *more: Path) -> dict[str, str]:
        """What a side's processes inherit: its package before the installed one, a clock that stands."""
        path = [HERE / "clock", self.tree, *more]
        return {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
            "HOME": os.environ.get("HOME", ""),
            "LANG": "C.UTF-8",
            "TZ": "UTC",
            "NO_COLOR": "1",
            "TERM": "dumb",
            "PYTHONPATH": os.pathsep.join(map(str, path)),
            "GOLDEN_NOW": NOW,
            "GOLDEN_ORIGINS": str(self.origins),
        }


def git(root: Path, *words: str) -> str:
    """What a git command prints; GoldenError with its complaint where it fails."""
    done = subprocess.run(["git", *words], cwd=root, capture_output=True, text=True, check=False)
    if done.returncode:
        raise GoldenError(f"git {' '.join(words)}: {done.stderr.strip() or 'failed'}")
    return done.stdout.strip()


def base_commit(root: Path, asked: str = "") -> str:
    """The commit asked for; else where the work left origin/main; without such a branch, the last one."""
    if asked:
        return git(root, "rev-parse", "--verify", f"{asked}^{{commit}}")
    try:
        return git(root, "merge-base", "HEAD", "origin/main")
    except GoldenError:
        return git(root, "rev-parse", "HEAD")


def described(root: Path) -> str:
    """The work tree in words: its last commit, and how many files differ from it."""
    changed = len(git(root, "status", "--porcelain").splitlines())
    return f"the work tree ({git(root, 'rev-parse', '--short', 'HEAD')} and {changed} changed files)"


@contextmanager
def alone(place: Place) -> Iterator[None]:
    """Both sides run in one folder: a second comparison of the same project is refused meanwhile."""
    place.home.mkdir(parents=True, exist_ok=True)
    with (place.home / ".lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise GoldenError("Another golden comparison of this project is running; wait for it.") from None
        yield


def lay_out(place: Place, commit: str | None) -> None:
    """Put a commit's files, or (None) those of the work tree, where the side runs; nothing else is there."""
    for folder in (place.tree, place.scratch):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    place.origins.unlink(missing_ok=True)
    if commit is not None:
        packed = subprocess.run(["git", "archive", commit], cwd=place.root, capture_output=True, check=False)
        if packed.returncode:
            raise GoldenError(f"git archive {commit}: {packed.stderr.decode().strip()}")
        with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as archive:
            archive.extractall(place.tree, filter="data")
        return
    for name in git(place.root, "ls-files", "-z", "-co", "--exclude-standard").split("\0"):
        source = place.root / name
        if name and source.is_file():
            target = place.tree / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)


def check_origins(place: Place) -> int:
    """How many processes had the package, all of them the side's own; GoldenError where one had another."""
    found = place.origins.read_text(encoding="utf-8").splitlines() if place.origins.exists() else []
    own = str(place.tree / "salesops_nb" / "__init__.py")
    strangers = sorted({line for line in found if line != own})
    if strangers:
        raise GoldenError(f"A process ran the package of {strangers[0]} in place of {own}.")
    if not found:
        raise GoldenError("No process of this side had the package: nothing was captured.")
    return len(found)


def fingerprint() -> str:
    """What a capture depends on beside its commit: how it is made, and the installed packages."""
    digest = hashlib.blake2b(sys.version.encode(), digest_size=6)
    for file in sorted(HERE.rglob("*.py")):
        if file.name not in AFTERWARDS and not file.name.startswith("test_"):
            digest.update(file.read_bytes())
    for name in sorted(f"{each.name}=={each.version}" for each in distributions()):
        digest.update(name.encode())
    return digest.hexdigest()
