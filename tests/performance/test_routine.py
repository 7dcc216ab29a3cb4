"""Limits of routine variation: what is a signal, what is not, and that chart and signals say the same."""

import numpy as np
import pytest

from salesops_nb.core.statistics.routine import FEWEST, routine

SEASON = np.tile([78, 99, 125, 74, 103, 122, 75, 98, 127, 73, 101, 126], 2).astype(float)


@pytest.mark.parametrize("scale", [1e-3, 1, 1e9])
def test_the_scale_of_the_money_does_not_matter(scale):
    plain, scaled = routine(SEASON), routine(SEASON * scale)
    np.testing.assert_allclose(scaled.upper, plain.upper * scale, rtol=1e-6)


@pytest.mark.parametrize("at", range(24))
def test_a_month_twice_as_high_is_a_signal_wherever_it_stands(at):
    months = SEASON * np.random.default_rng(at).normal(1, 0.03, 24)
    months[at] *= 2
    assert np.flatnonzero(routine(months).signals).tolist() == [at]


@pytest.mark.parametrize("first_month", range(12))
def test_a_season_is_routine_wherever_the_year_begins(first_month):
    assert not routine(np.roll(SEASON, -first_month), first_month).signals.any()


def test_a_fall_of_the_last_quarter_is_seen_and_widens_no_other_limit():
    months = SEASON * np.random.default_rng(3).normal(1, 0.05, 24)
    before = routine(months)
    months[-3:] *= 0.6
    after = routine(months)
    assert np.flatnonzero(after.signals).tolist() == [21, 22, 23]
    assert (after.upper - after.lower)[:21].mean() < 1.3 * (before.upper - before.lower)[:21].mean()


def test_one_large_deal_is_no_signal_and_is_named():
    rng = np.random.default_rng(1)
    deals = [rng.lognormal(4, 0.3, 12) for _ in range(24)]
    deals[14] = np.append(deals[14], 1_500.0)
    sums, largest = ([f(each) for each in deals] for f in (np.sum, np.max))
    assert np.flatnonzero(routine(sums).signals).tolist() == [14]
    spared = routine(sums, 0, largest, float(np.concatenate(deals).mean()))
    assert not spared.signals.any()
    assert np.flatnonzero(spared.one_deal).tolist() == [14]


@pytest.mark.parametrize("seed", range(30))
def test_a_month_outside_its_limits_is_a_signal_or_one_deal(seed):
    rng = np.random.default_rng(seed)
    deals = [rng.pareto(1.6, n) + 1 for n in rng.poisson(6, 20)]
    values = np.array([each.sum() for each in deals])
    found = routine(values, 3, [each.max(initial=0) for each in deals], 2.0)
    outside = (values < found.lower - 1e-9) | (values > found.upper + 1e-9)
    assert not (outside & ~found.signals & ~found.one_deal).any()
    assert (found.lower <= found.expected + 1e-9).all()
    assert (found.expected <= found.upper + 1e-9).all()


@pytest.mark.parametrize("months", [[], [5.0] * (FEWEST - 1), [0.0] * 24])
def test_too_few_months_or_nothing_booked_have_no_limits(months):
    assert routine(months) is None


def test_months_that_are_all_alike_and_months_of_nothing_are_routine():
    assert not routine([500.0] * 24).signals.any()
    assert not routine([0, 0, 3, 0, 5, 0, 0, 2, 0, 4, 0, 0]).signals.any()
