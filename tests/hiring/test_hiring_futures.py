"""Futures that are kept give the plan that futures drawn anew give; and go when anything is another."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hiring_tables import tables

from salesops_nb import hiring
from salesops_nb.core.memo import Memo
from salesops_nb.forecast.simulation import futures
from salesops_nb.forecast.simulation.draws import draw
from salesops_nb.forecast.simulation.pool import Pool

ASKED = {
    "as it was": {},
    "target": {"target": 6e6},
    "confidence": {"confidence": 0.6},
    "budget": {"budget": 300_000},
    "seed": {"seed": 1},
    "futures": {"futures": 700},
    "horizon": {"horizon": 9},
    "leavers replaced": {"replace_leavers": True},
    "attrition stated": {"overrides": {"attrition": 0.04}},
    "ramp stated": {"overrides": {"ramp_months": 9}},
    "heads stated": {"overrides": {"supported": 14}},
}


@pytest.fixture(scope="module")
def company():
    return tables(seed=6, heads=8, roles=("AE",))


@pytest.fixture(scope="module")
def learned(company):
    return hiring.learn(company)


def _plan(company, learned, **asked):
    given = {"horizon": 12, "confidence": 0.7, "target": 5e6, "futures": 600, **asked}
    return hiring.plan(company, confidence_of="horizon", learned=learned, **given)


@pytest.mark.parametrize("other", ASKED.values(), ids=ASKED)
def test_a_plan_after_another_is_the_plan_alone(company, learned, other):
    alone = _plan(company, replace(learned, memo=Memo()), **other)
    learned = replace(learned, memo=Memo())
    _plan(company, learned)
    after = _plan(company, learned, **other)
    assert (after.probability, after.cost, after.words) == (alone.probability, alone.cost, alone.words)
    for name in ("hires", "comparison"):
        pd.testing.assert_frame_equal(getattr(after, name), getattr(alone, name), check_exact=True)
    pd.testing.assert_frame_equal(after.capacity.months, alone.capacity.months, check_exact=True)


def test_only_what_is_drawn_from_something_else_is_drawn_again(company, learned, monkeypatch):
    drawn = []
    really = futures._drawn
    learned = replace(learned, memo=Memo())
    monkeypatch.setattr(futures, "_drawn", lambda *given: drawn.append(1) or really(*given))
    counts = {}
    for name, other in ASKED.items():
        _plan(company, learned)
        before = len(drawn)
        _plan(company, learned, **other)
        counts[name] = len(drawn) - before
    kept = {name for name, times in counts.items() if not times}
    assert kept == {"as it was", "target", "confidence", "budget", "leavers replaced", "heads stated"}


def test_few_futures_of_an_estimate_are_kept_beside_the_many(company, learned, monkeypatch):
    drawn = []
    really = futures._drawn
    learned = replace(learned, memo=Memo())
    monkeypatch.setattr(futures, "_drawn", lambda *given: drawn.append(given[2]) or really(*given))
    for number in (1_200, 500, 1_200, 500):
        _plan(company, learned, futures=number)
    assert drawn == [1_200, 1_200, 500, 500]


def test_people_stay_who_they_are_where_only_what_becomes_of_them_moves(learned):
    def drawn(known, seed=1):
        return draw(known, np.arange(9), 300, np.random.default_rng([seed, 0]))

    pool = Pool(learned, drawn(learned), 1)
    pool.person(0, 0)
    for seed, stated, same in [
        (1, {"ramp_months": 9}, True),
        (1, {"time_to_fill": 20}, True),
        (2, {}, False),
        (1, {"spread": 0.2}, False),
    ]:
        known = learned.override(**stated)
        other = pool.like(known, drawn(known, seed), seed)
        assert ((0, 0) in other.fates) is same
        alone = Pool(known, other.draws, seed).output(0, np.full(9, 2))
        assert (other.output(0, np.full(9, 2)) == alone).all()


def test_hires_add_up_to_the_same_from_whatever_kept_sum(learned):
    months = np.arange(9)
    draws = draw(learned, months, 300, np.random.default_rng(1))
    plans = [
        [3, 0, 0, 2],
        [4, 0, 0, 2],
        [4, 1, 0, 0],
        [0, 0, 0, 0],
        [3, 0, 9, 2],
        [3, 0, 0, 2],
        [40, 30, 0, 2],
    ]
    walked = Pool(learned, draws, 1)
    for plan in plans:
        counts = np.array([*plan, *[0] * (9 - len(plan))])
        found = walked.output(0, counts)
        assert (found == Pool(learned, draws, 1).output(0, counts)).all()  # exactly, not nearly
        paths = [walked.path(0, n, month) for n, month in enumerate(np.repeat(np.arange(9), counts))]
        walked_to = sum((path.output for path in paths), np.zeros((300, 9)))
        assert found == pytest.approx(walked_to, rel=1e-6, abs=1e-9)
        assert (walked.heads(0, counts) == sum((path.heads for path in paths), np.zeros((300, 9)))).all()
