"""Charts in a real Chromium: plans picked, values by keys and fingers, maps enlarged, no script needed."""

from pathlib import Path
from typing import Any

import pytest
from test_browser import LOOKS, Watched, run

from salesops_nb.present import export_html

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("picked")
    return export_html(run(folder, "picked_cells.md"), folder / "picked.html")


def shown(page: Any) -> list[str]:
    return page.eval_on_selector_all(
        "figure[data-option]", "all => all.filter((f) => f.offsetHeight).map((f) => f.dataset.option)"
    )


def test_axe_finds_nothing_and_nothing_is_asked_for(browser: Any, page_file: Path) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    assert page_file.stat().st_size < 400_000
    for look, (width, scheme) in LOOKS.items():
        watched = Watched(browser, width, scheme)
        page = watched.open(page_file)
        found = axe.run(page).response["violations"]
        assert not [(each["id"], each["nodes"][0]["html"]) for each in found], look
        assert page.evaluate("document.documentElement.scrollWidth") <= width, look
        assert watched.said == [], look


def test_a_plan_is_picked_for_all_its_charts(browser: Any, page_file: Path) -> None:
    watched = Watched(browser)
    page = watched.open(page_file)
    assert shown(page) == ["Plan 2", "Plan 2"]
    pickers = page.locator(".pick")
    assert pickers.count() == 2
    assert pickers.first.locator("button").all_inner_texts() == ["Plan 1", "Plan 2", "Plan 10"]
    assert "The tables are of Plan 2." in pickers.first.inner_text()
    pickers.first.get_by_role("button", name="Plan 10").press("Enter")
    assert shown(page) == ["Plan 10", "Plan 10"]
    pressed = page.locator(".pick [aria-pressed=true]")
    assert pressed.all_inner_texts() == ["Plan 10", "Plan 10"]
    assert page.get_by_text("3 units change their rep, from Ana to Bo").is_visible()
    pickers.last.get_by_role("button", name="Plan 1", exact=True).click()
    assert shown(page) == ["Plan 1", "Plan 1"]
    assert watched.said == []


def test_arrow_keys_say_one_value_after_the_other(browser: Any, page_file: Path) -> None:
    page = Watched(browser, 390).open(page_file)
    chart = page.locator("figure.chart", has_text="is $60K short of target").locator(".scroll")
    chart.focus()
    page.keyboard.press("ArrowRight")
    tip = page.locator(".tip")
    assert tip.inner_text() == "Rep 00 $0 of $60,000 (−$60,000)"
    page.keyboard.press("ArrowRight")
    assert tip.inner_text() == "Rep 01 $9,000 of $60,000 (−$51,000)"
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    assert tip.inner_text() == "Rep 11 $99,000 of $60,000 (+$39,000)"
    page.keyboard.press("Escape")
    assert tip.is_hidden()
    assert chart.evaluate("e => e.ariaDescription") == "Arrow keys say the values, one after the other."


def test_a_finger_leaves_the_value_until_it_taps_elsewhere(browser: Any, page_file: Path) -> None:
    page = Watched(browser, 390, has_touch=True).open(page_file)
    mark = page.locator("figure.chart", has_text="is $60K short").locator(".values circle").nth(3)
    mark.scroll_into_view_if_needed()
    box = mark.bounding_box()
    page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    assert page.locator(".tip").inner_text().startswith("Rep 03 $27,000")
    page.locator("h2").first.tap()
    assert page.locator(".tip").is_hidden()


def test_a_map_is_enlarged_by_keys_and_dragged(browser: Any, page_file: Path) -> None:
    page = Watched(browser, reduced_motion="reduce").open(page_file)  # focus scrolls at once
    figure = page.locator("figure.map").nth(1)
    frame, drawing = figure.locator(".scroll"), figure.locator("svg")
    wide = drawing.bounding_box()["width"]
    frame.focus()
    page.keyboard.press("+")
    page.keyboard.press("+")
    assert drawing.bounding_box()["width"] == pytest.approx(2.25 * wide, rel=0.02)
    before = frame.evaluate("e => e.scrollLeft")
    box = frame.bounding_box()
    page.mouse.move(box["x"] + 200, box["y"] + 100)
    page.mouse.down()
    page.mouse.move(box["x"] + 100, box["y"] + 60, steps=5)
    page.mouse.up()
    assert frame.evaluate("e => e.scrollLeft") > before
    page.keyboard.press("0")
    assert drawing.bounding_box()["width"] == pytest.approx(wide, rel=0.02)


def test_a_series_of_a_fan_is_hidden_with_its_values(browser: Any, page_file: Path) -> None:
    page = Watched(browser).open(page_file)
    figure = page.locator("figure.chart", has=page.get_by_role("button", name="what came"))
    marks = figure.locator(".values .of-2:not([hidden])")
    assert marks.count() == 2
    figure.get_by_role("button", name="what came").click()
    assert marks.count() == 0
    assert figure.locator(".values .of-0:not([hidden])").count() == 4


def test_without_a_script_the_plan_asked_for_stands_alone(browser: Any, page_file: Path) -> None:
    page = Watched(browser, java_script_enabled=False).open(page_file)
    for name, there in (("Plan 1", False), ("Plan 2", True), ("Plan 10", False)):
        for each in page.locator(f"figure[data-option='{name}']").all():
            assert each.is_visible() == there, name
    assert page.locator("figure.chart svg:visible").count() == 7
    assert page.locator(".pick, .zoom").count() == 0


def test_paper_has_the_plan_picked_and_says_which(browser: Any, page_file: Path) -> None:
    page = Watched(browser).open(page_file)
    page.locator(".pick").first.get_by_role("button", name="Plan 10").click()
    page.emulate_media(media="print")
    assert shown(page) == ["Plan 10", "Plan 10"]
    assert page.locator(".pick button:visible").all_inner_texts() == ["Plan 10", "Plan 10"]
    assert page.locator(".zoom:visible, .series:visible").count() == 0


def test_a_dark_page_has_dark_maps_with_names_that_can_be_read(browser: Any, page_file: Path) -> None:
    page = Watched(browser, 1280, "dark").open(page_file)
    drawing = page.locator("figure.map svg:visible").first
    colours = drawing.evaluate(
        "e => [...new Set(Array.from(e.querySelectorAll('path,text'), (x) => getComputedStyle(x).fill))]"
    )
    light = "rgb(127, 176, 214)"  # the first territory of a light page
    assert light not in colours
    assert "rgb(228, 232, 235)" in colours  # the ink of a dark one
