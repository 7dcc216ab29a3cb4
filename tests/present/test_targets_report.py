"""Target setting and hiring needs as reports: approved targets are what the review measures against."""

import html
import re
import shutil
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import nbformat
import papermill
import pytest
from click.testing import CliRunner

from salesops_nb import open_workbook, performance
from salesops_nb.cli import main
from salesops_nb.notebook import performance_review as show
from salesops_nb.notebook.hiring_needs import arguments
from salesops_nb.notebook.hiring_needs import displays as hiring_show
from salesops_nb.notebook.target_setting import displays as target_show
from salesops_nb.notebook.target_setting.parameters import TargetSetting
from salesops_nb.store.targets import approve_targets, approved_targets, target_approvals
from salesops_nb.targets import prepare, set_targets

pytestmark = pytest.mark.slow


@pytest.fixture
def folder(root: Path, tmp_path: Path) -> Path:
    for name in ("workbook.yml", "mapping.yml", "strategy.yml"):
        shutil.copy(root / name, tmp_path / name)
    for name in ("data", "notebooks", "plans"):
        shutil.copytree(root / name, tmp_path / name)
    return tmp_path


def run(folder: Path, name: str, **parameters: object) -> nbformat.NotebookNode:
    out = folder / f"{name}.out.ipynb"
    papermill.execute_notebook(
        str(folder / "notebooks" / f"{name}.ipynb"), str(out), parameters,
        progress_bar=False, cwd=str(folder / "notebooks"),
    )  # fmt: skip
    return nbformat.read(out, as_version=4)


def cards(notebook: nbformat.NotebookNode) -> dict[str, str]:
    media = "application/vnd.salesops.headlines+json"
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    (found,) = [output["data"][media] for output in outputs if media in output.get("data", {})]
    return {card["label"]: card["value"] for card in found["cards"]}


def shown(notebook: nbformat.NotebookNode, words: str) -> list[str]:
    """The cells of the one table's row that begins with these words, of the part on the one forecast."""
    rows = set()
    for cell in (each for each in notebook.cells if "def one_forecast(" in each.source):
        for output in cell.get("outputs", []):
            page = output.get("data", {}).get("text/html", "")
            for row in re.findall(r"<tr.*?</tr>", page, re.S):
                cells = re.findall(r"<t[dh].*?</t[dh]>", row, re.S)
                rows.add(tuple(html.unescape(re.sub(r"<[^>]+>", "", each)).strip() for each in cells))
    (found,) = [row for row in rows if row and row[0] == words]
    return list(found)


def test_both_reports_give_the_same_question_the_same_chance(folder: Path) -> None:
    """The company's target of a year, today's people, leavers replaced or not: one answer, step by step."""
    asked = {"year": 2018, "growth": 0.12, "approved_by": "Ada Example", "approved_on": "2017-12-15"}
    targets = run(folder, "target_setting", **asked)
    hiring = run(folder, "hiring_needs", futures=10_000, seed=0)
    for words in ("Leavers are replaced", "Nobody is replaced or hired", "Today's team at full output",
                  "Attrition", "Cara Losch"):  # fmt: skip
        assert shown(targets, words) == shown(hiring, words)
    chance = shown(targets, "Leavers are replaced")[-1]
    assert cards(targets)["Chance of the target"] == chance
    headline = cards(hiring)["Chance with nobody hired"]
    nobody = headline, shown(hiring, "Nobody is replaced or hired")[-1]
    in_headline, in_table = (float(each.rstrip("%")) for each in nobody)  # a headline is in whole per cent
    assert in_headline == pytest.approx(in_table, abs=0.5)


def test_with_an_approved_hiring_plan_both_still_give_the_same_chance(folder: Path) -> None:
    """Hiring's plan for the approved target: once approved, target setting gives its chance."""
    asked = {"year": 2018, "growth": 0.12}
    run(folder, "target_setting", **asked, approved_by="Ada Example", approved_on="2017-12-15")
    hiring = run(folder, "hiring_needs", futures=10_000, seed=0)
    done = CliRunner().invoke(
        main,
        [
            "approve-hires",
            "-w",
            str(folder),
            "--by",
            "Bo Example",
            "--on",
            "2017-12-20",
            "--team",
            "Cara Losch",
        ],
    )
    assert done.exit_code == 0, done.output
    targets = run(folder, "target_setting", **asked)
    found = cards(hiring)
    assert cards(targets)["Chance of the target"] == found["Chance of the target"]
    hired = f"{found['Requisitions to open']} are hired by the plan, leavers are not replaced beside"
    assert shown(targets, hired)[-1] == found["Chance of the target"]
    for words in ("Nobody is replaced or hired", "Leavers are replaced", "Today's team at full output",
                  "Planned hires", "Expected", "Gap to the target", hired):  # fmt: skip
        assert shown(targets, words) == shown(hiring, words)
    page = str(targets.cells)
    assert "Hiring plan 1, approved by Bo Example on Dec 20, 2017, is counted" in page
    assert "Open seats of Cara Losch" in page


