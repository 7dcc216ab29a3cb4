"""How sure the review may be: shrunk rates, ranks without losses, time to win, and pace."""

from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from salesops_nb import performance
from salesops_nb.core.periods import FiscalCalendar
from salesops_nb.core.statistics import empirical_bayes
from salesops_nb.core.statistics.comparisons import Difference
from salesops_nb.core.statistics.shrinkage import shared_rate
from salesops_nb.performance.duration import median_days, time_to_win, won_in_the_end
from salesops_nb.performance.expectation import pace


@pytest.mark.parametrize(
    ("won", "decided"),
    [([3], [3]), ([0, 0], [4, 9]), ([3, 2, 4], [3, 2, 4]), ([0, 0], [0, 0]), ([5000] * 20, [5000] * 20)],
    ids=["one group", "nothing won", "everything won", "nothing decided", "very many won"],
)
def test_counts_at_the_edge_have_an_estimate_inside_an_interval(won, decided):
    found = empirical_bayes(won, decided)
    assert ((found["low"] <= found["estimate"] + 1e-5) & (found["estimate"] <= found["high"] + 1e-5)).all()
    assert found.to_numpy().min() >= 0
    assert found.to_numpy().max() <= 1


def test_groups_that_seem_alike_keep_the_width_of_what_is_not_known():
    """17 reps of one rate: nobody knows that they are alike, so intervals stay wider than of all deals."""
    rng = np.random.default_rng(2)
    found = empirical_bayes(rng.binomial(60, 0.62, 17), [60] * 17)
    assert (found["high"] - found["low"]).min() > 0.1


def test_a_group_that_stands_out_is_not_drawn_in():
    found = empirical_bayes([12, *[36] * 16], [60] * 17)
    assert found["low"].iloc[0] < 0.2 < found["high"].iloc[0] < 0.45
    assert found["estimate"].iloc[0] < 0.3


def test_draws_are_of_the_posterior():
    rates = shared_rate([12, 30, 9], [20, 40, 20])
    drawn = rates.draws(np.random.default_rng(1), 40_000)
    assert drawn.mean(axis=0) == pytest.approx(rates.estimate, abs=0.005)
    low, high = rates.interval(0.95)
    assert np.mean((low <= drawn) & (drawn <= high)) == pytest.approx(0.98, abs=0.003)


def deals(outcomes: dict[str, str]) -> pd.DataFrame:
    rows = [
        (f"{owner}{n}", owner, "Closed", outcome, Decimal(100 + n), date(2024, 1, 1), date(2024, 2, 1 + n))
        for owner, each in outcomes.items()
        for n, outcome in enumerate({"w": "won", "l": "lost"}[letter] for letter in each)
    ]
    names = ["deal_id", "owner_id", "stage", "outcome", "amount", "created_on", "closed_on"]
    return pd.DataFrame(rows, columns=names)


def test_without_a_lost_deal_in_the_data_nobody_is_ranked_and_it_is_said():
    owners = {f"rep{n:02}": "w" * (1 + n % 5) for n in range(17)}
    found = performance.review({"deals": deals(owners)}, "2024-Q1")
    assert (found.people["rank_low"] == 1).all()
    assert (found.people["rank_high"] == 17).all()
    assert "No lost deal is in the data" in "\n".join(str(note) for note in found.notes)
    lossy = performance.review({"deals": deals({**owners, "rep00": "wl"})}, "2024-Q1")
    assert not [note for note in lossy.notes if note.code.startswith("no-losses")]


@pytest.mark.parametrize(("letters", "side"), [("www", "low"), ("lll", "high")])
def test_a_rate_by_value_of_few_deals_that_ended_alike_has_an_interval(letters, side):
    found = performance.review({"deals": deals({"ana": letters, "bob": "wlwlwl"})}, "2024-Q1").people.loc[
        "ana"
    ]
    end = found[f"win_rate_value_{side}"]
    assert 0.2 < end < 0.8
    assert found["win_rate_value"] in (0, 1)


def aged(followed: int, n: int = 3000) -> pd.DataFrame:
    """60 % of deals are won, with a median of 25 days; seen for up to that many days."""
    rng = np.random.default_rng(4)
    won = rng.random(n) < 0.6
    ends = np.ceil(rng.exponential(np.where(won, 36.07, 50.0)))
    age = rng.integers(1, followed, n)
    outcome = np.where(ends > age, "open", np.where(won, "won", "lost"))
    return pd.DataFrame({"days": np.minimum(ends, age), "outcome": outcome, "deals": 1})


