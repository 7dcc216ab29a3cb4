"""`salesops init`: a new workbook from the package's own, and later its refreshing.

What was written is remembered with its hash in ``.salesops.json``, so that a refresh can tell the
copies an analyst edited, which stay, from those that may be brought up to date.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import click

from salesops_nb import __version__
from salesops_nb.errors import Problem, SalesopsError

RECORD = ".salesops.json"
PARTS = (
    "workbook.yml",
    "mapping.yml",
    "strategy.yml",
    "reports.yml",
    "pay_calendar.yml",
    "notebooks",
    "templates",
    "plans",
    "data",
)
_SKIPPED = {"__pycache__", ".ipynb_checkpoints"}


def starter_root() -> Path:
    """The folder that holds the starter's files: in the package, or the checkout it runs from."""
    package = Path(__file__).resolve().parents[1]
    for root in (package / "starter", package.parent):
        if (root / "workbook.yml").is_file():
            return root
    raise SalesopsError(
        Problem(
            "no-starter",
            "The package holds no starter workbook.",
            "Install salesops_nb again; its wheel brings the starter.",
        )
    )


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@click.option("--refresh", is_flag=True, help="Bring the files that were not edited up to date.")
def init(folder: Path, refresh: bool) -> None:
    """Make a workbook in DIR, with the demo's data, notebooks and templates.

    A file that is there already is never overwritten; with --refresh, one that init wrote and
    nobody edited is replaced by the package's present one.
    """
    root = starter_root()
    if folder.resolve() == root:
        raise SalesopsError(
            Problem(
                "same-folder", f"{folder} is the starter itself.", "Name another folder.", value=str(folder)
            )
        )
    record = _record(folder)
    if refresh and not record:
        raise SalesopsError(
            Problem(
                "not-made-here",
                f"{folder} has no {RECORD}, so it was not made by init.",
                "Run init without --refresh; it adds only what is missing.",
                value=str(folder),
            )
        )
    written, updated, left = _write(root, folder, record, refresh)
    (folder / RECORD).write_text(
        json.dumps({"version": __version__, "files": dict(sorted(record.items()))}, indent=1) + "\n"
    )
    _tell(folder, written, updated, left, refresh)


def _record(folder: Path) -> dict[str, str]:
    """Hashes of the files that init wrote before, by their path in the workbook."""
    try:
        files: dict[str, str] = json.loads((folder / RECORD).read_text())["files"]
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, TypeError) as error:
        raise SalesopsError(
            Problem(
                "bad-record",
                f"{RECORD} cannot be read.",
                "Delete it; init then keeps every file that is there.",
                file=RECORD,
            )
        ) from error
    return files


def _starter_files(root: Path) -> Iterator[Path]:
    for part in PARTS:
        path = root / part
        inside = sorted(path.rglob("*")) if path.is_dir() else [path]
        yield from (file for file in inside if file.is_file() and not _SKIPPED & set(file.parts))


def _write(
    root: Path, folder: Path, record: dict[str, str], refresh: bool
) -> tuple[list[str], list[str], list[str]]:
    """Copy what is missing, replace what may be, and name what was left as it is."""
    written: list[str] = []
    updated: list[str] = []
    left: list[str] = []
    for source in _starter_files(root):
        name = source.relative_to(root).as_posix()
        target, contents = folder / name, source.read_bytes()
        if not target.exists():
            if name in record and refresh:
                left.append(f"{name} (deleted here)")
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(contents)
            written.append(name)
        elif target.read_bytes() == contents:
            pass
        elif refresh and record.get(name) == _hash(target.read_bytes()):
            target.write_bytes(contents)
            updated.append(name)
        else:
            left.append(f"{name} (edited here)" if name in record else f"{name} (not made by init)")
            continue
        if target.read_bytes() == contents and (name in record or name in written):
            record[name] = _hash(contents)
    return written, updated, left


def _files(number: int) -> str:
    return "1 file" if number == 1 else f"{number} files"


def _hash(contents: bytes) -> str:
    return hashlib.sha256(contents).hexdigest()


def _tell(folder: Path, written: list[str], updated: list[str], left: list[str], refresh: bool) -> None:
    click.echo(f"{_files(len(written))} written to {folder}.")
    if refresh:
        click.echo(f"{_files(len(updated))} brought up to date." if updated else "No file had to be updated.")
    for name in updated:
        click.echo(f"  updated: {name}")
    if left:
        click.echo(f"{_files(len(left))} left as found:")
    for name in left:
        click.echo(f"  left: {name}")
    if not refresh:
        click.echo(f"Next: salesops check {folder}")
