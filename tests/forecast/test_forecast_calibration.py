"""The company's interval on a few companies of known truth; `make calibration` takes two thousand."""

from __future__ import annotations

import importlib
from pathlib import Path

import pandas as pd
from scipy import stats

BENCH = Path(__file__).parents[2] / "bench"


def test_the_company_s_interval_holds_on_a_few_companies(monkeypatch):
    """Of 16 companies an interval of 80 % holds 8 or more but once in 200 times."""
    monkeypatch.syspath_prepend(str(BENCH))
    calibration = importlib.import_module("forecast_calibration")
    of = (*calibration.companies.SETTINGS[::2], *calibration.companies.UNSEEN)
    rows = [
        calibration.one_company(900 + n, of[n % len(of)], futures=500, plans=n in (2, 5)) for n in range(16)
    ]
    found = pd.DataFrame(rows)
    assert found["inside"].sum() > stats.binom.ppf(0.005, 16, 0.8)
    assert abs(found["median"].median()) < 0.12
    assert found["kept_75"].sum() > stats.binom.ppf(0.005, 16, 0.75)
    parts = [claim.part for claim, *_ in calibration.rows(found)]
    assert parts[:5] == [
        "company's year",
        "75 % said is kept",
        "reps' years",
        "learned ramp",
        "learned spread",
    ]
