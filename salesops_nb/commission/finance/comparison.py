"""A new payout against the lines that were there before: what changed, line by line and by payee."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pandas as pd
import pyarrow as pa

from salesops_nb.commission.finance.ledger_rows import plain_rows
from salesops_nb.core.frames import arrow_frame
from salesops_nb.core.money import places

_KEY = ("line_id", "payee_id", "currency")
_ABOUT = ("period", "component_id", "deal_id", "kind")
_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """What a new calculation says against an earlier one.

    `changes`: a row for each line that is new, changed or gone, with before, after, difference.
    `payees`: a row a payee and currency with before, after, difference, and lines new, changed,
    gone and unchanged. In both, differences sum to after less before.
    """

    changes: pd.DataFrame
    payees: pd.DataFrame

    @property
    def same(self) -> bool:
        """Whether nothing changed."""
        return self.changes.empty


def reconcile(new: Any, prior: Any) -> Reconciliation:
    """The difference of a new payout's lines against prior lines of the same periods.

    Both are frames of the line schema. An adjustment of the ledger that corrects a line counts
    towards that line, so that a correction already posted is no difference.
    """
    before: dict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
    after: dict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
    about: dict[tuple[str, str, str], dict[str, Any]] = {}
    for row in plain_rows(prior):
        key = (_base_of(row), row["payee_id"], row["currency"])
        before[key] += row["amount"]
        about.setdefault(key, row)
    for row in plain_rows(new):
        key = (row["line_id"], row["payee_id"], row["currency"])
        after[key] += row["amount"]
        about[key] = row
    changes: list[tuple[Any, ...]] = []
    payees: dict[tuple[str, str], dict[str, Any]] = defaultdict(
        lambda: {"before": _ZERO, "after": _ZERO, "new": 0, "changed": 0, "gone": 0, "unchanged": 0}
    )
    for key in sorted(about):
        change = _change(key in before, key in after, before[key], after[key])
        sums = payees[key[1], key[2]]
        sums["before"] += before[key]
        sums["after"] += after[key]
        sums[change] += 1
        if change != "unchanged":
            row = about[key]
            known = [row.get(name) for name in _ABOUT]
            changes.append((*key, *known, change, before[key], after[key], after[key] - before[key]))
    return Reconciliation(_changes(changes), _payees(payees))


def _base_of(row: dict[str, Any]) -> str:
    """The calculated line that a row stands for.

    The id of a correction is that of the line it corrects, with the period that pays it behind it, and with
    the payee and the currency where the line changed hands. Its source may be another correction, or none.
    """
    line_id = str(row["line_id"])
    if not row.get("calculated_kind"):
        return line_id
    return line_id.removesuffix(f"~{row['payee_id']}~{row['currency']}").removesuffix(f"~{row['period']}")


def _change(was: bool, stays: bool, before: Decimal, after: Decimal) -> str:
    if was and stays:
        return "unchanged" if before == after else "changed"
    return "new" if stays else "gone"


def _changes(rows: list[tuple[Any, ...]]) -> pd.DataFrame:
    names = (*_KEY, *_ABOUT, "change", "before", "after", "difference")
    return _frame(rows, names, max((places(row[2]) for row in rows), default=2))


def _payees(sums: dict[tuple[str, str], dict[str, Any]]) -> pd.DataFrame:
    rows = [
        (payee, currency, s["before"], s["after"], s["after"] - s["before"], *list(s.values())[2:])
        for (payee, currency), s in sorted(sums.items())
    ]
    names = ("payee_id", "currency", "before", "after", "difference", "new", "changed", "gone", "unchanged")
    return _frame(rows, names, max((places(row[1]) for row in rows), default=2))


def _frame(rows: list[tuple[Any, ...]], names: tuple[str, ...], scale: int) -> pd.DataFrame:
    types = dict.fromkeys(("before", "after", "difference"), pa.decimal128(38, scale))
    counts = dict.fromkeys(("new", "changed", "gone", "unchanged"), pa.int64())
    columns = {
        name: pa.array([row[i] for row in rows], types.get(name) or counts.get(name) or pa.string())
        for i, name in enumerate(names)
    }
    return arrow_frame(columns)
