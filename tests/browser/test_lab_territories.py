"""The territory notebook, which has the most controls and computes longest, in a real JupyterLab."""

import pytest
from lab_tests import *  # noqa: F403 - the tests of every notebook

pytestmark = pytest.mark.browser
NAMES = ["territory_rebalancing"]
ASKED = {"scope": "team", "who": "Dustin Brinkmann"}  # one team: a region takes several times as long
BACK = ("scope",)
