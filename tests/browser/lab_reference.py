"""What a notebook says for given parameters with nobody at the page: its cells, run from the top.

As a program, it is one process for all notebooks, which costs less than starting one each time. A line of
JSON comes in, and a line with the displays of every cell, or the refusal, goes out. A notebook is run from
its first cell; then `panel.change`, as the package offers it without a page, computes what hangs on a
changed parameter.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import nbformat

STORE = "store.sqlite"
Displays = list[dict[str, Any]]


@dataclass(frozen=True)
class Answer:
    """Displays by cell, or what the run was refused with."""

    cells: list[Displays] = field(default_factory=list)
    problem: str = ""


class Reference:
    """A process that runs notebooks of a copy of the workbook.

    Before each run the copy's store is made what the workbook's is, so that nothing of one run reaches the
    next, or the page.
    """

    def __init__(self, workbook: Path) -> None:
        self._room = TemporaryDirectory()
        self._original, self._workbook = workbook, Path(self._room.name) / "workbook"
        shutil.copytree(workbook, self._workbook, ignore=shutil.ignore_patterns(f"{STORE}*"))
        self._process = subprocess.Popen(
            [sys.executable, __file__],
            cwd=self._workbook / "notebooks",
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def run(self, name: str, values: Mapping[str, Any]) -> Answer:
        """Every display of a notebook, run from its top with these parameters in place of its own."""
        for path in self._workbook.glob(f"{STORE}*"):
            path.unlink()
        if (self._original / STORE).exists():
            held, copy = (sqlite3.connect(folder / STORE) for folder in (self._original, self._workbook))
            with closing(held), closing(copy):
                held.backup(copy)
        return self._answer({"notebook": f"{name}.ipynb", "values": dict(values)})

    def change(self, values: Mapping[str, Any]) -> Answer:
        """The same of the notebook run last, after a change of parameters."""
        return self._answer({"values": dict(values)})

    def tells_live(self, name: str) -> list[int]:
        """Cells that ask whether somebody is at the page, and may say something else there."""
        cells = nbformat.read(self._workbook / "notebooks" / f"{name}.ipynb", as_version=4).cells
        return [at for at, cell in enumerate(cells) if "panel.live" in cell.source]

    def close(self) -> None:
        """End the process."""
        self._process.communicate(timeout=60)
        self._room.cleanup()

    def _answer(self, asked: dict[str, Any]) -> Answer:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        return Answer(**json.loads(self._process.stdout.readline()))


class Run:
    """A notebook in this process's IPython, which has no page."""

    def __init__(self, notebook: str) -> None:
        from IPython.core.displaypub import CapturingDisplayPublisher
        from IPython.core.interactiveshell import InteractiveShell

        self._cells = nbformat.read(notebook, as_version=4).cells
        self._shell = InteractiveShell.instance()
        self._publisher = self._shell.display_pub = CapturingDisplayPublisher(parent=self._shell)
        self._shell.reset()
        self._panel: Any = None
        self._shows: dict[str, Displays] = {}  # what each show of the panel displayed last
        self._layout: list[list[Displays | str]] = []  # by cell: displays of its own, names of shows
        self._drawing = ""

    def from_the_top(self, values: Mapping[str, Any]) -> Answer:
        """Run all cells."""
        for cell in self._cells:
            self._layout.append([])
            if cell.cell_type == "code":
                result = self._shell.run_cell(cell.source, store_history=False, silent=True)
                failed = result.error_before_exec or result.error_in_exec
                if failed is not None:
                    return Answer(problem=str(failed))
            if "parameters" in cell.metadata.get("tags", []):
                self._shell.user_ns.update(values)
            self._layout[-1].append(self._shown())
            if self._panel is None and "panel" in self._shell.user_ns:
                self._panel = self._shell.user_ns["panel"]
                self._panel.show = self._kept_apart(self._panel.show)
        return self._answer()

    def change(self, values: Mapping[str, Any]) -> Answer:
        """Compute what hangs on parameters that have changed."""
        from salesops_nb.errors import SalesopsError

        try:
            self._panel.change(values, watch=self)
        except SalesopsError as error:
            self._panel.restore()
            return Answer(problem=str(error))
        return self._answer()

    def begins(self, node: Any, _rest: Any) -> None:
        """A step or show is about to be done: what was displayed until now is of the one before."""
        self.settles()
        self._drawing = node.name if node.shown else ""

    def settles(self) -> None:
        """The last one is done."""
        if self._drawing:
            self._shows[self._drawing] = self._shown()
        self._drawing = ""

    def _kept_apart(self, show: Callable[..., Any]) -> Callable[..., Any]:
        def kept(function: Callable[..., Any]) -> Any:
            self._layout[-1].append(self._shown())
            result = show(function)
            self._shows[function.__name__] = self._shown()
            self._layout[-1].append(function.__name__)
            return result

        return kept

    def _shown(self) -> Displays:
        # charts of plans beside the one picked are for a saved report alone
        outputs = [each for each in self._publisher.outputs
                   if not each["metadata"].get("salesops", {}).get("other")]  # fmt: skip
        found = [_display(each["data"], each["metadata"]) for each in outputs]
        self._publisher.outputs.clear()
        return found

    def _answer(self) -> Answer:
        read = [[self._shows[each] if isinstance(each, str) else each for each in cell]
                for cell in self._layout]  # fmt: skip
        return Answer([[display for part in cell for display in part] for cell in read])


def _display(data: dict[str, Any], metadata: dict[str, Any]) -> dict[str, Any]:
    """A display as a page shows it: a chart of ours is drawn into the page, others stay."""
    from salesops_nb.present.export.images import inline_image
    from salesops_nb.present.page.render import part

    chart = inline_image(data, metadata, 0, "") if "salesops" in metadata else None
    return {"text/html": part("chart", chart)} if chart else dict(data)


def main() -> None:
    """Answer every line of standard input."""
    from salesops_nb import commission, hiring, performance, targets, territory  # noqa: F401 - ahead of time
    from salesops_nb.present.charts import chart

    chart.SMALL = chart.SMALL_LIVE  # a page at which somebody looks may hold larger drawings
    answers, sys.stdout = sys.stdout, sys.stderr
    for line in sys.stdin:
        asked = json.loads(line)
        if "notebook" in asked:
            run = Run(asked["notebook"])
            answer = run.from_the_top(asked["values"])
        else:
            answer = run.change(asked["values"])
        answers.write(json.dumps({"cells": answer.cells, "problem": answer.problem}) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
