"""The panel's part that runs in the page: its style, the clipboard, and tables that sort and filter."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anywidget
import traitlets

from salesops_nb.present.language.translation import _
from salesops_nb.present.page.render import style_sheet

HERE = Path(__file__).parent


class Page(anywidget.AnyWidget):
    """A widget without a face. `on_copied` is called with whether the clipboard took a text.

    `answers` counts what was asked for and is answered: on screen, refused or cancelled. The page shows
    it as ``data-answers`` of the panel, for whoever waits there.
    """

    _esm = (HERE / "panel.js").read_text(encoding="utf-8")
    _css = traitlets.Unicode().tag(sync=True)
    words = traitlets.Dict().tag(sync=True)
    answers = traitlets.Int(0).tag(sync=True)

    def __init__(self) -> None:
        super().__init__(
            _css=style_sheet("live.css") + (HERE / "panel.css").read_text(encoding="utf-8"),
            words={
                "filter": _("Filter"),
                "nothing": _("No rows."),
                "info": _("Rows _START_ to _END_ of _TOTAL_"),
                "sort": _(": sort"),
                "unsort": _(": remove sorting"),
                "previous": _("Previous"),
                "next": _("Next"),
                # instead of the panel in a saved notebook (`cli.lab_saving`)
                "asleep": _("The controls stand here once the cells have run: Run › Run All Cells."),
            },
        )
        self.on_copied: Any = lambda done: None
        self.on_msg(self._heard)

    def copy(self, text: str) -> None:
        """Put a text on the clipboard of whoever looks at the page."""
        self.send({"kind": "copy", "text": text})

    def _heard(self, _widget: Any, message: dict[str, Any], _buffers: Any) -> None:
        if message.get("want") == "library":
            self.send({"kind": "library"}, [_library()])
        elif "copied" in message:
            self.on_copied(bool(message["copied"]))


def _library() -> bytes:
    """DataTables as itables brings it, so that nothing is fetched from a network."""
    import itables

    return (Path(itables.__file__).parent / "html" / "dt_bundle.js").read_bytes()
