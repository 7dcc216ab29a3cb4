"""What the check says of a report's notebook is what becomes of it when it is run."""

from __future__ import annotations

import json
import re
from pathlib import Path

import degraded
import pytest
from click.testing import CliRunner

from salesops_nb import notebook, open_workbook
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
