"""The panel: what depends on a parameter is done again, and nothing else; reports hold no widget."""

import shlex
from pathlib import Path

import nbformat
import papermill
import pytest
import yaml
from pydantic import Field

from salesops_nb import parameters
from salesops_nb.errors import SalesopsError
from salesops_nb.present import controls
from salesops_nb.present.choices import choices_of


class Asked(parameters.Parameters):
    growth: float = Field(0.1, ge=0, le=1, description="Growth")
    weight: int = Field(2, ge=0, le=10, description="Weight")
    who: parameters.Name = Field(None, description="Who", json_schema_extra={"choices": "who"})


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


def test_choices_are_those_the_workbook_holds(demo):
    fields = parameters.PerformanceReview.model_fields
    assert choices_of(demo, "level", fields["level"]) == ["company", "team", "rep"]
    periods = choices_of(demo, "period", fields["period"])
    assert {"2017", "2016-Q4", "2017-Q4", "2017-12"} <= set(periods)
    assert "2018-Q1" not in periods
    who = choices_of(demo, "who", fields["who"])
    assert who[0] is None
    assert {"Cara Losch", "Mei-Mei Johns"} <= set(who)
    assert choices_of(demo, "as_of", fields["as_of"]) is None


def test_a_control_for_each_parameter_by_its_type_and_limits(demo):
    from salesops_nb.present import widgets

    panel = controls.Panel(Asked(), demo, {})
    kinds = {
        name: widgets.control_of(panel, name, field)
        for name, field in Asked.model_fields.items()
        if name != "workbook"
    }
    assert (kinds["growth"].min, kinds["growth"].max, kinds["growth"].value) == (0, 1, 0.1)
    assert type(kinds["weight"]).__name__ == "IntSlider"
    assert ("Cara Losch", "Cara Losch") in kinds["who"].options
    panel.change({"who": "O'Neil"})
    line = shlex.split(widgets.batch_line(panel, "x/target.ipynb"))
    assert line[:4] == ["papermill", "target.ipynb", "target-out.ipynb", "-y"]
    given = yaml.safe_load(line[4])
    assert Asked(**given) == panel.asked


def test_the_batch_line_keeps_a_year_a_text(demo):
    from salesops_nb.present import widgets

    panel = controls.Panel(parameters.PerformanceReview(period="2017"), demo, {})
    given = yaml.safe_load(shlex.split(widgets.batch_line(panel))[-1])
    assert parameters.checked(parameters.PerformanceReview, given) == panel.asked


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
