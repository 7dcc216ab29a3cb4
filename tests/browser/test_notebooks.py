"""Every notebook in a real JupyterLab and browser: what moves on screen is what the package computes."""

from pathlib import Path

import pytest
from lab_analyst import Opened, controls, notebooks, other_value, stored

from salesops_nb import parameters

pytestmark = pytest.mark.browser
NAMES = notebooks(Path(__file__).resolve().parents[2])
BY = "by"  # the parameter that another's choices hang on


def test_every_notebook_declares_its_parameters() -> None:
    assert set(NAMES) == set(parameters.NOTEBOOKS)


@pytest.mark.parametrize("notebook", NAMES)
def test_it_runs_from_top_to_bottom_and_says_what_the_package_computes(opened: Opened) -> None:
    assert opened.sheet.errors() == []
    opened.sheet.wait_for(opened.screen, 5)


@pytest.mark.parametrize(("notebook", "name"), controls(NAMES))
def test_a_moved_control_shows_what_the_package_computes(opened: Opened, name: str, made: Path) -> None:
    control, before, kept = opened.sheet.control(name), opened.asked, stored(made)
    shown = control.value()
    with opened.moved():
        control.move(other_value(opened.kind.model_fields[name], before[name]))
        asked = opened.sheet.asks_other_than(before, name)
        hanging = {each for each, other in opened.kind.model_fields.items() if _by(other) == name}
        assert {each for each in asked if asked[each] != before[each]} <= {name, *hanging}
        opened.sheet.wait_for(opened.computed(asked))
        control.put(shown)
        opened.sheet.wait_for(opened.screen)
        assert opened.sheet.asks() == before
    assert stored(made) == kept, "moving a control wrote something"


def _by(field: object) -> object:
    extra = getattr(field, "json_schema_extra", None)
    return extra.get(BY) if isinstance(extra, dict) else None
