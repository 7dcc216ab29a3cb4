"""The panel's controls in JupyterLab: for each parameter one that fits its type, limits and choices.

They exist only where a person is at the page: a report has no widget.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

import ipywidgets
import traitlets

from salesops_nb.present.language.column_labels import term, translated
from salesops_nb.present.language.translation import _
from salesops_nb.present.panel import choices

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

    from salesops_nb.present.panel.panel import Panel

STOPS = 150  # a range of more is typed, not slid along
LAYOUT = {
    "width": "100%",
    "max_width": "26rem",
    "margin": "0",
}  # as wide as its group's column, see panel.css
STYLE = {"description_width": "7.5rem"}


class DayPicker(ipywidgets.DatePicker):  # type: ignore[misc]
    """Its calendar offers the days from `min` to `max`; another that is typed is not bent to the nearest."""

    @traitlets.validate("value")
    def _validate_value(self, proposal: Any) -> Any:
        return proposal["value"]


def control_of(panel: Panel, name: str, field: FieldInfo) -> Any:
    """The control for a parameter, showing what is asked."""
    value = getattr(panel.asked, name)
    common: dict[str, Any] = {
        "description": term(name),
        "tooltip": translated(field.description or ""),
        "style": STYLE,
        "layout": LAYOUT,
    }
    options = offered(panel, name, field, panel.asked)
    if options is not None:
        made = ipywidgets.Dropdown(options=options, value="" if value is None else value, **common)
        made.disabled = len(options) < 2
        return made
    if choices.extra(field).get("choices") == "days":
        span = choices.days(panel.workbook) or (None, None)
        return DayPicker(value=value, min=span[0], max=span[1], **common)
    return _by_type(value, field, common)


def offered(panel: Panel, name: str, field: FieldInfo, asked: Any) -> list[tuple[str, Any]] | None:
    """The choices with their labels, given the other parameters; what is asked stands among them."""
    by = choices.extra(field).get("by")
    values = choices.choices_of(panel.workbook, name, field, getattr(asked, by) if by else None)
    if values is None:
        return None
    value = getattr(asked, name)
    if value not in values:
        values = [value, *values]
    return choices.labelled(panel.workbook, field, values)


def given(control: Any, field: FieldInfo) -> Any:
    """What a control asks for, as the parameter takes it: an empty text is nothing."""
    value = control.value
    if isinstance(control, ipywidgets.Dropdown):
        return None if value == "" and field.default is None else value
    if isinstance(control, ipywidgets.FloatSlider):
        return round(value, 9)  # the page counts steps in binary: 0.11999999999999988 for the 0.12 it shows
    if not isinstance(control, ipywidgets.Text):
        return value
    nothing = value.strip() == "" and type(None) in _types(field.annotation)
    return None if nothing else value


def set_shown(control: Any, value: Any) -> None:
    """Let a control show a value."""
    if isinstance(control, ipywidgets.Text):
        value = written(value)
    elif isinstance(control, ipywidgets.Dropdown):
        value = "" if value is None else value
        if value not in dict(control.options).values():  # a span of one's own days
            control.options = [*control.options, (str(value), value)]
    control.value = value


def _by_type(value: Any, field: FieldInfo, common: dict[str, Any]) -> Any:
    kinds = _types(field.annotation)
    low, high = _limits(field)
    numeric = bool(kinds & {int, float})
    if bool in kinds:
        return ipywidgets.Checkbox(value=value, indent=True, **common)
    if date in kinds:
        return DayPicker(value=value, **common)
    if numeric and not kinds - {int, float}:
        return _number(value, float not in kinds, low, high, common)
    hint = ""
    if numeric and type(None) in kinds:
        hint = _("none")
        if low is not None and high is not None:
            hint = _("none, or {low} to {high}", low=low, high=high)
    return ipywidgets.Text(value=written(value), placeholder=hint, continuous_update=False, **common)


def _number(value: Any, whole: bool, low: Any, high: Any, common: dict[str, Any]) -> Any:
    """A slider over a range of some hundred stops, else a box, where one beyond the limits is refused."""
    if low is not None and high is not None and (not whole or high - low <= STOPS):
        slider = ipywidgets.IntSlider if whole else ipywidgets.FloatSlider
        step = 1 if whole else _step(float(high) - float(low))
        return slider(
            value=value, min=low, max=high, step=step, continuous_update=False,
            readout_format="d" if whole else f".{_places(step)}f", **common,
        )  # fmt: skip
    box = ipywidgets.IntText if whole else ipywidgets.FloatText
    return box(value=value, step=1 if whole else 0.1, continuous_update=False, **common)


def written(value: Any) -> str:
    """A value as a person types it: names and numbers, nothing for none."""
    if isinstance(value, dict):
        return ", ".join(f"{name}: {each:g}" for name, each in value.items())
    if isinstance(value, tuple | list):
        return ", ".join(str(each) for each in value)
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _types(annotation: Any) -> set[Any]:
    if get_origin(annotation) in (Literal, tuple, list, dict) or not get_args(annotation):
        return {get_origin(annotation) if get_origin(annotation) in (tuple, list, dict) else annotation}
    return {kind for part in get_args(annotation) for kind in _types(part)}


def _limits(field: FieldInfo) -> tuple[Any, Any]:
    low = next((each.ge for each in field.metadata if hasattr(each, "ge")), None)
    high = next((each.le for each in field.metadata if hasattr(each, "le")), None)
    return low, high


def _places(step: float) -> int:
    """The places behind the point that a step needs."""
    return len(f"{step:f}".rstrip("0").split(".")[1])


def _step(span: float) -> float:
    """A step that makes at most `STOPS` stops of a range."""
    for step in (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0):
        if span / step <= STOPS:
            return step
    return span / 100


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
