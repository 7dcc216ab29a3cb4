"""One thing at a time, the newest first, and it can be stopped: the thread in which a panel computes.

A kernel hears a page's messages on the thread that runs cells (or on one for all widgets). Whoever
computes there is deaf: ten moves of a slider queue up, and a Cancel button is heard when all is done.
So what a moved control asks for is done on a thread of its own, which takes only the newest wish.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Mapping
from typing import Any

from salesops_nb.core import stopping
from salesops_nb.core.stopping import Stopped
from salesops_nb.present.panel.save_as_report import remember, remember_this

PATIENCE = 0.4  # seconds in which something newer waits for the step in hand to end by itself
AGAIN = 0.1  # seconds until a query that began after the last strike is ended too


class Worker:
    """Does `work` with the newest values asked for, on its own thread.

    Parameters
    ----------
    work : called with the values and this worker; between its parts it calls `breathe`, in its long
        loops `stopping.check`.
    after : called with the values when the work has ended, in whatever way, and nothing strikes any more.
    hard : called when the work is to stop at once, and again until it has, to end what looks at no flag,
        as a query.
    """

    def __init__(
        self,
        work: Callable[[Mapping[str, Any], Worker], None],
        after: Callable[[Mapping[str, Any]], None] = lambda values: None,
        hard: Callable[[], None] = lambda: None,
    ) -> None:
        self._work, self._after, self._hard = work, after, hard
        self._lock = threading.Condition()
        self._wish: dict[str, Any] = {}
        self._doing: dict[str, Any] | None = None
        self._flag = stopping.new_flag()  # a new one each run: what was meant for one stops no other
        self._settled = self._closed = False
        self._thread: threading.Thread | None = None
        self.stopping: str | None = None  # why the present run is to end: "cancelled", "newer" or "closed"

    @property
    def busy(self) -> bool:
        """Whether something is being computed, or waits to be."""
        with self._lock:
            return self._doing is not None or bool(self._wish)

    def ask(self, values: Mapping[str, Any]) -> None:
        """Wish for values; what is being computed for older ones ends soon, unfinished."""
        with self._lock:
            self._wish.update(values)
            if self._stoppable and self.stopping is None:
                self.stopping = "newer"
                _later(PATIENCE, self._strike, self._flag)
            if self._thread is None:
                self._thread = threading.Thread(target=self._live, name="salesops-panel", daemon=True)
                self._thread.start()
            self._lock.notify_all()

    def stop(self, why: str = "cancelled", first: Callable[[], None] = lambda: None) -> bool:
        """End what is being computed, now, and forget what waits.

        Parameters
        ----------
        first : called before, where there is anything to end or forget, and nothing has ended yet.

        Returns
        -------
        bool
            Whether there was; what is settled is not ended.
        """
        with self._lock:
            if not (self._stoppable or self._wish):
                return False
            first()
            self._wish = {}
            if self._stoppable:
                self.stopping = why
                self._strike(self._flag)
            return True

    def close(self) -> None:
        """End for good."""
        with self._lock:
            self.stop("closed")
            self._closed = True
            self._lock.notify_all()

    def breathe(self) -> None:
        """Between two parts of the work: raises `Stopped` where it is to end."""
        if self.stopping is not None:
            raise Stopped(self.stopping)

    def settle(self) -> None:
        """Where it returns, nothing stops this run any more: what follows is done whole.

        Raises `Stopped` where a stop came first, also one that the work has swallowed.
        """
        with self._lock:
            if not self._settled:
                stopping.check()
                self._settled = True

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until nothing is being computed; whether that came about in time."""
        with self._lock:
            return self._lock.wait_for(lambda: self._doing is None and not self._wish, seconds)

    @property
    def _stoppable(self) -> bool:
        return self._doing is not None and not self._settled

    def _live(self) -> None:
        try:
            while (values := self._begin()) is not None:
                try:
                    with stopping.heeding(self._flag):
                        self._work(values, self)
                except BaseException:
                    if self.stopping is None:  # else it is how the work ended, as a query that was struck
                        raise
                finally:
                    self._finish(values)
        finally:
            with self._lock:
                self._thread = None  # the next wish starts another

    def _begin(self) -> dict[str, Any] | None:
        with self._lock:
            self._lock.wait_for(lambda: bool(self._wish) or self._closed)
            if self._closed:
                return None
            self._doing, self._wish = self._wish, {}
            self._flag = stopping.new_flag()
            self.stopping, self._settled = None, False
            return self._doing

    def _finish(self, values: dict[str, Any]) -> None:
        with self._lock:
            self._settled = True
        try:
            self._after(values)
        finally:
            with self._lock:
                self._doing = None
                self._lock.notify_all()

    def _strike(self, flag: stopping.Flag) -> None:
        """Raise the flag of a run and end its query; again until it is over, as another may have begun."""
        with self._lock:  # so that no query of a cell, which waits for the run to end, is struck
            if not self._stoppable or self._flag is not flag:
                return
            flag[0] = 1
            self._hard()
        _later(AGAIN, self._strike, flag)


def _later(seconds: float, call: Callable[[stopping.Flag], None], flag: stopping.Flag) -> None:
    timer = threading.Timer(seconds, call, [flag])
    timer.daemon = True
    timer.start()


class Turns:
    """Cells and the worker by turns, for they share the connection: while one computes the other waits."""

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
