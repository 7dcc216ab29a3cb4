"""Bad input: each kind has its own message, and nothing is dropped without being counted."""

from __future__ import annotations

from datetime import date, timedelta

import pandas as pd
import pytest
from hiring_tables import tables

from salesops_nb import hiring
from salesops_nb.errors import SalesopsError


def _with_people(*rows):
    company = tables()
    more = pd.DataFrame(rows, columns=["person_id", "name", "role", "hired_on", "left_on"])
    company["people"] = pd.concat([company["people"].astype(object), more.astype(object)], ignore_index=True)
    return company


def test_overlapping_employment():
    company = _with_people(("p003", "Again", "AE", date(2025, 1, 1), None))
    company["people"].loc[3, "left_on"] = None
    found = [p for p in hiring.learn(company).problems if p.code == "overlapping-employment"]
    assert len(found) == 1
    assert "p003 has a row as AE from 2025-01-01 while an earlier row of the same person" in found[0].message
    assert found[0].row == len(company["people"]) + 1


def test_leaver_before_hiring():
    company = _with_people(("x1", "X", "AE", date(2025, 5, 1), date(2025, 4, 1)))
    found = [p for p in hiring.learn(company).problems if p.code == "left-before-hired"]
    assert "x1 left on 2025-04-01, before being hired on 2025-05-01" in found[0].message


def test_owner_in_no_usable_row_is_counted_with_the_money():
    company = tables()
    sold = company["deals"].query("owner_id == 'p002'")["amount"].sum()
    company["people"] = company["people"].query("person_id != 'p002'")
    found = next(p for p in hiring.learn(company).problems if p.code == "owner-not-in-people")
    assert float(found.amount) == pytest.approx(sold, abs=0.01)
    assert "p002" in found.message


@pytest.mark.parametrize("horizon", [0, -3, 61, 2.5])
def test_horizon(horizon):
    with pytest.raises(SalesopsError, match=r"must be a whole number from 1 to 60"):
        hiring.capacity(tables(), horizon)


def test_negative_targets_in_the_table_and_as_parameter():
    company = tables()
    company["targets"] = pd.DataFrame(
        {"level": ["company"], "who": [""], "metric": ["bookings"], "period": ["2026"], "value": [-5]}
    )
    with pytest.raises(SalesopsError, match="target of bookings for 2026 is -5") as caught:
        hiring.capacity(company, 12)
    assert caught.value.problems[0].row == 2
    with pytest.raises(SalesopsError, match="The target of 2026 is -1"):
        hiring.capacity(tables(), 12, target={"2026": -1})


def test_nobody_ramped_asks_for_productivity_and_goes_on_with_it():
    company = tables(seed=1, months=6)
    first = company["people"].assign(hired_on=date(2025, 7, 1) + timedelta(days=3))
    company["people"] = first
    with pytest.raises(SalesopsError, match="Nobody with 9 months of tenure"):
        hiring.capacity(company, 12)
    found = hiring.capacity(company, 12, overrides={"productivity": 40_000}, futures=500)
    assert float(found.months["p50"].iloc[-1]) > 0


def test_nothing_to_learn_from():
    company = tables()
    with pytest.raises(SalesopsError, match="no won deal"):
        hiring.learn({**company, "deals": company["deals"].assign(outcome="lost")})
    with pytest.raises(SalesopsError, match="needs the table 'people'"):
        hiring.learn({"deals": company["deals"]})
    with pytest.raises(SalesopsError, match="lacks closed_on"):
        hiring.learn({**company, "deals": company["deals"].drop(columns="closed_on")})


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"confidence": 1.0}, "confidence is 1.0; it must be above 0 and below 1"),
        ({"confidence": 0.8, "budget": -1}, "budget is -1"),
        ({"confidence": 0.8, "interviewing": -1}, "interviewing is -1"),
        ({"confidence": 0.8, "confidence_of": "decade"}, "confidence_of is 'decade'"),
        ({"confidence": 0.8, "roles": ["CEO"]}, "roles names 'CEO'; the people table has AE"),
        ({"confidence": 0.8, "futures": 10}, "10 futures are too few"),
    ],
)
def test_plan_parameters(arguments, words):
    with pytest.raises(SalesopsError, match=words):
        hiring.plan(tables(), 12, target=1e6, **arguments)


def test_plan_without_any_target():
    with pytest.raises(SalesopsError, match="give targets for the horizon"):
        hiring.plan(tables(), 12)
    warned = hiring.capacity(tables(), 12, futures=300).problems
    assert any(p.code == "no-target" for p in warned)


def test_currencies_need_rates():
    company = tables()
    deals = company["deals"].assign(currency="USD")
    deals.loc[deals.index[::2], "currency"] = "EUR"
    company["deals"] = deals
    with pytest.raises(SalesopsError, match="has no plan rate"):
        hiring.learn(company, currency="USD")
    company["fx_rates"] = pd.DataFrame(
        {"currency": ["EUR"], "valid_from": [date(2020, 1, 1)], "kind": ["plan"], "rate": [2.0]}
    )
    plain = hiring.learn(tables()).productivity.level[0]
    assert hiring.learn(company, currency="USD").productivity.level[0] == pytest.approx(1.5 * plain, rel=0.1)


def test_people_without_hire_dates_count_as_ramped():
    company = tables()
    company["people"] = company["people"].drop(columns=["hired_on", "left_on"])
    learned = hiring.learn(company)
    assert any(p.code == "no-hire-date" for p in learned.problems)
    assert learned.ramp[0].origin == "prior"
    assert learned.productivity.level[0] > 0
