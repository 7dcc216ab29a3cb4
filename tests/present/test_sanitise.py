"""Markup out of a cell: what is left of it, and that a real browser neither runs, follows nor fetches any."""

from __future__ import annotations

import base64
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import nbformat
import pytest

from salesops_nb.present import export_html
from salesops_nb.present.export.sanitise import TAGS, safe_css, safe_drawing, safe_html
from salesops_nb.present.page.output import media_type

FAR = "http://far.invalid"
RUN = "window.top.ran = 1"
# each of these would run, navigate or fetch in a page that holds it raw
HARMFUL = {
    "script": f"<script>{RUN}</script>",
    "script unclosed": f"<script>{RUN}",
    "script without its bracket": f"<script src={FAR}/x.js",
    "script in a comment": f"<!--><script>{RUN}</script>-->",
    "script after a false end": f"<!-- --!><script>{RUN}</script>",
    "meta": f'<meta http-equiv="refresh" content="0;url={FAR}/meta">',
    "meta unclosed": f'<meta http-equiv="refresh" content="0;url={FAR}/meta" ',
    "meta unclosed before text": f'x<meta http-equiv="refresh" content="0;url={FAR}/meta" <p>y',
    "meta upper case": f"<META HTTP-EQUIV=refresh CONTENT=0;url={FAR}/meta>",
    "meta with a slash": f'<meta/http-equiv="refresh"/content="0;url={FAR}/meta">',
    "base": f'<base href="{FAR}/"><img src="p.png">',
    "base unclosed": f'<base href="{FAR}/" ',
    "link": f'<link rel="stylesheet" href="{FAR}/s.css">',
    "link unclosed": f'<link rel="stylesheet" href="{FAR}/s.css" ',
    "link to preload": f'<link rel="preload" as="image" href="{FAR}/p.png">',
    "iframe": f'<iframe src="{FAR}/f"></iframe>',
    "iframe unclosed": f'<iframe src="{FAR}/f" ',
    "iframe of a script": f'<iframe src="javascript:{RUN}"></iframe>',
    "iframe with a page": f'<iframe srcdoc="&lt;script&gt;{RUN}&lt;/script&gt;"></iframe>',
    "object": f'<object data="{FAR}/o"></object>',
    "embed": f'<embed src="{FAR}/e">',
    "frames": f'<frameset><frame src="{FAR}/f"></frameset>',
    "picture": f'<img src="{FAR}/p.png">',
    "picture by set": f'<img srcset="{FAR}/p.png 1x" src="data:image/png;base64,AA">',
    "picture of a source": f'<picture><source srcset="{FAR}/p.png"><img src="data:,"></picture>',
    "input picture": f'<input type="image" src="{FAR}/p.png">',
    "video": f'<video poster="{FAR}/p.png" src="{FAR}/v.mp4" autoplay></video>',
    "audio": f'<audio src="{FAR}/a.mp3" autoplay></audio>',
    "background": f'<table background="{FAR}/b.png"><tr><td>x</td></tr></table>',
    "error event": f'<img src="data:image/png;base64,AA" onerror="{RUN}">',
    "load event": f'<svg onload="{RUN}"></svg>',
    "load event unclosed": f'<svg onload="{RUN}" ',
    "event with a slash": f'<img/src="data:image/png;base64,AA"/onerror="{RUN}">',
    "event without quotes": "<img src=data:image/png;base64,AA onerror=window.top.ran=1>",
    "toggle event": f'<details open ontoggle="{RUN}"><summary>s</summary></details>',
    "focus event": f'<input autofocus onfocus="{RUN}">',
    "animation event": f'<style>@keyframes k{{}}p{{animation:k 1s}}</style><p onanimationstart="{RUN}">x</p>',
    "svg script": f"<svg><script>{RUN}</script></svg>",
    "svg script by link": f'<svg><script href="data:text/javascript,{RUN}"></script></svg>',
    "svg picture": f'<svg><image href="{FAR}/p.png"/></svg>',
    "svg of another": f'<svg><use href="{FAR}/u.svg#x"/></svg>',
    "svg page": f"<svg><foreignObject><img src=x onerror='{RUN}'></foreignObject></svg>",
    "svg animation": f'<svg><animate onbegin="{RUN}" attributeName="x" dur="1s"/></svg>',
    "svg style": f"<svg><style>@import '{FAR}/s.css';</style></svg>",
    "svg mutation": f'<svg><p><style><!--</style><img title="--&gt;&lt;img src=x onerror={RUN}&gt;"></svg>',
    "math mutation": "<math><mtext><table><mglyph><style><!--</style>"
    '<img title="--&gt;&lt;img src=1 onerror=window.top.ran=1&gt;">',
    "noscript mutation": '<noscript><p title="</noscript><img src=x onerror=window.top.ran=1>">',
    "textarea": f"<textarea></textarea><img src=x onerror='{RUN}'>",
    "template": f"<template><img src=x onerror='{RUN}'></template>",
    "style import": f"<style>@import '{FAR}/s.css';</style>",
    "style import by url": f"<style>@import url({FAR}/s.css);</style>",
    "style import unclosed": f"<style>@import '{FAR}/s.css'",
    "style url": f"<style>p{{background:url({FAR}/b.png)}}</style><p>x</p>",
    "style url escaped": f"<style>p{{background:u\\72l({FAR}/b.png)}}</style><p>x</p>",
    "style url set": f"<style>p{{background:image-set('{FAR}/b.png' 1x)}}</style><p>x</p>",
    "style font": f"<style>@font-face{{font-family:f;src:url({FAR}/f)}}p{{font:1em f}}</style><p>x</p>",
    "style variable": f"<style>p{{--b:url({FAR}/b.png);background:var(--b)}}</style><p>x</p>",
    "style with an end": f"<style><!--</style><script>{RUN}</script>--></style>",
    "style attribute": f'<p style="background:url({FAR}/b.png)">x</p>',
    "style attribute with a comment": f'<p style="background:url/**/({FAR}/b);background:url({FAR}/c)">x</p>',
}
# clicked or submitted, these would run or leave the page without saying where to
CLICKED = {
    "javascript": f'<a id="go" href="javascript:{RUN}">x</a>',
    "javascript spelt": f'<a id="go" href=" jAva\tscript&colon;{RUN}">x</a>',
    "javascript by entity": f'<a id="go" href="&#106;avascript:{RUN}">x</a>',
    "data": f'<a id="go" href="data:text/html,<script>{RUN}</script>">x</a>',
    "vbscript": '<a id="go" href="vbscript:x">x</a>',
    "form": f'<form action="{FAR}/f"><button id="go">x</button></form><p id="go">x</p>',
    "ping": f'<a id="go" href="#x" ping="{FAR}/ping">x</a>',
    "svg link": f'<svg id="go"><a href="javascript:{RUN}"><text y="20">x</text></a></svg><p id="go">x</p>',
}


