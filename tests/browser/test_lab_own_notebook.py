"""The notebook that docs/own_notebook.md builds, in a real JupyterLab: it needs no test of its own."""

import atexit
import shutil
import tempfile
from pathlib import Path

import pytest
from carried_out import carry_out, module
from lab_tests import *  # noqa: F403 - the tests of every notebook

pytestmark = pytest.mark.browser
NAMES = ["loss_reasons"]
LETTERS = 500  # a page of one person with one table has some 800
# its class is needed before the workbook is made: a test for each of its controls
FOLDER = Path(tempfile.mkdtemp(prefix="own-notebook-"))
atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)
(FOLDER / "loss_reasons.py").write_text(module(), encoding="utf-8")


@pytest.fixture(scope="session")
def made(made: Path) -> Path:
    """The workbook with that notebook in it."""
    carry_out(made, run=False)
    return made
