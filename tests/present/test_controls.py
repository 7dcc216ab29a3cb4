"""The panel: what depends on a parameter is done again, and nothing else; reports hold no widget."""

import shlex
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Literal

import nbformat
import papermill
import pytest
import yaml
from pydantic import Field

from salesops_nb import open_workbook, parameters, performance
from salesops_nb.errors import SalesopsError
from salesops_nb.notebook import parameters_of
from salesops_nb.notebook.hiring_needs.parameters import HiringNeeds
from salesops_nb.notebook.performance_review import PerformanceReview
from salesops_nb.notebook.target_setting.parameters import TargetSetting
from salesops_nb.notebook.territory_rebalancing.parameters import TerritoryRebalancing
from salesops_nb.parameters import Name
from salesops_nb.present.language import formats
from salesops_nb.present.language.translation import use_locale
from salesops_nb.present.panel import choices, row, save_as_report, widgets
from salesops_nb.present.panel import panel as controls
from salesops_nb.present.panel.choices import choices_of
from salesops_nb.present.panel.view import write_details

pytestmark = pytest.mark.slow

NOTEBOOKS = sorted((Path(__file__).resolve().parents[2] / "notebooks").glob("*.ipynb"))


class Asked(parameters.Parameters):
    growth: float = Field(0.1, ge=0, le=1, description="Growth")
    weight: int = Field(2, ge=0, le=10, description="Weight")
    level: Literal["company", "team", "rep"] = Field("company", description="Whose")
    who: Name = Field(None, description="Who", json_schema_extra={"choices": "who", "by": "level"})
    share: float | None = Field(None, ge=0, le=1, description="A share, where one is known")


@pytest.fixture
def made(demo):
    done: list[str] = []
    namespace: dict[str, object] = {}
    panel = controls.Panel(Asked(), demo, namespace)

    @panel.step
    def grown(growth):
        done.append("grown")
        return 100 * (1 + growth)

    @panel.step
    def weighed(grown, weight):
        done.append("weighed")
        if weight == 7:
            raise SalesopsError("A weight of 7 is refused.", "Choose another.")
        return grown * weight

    @panel.show
    def result(weighed):
        done.append(f"shown {weighed:g}")

    @panel.show
    def named(who):
        done.append(f"for {who}")

    assert grown == pytest.approx(110)
    assert done == ["grown", "weighed", "shown 220", "for None"]
    done.clear()
    return panel, namespace, done


def test_only_what_depends_on_a_parameter_is_done_again(made):
    panel, namespace, done = made
    assert panel.change({"weight": 3}) == ["weighed", "result"]
    assert done == ["weighed", "shown 330"]
    assert panel.change({"growth": 0.2}) == ["grown", "weighed", "result"]
    assert namespace["weighed"] == pytest.approx(360)
    assert namespace["growth"] == 0.2
    assert panel.change({"who": "Ann"}) == ["named"]
    assert panel.change({"who": "Ann"}) == []


def test_a_value_that_does_not_fit_changes_nothing(made):
    panel, namespace, done = made
    with pytest.raises(SalesopsError, match="growth is 3"):
        panel.change({"growth": 3})
    assert panel.asked == Asked()
    assert done == []
    assert namespace["weighed"] == pytest.approx(220)


def test_what_a_step_refused_is_done_again_with_the_next_change(made):
    panel, _, done = made
    with pytest.raises(SalesopsError, match="A weight of 7"):
        panel.change({"weight": 7})
    done.clear()
    assert "result" in panel.change({"weight": 4})
    assert done == ["weighed", "shown 440"]


def test_an_argument_that_is_neither_parameter_nor_step_is_named(made):
    panel, _, _ = made
    with pytest.raises(
        SalesopsError, match="odd needs 'wieght', which is neither a parameter nor an earlier"
    ):

        @panel.show
        def odd(wieght):
            """Never drawn."""


