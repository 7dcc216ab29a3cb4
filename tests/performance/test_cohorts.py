"""The win rate of deals by when they were made, beside that of those decided, counted by hand."""

from datetime import date, timedelta
from decimal import Decimal

import pandas as pd
import pytest

from salesops_nb import performance
from salesops_nb.notebook import performance_review as show

Q1, Q2, Q3 = date(2024, 1, 1), date(2024, 4, 1), date(2024, 7, 1)


def review(*deals: tuple[date, str, int, int], period: str = "2024-Q3", as_of: date = date(2024, 9, 30)):
    """Of (day made, outcome, days it took, how many); all by one owner."""
    rows = [
        (f"{n}-{i}", "ana", "Stage", outcome, Decimal(100), made,
         None if outcome == "open" else made + timedelta(days=took))
        for n, (made, outcome, took, many) in enumerate(deals)
        for i in range(many)
    ]  # fmt: skip
    names = ["deal_id", "owner_id", "stage", "outcome", "amount", "created_on", "closed_on"]
    return performance.review({"deals": pd.DataFrame(rows, columns=names)}, period, as_of)


# deals close on day 60 at the latest, so a cohort is of 60 days
DEALS = (
    (Q1, "won", 20, 30), (Q1, "lost", 60, 30), (Q1, "open", 0, 40),
    (Q2, "won", 60, 50), (Q2, "lost", 30, 50),
    (Q3 + timedelta(days=45), "won", 20, 10), (Q3 + timedelta(days=45), "open", 0, 60),
)  # fmt: skip


def test_each_rate_counts_its_own_deals():
    """Q1: 30 of the 100 made were won, 30 of the 60 decided; Q2: 50 of 100 both ways."""
    found = review(*DEALS).cohorts
    table = found.rates.set_index("period")
    assert found.days == 60
    assert list(table.index) == ["2024-Q1", "2024-Q2"]
    assert list(table.loc["2024-Q1", ["created", "still_open", "won", "lost"]]) == [100, 40, 30, 30]
    assert table.at["2024-Q1", "cohort_win_rate"] == pytest.approx(0.3)
    assert table.at["2024-Q1", "snapshot_win_rate"] == 0.5
    assert table.at["2024-Q2", "cohort_win_rate"] == pytest.approx(0.5)
    low, high = table.loc["2024-Q1", ["cohort_low", "cohort_high"]]
    assert low == pytest.approx(0.22, abs=0.01)  # about 1.96 · √(.3 · .7 ÷ 100) = .09 either way
    assert high == pytest.approx(0.4, abs=0.01)


def test_all_won_or_none_is_no_certainty():
    """40 of 40 won: from 91.2 % (Wilson 1927) to all; none of 40: up to 8.8 %."""
    found = review((Q1, "won", 20, 40), (Q2, "lost", 20, 40)).cohorts.rates.set_index("period")
    ends = found[["cohort_win_rate", "cohort_low", "cohort_high"]].astype(float)
    assert ends.loc["2024-Q1"].tolist() == pytest.approx([1, 0.9124, 1], abs=1e-4)
    assert ends.loc["2024-Q2"].tolist() == pytest.approx([0, 0, 0.0876], abs=1e-4)


def test_a_cohort_that_was_not_followed_long_enough_is_named_and_not_shown():
    assert review(*DEALS).cohorts.young == ["2024-Q3"]  # made 46 days before the last
    later = review(*DEALS, as_of=date(2024, 12, 31)).cohorts
    assert later.young == []
    assert later.rates.set_index("period").at["2024-Q3", "cohort_win_rate"] == pytest.approx(10 / 70)


def test_deals_still_open_and_young_are_censored():
    """60 made early: 30 won on day 20, 30 lost on day 40. 40 made 30 days ago: 20 won on day 20, 20 open.

    By day 20, 50 of 100 are won; of the 30 left at risk on day 40, the 20 open ones gone, all are lost.
    Counting the open ones as decided otherwise would give 50 of 100 too, leaving them out 50 of 80.
    """
    young = date(2024, 9, 30) - timedelta(days=30)
    found = review((Q3, "won", 20, 30), (Q3, "lost", 40, 30), (young, "won", 20, 20), (young, "open", 0, 20))
    row = found.cohorts.rates.set_index("period").loc["2024-Q3"]
    assert row["still_open"] == 20
    assert row["cohort_win_rate"] == pytest.approx(0.5)
    assert row["snapshot_win_rate"] == 50 / 80
    # won late instead: 30 of the 60 at risk on day 40, which is half of the half that was not lost on day 20
    late = review((Q3, "won", 40, 30), (Q3, "lost", 20, 30), (young, "lost", 20, 20), (young, "open", 0, 20))
    row = late.cohorts.rates.set_index("period").loc["2024-Q3"]
    assert row["cohort_win_rate"] == pytest.approx(0.5)
    assert row["snapshot_win_rate"] == 30 / 80


def test_a_win_after_so_many_days_is_not_won_within_them():
    """99 % close within 20 days: the one won on day 80 counts for no cohort's rate."""
    found = review((Q1, "won", 20, 120), (Q1, "lost", 20, 79), (Q1, "won", 80, 1)).cohorts
    assert found.days == 20
    row = found.rates.iloc[0]
    assert row["cohort_win_rate"] == pytest.approx(0.6)
    assert row["won"] == 121


def test_months_where_the_period_is_a_month_and_nothing_before_any_deal_closed():
    found = review(*DEALS, period="2024-04").cohorts
    assert list(found.rates["period"]) == ["2024-01", "2024-04"]
    assert review((Q1, "open", 0, 3), period="2024-Q1").cohorts is None


def test_the_page_says_why_they_differ(capsys):
    show.cohorts(review(*DEALS))
    said = capsys.readouterr().out
    assert "2024-Q1 | 100 | 40 | 30% | 22% – 40% | 30 | 30 | 50%" in said
    assert "2024-Q3 |" not in said
