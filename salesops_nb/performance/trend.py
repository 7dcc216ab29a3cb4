"""Bookings by month, and which months are more than routine variation."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pandas as pd

from salesops_nb.core.periods import FiscalCalendar
from salesops_nb.core.statistics.routine import routine


def monthly_trend(
    daily: pd.DataFrame, calendar: FiscalCalendar, data_from: date, as_of: date, months: int = 24
) -> pd.DataFrame:
    """Bookings of the last fiscal months with the limits of their routine variation, after season and trend.

    Columns ``month, bookings, whole, centre, lower, upper, signal, one_deal``. A month not over by `as_of`
    is shown (``whole`` false) but counts neither for the limits nor as a signal. Limits are missing where
    the months are too few to know any. ``one_deal`` marks a month above its limit by its largest deal alone.
    """
    spans = list(calendar.between(data_from, date.fromordinal(as_of.toordinal() + 1), "month"))[-months:]
    inside = [daily[(daily["closed_on"] >= m.start) & (daily["closed_on"] < m.end)] for m in spans]
    trend = pd.DataFrame(
        {
            "month": [month.key for month in spans],
            "bookings": [sum(part["value"], Decimal(0)) for part in inside],
            "whole": [month.last <= as_of for month in spans],
        }
    ).assign(centre=float("nan"), lower=float("nan"), upper=float("nan"), signal=False, one_deal=False)
    over = trend["whole"]
    largest = [float(max(part["largest"], default=0)) for part in inside]
    deals = sum(int(part["deals"].sum()) for part in inside)
    typical = float(sum(trend["bookings"], Decimal(0)) / deals) if deals else 0.0
    first = int(spans[0].key[-2:]) - 1 if spans else 0
    chosen = [each for each, whole in zip(largest, over, strict=True) if whole]
    found = routine([float(value) for value in trend.loc[over, "bookings"]], first, chosen, typical)
    if found is not None:
        columns = ["centre", "lower", "upper", "signal", "one_deal"]
        values = (found.expected, found.lower, found.upper, found.signals, found.one_deal)
        for name, each in zip(columns, values, strict=True):
            trend.loc[over, name] = each
    return trend
