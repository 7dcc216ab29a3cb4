"""One real notebook, run once by a kernel, that every test of the report looks at."""

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

from salesops_nb.errors import SalesopsError
from salesops_nb.present.export.pdf import QUIET, find_chromium
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


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium, once for a module; skipped with the reason where there is none."""
    playwright = pytest.importorskip("playwright.sync_api")
    try:
        path = find_chromium()
    except SalesopsError as error:
        pytest.skip(str(error))
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=path, args=[*QUIET[1:], "--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def chromium() -> str:
    from salesops_nb.present.export.pdf import BROWSERS

    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None and os.environ.get("CI"):
        pytest.fail("no Chromium: type sudo apt-get install chromium")
    if found is None:
        pytest.skip("no Chromium on this machine")
    return found
