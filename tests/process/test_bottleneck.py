"""The bottleneck: found where it is planted, not claimed where nothing is, and not named from too little."""

from datetime import date

import numpy as np
import pandas as pd
import pytest
from process_logs import STAGES, company

from salesops_nb import process
from salesops_nb.core.periods import FiscalCalendar
from salesops_nb.notebook.process_review import finding
from salesops_nb.process.bottleneck import conversion_rows, judged, time_rows
from salesops_nb.process.gaps import Entries, Gaps, conversion_gaps, waiting_gaps

YEAR = FiscalCalendar().period("2017")


def table(**planted):
    found = process.review(company(2400, **planted), YEAR, stages=STAGES)
    assert found.within.state == "teams"
    return found.bottlenecks


@pytest.mark.parametrize("seed", range(3))
def test_a_team_that_converts_less_is_first_and_claimed(seed):
    top = table(seed=seed, weak=0.7).iloc[0]
    assert (top["kind"], top["stage"], top["team"], top["claimed"]) == ("conversion", "Demo", "T0", True)
    assert top["own"] / top["peers"] == pytest.approx(0.7, abs=0.1)
    assert top["low"] < top["money"] < top["high"]
    assert top["n"] > 500


@pytest.mark.parametrize("seed", range(3))
def test_a_team_that_is_slow_is_first_and_claimed(seed):
    top = table(seed=seed, slow=2.0).iloc[0]
    assert (top["kind"], top["stage"], top["team"], top["claimed"]) == ("time", "Demo", "T0", True)
    assert top["own"] > 1.5 * top["peers"]
    assert top["own_cycle"] > top["peers_cycle"]


def test_where_nothing_is_planted_little_is_promised():
    for seed in range(4):
        found = table(seed=seed)
        assert found["claimed"].sum() <= 1
        assert len(found) == 2 * 3 * 3


def test_a_team_alone_has_its_own_rows():
    whole = process.review(company(2400, weak=0.7), YEAR, stages=STAGES)
    alone = process.review(company(2400, weak=0.7), YEAR, team="T0", stages=STAGES)
    mine = whole.bottlenecks[whole.bottlenecks["team"] == "T0"].reset_index(drop=True)
    pd.testing.assert_frame_equal(alone.bottlenecks, mine)
    assert alone.conversions["entered"].sum() < whole.conversions["entered"].sum()


@pytest.mark.parametrize(("deals", "state"), [(450, "company"), (150, "too little")])
def test_too_little_names_nobody(deals, state):
    found = process.review(company(deals, weak=0.5), YEAR, stages=STAGES)
    assert found.within.state == state
    assert found.claims.empty
    assert len(found.conversions) == 3  # the company's own figures stand


def test_a_quarter_that_is_too_small_takes_in_the_three_before():
    history = process.read(company(2400), stages=STAGES)
    quarter = FiscalCalendar().period("2017-Q4")
    found = process.window(history, quarter)
    assert found.pooled
    assert [each.key for each in found.periods] == ["2017-Q1", "2017-Q2", "2017-Q3", "2017-Q4"]
    assert found.quarters == pytest.approx(4, abs=0.01)
    assert not process.window(process.read(company(9600), stages=STAGES), quarter).pooled


def entries(team, stratum, days, over, onward, strata=1, seller=None):
    """Entries into one stage of three teams."""
    seller = team * 6 + np.arange(len(team)) % 6 if seller is None else seller
    return Entries(np.zeros(len(team), np.int64), team, seller, stratum, days, over, onward, (1, 3, strata))


def test_a_mix_of_hard_deals_is_no_bottleneck():
    # a team with twice as many hard deals converts less, and within each kind as its peers do
    rng = np.random.default_rng(1)
    team = np.repeat([0, 1, 2], 600)
    hard = rng.random(1800) < np.where(team == 0, 0.8, 0.3)
    onward = rng.random(1800) < np.where(hard, 0.3, 0.8)
    all_ = np.ones(1800, bool)
    of = entries(team, hard.astype(np.int64), rng.exponential(5, 1800), all_, onward, 2)
    found = conversion_gaps(of, rng)
    assert found.p[0, 0] > 0.05
    assert found.own[0, 0] / found.peers[0, 0] == pytest.approx(1, abs=0.12)
    plain = conversion_gaps(of.within(np.zeros(1800, np.int64), 1), rng)
    assert plain.p[0, 0] < 1e-6


