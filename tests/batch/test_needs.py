"""What the check says of a report's notebook is what becomes of it when it is run."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import degraded
import pytest
from click.testing import CliRunner

from salesops_nb import notebook, open_workbook, targets
from salesops_nb.batch.jobs.jobs import expand
from salesops_nb.batch.jobs.reports import load_reports
from salesops_nb.cli import main
from salesops_nb.errors import SalesopsError
from salesops_nb.notebook import parameters_of
from salesops_nb.notebook.needs import unmet

ROOT = Path(__file__).resolve().parents[2]
REPORTS = """period: 2017-Q4
reports:
  - {name: company, notebook: notebooks/performance_review.ipynb}
  - {name: commission, notebook: notebooks/commission_calculation.ipynb}
  - {name: targets, notebook: notebooks/target_setting.ipynb}
  - {name: hiring, notebook: notebooks/hiring_needs.ipynb, parameters: {futures: 1000}}
  - {name: territories, notebook: notebooks/territory_rebalancing.ipynb, parameters: {scope: company}}
"""
# what is not possible without it, and the words that say what would bring it
IMPOSSIBLE = {
    "targets": {},
    "dates": dict.fromkeys(("company", "hiring"), "deals.closed_on is empty"),
    "closed": {"hiring": "no deal is won"},
    "people": dict.fromkeys(("commission", "targets", "hiring", "territories"), "no table people"),
    "plan": {"commission": "there is no pay plan"},
    "places": {"territories": "no table units"},
    "amounts": {"hiring": "deals.amount is empty"},
}  # fmt: skip


@pytest.fixture(params=degraded.WITHOUT)
def lacking(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, Path]:
    folder = degraded.write(ROOT, tmp_path / "workbook", request.param)
    (folder / "reports.yml").write_text(REPORTS)
    return request.param, folder


@pytest.mark.slow
def test_what_the_check_foretells_happens(lacking: tuple[str, Path]) -> None:
    without, folder = lacking
    foretold = checked(folder)
    assert set(foretold) == set(IMPOSSIBLE[without])
    ran = CliRunner().invoke(main, ["run", str(folder / "reports.yml"), "--jobs", "1"])
    jobs = json.loads((folder / "reports" / "0001" / "run.json").read_text())["jobs"]
    failed = {job["report"]: job["error"]["message"] for job in jobs if job["status"] == "failed"}
    assert failed == {}
    became = {job["report"]: job["reason"] for job in jobs if job["status"] == "not possible"}
    assert set(became) == set(foretold)
    for report, words in IMPOSSIBLE[without].items():
        assert words in foretold[report]
        assert words in became[report]
    assert ran.exit_code == bool(foretold)


def checked(folder: Path) -> dict[str, str]:
    """What the check says is not possible, by report; the notebook says the same when it begins."""
    workbook = open_workbook(folder)
    printed = CliRunner().invoke(main, ["check", str(folder)]).output
    found = {}
    for name, stem in re.findall(r"name: (\w+), notebook: notebooks/(\w+)", REPORTS):
        kind = parameters_of(folder / "notebooks" / f"{stem}.ipynb")
        assert kind is not None
        why_not = unmet(kind.needs, workbook, stem)
        if why_not is not None:
            found[name] = why_not.message
            assert why_not.message in printed
            with pytest.raises(SalesopsError) as refused:
                notebook.begin(stem, {"workbook": str(folder)})
            assert refused.value.problems == [why_not]
    assert printed.count("is not possible") == len(found)
    return found


def test_an_optional_report_that_is_not_possible_is_no_failure(tmp_path: Path) -> None:
    folder = degraded.write(ROOT, tmp_path / "workbook", "plan")
    one = "  - {name: commission, notebook: notebooks/commission_calculation.ipynb"
    for optional, code in (("", 1), (", optional: true", 0)):
        (folder / "reports.yml").write_text(f"period: 2017-Q4\nreports:\n{one}{optional}}}\n")
        ran = CliRunner().invoke(main, ["run", str(folder / "reports.yml"), "--jobs", "1"])
        assert "1 not possible" in ran.output
        assert ran.exit_code == code, ran.output
        check = CliRunner().invoke(main, ["check", str(folder)]).output
        assert f"{'warning' if optional else 'error'}: reports.yml" in check
        index = (folder / "reports" / "index.html").read_text()
        assert "there is no pay plan" in index


def own(folder: Path, *notebooks: str) -> None:
    """A workbook of one's own: deals of two years and a rep, without teams, targets and words of the demo."""
    (folder / "notebooks").mkdir(parents=True)
    for name in notebooks:
        shutil.copy(ROOT / "notebooks" / f"{name}.ipynb", folder / "notebooks")
    (folder / "workbook.yml").write_text("company: X\ncurrency: USD\nsource: .\nmapping: mapping.yml\n")
    (folder / "mapping.yml").write_text(
        "tables:\n  deals: {file: d.csv, columns: {deal_id: Id, owner_id: Owner, stage: Stage, "
        "amount: Amount, created_on: Made, closed_on: Closed}, stages: {Won: won, Lost: lost}}\n"
        "  people: {file: p.csv, columns: {person_id: id, name: name, role: role}}\n"
    )
    months = [f"{year}-{month:02d}" for year in (2023, 2024) for month in range(1, 13)]
    rows = "".join(
        f"{n},Ana,{'Lost' if n % 4 == 1 else 'Won'},{100 + n},{month}-03,{month}-{10 + n % 4}\n"
        for n, month in enumerate([month for month in [*months, "2025-01", "2025-02"] for _ in range(3)])
    )
    (folder / "d.csv").write_text(f"Id,Owner,Stage,Amount,Made,Closed\n{rows}")
    (folder / "p.csv").write_text("id,name,role\nAna,Ana,rep\n")


