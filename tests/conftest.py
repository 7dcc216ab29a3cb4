from pathlib import Path

import pytest

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
