"""Bookings by month, and which months are more than routine variation."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pandas as pd

from salesops_nb.core.periods import FiscalCalendar
from salesops_nb.core.statistics import xmr


def monthly_trend(
    daily: pd.DataFrame, calendar: FiscalCalendar, data_from: date, as_of: date, months: int = 24
) -> pd.DataFrame:
    """Bookings of the last fiscal months with their XmR limits.

    Columns ``month, bookings, whole, centre, lower, upper, signal``. A month not over by `as_of`
    is shown (``whole`` false) but counts neither for the limits nor as a signal.
    """
    spans = list(calendar.between(data_from, date.fromordinal(as_of.toordinal() + 1), "month"))[-months:]
    totals = [
        sum(daily.loc[(daily["closed_on"] >= m.start) & (daily["closed_on"] < m.end), "value"], Decimal(0))
        for m in spans
    ]
    whole = [month.last <= as_of for month in spans]
    limits = xmr([float(t) for t, over in zip(totals, whole, strict=True) if over])
    signals = iter(limits.signals)
    return pd.DataFrame(
        {
            "month": [month.key for month in spans],
            "bookings": totals,
            "whole": whole,
            "centre": limits.centre,
            "lower": max(0.0, limits.lower),
            "upper": limits.upper,
            "signal": [bool(next(signals)) if over else False for over in whole],
        }
    )
