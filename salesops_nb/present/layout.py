"""From an executed notebook to what the template lays out.

A preprocessor of nbconvert's, named in the template's ``conf.json``, so that plain ``jupyter nbconvert
--template report`` does the same as `export_html`. It finds the cover and the first headline cards among
the outputs, for the first screen; renders prose with headings in order, gives every chart its alternative
text, takes widgets and scripts out, and folds what tells how the figures were made into an appendix.
The notebook it is handed is changed in place (nbconvert hands a copy).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from markupsafe import Markup
from nbconvert.preprocessors import Preprocessor

from salesops_nb.present.export.images import inline_image
from salesops_nb.present.export.prose import Headings, ansi_free, table_scopes
from salesops_nb.present.export.sanitise import safe_html
from salesops_nb.present.language import formats
from salesops_nb.present.language.called import called
from salesops_nb.present.language.translation import _, prose, setting, use_locale
from salesops_nb.present.page import render
from salesops_nb.present.page.output import media_type, without_live_style

COVER, FOOT = media_type("cover"), media_type("set_aside")
PROVENANCE, HEADLINES = media_type("provenance"), media_type("headlines")
LETTER = {"US", "CA", "MX", "PH", "PR", "CL", "CO", "CR", "GT", "PA", "SV", "VE"}
APPENDIX = "appendix"  # the tag of the text cell that begins it
FOLDED = "folded"  # the tag of a text cell whose section is there for whoever opens it
HIDDEN = {"remove-cell", "hide-cell", "remove_cell"}


class ReportPreprocessor(Preprocessor):
    """Prepare a notebook for the report template; its findings go to ``resources["report"]``."""

    def preprocess(self, nb: Any, resources: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        """Lay the notebook out; `resources` may carry overriding facts under ``report_context``."""
        facts = {**cover_facts(nb, resources), **resources.get("report_context", {})}
        if facts["locale"]:
            use_locale(facts["locale"], facts["currency"] or setting().currency)
        folders = [*resources.get("report_templates", ()), *getattr(self.parent, "template_paths", ())]
        layout = Layout(facts, folders)
        nb.metadata.pop("widgets", None)
        hidden = HIDDEN | set(facts["without"])
        nb.cells = [cell for cell in nb.cells if not hidden & set(cell.metadata.get("tags", []))]
        layout.number_notes(nb)
        layout.first_screen(nb)
        nb.cells = without_silent_sections(nb.cells)
        for cell in nb.cells:
            layout.cell(cell)
        resources["report"] = layout.resources()
        return nb, resources


def without_silent_sections(cells: list[Any]) -> list[Any]:
    """The cells without the prose of sections that have code and show nothing.

    A section is a text cell that begins with a heading, and all up to the next one or to the appendix.
    A report of one person shows only some sections of its notebook; the others' headings would stand over
    nothing.
    """
    sections: list[list[Any]] = [[]]
    for cell in cells:
        if cell.cell_type == "markdown" and (is_appendix(cell) or re.match(r"\s*#{2,6} ", cell.source)):
            sections.append([])
        sections[-1].append(cell)
    kept: list[Any] = list(sections[0])
    for section in sections[1:]:
        code = [cell for cell in section if cell.cell_type == "code"]
        silent = code and not any(cell.outputs for cell in code) and not is_appendix(section[0])
        kept += code if silent else section
    return kept


def is_appendix(cell: Any) -> bool:
    """Whether the appendix begins with this cell."""
    return cell.cell_type == "markdown" and APPENDIX in cell.metadata.get("tags", [])


def cover_facts(nb: Any, resources: Mapping[str, Any]) -> dict[str, Any]:
    """The facts of the notebook's cover; without one, its first heading and papermill's parameters."""
    title = str(resources.get("metadata", {}).get("name") or "Report")
    for cell in nb.cells:
        heading = re.search(r"^# +(.+)$", cell.source, re.M) if cell.cell_type == "markdown" else None
        if heading:
            title = heading[1].strip()
            break
    parameters = nb.metadata.get("papermill", {}).get("parameters", {})
    blank = dict.fromkeys(
        (
            "company",
            "subtitle",
            "lead",
            "caveat",
            "mission",
            "vision",
            "period",
            "as_of",
            "fingerprint",
            "status",
            "locale",
            "currency",
        ),
        "",
    )
    facts: dict[str, Any] = {
        **blank,
        "title": title,
        "parameters": {k: str(v) for k, v in parameters.items()},
    }
    facts |= {"versions": {}, "simulated": [], "warnings": [], "without": []}
    for output in _outputs(nb):
        if COVER in output.get("data", {}):
            facts |= output["data"][COVER]
    facts["parameters"] = {str(name): str(value) for name, value in dict(facts["parameters"]).items()}
    return facts


class Layout:
    """One report in the making."""

    def __init__(self, facts: dict[str, Any], folders: list[str]) -> None:
        self.facts, self.folders = facts, folders
        self.headings = Headings(facts["title"])
        self.notes: list[dict[str, Any]] = []
        self.extra: dict[str, str] = {}
        self.has_notes = self.notes_shown = False
        self.images = 0
        self.heading_waits = False
        self.first = ""
        self.fold_open = False
        self.appended = False

    def first_screen(self, nb: Any) -> None:
        """Take what the cell of the first headline cards shows to the first screen."""
        for cell in nb.cells:
            outputs = cell.outputs if cell.cell_type == "code" else []
            if any(HEADLINES in output.get("data", {}) for output in outputs):
                shown = [self.data(each.data, each.metadata) for each in outputs if "data" in each]
                self.first = "\n".join(filter(None, shown))
                cell.outputs = [each for each in outputs if "data" not in each]  # what was printed, an error
                return

    def number_notes(self, nb: Any) -> None:
        """Collect the footnotes and give the headline cards their numbers."""
        for output in _outputs(nb):
            if FOOT in output.get("data", {}):
                self.has_notes = True
                self.notes.extend(output["data"][FOOT]["notes"])
        numbers = {note["code"]: at for at, note in reversed(list(enumerate(self.notes, start=1)))}
        for output in _outputs(nb):
            for card in output.get("data", {}).get(HEADLINES, {}).get("cards", []):
                card["note_number"] = numbers.get(card.get("note"))

    def cell(self, cell: Any) -> None:
        """Prepare one cell: prose to HTML, outputs to what the template shows."""
        if cell.cell_type == "markdown":
            before = len(self.headings.contents)
            translated = prose(cell.source)
            if is_appendix(cell) and not self.appended:
                translated = self.begin_appendix(cell, translated)
            elif not self.appended:
                translated = self.fold(cell, translated)
            cell.metadata["report_html"] = self.headings.render(translated, cell.get("attachments"))
            self.heading_waits = self.heading_waits or len(self.headings.contents) > before
        if cell.cell_type == "code":
            cell.source = called(cell.source)
            cell.outputs = [output for output in cell.outputs if self.output(output)]

    def fold(self, cell: Any, text: str) -> str:
        """Fold a tagged section under its heading, and end the one before; the rest of the text."""
        heading = re.match(r"\s*#{2,6} +(.+?)\s*(?:\n|$)", text)
        if heading is None:
            return text
        cell.metadata["report_unfold"], self.fold_open = self.fold_open, False
        if FOLDED not in cell.metadata.get("tags", []):
            return text
        self.fold_open = True
        cell.metadata["report_fold"] = self.headings.render(heading[0])
        return text[heading.end() :]

    def begin_appendix(self, cell: Any, text: str) -> str:
        """The appendix begins with this cell: its heading is the appendix's own, and the rest is returned."""
        heading = re.match(r"\s*#{1,6} +(.+?)\s*(?:\n|$)", text)
        self.appended = True
        cell.metadata["report_unfold"], self.fold_open = self.fold_open, False
        cell.metadata["report_appendix"] = words = heading[1] if heading else _("Appendix")
        self.headings.append(words)
        return text[heading.end() :] if heading else text

    def output(self, output: Any) -> bool:
        """Prepare one output; false when nothing of it stands where it was."""
        if output.output_type == "stream":
            output["text"] = ansi_free(output.text)
            return True
        if output.output_type == "error":
            output["words"] = f"{output.ename}: {output.evalue}"
            if output.ename == "SalesopsError":
                output["words"] = output.evalue
            output["folded"] = ansi_free("\n".join(output.traceback))
            return True
        html = self.data(output.get("data", {}), output.get("metadata", {}))
        self.heading_waits = self.heading_waits and html is None
        if html is not None:
            output["data"], output["metadata"] = {"text/html": html}, {}
        return html is not None

    def data(self, data: Mapping[str, Any], metadata: Mapping[str, Any]) -> str | None:
        """The HTML of a display, or ``None`` for what goes elsewhere or nowhere."""
        if COVER in data:
            return None
        if FOOT in data:
            return self.footnotes()
        if PROVENANCE in data:
            self.extra.update(data[PROVENANCE]["facts"])
            return None
        for kind in ("headlines", "catalogue", "note", "table"):
            if media_type(kind) in data:
                return render.part(kind, data[media_type(kind)], self.folders)
        if "application/vnd.jupyter.widget-view+json" in data:
            return None
        self.images += 1
        image = inline_image(data, metadata, self.images, self.headings.last)
        if image is not None:
            return render.part("chart", image, self.folders)
        if "text/html" in data:
            html = safe_html(without_live_style(_text(data["text/html"])))
            facts = {"html": Markup(table_scopes(html))}
            return render.part("foreign", facts, self.folders)
        if "text/markdown" in data:
            return self.headings.render(_text(data["text/markdown"]))
        plain = _text(data.get("text/plain", ""))
        return render.part("plain", {"text": ansi_free(plain)}, self.folders) if plain else None

    def footnotes(self) -> str | None:
        """The footnotes where they were asked for, if a heading of the notebook's waits for them there.

        Otherwise they stand at the foot, under a heading of ours. They stand once, all together.
        """
        if self.notes_shown or not self.heading_waits:
            return None
        self.notes_shown = True
        return render.part("set_aside", {"notes": self.notes}, self.folders)

    def resources(self) -> dict[str, Any]:
        """What the template needs beside the cells."""
        facts, part = self.facts, render.part
        notes = {"notes": self.notes, "heading": True}
        foot = {
            **{render.words_of(name): value for name, value in facts["parameters"].items()},
            _("Data through"): formats.day(facts["as_of"]) if facts["as_of"] else "",
            _("Data fingerprint"): facts["fingerprint"],
            _("Versions"): ", ".join(f"{name} {version}" for name, version in facts["versions"].items()),
            **self.extra,
        }
        if not self.appended:
            self.headings.append(_("Appendix"))
        at_the_foot = self.has_notes and not self.notes_shown
        return {
            "facts": facts,
            "page_title": " – ".join(
                filter(None, (facts["title"], facts["subtitle"], facts["period"], facts["company"]))
            ),
            "language": setting().language,
            # what was asked and what is simulated stands in the appendix
            "cover": part("cover", {**facts, "parameters": (), "simulated": ()}, self.folders),
            "first": self.first,
            "contents": self._contents(),
            "appended": self.appended,
            "fold_open": self.fold_open,
            "about": part("about", facts, self.folders),
            "set_aside": part("set_aside", notes, self.folders) if at_the_foot else "",
            "provenance": part("provenance", {"facts": foot}, self.folders),
            "style": render.style_sheet("report.css", self.folders) + paper(setting().locale),
            **dict(zip(("script", "script_hash"), render.script("report.js", self.folders), strict=True)),
            "words": _,
        }

    def _contents(self) -> list[tuple[int, str, str]]:
        """The headings up to the appendix; what is folded within it is found there."""
        found: list[tuple[int, str, str]] = []
        for heading in self.headings.contents:
            found.append(heading)
            if heading[1] == "appendix":
                break
        return found


def paper(locale: str) -> str:
    """The rule for Letter paper where a country prints on it (CLDR); A4 is the style sheet's own."""
    return "@page{size:Letter}" if locale.rpartition("_")[2] in LETTER else ""


def _outputs(nb: Any) -> list[Any]:
    return [output for cell in nb.cells if cell.cell_type == "code" for output in cell.outputs]


def _text(value: Any) -> str:
    return "".join(value) if isinstance(value, list) else str(value)
