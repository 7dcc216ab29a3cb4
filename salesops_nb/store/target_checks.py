"""What must hold before targets are approved: exact money of one year that adds up."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pandas as pd

from salesops_nb.core.money import to_minor
from salesops_nb.errors import Problem, SalesopsError

KEY = ("level", "who", "metric", "period")
LEVELS = ("company", "region", "team", "rep")
BOOKINGS, ASSIGNED = "bookings", "bookings_assigned"


def checked(targets: pd.DataFrame, year: str, currency: str) -> dict[tuple[str, ...], int]:
    """Minor units by level, who, metric and period; raises with every problem found."""
    missing = [name for name in (*KEY, "value") if name not in targets.columns]
    if missing or targets.empty:
        what = f"lack {', '.join(missing)}" if missing else "have no row"
        raise SalesopsError(
            Problem("bad-targets", f"The targets {what}.", "Hand over the frame that set_targets made.")
        )
    problems: list[Problem] = []
    found: dict[tuple[str, ...], int] = {}
    for number, row in enumerate(targets[[*KEY, "value"]].itertuples(index=False), start=1):
        key = tuple(str(part) for part in row[:4])
        problem = _row_problem(key, row.value, year, key in found)
        if problem is None:
            try:
                found[key] = to_minor(Decimal(str(row.value)), currency)
                continue
            except ValueError as error:
                problem = ("not-money", f"{key[1]} for {key[3]}: {error}.", "Round to the currency.")
        code, message, fix = problem
        problems.append(Problem(code, message, fix, table="targets", row=number, value=str(row.value)))
    problems += _sums(found, year) if not problems else []
    if problems:
        raise SalesopsError(problems)
    return found


def _row_problem(key: tuple[str, ...], value: Any, year: str, twice: bool) -> tuple[str, str, str] | None:
    level, who, metric, period = key
    if level not in LEVELS:
        return "bad-level", f"{level!r} is no level.", f"Write {', '.join(LEVELS)}."
    if twice:
        return "duplicate-target", f"{who} has {metric} for {period} twice.", "Keep one."
    if period != year and not period.startswith(f"{year}-"):
        return (
            "other-year",
            f"{who} has a target for {period}, not of {year}.",
            "Approve each year by itself.",
        )
    if isinstance(value, float):
        return "not-money", f"The target of {who} for {period} is a float, {value}.", "Hand over decimals."
    if not _is_amount(value):
        return "not-money", f"The target of {who} for {period} is {value!r}.", "Give an amount."
    if Decimal(str(value)) < 0:
        return "negative-target", f"The target of {who} for {period} is {value}.", "Targets start at zero."
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
        held = (level, metric, period)
        by_level[held] = by_level.get(held, 0) + minor
        if len(period) == len(year) + 3 and "Q" not in period:
            months.setdefault((level, who, metric), []).append(minor)
    for key, parts in months.items():
        whole = found.get((*key, year))
        if whole is not None and len(parts) == 12 and sum(parts) != whole:
            problems.append(_differs(f"the months of {key[1]}", sum(parts), year, whole))
    for (level, metric, period), total in by_level.items():
        if level == "rep":
            for upper in ("team", "region", "company"):
                name = ASSIGNED if upper == "company" and metric == BOOKINGS else metric
                above = by_level.get((upper, name, period))
                if above is None and upper == "company":
                    above = by_level.get((upper, metric, period))
                if above is not None and above != total:
                    problems.append(_differs(f"the reps' {period}", total, upper, above))
    return problems


def _differs(parts: str, total: int, whole: str, value: int) -> Problem:
    return Problem(
        "sums-differ",
        f"The sum of {parts} is {total}, {whole} has {value} (in the smallest units).",
        "Let the parts add up; set_targets makes them so.",
        table="targets",
    )
