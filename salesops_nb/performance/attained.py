"""How a company, team or person did against target in the periods before."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pandas as pd

from salesops_nb.facts import in_scope
from salesops_nb.performance import cube
from salesops_nb.performance.expectation import targets
from salesops_nb.performance.prepared import Prepared
from salesops_nb.performance.result import Review


def attainment_history(made: Prepared, review: Review, periods: int = 8) -> pd.DataFrame:
    """Bookings over target of the last whole periods, oldest first: of the review's kind, of a span quarters.

    Columns ``period, bookings, target, attainment`` (a share of 1). A period without a target, or one that
    the data do not hold from its first day, is left out, so that there may be fewer rows or none.

    Examples
    --------
    >>> from salesops_nb import open_workbook, performance
    >>> from salesops_nb.performance.attained import attainment_history
    >>> wb = open_workbook(".")
    >>> made = performance.prepare(wb.tables)
    >>> review = performance.review(made, "2017-Q4", calendar=wb.calendar)
    >>> attainment_history(made, review)["period"].tolist()
    ['2017-Q1', '2017-Q2', '2017-Q3', '2017-Q4']
    """
    kind = "quarter" if review.period.kind == "span" else review.period.kind
    daily = cube.daily_bookings(in_scope(made.facts, made.tables, review.level, review.who))
    until = min(review.as_of, review.period.last)
    period = review.period.calendar.containing(until, kind)
    if period.last > until:
        period = period.previous()
    rows = []
    for _back in range(periods):
        if period.start < made.span[0] - timedelta(days=period.days // 4):
            break
        wanted = targets(made.targets, period, review.level)
        value = wanted.get(review.who) if review.who else _only(wanted)
        if value:
            inside = daily[(daily["closed_on"] >= period.start) & (daily["closed_on"] < period.end)]
            booked = sum(inside["value"], Decimal(0))
            rows.append((period.key, booked, value, float(booked / value)))
        period = period.previous()
    return pd.DataFrame(rows[::-1], columns=["period", "bookings", "target", "attainment"])


def _only(wanted: dict[str, Decimal]) -> Decimal | None:
    """The company's target, which stands under its own name, whatever that is."""
    return next(iter(wanted.values())) if len(wanted) == 1 else None
