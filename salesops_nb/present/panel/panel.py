"""One panel for every notebook: its parameters as controls, and what depends on them drawn again.

A notebook says what it computes and shows as small functions. Their arguments name what they need:
parameters, earlier steps, or ``asked`` (all parameters together)::

    panel = notebook.begin("performance_review", globals())

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
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from salesops_nb import parameters
from salesops_nb.errors import SalesopsError, problem
from salesops_nb.present.panel.steps import PREVIEW, Node, Outputs, Watch, look_in_loops, preview, slow_last


class Panel:
    """The parameters in force, the workbook, and the steps and shows that depend on them.

    Attributes
    ----------
    asked : the parameters of what is computed and drawn.
    wanted : what was last asked for; other than `asked` where a step refused it.
    workbook : the opened `Workbook`.
    live : whether a person is at the page, so that controls exist.
    """

    def __init__(
        self, asked: parameters.Parameters, workbook: Any, namespace: dict[str, Any], live: bool = False
    ) -> None:
        self.asked = self.wanted = asked
        self.workbook = workbook
        self.module: Any = None  # the notebook's own, where it began with `notebook.begin`
        self.live = live
        self.nodes: dict[str, Node] = {}
        self._namespace = namespace
        self._values: dict[str, Any] = {}
        self._stale: set[str] = set()

    def step(self, function: Callable[..., Any]) -> Any:
        """Compute a step now, and again whenever something it needs has changed.

        Used as a decorator. The function's arguments are names of parameters, of earlier steps, or
        ``asked``; in its place the notebook has what it returned.

        Raises
        ------
        SalesopsError
            where an argument is neither a parameter nor an earlier step, and whatever it raises.
        """
        node = self._added(function, shown=False)
        value = node.compute(self._given(node, self.asked, self._values))
        self._values[node.name] = self._namespace[node.name] = value
        return value

    def show(self, function: Callable[..., None]) -> Callable[..., None]:
        """Display now, and again in the same place whenever something it needs has changed.

        Used as a decorator, as `step`; what the function displays or prints stands below its cell.
        """
        node = self._added(function, shown=True)
        given = self._given(node, self.asked, self._values)
        if self.live:
            from salesops_nb.present.panel.captured_output import new_output

            node.output = new_output()
            node.drawn = node.draw(given)
        else:
            node.function(**given)
        return function

    def cover(
        self,
        asked: parameters.Parameters,
        *,
        title: str,
        subtitle: str = "",
        period: Any = None,
        as_of: date | None = None,
        asked_for: Mapping[str, Any] | None = None,
        used: Iterable[str] = (),
        status: str = "final",
        lead: str = "",
        caveat: str = "",
        without: Sequence[str] = (),
        statement: Mapping[str, Any] | None = None,
    ) -> None:
        """Display the report's cover, in the workbook's locale and currency.

        Mission and vision stand on it where the workbook's settings ask for them (`covers`), as they were in
        force on the day.

        Parameters
        ----------
        asked : the parameters the page is about; all of them stand in its appendix, or `asked_for` in their
            place.
        title, subtitle : what the page is, and whose. Both in the reader's language.
        period : the `Period` it is of, or its words.
        as_of : the last day known; the last in the data unless given.
        used : tables and ``table.column`` names that its figures rest on: those that are simulated are
            named in the appendix.
        status : ``final`` or ``draft``.
        lead : what the page finds, in one or two sentences of at most 45 words: it stands under the title.
        caveat : the one sentence that weakens it and may not be missed; it stands beside it.
        without : tags of cells that the report leaves out.
        statement : which pay statement the report shows (payee, period, status, lines, totals).
        """
        from salesops_nb.present.language.called import all_called
        from salesops_nb.present.language.translation import use_locale
        from salesops_nb.present.page.parts import cover
        from salesops_nb.present.panel.choices import chosen
        from salesops_nb.version import __version__

        workbook, settings = self.workbook, self.workbook.settings
        use_locale(settings.locale, settings.currency)
        stated = asked.model_dump(exclude={"workbook"}) if asked_for is None else dict(asked_for)
        cover(
            title=title,
            subtitle=subtitle,
            company=settings.company,
            lead=lead,
            caveat=caveat,
            **_asked_for_on_covers(workbook, as_of or workbook.data_through),
            period=period,
            as_of=as_of or workbook.data_through,
            parameters=all_called({name: chosen(asked, name, value) for name, value in stated.items()}),
            fingerprint=workbook.fingerprint,
            versions={"salesops_nb": __version__},
            simulated=sorted(workbook.simulated & set(used)),
            status=status,
            without=without,
            statement=statement,
        )

    def change(self, values: Mapping[str, Any], watch: Watch | None = None) -> list[str]:
        """Take new values of parameters; the names of the steps and shows that were done again.

        All of it is taken over at the end, or nothing: where a step refuses a value, `asked`, the
        steps and the notebook's variables stay as they were, and the value is tried again together
        with the next change.

        Raises
        ------
        SalesopsError
            where a value does not fit, or a step refuses it.
        """
        kind = type(self.asked)
        self.wanted = after = parameters.checked(kind, {**dict(self.wanted), **values})
        changed = {name for name in kind.model_fields if getattr(after, name) != getattr(self.asked, name)}
        rest = slow_last(self._depending({*changed, *self._stale, *({"asked"} if changed else ())}))
        for node in rest:
            node.grow_old()
        drawn: dict[str, Outputs] = {}
        computed = dict(self._values)
        for at, node in enumerate(rest):
            if watch is not None:
                watch.begins(node, rest[at:])
                if node.previews:
                    preview(rest[at:], after, computed, self._given)
            given = self._given(node, after, computed)
            if watch is not None and "asked" in node.needs and _carries_out(after, changed):
                watch.settles()  # what is written is written whole
            if not node.shown:
                computed[node.name] = node.compute(given)
            elif node.output is None:
                node.function(**given)
            else:
                drawn[node.name] = node.draw(given)
        if watch is not None:
            watch.settles()
        self._take_over(after, changed, computed, rest, drawn)
        return [node.name for node in rest]

    def restore(self) -> None:
        """Draw again what is in force, and want it, after a change that was not finished."""
        self.wanted = self.asked
        self.redraw()

    def redraw(self) -> None:
        """Put back what is in force where an unfinished change has drawn."""
        for node in self.nodes.values():
            node.put_back()

    def _take_over(
        self,
        after: Any,
        changed: set[str],
        computed: dict[str, Any],
        rest: list[Node],
        drawn: dict[str, Outputs],
    ) -> None:
        self.asked, self._values = after, computed
        self._stale.clear()
        for name, outputs in drawn.items():
            self.nodes[name].drawn = outputs
        self._namespace.update({name: getattr(after, name) for name in changed})
        self._namespace.update({node.name: computed[node.name] for node in rest if not node.shown})

    def _depending(self, stale: set[str]) -> list[Node]:
        """The steps and shows that need what is stale, and what depends on those; in their order."""
        found = []
        for node in self.nodes.values():
            if stale.intersection(node.needs):
                found.append(node)
                stale.add(node.name)
        return found

    def _added(self, function: Callable[..., Any], shown: bool) -> Node:
        name = function.__name__
        needs = tuple(each for each in inspect.signature(function).parameters if each != PREVIEW)
        node = Node(name, function, needs, shown)
        known = {*type(self.asked).model_fields, *self._values, "asked"}
        for need in node.needs:
            if need not in known:
                raise SalesopsError(
                    problem("unknown-step", value=need, name=name, known=", ".join(sorted(known)))
                )
        if self.live:
            look_in_loops(function)
        if name in self.nodes and not shown:
            self._stale.add(name)  # an edited step: what depends on it is done with the next change
        self.nodes[name] = node
        return node

    def _given(self, node: Node, asked: Any, values: Mapping[str, Any]) -> dict[str, Any]:
        return {
            need: asked if need == "asked" else values[need] if need in values else getattr(asked, need)
            for need in node.needs
        }


def _asked_for_on_covers(workbook: Any, day: date | None) -> dict[str, str]:
    """Mission and vision in force on the day, as far as the workbook asks for them on covers."""
    from salesops_nb.strategy import load

    asked = workbook.settings.covers
    found = load(workbook.folder, workbook.settings) if asked else None
    version = found.in_force(day) if found is not None and day is not None else None
    return {} if version is None else {name: getattr(version, name) for name in asked}


def _carries_out(asked: parameters.Parameters, changed: set[str]) -> bool:
    """Whether an approval is among what is asked for."""
    trigger = type(asked).approval[:1]
    return any(name in changed and getattr(asked, name) for name in trigger)


def __dir__() -> list[str]:
    """What completion offers."""
    return ["Panel"]
