"""The finance file: the ledger's lines, a journal entry that balances, and that both say the same.

An entry of a period is what has been earned, advanced, paid and amortised by its end less what had been by
its beginning. So what comes late is in the journal of the period in which it came, and the entries of all
periods add up to what the ledger says today.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Any, NamedTuple

import pandas as pd
import pyarrow as pa

from salesops_nb.commission.finance.accrual import (
    accrual,
    contract_terms,
    held_back,
    is_incremental,
    part_of,
    treatment,
)
from salesops_nb.commission.finance.amortisation import amortisation
from salesops_nb.commission.finance.ledger_rows import line_rows, plain_rows
from salesops_nb.core.frames import arrow_frame
from salesops_nb.core.money import places
from salesops_nb.core.periods import Period
from salesops_nb.errors import Problem, SalesopsError, problem
from salesops_nb.messages import Message, message
from salesops_nb.workbook import Accounts

# what happens: the account debited, the account credited
ENTRIES = {
    message("Commission earned, expensed"): ("expense", "accrued"),
    message("Commission earned, a cost of contracts of more than a year"): ("deferred", "accrued"),
    message("Draws advanced, less repaid"): ("advances", "accrued"),
    message("Commission paid"): ("accrued", "clearing"),
    message("Contract cost amortised"): ("expense", "deferred"),
}
EARNED, CAPITALISED, ADVANCED, PAID, AMORTISED = ENTRIES
LINES = ("period", "line_id", "payee_id", "plan_id", "component_id", "deal_id", "kind", "part", "treatment",
         "currency", "amount", "status", "paid_on")  # fmt: skip
_ZERO = Decimal(0)
Sums = dict[tuple[str, str], Decimal]  # by entry and currency


class Entry(NamedTuple):
    """One line of the journal; `role` is what `Accounts` calls the account."""

    period: str
    currency: str
    role: str
    debit: Decimal
    credit: Decimal
    text: str


@dataclass(frozen=True, slots=True)
class Finance:
    """What finance gets of some periods.

    `lines` are the ledger's with what they are (earned, withheld, advanced) and their treatment; `journal`
    has period, currency, account, debit, credit and text; `reconciliation` has currency, what, file, ledger
    and difference, which is zero throughout; `problems` are deals without a term.
    """

    lines: pd.DataFrame
    journal: pd.DataFrame
    reconciliation: pd.DataFrame
    problems: list[Problem]


def finance(
    lines: Any,
    periods: Sequence[Period],
    deals: Any,
    statements: Any,
    accounts: Accounts,
    *,
    not_incremental: Collection[str] = (),
    at_once_months: int = 12,
) -> Finance:
    """Lines, journal and reconciliation of consecutive periods; the arguments are those of `accrual`.

    Raises
    ------
    SalesopsError
        Where the file does not say what the ledger says.
    """
    made = accrual(
        lines, periods, deals, statements, not_incremental=not_incremental, at_once_months=at_once_months
    )
    rows, terms = line_rows(lines), contract_terms(deals)
    held = held_back(rows)
    for row in rows:
        row["part"] = part_of(row, held)
        months = terms.get(row["deal_id"], (None, None))[0]
        row["treatment"] = treatment(is_incremental(row, held, not_incremental), months, at_once_months)
        row["ends"] = periods[-1].calendar.period(row["period"]).end
    schedule = amortisation(lines, deals, not_incremental=not_incremental, at_once_months=at_once_months)
    spread = [row for row in plain_rows(schedule) if row["treatment"] != "expensed_at_once"]
    marks = [periods[0].start, *(period.end for period in periods)]
    stands = [_until(day, rows, spread) for day in marks]
    entries = [
        Entry(period.key, *each)
        for period, (before, after) in zip(periods, pairwise(stands), strict=True)
        for each in _entries(before, after)
    ]
    ended = [row for row in rows if row["ends"] <= marks[-1]]
    file = [row for row in ended if row["ends"] > marks[0]]
    owed = {row["currency"]: row["closing"] for row in plain_rows(made.roll_forward)}  # the last is the end's
    compared = [
        (code, *each)
        for code in sorted({row["currency"] for row in ended})
        for each in _compared(
            [row for row in ended if row["currency"] == code],
            [row["amount"] for row in file if row["currency"] == code],
            [row for row in plain_rows(statements) if row["currency"] == code],
            {role: _balance(role, code, stands[0], entries) for role in Accounts.model_fields},
            owed.get(code, _ZERO),
            spread,
            marks,
        )
    ]
    _check(compared)
    return Finance(_lines(file), _journal(entries, accounts), _reconciliation(compared), made.problems)


def _until(day: date, rows: Sequence[Mapping[str, Any]], spread: Sequence[Mapping[str, Any]]) -> Sums:
    """What had happened in all before a day, in the lines of periods that had ended."""
    sums: Sums = defaultdict(Decimal)
    there = set()
    for row in rows:
        if row["ends"] > day:
            continue
        there.add(row["line_id"])
        if row["part"] == "advanced":
            sums[ADVANCED, row["currency"]] += row["amount"]
        elif row["part"] == "earned":
            entry = CAPITALISED if row["treatment"] == "capitalised" else EARNED
            sums[entry, row["currency"]] += row["amount"]
        if row["paid_on"] is not None and row["paid_on"] < day:
            sums[PAID, row["currency"]] += row["amount"]
    for row in spread:
        if row["line_id"] in there and row["month"] < day:
            sums[AMORTISED, row["currency"]] += row["amount"]
    return sums


def _entries(before: Sums, after: Sums) -> Iterator[tuple[str, str, Decimal, Decimal, str]]:
    """Currency, role of the account, debit, credit and text of a period; nothing is negative."""
    for currency in sorted({code for _, code in (*before, *after)}):
        for text, (debit, credit) in ENTRIES.items():
            amount = after.get((text, currency), _ZERO) - before.get((text, currency), _ZERO)
            if amount < 0:
                debit, credit = credit, debit
            if amount:
                yield currency, debit, abs(amount), _ZERO, text
                yield currency, credit, _ZERO, abs(amount), text


def _balance(role: str, currency: str, opening: Sums, entries: Iterable[Entry]) -> Decimal:
    """An account's balance at the end: what stood before the first entry, and the entries."""
    stood = (
        opening.get((text, currency), _ZERO) * ((role == debit) - (role == credit))
        for text, (debit, credit) in ENTRIES.items()
    )
    posted = (e.debit - e.credit for e in entries if (e.role, e.currency) == (role, currency))
    return sum((*stood, *posted), _ZERO)


