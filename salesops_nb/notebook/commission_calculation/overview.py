"""The commission report's displays for the whole company: findings first, then totals; people and lines."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pandas as pd

from salesops_nb import present
from salesops_nb.messages import Message
from salesops_nb.notebook.commission_calculation import lead
from salesops_nb.notebook.commission_calculation.figures import closing_of, company_cards, person_cards
from salesops_nb.notebook.commission_calculation.labels import measure_words, status_words
from salesops_nb.notebook.commission_calculation.lead import Closing
from salesops_nb.notebook.commission_calculation.people import lines, nearest, people, zeros
from salesops_nb.present.language import formats
from salesops_nb.present.language.sentences import ngettext, translate
from salesops_nb.present.language.translation import _
from salesops_nb.present.page.data_set_aside import set_aside as all_set_aside

if TYPE_CHECKING:
    from salesops_nb.commission.statements.statement import Statement
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
        title=_("Commission statement")
        if who
        else _("Commission close")
        if asked.audience == "finance"
        else _("Commission calculation"),
        lead=_lead(book, asked, one),
        caveat=_caveat(book, one),
        subtitle=one.name if one is not None else "",
        period=book.period,
        as_of=book.on,
        asked_for={"period": book.period.key, **asked_for},
        used=("plan_assignments", "targets", "splits", "leave", "people.hired_on", "people.payroll_id"),
        status="draft" if draft else "final",
        without=("analyst",),
        statement=_shown(one) if one is not None and asked.status in ("any", one.status) else None,
    )


def _lead(book: Book, asked: Any, one: Statement | None) -> str:
    """What the page finds: of the company, or of a statement that stands as it was asked for."""
    if one is None:
        return lead.of_company(_closing(book, asked.author))
    if asked.status not in ("any", one.status):
        return _("The statement is {now}, not {asked}: its lines are not shown.",
                 now=status_words(one.status), asked=status_words(asked.status))  # fmt: skip
    return lead.of_person(one)


def _caveat(book: Book, one: Statement | None) -> str:
    """What weakens it: nobody has approved it, today's calculation says otherwise, errors are left out."""
    if one is not None and one.draft:
        return _("DRAFT: nobody has approved this statement yet; it may still change.")
    if one is not None and one.newer:
        return _("A calculation made now differs from this statement by {amount} in all; it is not posted.",
                 amount=formats.money(one.newer, cents=True))  # fmt: skip
    if one is None and any(problem.severity == "error" for problem in book.problems):
        return _("What the errors concern is in none of these figures.")
    return ""


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


def headlines(book: Book, who: str | None, author: str) -> None:
    """The figures of the company, or of one person."""
    if who:
        present.headlines(person_cards(book.statement(who)))
    else:
        present.headlines(company_cards(book, _closing(book, author)))


def _closing(book: Book, author: str) -> Closing:
    return closing_of(book, bool(author.strip()) or not book.posted.empty)


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
        formulas={"difference": ["[credited]-[paid]-[withheld]-[excluded]"] * len(frame)},
        notes=[_("Every credit has one place in a plan; the sums tie to the cent.") if ties
               else _("The sums do not tie: do not pay before this is understood."),
               *([_("A team's credit is its people's, seen again by a manager: it is not in the total.")]
                 if len(own) < len(frame) else [])],
    )  # fmt: skip
    _bridge(book)


def _bridge(book: Book) -> None:
    """Everybody's path from quota to pay, added up; where all are paid in one currency."""
    currency = book.workbook.settings.currency
    totals = [each.totals for each in book.statements.accounts]
    if any(set(each) - {currency} for each in totals) or not any(totals):
        return
    opening = ZERO
    sums: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for start, steps in book.paths.values():
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
