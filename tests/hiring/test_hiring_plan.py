"""Capacity and plans: sums that must hold, an optimum found by trying all, and honest refusals."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import date
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hiring_tables import tables

from salesops_nb import hiring
from salesops_nb.core.periods import FiscalCalendar
from salesops_nb.forecast.simulation.draws import draw
from salesops_nb.forecast.simulation.pool import Pool
from salesops_nb.forecast.simulation.simulate import base_team, futures_of, with_luck
from salesops_nb.hiring.planning.optimise import Limits, Search
from salesops_nb.hiring.planning.requisitions import Trial
from salesops_nb.hiring.simulation.capacity import vacancy_cost
from salesops_nb.hiring.simulation.goals import look_ahead


@pytest.fixture(scope="module")
def company():
    return tables(seed=6, heads=10, roles=("AE", "SMB"))


@pytest.fixture(scope="module")
def learned(company):
    return hiring.learn(company)


def _target(company, learned, share):
    made = hiring.capacity(company, 12, learned=learned, replace_leavers=False, futures=2000).bookings
    return float(np.quantile(made.sum(axis=1), share))


def test_capacity_frames_hold_together(company, learned):
    found = hiring.capacity(company, 12, learned=learned, target={"2026": 9e6})
    assert found.futures == 10_000
    months = found.months
    assert len(months) == 12
    assert all(isinstance(v, Decimal) for c in ("p10", "p50", "p90", "target") for v in months[c])
    assert (months["p10"] < months["p50"]).all()
    assert (months["p50"] < months["p90"]).all()
    assert abs(sum(months["target"]) - 9_000_000) < Decimal("0.2")
    reached = (found.bookings >= months["target"].astype(float).to_numpy()).mean(axis=0)
    assert months["probability"].to_numpy() == pytest.approx(reached, abs=2e-3)
    periods = found.periods.set_index("period")["probability"]
    quarters = periods[[f"2026-Q{n}" for n in range(1, 5)]]
    assert periods["joint"] <= min(quarters.min(), periods["2026"])
    assert periods["joint"] >= quarters.prod() - 0.05  # quarters share the same people and market


def test_same_seed_same_numbers(company, learned):
    again = [hiring.capacity(company, 12, seed=4, learned=learned, futures=500).months for _ in range(2)]
    pd.testing.assert_frame_equal(*again)
    other = hiring.capacity(company, 12, seed=5, learned=learned, futures=500).months
    assert not other["p50"].equals(again[0]["p50"])


def test_simulation_agrees_with_a_loop_over_people(learned):
    """The cells' shortcut against the plain sum over every person, month by month."""
    horizon, futures = 9, 600
    learned = replace(learned, vacancies=learned.vacancies.iloc[:0])
    months = np.arange(horizon) % 12
    draws = draw(learned, months, futures, np.random.default_rng(1))
    team = base_team(learned, draws, True, seed=3)
    nobody = base_team(learned, draws, False, seed=3)
    assert (team.heads >= nobody.heads - 1e-9).all()
    assert (team.output >= nobody.output - 1e-9).all()
    roster = learned.panel.roster
    for r in range(2):
        here = (roster["present"] & (learned.panel.role == r)).to_numpy()
        tenure = roster["tenure"].to_numpy()[here]
        own = learned.productivity.factor[here]
        hazard = learned.hazard.mean[np.searchsorted([6, 12, 24], tenure, side="right")]
        total = np.zeros(horizon)
        for person in range(here.sum()):
            for t in range(horizon):
                stay = np.exp(-hazard[person] * (t + 0.5))
                total[t] += own[person] * stay * learned.ramp[r].mean(np.array([tenure[person] + t + 0.5]))[0]
        assert nobody.output[:, r].mean(axis=0) == pytest.approx(total, rel=0.06)


def test_luck_has_the_stated_mean_and_variance():
    rng = np.random.default_rng(0)
    made = with_luck(np.full(200_000, 500_000.0), 30_000.0, rng.standard_normal(200_000))
    assert made.mean() == pytest.approx(500_000, rel=0.005)
    assert made.var() == pytest.approx(500_000 * 30_000, rel=0.03)


