"""The commission report's displays for the whole company: findings first, then totals; people and lines."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from salesops_nb import present
from salesops_nb.commission.finance.ledger_rows import arrow_of, plain_rows
from salesops_nb.messages import Message
from salesops_nb.notebook.commission_calculation.labels import measure_words
from salesops_nb.notebook.commission_calculation.people import lines, nearest, people, zeros
from salesops_nb.notebook.commission_calculation.statement import amounts
from salesops_nb.present.language import formats
from salesops_nb.present.language.sentences import ngettext, translate
from salesops_nb.present.language.translation import _
from salesops_nb.present.page.data_set_aside import set_aside as all_set_aside

if TYPE_CHECKING:
    from salesops_nb.commission.statements.statement import Account, Statement, Statements
    from salesops_nb.notebook.commission_calculation.period_book import Book
    from salesops_nb.present.panel.panel import Panel

__all__ = ["cover", "dated", "headlines", "lines", "nearest", "open_book", "people", "problems", "set_aside",
           "totals", "zeros"]  # fmt: skip

ZERO = Decimal(0)
TRIED = {"plan", "component", "rate_change", "tier_change", "quota_change", "threshold", "excellence"}


def open_book(workbook: Any, period: str, plans: Any, as_of: Any = None) -> Book:
    """The period's book, its words in the workbook's locale and currency."""
    from salesops_nb.notebook.commission_calculation.period_book import Book

    present.use_locale(workbook.settings.locale, workbook.settings.currency)
    return Book(workbook, period, plans, as_of)


def dated(book: Book, as_of: Any, who: str | None) -> Book:
    """The book as of a day, its figures worked out; for one person's statement only where none is kept."""
    found = book if as_of is None else book.on_day(as_of)
    if not who:
        found.statements.accounts  # noqa: B018
    return found


def cover(panel: Panel, book: Book, asked: Any) -> None:
    """The cover: of the calculation, or of one person's statement; DRAFT until it is approved."""
    who = asked.who
    one = book.statement(who) if who else None
    # what was left as it is declared says nothing; on a statement the designer's part has no place
    hidden = {"workbook", "author", "corrections", *(TRIED | {"plans"} if who else ())}
    asked_for = asked.model_dump(exclude=hidden, exclude_defaults=True)
    draft = one.draft if one is not None else any(each.draft for each in book.statements.accounts)
    panel.cover(
        asked,
        title=_("Commission statement") if who else _("Commission calculation"),
        subtitle=one.name if one is not None else "",
        period=book.period,
        as_of=book.on,
        asked_for={"period": book.period.key, **asked_for},
        used=("plan_assignments", "targets", "splits", "leave", "people.hired_on", "people.payroll_id"),
        status="draft" if draft else "final",
        without=("analyst",) if who else (),
        statement=_shown(one) if one is not None and asked.status in ("any", one.status) else None,
    )


def _shown(one: Statement) -> dict[str, Any]:
    """Which statement a report shows, so that it is sent only while the ledger says the same."""
    totals = {currency: str(amount) for currency, amount in one.totals.items()}
    return {"payee": one.payee_id, "period": one.period, "status": one.status, "lines": one.digest,
            "totals": totals}  # fmt: skip


def problems(book: Book, who: str | None) -> None:
    """Errors first: everything the calculation could not do, or did with a doubt."""
    if who:
        return
    found = book.problems
    errors = [problem for problem in found if problem.severity == "error"]
    if errors:
        count = ngettext("{n} error: what it concerns is not paid.",
                         "{n} errors: what they concern is not paid.", len(errors))  # fmt: skip
        present.note(count, kind="error")
    elif not found:
        present.note(_("No errors and no warnings."))
        return
    severities = {"error": _("error"), "warning": _("warning"), "note": _("note")}
    frame = pd.DataFrame(
        [
            {
                "severity": severities.get(problem.severity, problem.severity),
                "what": translate(problem.message),
                "fix": translate(problem.fix),
                "where": " ".join(
                    str(part) for part in (problem.table or problem.file, problem.row, problem.column) if part
                ),
                "amount": problem.amount,
            }
            for problem in found
        ]
    )
    shown = frame if frame["amount"].notna().any() else frame.drop(columns="amount")
    present.show_table(shown, title=_("Errors and warnings"), table="problems", rows=50)


