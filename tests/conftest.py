from pathlib import Path

import pytest
from hypothesis import settings

# how long an example takes hangs on how busy the machine is
settings.register_profile("any speed", deadline=None)
settings.load_profile("any speed")

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def root():
    """The repository, which is the demo workbook."""
    return ROOT


@pytest.fixture(scope="session")
def demo(root):
    """The demo workbook, opened once."""
    from salesops_nb import open_workbook

    return open_workbook(root)
