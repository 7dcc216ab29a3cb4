"""`salesops list` and `salesops schedule`; tables prepared once."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from salesops_nb.batch.runs.folder import RunFolder, runs
from salesops_nb.cli import main
from salesops_nb.source.opened import open_workbook
from salesops_nb.source.prepared import prepare
from salesops_nb.source.reopened import VARIABLE

REPORTS = "folder: out\nreports:\n  - {name: hello, notebook: notebooks/hello.ipynb}\n"


def test_list_shows_runs_and_what_is_incomplete(folder: Path) -> None:
    (folder / "reports.yml").write_text(REPORTS)
    runner = CliRunner(env={"COLUMNS": "200"})
    file = ["--file", str(folder / "reports.yml")]
    assert "No run yet" in runner.invoke(main, ["list", *file]).output
    run = RunFolder.create(folder / "out")
    assert "running" in runner.invoke(main, ["list", *file]).output
    run.close()
    said = runner.invoke(main, ["list", *file]).output
    assert "0001" in said
    assert "incomplete" in said
    wrong = runner.invoke(main, ["list", "7", *file])
    assert wrong.exit_code == 1
    assert "There is no run 7" in wrong.output


def test_list_shows_a_release_whose_copies_were_cut_short(made: Path) -> None:
    runner = CliRunner(env={"COLUMNS": "200"})
    file = ["--file", str(made / "reports.yml")]
    whole = runner.invoke(main, ["list", *file]).output
    assert "complete" in whole
    assert "half copied" not in whole
    run = next(runs(made / "out"))
    with pytest.raises(KeyboardInterrupt), run.copying():
        raise KeyboardInterrupt
    said = runner.invoke(main, ["list", *file]).output
    assert "half copied" in said
    assert "salesops deliver 0001" in said
    with run.copying():
        pass
    assert runner.invoke(main, ["list", *file]).output == whole


@pytest.mark.parametrize(
    ("more", "cron", "calendar"),
    [
        ([], "0 6 2 * * ", "OnCalendar=*-*-02 06:00:00"),
        (["--every", "day", "--at", "7:30"], "30 7 * * * ", "OnCalendar=*-*-* 07:30:00"),
        (["--every", "quarter", "--day", "5"], "0 6 5 1,4,7,10 * ", "OnCalendar=*-01,04,07,10-05 06:00:00"),
        (["--every", "week"], "0 6 * * 1 ", "OnCalendar=Mon *-*-* 06:00:00"),
    ],
)
def test_schedule_prints_both(folder: Path, more: list[str], cron: str, calendar: str) -> None:
    (folder / "reports.yml").write_text(REPORTS)
    result = CliRunner().invoke(main, ["schedule", str(folder / "reports.yml"), *more])
    assert result.exit_code == 0
    lines = result.output.splitlines()
    assert any(line.startswith(cron) and "run reports.yml" in line for line in lines)
    assert calendar in lines
    assert f"WorkingDirectory={folder}" in lines


def test_schedule_refuses_what_cannot_run(folder: Path) -> None:
    (folder / "reports.yml").write_text("reports: []\n")
    assert CliRunner().invoke(main, ["schedule", str(folder / "reports.yml")]).exit_code == 1
    (folder / "reports.yml").write_text(REPORTS)
    result = CliRunner().invoke(main, ["schedule", str(folder / "reports.yml"), "--at", "25:00"])
    assert "'25:00' is not a time of day" in result.output


def test_prepared_tables_are_those_of_the_source(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = open_workbook(folder)
    path = prepare(source, folder / ".cache" / "prepared")
    monkeypatch.setenv(VARIABLE, f"{folder}{os.pathsep}{path}")
    again = open_workbook(folder)
    assert again.connection.execute("SELECT count(*) FROM duckdb_databases() WHERE readonly").fetchone() == (
        1,
    )
    for name in ("fingerprint", "data_through", "problems", "set_aside", "settings", "simulated"):
        assert getattr(again, name) == getattr(source, name)
    assert list(again.tables) == list(source.tables)
    for name in source.tables:
        one, other = (w.connection.execute(f'SELECT * FROM "{name}"').fetchall() for w in (source, again))
        assert one == other
    assert prepare(source, folder / ".cache" / "prepared").stat().st_size == path.stat().st_size
    monkeypatch.setenv(VARIABLE, f"/elsewhere{os.pathsep}{path}")
    fresh = open_workbook(folder)
    assert fresh.connection.execute("SELECT count(*) FROM duckdb_databases() WHERE readonly").fetchone() == (
        0,
    )


@pytest.mark.parametrize(
    ("typed", "near"), [("chek", "check"), ("ledger poost", "post"), ("ledger dispute opn", "open")]
)
def test_a_mistyped_command_is_told_the_nearest(typed: str, near: str) -> None:
    done = CliRunner().invoke(main, typed.split())
    assert done.exit_code == 2
    assert done.output.rstrip().endswith(f"Did you mean '{near}'?")


def test_a_run_that_is_refused_keeps_no_snapshot(folder: Path) -> None:
    (folder / "reports.yml").write_text(REPORTS)
    done = CliRunner().invoke(main, ["run", str(folder / "reports.yml"), "--only", "nothing of the kind"])
    assert done.exit_code == 1
    assert "No report is named" in done.output
    assert "Kept" not in done.output
