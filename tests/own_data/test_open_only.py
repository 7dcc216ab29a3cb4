"""Deals of which none is closed, and files of one table of which only one has closing days."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from salesops_nb.cli import main
from salesops_nb.core.yaml_file import read_yaml
from salesops_nb.notebook.needs import unmet
from salesops_nb.notebook.performance_review import PerformanceReview
from salesops_nb.source import open_workbook

KNOWN = ["--yes", "--no-review", "--currency", "EUR", "--amount-is", "acv", "--fiscal-year", "1"]
OPEN = """\
Deal ID,Owner,Stage,Amount,Created
1,Ana,Prospecting,10.50,2026-01-05
2,Ben,Negotiation/Review,20.25,2026-01-07
"""
CLOSED = "Deal ID,Owner,Stage,Amount,Created,Close Date\n3,Ana,Closed Won,30,2026-01-02,2026-02-03\n"
UNDATED = "Deal ID,Owner,Stage,Amount\n1,Ana,Prospecting,10.50\n"


def init(folder: Path, *options: str, **files: str) -> tuple[int, str, Path]:
    words = []
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(text)
        words += ["--from", str(folder / f"{name}.csv")]
    result = CliRunner().invoke(main, ["init", str(folder / "book"), *KNOWN, *words, *options])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output, folder / "book"


def outcomes(home: Path) -> set[str]:
    return {row[0] for row in open_workbook(home).connection.execute("SELECT outcome FROM deals").fetchall()}


def test_open_deals_alone_are_asked_nothing_about_closing(tmp_path):
    code, printed, home = init(tmp_path, deals=OPEN)
    assert code == 0, printed
    assert "closed_on: no column, as no deal is closed yet" in printed
    assert "no stage is won" in printed
    assert outcomes(home) == {"open"}
    assert unmet(PerformanceReview.needs, open_workbook(home), "review") is None


def test_a_status_that_says_open_of_every_deal_is_no_question(tmp_path):
    code, printed, home = init(tmp_path, deals=OPEN.replace("Stage", "Status").replace("Prospecting", "Open"))
    assert code == 0, printed
    assert outcomes(home) == {"open"}


def test_the_check_names_the_reports_that_open_deals_do_not_allow(tmp_path):
    _, _, home = init(tmp_path, deals=UNDATED)
    with (home / "reports.yml").open("a") as reports:
        reports.write("  - {name: targets, notebook: notebooks/target_setting.ipynb, optional: true}\n")
    printed = CliRunner().invoke(main, ["check", str(home)]).output
    assert "performance_review is not possible" in printed
    assert "created_on" in printed or "closed_on" in printed
    assert "target_setting is not possible: the workbook has no table people" in printed


def test_a_likely_stage_is_asked_about_where_none_is_won(tmp_path):
    odds = "Deal ID,Owner,Stage,Amount,Created,Probability\n1,Ana,Signed soon,10.50,2026-01-05,90\n"
    code, printed, _ = init(tmp_path, deals=odds)
    assert code == 1
    assert "--stage NAME=won" in printed
    code, printed, home = init(tmp_path, "--stage", "Signed soon=open", deals=odds)
    assert code == 0, printed
    assert read_yaml(home / "mapping.yml")["tables"]["deals"]["stages"] == {"Signed soon": "open"}


@pytest.mark.parametrize("names", [("a", "b"), ("b", "a")])
def test_a_column_that_only_one_file_has_is_not_asked_for(names, tmp_path):
    code, printed, home = init(tmp_path, **dict(zip(names, (OPEN, CLOSED), strict=True)))
    assert code == 0, printed
    assert f"{names[0]}.csv has no Close Date: empty in its rows" in printed
    rows = open_workbook(home).connection.execute("SELECT deal_id, closed_on::VARCHAR FROM deals ORDER BY 1")
    assert rows.fetchall() == [("1", None), ("2", None), ("3", "2026-02-03")]


def test_a_file_without_the_owner_is_refused_by_its_name(tmp_path):
    code, printed, _ = init(tmp_path, a=CLOSED, b=OPEN.replace("Owner", "Other"))
    assert code == 1
    assert "b.csv" in printed
    assert "lacks columns of it: Owner" in printed
