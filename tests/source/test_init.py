"""`salesops init` writes a workbook that opens, never overwrites, and refreshes only what was not edited."""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

sys.path.insert(0, str(Path(__file__).parents[1] / "bad_input"))

import small

from salesops_nb.cli import init as module
from salesops_nb.cli import main
from salesops_nb.source import open_workbook

pytestmark = pytest.mark.slow


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, list(arguments))
    return result.exit_code, result.output


def test_a_new_workbook_opens_and_checks(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    code, output = run("init", "--demo", str(folder))
    assert code == 0, output
    assert output.endswith(f"Next: salesops check {folder}\n")
    assert open_workbook(folder).table("deals").collect().shape[0] == 8800
    code, output = run("check", str(folder))
    assert code == 0, output
    assert "deals: 8,800 rows" in output


PEOPLE = {
    "leave": 10, "candidates": 120, "candidate_steps": 500, "interviews": 260,
    "scorecards": 1300, "score_anchors": 25, "cases": 12, "case_steps": 58, "alerts": 33, "actions": 27,
}  # fmt: skip


def test_the_demo_brings_what_is_simulated_about_people_and_goes_without(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    assert run("init", "--demo", str(folder))[0] == 0
    shipped = module.starter_root() / "data/simulated/calendar.ics"
    assert (folder / "data/simulated/calendar.ics").read_bytes() == shipped.read_bytes()
    workbook = open_workbook(folder)
    assert {name: workbook.table(name).collect().shape[0] for name in PEOPLE} == PEOPLE
    assert set(PEOPLE) <= workbook.simulated
    assert workbook.table("people").collect().shape[0] == 55
    assert "people" not in workbook.simulated
    shutil.rmtree(folder / "data/simulated")
    real = open_workbook(folder)
    assert sorted(real.tables) == ["accounts", "deals", "people", "products"]
    assert real.table("people").collect().shape[0] == 41
    assert real.problems == []


def test_a_workbook_of_ones_own_starts_without_what_is_simulated(tmp_path: Path) -> None:
    workbook = open_workbook(small.write(tmp_path, {}))
    assert sorted(workbook.tables) == ["accounts", "deals", "people", "products"]
    assert not workbook.simulated


DEALS = """\
deal_id,owner_id,stage,amount,created_on,closed_on
1,Ann,Won,100.50,2026-01-05,2026-02-03
2,Ann,Lost,80,2026-01-07,2026-02-09
3,Ben,Won,70,2026-02-01,2026-03-31
"""


def test_ones_own_workbook_has_nothing_of_the_demo_and_waits_for_data(tmp_path: Path) -> None:
    folder = tmp_path / "own"
    code, output = run("init", str(folder))
    assert code == 0, output
    assert "columns into mapping.yml" in output
    assert {path.name for path in (folder / "data").iterdir()} == {"README.md"}
    assert not (folder / "plans").exists()
    for notebook in (folder / "notebooks").glob("*.ipynb"):
        cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
        assert not any(cell.get("outputs") for cell in cells), notebook.name
    texts = " ".join(path.read_text(encoding="utf-8") for path in folder.glob("*.yml"))
    assert not any(word in texts for word in ("MavenTech", "Central", "2017", "simulated"))
    code, output = run("check", str(folder))
    assert code == 1
    assert "The file data/deals.csv is not there" in output


def test_ones_own_workbook_checks_and_is_reported_on_once_its_export_is_there(tmp_path: Path) -> None:
    folder = tmp_path / "own"
    run("init", str(folder))
    (folder / "data" / "deals.csv").write_text(DEALS)
    code, output = run("check", str(folder))
    assert code == 0, output
    assert "no errors, no warnings" in output
    workbook = open_workbook(folder)
    assert sorted(workbook.tables) == ["deals"]
    assert not workbook.simulated
    code, output = run("run", str(folder / "reports.yml"), "--jobs", "1")
    assert code == 0, output
    assert "1 made" in output
    assert (folder / "reports" / "index.html").is_file()


def test_a_refresh_leaves_ones_own_workbook_ones_own(tmp_path: Path) -> None:
    folder = tmp_path / "own"
    run("init", str(folder))
    code, output = run("init", "--refresh", str(folder))
    assert (code, output.splitlines()[0]) == (0, f"0 files written to {folder}.")
    assert not (folder / "plans").exists()
    run("init", "--demo", str(folder))
    assert (folder / "plans").is_dir()


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "workbook.yml").write_text("company: Mine\n")
    code, output = run("init", "--demo", str(tmp_path))
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
    run("init", "--demo", str(folder))
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


NOTEBOOK = {
    "cells": [
        {"cell_type": "markdown", "id": "a", "metadata": {}, "source": ["# Which?\n", "Read it."]},
        {"cell_type": "code", "id": "b", "metadata": {"tags": ["parameters"]}, "source": "x = 1",
         "outputs": [], "execution_count": None},
    ],
    "metadata": {}, "nbformat": 4, "nbformat_minor": 5,
}  # fmt: skip


def saved(path: Path, source: str = "x = 1", **more: object) -> None:
    """The notebook as JupyterLab saves it after a run: other layout, outputs, counts and metadata."""
    made = json.loads(json.dumps(NOTEBOOK))
    made["cells"][0]["source"] = "# Which?\nRead it."
    made["cells"][1] |= {"source": source, "execution_count": 3, "outputs": [{"output_type": "stream"}]}
    made["cells"][1]["metadata"] |= {"trusted": True, **more}
    made["metadata"] = {"kernelspec": {"name": "python3"}}
    path.write_text(json.dumps(made, indent=2))


def test_a_notebook_is_edited_where_its_cells_are(tmp_path: Path, starter: Path) -> None:
    folder = tmp_path / "mine"
    (starter / "notebooks").mkdir()
    for name in ("run", "edited", "tagged", "broken", "fresh"):
        (starter / "notebooks" / f"{name}.ipynb").write_text(json.dumps(NOTEBOOK))
    assert run("init", "--demo", str(folder))[0] == 0
    saved(folder / "notebooks" / "run.ipynb")
    saved(folder / "notebooks" / "edited.ipynb", source="x = 2")
    saved(folder / "notebooks" / "tagged.ipynb", tags=["parameters", "mine"])
    (folder / "notebooks" / "broken.ipynb").write_text("{")
    newer = json.dumps(NOTEBOOK).replace("Read it.", "Read it well.")
    for path in (starter / "notebooks").iterdir():
        path.write_text(newer)
    (starter / "notebooks" / "added.ipynb").write_text(newer)
    code, output = run("init", "--refresh", str(folder))
    assert code == 0
    assert output == (
        f"1 file written to {folder}.\n"
        "2 files brought up to date.\n"
        "  updated: notebooks/fresh.ipynb\n"
        "  updated: notebooks/run.ipynb\n"
        "3 files left as found:\n"
        "  left: notebooks/broken.ipynb (edited here)\n"
        "  left: notebooks/edited.ipynb (edited here)\n"
        "  left: notebooks/tagged.ipynb (edited here)\n"
    )
    assert (folder / "notebooks" / "run.ipynb").read_text() == newer
    assert "x = 2" in (folder / "notebooks" / "edited.ipynb").read_text()
    assert run("init", "--refresh", str(folder))[1].startswith(f"0 files written to {folder}.\nNo file had")


def test_line_ends_are_no_edit_and_the_version_is_told(tmp_path: Path, starter: Path) -> None:
    folder = tmp_path / "mine"
    run("init", "--demo", str(folder))
    own = (folder / "mapping.yml").read_bytes().replace(b"\n", b"\r\n")
    (folder / "mapping.yml").write_bytes(own)
    record = json.loads((folder / module.RECORD).read_text())
    assert record["version"] == module.__version__
    (folder / module.RECORD).write_text(json.dumps({**record, "version": "0.0.9"}))
    (starter / "mapping.yml").write_text("tables: {deals: {}}\n")
    (starter / "strategy.yml").unlink()
    _, output = run("init", "--refresh", str(folder))
    assert f"1 file brought from 0.0.9 to {module.__version__}.\n  updated: mapping.yml\n" in output
    assert "  left: strategy.yml (no longer part of salesops_nb)\n" in output
    assert json.loads((folder / module.RECORD).read_text())["version"] == module.__version__


def test_what_an_earlier_version_recorded_is_still_known(tmp_path: Path, starter: Path) -> None:
    folder = tmp_path / "mine"
    run("init", "--demo", str(folder))
    record = json.loads((folder / module.RECORD).read_text())
    record["files"]["mapping.yml"] = hashlib.sha256((folder / "mapping.yml").read_bytes()).hexdigest()
    (folder / module.RECORD).write_text(json.dumps(record))
    (starter / "mapping.yml").write_text("tables: {deals: {}}\n")
    assert "  updated: mapping.yml\n" in run("init", "--refresh", str(folder))[1]


def test_a_refresh_of_another_folder_is_refused(tmp_path: Path) -> None:
    code, output = run("init", "--refresh", str(tmp_path))
    assert code == 1
    assert output == (
        f"error: {tmp_path} has no .salesops.json, so it was not made by init. "
        "Run init without --refresh; it adds only what is missing.\n"
    )
