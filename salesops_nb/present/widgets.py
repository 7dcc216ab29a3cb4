"""The panel's controls in JupyterLab: one for each parameter, with the choices the workbook holds.

Only `controls` calls this, and only where a person is at the page: a report has no widget.
"""

from __future__ import annotations

import json
import os
import shlex
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

import ipywidgets
from IPython.display import display

from salesops_nb.errors import SalesopsError
from salesops_nb.present.choices import choices_of
from salesops_nb.present.terms import term
from salesops_nb.present.words import _

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

    from salesops_nb.present.controls import Panel

WIDE = ipywidgets.Layout(width="26rem")
LABEL = {"description_width": "9rem"}


def new_output() -> Any:
    """A place below a cell in which a show draws, now and again."""
    output = ipywidgets.Output()
    display(output)  # type: ignore[no-untyped-call]
    return output


def show_panel(panel: Panel) -> None:
    """Show a control for each parameter, and what is wrong beside the one that was moved."""
    rows: list[Any] = []
    for name, field in type(panel.asked).model_fields.items():
        if name != "workbook":
            rows.append(_Row(panel, name, field).box)
    display(ipywidgets.VBox([*rows, _batch_line(panel)]))  # type: ignore[no-untyped-call]


class _Row:
    """A control, and the message beside it."""

    def __init__(self, panel: Panel, name: str, field: FieldInfo) -> None:
        self.panel, self.name = panel, name
        self.control = control_of(panel, name, field)
        self.message = ipywidgets.HTML()
        self.control.observe(self._moved, names="value")
        self.box = ipywidgets.HBox([self.control, self.message])

    def _moved(self, change: dict[str, Any]) -> None:
        self.message.value = f"<em>{_('Working …')}</em>"
        try:
            self.panel.change({self.name: change["new"]})
        except SalesopsError as error:
            said = "<br>".join(_escaped(str(problem)) for problem in error.problems)
            self.message.value = f'<span role="alert">{said}</span>'
        except Exception as error:
            self.message.value = f'<span role="alert">{_escaped(f"{type(error).__name__}: {error}")}</span>'
            raise
        else:
            self.message.value = ""


def control_of(panel: Panel, name: str, field: FieldInfo) -> Any:
    """The control for a parameter, by its type, its limits and the choices the workbook holds."""
    value = getattr(panel.asked, name)
    common: dict[str, Any] = {
        "description": term(name),
        "tooltip": field.description or "",
        "style": LABEL,
        "layout": WIDE,
    }
    options = choices_of(panel.workbook, name, field)
    if options is not None:
        shown = [(_("none"), None) if option is None else (str(option), option) for option in options]
        if value not in options:
            shown.insert(0, (str(value), value))
        return ipywidgets.Dropdown(options=shown, value=value, **common)
    return _by_type(value, field, common)


def _by_type(value: Any, field: FieldInfo, common: dict[str, Any]) -> Any:
    kinds = _types(field.annotation)
    low, high = _limits(field)
    if bool in kinds:
        return ipywidgets.Checkbox(value=bool(value), **common)
    if date in kinds:
        return ipywidgets.DatePicker(value=value, **common)
    if (int in kinds or float in kinds) and value is not None:
        whole = float not in kinds
        if low is not None and high is not None:
            slider = ipywidgets.IntSlider if whole else ipywidgets.FloatSlider
            step = 1 if whole else _step(float(high) - float(low))
            return slider(
                value=value, min=low, max=high, step=step, continuous_update=False,
                readout_format="d" if whole else ".3g", **common,
            )  # fmt: skip
        number = ipywidgets.IntText if whole else ipywidgets.FloatText
        return number(value=value, continuous_update=False, **common)
    text = "" if value is None else str(value)
    return ipywidgets.Text(value=text, continuous_update=False, **common)


def _types(annotation: Any) -> set[Any]:
    parts = get_args(annotation)
    if not parts or get_origin(annotation) is Literal:
        return {annotation}
    return {kind for part in parts for kind in _types(part)}


def _limits(field: FieldInfo) -> tuple[Any, Any]:
    low = next((each.ge for each in field.metadata if hasattr(each, "ge")), None)
    high = next((each.le for each in field.metadata if hasattr(each, "le")), None)
    return low, high


def _step(span: float) -> float:
    """A step that makes about a hundred stops of a range."""
    for step in (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0):
        if span / step <= 120:
            return step
    return span / 100


def _batch_line(panel: Panel) -> Any:
    """A button that writes the command which makes what is on screen again."""
    button = ipywidgets.Button(description=_("Batch line"), tooltip=_("The command that makes this again"))
    line = ipywidgets.Text(layout=ipywidgets.Layout(width="60rem"), disabled=False)
    line.layout.visibility = "hidden"

    def write(_button: Any) -> None:
        line.value = batch_line(panel)
        line.layout.visibility = "visible"

    button.on_click(write)
    return ipywidgets.HBox([button, line])


def batch_line(panel: Panel, notebook: str | None = None) -> str:
    """The papermill command, typed in the notebook's folder, that makes what the panel asks for again.

    The parameters go as one piece of YAML, so that text stays text, lists lists, and nothing nothing.
    """
    path = Path(notebook or os.environ.get("JPY_SESSION_NAME", "") or "notebook.ipynb")
    given = json.dumps(panel.asked.model_dump(mode="json"), ensure_ascii=False)
    return shlex.join(["papermill", path.name, f"{path.stem}-out.ipynb", "-y", given])


def _escaped(text: str) -> str:
    import html

    return html.escape(text).replace("\n", "<br>")
