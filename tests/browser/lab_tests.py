"""What holds of every notebook in JupyterLab and a browser: the screen says what the package computes.

No test module itself: each `test_lab_*.py` takes these for some notebooks, so that workers share them. They
run in this order on one open notebook: what a control was moved to stays, and the next one is moved beside
it, so that the saved report and the saved notebook are of moved numbers.
"""

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from lab_analyst import Desk, Opened, by, kinds_of, moving, other_value, stored, wrong_values
from lab_pictures import keep
from lab_sheet import BATCH_LINE, SCREEN, Control, Sheet, written

from salesops_nb import parameters
from salesops_nb.errors import SalesopsError

PICTURES = os.environ.get("SALESOPS_PICTURES")  # the folder that takes pictures, where they are wanted
MOST_UNSEARCHED = 5  # rows of a table that has no search
WIDGETS = ("vnd.jupyter.widget", "widget-view", "IPY_MODEL")


def test_it_says_what_the_package_computes(opened: Opened) -> None:
    assert opened.sheet.screen() == opened.screen
    assert opened.sheet.page.locator("mjx-container").count() == 0, "an amount was set as a formula"
    if PICTURES:
        keep(opened.seen, Path(PICTURES) / f"{opened.name}.webp")


def test_a_table_is_sorted_in_the_page(opened: Opened) -> None:
    tables = opened.sheet.page.locator(".salesops-show table.dataTable")
    if not tables.count():
        return  # it shows no table
    table = tables.nth(-1)
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


def test_a_table_is_filtered_in_the_page(opened: Opened) -> None:
    tables = opened.sheet.page.locator(".salesops-show .dt-container")
    searched = tables.filter(has=opened.sheet.page.locator(".dt-search"))
    if not searched.count():  # a short table is read whole
        counts = [tables.nth(at).locator("tbody tr").count() for at in range(tables.count())]
        assert max(counts, default=0) <= MOST_UNSEARCHED
        return
    table = searched.nth(-1)
    rows, words = table.locator("tbody tr"), table.locator(".dt-search input")
    before = rows.all_text_contents()
    words.focus()
    wanted = _of_some(before, rows.locator("td, th").all_text_contents())
    if wanted:
        opened.sheet.page.keyboard.type(wanted)
        rows.nth(len(before) - 1).wait_for(state="detached")
        left = rows.all_text_contents()
        assert left
        assert [each for each in left if not all(word in each for word in wanted.split())] == []
    opened.sheet.page.keyboard.press("Control+a")
    opened.sheet.page.keyboard.type("no such row")
    table.get_by_text("No rows.").first.wait_for()
    opened.sheet.page.keyboard.press("Control+a")
    opened.sheet.page.keyboard.press("Delete")
    rows.nth(len(before) - 1).wait_for()
    assert rows.all_text_contents() == before


def _of_some(rows: list[str], cells: list[str]) -> str:
    """A cell's text that stands in some of the rows and not in all; nothing where all rows are alike."""
    found = (cell for cell in cells if cell and 0 < sum(cell in row for row in rows) < len(rows))
    return next(found, "")


def _as_sorted(names: list[str]) -> Callable[[str], Any]:
    """By size where all are numbers, as ``50 %``; else by letter."""
    numbers = {name: "".join(c for c in name.replace("−", "-") if c in "-.0123456789") for name in names}
    plain = all(re.fullmatch(r"[−$\d,.%\s-]*\d[\d,.%\s]*", name) for name in names)
    return (lambda name: float(numbers[name])) if plain else str.casefold


def test_a_wrong_value_is_said_beside_the_control_and_changes_nothing(opened: Opened, made: Path) -> None:
    sheet, kept = opened.sheet, stored(made)
    for name in moving(opened.kind):
        control = sheet.control(name)
        if control.kind not in ("text", "number"):
            continue  # what is chosen or slid cannot be wrong
        for wrong in wrong_values(opened.kind.model_fields[name], words=control.kind == "text"):
            meant = wrong if control.kind == "text" else type(opened.asked[name])(wrong)
            with pytest.raises(SalesopsError) as refused:
                parameters.checked(opened.kind, {**opened.asked, name: meant})
            with opened.moved():
                shown = control.value()
                sheet.answered(lambda control=control, wrong=wrong: control.put(wrong))
                assert refused.value.problems[0].message in control.message()
                assert sheet.screen() == opened.screen
                sheet.answered(lambda control=control, shown=shown: control.put(shown))
                assert control.left() == ""
    assert sheet.asks() == opened.asked
    assert stored(made) == kept


