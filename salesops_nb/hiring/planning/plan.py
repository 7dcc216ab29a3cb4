"""The cheapest hires that reach the asked confidence, beside hiring nobody and the naive answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from salesops_nb.core.frames import Tables
from salesops_nb.core.money import from_float
from salesops_nb.core.periods import FiscalCalendar
from salesops_nb.errors import Problem, SalesopsError, problem
from salesops_nb.forecast.learning.economics import uncovered_potential
from salesops_nb.forecast.learning.inputs import Ints
from salesops_nb.forecast.learning.learned import Learned
from salesops_nb.forecast.simulation.futures import OTHER, Futures, simulated
from salesops_nb.hiring.planning.compare import COLUMNS, NOBODY, compared, open_seats, policy
from salesops_nb.hiring.planning.optimise import Limits, Search
from salesops_nb.hiring.planning.requisitions import Trial
from salesops_nb.hiring.simulation.capacity import FUTURES, Capacity, check_futures, prepare, summarise
from salesops_nb.hiring.simulation.goals import Horizon, look_ahead

SEARCHED = 2_500  # futures a plan is looked for on; its probability is then taken on others
TIGHTER = 3


@dataclass(frozen=True)
class HiringPlan:
    """What to open, when, and how sure it makes the goal.

    `hires`, `binds`, `comparison` and `capacity` are computed when first read, so that the answer itself
    does not wait for them.

    Attributes
    ----------
    hires : month and open_on (opening of the requisition), role, territory, hires, starts_on (half
        are there by then), cost (expected to the horizon's end: hiring and pay).
    probability : of meeting the goal, on futures the search did not see.
    cost : expected cost of all hires.
    feasible : whether the asked confidence is reached within the limits.
    binds : which limits stand in the way where it is not: budget, interviewing, time.
    words : the answer in a sentence or two.
    comparison : nobody, replace leavers only, naive gap ÷ quota, and the plan on the same futures.
    capacity : months and periods with the plan.
    counts : roles × months of opening.

    Examples
    --------
    >>> from salesops_nb import hiring, open_workbook
    >>> plan = hiring.plan(open_workbook(".").tables, 12, confidence=0.6, target=14_000_000, futures=300)
    >>> plan.feasible, plan.probability >= 0.6, plan.binds
    (True, True, [])
    >>> list(plan.comparison["policy"])
    ['hire nobody', 'replace leavers only', 'naive: gap ÷ quota', 'plan']
    """

    probability: float
    cost: Decimal
    feasible: bool
    counts: Ints
    trial: Trial
    ahead: Horizon
    confidence: float
    replace_leavers: bool
    problems: list[Problem]
    search: Search = field(repr=False, compare=False)
    searched: Futures = field(repr=False, compare=False)
    judged: Futures = field(repr=False, compare=False)
    tables: Mapping[str, Any] = field(repr=False, compare=False)

    @cached_property
    def hires(self) -> pd.DataFrame:
        """A row a month, role and territory of opening."""
        return _hires(self.trial.pool.learned, self.ahead, self.counts, self.search, self.tables)

    @cached_property
    def binds(self) -> list[str]:
        """What stands in the way: searched for when first asked, with each limit lifted."""
        return [] if self.feasible else _binding(self.search, self.confidence)

    @property
    def words(self) -> str:
        """The answer in a sentence or two."""
        known = self.trial.pool.learned
        return _words(
            self.feasible, self.probability, self.confidence, int(self.counts.sum()), self.cost,
            known.panel.currency, self.binds,
        )  # fmt: skip

    @cached_property
    def nobody(self) -> pd.Series[Any]:
        """The first row of `comparison`: hiring nobody, and replacing nobody."""
        found = policy(self.judged, self.trial, self.search, NOBODY, False, np.zeros_like(self.counts))
        return pd.Series(found, index=COLUMNS)

    @cached_property
    def open_seats(self) -> tuple[float, Decimal]:
        """How many seats that are open already are filled in every policy, and what that costs."""
        fills, cost = open_seats(self.judged.pool, self.judged.team(False))
        return fills, from_float(cost, self.trial.pool.learned.panel.currency)

    @cached_property
    def comparison(self) -> pd.DataFrame:
        """A row a policy: policy, hires, probability, p10, p50, p90, cost."""
        return compared(self.judged, self.trial, self.counts, self.search, self.replace_leavers)

    @cached_property
    def capacity(self) -> Capacity:
        """What the team books with the plan, by month and period."""
        pool = self.trial.pool
        return summarise(
            pool.learned, self.ahead, pool.draws, self.trial.grown(self.counts), pool.seed - OTHER
        )


def plan(
    tables: Mapping[str, Any],
    horizon: int,
    confidence: float = 0.8,
    *,
    confidence_of: str = "year",
    budget: float | Decimal | None = None,
    interviewing: int | None = None,
    roles: Sequence[str] | None = None,
    replace_leavers: bool = False,
    target: float | Decimal | Mapping[str, Any] | None = None,
    metric: str | None = None,
    overrides: Mapping[str, Any] | None = None,
    calendar: FiscalCalendar | None = None,
    as_of: date | None = None,
    currency: str | None = None,
    seed: int = 0,
    futures: int = FUTURES,
    learned: Learned | None = None,
) -> HiringPlan:
    """The cheapest requisitions by month and role that meet the goal with the asked confidence.

    Parameters
    ----------
    confidence : probability to reach, above 0 and below 1.
    confidence_of : ``year`` (the last fiscal year that ends in the horizon; the whole horizon where
        none does), ``quarters`` or ``joint`` (all quarters, and years, together), ``horizon``, or a
        period's key such as ``2027-Q3``.
    budget : most that the hires may cost to the horizon's end (expected), major units.
    interviewing : most requisitions that can be opened in a month, over all roles.
    roles : roles that may be hired; otherwise those whose people sell.
    replace_leavers : whether leavers are replaced anyway; otherwise the plan's hires replace them.
    Others as in `capacity`.

    Returns
    -------
    HiringPlan
        with `hires` (month, role, number), `probability` a share of 1 and `cost` in major units.

    Raises
    ------
    SalesopsError
        as `capacity` does, and for a confidence or limit out of range or a goal without target.

    Examples
    --------
    >>> from salesops_nb import hiring, open_workbook
    >>> plan = hiring.plan(open_workbook(".").tables, 12, confidence=0.6, target=14_000_000, futures=300)
    >>> print("The answer:", plan.words)
    The answer: ... hires, costing ... USD to the end of the horizon, reach ...%.
    >>> plan.hires["month"].min()  # a hire needs months to be found and to ramp up: open early
    '2018-01'
    """
    calendar = calendar or FiscalCalendar()
    _check(confidence, budget, interviewing)
    check_futures(futures)
    known = prepare(tables, calendar, as_of, currency, overrides, learned)
    ahead = look_ahead(known, tables, horizon, calendar, target, metric)
    goals = ahead.chosen(confidence_of)
    may = _hireable(known, roles)
    searched, judged = simulated(known, ahead.month_of_year, min(SEARCHED, futures), futures, seed)
    judge = Trial(judged.pool, judged.team(replace_leavers), goals)
    limits = Limits(None if budget is None else float(budget), interviewing, _most(known, interviewing))
    cost = np.array([searched.pool.costs(role) for role in range(len(known.panel.roles))])
    search = Search(Trial(searched.pool, searched.team(replace_leavers), goals), may, cost, limits)
    counts, feasible = _decide(search, judge, confidence)
    return HiringPlan(
        probability=judge.probability(counts),
        cost=from_float(search.total(counts), known.panel.currency),
        feasible=feasible,
        counts=counts,
        trial=judge,
        ahead=ahead,
        confidence=confidence,
        replace_leavers=replace_leavers,
        problems=known.problems,
        search=search,
        searched=searched,
        judged=judged,
        tables=tables,
    )


def _check(confidence: float, budget: float | Decimal | None, interviewing: int | None) -> None:
    wrong: list[tuple[str, Any, str]] = []
    if not 0 < confidence < 1:
        wrong.append(("confidence", confidence, "above 0 and below 1, such as 0.8"))
    if budget is not None and budget < 0:
        wrong.append(("budget", budget, "not negative, or None for no limit"))
    if interviewing is not None and interviewing < 0:
        wrong.append(("interviewing", interviewing, "not negative, or None for no limit"))
    if wrong:
        raise SalesopsError(
            [
                problem("bad-parameter.allowed", column=name, value=value, allowed=allowed)
                for name, value, allowed in wrong
            ]
        )


def _hireable(learned: Learned, roles: Sequence[str] | None) -> list[int]:
    """Roles that may be hired: those named, else those booking at least a fifth of the best role's level."""
    names, level = learned.panel.roles, learned.productivity.level
    if roles is not None:
        unknown = [role for role in roles if role not in names]
        if unknown:
            raise SalesopsError(
                problem("unknown-role.of-roles", column="roles", value=unknown[0], names=", ".join(names))
            )
        return [names.index(role) for role in roles]
    return [r for r in range(len(names)) if level[r] >= 0.2 * level.max() > 0]


def _most(learned: Learned, interviewing: int | None) -> Ints:
    """Requisitions a role may open in one month: a third of what the role supports, five at least."""
    most = np.maximum(5, np.ceil(learned.returns.supported / 3)).astype(np.int64)
    return most if interviewing is None else np.minimum(most, interviewing)


def _decide(search: Search, judge: Trial, confidence: float) -> tuple[Ints, bool]:
    """The plan, and whether it reaches the confidence on futures that the search did not see."""
    asked = confidence
    for _ in range(TIGHTER):
        counts = search.cheapest(asked)
        if counts is None:
            break
        reached = judge.probability(counts)
        if reached >= confidence:
            return counts, True
        asked = min(asked + (confidence - reached) + 0.003, 0.9995)
        search.cuts.clear()
    raised = Search(judge, search.roles, search.cost, search.limits)
    last = raised._raised(counts if counts is not None else search.best(confidence), confidence)
    if last is not None:
        return last, True
    options = [search.best(confidence), *([counts] if counts is not None else [])]
    return max(options, key=judge.probability), False


def _binding(search: Search, confidence: float) -> list[str]:
    """Which limit, lifted alone, lets the confidence be reached; both; or time itself."""
    limits = search.limits
    free = np.maximum(5, np.ceil(search.trial.pool.learned.returns.supported)).astype(np.int64)
    trials = {
        "budget": Limits(None, limits.interviewing, limits.most) if limits.budget is not None else None,
        "interviewing": Limits(limits.budget, None, free) if limits.interviewing is not None else None,
    }
    found = [name for name, lifted in trials.items() if lifted and _reaches(search, lifted, confidence)]
    if found:
        return found
    if all(trials.values()) and _reaches(search, Limits(None, None, free), confidence):
        return ["budget", "interviewing"]
    return ["time"]


def _reaches(search: Search, limits: Limits, confidence: float) -> bool:
    lifted = Search(search.trial, search.roles, search.cost, limits)
    if lifted.reaching(confidence) is not None:
        return True
    return lifted._raised(lifted.best(confidence), confidence) is not None


def _words(
    feasible: bool,
    probability: float,
    asked: float,
    hires: int,
    cost: Decimal,
    currency: str,
    binds: list[str],
) -> str:
    what = "no hire" if not hires else f"{hires} hires" if hires > 1 else "1 hire"
    if feasible:
        return f"{what}, costing {cost:,.0f} {currency} to the end of the horizon, reach {probability:.0%}."
    reasons = {
        "budget": "the budget",
        "interviewing": "the interviewing capacity",
        "time": "time to fill, ramp and diminishing returns: no number of hires reaches it",
    }
    why = " and ".join(reasons[name] for name in binds)
    return (
        f"No plan reaches {asked:.0%}. The best one found, {what} costing {cost:,.0f} {currency}, "
        f"reaches {probability:.0%}; what binds is {why}."
    )


def _hires(
    learned: Learned, ahead: Horizon, counts: Ints, search: Search, tables: Mapping[str, Any]
) -> pd.DataFrame:
    """One row per month, role and territory; hires go where most potential is uncovered."""
    free, _ = uncovered_potential(Tables.of(tables), learned.panel)
    heads = dict(zip(free["territory"], free["heads"], strict=True))
    rows: dict[tuple[int, int, str], int] = {}
    for month in range(counts.shape[1]):
        for role in range(counts.shape[0]):
            for _ in range(int(counts[role, month])):
                place = max(heads, key=lambda name: heads[name]) if heads else ""
                if heads and heads[place] < 0.5:
                    place = ""
                if place:
                    heads[place] -= 1.0
                rows[month, role, place] = rows.get((month, role, place), 0) + 1
    wait = timedelta(days=round(learned.fill.median_days))
    out = [
        (
            ahead.months[m].key,
            ahead.months[m].start,
            learned.panel.roles[r],
            place,
            n,
            ahead.months[m].start + wait,
            from_float(n * search.cost[r, m], learned.panel.currency),
        )
        for (m, r, place), n in rows.items()
    ]
    return pd.DataFrame(out, columns=["month", "open_on", "role", "territory", "hires", "starts_on", "cost"])
