"""What the rules find on a day: conditions that hold, conditions that do not, and what cannot be computed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any, Literal

import narwhals as nw
import numpy as np

from salesops_nb.alerts.change_points import likeliest
from salesops_nb.alerts.forecasts import reach
from salesops_nb.alerts.rules import STATISTICAL, Alerts, Rule
from salesops_nb.alerts.series import Series, booked_before, first_month, series_of, whole_months
from salesops_nb.alerts.shifts import BLOCKS, FEWEST, chance_of, shifts
from salesops_nb.core.frames import Tables, collected
from salesops_nb.core.periods import FiscalCalendar, Period
from salesops_nb.errors import SalesopsError
from salesops_nb.facts import closed_deals, last_day
from salesops_nb.messages import Message
from salesops_nb.metrics import Metric, measured

State = Literal["alert", "well", "too few", "cannot"]
RUN = 8
PORTFOLIO = 48  # series for which the chance of one is stated; more of them share it


@dataclass(frozen=True)
class Condition:
    """What a rule says of one part of its level.

    `value` is of the last whole month (or of the running period), `expected` what it was to be, `low` and
    `high` the ends of what is routine; `since` the first month of the change; `chance` how often routine
    alone does as much; `problem` why it cannot be computed.
    """

    rule: Rule
    who: str
    state: State
    period: str = ""
    value: float = float("nan")
    expected: float = float("nan")
    low: float = float("nan")
    high: float = float("nan")
    since: Period | None = None
    chance: float = float("nan")
    points: int = 0
    problem: Message | str | None = None
    series: Series | None = field(default=None, repr=False, compare=False)

    @property
    def key(self) -> str:
        """What tells one condition from another: the rule, its level, and whose it is."""
        return "|".join((self.rule.name.casefold(), self.rule.level, self.who))


def evaluate(
    rules: Alerts,
    metrics: Mapping[str, Metric],
    tables: Tables,
    calendar: FiscalCalendar,
    as_of: date,
    today: date | None = None,
    open_since: Mapping[str, date] | None = None,
) -> list[Condition]:
    """Every rule on a day, for each part of its level.

    Parameters
    ----------
    as_of : the last day known.
    today : the day against which the data's age is counted; `as_of` unless given.
    open_since : of alerts that are open, by key, the first day of their change: they are well again once
        their last month is nearer to what the months before let expect than to where they had gone.

    Returns
    -------
    list of Condition
        in the order of the rules. A rule that cannot be computed gives one, with state ``cannot``.
    """
    asked = _Asked(rules, metrics, tables, calendar, as_of, today or as_of, open_since or {})
    found: list[Condition] = []
    for rule in rules.rules:
        try:
            found += _TESTS[rule.test](rule, asked)
        except SalesopsError as error:
            found.append(Condition(rule, "", "cannot", problem=error.problems[0].message))
    return _shared(found)


@dataclass(frozen=True)
class _Asked:
    rules: Alerts
    metrics: Mapping[str, Metric]
    tables: Tables
    calendar: FiscalCalendar
    as_of: date
    today: date
    open_since: Mapping[str, date]

    def series(self, rule: Rule) -> list[Series]:
        metric = self.metrics[rule.metric]
        history = booked_before(self.tables, metric, rule.level)
        facts = measured(self.tables, metric, self.as_of)
        first = first_month(history, self.calendar, first_day(self.tables))
        months = whole_months(self.calendar, first, self.as_of)
        return series_of(facts, metric, rule.level, months, history, rule.who) if months else []

    def side(self, rule: Rule) -> int:
        worse = self.metrics[rule.metric].worse
        return {"worse": worse, "better": -worse, "both": 0}[rule.side]


def first_day(tables: Tables) -> date:
    """The first day a deal closed, else the last in the data."""
    return tables.once(("alerts", "first day"), lambda: _first_day(tables))


def _first_day(tables: Tables) -> date:
    found = collected(closed_deals(tables).select(a=nw.col("closed_on").min()))["a"].iloc[0]
    return found if isinstance(found, date) else last_day(tables)


def _limits(rule: Rule, asked: _Asked) -> Iterable[Condition]:
    every = asked.series(rule)
    lengths: dict[tuple[int, int], list[Series]] = {}
    for each in every:
        lengths.setdefault((len(each.months), _place(each.months[0])), []).append(each)
    run = rule.test == "run-of-eight"
    for (n, first), alike in lengths.items():
        side = asked.side(rule)
        if n < FEWEST + (RUN if run else 0):
            for each in alike:
                yield Condition(
                    rule, each.who, "too few", each.months[-1].key, float(each.value[-1]), series=each
                )
            continue
        values = np.array([each.scaled for each in alike])
        found = shifts(values, first, side, (RUN,) if run else tuple(range(1, BLOCKS + 1)))
        for at, each in enumerate(alike):
            condition = _judged(rule, each, at, found, side, asked)
            if run and condition.state == "alert" and not _one_side(each, condition, found, at):
                condition = replace(condition, state="well", since=None)
            yield condition


def _place(month: Period) -> int:
    return int(month.key[-2:]) - 1


def _judged(rule: Rule, each: Series, at: int, found: Any, side: int, asked: _Asked) -> Condition:
    n = len(each.months)
    chance = float(found.chance[at])
    made = Condition(
        rule, each.who, "well", each.months[-1].key, float(each.value[-1]),
        each.back(found.expected[at]), each.back(found.lower[at]), each.back(found.upper[at]),
        chance=chance, points=n, series=each,
    )  # fmt: skip
    since = asked.open_since.get(made.key)
    if since is not None:
        return _still(made, since, side)
    if chance > chance_of(n):
        return made
    if float(found.shift[at]) > 0 and _one_deal(each, side, found, at, asked):
        return made
    back = int(found.points[at])
    start = min(likeliest(each.scaled, max(n - 2 * BLOCKS, 0)), n - 1)
    start = start if n - start <= 2 * BLOCKS and start >= n - back - BLOCKS else n - back
    before = (
        shifts(each.scaled[None, : start + 1], _place(each.months[0]), side, (1,))
        if start >= FEWEST
        else None
    )
    expected = made.expected if before is None else each.back(float(before.expected[0]))
    ends = (
        (made.low, made.high)
        if before is None
        else (each.back(float(before.lower[0])), each.back(float(before.upper[0])))
    )
    return replace(
        made, state="alert", since=each.months[start], expected=expected, low=ends[0], high=ends[1]
    )


def _one_deal(each: Series, side: int, found: Any, at: int, asked: _Asked) -> bool:
    """Whether a month stands above its limit by its largest deal alone: that is no signal."""
    if each.bottom.any() or not each.largest[-1] or int(found.points[at]) > 1:
        return False
    if each.start <= 0:
        return False
    spared = each.scaled.copy()
    spared[-1] = np.log(max(each.top[-1] - each.largest[-1] + float(np.median(each.largest)), 0) + each.start)
    again = shifts(spared[None], _place(each.months[0]), side, (1,))
    return bool(again.chance[0] > chance_of(len(spared)))


def _still(made: Condition, since: date, side: int) -> Condition:
    """Whether an open condition holds: its last month against what those before the change let expect."""
    each = made.series
    assert each is not None
    start = next((at for at, month in enumerate(each.months) if month.end > since), len(each.months) - 1)
    if start < FEWEST or start >= len(each.months) - 1:
        return replace(made, state="alert", since=each.months[start])
    joined = np.append(each.scaled[:start], each.scaled[-1])
    found = shifts(joined[None], _place(each.months[0]), side, (1,))
    expected, gone = float(found.expected[0]), float(np.mean(each.scaled[start:-1]))
    low, high = (each.back(float(end[0])) for end in (found.lower, found.upper))
    made = replace(made, expected=each.back(expected), low=low, high=high)
    well = abs(float(each.scaled[-1]) - expected) < abs(float(each.scaled[-1]) - gone)
    beyond = (float(each.scaled[-1]) - expected) * (1 if gone > expected else -1) < 0
    return (
        replace(made, state="well")
        if well or beyond
        else replace(made, state="alert", since=each.months[start])
    )


def _one_side(each: Series, condition: Condition, found: Any, at: int) -> bool:
    """Whether the last eight months all lie on one side of the middle of those before."""
    rest = each.scaled[-RUN:] - float(np.median(each.scaled[:-RUN]))
    return bool((rest > 0).all() or (rest < 0).all())


def _shared(found: list[Condition]) -> list[Condition]:
    """More series than the chance is stated for share it: what only one of fewer would be, is none."""
    judged = [each for each in found if each.rule.test in STATISTICAL and each.points]
    if len(judged) <= PORTFOLIO:
        return found
    share = PORTFOLIO / len(judged)

    def stricter(each: Condition) -> bool:
        limit = chance_of(each.points)
        return limit * share < each.chance <= limit

    return [
        replace(each, state="well", since=None)
        if each.rule.test in STATISTICAL and each.state == "alert" and stricter(each)
        else each
        for each in found
    ]  # fmt: skip


def _threshold(rule: Rule, asked: _Asked) -> Iterable[Condition]:
    side = asked.side(rule) or asked.metrics[rule.metric].worse
    limit = float(rule.threshold or 0)
    for each in asked.series(rule):
        beyond = side * (each.value - limit) > 0
        since = next((at + 1 for at in range(len(beyond) - 1, -1, -1) if not beyond[at]), 0)
        state: State = "alert" if beyond[-1] else "well"
        yield Condition(
            rule, each.who, state, each.months[-1].key, float(each.value[-1]), limit,
            since=each.months[since] if beyond[-1] else None, points=len(each.months), series=each,
        )  # fmt: skip


def _stale(rule: Rule, asked: _Asked) -> Iterable[Condition]:
    age = max((asked.today - last_day(asked.tables)).days, 0)
    state: State = "alert" if age > int(rule.days or 0) else "well"
    day = last_day(asked.tables) + timedelta(days=1)
    since = asked.calendar.containing(day, "month") if state == "alert" else None
    yield Condition(rule, "", state, asked.as_of.isoformat(), float(age), float(rule.days or 0), since=since)


def _reach(rule: Rule, asked: _Asked) -> Iterable[Condition]:
    for found in reach(rule, asked.tables, asked.calendar, asked.as_of, first_day(asked.tables)):
        yield Condition(
            rule, found.who, "alert" if found.alert else "too few" if found.few else "well", found.period.key,
            found.value, found.expected, found.low, found.high, found.period if found.alert else None,
            found.chance,
        )  # fmt: skip


_TESTS: dict[str, Callable[[Rule, _Asked], Iterable[Condition]]] = {
    "limits": _limits, "run-of-eight": _limits, "threshold": _threshold, "stale": _stale,
    "pace": _reach, "target": _reach,
    "claims": lambda _rule, _asked: (),  # of the sales model, which whoever looks holds against the data
}  # fmt: skip
