"""Cells and the panel's thread take turns: both use the workbook's connection."""

from __future__ import annotations

import contextlib
import threading
from typing import Any

from salesops_nb.present.saving import remember, remember_this
from salesops_nb.present.work import Worker


class Turns:
    """Cells and the worker by turns: while one computes the other waits."""

    def __init__(self) -> None:
        from IPython.core.getipython import get_ipython

        self._gate = threading.RLock()
        self._events: Any = getattr(get_ipython(), "events", None)
        if self._events is not None:
            self._running = self._gate.acquire()  # the cell that makes the panel
            remember_this()
            self._events.register("pre_run_cell", self._before)
            self._events.register("post_run_cell", self._after)

    def close(self) -> None:
        """Let cells go their own way."""
        if self._events is not None:
            self._events.unregister("pre_run_cell", self._before)
            self._events.unregister("post_run_cell", self._after)

    def keep_waiting(self, worker: Worker) -> None:
        """From here on no cell runs; comes back when the present one has ended."""
        while not self._gate.acquire(timeout=0.05):
            worker.breathe()

    def go_on(self) -> None:
        """Cells may run again."""
        with contextlib.suppress(RuntimeError):  # it was not taken
            self._gate.release()

    def _before(self, info: Any) -> None:
        remember(info)
        if not self._running:
            self._running = self._gate.acquire()

    def _after(self, _result: Any) -> None:
        if self._running:
            self._running = False
            self._gate.release()
