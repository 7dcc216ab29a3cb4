"""Tests of differences between groups, against the libraries that have them, and on data without any."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from statsmodels.duration.survfunc import survdiff

from salesops_nb.core.statistics.comparisons import FEW, rates_differ, times_differ


@pytest.mark.parametrize("seed", range(20))
def test_rates_agree_with_scipy(seed):
    rng = np.random.default_rng(seed)
    groups = int(rng.integers(2, 6))
    cases = rng.integers(5, 200, groups)
    won = rng.binomial(cases, rng.uniform(0.2, 0.8, groups))
    table = np.array([won, cases - won])
    found = rates_differ(won, cases)
    if groups == 2:
        assert found.p == pytest.approx(stats.fisher_exact(table)[1])
        assert found.test == "fisher"
    else:
        assert found.p == pytest.approx(stats.chi2_contingency(table, correction=False)[1])
        assert found.test == "chi-square"
    assert found.n == cases.sum()


def test_many_cases_go_by_chi_square():
    found = rates_differ([FEW, FEW // 2], [2 * FEW, FEW])
    assert (found.test, found.p) == ("chi-square", 1.0)


@pytest.mark.parametrize(("won", "cases"), [([1], [3]), ([0, 0], [3, 4]), ([3, 4], [3, 4]), ([1, 0], [3, 0])])
def test_where_nothing_can_be_compared_nothing_is_said(won, cases):
    assert rates_differ(won, cases) is None


@pytest.mark.parametrize("seed", range(20))
def test_times_agree_with_statsmodels_and_counts_are_cases(seed):
    rng = np.random.default_rng(seed)
    n, groups = int(rng.integers(30, 200)), int(rng.integers(2, 5))
    code = rng.integers(0, groups, n)
    time = np.ceil(rng.exponential(20 * (1 + code * rng.random()), n))  # with ties
    event = rng.random(n) < 0.7
    counts = rng.integers(1, 4, n)
    found = times_differ(time, event, code, counts)
    every = np.repeat(np.arange(n), counts)
    assert found.p == pytest.approx(survdiff(time[every], event[every].astype(int), code[every])[1])
    assert found.n == counts.sum()


def test_two_groups_agree_with_scipy_too():
    rng = np.random.default_rng(5)
    a, b = rng.exponential(10, 60), rng.exponential(14, 70)
    known = stats.logrank(a, b).pvalue
    code = np.repeat([0, 1], [60, 70])
    found = times_differ(np.concatenate([a, b]), np.ones(130), code, np.ones(130))
    assert found.p == pytest.approx(known, rel=1e-6)


def test_groups_that_are_alike_are_told_apart_as_often_as_said():
    rng = np.random.default_rng(1)
    code = np.repeat(np.arange(4), 40)
    ps = [
        times_differ(np.ceil(rng.weibull(0.8, 160) * 30), rng.random(160) < 0.6, code, np.ones(160)).p
        for _ in range(400)
    ]
    assert 0.02 < np.mean(np.array(ps) < 0.05) < 0.09


def test_without_two_groups_or_an_event_nothing_is_said():
    assert times_differ([1, 2], [1, 1], ["a", "a"], [1, 1]) is None
    assert times_differ([1, 2], [0, 0], ["a", "b"], [1, 1]) is None
