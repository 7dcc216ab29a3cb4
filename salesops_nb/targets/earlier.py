"""Last year's forecast, as it would have been made before that year began, beside what came."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Literal

import narwhals as nw

from salesops_nb.core.frames import Tables
from salesops_nb.core.periods import FiscalCalendar, Period
from salesops_nb.errors import SalesopsError
from salesops_nb.forecast.learning.learn import learn
from salesops_nb.forecast.learning.reading import LONG_AGO
from salesops_nb.forecast.period import expect
from salesops_nb.targets.basis import Basis
from salesops_nb.targets.season import LEAST_MONTHS, YEAR

Why = Literal["year not whole", "no hire dates", "too little before", "people missing"]
ENDS = ("left_on", "valid_to", "filled_on", "closed_on")


@dataclass(frozen=True)
class Earlier:
    """A forecast of the year before from what its origin knew, and what came.

    `why` says why none is claimed; then the range is none. `months` are those it learned from, `missing` how
    many owners of bookings then are not among the people.
    """

    year: Period
    origin: date
    came: Decimal
    why: Why | None = None
    p10: float | None = None
    p50: float | None = None
    p90: float | None = None
    months: int = 0
    missing: int = 0

    @property
    def within(self) -> bool:
        """Whether the year came within the range of four in five."""
        return self.p10 is not None and self.p90 is not None and self.p10 <= float(self.came) <= self.p90


def as_known(tables: Mapping[str, Any], day: date) -> Tables:
    """The tables without what happened from a day on: hires, leavers, openings and fillings to come.

    Rows that begin later are left out; ends that come later are not yet known. What was corrected since is in
    them as it is today.
    """
    given = Tables.of(tables)
    made = {}
    for name, begins in (("people", ("hired_on", "valid_from")), ("vacancies", ("opened_on",))):
        frame = given.get(name)
        if frame is None:
            continue
        there = frame.collect_schema().names()
        for column in (each for each in begins if each in there):
            known = nw.col(column).cast(nw.Date)
            frame = frame.filter(known.is_null() | (known < day))
        ends = [each for each in ENDS if each in there]
        made[name] = frame.with_columns(
            **{
                each: nw.when(nw.col(each).cast(nw.Date) < day).then(nw.col(each).cast(nw.Date))
                for each in ends
            }
        )
    return given.beside(**made)


def earlier(tables: Mapping[str, Any], calendar: FiscalCalendar, basis: Basis, *, seed: int = 0) -> Earlier:
    """The one forecast of the year before, from what is dated before it, beside its bookings.

    It is claimed only where the origin can be had from the data: people with their hire dates, all who sold
    then among them, and two years of months before. One year is one trial.

    Examples
    --------
    >>> from salesops_nb import open_workbook, targets
    >>> wb = open_workbook(".")
    >>> found = targets.earlier(wb.tables, wb.calendar, targets.prepare(wb.tables, wb.calendar, 2018))
    >>> found.year.key, found.came, found.months
    ('2017', Decimal('11610141.0000'), 34)
    """
    year = basis.year.previous()
    origin, came = year.start - timedelta(days=1), basis.last_year
    if basis.last_year_months < YEAR:
        return Earlier(year, origin, came, "year not whole")
    known = as_known(tables, year.start)
    names = known["people"].collect_schema().names()
    if "hired_on" not in names or "left_on" not in names:
        return Earlier(year, origin, came, "no hire dates")
    try:
        learned = learn(known, calendar, origin, basis.currency)
    except SalesopsError:
        return Earlier(year, origin, came, "too little before")
    months = len(learned.panel.months)
    if months < LEAST_MONTHS or learned.panel.months[-1].end != year.start:
        return Earlier(year, origin, came, "too little before", months=months)
    if (learned.panel.roster["hired_on"] <= LONG_AGO).any():
        return Earlier(year, origin, came, "no hire dates", months=months)
    if learned.panel.strangers:
        return Earlier(year, origin, came, "people missing", months=months, missing=learned.panel.strangers)
    low, middle, high = expect(learned, year, seed=seed).quantiles()
    return Earlier(year, origin, came, None, low, middle, high, months)
