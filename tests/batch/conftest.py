"""A small workbook, made anew for each test."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from small_workbook import write_workbook


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A workbook's folder with one notebook, ``hello``."""
    return write_workbook(tmp_path / "book")


@pytest.fixture(scope="session")
def _made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from mailing import go, write

    folder = write_workbook(tmp_path_factory.mktemp("made") / "book")
    assert go(write(folder, 9))[0] == 0
    return folder


@pytest.fixture
def made(_made: Path, tmp_path: Path) -> Path:
    """The workbook with a complete run 0001 of `mailing.REPS`, of which nothing was sent."""
    return shutil.copytree(_made, tmp_path / "book")
