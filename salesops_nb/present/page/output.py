"""How a cell hands a part of the report on: an output that says what it is.

The output carries the facts as JSON under a media type of our own, which the exporter lays out, and
HTML and plain text for every other viewer, so that plain papermill and any notebook viewer show it too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from typing import Any

from salesops_nb.present.language.called import all_called, called
from salesops_nb.present.page import render

MEDIA = "application/vnd.salesops.{}+json"
PARTS = ("cover", "headlines", "set_aside", "catalogue", "provenance", "note", "table")
# where an id is written by its name; the cover says of a statement whose it is, by id
_CALLED = ("headlines", "note", "table", "set_aside")
# whether a person looks at the page at which this is shown, so that tables bring all their rows
LIVE: ContextVar[bool] = ContextVar("salesops_live", default=False)
# JupyterLab sets what stands between two dollar signs as a formula, but not within `mathjax_ignore`.
LIVE_CLASS = "salesops mathjax_ignore"
_LIVE_STYLE = re.compile(r"<style data-salesops>.*?</style>", re.DOTALL)


def media_type(kind: str) -> str:
    """The media type of a part, such as ``application/vnd.salesops.cover+json``."""
    return MEDIA.format(kind.replace("_", "-"))


def bundle(kind: str, facts: Mapping[str, Any], text: str) -> dict[str, Any]:
    """The media types of one output: the facts, HTML for other viewers, plain text."""
    body = render.part(kind, facts)
    style = f"<style data-salesops>{render.style_sheet('live.css')}</style>"
    live = f'{style}<div class="{LIVE_CLASS}">{body}</div>'
    return {media_type(kind): dict(facts), "text/html": live, "text/plain": text}


def emit(kind: str, facts: Mapping[str, Any], text: str) -> None:
    """Display one part in the running notebook."""
    from IPython.display import display

    if kind in _CALLED:
        facts, text = all_called(facts), called(text)
    display(bundle(kind, facts, text), raw=True)  # type: ignore[no-untyped-call]


def without_live_style(html: str) -> str:
    """The HTML of an output without the style that only a live notebook needs."""
    return _LIVE_STYLE.sub("", html)


def as_list(value: str | Sequence[str] | None) -> list[str]:
    """One text, several, or none, as a list."""
    if value is None:
        return []
    return [value] if isinstance(value, str) else [str(each) for each in value]
