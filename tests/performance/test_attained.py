"""Attainment of the periods before: the same figures as each period's own review, whole periods alone."""

from datetime import date
from typing import Any

import pandas as pd
import pytest

from salesops_nb import performance
from salesops_nb.core.periods import FiscalCalendar
from salesops_nb.performance.attained import attainment_history

CALENDAR = FiscalCalendar()


def made(as_of: date = date(2017, 12, 31), wanted: Any = (("company", "Us", 100), ("team", "T", 60))) -> Any:
    """Won deals of 10 a month by one of two people for two years, in 2017 of 20; targets of quarters."""
    days = [date(year, month, 10) for year in (2016, 2017) for month in range(1, 13)]
    deals = pd.DataFrame(
        {
            "deal_id": [f"d{n}" for n in range(len(days))],
            "owner_id": ["ana", "bo"] * (len(days) // 2),
            "stage": "Won",
            "created_on": [day.replace(day=5) for day in days],
            "closed_on": days,
            "amount": [10.0 if day.year == 2016 else 20.0 for day in days],
            "outcome": "won",
        }
    )
    people = pd.DataFrame({"person_id": ["ana", "bo"], "name": ["Ana", "Bo"], "team": "T", "role": "rep"})
    quarters = [f"{year}-Q{n}" for year in (2016, 2017) for n in (1, 2, 3, 4) if (year, n) != (2016, 2)]
    rows = [(*each[:2], "bookings", quarter, each[2]) for each in wanted for quarter in quarters]
    targets = pd.DataFrame(rows, columns=["level", "who", "metric", "period", "value"])
    tables = {"deals": deals, "people": people, **({"targets": targets} if len(targets) else {})}
    return performance.prepare(tables, as_of)


def history(prepared: Any, period: str, level: Any = "company", who: str | None = None) -> pd.DataFrame:
    review = performance.review(prepared, period, level=level, who=who, calendar=CALENDAR)
    return attainment_history(prepared, review)


@pytest.mark.parametrize(("level", "who"), [("company", None), ("team", "T")])
def test_each_row_is_what_the_review_of_its_period_says(level: Any, who: str | None) -> None:
    prepared = made()
    found = history(prepared, "2017-Q4", level, who)
    assert list(found["period"]) == ["2016-Q1", "2016-Q3", "2016-Q4", *(f"2017-Q{n}" for n in (1, 2, 3, 4))]
    for row in found.itertuples():
        one = performance.review(prepared, row.period, level=level, who=who, calendar=CALENDAR).company
        assert (row.bookings, row.target) == (one["bookings"], one["target"])
        assert row.attainment == pytest.approx(one["attainment"])


def test_a_period_in_progress_is_not_among_them() -> None:
    found = history(made(date(2017, 11, 15)), "2017-Q4")
    assert list(found["period"])[-1] == "2017-Q3"


def test_without_targets_there_is_no_history() -> None:
    assert history(made(wanted=()), "2017-Q4").empty
    assert history(made(wanted=(("team", "T", 60),)), "2017-Q4").empty
    assert history(made(), "2017-Q4", "rep", "ana").empty
