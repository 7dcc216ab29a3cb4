"""From a basis to targets: how much in all, who carries which part, when, in round sums that add up."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from salesops_nb.core.money import places
from salesops_nb.core.periods import Period
from salesops_nb.errors import Problem, SalesopsError, problem
from salesops_nb.targets import difficulty
from salesops_nb.targets.basis import Basis, check_grows
from salesops_nb.targets.ratios import exact
from salesops_nb.targets.rounding import Ints, spread
from salesops_nb.targets.season import YEAR
from salesops_nb.targets.seats import OPEN

Floats = npt.NDArray[np.float64]
Method = Literal["top_down", "bottom_up", "blend"]
METRIC, ASSIGNED = "bookings", "bookings_assigned"


@dataclass(frozen=True)
class TargetPlan:
    """Targets, and how hard and fair they are, as `set_targets` returns them.

    `targets` has the columns level, who, metric, period, value (Decimal), for company, region, team and
    rep by month, quarter and year. Reps sum to teams, regions and, under the metric ``bookings_assigned``,
    to the company; the company's ``bookings`` are its own target, lower where targets are over-assigned.
    `levels` is what to expect of each year's target, `reps` the same with what each rests on and how it
    changes, `summary` the plan in figures.

    Examples
    --------
    >>> from salesops_nb import open_workbook, targets
    >>> wb = open_workbook(".")
    >>> plan = targets.set_targets(targets.prepare(wb.tables, wb.calendar, 2018), company_target=12_000_000)
    >>> plan.summary["company_target"], plan.summary["reps"]
    (Decimal('12000000.00'), 32)
    >>> reps = plan.targets.query("level == 'rep' and period == '2018'")
    >>> sum(reps["value"])
    Decimal('12000000.00')
    """

    targets: pd.DataFrame
    levels: pd.DataFrame
    reps: pd.DataFrame
    summary: dict[str, Any]
    notes: tuple[str, ...]
    problems: tuple[Problem, ...]


def set_targets(
    basis: Basis,
    *,
    growth: Any = None,
    company_target: Any = None,
    method: str = "blend",
    weight: float = 0.5,
    over_assignment: Any = 1,
    unit: Any = 100,
) -> TargetPlan:
    """Targets of a year; the same basis and parameters give the same targets.

    Parameters
    ----------
    growth : share by which the company is to grow on last year, such as 0.1; or
    company_target : the company's target. Without either, ``bottom_up`` takes what its parts sum to.
    method : ``top_down`` shares the company's target by potential, ``bottom_up`` by what pipeline and
        run-rate promise, ``blend`` by both; each for the months a person is there, and ramped.
    weight : part of the top-down share in a blend, 0 to 1.
    over_assignment : assigned targets over the company's, at least 1.
    unit : money to which targets are rounded.

    Returns
    -------
    TargetPlan
        with frames of targets by level, person and quarter: money `Decimal`, chances shares of 1.

    Raises `SalesopsError` for an unknown method, a negative target, both or neither of growth and
    company_target, a weight, over-assignment or unit out of range.

    Examples
    --------
    >>> from salesops_nb import open_workbook, targets
    >>> wb = open_workbook(".")
    >>> basis = targets.prepare(wb.tables, wb.calendar, 2018)
    >>> plan = targets.set_targets(basis, growth=0.1, over_assignment=1.05, unit=1000)
    >>> plan.targets.query("level == 'company' and period == '2018'")[["metric", "value"]]
                   metric        value
    16           bookings  12771000.00
    33  bookings_assigned  13410000.00
    """
    _check(basis, growth, company_target, method, weight, over_assignment, unit)
    whole = exact(unit, "unit")
    company = _company(basis, growth, company_target, whole)
    factor = exact(over_assignment, "over-assignment")
    assigned = company if factor == 1 else _to_unit(Fraction(company) * factor, whole)
    shares = _shares(basis, method, weight)
    # Targets that are no multiple of the unit leave a rest, which goes to the largest cells.
    months = _cells(basis.weights, shares, assigned, whole)
    goal = _cells(basis.weights.sum(axis=0, keepdims=True), np.ones(1), company, whole)
    frame = _table(basis, months, goal, _money(basis))
    summary, levels, reps = difficulty.measures(basis, months, company)
    summary = {
        "year": basis.year.key, "currency": basis.currency, "method": method,
        "weight": weight if method == "blend" else None, "unit": Decimal(str(unit)),
        "company_target": company, "assigned": assigned, "over_assignment": float(assigned / company),
        "season": basis.season.model, "simulated": basis.simulated, **summary,
    }  # fmt: skip
    return TargetPlan(frame, levels, reps, summary, basis.notes, basis.problems)


def _check(
    basis: Basis, growth: Any, target: Any, method: str, weight: float, factor: Any, unit: Any
) -> None:
    if method not in get_args(Method):
        raise SalesopsError(problem("unknown-method", method=method))
    if growth is not None and target is not None:
        raise SalesopsError(problem("two-totals", growth=growth, target=target))
    if growth is None and target is None and method != "bottom_up":
        raise SalesopsError(problem("no-total", method=method))
    if target is not None and exact(target, "company target") <= 0:
        below = exact(target, "company target") < 0
        key = "negative-target.company" if below else "zero-target.company"
        raise SalesopsError(problem(key, target=target))
    if growth is not None and exact(growth, "growth") <= -1:
        raise SalesopsError(problem("negative-target.growth", growth=growth))
    if growth is not None and exact(growth, "growth") > 10:
        raise SalesopsError(problem("bad-growth", growth=growth))
    if not 0 <= exact(weight, "weight") <= 1:
        raise SalesopsError(problem("bad-weight", weight=weight))
    if not 1 <= exact(factor, "over-assignment") <= 3:
        raise SalesopsError(problem("bad-over-assignment", factor=factor))
    size = exact(unit, "unit")
    smallest = Fraction(1, 10 ** places(basis.currency))
    if size < smallest or size % smallest:
        raise SalesopsError(
            problem("bad-unit.not-payable", unit=unit, currency=basis.currency, smallest=float(smallest))
        )


def _company(basis: Basis, growth: Any, target: Any, unit: Fraction) -> Decimal:
    """The company's target; a given one is kept to the currency's smallest part."""
    if target is not None:
        smallest = Decimal(1).scaleb(-places(basis.currency))
        return Decimal(str(target)).quantize(smallest, ROUND_HALF_UP)
    if growth is None:
        selling = basis.reps["line"] != OPEN
        return _to_unit(exact(round(float(basis.reps.loc[selling, "bottom_up"].sum()), 4), "total"), unit)
    check_grows(basis.last_year, basis.last_year_months, basis.year)
    covered = basis.last_year_share
    last = exact(basis.last_year, "last year") / exact(round(covered, 12), "share")
    return _to_unit(last * (1 + exact(growth, "growth")), unit)


def _to_unit(amount: Fraction, unit: Fraction) -> Decimal:
    count = (amount / unit + Fraction(1, 2)).__floor__()
    made = count * unit
    return Decimal(made.numerator) / Decimal(made.denominator)


def _shares(basis: Basis, method: str, weight: float) -> Floats:
    """Part of the total by rep."""
    top = basis.reps["potential"].to_numpy(dtype=float) * basis.weights.sum(axis=1)
    bottom = basis.reps["bottom_up"].to_numpy(dtype=float)
    part = {"top_down": 1.0, "bottom_up": 0.0}.get(method, float(weight))
    for name, values, used in (("potential", top, part > 0), ("pipeline and run-rate", bottom, part < 1)):
        if used and not values.sum() > 0:
            raise SalesopsError(problem("zero-potential.method", name=name, year=basis.year.key))
    made: Floats = np.zeros(len(top))
    if part > 0:
        made = made + part * top / top.sum()
    if part < 1:
        made = made + (1 - part) * bottom / bottom.sum()
    return made


def _cells(weights: Floats, shares: Floats, total: Decimal, unit: Fraction) -> list[list[Decimal]]:
    """The total by rep and month: whole units by largest remainder, the rest on the largest cell."""
    count = int(Fraction(total) // unit)
    years: Ints = spread(np.array([count]), shares[None, :])[0]
    cells = spread(years, np.where(shares[:, None] > 0, weights, 0.0))
    step = Decimal(unit.numerator) / Decimal(unit.denominator)
    made = [[int(cell) * step for cell in row] for row in cells]
    rest = total - count * step
    if rest:
        i, j = np.unravel_index(int((shares[:, None] * weights).argmax()), weights.shape)
        made[i][j] += rest
    return made


def _money(basis: Basis) -> Decimal:
    return Decimal(1).scaleb(-places(basis.currency))


def _table(
    basis: Basis, months: list[list[Decimal]], goal: list[list[Decimal]], cent: Decimal
) -> pd.DataFrame:
    """The table targets: every level as the sum of the reps, every longer period of its months."""
    sums: dict[tuple[str, str, str], list[Decimal]] = {("company", "company", METRIC): goal[0]}
    reps = zip(basis.reps["person_id"], basis.reps["team"], basis.reps["region"], months, strict=True)
    for person, team, region, row in reps:
        for level, who, metric in (
            ("company", "company", ASSIGNED),
            ("region", region, METRIC),
            ("team", team, METRIC),
            ("rep", person, METRIC),
        ):
            total = sums.setdefault((level, who, metric), [Decimal(0)] * YEAR)
            sums[level, who, metric] = [a + b for a, b in zip(total, row, strict=True)]
    order = ("company", "region", "team", "rep")
    keys = sorted(sums, key=lambda k: (order.index(k[0]), k[2], k[1]))
    keyed = [m.key for m in basis.year.months()]
    rows = [
        (level, who, metric, period, value.quantize(cent))
        for level, who, metric in keys
        for period, value in _periods(basis.year, keyed, sums[level, who, metric])
    ]
    return pd.DataFrame(rows, columns=["level", "who", "metric", "period", "value"])


def _periods(year: Period, keys: list[str], months: list[Decimal]) -> list[tuple[str, Decimal]]:
    parts = list(zip(keys, months, strict=True))
    for q in range(4):
        parts.append((f"{year.key}-Q{q + 1}", sum(months[3 * q : 3 * q + 3], Decimal(0))))
    return [*parts, (year.key, sum(months, Decimal(0)))]
