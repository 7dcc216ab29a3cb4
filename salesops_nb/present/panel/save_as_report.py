"""What is on screen as a report, and as the command line that makes it again."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from salesops_nb.errors import SalesopsError, problem
from salesops_nb.present.export.html import export_html

FOLDER = "saved"
_PERCENT = re.compile(r"(\d+)%\|")


def notebook_path() -> Path:
    """The file of the notebook that this kernel runs.

    Raises `SalesopsError` where the page did not say, or the file has another name since.
    """
    said = os.environ.get("JPY_SESSION_NAME") or os.environ.get("__vsc_ipynb_file__") or ""  # noqa: SIM112
    path = Path(said)
    if said and path.suffix == ".ipynb" and path.is_file():
        return path
    raise SalesopsError(problem("notebook-not-found" if said else "notebook-not-found.unnamed", value=said))


def batch_line(asked: Any, notebook: str | Path) -> str:
    """The papermill command that makes what is asked again, whatever folder it is typed in.

    The parameters go as one piece of YAML, so that text stays text, lists lists, and nothing nothing.
    """
    path = Path(notebook)
    given = json.dumps(asked.model_dump(mode="json"), ensure_ascii=False)
    out = path.with_name(f"{path.stem}-out.ipynb")
    return shlex.join(["papermill", str(path), str(out), "--cwd", str(path.parent), "-y", given])


class Saving:
    """One report in the making: the notebook as it was run, in a process of its own.

    Parameters
    ----------
    asked : the parameters on screen.
    notebook : its file.
    workbook : the workbook's folder, whose own ``templates`` the report takes.
    """

    def __init__(self, asked: Any, notebook: Path, workbook: Path) -> None:
        self._asked, self._notebook, self._workbook = asked, notebook, workbook
        self._process: subprocess.Popen[str] | None = None
        self._stopped = False
        self.unsaved = 0

    def run(self, progress: Callable[[float], None]) -> Path | None:
        """Make the report; its page beside the notebook in ``saved/``, or None where it was stopped.

        Raises
        ------
        SalesopsError
            with what the notebook itself said, where it could not be run.
        """
        progress(0.0)
        with tempfile.TemporaryDirectory(prefix="salesops-report-") as folder:
            source, out = Path(folder) / self._notebook.name, Path(folder) / "out.ipynb"
            self._write_as_run(source)
            code, said = self._papermill(source, out, progress)
            if self._stopped:
                return None
            if code:
                raise _refused(said, out)
            stamp = f"{datetime.now().astimezone():%Y%m%d-%H%M%S}"
            page = self._notebook.parent / FOLDER / f"{self._notebook.stem}-{stamp}.html"
            return export_html(out, page, templates=self._workbook / "templates")

    def stop(self) -> None:
        """Make no report."""
        self._stopped = True
        if self._process is not None:
            self._process.terminate()

    def _write_as_run(self, path: Path) -> None:
        """The notebook of the disk, with cells as they were last run where that is newer."""
        import nbformat

        node: Any = nbformat.read(self._notebook, as_version=4)  # type: ignore[no-untyped-call]
        run = cells_run()
        for cell in node.cells:
            if cell.cell_type == "code" and run.get(cell.get("id", ""), cell.source) != cell.source:
                cell.source = run[cell.id]
                self.unsaved += 1
        nbformat.write(node, path)  # type: ignore[no-untyped-call]

    def _papermill(self, source: Path, out: Path, progress: Callable[[float], None]) -> tuple[int, str]:
        given = json.dumps(self._asked.model_dump(mode="json"), ensure_ascii=False)
        command = [
            sys.executable, "-m", "papermill", str(source), str(out), "-y", given,
            "--cwd", str(self._notebook.parent), "--progress-bar",
        ]  # fmt: skip
        clean = {name: value for name, value in os.environ.items() if not name.startswith("JPY_")}
        said = []
        with subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=clean
        ) as self._process:
            if self._stopped:  # while there was no process to end
                self._process.terminate()
            assert self._process.stderr is not None
            for line in self._process.stderr:  # a progress bar ends its lines with \r, read as a line's end
                said.append(line)
                if found := _PERCENT.findall(line):
                    progress(int(found[-1]) / 100)
        return self._process.returncode, "".join(said)


def cells_run() -> dict[str, str]:
    """The text of each cell of this kernel as it was last run, by the cell's id."""
    return dict(_run)


_run: dict[str, str] = {}


def remember(info: Any) -> None:
    """Take note of a cell that is about to be run (IPython's ``pre_run_cell``)."""
    if getattr(info, "cell_id", None):
        _run[str(info.cell_id)] = str(info.raw_cell)


def remember_this() -> None:
    """Take note of the cell that is running."""
    from IPython.core.getipython import get_ipython

    parent = get_ipython().kernel.get_parent("shell") or {}  # type: ignore[union-attr]
    if "cellId" in parent.get("metadata", {}):
        _run[str(parent["metadata"]["cellId"])] = str(parent["content"]["code"])


def _refused(said: str, out: Path) -> SalesopsError:
    """The words of the cell that failed, else the last line papermill wrote."""
    import nbformat

    if out.is_file():
        node: Any = nbformat.read(out, as_version=4)  # type: ignore[no-untyped-call]
        for cell in node.cells:
            for output in cell.get("outputs", []):
                if output.get("output_type") == "error":
                    return SalesopsError(problem("notebook-stopped.in-panel", why=output.get("evalue", "")))
    last = said.strip().splitlines()[-1:] or ["papermill gave no reason."]
    return SalesopsError(problem("notebook-stopped.not-run", why=last[0]))
