"""Where jobs run: one small seam, so that a cluster can take them later.

An `Executor` takes tasks (plain JSON, see `execute.run_task`) and tells how they ended. They see no other
environment than its own (this process's unless one is given) and what their settings add. Here are two:
`ForkExecutor`, forks of a warm process, and `ProcessExecutor`, a fresh process for each task, for
systems that cannot fork and for tasks whose fork crashed.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any, Protocol

from salesops_nb.batch.workers.forkserver import Ended, ForkServer


@dataclass(slots=True)
class Settings:
    """What a task may use: seconds, bytes of memory (None: no limit), threads; its folder and environment."""

    timeout: float
    memory: int | None
    threads: int
    cwd: str
    environment: Mapping[str, str] = field(default_factory=dict)


class Executor(Protocol):
    """Runs tasks somewhere."""

    workers: int
    environment: Mapping[str, str]

    def submit(self, call: str, task: dict[str, Any], settings: Settings) -> str:
        """Begin a task; the id under which its end is told."""
        ...

    def ended(self, patience: float) -> list[Ended]:
        """The tasks that have ended, waiting at most so many seconds for the first."""
        ...

    def close(self) -> None:
        """End every task and give everything back."""
        ...


class ForkExecutor:
    """Tasks in forks of a process that imported the scientific stack once."""

    def __init__(self, workers: int, environment: Mapping[str, str] | None = None) -> None:
        self.workers = workers
        self.environment = os.environ if environment is None else environment
        self.server = ForkServer(self.environment)

    def submit(self, call: str, task: dict[str, Any], settings: Settings) -> str:
        """Fork for a task."""
        return self.server.submit(
            call,
            task,
            timeout=settings.timeout,
            memory=settings.memory,
            threads=settings.threads,
            cwd=settings.cwd,
            environment={**self.environment, **settings.environment},
        )

    def ended(self, patience: float) -> list[Ended]:
        """The children that have ended; one that broke in our own code keeps its words."""
        done = []
        for _, heard in self.server.events(patience):
            if isinstance(heard, Ended):
                done.append(heard)
        return done

    def close(self) -> None:
        """End the server and its children."""
        self.server.close()


@dataclass(slots=True)
class _Running:
    process: subprocess.Popen[bytes]
    deadline: float
    words: Path
    timed_out: bool = False


_ALONE = """
import sys
sys.path.append(sys.argv[2])
from salesops_nb.batch.workers.child import alone
alone(sys.argv[1])
"""


class ProcessExecutor:
    """Tasks in a fresh process each."""

    def __init__(self, workers: int, environment: Mapping[str, str] | None = None) -> None:
        self.workers = workers
        self.environment = os.environ if environment is None else environment
        self._running: dict[str, _Running] = {}
        self._count = 0

    def submit(self, call: str, task: dict[str, Any], settings: Settings) -> str:
        """Start a process for a task; its message and its words are files beside the task's own."""
        self._count += 1
        name = f"p{self._count}"
        message, words = Path(task["stage"], "task.json"), Path(task["stage"], "words.jsonl")
        content = {
            "call": call,
            "task": task,
            "words": str(words),
            "memory": settings.memory,
            "threads": settings.threads,
            "cwd": settings.cwd,
        }
        message.write_text(json.dumps(content), encoding="utf-8")
        process = subprocess.Popen(
            [sys.executable, "-P", "-c", _ALONE, str(message), str(Path(str(files("salesops_nb"))).parent)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            env={**self.environment, **settings.environment},
            start_new_session=True,
        )
        self._running[name] = _Running(process, time.monotonic() + settings.timeout, words)
        return name

    def ended(self, patience: float) -> list[Ended]:
        """The processes that have ended."""
        until = time.monotonic() + patience
        while True:
            done = [name for name, running in self._running.items() if self._is_over(running)]
            if done or time.monotonic() >= until:
                return [self._end_of(name, self._running.pop(name)) for name in done]
            time.sleep(0.02)

    def _is_over(self, running: _Running) -> bool:
        if running.process.poll() is not None:
            return True
        if time.monotonic() >= running.deadline:
            running.timed_out = True
            _end(running.process)
            return True
        return False

    def _end_of(self, name: str, running: _Running) -> Ended:
        _end(running.process)
        code = running.process.wait()
        result = None
        with contextlib.suppress(OSError, ValueError):
            lines = running.words.read_text(encoding="utf-8").splitlines()
            result = next((w["result"] for w in map(json.loads, reversed(lines)) if "result" in w), None)
        for leftover in (running.words, running.words.with_name("task.json")):
            leftover.unlink(missing_ok=True)
        return Ended(name, exit=code, timed_out=running.timed_out, result=result)

    def close(self) -> None:
        """End every process."""
        for running in self._running.values():
            _end(running.process)
            running.process.wait()
        self._running.clear()


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process and all it started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        elif process.poll() is None:
            process.kill()


def why(ended: Ended, timeout: float) -> str:
    """In words, why a task gave no result."""
    if ended.timed_out:
        return f"It took longer than {timeout:g} seconds and was ended."
    if ended.cancelled:
        return "It was cancelled."
    if ended.exit < 0:
        name = signal.Signals(-ended.exit).name if -ended.exit in set(signal.Signals) else str(-ended.exit)
        hint = {
            "SIGKILL": " Most often the machine had no memory left; give it a limit with 'memory'.",
            "SIGSEGV": " A compiled library crashed (segmentation fault).",
        }.get(name, "")
        return f"Its process was ended by {name}.{hint}"
    return f"Its process ended with exit code {ended.exit} before the report was done."
