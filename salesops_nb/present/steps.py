"""The steps and shows of a notebook: what each needs, how long it took, and who looks on."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from threadpoolctl import threadpool_limits

SLOW = 0.3  # seconds: a show that takes longer is drawn after the others


@dataclass(slots=True)
class Node:
    """A step or a show: its function, what that needs, and how long it took last time."""

    name: str
    function: Callable[..., Any]
    needs: tuple[str, ...]
    shown: bool
    output: Any = None
    drawn: tuple[Any, ...] = ()
    seconds: float = 0.0

    @property
    def words(self) -> str:
        """What it does, in the first line of its docstring, else its name."""
        said = (inspect.getdoc(self.function) or "").split("\n")[0].rstrip(".")
        return said or self.name.replace("_", " ")


class Watch(Protocol):
    """Who looks on while a change is made, and may end it by raising."""

    def begins(self, node: Node, rest: list[Node]) -> None:
        """A step or show is about to be done; `rest` are it and those that follow."""

    def settles(self) -> None:
        """All is done and is about to be taken over, which nothing must interrupt."""


def slow_last(nodes: list[Node]) -> list[Node]:
    """In their order, but shows that took long at the end: the rest is on screen before them."""
    slow = [node for node in nodes if node.shown and node.seconds > SLOW]
    return [node for node in nodes if node not in slow] + slow


def timed(function: Callable[..., Any], given: dict[str, Any]) -> tuple[float, Any]:
    """Call a step or show; the seconds it took, and what it returned."""
    begun = time.perf_counter()
    # threads of linear algebra wait for each other longer than small matrices take
    with threadpool_limits(limits=1, user_api="blas"):
        value = function(**given)
    return time.perf_counter() - begun, value
