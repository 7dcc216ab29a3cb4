"""How the pipeline moved from one kept day to another, a step at a time, with the deals behind each.

opening + created + open again + entered late + pulled in + slipped in + taken over ± amount changed
− pushed out − brought forward − handed over − won − lost − gone from the data = closing, exactly: each deal's
own steps come to what it is worth on the second day less what it was worth on the first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

import narwhals as nw
import pandas as pd
from sqlalchemy import Engine

from salesops_nb import facts
from salesops_nb.core.frames import Tables
from salesops_nb.core.names import named
from salesops_nb.core.periods import Period
from salesops_nb.errors import Problem, SalesopsError, problem
from salesops_nb.facts import LEVEL_COLUMN, Level, identified
from salesops_nb.pipeline.snapshot import then
from salesops_nb.store.snapshots import (
    DealThen,
    Snapshot,
    closed_by,
    open_on,
    seen_before,
    snapshots_kept,
)

NOTHING = Decimal(0)
# in the order in which they are told
STEPS = (
    "Created", "Open again", "Entered late", "Pulled in", "Slipped in", "Taken over", "Amount changed",
    "Pushed out", "Brought forward", "Handed over", "Won", "Lost", "Gone from the data",
)  # fmt: skip
_DEALS = ["step", "deal_id", "name", "owner_id", "owner", "amount", "amount_before", "amount_after",
          "close_before", "close_after", "stage"]  # fmt: skip
_OWNERS = ["deal_id", "name", "owner_before", "owner_after", "team_before", "team_after", "amount"]


@dataclass(frozen=True)
class Movement:
    """The pipeline between two kept days; money is `Decimal` in `currency`.

    `steps` has a row a step that moved something: ``step, deals, amount``; `deals` the deals behind them,
    the largest of a step first; `owners` the open deals that changed hands. `opening` plus the steps is
    `closing`.

    Examples
    --------
    >>> from datetime import date
    >>> from salesops_nb import open_workbook, pipeline
    >>> from salesops_nb.store.database import open_store
    >>> wb, store = open_workbook("."), open_store("sqlite://")
    >>> days = date(2017, 12, 30), date(2017, 12, 31)
    >>> for day in days:
    ...     kept = pipeline.keep_day(store, wb.tables, day, currency="USD")
    >>> moved = pipeline.between(store, wb.tables, *days).moved()
    >>> moved.opening + sum(moved.steps["amount"]) == moved.closing
    True
    >>> store.dispose()
    """

    first: Snapshot
    second: Snapshot
    period: Period | None
    currency: str
    opening: Decimal
    closing: Decimal
    deals_before: int
    deals_after: int
    steps: pd.DataFrame
    deals: pd.DataFrame
    owners: pd.DataFrame
    notes: list[Problem]


@dataclass(frozen=True)
class Between:
    """Two kept days, the deals open on each, and how deals closed in between; made by `between`.

    Examples
    --------
    >>> from datetime import date
    >>> from salesops_nb import open_workbook, pipeline
    >>> from salesops_nb.store.database import open_store
    >>> wb, store = open_workbook("."), open_store("sqlite://")
    >>> for day in (date(2017, 12, 30), date(2017, 12, 31)):
    ...     kept = pipeline.keep_day(store, wb.tables, day, currency="USD")
    >>> days = pipeline.between(store, wb.tables, date(2017, 12, 30), date(2017, 12, 31))
    >>> len(days.before), len(days.after)
    (2113, 2089)
    >>> store.dispose()
    """

    first: Snapshot
    second: Snapshot
    tables: Tables
    before: Mapping[str, DealThen]
    after: Mapping[str, DealThen]
    closed: Mapping[str, DealThen]
    seen: Set[str]  # deals not open on the first day that a snapshot up to it holds

    def moved(
        self, period: Period | None = None, level: Level = "company", who: str | None = None
    ) -> Movement:
        """What became of the pipeline between the two days.

        Parameters
        ----------
        period : only deals whose close date lies in it; a won deal's is the day it was won. Without it, all.
        level, who : the company's deals, or those of a team or rep.

        Returns
        -------
        Movement
            a deal that closed counts as won at what it was won for, and as lost at what it was worth before;
            a deal without a close date is one that closes after every period.
        """
        before, after, closed = self.before, self.after, self.closed
        scope = _Scope(period, LEVEL_COLUMN.get(level, ""), identified(self.tables, level, who))
        lines = [
            _line(step, amount, before.get(key), after.get(key) or closed.get(key))
            for key in sorted(before.keys() | after.keys() | closed.keys())
            for step, amount in _steps(
                scope, before.get(key), after.get(key), closed.get(key), self.first.as_of, key in self.seen
            )
        ]
        opened = [deal.amount for deal in before.values() if scope.holds(deal)]
        left = [deal.amount for deal in after.values() if scope.holds(deal)]
        found = Movement(
            self.first, self.second, period, self.second.currency, sum(opened, NOTHING), sum(left, NOTHING),
            len(opened), len(left), _summed(lines), _listed(lines, self.tables),
            _owners(before, after, scope, self.tables), [],
        )  # fmt: skip
        return replace(found, notes=_notes(found, [*before.values(), *after.values()], scope))


def between(engine: Engine, tables: Mapping[str, Any], first: date, second: date) -> Between:
    """Two days of which snapshots are kept, ready to tell how the pipeline moved from one to the other.

    Parameters
    ----------
    engine : the store that keeps them.
    tables : the workbook's, which say of deals no longer open how they closed, and what people are called.
    first, second : the days, the earlier first.

    Raises
    ------
    SalesopsError
        where a day has no snapshot, the days are not in order, or the two are in different currencies.

    Examples
    --------
    The last week of the demo, the first of its days given back by the log of changes:

    >>> from datetime import date
    >>> from salesops_nb import open_workbook, pipeline
    >>> from salesops_nb.store.database import open_store
    >>> wb, store = open_workbook("."), open_store("sqlite://")
    >>> days = date(2017, 12, 24), date(2017, 12, 31)
    >>> for day in days:
    ...     kept = pipeline.keep_day(store, wb.tables, day, currency="USD")
    >>> week = pipeline.between(store, wb.tables, *days).moved()
    >>> print(week.opening, week.closing)
    5230418.0000 4966215.0000
    >>> week.steps
                 step  deals        amount
    0         Created     51    89028.0000
    1  Amount changed      6     -124.0000
    2             Won    131  -299803.0000
    3            Lost     27   -53304.0000
    >>> store.dispose()
    """
    one, two = _both(engine, first, second)
    tables = Tables.of(tables)
    before, after = open_on(engine, first), open_on(engine, second)
    closed = _closed(engine, tables, before, after, (one, two))
    old = seen_before(engine, (after.keys() | closed.keys()) - before.keys(), first)
    return Between(one, two, tables, before, after, closed, old)


def days_of(engine: Engine, period: Period, as_of: date) -> tuple[date, date] | None:
    """The kept days between which a period's movement is told; None where there are not two.

    From the last day kept before the period, else the first in it, to the last in it up to `as_of`.

    Examples
    --------
    >>> from datetime import date
    >>> from salesops_nb import open_workbook, pipeline
    >>> from salesops_nb.store.database import open_store
    >>> wb, store = open_workbook("."), open_store("sqlite://")
    >>> kept = pipeline.keep_day(store, wb.tables, currency="USD")
    >>> print(pipeline.days_of(store, wb.calendar.period("2017-Q4"), date(2017, 12, 31)))
    None
    >>> store.dispose()
    """
    days = [each.as_of for each in snapshots_kept(engine) if each.as_of <= min(as_of, period.last)]
    within = [day for day in days if day in period]
    first = max((day for day in days if day < period.start), default=within[0] if within else None)
    return (first, within[-1]) if within and first is not None and first < within[-1] else None


@dataclass(frozen=True, slots=True)
class _Scope:
    """Which deals count: those with a close date in the period, of the team or rep."""

    period: Period | None
    column: str
    who: str | None

    def own(self, deal: DealThen) -> bool:
        return not self.column or getattr(deal, self.column) == self.who

    def due(self, day: date | None) -> bool:
        return self.period is None or (day is not None and day in self.period)

    def holds(self, deal: DealThen) -> bool:
        return self.own(deal) and self.due(deal.expected_close_on)

    def early(self, day: date | None) -> bool:
        """Whether a day lies before the period."""
        return self.period is not None and day is not None and day < self.period.start


def _steps(
    scope: _Scope,
    before: DealThen | None,
    after: DealThen | None,
    closed: DealThen | None,
    first: date,
    seen: bool,
) -> Iterator[tuple[str, Decimal]]:
    """What one deal did: each step with the amount that it adds or takes."""
    was = before is not None and scope.holds(before)
    if before is not None and after is None and (closed is None or closed.outcome == "lost"):
        if was:
            yield ("Gone from the data" if closed is None else "Lost"), -before.amount
        return
    now = after or closed
    assert now is not None
    day = now.closed_on if after is None else now.expected_close_on
    here = scope.own(now) and scope.due(day)
    if before is None:
        if here:
            yield _entry(now, first, seen), now.amount
    elif was and here:
        if now.amount != before.amount:
            yield "Amount changed", now.amount - before.amount
    elif was:
        out = "Brought forward" if scope.early(day) else "Pushed out"
        yield ("Handed over" if not scope.own(now) else out), -before.amount
    elif here:
        into = "Slipped in" if scope.early(before.expected_close_on) else "Pulled in"
        yield ("Taken over" if not scope.own(before) else into), now.amount
    if after is None and here:
        yield now.outcome.title(), -now.amount


def _entry(deal: DealThen, first: date, seen: bool) -> str:
    """How a deal came that was not open on the first day."""
    if seen:
        return "Open again"
    return "Created" if deal.created_on is None or deal.created_on > first else "Entered late"


def _both(engine: Engine, first: date, second: date) -> tuple[Snapshot, Snapshot]:
    if first >= second:
        raise SalesopsError(problem("snapshots-in-order", first=first, second=second))
    known = {each.as_of: each for each in snapshots_kept(engine)}
    missing = [day for day in (first, second) if day not in known]
    if missing:
        days = ", ".join(day.isoformat() for day in known) or "–"
        raise SalesopsError([problem("no-snapshot", as_of=day, days=days) for day in missing])
    one, two = known[first], known[second]
    if one.currency != two.currency:
        raise SalesopsError(
            problem(
                "snapshots-in-one-currency", first=first, second=second, one=one.currency, two=two.currency
            )
        )
    return one, two


def _closed(
    engine: Engine,
    tables: Tables,
    before: Mapping[str, DealThen],
    after: Mapping[str, DealThen],
    days: tuple[Snapshot, Snapshot],
) -> dict[str, DealThen]:
    """How deals closed by the second day: as snapshots kept it, else as today's data have it.

    Of deals that were open on the first day any closing counts, for it may have been dated back; of others
    those after that day.
    """
    first, second = days[0].as_of, days[1].as_of
    left = sorted(before.keys() - after.keys())
    closed = facts.closed_deals(tables, max(second, facts.last_day(tables)))
    closed = closed.filter(
        nw.col("closed_on") <= second, (nw.col("closed_on") > first) | nw.col("deal_id").is_in(left)
    )
    closed_deals = {deal.deal_id: deal for deal in then(tables, closed, days[1].currency)}
    closed_deals |= {
        key: deal
        for key, deal in closed_by(engine, first, second).items()
        if key in before or (deal.closed_on is not None and deal.closed_on > first)
    }
    return {key: deal for key, deal in closed_deals.items() if key not in after}


def _line(step: str, amount: Decimal, before: DealThen | None, after: DealThen | None) -> dict[str, Any]:
    deal = after or before
    assert deal is not None
    return {
        "step": step,
        "deal_id": deal.deal_id,
        "name": deal.name,
        "owner_id": deal.owner_id,
        "amount": amount,
        "amount_before": before.amount if before else None,
        "amount_after": after.amount if after and after.outcome != "lost" else None,
        "close_before": before.expected_close_on if before else None,
        "close_after": (after.closed_on or after.expected_close_on) if after else None,
        "stage": deal.stage,
    }


def _summed(lines: list[dict[str, Any]]) -> pd.DataFrame:
    rows = []
    for step in STEPS:
        amounts = [line["amount"] for line in lines if line["step"] == step]
        if amounts:
            rows.append((step, len(amounts), sum(amounts, NOTHING)))
    return pd.DataFrame(rows, columns=["step", "deals", "amount"])


def _listed(lines: list[dict[str, Any]], tables: Tables) -> pd.DataFrame:
    order = {step: at for at, step in enumerate(STEPS)}
    lines = sorted(lines, key=lambda line: (order[line["step"]], -abs(line["amount"]), line["deal_id"]))
    frame = pd.DataFrame(lines, columns=[name for name in _DEALS if name != "owner"], dtype=object)
    frame.insert(_DEALS.index("owner"), "owner", named(tables, "people", frame["owner_id"]))
    return _told_apart(frame)


def _told_apart(frame: pd.DataFrame) -> pd.DataFrame:
    """The deals' names, with the id behind those that several of them bear."""
    bearers = frame.drop_duplicates("deal_id").groupby("name")["deal_id"].count()
    names = [
        f"{name} ({key})" if bearers[name] > 1 else name
        for name, key in zip(frame["name"], frame["deal_id"], strict=True)
    ]
    return frame.assign(name=pd.Series(names, index=frame.index, dtype=object))