def test_a_year_half_over_counts_what_is_booked():
    company = tables(seed=2)
    deals = company["deals"]
    company["deals"] = deals[deals["closed_on"] < date(2025, 7, 1)]
    found = hiring.capacity(company, 6, target={"2025": 7e6}, as_of=date(2025, 6, 30), futures=1000)
    year = found.periods.query("period == '2025'").iloc[0]
    booked = company["deals"].query("closed_on >= @date(2025, 1, 1)")["amount"].sum()
    assert float(year["booked"]) == pytest.approx(booked, abs=1)
    assert float(year["p50"]) > booked


def test_known_leavers_and_joiners_are_used():
    company = tables(seed=1)
    base = hiring.capacity(company, 6, futures=400, replace_leavers=False).months
    people = company["people"].copy()
    people["left_on"] = pd.to_datetime(people["left_on"])
    still = people["left_on"].isna()
    people.loc[still, "left_on"] = pd.Timestamp("2026-03-01")
    gone = hiring.capacity(
        {**company, "people": people}, 6, as_of=date(2025, 12, 31), futures=400, replace_leavers=False
    ).months
    vacancies = len(hiring.learn(company).vacancies)
    assert gone["heads_p90"].iloc[2:].max() <= vacancies
    assert float(gone["p50"].iloc[0]) > 0.9 * float(base["p50"].iloc[0])
    more = pd.DataFrame({"person_id": ["n1", "n2"], "name": ["N", "M"], "role": ["AE", "AE"]})
    more["hired_on"] = date(2026, 2, 1)
    joined = {**company, "people": pd.concat([company["people"], more], ignore_index=True)}
    after = hiring.capacity(joined, 6, futures=400, replace_leavers=False).months
    assert after["heads_p50"].iloc[0] == base["heads_p50"].iloc[0]
    assert after["heads_p50"].iloc[2] >= base["heads_p50"].iloc[2] + 1


def test_plan_reaches_the_confidence_cheaper_than_more_of_the_same(company, learned):
    target = _target(company, learned, 0.75)
    plan = hiring.plan(company, 12, 0.8, target=target, learned=learned)
    assert plan.feasible
    assert plan.probability >= 0.8
    assert plan.hires["hires"].sum() == plan.counts.sum() > 0
    assert sum(plan.hires["cost"]) == pytest.approx(plan.cost, abs=Decimal("0.10"))
    table = plan.comparison.set_index("policy")
    assert list(table.index) == ["hire nobody", "replace leavers only", "naive: gap ÷ quota", "plan"]
    assert table.loc["plan", "probability"] == plan.probability > table.loc["hire nobody", "probability"]
    assert table.loc["plan", "cost"] == plan.cost
    assert table.loc["hire nobody", "cost"] == 0
    for role, month in zip(*np.nonzero(plan.counts), strict=True):
        fewer = plan.counts.copy()
        fewer[role, month] -= 1
        assert plan.trial.probability(fewer) < 0.83  # no hire is idle


def test_optimum_is_the_one_that_trying_all_finds():
    """One role, four months, at most three a month: every plan is tried on the same futures."""
    company = tables(seed=4, heads=14)
    learned = hiring.learn(company)
    for share, horizon in ((0.6, 8), (0.75, 9)):
        ahead = look_ahead(learned, company, horizon, FiscalCalendar(), target=None)
        draws, team = futures_of(learned, ahead.month_of_year, 1500, 3, False)
        pool = Pool(learned, draws, 3)
        target = float(
            np.quantile(
                hiring.capacity(
                    company, horizon, learned=learned, replace_leavers=False, futures=1500
                ).bookings.sum(axis=1),
                share,
            )
        )
        goals = look_ahead(learned, company, horizon, FiscalCalendar(), target=target).chosen("horizon")
        trial = Trial(pool, team, goals)
        cost = np.array([pool.costs(0)])
        cost[0, 4:] = 1e9  # later months may not be used
        limits = Limits(None, None, np.array([3]))
        best = np.inf
        for plan in itertools.product(range(4), repeat=4):
            counts = np.zeros((1, horizon), dtype=np.int64)
            counts[0, :4] = plan
            total = float((cost * counts).sum())
            if total < best and trial.probability(counts) >= 0.7:
                best = total
        assert np.isfinite(best)
        assert best > 0
        found = Search(trial, [0], cost, limits).cheapest(0.7)
        assert trial.probability(found) >= 0.7
        assert float((cost * found).sum()) <= 1.1 * best


