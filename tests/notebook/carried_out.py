"""What docs/own_notebook.md says, carried out word for word in a workbook."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import nbformat

PAGE = Path(__file__).resolve().parents[2] / "docs" / "own_notebook.md"
_BLOCK = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page: Path = PAGE) -> list[tuple[str, str, str]]:
    """A page's blocks in order: language, place (``file=…`` or ``cell=…``), text."""
    return [
        (kind, place.strip(), text) for kind, place, text in _BLOCK.findall(page.read_text(encoding="utf-8"))
    ]


def module() -> str:
    """The module that the page writes."""
    (text,) = [text for _, place, text in blocks() if place.startswith("file=")]
    return text


def carry_out(folder: Path, run: bool = True) -> None:
    """Write the files and cells of the page and type its commands; with `run` those that run reports too."""
    for kind, place, text in blocks():
        if kind == "console":
            for line in text.splitlines():
                if run or line.startswith("salesops new-notebook"):
                    type_in(folder, line, 300)
        elif place.startswith("file="):
            (folder / place.removeprefix("file=")).write_text(text, encoding="utf-8")
        else:
            path = folder / "notebooks" / "loss_reasons.ipynb"
            notebook = nbformat.read(path, as_version=4)
            cell = notebook.cells[int(place.removeprefix("cell="))]
            assert cell.cell_type == ("markdown" if kind == "markdown" else "code")
            cell.source = text.rstrip("\n")
            nbformat.write(notebook, path)


def type_in(folder: Path, line: str, seconds: int = 600) -> tuple[Path, str]:
    """The folder after a command, and what it printed."""
    program, *words = shlex.split(line)
    if program == "cd":
        return folder / words[0], ""
    command = [str(Path(sys.executable).with_name(program)), *words]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=seconds)
    assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
    return folder, done.stdout


def typed_in(folder: Path, text: str) -> Path:
    """The folder after a block of commands, each with what it is to print below it."""
    printed = ""
    for line in text.splitlines():
        if line.startswith("$ "):
            folder, printed = type_in(folder, line.removeprefix("$ "))
        else:
            assert line in printed, f"{line}\nis not in\n{printed}"
    return folder
