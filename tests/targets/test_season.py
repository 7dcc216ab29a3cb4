"""The season: estimated with two years, declared with less, the simpler model where it is no worse."""

import json
import os
import platform
import subprocess
import sys

import numpy as np
import pytest

from salesops_nb.errors import SalesopsError
from salesops_nb.targets import season

SHAPE = np.array([6, 7, 9, 7, 8, 10, 6, 7, 9, 8, 10, 13], dtype=float)


def series(months, growth=0.0, noise=0.0, seed=0):
    rng = np.random.default_rng(seed)
    t = np.arange(months)
    return 1000 * SHAPE[t % 12] * np.exp(growth * t / 12) * np.exp(rng.normal(0, noise, months))


def test_a_pure_season_is_found_by_the_simpler_model():
    found = season(series(48))
    assert found.model == "seasonal naive"
    assert found.shares == pytest.approx(SHAPE / SHAPE.sum())
    assert found.outlook == pytest.approx(1000 * SHAPE)
    table = found.backtest.set_index("model")
    assert table.loc["seasonal naive", "wape"] == 0
    assert table["used"].tolist() == [False, True]
    assert "is simpler and no worse" in found.note


def test_growth_and_noise_are_better_fitted():
    found = season(series(60, growth=0.25, noise=0.08))
    assert found.model == "exponential smoothing"
    table = found.backtest.set_index("model")
    assert table.loc["exponential smoothing", "wape"] < table.loc["seasonal naive", "wape"]
    assert table.loc["seasonal naive", "bias"] < -0.1
    assert found.shares == pytest.approx(SHAPE / SHAPE.sum(), abs=0.03)
    assert 0 < found.year_error < 0.3


def test_backtest_of_the_naive_is_what_hand_gives():
    history = np.concatenate([np.full(24, 100.0), [150.0, 50.0]])
    table = season(history).backtest.set_index("model")
    # From month 24: two months, both told 100; from month 25: one month, told 100.
    assert table.loc["seasonal naive", "n"] == 3
    assert table.loc["seasonal naive", "wape"] == pytest.approx((50 + 50 + 50) / 250)
    assert table.loc["seasonal naive", "bias"] == pytest.approx((-50 + 50 + 50) / 250)


@pytest.mark.parametrize("months", [1, 11, 23])
def test_under_two_years_the_season_is_declared(months):
    even = season(series(months))
    assert even.model == "declared"
    assert even.shares == pytest.approx(np.full(12, 1 / 12))
    assert f"declared, not estimated: {months} months" in even.note
    assert "even months" in even.note
    given = season(series(months), declared=SHAPE)
    assert given.shares == pytest.approx(SHAPE / SHAPE.sum())
    assert "the declared weights" in given.note
    assert even.backtest.empty


def test_two_years_leave_nothing_to_test_on():
    found = season(series(24))
    assert found.model == "seasonal naive"
    assert "nothing is left" in found.note
    assert found.backtest.empty


@pytest.mark.parametrize("first", [0, 2, 11])
def test_shares_begin_with_the_fiscal_year(first):
    history = np.roll(SHAPE, -first)[np.arange(36) % 12]
    assert season(history, first=first).shares == pytest.approx(SHAPE / SHAPE.sum())


def test_a_gap_before_the_year_moves_nothing():
    assert season(series(33), ahead=3).shares == pytest.approx(SHAPE / SHAPE.sum())


def test_months_of_nothing_are_borne():
    history = series(40, noise=0.1)
    history[[3, 20, 30]] = 0
    found = season(history)
    assert found.shares.sum() == pytest.approx(1)
    assert (found.shares >= 0).all()


@pytest.mark.parametrize(
    ("history", "declared", "words"),
    [
        ([], None, "no month of history with bookings"),
        ([0.0] * 30, None, "no month of history with bookings"),
        ([float("nan")] * 3, None, "no month of history"),
        ([1.0], [1] * 11, "has 11 weights"),
        ([1.0], [0] * 12, "Give twelve weights"),
        ([1.0], [-1] + [1] * 11, "Give twelve weights"),
    ],
)
def test_bad_input(history, declared, words):
    with pytest.raises(SalesopsError, match=words):
        season(history, declared=declared)


YEAR_AHEAD = """
import json, sys
import numpy as np
from salesops_nb.targets.season import season
rng = np.random.default_rng(5)
months = 1e6 * (1.0 + 0.3 * np.sin(np.arange(40) * np.pi / 6)) * rng.lognormal(0, 0.1, 40)
found = season(months)
print(json.dumps([found.model, [*found.shares.tolist(), found.year_error]]))
"""


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="kernels of other processors")
def test_the_shape_is_the_same_on_every_processor_and_with_any_threads():
    """Targets hang on it, in whole hundreds: an optimum's sixth digit would be enough to move one."""
    machines = {"": "2", "Nehalem": "1", "Sandybridge": "2"}  # kernels that every such processor can run
    said = []
    for kernels, threads in machines.items():
        forced = {"OPENBLAS_CORETYPE": kernels} if kernels else {}
        env = {**os.environ, **forced, "OPENBLAS_NUM_THREADS": threads}
        asked = [sys.executable, "-c", YEAR_AHEAD]
        ran = subprocess.run(asked, env=env, capture_output=True, text=True, check=True)
        said.append(json.loads(ran.stdout))
    assert {model for model, _ in said} == {"exponential smoothing"}
    for _, numbers in said[1:]:
        assert numbers == pytest.approx(said[0][1], rel=1e-10)
