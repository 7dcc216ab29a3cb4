"""A workbook as `salesops init` makes it, JupyterLab on it, and Chromium: each once for all the tests."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE))
sys.path.insert(0, str(HERE.parent / "notebook"))
for module in ("lab_sheet", "lab_analyst", "lab_tests"):
    pytest.register_assert_rewrite(module)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test for each notebook of its module's `NAMES`, or for each of their controls."""
    from lab_analyst import controls

    names = getattr(metafunc.module, "NAMES", [])
    if "name" in metafunc.fixturenames:
        folder = getattr(metafunc.module, "FOLDER", ROOT / "notebooks")
        metafunc.parametrize(("notebook", "name"), controls(folder, names))
    elif "notebook" in metafunc.fixturenames:
        metafunc.parametrize("notebook", names)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All tests of a notebook after one another, so that each is opened and run once."""
    at = [place for place, item in enumerate(items) if "notebook" in _parameters(item)]
    ours = sorted(
        (items[place] for place in at), key=lambda item: (str(item.path), str(_parameters(item)["notebook"]))
    )
    for place, item in zip(at, ours, strict=True):
        items[place] = item


def _parameters(item: pytest.Item) -> dict[str, Any]:
    return item.callspec.params if hasattr(item, "callspec") else {}


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workbook of the package's own, in a folder of its own."""
    folder = tmp_path_factory.mktemp("lab") / "workbook"
    command = [str(Path(sys.executable).with_name("salesops")), "init", "--demo", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")  # Playwright's loop must have ended before another module begins its own
def desk(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """JupyterLab on that workbook and a browser; notebooks are opened when a test first asks."""
    from lab_analyst import Desk
    from lab_reference import Reference
    from lab_server import Server, chromium

    reference = Reference(made)  # imports while JupyterLab starts
    server = Server(made, tmp_path_factory.mktemp("home"))
    try:
        with chromium() as browser:
            desk = Desk(browser, server, reference, pictured="SALESOPS_PICTURES" in os.environ)
            yield desk
            desk.clear()
    finally:
        server.stop()
        reference.close()


@pytest.fixture
def opened(request: pytest.FixtureRequest, desk: Any, notebook: str) -> Iterator[Any]:
    """The notebook of this test, run; whatever the page says as an error fails the test."""
    opened = desk.open(notebook, getattr(request.module, "ASKED", {}))
    yield opened
    said, asked = [*opened.sheet.said], [*opened.sheet.asked]
    opened.sheet.said.clear()
    opened.sheet.asked.clear()
    assert said == [], "what the browser's console said"
    assert asked == [], "what was asked for outside the machine"
