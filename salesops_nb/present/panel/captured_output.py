"""The outputs of one show: where they stand, and what it displays and prints, caught for that place."""

from __future__ import annotations

import contextlib
import io
import itertools
from collections.abc import Callable, Iterator
from typing import Any

from salesops_nb.present.export.images import inline_image
from salesops_nb.present.page.output import LIVE, LIVE_CLASS, without_live_style
from salesops_nb.present.page.render import part

Outputs = tuple[dict[str, Any], ...]
_charts = itertools.count(1_000_000)  # ids of drawings differ all over the page
_OURS = "application/vnd.salesops."


def new_output() -> Any:
    """A place below a cell in which a show draws, now and again."""
    import ipywidgets
    from IPython.display import display

    output = ipywidgets.Output()
    output.add_class("salesops-show")
    display(output)  # type: ignore[no-untyped-call]
    return output


def captured(draw: Callable[[], object]) -> Outputs:
    """The outputs of a call, as a notebook's file writes them.

    Works on any thread of a kernel: hooks of its display publisher hold for the thread that sets
    them. Printed text is caught by exchanging ``sys.stdout``, which is why nothing else may run
    meanwhile; the panel sees to it.
    """
    found: list[dict[str, Any]] = []
    token = LIVE.set(True)
    with contextlib.ExitStack() as stack:
        stack.callback(LIVE.reset, token)
        stack.enter_context(_kept(found))
        stack.enter_context(contextlib.redirect_stdout(_Stream("stdout", found)))
        draw()
    return tuple(found)


@contextlib.contextmanager
def _kept(found: list[dict[str, Any]]) -> Iterator[None]:
    from IPython.core.getipython import get_ipython

    shell: Any = get_ipython()
    publisher = shell.display_pub

    def keep(message: dict[str, Any]) -> dict[str, Any] | None:
        kind, content = message["header"]["msg_type"], message["content"]
        if kind == "clear_output":
            found.clear()
        elif kind == "display_data":
            found.append({"output_type": kind, **_for_the_page(content["data"], content["metadata"])})
        else:
            return message
        return None

    publisher.register_hook(keep)
    try:
        yield
    finally:
        publisher.unregister_hook(keep)


def _for_the_page(data: dict[str, Any], metadata: dict[str, Any]) -> dict[str, Any]:
    """A chart of ours in the page's colours, so that it suits a dark theme; parts without their facts.

    The facts are for the report's exporter; the style the panel brings once.
    """
    if "salesops" in metadata:
        chart = inline_image(data, metadata, next(_charts), "")
        body = f'<div class="{LIVE_CLASS}">{part("chart", chart)}</div>' if chart else ""
        return {"data": {"text/html": body, "text/plain": data.get("text/plain", "")}, "metadata": {}}
    kept = {kind: value for kind, value in data.items() if not kind.startswith(_OURS)}
    if len(kept) < len(data) and "text/html" in kept:
        kept["text/html"] = without_live_style(kept["text/html"])
    return {"data": kept, "metadata": metadata}


class _Stream(io.TextIOBase):
    """A stream whose text joins the outputs in its place."""

    def __init__(self, name: str, found: list[dict[str, Any]]) -> None:
        self._name, self._found = name, found

    def writable(self) -> bool:
        """It is written to."""
        return True

    def write(self, text: str) -> int:
        """Add text to the last output where that is this stream's, else as a new one."""
        last = self._found[-1] if self._found else {}
        if last.get("output_type") == "stream":
            last["text"] += text
        else:
            self._found.append({"output_type": "stream", "name": self._name, "text": text})
        return len(text)
