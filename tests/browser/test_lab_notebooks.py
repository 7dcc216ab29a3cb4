"""Every other notebook in a real JupyterLab."""

from pathlib import Path

import pytest
import test_lab_territories as apart
from lab_analyst import notebooks
from lab_tests import *  # noqa: F403 - the tests of every notebook

from salesops_nb.present.export.pdf import find_chromium

pytestmark = pytest.mark.browser
ALL = notebooks(Path(__file__).resolve().parents[2])
# one person's statement, or one reader's page, says nothing of what else is moved
BACK = ("who", "status", "audience")
NAMES = [name for name in ALL if name not in apart.NAMES]


def test_there_is_a_browser() -> None:
    assert find_chromium()
