"""A row of the panel: a control, and what is wrong with it beside it."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import ipywidgets

from salesops_nb.errors import Problem
from salesops_nb.present.language.sentences import ngettext, translate
from salesops_nb.present.language.translation import _
from salesops_nb.present.panel import choices, widgets
from salesops_nb.present.panel.choices import extra

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

    from salesops_nb.present.panel.panel import Panel

MOST = 3  # problems told beside one control


class Row:
    """A control, and what is wrong with it beside it."""

    def __init__(self, panel: Panel, name: str, field: FieldInfo, moved: Callable[[str], None]) -> None:
        self._panel, self._name, self.field, self._tell = panel, name, field, moved
        self.control = widgets.control_of(panel, name, field)
        self._message = ipywidgets.HTML()
        self._message.add_class("salesops-said")
        parts = [self.control, self._message]
        if extra(field).get("spans"):
            parts.insert(1, widgets.SpanDays(panel.workbook, self.control, self._choose).box)
        self.box = ipywidgets.HBox(parts)
        self.box.add_class("salesops-row")
        self._moves = name not in type(panel.asked).approval
        self._listen()

    @property
    def given(self) -> Any:
        """What the control asks for."""
        return widgets.given(self.control, self.field)

    def shows(self, value: Any) -> bool:
        """Whether the control shows a value."""
        return widgets.written(self.given) == widgets.written(value)

    @property
    def said(self) -> str:
        """The message beside the control, as HTML."""
        return str(self._message.value)

    @said.setter
    def said(self, text: str) -> None:
        self._message.value = f'<span class="salesops-note" role="status">{text}</span>' if text else ""

    def refuse(self, problems: Sequence[Problem], in_force: Any) -> None:
        """Say what is wrong, the first of it in full, and which value is in force."""
        told = [html.escape(translate(each.text)) for each in problems[:MOST]]
        if (more := len(problems) - MOST) > 0:
            told.append(ngettext("… and {n} more.", "… and {n} more.", more))
        shown = widgets.written(in_force) or _("none")
        in_force_still = html.escape(_("Below is still {value}.", value=shown))
        told[-1] += f" <em>{in_force_still}</em>"
        self._message.value = "".join(
            f'<span class="salesops-wrong" role="alert">{words}</span>' for words in told
        )

    def offer(self, values: Mapping[str, Any]) -> None:
        """Offer what can be chosen beside these values of the others; the first where it must change."""
        if not isinstance(self.control, ipywidgets.Dropdown):
            return
        merged = self._panel.wanted.model_copy(update=dict(values))
        options = choices.choices_of(
            self._panel.workbook, self._name, self.field,
            getattr(merged, str(extra(self.field).get("by")), None),
        )  # fmt: skip
        if options is None or not extra(self.field).get("by"):
            return
        value = self.given
        if value not in options:
            value = self.field.default if self.field.default in options else options[0]
        labelled = choices.labelled(self._panel.workbook, self.field, options)
        self._ignore()
        self.control.options = labelled
        widgets.set_shown(self.control, value)
        self.control.disabled = len(options) < 2
        self._listen()

    def show(self, value: Any) -> None:
        """Let the control show a value, which asks for nothing."""
        self._ignore()
        widgets.set_shown(self.control, value)
        self._listen()

    def _choose(self, value: Any) -> None:
        """Show a value and ask for it, as a move of the control does."""
        self.show(value)
        self._tell(self._name)

    def _ignore(self) -> None:
        if self._moves:
            self.control.unobserve(self._moved, names="value")

    def _listen(self) -> None:
        if self._moves:
            self.control.observe(self._moved, names="value")

    def _moved(self, _change: Any) -> None:
        self._tell(self._name)
