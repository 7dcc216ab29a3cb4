"""What holds of every notebook in JupyterLab and a browser: the screen says what the package computes.

No test module itself: each `test_lab_*.py` takes these for some notebooks, so that workers share them.
"""

import os
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lab_analyst import Desk, Opened, by, moving, other_value, stored, wrong_values
from lab_pictures import keep

from salesops_nb import parameters
from salesops_nb.errors import SalesopsError

PICTURES = os.environ.get("SALESOPS_PICTURES")  # the folder that takes pictures, where they are wanted


def test_it_says_what_the_package_computes(opened: Opened) -> None:
    opened.sheet.wait_for(opened.screen)
    assert opened.sheet.page.locator("mjx-container").count() == 0, "an amount was set as a formula"
    if PICTURES:
        keep(opened.seen, Path(PICTURES) / f"{opened.name}.png")


def test_a_moved_control_shows_what_the_package_computes(opened: Opened, name: str, made: Path) -> None:
    fields, sheet, kept = opened.kind.model_fields, opened.sheet, stored(made)
    control, other = sheet.control(name), by(fields[name])
    with opened.moved():
        shown = {each: sheet.control(each).value() for each in filter(None, (other, name))}
        before = opened.asked
        if not control.field.is_enabled():  # it has a choice only where another control says so
            sheet.control(str(other)).move(None)
            before = sheet.asks_other_than(before, str(other))
            del shown[name]
        control.move(other_value(fields[name], before[name]))
        if said := sheet.refused(before, name):
            problem = opened.reference.answer({**before, name: control.value()}).problem
            assert said in problem
        else:
            asked = sheet.asks()
            hanging = {each for each, field in fields.items() if by(field) == name}
            assert {each for each in asked if asked[each] != before[each]} <= {name, *hanging}
            sheet.wait_for(opened.computed(asked))
        for each, value in shown.items():
            if sheet.control(each).value() != value:
                sheet.control(each).put(value)
        sheet.wait_for(opened.screen)
        sheet.waits_until_it_asks(opened.asked)
    assert stored(made) == kept, "moving a control wrote something"


def test_a_wrong_value_is_said_beside_the_control_and_changes_nothing(opened: Opened, made: Path) -> None:
    sheet, kept = opened.sheet, stored(made)
    for name in moving(opened.kind):
        control = sheet.control(name)
        if control.kind != "text":
            continue  # what is chosen, slid or counted cannot be wrong
        for wrong in wrong_values(opened.kind.model_fields[name]):
            with pytest.raises(SalesopsError) as refused:
                parameters.checked(opened.kind, {**opened.asked, name: wrong})
            with opened.moved():
                shown = control.value()
                control.put(wrong)
                control.alert.wait_for(timeout=120_000)
                assert refused.value.problems[0].message in control.message()
                assert sheet.screen() == opened.screen
                control.put(shown)
                control.alert.wait_for(timeout=120_000, state="detached")
    assert sheet.asks() == opened.asked
    assert stored(made) == kept


def test_a_table_sorts_and_filters_in_the_page(opened: Opened) -> None:
    table = opened.sheet.page.locator(".salesops-show table.dataTable").nth(-1)
    rows, before = table.locator("tbody tr"), table.locator("tbody tr").all_text_contents()
    order = table.locator("thead th").first.locator(".dt-column-order")
    for way in ("ascending", "descending", None):
        order.focus()
        opened.sheet.page.keyboard.press("Enter")
        table.locator(f"thead th[aria-sort={way}]" if way else "thead:not(:has(th[aria-sort]))").wait_for()
        names = table.locator("tbody tr > :first-child").all_text_contents()
        keys = table.locator("tbody tr > :first-child").evaluate_all("all => all.map(e => e.dataset.order)")
        if way and not any(keys) and len(names) < 20:
            said = sorted(names, key=_as_sorted(names), reverse=way == "descending")
            assert list(map(str.casefold, names)) == list(map(str.casefold, said))
    assert rows.all_text_contents() == before


