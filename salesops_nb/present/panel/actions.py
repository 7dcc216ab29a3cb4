"""The panel's two buttons: save what is on screen as a report, and copy the line that makes it again."""

from __future__ import annotations

import html
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ipywidgets

from salesops_nb.errors import SalesopsError
from salesops_nb.present.language.sentences import ngettext, translate
from salesops_nb.present.language.translation import _, setting, use_locale
from salesops_nb.present.panel.save_as_report import Saving, batch_line, notebook_path

if TYPE_CHECKING:
    from salesops_nb.present.panel.browser_side import Page
    from salesops_nb.present.panel.panel import Panel


class Actions:
    """The buttons, and the place below them where they answer."""

    def __init__(self, panel: Panel, page: Page) -> None:
        self._panel, self._page = panel, page
        self._saving: Saving | None = None
        self._language = setting()
        self._save = ipywidgets.Button(
            description=_("Save as report"), icon="file-text-o",
            tooltip=_("Run the notebook with what is on screen, and keep it as a page to share"),
        )  # fmt: skip
        self._copy = ipywidgets.Button(
            description=_("Copy the batch line"), icon="clipboard", layout={"width": "12rem"},
            tooltip=_("The command that makes this again, for a shell or a schedule"),
        )  # fmt: skip
        self._stop = ipywidgets.Button(description=_("Cancel"), icon="times", layout={"display": "none"})
        self._said = ipywidgets.Output()
        self._save.on_click(self._saved)
        self._copy.on_click(self._copied)
        self._stop.on_click(lambda _button: self.close())
        page.on_copied = self._told
        code = ipywidgets.ToggleButton(
            description=_("Show code"), icon="code", layout={"width": "auto"},
            tooltip=_("Show the code of the cells, which is hidden while the panel is there"),
        )  # fmt: skip
        code.add_class("salesops-code")
        row = ipywidgets.HBox([self._save, self._copy, code, self._stop])
        row.add_class("salesops-actions")
        self._said.add_class("salesops-answer")
        self.box = ipywidgets.VBox([row, self._said])

    def changed(self) -> None:
        """What was said is of earlier parameters: say it no more."""
        if self._saving is None:
            self._say("")

    def close(self) -> None:
        """End a report that is being made."""
        if self._saving is not None:
            self._saving.stop()

    def _say(self, body: str) -> None:
        found = {"output_type": "display_data", "data": {"text/html": body, "text/plain": ""}, "metadata": {}}
        self._said.outputs = (found,) if body else ()

    def _copied(self, _button: Any) -> None:
        use_locale(self._language.locale, self._language.currency)
        try:
            self._line = batch_line(self._panel.asked, notebook_path())
        except SalesopsError as error:
            self._wrong(error)
            return
        self._page.copy(self._line)
        self._say(f"<pre>{html.escape(self._line)}</pre>")

    def _told(self, done: bool) -> None:
        use_locale(self._language.locale, self._language.currency)
        said = _("Copied.") if done else _("Select the line and copy it.")
        self._say(f'<pre>{html.escape(self._line)}</pre><p role="status">{html.escape(said)}</p>')

    def _saved(self, _button: Any) -> None:
        if self._saving is None:
            threading.Thread(target=self._make, name="salesops-report", daemon=True).start()

    def _make(self) -> None:
        use_locale(self._language.locale, self._language.currency)
        self._save.disabled, self._stop.layout.display = True, None
        try:
            self._saving = Saving(self._panel.asked, notebook_path(), self._panel.workbook.folder)
            page = self._saving.run(self._progress)
        except SalesopsError as error:
            self._wrong(error)
        else:
            self._link(page)
        finally:
            self._saving = None
            self._save.disabled, self._stop.layout.display = False, "none"

    def _progress(self, share: float) -> None:
        said = html.escape(_("Running the notebook …"))
        bar = f'<progress value="{share:.2f}" max="1" aria-label="{said}"></progress>'
        self._say(f'<p role="status">{bar} {said}</p>')

    def _link(self, page: Path | None) -> None:
        assert self._saving is not None
        if page is None:
            cancelled = html.escape(_("No report was made: cancelled."))
            self._say(f'<p role="status">{cancelled}</p>')
            return
        where = html.escape(page.relative_to(notebook_path().parent).as_posix())
        said = _("Saved: {place}", place=f'<a href="{where}" target="_blank">{where}</a>')
        if self._saving.unsaved:
            said += " " + html.escape(
                ngettext(
                    "{n} cell is in it as it was run, which is not yet saved in the notebook.",
                    "{n} cells are in it as they were run, which is not yet saved in the notebook.",
                    self._saving.unsaved,
                )
            )
        self._say(f'<p role="status">{said}</p>')

    def _wrong(self, error: SalesopsError) -> None:
        words = "<br>".join(html.escape(translate(problem.whole)) for problem in error.problems)
        self._say(f'<p class="salesops-wrong" role="alert">{words}</p>')
