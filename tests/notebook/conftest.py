import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from salesops_nb.cli import main

sys.path.insert(0, str(Path(__file__).resolve().parent))


@pytest.fixture
def workbook(tmp_path, monkeypatch):
    """A workbook made by init, in which commands are typed."""
    folder = tmp_path / "mine"
    assert CliRunner().invoke(main, ["init", "--demo", str(folder)]).exit_code == 0
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def typed():
    """Type a command; what it printed, and its exit code."""

    def run(*words):
        result = CliRunner().invoke(main, list(words))
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result.output, result.exit_code

    return run
