"""One person's statement as displays: nothing of anybody else is shown, nor kept behind what is shown."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pandas as pd

from salesops_nb import present
from salesops_nb.commission.statements.line_formulas import PRICED
from salesops_nb.commission.statements.progress import standing
from salesops_nb.messages import Message
from salesops_nb.notebook.commission_calculation.labels import (
    amounts,
    dispute_words,
    kind_words,
    measure_words,
    status_words,
)
from salesops_nb.present.language import formats
from salesops_nb.present.language.sentences import translate
from salesops_nb.present.language.translation import _

if TYPE_CHECKING:
    from salesops_nb.commission.statements.statement import Statement
    from salesops_nb.commission.statements.statement_lines import Line
    from salesops_nb.notebook.commission_calculation.period_book import Book

ZERO = Decimal(0)
MOST_LINES, MOST_REASONS = 20, 6  # that the first page shows


def statement(book: Book, who: str | None, status: str) -> None:
    """The payslip: the lines, the way to the pay, what comes next, what pays nothing, balances, disputes."""
    one = _asked(book, who, status)
    if one is None:
        return
    _lines(one)
    path(one)
    if len(one.coming) > 1:  # a single one is among the first figures
        _coming(one)
    _zeros(one)
    _balances(one)
    _at_exit(one)
    _disputes(one)


def explained(book: Book, who: str | None, status: str) -> None:
    """The statement's appendix: the terms, each line in words, each deal that pays nothing."""
    one = _asked(book, who, status)
    if one is None:
        return
    _summary(one)
    _in_words(one)
    _each_zero(one)


def _asked(book: Book, who: str | None, status: str) -> Statement | None:
    """The person's statement where it stands as it was asked for; the cover says so where it does not."""
    one = book.statement(who) if who else None
    return one if one is not None and status in ("any", one.status) else None


def path(one: Statement) -> None:
    """The path from quota to pay."""
    if not one.opening.amount and len(one.steps) < 2:
        return
    words = [(translate(s.name) if isinstance(s.name, Message) else s.name, s.amount) for s in one.steps]
    name = one.opening.name
    present.waterfall(
        pd.DataFrame(words, columns=["step", "amount"]), "step", "amount",
        opening=translate(name) if isinstance(name, Message) else name, closing=_("To pay"),
        start=one.opening.amount, end=next(iter(one.totals.values()), ZERO), unit="cents",
        subtitle=_("From quota to pay"),
    )  # fmt: skip


def _summary(one: Statement) -> None:
    """Who, on which plan, in which state: the first sheet of the spreadsheet."""
    rows: list[tuple[str, str]] = [
        (_("Name"), one.name), (_("Period"), one.period),
        (_("Status"), _("DRAFT, not approved") if one.draft else status_words(one.status)),
        (_("To pay"), amounts(one.totals) or formats.money(ZERO, cents=True)),
        (_("Pay date"), formats.day(one.paid_on or one.pays_on) if one.paid_on or one.pays_on else ""),
        (_("Year to date"), amounts(one.year) or formats.money(ZERO, cents=True)),
    ]  # fmt: skip
    rows = [row for row in rows if row[1]]
    for plan in one.plans:
        since = _("from {day}", day=formats.day(plan["valid_from"])) if plan.get("valid_from") else ""
        rows.append((_("Plan"), f"{plan['plan']} {since}".strip()))
        currency = plan.get("currency") or None
        for name, label in (
            ("base_pay", _("Base pay, a year")),
            ("target_incentive", _("Target incentive, a year")),
        ):
            if plan.get(name) is not None:
                rows.append((label, formats.money(plan[name], currency)))
        if plan.get("pay_mix"):
            rows.append((_("Pay mix"), str(plan["pay_mix"])))
        if "accepted_on" in plan:
            day = formats.day(plan["accepted_on"]) if plan["accepted_on"] else _("not yet")
            rows.append((_("Plan accepted"), day))
    place = standing(one.places)
    if place is not None and place.quota:
        rows.append((_("Quota"), formats.money(place.quota)))
        rows.append((_("Credit"), formats.money(place.credit)))
    present.show_table(pd.DataFrame(rows, columns=["what", "value"]), title=_("Terms"), rows=None)


def _lines(one: Statement) -> None:
    """Account, product, amount, rate and pay, the largest pay first; the appendix says each in words."""
    if not one.lines:
        present.note(_("No line: nothing is paid in this period. The reasons follow."))
        return
    lines = sorted(one.lines, key=lambda line: -abs(line.amount))
    frame = pd.DataFrame(
        [
            {"account": _called(line), "product": line.product, "component": line.component,
             "credit": line.credit if line.kind in PRICED else None, "rate": line.rate, "pay": line.amount,
             "currency": line.currency, "dispute": dispute_words(line.dispute) or None}
            for line in lines
        ]
    )  # fmt: skip
    single = frame["currency"].nunique() == 1
    dropped = {name for name in ("product", "credit", "rate", "dispute") if frame[name].isna().all()}
    dropped |= {name for name in ("component", "currency") if frame[name].nunique() == 1}
    present.show_table(
        frame[[name for name in frame if name not in dropped]],
        title=_("Your lines"),
        table="payslip",
        currency=str(frame["currency"].iloc[0]) if single else "currency",
        total={"pay": sum((line.amount for line in lines), ZERO)} if single else None,
        formulas={"pay": [line.formula for line in lines]},
        rows=MOST_LINES,
        notes=[_("The largest first; the appendix has every line with its reason.")]
        if len(lines) > MOST_LINES
        else (),
    )