def test_a_median_is_given_only_where_deals_were_followed_long_enough():
    ages = aged(500)
    curve = time_to_win(ages)
    in_the_end = won_in_the_end(ages, curve)
    assert median_days(curve, in_the_end) == pytest.approx(25, abs=3)
    assert in_the_end.low == pytest.approx(0.6, abs=0.03)
    short = aged(40)
    curve = time_to_win(short)
    in_the_end = won_in_the_end(short, curve)
    assert median_days(curve, in_the_end) is None
    assert in_the_end.low < 0.5
    assert in_the_end.high > 0.6


def test_deals_that_stay_open_for_ever_do_not_hide_the_median():
    """A tenth is never closed: followed far beyond the last win, it is not taken for wins to come."""
    ages = pd.DataFrame(
        {"days": [10, 20, 30, 400], "outcome": ["won", "won", "lost", "open"], "deals": [350, 250, 300, 100]}
    )
    curve = time_to_win(ages)
    in_the_end = won_in_the_end(ages, curve)
    assert in_the_end.high - in_the_end.low < 0.01
    assert median_days(curve, in_the_end) == 10


def daily(rows) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["closed_on", "value"])
    return frame.assign(squares=[float(value) ** 2 for value in frame["value"]])


def test_pace_has_a_band_that_narrows_and_holds_what_earlier_periods_did():
    rng = np.random.default_rng(6)
    days = [date(2022, 1, 1) + timedelta(days=n) for n in range(3 * 365)]
    rows = daily(
        [(day, Decimal(int(v))) for day, v in zip(days, rng.lognormal(6, 1, len(days)), strict=True)]
    )
    period = FiscalCalendar().period("2024-Q4")
    bands = [
        pace(rows, period, period.start + timedelta(days=int(part * period.days)), date(2022, 1, 1))
        for part in (0.1, 0.5, 0.9)
    ]
    widths = [band.high - band.low for band in bands]
    assert widths == sorted(widths, reverse=True)
    assert all(band.low < 1 < band.high for band in bands)
    over = pace(rows, period, period.last, date(2022, 1, 1))
    assert over.share == 1


def test_without_earlier_periods_the_band_is_of_the_deals_alone():
    period = FiscalCalendar().period("2024-Q1")
    few = daily([(date(2024, 1, 5), Decimal(100)), (date(2024, 1, 20), Decimal(900))])
    found = pace(few, period, date(2024, 1, 31), date(2024, 1, 1))
    assert not found.learned_from
    assert found.low == 0
    assert found.high > 2
    many = daily([(date(2024, 1, 1) + timedelta(days=n), Decimal(100)) for n in range(30)])
    narrow = pace(many, period, date(2024, 1, 31), date(2024, 1, 1))
    assert 0.6 < narrow.low < 1 < narrow.high < 1.6
    none = pace(few.iloc[:0], period, date(2024, 1, 31), date(2024, 1, 1))
    assert np.isnan(none.low)


@pytest.mark.parametrize(
    ("won", "unit", "detail"),
    [(60, "whole_percent", "{whole_percent:"), (60_000, "percent", "{percent:")],
    ids=["100 deals", "100,000 deals"],
)
def test_a_rate_is_written_as_exactly_as_it_is_known(won, unit, detail):
    """Of 100 deals a rate of 60 % is known to ten points either way, of 100,000 to three tenths of one."""
    frame = deals({"ana": "wwwll"})
    many = pd.concat([frame] * (won // 3), ignore_index=True)
    many["deal_id"] = [f"d{n}" for n in range(len(many))]
    row = performance.review({"deals": many}, "2024-Q1").headlines.set_index("key").loc["win_rate"]
    assert row["unit"] == unit
    assert row["value"] == pytest.approx(0.6)
    assert row["detail"].startswith(f"95 % interval {detail}")


def test_what_chance_alone_makes_is_told_in_whole_per_cents():
    assert str(Difference(0.458, 9, "fisher").cases) == "{whole_percent:0.458}"
    assert str(Difference(0.0004, 9, "log-rank").cases) == "less than {whole_percent:0.01}"
