"""What the hiring parameters ask for: what is stated in place of what was learned, and the target."""

from __future__ import annotations

import math
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pandas as pd

from salesops_nb.present.panel.steps import NoEstimate

if TYPE_CHECKING:
    from salesops_nb.forecast.learning.learned import Learned

SLACK = timedelta(days=7)  # a month is whole whose first or last deal is no more than these days off its ends
ESTIMATED = 500  # futures of a first estimate
LONG = 400_000  # futures times people from which one is worth its while
OF_OUTPUT = (
    "attrition",
    "ramp_months",
    "time_to_fill",
    "productivity",
    "supported",
    "room",
)  # move the chance
OF_MONEY = ("margin", "pay", "overhead", "hiring_cost")


def stated(asked: Any, learned: Learned) -> Learned:
    """What was learned, with the parameters that state something else; attrition and pay are a year's."""
    given = {name: getattr(asked, name) for name in (*OF_OUTPUT, *OF_MONEY)}
    given["attrition"] = None if asked.attrition is None else -math.log1p(-asked.attrition) / 12
    given["pay"] = None if asked.pay is None else asked.pay / 12
    return learned.override(**{name: value for name, value in given.items() if value is not None})


def choices(workbook: Any, asked: Any, estimated: Learned | None = None) -> dict[str, Any]:
    """The arguments of `hiring.plan` that the parameters mean.

    Without `target` and without targets of the horizon's periods, the target is that of the approved sales
    model where it covers the horizon, else `growth` on the bookings of the last twelve months (fewer are
    brought to twelve), in proportion to the horizon.

    Parameters
    ----------
    estimated : what was learned, where a first estimate is wanted: then there are few futures.

    Raises
    ------
    NoEstimate
        where all futures are there nearly as soon.
    """
    if estimated is not None and asked.futures * estimated.panel.roster["present"].sum() < LONG:
        raise NoEstimate
    given: dict[str, Any] = {
        "confidence_of": asked.confidence_of,
        "budget": asked.budget,
        "interviewing": asked.interviewing,
        "replace_leavers": asked.scenario == "replace leavers",
        "futures": asked.futures if estimated is None else ESTIMATED,
        "seed": asked.seed,
    }
    target = asked.target
    if target is None:
        target = of_sales_model(workbook, asked.horizon)
    if target is None and (booked := _grown_from(workbook)) is not None:
        target = booked * (1 + asked.growth) * asked.horizon / 12
    return given if target is None else {**given, "target": round(target)}


def of_sales_model(workbook: Any, horizon: int) -> float | None:
    """The target of the months ahead by the sales models approved in the store.

    None where there are targets of these months, or not each of them is in an approved model.
    """
    from salesops_nb.store.sales_models import approved_model

    if workbook.data_through is None or _has_targets(workbook):
        return None
    month, total = workbook.calendar.containing(workbook.data_through, "month"), Decimal(0)
    for _n in range(horizon):
        month = month.next()
        model = approved_model(workbook.store, workbook.calendar.containing(month.start, "year").key)
        if model is None or month.key not in model.months:
            return None
        total += model.months[month.key]
    return float(total)


def _grown_from(workbook: Any) -> float | None:
    """Bookings that a target grows from, ``None`` where there are targets."""

    def grown_from() -> float | None:
        return None if _has_targets(workbook) else last_year(workbook)

    found: float | None = workbook.tables.once(("hiring", "grown from"), grown_from)
    return found


def _has_targets(workbook: Any) -> bool:
    """Whether the company has targets of months after the data's last day."""
    import narwhals as nw

    from salesops_nb.core.frames import collected
    from salesops_nb.notebook.performance_review import tables_in_force

    tables = tables_in_force(workbook)
    if "targets" not in tables or workbook.data_through is None:
        return False
    rows = collected(tables["targets"].filter(nw.col("level") == "company").select("period"))
    after = workbook.calendar.containing(workbook.data_through, "month").next().key
    return any(str(key) == after for key in rows["period"])


def last_year(workbook: Any) -> float:
    """Bookings of the last twelve whole months: won deals, and recorded history for months before the deals.

    Where the data hold fewer, they are brought to twelve, as target setting does.
    """
    import narwhals as nw

    from salesops_nb.core.frames import collected

    through, calendar = workbook.data_through, workbook.calendar
    months = [calendar.containing(through, "month")]
    if months[0].last > through + SLACK:
        months = [months[0].previous()]  # a month in progress is none
    while len(months) < 12:
        months.append(months[-1].previous())
    won = workbook.tables["deals"].filter(nw.col("outcome") == "won", ~nw.col("amount").is_null())
    day = nw.col("closed_on").cast(nw.Date)
    first = collected(won.select(first=day.min()))["first"].iloc[0]
    begun = [] if pd.isna(first) else [m for m in months if m.start >= pd.Timestamp(first).date() - SLACK]
    total, count = Decimal(0), len(begun)
    if begun:
        inside = won.filter(day >= begun[-1].start, day <= months[0].last)
        booked = collected(inside.select(nw.col("amount").sum()))["amount"].iloc[0]
        total += Decimal(0) if pd.isna(booked) else booked
    history = workbook.tables.get("bookings_history")
    if history is not None:
        before = {month.key for month in months} - {month.key for month in begun}
        rows = collected(history.filter(nw.col("level") == "company", nw.col("metric") == "bookings"))
        found = [(m, v) for m, v in zip(rows["month"], rows["value"], strict=True) if m in before]
        total += sum((value for _, value in found), Decimal(0))
        count += len({month for month, _ in found})
    return float(total) * 12 / max(count, 1)