def _called(line: Line) -> str:
    """What a line is for: the customer, else the deal, else what kind of pay it is."""
    if line.account or line.deal_id:
        return str(line.account or line.deal_id)
    return line.component if line.kind in PRICED else kind_words(line.kind).capitalize()


def _in_words(one: Statement) -> None:
    """Each line in a sentence that says how its amount was worked out."""
    if not one.lines:
        return
    frame = pd.DataFrame(
        [
            {"words": translate(line.words), "amount": line.amount, "currency": line.currency,
             "day": line.happened_on, "deal": line.deal_id, "kind": kind_words(line.kind),
             "share": line.share}
            for line in one.lines
        ]
    )  # fmt: skip
    single = frame["currency"].nunique() == 1
    dropped = {name for name in ("deal", "share", "day") if frame[name].isna().all()}
    dropped |= {name for name in ("kind", "currency") if frame[name].nunique() == 1}
    present.show_table(
        frame[[name for name in frame if name not in dropped]],
        title=_("How each line was worked out"),
        table="statement",
        currency=str(frame["currency"].iloc[0]) if single else "currency",
        total={"amount": frame["amount"].sum()} if single else None,
        rows=None,
    )


def _coming(one: Statement) -> None:
    """The next tier or gate of each component, and what it would pay."""
    if not one.coming:
        return
    frame = pd.DataFrame(
        [
            {"component": each.place.component, "measure": measure_words(each.place.measure),
             "has": each.place.credit, "next": each.place.next_at, "missing": each.place.missing,
             "what": _("gate") if each.place.next_kind == "gate" else _("tier"),
             "rate": each.place.next_rate, "pays": each.pays, "currency": each.currency}
            for each in one.coming
        ]
    )  # fmt: skip
    names = [name for name in frame if name not in ("rate", "pays") or frame[name].notna().any()]
    present.show_table(
        frame[names], title=_("What comes next"), table="nearest", currency="currency", rows=None
    )


def _zeros(one: Statement) -> None:
    """What pays nothing, or not yet, by its reason; deal by deal in the appendix."""
    if not one.zeros:
        return
    sums: dict[str, dict[str, Any]] = {}
    for zero in one.zeros:
        row = sums.setdefault(translate(zero.reason), {"rows": 0, "credit": ZERO, "waits": ZERO})
        row["rows"] += zero.count
        row["credit"] += zero.credit
        row["waits"] += zero.waits
    frame = pd.DataFrame(
        [{"reason": why, **row, "waits": row["waits"] or None} for why, row in sums.items()]
    ).sort_values("credit", ascending=False, kind="stable")
    present.show_table(
        frame[[name for name in frame if frame[name].notna().any()]],
        title=_("What pays nothing, or not yet"),
        table="statement",
        rows=MOST_REASONS,
        row_head=None,
    )


def _each_zero(one: Statement) -> None:
    if len({str(zero.reason) for zero in one.zeros}) == len(one.zeros):
        return
    frame = pd.DataFrame(
        [
            {"deal": zero.deal_id, "account": zero.account, "component": zero.component,
             "credit": zero.credit, "waits": zero.waits or None, "reason": translate(zero.reason)}
            for zero in one.zeros
        ]
    )  # fmt: skip
    present.show_table(
        frame[[name for name in frame if name in ("credit", "reason") or frame[name].notna().any()]],
        title=_("What pays nothing, deal by deal"),
        table="statement",
        rows=None,
        row_head=None,
    )


def _balances(one: Statement) -> None:
    if not one.balances:
        return
    names = {"draw": _("Draw to repay"), "carry": _("Carried over the cap"), "holdback": _("Held back"),
             "clawback": _("May be clawed back, at most"),
             "negative_pay": _("Negative pay to be taken from the next")}  # fmt: skip
    frame = pd.DataFrame(
        [
            {"kind": names.get(kind, kind), "plan": plan, "amount": amount}
            for kind, plan, amount in one.balances
        ]
    )
    present.show_table(frame, title=_("Balances after the period"), table="balances")


def _at_exit(one: Statement) -> None:
    """What is open with a person who has left; what they owe is negative."""
    if not one.at_exit:
        return
    names = {
        "draw": _("Draw to repay"),
        "negative_pay": _("Negative pay carried"),
        "owed": _("Still to be paid"),
    }
    frame = pd.DataFrame(
        [
            {"kind": names.get(row["kind"], row["kind"]), "plan": row["plan_id"], "deal": row["deal_id"],
             "amount": row["amount"] or None, "currency": row["currency"],
             "reason": ": ".join(translate(each) for each in (row["says"], row["why"]) if each)}
            for row in one.at_exit
        ]
    )  # fmt: skip
    keep = [name for name in frame if frame[name].notna().any()]
    title = _("Open after leaving on {day}", day=formats.day(one.at_exit[0]["left_on"]))
    present.show_table(frame[keep], title=title, table="balances", rows=None)


def _disputes(one: Statement) -> None:
    """Questions on lines, with their answers; who asked and answered is in the ledger."""
    if not one.disputes:
        return
    frame = pd.DataFrame(
        [
            {"line": dispute["line_id"],
             "status": dispute_words(": ".join(filter(None, (dispute["status"], dispute["outcome"])))),
             "opened": dispute["opened_on"], "question": dispute["question"], "answer": dispute["answer"]}
            for dispute in one.disputes
        ]
    )  # fmt: skip
    present.show_table(frame, title=_("Disputes"))