def test_the_youngest_do_not_look_like_failures():
    # all convert alike, failures take three times as long, and team 0 has only deals of the last days
    rng = np.random.default_rng(2)
    n = 3000
    team = np.repeat([0, 1, 2], n // 3)
    onward = rng.random(n) < 0.6
    stay = rng.exponential(np.where(onward, 5, 15))
    seen = np.where(team == 0, rng.uniform(0, 40, n), 200.0)
    over = stay <= seen
    of = entries(team, np.zeros(n, np.int64), np.minimum(stay, seen), over, onward & over)
    found = conversion_gaps(of, rng)
    assert found.p.min() > 0.02
    assert (onward & over)[over & (team == 0)].mean() > 0.65  # as counted plainly, it looks better


def of_sellers(rng, differ, sellers=8, deals=60):
    """Three teams of sellers who differ by a standard deviation of log odds and log stays; teams do not."""
    seller = np.repeat(np.arange(3 * sellers), deals)
    skill, pace = rng.normal(0, differ, (2, 3 * sellers))
    onward = rng.random(len(seller)) < 1 / (1 + np.exp(-skill[seller]))
    all_ = np.ones(len(seller), bool)
    stay = rng.exponential(10 * np.exp(pace[seller]))
    return entries(seller // sellers, np.zeros(len(seller), np.int64), stay, all_, onward, seller=seller)


def test_sellers_who_differ_on_their_own_are_no_bottleneck_of_their_team():
    """A test at 5 % finds 5 %; taken for chance between deals, sellers would make it 28 and 37 %."""
    rng = np.random.default_rng(3)
    drawn = [of_sellers(rng, 0.4) for _ in range(150)]
    for p in ([conversion_gaps(of, rng).p for of in drawn], [waiting_gaps(of).p for of in drawn]):
        assert np.mean(np.array(p) < 0.05) < 0.08
    alike = [of_sellers(rng, 0.0) for _ in range(150)]
    assert 0.015 < np.mean([conversion_gaps(of, rng).p < 0.05 for of in alike]) < 0.07


def test_where_each_team_is_one_person_nothing_is_told_of_teams(words):
    rng = np.random.default_rng(4)
    assert np.isnan(conversion_gaps(of_sellers(rng, 0.0, sellers=1, deals=500), rng).own).all()
    found = process.review(company(2400, weak=0.5, sellers=1), YEAR, stages=STAGES)
    assert (found.within.state, len(found.bottlenecks)) == ("teams", 0)
    finding.headlines(found)
    assert "too few sellers" in words[0]


def gaps(gain, low=0.0, high=1.0, p=0.001):
    one = [np.array([[value]]) for value in (1000.0, 0.6, 0.8, p, gain, low, high, 0.3, 0.1)]
    return Gaps(*one)


def test_a_gain_is_capped_by_what_comes_after_and_by_what_waits():
    free, one = np.array([[np.inf]]), np.array([[100.0]])
    by = np.array([["Offer"]], object)
    row = conversion_rows(["Demo"], ["T"], gaps(0.4, 0.1, 0.6), one, free, by).iloc[0]
    assert (row["money"], row["low"], row["high"], row["capped_by"]) == (40, 10, 60, "")
    row = conversion_rows(["Demo"], ["T"], gaps(0.4, 0.1, 0.6), one, np.array([[1.25]]), by).iloc[0]
    assert (row["money"], row["high"], row["capped_by"]) == (25, 25, "Offer")
    medians = np.array([[15.0]]), np.array([[10.0]])
    row = time_rows(["Demo"], ["T"], gaps(0.4), one, free, medians).iloc[0]
    assert (row["money"], row["gain"]) == (400, 0.4)  # four days of 100 a day
    row = time_rows(["Demo"], ["T"], gaps(0.9), one, free, medians).iloc[0]
    assert row["money"] == 500  # no more than the five days that medians differ by
    row = time_rows(["Demo"], ["T"], gaps(0.4), one, np.array([[250.0]]), medians).iloc[0]
    assert (row["money"], row["capped_by"]) == (250, "waiting")


def test_what_is_claimed_counts_the_comparisons():
    rows = pd.DataFrame({"p": [0.004, 0.03, 0.5], "low": [1.0, 1.0, -1.0], "money": [5.0, 9.0, 0.0]})
    found = judged(rows)
    assert found["money"].tolist() == [9.0, 5.0, 0.0]
    assert found["claimed"].tolist() == [True, True, False]
    assert judged(rows.assign(p=[0.004, 0.04, 0.5]))["claimed"].tolist() == [True, False, False]


def test_waiting_gaps_know_that_stays_which_go_on_are_long():
    rng = np.random.default_rng(5)
    n = 1200
    team = np.repeat([0, 1, 2], n // 3)
    stay = rng.exponential(np.where(team == 0, 20, 10))
    of = entries(team, np.zeros(n, np.int64), np.minimum(stay, 15), stay <= 15, stay <= 15)
    found = waiting_gaps(of)
    assert found.p[0, 0] < 1e-6 < found.p[0, 1]
    assert found.gain[0, 0] == pytest.approx(1.0, abs=0.25)


def test_an_earlier_day_is_reviewed_as_it_was_known(demo):
    found = process.review(demo.tables, demo.period("2017-Q3"), date(2017, 9, 30), stages=demo.stages)
    assert found.history.as_of == date(2017, 9, 30)
    assert found.history.passes.entered.max() < found.history.now
    assert (found.history.deals["outcome"] == "open").sum() > 2089
