"""The panel on the page: controls with what is wrong beside them, progress, Cancel, and two buttons.

A moved control asks the `Worker`, which computes on its own thread and takes only the newest wish.
Meanwhile cells wait, and while a cell runs the worker waits: both use the workbook's connection.
"""

from __future__ import annotations

import html
import tempfile
import traceback
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ipywidgets
from IPython.display import display

from salesops_nb.core.masking import masked
from salesops_nb.errors import Problem, SalesopsError, problem
from salesops_nb.present.language.column_labels import translated
from salesops_nb.present.language.translation import _, use_locale
from salesops_nb.present.panel.actions import Actions
from salesops_nb.present.panel.browser_side import Page
from salesops_nb.present.panel.choices import extra
from salesops_nb.present.panel.row import Row
from salesops_nb.present.panel.worker import Turns, Worker

if TYPE_CHECKING:
    from salesops_nb.present.panel.panel import Panel
    from salesops_nb.present.panel.steps import Node

_WHAT = ("horizon", "target", "growth", "confidence", "year")
_last: View | None = None


def show_panel(panel: Panel) -> None:
    """Show the panel below the cell, with all that its controls do."""
    display(View(panel).box)  # type: ignore[no-untyped-call]


class View:
    """A panel's controls and what happens when they are moved."""

    def __init__(self, panel: Panel) -> None:
        global _last
        if _last is not None:
            _last.close()
            _last = None
        self.panel = panel
        self.page = Page()
        self.worker = Worker(self._work, self._ended, self._interrupt)
        self._outcome: str | Exception | None = None
        self.cells = Turns()
        self._unfinished: dict[str, Any] = {}  # asked for, and left for something newer
        self.fields = {n: f for n, f in type(panel.asked).model_fields.items() if n != "workbook"}
        self.rows = {name: Row(panel, name, field, self.moved) for name, field in self.fields.items()}
        self.status = Status(self.cancel)
        self.actions = Actions(panel, self.page)
        self.box = ipywidgets.VBox([self.page, *self._groups(), self.status.box, self.actions.box])
        self.box.add_class("salesops-panel")
        _last = self

    def close(self) -> None:
        """End the panel that another takes the place of."""
        self.worker.close()
        self.actions.close()
        self.cells.close()

    def moved(self, name: str) -> None:
        """A control was moved: offer what now can be chosen elsewhere, and ask for it all."""
        values = {name: self.rows[name].given}
        for other, field in self.fields.items():
            if extra(field).get("by") == name:
                self.rows[other].offer(values)
                values[other] = self.rows[other].given
        trigger = type(self.panel.asked).approval[:1]
        if trigger:
            # an approval is of what was on screen, also one that is still being carried out
            nobody = self.fields[trigger[0]].default
            values[trigger[0]] = type(self.panel.asked).live.get(trigger[0], nobody)
            if any(getattr(each, trigger[0]) for each in (self.panel.asked, self.panel.wanted)):
                self.rows[trigger[0]].show(values[trigger[0]])
        for each in values:
            self.rows[each].said = ""
        self.worker.ask(values)

    def approve(self, _button: Any = None) -> None:
        """Ask for what carries something out, all of it together."""
        self.worker.ask({name: self.rows[name].given for name in type(self.panel.asked).approval})

    def cancel(self, _button: Any = None) -> None:
        """End what is being computed; the controls go back to what is in force at once."""
        self._speak()
        self.worker.stop("cancelled", first=self._cancelling)

    def begins(self, node: Node, rest: list[Node]) -> None:
        """Say what is being done, or leave off where it is to end."""
        self.worker.breathe()
        self.status.does(node, rest)

    def settles(self) -> None:
        """What follows is done whole."""
        self.worker.settle()

    def _work(self, values: Mapping[str, Any], worker: Worker) -> None:
        self._outcome = None
        self._speak()
        self.status.begins()
        self.cells.keep_waiting(worker)
        try:
            self.panel.change(values, watch=self)
            self._outcome = "done"
        except Exception as error:
            self._outcome = error

    def _ended(self, values: Mapping[str, Any]) -> None:
        """Nothing strikes any more: say how it ended, and let the page and the panel agree again."""
        self.cells.go_on()
        outcome, why = self._outcome, self.worker.stopping
        if outcome == "done":
            self._done()
        elif why == "newer":
            self._unfinished.update(values)
            return
        elif why is not None:
            self._unfinished.clear()
            self.panel.restore()
        elif isinstance(outcome, SalesopsError):
            self._refused(outcome, dict(values))
        elif isinstance(outcome, Exception):
            self._failed(outcome, dict(values))
        self.status.ends()
        self.page.answers += 1

    def _done(self) -> None:
        self._unfinished.clear()
        for name, row in self.rows.items():
            if row.shows(getattr(self.panel.asked, name)):
                row.said = ""
        self.actions.changed()

    def _refused(self, error: SalesopsError, values: dict[str, Any]) -> None:
        """Say what is wrong beside the control it is about; what fits all the same is asked for again."""
        first = next(iter(values))
        unfit = {p.column for p in error.problems if p.code == "bad-parameter"} & set(values)
        wanted = self.panel.wanted
        self.panel.restore()
        beside: dict[str, list[Problem]] = {}
        for found in error.problems:
            beside.setdefault(str(found.column) if found.column in values else first, []).append(found)
        for about, problems in beside.items():
            self.rows[about].refuse(problems, getattr(self.panel.asked, about))
        rest = {**self._unfinished, **(values if unfit else {})}
        rest = {name: value for name, value in rest.items() if name not in (unfit or values)}
        self._unfinished.clear()
        if not unfit:
            self.panel.wanted = wanted  # tried again together with the next change
        if rest:
            self.panel.wanted = self.panel.asked
            self.worker.ask(rest)

    def _failed(self, error: Exception, values: dict[str, Any]) -> None:
        self.panel.redraw()
        place = write_details(error, self.panel.workbook.folder, self.panel.wanted)
        name = next(iter(values))
        found = problem("unexpected", kind=type(error).__name__, place=place)
        self.rows[name].refuse([found], getattr(self.panel.asked, name))

    def _cancelling(self) -> None:
        self.status.cancelling()
        self._show_in_force(_("Cancelled: this is what is shown below."))

    def _interrupt(self) -> None:
        self.panel.workbook.connection.interrupt()

    def _show_in_force(self, said: str) -> None:
        asked = self.panel.asked
        for name, row in self.rows.items():
            if name not in type(asked).approval and not row.shows(getattr(asked, name)):
                row.offer(dict(asked))
                row.show(getattr(asked, name))
                row.said = said

    def _speak(self) -> None:
        """The workbook's language: every thread begins in English."""
        use_locale(self.panel.workbook.settings.locale, self.panel.workbook.settings.currency)

    def _groups(self) -> list[Any]:
        kind = type(self.panel.asked)
        grouped = {name for names in (*kind.groups.values(), kind.approval) for name in names}
        first: dict[str, list[str]] = {_("What"): [], _("Whom"): [], _("How"): []}
        for name, field in self.fields.items():
            if name not in grouped:
                first[[*first][place_of(name, field)]].append(name)
        shown = [_group(title, self._boxes(names)) for title, names in first.items() if names]
        main = ipywidgets.VBox(shown)
        main.add_class("salesops-main")
        boxes = [main]
        boxes += [_folded(translated(title), self._boxes(names)) for title, names in kind.groups.items()]
        if kind.approval:
            heading, does = map(translated, kind.approval_words)
            button = ipywidgets.Button(
                description=does, icon="check",
                tooltip=_("Carry out what is shown, in the name given"),
            )  # fmt: skip
            button.on_click(self.approve)
            button.add_class("salesops-approve")
            boxes.append(_folded(heading, [*self._boxes(kind.approval), button]))
        return boxes

    def _boxes(self, names: Iterable[str]) -> list[Any]:
        return [self.rows[name].box for name in names]


