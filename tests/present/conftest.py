"""One real notebook, run once by a kernel, that every test of the report looks at."""

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest

from salesops_nb.present.language import translation

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    token = translation._setting.set(translation.Setting())
    yield
    translation._setting.reset(token)


@pytest.fixture(scope="session")
def executed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The executed notebook on disk, as papermill would leave it."""
    from nbclient import NotebookClient
    from pages import notebook_of

    node = notebook_of((HERE / "report_cells.md").read_text())
    where = {"metadata": {"path": str(HERE.parents[1])}}
    NotebookClient(node, timeout=120, kernel_name="python3", resources=where).execute()
    path = tmp_path_factory.mktemp("executed") / "out.ipynb"
    nbformat.write(node, path)
    return path


@pytest.fixture
def chromium() -> str:
    from salesops_nb.present.export.pdf import BROWSERS

    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None and os.environ.get("CI"):
        pytest.fail("no Chromium: type sudo apt-get install chromium")
    if found is None:
        pytest.skip("no Chromium on this machine")
    return found
