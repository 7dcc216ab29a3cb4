"""Scenarios are kept by name on SQLite and PostgreSQL: versions, the same one once, none changed."""

from datetime import date

import pytest
from sqlalchemy import delete, update
from sqlalchemy.exc import DatabaseError

from salesops_nb.errors import SalesopsError
from salesops_nb.store.scenarios import SCENARIOS, Scenario, save_scenario, saved_scenarios

DAY = date(2017, 12, 20)


def test_the_latest_version_of_each_name_in_the_order_of_saving(store):
    assert saved_scenarios(store) == []
    assert save_scenario(store, "lean", {"budget": 100_000.0}, by="Ada", on=DAY) == 1
    assert save_scenario(store, "bold", {"confidence": 0.9}, by="Bo", on=date(2017, 12, 21)) == 1
    assert (
        save_scenario(store, "lean", {"budget": 100_000.0}, by="Cy", on=date(2017, 12, 22)) == 1
    )  # the same
    assert save_scenario(store, " lean ", {"budget": 80_000.0}, by="Cy", on=date(2017, 12, 22)) == 2
    assert saved_scenarios(store) == [
        Scenario("lean", 2, {"budget": 80_000.0}, "Cy", date(2017, 12, 22)),
        Scenario("bold", 1, {"confidence": 0.9}, "Bo", date(2017, 12, 21)),
    ]


@pytest.mark.parametrize(("name", "by"), [("", "Ada"), ("lean", "  ")])
def test_a_name_and_who_saves_it_are_needed(store, name, by):
    with pytest.raises(SalesopsError, match="is empty"):
        save_scenario(store, name, {}, by=by, on=DAY)
    assert saved_scenarios(store) == []


def test_nothing_saved_is_changed(store):
    save_scenario(store, "lean", {"budget": 1.0}, by="Ada", on=DAY)
    scenarios = SCENARIOS["hiring"]
    for statement in (update(scenarios).values(parameters="{}"), delete(scenarios)):
        with pytest.raises(DatabaseError, match="append-only"), store.begin() as connection:
            connection.execute(statement)


def test_scenarios_of_one_notebook_are_not_those_of_another(store):
    save_scenario(store, "Base", {"target": 1}, by="Ada", on=date(2018, 1, 2), of="sales_model")
    assert saved_scenarios(store) == []
    assert [each.parameters for each in saved_scenarios(store, "sales_model")] == [{"target": 1}]
