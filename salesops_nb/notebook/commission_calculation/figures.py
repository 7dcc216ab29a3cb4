"""The first figures of a commission page, of the company or of one person."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from salesops_nb.commission.finance.ledger_rows import arrow_of, plain_rows
from salesops_nb.commission.statements.progress import standing
from salesops_nb.errors import SalesopsError
from salesops_nb.notebook.commission_calculation.calculations import payout_of
from salesops_nb.notebook.commission_calculation.labels import amounts, status_words
from salesops_nb.notebook.commission_calculation.lead import Closing, next_pays
from salesops_nb.present.language import formats
from salesops_nb.present.language.sentences import ngettext
from salesops_nb.present.language.translation import _, setting

if TYPE_CHECKING:
    from salesops_nb.commission.result.payout import Payout
    from salesops_nb.commission.statements.statement import Statement
    from salesops_nb.notebook.commission_calculation.period_book import Book

ZERO = Decimal(0)
MOST_BEFORE = 200_000  # lines up to which the period before is calculated too, to compare with
Sums = dict[str, Decimal]
Card = Mapping[str, Any]


def closing_of(book: Book, posted: bool) -> Closing:
    """What a period's first sentences are made of; `posted` where its statements are in the ledger by now."""
    accounts = book.statements.accounts
    paid: Sums = defaultdict(Decimal)
    statuses: dict[str, int] = defaultdict(int)
    for each in accounts:
        for code, amount in each.totals.items():
            paid[code] += amount
        statuses[each.status] += bool(each.count)
    rows = arrow_of(book.payout.lines)
    draws = rows.filter(pc.equal(rows["kind"], pa.scalar("draw"))) if rows.num_rows else rows
    frame = book.payout.reconciliation
    before, paid_before, credit_before = _before(book)
    dates = book.pay_calendar.dates(book.period) if book.pay_calendar is not None else None
    days = [day for day in book.posted["paid_on"] if not formats.missing(day)]
    return Closing(
        period=book.period.key,
        paid=dict(sorted(paid.items())),
        names=tuple(each.name for each in accounts if each.count),
        credit=credited(book.payout),
        before=before,
        paid_before=paid_before,
        credit_before=credit_before,
        waits=waiting(book),
        advanced=_by_currency(draws.to_pylist()),
        below=tuple(name for name, _code, _amount in below(book)),
        errors=sum(problem.severity == "error" for problem in book.problems),
        disputes=sum(d["status"] != "closed" for each in accounts for d in each.disputes),
        statuses={status: count for status, count in statuses.items() if count},
        posted=posted,
        planned=not frame.empty,
        ties=frame.empty or not any(frame["difference"]),
        cut_off=dates.cut_off if dates else None,
        pay_date=dates.pay_date if dates else None,
        paid_on=max(days, default=None),
    )


def _before(book: Book) -> tuple[str, Sums, Decimal]:
    """The period before, what it paid by currency, and the credit that it paid on: as the ledger has it, else
    as it is calculated today; nothing where there was none, or too much to calculate for a comparison.
    """
    key, by_payee = book.before
    paid: Sums = defaultdict(Decimal)
    for sums in by_payee.values():
        for code, amount in sums.items():
            paid[code] += amount
    if book.statements.count > MOST_BEFORE:
        return (key if paid else ""), dict(paid), ZERO
    try:
        found = payout_of(book.workbook, book.plans, book.period.previous())
    except SalesopsError:
        return (key if paid else ""), dict(paid), ZERO
    paid = paid or _by_currency(plain_rows(found.statements))
    return (key if paid else ""), dict(paid), credited(found)


def credited(payout: Payout) -> Decimal:
    """The people's own credit that is paid on."""
    rows = plain_rows(payout.reconciliation)
    return sum((row["paid"] for row in rows if row["basis"] == "credit"), ZERO)


def waiting(book: Book) -> Sums:
    """Pay that is earned and waits, by the plans' currencies."""
    currencies = {plan.id: plan.currency for plan in book.plans}
    found: Sums = defaultdict(Decimal)
    rows = arrow_of(book.payout.withheld)
    for row in rows.filter(pc.not_equal(rows["amount"], pa.scalar(0))).to_pylist():
        found[currencies.get(row["plan_id"], "")] += row["amount"]
    return dict(sorted(found.items()))


def below(book: Book) -> list[tuple[str, str, Decimal]]:
    """Name, currency and pay of who comes to less than zero under a plan that does not say what then."""
    silent = {plan.id for plan in book.plans if plan.file.negative_pay is None}
    sums: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    asked = set()
    for row in plain_rows(book.payout.statements):
        key = (row["payee_id"], row["currency"])
        sums[key] += row["amount"]
        asked |= {key} if row["plan_id"] in silent else set()
    return [
        (book.names.get(payee, payee), code, amount)
        for (payee, code), amount in sorted(sums.items())
        if amount < 0 and (payee, code) in asked
    ]


