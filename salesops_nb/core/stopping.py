"""A stop that work hears because it looks: a flag, read between steps and at each turn of long loops.

The flag stays up until the work has ended, so that a stop cannot be lost. Nothing is raised in a thread
from outside, which strikes anywhere: in the middle of a write, of an import, or where it is swallowed.
Code that writes to the store never looks, so a write is done whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Flag: TypeAlias = "NDArray[np.uint8]"


class Stopped(BaseException):
    """Raised by `check` in work that is to stop; no ``except Exception`` swallows it."""


def new_flag() -> Flag:
    """A flag that is down: one number, of which anything but 0 means stop."""
    import numpy as np

    return np.zeros(1, dtype=np.uint8)


_flag: ContextVar[Flag | None] = ContextVar("stop", default=None)  # none: nobody can stop it, as in the batch


def flag() -> Flag:
    """The flag of the work that runs here, for compiled loops that cannot call `check`."""
    raised = _flag.get()
    return new_flag() if raised is None else raised


def check() -> None:
    """Raise `Stopped` where the work that runs here is to stop; to be called in every long loop."""
    raised = _flag.get()
    if raised is not None and raised[0]:
        raise Stopped


@contextmanager
def heeding(raised: Flag) -> Iterator[None]:
    """Within it `flag` and `check` of this thread look at this flag."""
    token = _flag.set(raised)
    try:
        yield
    finally:
        _flag.reset(token)
