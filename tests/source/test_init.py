"""`salesops init` writes a workbook that opens, never overwrites, and refreshes only what was not edited."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from salesops_nb.cli import init as module
from salesops_nb.cli import main
from salesops_nb.source import open_workbook


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, list(arguments))
    return result.exit_code, result.output


def test_a_new_workbook_opens_and_checks(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    code, output = run("init", str(folder))
    assert code == 0, output
    assert output.endswith(f"Next: salesops check {folder}\n")
    assert open_workbook(folder).table("deals").collect().shape[0] == 8800
    code, output = run("check", str(folder))
    assert code == 0, output
    assert "deals: 8,800 rows" in output


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "workbook.yml").write_text("company: Mine\n")
    code, output = run("init", str(tmp_path))
    assert code == 0
    assert "  left: workbook.yml (not made by init)\n" in output
    assert (tmp_path / "workbook.yml").read_text() == "company: Mine\n"
    assert "workbook.yml" not in json.loads((tmp_path / module.RECORD).read_text())["files"]


@pytest.fixture
def starter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the starter that a test may change, as a later release would."""
    root = tmp_path / "release"
    root.mkdir()
    for name in ("workbook.yml", "mapping.yml", "strategy.yml"):
        shutil.copy(module.starter_root() / name, root / name)
    monkeypatch.setattr(module, "starter_root", lambda: root)
    return root


def test_a_refresh_updates_what_was_not_edited(tmp_path: Path, starter: Path) -> None:
    folder = tmp_path / "mine"
    run("init", str(folder))
    (folder / "mapping.yml").write_text("tables: {}\n")
    (folder / "strategy.yml").unlink()
    (starter / "workbook.yml").write_text("company: Newer\ncurrency: USD\n")
    (starter / "mapping.yml").write_text("tables: {deals: {}}\n")
    (starter / "plans.yml").write_text("not a part\n")
    code, output = run("init", "--refresh", str(folder))
    assert code == 0
    assert output == (
        f"0 files written to {folder}.\n"
        "1 file brought up to date.\n"
        "  updated: workbook.yml\n"
        "2 files left as found:\n"
        "  left: mapping.yml (edited here)\n"
        "  left: strategy.yml (deleted here)\n"
    )
    assert (folder / "workbook.yml").read_text() == "company: Newer\ncurrency: USD\n"
    assert (folder / "mapping.yml").read_text() == "tables: {}\n"


def test_a_refresh_of_another_folder_is_refused(tmp_path: Path) -> None:
    code, output = run("init", "--refresh", str(tmp_path))
    assert code == 1
    assert output == (
        f"error: {tmp_path} has no .salesops.json, so it was not made by init. "
        "Run init without --refresh; it adds only what is missing.\n"
    )