def place_of(name: str, field: Any) -> int:
    """Under which of the first three headings a parameter stands: 0 what is asked, 1 about whom, 2 how."""
    source = str(extra(field).get("choices"))
    if source in ("who", "people", "teams", "regions") or name in ("level", "scope"):
        return 1
    return 0 if source in ("periods", "years", "target_years") or name in _WHAT else 2


def _group(title: str, rows: list[Any]) -> Any:
    head = ipywidgets.HTML(f'<div class="salesops-group-title">{html.escape(title)}</div>')
    box = ipywidgets.VBox([head, *rows])
    box.add_class("salesops-group")
    return box


def _folded(title: str, rows: list[Any]) -> Any:
    """What is seldom moved, behind its heading: a button, by which the page alone opens and closes it."""
    head = ipywidgets.ToggleButton(description=title, tooltip=_("Show or hide these controls"))
    head.add_class("salesops-fold")
    box = ipywidgets.VBox([head, *rows])
    box.add_class("salesops-group")
    return box


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


def write_details(error: BaseException, folder: Path, asked: Any) -> Path:
    """Write an error's traceback and what was asked to a file of the workbook's cache; its path.

    Where the workbook cannot be written to, the file is in the system's temporary folder.
    """
    name = f"{datetime.now().astimezone():%Y%m%d-%H%M%S-%f}.txt"
    text = masked(f"{asked!r}\n\n{''.join(traceback.format_exception(error))}")
    for place in (folder / ".cache" / "errors", Path(tempfile.gettempdir()) / "salesops-errors"):
        try:
            place.mkdir(parents=True, exist_ok=True)
            (place / name).write_text(text, encoding="utf-8")
        except OSError:
            continue
        return place / name
    raise error
