"""The papermill engine ``salesops``: each notebook runs in a fork of a process that is already warm.

``papermill --engine salesops in.ipynb out.ipynb`` gives what plain papermill gives, sooner. Where
the system cannot fork, where the notebook asks for another Python or another language, or after a
crash of the child, papermill's own engine runs it in a plain kernel.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat as _nbformat
from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel
from jupyter_client.manager import AsyncKernelManager
from nbclient.exceptions import CellTimeoutError
from papermill.engines import Engine, NBClientEngine
from papermill.log import logger
from papermill.utils import merge_kwargs, remove_args
from traitlets import default

from salesops_nb.batch.workers.forkserver import Ended, ForkServer, ServerDied, can_fork

nbformat: Any = _nbformat  # it is not typed
_shared: ForkServer | None = None


def shared_server() -> ForkServer:
    """The one fork server of this process, started at the first call and ended with the process."""
    global _shared
    if _shared is None or _shared.process.poll() is not None or _shared._owner != os.getpid():
        _shared = ForkServer()
        atexit.register(_shared.close)
    return _shared


class FileKernelManager(AsyncKernelManager):
    """A kernel spoken to through sockets that are files."""

    @default("transport")
    def _through_files(self) -> str:
        return "ipc"


class PlainEngine(NBClientEngine):  # type: ignore[misc]
    """Papermill's own engine, its kernel spoken to through files: plain kernels race for TCP ports."""

    @classmethod
    def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, **settings: Any) -> Any:
        """Run the notebook in a kernel of its own."""
        if sys.platform != "win32":
            settings["kernel_manager_class"] = FileKernelManager
        return super().execute_managed_notebook(nb_man, kernel_name, **settings)


class InProcessEngine(Engine):  # type: ignore[misc]
    """Cells run in this very process: only for a child that ends after its notebook."""

    @classmethod
    def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, **settings: Any) -> Any:
        """Run the notebook in this process, with papermill's own words to its client."""
        from salesops_nb.batch.workers.kernel import InProcessClient

        settings = remove_args(["input_path", "timeout", "startup_timeout"], **settings)
        settings = remove_args(["start_timeout", "execution_timeout"], **settings)
        return InProcessClient(
            nb_man, **merge_kwargs(settings, kernel_name=kernel_name, log=logger)
        ).execute()


class ForkEngine(Engine):  # type: ignore[misc]
    """Cells run in a fork of the warm server; plain papermill where that is not possible."""

    @classmethod
    def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, **settings: Any) -> Any:
        """Run the notebook in a fork, or plainly."""
        if can_fork() and this_python(kernel_name):
            try:
                if _run_forked(nb_man, kernel_name, settings):
                    return nb_man.nb
                logger.warning("The forked notebook crashed; it is run again in a plain kernel.")
            except ServerDied as error:
                logger.warning("No fork (%s); the notebook runs in a plain kernel.", error)
            nb_man.notebook_start()
        return PlainEngine.execute_managed_notebook(nb_man, kernel_name, **settings)


def this_python(kernel_name: str | None) -> bool:
    """Whether the kernel of that name is IPython in the Python that runs this."""
    try:
        spec = KernelSpecManager().get_kernel_spec(kernel_name or "python3")
    except NoSuchKernel:
        return False
    program = Path(spec.argv[0])
    same = program.name in ("python", "python3", f"python3.{sys.version_info.minor}") and (
        not program.is_absolute() or program.parent == Path(sys.executable).parent
    )
    return same and not spec.env and any("ipykernel" in part for part in spec.argv)


def _run_forked(nb_man: Any, kernel_name: str, settings: dict[str, Any]) -> bool:
    """True where the fork finished the notebook (well or with a failing cell), false where it crashed."""
    timeout = settings.pop("execution_timeout", None) or settings.get("timeout")
    plain = {k: v for k, v in settings.items() if isinstance(v, str | int | float | bool | list | dict)}
    with tempfile.TemporaryDirectory(prefix="salesops-nb-") as folder:
        source, target = Path(folder, "in.ipynb"), Path(folder, "out.ipynb")
        nbformat.write(nb_man.nb, source)
        task = {"in": str(source), "out": str(target), "kernel": kernel_name, "settings": plain}
        server = shared_server()
        child = server.submit(f"{__name__}:run_notebook", task, cwd=os.getcwd(), threads=os.cpu_count())
        ended = _follow(server, child, nb_man, timeout, settings)
        if ended.crashed:
            return False
        done = nbformat.read(target, as_version=4)
        nb_man.nb.metadata.update(done.metadata)
    return True


