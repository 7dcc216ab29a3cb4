"""Cells and the panel's thread take turns: both use the workbook's connection."""

from __future__ import annotations

import ast
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
        shell: Any = get_ipython()
        self._events: Any = getattr(shell, "events", None)
        if self._events is not None:
            self._transformers, self._loops = shell.ast_transformers, Loops()
            self._transformers.append(self._loops)
            self._running = self._gate.acquire()  # the cell that makes the panel
            remember_this()
            self._events.register("pre_run_cell", self._before)
            self._events.register("post_run_cell", self._after)

    def close(self) -> None:
        """Let cells go their own way."""
        if self._events is not None:
            self._transformers.remove(self._loops)
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


class Loops(ast.NodeTransformer):
    """Lets loops in the functions of cells look at every turn whether they are to stop."""

    _look = "__import__('salesops_nb.stopping').stopping.check()"

    def __init__(self) -> None:
        self._inside = 0

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        """A step, a show or what they call; a loop outside is ended by the kernel's own interrupt."""
        self._inside += 1
        self.generic_visit(node)
        self._inside -= 1
        return node

    def visit_For(self, node: ast.For) -> ast.AST:
        """A loop over something."""
        return self._looking(node)

    def visit_While(self, node: ast.While) -> ast.AST:
        """A loop with a condition."""
        return self._looking(node)

    def _looking(self, node: ast.For | ast.While) -> ast.AST:
        self.generic_visit(node)
        if self._inside:
            look = ast.parse(self._look).body[0]
            for part in ast.walk(look):
                ast.copy_location(part, node)
            node.body.insert(0, look)
        return node
