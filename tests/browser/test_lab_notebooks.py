"""Every other notebook in a real JupyterLab."""

from pathlib import Path

import pytest
import test_lab_territories as apart
from lab_analyst import notebooks
from lab_tests import *  # noqa: F403 - the tests of every notebook

from salesops_nb import parameters
from salesops_nb.present.pdf import find_chromium

pytestmark = pytest.mark.browser
ALL = notebooks(Path(__file__).resolve().parents[2])
NAMES = [name for name in ALL if name not in apart.NAMES]
USUAL = {
    "test_a_moved_control_shows_what_the_package_computes": [],
    "test_a_wrong_value_is_said_beside_the_control_and_changes_nothing": ["commission_calculation"],
    "test_a_saved_report_says_what_is_on_screen": [],
}


def test_every_notebook_declares_its_parameters() -> None:
    assert set(ALL) == set(parameters.NOTEBOOKS)
    assert find_chromium()
