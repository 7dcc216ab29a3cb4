"""What a commission page finds, in a sentence or two: rules over the results, at most 45 words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from salesops_nb.commission.statements.progress import standing
from salesops_nb.notebook.commission_calculation.labels import amounts
from salesops_nb.present.language import formats
from salesops_nb.present.language.sentences import ngettext, translate
from salesops_nb.present.language.translation import _

if TYPE_CHECKING:
    from salesops_nb.commission.statements.progress import Next
    from salesops_nb.commission.statements.statement import Statement

MOST_WORDS = 45
ALIKE = Decimal("0.005")  # a change that a figure of three digits does not show
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Closing:
    """A period's calculation, as far as its first sentences say it.

    `paid`, `paid_before` and `waits` are sums by currency; `before` is the key of the period before, empty
    where nothing is known of it; `below` are those who come to less than zero and on whom nobody has decided,
    `advanced` what is a draw. `statuses` counts statements; `posted` is whether they are in the ledger.
    """

    period: str
    paid: Mapping[str, Decimal] = field(default_factory=dict)
    names: tuple[str, ...] = ()
    credit: Decimal = ZERO
    before: str = ""
    paid_before: Mapping[str, Decimal] = field(default_factory=dict)
    credit_before: Decimal = ZERO
    waits: Mapping[str, Decimal] = field(default_factory=dict)
    advanced: Mapping[str, Decimal] = field(default_factory=dict)
    below: tuple[str, ...] = ()
    errors: int = 0
    disputes: int = 0
    statuses: Mapping[str, int] = field(default_factory=dict)
    posted: bool = True
    planned: bool = True
    ties: bool = True
    cut_off: date | None = None
    pay_date: date | None = None
    paid_on: date | None = None

    @property
    def change(self) -> Decimal | None:
        """Pay against the period before, as a share of it; none where the two cannot be compared."""
        if len(self.paid) != 1 or set(self.paid) != set(self.paid_before):
            return None
        (code,) = self.paid
        before, now = self.paid_before[code], self.paid[code]
        return now / before - 1 if before > 0 and now > 0 else None

    @property
    def credit_change(self) -> Decimal | None:
        """Credit against the period before, as a share of it."""
        return self.credit / self.credit_before - 1 if self.credit_before > 0 and self.credit > 0 else None


def of_company(found: Closing) -> str:
    """Who is paid what, against the period before and why; then the first thing that must be done.

    Examples
    --------
    >>> from decimal import Decimal
    >>> from salesops_nb.notebook.commission_calculation.lead import Closing, of_company
    >>> of_company(Closing("2017-Q4", {"USD": Decimal(1101)}, ("Ada", "Bo"), ties=False))
    '2017-Q4 pays 2 people $1,101.00. The sums do not tie: pay nothing before this is understood.'
    """
    sentences = [_paid(found), *_to_do(found)]
    if found.ties and found.names:
        sentences.append(_("Every credit is placed to the cent."))
    return _short(sentences)


def _paid(found: Closing) -> str:
    if not found.planned:
        return _("No plan is in force in {period}: nobody is paid.", period=found.period)
    if not found.names:
        if any(found.waits.values()):
            return _("{period} pays nobody yet: {amount} is earned and waits for its release.",
                     period=found.period, amount=amounts(found.waits))  # fmt: skip
        if found.errors:
            return _("{period} pays nobody.", period=found.period)
        return _("{period} pays nobody: no deal earned credit.", period=found.period)
    amount, many = amounts(found.paid), len(found.names)
    if len(found.paid) > 2:
        amount = ngettext("amounts in {n} currency", "amounts in {n} currencies", len(found.paid))
    if all(each <= 0 for each in found.paid.values()):
        return ngettext("{period} comes to {amount} for {name}: no more was earned than was taken back.",
                        "{period} comes to {amount} for {n} people: no more was earned than was taken back.",
                        many, period=found.period, amount=amount, name=found.names[0])  # fmt: skip
    said = ngettext("{period} pays {name} {amount}", "{period} pays {n} people {amount}", many,
                    period=found.period, name=found.names[0], amount=amount)  # fmt: skip
    return _with_draws(found, _against(found, said)) + "."


def _against(found: Closing, said: str) -> str:
    """What is paid, against the period before, and whether credit says why."""
    change, credit = found.change, found.credit_change
    if change is None:
        return said
    if abs(change) < ALIKE:
        return _("{what}, as much as {before}", what=said, before=found.before)
    share = formats.percent(abs(change))
    more = change > 0
    said = (
        _("{what}, {share} more than {before}", what=said, share=share, before=found.before)
        if more
        else _("{what}, {share} less than {before}", what=said, share=share, before=found.before)
    )
    if credit is None or abs(credit) < ALIKE:
        return said
    part = formats.percent(abs(credit))
    if (credit > 0) == more:
        return (
            _("{what}, on {share} more credit", what=said, share=part)
            if more
            else _("{what}, on {share} less credit", what=said, share=part)
        )
    if credit > 0:
        return _("{what}, though credit grew by {share}", what=said, share=part)
    return _("{what}, though credit fell by {share}", what=said, share=part)


def _with_draws(found: Closing, said: str) -> str:
    drawn = {code: amount for code, amount in found.advanced.items() if amount > 0}
    if not drawn:
        return said
    return _("{what}; {amount} of it in draws, to be repaid", what=said, amount=amounts(drawn))


def _to_do(found: Closing) -> Iterator[str]:
    """The first thing that stands between the calculation and the pay day."""
    drafts, every = found.statuses.get("draft", 0), sum(found.statuses.values())
    if not found.ties:
        yield _("The sums do not tie: pay nothing before this is understood.")
    elif found.errors:
        yield ngettext("{n} error keeps pay back: resolve it before the close.",
                       "{n} errors keep pay back: resolve them before the close.", found.errors)  # fmt: skip
    elif found.below:
        yield ngettext("{name} comes to less than zero: decide whether it is carried or owed.",
                       "{name} and others ({n} people) come to less than zero: decide whether it is carried "
                       "or owed.", len(found.below), name=found.below[0])  # fmt: skip
    elif found.disputes:
        yield ngettext("{n} dispute is open: answer it before the close.",
                       "{n} disputes are open: answer them before the close.", found.disputes)  # fmt: skip
    elif not found.names:
        return
    elif not found.posted:
        yield _("Nothing is posted yet: write the drafts, then have them approved.")
    elif drafts and drafts == every:
        yield (
            ngettext("The statement is a draft: approve it by {day}.",
                     "All {n} statements are drafts: review and approve them by {day}.", drafts,
                     day=formats.day(found.cut_off))
            if found.cut_off
            else ngettext("The statement is a draft: review and approve it.",
                          "All {n} statements are drafts: review and approve them.", drafts)
        )  # fmt: skip
    elif drafts:
        yield ngettext("{n} of {every} statements is still a draft.",
                       "{n} of {every} statements are still drafts.", drafts,
                       every=formats.number(every))  # fmt: skip
    elif found.statuses.get("paid", 0) == every and found.paid_on:
        yield _("The period is closed: all was paid on {day}.", day=formats.day(found.paid_on))
    elif found.statuses.get("reviewed"):
        yield _("Reviewed, and not approved yet: nothing may leave for payroll.")
    elif found.pay_date:
        yield _("All statements are approved: pay on {day}.", day=formats.day(found.pay_date))
    else:
        yield _("All statements are approved.")


def of_person(one: Statement) -> str:
    """What is paid and when, or why nothing is; then what comes next, or what waits."""
    sentences = [_person_paid(one)]
    place = standing(one.places)
    nearest = [each for each in one.coming if place is None or each.place == place] or [*one.coming]
    waits = sum((zero.waits for zero in one.zeros), ZERO)
    if nearest:
        sentences.append(next_words(nearest[0]))
    elif waits:
        sentences.append(_("{amount} more is earned and waits for its release.",
                           amount=formats.money(waits, cents=True)))  # fmt: skip
    return _short(sentences)


def _person_paid(one: Statement) -> str:
    paid = {code: amount for code, amount in one.totals.items() if amount}
    if not paid:
        why = translate(one.zeros[0].reason) if one.zeros and not one.lines else ""
        if why and len(why.split()) < 25:
            return _("Nothing is paid for {period}: {reason}.", period=one.period, reason=why.rstrip("."))
        return _("Nothing is paid for {period}.", period=one.period)
    if all(amount < 0 for amount in paid.values()):
        carried = any(kind == "negative_pay" for kind, *_rest in one.balances)
        said = _("{period} comes to {amount}: more was taken back than earned.",
                 period=one.period, amount=amounts(paid))  # fmt: skip
        return " ".join([said, _("It is taken from the next pay.")] if carried else [said])
    if one.paid_on:
        said = _("{amount} was paid for {period} on {day}", amount=amounts(paid), period=one.period,
                 day=formats.day(one.paid_on))  # fmt: skip
    elif one.pays_on:
        said = _("{amount} is to be paid for {period} on {day}", amount=amounts(paid), period=one.period,
                 day=formats.day(one.pays_on))  # fmt: skip
    else:
        said = _("{amount} is to be paid for {period}", amount=amounts(paid), period=one.period)
    drawn = _sum_of(one, "draw")
    if drawn > 0:
        said = _("{what}; {amount} of it is a draw, to be repaid from later commission", what=said,
                 amount=formats.money(drawn, one.lines[0].currency, cents=True))  # fmt: skip
    return said + "."


def next_words(coming: Next) -> str:
    """What the next tier or gate still needs, and what it pays."""
    missing = formats.money(coming.place.missing, coming.currency)
    rate, pays = coming.place.next_rate, coming.pays
    if rate and pays:
        return _("{missing} more credit reaches the next tier, at {rate}; getting there pays {pays} more.",
                 missing=missing, rate=formats.rate(rate), pays=_cents(coming))  # fmt: skip
    if rate:
        return _("{missing} more credit reaches the next tier, at {rate}.",
                 missing=missing, rate=formats.rate(rate))  # fmt: skip
    if pays:
        return _("{missing} more credit reaches the next step, which pays {pays} more.",
                 missing=missing, pays=_cents(coming))  # fmt: skip
    return _("{missing} more credit reaches the next step.", missing=missing)


def next_pays(coming: Next) -> str:
    """What the next tier or gate pays, beside what it needs."""
    rate, pays = coming.place.next_rate, coming.pays
    if rate and pays:
        return _("It pays {rate}; getting there pays {pays} more.", rate=formats.rate(rate),
                 pays=_cents(coming))  # fmt: skip
    if rate:
        return _("It pays {rate}.", rate=formats.rate(rate))
    return _("Getting there pays {pays} more.", pays=_cents(coming)) if pays else _("Still missing.")


def _cents(coming: Next) -> str:
    return formats.money(coming.pays, coming.currency, cents=True)


def _sum_of(one: Statement, kind: str) -> Decimal:
    return sum((line.amount for line in one.lines if line.kind == kind), ZERO)


def _short(sentences: list[str]) -> str:
    """The sentences from the first on, as many as the words allow."""
    said = sentences[0]
    for each in sentences[1:]:
        if len(f"{said} {each}".split()) <= MOST_WORDS:
            said = f"{said} {each}"
    return said
