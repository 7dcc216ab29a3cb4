"""Prose cells and foreign tables, made fit for a report: headings in order, scopes on header cells."""

from __future__ import annotations

import html
import re
import unicodedata
from typing import Any

from salesops_nb.present.export.sanitise import safe_html

_HEADING = re.compile(r"<h([1-6])(?:\s[^>]*)?>(.*?)</h\1>", re.DOTALL | re.IGNORECASE)
_TAGS = re.compile(r"<[^>]+>")
_ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")


class Headings:
    """Renders markdown and keeps the headings: the cover's title is h1, the rest follow without a gap."""

    def __init__(self, title: str) -> None:
        self.title = title.strip().casefold()
        self.contents: list[tuple[int, str, str]] = []
        self.last = ""
        self._level = 1
        self._top = 2
        self._used: set[str] = {"top", "contents", "appendix", "provenance", "data-set-aside"}

    def append(self, words: str) -> None:
        """The appendix begins: what follows stands below its heading."""
        self.contents.append((2, "appendix", words))
        self._level, self._top, self.last = 2, 3, words

    def render(self, source: str, attachments: Any = None) -> str:
        """The HTML of a markdown cell."""
        from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

        renderer = IPythonRenderer(escape=False, exclude_anchor_links=True, attachments=attachments or {})
        made = MarkdownWithMath(renderer=renderer).render(source)
        return _HEADING.sub(self._heading, table_scopes(safe_html(made)))

    def _heading(self, match: re.Match[str]) -> str:
        words = html.unescape(_TAGS.sub("", match[2])).strip()
        if not self.contents and words.casefold() == self.title:
            return ""
        wanted = int(match[1]) + self._top - 2
        wanted = min(6, max(self._top, wanted))
        level = min(wanted, self._level + 1)
        self._level, self.last = level, words
        name = self._name(words)
        self.contents.append((level, name, words))
        return f'<h{level} id="{name}">{match[2]}</h{level}>'

    def _name(self, words: str) -> str:
        plain = unicodedata.normalize("NFKD", words).encode("ascii", "ignore").decode().lower()
        base = "s-" + (re.sub(r"[^a-z0-9]+", "-", plain).strip("-") or "section")
        name, n = base, 2
        while name in self._used:
            name, n = f"{base}-{n}", n + 1
        self._used.add(name)
        return name


def table_scopes(markup: str) -> str:
    """Tables of other makers (pandas, markdown) with a scope on each header cell."""
    if "<th" not in markup:
        return markup
    parts = re.split(r"(<thead\b.*?</thead>)", markup, flags=re.DOTALL)
    for at, part in enumerate(parts):
        scope = "col" if at % 2 else "row"
        parts[at] = re.sub(r"<th(?![a-z])(?![^>]*\bscope=)", f'<th scope="{scope}"', part)
        parts[at] = re.sub(r'<th scope="(?:col|row)"([^>]*)>\s*</th>', r"<td\1></td>", parts[at])
    return "".join(parts)


def ansi_free(text: str) -> str:
    """Terminal text without its colour codes."""
    return _ANSI.sub("", text)
