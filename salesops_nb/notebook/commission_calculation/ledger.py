"""The calculation beside the ledger: what changed since the last run, the draft, finance's table."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pandas as pd

from salesops_nb import present
from salesops_nb.commission.finance.accrual import accrual
from salesops_nb.commission.finance.comparison import reconcile
from salesops_nb.commission.finance.payroll import MAY_LEAVE, payroll
from salesops_nb.commission.paid_periods.basis import basis
from salesops_nb.errors import SalesopsError
from salesops_nb.messages import joined
from salesops_nb.notebook.commission_calculation.calculations import duties_of
from salesops_nb.notebook.commission_calculation.closed_periods import corrected
from salesops_nb.notebook.commission_calculation.labels import kind_words, status_words
from salesops_nb.notebook.commission_calculation.period_book import earning_codes, not_incremental
from salesops_nb.present.language import formats
from salesops_nb.present.language.sentences import ngettext, translate
from salesops_nb.present.language.translation import _
from salesops_nb.store.ledger import ledger

if TYPE_CHECKING:
    from salesops_nb.commission.paid_periods.watch import Findings
    from salesops_nb.notebook.commission_calculation.period_book import Book

ZERO = Decimal(0)


def reconciliation(book: Book, who: str | None) -> None:
    """What this calculation says against the ledger as the last run left it, by person and by line."""
    if who:
        return
    before = book.last_run
    if before.empty:
        present.note(_("The ledger holds no earlier run of this period: there is nothing to compare with."))
        return
    found = reconcile(book.payout.lines, before)
    if found.same:
        lines = ngettext("{n} line", "{n} lines", len(before))
        present.note(_("The same as the last run, line by line ({lines}).", lines=lines))
        return
    _payees(book, found.payees[found.payees["difference"] != 0])
    _changes(book, found.changes)


def _payees(book: Book, frame: pd.DataFrame) -> None:
    if frame.empty:
        return
    names = [book.names.get(str(payee), str(payee)) for payee in frame["payee_id"]]
    present.show_table(
        frame.assign(name=names)[
            ["name", "currency", "before", "after", "difference", "new", "changed", "gone"]
        ],
        title=_("Against the last run, by person"),
        table="reconciliation",
        currency="currency",
        rows=60,
    )


def _changes(book: Book, frame: pd.DataFrame) -> None:
    words = {"new": _("new"), "changed": _("changed"), "gone": _("gone")}
    order = frame["difference"].map(abs).sort_values(ascending=False, kind="stable").index
    frame = frame.loc[order]
    shown = frame.assign(
        name=[book.names.get(str(payee), str(payee)) for payee in frame["payee_id"]],
        kind=[kind_words(str(kind)) for kind in frame["kind"]],
        change=[words[change] for change in frame["change"]],
    )
    names = ["name", "deal_id", "component_id", "kind", "change", "before", "after", "difference", "currency"]
    present.show_table(
        shown[names],
        title=_("Against the last run, by line"),
        table="reconciliation",
        currency="currency",
    )


def record(book: Book, who: str | None, author: str) -> None:
    """Write the calculation to the ledger as drafts; the same inputs again, or no author, write nothing."""
    if who:
        return
    book.last_run, book.statements  # noqa: B018 - read before it is written
    if not author.strip():
        present.note(_("Nothing was written to the ledger: no author is named."))
        return
    try:
        done = ledger.post(
            book.workbook.store,
            book.payout.lines,
            book.period,
            author=author,
            on=book.on,
            pay_calendar=book.pay_calendar,
            plans=book.scope,
            basis=basis(book.payout, every_plan=book.scope is None),
            duties=duties_of(book.workbook),
        )
    except SalesopsError as error:
        if any(problem.code != "overlapping-period" for problem in error.problems):
            raise
        present.note(joined((found.text for found in error.problems), " "), kind="error")
        return
    present.note(
        _("Ledger: {written} written as drafts, {withdrawn} withdrawn, {unchanged} unchanged.",
          written=ngettext("{n} line", "{n} lines", done.written),
          withdrawn=formats.number(done.withdrawn), unchanged=formats.number(done.unchanged))
    )  # fmt: skip
    if done.adjustments:
        present.note(
            ngettext("{n} late fact became an adjustment in the open period.",
                     "{n} late facts became adjustments in the open period.", len(done.adjustments)),
            kind="warning",
        )  # fmt: skip
    _reopened(book, done)
    present.provenance({_("Ledger"): done.anchor[:24]})


def _reopened(book: Book, done: ledger.Posting) -> None:
    for period, payee in done.reopened:
        name = book.names.get(payee, payee)
        present.note(_("Again a draft, since its lines changed: {name}, {period}.", name=name, period=period))


def paid_periods(book: Book, who: str | None, author: str, corrections: str) -> None:
    """What paid periods differ by from their calculation today; written as adjustment lines where asked."""
    if who:
        return
    found = book.changed
    for problem in found.problems:
        present.note(f"{problem.message} {problem.fix}", kind="warning")
    if not found.changes:
        present.note(_("No closed period differs from its calculation today."))
        return
    _differences(book, found)
    if corrections != "write" or not author.strip():
        present.note(
            _("Nothing is corrected yet: choose write for corrections and name an author, or type: "
              "salesops ledger correct --by PERSON."),
            kind="warning",
        )  # fmt: skip
        return
    _found, changes, done = corrected(
        book.workbook, book.all_plans, author=author, on=book.on, pay_calendar=book.pay_calendar
    )
    if done is None:
        return
    present.note(
        _("Adjustment lines were written as drafts of {periods}: {lines}.",
          periods=", ".join(changes.targets),
          lines=ngettext("{n} line", "{n} lines", len(done.adjustments)))
    )  # fmt: skip
    _reopened(book, done)
    present.provenance({_("Ledger"): done.anchor[:24]})


def _differences(book: Book, found: Findings) -> None:
    """Each line of a closed period that would be paid otherwise, the largest difference first."""
    rows = [
        {"name": book.names.get(change.payee_id, change.payee_id), "period": change.period,
         "deal_id": change.deal_id, "component_id": change.component_id, "before": change.before,
         "after": change.after, "difference": change.difference, "currency": change.currency,
         "why": translate(why)}
        for change, why in sorted(
            zip(found.changes, found.why, strict=True), key=lambda pair: -abs(pair[0].difference)
        )
    ]  # fmt: skip
    sums = ", ".join(formats.money(amount, code, cents=True) for code, amount in found.sums.items())
    present.show_table(
        pd.DataFrame(rows),
        title=_("Paid periods that would be paid otherwise"),
        table="paid_periods",
        currency="currency",
        rows=60,
        notes=[_("In all: {sums}.", sums=sums)],
    )


def standing(book: Book, who: str | None) -> None:
    """The ledger's statements of the period by status, and when they are cut off and paid."""
    if who:
        return
    frame = ledger.statements(book.workbook.store, book.period)
    if frame.empty:
        return
    sums = frame.groupby(["status", "currency"], as_index=False).agg(
        people=("payee_id", "nunique"), pay=("amount", "sum")
    )
    notes = []
    if book.pay_calendar is not None:
        dates = book.pay_calendar.dates(book.period)
        notes = [_("Cut-off {cut_off}, paid on {pay_date}.", cut_off=formats.day(dates.cut_off),
                   pay_date=formats.day(dates.pay_date))]  # fmt: skip
    present.show_table(
        sums.assign(status=[status_words(str(status)) for status in sums["status"]]),
        title=_("Statements in the ledger"),
        table="people",
        currency="currency",
        notes=[*notes, _("Review, approve, lock and pay with salesops ledger.")],
    )


