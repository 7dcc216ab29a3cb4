"""Survivors are not hires: people's output and who of them leaves, learned together from known truths."""

from __future__ import annotations

import numpy as np
import pytest

from salesops_nb.forecast.learning.attrition import BANDS, WEAKER, learn_hazard
from salesops_nb.forecast.learning.own import MEANS, Record, learn_own
from salesops_nb.forecast.learning.productivity import SPREADS, drift_of, with_tail


def _people(rng, weaker, people=300, months=36, a_month=2.0):
    """Hires of the last eight years with a mean of one; seen are those who still were there at the start."""
    own = rng.gamma(5.0, 0.2, people * 3)
    hired = -rng.uniform(-months + 1, 60, len(own))
    stays = rng.exponential(1 / (0.02 * own**-weaker))
    leaves = hired + stays
    here = np.flatnonzero(leaves > 0)[:people]
    first, last = np.maximum(hired[here], 0.0), np.minimum(leaves[here], months)
    mean = a_month * (last - first)
    upper = np.append(BANDS[1:], np.inf)

    def spent(low, high):
        return np.maximum(np.minimum(high[:, None], upper) - np.maximum(low[:, None], BANDS), 0.0)

    count = rng.poisson(own[here] * mean).astype(float)
    tenure = first - hired[here], last - hired[here]
    left = (leaves[here] < months).astype(float)
    record = Record(count, mean, (count, mean), spent(np.zeros(len(here)), tenure[0]), spent(*tenure), left)
    return record, learn_hazard(*tenure, left), own[here]


@pytest.mark.parametrize("weaker", [0.0, 1.2])
def test_hires_are_told_from_survivors(weaker):
    record, hazard, own = _people(np.random.default_rng(0), weaker)
    role = np.zeros(len(own), dtype=np.int64)
    found = learn_own(record, role, 1, hazard, leavers_known=True)
    joint = found.joint[0]
    assert joint.sum() == pytest.approx(1.0)
    assert float(found.weaker @ WEAKER) == pytest.approx(weaker, abs=0.45)
    assert float(joint.sum(axis=(0, 1)) @ MEANS) == pytest.approx(1.0, abs=0.07)
    assert float(joint.sum(axis=(0, 2)) @ SPREADS) == pytest.approx(0.447, abs=0.07)
    assert np.corrcoef(found.shape / found.rate, own)[0, 1] > 0.8


def test_nothing_is_said_of_leavers_who_are_not_known():
    record, hazard, own = _people(np.random.default_rng(4), 1.2, people=60)
    found = learn_own(record, np.zeros(len(own), dtype=np.int64), 1, hazard, leavers_known=False)
    assert found.weaker.tolist() == [1.0, *[0.0] * (len(WEAKER) - 1)]
    assert (found.typical == 1.0).all()


@pytest.mark.parametrize("drift", [0.0, 0.3])
def test_change_of_a_rep_is_told_from_noise(drift):
    rng = np.random.default_rng(5)
    own = rng.gamma(5.0, 0.2, 200)[:, None]
    steps = rng.normal(0, drift / np.sqrt(12), (200, 36)).cumsum(axis=1)
    expected = np.full((200, 36), 10.0)
    booked = rng.poisson(own * expected * np.exp(steps)).astype(float)
    found = drift_of(booked, expected, np.ones(200))
    assert found < 0.06 if not drift else found == pytest.approx(drift * np.sqrt(2 / 3), abs=0.07)


def test_the_upper_end_of_the_spread_has_the_heavier_tail():
    spread = np.array([0.2, 0.5, 0.8])
    assert (with_tail(spread) > spread).all()
    assert with_tail(spread) == pytest.approx([0.2, 0.52, 0.9], abs=0.005)
