"""Markup of other makers made harmless: in a page of ours it runs nothing, leads nowhere, fetches nothing.

The markup is parsed as a browser parses it (bleach) and written anew from what is allowed, so that what is
not closed, nested or spelt as it should be has no say. Style sheets are read by tinycss2; their rules
reach foreign markup alone, and what is styled stays in its own box: it covers and hides nothing of the page.
"""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any
from xml.etree import ElementTree

TAGS = frozenset(
    """a abbr address article aside b bdi bdo blockquote br caption center cite code col colgroup dd del
    details dfn div dl dt em figcaption figure font footer h1 h2 h3 h4 h5 h6 header hr i img ins kbd li main
    mark nav ol p pre q rp rt ruby s samp section small span strike strong style sub summary sup table tbody
    td tfoot th thead time tr tt u ul var wbr""".split()  # noqa: SIM905
)
# what these hold is theirs, and goes with them
_GONE = frozenset(
    """applet audio base button canvas embed form frame frameset head iframe input link math meta noembed
    noframes noscript object option param plaintext portal script select source svg template textarea title
    track video xmp""".split()  # noqa: SIM905
)
_EVERYWHERE = frozenset(
    """align border bgcolor cellpadding cellspacing class color colspan datetime dir headers height id lang
    nowrap open reversed role rowspan scope size span start style title type valign value width""".split()  # noqa: SIM905
)
# a place in the page, an address, or a file beside it; as written, so that nothing is spelt around it
_LINK = re.compile(r"\s*(?!//)(?:#|https?://|mailto:|[\w.~/%-]+(?:[?#]|\s*$))", re.ASCII | re.IGNORECASE)
_PICTURE = re.compile(r"data:image/(?:png|jpeg|gif|webp|svg\+xml)[;,]", re.IGNORECASE)
_WITHIN = re.compile(r"#|data:image/(?!svg)|data:(?:application/)?(?:x-)?font", re.IGNORECASE)
_FETCHING = ("image", "image-set", "-webkit-image-set", "cross-fade", "-webkit-cross-fade", "expression")
BOX = "foreign"  # the class of what holds styled markup
_BOX_STYLE = "contain:layout paint;width:fit-content;min-width:100%"  # as wide as a wide table
_STYLED = re.compile(r"<style\b|\s(?:style|class)=", re.IGNORECASE)
# ids of the page's own places, to which its links and its switch go
_OURS = re.compile(
    r"top|main|contents(?:-title)?|show-code|provenance|data-set-aside|note-\d+", re.IGNORECASE
)
_SVG = re.compile(r"<svg\b[^>]*>.*?</svg\s*>", re.DOTALL | re.IGNORECASE)
_SVG_SPACE = "http://www.w3.org/2000/svg"
# the elements of a drawing that neither run, lead anywhere nor bring markup of another kind
_DRAWN = frozenset(
    """svg g path defs style use text tspan clipPath rect pattern circle ellipse line polyline polygon image
    title linearGradient radialGradient stop marker mask symbol""".split()  # noqa: SIM905
)


def safe_html(markup: str) -> str:
    """The markup with nothing left that runs, navigates or fetches; pictures only where they are within.

    Where it is styled it stands in a box of its own, which it can neither leave nor be seen outside of.
    """
    made = str(_cleaner().clean(_SVG.sub(_as_picture, markup)))
    return f'<div class="{BOX}" style="{_BOX_STYLE}">{made}</div>' if _STYLED.search(made) else made


def safe_drawing(svg: str) -> bool:
    """Whether a drawing may stand in a page as it is; another one must be shown as a picture."""
    try:
        root = ElementTree.fromstring(svg)
    except ElementTree.ParseError:
        return False
    return "<!" not in svg and all(map(_is_drawn, root.iter()))


def _is_drawn(element: ElementTree.Element) -> bool:
    space, _, name = element.tag.rpartition("}")
    if space != f"{{{_SVG_SPACE}" or name not in _DRAWN:
        return False
    if name == "title" and len(element):  # a browser reads what is in it as a page's markup
        return False
    css = element.text or "" if name == "style" else ""
    for key, value in element.attrib.items():
        bare = key.rpartition("}")[2].lower()
        if bare.startswith("on") or (bare in ("href", "src") and not value.startswith(("#", "data:image/"))):
            return False
        css += f";x:{value}" if "(" in value else ""
    return not _fetches(_tokens(css))


