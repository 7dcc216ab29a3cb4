"""The day as of which a report speaks: of the data or of its period, never of the clock."""

from __future__ import annotations

from datetime import date

from salesops_nb.core.periods import Period
from salesops_nb.errors import SalesopsError, problem


def resolve_as_of(text: str | None, period: Period, data_through: date | None) -> date | None:
    """The day as of which a report speaks: the data's last by default.

    ``period-end`` is the period's last day, or the data's last where that is earlier; otherwise a date.
    """
    if text is None or text == "data":
        return data_through
    if text == "period-end":
        return min(period.last, data_through) if data_through else period.last
    return day_of(text)


def day_of(text: str | None) -> date | None:
    """The date that a report names as its day, from which words of periods count; ``None`` where none."""
    if text in (None, "data", "period-end"):
        return None
    try:
        return date.fromisoformat(str(text))
    except ValueError:
        raise SalesopsError(problem("bad-as-of", column="as_of", value=text)) from None