def boxed(markup: str) -> str:
    """Styled markup in its own box."""
    return (
        f'<div class="foreign" style="contain:layout paint;width:fit-content;min-width:100%">{markup}</div>'
    )


@pytest.mark.parametrize(
    ("given", "left"),
    [
        ('<img src="https://a/b.png" alt="x">', ""),
        ("<img src=//a/b.png>", ""),
        ('<img src="data:image/png;base64,AA">', '<img src="data:image/png;base64,AA" alt="">'),
        ('<img src="data:text/html,x" alt="x">', ""),
        ('<a href="javascript:alert(1)" onclick="x()">t</a>', "<a>t</a>"),
        ('<a href="https://example.org/" target="_blank">t</a>', '<a href="https://example.org/">t</a>'),
        # without a scheme it is a file of another machine in a page that is opened as a file
        *(
            (f'<a href="{host}/share/x">t</a>', "<a>t</a>")
            for host in ("//host", " //host", r"\\host", r"/\host")
        ),
        ('<a href="/a/b">t</a><a href="a//b">u</a>', '<a href="/a/b">t</a><a href="a//b">u</a>'),
        ("<SCRIPT>alert(1)</SCRIPT >b", "b"),
        ("<script src=x>", ""),
        ('<iframe src="https://a"></iframe>c', "c"),
        ('<link rel="stylesheet" href="https://a">d', "d"),
        (
            "<style>@import 'https://a';p{background:url(https://a/b);top:0}</style>",
            boxed("<style>.foreign p{top:0;}</style>"),
        ),
        ('<p style="background:url(http://a)">e</p>', boxed('<p style="">e</p>')),
        # the page's own places stay its own
        *((f'<b id="{name}">t</b>', "<b>t</b>") for name in ("note-2", "main", "show-code", "Provenance")),
        ('<b id="note">t</b>', '<b id="note">t</b>'),
        ("plain a < b and c > d", "plain a &lt; b and c &gt; d"),
        ("<p>one<p>two", "<p>one</p><p>two</p>"),
        ("<b>bold</b> &amp; <i>kept</i>", "<b>bold</b> &amp; <i>kept</i>"),
        (
            '<style>#T_1 td{top:0}</style><table id="T_1" class="x"><tr><td colspan="2">1</td></tr></table>',
            boxed(
                '<style>.foreign #T_1 td{top:0;}</style><table id="T_1" class="x"><tbody><tr>'
                '<td colspan="2">1</td></tr></tbody></table>'
            ),
        ),
    ],
)
def test_what_is_left_of_foreign_markup(given: str, left: str) -> None:
    assert safe_html(given) == left


