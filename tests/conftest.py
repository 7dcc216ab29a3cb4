import gc
import os
import sys
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import settings

# how long an example takes hangs on how busy the machine is
settings.register_profile("any speed", deadline=None)
settings.load_profile("any speed")

# what a session has loaded stays: to look through it again and again costs a tenth of the time
gc.set_threshold(100_000, 50, 100)

os.environ.pop("COLUMNS", None)  # pytest-xdist's own terminal is none of the commands'

ROOT = Path(__file__).resolve().parents[1]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--every", type=int, default=1, help="of each file the first test and every nth")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Of each file only some, where another Python is tried: what breaks there breaks for many tests."""
    every: int = config.getoption("--every")
    seen: Counter[Path] = Counter()
    taken: dict[bool, list[pytest.Item]] = {True: [], False: []}
    for item in items:
        taken[seen[item.path] % every == 0].append(item)
        seen[item.path] += 1
    if taken[False]:
        config.hook.pytest_deselected(items=taken[False])
        items[:] = taken[True]


@pytest.fixture(autouse=True)
def language_of_its_own():
    """A command sets the language of its process, in which errors are written too: not the next test's."""
    yield
    if translation := sys.modules.get("salesops_nb.present.language.translation"):
        translation._setting.set(None)


@pytest.fixture(scope="session")
def root():
    """The repository, which is the demo workbook."""
    return ROOT


@pytest.fixture(scope="session")
def demo(root):
    """The demo workbook, opened once."""
    from salesops_nb import open_workbook

    return open_workbook(root)
