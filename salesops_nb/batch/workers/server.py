"""The fork server: a process that imported the scientific stack once and forks per task.

`ForkServer` starts it. It reads tasks from the socket FD (one JSON
datagram each, with the write end of a pipe for the task's own words), forks, and reports how each
child ended. It never runs a task itself, so each child begins with the same clean namespace.

It has one thread and no event loop, because a fork copies only the thread that calls it. Thread
pools (OpenMP, Numba, Arrow, BLAS) are held off while importing and sized in the child.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
import time
import warnings
from dataclasses import dataclass
from typing import Any

STACK = (
    "numpy", "pandas", "pyarrow", "pyarrow.compute", "pyarrow.parquet", "duckdb", "narwhals",
    "matplotlib.pyplot", "matplotlib.backends.backend_agg", "matplotlib.backends.backend_svg",
    "matplotlib.dates", "scipy.stats", "great_tables", "pydantic", "sqlalchemy", "xlsxwriter",
    "babel.numbers", "babel.dates", "nbconvert", "papermill", "salesops_nb.batch.workers.kernel",
    "salesops_nb.batch.workers.execute", "salesops_nb.present", "salesops_nb.source.opened", "ctypes",
)  # fmt: skip
HELD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
}
_MOST_BYTES = 1 << 22


@dataclass(slots=True)
class _Child:
    task: str
    deadline: float | None
    timed_out: bool = False
    cancelled: bool = False


def threads() -> int:
    """Threads of this process, or 1 where the system does not say."""
    try:
        return len(os.listdir("/proc/self/task"))
    except OSError:
        import threading

        return threading.active_count()


def preload(names: tuple[str, ...] = STACK) -> None:
    """Import the stack and let its lazy parts load; a name that is not installed is passed over."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in names:
            with contextlib.suppress(ImportError):
                importlib.import_module(name)
        with contextlib.suppress(ImportError):
            _draw_once()
        with contextlib.suppress(ImportError):
            _tabulate_once()
        with contextlib.suppress(ImportError):
            _export_once()
    gc.collect()
    gc.freeze()  # what is shared stays shared: the collector does not touch (and so copy) it


def _draw_once() -> None:
    """Fill the font cache and import what a first figure imports, outside pyplot's state."""
    import io

    import numpy as np
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    days = np.array(["2017-01-01", "2017-12-31"], dtype="datetime64[D]")
    axes.plot(days, [0, 1], label="warm")
    axes.set_title("warm", weight="bold")
    axes.legend()
    figure.savefig(io.BytesIO(), format="png")
    figure.savefig(io.BytesIO(), format="svg")


def _tabulate_once() -> None:
    """Group, pivot and show a small frame: what pandas sets up at its first use is there for every child."""
    import pandas as pd

    days = pd.to_datetime(["2017-01-01", "2017-02-01", "2017-02-02"])
    frame = pd.DataFrame({"day": days, "who": ["a", "b", "a"], "amount": [1.0, 2.0, 3.0]})
    frame["month"] = frame["day"].dt.to_period("M").dt.to_timestamp()
    frame.pivot_table(index="month", columns="who", values="amount", aggfunc="sum").to_html()
    frame.groupby("who")["amount"].agg(["sum", "count", "mean"]).sort_values("sum").describe().to_html()


def _export_once() -> None:
    """Export a small notebook: templates are compiled, schema and lexer loaded, for every child."""
    import tempfile

    import nbformat.v4 as v4

    from salesops_nb.present import export_html

    table = v4.new_output("display_data", {"text/html": "<table><tr><td>1</td></tr></table>"})  # type: ignore[no-untyped-call]
    cells = [
        v4.new_markdown_cell("# Warm\n\n**Once**, for all."),  # type: ignore[no-untyped-call]
        v4.new_code_cell("1 + 1", execution_count=1, outputs=[table]),  # type: ignore[no-untyped-call]
    ]
    with tempfile.TemporaryDirectory() as folder:
        export_html(v4.new_notebook(cells=cells), f"{folder}/warm.html")  # type: ignore[no-untyped-call]


class Server:
    """The loop: tasks in, forks, reports out."""

    def __init__(self, control: socket.socket) -> None:
        self.control = control
        self.children: dict[int, _Child] = {}
        self.wake, self._wake_in = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    def serve(self) -> None:
        """Serve until the other side hangs up; then end every child."""
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.set_wakeup_fd(self._wake_in)
        self._say(ready=True, threads=threads())
        poll = select.poll()
        poll.register(self.control, select.POLLIN)
        poll.register(self.wake, select.POLLIN)
        while True:
            for number, _ in poll.poll(self._patience()):
                if number == self.wake:
                    os.read(self.wake, 4096)
                elif not self._receive():
                    return self._end_all()
            self._reap()
            self._end_late()

    def _patience(self) -> float | None:
        due = [c.deadline for c in self.children.values() if c.deadline is not None and not c.timed_out]
        return max(0.0, min(due) - time.monotonic()) * 1000 + 1 if due else None

    def _receive(self) -> bool:
        data, pipes, _, _ = socket.recv_fds(self.control, _MOST_BYTES, 1)
        if not data:
            return False
        message = json.loads(data)
        if message["op"] == "cancel":
            for pid, child in self.children.items():
                if child.task == message["id"]:
                    child.cancelled = True
                    _end_group(pid)
        else:
            self._fork(message, pipes[0])
        return True

    def _fork(self, message: dict[str, Any], pipe: int) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid == 0:
            self._become(message, pipe)
        os.close(pipe)
        with contextlib.suppress(OSError):
            os.setpgid(pid, pid)
        timeout = message.get("timeout")
        deadline = time.monotonic() + timeout if timeout else None
        self.children[pid] = _Child(message["id"], deadline)

    def _become(self, message: dict[str, Any], pipe: int) -> None:
        """The child's whole life; never returns."""
        code = 70
        try:
            signal.set_wakeup_fd(-1)
            for number in (signal.SIGCHLD, signal.SIGINT, signal.SIGTERM):
                signal.signal(number, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            self.control.close()
            os.close(self.wake)
            os.close(self._wake_in)
            from salesops_nb.batch.workers.child import live

            code = live(message, pipe)
        finally:
            os._exit(code)

    def _reap(self) -> None:
        while self.children:
            pid, status, usage = os.wait4(-1, os.WNOHANG)
            if pid == 0:
                return
            child = self.children.pop(pid, None)
            if child is None:
                continue
            _end_group(pid)  # what the task left running ends with it
            self._say(
                id=child.task,
                exit=os.waitstatus_to_exitcode(status),
                timed_out=child.timed_out,
                cancelled=child.cancelled,
                peak_kib=usage.ru_maxrss,
            )

    def _end_late(self) -> None:
        now = time.monotonic()
        for pid, child in self.children.items():
            if child.deadline is not None and now >= child.deadline and not child.timed_out:
                child.timed_out = True
                _end_group(pid)

    def _end_all(self) -> None:
        for pid in self.children:
            _end_group(pid)
        for pid in self.children:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, 0)

    def _say(self, **words: Any) -> None:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.control.send(json.dumps(words).encode())


def _end_group(pid: int) -> None:
    for end in (os.killpg, os.kill):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            end(pid, signal.SIGKILL)
            return


def main() -> None:
    """Import, then serve on the socket whose number is the first argument."""
    control = socket.socket(fileno=int(sys.argv[1]))
    control.set_inheritable(False)
    preload()
    Server(control).serve()
    os._exit(0)  # nothing to save, and extension modules complain of their leaks on the way out
