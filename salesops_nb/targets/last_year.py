"""What was asked of each person last year, in the months that both years can be compared by."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import narwhals as nw
import numpy as np
import pandas as pd

from salesops_nb.core.frames import Tables, collected
from salesops_nb.core.periods import Period
from salesops_nb.errors import SalesopsError, problem
from salesops_nb.targets.history import History
from salesops_nb.targets.potential import table_with
from salesops_nb.targets.roster import exposure, ramped
from salesops_nb.targets.season import YEAR

ZERO = Decimal(0)


def last_year(
    tables: Tables, history: History, year: Period, lines: pd.DataFrame, ramp: Sequence[float]
) -> dict[str, pd.Series]:
    """By line: `last_bookings` and `last_target` of the whole year; and of the months that compare.

    A month compares where the person is there for the whole of it and past the ramp in both years, and has a
    target in the last. `last_months` are their positions in the year, `last_compared` what was asked in
    them: the target, or bookings of people who had none. A target of the whole year alone compares where all
    months do.
    """
    before = year.previous()
    asked = _targets(tables, before)
    whole = _whole(lines, year, ramp) & _whole(lines, before, ramp)
    keys = [month.key for month in before.months()]
    known = {month.key for month in history.months}
    rows = []
    for who, full in zip(lines["person_id"], whole, strict=True):
        total, months = asked.get(str(who), (None, {}))
        booked = history.between(who, before.start, before.end)
        if total is None and not months:
            at = tuple(i for i in np.flatnonzero(full).tolist() if keys[i] in known)
            value = sum((history.cells.get((who, keys[i]), ZERO) for i in at), ZERO)
        elif months:
            at = tuple(i for i in np.flatnonzero(full).tolist() if keys[i] in months)
            value = sum((months[keys[i]] for i in at), ZERO)
        else:
            at, value = (tuple(range(YEAR)), total or ZERO) if full.all() else ((), ZERO)
        wanted = total if total is not None else sum(months.values(), ZERO) if months else None
        rows.append((booked, wanted, at, value))
    names = ("last_bookings", "last_target", "last_months", "last_compared")
    columns = zip(*rows, strict=True) if rows else ([],) * len(names)
    return {name: pd.Series(list(v), dtype=object) for name, v in zip(names, columns, strict=True)}


def _whole(
    lines: pd.DataFrame, year: Period, ramp: Sequence[float]
) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """Lines × months: whether a full target is carried."""
    months = year.months()
    share = exposure(lines.assign(fte=1.0), months)
    out: np.ndarray[tuple[int, ...], np.dtype[np.bool_]] = (share > 1 - 1e-9) & (
        ramped(lines, months, ramp) >= 1
    )
    return out


def _targets(tables: Tables, year: Period) -> dict[str, tuple[Decimal | None, dict[str, Decimal]]]:
    """The bookings targets of the reps in a year: that of the year where one is set, and those of months."""
    targets = table_with(tables, "targets", "level", "who", "metric", "period", "value")
    if targets is None:
        return {}
    mine = targets.filter(nw.col("level") == "rep", nw.col("metric") == "bookings")
    rows = collected(mine.select("who", "period", "value"))
    out: dict[str, tuple[Decimal | None, dict[str, Decimal]]] = {}
    keys = {month.key for month in year.months()}
    for who, key, value in zip(rows["who"], rows["period"], rows["value"], strict=True):
        amount = Decimal(str(value))
        if amount < 0:
            raise SalesopsError(
                problem(
                    "negative-target.targets", table="targets", column="value", value=amount, who=who, key=key
                )
            )
        total, months = out.get(str(who), (None, {}))
        if key == year.key:
            out[str(who)] = amount, months
        elif key in keys:
            months[str(key)] = months.get(str(key), ZERO) + amount
            out[str(who)] = total, months
    return out
