"""One person's statement as displays: nothing of anybody else is shown, nor kept behind what is shown."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pandas as pd

from salesops_nb import present
from salesops_nb.commission.statements.line_formulas import PRICED
from salesops_nb.commission.statements.progress import standing
from salesops_nb.messages import Message
from salesops_nb.notebook.commission_calculation.labels import (
    dispute_words,
    kind_words,
    measure_words,
    status_words,
)
from salesops_nb.present.language import formats
from salesops_nb.present.language.sentences import ngettext, translate
from salesops_nb.present.language.translation import _

if TYPE_CHECKING:
    from salesops_nb.commission.statements.progress import Next
    from salesops_nb.commission.statements.statement import Statement
    from salesops_nb.commission.statements.statement_lines import Line
    from salesops_nb.notebook.commission_calculation.period_book import Book

ZERO = Decimal(0)


def amounts(sums: Mapping[str, Decimal]) -> str:
    """Sums by currency, in one text."""
    return " + ".join(formats.money(amount, currency, cents=True) for currency, amount in sums.items())


def headlines(one: Statement) -> None:
    """What is paid, the place against quota, what comes next, what waits."""
    place = standing(one.places)
    waits = sum((zero.waits for zero in one.zeros), ZERO)
    cards: list[Mapping[str, Any]] = [
        {"metric": "commission_payable", "value": amounts(one.totals) or formats.money(ZERO, cents=True),
         "sentence": ngettext("{n} line, of which this is the sum.", "{n} lines, of which this is the sum.",
                              sum(line.count for line in one.lines)),
         "detail": _("Paid on {day}.", day=formats.day(one.paid_on)) if one.paid_on else ""},
        {"label": _("Status"), "value": _("DRAFT") if one.draft else status_words(one.status),
         "sentence": _("Not approved: figures may still change.") if one.draft
         else _("The statement is approved.")},
    ]  # fmt: skip
    if one.year != one.totals:
        cards.append(
            {"label": _("Year to date"), "value": amounts(one.year),
             "sentence": _("All statements of the fiscal year up to this one, with it.")}
        )  # fmt: skip
    if place is not None and place.quota:
        cards.append(
            {"metric": "attainment", "value": place.attainment,
             "sentence": _("Credit of {credit} on a quota of {quota}, as the plan counts; a review divides "
                           "bookings by the target.", credit=formats.money(place.credit),
                           quota=formats.money(place.quota)),
             "detail": _next(next((each for each in one.coming if each.place == place), None))}
        )  # fmt: skip
    if one.team is not None:
        team, code = one.team, one.team.currency
        cards.append(
            {"label": _("The team's attainment"), "value": team.attainment, "unit": "percent",
             "sentence": _("Credit of {credit} on quotas of {quota}.",
                           credit=formats.money(team.credit, code), quota=formats.money(team.quota, code)),
             "detail": ngettext("{reached} of {n} person at quota or above.",
                                "{reached} of {n} people at quota or above.", team.people,
                                reached=formats.number(team.reached))}
        )  # fmt: skip
    if waits:
        cards.append(
            {"label": _("Earned, not payable yet"), "value": waits, "unit": "cents",
             "sentence": _("Held until invoiced, collected or released.")}
        )  # fmt: skip
    present.headlines(cards)


def statement(book: Book, who: str | None, status: str) -> None:
    """The whole statement: path to pay, lines, what pays nothing, balances, disputes."""
    if not who:
        return
    one = book.statement(who)
    if status not in ("any", one.status):
        words = _("The statement is {now}, not {asked}: its lines are not shown.",
                  now=status_words(one.status), asked=status_words(status))  # fmt: skip
        present.note(words, kind="warning")
        return
    if one.draft:
        present.note(_("DRAFT: nobody has approved this statement yet; it may still change."), kind="warning")
    if one.newer:
        present.note(
            _("A calculation made now differs from this statement by {amount} in all; it is not posted.",
              amount=formats.money(one.newer, cents=True)), kind="warning",
        )  # fmt: skip
    _summary(one)
    path(one)
    _coming(one)
    _lines(one)
    _zeros(one)
    _balances(one)
    _at_exit(one)
    _disputes(one)


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
    present.show_table(pd.DataFrame(rows, columns=["what", "value"]), title=_("In short"), rows=None)


def _lines(one: Statement) -> None:
    if not one.lines:
        present.note(_("No line: nothing is paid in this period. The reasons follow."))
        return
    for component in dict.fromkeys(line.component for line in one.lines):
        _component(component, [line for line in one.lines if line.component == component])


def _component(name: str, lines: list[Line]) -> None:
    """The lines of one component, each in a sentence, with their sum."""
    frame = pd.DataFrame(
        [
            {"words": translate(line.words), "account": line.account, "product": line.product,
             "day": line.happened_on, "kind": kind_words(line.kind), "share": line.share,
             "credit": line.credit if line.kind in PRICED else None, "rate": line.rate, "amount": line.amount,
             "currency": line.currency, "dispute": dispute_words(line.dispute) or None}
            for line in lines
        ]
    )  # fmt: skip
    # the amount beside the sentence, so that a phone shows both
    names = ("words", "amount", "currency", "credit", "rate", "product", "dispute", "share", "kind",
             "account", "day")  # fmt: skip
    one = frame["currency"].nunique() == 1
    seldom = ("account", "product", "share", "dispute", "credit", "rate")
    dropped = {name for name in seldom if frame[name].isna().all()}
    dropped |= {"currency"} if one else set()
    dropped |= {"kind"} if frame["kind"].nunique() == 1 else set()
    present.show_table(
        frame[[each for each in names if each not in dropped]],
        title=kind_words(name).capitalize() if name == lines[0].kind else name,
        table="statement",
        currency=str(frame["currency"].iloc[0]) if one else "currency",
        total={"amount": frame["amount"].sum()} if one else None,
        formulas={"amount": [line.formula for line in lines]},
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
    """What pays nothing, or not yet, with the reason."""
    if not one.zeros:
        return
    frame = pd.DataFrame(
        [
            {"deal": zero.deal_id, "account": zero.account, "component": zero.component,
             "credit": zero.credit, "waits": zero.waits or None, "reason": translate(zero.reason)}
            for zero in one.zeros
        ]
    )  # fmt: skip
    keep = [name for name in frame if name in ("credit", "reason") or frame[name].notna().any()]
    present.show_table(
        frame[keep],
        title=_("What pays nothing, or not yet"),
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


def _pay_day(one: Statement) -> str:
    if one.paid_on:
        return _("Paid on {day}.", day=formats.day(one.paid_on))
    return _("Pay date: {day}.", day=formats.day(one.pays_on)) if one.pays_on else ""


def _next(coming: Next | None) -> str:
    if coming is None:
        return ""
    missing, rate = formats.money(coming.place.missing, coming.currency), coming.place.next_rate
    pays = formats.money(coming.pays, coming.currency, cents=True) if coming.pays else ""
    if rate and pays:
        return _("{missing} more reach the next tier, which pays {rate}; up to there it is {pays} more.",
                 missing=missing, rate=formats.percent(rate), pays=pays)  # fmt: skip
    if rate:
        return _("{missing} more reach the next tier, which pays {rate}.",
                 missing=missing, rate=formats.percent(rate))  # fmt: skip
    if pays:
        return _("{missing} more reach the next step, which pays {pays} more.", missing=missing, pays=pays)
    return _("{missing} more reach the next step.", missing=missing)
