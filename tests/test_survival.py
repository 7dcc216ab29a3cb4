"""Survival, medians and competing ends: textbook figures, and truths that are found again."""

import numpy as np
import pytest

from salesops_nb.core import statistics as s


def test_the_interval_of_a_curve_is_that_of_the_textbook():
    # Kalbfleisch & Prentice's log-log interval of the 6-MP arm of Freireich et al. 1963, by R's survfit
    # (conf.type = "log-log"): at 6 weeks 0.857 (0.620, 0.952), at 23 weeks 0.448 (0.188, 0.680)
    weeks = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
    relapse = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]
    found = s.kaplan_meier(weeks, relapse).set_index("time")
    assert found.loc[6, ["survival", "low", "high"]].tolist() == pytest.approx(
        [0.857, 0.620, 0.952], abs=5e-4
    )
    assert found.loc[23, ["survival", "low", "high"]].tolist() == pytest.approx(
        [0.448, 0.188, 0.680], abs=5e-4
    )
    middle = s.survival_quantile(weeks, relapse, confidence=0.95)
    assert (middle.value, middle.low, middle.n, middle.ended) == (23, 13, 21, 9)
    assert np.isnan(middle.high)


def test_what_has_not_ended_is_no_end():
    days, over = [1, 2, 3, 50, 60, 70], [1, 1, 1, 0, 0, 0]
    assert s.survival_quantile(days, over).value > 2
    assert np.isnan(s.survival_quantile([1, 2, 3, 4], [0, 0, 0, 0]).value)
    assert s.survival_quantile([], []).n == 0


def test_a_share_without_censoring_is_the_plain_one_and_its_interval_wilsons_at_the_ends():
    found = s.final_incidence([1, 2, 3, 4, 5], [1, 2, 1, 2, 1])
    assert found.share == pytest.approx(3 / 5)
    assert found.surviving == 0
    sure = s.final_incidence([1, 2], [1, 1])
    assert (sure.share, sure.low) == (1.0, pytest.approx(s.wilson(2, 2, 0.9).low))
    assert np.isnan(s.final_incidence([3.0, 4.0], [0, 0]).share)


def test_medians_and_shares_are_found_again_where_four_in_ten_are_censored():
    rng = np.random.default_rng(4)
    true, inside, near, held = 10 * np.log(2), [], [], []
    for _ in range(200):
        days, seen = rng.exponential(10, 400), rng.exponential(15, 400)
        found = s.survival_quantile(np.minimum(days, seen), days <= seen)
        inside.append(found.low <= true <= found.high)
        near.append(found.value / true - 1)
        cause = np.where(rng.random(400) < 0.6, 1, 2)
        share = s.final_incidence(np.minimum(days, seen), np.where(days <= seen, cause, 0))
        held.append(share.low <= 0.6 <= share.high)
    assert 0.84 <= np.mean(inside) <= 0.96
    assert abs(np.mean(near)) < 0.02
    assert np.mean(held) >= 0.82
