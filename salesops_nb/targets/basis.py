"""All that targets rest on, worked out once, so that a control can then be answered at once."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from salesops_nb.core.frames import IN_MEMORY, Tables, height, settled
from salesops_nb.core.periods import FiscalCalendar, Period
from salesops_nb.errors import Problem, SalesopsError, problem
from salesops_nb.forecast.learning.learn import learn
from salesops_nb.forecast.period import between
from salesops_nb.messages import message
from salesops_nb.store.hiring_plans import ApprovedHiring
from salesops_nb.targets.futures import Future, futures
from salesops_nb.targets.history import History, read_history
from salesops_nb.targets.last_year import last_year
from salesops_nb.targets.outlook import Outlook, outlook_of
from salesops_nb.targets.pipeline import Pipeline, pipeline
from salesops_nb.targets.potential import filled, potential
from salesops_nb.targets.roster import RAMP, carriers, check_ramp, exposure, ramped, read_people
from salesops_nb.targets.season import YEAR, Season, season
from salesops_nb.targets.seats import LINE, OPEN, PERSON, Hiring, lines_of

Floats = npt.NDArray[np.float64]
DEALS = (
    "owner_id", "account_id", "product_id", "outcome", "amount", "currency", "created_on", "closed_on",
    "expected_close_on",
)  # fmt: skip


@dataclass(frozen=True)
class Basis:
    """What is known before a target is set; `set_targets` needs nothing else.

    `reps` has a row a line of quota: person_id (or what the line is called), team, region, hired_on, left_on,
    fte, line (a person; with an approved hiring plan its hires and open seats too, see `targets.seats`),
    potential, run_rate (bookings of the year at today's rate), pipeline, bottom_up, effort (full ramped
    years), last_bookings, last_target, last_months and last_compared (see `last_year`). `weights` is
    reps × 12: effort of the month times its season. `managers` are those of the teams; `hiring` is the
    approved plan that is counted.

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
    managers: Mapping[str, str] = field(default_factory=dict)
    hiring: Hiring | None = None


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
    hiring: ApprovedHiring | None = None,
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
    hiring : the approved hiring plan (`store.hiring_plans.approved_hiring`): its hires are in the forecast
        and carry ramped quota from their start; until then the seat's stands with the team's manager.

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
    learned = learn(tables, calendar, history.months[-1].last, history.currency)
    counted, chosen, managers = lines_of(hiring, learned, target_year, chosen, people, problems)
    months = target_year.months()
    open_seats = (chosen["line"] == OPEN).to_numpy()[:, None]
    effort = exposure(chosen, months) * np.where(open_seats, 1.0, ramped(chosen, months, ramp))
    seen = outlook_of(learned, target_year, chosen, counted, seed)
    flow = pipeline(tables, target_year, history.months[-1].last)
    reps, notes = _reps(
        tables, history, target_year, chosen, seen, effort, factors, flow, potential_by, problems, ramp
    )
    last = _last_year(history, target_year.previous(), shape.shares)
    problems += _strangers(history, people)
    notes = [shape.note, *notes, flow.note, *_last_note(last[1], target_year)]
    problems = [*history.problems, *problems]
    return Basis(
        target_year, history.currency, reps, effort * factors, shape, seen, futures(reps, seen), *last,
        tuple(notes), tuple(problems), history.simulated, managers, counted,
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
    ramp: Sequence[float],
) -> tuple[pd.DataFrame, list[str]]:
    person = (chosen["line"] == PERSON).to_numpy()
    ids, lines = list(chosen.loc[person, "person_id"]), list(chosen["person_id"])
    booking = set(history.reps)
    rates = zip(ids, seen.rate[person], strict=True)
    past = pd.Series({rep: float(rate) for rep, rate in rates if rep in booking})
    found, source = potential(tables, ids, given, past)
    # a seat could give what the middle of its team could
    found = pd.concat([found, pd.Series(np.nan, index=lines[len(ids) :], dtype=float)])
    worth, missing = filled(found.reset_index(drop=True), chosen["team"].reset_index(drop=True))
    notes = [source]
    unknown = [lines[i] for i in missing if person[i]]
    if unknown:
        problems.append(_missing_potential(unknown))
    zero = [name for name, value, own in zip(lines, worth, person, strict=True) if own and value == 0]
    if zero:
        problems.append(_zero_potential(zero))
    expected = flow.expected.reindex(ids).fillna(0.0).to_numpy(dtype=float)
    expected = np.concatenate([expected, np.zeros(len(lines) - len(ids))])
    weights = effort * factors
    run_rate = seen.rate * weights.sum(axis=1)
    reps = chosen[list(LINE)].reset_index(drop=True)
    reps = reps.assign(
        potential=worth.to_numpy(dtype=float),
        run_rate=run_rate,
        pipeline=expected,
        bottom_up=_from_both(run_rate, seen.rate * (weights * flow.carry).sum(axis=1) * person, expected),
        effort=effort.sum(axis=1) / YEAR,
    )
    last = last_year(tables, history, year, chosen, ramp)
    return reps.assign(**last), notes


def _from_both(run_rate: Floats, begun: Floats, expected: Floats) -> Floats:
    """What run-rate and live open deals promise: deals take the place of as much run-rate as they are worth.

    `begun` is the part of each run-rate that deals open today bring, `expected` what such deals are worth.
    The sum stays that of the run-rates, whichever of the two is larger: what people book is known from
    years, and which deals are live enough to count is a rule.
    """
    moved = min(begun.sum(), expected.sum())
    if moved <= 0:
        return run_rate
    out: Floats = run_rate + expected * (moved / expected.sum()) - begun * (moved / begun.sum())
    return out


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
        message(
            "The year before {year} has {months:d} of {whole:d} months of bookings; it is scaled by the "
            "season.",
            year=year.key, months=months, whole=YEAR,
        )
    ]  # fmt: skip
