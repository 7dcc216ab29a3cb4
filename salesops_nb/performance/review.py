"""The review itself: one call from tables to everything the report shows."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import pandas as pd

from salesops_nb.core.frames import Tables
from salesops_nb.core.names import named
from salesops_nb.core.periods import FiscalCalendar, Period
from salesops_nb.core.periods.forms import resolve_period
from salesops_nb.deal_history import not_known
from salesops_nb.errors import Problem, problem
from salesops_nb.facts import LEVEL_COLUMN, Level, Structure, identified, in_scope
from salesops_nb.performance import cube
from salesops_nb.performance.bridge import Bridge, no_bridge, revenue_bridge, target_bridge
from salesops_nb.performance.cohorts import cohorts
from salesops_nb.performance.course import courses, latest
from salesops_nb.performance.cube import ALL, Cuts
from salesops_nb.performance.duration import median_to_win, time_to_win, won_in_the_end
from salesops_nb.performance.expectation import Pace, covered, pace, partly_targeted, targets
from salesops_nb.performance.figures import View, figures, rank_ranges, total
from salesops_nb.performance.headlines import headlines
from salesops_nb.performance.prepared import Prepared, prepare
from salesops_nb.performance.result import Review
from salesops_nb.performance.scope import (
    CompareTo,
    Comparison,
    compared,
    not_in_the_future,
)
from salesops_nb.performance.trend import monthly_trend

NO_MONEY = Decimal(0)


def review(
    tables: Mapping[str, Any] | Prepared,
    period: Period | str,
    as_of: date | None = None,
    level: Level = "company",
    who: str | None = None,
    compare_to: CompareTo = "previous",
    structure: Structure = "as they were",
    calendar: FiscalCalendar | None = None,
) -> Review:
    """The performance of the company, a team or a rep in a period, as known on a day.

    Parameters
    ----------
    tables : mapping with ``deals``, and ``people, products, accounts, targets`` where there are any; or
        what `prepare` made of them, with its `as_of` and `structure`.
    period : a `Period`, or a key, span or word (``last-3-months``) as `resolve_period` reads it in
        `calendar` (the calendar year unless given), words counted from `as_of`.
    as_of : the last day known; by default the last day a deal was created or closed.
    who : the team or rep; None for the company.
    compare_to : ``previous`` (of a span, as many months or days before it), ``last-year`` (the same
        period a year before) or ``target``.
    structure : owners in the teams they were in when a deal closed, or all ``restated`` to `as_of`.

    Returns
    -------
    Review
        with frames of a row a group: money `Decimal`, rates shares of 1, times in days.

    Raises
    ------
    SalesopsError
        where a choice is not known, or the period begins after `as_of`.

    Examples
    --------
    One team of the demo; its reps, the one who booked most first:

    >>> from salesops_nb import open_workbook, performance
    >>> wb = open_workbook(".")
    >>> team = performance.review(
    ...     wb.tables, "2017-Q3", level="team", who="Cara Losch", calendar=wb.calendar
    ... )
    >>> team.people["bookings"].head(3)
    group
    Corliss Cosme         146512.0000
    Rosie Papadopoulos     59785.0000
    Garret Kinder          47272.0000
    Name: bookings, dtype: object
    """
    days = calendar or FiscalCalendar()
    known = tables.as_of if isinstance(tables, Prepared) else as_of
    if known is not None:
        period = _asked(period, days, known)
        not_in_the_future(period, known)
    if not isinstance(tables, Prepared):
        tables = prepare(tables, as_of, structure)
    period = _asked(period, days, tables.as_of)
    not_in_the_future(period, tables.as_of)
    return _reviewed(tables, period, level, who, compare_to)


def _asked(period: Period | str, calendar: FiscalCalendar, known: date) -> Period:
    return resolve_period(period, calendar, known) if isinstance(period, str) else period


def _reviewed(made: Prepared, period: Period, level: Level, who: str | None, compare_to: CompareTo) -> Review:
    as_of, (data_from, deals, only_wins) = made.as_of, made.span
    who = identified(made.tables, level, who)
    facts = in_scope(made.facts, made.tables, level, who)
    first_part = covered(period, data_from, period.last)[0]
    comparison = compared(period, compare_to, as_of, data_from, first_part < period.days)
    stale = made.stale
    view = View(facts, period, as_of, stale[1] if stale else None, deals, _span(comparison))
    before = view.before
    daily = cube.daily_bookings(facts)
    due = pace(daily, period, as_of, data_from)
    company = _scope_row(view, made, level, who, before, due)
    below: Level = "team" if level == "company" else "rep"
    ages = made.ages if level == "company" else cube.ages(facts, as_of)
    curve = time_to_win(ages)
    in_the_end = won_in_the_end(ages, curve)
    return Review(
        period=period, as_of=as_of, data_through=made.data_through, level=level, who=who,
        name=named(made.tables, "people", [who])[0] if level == "rep" else who,
        comparison=comparison, pace=due,
        company=company, rows=lambda each: _rows(view, made, each, before, due),
        mix=lambda key: _mix(view, before, key, made.tables), summarise=headlines,
        pipeline=_pipeline(view),
        bridged=_bridge(view, before, comparison, compare_to, company, below,
                        targets(made.targets, period, below), made.tables),
        made=lambda: cohorts(facts, period, as_of, stale[0]) if stale else None,
        course=lambda each: courses(facts, LEVEL_COLUMN[each], latest(period)),
        team_ages=lambda: cube.ages(facts, as_of, "team"),
        trend=monthly_trend(daily, period.calendar, data_from, as_of),
        time_to_win=curve, median_to_win=median_to_win(ages, curve, in_the_end),
        won_in_the_end=in_the_end,
        stale_days=stale[0] if stale else None,
        covered_days=covered(period, data_from, as_of)[0],
        partly_targeted=not company["target"] and partly_targeted(made.targets, period, level, who),
        notes=[*_notes(period, comparison, covered(period, data_from, as_of), only_wins, as_of),
               *not_known(made.tables, as_of, made.data_through)],
    )  # fmt: skip


def _span(comparison: Comparison) -> tuple[date, date] | None:
    """The days that are compared with; None where there are none."""
    if comparison.period is None or comparison.upto is None:
        return None
    return comparison.period.start, comparison.upto


def _scope_row(
    view: View, made: Prepared, level: Level, who: str | None, before: Cuts | None, due: Pace
) -> pd.Series[Any]:
    table = figures(view)
    wanted = targets(made.targets, view.period, level)
    # the company's target stands under its own name, whatever that is
    value = wanted.get(who) if who else next(iter(wanted.values())) if len(wanted) == 1 else None
    table = _against(table, {"all": value} if value is not None else {}, view, due)
    row = table.iloc[0].copy()
    row["compared_bookings"] = None if before is None else total(_bookings_by(before, ALL).values())
    row["compared_won"], row["compared_lost"] = _decided(before)
    return row


def _decided(before: Cuts | None) -> tuple[int, int]:
    """Deals won and lost in the comparison."""
    if before is None:
        return 0, 0
    sums = before[ALL]
    won, lost = (int(sums.loc[sums["outcome"] == outcome, "deals"].sum()) for outcome in ("won", "lost"))
    return won, lost


def _rows(view: View, made: Prepared, level: Level, before: Cuts | None, due: Pace) -> pd.DataFrame:
    key = LEVEL_COLUMN[level]
    table = figures(view, key)
    wanted = targets(made.targets, view.period, level)
    table = _against(table, wanted, view, due)
    table["compared_bookings"] = _beside(table, before, key)
    ranks = rank_ranges(table) if len(table) else pd.DataFrame(columns=["rank_low", "rank_high"])
    table["name"] = named(made.tables, "people", table.index) if level == "rep" else list(table.index)
    return table.join(ranks)


def _against(table: pd.DataFrame, wanted: dict[str, Decimal], view: View, due: Pace) -> pd.DataFrame:
    """Adds target, attainment, what the pace expects, and the pipeline's coverage of what is missing."""
    over = view.as_of >= view.period.last
    rows: list[tuple[Any, ...]] = []
    for group, bookings, pipeline in zip(table.index, table["bookings"], table["pipeline_due"], strict=True):
        target = wanted.get(group)
        if not target:
            rows.append((target, None, None, None, None))
            continue
        expected = target * Decimal(str(due.share))
        missing = target - bookings
        coverage = float(pipeline / missing) if missing > 0 and not over else None
        at_pace = float(bookings / expected) if expected else None
        rows.append((target, float(bookings / target), expected, at_pace, coverage))
    names = ["target", "attainment", "expected", "pace_attainment", "coverage"]
    more = pd.DataFrame(rows, columns=names, index=table.index, dtype=object)
    for name in ("attainment", "pace_attainment", "coverage"):
        more[name] = more[name].astype(float)
    return table.join(more)


