"""Claims of the sales model as alerts: the data contradict one, another was not reviewed in time."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest

from salesops_nb import open_workbook, strategy
from salesops_nb.alerts.rules import Alerts, Rule
from salesops_nb.errors import SalesopsError, problem
from salesops_nb.notebook.alerts.claims import of_claims
from salesops_nb.notebook.alerts.found import found
from salesops_nb.notebook.alerts.looking import look
from salesops_nb.notebook.alerts.parameters import Alerts as Asked
from salesops_nb.notebook.alerts.words import how_sure, what
from salesops_nb.store.database import open_store

RULES = Alerts(rules=(Rule(name="Claims", test="claims", tell=("ops",)),))


@pytest.fixture(scope="module")
def demo() -> Any:
    return open_workbook(".")


def test_what_is_contradicted_or_late_is_an_alert_and_the_rest_is_well(demo: Any) -> None:
    made = {each.who: each for each in of_claims(RULES, demo, demo.data_through)}
    version = strategy.load(demo.folder, demo.settings).in_force(demo.data_through)
    assert set(made) == {claim.name for claim in version.sales_model.claims}
    states = {name: each.state for name, each in made.items() if each.state != "well"}
    assert states == {"deal size": "alert", "cycle": "alert"}
    shown = SimpleNamespace(workbook=demo, metrics={})
    said = {name: what(shown, made[name]) for name in states}  # type: ignore[arg-type]
    assert said["deal size"].startswith("The sales model claims deal size of $")
    assert said["cycle"] == "The sales model's claim of cycle was to be reviewed by Sep 30, 2017."
    assert how_sure(made["deal size"]).startswith("chance alone: ")
    assert how_sure(made["cycle"]) == "as counted"
    assert made["cycle"].since is not None
    assert made["cycle"].since.key == "2017-09"


def test_a_day_before_any_of_it_is_well(demo: Any) -> None:
    assert not [each for each in of_claims(RULES, demo, date(2016, 12, 31)) if each.state == "alert"]


def test_without_a_rule_nothing_is_read(demo: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strategy, "load", lambda *_: pytest.fail("it was read"))
    assert of_claims(Alerts(), demo, demo.data_through) == []


def test_a_file_that_cannot_be_read_is_an_alert_of_its_own(
    demo: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise SalesopsError(problem("no-title"))

    monkeypatch.setattr(strategy, "load", broken)
    (made,) = of_claims(RULES, demo, demo.data_through)
    assert (made.state, made.who) == ("cannot", "")


def test_what_a_scheduler_opened_days_later_has_its_number_on_the_page(
    demo: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store("sqlite://")
    monkeypatch.setattr(type(demo), "store", property(lambda _self: store))
    look(demo, today=date(2026, 1, 5))
    made = found(demo, Asked())
    assert made.shown
    assert None not in [made.number(each) for each in made.shown]
    assert found(demo, Asked(as_of=date(2017, 6, 30))).stored.empty, "looking back knows of none of them"
    store.dispose()