@pytest.mark.parametrize(
    ("limits", "binds"),
    [
        ({"budget": 40_000}, ["budget"]),
        ({"interviewing": 1}, ["interviewing"]),
        ({"budget": 40_000, "interviewing": 1}, ["budget", "interviewing"]),
    ],
)
def test_what_binds_is_said(company, learned, limits, binds):
    target = _target(company, learned, 0.9)
    plan = hiring.plan(company, 12, 0.85, target=target, learned=learned, futures=2000, **limits)
    assert not plan.feasible
    assert plan.binds == binds
    assert plan.words.startswith("No plan reaches 85%. The best one found")
    if "budget" in limits:
        assert plan.cost <= 40_000
    if "interviewing" in limits:
        assert plan.counts.sum(axis=0).max() <= 1
    nobody = plan.comparison["probability"].iloc[0]
    assert plan.probability >= nobody


def test_out_of_reach_in_time_is_said(company, learned):
    target = 5 * _target(company, learned, 0.9)
    plan = hiring.plan(company, 3, 0.8, target=target, learned=learned, futures=1000)
    assert (plan.feasible, plan.binds) == (False, ["time"])
    assert "no number of hires reaches it" in plan.words


def test_an_easy_target_needs_nobody(company, learned):
    plan = hiring.plan(company, 12, 0.8, target=1000.0, learned=learned, futures=1000)
    assert plan.hires.empty
    assert (plan.cost, plan.feasible, plan.probability) == (0, True, 1.0)


def test_joint_is_harder_than_the_year(company, learned):
    target = {"2026": _target(company, learned, 0.5)}
    year, joint = (
        hiring.plan(company, 12, 0.5, target=target, confidence_of=what, learned=learned, futures=2000)
        for what in ("year", "joint")
    )
    assert joint.cost >= year.cost or not joint.feasible
    quarter = hiring.plan(
        company, 12, 0.5, target=target, confidence_of="2026-Q3", learned=learned, futures=2000
    )
    row = quarter.capacity.periods.query("period == '2026-Q3'").iloc[0]
    assert row["probability"] == pytest.approx(quarter.probability)


def test_explanations(company, learned):
    plan = hiring.plan(company, 12, 0.8, target=_target(company, learned, 0.7), learned=learned, futures=2000)
    tornado = hiring.tornado(plan)
    assert set(tornado["input"]) == {
        "attrition",
        "ramp_months",
        "time_to_fill",
        "productivity",
        "spread",
        "room",
    }
    assert tornado["swing"].is_monotonic_decreasing
    more = tornado.set_index("input")
    assert more.loc["productivity", "probability_high"] > more.loc["productivity", "probability_low"]
    assert more.loc["attrition", "probability_high"] <= more.loc["attrition", "probability_low"]
    latest = hiring.latest_openings(plan)
    assert latest["hires"].sum() == plan.counts.sum()
    assert (latest["latest_open_on"] >= latest["open_on"]).all()
    back = hiring.payback(learned).set_index("role")
    assert back.loc["AE", "months"] > 2
    assert 0 <= back.loc["AE", "share_paid_back_12"] <= back.loc["AE", "share_paid_back_24"] <= 1
    dear = hiring.payback(learned.override(pay=1e6)).set_index("role")
    assert pd.isna(dear.loc["AE", "months"])


def test_cost_of_a_vacancy_is_margin_less_pay(company, learned):
    stated = learned.override(margin=0.6, pay={"AE": 12_000, "SMB": 6_000}, productivity={"AE": 50_000})
    found = vacancy_cost(stated).set_index("role")
    assert found.loc["AE", "margin_lost"] == Decimal("30000.00")
    assert found.loc["AE", "cost_per_month"] == Decimal("18000.00")
    ahead = vacancy_cost(stated, market=1.2).set_index(
        "role"
    )  # of the months ahead, a fifth above those seen
    assert ahead.loc["AE", "cost_per_month"] == Decimal("24000.00")
    capacity = hiring.capacity(company, 12, learned=stated, futures=2000)
    sold = float(capacity.vacancy_cost["bookings_per_month"].iloc[0])
    assert 0.7 * 50_000 < sold < 1.4 * 50_000