def test_a_refused_value_leaves_all_as_it_was(made):
    panel, namespace, done = made
    with pytest.raises(SalesopsError, match="A weight of 7"):
        panel.change({"weight": 7, "growth": 0.5})
    assert panel.asked == Asked()
    assert panel.wanted == Asked(weight=7, growth=0.5)
    assert (namespace["weighed"], namespace["grown"]) == (pytest.approx(220), pytest.approx(110))
    panel.change({"weight": 4})
    assert done[-1] == "shown 600"


def test_who_looks_on_may_end_a_change_and_nothing_has_changed(made):
    panel, namespace, _ = made
    seen = []

    class Watch:
        def begins(self, node, rest):
            seen.append((node.name, [each.name for each in rest]))
            if node.name == "result":
                raise KeyboardInterrupt

        def settles(self):
            seen.append("settled")

    with pytest.raises(KeyboardInterrupt):
        panel.change({"weight": 5}, Watch())
    assert seen == [("weighed", ["weighed", "result"]), ("result", ["result"])]
    assert panel.asked == Asked()
    assert namespace["weighed"] == pytest.approx(220)
    panel.restore()
    assert panel.wanted == Asked()


def test_a_show_that_took_long_is_drawn_last(made):
    panel, _, _ = made
    panel.nodes["result"].seconds = 5
    assert panel.change({"weight": 3, "who": "Ann"}) == ["weighed", "named", "result"]


def test_a_step_run_again_is_taken_up_with_the_next_change(made):
    panel, _, done = made

    @panel.step
    def weighed(grown, weight):
        return 1000

    done.clear()
    assert panel.change({"who": "Ann"}) == ["result", "named"]
    assert done == ["shown 1000", "for Ann"]


def test_choices_are_those_the_workbook_holds(demo):
    fields = PerformanceReview.model_fields
    assert choices_of(demo, "level", fields["level"]) == ["company", "team", "rep"]
    periods = choices_of(demo, "period", fields["period"])
    assert {"2017", "2016-Q4", "2017-Q4", "2017-12"} <= set(periods)
    assert "2018-Q1" not in periods
    assert choices_of(demo, "who", fields["who"], "company") == [None]
    teams = choices_of(demo, "who", fields["who"], "team")
    assert "Cara Losch" in teams
    assert "Mei-Mei Johns" not in teams
    assert "Mei-Mei Johns" in choices_of(demo, "who", fields["who"], "rep")
    assert choices_of(demo, "as_of", fields["as_of"]) is None
    assert choices.days(demo) == (date(2016, 10, 20), date(2017, 12, 31))
    years = choices_of(demo, "year", TargetSetting.model_fields["year"])
    assert years == [2018, 2017]
    goals = choices_of(demo, "confidence_of", HiringNeeds.model_fields["confidence_of"], 6)
    assert goals == ["horizon", "year", "quarters", "joint", "2018-Q1", "2018-Q2"]
    territory = TerritoryRebalancing.model_fields
    assert "Central" in choices_of(demo, "who", territory["who"], "region")
    assert "plans/account-executive.yml" in choices_of(demo, "pay_plan", territory["pay_plan"])


def test_choices_are_written_for_a_reader(demo):
    fields = PerformanceReview.model_fields
    written = dict(choices.labelled(demo, fields["period"], ["2017-Q4"]))
    assert written == {"2017-Q4   Oct 1, 2017 – Dec 31, 2017": "2017-Q4"}
    assert choices.labelled(demo, fields["who"], [None]) == [("none", "")]
    use_locale("ro_RO", "RON")
    assert choices.labelled(demo, fields["compare_to"], ["last-year"]) == [("Anul trecut", "last-year")]


