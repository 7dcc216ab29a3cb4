"""The panel's line of progress."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

import ipywidgets

from salesops_nb.present.terms import translated
from salesops_nb.present.words import _

if TYPE_CHECKING:
    from salesops_nb.present.steps import Node


class Status:
    """What is being done, how far it is, and the button that ends it."""

    def __init__(self, cancel: Any) -> None:
        self._words = ipywidgets.HTML()
        self._bar = ipywidgets.FloatProgress(min=0, max=1, layout={"width": "12rem"})
        self._button = ipywidgets.Button(description=_("Cancel"), icon="times")
        self._button.on_click(cancel)
        self.box = ipywidgets.HBox([self._bar, self._button, self._words])
        self.box.add_class("salesops-status")
        self.ends()

    def begins(self) -> None:
        """Something was asked for."""
        self._bar.value, self._bar.bar_style = 0, ""
        self._words.value = ""
        self._button.disabled = False
        self.box.add_class("salesops-busy")

    def does(self, node: Node, rest: list[Node]) -> None:
        """A step or show is being done, with those that follow."""
        left = sum(each.seconds for each in rest) or 1.0
        self._bar.value = max(self._bar.value, 1 - left / max(left, self._whole(rest, left)))
        said = html.escape(_("Working on {what} …", what=translated(node.words)))
        self._words.value = f'{said} <span class="salesops-elapsed"></span>'

    def cancelling(self) -> None:
        """The work was told to end."""
        self._button.disabled = True
        self._bar.bar_style = "warning"
        self._words.value = html.escape(_("Cancelling …"))

    def ends(self) -> None:
        """Nothing is being done."""
        self.box.remove_class("salesops-busy")
        self._words.value = ""
        self._most = 0.0

    def _whole(self, rest: list[Node], left: float) -> float:
        self._most = max(self._most, left)
        return self._most
