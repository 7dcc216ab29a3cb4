"""Published values where there are any; where not, what must hold, on simulated data with known truth."""

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesops_nb.core import statistics as s


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        # statpsych's manual, ci.prop
        (lambda: s.wilson(12, 100, continuity=True), (0.06625153, 0.2039772)),
        # SciPy's manual, BinomTestResult.proportion_ci
        (lambda: s.exact_interval(7, 50), (0.05819170033997342, 0.26739600249700846)),
        (lambda: s.wilson(7, 50), (0.0695083, 0.2618619)),
        (lambda: s.wilson(0, 0), (0, 1)),
    ],
)
def test_intervals_of_a_proportion(made, expected):
    assert made() == pytest.approx(expected, abs=1e-6)


def test_counts_that_cannot_be_are_refused():
    with pytest.raises(ValueError, match="between 0 and n, received 5 of 3"):
        s.wilson(5, 3)


def test_kaplan_meier_of_bewick_2004():
    found = s.kaplan_meier([1, 1, 4, 5, 6, 9, 9, 22], [1, 1, 1, 1, 0, 1, 0, 1]).set_index("time")
    assert found["survival"].to_dict() == pytest.approx({1: 0.75, 4: 0.625, 5: 0.5, 9: 1 / 3, 22: 0})


def test_aalen_johansen_without_competition_is_kaplan_meier():
    times, seen = [1, 1, 4, 5, 6, 9, 9, 22], [1, 1, 1, 1, 0, 1, 0, 1]
    one = s.aalen_johansen(times, seen)
    assert one["surviving"].to_numpy() == pytest.approx(s.kaplan_meier(times, seen)["survival"].to_numpy())
    assert (one["cause_1"] + one["surviving"]).to_numpy() == pytest.approx(1)


def test_aalen_johansen_finds_the_truth_that_censoring_losses_would_miss():
    rng = np.random.default_rng(3)
    n = 40_000
    won, lost, censored = rng.exponential(60, n), rng.exponential(90, n), rng.uniform(0, 300, n)
    time = np.minimum.reduce([won, lost, censored])
    cause = np.where(time == censored, 0, np.where(time == won, 1, 2))
    found = s.aalen_johansen(time, cause)
    at = found[found["time"] <= 50].iloc[-1]
    truth = 0.6 * (1 - np.exp(-50 * (1 / 60 + 1 / 90)))
    assert at["cause_1"] == pytest.approx(truth, abs=0.01)
    assert found[["surviving", "cause_1", "cause_2"]].sum(axis=1).to_numpy() == pytest.approx(1)


def test_aalen_johansen_counts_stand_for_repeated_rows():
    rows = s.aalen_johansen([3, 3, 5, 8, 8, 8], [1, 1, 2, 0, 1, 1])
    counted = s.aalen_johansen([3, 5, 8, 8], [1, 2, 0, 1], [2, 1, 1, 2])
    assert rows.equals(counted)


def test_left_truncation_keeps_late_entrants_out_of_the_early_risk_set():
    found = s.aalen_johansen([2, 6, 7], [1, 1, 1], entry=[0, 0, 5])
    assert found["surviving"].to_list() == pytest.approx([1 / 2, 1 / 4, 0])


def test_empirical_bayes_of_baseball():
    """Robinson 2015: 4 of 10 ranks under 300 of 1000 once both are drawn towards the prior."""
    found = s.empirical_bayes([300, 4], [1000, 10], prior=(78.7, 224.9))
    assert found["estimate"].to_list() == pytest.approx([0.29, 0.264], abs=1e-3)


def test_shrunk_intervals_hold_the_truth_more_often_than_they_say():
    """They are as wide as the best and worst groups need: see docs/calibration.md."""
    rng = np.random.default_rng(5)
    truth = rng.beta(30, 20, 3000)
    trials = rng.integers(3, 200, 3000)
    found = s.empirical_bayes(rng.binomial(trials, truth), trials, confidence=0.9)
    held = ((found["low"] <= truth) & (truth <= found["high"])).mean()
    assert 0.9 < held < 0.98


