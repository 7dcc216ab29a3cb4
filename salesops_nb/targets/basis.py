"""All that targets rest on, worked out once, so that a control can then be answered at once."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from salesops_nb.core.frames import IN_MEMORY, Tables, height, settled
from salesops_nb.core.periods import FiscalCalendar, Period
from salesops_nb.errors import Problem, SalesopsError, problem
from salesops_nb.forecast.period import between
from salesops_nb.targets.futures import Future, futures
from salesops_nb.targets.history import History, read_history
from salesops_nb.targets.outlook import Outlook, outlook_of
from salesops_nb.targets.pipeline import Pipeline, pipeline
from salesops_nb.targets.potential import filled, last_targets, potential
from salesops_nb.targets.roster import RAMP, carriers, check_ramp, exposure, ramped, read_people
from salesops_nb.targets.season import YEAR, Season, season

Floats = npt.NDArray[np.float64]
DEALS = (
    "owner_id", "account_id", "product_id", "outcome", "amount", "currency", "created_on", "closed_on",
    "expected_close_on",
)  # fmt: skip


@dataclass(frozen=True)
class Basis:
    """What is known before a target is set; `set_targets` needs nothing else.

    `reps` has a row a carrier: person_id, team, region, hired_on, left_on, fte, potential,
    run_rate (bookings of the year at today's rate), pipeline, bottom_up, effort (full ramped years),
    last_bookings, last_target. `weights` is reps × 12: effort of the month times its season.

    Examples
    --------
    >>> from salesops_nb import open_workbook, targets
    >>> wb = open_workbook(".")
    >>> basis = targets.prepare(wb.tables, wb.calendar, 2018)
    >>> basis.year.key, basis.currency, basis.last_year
    ('2018', 'USD', Decimal('11610141.0000'))
    >>> len(basis.reps), basis.weights.shape
    (32, (32, 12))
    """

    year: Period
    currency: str
    reps: pd.DataFrame
    weights: Floats
    season: Season
    outlook: Outlook
    futures: tuple[Future, ...]
    last_year: Decimal
    last_year_months: int
    last_year_share: float
    notes: tuple[str, ...]
    problems: tuple[Problem, ...]
    simulated: bool


def read(tables: Mapping[str, Any]) -> Tables:
    """The tables with the deals and products that `prepare` scans loaded into memory, for several years.

    Parameters
    ----------
    tables : as for `prepare`.

    Returns
    -------
    Tables
        taken by `prepare` in place of the tables. More deals than fit in memory stay where they are.

    Examples
    --------
    >>> from salesops_nb import open_workbook, targets
    >>> wb = open_workbook(".")
    >>> tables = targets.read(wb.tables)
    >>> for year in (2017, 2018):
    ...     print(year, targets.prepare(tables, wb.calendar, year).last_year)
    2017 8672485.0000
    2018 11610141.0000
    """
    tables = Tables.of(tables)
    if "deals" not in tables or height(tables["deals"]) > IN_MEMORY:
        return tables
    there = tables["deals"].collect_schema().names()
    deals = tables["deals"].select([name for name in DEALS if name in there])
    products = {"products": settled(tables["products"])} if "products" in tables else {}
    return tables.beside(deals=settled(deals), **products)


def prepare(
    tables: Mapping[str, Any],
    calendar: FiscalCalendar,
    year: str | int,
    *,
    as_of: date | None = None,
    currency: str | None = None,
    roles: Collection[str] | None = None,
    potential_by: Mapping[str, Any] | None = None,
    ramp: Sequence[float] = RAMP,
    declared_season: Sequence[float] | None = None,
    seed: int = 0,
) -> Basis:
    """Read history, people, potential and pipeline, and fit the season.

    Parameters
    ----------
    tables : ``deals`` and ``people``; where given ``bookings_history``, ``accounts``, ``products``,
        ``units`` with ``assignments``, ``targets``. Frames of any kind narwhals reads.
    year : the fiscal year to set targets for, such as ``2018``.
    as_of : what was known after this day is not used; by default the year's own beginning.
    roles : roles that carry targets; by default those of the people who have bookings.
    potential_by : potential by person, in place of what the tables give.
    ramp : share of a full target for each month of tenure, 1 afterwards.
    declared_season : twelve weights for when there are under 24 months of history.

    Returns
    -------
    Basis
        what `set_targets` takes: any number of targets are set from it at once.

    Raises `SalesopsError` for a malformed year, missing tables or columns, no history, a potential
    that is negative or nothing, unknown roles, a bad ramp or season.

    Examples
    --------
    >>> from salesops_nb import open_workbook, targets
    >>> wb = open_workbook(".")
    >>> basis = targets.prepare(wb.tables, wb.calendar, 2018)
    >>> basis.season.model
    'exponential smoothing'
    >>> print(basis.notes[-1])
    Pipeline: 243 live open deals at the win rate of 63.2%; 1,346 left out as older than 127 days or due
    after the year, 500 as undated.
    """
    tables = Tables.of(tables)
    target_year = _year(calendar, year)
    check_ramp(ramp)
    problems: list[Problem] = []
    people = read_people(tables, problems, target_year.end)
    before = min(target_year.start, as_of.fromordinal(as_of.toordinal() + 1)) if as_of else target_year.start
    history = read_history(tables, calendar, before, currency)
    gap = _gap(history, target_year)
    shape = season(history.company, _position(history.months[0]), declared_season, gap)
    chosen = carriers(people, target_year, history.reps, roles)
    factors = shape.shares * YEAR
    effort = exposure(chosen, target_year.months()) * ramped(chosen, target_year.months(), ramp)
    seen = outlook_of(tables, calendar, history, target_year, chosen, seed)
    flow = pipeline(tables, target_year, history.months[-1].last)
    reps, notes = _reps(
        tables, history, target_year, chosen, seen, effort, factors, flow, potential_by, problems
    )
    last = _last_year(history, target_year.previous(), shape.shares)
    problems += _strangers(history, people)
    notes = [shape.note, *notes, flow.note, *_last_note(last[1], target_year)]
    problems = [*history.problems, *problems]
    return Basis(
        target_year, history.currency, reps, effort * factors, shape, seen, futures(reps, seen), *last,
        tuple(notes), tuple(problems), history.simulated,
    )  # fmt: skip


def check_earlier(
    tables: Mapping[str, Any],
    calendar: FiscalCalendar,
    year: str | int,
    *,
    currency: str | None = None,
    growing: bool = True,
) -> None:
    """Raise the `SalesopsError` of `prepare` and `set_targets` for a year that bookings do not lead up to.

    There are none before it, the forecast from them does not reach it, or those of the year before, from
    which it grows, are missing.

    Parameters
    ----------
    tables, calendar, year, currency : as for `prepare`.
    growing : whether the company's target is a growth on the bookings of the year before.

    Examples
    --------
    >>> from salesops_nb import open_workbook
    >>> from salesops_nb.targets.basis import check_earlier
    >>> wb = open_workbook(".")
    >>> check_earlier(wb.tables, wb.calendar, 2018)
    >>> check_earlier(wb.tables, wb.calendar, 2020, growing=False)
    >>> check_earlier(wb.tables, wb.calendar, 2020)
    Traceback (most recent call last):
        ...
    salesops_nb.errors.SalesopsError: The year before 2020 has no bookings to grow from. Give company_target.
    """
    target_year = _year(calendar, year)
    history = read_history(Tables.of(tables), calendar, target_year.start, currency)
    between(history.months[-1].end, target_year)
    if growing:
        check_grows(*_booked(history, target_year.previous()), target_year)


def check_grows(booked: Decimal, months: int, year: Period) -> None:
    """Raise `SalesopsError` where the year before has no month of bookings, or they come to nothing."""
    if months == 0 or booked <= 0:
        raise SalesopsError(problem("no-last-year", year=year.key))


def _year(calendar: FiscalCalendar, year: str | int) -> Period:
    text = str(year).strip()
    if not re.fullmatch(r"(cal:)?\d{4}", text):
        raise SalesopsError(problem("bad-year", column="year", value=text, year=year))
    return calendar.period(text)


def _position(month: Period) -> int:
    return int(month.key[-2:]) - 1


def _gap(history: History, year: Period) -> int:
    """Months between the end of the history and the year."""
    end = history.months[-1].end
    return len(list(year.calendar.between(end, year.start, "month"))) if end < year.start else 0


def _reps(
    tables: Tables,
    history: History,
    year: Period,
    chosen: pd.DataFrame,
    seen: Outlook,
    effort: Floats,
    factors: Floats,
    flow: Pipeline,
    given: Mapping[str, Any] | None,
    problems: list[Problem],
) -> tuple[pd.DataFrame, list[str]]:
    ids = list(chosen["person_id"])
    booking = set(history.reps)
    past = pd.Series({rep: float(rate) for rep, rate in zip(ids, seen.rate, strict=True) if rep in booking})
    found, source = potential(tables, ids, given, past)
    teams = chosen["team"].set_axis(ids)
    worth, missing = filled(found, teams)
    notes = [source]
    if missing:
        problems.append(_missing_potential(missing))
    zero = [str(rep) for rep in worth[worth == 0].index]
    if zero:
        problems.append(_zero_potential(zero))
    expected = flow.expected.reindex(ids).fillna(0.0).to_numpy(dtype=float)
    weights = effort * factors
    new = (weights * (1 - flow.carry)).sum(axis=1) * seen.rate
    reps = chosen[["person_id", "team", "region", "hired_on", "left_on", "fte"]].reset_index(drop=True)
    reps = reps.assign(
        potential=worth.to_numpy(dtype=float),
        run_rate=seen.rate * weights.sum(axis=1),
        pipeline=expected,
        bottom_up=expected + new,
        effort=effort.sum(axis=1) / YEAR,
    )
    before = year.previous()
    reps["last_bookings"] = _objects(history.between(rep, before.start, before.end) for rep in ids)
    targets = last_targets(tables, before)
    reps["last_target"] = _objects(targets.get(rep) for rep in ids)
    return reps, notes


def _objects(values: Iterable[Any]) -> pd.Series:
    """Decimals (and gaps) kept as they are."""
    return pd.Series(list(values), dtype=object)


def _missing_potential(names: list[str]) -> Problem:
    return problem("no-potential", names=", ".join(names))


def _zero_potential(names: list[str]) -> Problem:
    return problem("zero-potential.names", names=", ".join(names))


def _strangers(history: History, people: pd.DataFrame) -> list[Problem]:
    """Owners of bookings who are not among the people: they teach the season, and carry nothing."""
    known = set(people["person_id"])
    unknown = [rep for rep in history.reps if rep not in known]
    if not unknown:
        return []
    start, end = history.months[0].start, history.months[-1].end
    total = sum((history.between(rep, start, end) for rep in unknown), Decimal(0))
    shown = ", ".join(unknown[:5]) + (f" and {len(unknown) - 5} more" if len(unknown) > 5 else "")
    return [problem("unknown-owner", table="people", amount=total, names=shown)]


def _last_year(history: History, year: Period, shares: Floats) -> tuple[Decimal, int, float]:
    """Bookings of the year before, of how many whole months, and the season's share of those."""
    total, count = _booked(history, year)
    share = 1.0 if count == YEAR else float(sum(shares[_position(m)] for m in _inside(history, year)))
    return total, count, share


def _booked(history: History, year: Period) -> tuple[Decimal, int]:
    """Bookings of a year, and of how many whole months."""
    keys = {m.key for m in _inside(history, year)}
    return sum((value for (_, key), value in history.cells.items() if key in keys), Decimal(0)), len(keys)


def _inside(history: History, year: Period) -> list[Period]:
    return [m for m in history.months if year.start <= m.start < year.end]


def _last_note(months: int, year: Period) -> list[str]:
    if months == YEAR:
        return []
    return [
        f"The year before {year.key} has {months} of {YEAR} months of bookings; it is scaled by the season."
    ]
