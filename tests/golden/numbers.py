"""What a reader sees of a file as pieces of text, and the numbers in them, in order."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html.parser import HTMLParser

# a number as it is printed, with its separators and a sign before it or before its currency (−$5, -USD 5);
# and a hash, whose digits mean nothing
_NUMBER = re.compile(
    r"(?P<sign>(?<![\w.])[-−+])?(?:[A-Z]{3}[ \u00a0]?|[^\w\s.,:;/()\-−+]{1,3}[ \u00a0]?)?"
    r"(?P<digits>\d+(?:[.,'\u00a0\u202f]\d+)*)"
)
_HASH = re.compile(r"\b(?=[0-9a-f]*[a-f])(?=[0-9a-f]*\d)[0-9a-f]{12,}\b")
_SEEN = ("alt", "title", "aria-label", "aria-description", "content", "data-value", "data-watermark", "value")
_UNSEEN = ("style",)
_DRAWN = ("d", "x", "y", "width", "height", "points", "transform", "cx", "cy", "r", "src")


def numbers(pieces: Iterable[str]) -> list[str]:
    """The numbers of pieces of text in order, those in hashes left out."""
    return [
        f"{found['sign'] or ''}{found['digits']}"
        for piece in pieces
        for found in _NUMBER.finditer(_HASH.sub("#", piece))
    ]


class Page(HTMLParser):
    """A page as its reader has it: `pieces` of text, where its `links` lead, and its `charts`.

    A chart is its own pieces of text and how it is drawn. The drawing moves with the words of its axes;
    where they are the same and the drawing is not, it shows other numbers.
    """

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self.links: list[str] = []
        self.charts: list[tuple[list[str], list[str]]] = []
        self._unseen: list[str] = []
        self._in_chart = False
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep the labels, links and drawing that a tag brings."""
        found = {name: value for name, value in attrs if value}
        if tag in _UNSEEN:
            self._unseen.append(tag)
        if tag in ("svg", "img"):
            self.charts.append(([], []))
            self._in_chart = tag == "svg"
        if self._in_chart or tag == "img":
            self.charts[-1][1].extend(found[name] for name in _DRAWN if name in found)
        link = found.get("href", "") if tag == "a" else ""
        if link and not link.startswith("#"):  # one inside the page is named by its heading's words
            self.links.append(link)
        if tag != "meta" or found.get("name") in ("description", "author"):
            for name in _SEEN:
                self._read(found.get(name, ""), tag == "img")

    def handle_endtag(self, tag: str) -> None:
        """Leave what was not for reading, or a chart."""
        if self._unseen and self._unseen[-1] == tag:
            self._unseen.pop()
        if tag == "svg":
            self._in_chart = False

    def handle_data(self, data: str) -> None:
        """Keep text that is for reading."""
        if not self._unseen:
            self._read(data.strip())

    def _read(self, piece: str, of_image: bool = False) -> None:
        if piece:
            self.pieces.append(piece)
            if self._in_chart or of_image:
                self.charts[-1][0].append(piece)
