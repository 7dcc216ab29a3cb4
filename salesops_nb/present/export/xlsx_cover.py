"""The first sheet of a report's workbook: what it is and finds, what each sheet holds, what it rests on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from salesops_nb.present.language import formats as written
from salesops_nb.present.language.column_labels import term
from salesops_nb.present.language.translation import _, setting

WIDTHS = (28, 34, 76)


@dataclass(frozen=True, slots=True)
class Cover:
    """What a report's cover and its headline cards say: the facts of both as the page has them."""

    facts: Mapping[str, Any]
    cards: Sequence[Mapping[str, Any]] = field(default_factory=tuple)

    def write(self, writer: Any, sheet: Any, sheets: Sequence[tuple[str, Any, int]]) -> None:
        """Write it, with a link to each of the sheets: its name, what it holds, how many rows."""
        page = _Page(writer, sheet)
        facts = self.facts
        sheet.set_column(0, 0, WIDTHS[0])
        sheet.set_column(1, 1, WIDTHS[1])
        sheet.set_column(2, 2, WIDTHS[2])
        page.line(str(facts["title"]), look=page.title)
        if facts.get("subtitle"):
            page.line(str(facts["subtitle"]), look=page.second)
        if writer.draft:
            page.line(writer.draft, look=writer.banner)
        page.pair(_("Company"), facts.get("company"))
        page.pair(_("Period"), facts.get("period"))
        page.pair(_("Data as of"), facts.get("as_of"))
        for words in (facts.get("lead"), facts.get("caveat")):
            page.paragraph(str(words or ""))
        page.figures(self.cards)
        page.contents(sheets)
        page.basis(facts)
        sheet.hide_gridlines(2)
        sheet.fit_to_pages(1, 0)
        sheet.set_landscape()


class _Page:
    """The cover's rows, from the top."""

    def __init__(self, writer: Any, sheet: Any) -> None:
        self.writer, self.sheet, self.row = writer, sheet, 0
        add = writer.book.add_format
        self.title, self.second = add({"bold": True, "font_size": 18}), add({"font_size": 14})
        self.wrapped = add({"text_wrap": True, "valign": "top"})
        self.quoted = add({"text_wrap": True, "valign": "top", "quote_prefix": True})
        self.link = add({"font_color": "#0B5394", "underline": 1, "valign": "top"})
        self.number = add({"num_format": "#,##0", "align": "left", "valign": "top"})

    def line(self, text: str, at: int = 0, look: Any = None) -> None:
        """One text in a row of its own."""
        self.writer.text(self.sheet, self.row, at, text, look)
        self.row += 1

    def pair(self, name: str, value: Any) -> None:
        """A name and its value; nothing where there is none."""
        if value in (None, ""):
            return
        self.writer.text(self.sheet, self.row, 0, name, self.writer.strong)
        self.writer.text(self.sheet, self.row, 1, value)
        self.row += 1

    def paragraph(self, text: str) -> None:
        """Sentences over the whole width, in as many lines as they take."""
        if not text:
            return
        self.row += 1
        width = sum(WIDTHS)
        self.sheet.merge_range(self.row, 0, self.row, 2, "", self.wrapped)
        self.writer.text(self.sheet, self.row, 0, text, self.wrapped, self.quoted)
        self.sheet.set_row(self.row, 15.0 * (1 + len(text) * 10 // (9 * width)))
        self.row += 1

    def head(self, *names: str) -> None:
        """The heads of a part, after an empty row."""
        self.row += 1
        for at, name in enumerate(names):
            self.writer.text(self.sheet, self.row, at, name, self.writer.head)
        self.row += 1

    def figures(self, cards: Sequence[Mapping[str, Any]]) -> None:
        """The headline figures: numbers as numbers where they are one, and what is said of each."""
        if not cards:
            return
        self.head(_("Figure"), _("Value"), _("In words"))
        for card in cards:
            self.writer.text(self.sheet, self.row, 0, card["label"], self.wrapped, self.quoted)
            number = _number(card.get("raw"))
            if number is not None and card.get("unit") not in (None, "text"):
                # a spreadsheet keeps what a page rounds
                unit = "cents" if card["unit"] in ("about", "money") else card["unit"]
                self.writer.cell(self.sheet, self.row, 1, number, unit, setting().currency)
            else:
                self.writer.text(self.sheet, self.row, 1, card["value"], self.wrapped, self.quoted)
            beside = ", ".join(f"{each['value']} {each['label']}" for each in card.get("against") or ())
            said = (str(card.get("sentence") or ""), str(card.get("detail") or ""), beside and f"({beside})")
            words = " ".join(filter(None, said))
            self._tall(2, words)
            self.row += 1

    def contents(self, sheets: Sequence[tuple[str, Any, int]]) -> None:
        """The sheets that follow, each a link."""
        self.head(_("Sheet"), _("Rows"), _("What it shows"))
        for name, given, rows in sheets:
            place = name.replace("'", "''")
            self.sheet.write_url(self.row, 0, f"internal:'{place}'!A1", self.link, string=name)
            self.sheet.write_number(self.row, 1, rows, self.number)
            self._tall(2, given.title if given.title != name else "")
            self.row += 1

    def basis(self, facts: Mapping[str, Any]) -> None:
        """What the figures rest on: parameters, simulated data, fingerprint and versions."""
        self.head(_("What the figures rest on"))
        for name, value in dict(facts.get("parameters") or {}).items():
            self.pair(term(str(name)), value)
        self.pair(_("Simulated"), ", ".join(map(str, facts.get("simulated") or ())))
        self.pair(_("Data fingerprint"), facts.get("fingerprint"))
        self.pair(_("Versions"), ", ".join(f"{k} {v}" for k, v in dict(facts.get("versions") or {}).items()))

    def _tall(self, at: int, text: str) -> None:
        """A text that may take several lines, its row as tall as they are."""
        self.writer.text(self.sheet, self.row, at, text, self.wrapped, self.quoted)
        lines = 1 + len(text) * 10 // (9 * WIDTHS[at])
        if lines > 1:
            self.sheet.set_row(self.row, 15.0 * lines)


def _number(raw: Any) -> Decimal | None:
    """A figure's number, where it has one."""
    if raw is None or written.missing(raw):
        return None
    try:
        return Decimal(str(raw))
    except InvalidOperation:
        return None
