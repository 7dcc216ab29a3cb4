"""The index of a run and the page of a failed report."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salesops_nb.batch.runs.folder import RunFolder
from salesops_nb.batch.runs.index import write_incomplete
from salesops_nb.present import write_error_page, write_index
from salesops_nb.present.export.home import link, sparkline
from salesops_nb.present.export.index import number_in
from salesops_nb.present.language.translation import use_locale


def job(n: int, **given: Any) -> dict[str, Any]:
    usual = {
        "report": "performance_review",
        "title": f"Performance review: Rep {n}",
        "level": "rep",
        "who": f"Rep {n}",
        "team": f"Team {n % 3}",
        "period": "2017-Q3",
        "status": "ok",
        "outputs": {"html": f"rep {n}/report.html", "xlsx": f"rep {n}/report.xlsx"},
        "headlines": {"Bookings": f"${n}"},
        "figures": {"Bookings": n},
    }
    return {**usual, **given}


def data_of(page: str) -> list[list[Any]]:
    return json.loads(page.split('id="jobs">')[1].split("</script>")[0])


def test_the_list_stands_without_a_script(tmp_path: Path) -> None:
    page = write_index(tmp_path, [job(1), job(2)], title="Third quarter", as_of="2017-12-31").read_text()
    assert '<a href="rep%201/report.html">Performance review: Rep 1</a>' in page
    assert page.count('<th scope="row">') == 2
    assert 'aria-label="Performance review: Rep 2, xlsx"' in page
    assert "2 reports" in page
    assert "data through Dec 31, 2017" in page
    assert 'role="search" aria-label="Find reports" hidden' in page


def test_a_failed_report_links_its_error_page_and_says_why(tmp_path: Path) -> None:
    failed = job(1, status="failed", error_page="rep 1/error.html", message="No <quota>.")
    page = write_index(tmp_path, [failed, job(2)], complete=False).read_text()
    assert '<a href="rep%201/error.html">' in page
    assert "No &lt;quota&gt;." in page
    assert "report.xlsx" not in page.split("<tbody>")[1].split("</tr>")[0]
    assert "2 reports, 1 failed" in page
    assert "This run is incomplete" in page


def test_filters_offer_what_there_is(tmp_path: Path) -> None:
    jobs = [job(n, period=f"2017-Q{1 + n % 2}", status=["ok", "skipped"][n % 2]) for n in range(6)]
    page = write_index(tmp_path, jobs).read_text()
    for name, options in {
        "team": ["Team 0", "Team 1", "Team 2"],
        "period": ["2017-Q1", "2017-Q2"],
        "status": ["ok", "skipped"],
        "report": ["performance_review"],
    }.items():
        select = page.split(f'id="by-{name}"')[1].split("</select>")[0]
        assert re.findall(r'<option value="([^"]+)"', select) == options
    assert '<option value="skipped">unchanged</option>' in page


def test_headline_figures_and_earlier_runs(tmp_path: Path) -> None:
    points = [
        {"name": "2017-Q1", "value": 100},
        {"name": "2017-Q2", "value": None},
        {"name": "2017-Q3", "value": 120},
    ]
    cards = [
        {"label": "Bookings", "text": "$120", "unit": "money", "points": points},
        {"label": "Status", "text": "DRAFT", "points": points[:1]},
    ]
    headlines = [{"title": "Performance review", "href": "company 1.html", "cards": cards}]
    run = {"name": "0001", "href": "0001/index.html", "words": "88 reports", "when": "2017-07-02"}
    periods = [{"name": "2017-Q2", "runs": [run]}]
    page = write_index(tmp_path, [job(1)], headlines=headlines, periods=periods).read_text()
    assert page.count("<polyline") == 1
    assert 'aria-label="Bookings: from $100 in 2017-Q1 to $120 in 2017-Q3"' in page
    assert page.count('<p class="detail">') == 1  # a figure of one period has no course
    assert '<h2 id="first"><a href="company%201.html">Performance review</a></h2>' in page
    assert re.search(r"<dt>2017-Q2</dt>\s*<dd><a href=\"0001/index.html\">Run 0001</a>", page)


def test_a_thousand_reports_make_a_light_page(tmp_path: Path) -> None:
    out = write_index(tmp_path, [job(n) for n in range(1000)])
    assert out.stat().st_size < 1_000_000
    data = data_of(out.read_text())
    assert len(data) == 1000
    assert data[7][5][-1] == 7.0


@given(st.text(alphabet=st.characters(exclude_categories=("Cs",)), max_size=30))
@settings(max_examples=40)
def test_no_text_of_a_job_becomes_markup(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    nasty = "</script><script>alert(1)</script>" + text
    folder = tmp_path_factory.mktemp("index")
    made = write_index(folder, [job(1, title=nasty, who=nasty, team=nasty, message=nasty)], title=nasty)
    page = made.read_bytes().decode()
    assert "<script>alert" not in page
    assert page.count("<script") == 2
    assert nasty in data_of(page)[0][0]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a/b.html", "a/b.html"),
        ("Ană/é #1?.html", "An%C4%83/%C3%A9%20%231%3F.html"),
        ("javascript:alert(1)", "javascript%3Aalert%281%29"),
        (None, ""),
    ],
)
def test_links_are_relative_and_quoted(path: str | None, expected: str) -> None:
    assert link(path) == expected


@pytest.mark.parametrize(
    ("locale", "text", "expected"),
    [
        ("en_US", "$1,234,567.50", 1234567.5),
        ("en_US", "−$950", -950.0),
        ("en_US", "57 days", 57.0),
        ("en_US", "62.8%", 62.8),
        ("ro_RO", "−1.234,5\N{NO-BREAK SPACE}RON", -1234.5),
        ("ro_RO", "62,8\N{NO-BREAK SPACE}%", 62.8),
        ("fr_FR", "1\N{NARROW NO-BREAK SPACE}234,5\N{NO-BREAK SPACE}€", 1234.5),
        ("en_US", "–", "–"),
        ("en_US", "", None),
    ],
)
def test_a_written_figure_sorts_as_its_number(locale: str, text: str, expected: object) -> None:
    use_locale(locale, "USD")
    assert number_in(text) == expected


def test_a_path_within_the_run_becomes_relative(tmp_path: Path) -> None:
    assert link(tmp_path / "a" / "b.html", tmp_path) == "a/b.html"


@pytest.mark.parametrize("values", [[1.0], [2.0, 2.0], [-1.0, 5.0, 3.0]])
def test_a_sparkline_stays_in_its_box(values: list[float]) -> None:
    points = re.search(r'points="([^"]*)"', sparkline(values, "x"))
    assert points
    for point in points[1].split():
        x, y = map(float, point.split(","))
        assert 0 <= x <= 200
        assert 0 <= y <= 48


def test_an_empty_run_says_so_in_romanian(tmp_path: Path) -> None:
    use_locale("ro_RO", "RON")
    assert "Această rulare nu a făcut niciun raport." in write_index(tmp_path, []).read_text()


def test_the_error_page_has_cell_words_and_a_folded_traceback(tmp_path: Path) -> None:
    out = write_error_page(
        tmp_path / "error.html",
        title="Rep 3",
        message="No table <quota>.\nAdd it.",
        cell=7,
        source="plan['quota']",
        traceback=["\x1b[31mTraceback\x1b[0m", "KeyError"],
        parameters={"who": "Rep 3"},
    )
    page = out.read_text()
    assert "<p>No table &lt;quota&gt;.</p>" in page
    assert "<p>Add it.</p>" in page
    assert "Where: cell 7" in page
    assert "plan[&#39;quota&#39;]" in page
    assert "<details><summary>Traceback</summary>" in page
    assert "\x1b" not in page
    assert '<a href="index.html">' in page


@pytest.mark.parametrize(
    ("locale", "shown"), [("en_US", "May 30, 2013 to May 30, 2014"), ("ro_RO", "30 mai 2013 – 30 mai 2014")]
)
def test_a_span_is_called_by_its_days_in_the_readers_language(
    locale: str, shown: str, tmp_path: Path
) -> None:
    own = {"team": "", "level": "company", "who": "", "outputs": {}, "seconds": {}, "headlines": {}}
    records = [
        {**own, "id": key, "report": "review", "title": key, "period": period, "status": "ok"}
        for key, period in (("a", "2013-05-30..2014-05-30"), ("b", "2017-Q3"), ("c", ""))
    ]
    run = RunFolder.create(tmp_path)
    use_locale(locale)
    try:
        write_incomplete(run, records)
    finally:
        use_locale("en_US")
        run.close()
    page = (run.path / "index.html").read_text()
    assert shown in page
    assert "2017-Q3" in page
    assert "2013-05-30.." not in page
