"""Finance's close of a period: what is to be posted, what must be decided, and that it ties."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pandas as pd

from salesops_nb import present
from salesops_nb.commission.finance.journal import Finance
from salesops_nb.commission.finance.journal import finance as journal_of
from salesops_nb.commission.finance.ledger_rows import plain_rows
from salesops_nb.notebook.commission_calculation.figures import below, waiting
from salesops_nb.notebook.commission_calculation.finance_sheets import JOURNAL, compared
from salesops_nb.notebook.commission_calculation.period_book import not_incremental
from salesops_nb.present.language import formats
from salesops_nb.present.language.sentences import ngettext, translate
from salesops_nb.present.language.translation import _
from salesops_nb.store.ledger import ledger

if TYPE_CHECKING:
    from salesops_nb.notebook.commission_calculation.period_book import Book

ZERO = Decimal(0)


def entries(book: Book, who: str | None) -> Finance | None:
    """The journal of the period by the ledger as it stands; none on a statement, or while it is empty."""
    lines = None if who else ledger.lines(book.workbook.store)
    if lines is None or lines.empty:
        return None
    return journal_of(
        lines, [book.period], book.workbook.table("deals"), ledger.statements(book.workbook.store),
        book.workbook.settings.accounts, not_incremental=not_incremental(book.plans),
    )  # fmt: skip


def journal(book: Book, who: str | None, posted: Finance | None) -> None:
    """What is to be posted for the period: debits and credits by account."""
    if who:
        return
    rows = plain_rows(posted.journal) if posted is not None else []
    if not rows:
        present.note(_("Nothing is to be posted for {period}.", period=book.period.key))
        return
    one = len({row["currency"] for row in rows}) == 1
    frame = pd.DataFrame(
        [{"account": row["account"], "text": translate(row["text"]), "debit": row["debit"] or None,
          "credit": row["credit"] or None, "currency": row["currency"]} for row in rows]
    )  # fmt: skip
    present.show_table(
        frame.drop(columns="currency") if one else frame,
        title=_("Journal"),
        table="journal",
        currency=rows[0]["currency"] if one else "currency",
        rows=None,
        total={side: sum((row[side] for row in rows), ZERO) for side in ("debit", "credit")} if one else None,
        key=JOURNAL,
    )


def reconciliation(book: Book, who: str | None, status: str, posted: Finance | None) -> None:
    """What must be equal, and whether it is."""
    if not who and book.statements.count:
        compared(book, status, posted)


def decisions(book: Book, who: str | None) -> None:
    """What somebody must decide before the period can be closed, with what hangs on it."""
    if who:
        return
    rows = _decisions(book)
    if not rows:
        present.note(_("Nothing is left to decide before the close."))
        return
    frame = pd.DataFrame(rows, columns=["decide", "amount", "currency", "do"])
    one = frame["currency"].nunique() == 1
    present.show_table(
        frame.drop(columns="currency") if one else frame,
        title=_("Open decisions"),
        table="decisions",
        currency=rows[0]["currency"] if one else "currency",
        rows=None,
        row_head=None,
    )


def _decisions(book: Book) -> list[dict[str, Any]]:
    own = book.workbook.settings.currency
    found: list[dict[str, Any]] = []

    def add(what: str, do: str, amount: Decimal | None = None, currency: str = own) -> None:
        found.append({"decide": what, "amount": amount, "currency": currency, "do": do})

    errors = [each for each in book.problems if each.severity == "error"]
    if errors:
        known = [each.amount for each in errors if each.amount is not None]
        add(ngettext("{n} error: what it concerns is not paid", "{n} errors: what they concern is not paid",
                     len(errors)), translate(errors[0].fix), sum(known, ZERO) if known else None)  # fmt: skip
    for name, code, amount in below(book):
        add(_("{name} comes to less than zero, and the plan does not say what then", name=name),
            _("Say in the plan whether negative pay is carried, or adjust."), amount, code)  # fmt: skip
    accounts = book.statements.accounts
    disputes = sum(d["status"] != "closed" for each in accounts for d in each.disputes)
    if disputes:
        add(ngettext("{n} open dispute", "{n} open disputes", disputes), _("Answer and close them."))
    changed = book.changed
    for code, amount in changed.sums.items():
        add(ngettext("{n} line of closed periods would be paid otherwise",
                     "{n} lines of closed periods would be paid otherwise", len(changed.changes)),
            _("Correct them by adjustment lines, or leave them with a reason."), amount, code)  # fmt: skip
    leaving = {row["person_id"] for row in plain_rows(book.payout.at_exit)}
    if leaving:
        add(ngettext("{n} person has left with something open", "{n} people have left with something open",
                     len(leaving)), _("Settle it: their statements say what."))  # fmt: skip
    drafts = [each for each in accounts if each.draft and each.count]
    sums: dict[str, Decimal] = {}
    for each in drafts:
        for code, amount in each.totals.items():
            sums[code] = sums.get(code, ZERO) + amount
    for code, amount in sorted(sums.items()):
        add(ngettext("{n} statement is not approved", "{n} statements are not approved",
                     sum(code in each.totals for each in drafts)),
            _approve(book), amount, code)  # fmt: skip
    for code, amount in waiting(book).items():
        add(
            _("Earned and not payable yet"),
            _("Nothing now: it is released by its rule."),
            amount,
            code or own,
        )
    return found


def _approve(book: Book) -> str:
    if book.pay_calendar is None:
        return _("Review and approve them: salesops ledger review, salesops ledger approve.")
    dates = book.pay_calendar.dates(book.period)
    return _("Review and approve them by {day}; pay is due on {pay_date}.", day=formats.day(dates.cut_off),
             pay_date=formats.day(dates.pay_date))  # fmt: skip