def _bookings_by(sums: Cuts, key: str) -> dict[str, Decimal]:
    won = sums[key][sums[key]["outcome"] == "won"]
    return dict(zip(won[key], won["value"], strict=True))


def _beside(table: pd.DataFrame, before: Cuts | None, key: str) -> pd.Series[Any]:
    earlier = {} if before is None else _bookings_by(before, key)
    found = [None if before is None else earlier.get(str(group), NO_MONEY) for group in table.index]
    return pd.Series(found, index=table.index, dtype=object)


def _won_products(sums: Cuts) -> pd.DataFrame:
    return sums["product_id"][sums["product_id"]["outcome"] == "won"]


def _bridge(
    view: View, before: Cuts | None, comparison: Comparison, to: CompareTo, company: pd.Series[Any],
    below: Level, wanted: dict[str, Decimal], tables: Tables,
) -> Bridge:  # fmt: skip
    if to == "target":
        if company["target"] is None:
            return no_bridge()
        key = LEVEL_COLUMN[below]
        groups, won = {*view.closed[key][key], *view.opened[key][key]}, _bookings_by(view.closed, key)
        called = dict(zip(groups, named(tables, "people", groups), strict=True)) if below == "rep" else {}
        booked = {called.get(group, group): won.get(group, NO_MONEY) for group in groups}
        known = {called.get(group, group): target for group, target in wanted.items() if group in groups}
        return target_bridge(booked, known, (company["target"], company["bookings"]))
    if before is None:
        return no_bridge()
    found = revenue_bridge(_won_products(before), _won_products(view.closed), str(comparison.said))
    return found._replace(lines=found.lines.assign(name=named(tables, "products", found.lines["product_id"])))


