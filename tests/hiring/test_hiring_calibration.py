"""Calibration on a hundred companies whose truth is known; the benchmark takes a thousand."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest


def _bench():
    path = Path(__file__).parents[2] / "bench" / "hiring.py"
    spec = importlib.util.spec_from_file_location("bench_hiring", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["bench_hiring"] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
def test_intervals_and_promises_hold_on_a_hundred_companies():
    """Binomial noise of 100 draws at 80 % has a standard deviation of 4 points: bounds are two of them."""
    found = _bench().calibrate(100, futures=500)
    assert 0.72 <= found["inside"].mean() <= 0.88
    assert 0.42 <= found["rank"].mean() <= 0.58
    feasible = found[found["feasible"] == 1]
    assert len(feasible) >= 60
    assert abs(feasible["kept"].mean() - feasible["said"].mean()) <= 0.09