def _owners(
    before: Mapping[str, DealThen], after: Mapping[str, DealThen], scope: _Scope, tables: Tables
) -> pd.DataFrame:
    """Deals open on both days that another person has on the second."""
    rows = []
    for key in sorted(before.keys() & after.keys()):
        one, two = before[key], after[key]
        if one.owner_id != two.owner_id and (scope.holds(one) or scope.holds(two)):
            people = named(tables, "people", [one.owner_id, two.owner_id])
            rows.append((key, two.name, *people, one.team, two.team, two.amount))
    return _told_apart(pd.DataFrame(rows, columns=_OWNERS, dtype=object))


def _notes(found: Movement, deals: list[DealThen], scope: _Scope) -> list[Problem]:
    notes = []
    for snapshot in (found.first, found.second):
        if snapshot.not_known:
            fields = ", ".join(snapshot.not_known)
            notes.append(problem("snapshot-of-a-log", as_of=snapshot.as_of, fields=fields))
    gone = found.deals[found.deals["step"] == "Gone from the data"]
    if len(gone):
        amount = -sum(gone["amount"], NOTHING)
        notes.append(problem("deals-gone", n=len(gone), amount=amount, since=found.first.as_of))
    bare = {deal.deal_id for deal in deals if not deal.priced and scope.holds(deal)}
    if bare:
        notes.append(problem("deals-without-amount", n=len(bare)))
    return notes
