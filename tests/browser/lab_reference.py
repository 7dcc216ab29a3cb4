"""What a notebook says for given parameters with nobody at the page: run from its top, as papermill does.

As a program, it runs a notebook again and again in one process, which costs less than starting one each
time: a line of JSON with parameters in, a line with the displays of every cell, or the refusal, out.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import nbformat

STORE = "store.sqlite*"


@dataclass(frozen=True)
class Answer:
    """Displays by cell, or what the run was refused with."""

    cells: list[list[dict[str, Any]]] = field(default_factory=list)
    problem: str = ""


class Reference:
    """A process that runs a notebook from its first cell, each time anew.

    It has a copy of the workbook as that was when it began, and its store again before each run, so that
    nothing it writes reaches the page, and nothing of one run the next.
    """

    def __init__(self, notebook: Path) -> None:
        self._cells = nbformat.read(notebook, as_version=4).cells
        self._room = TemporaryDirectory()
        self._workbook = Path(self._room.name) / "workbook"
        shutil.copytree(notebook.parents[1], self._workbook)
        self._kept = {path: path.read_bytes() for path in self._workbook.glob(STORE)}
        command = [sys.executable, __file__, notebook.name]
        self._process = subprocess.Popen(
            command,
            cwd=self._workbook / "notebooks",
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def answer(self, values: Mapping[str, Any]) -> Answer:
        """Every display of the notebook with these parameters in place of its own, or its refusal."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        for path in self._workbook.glob(STORE):
            path.unlink()
        for path, held in self._kept.items():
            path.write_bytes(held)
        self._process.stdin.write(json.dumps(dict(values)) + "\n")
        self._process.stdin.flush()
        return Answer(**json.loads(self._process.stdout.readline()))

    def tells_live(self) -> list[int]:
        """Cells that ask whether somebody is at the page, and may say something else there."""
        return [at for at, cell in enumerate(self._cells) if "panel.live" in cell.source]

    def close(self) -> None:
        """End the process."""
        self._process.communicate(timeout=60)
        self._room.cleanup()


def run(cells: list[Any], values: Mapping[str, Any]) -> Answer:
    """Run the cells in this process's IPython, which has no page."""
    from IPython.core.displaypub import CapturingDisplayPublisher
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell.instance()
    publisher = shell.display_pub = CapturingDisplayPublisher(parent=shell)
    shell.reset()
    shown: list[list[dict[str, Any]]] = []
    for cell in cells:
        publisher.outputs.clear()
        if cell.cell_type == "code":
            result = shell.run_cell(cell.source, store_history=False, silent=True)
            failed = result.error_before_exec or result.error_in_exec
            if failed is not None:
                return Answer(problem=str(failed))
        if "parameters" in cell.metadata.get("tags", []):
            shell.user_ns.update(values)
        shown.append([_display(each["data"], each["metadata"]) for each in publisher.outputs])
    return Answer(shown)


def _display(data: dict[str, Any], metadata: dict[str, Any]) -> dict[str, Any]:
    """A display's data; a chart as a page draws it."""
    from salesops_nb.present.images import inline_image
    from salesops_nb.present.render import part

    chart = inline_image(data, metadata, 0, "") if "salesops" in metadata else None
    return {"text/html": part("chart", chart)} if chart else dict(data)


def main(notebook: str) -> None:
    """Answer every line of standard input."""
    cells = nbformat.read(notebook, as_version=4).cells
    answers, sys.stdout = sys.stdout, sys.stderr
    for line in sys.stdin:
        answer = run(cells, json.loads(line))
        answers.write(json.dumps({"cells": answer.cells, "problem": answer.problem}) + "\n")
        answers.flush()


if __name__ == "__main__":
    main(sys.argv[1])
