"""What customers who were there at a period's start are worth at its end: net and gross revenue retention."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any, Literal

import narwhals as nw
import pandas as pd

from salesops_nb import facts
from salesops_nb.core.frames import Tables, collected, with_columns_or_null
from salesops_nb.core.names import named
from salesops_nb.core.periods import Period, months_later
from salesops_nb.facts import Level, Structure

AmountIs = Literal["acv", "tcv", "arr", "one-off"]
SMALL = 30  # accounts under which a rate is marked
NOTHING = Decimal(0)
_CENT = Decimal("0.01")
_RENEWAL = "renewal"


@dataclass(frozen=True)
class Contract:
    """A won deal that runs: whose, of what product and type, from when to when, and a year's value."""

    account: str
    product: str | None
    kind: str
    start: date
    end: date
    yearly: Decimal


@dataclass(frozen=True)
class Retention:
    """Yearly value of the accounts that had a contract as the period began.

    `accounts` has a row each: ``account_id, name, opening, closing``. Of the sums, `opening` − `lost` −
    `reduced` + `grown` = `closing`, to the cent; `gross` is what was kept without growth ÷ opening, `net`
    what there is at the end ÷ opening. `without_term` won deals say no term and are not counted.

    ``NRR = closing / opening`` and ``GRR = (opening − lost − reduced) / opening``, as defined by KeyBanc
    Capital Markets and Sapphire Ventures, *Private SaaS Company Survey*.
    """

    accounts: pd.DataFrame
    until: date
    without_term: int

    @property
    def opening(self) -> Decimal:
        """Yearly value as the period began."""
        return sum(self.accounts["opening"], NOTHING)

    @property
    def closing(self) -> Decimal:
        """Yearly value of the same accounts at the end."""
        return sum(self.accounts["closing"], NOTHING)

    @property
    def lost(self) -> Decimal:
        """Of accounts that have no contract at the end."""
        return self._sum(self.accounts["closing"] == 0, "opening")

    @property
    def reduced(self) -> Decimal:
        """What accounts that stayed have less."""
        less = (self.accounts["closing"] < self.accounts["opening"]) & (self.accounts["closing"] > 0)
        return self._sum(less, "opening") - self._sum(less, "closing")

    @property
    def grown(self) -> Decimal:
        """What accounts that stayed have more."""
        more = self.accounts["closing"] > self.accounts["opening"]
        return self._sum(more, "closing") - self._sum(more, "opening")

    @property
    def gross(self) -> float:
        """Gross revenue retention, at most 1."""
        return float((self.opening - self.lost - self.reduced) / self.opening)

    @property
    def net(self) -> float:
        """Net revenue retention."""
        return float(self.closing / self.opening)

    def _sum(self, which: pd.Series[bool], column: str) -> Decimal:
        return sum(self.accounts.loc[which, column], NOTHING)


def retention(
    tables: Mapping[str, Any],
    period: Period,
    as_of: date,
    amount_is: AmountIs | None,
    level: Level = "company",
    who: str | None = None,
    structure: Structure = "as they were",
) -> Retention | None:
    """What the accounts of a period's start are worth at its end, or on the last day known.

    Parameters
    ----------
    amount_is : what a deal's amount is; of a total contract value (tcv) a year is a part.
    level, who : accounts by who won their deals.

    Returns
    -------
    Retention or None
        none where amounts are one-off or not said to be anything, deals have no terms, or no account had a
        contract as the period began. A contract runs from its closing for `term_months`. A deal of type
        renewal takes the place of what its account had before (of the same product, where both say one).

    Examples
    --------
    A customer of 1,200 a year renews for 1,000, another is lost, a third is new and does not count:

    >>> import pandas as pd
    >>> from datetime import date
    >>> from salesops_nb.core.periods import FiscalCalendar
    >>> from salesops_nb.performance.retention import retention
    >>> deals = pd.DataFrame({
    ...     "deal_id": ["1", "2", "3", "4"], "account_id": ["a", "b", "a", "c"], "owner_id": "p",
    ...     "stage": "Won", "outcome": "won", "amount": [1200.0, 800.0, 1000.0, 500.0],
    ...     "deal_type": ["new", "new", "renewal", "new"], "term_months": 12,
    ...     "created_on": [date(2024, 12, 1)] * 4,
    ...     "closed_on": [date(2025, 3, 1), date(2025, 2, 1), date(2026, 2, 15), date(2026, 3, 1)],
    ... })
    >>> quarter = FiscalCalendar().period("2026-Q1")
    >>> found = retention({"deals": deals}, quarter, date(2026, 3, 31), "acv")
    >>> found.opening, found.lost, found.reduced, found.grown, found.closing
    (Decimal('2000.00'), Decimal('800.00'), Decimal('200.00'), Decimal('0'), Decimal('1000.00'))
    >>> found.gross, found.net
    (0.5, 0.5)
    """
    tables = Tables.of(tables)
    if amount_is in (None, "one-off") or "term_months" not in tables["deals"].collect_schema().names():
        return None
    until = min(period.last, as_of)
    won = facts.closed_deals(tables, as_of, structure).filter(nw.col("outcome") == "won")
    won = facts.in_scope(won, tables, level, who)
    terms = with_columns_or_null(tables["deals"], {"term_months": nw.Int64()}).select(
        "deal_id", "term_months"
    )
    columns = ("deal_id", "account_id", "product_id", "deal_type", "closed_on", "value", "term_months")
    rows = collected(won.join(terms, on="deal_id", how="left").select(*columns))
    listed: list[Any] = list(rows.astype(object).where(rows.notna(), None).itertuples())
    dated = [row for row in listed if row.account_id and row.term_months and row.closed_on]
    contracts: dict[str, list[Contract]] = defaultdict(list)
    for row in sorted(dated, key=lambda each: (each.closed_on, str(each.deal_id))):
        months = int(row.term_months)
        yearly = Fraction(Decimal(row.value)) * (Fraction(12, months) if amount_is == "tcv" else 1)
        product = None if row.product_id in (None, facts.UNKNOWN) else str(row.product_id)
        kind = str(row.deal_type or "").strip().lower()
        contracts[str(row.account_id)].append(
            Contract(str(row.account_id), product, kind, row.closed_on, months_later(row.closed_on, months),
                     _to_cents(yearly))
        )  # fmt: skip
    before = date.fromordinal(period.start.toordinal() - 1)
    opened = {account: _running(each, before) for account, each in contracts.items()}
    accounts = sorted(account for account, value in opened.items() if value > 0)
    if not accounts:
        return None
    frame = pd.DataFrame(
        {
            "account_id": accounts,
            "name": named(tables, "accounts", accounts),
            "opening": [opened[account] for account in accounts],
            "closing": [_running(contracts[account], until) for account in accounts],
        }
    )
    return Retention(frame, until, len(listed) - len(dated))


def _to_cents(value: Fraction) -> Decimal:
    return (Decimal(value.numerator) / value.denominator).quantize(_CENT, ROUND_HALF_UP)


def _running(contracts: Iterable[Contract], day: date) -> Decimal:
    """What a year of an account's contracts is worth on a day; `contracts` are in the order of their days."""
    running: list[Contract] = []
    for each in contracts:
        if each.start > day:
            break
        if each.kind == _RENEWAL:
            running = [old for old in running if each.product and old.product and old.product != each.product]
        running.append(each)
    return sum((each.yearly for each in running if day < each.end), NOTHING)
