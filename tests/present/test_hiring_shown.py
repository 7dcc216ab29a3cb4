"""What the hiring page says: scenarios side by side, and what it does not say where nobody knows."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from types import SimpleNamespace

import pandas as pd
import pytest
from pydantic import ValidationError

from salesops_nb import hiring
from salesops_nb.core.frames import Tables
from salesops_nb.core.periods import FiscalCalendar
from salesops_nb.errors import SalesopsError
from salesops_nb.notebook.hiring_needs import arguments, money_shown, scenarios
from salesops_nb.notebook.hiring_needs.parameters import HiringNeeds
from salesops_nb.notebook.hiring_needs.rounding import unit_of
from salesops_nb.store.database import open_store
from salesops_nb.store.scenarios import saved_scenarios

FUTURES = 1_000


@pytest.fixture
def shown(monkeypatch):
    """What is shown: notes as texts, tables as (title, frame)."""
    said: list[object] = []
    for module in (money_shown, scenarios):
        fake = SimpleNamespace(
            note=lambda text, **_: said.append(str(text)),
            show_table=lambda frame, title="", **_: said.append((str(title), frame)),
            day=str,
        )
        monkeypatch.setattr(module, "present", fake)
    return said


@pytest.fixture(scope="module")
def learned(demo):
    return hiring.learn(demo.tables, demo.calendar, currency="USD")


@pytest.fixture
def book(demo, tmp_path):
    store = open_store(f"sqlite:///{tmp_path}/store.sqlite")
    found = {"tables": demo.tables, "calendar": demo.calendar, "data_through": demo.data_through}
    yield SimpleNamespace(store=store, settings=demo.settings, **found)
    store.dispose()


def planned(book, learned, asked):
    return hiring.plan(
        book.tables, asked.horizon, asked.confidence, calendar=book.calendar,
        learned=arguments.stated(asked, learned), **arguments.choices(book, asked),
    )  # fmt: skip


def test_a_scenario_is_saved_and_planned_again_beside_the_page(book, learned, shown):
    page = HiringNeeds(target=12_800_000, futures=FUTURES)
    plan = planned(book, learned, page)
    scenarios.scenarios(book, plan, learned, page)
    assert "No scenario is saved" in str(shown.pop())
    bold = HiringNeeds(target=13_500_000, confidence=0.7, futures=FUTURES)
    assert bold.changed == {"target": 13_500_000, "confidence": 0.7}
    signed = bold.model_copy(update={"save_as": "bold", "saved_by": "Ada", "saved_on": date(2017, 12, 20)})
    scenarios.scenarios(book, planned(book, learned, bold), learned, signed)
    assert shown[0] == "Scenario bold, version 1, is saved."
    assert [(each.name, dict(each.parameters)) for each in saved_scenarios(book.store)] == [
        ("bold", bold.changed)
    ]
    shown.clear()
    scenarios.scenarios(book, plan, learned, page)
    ((title, frame),) = shown
    assert title == "Scenarios side by side"
    assert frame["scenario"].tolist() == ["This page", "bold"]
    other = planned(book, learned, bold)
    assert frame["hires"].tolist() == [plan.counts.sum(), other.counts.sum()]
    assert frame["probability"].tolist() == [plan.probability, other.probability]
    assert frame["cost"].tolist() == [plan.cost, other.cost]
    assert frame["p10"].tolist() == [each.comparison["p10"].iloc[-1] for each in (plan, other)]
    assert "Confidence 0.70" in frame["what"].iloc[1]


@pytest.mark.parametrize("missing", ["saved_by", "saved_on"])
def test_a_scenario_is_signed(book, learned, shown, missing):
    given = {"save_as": "x", "saved_by": "Ada", "saved_on": date(2017, 12, 20), missing: None}
    asked = HiringNeeds(futures=FUTURES, **given)
    with pytest.raises(SalesopsError, match=missing):
        scenarios.scenarios(book, None, learned, asked)
    assert saved_scenarios(book.store) == []


def test_attrition_and_pay_are_stated_a_year(learned):
    asked = HiringNeeds(attrition=0.2, pay=60_000, overhead=0.25, margin=0.6)
    stated = arguments.stated(asked, learned)
    assert float(stated.hazard.yearly(stated.hazard.overall)) == pytest.approx(0.2)
    assert stated.economics.pay == pytest.approx([6_250])
    assert stated.economics.margin == 0.6


def test_return_is_not_said_where_margin_is_not_known(book, learned, shown):
    plan = planned(book, learned, HiringNeeds(target=12_800_000, futures=FUTURES))
    money_shown.returns(plan)
    assert [title for title, _ in shown] == [
        "What the plan's hires bring", "When a hire pays back, from the opening of the seat",
    ]  # fmt: skip
    row = shown[0][1].iloc[0]
    assert row["cost"] + row["net"] == row["margin"]  # as it is written
    assert money_shown.card(plan)["value"] == hiring.returns(plan).months
    shown.clear()
    known = plan.trial.pool.learned
    economics = replace(known.economics, origin={**known.economics.origin, "margin": "assumed"})
    pool = replace(plan.trial.pool, learned=replace(known, economics=economics))
    plan = replace(plan, trial=replace(plan.trial, pool=pool))
    money_shown.returns(plan)
    (only,) = shown
    assert "not said" in str(only)
    assert money_shown.card(plan) is None


@pytest.mark.parametrize(
    ("given", "days"), [("1", ("1",)), (1, ("1",)), ("1, 15", ("1", "15")), ([1, 15], ("1", "15"))]
)
def test_start_days_are_days_of_every_month(given, days):
    assert HiringNeeds(start_days=given).start_days == days


@pytest.mark.parametrize("given", ["", "31", "0", "first"])
def test_other_start_days_are_refused(given):
    with pytest.raises(ValidationError, match="from 1 to 28"):
        HiringNeeds(start_days=given)


def test_three_figures_of_the_largest():
    assert [int(unit_of(money_shown.Decimal(n))) for n in (0, 7, 999, 1_000, 3_011_699)] == [
        1,
        1,
        1,
        10,
        10_000,
    ]


def test_growth_on_fewer_months_is_brought_to_a_year():
    """Nine whole months of 100 and half a month of 40 before them: 1,200 a year, as target setting says."""
    days = [date(2017, 3, 20), *(date(2017, m, 2) for m in range(4, 13))]
    amounts = [Decimal(40), *[Decimal(100)] * 9]
    deals = pd.DataFrame({"outcome": "won", "amount": amounts, "closed_on": days})
    book = SimpleNamespace(
        tables=Tables.of({"deals": deals}), calendar=FiscalCalendar(), data_through=date(2017, 12, 29)
    )
    assert arguments.last_year(book) == 1200
    book.data_through = date(2017, 12, 10)  # December is in progress, and no month yet
    assert arguments.last_year(book) == 1200


def test_lines_of_quota_are_named_in_the_reader_s_language():
    from salesops_nb.notebook.target_setting.quota import line_named
    from salesops_nb.present.language.translation import use_locale

    use_locale("ro_RO")
    lines = {"Hire 2 of hiring plan 1": "hire", "Open seats of Max Weber": "open seat",
             "Open seats without a team": "open seat", "Hire Jones": "person"}  # fmt: skip
    assert [line_named(*each) for each in lines.items()] == [
        "Angajarea 2 din planul de angajare 1", "Posturi deschise ale lui Max Weber",
        "Posturi deschise fără echipă", "Hire Jones",
    ]  # fmt: skip
