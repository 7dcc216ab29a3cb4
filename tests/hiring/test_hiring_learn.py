"""What is learned, against truths that are known and against naive readings of the same data."""

from __future__ import annotations

from datetime import date

import duckdb
import numpy as np
import pandas as pd
import pytest
from hiring_tables import tables
from hypothesis import given, settings
from hypothesis import strategies as st

from salesops_nb import hiring
from salesops_nb.core.periods import FiscalCalendar
from salesops_nb.errors import SalesopsError
from salesops_nb.forecast.learning import attrition, market, ramp
from salesops_nb.forecast.learning.economics import Returns


@pytest.fixture(scope="module")
def big():
    """Sixty reps of two roles: enough to know the truth again."""
    return hiring.learn(tables(seed=3, heads=40, roles=("AE", "SMB"), ramp=6.0, leave=0.025))


def test_productivity_ramp_attrition_and_fill_hold_the_truth(big):
    learned = big.tables(0.9)
    for row, truth in zip(learned["productivity"].itertuples(), (50_000, 20_000), strict=True):
        assert float(row.low) < truth < float(row.high)
        assert row.n > 40
        assert 0.2 < row.spread < 0.55  # own factors have a spread of 1/√8 = 0.354
    curve = learned["ramp"].query("role == 'AE'")
    truth = np.minimum(1, (curve["month"] - 0.5).clip(lower=0.5) / 6)
    assert ((curve["low"] - 0.02 <= truth) & (truth <= curve["high"] + 0.02)).mean() > 0.7
    hazard = learned["attrition"]
    assert ((hazard["low"] < 1 - np.exp(-12 * 0.025)) & (hazard["high"] > 1 - np.exp(-12 * 0.025))).sum() >= 3
    assert hazard["n"].sum() >= 30
    fill = learned["time_to_fill"].iloc[0]
    assert fill["low"] < 50 < fill["high"] or abs(fill["estimate"] - 50) < 6
    assert (learned["season"]["origin"] == "learned").all()


def test_survivor_bias_of_the_ramp_is_treated():
    """The weak leave early: averages by tenure make newcomers look slower than they are."""
    rng = np.random.default_rng(8)
    own = rng.gamma(4, 0.25, 300)
    months = np.arange(24)
    stay = np.where(own < 0.8, 6, 24)
    expected = np.where(months[None, :] < stay[:, None], 10_000.0, 0.0)
    truth = np.minimum(1, (months + 0.5) / 6)
    booked = rng.poisson(np.maximum(own[:, None] * expected * truth / 2_000, 0)) * 2_000.0
    tenure = np.broadcast_to(months + 0.5, booked.shape)
    found = ramp.learn(booked, expected, tenure, np.full(300, 2_000.0)).mean(months + 0.5)
    worked = expected > 0
    naive = np.array([booked[worked[:, m], m].mean() for m in months])
    naive = naive / naive[12:].mean()
    assert np.abs(found[:6] - truth[:6]).max() < 0.06
    assert (truth[:6] - naive[:6]).max() > 0.1


def test_hazard_is_left_truncated_and_right_censored():
    rng = np.random.default_rng(4)
    hired = -rng.uniform(0, 80, 4000)
    life = rng.exponential(1 / 0.02, 4000)
    here = hired + life > 0  # only who is still there when the data begin is seen
    entry, end = -hired[here], np.minimum(life[here], -hired[here] + 36)
    left = (life[here] < -hired[here] + 36).astype(float)
    found = attrition.learn_hazard(entry, end, left)
    assert found.mean == pytest.approx(np.full(4, 0.02), rel=0.2)
    ignoring = attrition.learn_hazard(np.zeros_like(entry), end, left)
    assert ignoring.overall < 0.6 * 0.02 / 0.9


def test_fewer_than_five_leavers_uses_the_stated_prior():
    company = tables(seed=5, heads=8, leave=0.0)
    company["people"].loc[0, "left_on"] = date(2025, 6, 1)
    learned = hiring.learn(company)
    told = [p for p in learned.problems if p.code == "few-leavers"]
    assert "fewer than 5 leavers (1)" in told[0].message
    assert "2.5%" in told[0].message
    assert learned.hazard.origin == "prior"
    assert 0.0 < learned.hazard.overall < 0.025


@settings(max_examples=40, deadline=None)
@given(
    tenure=st.floats(0, 100),
    rates=st.lists(st.floats(0.001, 0.3), min_size=4, max_size=4),
    unit=st.floats(0.001, 20),
)
def test_exit_inverts_the_cumulative_hazard(tenure, rates, unit):
    hazard = np.array([rates])
    exit_at = attrition.tenure_at_exit(np.array([tenure]), hazard, np.array([[unit]]))[0, 0]

    def total(t):
        edges = np.append(attrition.BANDS[1:], np.inf)
        return float((np.clip(t - attrition.BANDS, 0, edges - attrition.BANDS) * rates).sum())

    assert total(exit_at) - total(tenure) == pytest.approx(unit, rel=1e-6)


