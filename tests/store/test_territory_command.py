"""Territories at the command line: owners on a day, approvals, taking one back from a day on."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from salesops_nb.cli import main
from salesops_nb.store.assignments.assignments import approve, check_assignments
from salesops_nb.store.database import open_store

WHO: dict[str, Any] = {"approved_by": "dana", "approved_on": date(2025, 12, 1), "reason": "new year"}


@pytest.fixture
def workbook(tmp_path: Path) -> Path:
    (tmp_path / "workbook.yml").write_text(
        "company: Acme\ncurrency: USD\nlocale: en_US\ntime_zone: UTC\n"
        "fiscal_year: {start_month: 1, pattern: months}\n"
        "source: data\nmapping: mapping.yml\nstore: sqlite:///store.sqlite\n"
    )
    (tmp_path / "data").mkdir()
    (tmp_path / "mapping.yml").write_text("tables: {}\n")
    store = open_store(f"sqlite:///{tmp_path}/store.sqlite")
    approve(store, {"a": "ann", "b": "ann"}, effective_on=date(2026, 1, 1), **WHO)
    approve(store, {"a": "bob"}, effective_on=date(2026, 3, 1), **WHO)
    store.dispose()
    return tmp_path


def run(folder: Path, *words: str) -> str:
    result = CliRunner().invoke(main, ["territory", "-w", str(folder), *words])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.output


def test_owners_on_a_day_approvals_and_one_taken_back(workbook: Path) -> None:
    assert "bob" not in run(workbook, "owners", "--day", "2026-02-28")
    assert "bob" in run(workbook, "owners", "--day", "2026-03-01", "--of", "a")
    assert "none" in run(workbook, "owners", "--day", "2026-03-01", "--kind", "account")
    said = run(workbook, "undo", "2", "--by", "eve", "--reason", "too soon", "--on", "2026-04-10")
    assert "Approval 2 is taken back from 2026-04-10 on (act 3): owners changed back: 1." in said
    assert "bob" in run(workbook, "owners", "--day", "2026-04-09", "--of", "a")  # what was, was
    assert run(workbook, "owners", "--day", "2026-04-10", "--person", "bob") == "none\n"
    log = run(workbook, "list", "--of", "a")
    assert "eve" in log
    assert "Approval 2 taken back: too soon" in log
    assert len(run(workbook, "list").splitlines()) == 4
    store = open_store(f"sqlite:///{workbook}/store.sqlite")
    assert check_assignments(store) == []
    store.dispose()


def test_one_that_has_not_begun_is_taken_out_and_an_unknown_one_refused(workbook: Path) -> None:
    said = run(workbook, "undo", "2", "--by", "eve", "--reason", "x", "--on", "2026-02-01")
    assert "from 2026-03-01 on" in said
    assert "bob" not in run(workbook, "owners", "--day", "2026-03-01")
    assert "undone already" in run(
        workbook, "undo", "2", "--by", "eve", "--reason", "x", "--on", "2026-02-01"
    )
    assert "there is no approval 9" in run(workbook, "undo", "9", "--by", "eve", "--reason", "x")
    assert "reason is empty" in run(workbook, "undo", "1", "--by", "eve", "--reason", " ")
    assert "is not a day" in run(workbook, "owners", "--day", "March")


def test_tables_that_cannot_be_read_leave_ids_and_it_is_told(workbook: Path) -> None:
    (workbook / "mapping.yml").unlink()
    said = run(workbook, "owners", "--day", "2026-03-01", "--of", "a")
    assert "warning: mapping.yml: mapping.yml is not there." in said
    assert "bob" in said
