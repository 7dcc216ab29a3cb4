"""The months of the horizon, the periods that end in them, and what is to be reached in each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

from salesops_nb.core.frames import Tables
from salesops_nb.core.periods import FiscalCalendar, Period
from salesops_nb.errors import SalesopsError, problem
from salesops_nb.forecast.learning import reading
from salesops_nb.forecast.learning.inputs import Floats, Ints, Panel
from salesops_nb.forecast.learning.learned import Learned

LEVELS = ("company", "team", "rep", "person")
METRICS = ("bookings", "amount", "won_amount", "revenue")
LONGEST_HORIZON = 60


@dataclass(frozen=True)
class Goal:
    """A period to be met: horizon months that count, what is already booked in it, and its target."""

    key: str
    kind: str
    months: Ints
    booked: float
    target: float | None


@dataclass(frozen=True)
class Horizon:
    """Months ahead with their targets (NaN without), and the goals that end within them."""

    months: list[Period]
    target: Floats
    goals: list[Goal]

    @property
    def month_of_year(self) -> Ints:
        """Position of each month in its fiscal year, 0 to 11."""
        return np.array([int(month.key[-2:]) - 1 for month in self.months], dtype=np.int64)

    def chosen(self, confidence_of: str) -> list[Goal]:
        """The goals that a plan must meet together; raises `SalesopsError` with the choices otherwise."""
        with_target = [goal for goal in self.goals if goal.target is not None]
        quarters = [goal for goal in with_target if goal.kind == "quarter"]
        years = [goal for goal in with_target if goal.kind == "year"]
        whole = [goal for goal in with_target if goal.kind == "horizon"]
        groups = {
            "year": years[-1:] or whole,
            "quarters": quarters,
            "joint": [*quarters, *years] or whole,
            "horizon": whole,
        }
        found = groups.get(confidence_of) or [goal for goal in with_target if goal.key == confidence_of]
        if not found:
            raise SalesopsError(
                problem(
                    "no-such-goal",
                    column="confidence_of",
                    value=confidence_of,
                    names=", ".join(
                        [name for name, goals in groups.items() if goals] + [g.key for g in with_target]
                    ),
                )
            )
        return found


def look_ahead(
    learned: Learned,
    tables: Mapping[str, Any],
    horizon: int,
    calendar: FiscalCalendar,
    target: float | Decimal | Mapping[str, Any] | None = None,
    metric: str | None = None,
) -> Horizon:
    """The horizon's months and goals.

    Parameters
    ----------
    horizon : months, 1 to 60.
    target : a number for the whole horizon, or numbers by period key (``2027``, ``2027-Q1``,
        ``2027-03``), in place of the table targets.
    metric : which metric of the table targets; bookings or the only one otherwise.
    """
    if isinstance(horizon, bool) or not 1 <= horizon <= LONGEST_HORIZON or int(horizon) != horizon:
        raise SalesopsError(problem("bad-horizon", column="horizon", value=horizon, most=LONGEST_HORIZON))
    months = [learned.panel.months[-1].next()]
    while len(months) < horizon:
        months.append(months[-1].next())
    season = learned.season.factor
    if isinstance(target, Mapping):
        given = {str(key): _number(value, str(key)) for key, value in target.items()}
    elif target is not None:
        whole = _number(target, "horizon")
        weights = np.array([season[int(m.key[-2:]) - 1] for m in months])
        shares = whole * weights / weights.sum()
        given = {month.key: float(share) for month, share in zip(months, shares, strict=True)}
    else:
        given = _table_targets(tables, metric)
    by_month = _month_targets(given, calendar, season)
    values = np.array([by_month.get(month.key, np.nan) for month in months])
    return Horizon(months, values, _goals(learned.panel, months, given, by_month))


def _number(value: Any, key: str) -> float:
    number = float(value)
    if not np.isfinite(number) or number < 0:
        raise SalesopsError(
            problem("negative-target.hiring", table="targets", column="value", value=value, key=key)
        )
    return number


def _table_targets(tables: Mapping[str, Any], metric: str | None) -> dict[str, float]:
    """Targets by period key: the company's rows, else the sum over teams, else over people."""
    frame = Tables.of(tables).get("targets")
    if frame is None:
        return {}
    rows = reading.pandas_of(reading.need(frame, "targets", ["level", "metric", "period", "value"])).copy()
    rows["value"] = pd.to_numeric(rows["value"].astype(str), errors="coerce")
    for row in reading.records(rows):
        if not np.isfinite(row.value) or row.value < 0:
            raise SalesopsError(
                problem(
                    "negative-target.hiring-row",
                    table="targets",
                    row=int(row.Index) + 2,
                    column="value",
                    value=f"{row.value:g}",
                    level=row.level,
                    metric=row.metric,
                    period=row.period,
                    given=row.value,
                )
            )
    metrics = list(rows["metric"].astype(str).unique())
    if metric is None:
        known = [name for name in METRICS if name in metrics]
        metric = known[0] if known else (metrics[0] if len(metrics) == 1 else None)
    rows = rows[rows["metric"].astype(str) == str(metric)]
    for level in LEVELS:
        chosen = rows[rows["level"] == level]
        if len(chosen):
            return {str(key): float(v) for key, v in chosen.groupby("period")["value"].sum().items()}
    return {}


def _month_targets(given: dict[str, float], calendar: FiscalCalendar, season: Floats) -> dict[str, float]:
    """A target for every month that a month's, quarter's or year's target covers; the finest wins.

    What a longer period has beyond its months' own targets is spread over the others by season.
    """
    out: dict[str, float] = {}
    periods = [(calendar.period(key), value) for key, value in given.items()]
    order = {"month": 0, "quarter": 1, "year": 2}
    for period, value in sorted(periods, key=lambda item: order[item[0].kind]):
        keys = [month.key for month in period.months()]
        free = [key for key in keys if key not in out]
        if not free:
            continue
        rest = max(value - sum(out[key] for key in keys if key in out), 0.0)
        weights = np.array([max(season[int(key[-2:]) - 1], 1e-9) for key in free])
        shares = rest * weights / weights.sum()
        out.update({key: float(share) for key, share in zip(free, shares, strict=True)})
    return out


def _goals(
    panel: Panel, months: list[Period], given: dict[str, float], by_month: dict[str, float]
) -> list[Goal]:
    """Quarters and years that end within the horizon with what is booked of them, then the whole."""
    past = {month.key: float(panel.booked[:, i].sum()) for i, month in enumerate(panel.months)}
    ahead = {month.key: i for i, month in enumerate(months)}
    goals, seen = [], set()
    for kind in ("quarter", "year"):
        for month in months:
            period = month.calendar.containing(month.start, kind)
            if period.key in seen or period.end > months[-1].end:
                continue
            seen.add(period.key)
            keys = [part.key for part in period.months()]
            inside = np.array([ahead[key] for key in keys if key in ahead], dtype=np.int64)
            booked = sum(past.get(key, 0.0) for key in keys)
            total = given.get(period.key)
            if total is None and all(key in by_month for key in keys):
                total = sum(by_month[key] for key in keys)
            goals.append(Goal(period.key, kind, inside, booked, total))
    every = [by_month.get(month.key) for month in months]
    known = [value for value in every if value is not None]
    total = sum(known) if len(known) == len(months) else None
    goals.append(Goal("horizon", "horizon", np.arange(len(months)), 0.0, total))
    return goals
