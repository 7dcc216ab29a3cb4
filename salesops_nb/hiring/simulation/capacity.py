"""Bookings capacity by month against target: many futures in three cached steps.

`learn` (seconds at most) and `simulate` (a second) do not depend on the asked confidence or
budget; a widget that moves attrition, ramp or time to fill repeats `simulate` only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

from salesops_nb.core.money import from_float
from salesops_nb.core.periods import FiscalCalendar
from salesops_nb.errors import Problem, SalesopsError, problem
from salesops_nb.forecast.learning.inputs import Floats
from salesops_nb.forecast.learning.learn import learn
from salesops_nb.forecast.learning.learned import Learned
from salesops_nb.forecast.simulation.draws import Draws
from salesops_nb.forecast.simulation.simulate import Team, bookings, futures_of
from salesops_nb.hiring.simulation.goals import Goal, Horizon, look_ahead

FUTURES = 10_000


@dataclass(frozen=True)
class Capacity:
    """What the team can book.

    Attributes
    ----------
    months : month, start, p10, p50, p90, mean, target, probability (of the month's target), heads.
    periods : the same for each quarter and year that ends in the horizon (booked is what is already
        in), the whole horizon, and one row ``joint`` for all quarters and years together.
    vacancy_cost : per role, what an empty seat costs a month: margin lost less pay saved.
    learned : what was learned, with `learned.tables()`.
    problems : findings on the data.
    seed, futures : they reproduce the numbers.
    bookings : futures × months, for charts.

    Examples
    --------
    >>> from salesops_nb import hiring, open_workbook
    >>> capacity = hiring.capacity(open_workbook(".").tables, 3, futures=500)
    >>> list(capacity.months["month"]), capacity.bookings.shape
    (['2018-01', '2018-02', '2018-03'], (500, 3))
    >>> print(f"{capacity.vacancy_cost['bookings_per_month'][0]:,.0f}")  # a ramped rep
    30,532
    """

    months: pd.DataFrame
    periods: pd.DataFrame
    vacancy_cost: pd.DataFrame
    learned: Learned
    problems: list[Problem]
    seed: int
    futures: int
    bookings: Floats


def capacity(
    tables: Mapping[str, Any],
    horizon: int,
    seed: int = 0,
    *,
    calendar: FiscalCalendar | None = None,
    as_of: date | None = None,
    currency: str | None = None,
    replace_leavers: bool = True,
    target: float | Decimal | Mapping[str, Any] | None = None,
    metric: str | None = None,
    overrides: Mapping[str, Any] | None = None,
    futures: int = FUTURES,
    learned: Learned | None = None,
) -> Capacity:
    """Bookings by month as P10, P50 and P90 against target, over simulated futures.

    Parameters
    ----------
    tables : people, deals, and where given leave, vacancies, targets, units, assignments, fx_rates.
    horizon : months ahead, 1 to 60, from the first month the data do not cover whole.
    replace_leavers : whether each leaver is replaced after the time to fill.
    target, metric : see `look_ahead`; the table targets otherwise.
    overrides : stated values in place of learned ones (see `Learned.override`).
    learned : what `learn` returned for these tables, to spare learning again.

    Returns
    -------
    Capacity
        with `months`, a row a month: bookings in major units at P10, P50 and P90, and probability.

    Raises
    ------
    SalesopsError
        for a bad horizon, negative targets, missing tables, nobody ramped, unknown overrides.

    Examples
    --------
    Bookings are drawn at random; the seed makes them again. A target gives them a probability:

    >>> from salesops_nb import hiring, open_workbook
    >>> capacity = hiring.capacity(open_workbook(".").tables, 3, target=3_000_000, futures=500)
    >>> quarter = capacity.periods.set_index("period").loc["2018-Q1"]
    >>> quarter["p10"] < quarter["p50"] < quarter["p90"]
    True
    >>> 0.3 < float(quarter["probability"]) < 0.7
    True
    """
    calendar = calendar or FiscalCalendar()
    known = prepare(tables, calendar, as_of, currency, overrides, learned)
    ahead = look_ahead(known, tables, horizon, calendar, target, metric)
    check_futures(futures)
    draws, team = futures_of(known, ahead.month_of_year, futures, seed, replace_leavers)
    return summarise(known, ahead, draws, team, seed)


def prepare(
    tables: Mapping[str, Any],
    calendar: FiscalCalendar,
    as_of: date | None,
    currency: str | None,
    overrides: Mapping[str, Any] | None,
    learned: Learned | None,
) -> Learned:
    """What was learned, or learns it; overrides applied either way."""
    if learned is None:
        return learn(tables, calendar, as_of, currency, overrides)
    return learned.override(**dict(overrides or {}))


def check_futures(futures: int) -> None:
    """Raises `SalesopsError` where there are too few futures for a probability."""
    if futures < 200:
        raise SalesopsError(problem("few-futures", column="futures", value=futures, futures=FUTURES))


def summarise(learned: Learned, ahead: Horizon, draws: Draws, team: Team, seed: int) -> Capacity:
    """The frames of a capacity from a simulated team."""
    made = bookings(learned, draws, team.output)
    currency = learned.panel.currency
    heads = team.heads.sum(axis=1)
    months = pd.DataFrame({"month": [m.key for m in ahead.months], "start": [m.start for m in ahead.months]})
    months = pd.concat([months, _spread(made, currency)], axis=1)
    months["target"] = pd.Series(
        [None if np.isnan(v) else from_float(v, currency) for v in ahead.target], dtype=object
    )
    reached = (made >= ahead.target[None, :]).mean(axis=0)
    months["probability"] = np.where(np.isnan(ahead.target), np.nan, reached)
    for name, share in (("heads_p10", 0.1), ("heads_p50", 0.5), ("heads_p90", 0.9)):
        months[name] = np.quantile(heads, share, axis=0)
    periods = period_table(ahead, made, currency)
    season = learned.season.factor[ahead.month_of_year]
    lost = vacancy_cost(learned, float((draws.shared / season).mean()))
    problems = list(learned.problems)
    if all(goal.target is None for goal in ahead.goals):
        problems.append(problem("no-target", table="targets"))
    return Capacity(months, periods, lost, learned, problems, seed, len(draws), made)


def met(goals: list[Goal], made: Floats) -> Floats:
    """Futures × goals: how far each goal is exceeded (negative: missed), in money."""
    columns = [goal.booked + made[:, goal.months].sum(axis=1) - float(goal.target or 0.0) for goal in goals]
    out: Floats = np.stack(columns, axis=1)
    return out


def period_table(ahead: Horizon, made: Floats, currency: str) -> pd.DataFrame:
    """Quarters, years, horizon and their joint probability, with its standard error."""
    rows: list[tuple[Any, ...]] = []
    for goal in ahead.goals:
        total = goal.booked + made[:, goal.months].sum(axis=1)
        p10, p50, p90 = (from_float(v, currency) for v in np.quantile(total, (0.1, 0.5, 0.9)))
        target = None if goal.target is None else from_float(goal.target, currency)
        chance = float((total >= goal.target).mean()) if goal.target is not None else np.nan
        rows.append((goal.key, goal.kind, from_float(goal.booked, currency), p10, p50, p90, target, chance))
    together = [g for g in ahead.goals if g.kind in ("quarter", "year") and g.target is not None]
    if together:
        joint = float((met(together, made) >= 0).all(axis=1).mean())
        rows.append(("joint", "joint", None, None, None, None, None, joint))
    names = ["period", "kind", "booked", "p10", "p50", "p90", "target", "probability"]
    frame = pd.DataFrame(rows, columns=names)
    share = frame["probability"].astype(float)
    frame["standard_error"] = np.sqrt(share * (1 - share) / len(made))
    return frame


def vacancy_cost(learned: Learned, market: float = 1.0) -> pd.DataFrame:
    """Per role: what a month of an empty seat loses in margin, saves in pay, and costs on balance.

    `market` is the level of the months ahead over that of the months seen.
    """
    currency, economics = learned.panel.currency, learned.economics
    rows = []
    for r, role in enumerate(learned.panel.roles):
        level = float(learned.productivity.level[r]) * market
        lost, saved = economics.margin * level, float(economics.pay[r])
        rows.append((role, *(from_float(v, currency) for v in (level, lost, saved, lost - saved))))
    names = ["role", "bookings_per_month", "margin_lost", "pay_saved", "cost_per_month"]
    return pd.DataFrame(rows, columns=names)


def _spread(made: Floats, currency: str) -> pd.DataFrame:
    quantiles = np.quantile(made, (0.1, 0.5, 0.9), axis=0)
    columns = {
        name: [from_float(v, currency) for v in values]
        for name, values in zip(("p10", "p50", "p90"), quantiles, strict=True)
    }
    return pd.DataFrame({**columns, "mean": [from_float(v, currency) for v in made.mean(axis=0)]})