def test_a_moved_control_shows_what_the_package_computes(
    opened: Opened, name: str, made: Path, request: pytest.FixtureRequest
) -> None:
    fields, sheet, kept = opened.kind.model_fields, opened.sheet, stored(made)
    control, before, screen, hanging = sheet.control(name), opened.asked, opened.screen, opened.hanging(name)
    back = name in getattr(request.module, "BACK", ())
    with opened.moved():
        if not control.field.is_enabled():  # it has a choice only where another control says so
            other = str(by(fields[name]))
            sheet.answered(lambda: sheet.control(other).move(None))
            opened.follows(before := sheet.asks())
        shown = {each: sheet.control(each).value() for each in (name, *hanging)}
        typed = other_value(fields[name], before[name])
        sheet.answered(lambda: control.move(typed))
        if said := control.messages():
            wanted = {**before, name: control.meant(fields[name], typed)}
            refused = opened.reference.change(wanted).problem
            assert [each for each in said if each not in refused and not each.startswith("…")] == []
            assert said[0] in refused.splitlines()[0], "the first of what is wrong comes first"
            back = True
        else:
            asked = sheet.asks()
            assert asked[name] != before[name]
            assert {each for each in asked if asked[each] != before[each]} <= {name, *hanging}
            assert opened.follows(asked), "nothing on screen has changed"
        if back:
            for each, value in shown.items():
                if sheet.control(each).value() != value:
                    sheet.answered(lambda each=each, value=value: sheet.control(each).put(value))
            sheet.wait_for(screen)
            assert sheet.asks() == before
            opened.asked, opened.screen = before, screen
    assert stored(made) == kept, "moving a control wrote something"


def test_all_that_was_moved_is_what_the_package_computes_from_the_top(opened: Opened) -> None:
    opened.follows(opened.sheet.asks(), anew=True)


def test_a_saved_report_says_what_is_on_screen(
    opened: Opened, desk: Desk, request: pytest.FixtureRequest
) -> None:
    page = opened.sheet.save_report(opened.folder)
    html = page.read_text()
    assert [each for each in (*WIDGETS, "jupyter-widgets") if each in html] == []
    report = desk.browser.new_page(viewport={"width": 1280, "height": 900})
    said: list[str] = []
    report.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    report.on("request", lambda request: said.append(request.url) if "file:" not in request.url else None)
    report.add_init_script(SCREEN)
    report.goto(page.as_uri())
    text = report.evaluate("salesops.words(document.body)[0]")
    report.close()
    shown = [words for cell in opened.sheet.screen() for words, *_pictures in cell]
    # the cover is laid out anew, and long tables have a field that finds rows
    other = [words for words in shown if words not in text]
    assert not any(set(words.split()) - set(text.split()) for words in other)
    assert len("".join(shown)) > getattr(request.module, "LETTERS", 1000)
    assert said == []


def test_a_notebook_saved_with_its_outputs_opens_again_without_an_error(opened: Opened, desk: Desk) -> None:
    """The numbers stand there as they were; the controls come back when the cells are run."""
    opened.sheet.save()
    path = opened.folder / f"{opened.name}.ipynb"
    assert [each for each in WIDGETS if each in path.read_text()] == []
    nbformat.validate(nbformat.read(path, as_version=4))
    shown = opened.sheet.screen()
    opened.soiled = True  # its panel has gone
    desk.open_again(opened)
    panel = opened.sheet.page.get_by_text("The controls stand here once the cells have run")
    panel.wait_for()
    (at,) = [at for at, cell in enumerate(opened.sheet.screen()) if "The controls stand" in str(cell)]
    opened.sheet.wait_for(
        [*shown[:at], opened.sheet.screen()[at], *shown[at + 1 :]]
    )  # cells come in as one reads


