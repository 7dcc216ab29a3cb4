"""The caller's side of the fork server: start it, hand it tasks, hear how they go."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import selectors
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

from salesops_nb.batch.workers.server import HELD

_START = "import sys; sys.path.append(sys.argv[2]); from salesops_nb.batch.workers.server import main; main()"


class ServerDied(RuntimeError):
    """The fork server ended or could not start; tasks must go another way."""


def can_fork() -> bool:
    """Whether this system has what the server needs: fork and sockets that pass files."""
    return hasattr(os, "fork") and hasattr(socket, "send_fds") and sys.platform != "darwin"


@dataclass(slots=True)
class Ended:
    """How a child ended: `exit` is its code, negative for a signal; `result` its last word, if any."""

    id: str
    exit: int = 0
    timed_out: bool = False
    cancelled: bool = False
    peak_kib: int = 0
    result: Any = None

    @property
    def crashed(self) -> bool:
        """Ended without a word and not by our hand."""
        return self.result is None and not self.timed_out and not self.cancelled


@dataclass(slots=True)
class _Line:
    """A child's pipe, until both the pipe and the child have ended."""

    number: int
    rest: bytes = b""
    result: Any = None
    ended: Ended | None = None
    open: bool = True
    words: list[dict[str, Any]] = field(default_factory=list)


class ForkServer:
    """A running fork server; use as a context manager, or call `close`.

    It and its children have `environment`, by default this process's.
    """

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        if not can_fork():
            raise ServerDied("this system cannot fork")
        self._environment = os.environ if environment is None else environment
        self._control, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._control.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 22)
        number = far.fileno()
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-c", _START, str(number), str(Path(str(files("salesops_nb"))).parent)],
            pass_fds=[number],
            env={**self._environment, **HELD},
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        far.close()
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._control, selectors.EVENT_READ, None)
        self._lines: dict[str, _Line] = {}
        self._ids = itertools.count(1)
        self._owner = os.getpid()
        self.ready = False

    def __enter__(self) -> ForkServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def wait_ready(self, timeout: float = 120) -> None:
        """Wait until the stack is imported; raises `ServerDied` where it will not be, or has threads."""
        deadline = time.monotonic() + timeout
        while not self.ready:
            if time.monotonic() > deadline:
                raise ServerDied("the fork server did not get ready")
            for _ in self._turn(1.0):
                pass

    def submit(self, call: str, task: dict[str, Any], **settings: Any) -> str:
        """Fork a child for ``module:function``; its id.

        `settings` are ``timeout`` (seconds), ``cwd``, ``threads``, ``memory`` (bytes), ``environment``.
        """
        self.wait_ready()
        name = str(next(self._ids))
        read, write = os.pipe2(os.O_CLOEXEC)
        os.set_blocking(read, False)
        settings.setdefault("environment", dict(self._environment))
        message = {"op": "run", "id": name, "call": call, "task": task, **settings}
        try:
            socket.send_fds(self._control, [json.dumps(message).encode()], [write])
        except OSError as error:
            os.close(read)
            raise ServerDied(f"the fork server does not take tasks: {error}") from error
        finally:
            os.close(write)
        self._lines[name] = _Line(read)
        self._selector.register(read, selectors.EVENT_READ, name)
        return name

    def cancel(self, name: str) -> None:
        """End a child and all it started."""
        self._control.send(json.dumps({"op": "cancel", "id": name}).encode())

    def events(self, timeout: float | None = None) -> Iterator[tuple[str, dict[str, Any] | Ended]]:
        """What was heard within `timeout` seconds: a child's words, and last how it `Ended`."""
        yield from self._turn(timeout)

    def _turn(self, timeout: float | None) -> Iterator[tuple[str, dict[str, Any] | Ended]]:
        heard = self._selector.select(timeout)
        for key, _ in heard:
            if key.data is None:
                self._hear_server()
            else:
                self._hear_child(key.data)
        for name, line in list(self._lines.items()):
            for words in line.words:
                yield name, words
            line.words.clear()
            if line.ended is not None:
                self._hear_child(name)  # what it said just before
                self._forget(name)
                line.ended.result = line.result
                for words in line.words:
                    yield name, words
                yield name, line.ended

    def _hear_server(self) -> None:
        data = self._control.recv(1 << 16)
        if not data:
            raise ServerDied(f"the fork server ended (exit {self.process.poll()})")
        message = json.loads(data)
        if message.get("ready"):
            self.ready = True
            if message["threads"] != 1:
                raise ServerDied(f"the fork server has {message['threads']} threads; forking is not safe")
        elif message["id"] in self._lines:
            self._lines[message["id"]].ended = Ended(**message)

    def _hear_child(self, name: str) -> None:
        line = self._lines[name]
        while line.open:
            try:
                data = os.read(line.number, 1 << 16)
            except BlockingIOError:
                break
            if not data:
                self._hang_up(line)
                break
            line.rest += data
        *whole, line.rest = line.rest.split(b"\n")
        for text in whole:
            words = json.loads(text)
            if "result" in words:
                line.result = words["result"]
            else:
                line.words.append(words)

    def _hang_up(self, line: _Line) -> None:
        if line.open:
            self._selector.unregister(line.number)
            os.close(line.number)
            line.open = False

    def _forget(self, name: str) -> None:
        self._hang_up(self._lines.pop(name))

    def close(self) -> None:
        """Hang up: the server ends every child and itself."""
        if os.getpid() != self._owner:
            return
        for line in self._lines.values():
            self._hang_up(line)
        self._lines.clear()
        self._selector.close()
        self._control.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                self.process.kill()
            self.process.wait()