@pytest.mark.parametrize(
    ("start", "said", "year"), [("1", "", 2026), ("2", "", 2026), ("1", ", parameters: {year: 2031}", 2031)]
)
def test_a_report_on_targets_is_for_the_year_after_the_data_unless_it_names_one(
    start: str, said: str, year: int, tmp_path: Path
) -> None:
    folder = tmp_path / "book"
    own(folder, "target_setting")
    with (folder / "workbook.yml").open("a") as file:
        file.write(f"fiscal_year: {{start_month: {start}}}\n")
    (folder / "reports.yml").write_text(
        f"period: 2024\nreports:\n  - {{name: targets, notebook: notebooks/target_setting.ipynb{said}}}\n"
    )
    (job,) = expand(load_reports(folder / "reports.yml"), open_workbook(folder))
    assert job.parameters["year"] == year


@pytest.mark.slow
def test_targets_of_ones_own_data_are_set_without_a_word_of_the_demo(tmp_path: Path) -> None:
    folder = tmp_path / "book"
    own(folder, "target_setting")
    (folder / "reports.yml").write_text(
        "period: 2025-02\nreports:\n  - {name: targets, notebook: notebooks/target_setting.ipynb}\n"
    )
    assert "not possible" not in CliRunner().invoke(main, ["check", str(folder)]).output
    ran = CliRunner().invoke(main, ["run", str(folder / "reports.yml"), "--jobs", "1"])
    assert ran.exit_code == 0, ran.output


@pytest.mark.slow
@pytest.mark.parametrize("level", ["team", "region"])
def test_a_level_that_people_have_not_is_not_possible_and_stops_no_other_report(
    level: str, tmp_path: Path
) -> None:
    folder = tmp_path / "book"
    own(folder, "performance_review")
    review = "notebook: notebooks/performance_review.ipynb"
    (folder / "reports.yml").write_text(
        f"period: 2025-02\nreports:\n  - {{name: company, {review}}}\n"
        f"  - {{name: each, {review}, for_each: {level}, optional: true}}\n"
    )
    printed = " ".join(CliRunner().invoke(main, ["check", str(folder)]).output.split())
    assert f"performance_review is not possible: people.{level} is empty" in printed
    ran = CliRunner().invoke(main, ["run", str(folder / "reports.yml"), "--jobs", "1"])
    assert "1 made, 0 skipped (unchanged), 0 failed, 1 not possible" in ran.output
    assert ran.exit_code == 0, ran.output