def payroll_table(book: Book, who: str | None) -> None:
    """What leaves for payroll by earning code, once every statement is approved."""
    if who:
        return
    lines = ledger.lines(book.workbook.store, book.period)
    if lines.empty or not set(lines["status"]) <= set(MAY_LEAVE):
        present.note(_("Nothing may leave for payroll before every statement of the period is approved."))
        return
    made = payroll(
        lines,
        book.workbook.table("people"),
        on=book.on,
        earning_codes=earning_codes(book.plans),
        undecided={plan.id for plan in book.plans if plan.file.negative_pay is None},
    )
    sums = made.rows.groupby(["earning_code", "currency"], as_index=False).agg(
        people=("person_id", "nunique"), amount=("amount", "sum")
    )
    present.show_table(
        sums,
        title=_("Payroll by earning code"),
        table="people",
        currency="currency",
        notes=[_("The files: salesops ledger payroll {period}", period=book.period.key),
               *[translate(problem.text) for problem in made.problems]],
    )  # fmt: skip


def finance(book: Book, who: str | None) -> None:
    """Earned and unpaid by period, and how contract costs are treated: a table that ties to the ledger."""
    if who:
        return
    store, year = book.workbook.store, book.workbook.calendar.containing(book.period.start, "year")
    lines = ledger.lines(store)
    if lines.empty:
        present.note(_("The ledger is empty: nothing is earned yet."))
        return
    periods = [p for p in _same_kind(book, year) if p.start <= book.period.start]
    made = accrual(
        lines, periods, book.workbook.table("deals"), ledger.statements(store),
        not_incremental=not_incremental(book.plans),
    )  # fmt: skip
    ties = [problem for problem in made.problems if problem.code == "accrual-does-not-tie"]
    if ties:
        raise SalesopsError(ties)
    present.show_table(
        made.roll_forward,
        title=_("Earned and unpaid, by period"),
        table="accrual",
        currency="currency",
        notes=[_("Payable ties to the ledger's statements. Draws are a receivable and no part of it.")],
    )
    _treatments(made.table)
    unknown = {problem.value for problem in made.problems if problem.code == "no-term"}
    if unknown:
        words = ngettext("{n} deal has no term: its contract cost cannot be classed. Fill term_months.",
                         "{n} deals have no term: their contract cost cannot be classed. Fill term_months.",
                         len(unknown))  # fmt: skip
        present.note(words, kind="warning")


