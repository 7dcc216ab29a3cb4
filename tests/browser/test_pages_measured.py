"""Every report's page, at a desk and on a phone: short, its first figure in sight, accessible, light.

One run of the demo's list for one team and one rep, one browser. With ``SALESOPS_MEASURED=FILE`` the
table is written for the documentation.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pages_measured import SCREENS, Measured, measured, pages_of, table

pytestmark = pytest.mark.browser
SALESOPS = Path(sys.executable).with_name("salesops")
# of each report that is made for many, one page
ONE = {"team": {"team": ["Cara Losch"]}, "rep": {"name": ["Versie Hillebrand"]}}
# words that can be seen without opening anything; the others are named as they are made shorter
WORDS = {"company": 600, "analysis": 900, "team": 600, "rep": 350, "statement": 500}
ALL_IN_SIGHT = {"company", "team", "rep"}  # every table of them is read on a phone
FIRST_FIGURE = 400  # px from the top
WEIGHT = 1_000_000


@pytest.fixture(scope="module")
def run(made: Path) -> Path:
    """The folder of a run with a page of each report."""
    from ruamel.yaml import YAML

    yaml = YAML()
    listed = yaml.load((made / "reports.yml").read_text(encoding="utf-8"))
    for report in listed["reports"]:
        kinds = report.get("for_each", [])
        for kind in [kinds] if isinstance(kinds, str) else kinds:
            if kind in ONE:
                report["where"] = ONE[kind]
    listed["folder"] = "measured"
    with (made / "measured.yml").open("w", encoding="utf-8") as file:
        yaml.dump(listed, file)
    command = [str(SALESOPS), "run", "measured.yml", "--jobs", "2"]
    done = subprocess.run(command, cwd=made, capture_output=True, text=True, timeout=1500)
    assert done.returncode == 0, done.stdout + done.stderr
    return made / "measured" / "0001"


@pytest.fixture(scope="module")
def pages(run: Path) -> Iterator[list[tuple[Measured, Any]]]:
    from playwright.sync_api import sync_playwright

    from salesops_nb.present.export.pdf import QUIET, find_chromium

    with sync_playwright() as playwright:
        options = [*QUIET[1:], "--no-sandbox"]
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=options)
        found = [measured(browser, run, each, screen) for each in pages_of(run) for screen in SCREENS]
        yield found
        browser.close()
    if "SALESOPS_MEASURED" in os.environ:
        text = table([each for each, _page in found])
        Path(os.environ["SALESOPS_MEASURED"]).write_text(text + "\n", encoding="utf-8")


def test_no_page_is_longer_than_its_reader_has_time_for(pages: list[tuple[Measured, Any]]) -> None:
    assert {each.page for each, _page in pages} >= set(WORDS)
    limited = [each for each, _page in pages if each.page in WORDS]
    assert [each for each in limited if each.words > WORDS[each.page]] == []


def test_the_first_figure_stands_on_the_first_screen(pages: list[tuple[Measured, Any]]) -> None:
    low = [
        (each.page, each.screen, each.first) for each, _page in pages if not 0 < each.first <= FIRST_FIGURE
    ]
    assert low == []


def test_no_page_scrolls_sideways_and_on_a_phone_no_table_of_it(pages: list[tuple[Measured, Any]]) -> None:
    assert [(each.page, each.screen) for each, _page in pages if each.sideways] == []
    phone = [each for each, _page in pages if each.screen == "phone" and each.page in ALL_IN_SIGHT]
    assert [(each.page, each.wider) for each in phone if each.wider] == []


def test_every_page_is_light(pages: list[tuple[Measured, Any]]) -> None:
    assert [(each.page, each.weight) for each, _page in pages if each.weight >= WEIGHT] == []


def test_axe_finds_nothing_on_any_page(pages: list[tuple[Measured, Any]]) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    for each, page in pages:
        found = axe.run(page).response["violations"]
        assert not [(one["id"], one["nodes"][0]["html"]) for one in found], (each.page, each.screen)