def test_a_drawing_in_foreign_markup_is_a_picture_of_its_own() -> None:
    made = safe_html('<b>a</b><svg viewBox="0 0 1 1" aria-label="Two lines"><path d="M0 0"/></svg>')
    source, alt = made.removeprefix('<b>a</b><img src="data:image/svg+xml;base64,').split('" alt="')
    assert alt == 'Two lines">'
    assert base64.b64decode(source).startswith(b'<svg xmlns="http://www.w3.org/2000/svg" viewBox')


@pytest.mark.parametrize(
    ("sheet", "left"),
    [
        ("p{color:red}", "p{color:red;}"),
        ("p{background:url(#a)}", "p{background:url(#a);}"),
        ("@media print{p{color:red}}", ""),
        ("p{color:red", "p{color:red;}"),
        ("p{content:'</style><script>'}", ""),
        ("p{background:url( 'http://a' )}", ""),
        ("p{src:src('http://a')}", ""),
        ("p{background:URL(http://a);color:red}", "p{color:red;}"),
    ],
)
def test_what_is_left_of_a_style_sheet(sheet: str, left: str) -> None:
    assert safe_css(sheet) == left


@pytest.mark.parametrize(
    ("sheet", "left"),
    [
        ("p{top:0}", ".x p{top:0;}"),
        ("a, b{top:0}", ".x a,.x b{top:0;}"),
        ("a:is(b, c) > d{top:0}", ".x a:is(b, c) > d{top:0;}"),
        ("a/**/[b=',']{top:0}", '.x a[b=","]{top:0;}'),
        ("+ p{top:0}", ""),
        ("a,/**/ ~ p{top:0}", ".x a{top:0;}"),
        ("|| p{top:0}", ""),
        ("{top:0}", ""),
        (":root,body,.x{display:none}", ".x :root,.x body,.x .x{display:none;}"),
    ],
)
def test_a_style_sheet_reaches_only_what_is_within(sheet: str, left: str) -> None:
    assert safe_css(sheet, ".x") == left


SVG = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">{}</svg>'


@pytest.mark.parametrize(
    ("inside", "safe"),
    [
        ('<g id="a"><path d="M0 0" style="fill:#fff"/></g><use xlink:href="#a" clip-path="url(#b)"/>', True),
        ("<style>*{stroke-linejoin:round}</style>", True),
        ("<script>x</script>", False),
        ('<g onclick="x"/>', False),
        ('<a href="#x"><text>t</text></a>', False),
        ("<foreignObject/>", False),
        (f'<image href="{FAR}/p.png"/>', False),
        (f'<use xlink:href="{FAR}/u.svg#x"/>', False),
        (f"<style>@import '{FAR}';</style>", False),
        (f'<rect style="fill:url({FAR}/f#x)"/>', False),
        (f'<rect fill="url({FAR}/f#x)"/>', False),
        ('<p xmlns="http://www.w3.org/1999/xhtml">x</p>', False),
        ('<set attributeName="href" to="javascript:x"/>', False),
        ("<g>", False),
    ],
)
def test_which_drawings_may_stand_in_the_page(inside: str, safe: bool) -> None:
    assert safe_drawing(SVG.format(inside)) is safe


def page_of(out: Path, *outputs: dict[str, str], metadata: dict[str, Any] | None = None) -> str:
    """The report of a cell an output, without its policy: what is left must be harmless by itself."""
    cells = [
        nbformat.v4.new_code_cell(
            "1", outputs=[nbformat.v4.new_output("display_data", data, metadata=metadata or {})]
        )
        for data in outputs
    ]
    made = export_html(nbformat.v4.new_notebook(cells=cells), out).read_text(encoding="utf-8")
    start = made.index('<meta http-equiv="Content-Security-Policy"')
    return made[:start] + made[made.index(">", start) + 1 :]