def test_groups_alike_are_drawn_to_the_common_rate():
    found = s.empirical_bayes([30, 3, 300], [60, 6, 600])
    assert found["estimate"].to_list() == pytest.approx([0.5] * 3, abs=0.01)


def test_bootstrap_ratio_holds_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(7)
    groups = np.repeat(np.arange(400), 150)
    amount = rng.lognormal(7, 0.8, len(groups)).round(2)
    won = rng.random(len(groups)) < 0.6
    found = s.bootstrap_ratio(amount * won, amount, groups=groups, confidence=0.9)
    assert ((found["low"] <= 0.6) & (found["high"] >= 0.6)).mean() == pytest.approx(0.9, abs=0.04)


def test_bootstrap_ratio_does_not_depend_on_the_order_of_rows():
    rng = np.random.default_rng(9)
    top, bottom = rng.integers(0, 9, 50), rng.integers(9, 20, 50)
    order = rng.permutation(50)
    assert s.bootstrap_ratio(top, bottom).equals(s.bootstrap_ratio(top[order], bottom[order]))


def test_xmr_of_the_sas_manual():
    found = s.xmr([3.4, 3.7, 3.6])
    assert np.isnan(found.moving_ranges[0])
    assert found.moving_ranges[1:] == pytest.approx([0.3, 0.1])


def test_xmr_signals_a_point_outside_and_a_long_run():
    assert s.xmr([10, 11, 10, 9, 10, 11, 30, 10, 9]).signals.tolist() == [False] * 6 + [True] + [False] * 2
    shifted = s.xmr([9, 10, 9, 10, 9, 10, 9, 10, 13, 14, 13, 14, 13, 14, 13, 14])
    assert shifted.signals[7]
    assert shifted.signals[15]
    assert not shifted.signals[6]


def test_benjamini_hochberg_steps_up():
    assert s.benjamini_hochberg([0.02, 0.024, 0.9]) == pytest.approx([0.036, 0.036, 0.9])


def test_mix_rate_leaves_nothing_over():
    found = s.mix_rate([30, 100, 70], [0.02, 0.06, 0.05], [50, 110, 75], [0.019, 0.062, 0.05]).sum()
    assert found["rate_effect"] == pytest.approx(0.000787, abs=1e-6)
    assert found["mix_effect"] == pytest.approx(-0.002265, abs=1e-6)


def test_gini_corrects_a_published_sign_slip():
    assert s.gini([10, 20, 30, 40, 50]) == pytest.approx(4 / 15)


def test_exactly_four_fifths_is_not_flagged():
    found = s.impact_ratios({"White": 0.6, "AmericanIndian": 0.45, "Hispanic": 0.48, "Black": 0.51})
    assert found.index[found["flagged"]].tolist() == ["AmericanIndian"]


LINES = st.dictionaries(
    st.sampled_from("abcdefg"), st.tuples(st.integers(0, 50), st.decimals(0, 10**6, places=2)), max_size=7
)


@given(LINES, LINES)
def test_price_volume_mix_adds_up_exactly(before, after):
    parts = s.price_volume_mix(before, after)
    gone = sum((money for _, money in after.values()), Decimal(0)) - sum(
        (money for _, money in before.values()), Decimal(0)
    )
    assert sum(parts) == gone


def test_price_volume_mix_by_hand():
    parts = s.price_volume_mix(
        {"a": (10, Decimal(100)), "b": (10, Decimal(300))}, {"a": (20, Decimal(220)), "b": (10, Decimal(300))}
    )
    # thirty at the old mean of 20 is 600; at old prices they are worth 500; they brought 520
    assert parts == (Decimal(200), Decimal(-100), Decimal(20), Decimal(0))


def test_ranks_that_cannot_be_told_apart_span_widely():
    same = s.rank_intervals(lambda rng: rng.normal(0, 1, (4000, 10)))
    apart = s.rank_intervals(lambda rng: rng.normal(0, 1, (4000, 3)) + np.array([30.0, 20.0, 10.0]))
    assert (same["high"] - same["low"]).min() >= 7
    assert apart["low"].tolist() == apart["high"].tolist() == [1, 2, 3]
