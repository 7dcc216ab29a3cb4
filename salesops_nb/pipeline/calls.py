"""The call: what reps and managers commit to for a period, rolled up, and how good earlier calls were."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import narwhals as nw
import pandas as pd

from salesops_nb import facts
from salesops_nb.core.frames import Tables, collected, with_columns_or_null
from salesops_nb.core.names import named
from salesops_nb.core.periods import FiscalCalendar, Period
from salesops_nb.forecast.accuracy import bias, mad, tracking_signal
from salesops_nb.store.forecast_calls import Call

NOTHING = Decimal(0)
WEEKS = (3, 6, 9)  # of a quarter, at whose end its calls are held against what came
COMPANY = ""
_PEOPLE = {"manager_id": nw.String(), "valid_from": nw.Date(), "valid_to": nw.Date(), "left_on": nw.Date(),
           "hired_on": nw.Date()}  # fmt: skip
_ROLL = [
    "who",
    "name",
    "level",
    "commit",
    "best_case",
    "reps_commit",
    "change",
    "made_on",
    "reason",
    "missing",
]
_GOOD = ["who", "name", "level", "week", "quarters", "last_quarter", "called", "came", "error", "bias", "mad",
         "signal"]  # fmt: skip


def every_call(tables: Mapping[str, Any], stored: Iterable[Call]) -> list[Call]:
    """The calls of the workbook's table ``forecast_calls`` and those of the store, in order of their days.

    Of one person, period and day the store's last counts.
    """
    found: dict[tuple[str, str, date], Call] = {}
    tables = Tables.of(tables)
    if "forecast_calls" in tables:
        frame = with_columns_or_null(
            tables["forecast_calls"], {"best_case": nw.Decimal(18, 4), "reason": nw.String()}
        )
        rows: Any = collected(frame.select("person_id", "period", "made_on", "commit", "best_case", "reason"))
        for row in rows.astype(object).where(rows.notna(), None).itertuples():
            if row.commit is not None:
                best = row.commit if row.best_case is None else row.best_case
                call = Call(row.person_id, row.period, row.made_on, row.commit, best, row.reason or "")
                found[call.key] = call
    for call in stored:
        found[call.key] = call
    return sorted(found.values(), key=lambda call: call.made_on)


@dataclass(frozen=True)
class Tree:
    """Who reports to whom on a day; `roots` report to nobody who is there."""

    reports: Mapping[str, list[str]]
    roots: list[str]

    def below(self, who: str) -> list[str]:
        """The person and everybody below."""
        found = [who]
        for each in self.reports.get(who, []):
            found += self.below(each)
        return found

    @property
    def everybody(self) -> list[str]:
        """All who are there, each before those below."""
        return [one for root in self.roots for one in self.below(root)]


def tree_of(tables: Mapping[str, Any], day: date, since: date | None = None) -> Tree:
    """The people employed on the day under their managers; nobody above whom managers go in a circle has one.

    With `since`, all who were there on some day from that one on, by their last row of it.
    """
    first = since or day
    tables = Tables.of(tables)
    if "people" not in tables:
        return Tree({}, [])
    frame = with_columns_or_null(tables["people"], _PEOPLE)
    rows: Any = collected(frame.select("person_id", *_PEOPLE))
    over: dict[str, str | None] = {}
    rows = rows.sort_values("valid_from", na_position="first", kind="stable")
    for row in rows.astype(object).where(rows.notna(), None).itertuples():
        there = (row.valid_from or day) <= day and (row.valid_to is None or first < row.valid_to)
        employed = (row.hired_on or day) <= day and (row.left_on is None or first < row.left_on)
        if there and employed:
            over[str(row.person_id)] = row.manager_id
    reports: dict[str, list[str]] = {}
    roots = []
    for person in sorted(over):
        manager = over[person]
        if manager in over and manager != person and not _circular(person, over):
            reports.setdefault(manager, []).append(person)
        else:
            roots.append(person)
    return Tree(reports, roots)


def _circular(person: str, over: Mapping[str, str | None]) -> bool:
    seen, above = {person}, over[person]
    while above is not None and above in over:
        if above in seen:
            return above == person
        seen.add(above)
        above = over[above]
    return False


def in_force(calls: Iterable[Call], period: str, day: date) -> dict[str, Call]:
    """Each person's last call for the period by the day."""
    return {call.person_id: call for call in calls if call.period == period and call.made_on <= day}


def _called(who: str, tree: Tree, made: Mapping[str, Call], best: bool = False) -> Decimal:
    """What somebody calls; without a call of their own, what those below add up to."""
    if who in made:
        return made[who].best_case if best else made[who].commit
    return sum((_called(each, tree, made, best) for each in tree.reports.get(who, [])), NOTHING)


