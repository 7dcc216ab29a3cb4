"""The life of a forked child: its own group, folder, temporary folder, threads and seeds; then its task."""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import random
import shutil
import sys
import tempfile
import threading
from typing import Any, TextIO

from salesops_nb.core.masking import masked


class Words:
    """The child's line to whoever waits for it: one JSON object a line."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def __call__(self, **words: Any) -> None:
        """Say something."""
        with self._lock:
            self._stream.write(json.dumps(words) + "\n")
            self._stream.flush()


def live(message: dict[str, Any], pipe: int) -> int:
    """Run ``message["call"]`` (``module:function``) with its task; the exit code of the process.

    The function is called with the task (a mapping) and `Words`; what it returns is the last word.
    """
    with contextlib.suppress(OSError, AttributeError):
        os.setpgid(0, 0)
    words = Words(os.fdopen(pipe, "w", encoding="utf-8"))
    if "environment" in message:  # a fresh process was given its own, and no file holds it
        os.environ.clear()
        os.environ.update(message["environment"])
    own = tempfile.mkdtemp(prefix="salesops-", dir=message.get("temporary"))
    try:
        _settle(own, message)
        module, _, function = message["call"].partition(":")
        result = getattr(importlib.import_module(module), function)(message["task"], words)
        words(result=result)
    except BaseException as error:
        import traceback

        said = masked(f"{type(error).__name__}: {error}")
        words(event="broken", error=said, traceback=masked(traceback.format_exc()))
        return 70
    finally:
        with contextlib.suppress(OSError):
            os.chdir("/")
        shutil.rmtree(own, ignore_errors=True)
    return 0


def _settle(own: str, message: dict[str, Any]) -> None:
    """Make the process its own: folders, threads, seeds, the first to go when memory ends."""
    os.environ["TMPDIR"] = own
    tempfile.tempdir = None
    os.chdir(message.get("cwd") or own)
    _die_with_parent()
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as score:
        score.write("800")
    if message.get("memory"):
        _limit_memory(int(message["memory"]))
    sized(int(message.get("threads") or 1))
    random.seed()
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed()


def sized(count: int) -> None:
    """Let the numeric libraries use so many threads; those not imported read the environment."""
    for name in ("OMP", "OPENBLAS", "MKL", "NUMBA"):
        os.environ[f"{name}_NUM_THREADS"] = str(count)
    os.environ["SALESOPS_THREADS"] = str(count)
    if "pyarrow" in sys.modules:
        sys.modules["pyarrow"].set_cpu_count(count)
        sys.modules["pyarrow"].set_io_thread_count(max(count, 2))
    if "numba" in sys.modules:
        sys.modules["numba"].config.reload_config()
    if count > 1:
        with contextlib.suppress(ImportError):
            from threadpoolctl import threadpool_limits

            threadpool_limits(count)


def _limit_memory(size: int) -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_DATA, (size, size))


def _die_with_parent() -> None:
    """On Linux, end when the server ends, however it ends."""
    if sys.platform != "linux":
        return
    import ctypes
    import signal

    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def alone(path: str) -> None:
    """The life of a fresh process that runs one task, its message in a file."""
    with open(path, encoding="utf-8") as file:
        message = json.load(file)
    with open(message["words"], "w", encoding="utf-8") as words:
        pipe = os.dup(words.fileno())
    os._exit(live(message, pipe))
