"""The chances that targets are met come about as often as they say, in companies of known truth."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from salesops_nb.targets.outlook import outlook

_spec = importlib.util.spec_from_file_location(
    "target_companies", Path(__file__).parents[2] / "bench" / "target_companies.py"
)
companies = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(companies)
HISTORY = 36


@pytest.fixture(scope="module")
def trials():
    """Outlooks made from three years, and what the fourth brought."""
    made = []
    for seed in range(150):
        booked, effort, season = companies.company(seed)
        coming = effort[:, HISTORY:] * season[HISTORY:]
        seen = outlook(booked[:, :HISTORY], effort[:, :HISTORY], season[:HISTORY], coming, seed)
        made.append((seen, booked[:, HISTORY:].sum(axis=1)))
    return made


def test_eighty_percent_intervals_hold_four_years_in_five(trials):
    inside = [
        (seen.draws < came).mean(axis=0) for seen, came in trials
    ]  # where in its forecast each rep's year fell
    place = np.concatenate(inside)
    assert 0.75 < ((place > 0.1) & (place < 0.9)).mean() < 0.87
    whole = np.array([(seen.draws.sum(axis=1) < came.sum()).mean() for seen, came in trials])
    assert 0.68 < ((whole > 0.1) & (whole < 0.9)).mean() < 0.90


def test_targets_are_met_as_often_as_the_probability_says(trials):
    said, met = [], []
    for i, (seen, came) in enumerate(trials):
        factor = np.random.default_rng(i).uniform(0.6, 1.5, len(came))
        target = seen.mean * factor
        said.append((seen.draws >= target).mean(axis=0))
        met.append(came >= target)
    said, met = np.concatenate(said), np.concatenate(met)
    for low in np.arange(0.0, 1.0, 0.2):
        chosen = (said >= low) & (said < low + 0.2)
        assert chosen.sum() > 150
        assert met[chosen].mean() == pytest.approx(said[chosen].mean(), abs=0.07)


def test_share_of_reps_at_quota_comes_about(trials):
    said = np.mean([(seen.draws >= 1.05 * seen.mean).mean() for seen, _ in trials])
    came = np.mean([(actual >= 1.05 * seen.mean).mean() for seen, actual in trials])
    assert came == pytest.approx(said, abs=0.05)


def test_the_draws_have_the_expected_means():
    booked, effort, season = companies.company(3)
    seen = outlook(booked, effort, season, effort[:, -12:] * season[-12:], 1)
    assert seen.draws.mean(axis=0) == pytest.approx(seen.mean, rel=0.05)
    assert np.array_equal(
        seen.draws, outlook(booked, effort, season, effort[:, -12:] * season[-12:], 1).draws
    )


def test_few_months_are_drawn_to_the_rate_of_all():
    booked, effort, season = companies.company(5)
    effort[0, :] = 0
    effort[0, 35] = 1.0
    booked[0, :] = 0
    booked[0, 35] = 150_000  # one lucky month
    seen = outlook(booked[:, :36], effort[:, :36], season[:36], effort[:, 36:] * season[36:])
    own, of_all = 150_000 / season[35], np.median(seen.rate)
    assert of_all < seen.rate[0] < (own + of_all) / 2
