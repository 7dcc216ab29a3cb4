"""One thing at a time, the newest first, and it can be stopped: the thread in which a panel computes.

A kernel hears a page's messages on the thread that runs cells (or on one for all widgets). Whoever
computes there is deaf: ten moves of a slider queue up, and a Cancel button is heard when all is done.
So what a moved control asks for is done on a thread of its own, which takes only the newest wish.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable, Mapping
from typing import Any

PATIENCE = 0.4  # seconds in which something newer waits for the step in hand to end by itself
AGAIN = 0.1  # seconds until a stop is repeated that fell on deaf ears, as in a destructor


class Stopped(BaseException):
    """Raised in the computing thread by `Worker.stop`; no ``except Exception`` swallows it."""


class Worker:
    """Does `work` with the newest values asked for, on its own thread.

    Parameters
    ----------
    work : called with the values and this worker; between its parts it calls `breathe`.
    after : called with the values when the work has ended, in whatever way, and nothing strikes any more.
    hard : called when the work is to stop at once, to end what Python cannot, as a query.
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
        self._settled = False
        self._run = 0
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
            if self._doing is not None and self.stopping is None and not self._settled:
                self.stopping = "newer"
                _later(PATIENCE, self._strike, self._run)
            if self._thread is None:
                self._thread = threading.Thread(target=self._live, name="salesops-panel", daemon=True)
                self._thread.start()
            self._lock.notify_all()

    def stop(self, why: str = "cancelled") -> None:
        """End what is being computed, now, and forget what waits."""
        with self._lock:
            self._wish = {}
            if self._doing is not None and not self._settled:
                self.stopping = why
            run = self._run
        self._strike(run)

    def close(self) -> None:
        """End for good."""
        self.stop("closed")
        with self._lock:
            self._run = -1
            self._lock.notify_all()

    def breathe(self) -> None:
        """Between two parts of the work: raises `Stopped` where it is to end."""
        if self.stopping is not None:
            raise Stopped(self.stopping)

    def settle(self) -> None:
        """Where it returns, nothing strikes to the end of this run: what follows is done whole."""
        with self._lock:
            self._settled = True
            _raise_in(threading.get_ident(), None)

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until nothing is being computed; whether that came about in time."""
        with self._lock:
            return self._lock.wait_for(lambda: self._doing is None and not self._wish, seconds)

    def _live(self) -> None:
        while True:
            try:
                self._finish()
                values = self._begin()
                if values is None:
                    return
                self._work(values, self)
            except Stopped:  # it may strike on the way here too, and then is heard on the next round
                continue

    def _finish(self) -> None:
        self.settle()
        if self._doing is None:
            return
        try:
            self._after(self._doing)
        finally:
            with self._lock:
                self._doing = None
                self._lock.notify_all()

    def _begin(self) -> dict[str, Any] | None:
        with self._lock:
            self._lock.wait_for(lambda: bool(self._wish) or self._run < 0)
            if self._run < 0:
                return None
            self._doing, self._wish = self._wish, {}
            self._run += 1
            self.stopping, self._settled = None, False
            return self._doing

    def _strike(self, run: int) -> None:
        """Raise `Stopped` wherever the thread is, again until it has left that run."""
        with self._lock:
            if self._doing is None or self._settled or self._run != run or self._thread is None:
                return
            _raise_in(self._thread.ident or 0, Stopped)
        self._hard()
        _later(AGAIN, self._strike, run)


def _later(seconds: float, call: Callable[[int], None], run: int) -> None:
    timer = threading.Timer(seconds, call, [run])
    timer.daemon = True
    timer.start()


def _raise_in(thread: int, kind: type[BaseException] | None) -> None:
    """Raise an exception in another thread at its next step of Python; None takes it back."""
    ctypes.pythonapi.PyThreadState_SetAsyncExc(
        ctypes.c_ulong(thread), ctypes.py_object(kind) if kind is not None else None
    )
