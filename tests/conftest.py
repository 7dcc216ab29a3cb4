import sys
from pathlib import Path

import pytest
from hypothesis import settings

# how long an example takes hangs on how busy the machine is
settings.register_profile("any speed", deadline=None)
settings.load_profile("any speed")

ROOT = Path(__file__).resolve().parents[1]


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
