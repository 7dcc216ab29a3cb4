"""Payback, return, cost of a leaver and the pipeline of day one, against numbers worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal as D

import numpy as np
import pandas as pd
import pytest
from hiring_tables import tables
from test_hiring_heads import MONTH, certain

from salesops_nb import hiring
from salesops_nb.core.periods import FiscalCalendar
from salesops_nb.forecast.learning.ramp import given
from salesops_nb.forecast.period import expect, reconciled
from salesops_nb.hiring.economics import payback as paying
from salesops_nb.hiring.economics import turnover as leaving
from salesops_nb.hiring.economics.payback import half_paid_back, is_known, paid_after

CALENDAR = FiscalCalendar()


@pytest.fixture(scope="module")
def company():
    return tables(seed=6, heads=10)


@pytest.fixture(scope="module")
def learned(company):
    return hiring.learn(company)


@pytest.fixture(scope="module")
def plan(company, learned):
    stated = learned.override(margin=0.6, pay=10_000.0)
    return hiring.plan(company, 12, 0.8, target=6_000_000, learned=stated, futures=1500)


@pytest.fixture
def flat(monkeypatch):
    """Neither season nor market, and newcomers that sell what the level says."""

    def drawn(*given, _real=paying.draw):
        made = _real(*given)
        ones = np.ones_like(made.shared)
        return replace(
            made, shared=ones, newcomer=np.ones_like(made.newcomer), variance=np.zeros_like(made.variance)
        )

    monkeypatch.setattr(paying, "draw", drawn)


def test_half_have_paid_back_is_not_where_the_mean_breaks_even():
    # two of three pay back late; the third earns so much that the mean breaks even in the second month
    net = np.array([[-9.0, -6, -3, 1], [-9, -6, -1, 2], [-9, 40, 80, 120]])
    assert int(np.argmax(net.mean(axis=0) >= 0)) + 1 == 2
    assert paid_after(net).tolist() == [4, 4, 2]
    assert half_paid_back(net) == 4
    # owing again undoes it; costing nothing yet is not paid back; half of four is two
    net = np.array([[-1.0, 1, -1, 1], [0, 0, 0, 0], [-1, 1, 1, 1], [-1, -1, -1, -1]])
    assert paid_after(net).tolist() == [4, np.inf, 2, np.inf]
    assert half_paid_back(net) == 4
    assert half_paid_back(net[[0, 1, 3]]) is None


@pytest.mark.usefixtures("flat")
def test_a_hire_pays_back_when_margin_has_paid_pay_and_hiring(learned):
    """0.5 × 50,000 less 10,000 is 15,000 a month: 28,500 of hiring are paid in the second month of work."""
    stated = certain(learned, days=MONTH).override(
        margin=0.5, pay=10_000, hiring_cost=28_500, productivity=50_000, spread=0.0
    )
    stated = replace(stated, ramp=[given(1.0, start=1.0)])
    found = hiring.payback(stated, futures=400).iloc[0]
    assert found["months"] == 3  # a month to fill, then two of work
    assert found["share_paid_back_12"] == found["share_paid_back_24"] == 1.0
    assert found["mean_after_36"] == pytest.approx(35 * 15_000 - 28_500, rel=0.01)
    # at 3 % leaving a month: paid back by whoever is there for the whole second month of work
    leaving_soon = replace(stated, hazard=certain(learned, leave=0.03).hazard)
    found = hiring.payback(leaving_soon, futures=4000).iloc[0]
    assert found["share_paid_back_24"] == pytest.approx(np.exp(-0.03 * 2), abs=0.02)
    assert found["months"] == 3
    # four of ten stay for the two months: fewer than half ever pay back
    fast = replace(stated, hazard=certain(learned, leave=0.46).hazard)
    found = hiring.payback(fast, futures=2000).iloc[0]
    assert pd.isna(found["months"])
    assert found["share_paid_back_24"] == pytest.approx(np.exp(-0.46 * 2), abs=0.03)


def test_the_plans_return_is_margin_less_its_cost(company, plan):
    found = hiring.returns(plan)
    added = plan.trial.made(plan.counts) - plan.trial.made(np.zeros_like(plan.counts))
    assert float(found.added) == pytest.approx(added.sum(axis=1).mean(), abs=0.01)
    assert float(found.margin) == pytest.approx(0.6 * float(found.added), abs=0.01)
    assert found.cost == plan.cost
    assert found.net == found.margin - found.cost
    assert found.rate == pytest.approx(float(found.net) / float(found.cost))
    deals = company["deals"]
    year = deals[(deals["closed_on"] >= date(2025, 1, 1)) & (deals["outcome"] == "won")]
    each = float(plan.cost) / (float(found.added) / year["amount"].mean())
    assert float(found.cac) == pytest.approx(each, rel=1e-6)
    reps = plan.trial.pool.learned.panel.roster["present"].sum()
    assert float(found.cac_today) == pytest.approx(reps * 120_000 / len(year), abs=0.01)
    assert not found.only_new
    typed = deals.assign(deal_type=np.where(np.arange(len(deals)) % 4 == 0, "New", "renewal"))
    new = hiring.returns(replace(plan, tables={**company, "deals": typed}))
    share = (typed.loc[year.index, "deal_type"] == "New").mean()
    assert new.only_new
    assert float(new.cac) == pytest.approx(each / share, rel=1e-6)


def test_what_is_assumed_is_known_to_be(learned, plan):
    assert not is_known(learned.economics)  # the company's tables have neither cost nor pay
    assert is_known(plan.trial.pool.learned.economics)
    assert hiring.returns(replace(plan, counts=np.zeros_like(plan.counts))) is None


@pytest.mark.parametrize("order", [("pay", "overhead"), ("overhead", "pay")])
def test_loaded_cost_is_pay_with_overhead_on_top(learned, order):
    stated = {"pay": 10_000.0, "overhead": 0.3}
    found = learned.override(**{name: stated[name] for name in order}).economics
    assert found.pay == pytest.approx([13_000])
    assert found.hiring_cost == pytest.approx([26_000])  # two months of it, where nothing else is stated
    again = learned.override(**stated, hiring_cost=8_000).override(overhead=0.2).economics
    assert again.pay == pytest.approx([12_000])
    assert again.hiring_cost == pytest.approx([8_000])


def test_a_leaver_costs_the_empty_seat_the_ramp_and_the_hiring(plan, monkeypatch):
    """A month empty and two of lost ramp at 50,000: 0.6 of 150,000, less a month's pay, with the hiring."""
    monkeypatch.setattr(leaving, "market_ahead", lambda plan: 1.0)
    known = certain(plan.trial.pool.learned, leave=0.02, days=MONTH).override(
        productivity=50_000, ramp_months=4, hiring_cost=20_000
    )
    mine = hiring.plan(plan.tables, 12, 0.5, target=1.0, learned=known, futures=4000)
    found = hiring.turnover(mine).iloc[0]
    # of four months' straight ramp half a month, … lacks: 3.5/4 + 2.5/4 + 1.5/4 + 0.5/4
    money = ["vacancy_bookings", "ramp_bookings", "margin_lost", "pay_saved", "hiring_cost", "cost"]
    assert found[money].tolist() == [D(50_000), D(100_000), D(90_000), D(10_000), D(20_000), D(100_000)]
    assert found["days_to_fill"] == pytest.approx(MONTH)
    assert found["total"] == found["cost"] * D(str(found["leavers"]))
    assert found["leavers"] == pytest.approx(float(hiring.leavers(mine)["leavers"].sum()), abs=0.11)
    unknown = hiring.plan(plan.tables, 12, 0.5, target=1.0, futures=300)
    unsaid = hiring.turnover(unknown).iloc[0]
    assert unsaid[["margin_lost", "pay_saved", "cost", "total"]].isna().all()
    assert unsaid["ramp_bookings"] > 0