def test_a_kept_forecast_stands_beside_what_came_and_hindsight_is_none(folder: Path, capsys) -> None:
    """What was approved with data of the year itself is no forecast of it, whatever day it names."""
    book = open_workbook(folder)
    basis = prepare(book.tables, book.calendar, 2018)
    before = prepare(book.tables, book.calendar, 2017)
    asked = TargetSetting(year=2017, approved_by="Ada Example", approved_on=date(2016, 12, 15))
    target_show.approval(book, before, set_targets(before, growth=0), asked)
    target_show.last_forecast(book, basis)
    page = capsys.readouterr().out
    assert "Worked out now from what was dated up to Dec 31, 2016" in page
    assert "$11,610,141" in page
    assert "n = 1" in page
    kept = {"p10": 11_000_000, "p50": 11_500_000, "p90": 12_100_000, "data_through": "2016-12-14"}
    rows = set_targets(before, growth=0.05).targets
    approve_targets(
        book.store, rows, year="2017", currency="USD", approved_by="Ada", parameters={"forecast": kept},
        approved_at=datetime(2016, 12, 15),  # noqa: DTZ001 — the company's own clock
    )  # fmt: skip
    target_show.last_forecast(book, basis)
    page = capsys.readouterr().out
    assert "As kept with the approved targets, data through Dec 14, 2016 | $11M | $11.5M | $12.1M" in page
    assert "Worked out now" not in page


def test_the_review_measures_against_targets_once_somebody_approved_them(folder: Path) -> None:
    before = open_workbook(folder)
    own = performance.review(show.tables_in_force(before), "2017-Q4", calendar=before.calendar)
    asked = {"year": 2017, "company_target": 15_000_000.0, "growth": 0.0}
    proposed = run(folder, "target_setting", **asked)
    assert cards(proposed)["Company target"] == "$15,000,000"
    assert target_approvals(before.store).empty
    run(folder, "target_setting", **asked, approved_by="Ada Example", approved_on="2016-12-15")
    book = open_workbook(folder)
    assert list(target_approvals(book.store)["approved_by"]) == ["Ada Example"]
    review = performance.review(show.tables_in_force(book), "2017", calendar=book.calendar)
    assert review.company["target"] == Decimal(15_000_000)
    rows = approved_targets(book.store, "2017")
    quarter = rows[
        (rows["level"] == "company") & (rows["metric"] == "bookings") & (rows["period"] == "2017-Q4")
    ]
    after = performance.review(show.tables_in_force(book), "2017-Q4", calendar=book.calendar)
    assert after.company["target"] == quarter["value"].iloc[0] != own.company["target"]


def test_an_approval_without_its_day_is_refused_in_words(folder: Path) -> None:
    with pytest.raises(papermill.PapermillExecutionError, match="approved_on is empty"):
        run(folder, "target_setting", approved_by="Ada Example")


def test_hiring_needs_reaches_the_confidence_or_says_what_binds(folder: Path) -> None:
    found = cards(run(folder, "hiring_needs", target=12_776_000.0, futures=2_000))
    assert int(found["Requisitions to open"]) >= 1
    assert float(found["Chance of the target"].rstrip("%")) >= 78
    assert float(found["Chance with nobody hired"].rstrip("%")) < 50
    poor = run(folder, "hiring_needs", target=14_000_000.0, futures=2_000, budget=10_000.0)
    text = str(poor.cells)
    assert "The budget binds: raise it, or lower the target." in text
    assert "budget" in text


def test_what_is_stated_stands_in_place_of_what_was_learned(demo) -> None:
    from salesops_nb import hiring
    from salesops_nb.notebook.hiring_needs.parameters import HiringNeeds

    learned = hiring.learn(demo.tables, demo.calendar, currency="USD")
    asked = HiringNeeds(attrition=0.03, ramp_months=10, time_to_fill=90, productivity=40_000, room=0.5)
    stated = hiring_show.stated(asked, learned).tables()
    assert stated["productivity"]["estimate"].tolist() == [40_000]
    assert stated["time_to_fill"]["estimate"].iloc[0] == pytest.approx(90)
    assert set(stated["attrition"]["origin"]) == {"override"}
    assert stated["returns"]["room"].tolist() == [0.5]
    assert (
        hiring_show.stated(HiringNeeds(), learned)
        .tables()["productivity"]
        .equals(learned.tables()["productivity"])
    )


def test_without_a_target_it_is_growth_on_the_last_twelve_months(demo) -> None:
    from salesops_nb.notebook.hiring_needs.parameters import HiringNeeds

    chosen = hiring_show.choices(demo, HiringNeeds(growth=0.2, horizon=6))
    year = date(2017, 12, 31)
    assert demo.data_through == year
    assert chosen["target"] == pytest.approx(0.6 * 11_610_141, rel=0.01)


def test_a_first_estimate_is_on_few_futures_where_all_of_them_take_long(demo) -> None:
    from salesops_nb import hiring
    from salesops_nb.notebook.hiring_needs.parameters import HiringNeeds
    from salesops_nb.present.panel.steps import NoEstimate

    learned = hiring.learn(demo.tables, demo.calendar, currency="USD")
    few, many = HiringNeeds(futures=2_500), HiringNeeds(futures=50_000)
    with pytest.raises(NoEstimate):
        hiring_show.choices(demo, few, learned)
    whole, estimate = hiring_show.choices(demo, many), hiring_show.choices(demo, many, learned)
    assert estimate == {**whole, "futures": arguments.ESTIMATED}
    found = hiring.plan(demo.tables, 12, calendar=demo.calendar, learned=learned, **estimate)
    assert found.capacity.futures == arguments.ESTIMATED < few.futures