def test_by_keyboard_alone(opened: Opened, made: Path) -> None:
    """Run all from the palette, Tab to every control, its focus seen; move one of every kind there is."""
    sheet, keys, kept = opened.sheet, opened.sheet.page.keyboard, stored(made)
    with opened.moved():
        _run_all_by_keys(sheet)
        opened.runs()
        controls = {name: sheet.control(name) for name in opened.kind.model_fields if name != "workbook"}
        labels = {each.label(): name for name, each in controls.items() if each.field.is_enabled()}
        moved = {controls[name].kind: name for name in moving(opened.kind)
                 if name in labels.values()}  # fmt: skip
        seen: dict[str, bool] = {}
        copied = ""
        for label in sheet.tabs(seen):
            name = labels.get(label, "")
            if name and moved.get(controls[name].kind) == name:
                del moved[controls[name].kind]
                _moved_by_keys(opened, controls[name])
            if BATCH_LINE.search(label):
                copied = sheet.copied(lambda: keys.press("Enter"))
        assert moved == {}, "not moved by keys"
        assert set(labels) <= set(seen), "not reached by Tab"
        assert [label for label, visible in seen.items() if not visible] == [], "the focus is not seen"
        assert copied == sheet.batch_line()
        assert [label for label, each in controls.items() if not each.named()] == [], "without a name"
    assert stored(made) == kept


def _run_all_by_keys(sheet: Sheet) -> None:
    sheet.page.keyboard.press("Control+Shift+C")
    sheet.page.locator(".lm-CommandPalette-input").wait_for()
    sheet.page.keyboard.type("Run All Cells")
    sheet.page.locator(".lm-CommandPalette-item.lm-mod-active", has_text="Run All Cells").wait_for()
    sheet.page.keyboard.press("Enter")
    sheet.run_again()


def _moved_by_keys(opened: Opened, control: Control) -> None:
    """Move what has the focus, which it keeps, and wait until the screen says what that computes."""
    sheet, before = opened.sheet, opened.asked
    typed = other_value(opened.kind.model_fields[control.name], before[control.name])
    sheet.answered(lambda: control.move_by_keys(typed))
    assert control.field.evaluate("each => each === document.activeElement"), "the focus was lost"
    assert control.message() == ""
    asked = sheet.asks()
    assert asked[control.name] != before[control.name], control.name
    opened.follows(asked)
    control.field.focus()  # the batch line was read by the mouse


def test_only_the_button_approves(opened: Opened, made: Path) -> None:
    """What carries something out waits for its button, and what is moved afterwards approves nothing."""
    names, sheet, kept = opened.kind.approval, opened.sheet, stored(made)
    if not names:
        return
    opened.soiled = True  # what follows may not be undone
    for name in names:
        control, field = sheet.control(name), opened.kind.model_fields[name]
        if control.kind == "select" and getattr(opened.kind(), name) in (None, ""):
            control.move(None)
        elif control.kind in ("text", "date") and not control.value():
            typed = "2018-01-02" if control.kind == "date" else "Alma Restrepo"
            if kinds_of(field.annotation) & {int, float}:
                typed = written(other_value(field, None))
            control.put(typed)
    assert sheet.screen() == opened.screen
    assert sheet.asks() == opened.asked
    assert stored(made) == kept, "something was written before the button was pressed"
    button = sheet.page.locator(".salesops-approve button, button.salesops-approve")
    button.focus()
    sheet.answered(lambda: sheet.page.keyboard.press("Enter"))
    assert [sheet.control(name).message() for name in names if sheet.control(name).message()] == []
    after = stored(made)
    assert after != kept, "the button wrote nothing"
    name = [each for each in moving(opened.kind) if sheet.control(each).kind in ("select", "slider")][-1]
    sheet.answered(lambda: sheet.control(name).move(None))
    assert stored(made) == after, "moving a control approved again"
