"""A notebook's cells run in this very process, as a kernel would run them.

The real IPython kernel class does the work, without sockets: what it would send to a client is
handed to nbclient's own message handling at once. So outputs (streams, displays, results, errors,
widgets, updated displays) are those of a plain kernel, byte for byte. Meant for a freshly forked
process that ends afterwards: a kernel is a singleton and is never taken down.

IPython's personal profile (startup files, configuration) is not read: a report depends on its
workbook alone.
"""

from __future__ import annotations

import asyncio
import io
import logging
import os
import sys
import tempfile
import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from ipykernel.ipkernel import IPythonKernel
from jupyter_client.session import Session
from nbclient.exceptions import CellExecutionError, DeadKernelError
from papermill.clientwrap import PapermillNotebookClient
from traitlets.config import Config

Message = dict[str, Any]


class _Wire(Session):
    """A session whose messages go to a function in place of a socket."""

    deliver: Callable[[Message], None] | None = None

    def send(  # type: ignore[override]
        self, stream: Any, msg_or_type: Any, content: Any = None, parent: Any = None, **more: Any
    ) -> Any:
        """Build the message as for a socket, in the JSON form a client would read, and hand it over."""
        if isinstance(msg_or_type, dict):
            message = dict(msg_or_type)
        else:
            message = self.msg(msg_or_type, content, parent, more.get("header"), more.get("metadata"))
        message["content"] = self.unpack(self.pack(message["content"]))
        message["buffers"] = [memoryview(part) for part in more.get("buffers") or ()]
        if self.deliver is not None:
            self.deliver(message)
        return message


class _Stream(io.TextIOBase):
    """Standard output or error of the cells: gathered, and sent where a kernel's would be flushed."""

    encoding = "UTF-8"
    errors = "strict"

    def __init__(self, kernel: Any, name: str, number: int) -> None:
        self.name, self._kernel, self._number = name, kernel, number
        self._lock = threading.RLock()
        self._parts: list[str] = []
        self._raw = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - open as long as the process
        os.dup2(self._raw.fileno(), number)
        self._read = 0

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text)}")
        with self._lock:
            self._parts.append(text)
        return len(text)

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._number

    def flush(self) -> None:
        """Send what was written since, by Python and then by others on the same descriptor."""
        with self._lock:
            text = "".join(self._parts) + self._written_by_others()
            self._parts.clear()
        if text:
            parent = self._kernel.get_parent()
            self._kernel.session.send(None, "stream", {"name": self.name, "text": text}, parent=parent)

    def _written_by_others(self) -> str:
        if os.fstat(self._number).st_size <= self._read:
            return ""
        data = os.pread(self._raw.fileno(), 1 << 26, self._read)
        self._read += len(data)
        return data.decode("utf-8", "replace")


def start_kernel() -> Any:
    """The kernel of this process, with the standard streams and the inline backend tied to it."""
    from IPython.core.history import HistoryManager

    HistoryManager.enabled = False  # type: ignore[assignment]
    _without_debugger()
    os.environ.setdefault("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    kernel: Any = IPythonKernel.instance(
        session=_Wire(),
        log=logging.getLogger(__name__),
        config=Config({"HistoryManager": {"enabled": False}}),
    )
    kernel.shell_channel_thread = SimpleNamespace(parent_thread=threading.main_thread())
    kernel.shell.displayhook.get_execution_count = lambda: kernel.execution_count
    sys.stdout, sys.stderr = _Stream(kernel, "stdout", 1), _Stream(kernel, "stderr", 2)
    packages = [i for i, path in enumerate(sys.path) if path.endswith(("site-packages", "dist-packages"))]
    sys.path.insert(packages[0] if packages else 0, "")
    kernel.shell.extension_manager.load_extension("storemagic")
    if "matplotlib.pyplot" in sys.modules:
        # Imported before there was a shell: it could not tie itself to one.
        sys.modules["matplotlib.pyplot"].install_repl_displayhook()
    return kernel


def _without_debugger() -> None:
    """Keep the kernel from making a debugger: nobody attaches one, and it costs threads and memory."""
    held = {name: sys.modules.get(name) for name in ("debugpy",)}
    sys.modules["debugpy"] = None  # type: ignore[assignment]
    try:
        import ipykernel.debugger

        ipykernel.debugger._is_debugpy_available = False
    finally:
        del sys.modules["debugpy"]
        sys.modules.update({name: module for name, module in held.items() if module is not None})


class InProcessClient(PapermillNotebookClient):  # type: ignore[misc]
    """Papermill's client with the kernel in this process."""

    def execute(self, **kwargs: Any) -> Any:
        """Run every cell, in order, until one fails; the notebook comes back with its outputs."""
        self.reset_execution_trackers()
        return asyncio.run(self._execute_all())

    async def _execute_all(self) -> Any:
        self.kernel = start_kernel()
        for index, cell in enumerate(self.nb.cells):
            try:
                self.nb_man.cell_start(cell, index)
                await self.async_execute_cell(cell, index)
            except CellExecutionError as error:
                self.nb_man.cell_exception(cell, cell_index=index, exception=error)
                break
            finally:
                self.nb_man.cell_complete(cell, cell_index=index)
        self.nb.metadata["language_info"] = self.kernel.language_info
        self.set_widgets_metadata()
        return self.nb

    async def async_execute_cell(
        self, cell: Any, cell_index: int, execution_count: int | None = None, store_history: bool = True
    ) -> Any:
        """Run one cell; raises `CellExecutionError` where it fails and no tag allows that."""
        tags = cell.metadata.get("tags", [])
        if cell.cell_type != "code" or not cell.source.strip() or self.skip_cells_with_tag in tags:
            return cell
        if self.kernel.shell.exit_now:
            raise DeadKernelError("Kernel died: an earlier cell called exit()")
        if self.record_timing:
            cell["metadata"]["execution"] = {}
        cell.outputs = []
        self.clear_before_next_output = False
        self.code_cells_executed += 1
        request = self.kernel.session.msg("execute_request", {"code": cell.source})
        self.kernel.set_parent([], request)
        self.kernel.session.deliver = lambda message: self._take(message, cell, cell_index)
        self._take(_told("status", request, execution_state="busy"), cell, cell_index)
        count = self.kernel.execution_count
        self._take(_told("execute_input", request, execution_count=count), cell, cell_index)
        reply = await self.kernel.do_execute(cell.source, False, store_history, {}, False)
        sys.stdout.flush()
        sys.stderr.flush()
        self._take(_told("status", request, execution_state="idle"), cell, cell_index)
        await self._check_raise_for_error(cell, cell_index, {"content": reply})
        return cell

    def _take(self, message: Message, cell: Any, index: int) -> None:
        from nbclient.exceptions import CellControlSignal

        try:
            self.process_message(message, cell, index)
        except CellControlSignal:
            return


def _told(kind: str, request: Message, **content: Any) -> Message:
    """What a kernel tells around an execution, dated as nbclient reads it."""
    from jupyter_client.session import utcnow

    header = {"msg_type": kind, "date": utcnow()}
    return {"msg_type": kind, "header": header, "parent_header": request["header"], "content": content}
