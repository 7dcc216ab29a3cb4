"""A long step in JupyterLab: it shows that it works, it can be ended, and what was there is back."""

import time
from pathlib import Path
from typing import Any

import nbformat
import pytest
from lab_sheet import ESTIMATE, SAVE, Sheet

pytestmark = pytest.mark.browser
CELLS = (
    'workbook = "."\nseconds = 0.0\nrounded = False',
    """
import time

from pydantic import Field

from salesops_nb import parameters, present
from salesops_nb.present.panel import start


class Slow(parameters.Parameters):
    seconds: float = Field(0, ge=0, le=100, description="How long to take")
    rounded: bool = Field(False, description="Whether it can be told roughly at once")


panel = start.panel(Slow, globals())


@panel.step
def slept(seconds, rounded, preview=None):
    if preview is not None and rounded:
        return round(preview.seconds)
    if preview is not None:
        raise ValueError("it cannot be told roughly")
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(0.01)
    return seconds


@panel.show
def told(slept):
    present.note(f"Slept for {slept:g} seconds.")


@panel.show
def half(slept):
    present.note(f"Half of it is {slept / 2:g}.")
""",
)


@pytest.fixture
def slow(desk: Any, made: Path) -> Any:
    node = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(text.strip()) for text in CELLS],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
    )
    nbformat.write(node, made / "notebooks" / "slow.ipynb")
    desk.clear()
    sheet = Sheet(desk.browser, desk.server, "notebooks/slow.ipynb")
    sheet.run_all()
    yield sheet
    sheet.close()
    (made / "notebooks" / "slow.ipynb").unlink()


def test_a_report_in_the_making_is_cancelled_by_keyboard_and_none_is_made(slow: Sheet, made: Path) -> None:
    before = set((made / "notebooks").rglob("*.html"))
    save, cancel = (
        slow.button(SAVE),
        slow.page.locator(".salesops-actions").get_by_role("button", name="Cancel"),
    )
    save.focus()
    slow.page.keyboard.press("Enter")
    cancel.wait_for()
    assert not save.is_enabled(), "two at a time"
    cancel.focus()
    slow.page.keyboard.press("Enter")
    slow.page.locator(".salesops-answer").get_by_text("No report was made: cancelled.").wait_for()
    cancel.wait_for(state="hidden")
    assert save.is_enabled()
    assert set((made / "notebooks").rglob("*.html")) == before
    assert slow.said == []


def test_a_long_step_is_cancelled_by_keyboard_and_nothing_has_changed(slow: Sheet) -> None:
    said = slow.page.locator(".salesops-show")
    said.get_by_text("Slept for 0 seconds.").wait_for()
    control, shown = slow.control("seconds"), slow.control("seconds").value()
    control.put("90")
    cancel = slow.page.locator(".salesops-busy").get_by_role("button", name="Cancel")
    cancel.wait_for()
    assert "Working" in str(slow.page.locator(".salesops-busy").text_content())
    cancel.focus()
    begun = time.monotonic()
    slow.page.keyboard.press("Enter")
    slow.page.locator(".salesops-busy").wait_for(state="detached", timeout=20_000)
    assert time.monotonic() - begun < 20
    assert control.value() == shown
    assert said.get_by_text("Slept for 0 seconds.").is_visible()
    assert slow.asks()["seconds"] == 0
    control.put("1")
    said.get_by_text("Slept for 1 seconds.").wait_for()
    assert slow.asks()["seconds"] == 1
    assert slow.said == []


def test_a_long_step_is_estimated_first_and_what_is_old_looks_old(slow: Sheet) -> None:
    """Where no estimate can be had the old answer stays until the new one is there."""
    told, half = (slow.page.locator(".salesops-show").nth(at) for at in range(2))
    old = slow.page.locator(".salesops-show.salesops-old")
    slow.control("seconds").put("0.6")  # so long that the next time an estimate is worth its while
    half.get_by_text("Half of it is 0.3.").wait_for()
    slow.control("seconds").put("0.8")
    old.nth(1).wait_for()
    half.get_by_text("Half of it is 0.4.").wait_for()
    assert told.get_by_text("Slept for 0.8 seconds.").is_visible()
    assert old.count() == 0
    slow.answered(lambda: slow.control("rounded").move(None))
    slow.control("seconds").put("2.4")
    told.get_by_text("Slept for 2 seconds.").wait_for()
    assert told.get_by_text(ESTIMATE).is_visible()
    assert half.get_by_text("Half of it is 0.4.").is_visible()
    assert old.count() == 1
    assert half.evaluate("show => show.matches('.salesops-old')")
    told.get_by_text("Slept for 2.4 seconds.").wait_for()
    assert slow.page.get_by_text(ESTIMATE).count() == 0
    half.get_by_text("Half of it is 1.2.").wait_for()
    assert old.count() == 0
    assert slow.said == []


def test_a_cancelled_step_leaves_no_estimate(slow: Sheet) -> None:
    told = slow.page.locator(".salesops-show").first
    slow.answered(lambda: slow.control("rounded").move(None))
    slow.answered(lambda: slow.control("seconds").put("0.6"))
    slow.control("seconds").put("90")
    told.get_by_text("Slept for 90 seconds.").wait_for()
    assert told.get_by_text(ESTIMATE).is_visible()
    cancel = slow.page.locator(".salesops-busy").get_by_role("button", name="Cancel")
    cancel.focus()
    slow.page.keyboard.press("Enter")
    slow.page.locator(".salesops-busy").wait_for(state="detached", timeout=20_000)
    told.get_by_text("Slept for 0.6 seconds.").wait_for()
    assert slow.page.get_by_text(ESTIMATE).count() == 0
    assert slow.page.locator(".salesops-show.salesops-old").count() == 0
    assert slow.said == []