def test_time_to_fill_counts_vacancies_still_open():
    rng = np.random.default_rng(2)
    opened = pd.Timestamp("2025-01-01") + pd.to_timedelta(rng.integers(0, 365, 400), unit="D")
    filled = opened + pd.to_timedelta(np.round(np.exp(rng.normal(np.log(80), 0.5, 400))), unit="D")
    until = pd.Timestamp("2025-12-31")
    frame = pd.DataFrame({"opened_on": opened, "filled_on": filled, "closed_on": pd.NaT})
    frame["filled_on"] = frame["filled_on"].where(frame["filled_on"] <= until)
    found = attrition.learn_fill(frame, until)
    only = (frame["filled_on"] - frame["opened_on"]).dt.days.dropna()
    assert found.median_days == pytest.approx(80, rel=0.08)
    assert found.median_days - only.median() > 3


def test_season_is_declared_under_two_years_and_told():
    learned = hiring.learn(tables(seed=2, months=18))
    assert learned.season.origin == "declared"
    assert (learned.season.factor == 1).all()
    assert any(p.code == "season-declared" and "18 complete months" in p.message for p in learned.problems)


def test_season_is_shrunk_but_found():
    months = np.tile(np.arange(12), 3)
    truth = 1 + 0.3 * np.sin(np.arange(12) / 12 * 2 * np.pi)
    ratio = truth[months] * np.random.default_rng(0).normal(1, 0.03, 36)
    found = market.learn_season(ratio, np.full(36, 0.03**2), months)
    assert np.abs(found.factor - truth).max() < 0.06
    noise = market.learn_season(np.random.default_rng(0).normal(1, 0.2, 36), np.full(36, 0.2**2), months)
    assert np.abs(noise.factor - 1).max() < 0.12


def test_a_bad_patch_like_those_before_does_not_go_on_falling_and_what_comes_is_less_certain():
    patch = np.full(5, -0.25)
    seen = np.r_[np.zeros(6), patch, np.zeros(9), patch, np.zeros(6), patch]
    low = market.learn_market(seen, np.full(36, 0.02**2))
    ahead = low.draw(24, 4000, np.random.default_rng(0))
    assert ahead[:, 0].mean() < 0.87
    # a trend of some percent a year may be in it; going on as in the patch would halve it
    assert ahead[:, 23].mean() > 0.97 * ahead[:, 0].mean()
    assert ahead[:, 23].std() > 2 * ahead[:, 0].std()


@pytest.mark.parametrize("yearly", [-0.1, 0.0, 0.1])
def test_a_trend_goes_on(yearly):
    seen = yearly * (np.arange(36) - 17.5) / 12 + np.random.default_rng(1).normal(0, 0.03, 36)
    found = market.learn_market(seen, np.full(36, 0.03**2))
    assert found.trend[0] == pytest.approx(yearly, abs=0.02)
    year = np.log(found.draw(12, 4000, np.random.default_rng(0))).mean()
    assert year == pytest.approx(
        2 * yearly, abs=0.05
    )  # from the middle of the three years to that of the next


def test_a_trend_is_not_taken_for_people_and_people_not_for_a_trend():
    for yearly in (-0.1, 0.0, 0.1):
        found = []
        for seed in range(6):
            made = tables(seed=seed, months=36)
            day = pd.to_datetime(made["deals"]["closed_on"])
            years = (day - day.min()).dt.days / 365.25
            made["deals"]["amount"] = made["deals"]["amount"].astype(float) * (1 + yearly) ** years
            found.append(hiring.learn(made).market.trend[0])
        assert np.mean(found) == pytest.approx(np.log(1 + yearly), abs=0.05)


@pytest.mark.parametrize("kind", ["pandas", "duckdb", "polars-like"])
def test_any_frame_gives_the_same(kind):
    company = tables(seed=1)
    if kind == "duckdb":
        connection = duckdb.connect()
        changed = {name: connection.from_df(frame) for name, frame in company.items()}
    elif kind == "polars-like":
        import pyarrow as pa

        changed = {name: pa.Table.from_pandas(frame) for name, frame in company.items()}
    else:
        changed = {n: f.convert_dtypes(dtype_backend="pyarrow") for n, f in company.items()}
    assert (
        hiring.learn(changed).tables()["productivity"].equals(hiring.learn(company).tables()["productivity"])
    )


