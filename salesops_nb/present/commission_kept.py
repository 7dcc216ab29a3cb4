"""A workbook's calculations of pay, kept while the analyst moves controls."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from salesops_nb.commission import Payout, Plan, calculate
from salesops_nb.commission.frames import Tables
from salesops_nb.store import ledger

if TYPE_CHECKING:
    from salesops_nb.periods import Period
    from salesops_nb.source.opened import Workbook

PAYOUTS = 3  # that stay in memory


class Calculations:
    """A workbook's calculations: its tables with what was worked out of them, and the last payouts.

    A payout is kept by its plans, period and the ledger it follows, so that a day of calculation or a
    plan that is only tried calculates nothing anew.
    """

    def __init__(self, workbook: Workbook) -> None:
        self.workbook = workbook
        self.tables = Tables(workbook.tables)
        self._last: dict[Any, Payout] = {}

    def payout(self, plans: Sequence[Plan], period: Period) -> Payout:
        """What the plans pay in a period, after what the ledger holds of earlier ones."""
        store = self.workbook.store
        key = tuple(plans), period, ledger.anchor(store)
        found = self._last.get(key)
        if found is None:
            tables = self.tables.beside("prior_lines", ledger.prior_lines(store, period))
            found = calculate(plans, tables, period)
            found.read()
            self._last = {**dict(list(self._last.items())[1 - PAYOUTS :]), key: found}
        return found


_opened: tuple[weakref.ref[Workbook], Calculations] | None = None


def calculations(workbook: Workbook) -> Calculations:
    """The workbook's calculations; those of the workbook used last are kept."""
    global _opened
    if _opened is None or _opened[0]() is not workbook:
        _opened = weakref.ref(workbook), Calculations(workbook)
    return _opened[1]
