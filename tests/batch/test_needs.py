"""What the check says of a report's notebook is what becomes of it when it is run."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import degraded
import pytest
from click.testing import CliRunner

from salesops_nb import notebook, open_workbook
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
