"""A workbook's calculations of pay, found again while the analyst moves controls."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from salesops_nb.commission import Payout, Plan, calculate
from salesops_nb.commission.inputs.tables import Tables
from salesops_nb.store.ledger import ledger
from salesops_nb.store.ledger.duties import Duties

if TYPE_CHECKING:
    from salesops_nb.core.periods import Period
    from salesops_nb.source.opened import Workbook

ROWS = 1_000_000  # that a payout stands for in the memo, which so has room for four


def duties_of(workbook: Workbook) -> Duties:
    """Who may act on the workbook's pay: its people, as its `pay_policy` keeps their roles apart."""
    people = None
    if "people" in workbook.tables:
        people = [str(row["person_id"]) for row in Tables.of(workbook.tables).rows("people")]
    return Duties.of(workbook.settings.pay_policy, people)


def payout_of(workbook: Workbook, plans: Sequence[Plan], period: Period) -> Payout:
    """What the plans pay in a period, after what the ledger holds of earlier ones.

    It is found again by its plans, period and the ledger it follows, so that a day of calculation or a plan
    that is only tried calculates nothing anew.
    """
    store = workbook.store

    def calculated() -> Payout:
        prior = ledger.prior_lines(store, period)
        tables = Tables.of(workbook.tables).beside(prior_lines=prior)
        netting = workbook.settings.pay_policy.exit_netting
        found = calculate(plans, tables, period, exit_netting=netting, duties=duties_of(workbook))
        found.read()
        return found

    return workbook.memo.once(("payout", tuple(plans), period, ledger.anchor(store)), calculated, ROWS)