@pytest.mark.parametrize(
    ("period", "parameters", "words"),
    [
        ("2025-02", "year: 2027", "The year before 2027 has no bookings to grow from."),
        ("2025-02", "year: 2031, company_target: 5000", "2031 does not end within 60 months after the data"),
        ("2025-02", "year: 2023", "lies before 2023-01-01."),
        ("2025-02", "year: 2022, company_target: 5000", "lies before 2022-01-01."),
        ("2025-02", "year: 2027, company_target: 5000", ""),
        ("2025-02", "year: 2025", ""),
    ],
)
def test_targets_of_a_year_without_earlier_bookings_are_not_possible(
    period: str, parameters: str, words: str, tmp_path: Path
) -> None:
    folder = tmp_path / "book"
    own(folder, "target_setting")
    (folder / "reports.yml").write_text(
        f"period: {period}\nreports:\n  - {{name: targets, notebook: notebooks/target_setting.ipynb, "
        f"optional: true, parameters: {{{parameters}}}}}\n"
    )
    (job,) = expand(load_reports(folder / "reports.yml"), open_workbook(folder))
    printed = " ".join(CliRunner().invoke(main, ["check", str(folder)]).output.split())
    if not words:
        assert job.why_not is None
        assert "not possible" not in printed
        set_as_the_run_does(folder, job.parameters)
        return
    assert job.why_not is not None
    assert words in job.why_not.message
    assert f"warning: reports.yml, field notebook: {job.why_not.text}" in re.sub(r"line \d+, ", "", printed)
    ran = CliRunner().invoke(main, ["run", str(folder / "reports.yml"), "--jobs", "1"])
    assert "0 failed, 1 not possible" in ran.output
    assert ran.exit_code == 0, ran.output
    with pytest.raises(SalesopsError) as refused:
        set_as_the_run_does(folder, job.parameters)
    assert str(refused.value.problems[0].message) in job.why_not.message


def set_as_the_run_does(folder: Path, asked: Mapping[str, Any]) -> None:
    workbook = open_workbook(folder)
    basis = targets.prepare(workbook.tables, workbook.calendar, asked["year"])
    given = asked.get("company_target")
    targets.set_targets(basis, **({"company_target": given} if given else {"growth": 0.1}))


@pytest.mark.parametrize("period", ["last-complete-quarter", "2024-Q1"])
@pytest.mark.parametrize(("optional", "code"), [("", 1), (", optional: true", 0)])
def test_without_any_date_the_run_says_what_is_not_possible_and_no_more(
    period: str, optional: str, code: int, tmp_path: Path
) -> None:
    folder = tmp_path / "book"
    names = ("performance_review", "target_setting", "hiring_needs")
    own(folder, *names)
    mapping = (folder / "mapping.yml").read_text()
    (folder / "mapping.yml").write_text(mapping.replace(", created_on: Made, closed_on: Closed", ""))
    lines = "".join(f"  - {{name: {each}, notebook: notebooks/{each}.ipynb{optional}}}\n" for each in names)
    (folder / "reports.yml").write_text(f"period: {period}\nreports:\n{lines}")
    ran = CliRunner().invoke(main, ["run", str(folder / "reports.yml"), "--jobs", "1"])
    assert ran.output.count(" is not possible: deals.closed_on is empty") == len(names)
    assert "error" not in ran.output
    assert "goes nowhere" not in ran.output
    assert "0 made, 0 skipped (unchanged), 0 failed, 3 not possible" in ran.output
    assert ran.exit_code == code, ran.output
