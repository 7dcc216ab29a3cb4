"""The first and the last day of a span, below the control that chooses a period."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import ipywidgets

from salesops_nb.present.language.translation import _
from salesops_nb.present.panel import choices
from salesops_nb.present.panel.widgets import LAYOUT, STYLE, DayPicker


class SpanDays:
    """Two pickers of days, shown while the control beside them has a span; they choose another.

    `choose` takes the span that they make.
    """

    def __init__(self, workbook: Any, control: Any, choose: Callable[[str], None]) -> None:
        self._control, self._choose = control, choose
        span = choices.days(workbook) or (None, None)
        common: dict[str, Any] = {"min": span[0], "max": span[1], "style": STYLE, "layout": LAYOUT}
        self.first = DayPicker(description=_("First day"), **common)
        self.last = DayPicker(description=_("Last day"), **common)
        self.box = ipywidgets.VBox([self.first, self.last])
        control.observe(self._follow, names="value")
        self._follow()

    def _follow(self, _change: Any = None) -> None:
        """Show the days of the span that is chosen; nothing beside another period."""
        ends = str(self._control.value).partition("..")
        days = [_day(ends[0]), _day(ends[2])]
        self.box.layout.display = "" if all(days) else "none"
        for picker, day in zip((self.first, self.last), days, strict=True):
            picker.unobserve_all("value")
            if day is not None:
                picker.value = day
            picker.observe(self._lead, names="value")

    def _lead(self, _change: Any) -> None:
        if self.first.value and self.last.value:
            self._choose(f"{self.first.value}..{self.last.value}")


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