def _treatments(table: pd.DataFrame) -> None:
    """The accrual's sums by period, flag and treatment; the rows by deal come from the command."""
    words: dict[Any, str] = {
        "capitalised": _("capitalised"), "expensed_at_once": _("expensed at once"),
        "expensed_as_earned": _("expensed as earned"), "term_unknown": _("term unknown"),
    }  # fmt: skip
    money = ["earned", "withheld", "advanced", "payable", "paid", "unpaid"]
    sums = table.groupby(["period", "incremental", "treatment", "currency"], as_index=False)[money].sum()
    one = sums["currency"].nunique() == 1
    money = [name for name in money if name not in ("withheld", "advanced") or any(sums[name])]
    keep = ["period", "incremental", "treatment", *([] if one else ["currency"]), *money]
    present.show_table(
        sums.assign(
            treatment=[words.get(each, str(each)) for each in sums["treatment"]],
            incremental=[_("yes") if each else _("no") for each in sums["incremental"]],
        )[keep],
        title=_("Accrual for finance"),
        table="accrual",
        currency=str(sums["currency"].iloc[0]) if one else "currency",
        rows=40,
        notes=[_("Incremental costs of obtaining a contract: ASC 340-40, IFRS 15.91. By person and deal: "
                 "salesops ledger accrual.")],
    )  # fmt: skip


def _same_kind(book: Book, year: Any) -> list[Any]:
    kind = book.period.kind
    return (
        list(book.workbook.calendar.between(year.start, year.end, kind)) if kind != "year" else [book.period]
    )