def company_cards(book: Book, found: Closing) -> list[Card]:
    """To pay, credit, people at quota, what waits and what is wrong, each beside what it is compared with."""
    own = book.workbook.settings.currency
    marks = ["simulated"] if "plan_assignments" in book.workbook.simulated else []
    lines = sum(each.count for each in book.statements.accounts)
    placed = {row.payee_id: row for row in book.payout.attained if row.quota and row.measure == "credit"}
    reached = sum((row.attainment or ZERO) >= 1 for row in placed.values())
    quota = sum((row.quota for row in placed.values() if row.quota), ZERO)
    total = sum((row.credit for row in placed.values()), ZERO)
    cost = found.paid.get(own, ZERO) / found.credit if found.credit else None
    return [
        {"metric": "commission_payable", **_paid(found.paid), "mark": marks,
         "against": _changes((_("to {period}", period=found.before), found.change, None)),
         "sentence": ngettext("{n} line", "{n} lines", lines) + ", "
         + ngettext("{n} person.", "{n} people.", len(found.names))},
        {"metric": "commission_credit", "value": found.credit, "unit": "about", "mark": marks,
         "against": _changes((_("to {period}", period=found.before), found.credit_change, True),
                             (_("to quota"), _share(total, quota), True)),
         "sentence": _("Pay is {share} of the credit it is paid on.", share=formats.percent(cost))
         if cost is not None else _("No credit is paid on.")},
        *([{"metric": "commission_at_quota", "value": f"{reached} / {len(placed)}", "mark": marks,
            "sentence": _("People with a quota who have reached it.")}] if placed else []),
        {"metric": "commission_waiting", **_paid(found.waits), "mark": marks,
         "sentence": _("Held until invoiced, collected or released.")},
        {"metric": "commission_errors", "value": found.errors,
         "sentence": _("What they concern is not paid.") if found.errors
         else _("No pay is kept back by an error.")},
    ]  # fmt: skip


def person_cards(one: Statement) -> list[Card]:
    """The payslip's head: pay, pay date, year to date, the place against quota, what comes next."""
    place = standing(one.places)
    lines = sum(line.count for line in one.lines)
    pay: dict[str, Any] = {
        "metric": "commission_payable", **_paid(one.totals),
        "against": _changes(_against_before(one), _against_quota(one)),
        "sentence": ngettext("One line.", "The sum of {n} lines.", lines) if lines
        else _("No line is paid."),
    }  # fmt: skip
    day = one.paid_on or one.pays_on
    cards: list[Card] = [pay]
    cards.append(
        {"label": _("Paid on") if one.paid_on else _("Pay date"), "value": formats.day(day) if day else "–",
         "sentence": _("Not approved: figures may still change.") if one.draft
         else _("The statement is {status}.", status=status_words(one.status))}
    )  # fmt: skip
    cards.append(
        {"label": _("Year to date"), **_paid(one.year),
         "sentence": _("All statements of the fiscal year up to this one, with it.")}
    )  # fmt: skip
    if place is not None and place.quota:
        cards.append(
            {"metric": "attainment", "value": place.attainment,
             "against": _changes((_("to quota"), (place.attainment or ZERO) - 1, True)),
             "sentence": _("Credit of {credit} on a quota of {quota}.", credit=formats.money(place.credit),
                           quota=formats.money(place.quota))}
        )  # fmt: skip
    elif one.team is not None:
        team, code = one.team, one.team.currency
        cards.append(
            {"label": _("The team's attainment"), "value": team.attainment, "unit": "percent",
             "against": _changes((_("to quota"), team.attainment - 1, True)),
             "sentence": ngettext("{reached} of {n} person at quota or above.",
                                  "{reached} of {n} people at quota or above.", team.people,
                                  reached=formats.number(team.reached)) + " "
             + _("Credit of {credit} on quotas of {quota}.", credit=formats.money(team.credit, code),
                 quota=formats.money(team.quota, code))}
        )  # fmt: skip
    coming = [each for each in one.coming if place is None or each.place == place] or [*one.coming]
    waits = sum((zero.waits for zero in one.zeros), ZERO)
    if coming:
        each = coming[0]
        cards.append(
            {"label": _("To the next tier") if each.place.next_kind == "tier" else _("To the gate"),
             "value": formats.money(each.place.missing, each.currency),
             "sentence": next_pays(each)}
        )  # fmt: skip
    elif waits:
        cards.append(
            {"label": _("Earned, not payable yet"), "value": waits, "unit": "cents",
             "sentence": _("Held until invoiced, collected or released.")}
        )  # fmt: skip
    return cards


def _paid(sums: Mapping[str, Decimal]) -> dict[str, Any]:
    """A card's value: a number where all is in the reader's currency, else the sums in words."""
    if set(sums) <= {setting().currency}:
        return {"value": sum(sums.values(), ZERO), "unit": "cents"}
    return {"value": amounts(sums), "unit": "text"}


def _against_before(one: Statement) -> tuple[str, Decimal | None, bool | None]:
    """Pay against the ledger's period before, in one currency."""
    if one.before is None or len(one.totals) != 1 or set(one.before[1]) != set(one.totals):
        return "", None, None
    key, sums = one.before
    ((code, amount),) = one.totals.items()
    return _("to {period}", period=key), _share(amount, sums[code]), None


def _against_quota(one: Statement) -> tuple[str, Decimal | None, bool | None]:
    """Pay against what the plan pays at quota, in one currency."""
    paid = next(iter(one.totals.values())) if len(one.totals) == 1 else None
    return _("to pay at quota"), None if paid is None else _share(paid, one.opening.amount), True


def _share(value: Any, base: Decimal) -> Decimal | None:
    """How far a sum lies above or below another, as a share of it."""
    return Decimal(value) / base - 1 if base > 0 else None


def _changes(*each: tuple[str, Decimal | None, bool | None]) -> list[dict[str, Any]]:
    """Comparisons of a card, those that are known; where more is better, whether it is good."""
    return [
        {"label": label, "value": value, "unit": "percent",
         "good": None if better is None or not value else (value > 0) == better}
        for label, value, better in each
        if value is not None
    ]  # fmt: skip


def _by_currency(rows: list[dict[str, Any]]) -> Sums:
    found: Sums = defaultdict(Decimal)
    for row in rows:
        found[row["currency"]] += row["amount"]
    return dict(sorted(found.items()))
