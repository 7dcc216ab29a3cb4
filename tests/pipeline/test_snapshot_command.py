"""`salesops snapshot` and the snapshot of every run: one a day, and what it did is said."""

from __future__ import annotations

import io
import sys
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner
from rich.console import Console

sys.path.insert(0, str(Path(__file__).parents[1] / "batch"))

from small_workbook import DEALS, write_workbook

from salesops_nb.batch.command import Asked, run_reports
from salesops_nb.cli import main
from salesops_nb.store.database import open_store
from salesops_nb.store.snapshots import open_on, snapshots_kept

OPEN = "d4,p1,Open,open,50.5,2017-12-20,\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = write_workbook(tmp_path / "book")
    (made / "data" / "deals.csv").write_text(DEALS + OPEN)
    return made


def snapshot(folder: Path, *words: str) -> tuple[int, str]:
    done = CliRunner().invoke(main, ["snapshot", "-w", str(folder), *words])
    return done.exit_code, done.output


def kept(folder: Path) -> dict[date, dict[str, str]]:
    store = open_store(f"sqlite:///{folder}/store.sqlite")
    found = {
        day.as_of: {key: f"{deal.amount:f}" for key, deal in open_on(store, day.as_of).items()}
        for day in snapshots_kept(store)
    }
    store.dispose()
    return found


def test_a_day_is_kept_once_and_changed_data_replace_it(folder: Path) -> None:
    assert snapshot(folder) == (0, "Kept 2017-12-20: 1 open deal, 50.50 USD.\n")
    assert "is kept already, with the same deals" in snapshot(folder)[1]
    (folder / "data" / "deals.csv").write_text(DEALS + OPEN.replace("50.5", "60"))
    assert "The data have changed and replace what was kept" in snapshot(folder)[1]
    assert kept(folder) == {date(2017, 12, 20): {"d4": "60.0000"}}


def test_an_earlier_day_comes_from_the_log_and_what_is_not_known_is_said(folder: Path) -> None:
    code, said = snapshot(folder, "--as-of", "2017-12-01")
    assert code == 0
    assert "stand in their place: stage, owner_id, expected_close_on, amount" in said
    assert kept(folder)[date(2017, 12, 1)] == {"d2": "200.2000", "d3": "0.0000"}
    snapshot(folder)
    (folder / "data" / "deals.csv").write_text(DEALS + OPEN + "d5,p1,Open,open,1,2018-01-05,\n")
    assert "a log of changes does not replace it" in snapshot(folder, "--as-of", "2017-12-20")[1]
    assert kept(folder)[date(2017, 12, 20)] == {"d4": "50.5000"}


def test_a_workbook_without_deals_says_so(folder: Path) -> None:
    mapping = (folder / "mapping.yml").read_text()
    (folder / "mapping.yml").write_text("tables:\n" + mapping[mapping.index("  people:") :])
    code, said = snapshot(folder)
    assert code == 1
    assert "has no table 'deals'" in said


@pytest.mark.slow
def test_every_run_keeps_the_day_and_a_dry_run_does_not(folder: Path) -> None:
    reports = "period: 2017-Q4\nfolder: out\nreports:\n  - {name: hello, notebook: notebooks/hello.ipynb}\n"
    (folder / "reports.yml").write_text(reports)

    def run(dry_run: bool = False) -> str:
        said = io.StringIO()
        console = Console(file=said, width=200, highlight=False)
        assert run_reports(Asked(folder / "reports.yml", dry_run=dry_run), console) == 0
        return said.getvalue()

    run(dry_run=True)
    assert kept(folder) == {}
    assert "Kept 2017-12-20: 1 open deal" in run()
    assert kept(folder) == {date(2017, 12, 20): {"d4": "50.5000"}}
    again = run()
    assert "Kept" not in again
    assert "1 skipped (unchanged)" in again
