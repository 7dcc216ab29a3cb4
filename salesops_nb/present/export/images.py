"""Charts in a page: SVG drawn in the page's own colours, or PNG, with their alternative text."""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from salesops_nb.present.charts.style import TOKENS
from salesops_nb.present.export.sanitise import safe_drawing
from salesops_nb.present.language.translation import _

_ID = re.compile(r'\b(id=")([^"]+)(")|(url\(#)([^)]+)(\))|((?:xlink:)?href="#)([^"]+)(")')
_PROLOGUE = re.compile(r"^.*?(?=<svg\b)", re.DOTALL)
# the drawing's own title goes, that of a single point stays
_METADATA = re.compile(r"<metadata>.*?</metadata>|<!--.*?-->|<title>[^<]*</title>(?!</circle>)", re.DOTALL)
_FAMILY = re.compile(r"font-family: [^;\"]*")
_FONT = re.compile(r"font: ([0-9.]+px|[a-z]+ [0-9.]+px|[0-9]+ [0-9.]+px) [^;\"]*")
_ROOT = re.compile(r"<svg\b([^>]*)>")
_SIZE = re.compile(r'\s(?:width|height|version|xmlns:xlink|xmlns|role|aria-label)="[^"]*"')
_COLOUR = re.compile(r"#[0-9a-f]{6}\b")
_KINDS = ("image/svg+xml", "image/png", "image/jpeg")


def inline_image(
    data: Mapping[str, Any], metadata: Mapping[str, Any], number: int, section: str
) -> dict[str, Any] | None:
    """The facts of a chart for the template, or ``None`` when the output holds no image.

    The smaller of SVG and PNG is taken. Without alternative text the chart is named after its section.
    """
    found = {kind: _joined(data[kind]) for kind in _KINDS if kind in data}
    if not found:
        return None
    kind = min(found, key=lambda each: len(found[each]))
    own = metadata.get(kind, {})
    own = own if isinstance(own, Mapping) else {}
    facts = {**metadata.get("salesops", {})}
    alt = str(own.get("alt") or metadata.get("alt") or _("Chart {n}: {section}", n=number, section=section))
    if kind == "image/svg+xml" and facts.get("palette") and safe_drawing(_bare(found[kind])):
        image = inline_svg(found[kind], f"c{number}", alt)
    else:
        source = html.escape(found[kind].replace("\n", ""))
        if kind == "image/svg+xml":
            source = base64.b64encode(found[kind].encode()).decode()
        image = f'<img class="plate" src="data:{kind};base64,{source}" alt="{html.escape(alt)}">'
    return {
        "image": Markup(image),
        "title": facts.get("title", ""),
        "subtitle": facts.get("subtitle", ""),
        "note": facts.get("note", ""),
        "marks": facts.get("marks", []),
        **{name: facts.get(name) for name in ("option", "other", "half", "narrow", "map", "series")},
    }


def inline_svg(svg: str, prefix: str, alt: str) -> str:
    """A drawing of ours as part of the page: its ids its own, its colours the page's, its text the page's."""
    svg = _bare(svg)
    svg = _ID.sub(lambda m: _renamed(m, prefix), svg)
    svg = _COLOUR.sub(lambda m: f"var(--{TOKENS[m[0]]})" if m[0] in TOKENS else m[0], svg)
    svg = _FONT.sub(lambda m: f"font: {m[1]} var(--sans)", svg)
    svg = _FAMILY.sub("font-family: var(--sans)", svg)
    label = html.escape(alt)

    def root(match: re.Match[str]) -> str:
        return f'<svg role="img" aria-label="{label}"{_SIZE.sub("", match[1])}>'

    return _ROOT.sub(root, svg, count=1).strip()


def _bare(svg: str) -> str:
    """The drawing alone, without its prologue, title and metadata."""
    return _METADATA.sub("", _PROLOGUE.sub("", svg, count=1))


def _renamed(match: re.Match[str], prefix: str) -> str:
    before, name, after = (part for part in match.groups() if part is not None)
    return f"{before}{prefix}-{name}{after}"


def _joined(value: Any) -> str:
    return "".join(value) if isinstance(value, list) else str(value)