def happened(browser: Any, html: str, path: Path, click: bool = False) -> list[str]:
    """What a page did by itself, or when it was clicked: requests, navigations, scripts that ran."""
    error_type = pytest.importorskip("playwright.sync_api").Error
    path.write_text(html, encoding="utf-8")
    page = browser.new_page()
    did: list[str] = []

    def asked(route: Any) -> None:
        url = route.request.url
        if url == path.as_uri():
            route.continue_()
        else:
            did.append(url)
            route.abort()

    page.route("**/*", asked)
    page.on("framenavigated", lambda frame: did.append(frame.url))
    page.goto(path.as_uri())
    if click and page.locator("#go").count():
        page.locator("#go").first.click(timeout=2000, force=True)
    page.wait_for_timeout(150)
    try:
        did += ["a script ran"] * bool(page.evaluate("window.ran === 1"))
    except error_type:
        did.append("the page went elsewhere")
    page.close()
    return [each for each in did if not each.startswith((path.as_uri(), "data:image/"))]


@pytest.mark.browser
def test_cells_markup_does_nothing_in_a_browser(browser: Any, tmp_path: Path) -> None:
    made = page_of(tmp_path / "x.html", *({"text/html": markup} for markup in HARMFUL.values()))
    assert happened(browser, made, tmp_path / "open.html") == []


@pytest.mark.parametrize("name", HARMFUL)
def test_nothing_harmful_is_left_of(name: str) -> None:
    made = safe_html(HARMFUL[name])
    parsed = Elements(made)
    assert parsed.names <= TAGS
    assert not [key for key, _ in parsed.attributes if key.startswith("on") or key in ("srcdoc", "srcset")]
    assert not [value for key, value in parsed.attributes if FAR in value and key != "style"]
    assert not re.search(r"<style>[^<]*far", made)


class Elements(HTMLParser):
    """The elements and attributes of some markup."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.attributes: list[tuple[str, str]] = []
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]


_ALL = "inset:0;top:0;left:0;width:9000px;height:9000px;background:#fff;z-index:99"
# each of these would cover, hide or move something of the page that holds it raw
OVER = {
    "fixed": f'<div style="position:fixed;{_ALL}">x</div>',
    "fixed within": f'<p><b style="position:fixed;{_ALL}">x</b></p>',
    "absolute": f'<div style="position:absolute;{_ALL}">x</div>',
    "moved": f'<div style="position:relative;margin:-4500px;{_ALL}">x</div>',
    "negative margin": '<div style="margin-top:-3000px;height:3000px;background:#fff">x</div>',
    "grown": '<div style="transform:scale(99);background:#fff">x</div>',
    "shifted": f'<div style="translate:0 -3000px;{_ALL}">x</div>',
    "past its end": f'</div></div></main></body><div style="position:fixed;{_ALL}">x</div>',
    "sheet": f"<style>p{{position:fixed;{_ALL}}}</style><p>x</p>",
    "sheet of the page": "<style>.card,.cover,h1,h2,footer,.value{display:none}</style><p>x</p>",
    "sheet of the root": ":root<style>:root,html,body{opacity:0;display:none}</style><p>x</p>",
    "sheet by has": "<style>:root:has(i) .card, *:has(i) *{visibility:hidden}</style><i>x</i>",
    "sheet of what follows": "<style>~ *{display:none}+ *{display:none}p ~ *{display:none}</style><p>x</p>",
    "words of a sheet": f"<style>body::before{{content:'x';position:fixed;{_ALL}}}</style><p>x</p>",
    "sheet of its box": f"<style>.foreign{{contain:none!important;position:fixed;{_ALL}}}</style>"
    '<p class="foreign">x</p>',
    "nested": f"<style>p{{& ~ *{{display:none}}}}.x{{position:fixed;{_ALL}}}</style><p class=x>x</p>",
    "class of the page": '<div class="draft skip" style="--ink:red">x</div>',
}
# what of the page cannot be seen: hidden, or covered, even by what lets the pointer through
COVERED = """() => {
  const sheet = document.createElement('style')
  sheet.textContent = '*,*::before,*::after{pointer-events:auto!important}'
  document.head.append(sheet)
  document.querySelectorAll('details').forEach(each => { each.open = true }) // the foot is in the appendix
  const seen = {'h1': 'A report', '.card .value': '4,711', 'main h2': 'Words', '#provenance': 'Where'}
  const bad = []
  for (const [name, text] of Object.entries(seen)) {
    const each = document.querySelector(name)
    each.scrollIntoView({block: 'center', behavior: 'instant'})
    const box = each.getBoundingClientRect()
    const top = document.elementFromPoint(box.left + Math.min(20, box.width / 2), box.top + box.height / 2)
    const style = getComputedStyle(each)
    if (!each.innerText.includes(text) || !each.contains(top) || style.opacity !== '1'
        || style.visibility !== 'visible') bad.push(name)
  }
  return bad
}"""


def covered(browser: Any, html: str, path: Path) -> list[str]:
    """What of the page's own parts a reader cannot see."""
    path.write_text(html, encoding="utf-8")
    page = browser.new_page(viewport={"width": 1100, "height": 700})
    page.goto(path.as_uri())
    found: list[str] = page.evaluate(COVERED)
    page.close()
    return found


