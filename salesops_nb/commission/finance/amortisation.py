"""Contract costs over time: a capitalised commission spread over the months of its contract.

Source: ASC 340-40-35-1 and IFRS 15.99 (systematic basis), 35-3 and 15.101 (what is left when the
contract ends is written off), 25-4 and 15.94 (at once where the period is a year or less).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import pandas as pd
import pyarrow as pa

from salesops_nb.commission.finance.accrual import contract_terms, held_back, is_incremental
from salesops_nb.commission.finance.ledger_rows import line_rows
from salesops_nb.core.frames import arrow_frame
from salesops_nb.core.money import places, rounded


def amortisation(
    lines: Any,
    deals: Any,
    *,
    not_incremental: Collection[str] = (),
    at_once_months: int = 12,
    ended: Mapping[str, date] | None = None,
) -> pd.DataFrame:
    """Straight-line schedule of incremental costs, a row a line and month.

    Columns: month (its first day), deal_id, line_id, currency, amount, treatment (amortised,
    expensed_at_once, written_off).

    A contract's months run from the month of ``starts_on`` (else ``closed_on``, else the line's
    own day). Each month takes the amount divided by the term, rounded; the last absorbs the
    residual. What was earned after the start catches up in its first month; what is left when a
    contract ends early (`ended`: deal to day) is written off then. Lines without a known term are
    left out here and listed by `accrual`. The schedule of a line sums to the line.
    """
    terms = contract_terms(deals)
    schedule: list[tuple[date, str, str, str, Decimal, str]] = []
    rows = line_rows(lines)
    held = held_back(rows)
    for row in rows:
        months = terms.get(row["deal_id"], (None, None))[0]
        if not is_incremental(row, held, not_incremental) or months is None:
            continue
        start = terms[row["deal_id"]][1] or row["happened_on"]
        own = _month(row["happened_on"] or start)
        place = (row["deal_id"], row["line_id"], row["currency"])
        if months <= at_once_months:
            schedule.append((_first(own), *place, row["amount"], "expensed_at_once"))
            continue
        stop = (ended or {}).get(row["deal_id"])
        for month, amount, treatment in _spread(
            row["amount"], row["currency"], _month(start), months, own, _month(stop) if stop else None
        ):
            schedule.append((_first(month), *place, amount, treatment))
    scale = max((places(row[3]) for row in schedule), default=2)
    text = pa.string()
    types = (pa.date32(), text, text, text, pa.decimal128(38, scale), text)
    names = ("month", "deal_id", "line_id", "currency", "amount", "treatment")
    return arrow_frame({n: pa.array([row[i] for row in schedule], types[i]) for i, n in enumerate(names)})


def straight_line(amount: Decimal, months: int, currency: str) -> list[Decimal]:
    """The amount in equal monthly parts, rounded; the last absorbs the residual, so that they sum to it."""
    part = rounded(amount / months, currency)
    return [part] * (months - 1) + [amount - part * (months - 1)]


def _spread(
    amount: Decimal, currency: str, start: int, months: int, own: int, stop: int | None
) -> Iterable[tuple[int, Decimal, str]]:
    """Months with their part: earlier ones caught up in the line's own, later than the end written off."""
    sums: dict[tuple[int, str], Decimal] = defaultdict(Decimal)
    for place, part in enumerate(straight_line(amount, months, currency)):
        month, treatment = max(start + place, own), "amortised"
        if stop is not None and month > stop:
            month, treatment = max(stop, own), "written_off"
        sums[month, treatment] += part
    return [(month, part, treatment) for (month, treatment), part in sorted(sums.items())]


def _month(day: date) -> int:
    return day.year * 12 + day.month - 1


def _first(month: int) -> date:
    return date(month // 12, month % 12 + 1, 1)
