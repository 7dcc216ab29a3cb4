"""Commission's own terms in the reader's language: kinds of lines, statuses, measures, reasons for zero.

The calculation gives its reasons as English text with figures in it. Here each is recognised by its
pattern and said again; one that is not known stays as it was.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal

from salesops_nb.present.language import formats
from salesops_nb.present.language.translation import _


def kind_words(kind: str) -> str:
    """The kind of a line."""
    known = {
        "commission": _("commission"), "bonus": _("bonus"), "override": _("override"), "spiff": _("spiff"),
        "mbo": _("objectives"), "guarantee": _("guarantee"), "draw": _("draw"),
        "draw_recovery": _("draw repaid"), "holdback": _("held back"), "release": _("released"),
        "clawback": _("clawback"), "refund": _("refund"), "adjustment": _("adjustment"),
        "carry": _("carried"), "negative_pay": _("negative pay carried"),
    }  # fmt: skip
    return known.get(kind, kind)


def status_words(status: str) -> str:
    """Where a statement stands."""
    known = {
        "draft": _("draft"), "reviewed": _("reviewed"), "approved": _("approved"), "locked": _("locked"),
        "paid": _("paid"),
    }  # fmt: skip
    return known.get(status, status)


def measure_words(measure: str) -> str:
    """What a component measures."""
    known = {
        "credit": _("credit"), "margin": _("margin"), "count": _("deals"), "quantity": _("units"),
        "team_credit": _("team's credit"), "activities": _("activities"), "mbo": _("objectives"),
    }  # fmt: skip
    return known.get(measure, measure)


def dispute_words(status: str | None) -> str:
    """How a dispute stands, ``closed: accepted`` being its outcome."""
    known = {
        "open": _("disputed"), "answered": _("dispute answered"), "closed: accepted": _("dispute accepted"),
        "closed: rejected": _("dispute rejected"), "closed: withdrawn": _("dispute withdrawn"),
    }  # fmt: skip
    return "; ".join(known.get(part, part) for part in (status or "").split("; ") if part)


Written = Callable[[re.Match[str]], str]


def _plain() -> dict[str, str]:
    """Reasons without figures in them."""
    return {
        "no plan: the person is assigned to none": _("no plan: the person is assigned to none"),
        "no payee: the deal has neither owner nor split": _("no payee: the deal has neither owner nor split"),
        "no credit in the period": _("no credit in the period"),
        "draw repaid: what was earned went to the balance of the draw":
            _("draw repaid: what was earned went to the balance of the draw"),
        "negative pay: it is carried to the next period, or what was earned went to it":
            _("negative pay: it is carried to the next period, or what was earned went to it"),
        "to be agreed with the person; it is not taken from pay":
            _("to be agreed with the person; it is not taken from pay"),
        "taken from pay that follows": _("taken from pay that follows"),
        "people does not say the country": _("people does not say the country"),
        "the lines of the period sum to zero": _("the lines of the period sum to zero"),
        "no credit: the amount counted is zero": _("no credit: the amount counted is zero"),
        "no rate of the component fits this credit": _("no rate of the component fits this credit"),
        "the rate at this point of the table is zero, or the pay rounds to zero":
            _("the rate at this point of the table is zero, or the pay rounds to zero"),
        "the rate follows from target incentive and quota, and one of them is missing or zero":
            _("the rate follows from target incentive and quota, and one of them is missing or zero"),
        "no quota, or one of zero: the plan refuses to pay what hangs on it until it is set":
            _("no quota, or one of zero: the plan refuses to pay what hangs on it until it is set"),
        "the plan pays nobody for credit of their own": _("the plan pays nobody for credit of their own"),
        "the plan was not accepted yet": _("the plan was not accepted yet"),
        "not collected yet": _("not collected yet"),
        "not invoiced yet": _("not invoiced yet"),
        "not booked yet": _("not booked yet"),
        "held until period end": _("held until the period's end"),
        "held until quarter end": _("held until the quarter's end"),
        "held until year end": _("held until the year's end"),
        "an instalment is not due yet": _("an instalment is not due yet"),
        "the objective was not met": _("the objective was not met"),
        "not scored yet": _("not scored yet"),
        "the pay follows from the target incentive, and it is missing or zero":
            _("the pay follows from the target incentive, and it is missing or zero"),
        "set aside: the shares of the deal are wrong (see the problems)":
            _("set aside: the shares of the deal are wrong"),
        "the pay is a per cent of base pay, and it is missing or zero":
            _("the pay is a per cent of base pay, and it is missing or zero"),
        "not confirmed: by the CRM's record, the counterpart or a manager, and not by its author":
            _("not confirmed: by the CRM's record, the counterpart or a manager, and not by its author"),
        "not collected in full yet": _("not collected in full yet"),
        "not invoiced in full yet": _("not invoiced in full yet"),
        "set aside: the lines of the deal do not add up to it":
            _("set aside: the lines of the deal do not add up to it"),
        "set aside: the payee is not in people": _("set aside: the payee is not in people"),
        "set aside: the event has no amount": _("set aside: the event has no amount"),
        "set aside: it takes back what has no sale before it":
            _("set aside: it takes back what has no sale before it"),
        "set aside: it takes back more than was sold": _("set aside: it takes back more than was sold"),
        "set aside: the deal was lost, and no cancellation or refund explains it":
            _("set aside: the deal was lost, and no cancellation or refund explains it"),
        "held back before the plan began; no day of release is said":
            _("held back before the plan began; no day of release is said"),
    }  # fmt: skip


def _patterns() -> list[tuple[str, Written]]:
    """Reasons with figures, days or conditions in them."""
    return [
        (r"restricted by (.+)", lambda m: _("restricted by {law}", law=m[1])),
        (r"pay_policy does not allow it in (.+)",
         lambda m: _("pay_policy does not allow it in {place}", place=m[1])),
        (r"people does not say which part of (.+), and some restrict it",
         lambda m: _("people does not say which part of {country}, and some restrict it", country=m[1])),
        (r"gate not met: still below (.+), only the excess pays",
         lambda m: _("gate not met: still below {level}, only the excess pays", level=_level(m[1]))),
        (r"gate not met: (.+)", lambda m: _("gate not met: {level}", level=_level(m[1]))),
        (r"over the cap of (.+) \(carried to the next period\)",
         lambda m: _("over the cap of {cap} (carried to the next period)", cap=_numbers(m[1]))),
        (r"over the cap of (.+) \(forfeited\)",
         lambda m: _("over the cap of {cap} (forfeited)", cap=_numbers(m[1]))),
        (r"outside dates: plan (.+) is in force from (.+) to (.+)",
         lambda m: _("outside dates: plan {plan} is in force from {first} to {last}",
                     plan=m[1], first=_day(m[2]), last=_day(m[3]))),
        (r"outside dates: not assigned to plan (.+) on (.+)",
         lambda m: _("outside dates: not assigned to plan {plan} on {day}", plan=m[1], day=_day(m[2]))),
        (r"the plan does not count it: (.+)",
         lambda m: _("the plan does not count it: {condition}", condition=m[1])),
        (r"no component counts it: (.+)",
         lambda m: _("no component counts it: {condition}", condition=m[1])),
        (r"the deal was cancelled on (\S+): (\S+) ([A-Z]{3}) not paid yet lapsed",
         lambda m: _("the deal was cancelled on {day}: {amount} {currency} not paid yet lapsed",
                     day=_day(m[1]), amount=_numbers(m[2]), currency=m[3])),
        (r"the deal was cancelled on (\S+): no sale before it",
         lambda m: _("the deal was cancelled on {day}: no sale before it", day=_day(m[1]))),
        (r"the deal was cancelled on (\S+): its sale is on a day without a plan",
         lambda m: _("the deal was cancelled on {day}: its sale is on a day without a plan",
                     day=_day(m[1]))),
        (r"the deal was cancelled on (\S+): the plan has no clawback",
         lambda m: _("the deal was cancelled on {day}: the plan has no clawback", day=_day(m[1]))),
        (r"its commission was recovered when the deal was cancelled on (\S+)",
         lambda m: _("its commission was recovered when the deal was cancelled on {day}", day=_day(m[1]))),
        (r"the deal was cancelled on (\S+): it had been refunded in full",
         lambda m: _("the deal was cancelled on {day}: it had been refunded in full", day=_day(m[1]))),
        (r"the deal was cancelled on (\S+): it had already been cancelled on (\S+)",
         lambda m: _("the deal was cancelled on {day}: it had already been cancelled on {before}",
                     day=_day(m[1]), before=_day(m[2]))),
        (r"the deal was cancelled on (\S+): the clawback period of (\d+) months had ended",
         lambda m: _("the deal was cancelled on {day}: the clawback period of {months} months had ended",
                     day=_day(m[1]), months=m[2])),
        (r"the deal was cancelled on (\S+): the clawback period of (\d+) days had ended",
         lambda m: _("the deal was cancelled on {day}: the clawback period of {days} days had ended",
                     day=_day(m[1]), days=m[2])),
        (r"the deal was cancelled on (\S+): taken back in (\d+) instalments",
         lambda m: _("the deal was cancelled on {day}: taken back in {n} instalments",
                     day=_day(m[1]), n=m[2])),
        (r"the deal was cancelled on (\S+): no commission to recover",
         lambda m: _("the deal was cancelled on {day}: no commission to recover", day=_day(m[1]))),
        (r"the deal was cancelled on (\S+): nothing had been booked",
         lambda m: _("the deal was cancelled on {day}: nothing had been booked", day=_day(m[1]))),
        (r"the deal was cancelled on (\S+): nothing had been invoiced",
         lambda m: _("the deal was cancelled on {day}: nothing had been invoiced", day=_day(m[1]))),
        (r"the deal was cancelled on (\S+): nothing had been collected",
         lambda m: _("the deal was cancelled on {day}: nothing had been collected", day=_day(m[1]))),
        (r"no rate from (\S+) to (\S+)",
         lambda m: _("no exchange rate from {currency} to {other}", currency=m[1], other=m[2])),
        (r"held back before the plan began, until (.+)",
         lambda m: _("held back before the plan began, until {day}", day=_day(m[1]))),
        (r"held back before the plan began, (.+)",
         lambda m: _("held back before the plan began, {reason}", reason=reason_words(m[1]))),
        (r"waits for payment number (\d+)",
         lambda m: _("waits for payment number {number}", number=m[1])),
        (r"waits for invoice number (\d+)",
         lambda m: _("waits for invoice number {number}", number=m[1])),
        (r"(\S+): (the objective was not met|not scored yet|the pay (?:follows from|is a per cent of) .+)",
         lambda m: f"{m[1]}: {reason_words(m[2])}"),
    ]  # fmt: skip


def _level(text: str) -> str:
    found = re.fullmatch(r"threshold of (.+)", text)
    if found:
        return _("threshold of {amount}", amount=_numbers(found[1]))
    found = re.fullmatch(r"(.+) % of quota", text)
    return _("{share} % of quota", share=_numbers(found[1])) if found else _numbers(text)


def _numbers(text: str) -> str:
    """Figures of an English text (``1,234.50``) as the locale writes them."""

    def written(found: re.Match[str]) -> str:
        plain = found[0].replace(",", "")
        return formats.exact(Decimal(plain), len(plain.partition(".")[2]))

    return re.sub(r"\d[\d,]*(?:\.\d+)?", written, text)


def _day(text: str) -> str:
    return formats.day(text) if re.fullmatch(r"\d{4}-\d\d-\d\d", text) else text


def reason_words(reason: str) -> str:
    """A reason for paying nothing, in the reader's language."""
    plain = _plain().get(reason)
    if plain is not None:
        return plain
    for pattern, written in _patterns():
        found = re.fullmatch(pattern, reason)
        if found:
            return written(found)
    return reason