def test_overrides_replace_what_was_learned_and_say_so():
    learned = hiring.learn(
        tables(),
        overrides={
            "attrition": 0.03,
            "ramp_months": {"AE": 9},
            "time_to_fill": 45,
            "productivity": 60_000,
            "margin": 0.5,
            "pay": {"AE": 9_000},
            "seasonality": [1] * 11 + [2],
        },
    )
    shown = learned.tables()
    assert learned.hazard.overall == pytest.approx(0.03, rel=1e-3)
    assert learned.fill.median_days == pytest.approx(45)
    assert float(shown["productivity"]["estimate"].iloc[0]) == 60_000
    assert shown["ramp"]["estimate"].iloc[8] == pytest.approx(8.5 / 9)
    assert shown["season"]["estimate"].iloc[11] == pytest.approx(24 / 13)
    assert float(shown["costs"]["pay_per_month"].iloc[0]) == 9_000
    for name in ("ramp", "productivity", "attrition", "time_to_fill", "season"):
        assert (shown[name]["origin"] == "override").all(), name


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        ({"atrition": 0.02}, "atrition cannot be overridden; attrition, ramp_months"),
        ({"attrition": -0.1}, "attrition is -0.1; it must be between 0 and 0.5"),
        ({"productivity": {"XX": 1}}, "names the role 'XX'; the people table has AE"),
        ({"seasonality": [1, 2]}, "twelve factors"),
    ],
)
def test_bad_overrides_are_told(overrides, words):
    with pytest.raises(SalesopsError, match=words):
        hiring.learn(tables(), overrides=overrides)


def test_diminishing_returns_curve():
    curve = Returns(np.array([10.0]), np.array([1.0]), ("declared",))
    heads = np.linspace(0, 100, 401)
    worth = curve.effective(heads, 0)
    assert worth[heads <= 10] == pytest.approx(heads[heads <= 10])
    slope = np.gradient(worth, heads)
    assert slope[1:-1] == pytest.approx(curve.marginal(heads, 0)[1:-1], abs=0.02)
    assert (np.diff(slope[42:]) < 1e-9).all()
    assert worth.max() < 20


def test_uncovered_potential_raises_what_is_supported():
    company = tables(seed=1)
    people = company["people"]
    here = people[people["left_on"].isna()]["person_id"].tolist()
    units = pd.DataFrame({"unit_id": [f"u{n}" for n in range(len(here) + 6)], "potential": 100.0})
    units["territory"] = ["held"] * len(here) + ["North"] * 4 + ["South"] * 2
    company["units"] = units.assign(latitude=0.0, longitude=0.0)
    company["assignments"] = pd.DataFrame({"unit_id": units["unit_id"][: len(here)], "person_id": here})
    covered = hiring.learn(tables(seed=1)).returns.supported[0]
    more = hiring.learn(company).returns
    assert more.supported[0] == pytest.approx(covered * (len(here) + 6) / len(here))
    assert "potential" in more.basis
    plan = hiring.plan(company, 12, 0.8, target=plan_target(company), futures=1000)
    places = plan.hires.groupby("territory")["hires"].sum()
    assert places.sum() >= 3
    assert places["North"] >= places.get("South", 0)
    assert "held" not in places.index


def plan_target(company):
    made = hiring.capacity(company, 12, futures=500, replace_leavers=False).bookings.sum(axis=1)
    return float(np.quantile(made, 0.65))


def test_fiscal_calendar_moves_the_season_and_the_quarters():
    calendar = FiscalCalendar(start_month=2)
    found = hiring.capacity(tables(), 13, calendar=calendar, target={"2027": 6e6}, futures=400)
    assert found.months["month"].tolist()[0] == "2026-12"
    assert found.months["start"].tolist()[0] == date(2026, 1, 1)
    years = found.periods.query("kind == 'year'")
    assert years["period"].tolist() == ["2026", "2027"]
    assert float(years["booked"].iloc[0]) > 0


def test_months_before_the_deals_come_from_bookings_history():
    """The same bookings, the first two years of them only as reps' monthly sums."""
    company = tables(seed=1)
    whole = hiring.learn(company)
    deals = company["deals"].assign(month=[f"{d:%Y-%m}" for d in company["deals"]["closed_on"]])
    old = deals["closed_on"] < date(2025, 1, 1)
    sums = (
        deals[deals["closed_on"] < date(2025, 3, 1)]
        .groupby(["owner_id", "month"], as_index=False)["amount"]
        .sum()
    )
    sums = sums.rename(columns={"owner_id": "who", "amount": "value"}).assign(level="rep", metric="bookings")
    split = hiring.learn({**company, "deals": deals[~old], "bookings_history": sums})
    assert len(split.panel.months) == 36
    assert split.panel.booked == pytest.approx(
        whole.panel.booked
    )  # January and February are not counted twice
    assert split.season.origin == "learned"
