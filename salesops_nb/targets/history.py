"""Monthly bookings of each rep, from won deals and from older months kept in bookings_history."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import narwhals as nw
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from salesops_nb.core.frames import Tables, collected
from salesops_nb.core.periods import FiscalCalendar, Period
from salesops_nb.errors import Problem, SalesopsError, problem

Floats = npt.NDArray[np.float64]
EPOCH = date(1970, 1, 1)
SLACK = 7  # a first or last month is complete when the data reach within seven days of its edge


@dataclass(frozen=True)
class History:
    """Bookings of whole fiscal months, oldest first, without gaps.

    `booked` is reps × months as floats for estimating; `cells` holds the exact amounts by
    (rep, month key). `simulated` tells that some of the months are.
    """

    months: list[Period]
    reps: list[str]
    booked: Floats
    cells: dict[tuple[str, str], Decimal]
    currency: str
    simulated: bool = False
    problems: list[Problem] = field(default_factory=list)

    @property
    def company(self) -> Floats:
        """Bookings of each month, all reps together."""
        total: Floats = self.booked.sum(axis=0)
        return total

    def between(self, who: str, start: date, end: date) -> Decimal:
        """What a rep booked in the months of a half-open span."""
        keys = [m.key for m in self.months if start <= m.start < end]
        return sum((self.cells.get((who, key), Decimal(0)) for key in keys), Decimal(0))


def read_history(
    tables: Tables, calendar: FiscalCalendar, before: date, currency: str | None = None
) -> History:
    """The history up to a day, which is not in it.

    Raises `SalesopsError` for no won deal and no older month before the day, mixed currencies, or
    a month in bookings_history that names no period.
    """
    problems: list[Problem] = []
    won, currency = _won(tables, before, currency)
    last = min(before - timedelta(days=1), _last_day(tables) or date.min) if won is not None else None
    older, simulated = _older(tables, calendar, before, problems)
    if won is None and not older:
        raise SalesopsError(problem("no-history.before-year", table="deals", before=before))
    cells: dict[tuple[str, str], Decimal] = {}
    real: list[Period] = []
    if won is not None and last is not None:
        real = _whole_months(calendar, pc.min(won["closed_on"]).as_py(), last)
        cells = _by_month(won, real)
    begins = real[0].start if real else before
    kept_years = {cell: value for cell, value in older.items() if calendar.period(cell[1]).start < begins}
    if len(kept_years) < len(older):
        problems.append(_overlap(len(older) - len(kept_years), begins))
    cells = {**kept_years, **cells}
    if not cells:
        raise SalesopsError(problem("no-history.no-whole-month"))
    return _history(calendar, cells, real, currency, simulated and bool(kept_years), problems)


def _history(
    calendar: FiscalCalendar,
    cells: dict[tuple[str, str], Decimal],
    real: list[Period],
    currency: str,
    simulated: bool,
    problems: list[Problem],
) -> History:
    spans = [*real, *(calendar.period(key) for key in {key for _, key in cells})]
    start, end = min(m.start for m in spans), max(m.end for m in spans)
    months = list(calendar.between(start, end, "month"))
    reps = sorted({who for who, _ in cells})
    row, column = {who: i for i, who in enumerate(reps)}, {m.key: j for j, m in enumerate(months)}
    booked = np.zeros((len(reps), len(months)))
    for (who, key), value in cells.items():
        booked[row[who], column[key]] = float(value)
    return History(months, reps, booked, cells, currency, simulated, problems)


def _by_month(won: pa.Table, months: list[Period]) -> dict[tuple[str, str], Decimal]:
    """Bookings by owner and month, of the days in these months, which follow one another."""
    if not months:
        return {}
    edges = [(m.start - EPOCH).days for m in months] + [(months[-1].end - EPOCH).days]
    day = won["closed_on"].cast(pa.int32()).to_numpy()
    month = np.searchsorted(edges, day, side="right") - 1
    rows = won.set_column(won.schema.get_field_index("closed_on"), "month", pa.array(month))
    rows = rows.filter(pa.array((month >= 0) & (month < len(months))))
    sums = rows.group_by(["owner_id", "month"]).aggregate([("amount", "sum")]).to_pydict()
    return {
        (str(who), months[at].key): amount
        for who, at, amount in zip(sums["owner_id"], sums["month"], sums["amount_sum"], strict=True)
    }


def _won(tables: Tables, before: date, currency: str | None) -> tuple[pa.Table | None, str]:
    """Won amounts by owner and day before the day: owner_id, closed_on, amount; ``None`` without any."""
    if "deals" not in tables:
        return None, currency or "USD"
    deals = tables["deals"]
    names = set(deals.collect_schema().names())
    missing = {"owner_id", "outcome", "amount", "closed_on"} - names
    if missing:
        raise SalesopsError(
            problem(
                "missing-column.deals", table="deals", column=min(missing), missing=", ".join(sorted(missing))
            )
        )
    won = deals.filter(
        nw.col("outcome") == "won", ~nw.col("amount").is_null(), ~nw.col("closed_on").is_null()
    )
    if "currency" in names:
        used = sorted(str(c) for c in collected(won.select("currency").unique())["currency"].dropna())
        if len(used) > 1:
            raise SalesopsError(
                problem("mixed-currencies", table="deals", column="currency", used=", ".join(used))
            )
        currency = used[0] if used else currency
    won = won.with_columns(
        owner_id=nw.col("owner_id").fill_null("unassigned"), closed_on=nw.col("closed_on").cast(nw.Date)
    )
    won = won.filter(nw.col("closed_on") < before)
    sums = won.group_by("owner_id", "closed_on").agg(amount=nw.col("amount").sum())
    table = sums.collect(backend="pyarrow").to_native().select(["owner_id", "closed_on", "amount"])
    if not pa.types.is_decimal(table.schema.field("amount").type):
        exact = pa.array([Decimal(str(amount)) for amount in table["amount"].to_pylist()])
        table = table.set_column(2, "amount", exact)
    return (table if len(table) else None), currency or "USD"


def _day(value: Any) -> date:
    day: date = value.date() if hasattr(value, "date") else value
    return day


def _last_day(tables: Tables) -> date | None:
    """The last closing date in the deals, won or lost."""
    last = collected(tables["deals"].select(nw.col("closed_on").cast(nw.Date).max()))["closed_on"].iloc[0]
    return None if last is None or pd.isna(last) else _day(last)


def _whole_months(calendar: FiscalCalendar, first: date, last: date) -> list[Period]:
    months = list(calendar.between(first, last + timedelta(days=1), "month"))
    return [
        m
        for m in months
        if m.start >= first - timedelta(days=SLACK) and m.end <= last + timedelta(days=SLACK + 1)
    ]


def _older(
    tables: Tables, calendar: FiscalCalendar, before: date, problems: list[Problem]
) -> tuple[dict[tuple[str, str], Decimal], bool]:
    """Months kept by rep, those before the day; and whether they are simulated."""
    if "bookings_history" not in tables:
        return {}, False
    rows = collected(tables["bookings_history"].filter(nw.col("level") == "rep"))
    cells: dict[tuple[str, str], Decimal] = {}
    for who, key, value in zip(rows["who"], rows["month"], rows["value"], strict=True):
        month = calendar.period(str(key))
        if month.kind != "month":
            raise SalesopsError(
                problem(
                    "bad-period.not-a-month",
                    table="bookings_history",
                    column="month",
                    value=key,
                    kind=month.kind,
                )
            )
        if month.end <= before:
            cell = (str(who), month.key)
            cells[cell] = cells.get(cell, Decimal(0)) + Decimal(str(value))
    marked = "simulated" in rows and bool(rows["simulated"].astype(str).str.lower().eq("true").any())
    return cells, marked


def _overlap(count: int, begins: date) -> Problem:
    return problem("history-overlap", table="bookings_history", count=count, begins=begins)
