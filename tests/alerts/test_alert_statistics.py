"""Charts, change points and shifts: exact anchors, generated twins, and the edges."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from salesops_nb.alerts.change_points import change_points, likeliest
from salesops_nb.alerts.charts import LIMITS, RUN_OF_EIGHT, Rule, average_run_length, signals
from salesops_nb.alerts.shifts import FEWEST, chance_of, shifts

sys.path.insert(0, str(Path(__file__).parents[2] / "bench"))
from alerts import RULES, annotated, f1, false_alarms, found_within, run_lengths

SHARED = Path(__file__).parents[2].parent / "shared" / "data"


@pytest.mark.skipif(not (SHARED / "spc_anchors").exists(), reason="the shared data are not here")
def test_run_lengths_are_the_published_ones():
    assert run_lengths(json.loads((SHARED / "spc_anchors" / "arl_exact.json").read_text())) <= 0.005


def test_the_run_length_of_limits_is_one_over_their_chance():
    assert average_run_length([LIMITS]) == pytest.approx(1 / 0.0026998, rel=1e-4)
    assert average_run_length([Rule(1, 1, 2.0)], 1.0) == pytest.approx(1 / 0.1600054, rel=1e-4)


@pytest.mark.parametrize("name", RULES)
def test_signals_come_when_the_chain_says(name):
    rules, rng = RULES[name], np.random.default_rng(4)
    found = signals(rng.normal(1.0, 1, (4000, 500)), rules)
    assert found.any(axis=1).all()
    assert float(found.argmax(axis=1).mean()) + 1 == pytest.approx(average_run_length(rules, 1.0), rel=0.06)


def test_a_run_needs_eight_on_one_side():
    assert not signals([1] * 7 + [-1] + [1] * 7, [RUN_OF_EIGHT]).any()
    assert signals([-1] * 8, [RUN_OF_EIGHT]).tolist() == [False] * 7 + [True]


@pytest.mark.skipif(not (SHARED / "alerts_tcpd").exists(), reason="the shared data are not here")
def test_change_points_of_the_annotated_series():
    series = annotated()
    scores = {name: f1(marks, change_points(values)) for name, (values, marks) in series.items()}
    assert np.mean(list(scores.values())) >= 0.72
    assert change_points(series["quality_control_5"][0]) == []


def test_change_points_of_drawn_steps_and_of_none():
    rng = np.random.default_rng(7)
    steps = [change_points(np.r_[rng.normal(0, 1, 40), rng.normal(4, 1, 40)]) for _ in range(20)]
    assert sum(len(found) == 1 and abs(found[0] - 40) <= 3 for found in steps) >= 18
    assert sum(map(len, (change_points(rng.normal(size=80)) for _ in range(40)))) <= 1


def test_change_points_look_back_only():
    rng = np.random.default_rng(2)
    values = np.r_[rng.normal(0, 1, 30), rng.normal(5, 1, 30), rng.normal(-2, 1, 30)]
    whole = change_points(values)
    for end in range(len(values)):
        early = change_points(values[:end])
        assert early == whole[: len(early)]


@pytest.mark.parametrize("values", [[], [1.0], [1.0] * 30, [float("nan")] * 12, [0.0] * 9 + [float("nan")]])
def test_series_that_never_change(values):
    assert change_points(values) == []
    assert likeliest(values) <= max(len(values) - 1, 0)


def test_too_few_points_are_never_unlikely():
    values = np.r_[np.zeros(FEWEST - 2), -9.0][None]
    assert shifts(values, side=-1).chance.tolist() == [1.0]


@pytest.mark.parametrize("side", [-1, 0, 1])
def test_a_shift_is_found_on_the_side_asked_for(side):
    noise = np.random.default_rng(3).normal(size=(1, 40))
    noise[:, -3:] -= 6
    assert (shifts(noise, side=side).chance[0] <= chance_of(40)) == (side <= 0)


def test_limits_do_not_hang_on_scale_or_place():
    noise = np.random.default_rng(5).normal(size=(3, 30))
    plain, other = shifts(noise, side=-1), shifts(1e9 + 1e6 * noise, side=-1)
    assert np.allclose(plain.chance, other.chance, rtol=1e-5)
    assert np.allclose(other.lower, 1e9 + 1e6 * plain.lower, rtol=1e-6)


def test_a_season_is_routine_and_a_constant_too():
    months = np.tile([78.0, 99, 125], 12) + np.random.default_rng(6).normal(0, 4, 36)
    assert shifts(months[None], side=-1).chance[0] > chance_of(36)
    assert shifts(np.full((1, 24), 7.0), side=-1).chance[0] > chance_of(24)


def test_few_points_cry_wolf_no_more_than_many():
    """Ordinary limits from 12 points cry wolf in 15.8 % of series within the next 12, so 7.6 of 48."""
    rng = np.random.default_rng(8)
    assert false_alarms(rng, 12, 0.0, 2) <= 2


@pytest.mark.slow
def test_most_shifts_are_found_soon():
    assert found_within(np.random.default_rng(9), 60, 2.0, 5, 8) >= 0.60
