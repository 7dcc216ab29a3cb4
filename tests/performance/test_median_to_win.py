"""The interval of the median time to win, and the error of shares that end by one of several causes."""

import numpy as np
import pandas as pd
import pytest

from salesops_nb.core.statistics.survival import incidence_error
from salesops_nb.performance.duration import median_to_win, time_to_win, times_to_win, won_in_the_end


def ages(days, outcome, deals=1) -> pd.DataFrame:
    return pd.DataFrame({"days": days, "outcome": outcome, "deals": deals})


def found(frame: pd.DataFrame):
    curve = time_to_win(frame)
    return median_to_win(frame, curve, won_in_the_end(frame, curve))


def test_all_won_gives_the_interval_of_the_sign_test():
    """100 deals won on days 1 to 100: half of them by day 50, and 1.96 · √100 ÷ 2 = 9.8 wins about it.

    40 wins lie 10 under one half and day 41 only 9; 59 lie 9 above and day 60 10.
    """
    assert found(ages(range(1, 101), "won")) == (50, 41, 60)
    assert found(ages([10, 20, 30], "won", [40, 20, 40])) == (20, 20, 20)


def test_lost_deals_count_for_the_uncertainty_alone():
    """Of 100 pairs one is won and one lost each day: the same median, and the same days about it."""
    frame = pd.concat([ages(range(1, 101), "won"), ages(range(1, 101), "lost")])
    assert found(frame) == (50, 41, 60)


@pytest.mark.parametrize(
    ("wins", "expected"), [(5, (3, None, None)), (6, (3, 1, 6)), (0, (None, None, None))]
)
def test_of_fewer_than_six_wins_no_interval_is_given(wins, expected):
    frame = pd.concat([ages(range(1, wins + 1), "won"), ages([9], "lost")])
    assert found(frame) == expected


def test_too_short_a_follow_up_gives_neither_median_nor_interval():
    frame = ages([10, 20, 20], ["won", "lost", "open"], [30, 20, 400])
    assert found(frame) == (None, None, None)


def test_errors_are_binomial_without_and_greenwoods_with_censoring():
    every = incidence_error(range(1, 101), [1, 2] * 50)
    assert every[[9, 99]] == pytest.approx([np.sqrt(0.05 * 0.95 / 100), np.sqrt(0.25 / 100)])
    # one cause; 1 of 4 ends, one is censored, 1 of 2 ends: S = 3/8, and Greenwood's sum 1/12 + 1/2
    greenwood = 3 / 8 * np.sqrt(1 / 12 + 1 / 2)
    assert incidence_error([1, 2, 3, 4], [1, 0, 1, 0])[-1] == pytest.approx(greenwood)
    # rows that stand for several are as many rows
    one = incidence_error([5, 5, 5, 9, 9], [1, 1, 2, 1, 0], share=0.5)
    assert incidence_error([5, 5, 9, 9], [1, 2, 1, 0], [2, 1, 1, 1], share=0.5) == pytest.approx(one)


def test_the_interval_holds_the_truth_of_deals_that_compete_and_are_censored():
    """60 % are won, with a median of 25 days; the others are lost sooner, all seen for up to 300 days."""
    rng = np.random.default_rng(5)
    held = []
    for _ in range(250):
        won = rng.random(150) < 0.6
        ends = rng.exponential(np.where(won, 36.07, 20.0))
        seen = rng.uniform(1, 300, 150)
        outcome = np.where(ends > seen, "open", np.where(won, "won", "lost"))
        days, low, high = found(ages(np.minimum(ends, seen), outcome))
        if days is not None:
            held.append((low or 0) <= 25 <= (high or np.inf))
    assert len(held) > 200
    assert 0.92 <= np.mean(held) <= 0.99


def test_teams_stand_apart_and_one_followed_too_short_is_not_known():
    old = ages(range(1, 101), "won").assign(team="Old")
    new = ages([3, 4], ["won", "open"], [8, 200]).assign(team="New")
    table = times_to_win(pd.concat([new, old]), "team")
    assert list(table["group"]) == ["Old", "New"]
    assert list(table.loc[0, ["deals", "won", "days", "days_low", "days_high"]]) == [100, 100, 50, 41, 60]
    assert table.loc[1, "days"] is None
    assert table.loc[1, "end_low"] == pytest.approx(8 / 208)
    assert table.loc[1, "end_high"] == pytest.approx(1.0)
