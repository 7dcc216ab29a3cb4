"""When a period's pay is cut off and paid.

The cut-off is the last day on which a calculation may still change a period's lines; what is
known later is paid as an adjustment of the next open period. The pay date is the day the money
leaves. Both follow from the period's last day by a rule, moved off weekends and holidays, and a
single period may have dates of its own.

In YAML (``pay_calendar.yml``)::

    pay_calendar:
      period: month
      cut_off: {business_days: 5}
      pay: {day: 15, months: 1}
      if_closed: previous
      weekend: [saturday, sunday]
      holidays: [2026-04-03, 2026-04-06]
      periods:
        2026-03: {cut_off: 2026-04-09, pay_date: 2026-04-17}
"""

from __future__ import annotations

import calendar as almanac
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from salesops_nb.core.periods import WEEKDAYS, Kind, Period
from salesops_nb.core.validation import clause
from salesops_nb.core.yaml_file import read_yaml
from salesops_nb.errors import SalesopsError, problem
from salesops_nb.messages import message

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
IfClosed = Literal["previous", "next", "as_is"]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DayRule(_Model):
    """A day reckoned from a period's last day: so many business days or days later, or a day of a month.

    `day` counts within the month that lies `months` after the period's last day's month; 31 means
    the month's last day where it has fewer.
    """

    business_days: int | None = Field(default=None, ge=0, le=260)
    days: int | None = Field(default=None, ge=0, le=366)
    day: int | None = Field(default=None, ge=1, le=31)
    months: int = Field(default=1, ge=0, le=12)

    @model_validator(mode="after")
    def _one(self) -> DayRule:
        if sum(value is not None for value in (self.business_days, self.days, self.day)) != 1:
            raise ValueError(message("give exactly one of business_days, days and day"))
        return self


class OwnDates(_Model):
    """Dates of one period that do not follow the rule; they are taken as they stand."""

    cut_off: date | None = None
    pay_date: date | None = None


@dataclass(frozen=True, slots=True)
class PayDates:
    """A period's key with its `cut_off` and its `pay_date`."""

    period: str
    cut_off: date
    pay_date: date


class PayCalendar(_Model):
    """The rule for cut-offs and pay dates, with its exceptions (see the module's text)."""

    period: Kind = "month"
    cut_off: DayRule = DayRule(business_days=5)
    pay: DayRule = DayRule(day=15, months=1)
    if_closed: IfClosed = "previous"
    weekend: frozenset[Weekday] = frozenset({"saturday", "sunday"})
    holidays: frozenset[date] = frozenset()
    periods: dict[str, OwnDates] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _working_week(self) -> PayCalendar:
        if len(self.weekend) == 7:
            raise ValueError(message("weekend names all seven days: no business day is left"))
        return self

    def is_business_day(self, day: date) -> bool:
        """Whether it is neither a weekend day nor a holiday."""
        return WEEKDAYS[day.weekday()] not in self.weekend and day not in self.holidays

    def dates(self, period: Period) -> PayDates:
        """Cut-off and pay date of a period; raises `SalesopsError` where pay precedes the cut-off."""
        own = self.periods.get(period.key, OwnDates())
        cut_off = own.cut_off or self._day(self.cut_off, period.last)
        pay_date = own.pay_date or self._day(self.pay, period.last)
        if pay_date < cut_off:
            raise SalesopsError(
                problem(
                    "bad-pay-calendar.paid-before-cut-off",
                    column="pay",
                    value=pay_date,
                    period=period.key,
                    cut_off=cut_off,
                )
            )
        return PayDates(period.key, cut_off, pay_date)

    def _day(self, rule: DayRule, last: date) -> date:
        if rule.business_days is not None:
            day, left = last, rule.business_days
            while left:
                day += timedelta(days=1)
                left -= self.is_business_day(day)
            return self._moved(day)
        if rule.days is not None:
            return self._moved(last + timedelta(days=rule.days))
        assert rule.day is not None
        year, month = divmod(last.year * 12 + last.month - 1 + rule.months, 12)
        month += 1
        return self._moved(date(year, month, min(rule.day, almanac.monthrange(year, month)[1])))

    def _moved(self, day: date) -> date:
        step = {"previous": -1, "next": 1, "as_is": 0}[self.if_closed]
        while step and not self.is_business_day(day):
            day += timedelta(days=step)
        return day


def load_pay_calendar(path: str | Path) -> PayCalendar:
    """The pay calendar of a YAML file; raises `SalesopsError` with file, row and key of each mistake."""
    path = Path(path)
    content = read_yaml(path, keep_lines=True)
    inner = content.get("pay_calendar", content) if isinstance(content, dict) else content
    if not isinstance(inner, dict):
        raise SalesopsError(problem("bad-pay-calendar.empty", file=path.name))
    try:
        return PayCalendar.model_validate(_plain(inner))
    except ValidationError as error:
        raise SalesopsError(
            problem(
                "bad-pay-calendar",
                file=path.name,
                row=_row(inner, finding["loc"]),
                column=".".join(str(part) for part in finding["loc"]),
                why=clause(dict(finding)),
                given=finding["input"],
            )
            for finding in error.errors()
        ) from error


def _plain(value: Any) -> Any:
    """Keys as text: YAML reads a bare ``2026`` as a number."""
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    return list(map(_plain, value)) if isinstance(value, list) else value


def _row(tree: Any, loc: tuple[int | str, ...]) -> int | None:
    row: int | None = None
    node: Any = tree
    for part in loc:
        try:
            key = next((k for k in node if str(k) == str(part)), None) if isinstance(node, dict) else part
            marks = node.lc
            row = (marks.key(key) if isinstance(node, dict) else marks.item(key))[0] + 1
            node = node[key]
        except (AttributeError, KeyError, IndexError, TypeError):
            break
    return row