def _compared(
    ended: Sequence[Mapping[str, Any]],
    file: Sequence[Decimal],
    statements: Sequence[Mapping[str, Any]],
    balances: Mapping[str, Decimal],
    owed: Decimal,
    spread: Sequence[Mapping[str, Any]],
    marks: Sequence[date],
) -> Iterator[tuple[Message, Decimal, Decimal]]:
    """What is compared in one currency, what the file says of it, and what the ledger says."""
    keys = {row["period"] for row in ended if row["ends"] > marks[0]}
    stated = sum((row["amount"] for row in statements if row["period"] in keys), _ZERO)
    advanced = [row for row in ended if row["part"] == "advanced"]
    to_pay = (row["amount"] for row in advanced if row["paid_on"] is None or row["paid_on"] >= marks[-1])
    there = {row["line_id"] for row in ended}
    left = (row["amount"] for row in spread if row["line_id"] in there and row["month"] >= marks[-1])
    yield message("Lines, and the ledger's statements"), sum(file, _ZERO), stated
    yield message("All balances of the journal's accounts, and nothing"), sum(balances.values(), _ZERO), _ZERO
    yield message("Accrued at the end, and unpaid in the ledger"), -balances["accrued"], sum(to_pay, owed)
    yield message("Deferred at the end, and still to amortise"), balances["deferred"], sum(left, _ZERO)
    drawn = sum((row["amount"] for row in advanced), _ZERO)
    yield message("Draws at the end, and the ledger's draws"), balances["advances"], drawn


def _check(compared: Sequence[tuple[str, Message, Decimal, Decimal]]) -> None:
    wrong = [row for row in compared if row[2] != row[3]]
    if wrong:
        raise SalesopsError(
            problem(
                "finance-does-not-tie",
                table="lines",
                column="amount",
                value=what,
                what=what,
                amount=ours - theirs,
                currency=currency,
                ours=ours,
                theirs=theirs,
            )
            for currency, what, ours, theirs in wrong
        )


def _lines(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    ordered = sorted(rows, key=lambda row: (row["period"], str(row["payee_id"]), str(row["line_id"])))
    return _frame(
        LINES, [tuple(row.get(name) for name in LINES) for row in ordered], {"paid_on": pa.date32()}
    )


def _journal(entries: Sequence[Entry], accounts: Accounts) -> pd.DataFrame:
    rows = [(e.period, e.currency, getattr(accounts, e.role), e.debit, e.credit, e.text) for e in entries]
    return _frame(("period", "currency", "account", "debit", "credit", "text"), rows)


def _reconciliation(compared: Sequence[tuple[str, Message, Decimal, Decimal]]) -> pd.DataFrame:
    rows = [(currency, what, ours, theirs, ours - theirs) for currency, what, ours, theirs in compared]
    return _frame(("currency", "what", "file", "ledger", "difference"), rows)


def _frame(
    names: Sequence[str], rows: Sequence[tuple[Any, ...]], types: Mapping[str, Any] | None = None
) -> pd.DataFrame:
    """Rows as a frame, money in as many places as the currencies need."""
    code = names.index("currency")
    money = pa.decimal128(38, max((places(row[code]) for row in rows), default=2))
    known = {
        **dict.fromkeys(("amount", "debit", "credit", "file", "ledger", "difference"), money),
        **(types or {}),
    }
    return arrow_frame(
        {
            name: pa.array([row[i] for row in rows], known.get(name, pa.string()))
            for i, name in enumerate(names)
        }
    )