def roll_up(calls: Iterable[Call], tables: Mapping[str, Any], period: Period, day: date) -> pd.DataFrame:
    """The calls for a period as they stood on a day: the company, each manager, each rep.

    A row each: ``commit`` is the own call, or without one what those below add up to; ``reps_commit`` what
    the direct reports add up to, and ``change`` what the manager's own call makes of it. The company is the
    sum of those who report to nobody, beside the sum of all reps. `missing` names reports without a call.
    """
    tables = Tables.of(tables)
    tree, made = tree_of(tables, day), in_force(calls, period.key, day)

    def total(who: str, best: bool = False) -> Decimal:
        return _called(who, tree, made, best)

    def silent(people: Iterable[str]) -> str:
        return ", ".join(
            named(tables, "people", [one for one in people if one not in made and not total(one)])
        )

    everybody = tree.everybody
    reps = [one for one in everybody if one not in tree.reports]
    if not any(one in made for one in everybody):
        return pd.DataFrame(columns=_ROLL)
    below = sum((total(one) for one in reps), NOTHING)
    whole = sum((total(one) for one in tree.roots), NOTHING)
    best = sum((total(one, best=True) for one in tree.roots), NOTHING)
    rows: list[tuple[Any, ...]] = [
        (COMPANY, COMPANY, "company", whole, best, below, whole - below, None, "", "")
    ]
    for who in sorted(everybody, key=lambda one: (one not in tree.reports, -total(one), one)):
        call, under = made.get(who), tree.reports.get(who, [])
        if call is None and not under:
            continue
        commits = sum((total(one) for one in under), NOTHING) if under else None
        change = call.commit - commits if call is not None and commits is not None else None
        rows.append(
            (who, named(tables, "people", [who])[0], "manager" if under else "rep", total(who),
             total(who, best=True), commits, change, call.made_on if call else None,
             call.reason if call else "", silent(under))
        )  # fmt: skip
    return pd.DataFrame(rows, columns=_ROLL, dtype=object)


def accuracy(
    calls: Iterable[Call], tables: Mapping[str, Any], calendar: FiscalCalendar, day: date
) -> pd.DataFrame:
    """How good calls were at the end of weeks 3, 6 and 9 of every quarter that is over by the day.

    A row a person and week, and the company's: ``called`` and ``came`` of the last such quarter and the
    `error` of one to the other, ``bias`` (above zero: too high), ``mad`` and ``signal`` over all `quarters`.
    What came to a manager is what all below won who were there in the quarter, by their last manager in it.
    """
    tables, made = Tables.of(tables), list(calls)
    pairs: dict[tuple[str, int], list[tuple[str, Decimal, Decimal]]] = {}
    levels: dict[str, str] = {COMPANY: "company"}
    for key in sorted({call.period for call in made}):
        period = _quarter(key, calendar)
        if period is None or period.last > day:
            continue
        tree, won = tree_of(tables, period.last, period.start), _won(tables, period, day)
        levels |= {one: "manager" if one in tree.reports else "rep" for one in tree.everybody}
        for week in WEEKS:
            force = in_force(made, key, period.start + timedelta(days=7 * week - 1))
            for who, call in force.items():
                came = sum((won.get(one, NOTHING) for one in tree.below(who)), NOTHING)
                pairs.setdefault((who, week), []).append((key, call.commit, came))
            top = [_called(root, tree, force) for root in tree.roots]
            if force:
                came = sum(won.values(), NOTHING)
                pairs.setdefault((COMPANY, week), []).append((key, sum(top, NOTHING), came))
    rows = [_judged(tables, who, levels.get(who, "rep"), week, found) for (who, week), found in pairs.items()]
    order = {"company": 0, "manager": 1, "rep": 2}
    rows.sort(key=lambda row: (order[row[2]], row[1], row[3]))
    return pd.DataFrame(rows, columns=_GOOD, dtype=object)


def _quarter(key: str, calendar: FiscalCalendar) -> Period | None:
    from salesops_nb.errors import SalesopsError

    try:
        period = calendar.period(key)
    except SalesopsError:
        return None
    return period if period.kind == "quarter" else None


def _won(tables: Tables, period: Period, day: date) -> dict[str, Decimal]:
    """What each owner won in the period."""
    won = facts.during(
        facts.closed_deals(tables, day).filter(nw.col("outcome") == "won"), period, "closed_on"
    )
    rows = collected(won.group_by("owner_id").agg(value=nw.col("value").sum()))
    return dict(zip(rows["owner_id"], rows["value"], strict=True))


def _judged(
    tables: Tables, who: str, level: str, week: int, found: list[tuple[str, Decimal, Decimal]]
) -> tuple[Any, ...]:
    called, came = [call for _, call, _ in found], [won for _, _, won in found]
    last, call, won = found[-1]
    some = any(came)
    name = named(tables, "people", [who])[0] if who else COMPANY
    return (
        who, name, level, week, len(found), last, call, won,
        float((call - won) / won) if won else None,
        bias(came, called) if some else None, mad(came, called), tracking_signal(came, called),
    )  # fmt: skip