def _follow(server: ForkServer, child: str, nb_man: Any, timeout: float | None, settings: Any) -> Ended:
    """Repeat to papermill what the child tells of its cells, and keep the time each cell may take."""
    import time

    started, current = time.monotonic(), 0
    try:
        while True:
            left = None if not timeout else max(0.0, started + timeout - time.monotonic())
            for name, heard in server.events(left):
                if name != child:
                    continue
                if isinstance(heard, Ended):
                    return heard
                if heard["event"] == "broken":
                    logger.debug(heard["traceback"])
                    continue
                started, current = time.monotonic(), heard["cell"]
                _apply(heard, nb_man, settings)
            if timeout and time.monotonic() - started >= timeout:
                cell = nb_man.nb.cells[current]
                nb_man.cell_exception(cell, cell_index=current)
                nb_man.cell_complete(cell, cell_index=current)
                raise CellTimeoutError.error_from_timeout_and_cell(
                    "Cell execution timed out", int(timeout), cell
                )
    except BaseException:
        with contextlib.suppress(OSError):
            server.cancel(child)
        raise


def _apply(heard: dict[str, Any], nb_man: Any, settings: dict[str, Any]) -> None:
    index = heard["cell"]
    cell = nb_man.nb.cells[index]
    if heard["event"] == "start":
        nb_man.cell_start(cell, index)
        return
    if cell.cell_type == "code":
        cell.execution_count = heard["count"]
        cell.outputs = [nbformat.from_dict(output) for output in heard["outputs"]]
        _pass_on(cell.outputs, settings)
        execution = heard["metadata"].get("execution")
        if execution is not None:
            cell.metadata["execution"] = execution
    if heard["failed"]:
        nb_man.cell_exception(cell, cell_index=index)
    nb_man.cell_complete(cell, cell_index=index)
    for other, outputs in heard.get("updated", {}).items():
        nb_man.nb.cells[int(other)].outputs = [nbformat.from_dict(output) for output in outputs]


def _pass_on(outputs: list[Any], settings: dict[str, Any]) -> None:
    """Streams to the log and files that papermill's ``--log-output`` and ``--stdout-file`` ask for."""
    for output in outputs:
        if output.output_type != "stream":
            continue
        if settings.get("log_output"):
            level: Callable[[str], None] = logger.info if output.name == "stdout" else logger.warning
            level(output.text)
        file = settings.get(f"{output.name}_file")
        if file:
            file.write(output.text)
            file.flush()


def run_notebook(task: dict[str, Any], words: Callable[..., None]) -> bool:
    """In the child: run the notebook, telling of each cell as it starts and ends."""
    from papermill.engines import NotebookExecutionManager

    notebook = nbformat.read(task["in"], as_version=4)
    for cell in notebook.cells:
        cell.metadata.setdefault("papermill", {})
    manager = _Telling(NotebookExecutionManager(notebook, progress_bar=False), words)
    settings = {k: v for k, v in task["settings"].items() if k != "log_output"}
    InProcessEngine.execute_managed_notebook(manager, task["kernel"], **settings)
    nbformat.write(notebook, task["out"])
    return True


class _Telling:
    """Stands where papermill's manager of an execution stands, and tells the parent instead."""

    def __init__(self, manager: Any, words: Callable[..., None]) -> None:
        self.nb, self._words, self._failed = manager.nb, words, False
        self._told: dict[int, int] = {}

    def cell_start(self, cell: Any, cell_index: int, **_: Any) -> None:
        self._words(event="start", cell=cell_index)

    def cell_exception(self, cell: Any, cell_index: int, **_: Any) -> None:
        self._failed = True

    def cell_complete(self, cell: Any, cell_index: int, **_: Any) -> None:
        outputs = cell.get("outputs", [])
        self._words(
            event="complete",
            cell=cell_index,
            count=cell.get("execution_count"),
            outputs=outputs,
            metadata=cell.metadata,
            failed=self._failed,
            updated=self._updated(cell_index),
        )

    def _updated(self, index: int) -> dict[int, Any]:
        """Outputs of earlier cells that a later one has updated (displays with an id)."""
        changed = {}
        for i, cell in enumerate(self.nb.cells[: index + 1]):
            state = hash(repr(cell.get("outputs")))
            if i < index and self._told.get(i, state) != state:
                changed[i] = cell.outputs
            self._told[i] = state
        return changed

    def autosave_cell(self, **_: Any) -> None:
        """The parent saves."""