def _as_sorted(names: list[str]) -> Callable[[str], Any]:
    """By size where all are numbers, as ``50 %``; else by letter."""
    numbers = {name: "".join(c for c in name.replace("−", "-") if c in "-.0123456789") for name in names}
    plain = all(re.fullmatch(r"[−$\d,.%\s-]*\d[\d,.%\s]*", name) for name in names)
    return (lambda name: float(numbers[name])) if plain else str.casefold


def test_by_keyboard_alone(opened: Opened) -> None:
    """Run all from the palette, Tab to every control, its focus seen; move a slider where there is one."""
    sheet, keys = opened.sheet, opened.sheet.page.keyboard
    with opened.moved():
        keys.press("Control+Shift+C")
        sheet.page.locator(".lm-CommandPalette-input").wait_for()
        keys.type("Run All Cells")
        sheet.page.locator(".lm-CommandPalette-item.lm-mod-active", has_text="Run All Cells").wait_for()
        keys.press("Enter")
        sheet.run_again()
        sheet.wait_for(opened.screen)
        names = [name for name in opened.kind.model_fields if name != "workbook"]
        reached = sheet.tabbed_through()
        missing = [name for name in names if sheet.control(name).field.is_enabled()
                   and sheet.control(name).label() not in reached]  # fmt: skip
        assert missing == [], f"not reached by Tab: {missing}"
        assert [label for label, seen in reached.items() if not seen] == [], "the focus is not seen"
        for name in [each for each in moving(opened.kind) if sheet.control(each).kind == "slider"][:1]:
            sheet.control(name).field.focus()  # Tab has been shown to reach it
            keys.press("ArrowRight")
            asked = sheet.asks_other_than(opened.asked, name)
            sheet.wait_for(opened.computed(asked))
            sheet.control(name).field.focus()  # Tab has been shown to reach it
            keys.press("ArrowLeft")
            sheet.wait_for(opened.screen)


def test_a_saved_report_says_what_is_on_screen(opened: Opened, desk: Desk) -> None:
    sheet = opened.sheet
    page = sheet.save_report(opened.folder)
    html = page.read_text()
    assert "jupyter-widgets" not in html
    assert "widget-view" not in html
    report = desk.browser.new_page(viewport={"width": 1280, "height": 900})
    said: list[str] = []
    report.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    report.on("request", lambda request: said.append(request.url) if "file:" not in request.url else None)
    report.goto(page.as_uri())
    text = " ".join(report.locator("main").inner_text().split())
    cards = sheet.page.locator(".salesops-show .headlines .value").all_text_contents()
    assert cards
    assert [card for card in cards if " ".join(card.split()) not in text] == []
    assert said == []
    if PICTURES:
        keep(report.screenshot(), Path(PICTURES) / f"{opened.name}_report.png")
    report.close()


def test_only_the_button_approves(opened: Opened, made: Path) -> None:
    """What carries something out waits for its button, and what is moved afterwards approves nothing."""
    names, sheet, kept = opened.kind.approval, opened.sheet, stored(made)
    if not names:
        return
    opened.soiled = True  # what follows may not be undone
    button = sheet.page.locator(".salesops-approve button, button.salesops-approve")
    for name in names:
        control = sheet.control(name)
        if control.kind in ("text", "date") and not control.value():
            control.put("2018-01-02" if control.kind == "date" else "Ann Example")
    sheet.wait_for(opened.screen)
    assert sheet.asks() == opened.asked
    assert stored(made) == kept, "something was written before the button was pressed"
    if button.count():
        button.first.click()
        end = time.monotonic() + 60
        while stored(made) == kept:
            assert time.monotonic() < end, "the button wrote nothing"
            sheet.page.wait_for_timeout(100)
        sheet.page.wait_for_timeout(500)
        written = stored(made)
        name = next(each for each in moving(opened.kind) if sheet.control(each).kind in ("select", "slider"))
        before = sheet.asks()
        sheet.control(name).move(None)
        sheet.asks_other_than(before, name)
        assert stored(made) == written, "moving a control approved again"
