"""One job, whole: the notebook is executed and exported in the same process, into a folder of its own.

`run_task` takes a task that is plain JSON and answers with plain JSON, so that where it runs is
nobody's concern but the executor's.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import nbformat
from papermill import execute_notebook
from papermill.engines import papermill_engines
from papermill.exceptions import PapermillExecutionError

from salesops_nb.batch.workers.engine import InProcessEngine
from salesops_nb.batch.workers.export import export, found_of, headlines_of, statement_of
from salesops_nb.core.masking import masked
from salesops_nb.present.page.tables import gather_sheets

papermill_engines.register("salesops-here", InProcessEngine)
CALL = f"{__name__}:run_task"
Task = dict[str, Any]
Result = dict[str, Any]


def run_task(task: Task, words: Callable[..., None]) -> Result:
    """Execute and export one job.

    The task has ``notebook``, ``parameters``, ``stage`` (its folder), ``name`` (of its files),
    ``formats``, ``title``, ``context`` (facts for the cover) and ``templates``. The result has
    ``status`` (ok, failed), ``outputs`` (format → file), ``headlines``, ``found`` (its cover's lead and
    caveat), ``statement`` (which pay statement it shows), ``seconds`` (execute, cells, export) and, where it
    failed, ``error`` (message, cell, source, traceback).
    """
    stage = Path(task["stage"])
    executed = stage / f"{task['name']}.ipynb"
    tables = gather_sheets() if "xlsx" in task["formats"] else []
    begun = time.perf_counter()
    try:
        notebook = _execute(task, executed)
    except PapermillExecutionError as error:
        if executed.exists():
            _without_secrets(nbformat.read(executed, as_version=4), executed)  # type: ignore[no-untyped-call]
        return _failed(task, error, time.perf_counter() - begun)
    _without_secrets(notebook, executed)
    middle = time.perf_counter()
    outputs = export(notebook, tables, task)
    return {
        "status": "ok",
        "outputs": {"ipynb": executed.name, **outputs},
        "headlines": headlines_of(notebook),
        "found": found_of(notebook),
        "statement": statement_of(notebook),
        "seconds": {
            "execute": round(middle - begun, 3),
            "cells": round(_cells_seconds(notebook), 3),
            "export": round(time.perf_counter() - middle, 3),
        },
    }


def _execute(task: Task, executed: Path) -> Any:
    notebook = execute_notebook(
        task["notebook"],
        str(executed),
        dict(task["parameters"]),
        engine_name="salesops-here",
        request_save_on_cell_execute=False,
        progress_bar=False,
        cwd=task["cwd"],
    )
    for index, cell in enumerate(notebook.cells):
        for output in cell.get("outputs", []):
            if output.output_type == "error" and "raises-exception" not in cell.metadata.get("tags", []):
                # papermill lets sys.exit(0) pass as an end; a report that stops half-way is not done
                raise PapermillExecutionError(
                    index, cell.execution_count, cell.source, output.ename, output.evalue, output.traceback
                )
    return notebook


def _without_secrets(notebook: Any, executed: Path) -> None:
    """Take secrets out of a notebook's errors, also in its file: a driver's words repeat its address."""
    changed = False
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            before = dict(output)
            if output.output_type == "error":
                output.evalue = masked(output.evalue)
                output.traceback = [masked(line) for line in output.traceback]
            elif output.output_type == "stream" and output.name == "stderr":
                output.text = masked(output.text)
            changed = changed or dict(output) != before
    if changed:
        nbformat.write(notebook, executed)  # type: ignore[no-untyped-call]


def _cells_seconds(notebook: Any) -> float:
    return sum(cell.metadata.get("papermill", {}).get("duration") or 0.0 for cell in notebook.cells)


def _failed(task: Task, error: PapermillExecutionError, seconds: float) -> Result:
    message = error.evalue or error.ename
    if error.ename == "SystemExit":
        message = f"The notebook stopped itself with exit({error.evalue or ''}) before its end."
    elif error.ename not in ("SalesopsError", "Exception"):
        message = f"{error.ename}: {message}"
    return failure(
        message,
        cell=error.exec_count,
        source=error.source,
        traceback="\n".join(error.traceback or []),
        seconds={"execute": round(seconds, 3)},
        outputs={"ipynb": f"{task['name']}.ipynb"}
        if Path(task["stage"], f"{task['name']}.ipynb").exists()
        else {},
    )


def failure(message: str, **more: Any) -> Result:
    """The result of a job that did not come to its end."""
    error: Mapping[str, Any] = {
        "message": masked(message),
        "cell": more.get("cell"),
        "source": masked(more.get("source") or ""),
        "traceback": masked(more.get("traceback") or ""),
    }
    return {
        "status": "failed",
        "outputs": more.get("outputs") or {},
        "headlines": {},
        "seconds": more.get("seconds") or {},
        "error": error,
    }
