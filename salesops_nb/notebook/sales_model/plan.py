"""What is asked of the sales model, worked out: learned, restated, backwards and forwards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import narwhals as nw
import numpy as np
import numpy.typing as npt
import pandas as pd

from salesops_nb import strategy
from salesops_nb.core.frames import collected
from salesops_nb.core.money import from_float
from salesops_nb.core.periods import Period
from salesops_nb.notebook.hiring_needs.arguments import last_year
from salesops_nb.notebook.performance_review import tables_in_force
from salesops_nb.notebook.sales_model.parameters import SalesModel
from salesops_nb.strategy import Deals, Flow, Funnel, Limits, Strategy, Version
from salesops_nb.strategy.capacity import months_over
from salesops_nb.strategy.figures import figure
from salesops_nb.strategy.flow import split
from salesops_nb.strategy.versions import Claim

Floats = npt.NDArray[np.float64]
FACTORS = {"win_rate": "rate", "average_deal": "size", "cycle_days": "cycle"}
STATED = {"win_rate": "win_rate", "deal_size": "average_deal", "cycle_days": "cycle_days"}


@dataclass(frozen=True)
class Model:
    """The sales model in force on a day (an empty one where none is), its claims judged, and what was
    learned."""

    strategy: Strategy | None
    version: Version
    day: date
    deals: Deals
    claims: pd.DataFrame
    learned: Funnel
    limits: Limits


@dataclass(frozen=True)
class Plan:
    """A year worked backwards and forwards.

    `months` are the year's, `before` those in which deals for it are opened before. `opened` are the deals
    opened in each of these (missing where a month is not over). `pace` are draws of the bookings by month if
    from now on as many are opened as of late, `caught` if from now on those are opened that the target asks
    for (draws × months): what was not opened in time is missing in both. `origin` says whose the target is.
    """

    model: Model
    year: Period
    before: tuple[Period, ...]
    months: tuple[Period, ...]
    origin: str
    funnel: Funnel
    flow: Flow
    used: pd.DataFrame
    opened: Floats
    pace: Floats
    caught: Floats

    @property
    def target(self) -> Decimal:
        """The year's target."""
        return sum(self.flow.target, Decimal(0))

    @property
    def ahead(self) -> int:
        """How many of the year's months have begun."""
        return min(months_over([each.start for each in self.months], self.model.day), len(self.months))

    @property
    def openings(self) -> Floats:
        """Draws of the deals to open, of the company, by month before and in the year."""
        found: Floats = self.flow.opened.sum(axis=1)
        return found

    @property
    def opened_a_month(self) -> float:
        """Mean deals to open in a month of the year that has not begun; of the year where all have."""
        left = self.openings[:, self.flow.before + (self.ahead if self.ahead < len(self.months) else 0) :]
        return float(left.mean())

    @property
    def share_used(self) -> float | None:
        """The share of capacity in the month and of the limit that bind; none where no limit is known."""
        return None if self.used.empty else float(self.used["used"].iloc[0])


def learned(workbook: Any, as_of: date | None = None, draws: int = 2_000, seed: int = 0) -> Model:
    """The sales model in force on the day, held against the data.

    Raises `SalesopsError` for a strategy file with faults, and where nothing was won.
    """
    found = strategy.load(workbook.folder, workbook.settings)
    day = as_of or workbook.data_through
    version = (found.in_force(day) if found is not None else None) or Version()
    deals = strategy.read_deals(workbook.tables, version.sales_model, day)
    claims = strategy.judged(version, workbook.tables, workbook.calendar, workbook.stages, day)
    funnel = strategy.learn(deals, workbook.tables, draws, seed)
    limits = strategy.limits(version.sales_model, funnel, deals, workbook.tables)
    return Model(found, version, day, deals, claims, funnel, limits)


def planned(workbook: Any, asked: SalesModel, model: Model) -> Plan:
    """The year asked for, from its target back and from the pace of late forward."""
    funnel = restated(workbook, asked, model)
    year = workbook.calendar.period(str(asked.year))
    months = months_of(year)
    target, origin = target_of(workbook, asked, months)
    flow = strategy.backwards(target, funnel, workbook.settings.currency)
    before: list[Period] = []
    for _n in range(flow.before):
        before.insert(0, (before or [months[0]])[0].previous())
    begun = min(months_over([each.start for each in months], model.day), len(months))
    days = [(each.end - each.start).days for each in months]
    used = strategy.used(flow, funnel, model.limits, days, begun)
    done = opened_in(model, [*before, *months])
    over = ~np.isnan(done[0])
    steady = np.where(over, done, funnel.opened[:, None])
    asked_for = np.where(over, done[None], flow.opened)
    pace, caught = (
        strategy.forwards(each, funnel, len(months), flow.season).sum(axis=1) for each in (steady, asked_for)
    )
    return Plan(
        model, year, tuple(before), tuple(months), origin, funnel, flow, used, done.sum(axis=0), pace, caught
    )


