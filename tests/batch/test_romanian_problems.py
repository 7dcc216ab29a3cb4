"""A Romanian workbook: what is wrong stands in Romanian in `salesops check`, in pages and failing cells."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from small_workbook import DEALS, write_notebook

from salesops_nb import present
from salesops_nb.cli import main
from salesops_nb.errors import SalesopsError, problem

# what the rows below do, in the words of the check
EXPECTED = (
    "eroare: [deals] deals.csv, rândul 5, coloana owner_id: Agentul 'p9' nu este în people; ce este al lui "
    "stă la 'unassigned'.",
    "eroare: [deals] deals.csv, rândul 6, coloana amount: 'zece' nu este o sumă. Scrieți numai numărul, de "
    "exemplu 1234.56.",
    "eroare: [deals] deals.csv, rândul 7, coloana closed_on: Tranzacția a fost închisă pe 2017-10-01, "
    "înainte de a fi creată pe 2017-10-09.",
)
ROWS = """d5,p9,Won,won,10.00,2017-10-02,2017-11-20
d6,p1,Won,won,zece,2017-10-02,2017-11-20
d7,p1,Won,won,10.00,2017-10-09,2017-10-01
"""


@pytest.fixture
def romanian(folder: Path) -> Path:
    """The small workbook, its words in Romanian."""
    settings = folder / "workbook.yml"
    settings.write_text(settings.read_text().replace("locale: en_US", "locale: ro_RO"))
    return folder


def test_a_check_tells_bad_rows_in_romanian(romanian: Path) -> None:
    (romanian / "data" / "deals.csv").write_text(DEALS + ROWS)
    said = CliRunner().invoke(main, ["check", str(romanian)]).output
    for line in EXPECTED:
        assert line in said


def test_a_check_tells_a_mistake_of_reports_yml_in_romanian(romanian: Path) -> None:
    (romanian / "reports.yml").write_text("reports:\n  - {name: a, notebok: x.ipynb, timeout: soon}\n")
    said = CliRunner().invoke(main, ["check", str(romanian)]).output
    assert (
        "eroare: reports.yml, linia 2, câmpul reports.0.notebok: Cheia 'notebok' nu este cunoscută." in said
    )
    assert "'soon': scrieți o durată, de exemplu 90s, 10m sau 1h. Scrieți o valoare potrivită." in said


def test_a_failing_notebook_tells_why_in_romanian(romanian: Path) -> None:
    write_notebook(
        romanian / "notebooks" / "hello.ipynb",
        "workbook = ''\nperiod = ''",
        "from salesops_nb import open_workbook, present\n"
        "book = open_workbook(workbook)\n"
        "present.use_locale(book.settings.locale, book.settings.currency)",
        "book.calendar.period('2017Q3')",
    )
    (romanian / "reports.yml").write_text(
        "reports:\n  - {name: hello, notebook: notebooks/hello.ipynb, period: 2017-Q4}\n"
    )
    CliRunner().invoke(main, ["run", str(romanian / "reports.yml")])
    [record] = [json.loads(p.read_text()) for p in romanian.glob("reports/0001/**/record.json")] or [{}]
    pages = [page.read_text(encoding="utf-8") for page in romanian.glob("reports/0001/**/*.html")]
    words = "coloana period: &#39;2017Q3&#39; nu numește o perioadă."
    assert any(words in page for page in pages), record


def test_a_cell_that_fails_shows_each_problem_in_the_language_in_force() -> None:
    error = SalesopsError(
        [problem("no-dates"), problem("few-futures", column="futures", value=5, futures=20000)]
    )
    english = error._render_traceback_()
    assert english[0] == "error: No deal has a date. Check created_on and closed_on."
    present.use_locale("ro_RO", "RON")
    assert error._render_traceback_() == [
        "eroare: Nicio tranzacție nu are dată. Verificați created_on și closed_on.",
        "eroare: coloana futures: 5 scenarii simulate sunt prea puține pentru o probabilitate. "
        "Luați cel puțin 200; implicit sunt 20.000.",
    ]
    assert str(error.problems[0]) == "No deal has a date. Check created_on and closed_on."


def test_a_note_and_a_footnote_are_in_the_language_in_force(capsys: pytest.CaptureFixture[str]) -> None:
    found = problem("no-dates")
    present.use_locale("ro_RO", "RON")
    present.note(found.text, kind="warning")
    present.set_aside([found, found])
    shown = capsys.readouterr().out
    assert "Nicio tranzacție nu are dată. Verificați created_on și closed_on." in shown
    assert "2: Nicio tranzacție nu are dată." in shown
