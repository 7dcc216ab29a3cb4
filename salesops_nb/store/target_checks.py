"""What must hold before targets are approved: exact money of one year that adds up."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pandas as pd

from salesops_nb.core.money import to_minor
from salesops_nb.errors import Problem, SalesopsError, problem

KEY = ("level", "who", "metric", "period")
LEVELS = ("company", "region", "team", "rep")
BOOKINGS, ASSIGNED = "bookings", "bookings_assigned"


def checked(targets: pd.DataFrame, year: str, currency: str) -> dict[tuple[str, ...], int]:
    """Minor units by level, who, metric and period; raises with every problem found."""
    missing = [name for name in (*KEY, "value") if name not in targets.columns]
    if missing or targets.empty:
        raise SalesopsError(
            problem(
                "bad-targets.no-columns" if missing else "bad-targets.empty",
                missing=", ".join(missing) if missing else None,
            )
        )
    problems: list[Problem] = []
    found: dict[tuple[str, ...], int] = {}
    for number, row in enumerate(targets[[*KEY, "value"]].itertuples(index=False), start=1):
        key = tuple(str(part) for part in row[:4])
        at: dict[str, Any] = {"table": "targets", "row": number, "value": row.value}
        wrong = _row_problem(key, year, key in found, at)
        if wrong is None:
            try:
                found[key] = to_minor(Decimal(str(row.value)), currency)
                continue
            except ValueError as error:
                wrong = problem("not-money.not-payable", **at, who=key[1], period=key[3], why=str(error))
        problems.append(wrong)
    problems += _sums(found, year) if not problems else []
    if problems:
        raise SalesopsError(problems)
    return found


def _row_problem(key: tuple[str, ...], year: str, twice: bool, at: dict[str, Any]) -> Problem | None:
    level, who, metric, period = key
    value = at["value"]
    if level not in LEVELS:
        return problem("bad-level.of-targets", **at, level=level, levels=", ".join(LEVELS))
    if twice:
        return problem("duplicate-target", **at, who=who, metric=metric, period=period)
    if period != year and not period.startswith(f"{year}-"):
        return problem("other-year", **at, who=who, period=period, year=year)
    if isinstance(value, float):
        return problem("not-money.float", **at, who=who, period=period)
    if not _is_amount(value):
        return problem("not-money", **at, who=who, period=period)
    if Decimal(str(value)) < 0:
        return problem("negative-target.approved", **at, who=who, period=period)
    return None


def _is_amount(value: Any) -> bool:
    try:
        return Decimal(str(value)).is_finite()
    except ArithmeticError:
        return False


def _sums(found: dict[tuple[str, ...], int], year: str) -> list[Problem]:
    """Levels and periods that do not add up; what has no parts is taken as it is."""
    problems = []
    by_level: dict[tuple[str, str, str], int] = {}
    months: dict[tuple[str, str, str], list[int]] = {}
    for (level, who, metric, period), minor in found.items():
        cell = (level, metric, period)
        by_level[cell] = by_level.get(cell, 0) + minor
        if len(period) == len(year) + 3 and "Q" not in period:
            months.setdefault((level, who, metric), []).append(minor)
    for key, parts in months.items():
        whole = found.get((*key, year))
        if whole is not None and len(parts) == 12 and sum(parts) != whole:
            problems.append(
                problem(
                    "sums-differ.months",
                    table="targets",
                    owner=key[1],
                    total=sum(parts),
                    year=year,
                    whole=whole,
                )
            )
    for (level, metric, period), total in by_level.items():
        if level == "rep":
            for upper in ("team", "region", "company"):
                name = ASSIGNED if upper == "company" and metric == BOOKINGS else metric
                above = by_level.get((upper, name, period))
                if above is None and upper == "company":
                    above = by_level.get((upper, metric, period))
                if above is not None and above != total:
                    problems.append(
                        problem(
                            "sums-differ.reps",
                            table="targets",
                            period=period,
                            total=total,
                            upper=upper,
                            above=above,
                        )
                    )
    return problems