def test_a_control_for_each_parameter_by_its_type_and_limits(demo):
    panel = controls.Panel(Asked(), demo, {})
    kinds = {
        name: widgets.control_of(panel, name, field)
        for name, field in Asked.model_fields.items()
        if name != "workbook"
    }
    assert (kinds["growth"].min, kinds["growth"].max, kinds["growth"].value) == (0, 1, 0.1)
    assert kinds["growth"].tooltip == "Growth"
    assert type(kinds["weight"]).__name__ == "IntSlider"
    assert [value for _, value in kinds["level"].options] == ["company", "team", "rep"]
    assert kinds["share"].placeholder == "none, or 0 to 1"
    kinds["share"].value = " "
    assert widgets.given(kinds["share"], Asked.model_fields["share"]) is None
    kinds["share"].value = "0.25"
    given = {"share": widgets.given(kinds["share"], Asked.model_fields["share"])}
    assert parameters.checked(Asked, given).share == 0.25


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_control_shows_what_is_asked(demo, notebook):
    kind = parameters_of(notebook)
    asked = kind()
    panel = controls.Panel(asked, demo, {})
    fields = {name: field for name, field in kind.model_fields.items() if name != "workbook"}
    given = {
        name: widgets.given(widgets.control_of(panel, name, field), field) for name, field in fields.items()
    }
    assert parameters.checked(kind, given) == asked


def test_a_person_waits_for_fewer_futures_and_sees_how_many():
    assert parameters.for_a_person(HiringNeeds()).futures == 2_500
    assert parameters.for_a_person(HiringNeeds(futures=50_000)).futures == 50_000


def test_the_batch_line_keeps_each_value_what_it_is():
    asked = PerformanceReview(period="2017", level="rep", who="O'Neil; rm -rf $HOME")
    line = shlex.split(save_as_report.batch_line(asked, "/my books/review.ipynb"))
    assert line[:5] == [
        "papermill",
        "/my books/review.ipynb",
        "/my books/review-out.ipynb",
        "--cwd",
        "/my books",
    ]
    given = yaml.safe_load(line[-1])
    assert parameters.checked(PerformanceReview, given) == asked


def headline_cards(path: Path) -> list[tuple[str, str]]:
    return [
        (card["label"], card["value"])
        for cell in nbformat.read(path, as_version=4).cells
        for output in cell.get("outputs", [])
        for card in output.get("data", {}).get("application/vnd.salesops.headlines+json", {}).get("cards", [])
    ]


@pytest.fixture
def workbook_of_its_own(root: Path, tmp_path: Path) -> Path:
    made = tmp_path / "my book"
    subprocess.run(
        [Path(sys.executable).with_name("salesops"), "init", "--demo", made], check=True, capture_output=True
    )
    return made


def test_the_batch_line_typed_in_a_shell_gives_the_same_headlines(workbook_of_its_own: Path):
    notebook = workbook_of_its_own / "notebooks" / "performance_review.ipynb"
    asked = PerformanceReview(period="2017-Q3", level="team", who="Cara Losch")
    line = save_as_report.batch_line(asked, notebook)
    path = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "HOME": str(workbook_of_its_own)}
    ran = subprocess.run(["sh", "-c", line], cwd="/", env=path, capture_output=True, text=True, timeout=300)
    assert ran.returncode == 0, ran.stderr
    made = open_workbook(workbook_of_its_own)
    review = performance.review(
        made.tables, asked.period, level="team", who="Cara Losch", calendar=made.calendar
    )
    cards = dict(headline_cards(notebook.with_name("performance_review-out.ipynb")))
    assert cards["Bookings"] == formats.short_money(review.company["bookings"])


def test_two_pickers_of_days_ask_for_the_period_that_the_parameter_names(demo):
    namespace: dict[str, object] = {}
    panel = controls.Panel(PerformanceReview(period="2017-Q3"), demo, namespace)

    @panel.step
    def reviewed(period):
        return performance.review(demo.tables, period, calendar=demo.calendar)

    assert reviewed.period.key == "2017-Q3"
    moved: list[str] = []
    shown = row.Row(panel, "period", PerformanceReview.model_fields["period"], moved.append)
    days = shown.box.children[1]
    first, last = days.children
    assert days.layout.display == "none"
    shown.control.value = next(value for label, value in shown.control.options if "…" in label)
    assert days.layout.display == ""
    assert f"{first.value}..{last.value}" == shown.given
    first.value, last.value = date(2017, 7, 5), date(2017, 8, 31)
    span = "2017-07-05..2017-08-31"
    assert (shown.given, set(moved)) == (span, {"period"})
    panel.change({"period": shown.given})
    by_days, by_text = namespace["reviewed"], performance.review(demo.tables, span, calendar=demo.calendar)
    assert (by_days.period.start, by_days.period.last) == (date(2017, 7, 5), date(2017, 8, 31))
    assert by_days.company.equals(by_text.company)
    assert PerformanceReview(period=span) == panel.asked
    moved.clear()
    first.value = date(2017, 9, 5)  # after the last day: refused, and what was asked stays
    assert moved == ["period"]
    with pytest.raises(SalesopsError, match="2017-09-05"):
        panel.change({"period": shown.given})
    assert panel.asked.period == span
    shown.show("2017-Q2")
    assert days.layout.display == "none"


