"""`salesops init`: a workbook of one's own or a copy of the demo, and later its refreshing.

What was written is remembered with its hash in ``.salesops.json``, so that a refresh can tell the
copies an analyst edited, which stay, from those that may be brought up to date. A notebook is edited
where the text or the tags of its cells are: running and saving it changes neither. Line ends count
for nothing, since some systems write their own.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

import click

from salesops_nb.cli import own_data, write_in_language_of
from salesops_nb.errors import SalesopsError, problem
from salesops_nb.messages import Message, message
from salesops_nb.present.export.html import write_beside
from salesops_nb.version import __version__
from salesops_nb.workbook import load_settings

RECORD = ".salesops.json"
OWN = Path(__file__).with_name("own")  # what a workbook of one's own begins with, beside the shared parts
SHARED = ("notebooks", "templates", "playbook.yml")
DEMO = (
    "workbook.yml",
    "mapping.yml",
    "strategy.yml",
    "reports.yml",
    "pay_calendar.yml",
    "alerts.yml",
    "plans",
    "data",
)
_SKIPPED = {"__pycache__", ".ipynb_checkpoints"}


def starter_root() -> Path:
    """The folder that holds the starter's files: in the package, or the checkout it runs from."""
    package = Path(str(files("salesops_nb")))
    for root in (package / "starter", package.parent):
        if (root / "workbook.yml").is_file():
            return root
    raise SalesopsError(problem("no-starter"))


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@click.option("--demo", is_flag=True, help="Copy the demo, with its data, plans and reports.")
@click.option("--refresh", is_flag=True, help="Bring the files that were not edited up to date.")
@click.option(
    "--from", "exports", multiple=True, metavar="FILE", type=click.Path(path_type=Path),
    help="Begin from this export; again for an HR roster, a quota sheet, further tables.",
)  # fmt: skip
@own_data.settings
@own_data.answers
def init(
    folder: Path, demo: bool, refresh: bool, exports: tuple[Path, ...], no_review: bool, **options: Any
) -> None:
    """Make a workbook in DIR: the notebooks, and settings that wait for your own data.

    With --from it begins from your own files: they are looked at, what they hold is proposed, and only
    what they cannot tell is asked; then the workbook is checked and its performance reviewed. With
    --demo it is a copy of the demo workbook. A file that is there already is never overwritten; with
    --refresh, one that init wrote and nobody edited is replaced by the package's present one.
    """
    if exports and (demo or refresh):
        raise click.UsageError("--from goes with neither --demo nor --refresh.")
    if exports:
        own_data.begin(folder, exports, options)
    root = starter_root()
    if folder.resolve() == root:
        raise SalesopsError(problem("same-folder", value=folder))
    before, record, was_demo = _record(folder)
    if refresh and not record:
        raise SalesopsError(problem("not-made-here", value=folder))
    demo = was_demo if refresh else demo or was_demo
    done = _write(root, folder, record, refresh, demo)
    known = {"version": __version__, "demo": demo, "files": dict(sorted(record.items()))}
    text = json.dumps(known, indent=1) + "\n"
    (folder / RECORD).write_text(text, encoding="utf-8")
    if exports:
        click.echo()
        own_data.say(_written(len(done.written) + 3, folder))
        own_data.check_and_review(folder, review=not no_review)
    else:
        _tell(folder, done, refresh, before, demo)


@dataclass
class _Done:
    """Files by what became of them."""

    written: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)


def _record(folder: Path) -> tuple[str, dict[str, str], bool]:
    """The version that wrote here before, hashes of its files by their path, and whether it was the demo."""
    try:
        found = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        files: dict[str, str] = dict(found["files"])
        return str(found.get("version", "")), files, bool(found.get("demo", True))  # it was the only one once
    except FileNotFoundError:
        return "", {}, False
    except (ValueError, KeyError, TypeError) as error:
        raise SalesopsError(problem("bad-record", file=RECORD)) from error


def _starter_files(root: Path, demo: bool) -> Iterator[tuple[str, bytes]]:
    """Each file's path in the workbook and its contents; one's own notebooks hold no figures of the demo."""
    parts = [(root, root / part) for part in (*SHARED, *(DEMO if demo else ()))]
    for base, path in parts if demo else [*parts, (OWN, OWN)]:
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if not file.is_file() or _SKIPPED & set(file.parts):
                continue
            name, contents = file.relative_to(base).as_posix(), file.read_bytes()
            yield name, contents if demo or file.suffix != ".ipynb" else _without_outputs(contents)


