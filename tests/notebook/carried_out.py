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
                    _type(folder, line)
        elif place.startswith("file="):
            (folder / place.removeprefix("file=")).write_text(text, encoding="utf-8")
        else:
            path = folder / "notebooks" / "loss_reasons.ipynb"
            notebook = nbformat.read(path, as_version=4)
            cell = notebook.cells[int(place.removeprefix("cell="))]
            assert cell.cell_type == ("markdown" if kind == "markdown" else "code")
            cell.source = text.rstrip("\n")
            nbformat.write(notebook, path)


def _type(folder: Path, line: str) -> None:
    program, *words = shlex.split(line)
    command = [str(Path(sys.executable).with_name(program)), *words]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
