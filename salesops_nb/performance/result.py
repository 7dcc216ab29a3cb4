"""What a review hands out: its figures, each counted when it is first asked for, and what each means."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any, NamedTuple

import pandas as pd

from salesops_nb.core.columns import declared
from salesops_nb.core.periods import Period
from salesops_nb.core.statistics import Interval, wilson
from salesops_nb.errors import Problem
from salesops_nb.facts import Level
from salesops_nb.performance.bridge import Bridge
from salesops_nb.performance.cohorts import Cohorts
from salesops_nb.performance.duration import Median, times_to_win
from salesops_nb.performance.expectation import Pace
from salesops_nb.performance.scope import Comparison


class Metric(NamedTuple):
    """A figure's name, how it is found, its unit and where its rule comes from."""

    name: str
    formula: str
    unit: str
    source: str


CATALOGUE: tuple[Metric, ...] = tuple(Metric(**each) for each in declared()["definitions"])


@dataclass(frozen=True)
class Review:
    """Everything a performance review shows; frames are pandas, money `Decimal`, rates shares of 1.

    `company`, `teams` and `people` have a row a group with the columns of `figures`, and
    ``target, attainment, expected, pace_attainment, coverage, compared_bookings, rank_low,
    rank_high``, and ``name`` beside the id in the index; `company` is the row of the whole scope, whatever
    its level, and `name` is what `who` is called. Where targets are set for a part of the period alone
    there is no target, and `partly_targeted`.

    Examples
    --------
    >>> from salesops_nb import open_workbook, performance
    >>> wb = open_workbook(".")
    >>> review = performance.review(wb.tables, "2017-Q3", calendar=wb.calendar)
    >>> review.company[["won", "lost", "bookings", "target"]]
    won                 1257
    lost                 790
    bookings    2982255.0000
    target      2896300.0000
    Name: all, dtype: object
    >>> round(float(review.headlines.set_index("label")["value"]["Attainment"]), 3)
    1.03
    """

    period: Period
    as_of: date
    data_through: date
    level: Level
    who: str | None
    name: str | None
    comparison: Comparison
    pace: Pace
    company: pd.Series[Any]
    pipeline: pd.DataFrame
    bridged: Bridge
    trend: pd.DataFrame
    time_to_win: pd.DataFrame
    median_to_win: Median
    won_in_the_end: Interval
    stale_days: int | None
    covered_days: int
    partly_targeted: bool
    rows: Callable[[Level], pd.DataFrame] = field(repr=False, compare=False)
    mix: Callable[[str], pd.DataFrame] = field(repr=False, compare=False)
    course: Callable[[Level], dict[str, list[Decimal]]] = field(repr=False, compare=False)
    team_ages: Callable[[], pd.DataFrame] = field(repr=False, compare=False)
    made: Callable[[], Cohorts | None] = field(repr=False, compare=False)
    summarise: Callable[[Review], pd.DataFrame] = field(repr=False, compare=False)
    notes: list[Problem] = field(default_factory=list)

    @cached_property
    def teams(self) -> pd.DataFrame:
        """A row a team; without rows below the company. Counted when first asked for."""
        return self.rows("team") if self.level == "company" else pd.DataFrame()

    @cached_property
    def people(self) -> pd.DataFrame:
        """A row a rep. Counted when first asked for: its intervals take longest, and headlines none."""
        return self.rows("rep")

    @cached_property
    def products(self) -> pd.DataFrame:
        """A row a product. Counted when first asked for."""
        return self.mix("product_id")

    @cached_property
    def segments(self) -> pd.DataFrame:
        """A row a segment. Counted when first asked for."""
        return self.mix("segment")

    @cached_property
    def types(self) -> pd.DataFrame:
        """A row a type of deal, such as new, expansion, renewal; no rows where all are of one type."""
        found = self.mix("deal_type")
        if len(found) < 2:
            return found.iloc[:0]
        ends = [wilson(int(w), int(w + n)) for w, n in zip(found["won"], found["lost"], strict=True)]
        return found.assign(win_rate_low=[low for low, _ in ends], win_rate_high=[high for _, high in ends])

    @property
    def bridge(self) -> pd.DataFrame:
        """From the comparison's (or the target's) bookings to the period's: ``step, amount``."""
        return self.bridged.steps

    @cached_property
    def cohorts(self) -> Cohorts | None:
        """Win rates of deals by when they were made, beside those of deals decided; None before any was."""
        return self.made()

    @cached_property
    def team_times(self) -> pd.DataFrame:
        """How long winning takes in each team, as `times_to_win` tells it; of the company alone."""
        ages = self.team_ages() if self.level == "company" else pd.DataFrame(columns=["team"])
        return times_to_win(ages, "team")

    @property
    def headlines(self) -> pd.DataFrame:
        """The seven headlines: ``key, label, value, unit, sentence, detail, low, high, mark``."""
        return self.summarise(self)