def _without_outputs(notebook: bytes) -> bytes:
    found = json.loads(notebook)
    for cell in found["cells"]:
        if cell["cell_type"] == "code":
            cell["outputs"], cell["execution_count"] = [], None
    return (json.dumps(found, indent=1, ensure_ascii=False) + "\n").encode()


def _write(root: Path, folder: Path, record: dict[str, str], refresh: bool, demo: bool) -> _Done:
    """Copy what is missing, replace what may be, and name what was left as it is."""
    done = _Done()
    names = set()
    for name, contents in _starter_files(root, demo):
        names.add(name)
        target = folder / name
        if not target.exists():
            if name in record and refresh:
                done.left.append(message("{file} (deleted here)", file=name))
                continue
            done.written.append(name)
        elif _hash(name, target.read_bytes()) == _hash(name, contents):
            record[name] = _hash(name, contents)
            continue
        elif refresh and record.get(name) in _hashes(name, target.read_bytes()):
            done.updated.append(name)
        else:
            done.left.append(
                message("{file} (edited here)", file=name)
                if name in record
                else message("{file} (not made by init)", file=name)
            )
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        write_beside(target, contents)
        record[name] = _hash(name, contents)
    if refresh:
        gone = [name for name in record if name not in names and (folder / name).exists()]
        done.left += [message("{file} (no longer part of salesops_nb)", file=name) for name in gone]
    return done


def _hashes(name: str, contents: bytes) -> set[str]:
    """The hash of a file as it is recorded now, and as earlier versions recorded it."""
    return {_hash(name, contents), hashlib.sha256(contents).hexdigest()}


def _hash(name: str, contents: bytes) -> str:
    """What changes with an edit: of a notebook its cells' text, of other files all but the line ends."""
    plain = contents.replace(b"\r\n", b"\n")
    if name.endswith(".ipynb"):
        plain = _cells(contents) or plain
    return hashlib.sha256(plain).hexdigest()


def _cells(contents: bytes) -> bytes | None:
    """The cells of a notebook without what running them leaves; None where it cannot be read."""
    try:
        cells = [
            [
                cell["cell_type"],
                "".join(cell["source"]).replace("\r\n", "\n"),
                cell.get("metadata", {}).get("tags", []),
                cell.get("attachments", {}),
            ]
            for cell in json.loads(contents)["cells"]
        ]
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return json.dumps(cells, sort_keys=True).encode()


def _tell(folder: Path, done: _Done, refresh: bool, before: str, demo: bool) -> None:
    _in_language_of(folder)
    own_data.say(_written(len(done.written), folder))
    if refresh:
        own_data.say(_brought(len(done.updated), before))
    for name in done.updated:
        own_data.say(message("  updated: {name}", name=name))
    if done.left:
        n = len(done.left)
        own_data.say(message("{n} file left as found:", "{n} files left as found:", n=n))
    for name in done.left:
        own_data.say(message("  left: {name}", name=name))
    if not refresh and not demo:
        data = str(folder / "data")
        own_data.say(
            message("Put your CRM's export into {folder} and its columns into mapping.yml.", folder=data)
        )
    if not refresh:
        own_data.say(own_data.next_step(f"salesops check {folder}"))


def _written(n: int, folder: Path) -> Message:
    return message("{n} file written to {folder}.", "{n} files written to {folder}.", n=n, folder=str(folder))


def _brought(n: int, before: str) -> Message:
    if not n:
        return message("No file had to be updated.")
    if before in ("", __version__):
        return message("{n} file brought up to date.", "{n} files brought up to date.", n=n)
    return message(
        "{n} file brought from {before} to {version}.", "{n} files brought from {before} to {version}.",
        n=n, before=before, version=__version__,
    )  # fmt: skip


def _in_language_of(folder: Path) -> None:
    """Write in the workbook's language; one whose settings cannot be read is told of in English."""
    with suppress(SalesopsError):
        write_in_language_of(load_settings(folder))
