"""Months as contracts count them."""

from __future__ import annotations

import calendar
from datetime import date


def months_later(day: date, months: int) -> date:
    """The same day so many months later, or the month's last where it has no such day."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def months_between(start: date, end: date) -> int:
    """Complete months from one day to another."""
    months = (end.year - start.year) * 12 + end.month - start.month
    while months > 0 and months_later(start, months) > end:
        months -= 1
    return max(0, months)