def framed(out: Path, markup: str, prose: bool = False) -> str:
    """A report with a cover and a card, and foreign markup in an output or in prose."""
    cover = {"title": "A report", "period": "2017"}
    cards = {"cards": [{"label": "Bookings", "value": "4,711", "sentence": "So.", "detail": "", "marks": []}]}
    code = [
        nbformat.v4.new_code_cell("1", outputs=[nbformat.v4.new_output("display_data", data)])
        for data in (
            {media_type("cover"): cover},
            {media_type("headlines"): cards},
            {"text/html": "<p>x</p>" if prose else markup},
        )
    ]
    words = nbformat.v4.new_markdown_cell("## Words")
    theirs = nbformat.v4.new_markdown_cell(f"Said.\n\n{markup if prose else ''}")
    return export_html(nbformat.v4.new_notebook(cells=[*code[:2], words, theirs, code[2]]), out).read_text(
        "utf-8"
    )


@pytest.mark.browser
def test_cells_markup_covers_nothing_of_the_page(browser: Any, tmp_path: Path) -> None:
    found = {}
    for name, markup in OVER.items():
        for prose in (False, True):
            made = framed(tmp_path / "x.html", markup, prose)
            if bad := covered(browser, made, tmp_path / "open.html"):
                found[name, prose] = bad
    assert found == {}


@pytest.mark.browser
def test_the_test_itself_sees_what_is_covered(browser: Any, tmp_path: Path) -> None:
    made = framed(tmp_path / "x.html", "<p>MARK</p>")
    for name in ("fixed", "absolute", "sheet", "sheet of the page", "sheet by has", "words of a sheet"):
        assert covered(browser, made.replace("<p>MARK</p>", OVER[name]), tmp_path / "raw.html"), name
    assert covered(browser, made, tmp_path / "raw.html") == []


@pytest.mark.browser
@pytest.mark.parametrize("name", CLICKED)
def test_nor_when_it_is_clicked(name: str, browser: Any, tmp_path: Path) -> None:
    made = page_of(tmp_path / "x.html", {"text/html": CLICKED[name]})
    assert happened(browser, made, tmp_path / "open.html", click=True) == []


@pytest.mark.browser
def test_nor_in_prose_nor_as_a_picture(browser: Any, tmp_path: Path) -> None:
    prose = "\n\n".join(f"Words.\n\n{markup}" for name, markup in HARMFUL.items() if "unclosed" not in name)
    drawing = SVG.format(f'<script>{RUN}</script><image href="{FAR}/p.png"/>')
    outputs: list[dict[str, str]] = [
        {"text/markdown": prose},
        {"image/svg+xml": drawing},
        {"image/png": f'AA" onerror="{RUN}'},
    ]
    for metadata in ({}, {"salesops": {"palette": True}}):
        made = page_of(tmp_path / "x.html", *outputs, metadata=metadata)
        assert happened(browser, made, tmp_path / "open.html") == []


@pytest.mark.browser
def test_the_test_itself_sees_what_happens(browser: Any, tmp_path: Path) -> None:
    raw = "<!DOCTYPE html><body>{}</body>"
    seen = (
        "meta",
        "meta unclosed before text",
        "picture",
        "style import",
        "script",
        "svg script",
        "error event",
    )
    for name in seen:
        assert happened(browser, raw.format(HARMFUL[name]), tmp_path / "raw.html"), name