def _as_picture(match: re.Match[str]) -> str:
    """A drawing within foreign markup as a picture of its own: there nothing of it runs or fetches."""
    svg = match[0]
    if "xmlns=" not in svg.partition(">")[0]:
        svg = svg[:4] + f' xmlns="{_SVG_SPACE}"' + svg[4:]
    label = re.search(r"""aria-label\s*=\s*"([^"]*)\"""", svg)
    alt = html.escape(html.unescape(label[1])) if label else ""
    return f'<img src="data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()}" alt="{alt}">'


@lru_cache(maxsize=1)
def _cleaner() -> Any:
    from bleach.sanitizer import Cleaner

    return Cleaner(
        tags=TAGS | _GONE,
        attributes=_allowed,
        protocols={"http", "https", "mailto", "data"},
        strip=True,
        filters=[_kept],
        css_sanitizer=_Css(),
    )


def _allowed(tag: str, name: str, value: str) -> bool:
    if tag == "a" and name == "href":
        return _LINK.match(value) is not None
    if tag == "img" and name in ("src", "alt"):
        return name == "alt" or _PICTURE.match(value) is not None
    if name == "id":
        return _OURS.fullmatch(value) is None
    return name in _EVERYWHERE or name.startswith("aria-")


def _kept(source: Any) -> Iterator[dict[str, Any]]:
    """The tokens of what is allowed: elements that are gone go with all they hold."""
    depth = 0
    sheet: list[str] | None = None
    for token in source:
        kind, name = token["type"], token.get("name", "")
        if name in _GONE:
            depth += {"StartTag": 1, "EndTag": -1}.get(kind, 0)
        elif depth:
            continue
        elif name == "style":
            if kind == "StartTag":
                sheet = []
            elif sheet is not None and (css := safe_css("".join(sheet), f".{BOX}")):
                yield {"type": "StartTag", "name": name, "namespace": token.get("namespace"), "data": {}}
                yield {"type": "Characters", "data": css}
                yield token
            sheet = None if kind == "EndTag" else sheet
        elif sheet is not None:
            sheet.append(token.get("data") or "")
        elif name != "img" or (None, "src") in token["data"]:
            if name == "img":
                token["data"].setdefault((None, "alt"), "")
            yield token


def safe_css(sheet: str, within: str = "") -> str:
    """A style sheet's plain rules without what fetches; rules of the ``@`` kind are left out.

    `within` is the selector of what they may reach: they hold for what is in it alone.
    """
    import tinycss2

    found = []
    for rule in tinycss2.parse_stylesheet(sheet, skip_comments=True, skip_whitespace=True):
        if rule.type == "qualified-rule":
            body = _Css().sanitize_css(tinycss2.serialize(rule.content))
            selectors = [f"{within} {each}".strip() for each in _selectors(rule.prelude)]
            if body and selectors:
                found.append(f"{','.join(selectors)}{{{body}}}")
    made = "\n".join(found)
    return "" if "<" in made else made


def _selectors(prelude: list[Any]) -> Iterator[str]:
    """The selectors of a rule, but for those that begin with a combinator or cannot be read."""
    import tinycss2

    parts: list[list[Any]] = [[]]
    for token in prelude:
        if token == ",":
            parts.append([])
        elif token.type != "comment":
            parts[-1].append(token)
    for part in parts:
        text = tinycss2.serialize(part).strip()
        if text and text[0] not in "+~>|" and not any(token.type == "error" for token in part):
            yield text


class _Css:
    """What bleach asks about the declarations of a ``style``."""

    def sanitize_css(self, style: str) -> str:
        """The declarations that fetch nothing."""
        import tinycss2

        found = tinycss2.parse_declaration_list(style, skip_comments=True, skip_whitespace=True)
        kept = [each for each in found if each.type == "declaration" and not _fetches(each.value)]
        return ";".join(tinycss2.serialize([each]).strip() for each in kept)


def _tokens(css: str) -> list[Any]:
    import tinycss2

    found: list[Any] = tinycss2.parse_component_value_list(css)
    return found


def _fetches(tokens: Any) -> bool:
    """Whether a value names something that lies elsewhere, or cannot be read as CSS."""
    for token in tokens:
        if token.type == "error" or (token.type == "at-keyword" and token.lower_value == "import"):
            return True
        if token.type == "url" and not _WITHIN.match(token.value.strip()):
            return True
        if token.type == "function":
            given = [each.value for each in token.arguments if each.type == "string"]
            if token.lower_name in _FETCHING or _fetches(token.arguments):
                return True
            if token.lower_name in ("url", "src") and not all(_WITHIN.match(each.strip()) for each in given):
                return True
        elif token.type.endswith(" block") and _fetches(token.content):
            return True
    return False
