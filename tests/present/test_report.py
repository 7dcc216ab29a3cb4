"""The HTML report: what a reader finds in it, and what is not in it."""

import base64
import hashlib
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from pages import headings_of, notebook_of, shown

from salesops_nb.errors import SalesopsError
from salesops_nb.present import export_html
from salesops_nb.present.export.html import write_beside
from salesops_nb.present.page.output import bundle, media_type
from salesops_nb.present.page.render import template_folder

OWN_SCRIPT = "\n".join(
    (template_folder() / "report" / part).read_text(encoding="utf-8").strip()
    for part in ("sorting.js", "report.js")
)


def scripts_of(page: str) -> list[str]:
    return re.findall(r"<script[^>]*>(.*?)</script>", page, re.DOTALL)


@pytest.fixture(scope="module")
def page(executed: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    out = export_html(executed, tmp_path_factory.mktemp("report") / "report.html")
    return out.read_text()


def test_the_cover_says_who_when_and_with_what(page: str) -> None:
    cover = page.split('<header class="cover">')[1].split("</header>")[0]
    for words in (
        "Hardware &amp; Sons &lt;b&gt;Ltd&lt;/b&gt;",
        "Team Brinkmann",
        "2017-Q3 (Jul 1, 2017 to Sep 30, 2017)",
        "data through Dec 31, 2017",
        "9 days older",
    ):
        assert words in cover
    assert "<dt>" not in cover


def test_what_was_asked_stands_in_the_folded_appendix(page: str) -> None:
    page = shown(page)
    folded = page.split('<details class="appendix">')[1]
    words = "These tables are simulated, not recorded: targets."
    assert page.count(words) == folded.count(words) == 1
    assert page.count("We sell machines that last.") == 1
    assert "We sell machines that last." not in folded  # the mission is asked for: it stands on the cover
    found = re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", folded)
    assert found[:3] == [("Period", "2017-Q3"), ("Level", "team"), ("Who", "Brinkmann")]


def test_the_first_cards_stand_before_the_contents_and_their_heading_goes(tmp_path: Path) -> None:
    code = "---\n```python\na\n```\n---\n"
    node = notebook_of(f"# A\n{code}## Headlines\n{code}## More\n{code}".removesuffix("\n---\n"))
    for at, value in ((3, "$1"), (5, "$2")):
        facts = {
            "cards": [{"label": "Bookings", "value": value, "sentence": "Said.", "detail": "", "marks": []}]
        }
        data = {media_type("headlines"): facts}
        node.cells[at].outputs = [nbformat.v4.new_output("display_data", data=data)]
    node.cells[3].outputs.append(
        nbformat.v4.new_output("display_data", data={media_type("note"): {"text": "Beside.", "kind": "note"}})
    )
    node.cells[3].outputs.append(nbformat.v4.new_output("stream", text="printed"))
    made = export_html(node, tmp_path / "x.html").read_text()
    first, rest = made.split('<main id="main"')[1].split("<nav")
    assert "$1" in first
    assert first.index("$1") < first.index("Beside.")
    assert "$2" in rest
    assert "$1" not in rest
    assert "printed" in rest
    node.cells[3].outputs.pop()
    made = export_html(node, tmp_path / "x.html").read_text()
    assert [words for _n, _id, words in headings_of(made)] == [
        "A",
        "More",
        "Appendix",
        "Where this comes from",
    ]


def test_a_tagged_cell_begins_the_appendix_and_its_heading_names_it(tmp_path: Path) -> None:
    node = notebook_of(
        "# A\n---\n## Shown\n---\n## How it is made\n\nBy hand.\n---\n## Definitions\n---\n### Ratio"
    )
    node.cells[2].metadata["tags"] = ["appendix"]
    made = export_html(node, tmp_path / "x.html").read_text()
    assert [(level, words) for level, _id, words in headings_of(made)] == [
        (1, "A"),
        (2, "Shown"),
        (2, "How it is made"),
        (3, "Definitions"),
        (4, "Ratio"),
        (3, "Where this comes from"),
    ]
    before, folded = made.split('<details class="appendix">')
    assert "Shown" in before
    assert "By hand." in folded.split("</details>")[0]
    contents = made.split('<nav id="contents"')[1].split("</nav>")[0]
    assert re.findall(r'href="#([^"]+)"', contents) == ["s-shown", "appendix"]


def test_lead_and_caveat_stand_under_the_title_and_are_text(tmp_path: Path) -> None:
    node = notebook_of("```python\nx\n```")
    facts = {"title": "T", "lead": "Q4 <closed> short.", "caveat": "A & B."}
    node.cells[0].outputs = [nbformat.v4.new_output("display_data", data={media_type("cover"): facts})]
    made = export_html(node, tmp_path / "x.html").read_text()
    cover = made.split('<header class="cover">')[1].split("</header>")[0]
    assert '<p class="lead">Q4 &lt;closed&gt; short.</p>' in cover
    assert '<p class="caveat">A &amp; B.</p>' in cover


def test_headings_are_in_order_and_in_the_contents(page: str) -> None:
    found = headings_of(page)
    assert [(level, words) for level, _id, words in found] == [
        (1, "Performance review"),
        (2, "A heading that would skip a level"),
        (2, "People"),
        (2, "Another part"),
        (2, "Definitions"),
        (2, "Appendix"),
        (3, "Data set aside"),
        (3, "Where this comes from"),
    ]
    contents = page.split('<nav id="contents"')[1].split("</nav>")[0]
    assert re.findall(r'href="#([^"]+)"', contents) == [name for _level, name, _words in found[1:-2]]
    assert len(re.findall(r'\bid="([^"]+)"', page)) == len(set(re.findall(r'\bid="([^"]+)"', page)))


def test_headline_cards_have_their_sentence_their_mark_and_their_note(page: str) -> None:
    cards = re.findall(r'<li class="card">(.*?)</li>', page, re.DOTALL)
    assert len(cards) == 2
    assert "$1,234,568" in cards[0]
    assert "Up by a tenth." in cards[0]
    assert 'href="#note-1"' in cards[0]
    assert '<p class="against bad"><b>−10.6%</b> to target</p>' in cards[0]
    assert '<p class="against"><b>+$75.3K</b> to 2017-Q2</p>' in cards[0]
    assert '<span class="mark">simulated</span>' in cards[1]


def test_data_set_aside_are_footnotes_with_count_and_sum(page: str) -> None:
    notes = re.findall(r'<li id="note-(\d)">(.*?)</li>', page, re.DOTALL)
    assert [n for n, _text in notes] == ["1", "2"]
    assert "2 rows, adding up to $12,300" in notes[0][1]
    assert "1 row" in notes[1][1]
    assert "adding up" not in notes[1][1]


def test_footnotes_stand_under_the_notebooks_own_heading_where_it_has_one(tmp_path: Path) -> None:
    node = notebook_of("# A\n---\n## Left out\n---\n```python\nx\n```\n---\n## Last")
    note = {"code": "c", "table": "", "message": "Why.", "fix": "", "rows": 2, "amount": None}
    data = bundle("set_aside", {"notes": [note]}, "")
    node.cells[2].outputs = [nbformat.v4.new_output("display_data", data=data)]
    made = export_html(node, tmp_path / "x.html").read_text()
    assert made.index("Left out</h2>") < made.index("Why.") < made.index("Last</h2>")
    assert "Data set aside" not in made
    assert made.count("Why.") == 1


def test_the_foot_says_where_the_figures_come_from(page: str) -> None:
    foot = page.split('<section class="foot"')[1]
    for words in ("9f2b6c1e40aa83d1", "salesops_nb 0.1.0", "python 3.", "Dec 31, 2017", "r-17", "Brinkmann"):
        assert words in foot


def test_every_chart_says_in_words_what_it_shows(page: str) -> None:
    assert 'aria-label="By month. From 2017-07 ($300) to 2017-09 ($900).' in page
    assert 'alt="One &quot;red&quot; dot"' in page
    assert not re.findall(r"<img(?![^>]*\balt=)[^>]*>", page)
    assert not re.findall(r'<svg(?![^>]*role="img" aria-label="[^"]+)[^>]*>', page)


def test_nothing_in_the_page_is_fetched_or_run(page: str) -> None:
    page = shown(page)
    assert scripts_of(page) == [OWN_SCRIPT]
    held = base64.b64encode(hashlib.sha256(OWN_SCRIPT.encode()).digest()).decode()
    assert f"script-src 'sha256-{held}';" in page
    assert "example.org/x" not in page
    assert "example.org/p" not in page
    assert '<a href="https://example.org/">link</a>' in page
    for value in re.findall(r'\b(?:src|srcset|poster)="([^"]*)"', page):
        assert value.startswith("data:")
    assert not re.findall(r"@import|url\((?!#|data:)", page)
    assert "default-src 'none'" in page
    assert "IntSlider" not in page
    assert "widget" not in page
    assert "<i>kept</i>" in page


def test_text_of_the_data_is_no_markup(page: str) -> None:
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "alert(1)</script>" not in page


def test_every_header_cell_has_a_scope(page: str) -> None:
    assert page.count("<th") > 5
    assert not re.findall(r"<th(?![a-z])(?![^>]*\bscope=)", page)
    assert "… and 1 more row." in page


def test_code_is_there_but_folded_and_prices_stay_prices(page: str) -> None:
    assert "@page{size:Letter}" in page
    assert page.count('<div class="code"') == 8
    assert ".code{display:none}" in page
    assert "costs $5 and $6" in page


def test_the_page_is_small_and_the_same_every_time(executed: Path, page: str, tmp_path: Path) -> None:
    assert len(page.encode()) < 200_000
    assert export_html(executed, tmp_path / "again.html").read_text() == page


def test_context_overrides_the_cover_and_draft_marks_every_page(executed: Path, tmp_path: Path) -> None:
    draft = export_html(executed, tmp_path / "d.html", context={"status": "draft", "subtitle": "Other"})
    made = draft.read_text()
    assert '<body class="draft" data-watermark="DRAFT">' in made
    assert '<span class="mark">draft</span>' in made
    assert "Team Brinkmann</p>" not in made


def test_a_romanian_report_is_romanian(executed: Path, tmp_path: Path) -> None:
    out = export_html(executed, tmp_path / "ro.html", context={"locale": "ro_RO", "currency": "RON"})
    made = out.read_text()
    assert '<html lang="ro-RO">' in made
    assert "size:A4" in made
    assert "size:Letter" not in made
    for words in ("Cuprins", "Arată codul", "date până la 31 dec. 2017", "Date lăsate deoparte", "2 rânduri"):
        assert words in made
    for words in (">Contents<", "Show code", "data through", "Data set aside", "simulated<"):
        assert words not in shown(made)


def test_a_notebook_without_a_cover_has_one_from_its_heading(tmp_path: Path) -> None:
    node = notebook_of("# Stale deals\n---\nSome words.\n---\n## A\n---\n#### B")
    node.metadata["papermill"] = {"parameters": {"period": "2017-Q3"}}
    made = export_html(node, tmp_path / "x.html").read_text()
    assert [(level, words) for level, _id, words in headings_of(made)] == [
        (1, "Stale deals"),
        (2, "A"),
        (3, "B"),
        (2, "Appendix"),
        (3, "Where this comes from"),
    ]
    assert "<dd>2017-Q3</dd>" in made
    assert node.cells[0].metadata == {}


def test_an_error_shows_its_words_and_folds_its_traceback(tmp_path: Path) -> None:
    node = notebook_of("```python\n1/0\n```")
    node.cells[0].outputs = [
        nbformat.v4.new_output(
            "error", ename="SalesopsError", evalue="No <plan>.", traceback=["\x1b[31mline\x1b[0m"]
        )
    ]
    made = export_html(node, tmp_path / "x.html").read_text()
    assert "<strong>Error:</strong> No &lt;plan&gt;." in made
    assert '<details><summary>Traceback</summary><pre tabindex="0">line</pre>' in made
    assert "\x1b" not in made


def test_plain_nbconvert_makes_the_same_page(executed: Path, page: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "nbconvert", "--to", "html", "--template", "report", "--log-level=ERROR"]
    where = f"--TemplateExporter.extra_template_basedirs={template_folder()}"
    subprocess.run([*command, where, str(executed), f"--output-dir={tmp_path}", "--output=p"], check=True)
    plain = (tmp_path / "p.html").read_text()
    assert headings_of(plain) == headings_of(page)
    assert scripts_of(plain) == [OWN_SCRIPT]


@pytest.mark.parametrize(
    ("content", "message"), [(None, "no notebook at"), ("{not json", "cannot be read as a notebook")]
)
def test_a_notebook_that_cannot_be_read_is_said(tmp_path: Path, content: str | None, message: str) -> None:
    path = tmp_path / "x.ipynb"
    if content is not None:
        path.write_text(content)
    with pytest.raises(SalesopsError, match=message):
        export_html(path, tmp_path / "x.html")


def test_a_page_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "x.html"
    write_beside(target, "one")
    with pytest.raises(TypeError):
        write_beside(target, None)  # type: ignore[arg-type]
    assert target.read_text() == "one"
    assert list(target.parent.iterdir()) == [target]
