"""The territory notebook, which has the most controls and computes longest, in a real JupyterLab."""

import time
from pathlib import Path
from typing import Any

import pytest
from lab_analyst import Opened, stored
from lab_sheet import ESTIMATE
from lab_tests import *  # noqa: F403 - the tests of every notebook

pytestmark = pytest.mark.browser
NAMES = ["territory_rebalancing"]
ASKED = {"scope": "team", "who": "Dustin Brinkmann"}  # one team: a region takes several times as long
BACK = ("scope", "who", "reps")  # the rest is moved on the same ground, with reps it knows


def test_the_solver_is_cancelled_by_keyboard_and_all_is_as_it_was(opened: Opened, made: Path) -> None:
    """The company's territories take longest; what was in force is on screen again, and can be moved.

    Until then stands a first estimate of the answer, which says that it is one.
    """
    sheet, kept = opened.sheet, stored(made)
    with opened.moved():
        scope, who = sheet.control("scope"), sheet.control("who")
        shown = scope.value(), who.value()
        busy = sheet.page.locator(".salesops-busy")
        sheet.answered(lambda: (scope.put("Company"), _cancelled(busy)))
        assert (scope.value(), who.value()) == shown
        assert "Cancelled" in scope.message() + str(scope.row.text_content())
        assert sheet.screen() == opened.screen
        assert sheet.asks() == opened.asked
        sheet.answered(lambda: sheet.control("choice").move(None))
        opened.follows(sheet.asks())
    assert stored(made) == kept


def _cancelled(busy: Any) -> None:
    cancel = busy.get_by_role("button", name="Cancel")
    cancel.wait_for()
    busy.get_by_text("Working on").wait_for()
    busy.page.get_by_text(ESTIMATE).wait_for()
    begun = time.monotonic()
    cancel.focus()
    busy.page.keyboard.press("Enter")
    busy.wait_for(state="detached", timeout=30_000)
    assert time.monotonic() - begun < 20
