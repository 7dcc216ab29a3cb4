"""From an empty folder to a report read in Chromium: init, check, run, index, link, code toggle."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.browser
SALESOPS = Path(sys.executable).with_name("salesops")
PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
REPORTS = """
folder: reports
period: 2017-Q3
reports:
  - {name: company, title: "Review: {company}", notebook: notebooks/performance_review.ipynb}
  - name: team
    title: "Review: {team}"
    notebook: notebooks/performance_review.ipynb
    for_each: team
    where: {team: [Cara Losch]}
"""


def salesops(*words, cwd):
    return subprocess.run([SALESOPS, *words], cwd=cwd, capture_output=True, text=True, timeout=400)


@pytest.fixture(scope="module")
def workbook(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made") / "workbook"
    made = salesops("init", "--demo", str(folder), cwd=folder.parent)
    assert made.returncode == 0, made.stderr
    return folder


@pytest.fixture(scope="module")
def index(workbook):
    (workbook / "reports.yml").write_text(REPORTS)
    ran = salesops("run", "--for", "team=Cara Losch", "--jobs", "2", cwd=workbook)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return workbook / "reports" / "index.html"


def test_the_made_workbook_passes_its_check(workbook):
    checked = salesops("check", cwd=workbook)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_a_person_opens_the_index_follows_a_link_and_looks_at_the_code(index):
    from playwright.sync_api import sync_playwright

    program = next((found for name in PROGRAMS if (found := shutil.which(name))), None)
    assert program, "Chromium is not installed: apt-get install chromium"
    said, asked = [], []
    with sync_playwright() as playwright:
        options = ["--no-sandbox", "--disable-background-networking", "--disable-component-update"]
        browser = playwright.chromium.launch(executable_path=program, args=options)
        page = browser.new_page()
        page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(index.as_uri())
        page.get_by_role("link", name="Cara Losch").first.click()
        assert page.locator("h1").inner_text().startswith("Performance review")
        assert "$330,820" in page.locator("main").inner_text()
        code = page.locator("pre", has_text="performance.review(").first
        assert not code.is_visible()
        page.get_by_label("Show code").focus()
        page.keyboard.press("Space")
        assert code.is_visible()
        browser.close()
    assert said == []
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []


def test_the_run_is_written_down(index):
    run = json.loads(next(index.parent.rglob("run.json")).read_text())
    assert {job["status"] for job in run["jobs"]} == {"ok"}