def test_capacity_at_risk_is_the_forecasts_step_of_attrition(plan):
    found = hiring.capacity_at_risk(plan)
    steps = reconciled(expect(plan.trial.pool.learned, CALENDAR.period("2026"), of=plan.judged)).set_index(
        "step"
    )
    assert float(sum(found["lost"])) == pytest.approx(-steps.loc["attrition", "value"], abs=0.1)
    calm = hiring.plan(
        plan.tables, 12, 0.5, target=1.0, learned=certain(plan.trial.pool.learned), futures=300
    )
    assert float(sum(hiring.capacity_at_risk(calm)["lost"])) == pytest.approx(0, abs=1)


def test_the_pipeline_of_day_one_is_target_times_share_over_rate(plan):
    """Each quarter of 2025, by hand: of 100 from events that are open on day one 25 are won, at 2,000.

    The web brings as much, open on day one with 50 and won with 25 at 2,000; deals made within the quarter
    bring the other half. A target of 1,000,000 needs 250,000 of each, over a quarter and over a half.
    """
    rows = []
    for quarter in (CALENDAR.period(f"2025-Q{n}") for n in range(1, 5)):
        before, within = quarter.start - timedelta(days=20), quarter.start + timedelta(days=30)
        for source, n in (("event", 100), ("web", 50)):
            rows += [(source, "won" if i < 25 else "lost", 2_000, before, within) for i in range(n)]
        rows += [("web", "won", 2_000, quarter.start + timedelta(days=5), within) for _ in range(50)]
    rows += [("event", "open", None, date(2025, 12, 20), None)] * 70
    rows += [("rare", "open", None, date(2025, 12, 20), None)] * 3
    # long before, so that what was open on the first day is known
    rows += [("web", "lost", 1, date(2024, 6, 1), date(2024, 6, 2))]
    names = ["source", "outcome", "amount", "created_on", "closed_on"]
    deals = pd.DataFrame(rows, columns=names).assign(owner_id="p000")
    mine = replace(plan, tables={**plan.tables, "deals": deals},
                   ahead=replace(plan.ahead, target=np.full(12, 1_000_000 / 3)))  # fmt: skip
    found = hiring.day_one(mine, CALENDAR)
    assert found.quarters == 4  # nothing was booked in those before
    sources = found.sources.set_index("source")
    assert sources.loc["event", ["open_before", "won_before", "rate", "share"]].tolist() == [
        400,
        100,
        0.25,
        0.25,
    ]
    assert sources.loc["web", ["open_before", "won_before", "rate", "share"]].tolist() == [
        200,
        100,
        0.5,
        0.25,
    ]
    assert (found.share, found.lowest, found.highest) == (0.5, 0.5, 0.5)
    needed = found.needed.set_index(["quarter", "source"])
    assert needed.loc[("2026-Q1", "event"), "value"] == D("1000000.00")
    assert needed.loc[("2026-Q1", "event"), "deals"] == pytest.approx(500)
    assert needed.loc[("2026-Q2", "web"), "value"] == D("500000.00")
    low, high = needed.loc[("2026-Q1", "event"), ["deals_low", "deals_high"]]
    assert low < 500 < high
    assert sources.loc["event", "open_now"] == 70


def test_a_short_history_or_none_is_said(plan):
    assert hiring.day_one(plan, CALENDAR) is None  # no source, no creation date
    deals = plan.tables["deals"].assign(source="web", created_on=date(2025, 7, 1))
    short = deals[deals["closed_on"] >= date(2025, 7, 1)]
    found = hiring.day_one(replace(plan, tables={**plan.tables, "deals": short}), CALENDAR)
    assert (found.quarters, len(found.needed)) == (1, 0)