def headlines(book: Book, who: str | None) -> None:
    """The figures of the company, or of one person."""
    if who:
        from salesops_nb.notebook.commission_calculation import statement

        statement.headlines(book.statement(who))
        return
    marks = ["simulated"] if "plan_assignments" in book.workbook.simulated else []
    rows, accounts = plain_rows(book.payout.reconciliation), book.statements.accounts
    people = sum(1 for each in accounts if each.count)
    lines = sum(each.count for each in accounts)
    paid, waits = _paid(accounts, book.workbook.settings.currency), _waiting(book)
    placed = [row for row in book.payout.attained if row.quota and row.measure == "credit"]
    best = {row.payee_id: row.attainment or ZERO for row in placed}
    reached = sum(share >= 1 for share in best.values())
    open_ = sum(problem.severity == "error" for problem in book.problems)
    credited = sum((row["paid"] for row in rows if row["basis"] == "credit"), ZERO)
    cost = paid.get(book.workbook.settings.currency, ZERO)
    cards: list[Mapping[str, Any]] = [
        {"metric": "commission_payable", "value": amounts(paid), "mark": marks,
         "sentence": ngettext("{n} line", "{n} lines", lines) + ", "
         + ngettext("{n} person.", "{n} people.", people)},
        {"metric": "commission_credit", "value": credited, "mark": marks,
         "sentence": _("Cost of sales {share}: pay over credit that is paid on.",
                       share=formats.percent(cost / credited if credited else None))},
        {"metric": "commission_at_quota", "value": f"{reached} / {len(best)}", "mark": marks,
         "sentence": _("People with a quota who have reached it.")},
        {"metric": "commission_waiting", "value": amounts(waits), "mark": marks,
         "sentence": _("Held until invoiced, collected or released.")},
        {"metric": "commission_errors", "value": open_,
         "sentence": _("What they concern is not paid; they stand above.") if open_
         else _("No pay is kept back by an error.")},
    ]  # fmt: skip
    present.headlines(cards)


def totals(book: Book, who: str | None) -> None:
    """Credited = paid + withheld + excluded, and the way from quotas to what is paid."""
    if who:
        return
    frame = book.payout.reconciliation
    if frame.empty:
        present.note(_("No plan is in force in {period}.", period=book.period.key), kind="warning")
        return
    names = ["credited", "paid", "withheld", "excluded", "difference", "overlay"]
    ties = not any(frame["difference"])
    one = frame["currency"].nunique() == 1
    own = frame[frame["basis"] == "credit"]
    total = {name: sum(own[name], ZERO) for name in names} if one and len(own) else None
    frame = frame.assign(basis=[measure_words(str(b).replace(" ", "_")) for b in frame["basis"]])
    versions = frame["plan_id"].duplicated().any()
    keep = [
        "plan_id",
        "basis",
        *(["plan_version"] if versions else []),
        *([] if one else ["currency"]),
        *names,
    ]
    present.show_table(
        frame[keep],
        title=_("Credited = paid + withheld + excluded"),
        table="reconciliation",
        currency=frame["currency"].iloc[0] if one else "currency",
        total=total,
        notes=[_("Every credit has one place in a plan; the sums tie to the cent.") if ties
               else _("The sums do not tie: do not pay before this is understood."),
               *([_("A team's credit is its people's, seen again by a manager: it is not in the total.")]
                 if len(own) < len(frame) else [])],
    )  # fmt: skip
    _bridge(book.statements, book.workbook.settings.currency)


def _bridge(statements: Statements, currency: str) -> None:
    """Everybody's path from quota to pay, added up; where all are paid in one currency."""
    totals = [each.totals for each in statements.accounts]
    if any(set(each) - {currency} for each in totals) or not any(totals):
        return
    opening = ZERO
    sums: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for payee in statements:
        start, steps = statements.path(payee)
        opening += start.amount
        for step in steps:
            if step.along:
                sums[_("Beyond quota") if step.amount > 0 else _("Short of quota")] += step.amount
            else:
                sums[step_words(step.name)] += step.amount
    frame = pd.DataFrame([{"step": name, "amount": amount} for name, amount in sums.items()])
    present.waterfall(
        frame, "step", "amount", opening=_("Pay at quota"), closing=_("To pay"), start=opening,
        end=sum((each.get(currency, ZERO) for each in totals), ZERO),
        subtitle=_("From quota to pay, all people"),
    )  # fmt: skip


def step_words(name: str | Message) -> str:
    """A step of the path in the reader's language; a component's name is as the plan writes it."""
    return translate(name) if isinstance(name, Message) else name


def set_aside(book: Book, who: str | None) -> None:
    """What the data leave out; of a company, so not on a person's statement."""
    if not who:
        all_set_aside(book.workbook)


def _paid(accounts: list[Account], currency: str) -> dict[str, Decimal]:
    """What all statements come to, by currency."""
    found: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for each in accounts:
        for code, amount in each.totals.items():
            found[code] += amount
    return dict(sorted(found.items())) or {currency: ZERO}


def _waiting(book: Book) -> dict[str, Decimal]:
    """Pay that is earned and waits, by the plans' currencies."""
    currencies = {plan.id: plan.currency for plan in book.plans}
    found: dict[str, Decimal] = defaultdict(lambda: ZERO)
    rows = arrow_of(book.payout.withheld)
    for row in rows.filter(pc.not_equal(rows["amount"], pa.scalar(0))).to_pylist():
        found[currencies.get(row["plan_id"], "")] += row["amount"]
    return dict(sorted(found.items())) or {book.workbook.settings.currency: ZERO}
