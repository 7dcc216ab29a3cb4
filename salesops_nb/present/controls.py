"""One panel for every notebook: its parameters as controls, and what depends on them drawn again.

A notebook says what it computes and shows as small functions. Their arguments name what they need:
parameters, earlier steps, or ``asked`` (all parameters together)::

    panel = controls.panel(parameters.PerformanceReview, globals())

    @panel.step
    def review(asked): ...

    @panel.show
    def headlines(review): ...

Run by papermill, nbval or the batch, a step is computed and a show displayed at once, and no widget
exists. In JupyterLab the panel shows a control for each parameter; moving one computes again only
what depends on it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from salesops_nb import parameters
from salesops_nb.errors import Problem, SalesopsError


@dataclass(slots=True)
class _Node:
    name: str
    function: Callable[..., Any]
    needs: tuple[str, ...]
    shown: bool
    output: Any = None


def panel(kind: type[parameters.Parameters], namespace: dict[str, Any]) -> Panel:
    """The notebook's panel: parameters read and checked, workbook opened, controls shown in JupyterLab.

    Parameters
    ----------
    kind : the notebook's class in `salesops_nb.parameters`.
    namespace : the notebook's ``globals()``; parameters and steps are kept up to date in it.

    Raises
    ------
    SalesopsError
        with every unknown name and wrong value, or what is wrong with the workbook.
    """
    from salesops_nb import open_workbook

    asked = parameters.read(kind, namespace)
    made = Panel(asked, open_workbook(asked.workbook), namespace, live=is_live())
    if made.live:
        from salesops_nb.present.widgets import show_panel

        show_panel(made)
    return made


def is_live() -> bool:
    """Whether a person at a notebook's page runs this cell.

    A page sends the id of the cell with what is to be run; papermill, nbval and the batch do not.
    """
    try:
        from IPython.core.getipython import get_ipython
    except ImportError:
        return False
    kernel = getattr(get_ipython(), "kernel", None)
    if kernel is None:
        return False
    parent: Mapping[str, Any] = kernel.get_parent("shell") or {}
    return "cellId" in (parent.get("metadata") or {})


class Panel:
    """The parameters in force, the workbook, and the steps and shows that depend on them."""

    def __init__(
        self, asked: parameters.Parameters, workbook: Any, namespace: dict[str, Any], live: bool = False
    ) -> None:
        self.asked = asked
        self.workbook = workbook
        self.live = live
        self._namespace = namespace
        self._nodes: dict[str, _Node] = {}
        self._values: dict[str, Any] = {}
        self._stale: set[str] = set()

    def step(self, function: Callable[..., Any]) -> Any:
        """Compute a step now, and again whenever something it needs has changed; its value."""
        node = self._added(function, shown=False)
        self._run(node)
        return self._values[node.name]

    def show(self, function: Callable[..., None]) -> Callable[..., None]:
        """Display now, and again whenever something it needs has changed."""
        node = self._added(function, shown=True)
        if self.live:
            from salesops_nb.present.widgets import new_output

            node.output = new_output()
        self._run(node)
        return function

    def change(self, values: Mapping[str, Any]) -> list[str]:
        """Take new values of parameters; the names of the steps and shows that were done again.

        Raises
        ------
        SalesopsError
            where a value does not fit, or a step refuses it. What depends on a step that refused
            stays as it was and is done again with the next change.
        """
        given = {**self.asked.model_dump(), **values}
        after = parameters.checked(type(self.asked), given)
        changed = {
            name
            for name in type(self.asked).model_fields
            if getattr(after, name) != getattr(self.asked, name)
        }
        self.asked = after
        self._namespace.update({name: getattr(after, name) for name in changed})
        if changed:
            self._stale |= changed | {"asked"}
        return self._again()

    def _again(self) -> list[str]:
        done = []
        for node in self._nodes.values():
            if self._stale.intersection(node.needs):
                self._run(node)
                self._stale.add(node.name)
                done.append(node.name)
        self._stale.clear()
        return done

    def _added(self, function: Callable[..., Any], shown: bool) -> _Node:
        name = function.__name__
        node = _Node(name, function, tuple(inspect.signature(function).parameters), shown)
        known = {*type(self.asked).model_fields, *self._values, "asked"}
        for need in node.needs:
            if need not in known:
                raise SalesopsError(
                    Problem(
                        "unknown-step",
                        f"{name} needs {need!r}, which is neither a parameter nor an earlier step.",
                        f"There are {', '.join(sorted(known))}.",
                        value=need,
                    )
                )
        self._nodes[name] = node
        return node

    def _run(self, node: _Node) -> None:
        given = {need: self._value(need) for need in node.needs}
        if not node.shown:
            self._values[node.name] = self._namespace[node.name] = node.function(**given)
        elif node.output is None:
            node.function(**given)
        else:
            node.output.clear_output(wait=True)
            with node.output:
                node.function(**given)

    def _value(self, name: str) -> Any:
        if name == "asked":
            return self.asked
        return self._values[name] if name in self._values else getattr(self.asked, name)