def test_a_saved_report_is_of_what_is_asked_with_cells_as_they_were_run(
    workbook_of_its_own: Path, monkeypatch: pytest.MonkeyPatch
):
    notebook = workbook_of_its_own / "notebooks" / "performance_review.ipynb"
    node = nbformat.read(notebook, as_version=4)
    run = {cell.id: cell.source for cell in node.cells if cell.cell_type == "code"}
    last = node.cells[-1].id
    monkeypatch.setattr(save_as_report, "_run", {**run, last: run[last] + "\nprint('a remark of mine')"})
    asked = PerformanceReview(period="2017-Q3")
    seen: list[float] = []
    report = save_as_report.Saving(asked, notebook, workbook_of_its_own)
    page = report.run(seen.append)
    assert page is not None
    assert page.parent == notebook.parent / "saved"
    text = page.read_text()
    assert "2017-Q3 (" in text
    assert "a remark of mine" in text
    assert "widget-view" not in text
    assert report.unsaved == 1
    assert seen[0] == 0
    assert seen[-1] > 0.5
    assert "a remark" not in notebook.read_text()


def test_a_report_that_cannot_be_made_says_why(workbook_of_its_own: Path):
    notebook = workbook_of_its_own / "notebooks" / "performance_review.ipynb"
    (workbook_of_its_own / "workbook.yml").write_text("company: Mine\ncurrency: XXQ\n")
    report = save_as_report.Saving(PerformanceReview(), notebook, workbook_of_its_own)
    with pytest.raises(SalesopsError, match=r"The notebook stopped: .*currency"):
        report.run(lambda share: None)


def test_a_notebook_that_is_not_where_the_page_said_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("JPY_SESSION_NAME", "/gone/review.ipynb")
    with pytest.raises(SalesopsError, match="There is no notebook at /gone"):
        save_as_report.notebook_path()


def test_details_of_an_unexpected_error_are_written(tmp_path: Path):
    try:
        1 / 0  # noqa: B018
    except ZeroDivisionError as error:
        place = write_details(error, tmp_path, Asked())
    assert place.parent == tmp_path / ".cache" / "errors"
    assert "ZeroDivisionError" in place.read_text()
    assert "growth=0.1" in place.read_text()


def test_under_papermill_no_widget_remains(root: Path, tmp_path: Path):
    out = tmp_path / "out.ipynb"
    papermill.execute_notebook(
        str(root / "notebooks" / "performance_review.ipynb"), str(out), {"period": "2017-Q3"},
        progress_bar=False, cwd=str(root / "notebooks"),
    )  # fmt: skip
    made = nbformat.read(out, as_version=4)
    kinds = {
        kind for cell in made.cells for output in cell.get("outputs", []) for kind in output.get("data", {})
    }
    assert "application/vnd.jupyter.widget-view+json" not in kinds
    assert "application/vnd.salesops.headlines+json" in kinds


def test_a_list_of_an_approval_shows_another_name_and_asks_for_nothing(demo):
    panel = controls.Panel(PerformanceReview(period="2017-Q3"), demo, {})
    moved: list[str] = []
    shown = row.Row(panel, "call_by", PerformanceReview.model_fields["call_by"], moved.append)
    for value in ("Boris Faz", None):
        shown.show(value)
        assert shown.given == value
    assert moved == []
