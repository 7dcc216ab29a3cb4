"""Pace and targets: what is booked against the forecast that was made, and whether a target is in reach."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np

from salesops_nb.alerts.rules import Rule
from salesops_nb.core.frames import Tables, collected
from salesops_nb.core.periods import FiscalCalendar, Period
from salesops_nb.errors import SalesopsError, problem
from salesops_nb.facts import closed_deals
from salesops_nb.forecast.in_progress import forecast
from salesops_nb.forecast.rolling_origin import day_number, months_of
from salesops_nb.performance.expectation import target_rows, targets
from salesops_nb.pipeline.lives import lives_of

LOW = 0.05  # of the futures: what is below is behind its forecast
OUT_OF_REACH = 0.10  # of the futures reach a target that is not out of reach


@dataclass(frozen=True)
class Reach:
    """Of one part: what was booked or will be, what was expected or is asked, and how likely that is."""

    who: str
    period: Period
    alert: bool
    value: float = float("nan")
    expected: float = float("nan")
    low: float = float("nan")
    high: float = float("nan")
    chance: float = float("nan")
    few: bool = False


def reach(rule: Rule, tables: Tables, calendar: FiscalCalendar, as_of: date, first: date) -> Iterable[Reach]:
    """The rule's test for the company, or each team.

    Raises `SalesopsError` where a target is asked for and there is none.
    """
    months = [m for m in calendar.between(first, as_of + timedelta(days=1), "month") if m.last <= as_of]
    if not months:
        return
    period = calendar.containing(as_of, rule.period)
    goals = targets(target_rows(tables), period, rule.level) if rule.test == "target" else {}
    if rule.test == "target" and not goals:
        raise SalesopsError(problem("no-target-to-reach", value=period.key, level=rule.level))
    for who in _parts(rule, tables, as_of):
        if rule.test == "pace":
            yield _pace(who, rule, tables, calendar, months[-1], first)
        elif who in goals or (not who and "company" in goals):
            yield _target(who, rule, tables, calendar, period, as_of, first, float(goals[who or "company"]))


def _parts(rule: Rule, tables: Tables, as_of: date) -> list[str]:
    if rule.level == "company":
        return [""]
    teams = set(collected(closed_deals(tables, as_of).select("team").unique())["team"].astype(str))
    return sorted(each for each in teams if not rule.who or each in rule.who)


def _made(
    who: str, level: str, tables: Tables, calendar: FiscalCalendar, known: date, period: Period, end: date,
    first: date,
) -> Any:  # fmt: skip
    lives = lives_of(tables, known, level, who or None)  # type: ignore[arg-type]
    months, _ = months_of(calendar, first, period.last)
    return forecast(lives, months, day_number(known) + 1, day_number(end), day_number(period.start))


def _pace(who: str, rule: Rule, tables: Tables, calendar: FiscalCalendar, last: Period, first: date) -> Reach:
    """Bookings of the period's whole months against the forecast made on the eve of the period."""
    period = calendar.containing(last.start, rule.period)
    eve = period.start - timedelta(days=1)
    made = _made(who, rule.level, tables, calendar, eve, period, last.end, first) if eve > first else None
    if made is None:
        return Reach(who, period, alert=False, few=True)
    booked = _booked(who, rule.level, tables, period.start, last.end)
    low, middle, high = (float(each) for each in np.quantile(made.made, [LOW, 0.5, 1 - LOW]))
    chance = float((made.made <= booked).mean())
    worse = (
        booked < low
        if rule.side == "worse"
        else booked > high
        if rule.side == "better"
        else not low <= booked <= high
    )
    return Reach(who, period, worse, booked, middle, low, high, chance)


def _target(
    who: str, rule: Rule, tables: Tables, calendar: FiscalCalendar, period: Period, as_of: date, first: date,
    goal: float,
) -> Reach:  # fmt: skip
    """Whether the target of the running period can still be reached; of one that is over, whether it was."""
    if as_of >= period.last:
        booked = _booked(who, rule.level, tables, period.start, period.end)
        return Reach(who, period, booked < goal, booked, goal, chance=float(booked >= goal))
    made = _made(who, rule.level, tables, calendar, as_of, period, period.end, first)
    if made is None:
        return Reach(who, period, alert=False, few=True)
    low, middle, high = (float(each) for each in np.quantile(made.made, [0.1, 0.5, 0.9]))
    chance = float((made.made >= goal).mean())
    return Reach(who, period, chance < OUT_OF_REACH, middle, goal, low, high, chance)


def _booked(who: str, level: str, tables: Tables, start: date, end: date) -> float:
    import narwhals as nw

    won = closed_deals(tables).filter(
        (nw.col("outcome") == "won") & (nw.col("closed_on") >= start) & (nw.col("closed_on") < end)
    )
    if level == "team":
        won = won.filter(nw.col("team") == who)
    found = collected(won.select(value=nw.col("value").sum()))["value"].iloc[0]
    return float(found or 0)
