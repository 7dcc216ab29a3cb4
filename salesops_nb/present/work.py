"""One thing at a time, the newest first, and it can be stopped: the thread in which a panel computes.

A kernel hears a page's messages on the thread that runs cells (or on one for all widgets). Whoever
computes there is deaf: ten moves of a slider queue up, and a Cancel button is heard when all is done.
So what a moved control asks for is done on a thread of its own, which takes only the newest wish.
"""

from __future__ import annotations

import contextlib
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
    hard : called too when the work is to stop at once, to end what Python cannot, as a query.
    """

    def __init__(
        self, work: Callable[[Mapping[str, Any], Worker], None], hard: Callable[[], None] = lambda: None
    ) -> None:
        self._work, self._hard = work, hard
        self._lock = threading.Condition()
        self._wish: dict[str, Any] = {}
        self._inside = self._settled = False
        self._run = 0
        self._thread: threading.Thread | None = None
        self.stopping: str | None = None  # why the present run is to end: "cancelled", "newer" or "closed"

    @property
    def busy(self) -> bool:
        """Whether something is being computed, or waits to be."""
        with self._lock:
            return self._inside or bool(self._wish)

    def ask(self, values: Mapping[str, Any]) -> None:
        """Wish for values; what is being computed for older ones ends soon, unfinished."""
        with self._lock:
            self._wish.update(values)
            if self._inside and self.stopping is None:
                self.stopping = "newer"
                threading.Timer(PATIENCE, self._strike, [self._run]).start()
            if self._thread is None:
                self._thread = threading.Thread(target=self._live, name="salesops-panel", daemon=True)
                self._thread.start()
            self._lock.notify_all()

    def stop(self, why: str = "cancelled") -> bool:
        """End what is being computed, now, and forget what waits; whether there was anything."""
        with self._lock:
            waiting, self._wish = bool(self._wish), {}
            if self._inside:
                self.stopping = why
            run = self._run
        self._strike(run)
        return waiting or self._inside

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

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until nothing is being computed; whether that came about in time."""
        with self._lock:
            return self._lock.wait_for(lambda: not self._inside and not self._wish, seconds)

    def _live(self) -> None:
        while True:
            with self._lock:
                self._lock.wait_for(lambda: bool(self._wish) or self._run < 0)
                if self._run < 0:
                    return
                values, self._wish = self._wish, {}
                self._run += 1
                self.stopping, self._inside, self._settled = None, True, False
            try:
                with contextlib.suppress(Stopped):
                    self._work(values, self)
            finally:
                self._leave()

    def settle(self) -> None:
        """From here to the end of the present run nothing strikes: what follows is done whole."""
        self._quiet()

    def _leave(self) -> None:
        self._quiet(left=True)

    def _quiet(self, left: bool = False) -> None:
        """Out of reach of `stop`, which may strike even here."""
        while True:
            try:
                with self._lock:
                    self._settled = True
                    self._inside = self._inside and not left
                    _raise_in(threading.get_ident(), None)
                    self._lock.notify_all()
                return
            except Stopped:
                continue

    def _strike(self, run: int) -> None:
        """Raise `Stopped` wherever the thread is, again until it has left that run."""
        with self._lock:
            if not self._inside or self._settled or self._run != run or self._thread is None:
                return
            _raise_in(self._thread.ident or 0, Stopped)
        self._hard()
        again = threading.Timer(AGAIN, self._strike, [run])
        again.daemon = True
        again.start()


def _raise_in(thread: int, kind: type[BaseException] | None) -> None:
    """Raise an exception in another thread at its next step of Python; None takes it back."""
    ctypes.pythonapi.PyThreadState_SetAsyncExc(
        ctypes.c_ulong(thread), ctypes.py_object(kind) if kind is not None else None
    )
