"""The steps and shows of a notebook: what each needs, how long it took, where it is, and who looks on."""

from __future__ import annotations

import ast
import inspect
import textwrap
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from types import CodeType
from typing import Any, Protocol

from threadpoolctl import threadpool_limits

from salesops_nb.core.stopping import check

Outputs = tuple[dict[str, Any], ...]

SLOW = 0.3  # seconds: a show that takes longer is drawn after the others, a step's preview before it
PREVIEW = "preview"  # argument of a step that can give a quick first estimate
OLD = "salesops-old"  # class of what does not answer the moved control yet

_longest: dict[str, float] = {}  # seconds a step took at most in this kernel, also before a second run


class NoEstimate(Exception):
    """Raised by a step asked for a preview that would not be worth its while."""


@dataclass(slots=True)
class Node:
    """A step or a show: its function, what that needs, how long it took last time, and where it is drawn."""

    name: str
    function: Callable[..., Any]
    needs: tuple[str, ...]
    shown: bool
    output: Any = None
    drawn: Outputs = ()
    seconds: float = 0.0

    @property
    def words(self) -> str:
        """What it does, in the first line of its docstring, else its name."""
        said = (inspect.getdoc(self.function) or "").split("\n")[0].rstrip(".")
        return said or self.name.replace("_", " ")

    @property
    def previews(self) -> bool:
        """Whether a preview is worth its while: it can be had, and the whole once took long."""
        return _longest.get(self.name, 0.0) > SLOW and PREVIEW in inspect.signature(self.function).parameters

    def compute(self, given: dict[str, Any]) -> Any:
        """What a step returns; the time it took is kept."""
        self.seconds, value = timed(self.function, given)
        _longest[self.name] = max(_longest.get(self.name, 0.0), self.seconds)
        return value

    def draw(self, given: dict[str, Any], above: Callable[[], None] = lambda: None) -> Outputs:
        """Draw in its place, with something `above`; what stands there now."""
        from salesops_nb.present.panel.captured_output import captured

        def both() -> None:
            above()
            self.function(**given)

        outputs: Outputs
        self.seconds, outputs = timed(captured, {"draw": both})
        self.output.outputs = outputs
        self.output.remove_class(OLD)
        return outputs

    def grow_old(self) -> None:
        """Look as what does not answer yet, until it is drawn or put back."""
        if self.output is not None:
            self.output.add_class(OLD)

    def put_back(self) -> None:
        """What is in force stands in its place again."""
        if self.output is not None:
            if self.output.outputs != self.drawn:
                self.output.outputs = self.drawn
            self.output.remove_class(OLD)


class Watch(Protocol):
    """Who looks on while a change is made, and may end it by raising."""

    def begins(self, node: Node, rest: list[Node]) -> None:
        """A step or show is about to be done; `rest` are it and those that follow."""

    def settles(self) -> None:
        """All is done and is about to be taken over, which nothing must interrupt."""


def preview(
    rest: list[Node],
    asked: Any,
    computed: Mapping[str, Any],
    given: Callable[[Node, Any, Mapping[str, Any]], dict[str, Any]],
) -> None:
    """Draw what comes first of the quick first estimate of a long step, and say above that it is one.

    Parameters
    ----------
    rest : the step that gives a preview, and what follows in this change.
    computed : the steps before it. given : the arguments of a step or show.
    """
    from salesops_nb.present.language.translation import _
    from salesops_nb.present.page.parts import note

    def above() -> None:
        note(_("A quick first estimate; the whole calculation is still running."))

    estimated = dict(computed)
    with suppress(Exception):  # what is wrong the whole calculation says
        estimated[rest[0].name] = rest[0].function(**given(rest[0], asked, estimated), **{PREVIEW: asked})
        known = {rest[0].name}
        for node in rest[1:]:
            if not known.intersection(node.needs):
                continue
            if node.shown:
                node.draw(given(node, asked, estimated), above)
                return
            estimated[node.name] = node.function(**given(node, asked, estimated))
            known.add(node.name)


def slow_last(nodes: list[Node]) -> list[Node]:
    """In their order, but shows that took long at the end: the rest is on screen before them."""
    slow = [node for node in nodes if node.shown and node.seconds > SLOW]
    return [node for node in nodes if node not in slow] + slow


def timed(function: Callable[..., Any], given: dict[str, Any]) -> tuple[float, Any]:
    """Call a step or show; the seconds it took, and what it returned."""
    check()
    begun = time.perf_counter()
    # threads of linear algebra wait for each other longer than small matrices take
    with threadpool_limits(limits=1, user_api="blas"):
        value = function(**given)
    return time.perf_counter() - begun, value


def look_in_loops(function: Callable[..., Any]) -> None:
    """Let the loops of a function look at each turn whether they are to stop (`stopping.check`).

    It is compiled again from its source, with the same lines. A function without source, or with
    variables of another one around it, stays as it is, and is stopped when it returns.
    """
    with suppress(OSError, TypeError, SyntaxError):
        old = getattr(function, "__code__", None)
        if old is None or old.co_freevars:
            return
        lines, first = inspect.getsourcelines(function)
        tree = _Looking().visit(ast.parse(textwrap.dedent("".join(lines))))
        ast.increment_lineno(tree, first - 1)
        module = compile(tree, old.co_filename, "exec", dont_inherit=True)
        for made in module.co_consts:
            if isinstance(made, CodeType) and made.co_name == old.co_name:
                function.__code__ = made


class _Looking(ast.NodeTransformer):
    _look = f"__import__('sys').modules[{check.__module__!r}].check()"

    def visit_For(self, node: ast.For) -> ast.AST:
        return self._looking(node)

    def visit_While(self, node: ast.While) -> ast.AST:
        return self._looking(node)

    def _looking(self, node: ast.For | ast.While) -> ast.AST:
        self.generic_visit(node)
        look = ast.parse(self._look).body[0]
        for part in ast.walk(look):
            ast.copy_location(part, node)
        node.body.insert(0, look)
        return node