def _mix(view: View, before: Cuts | None, key: str, tables: Tables) -> pd.DataFrame:
    """Bookings, deals, share, rates, days and the comparison's bookings by product, segment or type."""
    columns = ["bookings", "won", "lost", "win_rate", "average_deal", "days_to_win"]
    table = figures(view, key, by_value=False)[columns].copy()
    whole = sum(table["bookings"], NO_MONEY)
    table["share"] = [float(value / whole) if whole else float("nan") for value in table["bookings"]]
    table["compared_bookings"] = _beside(table, before, key)
    table["name"] = named(tables, "products", table.index) if key == "product_id" else list(table.index)
    return table


def _pipeline(view: View) -> pd.DataFrame:
    """Open deals by stage: ``stage, deals, value, estimated, due_value, stale_deals, stale_value``."""
    still = view.opened["stage"]
    rows = []
    for stage, part in sorted(still.groupby("stage"), key=lambda pair: str(pair[0])):
        live, old = part[~part["stale"]], part[part["stale"]]
        rows.append(
            (stage, int(live["deals"].sum()), sum(live["value"], NO_MONEY), sum(live["estimated"], NO_MONEY),
             sum(live.loc[live["due"], "value"], NO_MONEY), int(old["deals"].sum()),
             sum(old["value"], NO_MONEY))
        )  # fmt: skip
    names = ["stage", "deals", "value", "estimated", "due_value", "stale_deals", "stale_value"]
    return pd.DataFrame(rows, columns=names)


def _notes(
    period: Period, comparison: Comparison, part: tuple[int, int], only_wins: bool, as_of: date
) -> list[Problem]:
    notes = []
    days, whole = part
    if days < whole:
        notes.append(problem("partial-period", days=days, whole=whole, period=period.named, as_of=as_of))
    if comparison.why_not:
        notes.append(problem("no-comparison", period=period.named, why_not=comparison.why_not))
    if only_wins:
        notes.append(problem("no-losses.review"))
    return notes