def opened_in(model: Model, months: Sequence[Period]) -> Floats:
    """Deals opened by segment and month, missing where a month is not over; a deal without an account counts
    in each segment by its part of the others."""
    frame = model.deals.frame
    names, funnel = model.deals.segments, model.learned
    part = (
        funnel.opened / funnel.opened.sum() if funnel.opened.sum() > 0 else np.full(len(funnel.segments), 0.0)
    )
    out = np.full((len(funnel.segments), len(months)), np.nan)
    for at, month in enumerate(months):
        if month.last > model.day:
            continue
        inside = (frame["created"] >= pd.Timestamp(month.start)) & (
            frame["created"] < pd.Timestamp(month.end)
        )
        places = frame.loc[inside, "place"]
        known = np.array([float((places == names.index(name)).sum()) for name in funnel.segments])
        out[:, at] = known + part * (len(places) - known.sum())
    return out


def months_of(year: Period) -> list[Period]:
    """The fiscal months of a year, in order."""
    found = [year.calendar.containing(year.start, "month")]
    while found[-1].end < year.end:
        found.append(found[-1].next())
    return found


def target_of(workbook: Any, asked: SalesModel, months: Sequence[Period]) -> tuple[list[Decimal], str]:
    """The target by month and whose it is: ``stated``, ``targets`` or ``growth``; without months, evenly."""
    currency = workbook.settings.currency
    even = np.full(len(months), 1 / len(months))
    given = _targets(workbook, [each.key for each in months])
    if asked.target is not None:
        total = from_float(asked.target, currency)
        known = sum(given, Decimal(0)) if given else Decimal(0)
        share = np.array([float(each / known) for each in given]) if known > 0 else even
        return split(total, share, currency), "stated"
    if given:
        return given, "targets"
    grown = last_year(workbook) * (1 + asked.growth)
    return split(from_float(max(grown, 0.0), currency), even, currency), "growth"


def _targets(workbook: Any, keys: list[str]) -> list[Decimal]:
    """The company's bookings targets of these months; nothing unless each has one."""
    tables = tables_in_force(workbook)
    if "targets" not in tables:
        return []
    rows = collected(
        tables["targets"]
        .filter(nw.col("level") == "company", nw.col("metric") == "bookings")
        .select("period", "value")
    )
    found = {str(period): value for period, value in zip(rows["period"], rows["value"], strict=True)}
    return [found[key] for key in keys] if all(key in found for key in keys) else []


def restated(workbook: Any, asked: SalesModel, model: Model) -> Funnel:
    """What was learned with what is declared or stated in its place, each in proportion to what was
    measured."""
    factors: dict[str, Floats] = {}
    share: dict[str, float] = {}
    names = model.learned.segments
    if asked.figures == "declared":
        for claim in model.version.sales_model.claims:
            if claim.metric == "mix":
                share[claim.segment] = claim.value
            elif claim.metric in FACTORS:
                factor = _factor(workbook, model, claim, claim.value)
                known = factors.setdefault(FACTORS[claim.metric], np.ones(len(names)))
                known[[not claim.segment or name == claim.segment for name in names]] = factor
    for name, metric in STATED.items():
        value = getattr(asked, name)
        if value is not None:
            claim = Claim.model_construct(metric=metric, segment="", stage="", name=name, value=value)
            factors[FACTORS[metric]] = np.full(len(names), _factor(workbook, model, claim, value))
    logged = None
    if asked.activities_per_deal is not None:
        mean = float(np.nanmean(model.learned.logged)) if not np.isnan(model.learned.logged).all() else 0.0
        logged = asked.activities_per_deal / mean if mean > 0 else None
    return strategy.restated(model.learned, **_given(factors), logged=logged, reps=asked.reps, share=share)


def _given(factors: Mapping[str, Floats]) -> dict[str, Any]:
    return dict(factors)


def _factor(workbook: Any, model: Model, claim: Claim, value: float) -> float:
    """By how much a figure differs from what was measured of the same deals; 1 where nothing was."""
    found = figure(claim, model.deals, workbook.tables, workbook.calendar, workbook.stages)
    return value / found.value if found.known and found.value > 0 else 1.0
